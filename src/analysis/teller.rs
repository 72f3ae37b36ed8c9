//! The sink, behind a counter.

use super::bench::Judgement;
use super::sink::{Sink, Summary};
use crate::rules::Finding;
use crate::websocket::{Frame, Message};
use std::io;

/// Tells a sink, and counts what it tells. The sink's first error is kept, and nothing is told after it.
pub(super) struct Teller<'s> {
    sink: &'s mut dyn Sink,
    summary: &'s mut Summary,
    error: Option<io::Error>,
}

impl<'s> Teller<'s> {
    pub(super) fn new(sink: &'s mut dyn Sink, summary: &'s mut Summary) -> Teller<'s> {
        Teller { sink, summary, error: None }
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

    /// The ordinal of the next connection.
    pub(super) fn next_connection(&mut self) -> u64 {
        self.summary.connections += 1;
        self.summary.connections - 1
    }

    pub(super) fn frame(&mut self, id: u64, frame: &Frame<'_>) {
        self.summary.frames += 1;
        self.summary.payload_bytes = self.summary.payload_bytes.saturating_add(match frame.complete {
            true => frame.header.payload_length,
            false => frame.captured_length,
        });
        self.tell(|sink| sink.frame(id, frame));
    }

    pub(super) fn message(&mut self, id: u64, message: &Message<'_>) {
        self.summary.messages += 1;
        self.tell(|sink| sink.message(id, message));
    }

    pub(super) fn finding(&mut self, id: Option<u64>, finding: &Finding) {
        self.summary.count(finding.severity);
        self.tell(|sink| sink.finding(id, finding));
    }

    /// Tells what was found on a connection.
    pub(super) fn judgement(&mut self, id: u64, judgement: &Judgement) {
        for finding in &judgement.findings {
            self.finding(Some(id), finding);
        }
        for reaction in &judgement.reactions {
            self.tell(|sink| sink.reaction(id, reaction));
        }
    }

    pub(super) fn summary(&mut self) {
        let summary = *self.summary;
        self.tell(|sink| sink.summary(&summary));
    }

    /// Calls the sink, unless it has refused something.
    pub(super) fn tell(&mut self, call: impl FnOnce(&mut dyn Sink) -> io::Result<()>) {
        if self.error.is_none() {
            self.error = call(self.sink).err();
        }
    }
}
