//! The findings as SARIF 2.1.0 (OASIS Static Analysis Results Interchange Format), which code hosts and editors show.
//!
//! A capture has bytes and no lines. Each result names the bytes of the packet that shows it; since many readers show
//! nothing without a line, it names line 1, too.

use super::collected::{Collected, Diagnostic, Paths, within};
use super::encode::{Hex, pretty};
use super::links::{address, uri};
use super::rows::ReactionRow;
use crate::analysis::{CaptureSummary, Sink, Summary, relay};
use crate::policy::{self, Selection};
use crate::rules::Rule;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{self, Write};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

/// Name and version of the way fingerprints are made (SARIF 2.1.0 §3.27.17).
const FINGERPRINT: &str = "wslensFinding/v1";

/// Collects the findings and writes them as one run.
pub struct Sarif<W: Write> {
    out: W,
    selection: Selection,
    compared: bool,
    collected: Collected,
}

impl<W: Write> Sarif<W> {
    /// Writes to `out`, once all captures are read. Rules that `selection` leaves out are marked as not enabled; where
    /// findings were `compared` with a baseline, each is new or unchanged.
    pub fn new(out: W, paths: Paths, selection: Selection, compared: bool) -> Sarif<W> {
        Sarif { out, selection, compared, collected: Collected::new(paths) }
    }

    fn log(&self, summary: &Summary) -> Value {
        let rules: Vec<&'static Rule> = policy::catalogue().collect();
        let indices: HashMap<&str, usize> = rules.iter().enumerate().map(|(index, rule)| (rule.id, index)).collect();
        let results: Vec<Value> =
            self.collected.diagnostics.iter().map(|diagnostic| self.result(diagnostic, &indices)).collect();
        json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": env!("CARGO_PKG_NAME"),
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "version": env!("CARGO_PKG_VERSION"),
                    "shortDescription": { "text": env!("CARGO_PKG_DESCRIPTION") },
                    "rules": rules.iter().map(|rule| self.rule(rule)).collect::<Vec<_>>(),
                } },
                "invocations": [{
                    "executionSuccessful": self.collected.is_whole() && summary.connections > 0,
                    "toolExecutionNotifications": self.notifications(summary),
                }],
                "artifacts": self.collected.captures.iter().map(artifact).collect::<Vec<_>>(),
                "results": results,
                "properties": { "known": summary.known, "unlisted": summary.unlisted },
            }],
        })
    }

    fn rule(&self, rule: &Rule) -> Value {
        let mut object = json!({
            "id": rule.id,
            "shortDescription": { "text": rule.statement },
            "fullDescription": { "text": format!("{} {}", rule.statement, rule.why) },
            "help": { "text": help(rule, false), "markdown": help(rule, true) },
            "defaultConfiguration": { "level": rule.severity.name(), "enabled": self.selection.is_on(rule) },
            "properties": { "source": rule.source, "blames": rule.blames.name(), "tags": ["websocket", group(rule)] },
        });
        if let Some(address) = address(rule.source) {
            object["helpUri"] = address.into();
        }
        object
    }

    fn notifications(&self, summary: &Summary) -> Vec<Value> {
        let mut notifications: Vec<Value> = Vec::new();
        for (path, what) in self.collected.obstacles(summary) {
            let mut notification = json!({ "level": "error", "message": { "text": what } });
            if let Some(path) = path {
                let location = json!({ "physicalLocation": { "artifactLocation": { "uri": uri(path) } } });
                notification["locations"] = json!([location]);
            }
            notifications.push(notification);
        }
        if summary.unlisted > 0 {
            let text = format!("{} more findings are not listed", summary.unlisted);
            notifications.push(json!({ "level": "warning", "message": { "text": text } }));
        }
        notifications
    }

    fn result(&self, diagnostic: &Diagnostic, indices: &HashMap<&str, usize>) -> Value {
        let finding = &diagnostic.finding;
        let mut physical = json!({
            "artifactLocation": { "uri": uri(&diagnostic.path) },
            "region": { "startLine": 1 },
        });
        if let Some(packet) = finding.packet {
            physical["region"] =
                json!({ "startLine": 1, "byteOffset": packet.file_offset, "byteLength": packet.length() });
        }
        let mut location = json!({ "physicalLocation": physical });
        if let Some(id) = diagnostic.connection {
            let connection = format!("connection {id}");
            location["logicalLocations"] = match within(finding) {
                Some(part) => {
                    let kind = part.split(' ').next().unwrap_or_default();
                    json!([{ "name": part, "fullyQualifiedName": format!("{connection}/{part}"), "kind": kind }])
                }
                None => json!([{ "name": connection, "fullyQualifiedName": connection, "kind": "connection" }]),
            };
        }
        let mut result = json!({
            "ruleId": finding.rule.id,
            "level": finding.severity.name(),
            "message": { "text": finding.message },
            "locations": [location],
            "properties": {
                "blame": finding.blame,
                "confidence": finding.confidence.name(),
                "packet": finding.packet.map(|packet| packet.number()),
                "streamOffset": finding.stream_offset,
                "evidence": Hex(&finding.evidence).to_string(),
                "requires": finding.requires().row(),
                "reaction": diagnostic.reaction.as_ref().map(ReactionRow::new),
            },
        });
        if let Some(index) = indices.get(finding.rule.id) {
            result["ruleIndex"] = (*index).into();
        }
        if let Some(fingerprint) = finding.fingerprint {
            result["partialFingerprints"] = json!({ FINGERPRINT: fingerprint });
        }
        if self.compared {
            result["baselineState"] = if finding.known { "unchanged" } else { "new" }.into();
        }
        result
    }
}

/// `frame` of `frame-server-masked`.
fn group(rule: &Rule) -> &'static str {
    rule.id.split('-').next().unwrap_or_default()
}

fn help(rule: &Rule, markdown: bool) -> String {
    let mut parts = vec![rule.statement.to_owned()];
    if !rule.quote.is_empty() {
        parts.push(match (markdown, address(rule.source)) {
            (false, _) => format!("{}: \"{}\"", rule.source, rule.quote),
            (true, Some(address)) => format!("> {}\n>\n> — [{}]({address})", rule.quote, rule.source),
            (true, None) => format!("> {}\n>\n> — {}", rule.quote, rule.source),
        });
    }
    for (heading, text) in [("Why it matters", rule.why), ("What it refuses to guess", rule.restraint)] {
        if !text.is_empty() {
            parts.push(if markdown { format!("**{heading}.** {text}") } else { format!("{heading}: {text}") });
        }
    }
    parts.join("\n\n")
}

fn artifact(capture: &CaptureSummary) -> Value {
    let mut artifact = json!({
        "location": { "uri": uri(&capture.path) },
        "roles": ["analysisTarget"],
        "properties": { "format": capture.format, "packets": capture.packets },
    });
    if let Some(compression) = capture.compression {
        let text = format!("Compressed by {compression}; byte offsets count in what comes out of it.");
        artifact["description"] = json!({ "text": text });
    }
    artifact
}

impl<W: Write> Sink for Sarif<W> {
    relay!(collected: connection, finding, reaction, capture, unreadable);

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        self.out.write_all(pretty(&self.log(summary))?.as_bytes())?;
        self.out.flush()
    }
}
