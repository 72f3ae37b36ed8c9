//! Linux cooked captures, as made on the `any` interface
//! (<https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html> and `LINKTYPE_LINUX_SLL2.html`).

use etherparse::EtherType;

use super::ethernet;
use crate::packet::span::Span;
use crate::packet::walk::{Layer, Step, Stop};

/// ARPHRD_NETLINK: the protocol field is a netlink family, not an EtherType.
const NETLINK: u16 = 824;
/// ETH_P_802_2: the payload begins with an LLC header.
const LLC: u16 = 0x0004;

/// Version 1: packet type, ARPHRD type, address length, address, protocol.
pub(super) fn parse_v1(span: Span<'_>) -> Step<'_> {
    let (header, rest) = span.split::<16>("Linux cooked")?;
    let hardware = u16::from_be_bytes([header[2], header[3]]);
    let protocol = u16::from_be_bytes([header[14], header[15]]);
    by_protocol(hardware, protocol, rest)
}

/// Version 2: protocol, reserved, interface index, ARPHRD type, packet type, address length, address.
pub(super) fn parse_v2(span: Span<'_>) -> Step<'_> {
    let (header, rest) = span.split::<20>("Linux cooked")?;
    let hardware = u16::from_be_bytes([header[8], header[9]]);
    let protocol = u16::from_be_bytes([header[0], header[1]]);
    by_protocol(hardware, protocol, rest)
}

fn by_protocol(hardware: u16, protocol: u16, rest: Span<'_>) -> Step<'_> {
    match (hardware, protocol) {
        (NETLINK, _) => Err(Stop::NotTcp),
        (_, LLC) => ethernet::llc(rest),
        _ => Ok((Layer::EtherType(EtherType(protocol)), rest)),
    }
}
