//! A connection: its opening handshake, how it ended, what it amounted to, and what was found about it as a whole.

use super::{Link, Node, Tone};
use crate::Role;
use crate::escape::printable;
use crate::report::words::{count, duration, size};
use crate::rules::Severity;
use crate::tui::model::{Conn, Model};
use crate::websocket::Closer;

pub(super) fn nodes(model: &Model, id: u32, least: Severity) -> Vec<Node> {
    let Some(connection) = model.connections.get(id as usize) else { return Vec::new() };
    let sheet = model.sheet(id).into_iter().map(|entry| {
        let node = Node::new(entry.depth, entry.label, entry.value);
        let node = if entry.fault { node.tone(Tone::Severity(Severity::Error)) } else { node };
        match node.label.as_str() {
            "Accept" if !entry.fault => node.tone(Tone::Good).link(Link::Lesson),
            "Accept" => node.link(Link::Lesson),
            _ => node,
        }
    });
    let mut nodes: Vec<Node> = sheet.collect();
    end(connection, &mut nodes);
    findings(model, Some(id), least, &mut nodes);
    nodes
}

fn end(connection: &Conn, nodes: &mut Vec<Node>) {
    let Some((end, outline)) = connection.end.as_ref().zip(connection.outline.end.as_ref()) else { return };
    let closing = &end.closing;
    nodes.push(Node::new(0, "End", &outline.closing));
    if let Some(by) = closing.by {
        nodes.push(Node::new(
            1,
            "closed by",
            match by {
                Closer::Client => "the client",
                Closer::Server => "the server",
                Closer::Both => "both at once",
            },
        ));
    }
    for role in [Role::Client, Role::Server] {
        let Some(close) = &closing.frames[role] else { continue };
        let code = close.code.map_or("no code".to_owned(), |code| code.to_string());
        let value = format!("{code} {}", printable(close.reason.as_bytes()));
        let node = Node::new(1, format!("{role}'s Close"), value.trim_end()).tone(Tone::Sender(role));
        nodes.push(match u32::try_from(close.frame) {
            Ok(frame) => node.link(Link::Frame(frame)),
            Err(_) => node,
        });
    }
    nodes.push(Node::new(1, "last packet", end.last_packet.number().to_string()));
    if let Some(lasted) = &outline.lasted {
        nodes.push(Node::new(1, "lasted", lasted));
    }
    nodes.push(Node::new(0, "In all", ""));
    for role in [Role::Client, Role::Server] {
        let sent = end.stats.sent[role];
        let value = format!(
            "{}, {}, {} of payload",
            count(sent.frames, "frame"),
            count(sent.messages, "message"),
            size(sent.payload_bytes)
        );
        nodes.push(Node::new(1, role.name(), value).tone(Tone::Sender(role)));
    }
    let pings = end.stats.pings;
    if let (Some(min), Some(median), Some(max)) = (pings.min, pings.median, pings.max) {
        let [min, median, max] = [min, median, max].map(duration);
        nodes.push(Node::new(1, "round trips", format!("{}: {min} to {max}, median {median}", pings.count)));
    }
}

/// Adds what was found about a connection, or about the captures; frames tell theirs themselves.
pub(super) fn findings(model: &Model, connection: Option<u32>, least: Severity, nodes: &mut Vec<Node>) {
    for found in model.findings.iter().filter(|found| found.connection == connection) {
        let finding = &found.finding;
        if finding.frame.is_none() && !finding.known && finding.severity >= least {
            super::finding(finding, nodes);
        }
    }
}
