//! What a rule is: everything that is said about it, in one place. Lists, pages, examples and the output formats
//! are made from this.

use super::Requirement;
use crate::scenario::Scenario;
use serde::Serialize;
use std::fmt;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Legal, but worth saying.
    Note,
    /// A SHOULD is broken, a MUST is broken but inferred, or browsers reject it.
    Warning,
    /// A MUST or MUST NOT is broken by bytes that were seen.
    Error,
}

impl Severity {
    /// `"note"`, `"warning"` or `"error"`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Whom a rule can blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blames {
    /// Only clients can break it.
    Client,
    /// Only servers can.
    Server,
    /// Either.
    Either,
    /// Nobody: it speaks of the capture.
    Nobody,
}

impl Blames {
    /// `"client"`, `"server"`, `"either"` or `"nobody"`.
    pub fn name(self) -> &'static str {
        match self {
            Blames::Client => "client",
            Blames::Server => "server",
            Blames::Either => "either",
            Blames::Nobody => "nobody",
        }
    }
}

/// A rule's declaration.
#[derive(Debug)]
pub struct Rule {
    /// Public and stable: `frame-client-unmasked`.
    pub id: &'static str,
    /// What a finding has unless its circumstances say otherwise.
    pub severity: Severity,
    /// Whom it can blame.
    pub blames: Blames,
    /// What the other endpoint has to do about it when it receives the bytes.
    pub requires: Requirement,
    /// The section it rests on: `RFC 6455 §5.1`; for rules about captures what it rests on instead.
    pub source: &'static str,
    /// The sentence of that section, word for word; empty where no text states it.
    pub quote: &'static str,
    /// The rule in one sentence.
    pub statement: &'static str,
    /// Why it matters: what breaks where it is broken, known bugs.
    pub why: &'static str,
    /// What it refuses to guess: when it stays silent although it might be right.
    pub restraint: &'static str,
    /// A conversation that breaks it.
    pub breaks: fn() -> Scenario,
    /// A conversation close to that one which does not.
    pub keeps: fn() -> Scenario,
}

impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}
