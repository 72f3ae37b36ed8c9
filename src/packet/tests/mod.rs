//! Behaviour through the door: packets in, segments out.

mod build;
mod fragments;

use std::net::IpAddr;

use proptest::prelude::*;

use self::build::*;
use super::*;
use crate::capture::{LinkType, Packet};

fn decode<'a>(decoder: &'a mut Decoder, packet: &Packet<'a>) -> Segment<'a> {
    match decoder.decode(packet) {
        Decoded::Segment(segment) => segment,
        other => panic!("{other:?}"),
    }
}

fn endpoints(v6: bool) -> (Endpoint, Endpoint) {
    let (source, destination) = match v6 {
        true => (IpAddr::from(SOURCE_6), IpAddr::from(DESTINATION_6)),
        false => (IpAddr::from(SOURCE_4), IpAddr::from(DESTINATION_4)),
    };
    (Endpoint { ip: source, port: 49152 }, Endpoint { ip: destination, port: 80 })
}

#[test]
fn every_way_leads_to_the_segment() {
    for (name, link, data) in catalogue() {
        let mut decoder = Decoder::default();
        let segment = decode(&mut decoder, &packet(link, &data));
        let v6 = segment.source.ip.is_ipv6();
        let (source, destination) = endpoints(v6);
        let expected = Segment {
            source,
            destination,
            seq: SEQ,
            ack: Some(0x0506_0708),
            flags: Flags::default(),
            window: 502,
            payload: PAYLOAD,
            cut: 0,
            fingerprint: if v6 { 0x0000_beef } else { 0x1234_beef },
        };
        assert_eq!(segment, expected, "{name}");
    }
}

/// The snapshot length may cut anywhere. Where the 20 bytes that matter are there, the segment is; where they are not,
/// the fault is the snapshot length's and not the packet's.
#[test]
fn every_way_survives_every_cut() {
    for (name, link, data) in catalogue() {
        let tcp_at = data.len() - TCP_HEADER - PAYLOAD.len();
        for length in 0..data.len() {
            let packet = cut_packet(link, &data[..length], data.len());
            match Decoder::default().decode(&packet) {
                Decoded::Segment(segment) => {
                    assert!(length >= tcp_at + 20, "{name} cut to {length}");
                    assert_eq!(segment.seq, SEQ, "{name} cut to {length}");
                    let captured = length.saturating_sub(tcp_at + TCP_HEADER);
                    assert_eq!(segment.payload, &PAYLOAD[..captured], "{name} cut to {length}");
                    assert_eq!(segment.cut as usize, PAYLOAD.len() - captured, "{name} cut to {length}");
                }
                Decoded::Malformed(malformed) => {
                    assert!(length < tcp_at + 20, "{name} cut to {length}: {malformed}");
                    assert_eq!(malformed.fault, Fault::Cut, "{name} cut to {length}: {malformed}");
                }
                other => panic!("{name} cut to {length}: {other:?}"),
            }
        }
    }
}

#[test]
fn flags_and_a_missing_ack() {
    for (bits, flags, ack) in [
        (0x02, Flags { syn: true, ..Flags::default() }, None),
        (0x11, Flags { fin: true, ..Flags::default() }, Some(0x0506_0708)),
        (0x04, Flags { rst: true, ..Flags::default() }, None),
    ] {
        let mut segment = tcp(b"");
        segment[13] = bits;
        let data = ipv4(6, &segment);
        let mut decoder = Decoder::default();
        let segment = decode(&mut decoder, &packet(101, &data));
        assert_eq!((segment.flags, segment.ack), (flags, ack));
    }
}

#[test]
fn padding_is_no_payload() {
    for (ether_type, ip) in [(0x0800, ipv4(6, &tcp(b"a"))), (0x86dd, ipv6(6, &tcp(b"a")))] {
        let data = cat(&[&ethernet(ether_type, &ip), &[0; 6]]);
        let mut decoder = Decoder::default();
        let segment = decode(&mut decoder, &packet(1, &data));
        assert_eq!((segment.payload, segment.cut), (&b"a"[..], 0));
    }
}

/// Captured before the network card cut it to the MTU: Linux writes a length of 0 where 16 bits do not hold it.
#[test]
fn a_length_of_0_reaches_to_the_end_of_the_packet() {
    let payload = vec![7; 100_000];
    let mut v4 = cat(&[&ipv4(6, b""), &tcp(&payload)]);
    v4[2..4].fill(0);
    let v6 = cat(&[&ipv6(6, b""), &tcp(&payload)]);
    // RFC 2675: the length is in a hop-by-hop option.
    let jumbogram = cat(&[&ipv6(0, b""), &[6, 0, 0xc2, 4, 0, 1, 0x86, 0xc8], &tcp(&payload)]);
    for data in [v4, v6, jumbogram] {
        let mut decoder = Decoder::default();
        assert_eq!(decode(&mut decoder, &packet(101, &data)).payload, payload);
        let snapped = cut_packet(101, &data[..200], data.len());
        let segment = decode(&mut decoder, &snapped);
        assert_eq!(segment.payload.len() + segment.cut as usize, payload.len());
        assert_eq!(verify_checksum(&packet(101, &data)), None);
    }
}

/// The IP length is believed over the capture's original length: mirrors that shorten packets rewrite the latter.
#[test]
fn lengths_of_the_capture_that_make_no_sense() {
    let data = ipv4(6, &tcp(PAYLOAD));
    let mut decoder = Decoder::default();
    let segment = decode(&mut decoder, &cut_packet(101, &data, 3));
    assert_eq!((segment.payload, segment.cut), (PAYLOAD, 0));
    let short = &data[..data.len() - 5];
    let segment = decode(&mut decoder, &packet(101, short));
    assert_eq!((segment.payload, segment.cut), (&PAYLOAD[..PAYLOAD.len() - 5], 5));
}

#[test]
fn header_lengths_that_are_forbidden() {
    let malformed = |data: &[u8]| match Decoder::default().decode(&packet(101, data)) {
        Decoded::Malformed(malformed) => malformed,
        other => panic!("{other:?}"),
    };
    let good = ipv4(6, &tcp(PAYLOAD));
    let with = |at: usize, byte: u8| {
        let mut data = good.clone();
        data[at] = byte;
        data
    };
    assert_eq!(malformed(&with(20 + 12, 0x40)), Malformed { header: "TCP", fault: Fault::Invalid });
    // 60 bytes of header in a segment of 48.
    assert_eq!(malformed(&with(20 + 12, 0xf0)), Malformed { header: "TCP", fault: Fault::Short });
    assert_eq!(malformed(&with(0, 0x44)), Malformed { header: "IPv4", fault: Fault::Invalid });
    assert_eq!(malformed(&with(0, 0x55)), Malformed { header: "IP", fault: Fault::Invalid });
    // A total length of 19.
    assert_eq!(malformed(&with(3, 19)), Malformed { header: "IPv4", fault: Fault::Short });
    assert_eq!(malformed(&with(3, 39)), Malformed { header: "TCP", fault: Fault::Short });
    assert_eq!(malformed(&[]).to_string(), "the IP header is longer than the packet");
}

#[test]
fn what_is_not_tcp() {
    let v4 = |protocol: u8| ipv4(protocol, &tcp(PAYLOAD));
    let not_tcp: Vec<(u32, Vec<u8>)> = vec![
        (1, ethernet(0x0806, &[0; 28])),
        (1, ethernet(0x88e5, &[0; 60])),
        (1, ethernet(39, &cat(&[&[0x42, 0x42, 3], &[0; 36]]))),
        (101, v4(1)),
        (101, v4(50)),
        // Extension headers mean nothing in IPv4.
        (101, v4(0)),
        (101, ipv6(59, b"")),
        (101, ipv6(50, &tcp(PAYLOAD))),
        (101, ipv4(17, &udp(53, &ethernet(0x0800, &v4(6))))),
        // A VXLAN port without the flag.
        (101, ipv4(17, &udp(4789, &cat(&[&[0; 8], &ethernet(0x0800, &v4(6))])))),
        // PPPoE discovery, compressed PPP.
        (51, vec![0x11, 0x09, 0, 0, 0, 0]),
        (9, cat(&[&[0x00, 0x2d], &v4(6)])),
        (0, cat(&[&[7, 0, 0, 0], &v4(6)])),
        // Netlink.
        (113, cat(&[&[0, 4, 0x03, 0x38], &[0; 10], &[0x08, 0], &v4(6)])),
        // A beacon, an encrypted frame.
        (105, vec![0x80; 40]),
        (105, cat(&[&[0x08, 0x41, 0, 0], &[0; 20], &snap(0x0800, &v4(6))])),
    ];
    for (link, data) in not_tcp {
        assert_eq!(Decoder::default().decode(&packet(link, &data)), Decoded::NotTcp, "{link} {data:x?}");
    }
}

#[test]
fn an_unknown_link_type_is_named() {
    assert_eq!(Decoder::default().decode(&packet(147, &ipv4(6, &tcp(b"")))), Decoded::UnknownLink(LinkType(147)));
    assert_eq!(verify_checksum(&packet(147, b"")), None);
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| (0..depth).fold(ipv4(6, &tcp(PAYLOAD)), |inner, _| ipv4(4, &inner));
    let data = nested(8);
    decode(&mut Decoder::default(), &packet(101, &data));
    let data = nested(100);
    assert!(matches!(
        Decoder::default().decode(&packet(101, &data)),
        Decoded::Malformed(Malformed { fault: Fault::TooDeep, .. })
    ));
    let labels = cat(&[&[0, 1, 0, 64].repeat(10_000), &ipv4(6, &tcp(PAYLOAD))]);
    let data = ethernet(0x8847, &labels);
    assert!(matches!(
        Decoder::default().decode(&packet(1, &data)),
        Decoded::Malformed(Malformed { fault: Fault::TooDeep, .. })
    ));
}

/// While segments are left, the IPv6 header names a stop on the way; TCP knows the last one.
#[test]
fn a_routing_header_names_the_destination() {
    let (_, destination) = endpoints(true);
    let last_stop = [9; 16];
    let stop = [5; 16];
    let tcp = tcp(PAYLOAD);
    for (header, expected) in [
        // Type 0, two addresses, the last stop behind.
        (cat(&[&[6, 4, 0, 2, 0, 0, 0, 0], &stop, &last_stop]), last_stop.into()),
        (cat(&[&[6, 4, 0, 0, 0, 0, 0, 0], &stop, &last_stop]), destination.ip),
        (cat(&[&[6, 2, 2, 1, 0, 0, 0, 0], &last_stop]), last_stop.into()),
        // Segment routing, the last stop first.
        (cat(&[&[6, 4, 4, 1, 1, 0, 0, 0], &last_stop, &stop]), last_stop.into()),
        (cat(&[&[6, 0, 4, 1, 1, 0, 0, 0]]), destination.ip),
    ] {
        let data = ipv6(43, &cat(&[&header, &tcp]));
        let mut decoder = Decoder::default();
        let segment = decode(&mut decoder, &packet(101, &data));
        assert_eq!((segment.destination.ip, segment.seq), (expected, SEQ));
    }
}

#[test]
fn checksums() {
    let v4 = etherparse::PacketBuilder::ethernet2([1; 6], [2; 6]).ipv4(SOURCE_4, DESTINATION_4, 64);
    let v6 = etherparse::PacketBuilder::ethernet2([1; 6], [2; 6]).ipv6(SOURCE_6, DESTINATION_6, 64);
    for builder in [v4, v6] {
        let mut data = Vec::new();
        builder.tcp(1, 2, 3, 4).write(&mut data, PAYLOAD).unwrap();
        assert_eq!(verify_checksum(&packet(1, &data)), Some(true));
        assert_eq!(verify_checksum(&cut_packet(1, &data[..data.len() - 1], data.len())), None);
        *data.last_mut().unwrap() ^= 1;
        assert_eq!(verify_checksum(&packet(1, &data)), Some(false));
    }
    assert_eq!(verify_checksum(&packet(101, &ipv4_fragment(6, 1, 0x2000, &[0; 64]))), None);
    assert_eq!(verify_checksum(&packet(1, &ethernet(0x0806, &[0; 28]))), None);
}

proptest! {
    #[test]
    fn any_bytes_of_any_link_type(link in 0u32..300, data in prop::collection::vec(any::<u8>(), 0..200), original in any::<u32>()) {
        let packet = Packet { original_length: original, ..packet(link, &data) };
        Decoder::default().decode(&packet);
        verify_checksum(&packet);
    }

    /// Packets that are almost right get further than noise.
    #[test]
    fn any_damage(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        original in 0u32..400,
    ) {
        let catalogue = catalogue();
        let (_, link, mut data) = which.get(&catalogue).clone();
        for (at, byte) in damage {
            *at.get_mut(&mut data) = byte;
        }
        data.truncate(cut.index(data.len() + 1));
        let packet = Packet { original_length: original, ..packet(link, &data) };
        let mut decoder = Decoder::default();
        if let Decoded::Segment(segment) = decoder.decode(&packet) {
            prop_assert!(segment.payload.len() <= data.len());
        }
        verify_checksum(&packet);
    }
}
