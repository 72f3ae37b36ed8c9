//! The head that nearly all are, read in one pass: it is whole, its lines end in CR LF, each is a field name, a colon
//! and a value, and no control character stands in it. Other heads are left to [`parse`](super::parse), which says what
//! is wrong with them; the tests hold the two against each other.

use super::headers::Headers;
use super::parse::{is_token, trimmed};
use crate::plain::{find, plain_prefix};

/// Where the parts of a head stand.
#[derive(Debug)]
pub(super) struct Plain {
    /// Length of the start line, its end left out.
    pub start_line: usize,
    /// The header lines.
    pub headers: Headers,
    /// Length of the head, the empty line included.
    pub length: usize,
}

/// Reads the head at the front of `bytes`; `None` where there is no whole one, or it is not plain.
pub(super) fn read(bytes: &[u8]) -> Option<Plain> {
    let Line { text: start_line, mut rest, mut plain } = line(bytes)?;
    if start_line.is_empty() {
        return None;
    }
    let mut headers = Headers::new();
    while !rest.starts_with(b"\r\n") {
        let begin = bytes.len() - rest.len();
        let (name, [_, behind @ ..]) = rest.split_at_checked(find(b':', rest)?)? else { return None };
        let value = line(behind)?;
        let from = begin + name.len() + 1;
        let known = headers.add(name, begin, trimmed(value.text, from));
        if !known && !is_token(name) {
            return None;
        }
        plain &= value.plain;
        rest = value.rest;
    }
    let length = bytes.len() - rest.len() + 2;
    headers.keep(bytes.get(..length)?, plain);
    Some(Plain { start_line: start_line.len(), headers, length })
}

/// A line, or what is left of one.
struct Line<'a> {
    /// Without its end.
    text: &'a [u8],
    /// What stands behind its end.
    rest: &'a [u8],
    /// The text is [plain](crate::plain).
    plain: bool,
}

/// Reads up to the next CR LF. There may be tabs, quotation marks, backslashes and what is not ASCII; `None` where another
/// control character comes before.
#[inline(always)]
fn line(bytes: &[u8]) -> Option<Line<'_>> {
    let (mut length, mut plain) = (0, true);
    loop {
        length += plain_prefix(bytes.get(length..)?);
        match bytes.split_at_checked(length)? {
            (text, [b'\r', b'\n', rest @ ..]) => return Some(Line { text, rest, plain }),
            (_, [b'\t' | b'"' | b'\\' | 0x80.., ..]) => length += 1,
            _ => return None,
        }
        plain = false;
    }
}
