//! The captures and what they amount to.

use super::{Node, Tone};
use crate::escape::printable;
use crate::report::words::{count, duration, size};
use crate::rules::Severity;
use crate::tui::model::{Model, Progress};

pub(super) fn nodes(model: &Model, least: Severity) -> Vec<Node> {
    let mut nodes = Vec::new();
    for capture in &model.captures {
        nodes.push(Node::new(0, "Capture", printable(capture.path.as_bytes())));
        let mut format = capture.format.to_owned();
        if let Some(compression) = capture.compression {
            format = format!("{format}, {compression}");
        }
        nodes.push(Node::new(1, "format", format));
        let links: Vec<_> = capture.link_types.iter().map(|link| printable(link.as_bytes())).collect();
        nodes.push(Node::new(1, "links", links.join(", ")));
        nodes.push(Node::new(1, "packets", capture.packets.to_string()));
        nodes.push(Node::new(1, "size", size(capture.bytes)));
        nodes.push(Node::new(1, "TCP", count(capture.flows, "connection")));
        if let (Some(first), Some(last)) = (capture.first_time, capture.last_time) {
            nodes.push(Node::new(1, "began", first.to_string()));
            nodes.push(Node::new(1, "lasted", duration(last.since(first))));
        }
        let warn = |label: &str, value: String| Node::new(1, label, value).tone(Tone::Severity(Severity::Warning));
        if capture.truncated {
            nodes.push(warn("cut", "the file ends inside a packet".to_owned()));
        }
        if let Some(fault) = &capture.fault {
            nodes.push(warn("reading stopped", printable(fault.as_bytes()).into_owned()));
        }
        for (link, packets) in &capture.unknown_links {
            nodes.push(warn("unknown link", format!("{} of type {link} passed over", count(*packets, "packet"))));
        }
    }
    for (path, why) in &model.unreadable {
        let value = printable(format!("{path}: {why}").as_bytes()).into_owned();
        nodes.push(Node::new(0, "Unreadable", value).tone(Tone::Severity(Severity::Error)));
    }
    if let Some(summary) = &model.summary {
        nodes.push(Node::new(0, "In all", ""));
        for (label, value) in [
            ("connections", summary.connections.to_string()),
            ("frames", summary.frames.to_string()),
            ("messages", summary.messages.to_string()),
            ("payload", size(summary.payload_bytes)),
            ("errors", summary.errors.to_string()),
            ("warnings", summary.warnings.to_string()),
            ("notes", summary.notes.to_string()),
        ] {
            nodes.push(Node::new(1, label, value));
        }
    } else if model.progress == Progress::Reading {
        nodes.push(Node::new(0, "Reading", "what is known at the end is told then"));
    }
    super::connection::findings(model, None, least, &mut nodes);
    nodes
}
