//! A connection as a ladder: client and server are two lines, and what they send are rungs between them.
//!
//! Collected while the capture is read and drawn at its end, since TCP's rungs are only known then. Of the frames the
//! first and the last are kept, up to a limit; the others are counted.

mod draw;

use super::frames::preview;
use super::overview::closing;
use super::payload::Payload;
use super::words::{count, outcome, request_line, shown, size};
use crate::Role;
use crate::analysis::{Connection, ConnectionEnd, Sink, Summary, Timeline};
use crate::capture::PacketRef;
use crate::rules::{Finding, Severity};
use crate::websocket::{Frame, Kind, Message, Opcode, Pong};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Columns of a payload that are kept; a rung is seldom wider.
const SHOWN: usize = 60;
/// Findings that are kept. Of those beyond it is said how many they are.
const FINDINGS: usize = 1000;

/// What a ladder is about, from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Tcp,
    Upgrade,
    Frames,
    Closing,
    TcpClose,
}

/// One thing that was sent.
#[derive(Clone, Debug)]
struct Rung {
    phase: Phase,
    from: Role,
    packet: PacketRef,
    /// Index of the frame, where it is one.
    frame: Option<u64>,
    /// What it is: `text`, `SYN`.
    name: String,
    /// What it says. Harmless for a terminal.
    said: String,
}

/// A finding that is to be marked.
#[derive(Clone, Debug)]
struct Note {
    severity: Severity,
    rule: &'static str,
    message: String,
    frame: Option<u64>,
    packet: Option<u64>,
}

/// What is known of the connection beside its rungs.
#[derive(Clone, Debug, Default)]
struct Frameless {
    client: String,
    server: String,
    began: Option<PacketRef>,
    /// What stands above the first rung.
    remark: Option<String>,
    /// `closed: …`
    closed: Option<String>,
}

/// Collects one connection and draws it.
pub struct Ladder<W: Write> {
    out: W,
    connection: u64,
    width: usize,
    least: Severity,
    /// Frames that are kept, half of them from the beginning.
    limit: usize,
    about: Frameless,
    /// All but frames.
    rungs: Vec<Rung>,
    first: Vec<Rung>,
    last: VecDeque<Rung>,
    /// Frames that were not kept, and their payload bytes.
    dropped: (u64, u64),
    /// A Close frame went by.
    closing: bool,
    fragments: crate::PerRole<u64>,
    notes: Vec<Note>,
    more_notes: u64,
}

impl<W: Write> Ladder<W> {
    /// Draws `connection` to `out`, `width` columns wide, with the findings of severity `least` and above and at most
    /// `limit` of its frames.
    pub fn new(out: W, connection: u64, width: u16, least: Severity, limit: usize) -> Ladder<W> {
        Ladder {
            out,
            connection,
            width: usize::from(width.clamp(60, 120)),
            least,
            limit,
            about: Frameless::default(),
            rungs: Vec::new(),
            first: Vec::new(),
            last: VecDeque::new(),
            dropped: (0, 0),
            closing: false,
            fragments: crate::PerRole::default(),
            notes: Vec::new(),
            more_notes: 0,
        }
    }

    fn rung(&mut self, phase: Phase, from: Role, packet: PacketRef, name: &str, said: String) {
        self.rungs.push(Rung { phase, from, packet, frame: None, name: name.to_owned(), said });
    }

    fn keep(&mut self, rung: Rung, length: u64) {
        if self.first.len() < self.limit.div_ceil(2) {
            return self.first.push(rung);
        }
        self.last.push_back(rung);
        if self.last.len() > self.limit / 2 {
            self.last.pop_front();
            self.dropped.0 += 1;
            self.dropped.1 = self.dropped.1.saturating_add(length);
        }
    }

    /// Which fragment of its message a frame is; empty for a message in one frame.
    fn fragment(&mut self, frame: &Frame<'_>) -> String {
        let header = &frame.header;
        let number = &mut self.fragments[frame.sender];
        if header.opcode != Opcode::CONTINUATION {
            *number = 0;
        }
        *number += 1;
        if frame.message.is_none() {
            *number = 0;
            return "of no message".to_owned();
        }
        match (*number, header.fin) {
            (1, true) if header.opcode != Opcode::CONTINUATION => String::new(),
            (n, true) => {
                *number = 0;
                format!("fragment {n}, the last")
            }
            (n, false) => format!("fragment {n}"),
        }
    }
}

/// What a message said, after inflating.
fn said(message: &Message<'_>) -> String {
    let payload = Payload::of_message(message);
    let length = message.length.map_or_else(|| "length unknown".to_owned(), size);
    let packed = match (message.compressed, message.length) {
        (true, Some(length)) if length > message.wire_length => format!(" from {}", size(message.wire_length)),
        _ => String::new(),
    };
    let text = match payload.text {
        Some(text) if message.kind == Kind::Text => {
            let text = shown(text.as_str().as_bytes(), SHOWN);
            let more = if payload.cut && !text.ends_with('…') { "…" } else { "" };
            format!(" \"{text}{more}\"")
        }
        _ => String::new(),
    };
    let of = if message.frames > 1 { format!(" in {} fragments", message.frames) } else { String::new() };
    format!("{length}{packed}{of}{text}")
}

impl<W: Write> Sink for Ladder<W> {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        if connection.id != self.connection {
            return Ok(());
        }
        self.about.client = connection.client.to_string();
        self.about.server = connection.server.to_string();
        self.about.began = Some(connection.first_packet);
        let Some(handshake) = connection.handshake else {
            self.about.remark = Some("the capture begins here, within the connection".to_owned());
            return Ok(());
        };
        if let Some((facts, hello)) = connection.tls.and_then(|facts| Some((facts, facts.client_hello?))) {
            let mut words = facts.version.map_or("TLS".to_owned(), |version| version.to_string());
            if let Some(name) = &facts.server_name {
                let _ = write!(words, " to {}", shown(name.as_bytes(), SHOWN));
            }
            self.rung(Phase::Tcp, Role::Client, hello, "ClientHello", words);
        }
        let attempt = &handshake.attempt;
        if let (Some(head), Some(line)) = (&attempt.request, request_line(handshake, SHOWN)) {
            self.rung(Phase::Upgrade, Role::Client, head.packet, &line, "— upgrade to websocket?".to_owned());
        }
        match &attempt.response {
            Some(head) => {
                let status = outcome(Some(handshake));
                let line = format!("{status} {}", shown(head.line.reason.as_bytes(), SHOWN));
                let verdict = match handshake.accept.as_ref().map(|check| check.is_valid()) {
                    Some(true) => "— accept right",
                    Some(false) => "— accept WRONG",
                    None => "",
                };
                self.rung(Phase::Upgrade, Role::Server, head.packet, line.trim_end(), verdict.to_owned());
            }
            None => self.about.remark = Some(outcome(Some(handshake)).into_owned()),
        }
        if !attempt.switched {
            self.about.closed = Some("no WebSocket was opened".to_owned());
        }
        Ok(())
    }

    fn frame(&mut self, id: u64, frame: &Frame<'_>) -> io::Result<()> {
        if id != self.connection {
            return Ok(());
        }
        let header = &frame.header;
        let opcode = header.opcode;
        self.closing |= opcode == Opcode::CLOSE;
        let said = match (opcode, frame.pong) {
            (Opcode::PONG, Some(Pong::Answers { ping, after, .. })) => {
                let after = after.map_or(String::new(), |after| format!(" after {}", super::words::duration(after)));
                format!("answers #{ping}{after}")
            }
            (Opcode::PONG, _) => "answers nothing".to_owned(),
            _ if opcode.is_control() || opcode.is_reserved() => preview(frame, SHOWN).trim_end().to_owned(),
            _ => match self.fragment(frame) {
                part if part.is_empty() => size(header.payload_length),
                part => format!("{}, {part}", size(header.payload_length)),
            },
        };
        let phase = if self.closing { Phase::Closing } else { Phase::Frames };
        let rung = Rung {
            phase,
            from: frame.sender,
            packet: frame.packet,
            frame: Some(frame.index),
            name: opcode.name().to_owned(),
            said,
        };
        self.keep(rung, header.payload_length);
        Ok(())
    }

    fn message(&mut self, id: u64, message: &Message<'_>) -> io::Result<()> {
        if id != self.connection {
            return Ok(());
        }
        // Its last frame went by a moment ago.
        let frames = self.first.iter_mut().rev().take(8).chain(self.last.iter_mut().rev().take(8));
        let is_last = |rung: &&mut Rung| rung.frame == Some(message.last_frame);
        if let Some(rung) = { frames }.find(is_last) {
            rung.said = said(message);
            if message.frames > 1 && message.finished {
                rung.said.insert_str(0, &format!("ends a {}: ", message.kind.name()));
            }
        }
        Ok(())
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        if id != Some(self.connection) || finding.severity < self.least {
            return Ok(());
        }
        if self.notes.len() >= FINDINGS {
            self.more_notes += 1;
            return Ok(());
        }
        self.notes.push(Note {
            severity: finding.severity,
            rule: finding.rule.id,
            message: finding.message.clone(),
            frame: finding.frame,
            packet: finding.packet.map(|packet| packet.number()),
        });
        Ok(())
    }

    fn timeline(&mut self, id: u64, timeline: &Timeline) -> io::Result<()> {
        if id != self.connection {
            return Ok(());
        }
        let Timeline { syn, ack, fin, reset } = timeline;
        for from in [Role::Client, Role::Server] {
            if let Some(packet) = syn[from] {
                let answers = syn[from.peer()].is_some_and(|other| other.number() < packet.number());
                let name = if answers { "SYN, ACK" } else { "SYN" };
                self.rung(Phase::Tcp, from, packet, name, String::new());
            }
            if let Some(packet) = fin[from] {
                self.rung(Phase::TcpClose, from, packet, "FIN", "— sends no more".to_owned());
            }
            if let Some(packet) = reset[from] {
                self.rung(Phase::TcpClose, from, packet, "RST", "— tears TCP down".to_owned());
            }
        }
        // An acknowledgment that comes with data is a rung of its own already.
        let carried = |packet: &&PacketRef| self.rungs.iter().any(|rung| rung.packet.number() == packet.number());
        if let Some(packet) = ack.as_ref().filter(|packet| !carried(packet)) {
            self.rung(Phase::Tcp, Role::Client, *packet, "ACK", String::new());
        }
        Ok(())
    }

    fn connection_end(&mut self, id: u64, end: &ConnectionEnd) -> io::Result<()> {
        if id == self.connection && self.about.closed.is_none() {
            let stats = &end.stats;
            let frames = stats.sent.client.frames + stats.sent.server.frames;
            self.about.closed = Some(format!("{}, closed: {}", count(frames, "frame"), closing(&end.closing)));
        }
        Ok(())
    }

    fn summary(&mut self, _: &Summary) -> io::Result<()> {
        self.draw()?;
        self.out.flush()
    }
}
