//! What the decoders of all connections of a set of flows share.

use super::Options;
use super::said::Slots;
use super::table::GROUPS;
use crate::Limits;
use crate::http;
use crate::tls::KeyLog;
use crate::websocket::{Bounds, Scratch, Settings};
use std::sync::Arc;

/// See the module.
pub(super) struct State {
    pub(super) options: Options,
    pub(super) limits: Arc<Limits>,
    /// Secrets that open TLS, as far as they are known.
    pub(super) key_log: Arc<KeyLog>,
    /// The capture that is read may hold further secrets.
    pub(super) secrets_may_come: bool,
    /// TLS connections that may hold bytes until their secrets come, in each group.
    pub(super) tls_connections: [usize; GROUPS],
    /// TLS connections of the capture that could not be opened and were described.
    pub(super) closed_described: usize,
    /// Working memory that connections share.
    pub(super) scratch: Scratch,
    pub(super) spare: Spare,
    /// What is asked of every decoder.
    pub(super) settings: Arc<Settings>,
    pub(super) slots: Slots,
    /// Index of the capture that is read.
    pub(super) capture: usize,
}

/// Memory of connections that are over, for those that begin next.
#[derive(Debug, Default)]
pub(super) struct Spare {
    pub(super) http: Option<Box<http::Connection>>,
    /// For what HTTP/1 tells of one delivery.
    pub(super) steps: Vec<http::Step>,
}

impl State {
    pub(super) fn new(options: Options) -> State {
        State {
            limits: Arc::new(options.limits.clone()),
            key_log: Arc::default(),
            secrets_may_come: false,
            tls_connections: [0; GROUPS],
            closed_described: 0,
            scratch: Scratch::default(),
            spare: Spare::default(),
            settings: Arc::new(settings(&options)),
            slots: Slots::default(),
            capture: 0,
            options,
        }
    }

    /// The next capture is read, with these secrets to begin with.
    pub(super) fn begin_capture(&mut self, index: usize, key_log: &Arc<KeyLog>, secrets_may_come: bool) {
        self.capture = index;
        self.key_log = key_log.clone();
        self.secrets_may_come = secrets_may_come;
        self.closed_described = 0;
    }
}

fn settings(options: &Options) -> Settings {
    let limits = &options.limits;
    Settings {
        payload_bytes: options.payload_bytes,
        digests: options.digests,
        blocks: options.blocks,
        pieces: options.message_bytes,
        bounds: Bounds { length: limits.inflated_bytes, ratio: limits.inflate_ratio },
        resync_bytes: limits.resync_bytes,
    }
}
