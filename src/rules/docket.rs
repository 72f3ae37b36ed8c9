//! Where the rules of one connection file their findings.

use super::{Confidence, Finding, Rule, Severity, failing};
use crate::{PerRole, Role};

/// Takes findings, bounds them, and lowers their confidence where the roles are not certain.
#[derive(Debug)]
pub struct Docket {
    /// Made for the first finding.
    filed: Option<Box<Filed>>,
    limit: u32,
    roles_inferred: bool,
    opening_incomplete: bool,
    erred: PerRole<bool>,
}

#[derive(Debug, Default)]
struct Filed {
    /// Those that were not taken yet.
    findings: Vec<Finding>,
    /// Findings that were listed.
    listed: u64,
    counts: Vec<Count>,
}

#[derive(Debug)]
struct Count {
    rule: &'static Rule,
    filed: u32,
}

impl Docket {
    /// A docket that lists at most `limit` findings of a rule.
    pub fn new(limit: u32) -> Docket {
        Docket { filed: None, limit, roles_inferred: false, opening_incomplete: false, erred: PerRole::default() }
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
        let Filed { findings, listed, counts } = &mut **self.filed.get_or_insert_default();
        let at = counts.iter().position(|count| count.rule == finding.rule).unwrap_or_else(|| {
            counts.push(Count { rule: finding.rule, filed: 0 });
            counts.len() - 1
        });
        let count = &mut counts[at];
        count.filed = count.filed.saturating_add(1);
        if count.filed <= self.limit {
            finding.index = Some(*listed);
            *listed += 1;
            findings.push(finding);
        }
    }

    fn counts(&self) -> &[Count] {
        self.filed.as_ref().map_or(&[], |filed| &filed.counts)
    }

    /// How many findings of each rule were filed but, being over the limit, not listed.
    pub fn unlisted(&self) -> impl Iterator<Item = (&'static Rule, u32)> + '_ {
        let over = |count: &&Count| count.filed > self.limit;
        self.counts().iter().filter(over).map(|count| (count.rule, count.filed - self.limit))
    }

    /// Whether this rule was broken on this connection.
    pub fn has(&self, rule: &Rule) -> bool {
        self.counts().iter().any(|count| count.rule == rule)
    }

    /// Whether an error of this endpoint was filed: the other one may have failed the connection for it (RFC 6455
    /// §7.1.7).
    pub fn erred(&self, role: Role) -> bool {
        self.erred[role]
    }

    /// The index of the next finding that is listed.
    pub(super) fn next_index(&self) -> u64 {
        self.filed.as_ref().map_or(0, |filed| filed.listed)
    }

    /// The findings from this index on, as far as they were not taken.
    pub(super) fn since(&mut self, index: u64) -> impl Iterator<Item = &mut Finding> {
        let findings = self.filed.as_mut().map_or(&mut [][..], |filed| &mut filed.findings);
        findings.iter_mut().filter(move |finding| finding.index.is_some_and(|own| own >= index))
    }

    /// Whether findings were filed since the last call of [`take`](Self::take).
    pub fn has_news(&self) -> bool {
        self.filed.as_ref().is_some_and(|filed| !filed.findings.is_empty())
    }

    /// Takes the findings filed since the last call, and their memory: the next are long in coming.
    pub fn take(&mut self) -> Vec<Finding> {
        self.filed.as_mut().map_or_else(Vec::new, |filed| std::mem::take(&mut filed.findings))
    }
}
