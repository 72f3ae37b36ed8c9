//! A connection as a conversation: messages put together and inflated, control frames, and nothing twice.

use super::cursor::Cursor;
use super::model::{FrameRecord, Model, StoredFrame};
use crate::Role;
use crate::capture::Timestamp;
use crate::escape::printable_lines;
use crate::report::frames::preview;
use crate::report::words::{arrow, size};
use crate::websocket::{Inflated, Kind, Opcode};
use std::io::{self, Write};

/// Lines of a message that are shown.
const LINES: usize = 12;

/// Bytes of a binary message that are shown.
const BINARY: usize = 32;

/// The conversation of one connection.
pub(super) struct Follow {
    pub(super) connection: u32,
    /// The frames that have a line: control frames, and the last one of each message.
    pub(super) entries: Vec<u32>,
    /// How many frames of the connection were looked at.
    seen: usize,
    pub(super) cursor: Cursor,
}

/// What is said at a place of the conversation.
pub(super) struct Said {
    pub(super) sender: Role,
    /// Seconds since the connection began.
    pub(super) after: Option<f64>,
    pub(super) kind: &'static str,
    /// The text, broken into lines.
    pub(super) lines: Vec<String>,
    /// What is not in these lines.
    pub(super) remark: String,
}

impl Follow {
    pub(super) fn new(connection: u32) -> Follow {
        Follow { connection, entries: Vec::new(), seen: 0, cursor: Cursor::default() }
    }

    /// Takes in frames that came since the last call. A message whose last frame is not there yet waits.
    pub(super) fn advance(&mut self, model: &Model) {
        let Some(connection) = model.connections.get(self.connection as usize) else { return };
        for &id in connection.frames.get(self.seen..).unwrap_or_default() {
            let Some(frame) = model.frame(id) else { continue };
            if speaks(model, id, frame) {
                self.entries.push(id);
            }
        }
        self.seen = connection.frames.len();
    }

    /// Selects what this frame said, or belongs to.
    pub(super) fn select(&mut self, id: u32) {
        self.cursor.at = self.entries.partition_point(|&entry| entry < id);
    }
}

/// A fragment that is not its message's last says nothing by itself.
fn speaks(model: &Model, id: u32, frame: &FrameRecord) -> bool {
    match model.message_of(id) {
        Some(message) => message.last == frame.index,
        None => frame.opcode().is_control() || frame.fin() || frame.opcode().is_reserved(),
    }
}

impl Said {
    /// What was said, in lines of at most `columns` columns.
    pub(super) fn of(model: &Model, id: u32, columns: usize, lines: usize) -> Option<Said> {
        // No line needs more bytes than this: a character takes four at most.
        let most = columns.max(BINARY).saturating_mul(lines).saturating_mul(4);
        let frame = model.read(id, most)?;
        let began = model.connections.get(frame.record.connection as usize)?.outline.began;
        let message = model.message_of(id);
        let first = message.and_then(|message| model.place(frame.record.connection, message.first));
        let time = first.and_then(|first| model.frame(first)?.time).or(frame.record.time);
        let after = time.zip(began).map(|(time, began): (Timestamp, _)| time.since(began).as_secs_f64());
        let said = |kind, (lines, remark)| Said { sender: frame.record.sender(), after, kind, lines, remark };
        let Some(message) = message else { return Some(said_by_frame(&frame, columns, lines, said)) };
        let bytes = model.message_bytes(message, most);
        let (text, mut remark) = body(message.kind, &bytes, message.length, columns, lines);
        let state = match message.inflated {
            Some(Inflated::Corrupt { .. }) => "could not be inflated",
            Some(Inflated::Bomb { .. }) => "inflating stopped at a limit",
            Some(Inflated::ContextLost) => "needs bytes that are not in the capture to be inflated",
            _ if !message.finished => "unfinished",
            _ if !message.complete => "bytes missing",
            _ => "",
        };
        if !state.is_empty() {
            remark = format!("{remark} [{state}]");
        }
        Some(said(message.kind.name(), (text, remark)))
    }

    /// When it was said, the way the follow command writes it.
    pub(super) fn head(&self) -> String {
        let after = self.after.map_or("?".to_owned(), |after| format!("{after:.6}"));
        format!("{after:>12}  ")
    }
}

fn said_by_frame(
    stored: &StoredFrame,
    columns: usize,
    lines: usize,
    said: impl Fn(&'static str, (Vec<String>, String)) -> Said,
) -> Said {
    let frame = stored.frame();
    let (opcode, length) = (frame.header.opcode, frame.header.payload_length);
    let kind = match opcode {
        Opcode::TEXT if frame.header.rsv() == 0 => Kind::Text,
        Opcode::BINARY => Kind::Binary,
        _ => return said(opcode.name(), (vec![preview(&frame, columns)], String::new())),
    };
    let (text, mut remark) = body(kind, frame.payload, Some(length), columns, lines);
    if !frame.is_whole() {
        remark = format!("{remark} [bytes missing]");
    }
    said(opcode.name(), (text, remark))
}

/// The text of a message in lines, and what is not in them; `length` is that of the whole message, where known.
fn body(kind: Kind, bytes: &[u8], length: Option<u64>, columns: usize, lines: usize) -> (Vec<String>, String) {
    let columns = columns.max(8);
    if kind == Kind::Binary {
        let some = &bytes[..bytes.len().min(BINARY)];
        let hex: String = some.iter().map(|byte| format!("{byte:02x}")).collect();
        let size = length.map_or(String::new(), |length| format!("{}, ", size(length)));
        let ellipsis = if length == Some(some.len() as u64) { "" } else { "…" };
        let (text, _) = printable_lines(format!("{size}{hex}{ellipsis}").as_bytes(), columns, lines);
        return (text, String::new());
    }
    // What was cut may end inside a character.
    let cut = length != Some(bytes.len() as u64);
    let is_text = match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => cut && error.error_len().is_none(),
    };
    let (mut text, shown) = printable_lines(bytes, columns, lines);
    if let Some(first) = text.first_mut().filter(|_| !is_text) {
        first.insert_str(0, "not UTF-8: ");
    }
    let more = length.map_or(0, |length| length.saturating_sub(shown as u64));
    (text, if more > 0 { format!("… [{more} more bytes]") } else { String::new() })
}

/// What is said on the screen.
pub(super) fn on_screen(model: &Model, id: u32, columns: usize) -> Option<Said> {
    Said::of(model, id, columns, LINES)
}

/// Writes the conversation as the follow command does, a line for each thing that was said, with all of its text that
/// was kept.
pub(super) fn write(model: &Model, connection: u32, out: &mut dyn Write) -> io::Result<()> {
    let mut follow = Follow::new(connection);
    follow.advance(model);
    for id in follow.entries {
        let Some(said) = Said::of(model, id, usize::MAX, usize::MAX) else { continue };
        let text = said.lines.concat();
        let line = format!("{}{}  {:<6}  {text}{}", said.head(), arrow(said.sender), said.kind, said.remark);
        writeln!(out, "{}", line.trim_end())?;
    }
    out.flush()
}
