//! Bytes that somebody changed, cut or invented: every analysis ends, soon, and tells what it can.

mod common;

use common::{Recorder, testdata};
use proptest::collection::vec;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Cursor};
use wslens::Role;
use wslens::analysis::{Analyzer, Options, Sink};
use wslens::capture::{self, Changes, Info, Reader};
use wslens::report::{Detail, Fanout};
use wslens::scenario::Scenario;
use wslens::websocket::Message;

/// Analyses a capture and writes every report of it.
fn analyse(bytes: Vec<u8>) {
    let reader = || Reader::from_read("memory", Box::new(Cursor::new(bytes.clone())));
    let Ok(mut json) = reader() else { return };
    let options = Options { digests: true, payload_bytes: 200, message_bytes: true, ..Options::default() };
    let mut analyzer = Analyzer::new(options);
    let mut out = wslens::report::json::Json::new(io::sink(), Detail::Full);
    let mut archive = Vec::new();
    let mut har = wslens::report::har::Har::new(&mut archive);
    let mut pieces = Pieces::default();
    let mut sinks = Fanout(vec![&mut out, &mut har, &mut pieces]);
    analyzer.read(&mut json, &mut sinks).unwrap();
    analyzer.finish(&mut sinks).unwrap();
    let archive: serde_json::Value = serde_json::from_slice(&archive).unwrap();
    assert!(archive["log"]["entries"].is_array());
    copy(reader().unwrap(), json.info());
    let mut analyzer = Analyzer::new(Options { join: true, ..Options::default() });
    for _ in 0..2 {
        analyzer.read(&mut reader().unwrap(), &mut Ignore).unwrap();
    }
}

/// A copy with comments can be read and has the same packets.
fn copy(reader: Reader, original: &Info) {
    let mut copy = Vec::new();
    let mut comments =
        |packet| if packet % 2 == 0 { vec![format!("packet {packet}"), "ü".repeat(50)] } else { Vec::new() };
    let changes = Changes { comments: Some(&mut comments), key_log: b"# a key log\n", strip_secrets: true };
    capture::copy(reader, changes, &mut copy).unwrap();
    if copy.is_empty() {
        // Not even the first section is whole.
        return assert_eq!(original.packets, 0);
    }
    let mut reader = Reader::from_read("copy", Box::new(Cursor::new(copy))).unwrap();
    while reader.next_packet().is_some() {}
    let info = reader.info();
    let told = |info: &Info| (info.packets, info.link_types.clone(), info.first_time, info.last_time);
    assert_eq!((told(info), &info.fault, info.truncated), (told(original), &None, false));
}

/// Checks that the bytes told of a message are those of the message.
#[derive(Default)]
struct Pieces(BTreeMap<(u64, &'static str), Vec<u8>>);

impl Sink for Pieces {
    fn message_bytes(&mut self, id: u64, sender: Role, bytes: &[u8]) -> io::Result<()> {
        self.0.entry((id, sender.name())).or_default().extend_from_slice(bytes);
        Ok(())
    }

    fn message(&mut self, id: u64, message: &Message<'_>) -> io::Result<()> {
        let told = self.0.remove(&(id, message.sender.name())).unwrap_or_default();
        assert!(told.starts_with(message.payload));
        if let Some(length) = message.length.filter(|_| message.complete) {
            assert_eq!(told.len() as u64, length);
        }
        Ok(())
    }
}

/// Takes nothing.
struct Ignore;

impl Sink for Ignore {}

/// One change to a file.
#[derive(Clone, Debug)]
enum Change {
    Set(usize, u8),
    Flip(usize, u8),
    Remove(usize, usize),
    Repeat(usize, usize),
    Insert(usize, Vec<u8>),
    Cut(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>().prop_map(|index| index.index(1 << 20));
    prop_oneof![
        4 => (at.clone(), prop_oneof![Just(0), Just(0xFF), Just(0x7F), Just(0x80), any::<u8>()]).prop_map(|(at, byte)| Change::Set(at, byte)),
        4 => (at.clone(), 0_u8..8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        1 => (at.clone(), 1_usize..200).prop_map(|(at, length)| Change::Remove(at, length)),
        1 => (at.clone(), 1_usize..200).prop_map(|(at, length)| Change::Repeat(at, length)),
        1 => (at.clone(), vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        1 => at.prop_map(Change::Cut),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let place = |at: usize, length: usize| at % length.max(1);
        let length = bytes.len();
        match *change {
            Change::Set(at, byte) => bytes.get_mut(place(at, length)).into_iter().for_each(|old| *old = byte),
            Change::Flip(at, bit) => bytes.get_mut(place(at, length)).into_iter().for_each(|old| *old ^= 1 << bit),
            Change::Remove(at, count) => {
                let at = place(at, length);
                bytes.drain(at..(at + count).min(length));
            }
            Change::Repeat(at, count) => {
                let at = place(at, length);
                let again = bytes[at..(at + count).min(length)].to_vec();
                bytes.splice(at..at, again);
            }
            Change::Insert(at, ref new) => {
                let at = place(at, length);
                bytes.splice(at..at, new.iter().copied());
            }
            Change::Cut(at) => bytes.truncate(place(at, length)),
        }
    }
    bytes
}

const REAL: [&str; 12] = [
    "node_ws.pcap",
    "node_ws.pcapng.gz",
    "node_ws.pcap.zst",
    "node_ws.pcap.lz4",
    "python_websockets.pcap",
    "hixie76.pcap",
    "keepalive_then_upgrade.pcap",
    "http_connect.pcap",
    "any_sll2.pcap",
    "ipv6.pcap",
    "snaplen96.pcap",
    "gallery/php_draft17.pcap",
];

/// WebSockets over TLS on every leg, in tunnels too; two texts and two binaries each.
const OVER_TLS: [&str; 6] =
    ["connect_wss", "https_proxy_wss", "socks5_wss", "proxy_v1_wss", "starttls_smtp", "upgrade_tls"];

/// What can be told of a capture that was changed, with a key log that was changed: nothing but what was said.
/// Gives how many messages there were.
fn tells_the_truth_of_tls(name: &str, changes: &[Change], key_changes: &[Change]) -> Result<usize, TestCaseError> {
    let capture = changed(fs::read(testdata(&format!("tunnels/{name}.pcap"))).unwrap(), changes);
    let keys = changed(fs::read(testdata(&format!("tunnels/{name}.keys"))).unwrap(), key_changes);
    let mut options = Options { digests: true, ..Options::default() };
    options.key_log.add(&keys);
    let Ok(reader) = Reader::from_read("memory", Box::new(Cursor::new(capture))) else { return Ok(0) };
    let said: [[u8; 32]; 2] = [format!("Hello by {name}").into_bytes(), (0..=255).collect::<Vec<u8>>().repeat(12)]
        .map(|said| Sha256::digest(said).into());
    let found = Recorder::run(reader, options);
    for message in found.messages.iter().filter(|message| message.complete) {
        prop_assert!(message.sha256.is_some_and(|digest| said.contains(&digest)), "{message:?}");
    }
    for frame in &found.frames {
        prop_assert!(matches!(frame.row.5, 1 | 2 | 8 | 9 | 10), "{frame:?}");
        prop_assert!(matches!(frame.row.7, 8 | 18..=40 | 250..=330 | 3072), "{frame:?}");
    }
    Ok(found.messages.iter().filter(|message| message.complete).count())
}

#[test]
fn all_that_was_said_over_tls_is_told() {
    for name in OVER_TLS {
        let legs = if matches!(name, "starttls_smtp" | "upgrade_tls") { 1 } else { 2 };
        assert_eq!(tells_the_truth_of_tls(name, &[], &[]).unwrap(), legs * 4, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_captures_of_real_programs(name in prop::sample::select(&REAL[..]), changes in vec(change(), 1..12)) {
        analyse(changed(fs::read(testdata(name)).unwrap(), &changes));
    }

    #[test]
    fn changed_captures_of_tls_with_changed_keys(
        name in prop::sample::select(&OVER_TLS[..]),
        changes in vec(change(), 0..8),
        key_changes in vec(change(), 0..3),
    ) {
        tells_the_truth_of_tls(name, &changes, &key_changes)?;
    }

    #[test]
    fn changed_captures_of_http2(
        name in prop::sample::select(&["h2/node_h2c", "h2/python_h2c", "h2/python_upgrade", "tunnels/h2_connect"][..]),
        changes in vec(change(), 1..12),
    ) {
        analyse(changed(fs::read(testdata(&format!("{name}.pcap"))).unwrap(), &changes));
    }

    #[test]
    fn changed_examples_of_rules(rule in any::<prop::sample::Index>(), changes in vec(change(), 1..12)) {
        let rules: Vec<_> = wslens::rules::all().collect();
        let scenario = (rule.get(&rules).breaks)();
        analyse(changed(scenario.pcapng_bytes(), &changes));
    }

    #[test]
    fn any_bytes_behind_a_handshake(
        client in vec(any::<u8>(), 0..600),
        server in vec(any::<u8>(), 0..600),
        deflate: bool,
        size in 1_usize..300,
    ) {
        let scenario = Scenario::new().segment_size(size);
        let scenario = match deflate {
            true => scenario.handshake_with_extensions("permessage-deflate", "permessage-deflate"),
            false => scenario.handshake(),
        };
        analyse(scenario.bytes(Role::Client, client).bytes(Role::Server, server).fin(Role::Client).pcapng_bytes());
    }

    #[test]
    fn any_bytes_as_a_conversation(turns in vec((any::<bool>(), vec(any::<u8>(), 0..200)), 0..20)) {
        let speak = |scenario: Scenario, (client, bytes): (bool, Vec<u8>)| {
            scenario.bytes(if client { Role::Client } else { Role::Server }, bytes)
        };
        analyse(turns.into_iter().fold(Scenario::new(), speak).pcapng_bytes());
    }

    #[test]
    fn any_changes_to_a_handshake(
        request in vec(change(), 0..6),
        response in vec(change(), 0..6),
        size in 1_usize..300,
    ) {
        const REQUEST: &[u8] = b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=\"15\"\r\n\r\n";
        const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
        let scenario = Scenario::new()
            .segment_size(size)
            .bytes(Role::Client, changed(REQUEST.to_vec(), &request))
            .bytes(Role::Server, changed(RESPONSE.to_vec(), &response))
            .bytes(Role::Server, *b"\x81\x02Hi\x88\x02\x03\xe8");
        analyse(scenario.pcapng_bytes());
    }

    #[test]
    fn any_bytes_at_all(bytes in vec(any::<u8>(), 0..400)) {
        analyse(bytes.clone());
        for magic in [&b"\xd4\xc3\xb2\xa1\x02\0\x04\0"[..], b"\xa1\xb2\xc3\xd4\0\x02\0\x04", b"\n\r\r\n\x1c\0\0\0M<+\x1a\x01\0\0\0",
            b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18"] {
            analyse([magic, &bytes].concat());
        }
    }
}

#[test]
fn a_capture_cut_anywhere_gives_what_came_before() {
    let whole = fs::read(testdata("gallery/php_draft17.pcap")).unwrap();
    let mut frames = 0;
    for length in 24..=whole.len() {
        let found = Recorder::bytes(whole[..length].to_vec());
        assert!(found.frames.len() >= frames, "{length}");
        frames = found.frames.len();
    }
    assert_eq!(frames, 4);
}
