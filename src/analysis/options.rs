//! What an analysis is asked for, and the bounds it keeps.

use crate::Limits;
use crate::rules::Thresholds;

/// What is asked of an [`Analyzer`](super::Analyzer).
#[derive(Clone, Debug)]
pub struct Options {
    /// Payload bytes of a frame and of a message that are kept for the sink. Control frames keep at least 125.
    pub payload_bytes: usize,
    /// Compute the SHA-256 of every complete message.
    pub digests: bool,
    /// Bounds on memory.
    pub limits: Limits,
    /// Where rules draw their lines.
    pub thresholds: Thresholds,
}

impl Default for Options {
    fn default() -> Self {
        Options { payload_bytes: 64, digests: false, limits: Limits::default(), thresholds: Thresholds::default() }
    }
}
