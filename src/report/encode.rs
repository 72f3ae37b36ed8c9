//! How single values are written as JSON: bytes as hexadecimal, times as RFC 3339, durations as seconds, text that
//! may hold anything. Nothing here allocates.

use crate::capture::Timestamp;
use crate::escape::is_unsafe;
use serde::{Serialize, Serializer};
use serde_json::ser::{CompactFormatter, Formatter};
use std::fmt::{self, Write as _};
use std::io;
use std::time::Duration;

/// Appends `row` to `out` as JSON.
pub(super) fn append<T: Serialize>(out: &mut Vec<u8>, row: &T) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, Harmless);
    row.serialize(&mut serializer).map_err(io::Error::from)
}

/// Appends the fields of `row` to the object that `out` ends in, which holds a field already, and closes it.
pub(super) fn append_fields<T: Serialize>(out: &mut Vec<u8>, row: &T) -> io::Result<()> {
    let start = out.len();
    append(out, row)?;
    debug_assert_eq!(out.get(start), Some(&b'{'));
    out[start] = b',';
    Ok(())
}

/// Compact JSON in which whatever a terminal obeys or hides is escaped. serde_json escapes U+0000 to U+001F alone, but
/// U+009B opens an escape sequence too, and bidirectional overrides turn text around.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.is_ascii() && memchr::memchr(0x7F, fragment.as_bytes()).is_none() {
            return CompactFormatter.write_string_fragment(out, fragment);
        }
        let mut plain = 0;
        for (at, character) in fragment.char_indices().filter(|&(_, character)| is_unsafe(character)) {
            out.write_all(&fragment.as_bytes()[plain..at])?;
            // RFC 8259 §7: above U+FFFF a pair of surrogates.
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            plain = at + character.len_utf8();
        }
        out.write_all(&fragment.as_bytes()[plain..])
    }
}

/// Bytes as lower-case hexadecimal.
#[derive(Clone, Copy, Debug)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for chunk in self.0.chunks(32) {
            let mut text = [0; 64];
            for (pair, byte) in text.chunks_exact_mut(2).zip(chunk) {
                pair[0] = DIGITS[usize::from(byte >> 4)];
                pair[1] = DIGITS[usize::from(byte & 0xF)];
            }
            f.write_str(std::str::from_utf8(&text[..2 * chunk.len()]).map_err(|_| fmt::Error)?)?;
        }
        Ok(())
    }
}

impl Serialize for Hex<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Bytes as text, what is not UTF-8 replaced by U+FFFD.
#[derive(Clone, Copy, Debug)]
pub struct Lossy<'a>(pub &'a [u8]);

impl fmt::Display for Lossy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

impl Serialize for Lossy<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A capture time as RFC 3339 text in UTC with nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A duration as a number of seconds.
#[derive(Clone, Copy, Debug)]
pub struct Seconds(pub Duration);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.as_secs_f64())
    }
}

/// `value` as JSON over several lines, with the same characters escaped as by [`append`], and a line end behind it.
pub(super) fn pretty<T: Serialize>(value: &T) -> io::Result<String> {
    let text = serde_json::to_string_pretty(value).map_err(io::Error::from)?;
    let mut out = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        // The line ends are the form's own: those inside strings are escaped already.
        if character == '\n' || !is_unsafe(character) {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out.push('\n');
    Ok(out)
}
