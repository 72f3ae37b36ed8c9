//! Linux netfilter log (<https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html>): attributes, of which one is the
//! packet.

use crate::packet::malformed::{Fault, Malformed};
use crate::packet::span::Span;
use crate::packet::walk::{Layer, Step, Stop};

const NAME: &str = "NFLOG";
/// NFULA_PAYLOAD.
const PAYLOAD: u16 = 9;

/// Address family, version 0, resource; then attributes.
pub(super) fn parse(span: Span<'_>) -> Step<'_> {
    match span.split::<4>(NAME)? {
        // AF_INET and AF_INET6; other families are no IP.
        ([2 | 10, 0, _, _], rest) => payload(rest),
        _ => Err(Stop::NotTcp),
    }
}

/// Length, type and value, padded to a multiple of four. The numbers are in the byte order of the capturing host, which
/// is not written down; but the first attribute is a short one (NFULA_PACKET_HDR, 8 bytes), whose length has its
/// larger byte at the low end.
fn payload(attributes: Span<'_>) -> Step<'_> {
    let ([first, second], _) = attributes.split::<2>(NAME)?;
    let read: fn([u8; 2]) -> u16 = if first >= second { u16::from_le_bytes } else { u16::from_be_bytes };
    let mut rest = attributes;
    loop {
        let ([l0, l1, t0, t1], after) = rest.split::<4>(NAME)?;
        let (length, kind) = (usize::from(read([*l0, *l1])), read([*t0, *t1]));
        let value = length.checked_sub(4).ok_or(Malformed { header: NAME, fault: Fault::Invalid })?;
        if kind == PAYLOAD {
            return Ok((Layer::Ip, after.with_length(value)));
        }
        rest = after.skip(value.next_multiple_of(4), NAME)?;
    }
}
