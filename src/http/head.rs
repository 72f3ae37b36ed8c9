//! One HTTP/1 message head, kept as it stood on the wire: the start line, the header lines, and what was wrong
//! with them (RFC 9112 §2 to §5).

use super::headers::{Headers, Named};
use crate::capture::PacketRef;
use memchr::memchr_iter;
use std::borrow::Cow;

/// A request or response head.
#[derive(Clone, Debug)]
pub struct Head<Line> {
    /// The start line.
    pub line: Line,
    /// The header lines in wire order.
    pub headers: Headers,
    /// What a strict reader would have refused, in wire order and each kind once; empty for a valid head.
    pub faults: Vec<Fault>,
    /// Offset of the start line in the sender's stream.
    pub offset: u64,
    /// Length in bytes, the empty line included.
    pub length: u64,
    /// The packet with the first byte.
    pub packet: PacketRef,
    /// The packet with the last byte.
    pub last_packet: PacketRef,
    /// Segments (chunks of the stream) the head was spread over.
    pub segments: u32,
}

/// `GET /chat HTTP/1.1`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestLine {
    /// The method as it was spelled.
    pub method: Cow<'static, str>,
    /// The request target (RFC 9112 §3.2), bytes that are not UTF-8 replaced.
    pub target: String,
    /// `HTTP/1.1` as it was spelled.
    pub version: Cow<'static, str>,
}

/// `HTTP/1.1 101 Switching Protocols`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusLine {
    /// `HTTP/1.1` as it was spelled.
    pub version: Cow<'static, str>,
    /// The status code; 0 where it is not a number of three digits.
    pub status: u16,
    /// The reason phrase; empty where there is none.
    pub reason: Cow<'static, str>,
}

/// Why a head is not valid HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A line ends in LF alone (RFC 9112 §2.2).
    BareLf,
    /// A carriage return that does not end a line (RFC 9112 §2.2).
    BareCr,
    /// A line begins with white space: obsolete line folding (RFC 9112 §5.2).
    ObsoleteFold,
    /// White space between a field name and its colon (RFC 9112 §5.1).
    SpaceBeforeColon,
    /// A field name that is no token (RFC 9110 §5.1), or a header line without a colon.
    FieldName,
    /// A control character in a field value (RFC 9110 §5.5).
    FieldValue,
    /// The start line has not the form RFC 9112 §3 or §4 gives it.
    StartLine,
    /// The connection ended, the answer came, or the limit on heads was reached before the empty line.
    Unfinished,
}

impl Fault {
    /// What is wrong, as a clause: "a line ends in LF alone".
    pub fn describe(self) -> &'static str {
        match self {
            Fault::BareLf => "a line ends in LF alone",
            Fault::BareCr => "a CR stands inside a line",
            Fault::ObsoleteFold => "a header line is folded",
            Fault::SpaceBeforeColon => "white space stands between a field name and its colon",
            Fault::FieldName => "a field name is no token",
            Fault::FieldValue => "a field value holds a control character",
            Fault::StartLine => "the start line has not the form of the grammar",
            Fault::Unfinished => "the empty line at its end is missing",
        }
    }
}

impl Head<RequestLine> {
    /// The host that the request is for: `Host`, or `:authority` over HTTP/2 (RFC 9113 §8.3.1).
    pub fn host(&self) -> Option<&[u8]> {
        self.first(":authority").or_else(|| self.first("host"))
    }
}

impl<Line> Head<Line> {
    /// The values of all lines with this name, in wire order; names compare without case (RFC 9110 §5.1).
    #[inline]
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.headers.named(name)
    }

    /// The value of the first line with this name.
    #[inline(always)]
    pub fn first<'a>(&'a self, name: &'a str) -> Option<&'a [u8]> {
        self.headers.first(name)
    }

    /// As [`Headers::only`].
    #[inline(always)]
    pub(crate) fn only<'a>(&'a self, name: &'a str) -> Option<Option<&'a [u8]>> {
        self.headers.only(name)
    }

    /// The elements of a comma-separated list that may span several lines (RFC 9110 §5.6.1), trimmed; empty
    /// elements are left out.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        Elements { lines: self.headers.named(name), rest: None }
    }

    /// Whether the list holds this token, compared without case.
    #[inline]
    pub fn lists(&self, name: &str, token: &str) -> bool {
        self.list(name).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
    }
}

/// The elements of [`Head::list`].
struct Elements<'a> {
    lines: Named<'a>,
    /// What is left of the line that is being read.
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let line = match self.rest.take() {
                Some(rest) => rest,
                None => self.lines.next()?,
            };
            let comma = line.iter().position(|&byte| byte == b',');
            self.rest = comma.map(|comma| &line[comma + 1..]);
            let element = line[..comma.unwrap_or(line.len())].trim_ascii();
            if !element.is_empty() {
                return Some(element);
            }
        }
    }
}

/// Where the empty line that ends a head ends, counted from the start of `bytes`; bare LFs are accepted.
pub(crate) fn end(bytes: &[u8]) -> Option<usize> {
    memchr_iter(b'\n', bytes).find_map(|at| match bytes[at + 1..] {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}
