//! WebSockets behind other beginnings: tunnels through HTTP and SOCKS proxies, headers of the PROXY protocol, protocols that
//! turn to TLS in the middle.

mod common;

use common::wire::Segment;
use common::{Recorder, testdata};
use wslens::Role::{self, Client, Server};
use wslens::analysis::{Analyzer, Options};
use wslens::capture::Reader;
use wslens::report::{Detail, json::Json};
use wslens::scenario::{Scenario, text};

/// The JSON report of a capture in testdata/tunnels, with its key log.
fn report(name: &str) -> serde_json::Value {
    let path = testdata(&format!("tunnels/{name}.pcap"));
    let mut options = Options::default();
    if let Ok(keys) = std::fs::read(path.with_extension("keys")) {
        options.key_log.add(&keys);
    }
    let mut json = Vec::new();
    let mut sink = Json::new(&mut json, Detail::Full);
    let mut analyzer = Analyzer::new(options);
    analyzer.read(&mut Reader::open(&path).unwrap(), &mut sink).unwrap();
    analyzer.finish(&mut sink).unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// Of each connection: its transport, the port its server has, and the target of its tunnel.
type Legs = &'static [(&'static str, u64, Option<&'static str>)];

/// What testdata/README.md says: the legs of one conversation, in the order in which the server agreed to them.
const CAPTURES: [(&str, Legs); 9] = [
    ("connect_wss", &[("tls", 9901, None), ("tls", 9900, Some("localhost:9901"))]),
    ("https_proxy_wss", &[("tls", 9904, None), ("tls", 9903, Some("localhost:9904"))]),
    ("socks5_ws", &[("tcp", 9907, None), ("tcp", 9906, Some("localhost:9907"))]),
    ("socks5_wss", &[("tls", 9910, None), ("tls", 9909, Some("localhost:9910"))]),
    ("proxy_v1_wss", &[("tls", 9913, None), ("tls", 9912, None)]),
    ("proxy_v2_ws", &[("tcp", 9916, None), ("tcp", 9915, None)]),
    ("starttls_smtp", &[("tls", 9918, None)]),
    ("upgrade_tls", &[("tls", 9921, None)]),
    (
        "h2_connect",
        &[
            ("tcp", 9925, None),
            ("tls", 9924, Some("localhost:9925")),
            ("tls", 9926, None),
            ("tls", 9924, Some("localhost:9926")),
        ],
    ),
];

#[test]
fn what_a_tunnel_leads_to_is_found_on_every_leg() {
    for (name, legs) in CAPTURES {
        let report = report(name);
        let connections = report["connections"].as_array().unwrap();
        let found: Vec<_> = connections
            .iter()
            .map(|connection| {
                let port = connection["server"]["port"].as_u64().unwrap();
                (connection["transport"].as_str().unwrap(), port, connection["handshake"]["tunnel"].as_str())
            })
            .collect();
        assert_eq!(found, legs, "{name}");
        for connection in connections {
            assert_eq!(connection["closing"]["client_code"], 1000, "{name}: {connection}");
            let messages: Vec<_> = connection["messages"].as_array().unwrap().iter().collect();
            assert_eq!(messages.len(), 4, "{name}");
            // Each message comes back as it was sent.
            assert_eq!(messages[0]["length"], messages[1]["length"], "{name}");
            assert_eq!((&messages[2]["length"], &messages[3]["length"]), (&3072.into(), &3072.into()), "{name}");
        }
        let wrong: Vec<_> = connections
            .iter()
            .flat_map(|connection| connection["findings"].as_array().unwrap())
            .filter(|finding| finding["severity"] != "note")
            .map(|finding| finding["rule"].as_str().unwrap())
            .collect();
        // node's `ws` ends its side of TCP, which here is its half of a stream (RFC 9113 §8.5), first.
        let expected: &[&str] = if name == "h2_connect" { &["close-client-fin-first"] } else { &[] };
        assert_eq!(wrong, expected, "{name}");
        assert_eq!(report["findings"], serde_json::json!([]), "{name}");
    }
}

#[test]
fn without_its_keys_what_turned_to_tls_is_said_to_be_closed() {
    for (name, _) in CAPTURES.iter().filter(|(_, legs)| legs.iter().all(|(transport, ..)| *transport == "tls")) {
        let found = Recorder::read(&testdata(&format!("tunnels/{name}.pcap")));
        assert!(found.endpoints.is_empty(), "{name}");
        assert!(
            found.of("cap-tls-undecryptable").iter().all(|finding| finding.message.contains("server name localhost"))
        );
        assert!(!found.of("cap-tls-undecryptable").is_empty(), "{name}");
    }
}

/// What goes over the wire in a conversation of one WebSocket over TLS.
fn inside() -> Vec<(Role, Vec<u8>)> {
    said(&Scenario::new().tls(Some("server.example.com")).handshake().client(text("Hello")).server(text("Hi")))
}

/// What goes over the wire.
fn said(scenario: &Scenario) -> Vec<(Role, Vec<u8>)> {
    let segments = scenario.packets().into_iter().map(|packet| Segment::parse(&packet.data));
    let role = |segment: &Segment| if segment.from_client { Client } else { Server };
    segments.filter(|segment| !segment.payload.is_empty()).map(|segment| (role(&segment), segment.payload)).collect()
}

/// The same again.
fn say(scenario: Scenario, said: &[(Role, Vec<u8>)]) -> Scenario {
    said.iter().fold(scenario, |scenario, (from, bytes)| scenario.bytes(*from, bytes.clone()))
}

/// The payloads of the frames that are found.
fn frames(scenario: &Scenario) -> Vec<Vec<u8>> {
    // The key log that opens all of them stands in each capture of a scenario that uses TLS.
    Recorder::play(scenario).frames.into_iter().map(|frame| frame.payload).collect()
}

/// A connection whose capture has the key log, and then this one.
fn with_keys(scenario: Scenario) -> Scenario {
    Scenario::new().tls(None).connection().then(scenario)
}

#[test]
fn a_client_that_does_not_wait_for_the_proxy_is_followed_into_its_tunnel() {
    let inside = inside();
    let hello = &inside[0].1;
    let connect = b"CONNECT server.example.com:443 HTTP/1.1\r\nHost: server.example.com:443\r\n\r\n";
    // The ClientHello in the packet of the CONNECT, and in one of its own before the answer.
    let together = Scenario::new().bytes(Client, [connect, &hello[..]].concat());
    let apart = Scenario::new().bytes(Client, *connect).bytes(Client, hello.clone());
    for scenario in [together, apart] {
        let scenario = say(scenario.bytes(Server, *b"HTTP/1.1 200 OK\r\n\r\n"), &inside[1..]);
        assert_eq!(frames(&with_keys(scenario)), [b"Hello".to_vec(), b"Hi".to_vec()]);
    }
}

#[test]
fn a_proxy_header_may_stand_alone_or_before_anything() {
    let header = b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n";
    let inside = inside();
    for client in [[&header[..], &inside[0].1].concat(), [&header[..], header, &inside[0].1].concat()] {
        assert_eq!(frames(&with_keys(say(Scenario::new().bytes(Client, client), &inside[1..]))).len(), 2);
    }
    let alone = |scenario: Scenario| Scenario::new().bytes(Client, *header).then(scenario);
    assert_eq!(frames(&with_keys(alone(say(Scenario::new(), &inside)))).len(), 2);
    assert_eq!(frames(&alone(Scenario::new().handshake().client(text("Hello")))), [b"Hello".to_vec()]);
    assert_eq!(frames(&alone(Scenario::new().http2().connect().client(text("Hello")))), [b"Hello".to_vec()]);
    // What looks like one and is none is no WebSocket either, and thousands of them are passed over.
    assert_eq!(frames(&Scenario::new().bytes(Client, *b"PROXY TCP4 192.0.2.1\r\n").handshake()), [b""; 0]);
    let many = b"PROXY UNKNOWN\r\n".repeat(4000);
    assert_eq!(
        frames(&Scenario::new().segment_size(60_000).bytes(Client, many).handshake().client(text("x"))).len(),
        1
    );
}

/// Turns of a protocol in text, and then TLS.
fn after_turns(turns: usize) -> Scenario {
    let talk = (0..turns).fold(Scenario::new(), |scenario, turn| {
        scenario.bytes(if turn % 2 == 0 { Server } else { Client }, *b"250 and so on\r\n")
    });
    with_keys(say(talk, &inside()))
}

#[test]
fn a_protocol_may_turn_to_tls_for_a_while() {
    assert_eq!(frames(&after_turns(6)).len(), 2);
    assert_eq!(frames(&after_turns(64)).len(), 2);
    let late = Recorder::play(&after_turns(65));
    assert!(late.frames.is_empty());
    // It is of no interest any more, and nothing is said of it.
    assert_eq!(late.rules(), [""; 0]);
}

#[test]
fn tls_in_tls_is_opened_so_far_and_no_further() {
    let nested = |depth: usize| {
        let mut scenario = Scenario::new().tls(Some("server.example.com")).handshake().client(text("Hello"));
        for _ in 1..depth {
            scenario = say(Scenario::new().tls(None), &said(&scenario));
        }
        frames(&scenario).len()
    };
    assert_eq!((1..=3).map(nested).collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!(nested(8), 1);
    assert_eq!(nested(9), 0);
    assert_eq!(nested(40), 0);
}

/// Upgrades to nothing, as many as fit into two segments: each leaves HTTP with the rest of both unread.
#[test]
fn who_leaves_http_again_and_again_gets_nowhere() {
    let ask = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
    for answer in [&b"HTTP/1.1 101 Other\r\nUpgrade: x\r\n\r\n"[..], b"nonsense\r\n"] {
        for pieces in [ask.len(), 50_000] {
            let scenario = Scenario::new()
                .segment_size(pieces)
                .bytes(Client, ask.repeat(1000))
                .bytes(Server, answer.repeat(1000))
                .fin(Role::Client);
            assert_eq!(frames(&scenario), [b""; 0]);
        }
    }
}
