//! Draws the state. What is visible is made when it is drawn, so a list may have a million rows.

mod bars;
mod bytes;
mod connections;
mod findings;
mod follow;
mod frames;
mod page;
mod pen;
mod tree;

use super::app::{App, Pane, Scene};
use pen::Pen;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Position, Rect};
use ratatui_core::style::Style;

/// Below this nothing can be shown.
const SMALLEST: (u16, u16) = (40, 10);

/// Columns from which 16 bytes have room in a row of the byte pane beside the tree.
const WIDE: u16 = 120;

/// Draws everything; gives where the cursor stands while something is typed.
pub(super) fn draw(app: &mut App, buffer: &mut Buffer) -> Option<Position> {
    let area = buffer.area;
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        app.areas = Default::default();
        let words = format!("wslens needs {} x {} at least", SMALLEST.0, SMALLEST.1);
        if let Some(mut pen) = Pen::new(buffer, area, 0) {
            pen.put(&words, Style::new());
        }
        return None;
    }
    let below = bars::height(app);
    let body = Rect { y: area.y + 1, height: area.height - 1 - below, ..area };
    bars::top(app, buffer, Rect { height: 1, ..area });
    if app.page.is_some() {
        page::draw(app, buffer, body);
    } else {
        match app.scene {
            Scene::Browse => browse(app, buffer, body),
            Scene::Findings(_) => findings::draw(app, buffer, body),
            Scene::Follow(_) => follow::draw(app, buffer, body),
        }
    }
    bars::bottom(app, buffer, Rect { y: area.bottom() - below, height: below, ..area })
}

/// The four panes.
fn browse(app: &mut App, buffer: &mut Buffer, body: Rect) {
    app.areas = Default::default();
    if app.zoom {
        let whole = |app: &mut App, buffer: &mut Buffer| match app.focus {
            Pane::Connections => connections::draw(app, buffer, body),
            Pane::Frames => frames::draw(app, buffer, body),
            Pane::Tree => tree::draw(app, buffer, body),
            Pane::Bytes => bytes::draw(app, buffer, body),
        };
        return whole(app, buffer);
    }
    // A title and a few rows for the connections, the rest shared by the frames and their details.
    let rows = u16::try_from(app.connection_rows()).unwrap_or(u16::MAX);
    let top = rows.saturating_add(1).min((body.height / 4).max(3));
    // A few frames leave room for their details; how many a filter admits changes nothing.
    let frames = u16::try_from(app.rows.total(&app.model)).unwrap_or(u16::MAX).saturating_add(2).max(4);
    let middle = frames.min(body.height - top - (body.height - top) * 9 / 20);
    let low = body.height - top - middle;
    let lower = Rect { y: body.y + top + middle, height: low, ..body };
    let bytes = if body.width >= WIDE { 75 } else { 41.min(body.width / 2) };
    connections::draw(app, buffer, Rect { height: top, ..body });
    frames::draw(app, buffer, Rect { y: body.y + top, height: middle, ..body });
    tree::draw(app, buffer, Rect { width: body.width - bytes - 1, ..lower });
    bytes::draw(app, buffer, Rect { x: body.right() - bytes, width: bytes, ..lower });
}

/// The title of a pane, and what stands at its right; gives the rest of the area.
fn titled(app: &App, buffer: &mut Buffer, area: Rect, title: &str, right: &str, focused: bool) -> Rect {
    let palette = &app.palette;
    if let Some(mut pen) = Pen::new(buffer, area, 0) {
        let style = if focused { palette.selected() } else { palette.bold() };
        pen.put("─", palette.dim()).put(&format!(" {title} "), style);
        let right = pen::cut(right, pen.room().saturating_sub(4));
        let room = pen.room().saturating_sub(crate::escape::width(&right) + 3);
        pen.put(&"─".repeat(room), palette.dim());
        if !right.is_empty() {
            pen.put(" ", palette.dim()).put(&right, palette.dim()).put(" ", palette.dim());
        }
        pen.fill("─", palette.dim());
    }
    Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }
}

/// Marks a row as selected: by its look where its pane has the keys, by a bar at its beginning where not.
fn select(app: &App, buffer: &mut Buffer, area: Rect, row: u16, focused: bool) {
    let row = Rect { y: area.y + row, height: 1, ..area }.intersection(area);
    if focused {
        return buffer.set_style(row, app.palette.selected());
    }
    buffer.set_style(row, app.palette.bold());
    // Every list leaves this column blank.
    if let Some(cell) = buffer.cell_mut((area.x + 1, row.y)) {
        cell.set_symbol("▌");
    }
}
