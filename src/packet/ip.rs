//! What IPv4 and IPv6 have in common: the version field, the facts that TCP needs, the Authentication Header.

use std::net::IpAddr;

use etherparse::err::ip_auth::HeaderSliceError;
use etherparse::{IpAuthHeaderSlice, IpNumber};

use super::malformed::{Fault, Malformed};
use super::span::Span;
use super::walk::{Layer, Step};
use super::{ipv4, ipv6};

/// What an IP header says of its payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct IpPayload {
    /// Who sent it.
    pub(super) source: IpAddr,
    /// Whom it was sent to in the end, past the stops of a routing header.
    pub(super) destination: IpAddr,
    /// What it is.
    pub(super) protocol: IpNumber,
    /// Identification of an IPv4 datagram; 0 in IPv6.
    pub(super) identification: u16,
    /// The header has a length of 0 because the packet was captured before the network card segmented it: the payload
    /// reaches to the end of the packet, and its checksum is not yet computed.
    pub(super) unsegmented: bool,
}

/// An IP packet of either version.
pub(super) fn parse(span: Span<'_>) -> Step<'_> {
    let ([first], _) = span.split::<1>("IP")?;
    match first >> 4 {
        4 => ipv4::parse(span),
        6 => ipv6::parse(span),
        _ => Err(Malformed { header: "IP", fault: Fault::Invalid }.into()),
    }
}

/// The Authentication Header (RFC 4302 §2): signed, not encrypted, so what it carries can be read.
pub(super) fn authentication_header(ip: IpPayload, span: Span<'_>) -> Step<'_> {
    const NAME: &str = "AH";
    let header = IpAuthHeaderSlice::from_slice(span.bytes()).map_err(|error| match error {
        HeaderSliceError::Len(error) => span.lacks(error.required_len, NAME),
        HeaderSliceError::Content(_) => Malformed { header: NAME, fault: Fault::Invalid },
    })?;
    let rest = span.skip(header.slice().len(), NAME)?;
    Ok((Layer::IpPayload(IpPayload { protocol: header.next_header(), ..ip }), rest))
}
