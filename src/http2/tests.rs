//! Beginnings, boundaries and the order of the two directions.

use super::connection::{Bounds, Connection, Step};
use super::frame::PREFACE;
use super::gate::Gate;
use super::preface::{Preface, Verdict};
use super::resync;
use crate::capture::PacketRef;
use crate::tcp::{Chunk, Delivery, Missing, MissingCause, Side};
use proptest::collection::vec;
use proptest::prelude::*;

const C: Side = Side::First;
const S: Side = Side::Second;
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";

fn packet() -> PacketRef {
    PacketRef::new(1, None, 0, 0)
}

fn data(offset: u64, bytes: &[u8], acknowledged: Option<u64>) -> Delivery<'_> {
    Delivery::Data(Chunk { offset, bytes, packet: packet(), acknowledged })
}

/// The verdict on these writes, and how many of them decided it.
fn verdict(writes: &[(Side, &[u8])]) -> (Verdict, usize) {
    let mut preface = Preface::default();
    for (n, (side, bytes)) in writes.iter().enumerate() {
        let verdict = preface.push(*side, &data(0, bytes, None));
        if verdict != Verdict::Wait {
            return (verdict, n + 1);
        }
    }
    (Verdict::Wait, writes.len())
}

#[test]
fn the_first_bytes_of_either_side_tell() {
    let (first, rest) = PREFACE.split_at(1);
    assert_eq!(verdict(&[(C, PREFACE)]), (Verdict::Http2(C), 1));
    assert_eq!(verdict(&[(S, SETTINGS), (C, first), (C, rest)]), (Verdict::Http2(C), 3));
    assert_eq!(verdict(&[(S, &SETTINGS[..4]), (C, PREFACE)]), (Verdict::Http2(C), 2));
    assert_eq!(verdict(&[(C, b"GET / HTTP/1.1")]), (Verdict::Other, 1));
    assert_eq!(verdict(&[(C, b"PRI"), (C, b"NT")]), (Verdict::Other, 2));
    assert_eq!(verdict(&[(C, PREFACE), (S, b"HTTP/1.1 400")]), (Verdict::Http2(C), 1));
    assert_eq!(verdict(&[(S, b"HTTP/1.1 400"), (C, PREFACE)]), (Verdict::Other, 1));
    // Zeros, which SETTINGS may begin with, are none.
    assert_eq!(verdict(&[(S, &[0; 9])]), (Verdict::Other, 1));
    assert_eq!(verdict(&[(S, &[0; 2]), (S, &[0; 2])]), (Verdict::Wait, 2));
}

#[test]
fn a_boundary_is_found_by_headers_that_fit_and_not_in_zeros_or_text() {
    let frame = |kind: u8, flags: u8, stream: u8, payload: &[u8]| {
        let header = [0, 0, payload.len() as u8, kind, flags, 0, 0, 0, stream];
        [&header[..], payload].concat()
    };
    let window = frame(8, 0, 0, &[0, 0, 1, 0]);
    let text = frame(0, 0, 5, b"some data");
    let found = |bytes: &[u8], known: &[u32]| resync::find(bytes, known);
    assert_eq!(found(&[&b"the end of a payload"[..], &window, &text].concat(), &[]), Some(20));
    assert_eq!(found(&[&b"tail"[..], &text].concat(), &[3, 5]), Some(4));
    // On a stream that nobody knows, a header in the middle is not enough; at the edge it is.
    assert_eq!(found(&[&b"tail"[..], &frame(0, 0, 7, b"half a frame")[..15]].concat(), &[]), None);
    assert_eq!(found(&text, &[]), Some(0));
    assert_eq!(found(&[0; 1000], &[1, 3]), None);
    assert_eq!(found("plain text, as long as a segment may be ".repeat(30).as_bytes(), &[1, 3]), None);
    assert!(resync::looks_like_http2(&[window, text].concat()));
    assert!(!resync::looks_like_http2(b"\x81\x05Hello"));
}

#[test]
fn what_acknowledges_waits_for_what_it_acknowledges() {
    let order = |deliveries: &[(Side, Delivery<'_>)]| {
        let (mut gate, mut order) = (Gate::default(), Vec::new());
        for (side, delivery) in deliveries {
            gate.pass(*side, delivery, &mut |side, _| order.push(side));
        }
        let passed = order.len();
        gate.finish(&mut |side, _| order.push(side));
        (passed, order)
    };
    let (ask, answer) = ((C, data(0, b"ask", Some(0))), (S, data(0, b"answer", Some(3))));
    assert_eq!(order(&[ask, answer]), (2, vec![C, S]));
    assert_eq!(order(&[answer, ask]), (2, vec![C, S]));
    assert_eq!(order(&[(S, data(0, b"answer", None)), ask]), (2, vec![S, C]));
    // What never comes is not waited for in the end.
    assert_eq!(order(&[answer]), (0, vec![S]));
    let reply = (C, data(3, b"and", Some(6)));
    assert_eq!(order(&[answer, ask, reply]), (3, vec![C, S, C]));
}

fn bounds() -> Bounds {
    Bounds { head_bytes: 4096, waiting_bytes: 8192, early_bytes: 1024, table_bytes: 4096, streams: 8 }
}

/// What is told of a connection whose directions bring these bytes in pieces.
fn told(client: &[u8], server: &[u8], cuts: &[usize]) -> Vec<String> {
    let mut connection = Connection::new(C, bounds());
    let mut told: Vec<String> = Vec::new();
    let mut take = |step: Step<'_>| match step {
        Step::Opened { opening, .. } => told.push(format!("opened {}", opening.stream)),
        Step::Refused { opening, .. } => told.push(format!("refused {}", opening.stream)),
        Step::Tunnel { stream, target, .. } => told.push(format!("tunnel {stream} to {target}")),
        Step::Delivery { stream, side, delivery: Delivery::Data(chunk) } => {
            told.extend(
                chunk.bytes.iter().zip(chunk.offset..).map(|(byte, at)| format!("{stream} {side:?} {at} {byte}")),
            );
        }
        Step::Delivery { stream, side, delivery: Delivery::Missing(missing) } => {
            told.push(format!("{stream} {side:?} {} missing {}", missing.offset, missing.length));
        }
        Step::Delivery { stream, side, .. } => told.push(format!("{stream} {side:?} end")),
        Step::Event { stream, event } => told.push(format!("{stream} {:?}", event.fact)),
        Step::Over { stream } => told.push(format!("{stream} over")),
    };
    for (side, bytes) in [(C, client), (S, server)] {
        let mut at = 0_usize;
        for &cut in cuts.iter().chain([&usize::MAX]) {
            let end = at.saturating_add(cut.max(1)).min(bytes.len());
            if at < end {
                connection.deliver(side, &data(at as u64, &bytes[at..end], None), &mut take);
            }
            at = end;
        }
    }
    connection.finish(&mut take);
    told
}

/// A header block that asks: CONNECT, websocket.
const ASK: &[u8] = b"\x00\x07:method\x07CONNECT\x00\x09:protocol\x09websocket";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = (payload.len() as u32).to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[test]
fn a_plain_connect_is_a_tunnel_if_the_server_agrees() {
    let ask = frame(1, 4, 1, b"\x00\x07:method\x07CONNECT\x00\x0a:authority\x03a:1");
    let refused = [&ask[..8], &[3], &ask[9..]].concat();
    let client = [PREFACE, SETTINGS, &ask, &frame(0, 0, 1, b"x"), &refused, &frame(0, 0, 3, b"x")].concat();
    let server = [SETTINGS, &frame(1, 4, 1, b"\x88"), &frame(1, 5, 3, b"\x8d"), &frame(0, 1, 1, b"y")].concat();
    let expected = ["tunnel 1 to a:1", "1 First 0 120", "1 Second 0 121", "1 EndStream", "1 Second end"];
    assert_eq!(told(&client, &server, &[]), expected);

    // What is held of it has a bound, and behind more than that nobody knows where the bytes belong.
    let client = [PREFACE, SETTINGS, &ask, &frame(0, 0, 1, &[0; 2000])].concat();
    assert_eq!(told(&client, &server, &[]), [""; 0]);
}

#[test]
fn a_hole_inside_a_payload_is_counted_and_one_across_a_boundary_is_not() {
    let client = [PREFACE, SETTINGS, &frame(1, 4, 1, ASK)].concat();
    let server = [SETTINGS, &frame(1, 4, 1, b"\x88")].concat();
    let mut connection = Connection::new(C, bounds());
    let mut holes = Vec::new();
    let mut take = |step: Step<'_>| {
        if let Step::Delivery { delivery: Delivery::Missing(missing), .. } = step {
            holes.push((missing.offset, missing.length, missing.cause));
        }
    };
    connection.deliver(C, &data(0, &client, None), &mut take);
    connection.deliver(S, &data(0, &server, None), &mut take);
    let missing = |offset: usize, length| {
        Delivery::Missing(Missing { offset: offset as u64, length, cause: MissingCause::Lost, packet: packet() })
    };
    // Ten bytes of payload: two come, five are missing, three come.
    let payload = frame(0, 0, 1, b"abcdefghij");
    let mut at = client.len();
    connection.deliver(C, &data(at as u64, &payload[..11], None), &mut take);
    connection.deliver(C, &missing(at + 11, 5), &mut take);
    connection.deliver(C, &data(at as u64 + 16, &payload[16..], None), &mut take);
    at += payload.len();
    connection.deliver(C, &missing(at, 100), &mut take);
    assert_eq!(holes, [(2, 5, MissingCause::Lost), (10, 100, MissingCause::Unplaced)]);
}

proptest! {
    #[test]
    fn how_the_bytes_are_cut_does_not_matter(
        frames in vec((any::<bool>(), 0_u8..10, any::<u8>(), 0_u32..4, vec(any::<u8>(), 0..20)), 0..20),
        cuts in vec(1_usize..30, 0..40),
    ) {
        let mut client = [PREFACE, SETTINGS, &frame(1, 4, 1, ASK)].concat();
        let mut server = [SETTINGS, &frame(1, 4, 1, b"\x88")].concat();
        for (from_client, kind, flags, stream, payload) in frames {
            let bytes = frame(kind, flags, stream, &payload);
            if from_client { client.extend(bytes) } else { server.extend(bytes) }
        }
        prop_assert_eq!(told(&client, &server, &cuts), told(&client, &server, &[]));
    }
}
