//! Ethernet frames (IEEE 802.3), VLAN tags (IEEE 802.1Q) and LLC with SNAP (IEEE 802.2, RFC 1042).

use etherparse::{EtherType, ether_type};

use crate::packet::malformed::Malformed;
use crate::packet::span::Span;
use crate::packet::walk::{Layer, MPLS, PPPOE_SESSION, Step, Stop};

/// The largest value of the type field that is a length (IEEE 802.3 §3.2.6).
const MAX_LENGTH: u16 = 1500;

/// A frame, from its destination address on.
pub(in crate::packet) fn parse(span: Span<'_>) -> Step<'_> {
    let ([.., high, low], rest) = span.split::<14>("Ethernet")?;
    by_type_or_length(u16::from_be_bytes([*high, *low]), rest)
}

/// A VLAN tag behind its EtherType: tag control information, then the type of what is tagged, maybe another tag.
pub(in crate::packet) fn vlan(span: Span<'_>) -> Step<'_> {
    let ([.., high, low], rest) = span.split::<4>("VLAN")?;
    by_type_or_length(u16::from_be_bytes([*high, *low]), rest)
}

fn by_type_or_length(value: u16, rest: Span<'_>) -> Step<'_> {
    if value <= MAX_LENGTH {
        return llc(rest.with_length(value.into()));
    }
    Ok((Layer::EtherType(EtherType(value)), rest))
}

/// Logical Link Control: only SNAP (RFC 1042) carries IP in practice.
pub(super) fn llc(span: Span<'_>) -> Step<'_> {
    match span.split::<8>("LLC")? {
        // The EtherType's own organisation code, or that of bridged 802.1H frames.
        ([0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00 | 0xf8, high, low], rest) => {
            Ok((Layer::EtherType(EtherType(u16::from_be_bytes([*high, *low]))), rest))
        }
        _ => Err(Stop::NotTcp),
    }
}

/// Whether the bytes look like an Ethernet frame, for protocols that do not say what they carry.
pub(in crate::packet) fn is_likely(span: Span<'_>) -> Result<bool, Malformed> {
    let ([.., high, low], _) = span.split::<14>("Ethernet")?;
    Ok(matches!(
        EtherType(u16::from_be_bytes([*high, *low])),
        ether_type::IPV4
            | ether_type::IPV6
            | ether_type::ARP
            | ether_type::VLAN_TAGGED_FRAME
            | ether_type::PROVIDER_BRIDGING
            | ether_type::VLAN_DOUBLE_TAGGED_FRAME
            | PPPOE_SESSION
            | MPLS
    ))
}
