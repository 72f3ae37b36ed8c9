//! The first line and the last ones: which capture this is and what became of it; what can be done, or is being typed.

use super::pen::{Pen, cut};
use crate::escape::{printable, width};
use crate::report::words::count;
use crate::rules::Severity;
use crate::tui::app::{App, Pane, Prompt, Scene};
use crate::tui::line_edit::LineEdit;
use crate::tui::model::Progress;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Position, Rect};
use ratatui_core::style::{Modifier, Style};

/// Lines at the bottom.
pub(super) fn height(app: &App) -> u16 {
    if app.prompt.is_some() { 2 } else { 1 }
}

/// `wslens  a.pcap  3 connections, 120 frames  2 errors and 1 warning`
pub(super) fn top(app: &App, buffer: &mut Buffer, area: Rect) {
    let (model, palette) = (&app.model, &app.palette);
    let Some(mut pen) = Pen::new(buffer, area, 0) else { return };
    let counts = format!(
        "{}, {}",
        count(model.connections.len() as u64, "connection"),
        count(model.frames.len() as u64, "frame")
    );
    let (verdict, style) = verdict(app);
    let path = match model.captures.as_slice() {
        [] => String::new(),
        [one] => printable(one.path.as_bytes()).into_owned(),
        several => count(several.len() as u64, "capture"),
    };
    let room = pen.room().saturating_sub(width(&counts) + width(&verdict) + 6);
    // The end of a path says more than its beginning.
    let path = match width(&path) {
        columns if columns > room => tail(&path, room),
        _ => path,
    };
    pen.put(" ", Style::new()).put(&path, palette.bold()).skip(2).put(&counts, palette.dim());
    let rest = pen.room().saturating_sub(width(&verdict) + 1);
    pen.skip(rest).put(&verdict, style);
}

/// The last columns of a text, behind `…`.
fn tail(text: &str, columns: usize) -> String {
    let mut start = text.len();
    let mut used = 1;
    for (at, c) in text.char_indices().rev() {
        used += width(c.encode_utf8(&mut [0; 4]));
        if used > columns {
            break;
        }
        start = at;
    }
    if columns == 0 { String::new() } else { format!("…{}", &text[start..]) }
}

fn verdict(app: &App) -> (String, Style) {
    let (model, palette) = (&app.model, &app.palette);
    let summary = match &model.progress {
        Progress::Failed(why) => {
            let why = why.lines().next().unwrap_or_default();
            return (cut(why, 40), palette.severity(Severity::Error));
        }
        Progress::Reading => return ("reading …".to_owned(), palette.dim()),
        Progress::Done => model.summary.unwrap_or_default(),
    };
    match (summary.errors, summary.warnings) {
        (0, 0) if summary.connections == 0 => {
            let hidden = summary.notes > 0 && app.least > Severity::Note;
            let why = if hidden { "; s and r say why" } else { "" };
            (format!("no WebSocket connection{why}"), palette.severity(Severity::Warning))
        }
        (0, 0) => ("no errors, no warnings".to_owned(), palette.good()),
        (0, warnings) => (count(warnings, "warning"), palette.severity(Severity::Warning)),
        (errors, 0) => (count(errors, "error"), palette.severity(Severity::Error)),
        (errors, warnings) => {
            (format!("{}, {}", count(errors, "error"), count(warnings, "warning")), palette.severity(Severity::Error))
        }
    }
}

/// The keys that matter where the user is, or what is typed; gives the place of the cursor.
pub(super) fn bottom(app: &App, buffer: &mut Buffer, area: Rect) -> Option<Position> {
    let palette = &app.palette;
    if let Some(prompt) = &app.prompt {
        return self::prompt(app, prompt, buffer, area);
    }
    let mut pen = Pen::new(buffer, area, 0)?;
    if let Some(text) = &app.status {
        pen.skip(1).put(&cut(text, usize::from(area.width) - 1), Style::new());
        return None;
    }
    pen.skip(1);
    for (key, words) in keys(app) {
        // A hint is shown whole or not at all.
        if pen.room() < width(key) + width(words) + 3 {
            break;
        }
        pen.put(key, palette.bold()).skip(1).put(words, palette.dim()).skip(2);
    }
    None
}

fn keys(app: &App) -> &'static [(&'static str, &'static str)] {
    if app.page.is_some() {
        return &[("Esc", "back"), ("↑↓", "scroll"), ("Space", "a screen"), ("?", "help"), ("q", "quit")];
    }
    match (&app.scene, app.focus) {
        (Scene::Findings(_), _) => {
            &[("Esc", "back"), ("Enter", "to the frame"), ("Tab", "the page"), ("s", "notes"), ("?", "help")]
        }
        (Scene::Follow(_), _) => &[("Esc", "back"), ("Enter", "to the frame"), ("e", "export"), ("?", "help")],
        (_, Pane::Connections) => &[
            ("Tab", "pane"),
            ("Enter", "frames"),
            ("f", "follow"),
            ("r", "findings"),
            ("b", "key"),
            ("e", "export"),
            ("?", "help"),
            ("q", "quit"),
        ],
        (_, Pane::Frames) => &[
            ("Tab", "pane"),
            ("/", "filter"),
            ("f", "follow"),
            ("r", "findings"),
            ("b", "bits"),
            ("v", "view"),
            ("?", "help"),
            ("q", "quit"),
        ],
        (_, Pane::Tree) => &[
            ("Tab", "pane"),
            ("←→", "fold"),
            ("Enter", "go"),
            ("b", "bits"),
            ("v", "view"),
            ("e", "export"),
            ("?", "help"),
            ("q", "quit"),
        ],
        (_, Pane::Bytes) => &[
            ("Tab", "pane"),
            ("←↑↓→", "byte"),
            ("v", "view"),
            ("z", "zoom"),
            ("e", "export"),
            ("?", "help"),
            ("q", "quit"),
        ],
    }
}

fn prompt(app: &App, prompt: &Prompt, buffer: &mut Buffer, area: Rect) -> Option<Position> {
    let palette = &app.palette;
    let dim = palette.dim();
    let wrong = palette.severity(Severity::Error);
    let (label, line, hint) = match prompt {
        Prompt::Filter { line, fault } => {
            let hint = match fault {
                Some(fault) => (fault.why.clone(), wrong),
                None => {
                    ("from:client  op:text,ping  rule:close-*  level:error  size>1k  hex:8a00  text".to_owned(), dim)
                }
            };
            ("filter: ".to_owned(), line, hint)
        }
        Prompt::Export { line, what, fault } => {
            let hint = match fault {
                Some(fault) => (fault.clone(), wrong),
                None => (format!("Enter writes {}; Esc does not", what.name()), dim),
            };
            ("write to: ".to_owned(), line, hint)
        }
    };
    let mut pen = Pen::new(buffer, area, 0)?;
    pen.skip(1).put(&label, palette.bold());
    let start = pen.x;
    let room = pen.room().saturating_sub(1);
    let cursor = type_line(&mut pen, line, room);
    if let Prompt::Filter { fault: Some(fault), line } = prompt {
        // The words that are wrong are marked where they stand.
        let columns = |end: usize| line.text().get(..end).map_or(0, width);
        let (from, to) = (columns(fault.at.start), columns(fault.at.end));
        if let (Ok(from), Ok(to)) = (u16::try_from(from), u16::try_from(to))
            && usize::from(to) <= room
        {
            let place = Rect { x: start.saturating_add(from), y: area.y, width: to - from, height: 1 };
            buffer.set_style(place.intersection(area), wrong.add_modifier(Modifier::UNDERLINED));
        }
    }
    if let Some(mut pen) = Pen::new(buffer, area, 1) {
        pen.skip(1);
        let room = pen.room();
        pen.put(&cut(&hint.0, room), hint.1);
    }
    Some(Position { x: start.saturating_add(cursor), y: area.y })
}

/// Writes a line so that its cursor is visible; gives the cursor's column.
fn type_line(pen: &mut Pen<'_>, line: &LineEdit, room: usize) -> u16 {
    let before = width(line.before());
    if width(line.text()) <= room {
        pen.put(line.text(), Style::new());
        return u16::try_from(before).unwrap_or(u16::MAX);
    }
    let shown = if before > room { tail(line.before(), room) } else { line.text().to_owned() };
    pen.put(&shown, Style::new());
    u16::try_from(before.min(room)).unwrap_or(u16::MAX)
}
