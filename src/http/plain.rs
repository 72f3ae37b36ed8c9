//! The head that nearly all are, read in one pass: it is whole, its lines end in CR LF, each is a field name, a colon
//! and a value, and no control character stands in it. Other heads are left to [`parse`](super::parse), which says what
//! is wrong with them; the tests hold the two against each other.

use super::headers::Headers;
use super::parse::{is_token, trimmed};
use memchr::memchr;

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
    let start_line = line_end(bytes, 0)?;
    let mut headers = Headers::new();
    let mut begin = start_line + 2;
    loop {
        let end = line_end(bytes, begin)?;
        if end == begin {
            break;
        }
        let colon = begin + memchr(b':', &bytes[begin..end])?;
        let known = headers.add(bytes, begin..colon, trimmed(bytes, colon + 1..end));
        if !known && !is_token(&bytes[begin..colon]) {
            return None;
        }
        begin = end + 2;
    }
    let length = begin + 2;
    let head = &bytes[..length];
    if !is_plain(head) {
        return None;
    }
    headers.keep(head);
    Some(Plain { start_line, headers, length })
}

/// Where the CR LF stands that ends the line beginning at `begin`.
#[inline]
fn line_end(bytes: &[u8], begin: usize) -> Option<usize> {
    let newline = memchr(b'\n', bytes.get(begin..)?)?;
    let end = begin + newline.checked_sub(1)?;
    (bytes[end] == b'\r').then_some(end)
}

/// Whether the only control characters are tabs and the CR LF at the end of each line.
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    // A piece, and the byte behind it.
    const PIECE: usize = 16;
    let [first, .., b'\n'] = bytes else { return false };
    if *first == b'\n' {
        return false;
    }
    // Without a branch for each byte, since nearly no head has another.
    let is_control = |byte: u8| (byte < 0x20) & (byte != b'\t') & (byte != b'\r') & (byte != b'\n') | (byte == 0x7F);
    let is_strange = |a: u8, b: u8| is_control(a) | ((a == b'\r') != (b == b'\n'));
    let has_strange =
        |piece: &[u8; PIECE + 1]| (0..PIECE).fold(false, |any, at| any | is_strange(piece[at], piece[at + 1]));
    let Some(last) = bytes.last_chunk() else {
        return !bytes.windows(2).any(|pair| is_strange(pair[0], pair[1]));
    };
    let mut rest = bytes;
    while let Some(piece) = rest.first_chunk() {
        if has_strange(piece) {
            return false;
        }
        rest = &rest[PIECE..];
    }
    // What is left is shorter than a piece: the last piece has it, and bytes before it.
    !has_strange(last)
}
