//! From what the layers saw to findings: each rule of RFC 6455 and its relatives, declared as data and judged by the
//! state machine of its topic.
//!
//! Rules never decode: they see [`Event`](crate::websocket::Event)s and nothing else.

mod finding;
mod rule;
mod thresholds;

pub use finding::{Confidence, Finding};
pub use rule::{Blames, Rule, Severity};
pub use thresholds::Thresholds;
