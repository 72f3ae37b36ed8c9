//! No more findings than a reader wants, and how many more there are.

use crate::analysis::{Sink, Summary};
use crate::rules::{Awaited, Finding, Reaction, Severity};
use std::io;

/// Passes on the first findings of each severity, so that many notes hide no error, and counts the others.
pub struct Limit<'a> {
    inner: &'a mut dyn Sink,
    most: u64,
    errors: u64,
    warnings: u64,
    notes: u64,
    unlisted: u64,
    awaited: Awaited,
}

impl<'a> Limit<'a> {
    /// Passes on at most `most` findings of each severity.
    pub fn new(inner: &'a mut dyn Sink, most: u64) -> Limit<'a> {
        Limit { inner, most, errors: 0, warnings: 0, notes: 0, unlisted: 0, awaited: Awaited::default() }
    }
}

impl Sink for Limit<'_> {
    crate::analysis::relay!(inner: pause, connection, frame, message, timeline, connection_end, capture, unreadable);

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        let told = match finding.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
            Severity::Note => &mut self.notes,
        };
        if *told == self.most {
            self.unlisted += 1;
            return Ok(());
        }
        *told += 1;
        self.awaited.told(id, finding);
        self.inner.finding(id, finding)
    }

    fn reaction(&mut self, id: u64, reaction: &Reaction) -> io::Result<()> {
        match self.awaited.wants(id, reaction) {
            true => self.inner.reaction(id, reaction),
            false => Ok(()),
        }
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        self.inner.summary(&Summary { unlisted: self.unlisted, ..*summary })
    }
}
