//! Findings counted by rule, with the rule's page; and who is blamed.

use crate::Role;
use crate::analysis::Connection;
use crate::report::links::address;
use crate::rules::{Confidence, Finding, Rule, Severity};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Connections of a rule that are told apart.
const CONNECTIONS: usize = 10_000;

/// By the rule's id.
#[derive(Default)]
pub(super) struct Tally {
    pub rules: BTreeMap<&'static str, Broken>,
    /// Addresses of the client and the server of each connection that goes on.
    endpoints: BTreeMap<u64, (String, String)>,
}

/// A rule that was broken, or spoke.
pub(super) struct Broken {
    pub rule: &'static Rule,
    pub errors: u64,
    pub warnings: u64,
    pub notes: u64,
    /// A baseline lists these; they are in none of the other counts.
    pub known: u64,
    /// The gravest, and of those the surest and the earliest.
    pub first: Finding,
    pub connection: Option<u64>,
    /// Those it was broken on; at most [`CONNECTIONS`].
    pub connections: BTreeSet<u64>,
    pub client: Blamed,
    pub server: Blamed,
    pub nobody: u64,
}

/// How often a side was blamed.
#[derive(Default)]
pub(super) struct Blamed {
    pub errors: u64,
    pub warnings: u64,
    pub all: u64,
    /// At least one of the errors is certain.
    pub certain: bool,
    /// The endpoint, where it is always the same one.
    pub endpoint: Option<String>,
    several: bool,
}

impl Blamed {
    fn count(&mut self, finding: &Finding, endpoint: Option<&String>) {
        self.all += 1;
        match finding.severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
            Severity::Note => {}
        }
        self.certain |= finding.confidence == Confidence::Certain;
        match (&self.endpoint, endpoint) {
            (None, Some(endpoint)) if !self.several => self.endpoint = Some(endpoint.clone()),
            (Some(known), Some(endpoint)) if known == endpoint => {}
            _ => (self.endpoint, self.several) = (None, true),
        }
    }
}

impl Tally {
    /// Learns who speaks on a connection.
    pub(super) fn connection(&mut self, connection: &Connection<'_>) {
        // A client takes another port for each connection: what is one and the same is its address.
        let client = connection.client.ip.to_string();
        self.endpoints.insert(connection.id, (client, connection.server.to_string()));
    }

    /// Nothing more will be found on it.
    pub(super) fn connection_end(&mut self, id: u64) {
        self.endpoints.remove(&id);
    }

    pub(super) fn finding(&mut self, id: Option<u64>, finding: &Finding) {
        let broken = self.rules.entry(finding.rule.id).or_insert_with(|| Broken {
            rule: finding.rule,
            errors: 0,
            warnings: 0,
            notes: 0,
            known: 0,
            first: finding.clone(),
            connection: id,
            connections: BTreeSet::new(),
            client: Blamed::default(),
            server: Blamed::default(),
            nobody: 0,
        });
        if finding.known {
            broken.known += 1;
            return;
        }
        // Confidence rises as it gets weaker.
        let graver = (finding.severity, std::cmp::Reverse(finding.confidence))
            > (broken.first.severity, std::cmp::Reverse(broken.first.confidence));
        if graver || broken.first.known {
            (broken.first, broken.connection) = (finding.clone(), id);
        }
        match finding.severity {
            Severity::Error => broken.errors += 1,
            Severity::Warning => broken.warnings += 1,
            Severity::Note => broken.notes += 1,
        }
        if let Some(id) = id.filter(|_| broken.connections.len() < CONNECTIONS) {
            broken.connections.insert(id);
        }
        let endpoints = id.and_then(|id| self.endpoints.get(&id));
        match finding.blame {
            Some(Role::Client) => broken.client.count(finding, endpoints.map(|(client, _)| client)),
            Some(Role::Server) => broken.server.count(finding, endpoints.map(|(_, server)| server)),
            None => broken.nobody += 1,
        }
    }
}

/// A rule as its page on the page shows it.
#[derive(Serialize)]
struct RuleRow {
    severity: Severity,
    blames: &'static str,
    source: &'static str,
    link: Option<String>,
    quote: String,
    statement: String,
    why: String,
    restraint: String,
    errors: u64,
    warnings: u64,
    notes: u64,
    known: u64,
    client: u64,
    server: u64,
    nobody: u64,
}

/// A declaration may be written over several lines.
fn flowing(text: impl fmt::Display) -> String {
    text.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Serialize for Tally {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.rules.iter().map(|(id, broken)| {
            let Broken { rule, errors, warnings, notes, known, client, server, nobody, .. } = broken;
            let row = RuleRow {
                severity: broken.first.severity,
                blames: rule.blames.name(),
                source: rule.source,
                link: address(rule.source),
                quote: flowing(rule.quote),
                statement: flowing(rule.statement),
                why: flowing(rule.why),
                restraint: flowing(rule.restraint),
                errors: *errors,
                warnings: *warnings,
                notes: *notes,
                known: *known,
                client: client.all,
                server: server.all,
                nobody: *nobody,
            };
            (*id, row)
        }))
    }
}
