//! Writes spans into one row of the screen and never beyond it.

use crate::escape::width;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;

/// A place in a row.
pub(super) struct Pen<'a> {
    buffer: &'a mut Buffer,
    pub(super) x: u16,
    y: u16,
    right: u16,
}

impl<'a> Pen<'a> {
    /// The beginning of a row of `area`; `None` where there is no such row.
    pub(super) fn new(buffer: &'a mut Buffer, area: Rect, row: u16) -> Option<Pen<'a>> {
        let area = area.intersection(buffer.area);
        let y = area.y.checked_add(row).filter(|&y| y < area.bottom())?;
        Some(Pen { buffer, x: area.x, y, right: area.right() })
    }

    /// Columns that are left.
    pub(super) fn room(&self) -> usize {
        usize::from(self.right.saturating_sub(self.x))
    }

    /// Writes text, as much of it as there is room for.
    pub(super) fn put(&mut self, text: &str, style: Style) -> &mut Self {
        if self.x < self.right {
            (self.x, _) = self.buffer.set_stringn(self.x, self.y, text, self.room(), style);
        }
        self
    }

    /// Writes text into `columns` columns, cut to fit.
    pub(super) fn left(&mut self, text: &str, columns: usize, style: Style) -> &mut Self {
        let cut = cut(text, columns.min(self.room()));
        let pad = columns.saturating_sub(width(&cut));
        self.put(&cut, style).skip(pad)
    }

    /// The same, at the right end of the columns.
    pub(super) fn right(&mut self, text: &str, columns: usize, style: Style) -> &mut Self {
        let cut = cut(text, columns);
        self.skip(columns.saturating_sub(width(&cut))).put(&cut, style)
    }

    /// Leaves columns blank.
    pub(super) fn skip(&mut self, columns: usize) -> &mut Self {
        self.x = self.x.saturating_add(u16::try_from(columns).unwrap_or(u16::MAX)).min(self.right);
        self
    }

    /// Fills the rest of the row.
    pub(super) fn fill(&mut self, text: &str, style: Style) {
        while self.x < self.right {
            let before = self.x;
            self.put(text, style);
            if self.x == before {
                break;
            }
        }
    }
}

/// The text in at most so many columns; where it is cut it ends in `…`.
pub(super) fn cut(text: &str, columns: usize) -> String {
    crate::escape::printable_within(text.as_bytes(), columns)
}
