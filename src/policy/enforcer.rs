//! Puts a policy into force: drops findings of rules that are off, sets severities, gives each finding its
//! fingerprint, marks those that are known, and counts what is left.

use super::Policy;
use super::identifier::Identifier;

use crate::analysis::{Connection, ConnectionEnd, Sink, Summary};
use crate::rules::{Finding, Reaction};
use std::io;

/// Passes on the findings that the policy lets through.
pub struct Enforcer<'a> {
    policy: &'a Policy,
    inner: &'a mut dyn Sink,
    identifier: Identifier,
    counts: Summary,
}

impl<'a> Enforcer<'a> {
    /// Puts `policy` into force for what `inner` is told.
    pub fn new(policy: &'a Policy, inner: &'a mut dyn Sink) -> Enforcer<'a> {
        Enforcer { policy, inner, identifier: Identifier::default(), counts: Summary::default() }
    }
}

impl Sink for Enforcer<'_> {
    crate::analysis::relay!(inner: pause, frame, message, timeline, capture, unreadable);

    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        self.identifier.connection(connection);
        self.inner.connection(connection)
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        let Some(severity) = self.policy.selection.judge(finding.rule, finding.severity) else { return Ok(()) };
        let fingerprint = self.identifier.fingerprint(id, finding);
        let known = self.policy.baseline.as_ref().is_some_and(|baseline| baseline.knows(fingerprint));
        match known {
            true => self.counts.known += 1,
            false => self.counts.count(severity),
        }
        self.inner.finding(id, &Finding { severity, known, fingerprint: Some(fingerprint), ..finding.clone() })
    }

    fn reaction(&mut self, id: u64, reaction: &Reaction) -> io::Result<()> {
        match self.policy.selection.is_on(reaction.rule) {
            true => self.inner.reaction(id, reaction),
            false => Ok(()),
        }
    }

    fn connection_end(&mut self, id: u64, end: &ConnectionEnd) -> io::Result<()> {
        self.identifier.connection_end(id);
        self.inner.connection_end(id, end)
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let Summary { errors, warnings, notes, known, .. } = self.counts;
        self.inner.summary(&Summary { errors, warnings, notes, known, ..*summary })
    }
}
