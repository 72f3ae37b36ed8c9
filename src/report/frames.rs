//! The list of frames: a line each.
//!
//! A rule can speak of a frame long after it went by (a Ping that nobody answered), so lines are kept until the end
//! and then printed by connection, each with all that was found about it.

use super::encode::Hex;
use super::payload::Payload;
use super::words::{BOLD, DIM, Styled, arrow, role_style, severity_style, shown};
use crate::Role;
use crate::analysis::{Connection, Sink, Summary};
use crate::capture::Timestamp;
use crate::rules::{Finding, Severity};
use crate::websocket::{Frame, FrameHeader, Opcode};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

/// Which frames to list; each part that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those of one connection.
    pub connection: Option<u64>,
    /// Those of one endpoint.
    pub sender: Option<Role>,
    /// Those with one of these opcodes; empty for all.
    pub opcodes: Vec<Opcode>,
    /// Those that a finding of this rule is about.
    pub rule: Option<&'static str>,
}

impl Filter {
    fn admits(&self, id: u64, frame: &Frame<'_>) -> bool {
        self.connection.is_none_or(|connection| connection == id)
            && self.sender.is_none_or(|sender| sender == frame.sender)
            && (self.opcodes.is_empty() || self.opcodes.contains(&frame.header.opcode))
    }
}

/// Collects the frames and lists them at the end.
pub struct Frames<W: Write> {
    out: W,
    filter: Filter,
    least: Severity,
    width: usize,
    began: BTreeMap<u64, Timestamp>,
    lines: BTreeMap<(u64, u64), Line>,
    marks: BTreeMap<(u64, u64), Vec<(Severity, &'static str)>>,
}

/// What a line needs of its frame.
struct Line {
    sender: Role,
    packet: u64,
    after: Option<Duration>,
    header: FrameHeader,
    missing: u64,
    preview: String,
}

/// Columns before the payload.
const FIXED: usize = 73;

impl<W: Write> Frames<W> {
    /// Lists what `filter` admits in lines of about `width` columns, marked with findings of severity `least` and
    /// above.
    pub fn new(out: W, filter: Filter, least: Severity, width: u16) -> Frames<W> {
        Frames {
            out,
            filter,
            least,
            width: usize::from(width),
            began: BTreeMap::new(),
            lines: BTreeMap::new(),
            marks: BTreeMap::new(),
        }
    }

    fn list(&mut self) -> io::Result<()> {
        let marks = &self.marks;
        let rule = self.filter.rule;
        let wanted = |place: &(u64, u64)| {
            rule.is_none_or(|rule| marks.get(place).is_some_and(|marks| marks.iter().any(|(_, id)| *id == rule)))
        };
        let lines: Vec<_> = self.lines.iter().filter(|(place, _)| wanted(place)).collect();
        if lines.is_empty() {
            return self.out.flush();
        }
        let legend = format!(
            "{:<7} {:>11}  {:<3}  {:>6}  {:<12} {} {:<3}  {:<8}  {:>7}  payload",
            "frame", "time", "who", "packet", "opcode", "F", "RSV", "mask", "length"
        );
        writeln!(self.out, "{}", Styled(BOLD, legend))?;
        for (place, line) in lines {
            let shown_marks = marks.get(place).into_iter().flatten();
            let shown_marks = shown_marks.filter(|(severity, id)| *severity >= self.least || rule == Some(*id));
            writeln!(self.out, "{}", text(*place, line, shown_marks))?;
        }
        self.out.flush()
    }
}

/// A frame's line; the same columns as the legend's.
fn text<'a>((id, index): (u64, u64), line: &Line, marks: impl Iterator<Item = &'a (Severity, &'static str)>) -> String {
    let header = &line.header;
    let after = line.after.map_or("?".to_owned(), |after| format!("{:.6}", after.as_secs_f64()));
    let mask = header.masking_key.map_or("—".to_owned(), |key| Hex(&key).to_string());
    let mut text = format!(
        "{:<7} {after:>11}  {}  {:>6}  {:<12} {} {:03b}  {mask:<8}  {:>7}",
        format!("{id}:{index}"),
        Styled(role_style(line.sender), arrow(line.sender)),
        line.packet,
        header.opcode.name(),
        u8::from(header.fin),
        header.rsv(),
        header.payload_length,
    );
    if !line.preview.is_empty() {
        text.push_str("  ");
        text.push_str(&line.preview);
    }
    // Writing to a String cannot fail.
    if line.missing > 0 {
        let _ = write!(text, "  {}", Styled(DIM, format_args!("[{} bytes missing]", line.missing)));
    }
    for (severity, rule) in marks {
        let _ = write!(text, "  {} {rule}", Styled(severity_style(*severity), severity));
    }
    text
}

/// The payload in quotes, or in hexadecimal, in at most `columns` columns.
pub(crate) fn preview(frame: &Frame<'_>, columns: usize) -> String {
    let payload = Payload::of_frame(frame);
    let mut out = String::new();
    if let Some(code) = payload.close_code {
        let _ = write!(out, "{code} ");
    }
    match (payload.text.map(|text| text.as_str()), payload.hex) {
        (Some(""), _) if !payload.cut => {}
        (Some(text), _) => {
            let room = columns.saturating_sub(out.len() + 2);
            let ellipsis = if payload.cut && crate::escape::width(text) < room { "…" } else { "" };
            let _ = write!(out, "\"{}{ellipsis}\"", shown(text.as_bytes(), room));
        }
        (None, Some(Hex(bytes))) => {
            let fits = bytes.len().min(columns.saturating_sub(1) / 2);
            let ellipsis = if payload.cut || fits < bytes.len() { "…" } else { "" };
            let _ = write!(out, "{}{ellipsis}", Hex(&bytes[..fits]));
        }
        (None, None) => {}
    }
    // A code without a reason.
    out.truncate(out.trim_end().len());
    out
}

impl<W: Write> Sink for Frames<W> {
    fn pause(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        if let Some(time) = connection.first_packet.time {
            self.began.insert(connection.id, time);
        }
        Ok(())
    }

    fn frame(&mut self, id: u64, frame: &Frame<'_>) -> io::Result<()> {
        if !self.filter.admits(id, frame) {
            return Ok(());
        }
        let times = frame.packet.time.zip(self.began.get(&id));
        let line = Line {
            sender: frame.sender,
            packet: frame.packet.number(),
            after: times.map(|(time, began)| time.since(*began)),
            header: frame.header,
            missing: frame.header.payload_length.saturating_sub(frame.captured_length),
            preview: preview(frame, self.width.saturating_sub(FIXED).max(24)),
        };
        self.lines.insert((id, frame.index), line);
        Ok(())
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        if let (Some(id), Some(frame)) = (id, finding.frame) {
            self.marks.entry((id, frame)).or_default().push((finding.severity, finding.rule.id));
        }
        Ok(())
    }

    fn summary(&mut self, _: &Summary) -> io::Result<()> {
        self.list()
    }
}
