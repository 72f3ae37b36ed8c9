//! The bytes of what is selected, with the selected field marked.

use super::pen::Pen;
use super::titled;
use crate::report::words::count;
use crate::teach::FieldKind;
use crate::tui::app::{App, Pane};
use crate::tui::detail::View;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Modifier, Style};
use std::ops::Range;

pub(super) fn draw(app: &mut App, buffer: &mut Buffer, area: Rect) {
    let focused = app.focus == Pane::Bytes;
    let shown = app.view();
    let names = app.detail.views.iter().enumerate().map(|(at, view)| match at == shown {
        true if app.detail.views.len() > 1 => format!("[{}]", view.name),
        _ => view.name.to_owned(),
    });
    let names = names.collect::<Vec<_>>().join(" ");
    let list = titled(app, buffer, area, "Bytes", &names, focused);
    let per_row = if list.width >= 75 { 16 } else { 8 };
    let Some(view) = app.detail.views.get(shown) else { return };
    let digits = if view.bytes.len() > 0xFFFF { 6 } else { 4 };
    app.areas.bytes = list;
    app.areas.per_row = per_row;
    app.areas.first_byte = digits + 2;
    let marked = app.tree.selected(&app.detail.nodes).and_then(|at| app.detail.nodes.get(at));
    let marked = marked.and_then(|node| node.bytes.clone()).filter(|(space, _)| *space == view.space);
    let marked = marked.map_or(0..0, |(_, range)| range);

    let rows = view.bytes.len().div_ceil(per_row);
    let more = rest(view);
    let height = usize::from(list.height).saturating_sub(usize::from(more.is_some()));
    let row = app.byte / per_row;
    let mut top = app.byte_top.min(rows.saturating_sub(height)).min(row);
    if height > 0 && row >= top + height {
        top = row + 1 - height;
    }
    app.byte_top = top;
    let look = Look { app, view, marked, focused, per_row, digits: usize::from(digits) };
    for line in 0..height {
        let start = (top + line) * per_row;
        let bytes = view.bytes.get(start..).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        let bytes = &bytes[..bytes.len().min(per_row)];
        if let Some(mut pen) = u16::try_from(line).ok().and_then(|line| Pen::new(buffer, list, line)) {
            look.row(start, bytes, &mut pen);
        }
    }
    let below = height.min(rows - top.min(rows));
    if let Some(more) = more
        && let Some(mut pen) = u16::try_from(below).ok().and_then(|line| Pen::new(buffer, list, line))
    {
        pen.skip(1).put(&more, app.palette.dim());
    }
}

/// What is not there.
fn rest(view: &View) -> Option<String> {
    match view.total {
        None => Some("what follows is not known".to_owned()),
        Some(total) => match total.saturating_sub(view.bytes.len() as u64) {
            0 => None,
            more => Some(format!("{} more not kept or not captured", count(more, "byte"))),
        },
    }
}

struct Look<'a> {
    app: &'a App,
    view: &'a View,
    marked: Range<usize>,
    focused: bool,
    per_row: usize,
    digits: usize,
}

impl Look<'_> {
    fn row(&self, start: usize, bytes: &[u8], pen: &mut Pen<'_>) {
        let dim = self.app.palette.dim();
        pen.put(&format!("{start:0width$x}", width = self.digits), dim).skip(2);
        for column in 0..self.per_row {
            match bytes.get(column) {
                Some(byte) => pen.put(&format!("{byte:02x}"), self.style(start + column)),
                None => pen.skip(2),
            };
            // A mark goes through the space between its bytes.
            let joined = self.is_marked(start + column) && self.is_marked(start + column + 1);
            let inside = joined && column + 1 < bytes.len();
            pen.put(" ", if inside { self.marking() } else { Style::new() });
            if column == 7 && self.per_row == 16 {
                pen.put(" ", if inside { self.marking() } else { Style::new() });
            }
        }
        pen.put("│", dim);
        for (column, &byte) in bytes.iter().enumerate() {
            let shown = if matches!(byte, 0x20..=0x7E) { char::from(byte) } else { '·' };
            pen.put(shown.encode_utf8(&mut [0; 4]), self.style(start + column));
        }
    }

    fn is_marked(&self, at: usize) -> bool {
        self.marked.contains(&at)
    }

    fn marking(&self) -> Style {
        match self.focused {
            true => Style::new().add_modifier(Modifier::UNDERLINED),
            false => self.app.palette.selected(),
        }
    }

    fn style(&self, at: usize) -> Style {
        if self.focused && at == self.app.byte {
            return self.app.palette.selected();
        }
        let kind = self.view.fields.iter().find(|(range, _)| range.contains(&at)).map(|&(_, kind)| kind);
        let style = self.app.palette.field(kind.unwrap_or(FieldKind::Payload));
        if !self.is_marked(at) {
            return style;
        }
        match self.focused {
            true => style.add_modifier(Modifier::UNDERLINED | Modifier::BOLD),
            false => self.marking(),
        }
    }
}
