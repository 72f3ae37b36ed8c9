//! The pcap format.

use super::build::{MICROSECONDS, MODIFIED, NANOSECONDS, Order, Pcap};
use super::{LinkType, Seen, open, read};
use crate::capture::Timestamp;

#[test]
fn both_byte_orders_and_all_three_formats() {
    for order in [Order::Big, Order::Little] {
        for (magic, unit, header) in [(MICROSECONDS, 1_000, 16), (NANOSECONDS, 1, 16), (MODIFIED, 1_000, 24)] {
            let pcap = Pcap::new(order, magic, 65535, 1).packet(1_700_000_000, 123_456, 3, b"one").packet(
                4_000_000_000,
                999_999,
                5,
                b"three",
            );
            let (seen, info) = read(&pcap.bytes);
            let expected = [
                Seen {
                    number: 1,
                    nanoseconds: Some(1_700_000_000_000_000_000 + 123_456 * unit),
                    file_offset: 24 + header,
                    link: LinkType(1),
                    data: b"one".to_vec(),
                    original_length: 3,
                },
                Seen {
                    number: 2,
                    nanoseconds: Some(4_000_000_000_000_000_000 + 999_999 * unit),
                    file_offset: 24 + header + 3 + header,
                    link: LinkType(1),
                    data: b"three".to_vec(),
                    original_length: 5,
                },
            ];
            assert_eq!(seen, expected, "{order:?} {magic:x}");
            assert_eq!((info.format, info.truncated, info.fault), ("pcap", false, None));
            assert_eq!(info.bytes, pcap.bytes.len() as u64);
            assert_eq!(info.link_types, [LinkType(1)]);
            assert_eq!(info.snapshot_length, Some(65535));
        }
    }
}

#[test]
fn frame_check_sequence_bits_are_no_part_of_the_link_type() {
    // Length 2 in the top four bits and the flag P.
    let (seen, _) = read(&Pcap::new(Order::Little, MICROSECONDS, 65535, 0x2400_0001).packet(0, 0, 1, b"x").bytes);
    assert_eq!(seen[0].link, LinkType(1));
    let (seen, _) = read(&Pcap::new(Order::Big, MICROSECONDS, 65535, 276).packet(0, 0, 1, b"x").bytes);
    assert_eq!(seen[0].link, LinkType(276));
}

#[test]
fn lengths_beyond_the_snapshot_length_are_no_fault() {
    for snaplen in [0, 2, 96] {
        let (seen, info) = read(&Pcap::new(Order::Little, MICROSECONDS, snaplen, 1).packet(0, 0, 1514, b"cut").bytes);
        assert_eq!((&seen[0].data[..], seen[0].original_length), (&b"cut"[..], 1514));
        assert_eq!(info.snapped_packets, 1);
        assert_eq!(info.snapshot_length, (snaplen > 0).then_some(snaplen));
    }
}

#[test]
fn a_packet_is_never_shorter_than_what_was_captured() {
    let (seen, info) = read(&Pcap::new(Order::Little, MICROSECONDS, 0, 1).packet(0, 0, 1, b"more").bytes);
    assert_eq!((&seen[0].data[..], seen[0].original_length, info.snapped_packets), (&b"more"[..], 4, 0));
}

#[test]
fn the_times_are_those_of_the_earliest_and_the_latest_packet() {
    let pcap =
        Pcap::new(Order::Little, MICROSECONDS, 0, 1).packet(5, 0, 0, b"").packet(3, 0, 0, b"").packet(4, 0, 0, b"");
    let (_, info) = read(&pcap.bytes);
    assert_eq!(
        (info.first_time, info.last_time),
        (Some(Timestamp::new(3_000_000_000)), Some(Timestamp::new(5_000_000_000)))
    );
}

#[test]
fn numbers_run_on_where_told_to() {
    let mut reader = open(&Pcap::counting(3).bytes).unwrap();
    reader.number_from(100);
    assert_eq!(reader.next_packet().unwrap().at.number(), 100);
    assert_eq!(reader.next_packet().unwrap().at.number(), 101);
    assert_eq!(reader.info().packets, 2);
}

#[test]
fn an_absurd_captured_length_is_a_fault_that_names_the_place() {
    let mut pcap = Pcap::counting(2);
    let at = pcap.bytes.len();
    pcap = pcap.packet(2, 0, 2, b"22").packet(3, 0, 3, b"333");
    pcap.bytes[at + 8..at + 12].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
    let (seen, info) = read(&pcap.bytes);
    assert_eq!(seen.len(), 2);
    assert!(!info.truncated);
    assert_eq!(
        info.fault.unwrap(),
        format!(
            "the record at byte {at} claims 4294967280 captured bytes, but 262144 is the most a packet of this file \
             can have"
        )
    );
}

#[test]
fn a_packet_larger_than_the_buffer() {
    let large = vec![7; 3 << 20];
    let pcap = Pcap::new(Order::Little, MICROSECONDS, u32::MAX, 1).packet(0, 0, 3 << 20, &large).packet(0, 0, 1, b"x");
    let (seen, info) = read(&pcap.bytes);
    assert_eq!((seen[0].data == large, &seen[1].data[..], info.fault), (true, &b"x"[..], None));
}
