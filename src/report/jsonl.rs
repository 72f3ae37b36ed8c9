//! The JSON report as a stream: one object a line, written as it becomes known. Memory does not grow with the capture.

use super::connection;
use super::encode::{Name, Rows};
use super::lines;
use super::room::{literal, number, put};
use super::rows::{CaptureRow, FindingRow, ReactionRow, SummaryRow, TOOL, Tool, UnreadableRow};
use super::serializer::{Rest, Stop, Writer};
use super::{Detail, SCHEMA_VERSION};
use crate::analysis::{CaptureSummary, Connection, ConnectionEnd, Sink, Summary};
use crate::capture::TimeWriter;
use crate::rules::{Finding, Reaction};
use crate::websocket::{Frame, Message};
use serde::Serialize;
use std::io::{self, Write};

/// Bytes that are collected before they are handed on.
const FULL: usize = 64 << 10;

/// Writes each row as a line with its `type`. Needs no buffered writer.
pub struct Jsonl<W: Write> {
    detail: Detail,
    times: TimeWriter,
    lines: Lines<W>,
}

/// The lines, handed on many at a time.
struct Lines<W: Write> {
    out: W,
    rows: Rows,
}

/// What stands between the type of a line and its row: of a capture nothing.
#[derive(Serialize)]
struct Alone {}

/// Of what belongs to a connection, or (`None`) to a capture.
#[derive(Serialize)]
struct Of {
    connection: Option<u64>,
}

/// Of what came of a finding.
#[derive(Serialize)]
struct Following {
    connection: u64,
    finding: u64,
    rule: Name,
}

/// Of the last line.
#[derive(Serialize)]
struct Last {
    schema_version: Name,
    tool: Tool,
}

impl<W: Write> Jsonl<W> {
    /// Writes to `out`.
    pub fn new(out: W, detail: Detail) -> Jsonl<W> {
        Jsonl { detail, times: TimeWriter::default(), lines: Lines { out, rows: Rows::default() } }
    }
}

impl<W: Write> Lines<W> {
    /// A line: its type, then the fields of `head` and of `row`.
    #[inline(always)]
    fn add<H: Serialize, R: Serialize>(&mut self, kind: &'static str, head: &H, row: &R) -> io::Result<()> {
        self.append(|room| {
            let room = literal(room, "{\"type\":\"", kind, "\"").ok_or(Stop::Full)?;
            let room = head.serialize(Writer::more_fields(room))?;
            let room = row.serialize(Writer::last_fields(room))?;
            put(room, b"\n").ok_or(Stop::Full)
        })
    }

    #[inline(always)]
    fn append(&mut self, line: impl Fn(&mut [u8]) -> Rest<'_>) -> io::Result<()> {
        self.rows.append(line)?;
        if self.rows.text().len() >= FULL { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> io::Result<()> {
        let written = self.out.write_all(self.rows.text());
        self.rows.clear();
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write()?;
        self.out.flush()
    }
}

/// An analysis that another report's error ends has told something until then.
impl<W: Write> Drop for Jsonl<W> {
    fn drop(&mut self) {
        // Nobody is left to be told of an error.
        let _ = self.lines.write();
    }
}

impl<W: Write> Sink for Jsonl<W> {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        let time = connection::time(connection.first_packet, &mut self.times);
        self.lines.append(|room| {
            let room = connection::begin(room, br#"{"type":"connection","#, connection, time)?;
            put(room, b"\n").ok_or(Stop::Full)
        })
    }

    fn frame(&mut self, id: u64, frame: &Frame<'_>) -> io::Result<()> {
        match self.detail {
            Detail::Full => {
                let time = frame.packet.time.map(|time| self.times.rfc_3339(time));
                self.lines.append(|room| lines::frame(room, id, frame, time))
            }
            Detail::Findings => Ok(()),
        }
    }

    fn message(&mut self, id: u64, message: &Message<'_>) -> io::Result<()> {
        match self.detail {
            Detail::Full => self.lines.append(|room| lines::message(room, id, message)),
            Detail::Findings => Ok(()),
        }
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        self.lines.add("finding", &Of { connection: id }, &FindingRow::new(finding))
    }

    fn reaction(&mut self, id: u64, reaction: &Reaction) -> io::Result<()> {
        let Reaction { finding, rule, .. } = *reaction;
        let head = Following { connection: id, finding, rule: Name(rule.id) };
        self.lines.add("reaction", &head, &ReactionRow::new(reaction))
    }

    fn pause(&mut self) -> io::Result<()> {
        self.lines.flush()
    }

    fn connection_end(&mut self, id: u64, end: &ConnectionEnd) -> io::Result<()> {
        let time = connection::time(end.last_packet, &mut self.times);
        self.lines.append(|room| {
            let room = number(room, br#"{"type":"connection_end","connection":"#, id).ok_or(Stop::Full)?;
            put(connection::end(room, end, time)?, b"\n").ok_or(Stop::Full)
        })
    }

    fn capture(&mut self, capture: &CaptureSummary) -> io::Result<()> {
        self.lines.add("capture", &Alone {}, &CaptureRow::new(capture))
    }

    fn unreadable(&mut self, path: &str, why: &str) -> io::Result<()> {
        self.lines.add("unreadable", &Alone {}, &UnreadableRow { path, why })
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let head = Last { schema_version: Name(SCHEMA_VERSION), tool: TOOL };
        self.lines.add("summary", &head, &SummaryRow::new(summary))?;
        self.lines.flush()
    }
}
