//! The TCP header (RFC 9293 §3.1).

use std::net::IpAddr;

use etherparse::{TcpHeader, TcpHeaderSlice, TcpSlice};

use super::ip::IpPayload;
use super::malformed::{Fault, Malformed};
use super::span::Span;
use super::{Endpoint, Flags, Segment};

const NAME: &str = "TCP";

/// The segment of which `span` is the header and the payload.
pub(super) fn segment<'a>(ip: &IpPayload, span: Span<'a>) -> Result<Segment<'a>, Malformed> {
    let (mut fixed, _) = span.split::<{ TcpHeader::MIN_LEN }>(NAME).map(|(fixed, rest)| (*fixed, rest))?;
    let header_length = usize::from(fixed[12] >> 4) * 4;
    if header_length < TcpHeader::MIN_LEN {
        return Err(Malformed { header: NAME, fault: Fault::Invalid });
    }
    let rest = span.skip(header_length, NAME)?;

    // Nothing here needs the options, and the snapshot length may have cut them: read the header as one without.
    fixed[12] = 5 << 4;
    let header = TcpHeaderSlice::from_slice(&fixed).map_err(|_| Malformed { header: NAME, fault: Fault::Invalid })?;
    Ok(Segment {
        source: Endpoint { ip: ip.source, port: header.source_port() },
        destination: Endpoint { ip: ip.destination, port: header.destination_port() },
        seq: header.sequence_number(),
        ack: header.ack().then(|| header.acknowledgment_number()),
        flags: Flags { syn: header.syn(), fin: header.fin(), rst: header.rst() },
        window: header.window_size(),
        payload: rest.bytes(),
        cut: u32::try_from(rest.missing()).unwrap_or(u32::MAX),
        fingerprint: u32::from(ip.identification) << 16 | u32::from(header.checksum()),
    })
}

/// Whether the checksum of a segment is right; `None` where it cannot be told, because bytes are missing or because
/// the packet was captured before the network card computed it.
pub(super) fn checksum_is_right(ip: &IpPayload, span: Span<'_>) -> Option<bool> {
    if span.missing() > 0 || ip.unsegmented {
        return None;
    }
    let segment = TcpSlice::from_slice(span.bytes()).ok()?;
    let computed = match (ip.source, ip.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            segment.calc_checksum_ipv4(source.octets(), destination.octets()).ok()?
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            segment.calc_checksum_ipv6(source.octets(), destination.octets()).ok()?
        }
        _ => return None,
    };
    Some(computed == segment.checksum())
}
