//! The fields of what is selected.

use super::pen::{Pen, cut};
use super::{select, titled};
use crate::tui::app::{App, Pane};
use crate::tui::detail::{Subject, Tree};
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;

/// Columns for the names of fields.
const LABEL: usize = 16;

pub(super) fn draw(app: &mut App, buffer: &mut Buffer, area: Rect) {
    let focused = app.focus == Pane::Tree;
    let title = match app.subject() {
        Subject::Captures => "Captures".to_owned(),
        Subject::Connection(id) => format!("Connection {id}"),
        Subject::Frame(id) => match app.model.frame(id) {
            Some(frame) => format!("Frame {}:{}", frame.connection, frame.index),
            None => "Frame".to_owned(),
        },
    };
    let list = titled(app, buffer, area, &title, "", focused);
    app.areas.tree = list;
    let nodes = &app.detail.nodes;
    let visible = app.tree.visible(nodes);
    app.tree.cursor.show(visible.len(), usize::from(list.height));
    for row in 0..list.height {
        let at = app.tree.cursor.top + usize::from(row);
        let Some(node) = visible.get(at).and_then(|&node| nodes.get(node)) else { break };
        let Some(mut pen) = Pen::new(buffer, list, row) else { break };
        let folded = match Tree::has_children(nodes, visible[at]) {
            false => "  ",
            true if app.tree.is_folded(node) => "▸ ",
            true => "▾ ",
        };
        let indent = usize::from(node.depth) * 2;
        pen.skip(indent).put(folded, app.palette.dim());
        let style = if node.depth == 0 { app.palette.bold() } else { Style::new() };
        let columns = if node.label.is_empty() { 0 } else { LABEL.max(node.label.len() + 1) };
        pen.left(&node.label, columns.saturating_sub(indent.min(2)), style);
        let room = pen.room();
        pen.put(&cut(&node.value, room), app.palette.tone(node.tone));
        if at == app.tree.cursor.at {
            select(app, buffer, list, row, focused);
        }
    }
}
