//! Bytes from the wire as text that is safe to print: whatever a terminal would obey or hide is spelled out.
//!
//! Everything that came from a capture (payloads, header values, close reasons) passes through here before it reaches
//! a terminal or a table. What is spelled out:
//!
//! - `\n`, `\r`, `\t` and `\0`, by these names,
//! - other C0 controls and DEL as `\x1b`,
//! - C1 controls, bidirectional controls, zero-width and other invisible characters, line and paragraph separators as
//!   `\u{202e}`,
//! - bytes that are not UTF-8 as `\xff`.
//!
//! A backslash stays as it is: the result is for reading, not for parsing back. Where the bytes themselves matter, a
//! hex dump stands beside the text.

use std::borrow::Cow;
use std::fmt::Write;
use unicode_width::UnicodeWidthChar;

/// The bytes as text without anything a terminal would obey. Borrowed where nothing had to be spelled out.
///
/// ```
/// use wslens::escape::printable;
/// assert_eq!(printable(b"Hello"), "Hello");
/// assert_eq!(printable(b"a\x1b[2Jb\n\xff"), r"a\x1b[2Jb\n\xff");
/// assert_eq!(printable("\u{202e}x\u{9b}".as_bytes()), r"\u{202e}x\u{9b}");
/// ```
pub fn printable(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = simdutf8::basic::from_utf8(bytes)
        && !text.chars().any(is_unsafe)
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len() + 16);
    for unit in units(bytes) {
        unit.write(&mut out);
    }
    Cow::Owned(out)
}

/// Like [`printable`], but at most `columns` columns wide on a terminal; what was cut ends in `…`.
///
/// ```
/// use wslens::escape::printable_within;
/// assert_eq!(printable_within(b"Hello", 5), "Hello");
/// assert_eq!(printable_within(b"Hello!", 5), "Hell…");
/// assert_eq!(printable_within("日本語".as_bytes(), 5), "日本…");
/// ```
pub fn printable_within(bytes: &[u8], columns: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    // Where to cut, should the text turn out too long: the last place that leaves a column for the ellipsis.
    let mut cut = 0;
    for unit in units(bytes) {
        used += unit.width();
        if used > columns {
            out.truncate(cut);
            if columns > 0 {
                out.push('…');
            }
            return out;
        }
        unit.write(&mut out);
        if used < columns {
            cut = out.len();
        }
    }
    out
}

/// Like [`printable`], in at most `lines` lines of at most `columns` columns each; no escape is broken by a line's end.
/// Returns the lines and how many of the bytes they show.
pub fn printable_lines(bytes: &[u8], columns: usize, lines: usize) -> (Vec<String>, usize) {
    let mut out = Vec::new();
    let (mut line, mut used, mut shown) = (String::new(), 0, 0);
    for unit in units(bytes) {
        let width = unit.width();
        if used + width > columns && !line.is_empty() {
            if out.len() + 1 >= lines {
                break;
            }
            out.push(std::mem::take(&mut line));
            used = 0;
        }
        unit.write(&mut line);
        used += width;
        shown += unit.bytes();
    }
    if !line.is_empty() && lines > 0 {
        out.push(line);
    }
    (out, shown)
}

/// How many columns a terminal gives to text that is already printable.
pub fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// One character to print, or one escape.
enum Unit {
    Char(char),
    Escape(char),
    Byte(u8),
}

impl Unit {
    fn write(&self, out: &mut String) {
        match self {
            Unit::Char(c) => out.push(*c),
            Unit::Escape('\n') => out.push_str("\\n"),
            Unit::Escape('\r') => out.push_str("\\r"),
            Unit::Escape('\t') => out.push_str("\\t"),
            Unit::Escape('\0') => out.push_str("\\0"),
            // Writing to a String cannot fail.
            Unit::Escape(c) if c.is_ascii() => drop(write!(out, "\\x{:02x}", u32::from(*c))),
            Unit::Escape(c) => drop(write!(out, "\\u{{{:x}}}", u32::from(*c))),
            Unit::Byte(byte) => drop(write!(out, "\\x{byte:02x}")),
        }
    }

    fn width(&self) -> usize {
        match self {
            Unit::Char(c) => char_width(*c),
            Unit::Escape('\n' | '\r' | '\t' | '\0') => 2,
            Unit::Escape(c) if c.is_ascii() => 4,
            Unit::Escape(c) => 4 + (u32::from(*c).ilog2() / 4 + 1) as usize,
            Unit::Byte(_) => 4,
        }
    }

    /// Bytes of the input that it stands for.
    fn bytes(&self) -> usize {
        match self {
            Unit::Char(c) | Unit::Escape(c) => c.len_utf8(),
            Unit::Byte(_) => 1,
        }
    }
}

fn units(bytes: &[u8]) -> impl Iterator<Item = Unit> + '_ {
    bytes.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid().chars().map(|c| if is_unsafe(c) { Unit::Escape(c) } else { Unit::Char(c) });
        valid.chain(chunk.invalid().iter().map(|&byte| Unit::Byte(byte)))
    })
}

fn char_width(c: char) -> usize {
    match c {
        // The emoji variation selector has no width of its own but widens the character before it.
        '\u{fe0f}' => 1,
        _ => c.width().unwrap_or(0),
    }
}

/// A terminal obeys it, or nobody sees it.
pub(crate) fn is_unsafe(c: char) -> bool {
    matches!(c,
        // C0, DEL and C1; U+009B is CSI.
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        // Soft hyphen, Arabic letter mark, Mongolian vowel separator.
        | '\u{ad}' | '\u{61c}' | '\u{180e}'
        // Zero-width characters and directional marks; separators, embeddings and overrides; invisible operators,
        // isolates and the deprecated controls behind them (UAX #9 §2).
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        // Byte order mark, interlinear annotation.
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        // Tags and the supplementary variation selectors: text can be hidden in them.
        | '\u{e0000}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn controls_are_spelled_out() {
        assert_eq!(printable(b"\0\t\r\n\x07\x1b\x7f"), r"\0\t\r\n\x07\x1b\x7f");
        assert_eq!(printable("\u{80}\u{9b}31m".as_bytes()), r"\u{80}\u{9b}31m");
        assert_eq!(printable("a\u{2028}b\u{200b}\u{2066}\u{feff}".as_bytes()), r"a\u{2028}b\u{200b}\u{2066}\u{feff}");
    }

    #[test]
    fn what_is_readable_stays() {
        assert_eq!(printable("Grüße, 日本 🎈".as_bytes()), "Grüße, 日本 🎈");
        assert!(matches!(printable(b"plain"), Cow::Borrowed("plain")));
    }

    #[test]
    fn bytes_that_are_not_utf8_are_hexadecimal() {
        assert_eq!(printable(b"\xc3\x28 \xe2\x82 \xed\xa0\x80"), r"\xc3( \xe2\x82 \xed\xa0\x80");
    }

    #[test]
    fn lines_break_between_escapes() {
        let (lines, shown) = printable_lines(b"ab\x1bcd", 5, 9);
        assert_eq!(lines, ["ab", r"\x1bc", "d"]);
        assert_eq!(shown, 5);
        let (lines, shown) = printable_lines(b"abcdefgh", 3, 2);
        assert_eq!(lines, ["abc", "def"]);
        assert_eq!(shown, 6);
    }

    proptest! {
        #[test]
        fn nothing_a_terminal_obeys_is_left(bytes: Vec<u8>) {
            prop_assert!(!printable(&bytes).chars().any(|c| c.is_control() || is_unsafe(c)));
        }

        #[test]
        fn nothing_is_wider_than_asked(text: String, columns in 0_usize..40) {
            let cut = printable_within(text.as_bytes(), columns);
            prop_assert!(width(&cut) <= columns);
            let whole = printable(text.as_bytes());
            prop_assert_eq!(cut == whole, width(&whole) <= columns);
        }

        #[test]
        fn lines_put_together_are_the_text(text: String) {
            let (lines, shown) = printable_lines(text.as_bytes(), 20, usize::MAX);
            prop_assert_eq!(lines.concat(), printable(text.as_bytes()));
            prop_assert_eq!(shown, text.len());
            prop_assert!(lines.iter().all(|line| width(line) <= 20));
        }
    }
}
