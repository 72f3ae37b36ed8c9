//! What is said of a capture and of the transport below: no endpoint is to blame for any of it.

use crate::Role;
use crate::http2::Kind;
use crate::rules::{Blames, Requirement, Rule, Severity};
use crate::scenario::{Scenario, binary, text};
use std::time::Duration;

/// The rules of this topic.
pub const RULES: &[&Rule] = &[
    &GAP,
    &SNAPLEN_TRUNCATED,
    &MID_STREAM,
    &ONE_DIRECTION,
    &TLS_UNDECRYPTABLE,
    &HEADER_FIELDS_UNKNOWN,
    &CLOCK_BACKWARDS,
    &DUPLICATE_PACKETS,
    &LIMIT_HIT,
    &RESYNC,
    &BAD_CHECKSUM,
    &OVERLAP_CONFLICT,
];

/// `cap-gap`
pub static GAP: Rule = Rule {
    id: "cap-gap",
    severity: Severity::Note,
    blames: Blames::Nobody,
    requires: Requirement::Nothing,
    source: "RFC 9293 §3.4",
    quote: "",
    statement: "Bytes of a stream are missing from the capture.",
    why: "The receiver acknowledged them, so it had them; the capture dropped their packets. What is found behind the \
          gap is less certain, and a message across it cannot be read.",
    restraint: "Said once for each stream, at the end, with how many bytes in how many places and where the first is.",
    breaks: || three_messages(Scenario::lose),
    keeps: || three_messages(|s| s),
};

/// `cap-snaplen-truncated`
pub static SNAPLEN_TRUNCATED: Rule = Rule {
    id: "cap-snaplen-truncated",
    severity: Severity::Note,
    blames: Blames::Nobody,
    requires: Requirement::Nothing,
    source: "the snapshot length of the capture",
    quote: "",
    statement: "Packets were cut by the snapshot length.",
    why: "Payload rules are off for the frames concerned; header rules stay on as long as headers are there. Capture \
          with a snapshot length of 0, which is no limit.",
    restraint: "Said once for each stream, at the end.",
    breaks: || Scenario::new().handshake().snaplen(100).client(binary(vec![0; 400])),
    keeps: || Scenario::new().handshake().snaplen(500).client(binary(vec![0; 400])),
};

/// `cap-mid-stream`
pub static MID_STREAM: Rule = Rule {
    id: "cap-mid-stream",
    severity: Severity::Note,
    blames: Blames::Nobody,
    requires: Requirement::Nothing,
    source: "the beginning of the capture",
    quote: "",
    statement: "The connection was open before the capture began.",
    why: "The handshake is not there: who is the client is told from who masks, and extensions are not known.",
    restraint: "",
    breaks: || chatter(Scenario::new().handshake().begin_mid_stream()),
    keeps: || chatter(Scenario::new().begin_mid_stream().handshake()),
};

/// `cap-one-direction`
pub static ONE_DIRECTION: Rule = Rule {
    id: "cap-one-direction",
    severity: Severity::Note,
    blames: Blames::Nobody,
    requires: Requirement::Nothing,
    source: "the place of the capture",
    quote: "",
    statement: "Only what one endpoint sent was captured.",
    why: "The way back is another one, or the capture's filter lets one direction through. Rules that need both sides, \
          such as the answer to a Close, are silent.",
    restraint: "",
    breaks: || Scenario::new().only(Role::Client).handshake().client(text("Hello")),
    keeps: || Scenario::new().handshake().client(text("Hello")),
};

/// `cap-tls-undecryptable`
pub static TLS_UNDECRYPTABLE: Rule = Rule {
    id: "cap-tls-undecryptable",
    severity: Severity::Note,
    blames: Blames::Nobody,
    requires: Requirement::Nothing,
    source: "RFC 8446 §5",
    quote: "",
    statement: "A connection is encrypted by TLS and no key at hand opens it.",
    why: "It may or may not be a WebSocket. Capture with a key log (SSLKEYLOGFILE), or behind the proxy that ends TLS.",
    restraint: "Said of each connection, up to a hundred of a capture; how many more there are is said once.",
    breaks: || Scenario::new().bytes(Role::Client, client_hello()),
    keeps: || Scenario::new().handshake(),
};

/// `cap-header-fields-unknown`
pub static HEADER_FIELDS_UNKNOWN: Rule = Rule {
    id: "cap-header-fields-unknown",
    severity: Severity::Note,
    blames: Blames::Nobody,
    requires: Requirement::Nothing,
    source: "RFC 7541 §2.3.2",
    quote: "",
    statement: "Header fields of a handshake over HTTP/2 are not known.",
    why: "They are compressed by reference to earlier header fields of the connection, and these were not captured. What \
          is shown of the handshake is right and not complete.",
    restraint: "No rule holds a field to be missing that may be among them.",
    breaks: || with_a_lost_answer(true),
    keeps: || with_a_lost_answer(false),
};

/// A stream whose answer puts its fields into the HPACK table, and another whose answer refers to them.
fn with_a_lost_answer(lost: bool) -> Scenario {
    // RFC 7541 §6.2.1 and §6.1: sec-websocket-protocol: a, then index 62.
    let answer = |field: &[u8]| [&b"\x88"[..], field].concat();
    let offered = |s: Scenario| s.connect_request(|request| request.field("sec-websocket-protocol", "a"));
    let first = offered(Scenario::new().http2());
    let first = if lost { first.lose() } else { first };
    offered(first.http2_frame(Role::Server, Kind::HEADERS, 4, answer(b"\x40\x16sec-websocket-protocol\x01a")).stream(3))
        .http2_frame(Role::Server, Kind::HEADERS, 4, answer(b"\xbe"))
        .server(text("Hello"))
        .client(text("Hi"))
}

/// `cap-clock-backwards`
pub static CLOCK_BACKWARDS: Rule = Rule {
    id: "cap-clock-backwards",
    severity: Severity::Note,
    blames: Blames::Nobody,
    requires: Requirement::Nothing,
    source: "the timestamps of the capture",
    quote: "",
    statement: "A packet has an earlier time than one before it.",
    why: "Several interfaces or processors wrote the file, or the clock was set. Durations are off by as much.",
    restraint: "Said once for a capture. Packets are taken in the order of the file whatever their times.",
    breaks: || Scenario::new().handshake().client(text("Hello")).set_back(Duration::from_secs(1)).server(text("Hi")),
    keeps: || Scenario::new().handshake().client(text("Hello")).server(text("Hi")),
};

/// `cap-duplicate-packets`
pub static DUPLICATE_PACKETS: Rule = Rule {
    id: "cap-duplicate-packets",
    severity: Severity::Note,
    blames: Blames::Nobody,
    requires: Requirement::Nothing,
    source: "the place of the capture",
    quote: "",
    statement: "The same packets were captured twice.",
    why: "A mirror port that copies both ways, or the `any` interface. They look like retransmissions and are none; \
          wslens takes each once.",
    restraint: "Only copies within 5 ms that are the same packet, down to identification and checksum.",
    breaks: || Scenario::new().twice().handshake().client(text("Hello")),
    keeps: || Scenario::new().handshake().client(text("Hello")).retransmit(),
};

/// `cap-limit-hit`
pub static LIMIT_HIT: Rule = Rule {
    id: "cap-limit-hit",
    severity: Severity::Note,
    blames: Blames::Nobody,
    requires: Requirement::Nothing,
    source: "the limits of wslens",
    quote: "",
    statement: "A limit on memory stopped the analysis of something.",
    why: "What lies beyond was not looked at or not listed, so the absence of findings there means nothing.",
    restraint: "",
    breaks: || flood(5000),
    keeps: || flood(4000),
};

/// `cap-resync`
pub static RESYNC: Rule = Rule {
    id: "cap-resync",
    severity: Severity::Note,
    blames: Blames::Nobody,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.2",
    quote: "",
    statement: "The boundary between frames was found again after a gap.",
    why: "Frames behind it rest on a search and are marked so. The score says how strong the evidence is: random bytes \
          look like this once in 2 to that power.",
    restraint: "Said once for each stream, at the end, with the weakest score. Silent where nothing was passed over.",
    breaks: || three_messages(|s| s.lose().client(text("lost")).client(text("found"))),
    keeps: || three_messages(|s| s),
};

/// `cap-bad-checksum`
pub static BAD_CHECKSUM: Rule = Rule {
    id: "cap-bad-checksum",
    severity: Severity::Note,
    blames: Blames::Nobody,
    requires: Requirement::Nothing,
    source: "RFC 9293 §3.1",
    quote: "",
    statement: "TCP checksums do not match.",
    why: "Mostly the sender's network card computes them after the capture took the packet. If not, packets were \
          damaged, and the receiver dropped what is shown here.",
    restraint: "Only the first few segments of a connection are looked at. Their bytes are taken all the same.",
    breaks: || Scenario::new().without_checksums().handshake().client(text("Hello")),
    keeps: || Scenario::new().handshake().client(text("Hello")),
};

/// `tcp-overlap-conflict`
pub static OVERLAP_CONFLICT: Rule = Rule {
    id: "tcp-overlap-conflict",
    severity: Severity::Warning,
    blames: Blames::Nobody,
    requires: Requirement::Nothing,
    source: "RFC 9293 §3.4",
    quote: "",
    statement: "A retransmission carries other bytes than the segment before it.",
    why: "Which of the two the receiver took is not known, so what is shown may not be what it read. Somebody injects \
          packets, or a middlebox rewrote one of them.",
    restraint: "Only bytes that were not acknowledged are compared: later a copy can change nothing. The bytes that \
                came first are shown.",
    breaks: || Scenario::new().handshake().without_acks().client(text("Hello")).retransmit_with(*b"HELLO HELLO"),
    keeps: || Scenario::new().handshake().without_acks().client(text("Hello")).retransmit(),
};

/// Three messages of the client, with something done after the first.
fn three_messages(between: impl FnOnce(Scenario) -> Scenario) -> Scenario {
    let begun = Scenario::new().handshake().client(text("one"));
    between(begun).client(text("two")).client(text("three"))
}

/// Messages both ways, enough to know a WebSocket by.
fn chatter(begun: Scenario) -> Scenario {
    begun.repeat(8, |s| s.client(text("How are you?")).server(text("I am well, thank you.")))
}

/// A segment is lost and so many come after it that nobody acknowledges.
fn flood(messages: u64) -> Scenario {
    Scenario::new().handshake().without_acks().lose().client(text("x")).repeat(messages, |s| s.client(text("x")))
}

/// The smallest ClientHello (RFC 8446 §4.1.2): TLS_AES_128_GCM_SHA256 and no extensions.
fn client_hello() -> Vec<u8> {
    let mut hello = vec![0x16, 0x03, 0x01, 0x00, 0x2D, 0x01, 0x00, 0x00, 0x29, 0x03, 0x03];
    hello.extend([0x5A; 32]);
    hello.extend([0x00, 0x00, 0x02, 0x13, 0x01, 0x01, 0x00]);
    hello
}
