//! The pcapng format.

use super::build::{Order, PcapNg, every_block};
use super::{LinkType, open, read};
use crate::capture::Secrets;

#[test]
fn every_block_in_two_sections_of_different_byte_order() {
    let (seen, info) = read(&every_block().bytes);
    let told: Vec<_> =
        seen.iter().map(|p| (p.number, p.nanoseconds, p.link.0, &p.data[..], p.original_length)).collect();
    assert_eq!(
        told,
        [
            (1, Some(1_700_000_000_000_000_001), 1, &b"first"[..], 5),
            // The snapshot length of the section's first interface is 4.
            (2, None, 113, b"seco", 9),
            // 1024 ticks of 2^-10 s.
            (3, Some(1_000_000_000), 101, b"3rd", 3),
            (4, Some(2_000_000_000), 113, b"4th", 100),
        ]
    );
    assert_eq!((info.format, info.truncated, &info.fault), ("pcapng", false, &None));
    assert_eq!(info.link_types, [LinkType(1), LinkType(113), LinkType(101)]);
    assert_eq!((info.packets, info.snapped_packets, info.snapshot_length), (4, 2, Some(65535)));
    assert_eq!(info.bytes, every_block().bytes.len() as u64);
}

#[test]
fn the_offset_is_that_of_the_packets_first_byte() {
    let file = every_block();
    let (seen, _) = read(&file.bytes);
    for packet in seen {
        let at = packet.file_offset as usize;
        assert_eq!(file.bytes[at..at + packet.data.len()], packet.data);
    }
}

#[test]
fn secrets_are_there_with_the_packet_after_them() {
    let file = PcapNg::new(Order::Big)
        .interface(1, 0, &[])
        .enhanced(0, 0, 1, b"a")
        .secrets(Secrets::TLS_KEY_LOG, b"CLIENT_RANDOM 1\n")
        .secrets(7, b"")
        .enhanced(0, 0, 1, b"b");
    let mut reader = open(&file.bytes).unwrap();
    reader.next_packet().unwrap();
    assert_eq!(reader.take_secrets(), []);
    reader.next_packet().unwrap();
    let expected = [
        Secrets { kind: Secrets::TLS_KEY_LOG, data: b"CLIENT_RANDOM 1\n".to_vec() },
        Secrets { kind: 7, data: Vec::new() },
    ];
    assert_eq!(reader.take_secrets(), expected);
    assert_eq!(reader.take_secrets(), [], "they are taken once");
    assert_eq!(reader.info().secrets_dropped, 0);
}

#[test]
fn secrets_are_bounded_and_never_written_in_debug_output() {
    let mut file = PcapNg::new(Order::Little).interface(1, 0, &[]);
    for _ in 0..20 {
        file = file.secrets(1, &vec![b'k'; 1 << 20]);
    }
    let mut reader = open(&file.enhanced(0, 0, 1, b"x").bytes).unwrap();
    assert_eq!(reader.next_packet().unwrap().data, b"x");
    let secrets = reader.take_secrets();
    assert_eq!((secrets.len(), reader.info().secrets_dropped), (15, 5), "16 MiB, headers counted");
    assert_eq!(format!("{:?}", secrets[0]), "Secrets { kind: 0x00000001, 1048576 bytes }");
}

#[test]
fn resolution_and_offset_of_an_interface() {
    for order in [Order::Big, Order::Little] {
        let offset = order.i64(-3);
        // (option values, ticks, nanoseconds)
        type Options<'a> = &'a [(u16, &'a [u8])];
        let cases: [(Options<'_>, u64, i64); 7] = [
            (&[], 1_700_000_000_123_456, 1_700_000_000_123_456_000),
            (&[(9, &[6])], 1, 1_000),
            (&[(9, &[3]), (0, b"")], 1, 1_000_000),
            (&[(9, &[9]), (0, b""), (9, &[0])], 1, 1),
            (&[(9, &[0x80 | 10])], 512, 500_000_000),
            (&[(14, &offset), (2, b"odd")], 5_000_000, 2_000_000_000),
            // if_tzone, a name that is no UTF-8, an option longer than the block: none keeps the packet from us.
            (&[(10, &[0; 4]), (2, b"\xff\xfe"), (9, &[9]), (3, b"")], 42, 42),
        ];
        for (options, ticks, nanoseconds) in cases {
            let (seen, _) = read(&PcapNg::new(order).interface(1, 0, options).enhanced(0, ticks, 1, b"x").bytes);
            assert_eq!(seen[0].nanoseconds, Some(nanoseconds), "{order:?} {options:x?}");
        }
    }
}

#[test]
fn an_option_longer_than_its_block_ends_the_options() {
    // if_tsresol 9, then an option that claims 65535 bytes.
    let body = [1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0, 2, 0, 0xff, 0xff];
    let (seen, info) = read(&PcapNg::new(Order::Little).block(1, &body).enhanced(0, 5, 1, b"x").bytes);
    assert_eq!((seen[0].nanoseconds, info.fault), (Some(5), None));
}

#[test]
fn interfaces_belong_to_their_section() {
    let file = PcapNg::new(Order::Little).interface(1, 0, &[]).section(Order::Little, -1).enhanced(0, 0, 1, b"x");
    let (seen, info) = read(&file.bytes);
    assert_eq!(seen, []);
    // 28 bytes of section, 20 of interface, 28 of section.
    assert_eq!(
        info.fault.as_deref(),
        Some("the block at byte 76 is a packet of an interface that its section does not describe")
    );
}

#[test]
fn faults_name_the_block_and_keep_what_is_before_it() {
    let good = PcapNg::new(Order::Little).interface(1, 0, &[]).enhanced(0, 0, 1, b"x");
    let at = good.bytes.len();
    let broken = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut file = good.clone().enhanced(0, 0, 4, b"next").enhanced(0, 0, 1, b"x");
        change(&mut file.bytes);
        let (seen, info) = read(&file.bytes);
        assert_eq!(seen.len(), 1);
        assert!(!info.truncated);
        info.fault.unwrap()
    };
    let set =
        |bytes: &mut Vec<u8>, from: usize, value: u32| bytes[from..from + 4].copy_from_slice(&value.to_le_bytes());
    let begin = format!("the block at byte {at} ");
    assert_eq!(
        broken(&|b| set(b, at + 32, 40)),
        begin.clone() + "states a length of 36 bytes at its beginning and another at its end"
    );
    assert_eq!(broken(&|b| set(b, at + 4, 37)), begin.clone() + "claims 37 bytes, a length that no block has");
    assert_eq!(broken(&|b| set(b, at + 4, 8)), begin.clone() + "claims 8 bytes, a length that no block has");
    assert_eq!(
        broken(&|b| set(b, at + 4, 0xffff_fff0)),
        begin.clone() + "claims 4294967280 bytes, more than the 67108864 that are read"
    );
    assert_eq!(broken(&|b| set(b, at + 20, 5)), begin.clone() + "holds fewer bytes of a packet than it states");
    assert_eq!(broken(&|b| set(b, at + 20, u32::MAX)), begin.clone() + "holds fewer bytes of a packet than it states");
    assert_eq!(
        broken(&|b| set(b, at + 8, 1)),
        begin.clone() + "is a packet of an interface that its section does not describe"
    );
    assert_eq!(broken(&|b| set(b, at, 0x0a0d0d0a)), begin.clone() + "begins a section without a byte-order magic");
    // The high half of the time becomes the length of secrets.
    let secrets = |b: &mut Vec<u8>| {
        set(b, at, 10);
        set(b, at + 12, 17);
    };
    assert_eq!(broken(&secrets), begin + "holds fewer bytes of secrets than it states");
}

#[test]
fn a_block_claiming_a_gigabyte_allocates_nothing() {
    let mut file = PcapNg::new(Order::Little).bytes;
    file.extend([6, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0, 0]);
    assert!(read(&file).1.fault.is_some());
}

#[test]
fn blocks_cut_short() {
    for (kind, body, what) in [
        (1, &[0; 4][..], "is an interface description cut short"),
        (2, &[0; 16], "is a packet cut short"),
        (6, &[0; 16], "is a packet cut short"),
        (3, &[], "is a packet cut short"),
        (10, &[0; 4], "holds fewer bytes of secrets than it states"),
        (0x0a0d0d0a, &[0x4d, 0x3c, 0x2b, 0x1a], "begins a section of a pcapng version other than 1"),
    ] {
        let (_, info) = read(&PcapNg::new(Order::Little).interface(1, 0, &[]).block(kind, body).bytes);
        assert_eq!(info.fault, Some(format!("the block at byte 48 {what}")), "block type {kind}");
    }
}
