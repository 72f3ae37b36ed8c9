//! The JSON report as a stream: one object a line, written as it becomes known. Memory does not grow with the capture.

use super::encode::{append, append_fields};
use super::rows::{
    CaptureRow, ConnectionRow, EndRow, FindingRow, FrameRow, MessageRow, ReactionRow, SummaryRow, TOOL, UnreadableRow,
};
use super::{Detail, SCHEMA_VERSION};
use crate::analysis::{CaptureSummary, Connection, ConnectionEnd, Sink, Summary};
use crate::rules::{Finding, Reaction};
use crate::websocket::{Frame, Message};
use serde::Serialize;
use std::io::{self, Write};

/// Bytes that are collected before they are handed on.
const FULL: usize = 64 << 10;

/// Writes each row as a line with its `type`. Needs no buffered writer.
pub struct Jsonl<W: Write> {
    out: W,
    detail: Detail,
    lines: Vec<u8>,
}

impl<W: Write> Jsonl<W> {
    /// Writes to `out`.
    pub fn new(out: W, detail: Detail) -> Jsonl<W> {
        Jsonl { out, detail, lines: Vec::with_capacity(FULL + (4 << 10)) }
    }

    /// `{"type":"capture",…}`
    fn row<T: Serialize>(&mut self, kind: &str, row: &T) -> io::Result<()> {
        self.begin(kind);
        self.finish(row)
    }

    /// `{"type":"frame","connection":0,…}`
    fn row_of<T: Serialize>(&mut self, kind: &str, connection: Option<u64>, row: &T) -> io::Result<()> {
        self.begin(kind);
        self.lines.extend_from_slice(b",\"connection\":");
        append(&mut self.lines, &connection)?;
        self.finish(row)
    }

    fn begin(&mut self, kind: &str) {
        for part in ["{\"type\":\"", kind, "\""] {
            self.lines.extend_from_slice(part.as_bytes());
        }
    }

    fn finish<T: Serialize>(&mut self, row: &T) -> io::Result<()> {
        append_fields(&mut self.lines, row)?;
        self.lines.push(b'\n');
        if self.lines.len() >= FULL { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> io::Result<()> {
        let written = self.out.write_all(&self.lines);
        self.lines.clear();
        written
    }
}

/// An analysis that another report's error ends has told something until then.
impl<W: Write> Drop for Jsonl<W> {
    fn drop(&mut self) {
        // Nobody is left to be told of an error.
        let _ = self.write();
    }
}

impl<W: Write> Sink for Jsonl<W> {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        self.row("connection", &ConnectionRow::new(connection))
    }

    fn frame(&mut self, id: u64, frame: &Frame<'_>) -> io::Result<()> {
        match self.detail {
            Detail::Full => self.row_of("frame", Some(id), &FrameRow::new(frame)),
            Detail::Findings => Ok(()),
        }
    }

    fn message(&mut self, id: u64, message: &Message<'_>) -> io::Result<()> {
        match self.detail {
            Detail::Full => self.row_of("message", Some(id), &MessageRow::new(message)),
            Detail::Findings => Ok(()),
        }
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        self.row_of("finding", id, &FindingRow::new(finding))
    }

    fn reaction(&mut self, id: u64, reaction: &Reaction) -> io::Result<()> {
        self.begin("reaction");
        let Reaction { finding, rule, .. } = reaction;
        write!(self.lines, ",\"connection\":{id},\"finding\":{finding},\"rule\":\"{}\"", rule.id)?;
        self.finish(&ReactionRow::new(reaction))
    }

    fn pause(&mut self) -> io::Result<()> {
        self.write()?;
        self.out.flush()
    }

    fn connection_end(&mut self, id: u64, end: &ConnectionEnd) -> io::Result<()> {
        self.row_of("connection_end", Some(id), &EndRow::new(end))
    }

    fn capture(&mut self, capture: &CaptureSummary) -> io::Result<()> {
        self.row("capture", &CaptureRow::new(capture))
    }

    fn unreadable(&mut self, path: &str, why: &str) -> io::Result<()> {
        self.row("unreadable", &UnreadableRow { path, why })
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        write!(self.lines, "{{\"type\":\"summary\",\"schema_version\":\"{SCHEMA_VERSION}\",\"tool\":")?;
        append(&mut self.lines, &TOOL)?;
        self.finish(&SummaryRow::new(summary))?;
        self.write()?;
        self.out.flush()
    }
}
