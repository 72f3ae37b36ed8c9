//! How single values are written as JSON: bytes as hexadecimal, times as RFC 3339, durations as seconds, text that
//! may hold anything. Nothing here allocates.

use super::serializer::Writer;
use crate::capture::{RFC_3339, Timestamp};
use crate::escape::is_unsafe;
use serde::{Serialize, Serializer};
use std::fmt::{self, Write as _};
use std::io;
use std::time::Duration;

/// Appends `row` to `out` as JSON.
pub(super) fn append<T: Serialize>(out: &mut Vec<u8>, row: &T) -> io::Result<()> {
    row.serialize(&mut Writer(out)).map_err(io::Error::from)
}

/// Appends the fields of `row` to the object that `out` ends in, which holds a field already, and closes it.
pub(super) fn append_fields<T: Serialize>(out: &mut Vec<u8>, row: &T) -> io::Result<()> {
    let start = out.len();
    append(out, row)?;
    debug_assert_eq!(out.get(start), Some(&b'{'));
    out[start] = b',';
    Ok(())
}

/// Bytes as lower-case hexadecimal.
#[derive(Clone, Copy, Debug)]
pub struct Hex<'a>(pub &'a [u8]);

/// Bytes that are put into hexadecimal in one go: the payload that a report shows of a frame unless more is asked for.
const AT_ONCE: usize = 64;

/// The hexadecimal digits of at most [`AT_ONCE`] bytes.
fn digits<'a>(bytes: &[u8], text: &'a mut [u8; 2 * AT_ONCE]) -> &'a str {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 0xF)];
    }
    // Every byte is ASCII.
    std::str::from_utf8(text.get(..2 * bytes.len()).unwrap_or_default()).unwrap_or_default()
}

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chunks(AT_ONCE).try_for_each(|chunk| f.write_str(digits(chunk, &mut [0; 2 * AT_ONCE])))
    }
}

impl Serialize for Hex<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.len() {
            ..=AT_ONCE => serializer.serialize_str(digits(self.0, &mut [0; 2 * AT_ONCE])),
            _ => serializer.collect_str(self),
        }
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
        match simdutf8::basic::from_utf8(self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => serializer.collect_str(self),
        }
    }
}

/// A capture time as RFC 3339 text in UTC with nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.rfc_3339(&mut [0; RFC_3339]))
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
