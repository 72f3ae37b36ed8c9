//! The reports, written from hand-made events.

use super::Paths;
use super::diagnostics::Diagnostics;
use super::frames::{Filter, Frames};
use super::json::Json;
use super::jsonl::Jsonl;
use super::raw::Raw;
use super::samples::{HOSTILE, conversation, frame, hostile, message};
use super::table::{Look, Table};
use super::transcript::Transcript;
use super::{Detail, Fanout};
use crate::Role;
use crate::analysis::Sink;
use crate::escape::is_unsafe;
use crate::rules::Severity;
use crate::websocket::{Kind, Opcode};
use serde_json::Value;
use std::io;

type Told = fn(&mut dyn Sink) -> io::Result<()>;

/// What the sink that `make` puts on a buffer writes of what is told.
fn written<'a, S: Sink + 'a>(told: Told, make: impl FnOnce(&'a mut Vec<u8>) -> S, out: &'a mut Vec<u8>) {
    let mut sink = make(out);
    told(&mut sink).unwrap();
}

/// As text, colours left away.
fn plain(bytes: &[u8]) -> String {
    anstream::adapter::strip_str(std::str::from_utf8(bytes).unwrap()).to_string()
}

fn json(told: Told, detail: Detail) -> String {
    let mut out = Vec::new();
    written(told, |out| Json::new(out, detail), &mut out);
    String::from_utf8(out).unwrap()
}

fn jsonl(told: Told, detail: Detail) -> String {
    let mut out = Vec::new();
    written(told, |out| Jsonl::new(out, detail), &mut out);
    String::from_utf8(out).unwrap()
}

fn table(told: Told, width: u16, notes: bool) -> Vec<u8> {
    let mut out = Vec::new();
    written(told, |out| Table::new(out, Look { width, notes }), &mut out);
    out
}

fn frames(told: Told, filter: Filter, width: u16) -> Vec<u8> {
    let mut out = Vec::new();
    written(told, |out| Frames::new(out, filter, Severity::Warning, width), &mut out);
    out
}

fn transcript(told: Told, control: bool) -> Vec<u8> {
    let mut out = Vec::new();
    written(told, |out| Transcript::new(out, 0, None, control, Severity::Warning), &mut out);
    out
}

fn diagnostics(told: Told, least: Severity) -> Vec<u8> {
    let mut out = Vec::new();
    let paths = Paths::default();
    paths.borrow_mut().push("a.pcap.gz".into());
    written(told, |out| Diagnostics::new(out, paths, least), &mut out);
    out
}

/// Every place in an object, as `connections[].frames[].index`, with the kind of value found there.
fn places(value: &Value, at: &str, found: &mut Vec<(String, &'static str)>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    found.push((at.to_owned(), kind));
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| places(element, &format!("{at}[]"), found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                places(value, &at, found);
            }
        }
        _ => {}
    }
}

/// The fields of version 1 of the report, each with the kinds its values may have.
const FIELDS: &str = "
    schema_version string
    tool.name string
    tool.version string
    captures[].path string
    captures[].format string
    captures[].compression string null
    captures[].link_types[] string
    captures[].packets number
    captures[].bytes number
    captures[].first_time string null
    captures[].last_time string null
    captures[].truncated bool
    summary.connections number
    summary.frames number
    summary.messages number
    summary.payload_bytes number
    summary.findings.error number
    summary.findings.warning number
    summary.findings.note number
    connections[].id number
    connections[].capture number
    connections[].transport string
    connections[].client.ip string
    connections[].client.port number
    connections[].server.ip string
    connections[].server.port number
    connections[].first_packet number
    connections[].last_packet number
    connections[].first_time string null
    connections[].last_time string null
    connections[].handshake object null
    connections[].handshake.request.packet number
    connections[].handshake.request.method string
    connections[].handshake.request.target string
    connections[].handshake.request.version string
    connections[].handshake.request.headers[][] string
    connections[].handshake.request.key string null
    connections[].handshake.request.websocket_version string null
    connections[].handshake.request.protocols[] string
    connections[].handshake.request.extensions string null
    connections[].handshake.response.packet number
    connections[].handshake.response.status number null
    connections[].handshake.response.reason string
    connections[].handshake.response.headers[][] string
    connections[].handshake.response.accept string null
    connections[].handshake.response.protocol string null
    connections[].handshake.response.extensions string null
    connections[].handshake.accept.received string
    connections[].handshake.accept.expected string
    connections[].handshake.accept.valid bool
    connections[].handshake.accept.cause string null
    connections[].handshake.protocol_family string
    connections[].handshake.duration number null
    connections[].extensions[].name string
    connections[].extensions[].params.server_max_window_bits number
    connections[].extensions[].params.client_max_window_bits number
    connections[].extensions[].params.server_no_context_takeover bool
    connections[].extensions[].params.client_no_context_takeover bool
    connections[].frames[].index number
    connections[].frames[].sender string
    connections[].frames[].time string null
    connections[].frames[].packet number
    connections[].frames[].last_packet number
    connections[].frames[].stream_offset number
    connections[].frames[].fin bool
    connections[].frames[].rsv1 bool
    connections[].frames[].rsv2 bool
    connections[].frames[].rsv3 bool
    connections[].frames[].opcode number
    connections[].frames[].opcode_name string
    connections[].frames[].masked bool
    connections[].frames[].masking_key_hex string null
    connections[].frames[].length_form number
    connections[].frames[].header_length number
    connections[].frames[].payload_length number
    connections[].frames[].captured_length number
    connections[].frames[].message number null
    connections[].frames[].payload.text string
    connections[].frames[].payload.hex string
    connections[].frames[].payload.cut bool
    connections[].messages[].index number
    connections[].messages[].sender string
    connections[].messages[].kind string
    connections[].messages[].first_frame number
    connections[].messages[].frames number
    connections[].messages[].compressed bool
    connections[].messages[].wire_length number
    connections[].messages[].length number null
    connections[].messages[].complete bool
    connections[].messages[].sha256_hex string null
    connections[].messages[].payload.text string
    connections[].closing.by string null
    connections[].closing.client_code number null
    connections[].closing.client_reason string null
    connections[].closing.server_code number null
    connections[].closing.server_reason string null
    connections[].closing.clean bool
    connections[].closing.tcp_end string
    connections[].stats.client.frames number
    connections[].stats.client.bytes number
    connections[].stats.client.payload_bytes number
    connections[].stats.server.frames number
    connections[].stats.server.bytes number
    connections[].stats.server.payload_bytes number
    connections[].stats.ping_rtt.count number
    connections[].stats.ping_rtt.min number null
    connections[].stats.ping_rtt.median number null
    connections[].stats.ping_rtt.max number null
    connections[].findings[].rule string
    connections[].findings[].severity string
    connections[].findings[].blame string null
    connections[].findings[].confidence string
    connections[].findings[].message string
    connections[].findings[].rfc string null
    connections[].findings[].frame number null
    connections[].findings[].message_index number null
    connections[].findings[].packet number null
    connections[].findings[].stream_offset number null
    connections[].findings[].evidence_hex string
    findings[].rule string
    findings[].blame null";

#[test]
fn json_has_every_field_of_version_1() {
    let report: Value = serde_json::from_str(&json(conversation, Detail::Full)).unwrap();
    let mut found = Vec::new();
    places(&report, "", &mut found);
    for line in FIELDS.lines().filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        let path = words.next().unwrap();
        let allowed: Vec<&str> = words.collect();
        let kinds: Vec<_> = found.iter().filter(|(at, _)| at == path).map(|(_, kind)| *kind).collect();
        assert!(!kinds.is_empty(), "{path} is missing");
        assert!(kinds.iter().all(|kind| allowed.contains(kind)), "{path} is {kinds:?}");
    }
}

#[test]
fn json_says_what_happened() {
    let report: Value = serde_json::from_str(&json(conversation, Detail::Full)).unwrap();
    let chat = &report["connections"][0];
    assert_eq!(chat["frames"][1]["payload"], serde_json::json!({ "text": "Grüße" }));
    assert_eq!(chat["frames"][2]["payload"], serde_json::json!({ "hex": "89504e47", "cut": true }));
    assert_eq!(chat["frames"][5]["payload"], serde_json::json!({ "close_code": 1000, "text": "bye" }));
    assert_eq!(chat["frames"][0]["masking_key_hex"], "37fa213d");
    assert_eq!(chat["frames"][0]["time"], "2023-11-14T22:13:20.008000000Z");
    assert_eq!(chat["handshake"]["request"]["extensions"], "permessage-deflate, x-other");
    assert_eq!(chat["handshake"]["request"]["protocols"], serde_json::json!(["chat", "superchat"]));
    assert_eq!(chat["handshake"]["duration"], 0.002);
    assert_eq!(chat["extensions"][1]["params"], serde_json::json!({ "a": "1", "b": true }));
    assert_eq!(chat["closing"]["client_reason"], "bye");
    assert_eq!(report["connections"][1]["closing"]["client_reason"], Value::Null);
    assert_eq!(report["connections"][2]["handshake"], Value::Null);
    assert_eq!(report["findings"][0]["rule"], "cap-gap");
}

#[test]
fn a_checks_json_has_no_frames_and_messages() {
    let report: Value = serde_json::from_str(&json(conversation, Detail::Findings)).unwrap();
    let chat = report["connections"][0].as_object().unwrap();
    assert!(!chat.contains_key("frames") && !chat.contains_key("messages"));
    assert_eq!(chat["findings"].as_array().unwrap().len(), 5);
    assert!(jsonl(conversation, Detail::Findings).lines().all(|line| !line.starts_with(r#"{"type":"frame""#)));
}

#[test]
fn lines_and_object_say_the_same() {
    let report: Value = serde_json::from_str(&json(conversation, Detail::Full)).unwrap();
    let mut frames = Vec::new();
    let mut connections = Vec::new();
    for line in jsonl(conversation, Detail::Full).lines() {
        let mut row: Value = serde_json::from_str(line).unwrap();
        let fields = row.as_object_mut().unwrap();
        match fields.remove("type").unwrap().as_str().unwrap() {
            "frame" if fields.remove("connection") == Some(0.into()) => frames.push(row),
            "connection" => connections.push(row),
            _ => {}
        }
    }
    assert_eq!(Value::from(frames), report["connections"][0]["frames"]);
    for (row, connection) in connections.iter().zip(report["connections"].as_array().unwrap()) {
        for (name, value) in row.as_object().unwrap() {
            assert_eq!(value, &connection[name], "{name}");
        }
    }
}

#[test]
fn an_empty_report_is_json() {
    let report: Value = serde_json::from_str(&json(|sink| sink.summary(&Default::default()), Detail::Full)).unwrap();
    assert_eq!(report["connections"], Value::Array(vec![]));
    assert_eq!(report["summary"]["findings"]["error"], 0);
}

#[test]
fn payloads_are_text_where_they_are_text() {
    use super::payload::Payload;
    let of = |opcode, bytes: &'static [u8], length: u64, rsv1| {
        let mut frame = frame(0, Role::Client, opcode, bytes);
        frame.header.payload_length = length;
        frame.header.rsv1 = rsv1;
        serde_json::to_string(&Payload::of_frame(&frame)).unwrap()
    };
    assert_eq!(of(Opcode::TEXT, b"Hi", 2, false), r#"{"text":"Hi"}"#);
    // 65 bytes of which 64 were kept, the last of them the first half of an "ü".
    assert_eq!(of(Opcode::TEXT, b"Hi \xc3", 5, false), r#"{"text":"Hi ","cut":true}"#);
    assert_eq!(of(Opcode::TEXT, b"Hi \xc3", 4, false), r#"{"hex":"486920c3"}"#);
    assert_eq!(of(Opcode::TEXT, b"\xf2\x48", 2, true), r#"{"hex":"f248"}"#);
    assert_eq!(of(Opcode::BINARY, b"Hi", 2, false), r#"{"hex":"4869"}"#);
    assert_eq!(of(Opcode::PING, b"Hi", 2, false), r#"{"text":"Hi"}"#);
    assert_eq!(of(Opcode::PING, b"\x00\x01", 2, false), r#"{"hex":"0001"}"#);
    assert_eq!(of(Opcode::CLOSE, b"\x03\xe9", 2, false), r#"{"close_code":1001,"text":""}"#);
    assert_eq!(of(Opcode::CLOSE, b"\x03\xe9\xff", 3, false), r#"{"hex":"03e9ff"}"#);
    assert_eq!(of(Opcode::CLOSE, b"\x03", 1, false), r#"{"hex":"03"}"#);
    assert_eq!(of(Opcode::CONTINUATION, b"Hi", 2, false), r#"{"text":"Hi"}"#);
}

#[test]
fn nothing_hostile_reaches_a_terminal() {
    let mut listed = Vec::new();
    let mut everything = String::new();
    for detail in [Detail::Full, Detail::Findings] {
        everything += &json(hostile, detail);
        everything += &jsonl(hostile, detail);
    }
    for width in [40, 80, 120, 1000] {
        listed.push(table(hostile, width, true));
        listed.push(frames(hostile, Filter::default(), width));
    }
    listed.push(transcript(hostile, true));
    listed.push(diagnostics(hostile, Severity::Note));
    for bytes in listed {
        everything += &without_own_sequences(std::str::from_utf8(&bytes).unwrap());
    }
    let escaped = everything.chars().find(|&c| c != '\n' && is_unsafe(c));
    assert_eq!(escaped, None);
    // It was there: in JSON as an escape, in text spelled out.
    assert!(everything.contains(r"\u001b[2J\u009b31m") && everything.contains(r"\x1b[2J\u{9b}31m"));
}

/// Removes the sequences for colours that the reports write themselves (`ESC [ digits m`) and no others: the sample's
/// own sequences, `ESC [ 2 J` and U+009B, would stay.
fn without_own_sequences(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        out.push_str(&rest[..at]);
        let sequence = &rest[at + 2..];
        let length = sequence.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b';').count();
        match sequence.as_bytes().get(length) {
            Some(b'm') => rest = &sequence[length + 1..],
            _ => {
                out.push_str("\u{1b}[");
                rest = sequence;
            }
        }
    }
    out + rest
}

#[test]
fn hostile_json_decodes_to_what_it_was() {
    let report: Value = serde_json::from_str(&json(hostile, Detail::Full)).unwrap();
    assert_eq!(report["connections"][0]["frames"][0]["payload"]["text"], HOSTILE);
    assert_eq!(report["connections"][0]["handshake"]["request"]["target"], HOSTILE);
}

#[test]
fn tables_keep_within_their_width() {
    for width in [80, 100, 120] {
        for told in [conversation as Told, hostile] {
            let text = plain(&table(told, width, true));
            let headings = text.lines().skip_while(|line| !line.is_empty());
            for line in headings {
                assert!(crate::escape::width(line) <= usize::from(width), "{width}: {line}");
            }
        }
    }
}

#[test]
fn table_at_80_columns() {
    insta::assert_snapshot!(plain(&table(conversation, 80, false)));
}

#[test]
fn table_at_120_columns_with_notes() {
    insta::assert_snapshot!(plain(&table(conversation, 120, true)));
}

#[test]
fn table_of_nothing() {
    let told: Told = |sink| {
        sink.capture(&super::samples::capture("empty.pcap"))?;
        sink.summary(&Default::default())
    };
    insta::assert_snapshot!(plain(&table(told, 80, false)));
}

#[test]
fn frame_list() {
    insta::assert_snapshot!(plain(&frames(conversation, Filter::default(), 120)));
}

#[test]
fn frame_list_is_filtered() {
    let indices = |filter: Filter| -> Vec<String> {
        let text = plain(&frames(conversation, filter, 120));
        text.lines().skip(1).map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    assert_eq!(indices(Filter { sender: Some(Role::Client), ..Filter::default() }), ["0:0", "0:2", "0:5"]);
    let opcodes = vec![Opcode::PING, Opcode::PONG];
    assert_eq!(indices(Filter { opcodes, ..Filter::default() }), ["0:3", "0:4"]);
    // It was found when the connection ended, long after the frame.
    assert_eq!(indices(Filter { rule: Some("ping-unanswered"), ..Filter::default() }), ["0:3"]);
    assert!(indices(Filter { connection: Some(1), ..Filter::default() }).is_empty());
}

#[test]
fn conversation_as_transcript() {
    insta::assert_snapshot!(plain(&transcript(conversation, true)));
}

#[test]
fn transcript_without_control_frames() {
    let text = plain(&transcript(conversation, false));
    assert!(!["ping", "pong", "close "].iter().any(|name| text.contains(&format!("C  {name}"))), "{text}");
    assert!(text.contains("Hello") && text.contains("Grüße"));
}

#[test]
fn findings_as_diagnostics() {
    insta::assert_snapshot!(plain(&diagnostics(conversation, Severity::Warning)));
}

#[test]
fn raw_bytes_are_those_of_the_messages() {
    let mut out = Vec::new();
    let mut raw = Raw::new(&mut out, 0, None);
    conversation(&mut raw).unwrap();
    // Of the binary message only the first four bytes are in the sample.
    assert_eq!(raw.cut, 1);
    assert_eq!(out, ["Hello".as_bytes(), "Grüße".as_bytes(), &[0x89, 0x50, 0x4E, 0x47]].concat());
    let mut out = Vec::new();
    conversation(&mut Raw::new(&mut out, 0, Some(Role::Server))).unwrap();
    assert_eq!(out, "Grüße".as_bytes());
}

#[test]
fn a_fanout_tells_everybody_the_same() {
    let (mut one, mut two) = (Vec::new(), Vec::new());
    let (mut first, mut second) = (Jsonl::new(&mut one, Detail::Full), Jsonl::new(&mut two, Detail::Full));
    conversation(&mut Fanout(vec![&mut first, &mut second])).unwrap();
    drop((first, second));
    assert_eq!(String::from_utf8(one).unwrap(), jsonl(conversation, Detail::Full));
    assert_eq!(String::from_utf8(two).unwrap(), jsonl(conversation, Detail::Full));
}

#[test]
fn an_unfinished_message_says_so() {
    let told: Told = |sink| {
        let mut unfinished = message(0, Role::Client, Kind::Text, b"Hel");
        (unfinished.length, unfinished.complete, unfinished.finished) = (None, false, false);
        sink.message(0, &unfinished)
    };
    let text = plain(&transcript(told, true));
    assert!(text.contains("Hel [unfinished]"), "{text}");
    assert!(jsonl(told, Detail::Full).contains(r#""length":null,"complete":false,"#));
}
