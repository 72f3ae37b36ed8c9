//! A connection as a conversation: the opening handshake, then what was said, in the order in which it was complete.

use super::encode::Hex;
use super::frames::preview;
use super::overview::closing;
use super::payload::valid;
use super::words::{
    BOLD, DIM, Styled, arrow, duration, outcome, request_line, role_style, severity_style, shown, size,
};
use crate::Role;
use crate::analysis::{Connection, ConnectionEnd, Sink, Summary};
use crate::capture::{PacketRef, Timestamp};
use crate::escape::printable;
use crate::rules::{Finding, Reaction, Severity};
use crate::websocket::{Frame, Inflated, Kind, Message, Outcome};
use std::fmt;
use std::io::{self, Write};

/// Bytes of a binary message that are shown.
const BINARY_SHOWN: usize = 32;

/// Writes one connection as it becomes known.
pub struct Transcript<W: Write> {
    out: W,
    connection: u64,
    sender: Option<Role>,
    control: bool,
    least: Severity,
    began: Option<Timestamp>,
}

impl<W: Write> Transcript<W> {
    /// Writes what `sender` (or both) said on `connection`, with control frames if `control`, and findings of severity
    /// `least` and above.
    pub fn new(out: W, connection: u64, sender: Option<Role>, control: bool, least: Severity) -> Transcript<W> {
        Transcript { out, connection, sender, control, least, began: None }
    }

    fn hears(&self, id: u64, sender: Role) -> bool {
        id == self.connection && self.sender.is_none_or(|wanted| wanted == sender)
    }

    fn line(&mut self, sender: Role, packet: PacketRef, kind: &str, text: impl fmt::Display) -> io::Result<()> {
        let after = match packet.time.zip(self.began) {
            Some((time, began)) => format!("{:.6}", time.since(began).as_secs_f64()),
            None => "?".to_owned(),
        };
        let arrow = Styled(role_style(sender), arrow(sender));
        write!(self.out, "{after:>12}  {arrow}  ")?;
        match text.to_string().as_str() {
            "" => writeln!(self.out, "{}", Styled(DIM, kind)),
            text => writeln!(self.out, "{}  {text}", Styled(DIM, format_args!("{kind:<6}"))),
        }
    }
}

/// What a message said, all of the kept bytes, and what is not there.
fn said(message: &Message<'_>) -> String {
    let kept = message.payload.len() as u64;
    let more = message.length.map_or(0, |length| length.saturating_sub(kept));
    let mut text = match (message.kind, valid(message.payload, message.length != Some(kept))) {
        (Kind::Text, Some(_)) => printable(message.payload).into_owned(),
        (Kind::Text, None) => format!("not UTF-8: {}", printable(message.payload)),
        (Kind::Binary, _) => {
            let some = &message.payload[..message.payload.len().min(BINARY_SHOWN)];
            let ellipsis = if message.length == Some(some.len() as u64) { "" } else { "…" };
            let length = message.length.map_or(String::new(), |length| format!("{}, ", size(length)));
            format!("{length}{}{ellipsis}", Hex(some))
        }
    };
    if message.kind == Kind::Text && more > 0 {
        text.push_str(&format!("… [{more} more bytes]"));
    }
    match message.inflated {
        Some(Inflated::Corrupt { .. }) => text.push_str(" [could not be inflated]"),
        Some(Inflated::Bomb { .. }) => text.push_str(" [inflating stopped at a limit]"),
        Some(Inflated::ContextLost) => text.push_str(" [needs bytes that are not in the capture to be inflated]"),
        _ if !message.finished => text.push_str(" [unfinished]"),
        _ if !message.complete => text.push_str(" [bytes missing]"),
        _ => {}
    }
    text
}

/// `code 1000, reason "bye", clean`
fn told(outcome: &Outcome) -> String {
    let code = outcome.code.map_or("an unknown code".to_owned(), |code| format!("code {code}"));
    let reason = match outcome.reason.as_deref() {
        None | Some("") => String::new(),
        Some(reason) => format!(", reason \"{}\"", shown(reason.as_bytes(), 200)),
    };
    let clean = match outcome.was_clean {
        Some(true) => ", clean",
        Some(false) => ", not clean",
        None => ", clean or not",
    };
    format!("{code}{reason}{clean}")
}

impl<W: Write> Sink for Transcript<W> {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        if connection.id != self.connection {
            return Ok(());
        }
        self.began = connection.first_packet.time;
        let client = Styled(role_style(Role::Client), connection.client);
        let server = Styled(role_style(Role::Server), connection.server);
        let title = Styled(BOLD, format_args!("connection {}", connection.id));
        writeln!(self.out, "{title}  {client} → {server}")?;
        let Some(handshake) = connection.handshake else {
            return writeln!(self.out, "{}", Styled(DIM, "the capture begins mid-stream: no opening handshake"));
        };
        if let (Some(head), Some(line)) = (&handshake.attempt.request, request_line(handshake, 400)) {
            self.line(Role::Client, head.packet, "http", line)?;
        }
        match &handshake.attempt.response {
            Some(head) => {
                let reason = shown(head.line.reason.as_bytes(), 400);
                let text = format!("{} {reason}", outcome(Some(handshake)));
                // HTTP/2 has no reason phrase.
                self.line(Role::Server, head.packet, "http", text.trim_end().to_owned())
            }
            None => writeln!(self.out, "{}", Styled(DIM, outcome(Some(handshake)))),
        }
    }

    fn frame(&mut self, id: u64, frame: &Frame<'_>) -> io::Result<()> {
        // A fragment of nothing belongs to no message: it would be lost if it were not told as a frame.
        let orphan = frame.message.is_none() && !frame.header.opcode.is_control();
        if !self.hears(id, frame.sender) || !(orphan || self.control && frame.header.opcode.is_control()) {
            return Ok(());
        }
        self.line(frame.sender, frame.packet, frame.header.opcode.name(), preview(frame, 400))
    }

    fn message(&mut self, id: u64, message: &Message<'_>) -> io::Result<()> {
        if !self.hears(id, message.sender) {
            return Ok(());
        }
        self.line(message.sender, message.packet, message.kind.name(), said(message))
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        if id != Some(self.connection) || finding.severity < self.least {
            return Ok(());
        }
        let severity = Styled(severity_style(finding.severity), finding.severity);
        let message = printable(finding.message.as_bytes());
        writeln!(self.out, "{:>12}  {severity} {}: {message}", "", finding.rule.id)
    }

    fn reaction(&mut self, id: u64, reaction: &Reaction) -> io::Result<()> {
        if id != self.connection {
            return Ok(());
        }
        let to = format_args!("reaction to {}:", reaction.rule.id).to_string();
        writeln!(self.out, "{:>12}  {} {reaction}", "", Styled(DIM, to))
    }

    fn connection_end(&mut self, id: u64, end: &ConnectionEnd) -> io::Result<()> {
        if id != self.connection {
            return Ok(());
        }
        let lasted = match end.last_packet.time.zip(self.began) {
            Some((last, began)) => format!(" after {}", duration(last.since(began))),
            None => String::new(),
        };
        writeln!(self.out, "{}", Styled(DIM, format_args!("closed: {}{lasted}", closing(&end.closing))))?;
        for role in [Role::Client, Role::Server] {
            if let Some(outcome) = &end.closing.outcomes[role] {
                writeln!(self.out, "{}", Styled(DIM, format_args!("{role}'s application is told {}", told(outcome))))?;
            }
        }
        Ok(())
    }

    fn summary(&mut self, _: &Summary) -> io::Result<()> {
        self.out.flush()
    }
}
