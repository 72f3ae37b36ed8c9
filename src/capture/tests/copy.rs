//! Copies with comments and secrets.

use super::build::{MODIFIED, NANOSECONDS, Order, Pcap, PcapNg, every_block};
use super::{drain, open, read};
use crate::capture::{Changes, Copied, Reader, Secrets, copy as write_copy};

/// The copy of a capture in which every packet has these comments.
fn copy(bytes: &[u8], comments: &[&str]) -> (Vec<u8>, Copied) {
    let mut out = Vec::new();
    let mut said = |_| comments.iter().map(|&comment| comment.to_owned()).collect();
    let changes = Changes { comments: Some(&mut said), ..Changes::default() };
    let copied = write_copy(open(bytes).unwrap(), changes, &mut out).unwrap();
    (out, copied)
}

#[test]
fn without_comments_only_the_lengths_of_sections_change() {
    let file = every_block();
    let (out, copied) = copy(&file.bytes, &[]);
    // The second section states 1234 bytes.
    let mut expected = file.bytes.clone();
    let at = expected.windows(8).position(|bytes| bytes == 1234_i64.to_be_bytes()).unwrap();
    expected[at..at + 8].fill(0xff);
    assert_eq!(out, expected);
    assert_eq!((copied.comments, copied.dropped, copied.info.packets), (0, 0, 4));
}

#[test]
fn packets_are_the_same_under_their_comments() {
    let file = every_block();
    let (out, copied) = copy(&file.bytes, &["one", "zwölf"]);
    let plain = |bytes: &[u8]| {
        let (seen, info) = read(bytes);
        let seen: Vec<_> =
            seen.into_iter().map(|p| (p.number, p.nanoseconds, p.link, p.data, p.original_length)).collect();
        (seen, info.fault, info.truncated, info.link_types)
    };
    assert_eq!(plain(&out), plain(&file.bytes));
    // The Simple Packet Block has no room for options.
    assert_eq!((copied.comments, copied.dropped), (6, 2));
    assert_eq!(out.windows(3).filter(|bytes| bytes == b"one").count(), 3);
}

#[test]
fn options_follow_the_padded_data_and_those_that_were_there_follow_them() {
    let order = Order::Big;
    // The data of five bytes, its padding, epb_flags, opt_endofopt.
    let options = [&order.u16(2)[..], &order.u16(4), &[0, 0, 0, 1], &[0; 4]].concat();
    let head = [0, 0, 7, 5, 5].map(|field| order.u32(field)).concat();
    let body = [&head[..], b"first", &[0; 3], &options].concat();
    let file = PcapNg::new(order).interface(1, 0, &[]).block(6, &body);
    let (out, _) = copy(&file.bytes, &["hello"]);
    let comment = [&order.u16(1)[..], &order.u16(5), b"hello", &[0; 3]].concat();
    let expected =
        PcapNg::new(order).interface(1, 0, &[]).block(6, &[&head[..], b"first", &[0; 3], &comment, &options].concat());
    assert_eq!(out, expected.bytes);

    // Without options there is an end to be written.
    let file = PcapNg::new(order).interface(1, 0, &[]).enhanced(0, 7, 5, b"first");
    let (out, _) = copy(&file.bytes, &["hello"]);
    let expected =
        PcapNg::new(order).interface(1, 0, &[]).block(6, &[&head[..], b"first", &[0; 3], &comment, &[0; 4]].concat());
    assert_eq!(out, expected.bytes);
}

#[test]
fn pcap_keeps_its_nanoseconds_lengths_and_link_type() {
    for (magic, unit) in [(NANOSECONDS, 1), (MODIFIED, 1000)] {
        // The upper half of the link type says how long frame check sequences are.
        let file = Pcap::new(Order::Big, magic, 96, 0x2400_0071).packet(1_700_000_000, 123_456, 500, b"abcde").packet(
            4_294_967_295,
            0,
            3,
            b"xyz",
        );
        let (out, copied) = copy(&file.bytes, &["hello"]);
        assert_eq!((copied.comments, copied.info.packets), (2, 2));
        let (seen, info) = drain(open(&out).unwrap());
        assert_eq!((info.format, info.snapshot_length, info.link_types[0].0), ("pcapng", Some(96), 113));
        assert_eq!(seen[0].nanoseconds, Some(1_700_000_000_000_000_000 + 123_456 * unit));
        assert_eq!((&seen[0].data[..], seen[0].original_length), (&b"abcde"[..], 500));
        assert_eq!(seen[1].nanoseconds, Some(4_294_967_295_000_000_000));
    }
}

#[test]
fn a_comment_is_cut_at_a_character() {
    let file = PcapNg::new(Order::Little).interface(1, 0, &[]).enhanced(0, 0, 1, b"a");
    // 65,535 is in the middle of a character of two bytes.
    let long = "ü".repeat(40_000);
    let (out, _) = copy(&file.bytes, &[&long]);
    let (seen, info) = read(&out);
    assert_eq!((seen.len(), info.fault), (1, None));
    let length = 65_534_u16.to_le_bytes();
    assert!(out.windows(4).any(|bytes| bytes == [1, 0, length[0], length[1]]));
}

#[test]
fn a_damaged_capture_is_copied_up_to_the_damage() {
    let mut file = every_block().bytes;
    let whole = file.len();
    file.truncate(whole - 3);
    let (out, copied) = copy(&file, &["x"]);
    assert!(copied.info.truncated && copied.info.fault.is_none());
    let (seen, info) = read(&out);
    assert_eq!((seen.len(), info.truncated), (3, false));

    file.extend([0; 64]);
    let (out, copied) = copy(&file, &["x"]);
    assert!(copied.info.fault.is_some());
    assert_eq!(read(&out).1.fault, None);
}

/// The copy of a capture with or without secrets.
fn changed(bytes: &[u8], changes: Changes<'_>) -> (Vec<u8>, Copied) {
    let mut out = Vec::new();
    let copied = write_copy(open(bytes).unwrap(), changes, &mut out).unwrap();
    (out, copied)
}

/// The secrets known when the first packet is read.
fn secrets_before_packets(mut reader: Reader) -> Vec<Secrets> {
    assert!(reader.next_packet().is_some());
    reader.take_secrets()
}

#[test]
fn secrets_stand_before_the_packets_in_the_byte_order_of_the_section() {
    let key_log = b"CLIENT_RANDOM 00 11\n";
    let expected = [Secrets { kind: Secrets::TLS_KEY_LOG, data: key_log.to_vec() }];
    for order in [Order::Little, Order::Big] {
        let file = PcapNg::new(order).interface(1, 0, &[]).enhanced(0, 7, 5, b"first").bytes;
        let (out, _) = changed(&file, Changes { key_log, ..Changes::default() });
        assert_eq!(secrets_before_packets(open(&out).unwrap()), expected);
        // Type, length twice, type of secrets and their length, 20 bytes of secrets.
        let block = [&[10, 40, 0x544c_534b, 20].map(|field| order.u32(field)).concat()[..], key_log, &order.u32(40)];
        assert!(out.windows(40).any(|bytes| bytes == block.concat()));
        // Another pass removes them, and nothing else.
        let (stripped, copied) = changed(&out, Changes { strip_secrets: true, ..Changes::default() });
        assert_eq!((stripped, copied.stripped), (changed(&file, Changes::default()).0, 1));

        let pcap = Pcap::new(order, NANOSECONDS, 96, 1).packet(1, 0, 5, b"abcde").bytes;
        let (out, _) = changed(&pcap, Changes { key_log, ..Changes::default() });
        assert_eq!(secrets_before_packets(open(&out).unwrap()), expected);
    }
}

#[test]
fn what_the_reader_would_not_take_is_not_written() {
    let file = every_block();
    let key_log = vec![b'#'; Secrets::MOST + 1];
    let changes = Changes { key_log: &key_log, ..Changes::default() };
    let mut out = Vec::new();
    assert!(write_copy(open(&file.bytes).unwrap(), changes, &mut out).is_err());
    assert!(out.is_empty());
}
