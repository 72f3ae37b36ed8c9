//! Hand-made events for the tests of the reports: a small conversation with everything a report can show, and one in
//! which every text is hostile.

use crate::analysis::{CaptureSummary, Connection, ConnectionEnd, Sink, Summary, Transport};
use crate::capture::{PacketRef, Timestamp};
use crate::http::{Attempt, Head, RequestLine, StatusLine};
use crate::packet::Endpoint;
use crate::rules::{Blames, Confidence, Finding, Requirement, Rule, Severity};
use crate::scenario::Scenario;
use crate::tcp::Side;
use crate::websocket::{
    CloseFrame, Closer, Closing, DirectionStats, Frame, FrameHeader, Handshake, Kind, LengthForm, Message, Opcode,
    PingTimes, Stats, TcpEnd, Text,
};
use crate::{PerRole, Role};
use std::io;
use std::time::Duration;

macro_rules! rule {
    ($name:ident, $id:literal, $severity:ident, $blames:ident, $source:literal) => {
        pub static $name: Rule = Rule {
            id: $id,
            severity: Severity::$severity,
            blames: Blames::$blames,
            requires: Requirement::Nothing,
            source: $source,
            quote: "",
            statement: "",
            why: "",
            restraint: "",
            breaks: Scenario::default,
            keeps: Scenario::default,
        };
    };
}

rule!(SERVER_MASKED, "frame-server-masked", Error, Server, "RFC 6455 §5.1");
rule!(NON_MINIMAL, "frame-length-nonminimal-16", Error, Either, "RFC 6455 §5.2");
rule!(UNANSWERED, "ping-unanswered", Warning, Either, "RFC 6455 §5.5.2");
rule!(NO_STATUS, "close-no-status", Note, Either, "RFC 6455 §7.1.5");
rule!(GAP, "cap-gap", Note, Nobody, "");

/// Packet `number` of the sample: one each millisecond.
pub fn packet(number: u64) -> PacketRef {
    let time = 1_700_000_000_000_000_000 + i64::try_from(number).unwrap() * 1_000_000;
    PacketRef::new(number, Some(Timestamp::new(time)), number * 100, 80)
}

pub fn head<Line>(line: Line, headers: &[(&str, &str)], number: u64) -> Head<Line> {
    Head {
        line,
        headers: headers.iter().copied().collect(),
        faults: Vec::new(),
        offset: 0,
        length: 150,
        packet: packet(number),
        last_packet: packet(number),
        segments: 1,
    }
}

pub fn handshake(target: &str, status: u16, reason: &str) -> Handshake {
    let request = RequestLine { method: "GET".into(), target: target.into(), version: "HTTP/1.1".into() };
    let request_headers = [
        ("Host", "127.0.0.1:9101"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Protocol", "chat, superchat"),
        ("Sec-WebSocket-Extensions", "permessage-deflate"),
        ("Sec-WebSocket-Extensions", "x-other"),
    ];
    let response = StatusLine { version: "HTTP/1.1".into(), status, reason: reason.to_owned().into() };
    let response_headers = [
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Accept", "wrong"),
        ("Sec-WebSocket-Protocol", "chat"),
        (
            "Sec-WebSocket-Extensions",
            "permessage-deflate; client_max_window_bits=12; client_no_context_takeover, x-other; a=1; b",
        ),
    ];
    Handshake::from_attempt(Attempt {
        client: Side::First,
        request: Some(head(request, &request_headers, 4)),
        response: Some(head(response, &response_headers, 6)),
        switched: status == 101,
        early_data: None,
        after_gap: false,
        client_left: false,
        early_dropped: 0,
        pipelined: None,
        hixie_body: None,
        hixie_answer: None,
        tunnel: None,
        first_frame_coalesced: false,
    })
}

pub fn connection<'a>(id: u64, handshake: Option<&'a Handshake>) -> Connection<'a> {
    Connection {
        id,
        capture: 0,
        transport: Transport::Tcp,
        tls: None,
        client: Endpoint { ip: [127, 0, 0, 1].into(), port: 36876 },
        server: Endpoint { ip: [127, 0, 0, 1].into(), port: 9101 },
        first_packet: packet(1),
        handshake,
    }
}

/// A whole frame of `sender` with this payload; masked where a client's ought to be.
pub fn frame(index: u64, sender: Role, opcode: Opcode, payload: &[u8]) -> Frame<'_> {
    let length = payload.len() as u64;
    Frame {
        index,
        sender,
        header: FrameHeader {
            fin: true,
            rsv1: false,
            rsv2: false,
            rsv3: false,
            opcode,
            masking_key: (sender == Role::Client).then_some([0x37, 0xFA, 0x21, 0x3D]),
            length_form: LengthForm::shortest(length),
            payload_length: length,
        },
        header_bytes: &[],
        stream_offset: 150 + index * 10,
        packet: packet(8 + index),
        last_packet: packet(8 + index),
        acknowledged: None,
        captured_length: length,
        complete: true,
        payload,
        message: (!opcode.is_control()).then_some(index),
        inside_message: Some(false),
        end_offset: 150 + (index + 1) * 10,
        pong: None,
        after_gap: false,
    }
}

pub fn message(index: u64, sender: Role, kind: Kind, payload: &[u8]) -> Message<'_> {
    Message {
        index,
        sender,
        kind,
        first_frame: index,
        last_frame: index,
        frames: 1,
        compressed: false,
        wire_length: payload.len() as u64,
        length: Some(payload.len() as u64),
        complete: true,
        finished: true,
        payload,
        sha256: None,
        text: Text::default(),
        inflated: None,
        walk: None,
        packet: packet(8 + index),
        last_packet: packet(8 + index),
        stream_offset: 150 + index * 10,
        after_gap: false,
    }
}

pub fn finding(rule: &'static Rule, blame: Option<Role>, frame: Option<u64>, message: &str) -> Finding {
    Finding {
        index: None,
        reaction_follows: false,
        rule,
        severity: rule.severity,
        blame,
        confidence: Confidence::Certain,
        message: message.into(),
        frame,
        // Reports tell the frame's own.
        opcode: None,
        message_index: None,
        packet: frame.map(|frame| packet(8 + frame)),
        stream_offset: frame.map(|frame| 150 + frame * 10),
        evidence: vec![0x82, 0x7E, 0x00, 0x64],
        closed: None,
        fingerprint: None,
        known: false,
    }
}

pub fn end(closing: Closing) -> ConnectionEnd {
    let sent = |frames, bytes| DirectionStats { frames, messages: 2, bytes: bytes + 12, payload_bytes: bytes };
    ConnectionEnd {
        last_packet: packet(22),
        closing,
        stats: Stats {
            sent: PerRole { client: sent(4, 91_268), server: sent(3, 75) },
            pings: PingTimes {
                count: 1,
                min: Some(Duration::from_micros(1500)),
                median: Some(Duration::from_micros(1500)),
                max: Some(Duration::from_micros(1500)),
            },
        },
    }
}

pub fn closed(reason: &str) -> Closing {
    let close = |frame| Some(CloseFrame { frame, code: Some(1000), reason: reason.into() });
    Closing {
        by: Some(Closer::Client),
        frames: PerRole { client: close(5), server: close(6) },
        clean: true,
        tcp_end: TcpEnd::Fin,
        outcomes: PerRole::default(),
    }
}

pub fn capture(path: &str) -> CaptureSummary {
    CaptureSummary {
        path: path.into(),
        format: "pcap",
        compression: Some("gzip"),
        link_types: vec!["ethernet".into()],
        packets: 46,
        bytes: 5120,
        first_number: 1,
        first_time: packet(1).time,
        last_time: packet(46).time,
        truncated: true,
        unknown_links: vec![(147, 3)],
        flows: 4,
        ..CaptureSummary::default()
    }
}

/// Three connections: a chat with faults, a refusal, one that was found open and broke off.
pub fn conversation(sink: &mut dyn Sink) -> io::Result<()> {
    let chat = handshake("/chat", 101, "Switching Protocols");
    let refused = handshake("/private?token=0123456789abcdef0123456789abcdef", 401, "Unauthorized");
    sink.connection(&connection(0, Some(&chat)))?;
    sink.frame(0, &frame(0, Role::Client, Opcode::TEXT, b"Hello"))?;
    sink.message(0, &message(0, Role::Client, Kind::Text, b"Hello"))?;
    sink.connection(&connection(1, Some(&refused)))?;
    let mut masked = frame(1, Role::Server, Opcode::TEXT, "Grüße".as_bytes());
    masked.header.masking_key = Some([0; 4]);
    sink.frame(0, &masked)?;
    sink.finding(
        Some(0),
        &finding(&SERVER_MASKED, Some(Role::Server), Some(1), "server's frame 1 is masked with key 00000000"),
    )?;
    sink.message(0, &message(1, Role::Server, Kind::Text, "Grüße".as_bytes()))?;
    let mut long = frame(2, Role::Client, Opcode::BINARY, &[0x89, 0x50, 0x4E, 0x47]);
    long.header.payload_length = 91_234;
    long.header.length_form = LengthForm::Bits64;
    long.captured_length = 91_000;
    sink.frame(0, &long)?;
    let mut digest = message(2, Role::Client, Kind::Binary, &[0x89, 0x50, 0x4E, 0x47]);
    (digest.length, digest.sha256) = (Some(91_234), Some([0xAB; 32]));
    sink.message(0, &digest)?;
    sink.frame(0, &frame(3, Role::Server, Opcode::PING, b"are you there"))?;
    for n in [3, 4] {
        let text = format!("server's frame {n} spends 2 extra bytes: a length of 100 fits in 7 bits");
        sink.finding(Some(0), &finding(&NON_MINIMAL, Some(Role::Server), Some(n), &text))?;
    }
    sink.frame(0, &frame(4, Role::Server, Opcode::PONG, &[]))?;
    sink.frame(0, &frame(5, Role::Client, Opcode::CLOSE, b"\x03\xe8bye"))?;
    sink.frame(0, &frame(6, Role::Server, Opcode::CLOSE, &[]))?;
    sink.finding(Some(0), &finding(&NO_STATUS, Some(Role::Server), Some(6), "server's Close has no status code"))?;
    let unanswered = "client never answered the server's Ping in frame 3 although it lived on for 30 s";
    sink.finding(Some(0), &finding(&UNANSWERED, Some(Role::Client), Some(3), unanswered))?;
    sink.connection_end(0, &end(closed("bye")))?;
    let unclosed = Closing {
        by: None,
        frames: PerRole::default(),
        clean: false,
        tcp_end: TcpEnd::Fin,
        outcomes: PerRole::default(),
    };
    sink.connection_end(1, &end(unclosed.clone()))?;
    sink.connection(&connection(2, None))?;
    sink.connection_end(2, &end(Closing { tcp_end: TcpEnd::Reset, ..unclosed }))?;
    sink.finding(None, &finding(&GAP, None, None, "128 bytes are missing"))?;
    sink.capture(&capture("a.pcap.gz"))?;
    sink.summary(&Summary {
        connections: 3,
        frames: 7,
        messages: 3,
        payload_bytes: 91_343,
        errors: 3,
        warnings: 1,
        notes: 2,
        ..Summary::default()
    })
}

/// Characters that a terminal obeys or hides: ESC, CSI as C1, BEL, CR, bidirectional override and isolate, BOM, DEL.
pub const HOSTILE: &str = "\u{1b}[2J\u{9b}31m\u{7}\r\u{202e}\u{2066}\u{feff}\u{7f}\n";

/// A conversation in which every text that comes from the wire or the file system is [`HOSTILE`].
pub fn hostile(sink: &mut dyn Sink) -> io::Result<()> {
    let mut handshake = handshake(HOSTILE, 101, HOSTILE);
    handshake.extensions[0].name = HOSTILE.into();
    for head in handshake.attempt.response.iter_mut() {
        head.headers = head.headers.iter().map(|header| (header.name, HOSTILE)).collect();
    }
    for head in handshake.attempt.request.iter_mut() {
        head.line.method = HOSTILE.into();
        head.headers = head.headers.iter().map(|header| (HOSTILE, header.value)).collect();
    }
    sink.connection(&connection(0, Some(&handshake)))?;
    let close = [b"\x03\xe8", HOSTILE.as_bytes()].concat();
    let payloads: [(Opcode, &[u8]); 5] = [
        (Opcode::TEXT, HOSTILE.as_bytes()),
        (Opcode::CONTINUATION, HOSTILE.as_bytes()),
        (Opcode(0xB), HOSTILE.as_bytes()),
        (Opcode::CLOSE, &close),
        (Opcode::PING, HOSTILE.as_bytes()),
    ];
    for (index, (opcode, payload)) in (0..).zip(payloads) {
        let mut frame = frame(index, Role::Client, opcode, payload);
        frame.message = None;
        sink.frame(0, &frame)?;
    }
    sink.message(0, &message(0, Role::Client, Kind::Text, HOSTILE.as_bytes()))?;
    sink.message(0, &message(1, Role::Client, Kind::Text, &[HOSTILE.as_bytes(), b"\xff"].concat()))?;
    for id in [Some(0), None] {
        sink.finding(id, &finding(&SERVER_MASKED, Some(Role::Server), Some(1), HOSTILE))?;
    }
    sink.connection_end(0, &end(closed(HOSTILE)))?;
    let mut capture = capture(HOSTILE);
    capture.fault = Some(HOSTILE.into());
    capture.link_types = vec![HOSTILE.into()];
    sink.capture(&capture)?;
    sink.summary(&Summary { connections: 1, frames: 5, messages: 2, errors: 2, ..Summary::default() })
}
