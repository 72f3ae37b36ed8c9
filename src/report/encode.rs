//! Rows appended to a buffer as JSON, and how single values are written: bytes as hexadecimal, times as RFC 3339,
//! durations as seconds, text that may hold anything. Nothing is allocated but the buffer.

use super::serializer::{HEXADECIMAL, PLAIN, Rest, Stop, Writer};
use crate::capture::{RFC_3339, TimeWriter, Timestamp};
use crate::decimal;
use crate::escape::is_unsafe;
use crate::plain::is_plain;
use serde::{Serialize, Serializer};
use std::fmt::{self, Write as _};
use std::io;
use std::net::IpAddr;
use std::time::Duration;

/// Room for nearly every row.
const LEAST: usize = 1 << 10;

/// Rows of JSON, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// What is written, and the room behind it.
    text: Vec<u8>,
    length: usize,
}

impl Rows {
    /// Appends what `write` writes. It begins anew where there was too little room for it.
    #[inline]
    pub(super) fn append(&mut self, write: impl Fn(&mut [u8]) -> Rest<'_>) -> io::Result<()> {
        loop {
            let room = self.text.get_mut(self.length..).unwrap_or_default();
            let before = room.len();
            match write(room) {
                Ok(rest) => {
                    self.length += before - rest.len();
                    return Ok(());
                }
                Err(Stop::Full) => self.text.resize(self.length + (2 * before).max(LEAST), 0),
                Err(stop) => return Err(stop.into()),
            }
        }
    }

    /// What is written.
    pub(super) fn text(&self) -> &[u8] {
        &self.text[..self.length]
    }

    /// Begins anew, in the same room.
    pub(super) fn clear(&mut self) {
        self.length = 0;
    }
}

/// Appends `row` to `out` as JSON.
pub(super) fn append<T: Serialize>(out: &mut Vec<u8>, row: &T) -> io::Result<()> {
    append_with(out, |room| row.serialize(Writer::new(room)))
}

/// Appends the fields of `row` to the object that `out` ends in, which holds a field already, and closes it.
#[cfg(feature = "cli")]
pub(super) fn append_fields<T: Serialize>(out: &mut Vec<u8>, row: &T) -> io::Result<()> {
    append_with(out, |room| row.serialize(Writer::last_fields(room)))
}

pub(super) fn append_with(out: &mut Vec<u8>, write: impl Fn(&mut [u8]) -> Rest<'_>) -> io::Result<()> {
    // Room in `out` would stay with it, and some reports keep thousands of these.
    let mut room = [0; LEAST];
    if let Ok(left) = write(&mut room).map(|rest| rest.len()) {
        out.extend_from_slice(&room[..LEAST - left]);
        return Ok(());
    }
    let length = out.len();
    let mut rows = Rows { text: std::mem::take(out), length };
    let written = rows.append(write);
    rows.text.truncate(rows.length);
    *out = rows.text;
    written
}

/// Bytes as lower-case hexadecimal.
#[derive(Clone, Copy, Debug)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Hex<'_> {
    #[inline(always)]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(HEXADECIMAL, &Shown { bytes: self.0, text: self })
    }
}

/// Bytes for a serializer that knows what is meant by them, and text for any other.
struct Shown<'a, T> {
    bytes: &'a [u8],
    text: T,
}

impl<T: fmt::Display> Serialize for Shown<'_, T> {
    #[inline(always)]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => serializer.collect_str(&self.text),
            false => serializer.serialize_bytes(self.bytes),
        }
    }
}

/// Printable ASCII without a quotation mark or a backslash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plain<'a>(&'a [u8]);

impl<'a> Plain<'a> {
    /// The bytes, where they are that.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Option<Plain<'a>> {
        is_plain(bytes).then_some(Plain(bytes))
    }

    /// Them.
    #[inline(always)]
    pub(super) fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// Bytes of which it is known that they are that.
    #[inline(always)]
    pub(super) fn known(bytes: &'a [u8]) -> Plain<'a> {
        debug_assert!(is_plain(bytes));
        Plain(bytes)
    }
}

impl Serialize for Plain<'_> {
    #[inline(always)]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(PLAIN, &Shown { bytes: self.0, text: Lossy(self.0) })
    }
}

/// A name from the program's source, in which nothing needs escaping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name(pub &'static str);

impl Serialize for Name {
    #[inline(always)]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Plain::known(self.0.as_bytes()).serialize(serializer)
    }
}

/// Text, of which it is known whether something in it needs escaping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text<'a> {
    /// Nothing does.
    Plain(Plain<'a>),
    /// Something does, or may.
    Other(&'a str),
}

impl<'a> Text<'a> {
    /// The text.
    #[cfg(any(feature = "cli", test))]
    pub fn as_str(&self) -> &'a str {
        match self {
            // Every byte is ASCII.
            Text::Plain(text) => std::str::from_utf8(text.0).unwrap_or_default(),
            Text::Other(text) => text,
        }
    }

    /// Whether there are control characters in it.
    pub fn has_controls(&self) -> bool {
        match self {
            Text::Plain(_) => false,
            Text::Other(text) => text.chars().any(char::is_control),
        }
    }
}

impl Serialize for Text<'_> {
    #[inline(always)]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Text::Plain(text) => text.serialize(serializer),
            Text::Other(text) => serializer.serialize_str(text),
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
        match Plain::new(self.0) {
            Some(text) => text.serialize(serializer),
            None => serializer.collect_str(self),
        }
    }
}

/// An address as text.
#[derive(Clone, Copy, Debug)]
pub struct Address(pub IpAddr);

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            IpAddr::V4(address) => {
                let (text, length) = decimal::dotted(address.octets());
                Plain(&text[..length]).serialize(serializer)
            }
            IpAddr::V6(address) => serializer.collect_str(&address),
        }
    }
}

/// A capture time as RFC 3339 text in UTC with nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Time([u8; RFC_3339]);

impl Time {
    /// The text of a time.
    pub fn new(time: Timestamp) -> Time {
        Time(time.rfc_3339())
    }
}

impl Serialize for Time {
    #[inline(always)]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Plain(&self.0).serialize(serializer)
    }
}

/// The same of one of many times that follow each other.
#[derive(Clone, Copy, Debug)]
pub struct NextTime<'a>(&'a [u8; RFC_3339]);

impl<'a> NextTime<'a> {
    /// The text of a time.
    #[inline]
    pub fn new(writer: &'a mut TimeWriter, time: Timestamp) -> NextTime<'a> {
        NextTime(writer.rfc_3339(time))
    }
}

impl Serialize for NextTime<'_> {
    #[inline(always)]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Plain(self.0).serialize(serializer)
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
