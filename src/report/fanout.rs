//! One analysis, several reports.

use crate::Role;
use crate::analysis::{CaptureSummary, Connection, ConnectionEnd, Sink, Summary, Timeline};
use crate::rules::{Finding, Reaction};
use crate::websocket::{Frame, Message};
use std::io;

/// Passes every call on to each of its sinks, in order; the first error ends the analysis for all.
pub struct Fanout<'a>(pub Vec<&'a mut dyn Sink>);

impl Fanout<'_> {
    /// The only sink, where there is but one: it is told directly then.
    pub fn narrowed(&mut self) -> &mut dyn Sink {
        match &mut self.0[..] {
            [_] => &mut *self.0[0],
            _ => self,
        }
    }
}

impl Sink for Fanout<'_> {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.connection(connection))
    }

    fn frame(&mut self, id: u64, frame: &Frame<'_>) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.frame(id, frame))
    }

    fn message_bytes(&mut self, id: u64, sender: Role, bytes: &[u8]) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.message_bytes(id, sender, bytes))
    }

    fn message(&mut self, id: u64, message: &Message<'_>) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.message(id, message))
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.finding(id, finding))
    }

    fn timeline(&mut self, id: u64, timeline: &Timeline) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.timeline(id, timeline))
    }

    fn reaction(&mut self, id: u64, reaction: &Reaction) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.reaction(id, reaction))
    }

    fn pause(&mut self) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.pause())
    }

    fn connection_end(&mut self, id: u64, end: &ConnectionEnd) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.connection_end(id, end))
    }

    fn client_random(&mut self, random: &[u8; 32]) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.client_random(random))
    }

    fn capture(&mut self, capture: &CaptureSummary) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.capture(capture))
    }

    fn unreadable(&mut self, path: &str, why: &str) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.unreadable(path, why))
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.summary(summary))
    }
}
