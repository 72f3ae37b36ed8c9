//! What an analysis is asked for, and the bounds it keeps.

use std::time::Duration;

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

/// Bounds on what is kept. Reaching one is reported as `cap-limit-hit`, never passed over in silence.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Out-of-order bytes that wait for a missing segment, in one direction.
    pub out_of_order_bytes: usize,
    /// Out-of-order segments that wait, in one direction.
    pub out_of_order_segments: usize,
    /// Delivered bytes that are kept until they are acknowledged, to compare retransmissions with.
    pub unacknowledged_bytes: usize,
    /// Bytes of one HTTP head.
    pub head_bytes: usize,
    /// Bytes that a client sent before the answer to its upgrade request.
    pub early_bytes: usize,
    /// Bytes that one compressed message may inflate to.
    pub inflated_bytes: u64,
    /// How many times its compressed size a message may inflate to, once it is larger than 1 MiB.
    pub inflate_ratio: u64,
    /// Findings of one rule on one connection; more are counted and not listed.
    pub findings_per_rule: u32,
    /// Bytes among which a frame boundary is searched after a gap.
    pub resync_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            out_of_order_bytes: 4 << 20,
            out_of_order_segments: 4096,
            unacknowledged_bytes: 64 << 10,
            head_bytes: 64 << 10,
            early_bytes: 64 << 10,
            inflated_bytes: 256 << 20,
            inflate_ratio: 1000,
            findings_per_rule: 1000,
            resync_bytes: 64 << 10,
        }
    }
}

/// Where rules that speak of "too long", "too many" or "too late" draw the line.
#[derive(Clone, Debug)]
pub struct Thresholds {
    /// `ping-unanswered`: how long a receiver must have lived on after a Ping.
    pub ping_unanswered: Duration,
    /// `pong-slow`: Ping to Pong.
    pub pong_slow: Duration,
    /// `ping-flood`: Pings of one sender within one second.
    pub pings_per_second: u32,
    /// `close-slow-reply`: Close to answering Close.
    pub close_slow_reply: Duration,
    /// `close-server-fin-late` and `close-tcp-never`: both Closes to the server's FIN.
    pub close_fin_late: Duration,
    /// `close-client-fin-first`: a client that waited this long for the server's FIN may send its own.
    pub close_client_patience: Duration,
    /// `frag-tiny`: at least this many fragments in a message …
    pub frag_tiny_count: u64,
    /// … of fewer payload bytes than this on average.
    pub frag_tiny_bytes: u64,
    /// `frame-length-implausible`: a declared payload length above this, in bytes.
    pub frame_length_implausible: u64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            ping_unanswered: Duration::from_secs(20),
            pong_slow: Duration::from_secs(5),
            pings_per_second: 100,
            close_slow_reply: Duration::from_secs(5),
            close_fin_late: Duration::from_secs(10),
            close_client_patience: Duration::from_secs(1),
            frag_tiny_count: 16,
            frag_tiny_bytes: 16,
            frame_length_implausible: 1 << 32,
        }
    }
}
