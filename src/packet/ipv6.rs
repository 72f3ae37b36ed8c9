//! IPv6 and its extension headers (RFC 8200 §3 and §4).

use std::net::Ipv6Addr;

use etherparse::err::LenError;
use etherparse::err::ipv6::HeaderSliceError;
use etherparse::{Ipv6FragmentHeaderSlice, Ipv6HeaderSlice, Ipv6RawExtHeaderSlice};

use super::ip::IpPayload;
use super::malformed::{Fault, Malformed};
use super::span::Span;
use super::walk::{Fragment, Layer, Step};

/// An IPv6 packet.
pub(super) fn parse(span: Span<'_>) -> Step<'_> {
    const NAME: &str = "IPv6";
    let header = Ipv6HeaderSlice::from_slice(span.bytes()).map_err(|error| match error {
        HeaderSliceError::Len(error) => span.lacks(error.required_len, NAME),
        HeaderSliceError::Content(_) => Malformed { header: NAME, fault: Fault::Invalid },
    })?;
    let rest = span.skip(header.slice().len(), NAME)?;
    // 0 is the length of a jumbogram too (RFC 2675 §2), which also reaches to the end of the packet.
    let payload_length = usize::from(header.payload_length());
    let unsegmented = payload_length == 0;
    let rest = if unsegmented { rest } else { rest.with_length(payload_length) };

    let ip = IpPayload {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        protocol: header.next_header(),
        identification: 0,
        unsegmented,
    };
    Ok((Layer::IpPayload(ip), rest))
}

/// A header that says nothing of where the payload goes: hop-by-hop and destination options, mobility, HIP, shim6.
pub(super) fn extension_header(ip: IpPayload, span: Span<'_>) -> Step<'_> {
    let (header, rest) = split_extension(span, "IPv6 extension")?;
    Ok((Layer::IpPayload(IpPayload { protocol: header.next_header(), ..ip }), rest))
}

/// The routing header (RFC 8200 §4.4): while segments are left, the IPv6 header names the next stop, and the host
/// that the TCP checksum and the connection know stands in here (RFC 8200 §8.1).
pub(super) fn routing_header(ip: IpPayload, span: Span<'_>) -> Step<'_> {
    let (header, rest) = split_extension(span, "IPv6 routing")?;
    // Behind the two bytes that all extension headers share: routing type, segments left, four bytes by type.
    let after_length = header.payload();
    let destination = match after_length {
        [_, 0, ..] => None,
        // Type 0 lists the stops in their order (RFC 2460 §4.4).
        [0, _, _, _, _, _, stops @ ..] => stops.last_chunk::<16>(),
        // Mobile IPv6 has one, the home address (RFC 6275 §6.4.1); segment routing lists the last one first
        // (RFC 8754 §2).
        [2 | 4, _, _, _, _, _, stops @ ..] => stops.first_chunk::<16>(),
        _ => None,
    };
    let destination = destination.map_or(ip.destination, |octets| Ipv6Addr::from(*octets).into());
    Ok((Layer::IpPayload(IpPayload { protocol: header.next_header(), destination, ..ip }), rest))
}

/// The fragment header (RFC 8200 §4.5).
pub(super) fn fragment_header(ip: IpPayload, span: Span<'_>) -> Step<'_> {
    const NAME: &str = "IPv6 fragment";
    let header = Ipv6FragmentHeaderSlice::from_slice(span.bytes()).map_err(|error| lacks(span, error, NAME))?;
    let rest = span.skip(header.slice().len(), NAME)?;
    let ip = IpPayload { protocol: header.next_header(), ..ip };
    // An atomic fragment is a whole packet and never waits for others (RFC 6946 §4).
    if !header.is_fragmenting_payload() {
        return Ok((Layer::IpPayload(ip), rest));
    }
    let fragment = Fragment {
        ip,
        identification: header.identification(),
        offset: usize::from(header.fragment_offset().byte_offset()),
        more: header.more_fragments(),
    };
    Ok((Layer::Fragment(fragment), rest))
}

fn split_extension<'a>(span: Span<'a>, name: &'static str) -> Result<(Ipv6RawExtHeaderSlice<'a>, Span<'a>), Malformed> {
    let header = Ipv6RawExtHeaderSlice::from_slice(span.bytes()).map_err(|error| lacks(span, error, name))?;
    let rest = span.skip(header.slice().len(), name)?;
    Ok((header, rest))
}

fn lacks(span: Span<'_>, error: LenError, name: &'static str) -> Malformed {
    span.lacks(error.required_len, name)
}
