//! The findings of an analysis with what the formats for continuous integration say of each: which capture, which
//! connection. They list findings by capture, so that they write at the end.

use crate::analysis::{CaptureSummary, Connection, Sink, Summary};
use crate::rules::capture::TLS_UNDECRYPTABLE;
use crate::rules::{Finding, Reaction};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

/// Paths of the captures that were opened so far, in order. A capture's path reaches a sink only when the capture was
/// read to its end, and findings are told before that.
pub type Paths = Rc<RefCell<Vec<String>>>;

/// Knows which capture a finding belongs to.
#[derive(Debug)]
pub(super) struct Whereabouts {
    paths: Paths,
    /// Index of the capture each connection began in.
    captures: BTreeMap<u64, usize>,
}

impl Whereabouts {
    pub(super) fn new(paths: Paths) -> Whereabouts {
        Whereabouts { paths, captures: BTreeMap::new() }
    }

    pub(super) fn connection(&mut self, connection: &Connection<'_>) {
        self.captures.insert(connection.id, connection.capture);
    }

    /// The path of the capture; that of the latest for what belongs to no connection.
    pub(super) fn path(&self, connection: Option<u64>) -> String {
        let paths = self.paths.borrow();
        let index = connection.and_then(|id| self.captures.get(&id)).copied();
        index.and_then(|index| paths.get(index)).or(paths.last()).cloned().unwrap_or_default()
    }
}

/// A finding and where it is.
#[derive(Debug)]
pub(super) struct Diagnostic {
    /// Path of the capture.
    pub path: String,
    pub connection: Option<u64>,
    pub finding: Finding,
    /// What came of it, where that was told.
    pub reaction: Option<Reaction>,
}

impl Diagnostic {
    /// `client, connection 0, frame 3`; empty for what concerns a whole capture.
    pub(super) fn place(&self) -> String {
        place(self.connection, &self.finding)
    }
}

/// See [`Diagnostic::place`].
pub(super) fn place(connection: Option<u64>, finding: &Finding) -> String {
    let parts = [
        finding.blame.map(|role| role.name().to_owned()),
        connection.map(|id| format!("connection {id}")),
        within(finding),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `frame 3`, `message 1`, or nothing for what concerns a whole connection.
pub(super) fn within(finding: &Finding) -> Option<String> {
    match (finding.frame, finding.message_index) {
        (Some(frame), _) => Some(format!("frame {frame}")),
        (None, Some(message)) => Some(format!("message {message}")),
        (None, None) => None,
    }
}

/// Everything that such a format is made from.
#[derive(Debug)]
pub(super) struct Collected {
    whereabouts: Whereabouts,
    pub diagnostics: Vec<Diagnostic>,
    pub captures: Vec<CaptureSummary>,
    /// Captures that could not be opened, and why.
    pub unreadable: Vec<(String, String)>,
}

impl Collected {
    pub(super) fn new(paths: Paths) -> Collected {
        let whereabouts = Whereabouts::new(paths);
        Collected { whereabouts, diagnostics: Vec::new(), captures: Vec::new(), unreadable: Vec::new() }
    }

    /// Whether every capture was opened and read to its end.
    pub(super) fn is_whole(&self) -> bool {
        self.unreadable.is_empty() && self.captures.iter().all(|capture| capture.fault.is_none())
    }

    /// What kept the analysis from looking, with the capture it speaks of, where it speaks of one.
    pub(super) fn obstacles(&self, summary: &Summary) -> Vec<(Option<&str>, String)> {
        let mut obstacles = Vec::new();
        for (path, why) in &self.unreadable {
            obstacles.push((Some(path.as_str()), why.clone()));
        }
        for capture in &self.captures {
            let path = Some(capture.path.as_str());
            if let Some(fault) = &capture.fault {
                obstacles.push((path, format!("reading stopped: {fault}")));
            }
            for (link, packets) in &capture.unknown_links {
                obstacles.push((path, format!("{packets} packets of the unknown link type {link} were passed over")));
            }
        }
        if summary.connections == 0 {
            let is_closed = |of: &Diagnostic| of.finding.rule == &TLS_UNDECRYPTABLE;
            let why = match self.diagnostics.iter().any(is_closed) {
                true => "; TLS was not opened: name secrets with --keylog",
                false => "",
            };
            obstacles.push((None, format!("no WebSocket connection was found: nothing was checked{why}")));
        }
        obstacles
    }
}

impl Sink for Collected {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        self.whereabouts.connection(connection);
        Ok(())
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        let path = self.whereabouts.path(id);
        self.diagnostics.push(Diagnostic { path, connection: id, finding: finding.clone(), reaction: None });
        Ok(())
    }

    fn reaction(&mut self, id: u64, reaction: &Reaction) -> io::Result<()> {
        let to = |diagnostic: &&mut Diagnostic| {
            diagnostic.connection == Some(id) && diagnostic.finding.index == Some(reaction.finding)
        };
        if let Some(diagnostic) = self.diagnostics.iter_mut().rev().find(to) {
            diagnostic.reaction = Some(reaction.clone());
        }
        Ok(())
    }

    fn capture(&mut self, capture: &CaptureSummary) -> io::Result<()> {
        self.captures.push(capture.clone());
        Ok(())
    }

    fn unreadable(&mut self, path: &str, why: &str) -> io::Result<()> {
        self.unreadable.push((path.to_owned(), why.to_owned()));
        Ok(())
    }
}
