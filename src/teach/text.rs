//! What a lesson is made of: lines of spans, each with a style that says what it is and not how it looks.
//!
//! The command line maps styles to ANSI colours, a terminal interface to its own; tests and pipes take the plain text.

use crate::escape::width;
use std::borrow::Cow;
use std::fmt;

/// Lines to be shown as they are: no line is wider than it was made for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The lines, without line ends.
    pub lines: Vec<Line>,
}

/// One line: its spans from left to right.
pub type Line = Vec<Span>;

/// A piece of a line in one style. Holds no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The text.
    pub text: Cow<'static, str>,
    /// What it is.
    pub style: Style,
}

/// What a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// Running text.
    Plain,
    /// The title of a part.
    Heading,
    /// What the eye should find first: an identifier, a verdict's subject.
    Strong,
    /// Lines, rulers, sections: what may stand back.
    Dim,
    /// The name or the value of a field of the frame.
    Field(FieldKind),
    /// The bits of a field.
    Bits(FieldKind),
    /// Something is as it ought to be.
    Good,
    /// Worth attention.
    Warning,
    /// Something is missing or against the RFC.
    Fault,
}

/// The fields of a frame, in the order of RFC 6455 §5.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FieldKind {
    /// FIN.
    Fin,
    /// RSV1, RSV2, RSV3.
    Rsv,
    /// The opcode.
    Opcode,
    /// MASK.
    Mask,
    /// Payload len and the extended payload length.
    Length,
    /// The masking key.
    Key,
    /// The payload.
    Payload,
}

impl Span {
    /// A span of trusted text; what came from the wire goes through [`printable`](crate::escape::printable) first.
    pub fn new(text: impl Into<Cow<'static, str>>, style: Style) -> Span {
        Span { text: text.into(), style }
    }

    /// A span of running text.
    pub fn plain(text: impl Into<Cow<'static, str>>) -> Span {
        Span::new(text, Style::Plain)
    }
}

impl Text {
    /// The text without its styles; each line ends in a line feed, and none in spaces.
    pub fn to_plain(&self) -> String {
        let mut out = String::new();
        for line in &self.lines {
            for span in line {
                out.push_str(&span.text);
            }
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
        }
        out
    }

    /// Columns of the widest line.
    pub fn width(&self) -> usize {
        self.lines.iter().map(|line| line_width(line)).max().unwrap_or(0)
    }

    /// Adds a line.
    pub(super) fn push(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Adds an empty line, but never two in a row and none at the top.
    pub(super) fn blank(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(Line::new());
        }
    }

    /// Adds the title of a part, set apart from what is above it.
    pub(super) fn heading(&mut self, title: impl Into<Cow<'static, str>>) {
        self.blank();
        self.push(vec![Span::new(title, Style::Heading)]);
    }

    /// Adds another text below.
    pub fn append(&mut self, other: Text) {
        self.lines.extend(other.lines);
    }

    /// Adds words, broken at spaces into lines of at most `columns`. The first line begins with `lead`, the words of
    /// every line at column `indent`.
    pub(super) fn flow(&mut self, lead: Line, indent: usize, words: &[Span], columns: usize) {
        let mut line = lead;
        let mut used = line_width(&line);
        if used >= indent && used > 0 {
            self.push(std::mem::take(&mut line));
            used = 0;
        }
        let mut fresh = true;
        for word in split_words(words, columns.saturating_sub(indent).max(1)) {
            let size: usize = word.iter().map(|span| width(&span.text)).sum();
            if !fresh && used + 1 + size > columns {
                self.push(std::mem::take(&mut line));
                (used, fresh) = (0, true);
            }
            if fresh {
                line.push(Span::plain(" ".repeat(indent.saturating_sub(used))));
                used = indent;
            } else {
                // Between two words of one style it is part of both, so that an underline is not broken.
                let ends = line.last().map(|span| span.style).zip(word.first().map(|span| span.style));
                let style = ends.filter(|(before, behind)| before == behind).map_or(Style::Plain, |(style, _)| style);
                line.push(Span::new(" ", style));
                used += 1;
            }
            line.extend(word);
            used += size;
            fresh = false;
        }
        self.push(line);
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_plain())
    }
}

pub(super) fn line_width(line: &[Span]) -> usize {
    line.iter().map(|span| width(&span.text)).sum()
}

/// The words of spans; one that goes over a span's end stays one word, one wider than `columns` becomes several.
fn split_words(spans: &[Span], columns: usize) -> Vec<Line> {
    let mut words = Vec::new();
    let mut word = Line::new();
    let mut used = 0;
    for span in spans {
        let mut piece = String::new();
        let close = |piece: &mut String, word: &mut Line| {
            if !piece.is_empty() {
                word.push(Span::new(std::mem::take(piece), span.style));
            }
        };
        for c in span.text.chars() {
            let size = width(c.encode_utf8(&mut [0; 4]));
            if c == ' ' || used + size > columns {
                close(&mut piece, &mut word);
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                used = 0;
            }
            if c != ' ' {
                piece.push(c);
                used += size;
            }
        }
        close(&mut piece, &mut word);
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_flow_behind_their_lead() {
        let mut text = Text::default();
        let words = [Span::plain("one two "), Span::new("thr", Style::Strong), Span::plain("ee, four")];
        text.flow(vec![Span::plain("A")], 4, &words, 12);
        assert_eq!(text.to_plain(), "A   one two\n    three,\n    four\n");
    }

    #[test]
    fn a_lead_without_room_gets_its_own_line() {
        let mut text = Text::default();
        text.flow(vec![Span::plain("Masking")], 4, &[Span::plain("abcdefghij")], 12);
        assert_eq!(text.to_plain(), "Masking\n    abcdefgh\n    ij\n");
    }

    #[test]
    fn blank_lines_do_not_pile_up() {
        let mut text = Text::default();
        text.blank();
        text.heading("A");
        text.blank();
        text.heading("B");
        assert_eq!(text.to_plain(), "A\n\nB\n");
    }
}
