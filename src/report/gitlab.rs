//! The findings as a Code Quality report of GitLab, which shows them in merge requests.

use super::collected::{Collected, Diagnostic, Paths};
use super::encode::pretty;
use crate::analysis::{Sink, Summary, relay};
use crate::rules::Severity;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Collects the findings and writes them as an array.
pub struct Gitlab<W: Write> {
    out: W,
    least: Severity,
    collected: Collected,
}

impl<W: Write> Gitlab<W> {
    /// Writes findings of severity `least` and above to `out`. Known ones are left out: the report is a list of what
    /// is to be mended.
    pub fn new(out: W, paths: Paths, least: Severity) -> Gitlab<W> {
        Gitlab { out, least, collected: Collected::new(paths) }
    }
}

fn issue(diagnostic: &Diagnostic) -> Value {
    let finding = &diagnostic.finding;
    let place = diagnostic.place();
    let colon = if place.is_empty() { "" } else { ": " };
    let packet = finding.packet.map_or(String::new(), |packet| format!(" (packet {})", packet.number()));
    let reaction = diagnostic.reaction.as_ref().map_or(String::new(), |reaction| format!("; {reaction}"));
    json!({
        "description": format!("{place}{colon}{}{packet}{reaction}", finding.message),
        "check_name": finding.rule.id,
        "fingerprint": finding.fingerprint.map_or(String::new(), |fingerprint| fingerprint.to_string()),
        "severity": match finding.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
            Severity::Note => "info",
        },
        "location": location(&diagnostic.path),
    })
}

/// A capture has no lines; the report must name one.
fn location(path: &str) -> Value {
    json!({ "path": path.strip_prefix("./").unwrap_or(path), "lines": { "begin": 1 } })
}

/// Something about the run, which the form has no place for, as an issue.
fn remark(path: &str, what: &str, severity: &str) -> Value {
    json!({
        "description": what,
        "check_name": "wslens",
        "fingerprint": format!("wslens {path} {what}"),
        "severity": severity,
        "location": location(path),
    })
}

impl<W: Write> Sink for Gitlab<W> {
    relay!(collected: connection, reaction, capture, unreadable);

    fn finding(&mut self, id: Option<u64>, finding: &crate::rules::Finding) -> io::Result<()> {
        match finding.severity < self.least || finding.known {
            true => Ok(()),
            false => self.collected.finding(id, finding),
        }
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let collected = &self.collected;
        let first = collected.captures.first().map_or("", |capture| &capture.path);
        let mut issues: Vec<Value> = collected.diagnostics.iter().map(issue).collect();
        for (path, what) in collected.obstacles(summary) {
            issues.push(remark(path.unwrap_or(first), &what, "blocker"));
        }
        if summary.unlisted > 0 {
            issues.push(remark(first, &format!("{} more findings are not listed", summary.unlisted), "info"));
        }
        self.out.write_all(pretty(&issues)?.as_bytes())?;
        self.out.flush()
    }
}
