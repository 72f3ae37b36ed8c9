//! What is told to the sink, counted on its way, and what connections know of each other.

use super::closed_tls::ClosedTls;
use super::first_keys::Beginnings;
use super::legs::Legs;
use super::neighbours::Neighbours;
use super::reconnects::Reconnects;
use super::sink::{Sink, Summary};
use super::{Connection, ConnectionEnd, Options, Timeline};
use crate::rules::{Finding, Referee, Thresholds};
use crate::tcp::Spare;
use crate::tls::KeyLog;
use crate::websocket::{Bounds, Frame, Message, Scratch, Settings};
use crate::{Limits, Role};
use std::io;
use std::sync::Arc;

/// Everything about an analysis but its flows.
pub(super) struct State {
    pub(super) options: Options,
    /// Shared with every connection at work, as the thresholds are.
    pub(super) limits: Arc<Limits>,
    pub(super) thresholds: Arc<Thresholds>,
    pub(super) neighbours: Neighbours,
    pub(super) beginnings: Beginnings,
    pub(super) legs: Legs,
    pub(super) reconnects: Reconnects,
    pub(super) summary: Summary,
    /// Secrets that open TLS, as far as they are known.
    pub(super) key_log: Arc<KeyLog>,
    /// The capture that is read may hold further secrets.
    pub(super) secrets_may_come: bool,
    pub(super) tls_connections: usize,
    pub(super) closed_tls: ClosedTls,
    /// Working memory that connections share.
    pub(super) scratch: Scratch,
    /// What TCP connections lend each other.
    pub(super) spare: Spare,
    /// What is asked of every decoder.
    pub(super) settings: Arc<Settings>,
    /// Index of the capture that is read.
    pub(super) capture: usize,
}

impl State {
    pub(super) fn new(mut options: Options) -> State {
        // A key log may be large, and is asked for here alone.
        let key_log = std::mem::take(&mut options.key_log);
        State {
            limits: Arc::new(options.limits.clone()),
            thresholds: Arc::new(options.thresholds.clone()),
            neighbours: Neighbours::default(),
            beginnings: Beginnings::default(),
            legs: Legs::default(),
            reconnects: Reconnects::default(),
            key_log: Arc::new(key_log),
            secrets_may_come: false,
            tls_connections: 0,
            closed_tls: ClosedTls::default(),
            summary: Summary::default(),
            scratch: Scratch::default(),
            spare: Spare::default(),
            settings: Arc::new(settings(&options)),
            capture: 0,
            options,
        }
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

/// The sink, behind a counter. Its first error is kept, and nothing is told after it.
pub(super) struct Output<'s> {
    sink: &'s mut dyn Sink,
    error: Option<io::Error>,
}

impl<'s> Output<'s> {
    pub(super) fn new(sink: &'s mut dyn Sink) -> Output<'s> {
        Output { sink, error: None }
    }

    /// The sink refused something.
    pub(super) fn failed(&self) -> bool {
        self.error.is_some()
    }

    /// # Errors
    /// The first error of the sink.
    pub(super) fn finish(self) -> io::Result<()> {
        self.error.map_or(Ok(()), Err)
    }

    pub(super) fn connection(&mut self, connection: &Connection<'_>) {
        self.tell(|sink| sink.connection(connection));
    }

    pub(super) fn frame(&mut self, id: u64, frame: &Frame<'_>, summary: &mut Summary) {
        summary.frames += 1;
        summary.payload_bytes = summary.payload_bytes.saturating_add(match frame.complete {
            true => frame.header.payload_length,
            false => frame.captured_length,
        });
        self.tell(|sink| sink.frame(id, frame));
    }

    pub(super) fn message_bytes(&mut self, id: u64, sender: Role, bytes: &[u8]) {
        self.tell(|sink| sink.message_bytes(id, sender, bytes));
    }

    pub(super) fn message(&mut self, id: u64, message: &Message<'_>, summary: &mut Summary) {
        summary.messages += 1;
        self.tell(|sink| sink.message(id, message));
    }

    pub(super) fn finding(&mut self, id: Option<u64>, finding: &Finding, summary: &mut Summary) {
        summary.count(finding.severity);
        self.tell(|sink| sink.finding(id, finding));
    }

    pub(super) fn timeline(&mut self, id: u64, timeline: &Timeline) {
        self.tell(|sink| sink.timeline(id, timeline));
    }

    /// Tells what a referee found since the last time.
    pub(super) fn judgement(&mut self, id: u64, referee: &mut Referee, summary: &mut Summary) {
        for finding in referee.findings() {
            self.finding(Some(id), &finding, summary);
        }
        for reaction in referee.reactions() {
            self.tell(|sink| sink.reaction(id, &reaction));
        }
    }

    pub(super) fn connection_end(&mut self, id: u64, end: &ConnectionEnd) {
        self.tell(|sink| sink.connection_end(id, end));
    }

    pub(super) fn tell(&mut self, call: impl FnOnce(&mut dyn Sink) -> io::Result<()>) {
        if self.error.is_none() {
            self.error = call(self.sink).err();
        }
    }
}
