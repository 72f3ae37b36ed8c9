//! One statement about one connection: which rule, whose bytes, which bytes, and how sure.

use super::{Rule, Severity};
use crate::Role;
use crate::capture::PacketRef;
use serde::Serialize;

/// A rule was broken, or something worth saying was seen.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
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
    /// Index of the message it is about.
    pub message_index: Option<u64>,
    /// The packet that shows it.
    pub packet: Option<PacketRef>,
    /// Offset of the evidence in the blamed sender's stream.
    pub stream_offset: Option<u64>,
    /// The bytes that show it, at most 32.
    pub evidence: Vec<u8>,
}

/// What a finding rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The bytes prove it.
    Certain,
    /// Bytes of the same direction are missing before it.
    AfterGap,
    /// The handshake was not seen: who is the client was told from the mask bits.
    RoleInferred,
    /// It is unlikely to be chance.
    Statistical,
}
