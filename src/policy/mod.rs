//! What a user makes of findings: which rules count and how much, which findings are known already, what a capture
//! must show, what must not be told.
//!
//! Rules know nothing of this. Each wish is a [`Sink`](crate::analysis::Sink) that stands between the analysis and the
//! reports and passes on what it lets through:
//!
//! ```text
//!  analysis ─ Expecting ─ Enforcer ─┬─ what counts for the exit code
//!                                   └─ Redactor ─┬─ BaselineWriter
//!                                                └─ Limit ─ reports
//! ```

mod baseline;
mod comparison;
mod enforcer;
mod expectations;
mod identifier;
mod limit;
mod open;
mod redactor;
mod selection;
mod suggest;
#[cfg(test)]
mod tests;

pub use baseline::{Baseline, BaselineWriter};
pub use comparison::{Change, Comparison, Known, Picture, Placed};
pub use enforcer::Enforcer;
pub use expectations::{Expectations, ExpectedClose, Expecting};
pub use limit::Limit;
pub use redactor::Redactor;
pub use selection::{Level, Override, Pattern, Selection};
pub use suggest::nearest;

use crate::rules::{self, Confidence, Finding, Rule, Severity};

/// Which findings count, and how much.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Which rules are on, and their severities.
    pub selection: Selection,
    /// Findings that are known, where there is a list of them.
    pub baseline: Option<Baseline>,
}

/// What makes a finding fail a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The least severity that does.
    pub least: Severity,
    /// Findings behind missing bytes do, too: they may come of the capture, not of the endpoints.
    pub after_gap: bool,
}

impl Bar {
    /// Whether this one does. What is known does not.
    pub fn fails(&self, finding: &Finding) -> bool {
        let sure = self.after_gap || finding.confidence != Confidence::AfterGap;
        finding.severity >= self.least && sure && !finding.known
    }
}

/// Every rule there is: those about the protocol, and those about what was expected of a capture.
pub fn catalogue() -> impl Iterator<Item = &'static Rule> {
    rules::all().chain(expectations::RULES.iter().copied())
}

/// Whether only [`Expectations`] can break the rule.
pub fn is_expectation(rule: &Rule) -> bool {
    expectations::RULES.contains(&rule)
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    catalogue().find(|rule| rule.id == id)
}
