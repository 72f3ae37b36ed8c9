//! Counts of a connection, and the round trips of its pings.

use crate::PerRole;
use std::time::Duration;

/// What a connection amounted to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// What each endpoint sent.
    pub sent: PerRole<DirectionStats>,
    /// Round trips of pings, of both endpoints together.
    pub pings: PingTimes,
}

/// What one endpoint sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DirectionStats {
    /// Frames, incomplete ones included.
    pub frames: u64,
    /// Messages begun.
    pub messages: u64,
    /// Bytes of frames on the wire: headers and payloads.
    pub bytes: u64,
    /// Bytes of payloads on the wire.
    pub payload_bytes: u64,
}

/// Times from a Ping to the Pong that answered it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PingTimes {
    /// How many pings were answered.
    pub count: u64,
    /// The shortest.
    pub min: Option<Duration>,
    /// The median (of the first 1,024).
    pub median: Option<Duration>,
    /// The longest.
    pub max: Option<Duration>,
}
