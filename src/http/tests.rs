use super::*;
use crate::tcp::{Chunk, Delivery, Fin, Missing, MissingCause};
use proptest::prelude::*;

use Side::{First as C, Second as S};

const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                      Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const REFUSAL: &str = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nNo!\n";

/// Bytes that one end writes; it has read all that stands before it in the conversation, unless told otherwise.
#[derive(Clone)]
struct Write {
    side: Side,
    bytes: Vec<u8>,
    /// How many of the writes before it the writer had not read.
    unread: usize,
    /// Missing from the capture.
    missing: bool,
}

fn write(side: Side, bytes: impl AsRef<[u8]>) -> Write {
    Write { side, bytes: bytes.as_ref().to_vec(), unread: 0, missing: false }
}

fn unread(count: usize, write: Write) -> Write {
    Write { unread: count, ..write }
}

fn missing(write: Write) -> Write {
    Write { missing: true, ..write }
}

fn packet(number: u64) -> PacketRef {
    PacketRef::new(number, None, 0, 0)
}

fn fin(number: u64) -> Fin {
    Fin { packet: packet(number), acknowledged: None }
}

/// Runs a conversation, each write in one packet, or cut into packets at `cuts` (positions among all the bytes), and
/// gives the steps as lines.
fn run_with(conversation: &[Write], limits: (usize, usize), cuts: &[usize]) -> Vec<String> {
    let mut connection = Connection::new(limits.0, limits.1);
    let mut steps = Vec::new();
    let mut lengths = [0u64; 2];
    let mut history: Vec<[u64; 2]> = vec![lengths];
    let (mut number, mut position) = (0, 0);
    for (index, write) in conversation.iter().enumerate() {
        let acknowledged = Some(history[index - write.unread.min(index)][write.side.other() as usize]);
        let offset = lengths[write.side as usize];
        lengths[write.side as usize] += write.bytes.len() as u64;
        history.push(lengths);
        if write.missing {
            let missing =
                Missing { offset, length: write.bytes.len() as u64, cause: MissingCause::Lost, packet: packet(0) };
            connection.deliver(write.side, &Delivery::Missing(missing), &mut |step| steps.push(step));
            position += write.bytes.len();
            continue;
        }
        let mut begin = 0;
        while begin < write.bytes.len() {
            let end = cuts.iter().map(|&cut| cut.saturating_sub(position)).filter(|&cut| cut > begin).min();
            let end = end.unwrap_or(usize::MAX).min(write.bytes.len());
            number += 1;
            let bytes = &write.bytes[begin..end];
            let chunk = Chunk { offset: offset + begin as u64, bytes, packet: packet(number), acknowledged };
            connection.deliver(write.side, &Delivery::Data(chunk), &mut |step| steps.push(step));
            begin = end;
        }
        position += write.bytes.len();
    }
    connection.finish(&mut |step| steps.push(step));
    steps.iter().map(describe).collect()
}

fn run(conversation: &[Write]) -> Vec<String> {
    run_with(conversation, (4096, 4096), &[])
}

/// A step without what depends on how the stream was cut.
fn describe(step: &Step) -> String {
    match step {
        Step::NotHttp => "not http".into(),
        Step::OtherProtocol => "other protocol".into(),
        Step::Http2(Http2Switch { held, .. }) => {
            let bytes = |role| -> Vec<u8> {
                held.iter().filter(|held| held.sender == role).flat_map(|held| held.bytes.clone()).collect()
            };
            format!("HTTP/2 c[{}] s[{}]", bytes(Role::Client).escape_ascii(), bytes(Role::Server).escape_ascii())
        }
        Step::Attempt(attempt) => format!("attempt {}", describe_attempt(attempt)),
        Step::Switched(Switch { attempt, held, .. }) => {
            let bytes = |role| -> Vec<u8> {
                held.iter().filter(|held| held.sender == role).flat_map(|held| held.bytes.clone()).collect()
            };
            let (client, server) = (bytes(Role::Client), bytes(Role::Server));
            format!("switched {} c[{}] s[{}]", describe_attempt(attempt), client.escape_ascii(), server.escape_ascii())
        }
    }
}

fn describe_attempt(attempt: &Attempt) -> String {
    let request = attempt.request.as_ref().map_or("-".into(), |head| {
        format!("{} {} @{}+{} {:?}", head.line.method, head.line.target, head.offset, head.length, head.faults)
    });
    let response = attempt
        .response
        .as_ref()
        .map_or("-".into(), |head| format!("{} @{}+{} {:?}", head.line.status, head.offset, head.length, head.faults));
    let mut text = format!("{:?} {request} -> {response}", attempt.client);
    for (is, what) in [
        (attempt.switched, "switched"),
        (attempt.early_data.is_some(), "early"),
        (attempt.pipelined.is_some(), "pipelined"),
        (attempt.early_dropped > 0, "dropped"),
    ] {
        if is {
            text += " ";
            text += what;
        }
    }
    if let Some(tunnel) = &attempt.tunnel {
        text += &format!(" via {tunnel}");
    }
    if let Some(body) = attempt.hixie_body {
        text += &format!(" body {}", body.escape_ascii());
    }
    if let Some(answer) = attempt.hixie_answer {
        text += &format!(" answer {}", answer.escape_ascii());
    }
    text
}

/// `REQUEST` is 144 bytes long, `ANSWER` 129.
const PLAIN: &str = "First GET /chat @0+144 [] -> 101 @0+129 [] switched";

fn plain() -> Vec<Write> {
    vec![write(C, REQUEST), write(S, ANSWER), write(C, "\u{1}c"), write(S, "\u{2}s")]
}

#[test]
fn an_upgrade_is_told_with_the_first_answer_that_switches() {
    assert_eq!(run(&plain()), [format!("switched {PLAIN} c[] s[]")]);
}

#[test]
fn the_side_that_was_seen_first_need_not_be_the_client() {
    let conversation = [write(S, REQUEST), write(C, ANSWER)];
    assert_eq!(run(&conversation), [format!("switched {} c[] s[]", PLAIN.replace("First", "Second"))]);
}

#[test]
fn a_frame_in_the_packet_of_the_101_is_held_and_told() {
    let answer = format!("{ANSWER}\x01\x02");
    let mut connection = Connection::new(4096, 4096);
    let mut steps = Vec::new();
    for (number, side, bytes) in [(1, C, REQUEST.as_bytes()), (2, S, answer.as_bytes())] {
        let chunk = Chunk { offset: 0, bytes, packet: packet(number), acknowledged: None };
        connection.deliver(side, &Delivery::Data(chunk), &mut |step| steps.push(step));
    }
    let Some(Step::Switched(Switch { attempt, held, .. })) = steps.pop() else { panic!("no switch") };
    assert!(attempt.first_frame_coalesced);
    assert_eq!((held.len(), held[0].offset, &held[0].bytes[..], held[0].packet), (1, 129, &[1, 2][..], packet(2)));
    assert_eq!(held[0].sender, Role::Server);
}

#[test]
fn heads_know_their_packets() {
    let mut connection = Connection::new(4096, 4096);
    let mut steps = Vec::new();
    let (head, tail) = REQUEST.as_bytes().split_at(60);
    for (number, side, offset, bytes) in [(4, C, 0, head), (6, C, 60, tail), (7, S, 0, ANSWER.as_bytes())] {
        let chunk = Chunk { offset, bytes, packet: packet(number), acknowledged: None };
        connection.deliver(side, &Delivery::Data(chunk), &mut |step| steps.push(step));
    }
    let Some(Step::Switched(Switch { attempt, .. })) = steps.pop() else { panic!("no switch") };
    let request = attempt.request.unwrap();
    assert_eq!((request.packet, request.last_packet, request.segments), (packet(4), packet(6), 2));
    assert_eq!(attempt.response.unwrap().segments, 1);
    assert!(!attempt.first_frame_coalesced);
}

#[test]
fn a_refusal_is_told_and_the_connection_goes_on() {
    let conversation = [write(C, REQUEST), write(S, REFUSAL), write(C, REQUEST), write(S, ANSWER)];
    let expected = [
        "attempt First GET /chat @0+144 [] -> 401 @0+48 []",
        "switched First GET /chat @144+144 [] -> 101 @52+129 [] switched c[] s[]",
    ];
    assert_eq!(run(&conversation), expected);
    // Without a length the body lasts until the next request is answered.
    let endless = "HTTP/1.1 400 Bad Request\r\n\r\nbody";
    let conversation = [write(C, REQUEST), write(S, endless), write(C, REQUEST), write(S, ANSWER)];
    assert_eq!(run(&conversation).len(), 2);
}

fn bodies() -> Vec<Write> {
    vec![
        write(C, "POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nGET /"),
        write(S, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nHTTP/1.1"),
        write(C, "HEAD /b HTTP/1.1\r\n\r\n"),
        write(S, "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"),
        write(C, "PUT /c HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        write(S, "HTTP/1.1 204 No Content\r\n\r\n"),
        write(C, "GET /d HTTP/1.1\r\n\r\nGET /e HTTP/1.1\r\n\r\n"),
        write(S, "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"),
        write(S, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nHTTP/\r\n0\r\nX: y\r\n\r\n"),
        write(C, "\r\n"),
        write(C, REQUEST),
        write(S, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
        write(S, ANSWER),
    ]
}

#[test]
fn requests_and_bodies_before_the_upgrade_are_passed_over() {
    let steps = run(&bodies());
    assert_eq!(steps.len(), 1, "{steps:?}");
    assert!(steps[0].starts_with("switched First GET /chat @"), "{steps:?}");
    assert!(steps[0].ends_with("[] -> 101 @295+129 [] switched c[] s[]"), "{steps:?}");
}

fn tunnelled() -> Vec<Write> {
    vec![
        write(C, "CONNECT h:80 HTTP/1.1\r\n\r\n"),
        write(S, "HTTP/1.1 407 Auth\r\nContent-Length: 2\r\n\r\nno"),
        write(C, "CONNECT h:80 HTTP/1.1\r\n\r\n"),
        write(S, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
        write(C, REQUEST),
        write(S, ANSWER),
    ]
}

#[test]
fn an_upgrade_in_a_tunnel_knows_its_tunnel() {
    let steps = run(&tunnelled());
    assert_eq!(steps, ["switched First GET /chat @50+144 [] -> 101 @80+129 [] switched via h:80 c[] s[]"]);
}

#[test]
fn tls_in_a_tunnel_and_tunnels_without_end_are_dropped() {
    let connect = [write(C, "CONNECT h:443 HTTP/1.1\r\n\r\n"), write(S, "HTTP/1.1 200 OK\r\n\r\n")];
    let mut conversation = connect.to_vec();
    conversation.push(write(C, b"\x16\x03\x01"));
    assert_eq!(run(&conversation), ["not http"]);
    let deep: Vec<Write> = connect.iter().cycle().take(20).cloned().collect();
    assert_eq!(run(&deep), ["not http"]);
    let four: Vec<Write> =
        connect.iter().cycle().take(8).cloned().chain([write(C, REQUEST), write(S, ANSWER)]).collect();
    assert!(run(&four)[0].contains("switched via h:443"));
}

#[test]
fn early_data_is_held_and_blamed_only_where_the_acknowledgment_proves_it() {
    let early = [write(C, REQUEST), write(C, [1, 2]), write(S, ANSWER)];
    assert_eq!(run(&early), [format!("switched {PLAIN} early c[\\x01\\x02] s[]")]);
    // The capture has them in the wrong order: the client had read the answer.
    let mut connection = Connection::new(4096, 4096);
    let mut steps = Vec::new();
    for (side, offset, bytes, acknowledged) in
        [(C, 0, REQUEST.as_bytes(), 0), (C, 144, &b"\x01"[..], 129), (S, 0, ANSWER.as_bytes(), 144)]
    {
        let chunk = Chunk { offset, bytes, packet: packet(1), acknowledged: Some(acknowledged) };
        connection.deliver(side, &Delivery::Data(chunk), &mut |step| steps.push(describe(&step)));
    }
    assert_eq!(steps, [format!("switched {PLAIN} c[\\x01] s[]")]);
}

#[test]
fn early_data_beyond_the_limit_is_dropped_and_told() {
    let conversation = [write(C, REQUEST), write(C, [1; 8]), unread(1, write(C, [2; 8])), write(S, ANSWER)];
    let steps = run_with(&conversation, (4096, 10), &[]);
    assert_eq!(steps, [format!("switched {PLAIN} early dropped c[{}] s[]", "\\x01".repeat(8))]);
}

fn pipelined() -> Vec<Write> {
    vec![write(C, REQUEST), write(C, REQUEST), write(S, REFUSAL), write(S, ANSWER)]
}

#[test]
fn a_request_behind_the_upgrade_request_is_told() {
    let steps = run(&pipelined());
    assert_eq!(steps[0], "attempt First GET /chat @0+144 [] -> 401 @0+48 [] pipelined");
    assert_eq!(steps[1], "switched First GET /chat @144+144 [] -> 101 @52+129 [] switched c[] s[]");
}

#[test]
fn an_unanswered_request_is_told_at_the_end() {
    assert_eq!(run(&[write(C, REQUEST)]), ["attempt First GET /chat @0+144 [] -> -"]);
    let garbage = [write(C, REQUEST), write(S, "<html>")];
    assert_eq!(run(&garbage), ["attempt First GET /chat @0+144 [] -> -", "not http"]);
}

#[test]
fn a_capture_that_ends_within_a_head_blames_nobody_but_a_fin_does() {
    let half = &REQUEST[..REQUEST.len() - 2];
    assert_eq!(run(&[write(C, half)]), Vec::<String>::new());
    let mut connection = Connection::new(4096, 4096);
    let mut steps = Vec::new();
    let chunk = Chunk { offset: 0, bytes: half.as_bytes(), packet: packet(1), acknowledged: None };
    connection.deliver(C, &Delivery::Data(chunk), &mut |step| steps.push(describe(&step)));
    connection.deliver(C, &Delivery::Fin(fin(2)), &mut |step| steps.push(describe(&step)));
    connection.finish(&mut |step| steps.push(describe(&step)));
    assert_eq!(steps, ["attempt First GET /chat @0+142 [Unfinished] -> -"]);
}

#[test]
fn a_server_that_answers_before_the_empty_line_ends_the_head() {
    let half = &REQUEST[..REQUEST.len() - 2];
    let steps = run(&[write(C, half), write(S, ANSWER), write(C, [1])]);
    assert_eq!(steps, ["switched First GET /chat @0+142 [Unfinished] -> 101 @0+129 [] switched c[] s[]"]);
}

#[test]
fn a_head_over_the_limit_is_given_up() {
    let long = REQUEST.replace("Host: x", &format!("Host: {}", "x".repeat(500)));
    let conversation = [write(C, &long), write(S, REFUSAL), write(C, REQUEST), write(S, ANSWER)];
    let steps = run_with(&conversation, (400, 4096), &[]);
    // The Upgrade header stands behind the limit: nothing is known of the first attempt.
    assert_eq!(steps, ["switched First GET /chat @643+144 [] -> 101 @52+129 [] switched c[] s[]"]);
    let steps = run_with(&conversation, (560, 4096), &[]);
    assert_eq!(steps[0], "attempt First GET /chat @0+560 [Unfinished] -> 401 @0+48 []");
    assert_eq!(steps.len(), 2);
}

#[test]
fn broken_upgrade_requests_are_attempts_too() {
    for (from, to, fault) in [
        ("\r\n", "\n", "[BareLf]"),
        ("Host: x", "Host : x", "[SpaceBeforeColon]"),
        ("HTTP/1.1", "", "[StartLine]"),
        ("GET", "Get", "[]"),
        ("HTTP/1.1", "HTTP/1.0", "[]"),
        ("Upgrade: websocket", "X: y", "[]"),
    ] {
        let steps = run(&[write(C, REQUEST.replace(from, to)), write(S, ANSWER)]);
        assert!(steps[0].starts_with("switched") && steps[0].contains(&format!("{fault} ->")), "{from}: {steps:?}");
    }
}

#[test]
fn a_101_nobody_asked_for_is_an_attempt_and_other_protocols_are_not() {
    let steps = run(&[write(C, "GET / HTTP/1.1\r\n\r\n"), write(S, ANSWER)]);
    assert_eq!(steps, ["switched First GET / @0+18 [] -> 101 @0+129 [] switched c[] s[]"]);
    let h2c = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n";
    let ask = "GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n";
    let after = "what follows";
    assert_eq!(run(&[write(C, ask), write(S, format!("{h2c}{after}"))]), ["HTTP/2 c[] s[what follows]"]);
    let both = REQUEST.replace("Upgrade: websocket", "Upgrade: websocket, h2c");
    assert_eq!(run(&[write(C, both), write(S, h2c)]), ["HTTP/2 c[] s[]"]);
    let other = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\n\r\n";
    assert_eq!(run(&[write(C, ask), write(S, other)]), ["other protocol"]);
    let bare = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
    assert!(run(&[write(C, REQUEST), write(S, bare)])[0].starts_with("switched"));
}

#[test]
fn other_protocols_are_dropped_at_their_first_bytes() {
    for bytes in [&b"\x16\x03"[..], b"SSH-2.0-x\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"220 mail\r\n", b"\0"] {
        let mut connection = Connection::new(4096, 4096);
        let mut steps = Vec::new();
        let chunk = Chunk { offset: 0, bytes, packet: packet(1), acknowledged: None };
        connection.deliver(S, &Delivery::Data(chunk), &mut |step| steps.push(describe(&step)));
        assert_eq!(steps, ["not http"], "{}", bytes.escape_ascii());
    }
}

#[test]
fn one_captured_direction_is_enough() {
    let server_only = [write(S, ANSWER), write(S, [1])];
    assert_eq!(run(&server_only), ["switched First - -> 101 @0+129 [] switched c[] s[]"]);
    // The client acknowledges bytes that were never captured, and goes on with something that is no HTTP.
    let chunk = |offset, bytes, acknowledged| Chunk { offset, bytes, packet: packet(1), acknowledged };
    let mut connection = Connection::new(4096, 4096);
    let mut steps = Vec::new();
    let first = chunk(0, REQUEST.as_bytes(), Some(0));
    let second = chunk(144, b"\x81\x80", Some(129));
    connection.deliver(C, &Delivery::Data(first), &mut |step| steps.push(describe(&step)));
    connection.deliver(C, &Delivery::Data(second), &mut |step| steps.push(describe(&step)));
    connection.finish(&mut |step| steps.push(describe(&step)));
    assert_eq!(steps, ["switched First GET /chat @0+144 [] -> - switched c[\\x81\\x80] s[]"]);
}

#[test]
fn a_lost_answer_is_judged_by_what_the_client_sent_next() {
    let switched = [write(C, REQUEST), missing(write(S, ANSWER)), write(C, b"\x81\x80")];
    assert_eq!(run(&switched), ["switched First GET /chat @0+144 [] -> - switched c[\\x81\\x80] s[]"]);
    let refused = [write(C, REQUEST), missing(write(S, REFUSAL)), write(C, REQUEST), write(S, ANSWER)];
    let expected = [
        "attempt First GET /chat @0+144 [] -> -",
        "switched First GET /chat @144+144 [] -> 101 @52+129 [] switched c[] s[]",
    ];
    assert_eq!(run(&refused), expected);
    // The frames of the server that came before are handed over too.
    let pushed = [write(C, REQUEST), missing(write(S, ANSWER)), write(S, b"\x81\0"), write(C, b"\x81\x80")];
    assert_eq!(run(&pushed), ["switched First GET /chat @0+144 [] -> - switched c[\\x81\\x80] s[\\x81\\x00]"]);
    let silent = [write(C, REQUEST), missing(write(S, ANSWER)), write(S, b"\x81\0")];
    assert_eq!(run(&silent), ["attempt First GET /chat @0+144 [] -> -"]);
    // A 101 of which only the beginning was captured.
    let cut = [write(C, REQUEST), write(S, &ANSWER[..40]), missing(write(S, &ANSWER[40..])), write(S, b"\x81\0")];
    assert_eq!(run(&cut), ["switched First GET /chat @0+144 [] -> - switched c[] s[]"]);
}

#[test]
fn gaps_elsewhere_are_passed_or_searched_over() {
    let known = [
        write(C, "GET /a HTTP/1.1\r\n\r\n"),
        write(S, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01"),
        missing(write(S, "23456789")),
        write(C, REQUEST),
        write(S, ANSWER),
    ];
    assert_eq!(run(&known).len(), 1);
    let chunked = [
        write(C, "GET /a HTTP/1.1\r\n\r\n"),
        write(S, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n"),
        missing(write(S, "ab\r\n2\r\n")),
        write(S, "cd\r\n0\r\n\r\n"),
        write(C, REQUEST),
        write(S, ANSWER),
    ];
    let steps = run(&chunked);
    assert!(steps.len() == 1 && steps[0].starts_with("switched First GET /chat"), "{steps:?}");
    let head = [write(C, &REQUEST[..30]), missing(write(C, &REQUEST[30..])), write(S, ANSWER)];
    assert_eq!(run(&head), ["switched First - -> 101 @0+129 [] switched c[] s[]"]);
    let nothing = [missing(write(C, REQUEST)), missing(write(S, ANSWER)), write(C, b"\x81\x80")];
    assert_eq!(run(&nothing), ["not http"]);
}

#[test]
fn an_answer_that_was_captured_before_its_request_waits_for_it() {
    let mut connection = Connection::new(4096, 4096);
    let mut steps = Vec::new();
    let answer = Chunk { offset: 0, bytes: ANSWER.as_bytes(), packet: packet(1), acknowledged: Some(144) };
    let request = Chunk { offset: 0, bytes: REQUEST.as_bytes(), packet: packet(2), acknowledged: Some(0) };
    connection.deliver(S, &Delivery::Data(answer), &mut |step| steps.push(describe(&step)));
    assert_eq!(steps.len(), 0);
    connection.deliver(C, &Delivery::Data(request), &mut |step| steps.push(describe(&step)));
    assert_eq!(steps, [format!("switched {PLAIN} c[] s[]")]);
}

fn hixie() -> Vec<Write> {
    let request = "GET / HTTP/1.1\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\n\
                   Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n\r\n^n:ds[4U";
    let answer = "HTTP/1.1 101 WebSocket Protocol Handshake\r\nUpgrade: WebSocket\r\n\
                  Sec-WebSocket-Location: ws://x/\r\n\r\n8jKS'y:G*Co,Wxa-\0hi";
    vec![write(C, request), write(S, [answer.as_bytes(), b"\xff"].concat()), write(C, b"\0ho\xff")]
}

#[test]
fn the_challenge_of_hixie_76_is_kept_apart_from_the_frames() {
    let steps = run(&hixie());
    assert_eq!(steps.len(), 1);
    assert!(steps[0].ends_with("body ^n:ds[4U answer 8jKS\\'y:G*Co,Wxa- c[] s[\\x00hi\\xff]"), "{steps:?}");
    let head_of = |write: &Write| head::end(&write.bytes).map(|end| write.bytes[..end].to_vec()).unwrap();
    let no_body = [write(C, head_of(&hixie()[0])), write(S, head_of(&hixie()[1]))];
    let steps = run(&no_body);
    assert!(steps.len() == 1 && steps[0].starts_with("switched") && !steps[0].contains("body"), "{steps:?}");
}

/// Conversations whose steps must not depend on how they are cut into packets.
fn corpus() -> Vec<Vec<Write>> {
    let early = vec![write(C, REQUEST), write(C, [1, 2]), write(S, ANSWER), write(S, [3])];
    let broken = vec![write(C, REQUEST.replace("\r\n", "\n")), write(S, ANSWER)];
    let endless =
        vec![write(C, REQUEST), write(S, "HTTP/1.1 400 Bad\r\n\r\nbody"), write(C, REQUEST), write(S, ANSWER)];
    let coalesced = vec![write(C, REQUEST), write(S, [ANSWER.as_bytes(), b"\x81\x00"].concat())];
    let mail = vec![write(S, "220 mail ESMTP\r\n"), write(C, "EHLO x\r\n")];
    let odd = vec![write(C, "BREW /pot HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"), write(S, ANSWER)];
    let tls = vec![write(C, "CONNECT h:443 HTTP/1.1\r\n\r\n"), write(S, "HTTP/1.1 200 OK\r\n\r\n"), write(C, [22, 3])];
    let retry = vec![write(C, REQUEST), write(S, REFUSAL), write(C, REQUEST), write(S, ANSWER)];
    vec![plain(), bodies(), tunnelled(), pipelined(), hixie(), early, broken, endless, coalesced, mail, odd, tls, retry]
}

/// All that was handed over, and all that was delivered after that.
fn steps_of(conversation: &[Write], cuts: &[usize]) -> Vec<String> {
    let mut steps = run_with(conversation, (4096, 4096), cuts);
    // What is held at the switch depends on the cuts, because the rest is not delivered to this connection.
    if let Some(last) = steps.last_mut()
        && last.starts_with("switched")
        && let Some(held) = last.rfind(" s[")
    {
        last.truncate(held);
    }
    steps
}

proptest! {
    #[test]
    fn steps_do_not_depend_on_the_cuts(
        which in 0..corpus().len(),
        cuts in prop::collection::vec(0usize..1400, 0..12),
        every: bool,
    ) {
        let conversation = &corpus()[which];
        let cuts = if every { (0..1400).collect() } else { cuts };
        prop_assert_eq!(steps_of(conversation, &cuts), steps_of(conversation, &[]));
    }

    #[test]
    fn any_deliveries_are_taken(
        deliveries in prop::collection::vec((any::<bool>(), 0u8..12, any::<Vec<u8>>(), any::<Option<u64>>()), 0..40),
        limits in (0usize..300, 0usize..300),
    ) {
        let corpus: Vec<Write> = corpus().into_iter().flatten().collect();
        let mut connection = Connection::new(limits.0, limits.1);
        let mut ends = 0;
        let mut offsets = [0u64; 2];
        for (first, kind, random, acknowledged) in &deliveries {
            let side = if *first { C } else { S };
            let offset = offsets[side as usize];
            let mut step = |step: Step| ends += usize::from(!matches!(step, Step::Attempt(_)));
            let bytes = match kind {
                0..=7 => &corpus[random.iter().map(|&byte| usize::from(byte)).sum::<usize>() % corpus.len()].bytes,
                _ => random,
            };
            match kind {
                11 => {
                    let length = acknowledged.unwrap_or(7);
                    let missing = Missing { offset, length, cause: MissingCause::Lost, packet: packet(1) };
                    offsets[side as usize] = offset.saturating_add(length);
                    connection.deliver(side, &Delivery::Missing(missing), &mut step);
                }
                10 => connection.deliver(side, &Delivery::Fin(fin(1)), &mut step),
                _ if bytes.is_empty() => {}
                _ => {
                    let acknowledged = acknowledged.map(|up| up % 512);
                    let chunk = Chunk { offset, bytes, packet: packet(1), acknowledged };
                    offsets[side as usize] = offset.saturating_add(bytes.len() as u64);
                    connection.deliver(side, &Delivery::Data(chunk), &mut step);
                }
            }
        }
        connection.finish(&mut |_| {});
        prop_assert!(ends <= 1);
    }
}
