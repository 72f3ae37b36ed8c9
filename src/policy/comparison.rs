//! What changed between two captures: findings that appeared or went, told apart by the fingerprints that baselines use,
//! and facts of connections.

use super::identifier::asked_for;
use crate::analysis::{Connection, ConnectionEnd, Sink, Summary};
use crate::rules::{Finding, Fingerprint};
use crate::websocket::{CloseFrame, Extension, Handshake};
use std::collections::BTreeMap;
use std::io;

/// A finding, and the connection it belongs to.
pub type Placed = (Option<u64>, Finding);

/// Collects what is compared of one capture. Findings need their fingerprints: an [`Enforcer`](super::Enforcer) gives
/// them.
#[derive(Debug, Default)]
pub struct Picture {
    findings: BTreeMap<Fingerprint, Placed>,
    connections: BTreeMap<u64, Known>,
    /// The counts.
    pub summary: Summary,
}

/// A connection, without what differs from capture to capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its number in its capture.
    pub id: u64,
    /// Method, host and path of the request; empty where it was not captured.
    pub request: String,
    /// What is known of it, by name and in the same order for all; `None` for what there is not.
    pub facts: Vec<(&'static str, Option<String>)>,
}

/// A fact that is not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name.
    pub fact: &'static str,
    /// What it was.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
}

/// What changed.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Findings of the second capture alone, in its order.
    pub appeared: Vec<Placed>,
    /// Findings of the first capture alone, in its order.
    pub gone: Vec<Placed>,
    /// Findings of both.
    pub same: u64,
    /// Connections that only the second capture has.
    pub opened: Vec<Known>,
    /// Connections that only the first capture has.
    pub closed: Vec<Known>,
    /// Connections of both whose facts differ: as it is in the second, its number in the first, and what changed.
    pub changed: Vec<(Known, u64, Vec<Change>)>,
}

impl Comparison {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        let Comparison { appeared, gone, opened, closed, changed, same: _ } = self;
        appeared.is_empty() && gone.is_empty() && opened.is_empty() && closed.is_empty() && changed.is_empty()
    }

    /// Compares two captures.
    pub fn new(before: &Picture, after: &Picture) -> Comparison {
        let only = |here: &Picture, there: &Picture| {
            let mut only: Vec<Placed> = here
                .findings
                .iter()
                .filter(|(fingerprint, _)| !there.findings.contains_key(fingerprint))
                .map(|(_, placed)| placed.clone())
                .collect();
            only.sort_by_key(|(id, finding)| (*id, finding.packet.map(|packet| packet.number()), finding.frame));
            only
        };
        let (appeared, gone) = (only(after, before), only(before, after));
        let same = (after.findings.len() - appeared.len()) as u64;
        let mut comparison = Comparison { appeared, gone, same, ..Comparison::default() };
        comparison.compare_connections(before, after);
        comparison
    }

    /// Pairs connections that asked for the same: first those that are alike, then the others in their order.
    fn compare_connections(&mut self, before: &Picture, after: &Picture) {
        let mut left: BTreeMap<&str, Vec<&Known>> = BTreeMap::new();
        for known in before.connections.values() {
            left.entry(&known.request).or_default().push(known);
        }
        let mut unlike = Vec::new();
        for known in after.connections.values() {
            let candidates = left.entry(&known.request).or_default();
            match candidates.iter().position(|candidate| candidate.facts == known.facts) {
                Some(at) => drop(candidates.remove(at)),
                None => unlike.push(known),
            }
        }
        for known in unlike {
            let candidates = left.entry(&known.request).or_default();
            if candidates.is_empty() {
                self.opened.push(known.clone());
                continue;
            }
            let old = candidates.remove(0);
            let changes = old.facts.iter().zip(&known.facts).filter(|(before, after)| before != after);
            let change = |((fact, before), (_, after)): (&(&'static str, Option<String>), &(_, Option<String>))| {
                Change { fact, before: before.clone(), after: after.clone() }
            };
            self.changed.push((known.clone(), old.id, changes.map(change).collect()));
        }
        self.closed = left.into_values().flatten().cloned().collect();
        self.closed.sort_by_key(|known| known.id);
    }
}

impl Sink for Picture {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        let request = connection.handshake.and_then(|handshake| handshake.attempt.request.as_deref());
        let request = request.map_or(String::new(), asked_for);
        let response = connection.handshake.and_then(|handshake| handshake.attempt.response.as_ref());
        let subprotocol = response.and_then(|response| response.first("sec-websocket-protocol"));
        let facts = vec![
            ("transport", Some(connection.transport.name().to_owned())),
            ("status", response.map(|response| response.line.status.to_string())),
            ("protocol_family", connection.handshake.map(|handshake| handshake.family.name().into_owned())),
            ("subprotocol", subprotocol.map(|name| String::from_utf8_lossy(name).into_owned())),
            ("extensions", connection.handshake.and_then(extensions)),
        ];
        self.connections.insert(connection.id, Known { id: connection.id, request, facts });
        Ok(())
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        if let Some(fingerprint) = finding.fingerprint {
            self.findings.insert(fingerprint, (id, finding.clone()));
        }
        Ok(())
    }

    fn connection_end(&mut self, id: u64, end: &ConnectionEnd) -> io::Result<()> {
        if let Some(known) = self.connections.get_mut(&id) {
            // A Close without a code is something else than no Close.
            let code = |frame: &Option<CloseFrame>| {
                frame.as_ref().map(|close| close.code.map_or("none".to_owned(), |code| code.to_string()))
            };
            known.facts.push(("client_code", code(&end.closing.frames.client)));
            known.facts.push(("server_code", code(&end.closing.frames.server)));
        }
        Ok(())
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        self.summary = *summary;
        Ok(())
    }
}

/// The extensions in use with their parameters, those of permessage-deflate with what they are by default.
fn extensions(handshake: &Handshake) -> Option<String> {
    let one = |extension: &Extension| {
        let mut text = extension.name.clone();
        match handshake.deflate.as_ref().filter(|_| extension.is_permessage_deflate()) {
            Some(agreed) => {
                let windows = (agreed.client_max_window_bits, agreed.server_max_window_bits);
                text += &format!("; client_max_window_bits={}; server_max_window_bits={}", windows.0, windows.1);
                for (name, set) in [
                    ("client_no_context_takeover", agreed.client_no_context_takeover),
                    ("server_no_context_takeover", agreed.server_no_context_takeover),
                ] {
                    if set {
                        text += &format!("; {name}");
                    }
                }
            }
            None => {
                for (name, value) in &extension.params {
                    let value = value.as_ref().map_or(String::new(), |value| format!("={value}"));
                    text += &format!("; {name}{value}");
                }
            }
        }
        text
    };
    let list: Vec<String> = handshake.extensions.iter().map(one).collect();
    (!list.is_empty()).then(|| list.join(", "))
}
