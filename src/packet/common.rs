//! The most common packet read directly: Ethernet, IPv4 without options and not fragmented, TCP, nothing cut off.
//!
//! Nearly every packet of a capture is one. `walk` reads them too, in five times as long; what this file gives is what
//! `walk` gives, or nothing, and then `walk` is asked.

use super::{Endpoint, Flags, Segment};
use crate::capture::{LinkType, Packet};
use std::net::Ipv4Addr;

/// The link of such a packet: LINKTYPE_ETHERNET.
pub(crate) const LINK: LinkType = LinkType(1);

/// An Ethernet header (IEEE 802.3 §3.1.1), one of IPv4 without options (RFC 791 §3.1), one of TCP without options
/// (RFC 9293 §3.1).
const HEADERS: usize = 14 + 20 + 20;

/// The headers of a packet of this kind as if TCP had no options, and the whole IP packet; what lies behind its length is
/// padding.
#[inline]
fn split<'a>(packet: &Packet<'a>) -> Option<(&'a [u8; HEADERS], &'a [u8])> {
    let headers: &[u8; HEADERS] = packet.data.first_chunk()?;
    // EtherType IPv4; version 4 and five words of header; "more fragments" and the fragment offset; protocol TCP.
    let is_common = packet.link == LINK
        && headers[12..15] == [0x08, 0x00, 0x45]
        && headers[20] & 0x3F == 0
        && headers[21] == 0
        && headers[23] == 6;
    if !is_common {
        return None;
    }
    Some((headers, ip(packet, headers)?))
}

/// What the length in its header says that the IP packet is. A length of 0 is `walk`'s business, and so is a cut packet.
#[inline]
fn ip<'a>(packet: &Packet<'a>, headers: &[u8; HEADERS]) -> Option<&'a [u8]> {
    packet.data.get(14..14 + usize::from(u16::from_be_bytes([headers[16], headers[17]])))
}

/// What stands behind the TCP header, where its length is possible.
#[inline]
fn payload<'a>(headers: &[u8; HEADERS], ip: &'a [u8]) -> Option<&'a [u8]> {
    let header_length = usize::from(headers[46] >> 4) * 4;
    if header_length < 20 {
        return None;
    }
    ip.get(20 + header_length..)
}

/// Source and destination of the segment that [`segment`] finds, where it finds one.
#[inline]
pub(crate) fn ends(packet: &Packet<'_>) -> Option<(Endpoint, Endpoint)> {
    let (headers, ip) = split(packet)?;
    payload(headers, ip)?;
    Some(addresses(headers))
}

#[inline]
fn addresses(headers: &[u8; HEADERS]) -> (Endpoint, Endpoint) {
    let endpoint = |ip: usize, port: usize| Endpoint {
        ip: Ipv4Addr::new(headers[ip], headers[ip + 1], headers[ip + 2], headers[ip + 3]).into(),
        port: u16::from_be_bytes([headers[port], headers[port + 1]]),
    };
    (endpoint(26, 34), endpoint(30, 36))
}

/// The segment in a packet of this kind.
#[inline]
pub(crate) fn segment<'a>(packet: &Packet<'a>) -> Option<Segment<'a>> {
    let (headers, ip) = split(packet)?;
    read(headers, ip)
}

/// The segment in a packet for which [`ends`] are known.
#[inline]
pub(crate) fn known_segment<'a>(packet: &Packet<'a>) -> Option<Segment<'a>> {
    let headers = packet.data.first_chunk()?;
    read(headers, ip(packet, headers)?)
}

#[inline]
fn read<'a>(headers: &[u8; HEADERS], ip: &'a [u8]) -> Option<Segment<'a>> {
    let payload = payload(headers, ip)?;
    let u16_at = |at: usize| u16::from_be_bytes([headers[at], headers[at + 1]]);
    let u32_at = |at: usize| u32::from_be_bytes([headers[at], headers[at + 1], headers[at + 2], headers[at + 3]]);
    let (source, destination) = addresses(headers);
    let flags = headers[47];
    Some(Segment {
        source,
        destination,
        seq: u32_at(38),
        ack: (flags & 0x10 != 0).then(|| u32_at(42)),
        flags: Flags { syn: flags & 0x02 != 0, fin: flags & 0x01 != 0, rst: flags & 0x04 != 0 },
        window: u16_at(48),
        payload,
        cut: 0,
        fingerprint: u32::from(u16_at(18)) << 16 | u32::from(u16_at(50)),
    })
}

/// Whether the TCP checksum of such a packet is right (RFC 9293 §3.1): the complement of the ones' complement sum over
/// addresses, protocol, length, header and data. `None` where it is another kind of packet.
pub(super) fn checksum_is_right(packet: &Packet<'_>) -> Option<bool> {
    let (headers, ip) = split(packet)?;
    payload(headers, ip)?;
    // Less than 2¹⁶, as the IP packet's length is.
    let length = (ip.len() - 20) as u16;
    // With the checksum in it the sum is all ones (RFC 1071 §1), a multiple of 2¹⁶ − 1. A checksum of all ones never is
    // right: the sum without it is not zero.
    let sum = u64::from(6u16.to_be()) + u64::from(length.to_be()) + sum(&ip[12..]);
    Some(sum.is_multiple_of(0xFFFF) && headers[50..52] != [0xFF, 0xFF])
}

/// The sum of the 16-bit words of at most 64 KiB, or what differs from it by a multiple of 2¹⁶ − 1: words are taken four
/// at a time, since 2¹⁶ counts as 1, and as they lie, since the order of their bytes does not matter (RFC 1071 §2).
fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let sum: u128 = words.iter().map(|word| u128::from(u64::from_ne_bytes(*word))).sum();
    let (words, rest) = rest.as_chunks::<4>();
    let word = words.first().map_or(0, |word| u32::from_ne_bytes(*word));
    let byte = |at: usize| rest.get(at).copied().unwrap_or(0);
    let last = u32::from_ne_bytes([byte(0), byte(1), byte(2), 0]);
    let low = |half: u64| half & 0xFFFF_FFFF;
    low(sum as u64) + low(sum as u64 >> 32) + (sum >> 64) as u64 + u64::from(word) + u64::from(last)
}

#[cfg(test)]
mod tests {
    use super::super::decoder::{Decoder, walked_checksum};
    use super::super::{Decoded, Segment};
    use crate::capture::{LinkType, Packet, PacketRef};
    use etherparse::TcpSlice;
    use proptest::prelude::*;

    fn packet(data: &[u8], more: u32) -> Packet<'_> {
        let length = data.len() as u32;
        let at = PacketRef::new(1, None, 0, length);
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
            prop_assert_eq!(super::known_segment(&packet), direct);
            prop_assert_eq!(super::ends(&packet), direct.map(|segment| (segment.source, segment.destination)));
            let mut decoder = Decoder::default();
            prop_assert_eq!(direct, walked(&mut decoder, &packet));
            prop_assert_eq!(super::checksum_is_right(&packet), walked_checksum(&packet));
        }

        /// The right checksum and its neighbours, of data of which much is all ones or zeroes: sums that are 0 or carry.
        #[test]
        fn checksums_are_verified_as_the_walk_verifies_them(
            options in 0u8..=10, data in prop::collection::vec(prop_oneof![Just(0u8), Just(0xFF), any::<u8>()], 0..99),
            random: [u8; 24], off in -1i32..=1, ones: bool,
        ) {
            let mut bytes = headers(options, data.len(), 0x18, if ones { [0xFF; 24] } else { random });
            let payload = bytes.len() - data.len();
            bytes[payload..].copy_from_slice(&data);
            let right = TcpSlice::from_slice(&bytes[34..]).unwrap();
            let (source, destination) = (bytes[26..30].try_into().unwrap(), bytes[30..34].try_into().unwrap());
            let right = right.calc_checksum_ipv4(source, destination).unwrap();
            let sent = right.wrapping_add_signed(off as i16);
            bytes[50..52].copy_from_slice(&sent.to_be_bytes());
            let packet = packet(&bytes, 0);
            prop_assert_eq!(super::checksum_is_right(&packet), Some(off == 0));
            prop_assert_eq!(walked_checksum(&packet), Some(off == 0));
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
            prop_assert_eq!(super::ends(&packet).is_some(), super::segment(&packet).is_some());
            if let Some(direct) = super::segment(&packet) {
                let mut decoder = Decoder::default();
                prop_assert_eq!(Some(direct), walked(&mut decoder, &packet));
                prop_assert_eq!(super::checksum_is_right(&packet), walked_checksum(&packet));
            }
        }
    }
}
