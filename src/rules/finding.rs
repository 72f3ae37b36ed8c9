//! One statement about one connection: which rule, whose bytes, which bytes, and how sure.

use super::{Fingerprint, Requirement, Rule, Severity};
use crate::Role;
use crate::capture::PacketRef;
use crate::packet::Endpoint;
use crate::tls::Facts;
use crate::websocket::{Frame, Message, Opcode};
use serde::Serialize;

/// Evidence is cut to this many bytes.
pub const EVIDENCE: usize = 32;

/// A rule was broken, or something worth saying was seen.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// Ordinal on its connection, from 0; the docket gives it. `None` for what belongs to a capture.
    pub index: Option<u64>,
    /// A [`Reaction`](super::Reaction) to it will be told.
    pub reaction_follows: bool,
    /// Its severity here.
    pub severity: Severity,
    /// Who is to blame; `None` for what belongs to the capture.
    pub blame: Option<Role>,
    /// How sure.
    pub confidence: Confidence,
    /// What happened, in a sentence with its numbers; no control characters.
    pub message: String,
    /// Index of the frame it is about.
    pub frame: Option<u64>,
    /// The opcode of that frame.
    pub opcode: Option<Opcode>,
    /// Index of the message it is about.
    pub message_index: Option<u64>,
    /// The packet that shows it.
    pub packet: Option<PacketRef>,
    /// Offset of the evidence in the blamed sender's stream.
    pub stream_offset: Option<u64>,
    /// The bytes that show it, at most [`EVIDENCE`].
    pub evidence: Vec<u8>,
    /// The TLS connection that it says is closed.
    pub closed: Option<Box<Closed>>,
    /// What it has in common with the same finding in another capture; rules leave it to the
    /// [policy](crate::policy).
    pub fingerprint: Option<Fingerprint>,
    /// A baseline lists it: it is told, but does not count. Rules leave it to the [policy](crate::policy).
    pub known: bool,
}

/// A TLS connection that could not be opened, or not as far as a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The end that sent the first captured packet, and the other one.
    pub ends: [Endpoint; 2],
    /// What its handshake told.
    pub facts: Facts,
    /// What is missing to open it, in a clause.
    pub missing: String,
}

/// What a finding rests on. The later in this list, the weaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The bytes prove it.
    Certain,
    /// It is unlikely to be chance.
    Statistical,
    /// The handshake was not seen: who is the client was told from the mask bits.
    RoleInferred,
    /// Bytes of the same direction are missing before it.
    AfterGap,
}

impl Confidence {
    /// `"certain"`, `"after-gap"`, `"role-inferred"` or `"statistical"`.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Certain => "certain",
            Confidence::AfterGap => "after-gap",
            Confidence::RoleInferred => "role-inferred",
            Confidence::Statistical => "statistical",
        }
    }
}

impl Finding {
    /// A finding that points at nothing yet, with the rule's own severity. `blame` is `None` for rules that speak
    /// of the capture.
    pub fn new(rule: &'static Rule, blame: Option<Role>, message: impl Into<String>) -> Finding {
        Finding {
            rule,
            index: None,
            reaction_follows: false,
            severity: rule.severity,
            blame,
            confidence: Confidence::Certain,
            message: message.into(),
            frame: None,
            opcode: None,
            message_index: None,
            packet: None,
            stream_offset: None,
            evidence: Vec::new(),
            closed: None,
            fingerprint: None,
            known: false,
        }
    }

    /// A finding that blames the sender of a frame and shows its header.
    pub fn of_frame(rule: &'static Rule, frame: &Frame<'_>, message: impl Into<String>) -> Finding {
        Finding {
            frame: Some(frame.index),
            opcode: Some(frame.header.opcode),
            message_index: frame.message,
            packet: Some(frame.packet),
            stream_offset: Some(frame.stream_offset),
            evidence: frame.header_bytes.to_vec(),
            ..Finding::new(rule, Some(frame.sender), message)
        }
        .after_gap(frame.after_gap)
    }

    /// A finding that blames the sender of a message and points at its last frame.
    pub fn of_message(rule: &'static Rule, message: &Message<'_>, text: impl Into<String>) -> Finding {
        Finding {
            message_index: Some(message.index),
            packet: Some(message.last_packet),
            stream_offset: Some(message.stream_offset),
            ..Finding::new(rule, Some(message.sender), text)
        }
        .about(message.last_frame, message.opcode_of(message.last_frame))
        .after_gap(message.after_gap)
    }

    /// What the receiver of the bytes has to do; nothing where they break no MUST.
    pub fn requires(&self) -> Requirement {
        match (self.severity, self.blame) {
            (Severity::Error, Some(_)) => self.rule.requires,
            _ => Requirement::Nothing,
        }
    }

    /// Is about the frame with this index and opcode.
    pub fn about(self, frame: u64, opcode: Opcode) -> Finding {
        Finding { frame: Some(frame), opcode: Some(opcode), ..self }
    }

    /// Points at a packet.
    pub fn at(self, packet: PacketRef) -> Finding {
        Finding { packet: Some(packet), ..self }
    }

    /// Points at a place in the blamed sender's stream.
    pub fn at_offset(self, stream_offset: u64) -> Finding {
        Finding { stream_offset: Some(stream_offset), ..self }
    }

    /// Has another severity than the rule.
    pub fn with_severity(self, severity: Severity) -> Finding {
        Finding { severity, ..self }
    }

    /// Shows these bytes, cut to [`EVIDENCE`].
    pub fn with_evidence(self, bytes: &[u8]) -> Finding {
        Finding { evidence: bytes[..bytes.len().min(EVIDENCE)].to_vec(), ..self }
    }

    /// Is not sure, if bytes are missing before it.
    pub fn after_gap(mut self, after_gap: bool) -> Finding {
        if after_gap {
            self.confidence = self.confidence.max(Confidence::AfterGap);
        }
        self
    }
}
