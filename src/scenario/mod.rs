//! From a conversation written in a few lines of Rust to a capture file: for tests, examples, benches and lessons.

/// A conversation, one step after the other.
#[derive(Clone, Debug, Default)]
pub struct Scenario {}
