//! IPv4 (RFC 791 §3.1).

use etherparse::Ipv4HeaderSlice;
use etherparse::err::ipv4::HeaderSliceError;

use super::ip::IpPayload;
use super::malformed::{Fault, Malformed};
use super::span::Span;
use super::walk::{Fragment, Layer, Step};

const NAME: &str = "IPv4";

/// An IPv4 packet.
pub(super) fn parse(span: Span<'_>) -> Step<'_> {
    let header = Ipv4HeaderSlice::from_slice(span.bytes()).map_err(|error| match error {
        HeaderSliceError::Len(error) => span.lacks(error.required_len, NAME),
        HeaderSliceError::Content(_) => Malformed { header: NAME, fault: Fault::Invalid },
    })?;
    let total_length = usize::from(header.total_len());
    let unsegmented = total_length == 0;
    let packet = if unsegmented { span } else { span.with_length(total_length) };
    let rest = packet.skip(header.slice().len(), NAME)?;

    let ip = IpPayload {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        protocol: header.protocol(),
        identification: header.identification(),
        unsegmented,
    };
    if !header.is_fragmenting_payload() {
        return Ok((Layer::IpPayload(ip), rest));
    }
    let fragment = Fragment {
        ip,
        identification: header.identification().into(),
        offset: usize::from(header.fragments_offset().byte_offset()),
        more: header.more_fragments(),
    };
    Ok((Layer::Fragment(fragment), rest))
}
