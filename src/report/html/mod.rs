//! The report as a page: one HTML file that opens from disk, asks no network for anything and shows an analysis to
//! people, from the verdict down to the bits of a frame.
//!
//! The page is three hand-written things put together by `page`: markup, a style sheet and a script; and a block of
//! JSON with the same facts as the JSON report. What a page holds is bounded by a [`Budget`]: `kept` chooses the
//! frames that stay, `columns` spells them shortly, `activity` sums up all of them, `verdict` says what it amounts
//! to. Whatever was left out is counted on the page.

mod activity;
mod columns;
mod kept;
mod page;
mod tally;
mod verdict;

use super::connection::{append_begin, append_end};
use super::encode::{append, append_fields};
use super::rows::{CaptureRow, FindingRow, ReactionRow, SummaryRow, TOOL, UnreadableRow};
use super::{Paths, SCHEMA_VERSION};
use crate::analysis::{CaptureSummary, Connection, ConnectionEnd, Sink, Summary};
use crate::capture::{TimeWriter, Timestamp};
use crate::rules::{Finding, Reaction, Severity};
use crate::websocket::{Frame, Message};
use activity::Activity;
use columns::{FrameColumns, MessageColumns};
use kept::Kept;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use tally::Tally;

/// How much of an analysis a page holds, in bytes of the page. Memory is a small multiple of it, whatever the captures
/// hold.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Connections with their handshakes. Beyond it those without errors and warnings go, the latest first, and at last
    /// new ones are only counted.
    pub connections: usize,
    /// Frames and messages. Beyond it the middles of the longest connections are left out, but for frames that a
    /// finding is about.
    pub frames: usize,
    /// Findings of each severity; those that come after are counted.
    pub findings: usize,
}

impl Default for Budget {
    /// A page of at most 20 MB.
    fn default() -> Budget {
        Budget { connections: 5_000_000, frames: 10_500_000, findings: 1_000_000 }
    }
}

/// Room that a connection's closing fields take.
const END: usize = 640;

/// Collects, and writes the page once all captures are read.
pub struct Html<W: Write> {
    out: W,
    paths: Paths,
    budget: Budget,
    captures: Vec<CaptureSummary>,
    unreadable: Vec<(String, String)>,
    connections: BTreeMap<u64, Listed>,
    connection_bytes: usize,
    /// Listed connections that ended without an error or a warning.
    clean: BTreeSet<u64>,
    /// Connections that did not fit.
    unlisted_connections: u64,
    /// Upgrades that were refused, until their end.
    refused: BTreeSet<u64>,
    kept: Kept,
    activity: Activity,
    tally: Tally,
    /// Findings as JSON, by severity from note to error.
    findings: [List; 3],
    /// What came of listed findings, by connection and index, as JSON; empty while it is awaited.
    reactions: BTreeMap<(u64, u64), Vec<u8>>,
}

/// A connection on the page.
struct Listed {
    /// The opening fields, without the closing brace.
    head: Vec<u8>,
    /// The closing fields with a comma before the first, without a brace behind the last.
    end: Vec<u8>,
    began: Option<Timestamp>,
    /// An error or a warning was found on it.
    faulty: bool,
}

impl Listed {
    /// Bytes of the page that it takes, or will.
    fn cost(&self) -> usize {
        self.head.len() + END
    }
}

/// Elements of a JSON array that stop being taken at a number of bytes.
#[derive(Default)]
struct List {
    json: Vec<u8>,
    left_out: u64,
    /// Where in `json` it is to be said what came of a finding, and of which.
    awaited: Vec<(usize, (u64, u64))>,
}

impl List {
    /// Writes the elements.
    fn write(&self, reactions: &BTreeMap<(u64, u64), Vec<u8>>, out: &mut Vec<u8>) {
        let mut from = 0;
        for (at, key) in &self.awaited {
            out.extend_from_slice(&self.json[from..*at]);
            let reaction = reactions.get(key).filter(|json| !json.is_empty());
            out.extend_from_slice(reaction.map_or(b"null", Vec::as_slice));
            from = *at;
        }
        out.extend_from_slice(&self.json[from..]);
    }
}

impl<W: Write> Html<W> {
    /// Writes to `out` once all captures are read; `paths` names them in the page's title.
    pub fn new(out: W, paths: Paths) -> Html<W> {
        Html::with_budget(out, paths, Budget::default())
    }

    /// The same with other bounds.
    pub fn with_budget(out: W, paths: Paths, budget: Budget) -> Html<W> {
        Html {
            out,
            paths,
            budget,
            captures: Vec::new(),
            unreadable: Vec::new(),
            connections: BTreeMap::new(),
            connection_bytes: 0,
            clean: BTreeSet::new(),
            unlisted_connections: 0,
            refused: BTreeSet::new(),
            kept: Kept::new(budget.frames),
            activity: Activity::default(),
            tally: Tally::default(),
            findings: Default::default(),
            reactions: BTreeMap::new(),
        }
    }

    /// Whether a connection of this cost fits, if others make room.
    fn make_room(&mut self, cost: usize) -> bool {
        while self.connection_bytes + cost > self.budget.connections {
            let Some(id) = self.clean.pop_last() else { return false };
            if let Some(listed) = self.connections.remove(&id) {
                self.connection_bytes -= listed.cost();
                self.unlisted_connections += 1;
            }
            self.kept.forget(id);
        }
        true
    }

    fn data(&self, summary: &Summary) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        write!(out, "{{\"schema_version\":\"{SCHEMA_VERSION}\",\"tool\":")?;
        append(&mut out, &TOOL)?;
        field(&mut out, "summary", &SummaryRow::new(summary))?;
        field(&mut out, "captures", &self.captures.iter().map(CaptureRow::new).collect::<Vec<_>>())?;
        let unreadable = self.unreadable.iter().map(|(path, why)| UnreadableRow { path, why });
        field(&mut out, "unreadable", &unreadable.collect::<Vec<_>>())?;
        field(&mut out, "rules", &self.tally)?;
        field(&mut out, "activity", &self.activity)?;
        field(&mut out, "cut", &self.cut(summary))?;
        out.extend_from_slice(b",\n\"findings\":[");
        let lists = self.findings.iter().rev().filter(|list| !list.json.is_empty());
        for (n, list) in lists.enumerate() {
            out.extend_from_slice(if n == 0 { b"\n" } else { b",\n" });
            list.write(&self.reactions, &mut out);
        }
        out.extend_from_slice(b"],\n\"connections\":[");
        for (n, (id, listed)) in self.connections.iter().enumerate() {
            out.extend_from_slice(if n == 0 { b"\n" } else { b",\n" });
            out.extend_from_slice(&listed.head);
            out.extend_from_slice(&listed.end);
            let (rows, messages) = self.kept.of(*id);
            field(&mut out, "frames", &FrameColumns { rows, began: listed.began })?;
            field(&mut out, "messages", &MessageColumns(messages))?;
            out.push(b'}');
        }
        out.extend_from_slice(b"]}");
        Ok(out)
    }

    fn cut(&self, summary: &Summary) -> Cut {
        let [notes, warnings, errors] = &self.findings;
        Cut {
            connections: self.unlisted_connections,
            frames: summary.frames.saturating_sub(self.kept.frames()),
            findings: notes.left_out + warnings.left_out + errors.left_out + summary.unlisted,
        }
    }
}

/// How much is not on the page.
#[derive(Serialize)]
struct Cut {
    connections: u64,
    frames: u64,
    findings: u64,
}

/// Appends `,"name":value`.
fn field<T: Serialize>(out: &mut Vec<u8>, name: &str, value: &T) -> io::Result<()> {
    write!(out, ",\n\"{name}\":")?;
    append(out, value)
}

impl<W: Write> Sink for Html<W> {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        self.tally.connection(connection);
        if connection.handshake.is_some_and(|handshake| !handshake.attempt.switched) {
            self.refused.insert(connection.id);
        }
        let mut head = Vec::new();
        append_begin(&mut head, connection, &mut TimeWriter::default())?;
        head.pop();
        let listed = Listed { head, end: Vec::new(), began: connection.first_packet.time, faulty: false };
        if !self.make_room(listed.cost()) {
            self.unlisted_connections += 1;
            return Ok(());
        }
        self.connection_bytes += listed.cost();
        self.connections.insert(connection.id, listed);
        Ok(())
    }

    fn frame(&mut self, id: u64, frame: &Frame<'_>) -> io::Result<()> {
        self.activity.frame(id, frame);
        if self.connections.contains_key(&id) {
            self.kept.frame(id, frame);
        }
        Ok(())
    }

    fn message(&mut self, id: u64, message: &Message<'_>) -> io::Result<()> {
        self.activity.message(message);
        if self.connections.contains_key(&id) {
            self.kept.message(id, message);
        }
        Ok(())
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        self.tally.finding(id, finding);
        if let (Some(id), Some(frame)) = (id, finding.frame) {
            self.kept.mark(id, frame);
        }
        if let Some(listed) = id.and_then(|id| self.connections.get_mut(&id)) {
            listed.faulty |= finding.severity > Severity::Note && !finding.known;
        }
        let list = match finding.severity {
            Severity::Note => &mut self.findings[0],
            Severity::Warning => &mut self.findings[1],
            Severity::Error => &mut self.findings[2],
        };
        let before = list.json.len();
        list.json.extend_from_slice(if before == 0 { b"{\"connection\":" } else { b",\n{\"connection\":" });
        append(&mut list.json, &id)?;
        append_fields(&mut list.json, &FindingRow::new(finding))?;
        if let Some(id) = id {
            list.json.pop();
            list.json.extend_from_slice(b",\"reaction\":");
            match finding.index.filter(|_| finding.reaction_follows) {
                Some(index) => {
                    list.awaited.push((list.json.len(), (id, index)));
                    self.reactions.insert((id, index), Vec::new());
                }
                None => list.json.extend_from_slice(b"null"),
            }
            list.json.push(b'}');
        }
        if list.json.len() > self.budget.findings {
            list.json.truncate(before);
            if let Some((_, key)) = list.awaited.pop_if(|(at, _)| *at > before) {
                self.reactions.remove(&key);
            }
            list.left_out += 1;
        }
        Ok(())
    }

    fn reaction(&mut self, id: u64, reaction: &Reaction) -> io::Result<()> {
        let Some(json) = self.reactions.get_mut(&(id, reaction.finding)) else { return Ok(()) };
        append(json, &ReactionRow::new(reaction))?;
        field(json, "came_of", &reaction.to_string())
    }

    fn connection_end(&mut self, id: u64, end: &ConnectionEnd) -> io::Result<()> {
        self.tally.connection_end(id);
        self.activity.closing(&end.closing, self.refused.remove(&id));
        if let Some(listed) = self.connections.get_mut(&id) {
            append_end(&mut listed.end, end, &mut TimeWriter::default())?;
            listed.end.pop();
            if !listed.faulty {
                self.clean.insert(id);
            }
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

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let data = self.data(summary)?;
        let verdict = verdict::verdict(&self.tally, summary, &self.captures, &self.unreadable);
        page::write(&mut self.out, &self.paths.borrow(), &verdict, &data)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;
    use crate::report::samples::{closed, connection, end, finding, frame, handshake};
    use crate::websocket::Opcode;

    #[test]
    fn connections_with_faults_outlast_the_others() {
        let rule = crate::rules::find("frame-client-unmasked").unwrap();
        let mut page = Vec::new();
        let budget = Budget { connections: 40_000, ..Budget::default() };
        let mut html = Html::with_budget(&mut page, Paths::default(), budget);
        let handshake = handshake("/", 101, "Switching Protocols");
        for id in 0..500 {
            html.connection(&connection(id, Some(&handshake))).unwrap();
            html.frame(id, &frame(0, Role::Client, Opcode::TEXT, b"x")).unwrap();
            if id % 50 == 49 {
                html.finding(Some(id), &finding(rule, Some(Role::Client), Some(0), "wrong")).unwrap();
            }
            html.connection_end(id, &end(closed(""))).unwrap();
            assert!(html.connection_bytes <= 40_000);
        }
        let listed: Vec<u64> = html.connections.keys().copied().collect();
        assert!((49..500).step_by(50).all(|id| listed.contains(&id)), "{listed:?}");
        assert!(listed.starts_with(&[0, 1, 2]));
        assert_eq!(html.unlisted_connections + listed.len() as u64, 500);
        assert_eq!(html.kept.frames(), listed.len() as u64);
    }
}
