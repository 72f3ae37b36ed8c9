//! The list of connections.

use super::pen::Pen;
use super::{select, titled};
use crate::Role;
use crate::report::words::size;
use crate::rules::Severity;
use crate::tui::app::{App, Pane};
use crate::tui::model::Conn;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;

pub(super) fn draw(app: &mut App, buffer: &mut Buffer, area: Rect) {
    let count = app.connection_rows();
    let focused = app.focus == Pane::Connections;
    let right = match app.connections.at {
        0 => format!("{}", count - 1),
        at => format!("{} of {}", at - 1, count - 1),
    };
    let list = titled(app, buffer, area, "Connections", &right, focused);
    app.areas.connections = list;
    app.connections.show(count, usize::from(list.height));
    let ends = ends(app, list);
    for row in 0..list.height {
        let at = app.connections.top + usize::from(row);
        if at >= count {
            break;
        }
        let Some(mut pen) = Pen::new(buffer, list, row) else { break };
        match at.checked_sub(1) {
            None => all(app, &mut pen),
            Some(id) => {
                if let Some(connection) = app.model.connections.get(id) {
                    line(app, id, connection, ends, &mut pen);
                }
            }
        }
        if at == app.connections.at {
            select(app, buffer, list, row, focused);
        }
    }
}

fn all(app: &App, pen: &mut Pen<'_>) {
    pen.skip(2).left("all", 5, app.palette.bold());
    let summary = format!("{} frames on all connections", app.model.frames.len());
    pen.put(&summary, app.palette.dim());
}

/// Columns for the client's end and for the server's.
fn ends(app: &App, list: Rect) -> (usize, usize) {
    let visible = app.model.connections.iter().skip(app.connections.top.saturating_sub(1));
    let longest = visible
        .take(usize::from(list.height))
        .map(|connection| (connection.outline.client.len(), connection.outline.server.len()))
        .fold((0, 0), |a, b| (a.0.max(b.0), a.1.max(b.1)));
    let most = usize::from(list.width) / 4;
    (longest.0.min(most.max(15)), longest.1.min(most.max(15)))
}

fn line(app: &App, id: usize, connection: &Conn, ends: (usize, usize), pen: &mut Pen<'_>) {
    let palette = &app.palette;
    let outline = &connection.outline;
    let plain = Style::new();
    super::frames::mark(app, connection.worst(), pen);
    pen.left(&id.to_string(), 5, plain);
    pen.left(&outline.client, ends.0, palette.sender(Role::Client)).put(" → ", palette.dim());
    pen.left(&outline.server, ends.1, palette.sender(Role::Server)).skip(2);
    let wide = pen.room() > 60;
    let right = if wide { 49 } else { 18 };
    let room = pen.room().saturating_sub(right);
    let (outcome, style) = match (outline.accept, outline.switched) {
        (Some(false), _) => (format!("{} accept WRONG", outline.outcome), palette.severity(Severity::Error)),
        (_, true) => (outline.outcome.clone(), plain),
        (_, false) => (outline.outcome.clone(), palette.severity(Severity::Warning)),
    };
    let request = outline.request.as_deref().unwrap_or_default();
    let start = pen.x;
    let left = room.saturating_sub(outcome.len() + 1);
    if !request.is_empty() && left >= 8 {
        let cut = super::pen::cut(request, left);
        pen.put(&cut, plain).skip(1);
    }
    let used = usize::from(pen.x - start);
    pen.left(&outcome, room.saturating_sub(used), style);
    let total = connection.frames.len();
    pen.right(&total.to_string(), 7, plain).skip(1);
    let closing = outline.end.as_ref().map_or("…", |end| end.closing.as_str());
    if !wide {
        // Without the word at its end where there is no room for it.
        let short = closing.split(' ').next().unwrap_or_default();
        pen.left(if closing.len() > 10 { short } else { closing }, 10, plain);
        return;
    }
    let payload = outline.end.as_ref().map(|end| {
        let sent = &end.stats.sent;
        size(sent.client.payload_bytes.saturating_add(sent.server.payload_bytes))
    });
    pen.right(payload.as_deref().unwrap_or_default(), 9, plain).skip(2).left(closing, 16, plain);
    let lasted = outline.end.as_ref().and_then(|end| end.lasted.as_deref());
    pen.right(lasted.unwrap_or_default(), 13, palette.dim());
}
