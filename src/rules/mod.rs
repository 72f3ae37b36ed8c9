//! From what the layers saw to findings: each rule of RFC 6455 and its relatives, declared as data and judged by the
//! state machine of its topic.
//!
//! A topic is a file: it declares its rules, with an example that breaks each and one that keeps it, and holds the
//! one small state machine that finds them. Rules never decode: they see [`Event`](crate::websocket::Event)s and
//! nothing else.

pub mod capture;
mod closing;
mod compression;
mod control;
mod docket;
mod finding;
mod fingerprint;
mod fragmentation;
mod frame_header;
mod handshake_request;
mod handshake_response;
mod header_syntax;
mod legacy;
mod masking;
mod negotiation;
mod referee;
mod rule;
mod text;
mod thresholds;

pub use docket::Docket;
pub use finding::{Confidence, EVIDENCE, Finding};
pub use fingerprint::Fingerprint;
pub use referee::{Context, Referee, ReservedBits};
pub use rule::{Blames, Rule, Severity};
pub use thresholds::{Line, Thresholds, thresholds_of};

/// The rules of every topic.
const TOPICS: &[&[&Rule]] = &[
    handshake_request::HTTP_RULES,
    handshake_request::KEY_RULES,
    handshake_request::VERSION_RULES,
    handshake_request::OFFER_RULES,
    handshake_request::TLS_RULES,
    handshake_response::ANSWER_RULES,
    handshake_response::FIELD_RULES,
    handshake_response::CHOICE_RULES,
    negotiation::OFFER_RULES,
    negotiation::ANSWER_RULES,
    frame_header::RULES,
    masking::RULES,
    masking::FORENSIC_RULES,
    fragmentation::RULES,
    control::RULES,
    closing::body::RULES,
    closing::handshake::RULES,
    closing::teardown::RULES,
    text::RULES,
    compression::RULES,
    legacy::RULES,
    capture::RULES,
];

/// All rules, by topic.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    TOPICS.iter().flat_map(|rules| rules.iter().copied())
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.id == id)
}
