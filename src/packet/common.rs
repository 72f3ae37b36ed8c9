//! The most common packet read directly: Ethernet, IPv4 without options and not fragmented, TCP, nothing cut off.
//!
//! Nearly every packet of a capture is one. `walk` reads them too, in five times as long; what this file gives is what
//! `walk` gives, or nothing, and then `walk` is asked.

use super::{Endpoint, Flags, Segment};
use crate::capture::{LinkType, Packet};
use std::net::Ipv4Addr;

/// LINKTYPE_ETHERNET.
const ETHERNET: LinkType = LinkType(1);

/// An Ethernet header (IEEE 802.3 §3.1.1), one of IPv4 without options (RFC 791 §3.1), one of TCP without options
/// (RFC 9293 §3.1).
const HEADERS: usize = 14 + 20 + 20;

/// The segment in a packet of this kind.
pub(super) fn segment<'a>(packet: &Packet<'a>) -> Option<Segment<'a>> {
    let headers: &[u8; HEADERS] = packet.data.first_chunk()?;
    let u16_at = |at: usize| u16::from_be_bytes([headers[at], headers[at + 1]]);
    let u32_at = |at: usize| u32::from_be_bytes([headers[at], headers[at + 1], headers[at + 2], headers[at + 3]]);
    // EtherType IPv4; version 4 and five words of header; "more fragments" and the fragment offset; protocol TCP.
    let is_common = packet.link == ETHERNET
        && u16_at(12) == 0x0800
        && headers[14] == 0x45
        && u16_at(20) & 0x3FFF == 0
        && headers[23] == 6;
    if !is_common {
        return None;
    }
    // What lies behind the IP packet's length is padding. A length of 0 is `walk`'s business, and so is a cut packet.
    let ip = packet.data.get(14..14 + usize::from(u16_at(16)))?;
    let header_length = usize::from(headers[46] >> 4) * 4;
    if header_length < 20 {
        return None;
    }
    let payload = ip.get(20 + header_length..)?;
    let endpoint = |ip: usize, port: usize| Endpoint { ip: Ipv4Addr::from_bits(u32_at(ip)).into(), port: u16_at(port) };
    let flags = headers[47];
    Some(Segment {
        source: endpoint(26, 34),
        destination: endpoint(30, 36),
        seq: u32_at(38),
        ack: (flags & 0x10 != 0).then(|| u32_at(42)),
        flags: Flags { syn: flags & 0x02 != 0, fin: flags & 0x01 != 0, rst: flags & 0x04 != 0 },
        window: u16_at(48),
        payload,
        cut: 0,
        fingerprint: u32::from(u16_at(18)) << 16 | u32::from(u16_at(50)),
    })
}

#[cfg(test)]
mod tests {
    use super::super::decoder::Decoder;
    use super::super::{Decoded, Segment};
    use crate::capture::{LinkType, Packet, PacketRef};
    use proptest::prelude::*;

    fn packet(data: &[u8], more: u32) -> Packet<'_> {
        let length = data.len() as u32;
        let at = PacketRef { number: 1, time: None, file_offset: 0, length };
        Packet { at, link: LinkType(1), data, original_length: length + more }
    }

    /// What `walk` gives.
    fn walked<'a>(decoder: &'a mut Decoder, packet: &Packet<'a>) -> Option<Segment<'a>> {
        match decoder.walked(packet) {
            Ok(Decoded::Segment(segment)) => Some(segment),
            _ => None,
        }
    }

    /// Headers as most packets have them, with so many bytes of TCP options.
    fn headers(options: u8, payload: usize, flags: u8, random: [u8; 24]) -> Vec<u8> {
        let total = 20 + 20 + 4 * usize::from(options) + payload;
        let mut data = vec![2; 12];
        data.extend([8, 0, 0x45, 0]);
        data.extend((total as u16).to_be_bytes());
        data.extend([random[0], random[1], 0x40, 0, 64, 6, 0, 0]);
        data.extend(&random[..20]);
        data.extend([(5 + options) << 4, flags, random[20], random[21], random[22], random[23], 0, 0]);
        data.resize(14 + total, 0xAB);
        data
    }

    proptest! {
        #[test]
        fn common_packets_are_read_as_the_walk_reads_them(
            options in 0u8..=10, payload in 0usize..100, padding in 0usize..20, flags: u8, random: [u8; 24],
        ) {
            let mut data = headers(options, payload, flags, random);
            data.resize(data.len() + padding, 0);
            let packet = packet(&data, 0);
            let direct = super::segment(&packet);
            prop_assert!(direct.is_some());
            let mut decoder = Decoder::default();
            prop_assert_eq!(direct, walked(&mut decoder, &packet));
        }

        /// Any byte may be another, and the packet may be cut, with or without the capture saying so.
        #[test]
        fn what_is_not_common_is_left_to_the_walk(
            options in 0u8..=10, payload in 0usize..40, flags: u8, random: [u8; 24],
            changes in prop::collection::vec((12usize..60, any::<u8>()), 0..3), cut in 0usize..60, more in 0u32..60,
        ) {
            let mut data = headers(options, payload, flags, random);
            for (at, byte) in changes {
                if let Some(place) = data.get_mut(at) {
                    *place = byte;
                }
            }
            data.truncate(data.len() - cut.min(data.len()));
            let packet = packet(&data, more);
            if let Some(direct) = super::segment(&packet) {
                let mut decoder = Decoder::default();
                prop_assert_eq!(Some(direct), walked(&mut decoder, &packet));
            }
        }
    }
}
