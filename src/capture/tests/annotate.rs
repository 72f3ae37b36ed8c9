//! Copies with comments.

use super::build::{MODIFIED, NANOSECONDS, Order, Pcap, PcapNg, every_block};
use super::{drain, open, read};
use crate::capture::{Annotated, annotate};

/// The copy of a capture in which every packet has these comments.
fn copy(bytes: &[u8], comments: &[&str]) -> (Vec<u8>, Annotated) {
    let mut out = Vec::new();
    let said = |_| comments.iter().map(|&comment| comment.to_owned()).collect();
    let annotated = annotate(open(bytes).unwrap(), &mut { said }, &mut out).unwrap();
    (out, annotated)
}

#[test]
fn without_comments_only_the_lengths_of_sections_change() {
    let file = every_block();
    let (out, annotated) = copy(&file.bytes, &[]);
    // The second section states 1234 bytes.
    let mut expected = file.bytes.clone();
    let at = expected.windows(8).position(|bytes| bytes == 1234_i64.to_be_bytes()).unwrap();
    expected[at..at + 8].fill(0xff);
    assert_eq!(out, expected);
    assert_eq!((annotated.comments, annotated.dropped, annotated.info.packets), (0, 0, 4));
}

#[test]
fn packets_are_the_same_under_their_comments() {
    let file = every_block();
    let (out, annotated) = copy(&file.bytes, &["one", "zwölf"]);
    let plain = |bytes: &[u8]| {
        let (seen, info) = read(bytes);
        let seen: Vec<_> =
            seen.into_iter().map(|p| (p.number, p.nanoseconds, p.link, p.data, p.original_length)).collect();
        (seen, info.fault, info.truncated, info.link_types)
    };
    assert_eq!(plain(&out), plain(&file.bytes));
    // The Simple Packet Block has no room for options.
    assert_eq!((annotated.comments, annotated.dropped), (6, 2));
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
        let (out, annotated) = copy(&file.bytes, &["hello"]);
        assert_eq!((annotated.comments, annotated.info.packets), (2, 2));
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
    let (out, annotated) = copy(&file, &["x"]);
    assert!(annotated.info.truncated && annotated.info.fault.is_none());
    let (seen, info) = read(&out);
    assert_eq!((seen.len(), info.truncated), (3, false));

    file.extend([0; 64]);
    let (out, annotated) = copy(&file, &["x"]);
    assert!(annotated.info.fault.is_some());
    assert_eq!(read(&out).1.fault, None);
}
