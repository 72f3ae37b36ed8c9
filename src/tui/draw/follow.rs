//! A connection as a conversation.

use super::pen::Pen;
use super::titled;
use crate::report::words::arrow;
use crate::tui::app::{App, Scene};
use crate::tui::follow::{Follow, Said, on_screen};
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;

/// Columns before the text: time, arrow, kind.
const BEFORE: usize = 14 + 5 + 8;

pub(super) fn draw(app: &mut App, buffer: &mut Buffer, area: Rect) {
    let Scene::Follow(mut follow) = std::mem::replace(&mut app.scene, Scene::Browse) else { return };
    app.areas = Default::default();
    let count = follow.entries.len();
    follow.cursor.at = follow.cursor.at.min(count.saturating_sub(1));
    let right = match count {
        0 => "nothing was said".to_owned(),
        count => format!("{} of {count}", follow.cursor.at + 1),
    };
    let title = format!("Connection {}", follow.connection);
    let list = titled(app, buffer, area, &title, &right, true);
    app.areas.list = list;
    let columns = usize::from(list.width).saturating_sub(BEFORE + 1);
    scroll(app, &mut follow, columns, list.height);
    let mut row = 0;
    for (at, &id) in follow.entries.iter().enumerate().skip(follow.cursor.top) {
        let Some(said) = on_screen(&app.model, id, columns) else { continue };
        for line in 0..rows(&said) {
            let Some(mut pen) = Pen::new(buffer, list, row) else { break };
            self::line(app, &said, usize::from(line), &mut pen);
            if at == follow.cursor.at {
                super::select(app, buffer, list, row, true);
            }
            row += 1;
        }
        if row >= list.height {
            break;
        }
    }
    app.scene = Scene::Follow(follow);
}

/// Lines that an entry takes.
fn rows(said: &Said) -> u16 {
    let lines = said.lines.len().max(1) + usize::from(remark_apart(said));
    u16::try_from(lines).unwrap_or(u16::MAX)
}

/// A remark behind a long text has a line of its own.
fn remark_apart(said: &Said) -> bool {
    !said.remark.is_empty() && said.lines.len() > 1
}

/// Scrolls so that all of the selected entry is visible.
fn scroll(app: &App, follow: &mut Follow, columns: usize, height: u16) {
    let cursor = &mut follow.cursor;
    cursor.top = cursor.top.min(cursor.at);
    // An entry has a line at least, so no more entries than lines can be visible.
    cursor.top = cursor.top.max((cursor.at + 1).saturating_sub(usize::from(height)));
    let rows = |&id: &u32| on_screen(&app.model, id, columns).map_or(0, |said| usize::from(rows(&said)));
    let shown = follow.entries.get(cursor.top..=cursor.at).unwrap_or_default();
    let mut used: usize = shown.iter().map(rows).sum();
    while used > usize::from(height) && cursor.top < cursor.at {
        used -= follow.entries.get(cursor.top).map_or(0, rows);
        cursor.top += 1;
    }
}

fn line(app: &App, said: &Said, line: usize, pen: &mut Pen<'_>) {
    let palette = &app.palette;
    if line == 0 {
        pen.put(&said.head(), palette.dim());
        pen.put(arrow(said.sender), palette.sender(said.sender)).skip(2);
        pen.left(said.kind, 8, palette.dim());
    } else {
        pen.skip(BEFORE);
    }
    if let Some(text) = said.lines.get(line) {
        pen.put(text, Style::new());
    }
    let last = if remark_apart(said) { said.lines.len() } else { said.lines.len().saturating_sub(1) };
    if line == last && !said.remark.is_empty() {
        if line < said.lines.len() {
            pen.skip(1);
        }
        pen.put(said.remark.trim_start(), palette.dim());
    }
}
