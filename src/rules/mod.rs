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
mod ended;
mod failing;
mod finding;
mod fingerprint;
mod fragmentation;
mod frame_header;
mod handshake_request;
mod handshake_response;
mod header_bytes;
mod header_syntax;
mod http2;
mod legacy;
mod masking;
mod negotiation;
mod operations;
mod reaction;
mod reconnecting;
mod referee;
mod relation;
mod requirement;
mod rule;
mod security;
mod text;
mod thresholds;

pub use docket::Docket;
pub use finding::{Closed, Confidence, EVIDENCE, Finding};
pub use fingerprint::Fingerprint;
pub(crate) use reaction::Awaited;
pub use reaction::{Did, Reaction};
pub use referee::{Context, Referee, ReservedBits};
pub use relation::{Relation, Standing};
pub use requirement::{Requirement, RequirementRow};
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
    failing::RULES,
    reconnecting::RULES,
    text::RULES,
    compression::RULES,
    compression::FORENSIC_RULES,
    legacy::RULES,
    http2::OPENING_RULES,
    http2::STREAM_RULES,
    capture::RULES,
];

/// The rules of topics that are judged only where somebody asks for them: they are about security and operations, not
/// about the protocol.
const OPT_IN: &[&[&Rule]] = &[security::RULES, operations::RULES];

/// All rules, by topic.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    TOPICS.iter().chain(OPT_IN).flat_map(|rules| rules.iter().copied())
}

impl Rule {
    /// Whether it is judged only where somebody asks for it ([`Options::opt_in`](crate::analysis::Options::opt_in)).
    pub fn is_opt_in(&self) -> bool {
        OPT_IN.iter().any(|rules| rules.contains(&self))
    }
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.id == id)
}
