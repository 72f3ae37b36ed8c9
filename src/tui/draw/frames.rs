//! The list of frames.

use super::pen::Pen;
use super::{select, titled};
use crate::report::frames::preview;
use crate::report::words::arrow;
use crate::rules::Severity;
use crate::tui::app::{App, Pane};
use crate::tui::rows::Scope;
use crate::websocket::{Kind, Opcode};
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;

/// Payload bytes that a preview is made from.
const PREVIEW: usize = 512;

/// Rows from which one is given to the names of the columns.
const LEGEND: u16 = 6;

pub(super) fn draw(app: &mut App, buffer: &mut Buffer, area: Rect) {
    let focused = app.focus == Pane::Frames;
    let count = app.rows.len(&app.model);
    let mut list = titled(app, buffer, area, &title(app), &position(app, count), focused);
    if list.height >= LEGEND {
        legend(app, buffer, list);
        list = Rect { y: list.y + 1, height: list.height - 1, ..list };
    }
    app.areas.frames = list;
    app.frames.show(count, usize::from(list.height));
    for row in 0..list.height {
        let at = app.frames.top + usize::from(row);
        let Some(id) = app.rows.get(&app.model, at) else { break };
        let Some(mut pen) = Pen::new(buffer, list, row) else { break };
        line(app, id, &mut pen);
        if at == app.frames.at {
            select(app, buffer, list, row, focused);
        }
    }
    if count == 0
        && let Some(mut pen) = Pen::new(buffer, list, 0)
    {
        let words = match (app.rows.is_filtered(), app.rows.percent(&app.model)) {
            (true, Some(_)) => "searching …",
            (true, None) => "no frame passes the filter",
            _ => "no frames",
        };
        pen.skip(2).put(words, app.palette.dim());
    }
}

/// The names of the columns.
fn legend(app: &App, buffer: &mut Buffer, area: Rect) {
    let Some(mut pen) = Pen::new(buffer, area, 0) else { return };
    let dim = app.palette.dim();
    pen.skip(2).left("frame", 8, dim).right("time", 11, dim).skip(2).left("who", 5, dim).left("opcode", 8, dim);
    pen.left("bits", 4, dim).right("length", 8, dim).skip(2).put("payload", dim);
}

fn title(app: &App) -> String {
    match app.rows.scope() {
        Scope::All => "Frames".to_owned(),
        Scope::Connection(id) => format!("Frames of connection {id}"),
    }
}

fn position(app: &App, count: usize) -> String {
    let mut text = match count {
        0 => "0".to_owned(),
        count => format!("{} of {count}", app.frames.at + 1),
    };
    if app.rows.is_filtered() {
        text = format!("{}: {text} in {}", app.filter_text.trim(), app.rows.total(&app.model));
    }
    if let Some(percent) = app.rows.percent(&app.model) {
        text = format!("{text}, {percent} % searched");
    }
    text
}

/// `E`, `W` or `N` for the worst that was found.
pub(super) fn mark(app: &App, severity: Option<Severity>, pen: &mut Pen<'_>) {
    match severity.filter(|severity| *severity >= app.least) {
        Some(severity) => {
            let letter = match severity {
                Severity::Error => "E",
                Severity::Warning => "W",
                Severity::Note => "N",
            };
            pen.put(letter, app.palette.severity(severity)).skip(1);
        }
        None => {
            pen.skip(2);
        }
    }
}

fn line(app: &App, id: u32, pen: &mut Pen<'_>) {
    let (model, palette) = (&app.model, &app.palette);
    let Some(stored) = model.read(id, PREVIEW) else { return };
    let (record, frame) = (&stored.record, stored.frame());
    let plain = Style::new();
    mark(app, model.mark(record), pen);
    pen.left(&format!("{}:{}", record.connection, record.index), 8, plain);
    // As in the frames command, from the beginning of its own connection.
    let began = model.connections.get(record.connection as usize).and_then(|connection| connection.outline.began);
    let after = record.time.zip(began).map(|(time, began)| format!("{:.6}", time.since(began).as_secs_f64()));
    pen.right(after.as_deref().unwrap_or("?"), 11, palette.dim()).skip(2);
    pen.put(arrow(record.sender()), palette.sender(record.sender())).skip(2);
    let opcode = match record.opcode() {
        Opcode::CONTINUATION => "contin.".to_owned(),
        opcode if opcode.is_reserved() => format!("res. {:x}", opcode.0),
        opcode => opcode.name().to_owned(),
    };
    let style = if record.opcode().is_control() { palette.dim() } else { plain };
    pen.left(&opcode, 7, style).skip(1);
    let rsv = record.rsv();
    let flag = |set: bool, letter: char| if set { letter } else { '·' };
    let flags = [flag(record.fin(), 'F'), flag(rsv & 4 != 0, '1'), flag(rsv & 2 != 0, '2'), flag(rsv & 1 != 0, '3')];
    pen.put(&flags.iter().collect::<String>(), palette.dim());
    pen.right(&record.length.to_string(), 8, plain).skip(2);
    let room = pen.room();
    let message = model.message_of(id).filter(|message| message.last == record.index);
    let text = match message.filter(|message| message.kind == Kind::Text && message.length.is_some()) {
        Some(message) => {
            let bytes = model.message_bytes(message, PREVIEW);
            format!("\"{}\"", crate::escape::printable_within(&bytes, room.saturating_sub(2)))
        }
        None => preview(&frame, room),
    };
    pen.put(&text, plain);
    let missing = record.length.saturating_sub(frame.captured_length);
    if missing > 0 {
        pen.skip(1).put(&format!("[{missing} missing]"), palette.severity(Severity::Warning));
    }
}
