//! WebSockets over HTTP/2: what real programs said, what a gap takes away, and what a hostile capture cannot do.

mod common;

use common::{Recorder, testdata};
use proptest::collection::vec;
use proptest::prelude::*;
use std::io;
use wslens::analysis::{Analyzer, Connection, Options, Sink};
use wslens::capture::Reader;
use wslens::http2::Kind;
use wslens::rules::Severity;
use wslens::scenario::{Fields, Scenario, close, fragments, ping, text};
use wslens::websocket::{Closer, Opcode, TcpEnd};
use wslens::{Limits, Role};

fn read(name: &str) -> Recorder {
    let path = testdata(name);
    let mut options = Options { digests: true, ..Options::default() };
    if let Ok(keys) = std::fs::read(path.with_extension("keys")) {
        options.key_log.add(&keys);
    }
    Recorder::run(Reader::open(&path).unwrap(), options)
}

/// The frames of a connection in one direction: opcode, payload length, the beginning of what was said.
fn said(found: &Recorder, connection: u64, sender: Role) -> Vec<(u8, u64, String)> {
    let own = |frame: &&common::SeenFrame| frame.connection == connection && frame.sender == sender;
    let line = |frame: &common::SeenFrame| {
        let start: String = String::from_utf8_lossy(&frame.payload).chars().take(12).collect();
        (frame.row.5, frame.row.7, start)
    };
    found.frames.iter().filter(own).map(line).collect()
}

/// Errors and warnings, by connection.
fn blames(found: &Recorder) -> Vec<(Option<u64>, &'static str)> {
    let counts = |finding: &wslens::rules::Finding| finding.severity > Severity::Note;
    found.findings.iter().filter(|(_, finding)| counts(finding)).map(|(id, finding)| (*id, finding.rule.id)).collect()
}

/// Chromium and node's http2, as the capture's description says.
#[test]
fn what_chromium_said_over_http2_is_read() {
    let found = read("h2_chromium.pcap");
    assert_eq!(found.statuses, [Some(200)]);
    let texts = |n: u64| (0..n).map(|n| (1, [10, 4010, 8010, 12_010, 16_010][n as usize], format!("over h2 {n} ")));
    for sender in [Role::Client, Role::Server] {
        let mut lines = said(&found, 0, sender);
        for line in &mut lines {
            line.2.truncate("over h2 0 ".len());
        }
        let closing = (8, 5, "\u{3}\u{fffd}bye".to_owned());
        assert_eq!(lines, texts(5).chain([closing]).collect::<Vec<_>>());
    }
    let masked: Vec<bool> = found.frames.iter().map(|frame| frame.row.6).collect();
    assert_eq!(masked, found.frames.iter().map(|frame| frame.sender == Role::Client).collect::<Vec<_>>());
    // What the server sent is what it was sent.
    let digests = |sender| -> Vec<_> {
        found
            .messages
            .iter()
            .filter(|message| message.sender == sender)
            .map(|message| message.sha256.unwrap())
            .collect()
    };
    assert_eq!(digests(Role::Client), digests(Role::Server));
    let end = &found.ends[&0];
    assert_eq!((end.closing.by, end.closing.tcp_end), (Some(Closer::Client), TcpEnd::Fin));
    assert_eq!(blames(&found), []);
}

#[test]
fn several_sockets_of_chromium_share_a_connection() {
    let found = read("h2/chromium_node.pcap");
    assert_eq!(found.statuses, [Some(200), Some(200), Some(200), Some(403)]);
    let lengths = |connection, sender| -> Vec<Option<u64>> {
        let own = |message: &&common::SeenMessage| message.connection == connection && message.sender == sender;
        found.messages.iter().filter(own).map(|message| message.length).collect()
    };
    for sender in [Role::Client, Role::Server] {
        // After inflating: "one of several", "Grüße 你好 👋" (19 bytes of UTF-8 at the least), 40,000 and 300 bytes.
        assert_eq!(lengths(0, sender), [14, "Grüße 你好 👋".len() as u64, 40_000, 300].map(Some));
        assert_eq!(lengths(1, sender), [7, 20_000].map(Some));
    }
    assert_eq!(said(&found, 2, Role::Server), [(8, 10, "\u{f}\u{fffd}as asked".into())]);
    assert_eq!(blames(&found), []);
}

/// haproxy speaks HTTP/2 to Chromium and HTTP/1.1 to node: what goes in comes out.
#[test]
fn both_legs_of_a_proxied_connection_say_the_same() {
    let found = read("h2/chromium_haproxy.pcap");
    let mut legs: Vec<(Option<u16>, Vec<_>, Vec<_>)> = (0..found.statuses.len() as u64)
        .map(|id| (found.statuses[id as usize], said(&found, id, Role::Client), said(&found, id, Role::Server)))
        .collect();
    legs.sort();
    let (http1, http2): (Vec<_>, Vec<_>) = legs.into_iter().partition(|(status, ..)| *status == Some(101));
    let said_on = |legs: Vec<(Option<u16>, Vec<_>, Vec<_>)>| -> Vec<_> {
        legs.into_iter()
            .filter(|(status, ..)| *status != Some(403))
            .map(|(_, client, server)| (client, server))
            .collect()
    };
    assert_eq!(said_on(http1), said_on(http2));
    assert_eq!(found.statuses.iter().filter(|status| **status == Some(403)).count(), 2);
    // haproxy finishes the TCP connection to node before node does.
    let others: Vec<_> = blames(&found).into_iter().filter(|(_, rule)| *rule != "close-client-fin-first").collect();
    assert_eq!(others, []);
}

#[test]
fn node_and_python_are_read_in_clear() {
    let node = read("h2/node_h2c.pcap");
    assert_eq!(node.statuses, [200, 200, 200, 200, 200, 403].map(Some));
    for (id, name) in [(0, "hello from 1"), (1, "hello from 2"), (2, "hello from 3")] {
        let client = [
            (1, 12, name.to_owned()),
            (9, 4, "ping".into()),
            (1, 3000, "y".repeat(12)),
            (8, 6, "\u{3}\u{fffd}done".into()),
        ];
        assert_eq!(said(&node, id, Role::Client), client);
        let mut server = said(&node, id, Role::Server);
        server.sort();
        let mut echoed = client;
        echoed[1].0 = 10;
        echoed.sort();
        assert_eq!(server, echoed);
    }
    assert_eq!(node.ends[&4].closing.tcp_end, TcpEnd::Reset);
    // node ends the stream, and then resets it.
    assert_eq!(blames(&node), [(Some(4), "h2-close-without-close-frame")]);

    // Padded DATA frames of seven bytes, and a stream that the client cancels.
    let python = read("h2/python_h2c.pcap");
    let bytes: String = (0..12_u8).map(char::from).collect();
    let talk = |n: u8| {
        [
            (1, 14, format!("Grüße from {n}")),
            (2, 256, bytes.clone()),
            (9, 6, "there?".into()),
            (8, 5, "\u{3}\u{fffd}bye".into()),
        ]
    };
    assert_eq!(said(&python, 0, Role::Client), talk(1));
    assert_eq!(said(&python, 1, Role::Client), [(1, 8, "and away".into())]);
    assert_eq!(blames(&python), [(Some(1), "close-tcp-rst"), (Some(1), "close-abnormal")]);

    // HTTP/1.1 that becomes HTTP/2.
    let upgraded = read("h2/python_upgrade.pcap");
    assert_eq!(said(&upgraded, 0, Role::Client), talk(3));
    assert_eq!(blames(&upgraded), []);

    let plain = read("h2/plain_h2.pcap");
    assert_eq!((plain.statuses.len(), plain.findings.len()), (0, 0));
}

/// What a connection is, beside what a [`Recorder`] keeps.
#[derive(Default)]
struct Openings(Vec<(&'static str, Option<u32>, String, Vec<String>)>);

impl Sink for Openings {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        let request = connection.handshake.and_then(|handshake| handshake.attempt.request.as_ref());
        let stream = connection.handshake.and_then(|handshake| handshake.http2.as_ref()).map(|opening| opening.stream);
        let headers = request.map_or(Vec::new(), |request| {
            request.headers.iter().map(|header| String::from_utf8_lossy(header.name).into_owned()).collect()
        });
        let line = request.map_or(String::new(), |request| {
            format!("{} {} {}", request.line.method, request.line.target, request.line.version)
        });
        assert!(connection.handshake.is_none_or(|handshake| handshake.accept.is_none()));
        self.0.push((connection.transport.name(), stream, line, headers));
        Ok(())
    }
}

fn openings(scenario: &Scenario) -> Openings {
    let mut openings = Openings::default();
    let mut analyzer = Analyzer::new(Options::default());
    let bytes = io::Cursor::new(scenario.pcapng_bytes());
    analyzer.read(&mut Reader::from_read("memory", Box::new(bytes)).unwrap(), &mut openings).unwrap();
    analyzer.finish(&mut openings).unwrap();
    openings
}

#[test]
fn each_stream_is_a_connection_with_a_handshake_of_its_own() {
    let talk = |s: Scenario| s.http2().connect().stream(7).connect_with(|r| r.replace(":path", "/b"), |r| r);
    let names = [":method", ":protocol", ":scheme", ":path", ":authority", "sec-websocket-version"].map(str::to_owned);
    let expected = |transport| {
        let one = |stream, line: &str| (transport, Some(stream), line.to_owned(), names.to_vec());
        [one(1, "CONNECT /chat HTTP/2"), one(7, "CONNECT /b HTTP/2")]
    };
    assert_eq!(openings(&talk(Scenario::new())).0, expected("h2c"));
    assert_eq!(openings(&talk(Scenario::new().tls(Some("server.example.com")))).0, expected("h2"));
}

#[test]
fn streams_take_turns_and_frames_are_cut_anywhere() {
    let scenario = Scenario::new()
        .http2()
        .data_size(3)
        .connect()
        .stream(3)
        .connect()
        .client(fragments(Opcode::TEXT, ["Hel", "lo"]))
        .stream(1)
        .client(text("first"))
        .stream(3)
        .server([ping("?"), text("x".repeat(200))])
        .stream(1)
        .server(close(1000, ""))
        .client(close(1000, ""))
        .end_stream(Role::Server)
        .end_stream(Role::Client)
        .stream(3)
        .client(text("still here"));
    let found = Recorder::play(&scenario);
    assert_eq!(
        said(&found, 1, Role::Client),
        [(1, 3, "Hel".into()), (0, 2, "lo".into()), (1, 10, "still here".into())]
    );
    assert_eq!(said(&found, 1, Role::Server), [(9, 1, "?".into()), (1, 200, "x".repeat(12))]);
    assert_eq!(said(&found, 0, Role::Client), [(1, 5, "first".into()), (8, 2, "\u{3}\u{fffd}".into())]);
    assert_eq!((found.ends[&0].closing.tcp_end, found.ends[&1].closing.tcp_end), (TcpEnd::Fin, TcpEnd::Open));
    assert_eq!(blames(&found), []);
}

#[test]
fn goaway_and_resets_leave_requests_without_an_answer() {
    let asked = || Scenario::new().http2().connect_request(|request| request);
    let finding = |scenario: Scenario| {
        let found = Recorder::play(&scenario);
        let missing = found.of("hs-resp-missing");
        assert_eq!((missing.len(), found.frames.len()), (1, 0));
        (missing[0].severity, missing[0].message.clone())
    };
    let (severity, text) = finding(asked().rst_stream(Role::Server, 7));
    assert_eq!(
        (severity, &*text),
        (Severity::Note, "server reset the stream (REFUSED_STREAM) without an answer to the request")
    );
    let (severity, text) = finding(asked().rst_stream(Role::Server, 1));
    assert_eq!(severity, Severity::Warning);
    assert!(text.contains("PROTOCOL_ERROR"), "{text}");
    // GOAWAY on stream 0: the last stream that was looked at is 0.
    let goaway = b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    let (severity, text) = finding(asked().bytes(Role::Server, goaway));
    assert_eq!(severity, Severity::Note);
    assert!(text.contains("GOAWAY"), "{text}");
    assert!(finding(asked().rst_stream(Role::Client, 8)).1.starts_with("client gave up"));
}

/// RFC 9113 §6.2 and §6.10: padding, priority, and a header block over three frames.
#[test]
fn header_blocks_are_put_together() {
    const PADDED: u8 = 0x8;
    const PRIORITY: u8 = 0x20;
    const END_HEADERS: u8 = 0x4;
    // RFC 7541 §6.2.2: literals without indexing; index 1 is :authority, 4 :path, 6 :scheme (http, indexed as 0x86).
    let block = b"\x00\x07:method\x07CONNECT\x00\x09:protocol\x09websocket\x86\x04\x02/c\x01\x01h\
                  \x00\x15sec-websocket-version\x0213";
    let (first, rest) = block.split_at(7);
    let (second, third) = rest.split_at(30);
    let headers = [&[4_u8][..], &[0, 0, 0, 0, 15], first, &[0; 4]].concat();
    let scenario = Scenario::new()
        .http2()
        .http2_frame(Role::Client, Kind::HEADERS, PADDED | PRIORITY, headers)
        .http2_frame(Role::Client, Kind::CONTINUATION, 0, second)
        .http2_frame(Role::Client, Kind::CONTINUATION, END_HEADERS, third)
        .connect_response(|response| response)
        // Padded DATA: two bytes of padding around a masked frame with an empty payload.
        .http2_frame(Role::Client, Kind::DATA, PADDED, b"\x02\x89\x80\x01\x02\x03\x04\0\0");
    assert_eq!(openings(&scenario).0[0].2, "CONNECT /c HTTP/2");
    let found = Recorder::play(&scenario);
    assert_eq!(said(&found, 0, Role::Client), [(9, 0, String::new())]);
    assert_eq!(blames(&found), []);
}

/// What must not be asked of a stream, and what must.
#[test]
fn rules_of_http1_are_silent_and_those_of_websocket_are_not() {
    let offered =
        |request: Fields| request.field("sec-websocket-protocol", "chat").field("origin", "https://a.example");
    let chosen = |response: Fields| response.field("sec-websocket-protocol", "other");
    let found = Recorder::play(&Scenario::new().http2().connect_with(offered, chosen).client(text("Hello").unmasked()));
    let rules: Vec<_> = blames(&found).into_iter().map(|(_, rule)| rule).collect();
    // The client goes on although it was given a subprotocol that it had not offered.
    assert_eq!(rules, ["hs-resp-protocol-not-offered", "frame-client-unmasked", "fail-tolerated"]);
    let draft =
        Recorder::play(&Scenario::new().http2().connect_with(|r| r.replace("sec-websocket-version", "8"), |r| r));
    assert_eq!(blames(&draft), [(Some(0), "hs-req-version-not-13")]);
    // Both Close frames, and then CANCEL: nothing is cut off.
    let closed = || Scenario::new().http2().connect().client(close(1000, "")).server(close(1000, ""));
    assert_eq!(blames(&Recorder::play(&closed().rst_stream(Role::Client, 8))), []);
    assert_eq!(blames(&Recorder::play(&closed().end_stream(Role::Client).end_stream(Role::Server))), []);
}

#[test]
fn data_before_the_answer_is_early_and_kept() {
    let scenario = Scenario::new()
        .http2()
        .connect_request(|request| request)
        .client(text("early"))
        .connect_response(|response| response)
        .server(text("Hi"));
    let found = Recorder::play(&scenario);
    assert_eq!(said(&found, 0, Role::Client), [(1, 5, "early".into())]);
    assert_eq!(blames(&found), [(Some(0), "hs-req-early-data")]);
}

#[test]
fn a_capture_that_begins_within_says_what_it_can() {
    let said_later =
        |s: Scenario| s.client(text("a text that is long enough to be known")).server(text("and its answer, too"));
    let scenario = said_later(Scenario::new().http2().connect().begin_mid_stream());
    let found = Recorder::play(&scenario);
    assert_eq!(said(&found, 0, Role::Client).len() + said(&found, 0, Role::Server).len(), 2);
    assert_eq!(openings(&scenario).0, [("h2c", None, String::new(), Vec::new())]);
    assert_eq!(found.rules(), ["cap-mid-stream"]);
    // Other streams of such a connection are nobody's.
    let other = Scenario::new().http2().begin_mid_stream().http2_frame(Role::Server, Kind::DATA, 0, vec![b'x'; 5000]);
    assert_eq!(Recorder::play(&other).statuses.len(), 0);
}

#[test]
fn many_streams_are_bounded_and_that_is_told() {
    let mut scenario = Scenario::new().http2();
    for n in 0..20 {
        scenario = scenario.stream(2 * n + 1).connect();
    }
    let options = || Options { limits: Limits { streams: 8, ..Limits::default() }, ..Options::default() };
    let run = |scenario: &Scenario| {
        let bytes = io::Cursor::new(scenario.pcapng_bytes());
        Recorder::run(Reader::from_read("memory", Box::new(bytes)).unwrap(), options())
    };
    let found = run(&scenario);
    assert_eq!((found.statuses.len(), found.of("cap-limit-hit").len()), (8, 1));
    // One after the other there may be any number.
    let mut scenario = Scenario::new().http2();
    for n in 0..500 {
        scenario = scenario.stream(2 * n + 1).connect_with(|r| r, |r| r.replace(":status", "403"));
    }
    assert_eq!(run(&scenario).statuses.len(), 500);
}

#[test]
fn endless_headers_cost_no_more_than_the_limit() {
    // CONTINUATION without end (CVE-2024-27316 and its kin), then a stream as it should be.
    let flood = Scenario::new()
        .http2()
        .http2_frame(Role::Client, Kind::HEADERS, 0, b"\x00\x01a\x01b")
        .repeat(300, |s| s.http2_frame(Role::Client, Kind::CONTINUATION, 0, vec![0x82; 1000]))
        .http2_frame(Role::Client, Kind::CONTINUATION, 4, b"")
        .stream(3)
        .connect()
        .client(text("Hello"));
    let found = Recorder::play(&flood);
    assert_eq!(said(&found, 0, Role::Client), [(1, 5, "Hello".into())]);
    // A bomb: one entry of 4000 bytes, referred to 60,000 times.
    let entry = [&b"\x40\x01a\x7f\xa1\x1e"[..], &[b'x'; 4000]].concat();
    let block = [entry, vec![0xBE; 60_000]].concat();
    let bomb = Scenario::new()
        .http2()
        .http2_frame(Role::Client, Kind::HEADERS, 4, block)
        .stream(3)
        .connect()
        .client(text("Hello"));
    assert_eq!(said(&Recorder::play(&bomb), 0, Role::Client), [(1, 5, "Hello".into())]);
}

/// A frame of any type with any payload, on one of a few streams.
fn any_frame() -> impl Strategy<Value = (Role, u8, u8, u32, Vec<u8>)> {
    let role = prop_oneof![Just(Role::Client), Just(Role::Server)];
    let stream = prop_oneof![4 => 0_u32..8, 1 => any::<u32>()];
    (role, 0_u8..12, any::<u8>(), stream, vec(any::<u8>(), 0..60))
}

proptest! {
    #[test]
    fn any_frames_are_taken_without_a_panic(frames in vec(any_frame(), 0..40), mid_stream: bool, open: bool) {
        let mut scenario = Scenario::new().http2();
        if open {
            scenario = scenario.connect();
        }
        if mid_stream {
            scenario = scenario.begin_mid_stream();
        }
        for (role, kind, flags, stream, payload) in frames {
            scenario = scenario.stream(stream).http2_frame(role, Kind(kind), flags, payload);
        }
        let found = Recorder::play(&scenario);
        prop_assert!(found.statuses.len() <= 5);
    }

    #[test]
    fn any_bytes_behind_the_preface_are_taken_without_a_panic(
        writes in vec((any::<bool>(), vec(any::<u8>(), 1..200)), 0..20)
    ) {
        let mut scenario = Scenario::new().http2().connect();
        for (client, bytes) in writes {
            scenario = scenario.bytes(if client { Role::Client } else { Role::Server }, bytes);
        }
        prop_assert_eq!(Recorder::play(&scenario).statuses.len(), 1);
    }
}
