//! Where the rules of one connection file their findings.

use super::{Confidence, Finding, Rule, Severity, failing};
use crate::{PerRole, Role};

/// Takes findings, bounds them, and lowers their confidence where the roles are not certain.
#[derive(Debug)]
pub struct Docket {
    findings: Vec<Finding>,
    /// Findings that were listed.
    listed: u64,
    counts: Vec<Count>,
    limit: u32,
    roles_inferred: bool,
    opening_incomplete: bool,
    erred: PerRole<bool>,
}

#[derive(Debug)]
struct Count {
    rule: &'static Rule,
    filed: u32,
}

impl Docket {
    /// A docket that lists at most `limit` findings of a rule.
    pub fn new(limit: u32) -> Docket {
        Docket {
            findings: Vec::new(),
            listed: 0,
            counts: Vec::new(),
            limit,
            roles_inferred: false,
            opening_incomplete: false,
            erred: PerRole::default(),
        }
    }

    /// From here on who is the client is known from the mask bits alone.
    pub fn infer_roles(&mut self) {
        self.roles_inferred = true;
    }

    /// Bytes are missing in or around the opening handshake: nothing that follows is certain.
    pub fn doubt(&mut self) {
        self.opening_incomplete = true;
    }

    /// Files a finding.
    pub fn file(&mut self, finding: Finding) {
        let mut finding = finding.after_gap(self.opening_incomplete);
        if self.roles_inferred && finding.blame.is_some() {
            finding.confidence = finding.confidence.max(Confidence::RoleInferred);
        }
        // That a peer was tolerated excuses nobody.
        let is_error = finding.severity == Severity::Error && finding.rule != &failing::TOLERATED;
        if let Some(role) = finding.blame.filter(|_| is_error) {
            self.erred[role] = true;
        }
        let at = self.counts.iter().position(|count| count.rule == finding.rule).unwrap_or_else(|| {
            self.counts.push(Count { rule: finding.rule, filed: 0 });
            self.counts.len() - 1
        });
        let count = &mut self.counts[at];
        count.filed = count.filed.saturating_add(1);
        if count.filed <= self.limit {
            finding.index = Some(self.listed);
            self.listed += 1;
            self.findings.push(finding);
        }
    }

    /// How many findings of each rule were filed but, being over the limit, not listed.
    pub fn unlisted(&self) -> impl Iterator<Item = (&'static Rule, u32)> + '_ {
        self.counts.iter().filter(|count| count.filed > self.limit).map(|count| (count.rule, count.filed - self.limit))
    }

    /// Whether this rule was broken on this connection.
    pub fn has(&self, rule: &Rule) -> bool {
        self.counts.iter().any(|count| count.rule == rule)
    }

    /// Whether an error of this endpoint was filed: the other one may have failed the connection for it (RFC 6455
    /// §7.1.7).
    pub fn erred(&self, role: Role) -> bool {
        self.erred[role]
    }

    /// The index of the next finding that is listed.
    pub(super) fn next_index(&self) -> u64 {
        self.listed
    }

    /// The findings from this index on, as far as they were not taken.
    pub(super) fn since(&mut self, index: u64) -> impl Iterator<Item = &mut Finding> {
        self.findings.iter_mut().filter(move |finding| finding.index.is_some_and(|own| own >= index))
    }

    /// Takes the findings filed since the last call.
    pub fn drain(&mut self) -> impl Iterator<Item = Finding> + '_ {
        self.findings.drain(..)
    }
}
