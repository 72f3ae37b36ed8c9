//! A page over the panes.

use super::pen::Pen;
use super::titled;
use crate::teach::Line;
use crate::tui::app::App;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;

pub(super) fn draw(app: &mut App, buffer: &mut Buffer, area: Rect) {
    let Some(mut page) = app.page.take() else { return };
    let height = usize::from(area.height.saturating_sub(1));
    page.scroll(0, height);
    let last = (page.top + height).min(page.lines.len());
    let right = if page.lines.len() > height { format!("{last} of {} lines", page.lines.len()) } else { String::new() };
    let list = titled(app, buffer, area, &page.title, &right, true);
    app.areas = Default::default();
    app.areas.page = list;
    lines(app, &page.lines, page.top, buffer, list);
    app.page = Some(page);
}

/// Writes lines of a lesson, with a column of space before them.
pub(super) fn lines(app: &App, lines: &[Line], top: usize, buffer: &mut Buffer, area: Rect) {
    for (row, line) in (0..area.height).zip(lines.iter().skip(top)) {
        let Some(mut pen) = Pen::new(buffer, area, row) else { break };
        // A lesson is 80 columns wide: on a terminal as wide there is no room before it.
        pen.skip(usize::from(area.width > 80));
        for span in line {
            pen.put(&span.text, app.palette.lesson(span.style));
        }
    }
}
