//! What the detail pane and the byte pane show of a capture, a connection or a frame: a tree of fields, and the bytes
//! that they stand for.

mod capture;
mod connection;
mod frame;
mod tree;

pub(super) use tree::Tree;

use super::model::Model;
use crate::escape::printable;
use crate::rules::{Finding, Severity};
use crate::teach::FieldKind;
use std::ops::Range;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// The captures.
    Captures,
    /// A connection.
    Connection(u32),
    /// A frame, by its place in the list of all frames.
    Frame(u32),
}

/// Whose bytes a field stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// The frame: its header, then its payload.
    Frame,
    /// The message after inflating.
    Message,
}

/// What a node says, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Good,
    Field(FieldKind),
    Severity(Severity),
    Sender(crate::Role),
}

/// Where a node leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// The page of a rule.
    Rule(&'static crate::rules::Rule),
    /// A frame of the same connection.
    Frame(u32),
    /// The frame explained bit by bit.
    Lesson,
}

/// A line of the tree.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) depth: u8,
    pub(super) label: String,
    pub(super) value: String,
    pub(super) tone: Tone,
    /// The bytes it stands for.
    pub(super) bytes: Option<(Space, Range<usize>)>,
    pub(super) link: Option<Link>,
}

impl Node {
    /// A node without bytes.
    fn new(depth: u8, label: impl Into<String>, value: impl Into<String>) -> Node {
        Node { depth, label: label.into(), value: value.into(), tone: Tone::Plain, bytes: None, link: None }
    }

    fn tone(self, tone: Tone) -> Node {
        Node { tone, ..self }
    }

    fn at(self, bytes: Range<usize>) -> Node {
        Node { bytes: Some((Space::Frame, bytes)), ..self }
    }

    fn link(self, link: Link) -> Node {
        Node { link: Some(link), ..self }
    }
}

/// Bytes to look at.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) name: &'static str,
    pub(super) space: Space,
    pub(super) bytes: Vec<u8>,
    /// How many there are; more than `bytes` holds where some are missing or were not kept. `None` where unknown.
    pub(super) total: Option<u64>,
    /// Which field a byte belongs to, for its colour.
    pub(super) fields: Vec<(Range<usize>, FieldKind)>,
}

/// Adds a finding: its rule, and what happened.
fn finding(finding: &Finding, nodes: &mut Vec<Node>) {
    let severity = finding.severity;
    let node = Node::new(0, severity.name(), finding.rule.id).tone(Tone::Severity(severity));
    nodes.push(node.link(Link::Rule(finding.rule)));
    nodes.push(Node::new(1, "", printable(finding.message.as_bytes())));
}

/// See the module.
pub(super) struct Detail {
    pub(super) nodes: Vec<Node>,
    pub(super) views: Vec<View>,
}

impl Detail {
    /// Nothing.
    pub(super) fn empty() -> Detail {
        Detail { nodes: Vec::new(), views: Vec::new() }
    }

    /// What is known of a subject, with findings of severity `least` and above.
    pub(super) fn of(model: &Model, subject: Subject, least: Severity) -> Detail {
        match subject {
            Subject::Captures => Detail { nodes: capture::nodes(model, least), views: Vec::new() },
            Subject::Connection(id) => Detail { nodes: connection::nodes(model, id, least), views: Vec::new() },
            Subject::Frame(id) => frame::detail(model, id, least).unwrap_or_else(Detail::empty),
        }
    }

    /// The narrowest node that stands for this byte.
    pub(super) fn node_at(&self, space: Space, byte: usize) -> Option<usize> {
        let holds = |node: &Node| match &node.bytes {
            Some((its, range)) if *its == space && range.contains(&byte) => Some(range.len()),
            _ => None,
        };
        let nodes = self.nodes.iter().enumerate().filter_map(|(at, node)| Some((holds(node)?, at)));
        // Of nodes with the same bytes the deepest is the most telling, but the first bit field of a byte will do.
        nodes.min_by_key(|&(length, at)| (length, std::cmp::Reverse(self.nodes[at].depth), at)).map(|(_, at)| at)
    }
}
