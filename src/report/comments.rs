//! The findings, and what came of them, as comments on packets, for a copy of the capture that Wireshark opens.

use super::collected::place;
use crate::analysis::{Connection, Sink};
use crate::escape::printable;
use crate::rules::{Awaited, Finding, Reaction, Severity};
use std::collections::{BTreeMap, HashMap};
use std::io;

/// Collects what is said of each packet of one capture.
#[derive(Debug)]
pub struct Comments {
    least: Severity,
    /// The first packet of each connection, for findings that point at no other.
    began: HashMap<u64, u64>,
    awaited: Awaited,
    of: BTreeMap<u64, Said>,
}

/// What is said of a packet.
#[derive(Debug, Default)]
struct Said {
    comments: Vec<String>,
    /// Findings beyond those.
    more: u64,
}

/// Comments on one packet; nobody reads more, and a block has no room for any number of them.
const MOST: usize = 100;

impl Comments {
    /// Collects findings of severity `least` and above that no baseline lists.
    pub fn new(least: Severity) -> Comments {
        Comments { least, began: HashMap::new(), awaited: Awaited::default(), of: BTreeMap::new() }
    }

    fn say(&mut self, packet: u64, comment: String) {
        let said = self.of.entry(packet).or_default();
        match said.comments.len() {
            MOST => said.more += 1,
            _ => said.comments.push(comment),
        }
    }

    /// Takes what is said of the packet with this number, in the order in which it was found.
    pub fn take(&mut self, packet: u64) -> Vec<String> {
        let Said { mut comments, more } = self.of.remove(&packet).unwrap_or_default();
        if more > 0 {
            comments.push(format!("wslens: {more} more findings are not listed"));
        }
        comments
    }

    /// How many packets have comments that were not taken.
    pub fn packets(&self) -> usize {
        self.of.len()
    }
}

impl Sink for Comments {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        self.began.insert(connection.id, connection.first_packet.number());
        Ok(())
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        if finding.severity < self.least || finding.known {
            return Ok(());
        }
        self.awaited.told(id, finding);
        let began = id.and_then(|id| self.began.get(&id)).copied();
        // What concerns the whole capture stands at its beginning.
        let packet = finding.packet.map(|packet| packet.number()).or(began).unwrap_or(1);
        let message = printable(finding.message.as_bytes());
        let place = place(id, finding);
        let dash = if place.is_empty() { "" } else { "; " };
        let Finding { severity, rule, .. } = finding;
        self.say(packet, format!("wslens: {severity} {}: {message} ({place}{dash}{})", rule.id, rule.source));
        Ok(())
    }

    fn reaction(&mut self, id: u64, reaction: &Reaction) -> io::Result<()> {
        if self.awaited.wants(id, reaction)
            && let Some(packet) = reaction.packet
        {
            let comment = format!("wslens: reaction to {}: {reaction} (connection {id})", reaction.rule.id);
            self.say(packet.number(), comment);
        }
        Ok(())
    }
}
