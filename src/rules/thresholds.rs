//! Where rules that speak of "too long", "too many" or "too late" draw the line.

use std::time::Duration;

/// The lines that rules draw.
#[derive(Clone, Debug)]
pub struct Thresholds {
    /// `hs-resp-missing`: how long a client must have waited before its leaving counts against the server.
    pub handshake_unanswered: Duration,
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
            handshake_unanswered: Duration::from_secs(10),
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
