//! Both directions of a connection, a segment at a time, with expected deliveries worked out by hand.

use super::MissingCause::{self, Limit, Lost, Snaplen};
use super::Side::{self, First, Second};
use super::{Connection, Delivery, Missing, Spare};
use crate::Limits;
use crate::capture::{PacketRef, Timestamp};
use crate::packet::{Endpoint, Flags, Segment};
use proptest::prelude::*;
use std::net::Ipv4Addr;

/// A delivery without what a test does not look at.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    /// Side, stream offset, bytes, packet number.
    Data(Side, u64, Vec<u8>, u64),
    /// Side, stream offset, length, cause.
    Missing(Side, u64, u64, MissingCause),
    /// Side, stream offset, packet number.
    Conflict(Side, u64, u64),
    Fin(Side, u64),
    Reset(Side, u64),
}
use Told::{Conflict, Data, Fin, Missing as Hole, Reset};

struct Wire {
    connection: Connection,
    limits: Limits,
    packets: u64,
    told: Vec<Told>,
}

#[derive(Clone, Copy, Default)]
struct Spec<'a> {
    seq: u32,
    ack: Option<u32>,
    flags: Flags,
    payload: &'a [u8],
    cut: u32,
}

const SYN: Flags = Flags { syn: true, fin: false, rst: false };
const FIN: Flags = Flags { syn: false, fin: true, rst: false };
const RST: Flags = Flags { syn: false, fin: false, rst: true };
const NONE: Flags = Flags { syn: false, fin: false, rst: false };

impl Wire {
    fn new() -> Wire {
        Wire { connection: Connection::new(), limits: Limits::default(), packets: 0, told: Vec::new() }
    }

    /// The three packets of the opening; the first end's stream begins at 1001, the other's at 5001.
    fn opened() -> Wire {
        let mut wire = Wire::new();
        wire.send(First, Spec { seq: 1000, flags: SYN, ..Spec::default() });
        wire.send(Second, Spec { seq: 5000, ack: Some(1001), flags: SYN, ..Spec::default() });
        wire.send(First, Spec { seq: 1001, ack: Some(5001), ..Spec::default() });
        assert_eq!(wire.take(), []);
        wire
    }

    fn send(&mut self, side: Side, spec: Spec<'_>) {
        self.packets += 1;
        let end = |host| Endpoint { ip: Ipv4Addr::new(10, 0, 0, host).into(), port: 80 };
        let (source, destination) = if side == First { (end(1), end(2)) } else { (end(2), end(1)) };
        let segment = Segment {
            source,
            destination,
            seq: spec.seq,
            ack: spec.ack,
            flags: spec.flags,
            window: 1024,
            payload: spec.payload,
            cut: spec.cut,
            fingerprint: 0,
        };
        let told = &mut self.told;
        let at = packet(self.packets);
        self.connection.segment(side, &segment, at, &self.limits, &mut Spare::default(), &mut |side, delivery| {
            told.push(note(side, delivery))
        });
    }

    fn data(&mut self, side: Side, seq: u32, payload: &[u8]) {
        self.send(side, Spec { seq, payload, ..Spec::default() });
    }

    fn ack(&mut self, side: Side, seq: u32, ack: u32) {
        self.send(side, Spec { seq, ack: Some(ack), ..Spec::default() });
    }

    fn flags(&mut self, side: Side, seq: u32, flags: Flags) {
        self.send(side, Spec { seq, flags, ..Spec::default() });
    }

    fn finish(&mut self) -> Vec<Told> {
        let told = &mut self.told;
        let at = packet(self.packets);
        self.connection.finish(at, &self.limits, &mut |side, delivery| told.push(note(side, delivery)));
        self.take()
    }

    fn take(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }
}

fn packet(number: u64) -> PacketRef {
    PacketRef::new(number, Some(Timestamp::new(number as i64 * 10_000_000)), number * 100, 80)
}

fn note(side: Side, delivery: Delivery<'_>) -> Told {
    match delivery {
        Delivery::Data(chunk) => Data(side, chunk.offset, chunk.bytes.to_vec(), chunk.packet.number()),
        Delivery::Missing(Missing { offset, length, cause, .. }) => Hole(side, offset, length, cause),
        Delivery::Conflict { offset, packet } => Conflict(side, offset, packet.number()),
        Delivery::Fin(fin) => Fin(side, fin.packet.number()),
        Delivery::Reset(packet) => Reset(side, packet.number()),
    }
}

fn bytes(side: Side, offset: u64, bytes: &[u8], packet: u64) -> Told {
    Data(side, offset, bytes.to_vec(), packet)
}

#[test]
fn an_early_segment_waits_for_the_one_before_it() {
    let mut wire = Wire::opened();
    wire.data(First, 1004, b"def");
    assert_eq!(wire.take(), []);
    wire.data(First, 1001, b"abc");
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 5), bytes(First, 3, b"def", 4)]);
}

#[test]
fn a_retransmission_gives_only_what_is_new() {
    let mut wire = Wire::opened();
    wire.data(First, 1001, b"abc");
    wire.data(First, 1001, b"abc");
    wire.data(First, 1002, b"bcdef");
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 4), bytes(First, 3, b"def", 6)]);
}

#[test]
fn sequence_numbers_wrap() {
    let mut wire = Wire::new();
    wire.send(First, Spec { seq: u32::MAX - 2, flags: SYN, ..Spec::default() });
    wire.data(First, 2, b"efg");
    wire.data(First, u32::MAX - 1, b"abcd");
    assert_eq!(wire.take(), [bytes(First, 0, b"abcd", 3), bytes(First, 4, b"efg", 2)]);
}

#[test]
fn a_stream_longer_than_the_sequence_space_goes_on() {
    let mut wire = Wire::opened();
    let piece = vec![7; 1 << 20];
    let mut seq = 1001_u32;
    for _ in 0..4100 {
        wire.data(First, seq, &piece);
        seq = seq.wrapping_add(1 << 20);
        wire.ack(Second, 5001, seq);
        wire.told.clear();
    }
    wire.data(First, seq, b"x");
    assert_eq!(wire.take(), [bytes(First, 4100 << 20, b"x", 3 + 8200 + 1)]);
}

#[test]
fn other_bytes_before_the_acknowledgment_are_a_conflict_and_after_it_none() {
    let mut wire = Wire::opened();
    wire.data(First, 1001, b"abcdef");
    wire.data(First, 1003, b"cXXf");
    assert_eq!(wire.take(), [bytes(First, 0, b"abcdef", 4), Conflict(First, 3, 5)]);
    wire.ack(Second, 5001, 1007);
    wire.data(First, 1001, b"uvwxyz");
    assert_eq!(wire.take(), []);
}

#[test]
fn only_the_unacknowledged_part_of_a_segment_can_conflict() {
    let mut wire = Wire::opened();
    // The acknowledgment of the first half was captured before the segment.
    wire.ack(Second, 5001, 1004);
    wire.data(First, 1001, b"abcdef");
    wire.data(First, 1001, b"XXXdef");
    assert_eq!(wire.take(), [bytes(First, 0, b"abcdef", 5)]);
    wire.data(First, 1001, b"abcdXX");
    assert_eq!(wire.take(), [Conflict(First, 4, 7)]);
}

#[test]
fn conflicts_are_found_among_early_segments_too() {
    let mut wire = Wire::opened();
    wire.data(First, 1004, b"de");
    wire.data(First, 1006, b"fg");
    wire.data(First, 1004, b"dX");
    assert_eq!(wire.take(), [Conflict(First, 4, 6)]);
    // What closes the hole says other bytes than the second of the two that waited.
    wire.data(First, 1001, b"abcdefX");
    assert_eq!(
        wire.take(),
        [bytes(First, 0, b"abc", 7), bytes(First, 3, b"de", 4), Conflict(First, 6, 7), bytes(First, 5, b"fg", 5)]
    );
}

#[test]
fn a_keep_alive_is_no_data_and_no_conflict() {
    let mut wire = Wire::opened();
    wire.send(First, Spec { seq: 1001, ack: Some(5001), payload: b"abc", ..Spec::default() });
    wire.ack(Second, 5001, 1004);
    wire.take();
    wire.send(First, Spec { seq: 1003, ack: Some(5001), ..Spec::default() });
    wire.send(First, Spec { seq: 1003, ack: Some(5001), payload: b"\0", ..Spec::default() });
    wire.ack(Second, 5001, 1004);
    assert_eq!(wire.take(), []);
    wire.data(First, 1004, b"d");
    assert_eq!(wire.take(), [bytes(First, 3, b"d", 9)]);
}

#[test]
fn a_keep_alive_is_no_conflict_where_acknowledgments_were_not_captured() {
    let mut wire = Wire::new();
    wire.send(First, Spec { seq: 1000, flags: SYN, ..Spec::default() });
    wire.data(First, 1001, b"abc");
    wire.data(First, 1003, b"\0");
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 2)]);
}

#[test]
fn nothing_follows_a_fin_however_it_comes() {
    let mut wire = Wire::opened();
    wire.send(First, Spec { seq: 1001, flags: FIN, payload: b"abc", ..Spec::default() });
    wire.data(First, 1004, b"de");
    wire.data(First, 1001, b"abcde");
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 4), Fin(First, 4)]);

    let mut wire = Wire::opened();
    wire.data(First, 1003, b"cde");
    wire.data(First, 1010, b"xyz");
    wire.send(First, Spec { seq: 1001, flags: FIN, payload: b"abc", ..Spec::default() });
    assert_eq!(wire.take(), [bytes(First, 0, b"ab", 6), bytes(First, 2, b"c", 4), Fin(First, 6)]);
    assert_eq!(wire.finish(), []);
}

#[test]
fn a_fin_waits_for_the_bytes_before_it() {
    let mut wire = Wire::opened();
    wire.flags(First, 1004, FIN);
    assert_eq!(wire.take(), []);
    wire.data(First, 1001, b"abc");
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 5), Fin(First, 4)]);
}

#[test]
fn an_rst_ends_both_directions() {
    let mut wire = Wire::opened();
    wire.data(First, 1001, b"abc");
    wire.flags(First, 1004, RST);
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 4), Reset(First, 5)]);
    assert!(wire.connection.is_over());
    wire.flags(First, 1004, RST);
    assert_eq!(wire.take(), [], "an RST is told once");
}

#[test]
fn an_rst_that_overtook_data_waits_for_it() {
    let mut wire = Wire::opened();
    wire.flags(First, 1004, RST);
    assert_eq!(wire.take(), []);
    assert!(!wire.connection.is_over());
    wire.data(First, 1001, b"abc");
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 5), Reset(First, 4)]);
}

#[test]
fn an_rst_waits_for_the_bytes_before_it_even_when_it_comes_twice_or_behind_a_fin() {
    let mut wire = Wire::opened();
    wire.flags(First, 1004, RST);
    wire.flags(First, 1004, RST);
    wire.data(First, 1001, b"abc");
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 6), Reset(First, 4)]);

    let mut wire = Wire::opened();
    wire.flags(First, 1004, FIN);
    wire.flags(First, 1005, RST);
    wire.data(First, 1001, b"abc");
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 6), Fin(First, 4), Reset(First, 5)]);
}

#[test]
fn an_rst_with_an_old_sequence_number_counts() {
    // It answers a segment whose sender had not yet acknowledged everything (RFC 9293 §3.10.7.1).
    let mut wire = Wire::opened();
    wire.data(First, 1001, b"abc");
    wire.flags(First, 1001, RST);
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 4), Reset(First, 5)]);
}

#[test]
fn an_rst_outside_every_window_is_nobodys() {
    let mut wire = Wire::opened();
    wire.flags(First, 1001_u32.wrapping_add(0x7000_0000), RST);
    wire.data(First, 1001, b"abc");
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 5)]);
    assert!(!wire.connection.is_over());
}

#[test]
fn an_rst_in_the_window_is_not_the_senders_when_the_sender_goes_on() {
    let mut wire = Wire::opened();
    wire.flags(First, 1003, RST);
    wire.data(First, 1001, b"abc");
    wire.flags(First, 1004, FIN);
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 5), Fin(First, 6)]);
    assert_eq!(wire.finish(), []);

    // Far ahead of everything the sender ever sent.
    let mut wire = Wire::opened();
    wire.flags(First, 9000, RST);
    wire.data(First, 1001, b"abc");
    wire.flags(First, 1004, FIN);
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 5), Fin(First, 6)]);
    assert_eq!(wire.finish(), []);
}

#[test]
fn fin_and_rst_in_the_wrong_order_are_told_in_the_right_one() {
    let mut wire = Wire::opened();
    wire.flags(First, 1005, RST);
    wire.flags(First, 1004, FIN);
    wire.data(First, 1001, b"abc");
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 6), Fin(First, 5), Reset(First, 4)]);
    assert!(wire.connection.is_over());
}

#[test]
fn an_rst_behind_a_fin_that_was_not_captured_leaves_no_hole() {
    let mut wire = Wire::opened();
    wire.data(First, 1001, b"abc");
    wire.flags(First, 1005, RST);
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 4)]);
    assert_eq!(wire.finish(), [Reset(First, 5)]);
}

#[test]
fn a_syn_may_carry_data() {
    let mut wire = Wire::new();
    wire.send(First, Spec { seq: 1000, flags: SYN, payload: b"abc", ..Spec::default() });
    wire.data(First, 1004, b"def");
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 1), bytes(First, 3, b"def", 2)]);
}

#[test]
fn a_syn_with_another_number_opens_another_connection() {
    let wire = Wire::opened();
    let segment = |seq, flags| Segment {
        source: Endpoint { ip: Ipv4Addr::LOCALHOST.into(), port: 1 },
        destination: Endpoint { ip: Ipv4Addr::LOCALHOST.into(), port: 2 },
        seq,
        ack: None,
        flags,
        window: 0,
        payload: b"",
        cut: 0,
        fingerprint: 0,
    };
    assert!(!wire.connection.is_followed_by(First, &segment(1000, SYN)), "a retransmitted SYN");
    assert!(wire.connection.is_followed_by(First, &segment(1001, SYN)));
    assert!(!wire.connection.is_followed_by(First, &segment(1001, NONE)));
}

#[test]
fn without_a_syn_the_first_byte_captured_is_the_first_of_the_stream() {
    let mut wire = Wire::new();
    wire.ack(First, 1001, 5001);
    wire.data(First, 1001, b"abc");
    wire.data(First, 999, b"yzab");
    wire.data(Second, 5001, b"x");
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 2), bytes(Second, 0, b"x", 4)]);
}

#[test]
fn a_hole_that_was_acknowledged_is_given_up_32_segments_later() {
    let mut wire = Wire::opened();
    wire.data(First, 1001, b"abc");
    wire.data(First, 1007, b"ghi");
    wire.take();
    for segment in 0..32 {
        wire.ack(Second, 5001, 1010);
        assert_eq!(wire.take(), [], "after {segment}");
    }
    wire.ack(Second, 5001, 1010);
    assert_eq!(wire.take(), [Hole(First, 3, 3, Lost), bytes(First, 6, b"ghi", 5)]);
    wire.data(First, 1004, b"def");
    assert_eq!(wire.take(), [], "too late");
}

#[test]
fn a_hole_that_was_not_acknowledged_is_waited_for() {
    let mut wire = Wire::opened();
    wire.data(First, 1004, b"def");
    for _ in 0..100 {
        wire.ack(Second, 5001, 1001);
    }
    wire.data(First, 1001, b"abc");
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 105), bytes(First, 3, b"def", 4)]);
}

#[test]
fn what_waits_at_the_end_is_delivered_with_its_holes() {
    let mut wire = Wire::opened();
    wire.data(First, 1004, b"def");
    wire.data(First, 1010, b"jkl");
    wire.flags(First, 1015, FIN);
    assert_eq!(
        wire.finish(),
        [
            Hole(First, 0, 3, Lost),
            bytes(First, 3, b"def", 4),
            Hole(First, 6, 3, Lost),
            bytes(First, 9, b"jkl", 5),
            Hole(First, 12, 2, Lost),
            Fin(First, 6)
        ]
    );
}

#[test]
fn bytes_that_were_acknowledged_and_never_seen_are_missing_at_the_end() {
    let mut wire = Wire::opened();
    wire.data(First, 1001, b"abc");
    wire.ack(Second, 5001, 1009);
    assert_eq!(wire.finish(), [bytes(First, 0, b"abc", 4), Hole(First, 3, 5, Lost)]);

    // One sequence number more may be a FIN.
    let mut wire = Wire::opened();
    wire.data(First, 1001, b"abc");
    wire.ack(Second, 5001, 1005);
    assert_eq!(wire.finish(), [bytes(First, 0, b"abc", 4)]);
}

#[test]
fn a_direction_that_was_not_captured_is_no_hole() {
    let mut wire = Wire::new();
    wire.send(First, Spec { seq: 1000, flags: SYN, ..Spec::default() });
    wire.send(First, Spec { seq: 1001, ack: Some(5001), payload: b"abc", ..Spec::default() });
    wire.send(First, Spec { seq: 1004, ack: Some(9001), payload: b"def", ..Spec::default() });
    assert_eq!(wire.finish(), [bytes(First, 0, b"abc", 2), bytes(First, 3, b"def", 3)]);
    let facts = wire.connection.facts();
    assert_eq!((facts.opened, facts.first_seen, facts.second_seen), (true, true, false));
}

#[test]
fn cut_bytes_are_missing_at_once() {
    let mut wire = Wire::opened();
    wire.send(First, Spec { seq: 1001, payload: b"abc", cut: 4, ..Spec::default() });
    wire.data(First, 1008, b"hij");
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 4), Hole(First, 3, 4, Snaplen), bytes(First, 7, b"hij", 5)]);
}

#[test]
fn cut_bytes_that_came_early_are_filled_by_a_copy_that_is_whole() {
    let mut wire = Wire::opened();
    wire.send(First, Spec { seq: 1004, payload: b"d", cut: 2, ..Spec::default() });
    wire.data(First, 1001, b"abcdefg");
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 5), bytes(First, 3, b"d", 4), bytes(First, 4, b"efg", 5)]);
}

#[test]
fn cut_bytes_before_the_start_are_no_hole() {
    let mut wire = Wire::opened();
    wire.send(First, Spec { seq: 991, payload: b"..", cut: 8, ..Spec::default() });
    wire.data(First, 1001, b"abc");
    assert_eq!(wire.take(), [bytes(First, 0, b"abc", 5)]);
}

#[test]
fn more_than_may_wait_gives_up_the_first_hole() {
    let mut wire = Wire::opened();
    wire.limits.out_of_order_bytes = 5;
    wire.data(First, 1003, b"cde");
    wire.data(First, 1008, b"hij");
    assert_eq!(wire.take(), [Hole(First, 0, 2, Limit), bytes(First, 2, b"cde", 4)]);
    wire.data(First, 1006, b"fg");
    assert_eq!(wire.take(), [bytes(First, 5, b"fg", 6), bytes(First, 7, b"hij", 5)]);
}

#[test]
fn a_packet_captured_twice_is_counted_and_a_retransmission_is_not() {
    let mut wire = Wire::opened();
    let mut send = |fingerprint, milliseconds: i64| {
        let end = |host| Endpoint { ip: Ipv4Addr::new(10, 0, 0, host).into(), port: 80 };
        let segment = Segment {
            source: end(1),
            destination: end(2),
            seq: 1001,
            ack: None,
            flags: NONE,
            window: 0,
            payload: b"abc",
            cut: 0,
            fingerprint,
        };
        let at = PacketRef::new(9, Some(Timestamp::new(milliseconds * 1_000_000)), 0, 0);
        wire.connection.segment(First, &segment, at, &wire.limits, &mut Spare::default(), &mut |_, _| {});
        wire.connection.facts().duplicates
    };
    assert_eq!(send(1, 1000), 0);
    assert_eq!(send(1, 1001), 1);
    assert_eq!(send(2, 1002), 1, "another identification");
    assert_eq!(send(2, 1300), 1, "too late for a copy");
}

/// What the sender of each delivered chunk had acknowledged, for segments of (sequence number, acknowledgment, payload).
fn knowledge(segments: &[(u32, u32, &[u8])]) -> Vec<(u64, Option<u64>)> {
    let mut wire = Wire::opened();
    let mut seen = Vec::new();
    for &(seq, ack, payload) in segments {
        let end = |host| Endpoint { ip: Ipv4Addr::new(10, 0, 0, host).into(), port: 80 };
        let segment = Segment {
            source: end(1),
            destination: end(2),
            seq,
            ack: Some(ack),
            flags: NONE,
            window: 0,
            payload,
            cut: 0,
            fingerprint: 0,
        };
        wire.connection.segment(First, &segment, packet(9), &wire.limits, &mut Spare::default(), &mut |_, delivery| {
            if let Delivery::Data(chunk) = delivery {
                seen.push((chunk.offset, chunk.acknowledged));
            }
        });
    }
    seen
}

#[test]
fn what_the_sender_had_read_is_an_offset_of_the_other_direction() {
    let seen = knowledge(&[(1004, 5011, b"def"), (1001, 5004, b"abc")]);
    assert_eq!(seen, [(0, Some(3)), (3, Some(10))]);
}

#[test]
fn a_retransmission_that_fills_a_hole_knew_no_more_than_what_was_sent_behind_it() {
    // "abc" was lost before the tap; "def" behind it had acknowledged 3 bytes, the retransmission 10.
    let seen = knowledge(&[(1004, 5004, b"def"), (1001, 5011, b"abc")]);
    assert_eq!(seen, [(0, Some(3)), (3, Some(3))]);
}

#[test]
fn a_retransmission_knew_no_more_than_a_bare_acknowledgment_from_behind_it() {
    // The sequence number of the bare acknowledgment says that "abc" was sent by then (RFC 9293 §3.4).
    let seen = knowledge(&[(1004, 5004, b""), (1001, 5011, b"abc"), (1004, 5013, b"def")]);
    assert_eq!(seen, [(0, Some(3)), (3, Some(12))]);
}

/// A piece of a stream of 200 bytes: where it begins, how long it is, and how far it is displaced in the capture.
fn pieces() -> impl Strategy<Value = Vec<(usize, usize, usize)>> {
    proptest::collection::vec((0_usize..200, 1_usize..40, 0_usize..20), 0..40)
}

proptest! {
    /// Any segments that cover the stream, in any order, with any overlaps, give its bytes once and in order, and
    /// each byte is traced to a packet that carried it.
    #[test]
    fn any_segments_give_the_stream(start: u32, extra in pieces(), cuts in proptest::collection::vec(1_usize..60, 1..20), seed: u64) {
        let stream: Vec<u8> = (0..200_u8).collect();
        let mut segments = Vec::new();
        let mut at = 0;
        for &cut in cuts.iter().cycle() {
            let end = (at + cut).min(stream.len());
            segments.push((at, end));
            at = end;
            if at == stream.len() {
                break;
            }
        }
        segments.extend(extra.iter().map(|&(at, length, _)| (at, (at + length).min(stream.len()))));
        let mut random = seed;
        for i in (1..segments.len()).rev() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            segments.swap(i, (random >> 33) as usize % (i + 1));
        }
        let mut wire = Wire::new();
        wire.send(First, Spec { seq: start.wrapping_sub(1), flags: SYN, ..Spec::default() });
        for &(from, to) in &segments {
            wire.data(First, start.wrapping_add(from as u32), &stream[from..to]);
        }
        wire.flags(First, start.wrapping_add(stream.len() as u32), FIN);
        let told = wire.take();
        let mut got = Vec::new();
        for told in &told[..told.len() - 1] {
            let Data(First, offset, bytes, number) = told else { panic!("{told:?}") };
            prop_assert_eq!(*offset, got.len() as u64);
            let (from, to) = segments[*number as usize - 2];
            prop_assert!(from as u64 <= *offset && offset + bytes.len() as u64 <= to as u64);
            got.extend_from_slice(bytes);
        }
        prop_assert_eq!(got, stream);
        prop_assert_eq!(told.last(), Some(&Fin(First, wire.packets)));
    }

    /// Any segments at all: what is delivered is contiguous, and nothing panics.
    #[test]
    fn any_segments_at_all_give_a_contiguous_stream(
        segments in proptest::collection::vec(
            (any::<bool>(), prop_oneof![0_u32..300, any::<u32>()], proptest::option::of(prop_oneof![0_u32..300, any::<u32>()]),
             0_u8..40, 0_usize..50, prop_oneof![Just(0_u32), 0_u32..100, any::<u32>()]),
            0..120,
        ),
        waiting in 0_usize..200,
    ) {
        let payload = [9; 50];
        let mut wire = Wire::new();
        wire.limits.out_of_order_bytes = waiting;
        wire.limits.out_of_order_segments = waiting / 10;
        wire.limits.unacknowledged_bytes = waiting;
        for (first, seq, ack, flags, length, cut) in segments {
            let flags = Flags { syn: flags == 1, fin: flags == 2, rst: flags == 3 };
            let side = if first { First } else { Second };
            wire.send(side, Spec { seq, ack, flags, payload: &payload[..length], cut });
        }
        let mut told = wire.take();
        told.extend(wire.finish());
        for side in [First, Second] {
            let mut next = 0;
            for told in &told {
                match told {
                    Data(of, offset, bytes, _) if *of == side => {
                        prop_assert_eq!(*offset, next);
                        prop_assert!(!bytes.is_empty());
                        next += bytes.len() as u64;
                    }
                    Hole(of, offset, length, _) if *of == side => {
                        prop_assert_eq!(*offset, next);
                        prop_assert!(*length > 0);
                        next += length;
                    }
                    _ => {}
                }
            }
            prop_assert!(told.iter().filter(|told| matches!(told, Fin(of, _) if *of == side)).count() <= 1);
            prop_assert!(told.iter().filter(|told| matches!(told, Reset(of, _) if *of == side)).count() <= 1);
        }
    }
}
