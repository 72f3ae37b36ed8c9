//! The bounds that keep memory small whatever a capture holds.

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
    /// Bytes of the dynamic HPACK table of one direction of an HTTP/2 connection (RFC 7541 §4.1).
    pub header_table_bytes: usize,
    /// WebSocket streams that are followed at a time on one HTTP/2 connection.
    pub streams: usize,
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
            header_table_bytes: 256 << 10,
            streams: 1024,
            inflated_bytes: 256 << 20,
            inflate_ratio: 1000,
            findings_per_rule: 1000,
            resync_bytes: 64 << 10,
        }
    }
}
