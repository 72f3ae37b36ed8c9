//! Tunnels over UDP (RFC 768): VXLAN, Geneve and MPLS, known by the destination port.

use etherparse::EtherType;

use crate::packet::malformed::{Fault, Malformed};
use crate::packet::span::Span;
use crate::packet::walk::{Layer, MPLS, Step, Stop};

/// A UDP datagram. The port is only a hint: any program may have been given it, so each tunnel checks its header.
pub(in crate::packet) fn parse(span: Span<'_>) -> Step<'_> {
    const NAME: &str = "UDP";
    let ([_, _, p0, p1, l0, l1, _, _], rest) = span.split::<8>(NAME)?;
    let rest = match u16::from_be_bytes([*l0, *l1]) {
        // A jumbogram (RFC 2675 §4), or a packet that is yet to be segmented.
        0 => rest,
        length => match length.checked_sub(8) {
            Some(payload) => rest.with_length(payload.into()),
            None => return Err(Malformed { header: NAME, fault: Fault::Invalid }.into()),
        },
    };
    match u16::from_be_bytes([*p0, *p1]) {
        // The second is what Linux used before the first was assigned.
        4789 | 8472 => vxlan(rest),
        6081 => geneve(rest),
        6635 => Ok((Layer::EtherType(MPLS), rest)),
        _ => Err(Stop::NotTcp),
    }
}

/// VXLAN (RFC 7348 §5): flags, of which I must be set, and the network identifier; then an Ethernet frame.
fn vxlan(span: Span<'_>) -> Step<'_> {
    const HAS_NETWORK: u8 = 0x08;
    match span.split::<8>("VXLAN")? {
        ([flags, ..], rest) if flags & HAS_NETWORK != 0 => Ok((Layer::Ethernet, rest)),
        _ => Err(Stop::NotTcp),
    }
}

/// Geneve (RFC 8926 §3.4): version 0 and length of the options in words, flags, protocol type, network identifier.
fn geneve(span: Span<'_>) -> Step<'_> {
    const NAME: &str = "Geneve";
    let ([first, _, high, low, ..], rest) = span.split::<8>(NAME)?;
    if first >> 6 != 0 {
        return Err(Stop::NotTcp);
    }
    let rest = rest.skip(usize::from(first & 0x3f) * 4, NAME)?;
    Ok((Layer::EtherType(EtherType(u16::from_be_bytes([*high, *low]))), rest))
}
