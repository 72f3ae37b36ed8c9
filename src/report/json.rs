//! The JSON report as one object, written at the end: a line for each frame, message and finding, so that it can be
//! read and compared by people too.
//!
//! Everything is kept as JSON text until the end, because a connection's frames stand inside its object while
//! connections interleave in the capture. [`jsonl`](super::jsonl) writes the same without keeping it.

use super::connection::{append_begin, append_end};
use super::encode::append;
use super::rows::{CaptureRow, FindingRow, FrameRow, MessageRow, ReactionRow, SummaryRow, TOOL, UnreadableRow};
use super::{Detail, SCHEMA_VERSION};
use crate::analysis::{CaptureSummary, Connection, ConnectionEnd, Sink, Summary};
use crate::capture::TimeWriter;
use crate::rules::{Finding, Reaction};
use crate::websocket::{Frame, Message};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Collects the rows and writes them as one object.
pub struct Json<W: Write> {
    out: W,
    detail: Detail,
    captures: List,
    connections: BTreeMap<u64, Parts>,
    findings: List,
    unreadable: List,
    times: TimeWriter,
}

/// The pieces of a connection's object.
#[derive(Default)]
struct Parts {
    /// The opening fields, with the opening brace and without the closing one.
    head: Vec<u8>,
    frames: List,
    messages: List,
    /// Each with its index and without the closing brace: what came of it may still be told.
    findings: Vec<(Option<u64>, Vec<u8>)>,
    /// What came of findings, by their index.
    reactions: BTreeMap<u64, Vec<u8>>,
    /// The closing fields, with a comma before the first and without a brace behind the last.
    end: Vec<u8>,
}

impl Parts {
    /// Writes `"findings":[…]`.
    fn write_findings<W: Write>(&self, out: &mut W) -> io::Result<()> {
        out.write_all(b"\"findings\":[")?;
        for (n, (index, finding)) in self.findings.iter().enumerate() {
            out.write_all(if n == 0 { b"\n" } else { b",\n" })?;
            out.write_all(finding)?;
            let reaction = index.and_then(|index| self.reactions.get(&index));
            out.write_all(b",\"reaction\":")?;
            out.write_all(reaction.map_or(b"null", Vec::as_slice))?;
            out.write_all(b"}")?;
        }
        out.write_all(if self.findings.is_empty() { b"]" } else { b"\n]" })
    }
}

/// The elements of an array, a line each.
#[derive(Default)]
struct List(Vec<u8>);

impl List {
    fn push<T: Serialize>(&mut self, row: &T) -> io::Result<()> {
        self.0.extend_from_slice(if self.0.is_empty() { b"\n" } else { b",\n" });
        append(&mut self.0, row)
    }

    /// Writes `"name":[…]`.
    fn write<W: Write>(&self, out: &mut W, name: &str) -> io::Result<()> {
        write!(out, "\"{name}\":[")?;
        out.write_all(&self.0)?;
        out.write_all(if self.0.is_empty() { b"]" } else { b"\n]" })
    }
}

impl<W: Write> Json<W> {
    /// Writes to `out` once all captures are read.
    pub fn new(out: W, detail: Detail) -> Json<W> {
        Json {
            out,
            detail,
            captures: List::default(),
            connections: BTreeMap::new(),
            findings: List::default(),
            unreadable: List::default(),
            times: TimeWriter::default(),
        }
    }

    fn parts(&mut self, id: u64) -> io::Result<&mut Parts> {
        parts(&mut self.connections, id)
    }
}

fn parts(connections: &mut BTreeMap<u64, Parts>, id: u64) -> io::Result<&mut Parts> {
    connections.get_mut(&id).ok_or_else(|| io::Error::other(format!("connection {id} was not announced")))
}

impl<W: Write> Sink for Json<W> {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        let parts = self.connections.entry(connection.id).or_default();
        append_begin(&mut parts.head, connection, &mut self.times)?;
        parts.head.pop();
        Ok(())
    }

    fn frame(&mut self, id: u64, frame: &Frame<'_>) -> io::Result<()> {
        match self.detail {
            Detail::Full => {
                let parts = parts(&mut self.connections, id)?;
                parts.frames.push(&FrameRow::new(frame, &mut self.times))
            }
            Detail::Findings => Ok(()),
        }
    }

    fn message(&mut self, id: u64, message: &Message<'_>) -> io::Result<()> {
        match self.detail {
            Detail::Full => self.parts(id)?.messages.push(&MessageRow::new(message)),
            Detail::Findings => Ok(()),
        }
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        let Some(id) = id else { return self.findings.push(&FindingRow::new(finding)) };
        let mut text = Vec::new();
        append(&mut text, &FindingRow::new(finding))?;
        text.pop();
        self.parts(id)?.findings.push((finding.index, text));
        Ok(())
    }

    fn reaction(&mut self, id: u64, reaction: &Reaction) -> io::Result<()> {
        let mut text = Vec::new();
        append(&mut text, &ReactionRow::new(reaction))?;
        self.parts(id)?.reactions.insert(reaction.finding, text);
        Ok(())
    }

    fn connection_end(&mut self, id: u64, end: &ConnectionEnd) -> io::Result<()> {
        let parts = parts(&mut self.connections, id)?;
        append_end(&mut parts.end, end, &mut self.times)?;
        parts.end.pop();
        Ok(())
    }

    fn capture(&mut self, capture: &CaptureSummary) -> io::Result<()> {
        self.captures.push(&CaptureRow::new(capture))
    }

    fn unreadable(&mut self, path: &str, why: &str) -> io::Result<()> {
        self.unreadable.push(&UnreadableRow { path, why })
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let out = &mut self.out;
        let mut top = Vec::new();
        write!(top, "{{\"schema_version\":\"{SCHEMA_VERSION}\",\n\"tool\":")?;
        append(&mut top, &TOOL)?;
        top.extend_from_slice(b",\n\"summary\":");
        append(&mut top, &SummaryRow::new(summary))?;
        top.extend_from_slice(b",\n");
        out.write_all(&top)?;
        self.captures.write(out, "captures")?;
        out.write_all(b",\n")?;
        self.unreadable.write(out, "unreadable")?;
        out.write_all(b",\n\"connections\":[")?;
        for (n, parts) in self.connections.values().enumerate() {
            out.write_all(if n == 0 { b"\n" } else { b",\n" })?;
            out.write_all(&parts.head)?;
            out.write_all(&parts.end)?;
            if self.detail == Detail::Full {
                out.write_all(b",\n")?;
                parts.frames.write(out, "frames")?;
                out.write_all(b",\n")?;
                parts.messages.write(out, "messages")?;
            }
            out.write_all(b",\n")?;
            parts.write_findings(out)?;
            out.write_all(b"}")?;
        }
        out.write_all(if self.connections.is_empty() { b"],\n" } else { b"\n],\n" })?;
        self.findings.write(out, "findings")?;
        out.write_all(b"}\n")?;
        out.flush()
    }
}
