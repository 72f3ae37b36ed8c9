//! Fragments through the door.

use std::time::Duration;

use proptest::prelude::*;

use super::build::*;
use super::decode;
use crate::capture::{Packet, Timestamp};
use crate::packet::{Decoded, Decoder, Fault, FragmentCounts, FragmentLimits, Malformed};

/// A long payload in which no eight bytes are like their neighbours.
fn payload(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 7 + i / 8) as u8).collect()
}

/// The fragment of `datagram` at `from..to`, as an IP packet.
fn part(v6: bool, id: u16, datagram: &[u8], from: usize, to: usize) -> Vec<u8> {
    let more = to < datagram.len();
    let offset = u16::try_from(from).unwrap();
    match v6 {
        true => ipv6_fragment(6, id.into(), offset | u16::from(more), &datagram[from..to]),
        false => ipv4_fragment(6, id, (offset / 8) | (u16::from(more) << 13), &datagram[from..to]),
    }
}

/// All fragments of `datagram`, `size` bytes each but the last.
fn parts(v6: bool, id: u16, datagram: &[u8], size: usize) -> Vec<Vec<u8>> {
    (0..datagram.len())
        .step_by(size)
        .map(|from| part(v6, id, datagram, from, datagram.len().min(from + size)))
        .collect()
}

fn at<'a>(seconds: i64, mut packet: Packet<'a>) -> Packet<'a> {
    packet.at.time = Some(Timestamp::new(seconds * 1_000_000_000));
    packet
}

#[test]
fn reassembles_ipv4_and_ipv6() {
    let payload = payload(3000);
    for v6 in [false, true] {
        let mut decoder = Decoder::default();
        let parts = parts(v6, 77, &tcp(&payload), 1480);
        for part in &parts[..2] {
            assert_eq!(decoder.decode(&packet(101, part)), Decoded::Fragment);
        }
        let segment = decode(&mut decoder, &packet(101, &parts[2]));
        assert_eq!((segment.seq, segment.payload, segment.cut), (SEQ, &payload[..], 0));
        assert_eq!(segment.fingerprint, if v6 { 0xbeef } else { 77 << 16 | 0xbeef });
        assert_eq!(decoder.fragment_counts(), FragmentCounts { reassembled: 1, ..FragmentCounts::default() });
    }
}

/// In IPv6 the extension headers behind the fragment header are part of what was fragmented, and only the first
/// fragment says what comes (RFC 8200 §4.5).
#[test]
fn extension_headers_in_a_fragmented_datagram() {
    let datagram = cat(&[&[6, 0, 1, 4, 0, 0, 0, 0], &tcp(PAYLOAD)]);
    let (first, last) = (ipv6_fragment(60, 1, 1, &datagram[..16]), ipv6_fragment(59, 1, 16, &datagram[16..]));
    let mut decoder = Decoder::default();
    assert_eq!(decoder.decode(&packet(101, &last)), Decoded::Fragment);
    assert_eq!(decode(&mut decoder, &packet(101, &first)).payload, PAYLOAD);
}

#[test]
fn a_fragmented_packet_in_a_fragmented_tunnel() {
    let inner = parts(false, 5, &tcp(PAYLOAD), 24);
    let mut decoder = Decoder::default();
    let mut seen = Vec::new();
    for (i, inner) in inner.iter().enumerate() {
        let outer = vxlan(&ethernet(0x0800, inner));
        let cut = 40;
        for (from, to) in [(0, cut), (cut, outer.len())] {
            let more = u16::from(to < outer.len()) << 13;
            let data = ipv4_fragment(17, i as u16, more | (from as u16 / 8), &outer[from..to]);
            if let Decoded::Segment(segment) = decoder.decode(&packet(101, &data)) {
                seen.push(segment.payload.to_vec());
            }
        }
    }
    assert_eq!(seen, [PAYLOAD]);
}

#[test]
fn fragments_nested_without_end() {
    let mut data = tcp(PAYLOAD);
    for depth in 0..3 {
        data = ipv4_fragment(4, depth, 0x2000, &data[..data.len() / 8 * 8]);
    }
    // Each layer's last fragment is missing, so the outermost waits.
    assert_eq!(Decoder::default().decode(&packet(101, &data)), Decoded::Fragment);

    // Three datagrams in one another, of which the outer ones are complete with their second fragment.
    let innermost = ipv4_fragment(4, 3, 0x2000, &[0; 64]);
    let middle = parts(false, 2, &innermost, 40);
    let mut decoder = Decoder::default();
    let mut last = Decoded::NotTcp;
    let mut wrapped = Vec::new();
    for (i, middle) in middle.iter().enumerate() {
        for from in [0, 24] {
            let to = if from == 0 { 24 } else { middle.len() };
            let more = u16::from(to < middle.len()) << 13;
            wrapped.push(ipv4_fragment(4, 100 + i as u16, more | (from as u16 / 8), &middle[from..to]));
        }
    }
    for data in &mut wrapped {
        // The middle datagram's protocol is IP in IP as well.
        last = match decoder.decode(&packet(101, data)) {
            Decoded::Malformed(malformed) => Decoded::Malformed(malformed),
            _ => Decoded::Fragment,
        };
    }
    // The middle one is marked as TCP by `parts`: it ends as a segment that is none.
    assert!(matches!(last, Decoded::Malformed(Malformed { .. })), "{last:?}");
}

#[test]
fn copies_of_fragments_do_not_wait() {
    let parts = parts(false, 9, &tcp(PAYLOAD), 32);
    let mut decoder = Decoder::default();
    let mut segments = 0;
    for part in parts.iter().flat_map(|part| [part, part]) {
        segments += usize::from(matches!(decoder.decode(&packet(101, part)), Decoded::Segment(_)));
    }
    assert_eq!(segments, 1);
    let expected = FragmentCounts { reassembled: 1, duplicates: 1, ..FragmentCounts::default() };
    assert_eq!(decoder.fragment_counts(), expected);
}

#[test]
fn an_identification_that_is_used_again() {
    let (old, new) = (payload(64), payload(128)[64..].to_vec());
    let (old, new) = (parts(false, 9, &tcp(&old), 48), (parts(false, 9, &tcp(&new), 48), new));
    // The old datagram complete: the new one has other bytes.
    let mut decoder = Decoder::default();
    for part in &old {
        decoder.decode(&packet(101, part));
    }
    assert_eq!(decoder.decode(&packet(101, &new.0[1])), Decoded::Fragment);
    assert_eq!(decode(&mut decoder, &packet(101, &new.0[0])).payload, new.1);
    assert_eq!(decoder.fragment_counts().reassembled, 2);

    // The old datagram incomplete: it is forgotten after its time.
    let mut decoder = Decoder::default();
    decoder.decode(&at(0, packet(101, &old[0])));
    decoder.decode(&at(31, packet(101, &new.0[1])));
    assert_eq!(decode(&mut decoder, &at(32, packet(101, &new.0[0]))).payload, new.1);
    assert_eq!(decoder.fragment_counts(), FragmentCounts { reassembled: 1, expired: 1, ..FragmentCounts::default() });
}

#[test]
fn overlaps_with_other_bytes_are_counted_and_the_first_bytes_stay() {
    let datagram = tcp(&payload(64));
    let mut forged = datagram.clone();
    forged[40..].fill(0xff);
    let mut decoder = Decoder::default();
    decoder.decode(&packet(101, &part(false, 1, &datagram, 32, 64)));
    decoder.decode(&packet(101, &part(false, 1, &forged, 40, 72)));
    decoder.decode(&packet(101, &part(false, 1, &datagram, 64, 96)));
    let first = part(false, 1, &datagram, 0, 48);
    let mut expected = payload(64);
    expected[32..40].fill(0xff);
    assert_eq!(decode(&mut decoder, &packet(101, &first)).payload, expected);
    assert_eq!(decoder.fragment_counts().contradictions, 2);
}

#[test]
fn two_ends_of_one_datagram() {
    let datagram = tcp(&payload(64));
    let mut decoder = Decoder::default();
    decoder.decode(&packet(101, &part(false, 1, &datagram, 48, 96)));
    // Ends earlier, as the last; goes on behind the end; goes on at the end.
    decoder.decode(&packet(101, &part(false, 1, &datagram[..80], 48, 80)));
    let longer = [datagram.clone(), vec![0; 32]].concat();
    decoder.decode(&packet(101, &part(false, 1, &longer, 96, 104)));
    decoder.decode(&packet(101, &part(false, 1, &longer, 88, 96)));
    assert_eq!(decoder.fragment_counts().contradictions, 3);
    let first = part(false, 1, &datagram, 0, 48);
    assert_eq!(decode(&mut decoder, &packet(101, &first)).payload, payload(64));
}

/// With a snapshot length of 100, only the first fragment's first bytes are of use; the rest is counted as cut.
#[test]
fn fragments_cut_by_the_snapshot_length() {
    let payload = payload(3000);
    let mut decoder = Decoder::default();
    let parts = parts(false, 1, &tcp(&payload), 1480);
    for part in &parts[..2] {
        assert_eq!(decoder.decode(&cut_packet(101, &part[..100], part.len())), Decoded::Fragment);
    }
    let segment = decode(&mut decoder, &cut_packet(101, &parts[2][..22], parts[2].len()));
    let captured = 100 - 20 - TCP_HEADER;
    assert_eq!((segment.payload, segment.cut as usize), (&payload[..captured], 3000 - captured));
}

#[test]
fn impossible_fragments() {
    for (flags_and_offset, length) in [
        (0x2000, 15), // not a multiple of eight
        (0x1fff, 8),  // 65528 + 8, the "ping of death"
        (0x2000, 0),
    ] {
        let data = ipv4_fragment(6, 1, flags_and_offset, &vec![0; length]);
        assert_eq!(
            Decoder::default().decode(&packet(101, &data)),
            Decoded::Malformed(Malformed { header: "fragment", fault: Fault::Invalid })
        );
    }
    let largest = ipv4_fragment(6, 1, 0x1fff, &[0; 7]);
    assert_eq!(Decoder::default().decode(&packet(101, &largest)), Decoded::Fragment);
}

#[test]
fn the_oldest_datagram_makes_room() {
    let limits = FragmentLimits { datagrams: 2, ..FragmentLimits::default() };
    let datagram = tcp(PAYLOAD);
    let mut decoder = Decoder::new(limits);
    for id in 1..=3 {
        decoder.decode(&packet(101, &part(false, id, &datagram, 0, 24)));
    }
    let counts = decoder.fragment_counts();
    assert_eq!((counts.incomplete, counts.dropped), (2, 1));
    let last = |id| part(false, id, &datagram, 24, 48);
    assert_eq!(decode(&mut decoder, &packet(101, &last(3))).payload, PAYLOAD);
    assert_eq!(decode(&mut decoder, &packet(101, &last(2))).payload, PAYLOAD);
    assert_eq!(decoder.decode(&packet(101, &last(1))), Decoded::Fragment);
}

#[test]
fn a_limit_of_nothing_still_reads_what_is_whole() {
    let mut decoder = Decoder::new(FragmentLimits { datagrams: 0, bytes: 0, age: Duration::ZERO });
    let datagram = tcp(PAYLOAD);
    assert_eq!(decoder.decode(&packet(101, &part(false, 1, &datagram, 0, 24))), Decoded::Fragment);
    assert_eq!(decoder.fragment_counts().dropped, 1);
    assert_eq!(decode(&mut decoder, &packet(101, &ipv4(6, &datagram))).payload, PAYLOAD);
}

/// A datagram's fragments: sizes in units of eight bytes, copies, and an order.
fn arrangement() -> impl Strategy<Value = (usize, Vec<(usize, usize)>)> {
    (9usize..400).prop_flat_map(|length| {
        let cover = prop::collection::vec(1usize..8, 1..40).prop_map(move |sizes| {
            let (mut parts, mut from) = (Vec::new(), 0);
            for size in sizes.into_iter().cycle() {
                let to = length.min(from + size * 8);
                parts.push((from, to));
                from = to;
                if from == length {
                    break;
                }
            }
            parts
        });
        let extra = prop::collection::vec((0..length / 8, 1usize..8), 0..6).prop_map(move |extra| {
            extra
                .into_iter()
                .map(|(at, size)| (at * 8, length.min((at + size) * 8)))
                .filter(|(from, to)| from < to)
                .collect::<Vec<_>>()
        });
        let order = (cover, extra).prop_map(|(cover, extra)| [cover, extra].concat()).prop_shuffle();
        (Just(length), order)
    })
}

proptest! {
    /// Any fragments in any order, overlapping and repeated: the payload comes out once.
    #[test]
    fn any_arrangement((length, parts) in arrangement(), v6 in any::<bool>()) {
        let payload = payload(length);
        // No options, so that the first fragment may be as small as eight bytes.
        let datagram = tcp(&payload);
        let shift = TCP_HEADER;
        let mut all: Vec<_> = parts.iter().map(|(from, to)| (from + shift, to + shift)).collect();
        all.push((0, shift));
        let mut decoder = Decoder::default();
        let mut seen = 0;
        for (from, to) in all {
            if from == to {
                continue;
            }
            if let Decoded::Segment(segment) = decoder.decode(&packet(101, &part(v6, 1, &datagram, from, to))) {
                prop_assert_eq!(segment.payload, &payload[..]);
                seen += 1;
            }
        }
        prop_assert_eq!(seen, 1);
        prop_assert_eq!(decoder.fragment_counts().contradictions, 0);
    }
}
