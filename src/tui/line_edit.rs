//! A line of text that is being written.

/// The text and the place in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LineEdit {
    text: String,
    /// A byte offset between two characters.
    at: usize,
}

impl LineEdit {
    /// A line with the cursor behind it.
    pub(super) fn new(text: impl Into<String>) -> LineEdit {
        let text = text.into();
        LineEdit { at: text.len(), text }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What stands before the cursor.
    pub(super) fn before(&self) -> &str {
        &self.text[..self.at]
    }

    /// Puts text in at the cursor, without its control characters.
    pub(super) fn insert(&mut self, text: &str) {
        for c in text.chars().filter(|&c| !crate::escape::is_unsafe(c)) {
            self.text.insert(self.at, c);
            self.at += c.len_utf8();
        }
    }

    /// Removes the character before the cursor.
    pub(super) fn backspace(&mut self) {
        if let Some(c) = self.before().chars().next_back() {
            self.at -= c.len_utf8();
            self.text.remove(self.at);
        }
    }

    /// Removes the character at the cursor.
    pub(super) fn delete(&mut self) {
        if self.at < self.text.len() {
            self.text.remove(self.at);
        }
    }

    /// Removes the word before the cursor.
    pub(super) fn delete_word(&mut self) {
        let kept = self.before().trim_end_matches(' ');
        let start = kept.rfind(' ').map_or(0, |at| at + 1);
        self.text.replace_range(start..self.at, "");
        self.at = start;
    }

    pub(super) fn clear(&mut self) {
        *self = LineEdit::default();
    }

    pub(super) fn left(&mut self) {
        self.at -= self.before().chars().next_back().map_or(0, char::len_utf8);
    }

    pub(super) fn right(&mut self) {
        self.at += self.text[self.at..].chars().next().map_or(0, char::len_utf8);
    }

    pub(super) fn home(&mut self) {
        self.at = 0;
    }

    pub(super) fn end(&mut self) {
        self.at = self.text.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written() {
        let mut line = LineEdit::new("grün");
        line.left();
        line.backspace();
        line.insert("ü\x1bu");
        assert_eq!((line.text(), line.before()), ("grüun", "grüu"));
        line.delete();
        line.delete();
        line.insert(" op:x");
        line.delete_word();
        assert_eq!(line.text(), "grüu ");
        line.delete_word();
        assert_eq!(line.text(), "");
        line.backspace();
        line.left();
        line.right();
        assert_eq!(line, LineEdit::default());
    }
}
