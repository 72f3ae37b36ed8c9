//! What an analysis is asked for.

use crate::Limits;
use crate::rules::Thresholds;
use crate::tls::KeyLog;
use std::num::NonZeroUsize;

/// What is asked of an [`Analyzer`](super::Analyzer).
#[derive(Clone, Debug)]
pub struct Options {
    /// Payload bytes of a frame and of a message that are kept for the sink. Control frames keep at least 125.
    pub payload_bytes: usize,
    /// Tell all bytes of every message as they come, see [`Sink::message_bytes`](super::Sink::message_bytes).
    pub message_bytes: bool,
    /// Compute the SHA-256 of every complete message.
    pub digests: bool,
    /// DEFLATE blocks of a compressed message that are listed in its [walk](crate::websocket::Walk).
    pub blocks: usize,
    /// The captures that are read are the parts of one: connections go on from one to the next, and so do packet
    /// numbers, as in what `mergecap -a` writes.
    pub join: bool,
    /// Tell the random of every TLS ClientHello, see [`Sink::client_random`](super::Sink::client_random).
    pub client_randoms: bool,
    /// Tell when TCP opened and closed each connection, see [`Sink::timeline`](super::Sink::timeline).
    pub timeline: bool,
    /// Secrets that open TLS; those found in the captures are added.
    pub key_log: KeyLog,
    /// Judge the rules that are off unless somebody asks for them, too ([`Rule::is_opt_in`](crate::rules::Rule::is_opt_in)).
    pub opt_in: bool,
    /// Threads that read, decode and judge, with the one that calls, which alone tells the sink. What is told does not
    /// depend on it.
    pub threads: NonZeroUsize,
    /// Bounds on memory.
    pub limits: Limits,
    /// Where rules draw their lines.
    pub thresholds: Thresholds,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            payload_bytes: 64,
            message_bytes: false,
            digests: false,
            blocks: 0,
            join: false,
            client_randoms: false,
            timeline: false,
            key_log: KeyLog::new(),
            opt_in: false,
            threads: NonZeroUsize::MIN,
            limits: Limits::default(),
            thresholds: Thresholds::default(),
        }
    }
}
