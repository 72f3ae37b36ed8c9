//! What was found and who is to blame, in one or two sentences.

use super::tally::{Blamed, Broken, Tally};
use crate::analysis::{CaptureSummary, Summary};
use crate::escape::printable;
use crate::report::words::count;
use crate::rules::{Confidence, Severity};

/// The first thing on the page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// `error`, `warning`, `good`, or `unknown` where the analysis could not look.
    pub tone: &'static str,
    pub headline: String,
    /// What it rests on.
    pub reason: String,
    /// What limits it, a sentence each.
    pub limits: Vec<String>,
}

/// Whether it is blamed, and more.
#[derive(Default)]
struct Side {
    errors: u64,
    warnings: u64,
    certain: bool,
    /// `Some(None)` where there are several.
    endpoint: Option<Option<String>>,
}

impl Side {
    fn add(&mut self, blamed: &Blamed) {
        if blamed.all == 0 {
            return;
        }
        self.errors += blamed.errors;
        self.warnings += blamed.warnings;
        self.certain |= blamed.errors > 0 && blamed.certain;
        if blamed.errors + blamed.warnings > 0 {
            let same = self.endpoint.as_ref().is_none_or(|known| *known == blamed.endpoint);
            self.endpoint = Some(blamed.endpoint.clone().filter(|_| same));
        }
    }

    /// `the server 127.0.0.1:9400`
    fn name(&self, role: &str) -> String {
        match self.endpoint.clone().flatten() {
            Some(endpoint) => format!("the {role} {endpoint}"),
            None => format!("the {role}"),
        }
    }
}

/// Says what the findings amount to.
pub(super) fn verdict(
    tally: &Tally,
    summary: &Summary,
    captures: &[CaptureSummary],
    unreadable: &[(String, String)],
) -> Verdict {
    let limits = limits(tally, summary, captures, unreadable);
    let connections = count(summary.connections, "WebSocket connection");
    let (mut client, mut server) = (Side::default(), Side::default());
    for broken in tally.rules.values() {
        client.add(&broken.client);
        server.add(&broken.server);
    }
    let frames = count(summary.frames, "frame");
    let (tone, headline, reason) = if summary.connections == 0 {
        let reason = "No WebSocket connection was found, so there is nothing to judge.".to_owned();
        ("unknown", "Nothing was checked.".to_owned(), reason)
    } else if summary.errors > 0 {
        ("error", blame(&client, &server), reason(tally, summary, Severity::Error))
    } else if summary.warnings > 0 {
        let who = match (client.warnings > 0, server.warnings > 0) {
            (true, false) => format!("but {} deserves a look", client.name("client")),
            (false, true) => format!("but {} deserves a look", server.name("server")),
            (true, true) => "but both sides deserve a look".to_owned(),
            (false, false) => "but something deserves a look".to_owned(),
        };
        ("warning", format!("Nothing is proven wrong, {who}."), reason(tally, summary, Severity::Warning))
    } else {
        let notes = if summary.notes > 0 { format!(", {} aside", count(summary.notes, "note")) } else { String::new() };
        let told = format!("{connections} and {frames} keep to the rules{notes}.");
        ("good", "Nothing wrong was found.".to_owned(), told)
    };
    Verdict { tone, headline, reason, limits }
}

fn blame(client: &Side, server: &Side) -> String {
    let verb = |certain: bool| if certain { "is to blame" } else { "is probably to blame" };
    let sentence = match (client.errors > 0, server.errors > 0) {
        (true, false) => format!("{} {}.", client.name("client"), verb(client.certain)),
        (false, true) => format!("{} {}.", server.name("server"), verb(server.certain)),
        (true, true) => "both sides are to blame.".to_owned(),
        (false, false) => "rules were broken.".to_owned(),
    };
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// How much was found, and the gravest of it.
fn reason(tally: &Tally, summary: &Summary, severity: Severity) -> String {
    let at = |broken: &Broken| if severity == Severity::Error { broken.errors } else { broken.warnings };
    let mut counts = Vec::new();
    if summary.errors > 0 {
        counts.push(count(summary.errors, "error"));
    }
    if summary.warnings > 0 {
        counts.push(count(summary.warnings, "warning"));
    }
    let concerned = tally.rules.values().filter(|broken| at(broken) > 0);
    let mut ids: Vec<u64> = concerned.clone().flat_map(|broken| broken.connections.iter().copied()).collect();
    ids.sort_unstable();
    ids.dedup();
    let place = match (ids.len() as u64, summary.connections) {
        (0, _) => String::new(),
        (1, 1) => " on the only connection".to_owned(),
        (some, all) => format!(" on {some} of {}", count(all, "connection")),
    };
    // What is sure before what is likely, and then what happened first.
    let first = concerned.min_by_key(|broken| {
        let finding = &broken.first;
        let packet = finding.packet.map_or(u64::MAX, |packet| packet.number());
        (finding.confidence, broken.connection.unwrap_or(u64::MAX), packet, broken.rule.id)
    });
    let mut text = format!("{}{place}", counts.join(" and "));
    if let Some(Broken { first, rule, connection, .. }) = first {
        let source = if rule.source.is_empty() { String::new() } else { format!(" ({})", rule.source) };
        let message = printable(first.message.as_bytes());
        let hedge = match first.confidence {
            Confidence::Certain => "",
            Confidence::Statistical => " in all likelihood",
            Confidence::RoleInferred => " if the sides were told apart rightly",
            Confidence::AfterGap => " as far as the bytes after a gap tell",
        };
        let which = match connection {
            _ if summary.errors + summary.warnings == 1 => String::new(),
            Some(id) if summary.connections > 1 => format!(". The first of them, on connection {id}"),
            _ => ". The first of them".to_owned(),
        };
        text.push_str(&format!("{which}{hedge}: {message}{source}"));
    }
    text.push('.');
    text
}

fn limits(
    tally: &Tally,
    summary: &Summary,
    captures: &[CaptureSummary],
    unreadable: &[(String, String)],
) -> Vec<String> {
    let name = |path: &str| printable(path.as_bytes()).into_owned();
    let mut limits = Vec::new();
    for (path, why) in unreadable {
        limits.push(format!("{} could not be opened: {}.", name(path), name(why)));
    }
    for capture in captures {
        let path = name(&capture.path);
        if let Some(fault) = &capture.fault {
            limits.push(format!("Reading {path} stopped before its end: {}.", name(fault)));
        } else if capture.truncated {
            limits.push(format!("{path} ends inside a packet; everything before it was read."));
        }
        for (link, packets) in &capture.unknown_links {
            let packets = count(*packets, "packet");
            limits.push(format!("{packets} of the unknown link type {link} in {path} were passed over."));
        }
    }
    // What rules about captures say of whole captures limits what can be said of endpoints.
    for broken in
        tally.rules.values().filter(|broken| broken.rule.id.starts_with("cap-") && broken.connection.is_none())
    {
        limits.push(format!("{}.", printable(broken.first.message.as_bytes())));
    }
    if summary.known > 0 {
        limits.push(format!("{} that the baseline lists do not count.", count(summary.known, "finding")));
    }
    limits
}
