//! The header fields of one block, kept together for as long as it is not known whether anybody wants them.

use super::hpack::Field;
use crate::http::{Fault, Head, Headers, RequestLine, StatusLine};
use std::ops::Range;

/// How the version of HTTP is spelled in a report: HTTP/2 itself does not say it on the wire.
const VERSION: &str = "HTTP/2";

/// See the module. Its memory is used again for the next block.
#[derive(Debug, Default)]
pub(super) struct Fields {
    bytes: Vec<u8>,
    /// Names and values in `bytes`.
    ranges: Vec<[Range<usize>; 2]>,
    /// Fields that are not among them.
    pub(super) unknown: u64,
}

impl Fields {
    pub(super) fn clear(&mut self) {
        // A large block is rare, and an idle connection holds little.
        if self.bytes.capacity() > 16 << 10 {
            *self = Fields::default();
        }
        self.bytes.clear();
        self.ranges.clear();
        self.unknown = 0;
    }

    /// Takes the next field; one that is not known, or not within `bound` bytes together, is only counted.
    pub(super) fn push(&mut self, field: Field<'_>, bound: usize) {
        let (Some(name), Some(value)) = (field.name, field.value) else {
            self.unknown += 1;
            return;
        };
        if self.bytes.len() + name.len() + value.len() + self.ranges.len() * 32 > bound {
            self.unknown += 1;
            return;
        }
        let mut place = |part: &[u8]| {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(part);
            start..self.bytes.len()
        };
        let ranges = [place(name), place(value)];
        self.ranges.push(ranges);
    }

    /// The value of the first field with this name; names are lower case on the wire (RFC 9113 §8.2).
    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// Whether a name begins like this.
    pub(super) fn has_prefix(&self, prefix: &[u8]) -> bool {
        self.iter().any(|(name, _)| name.starts_with(prefix))
    }

    /// The status code of a response.
    pub(super) fn status(&self) -> Option<u16> {
        let value = self.get(":status")?;
        let is_code = value.len() == 3 && value.iter().all(u8::is_ascii_digit);
        std::str::from_utf8(value).ok().filter(|_| is_code)?.parse().ok()
    }

    /// Bytes that are kept of them.
    pub(super) fn length(&self) -> usize {
        self.bytes.len() + self.ranges.len() * 32
    }

    /// The head of a request. All fields stand in it as on the wire, the pseudo-header fields too (RFC 9113 §8.3.1).
    pub(super) fn request(&self) -> (RequestLine, Headers, Vec<Fault>) {
        let text = |name| String::from_utf8_lossy(self.get(name).unwrap_or_default()).into_owned();
        let line = RequestLine { method: text(":method").into(), target: text(":path"), version: VERSION.into() };
        (line, self.iter().collect(), self.faults())
    }

    /// The head of a response.
    pub(super) fn response(&self) -> (StatusLine, Headers, Vec<Fault>) {
        let status = self.status().unwrap_or(0);
        (StatusLine { version: VERSION.into(), status, reason: "".into() }, self.iter().collect(), self.faults())
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.ranges.iter().map(|[name, value]| (&self.bytes[name.clone()], &self.bytes[value.clone()]))
    }

    /// A head of which fields are missing says nothing by what is not in it.
    fn faults(&self) -> Vec<Fault> {
        if self.unknown > 0 { vec![Fault::Unfinished] } else { Vec::new() }
    }
}

/// A head at this place.
pub(super) fn head<Line>(
    (line, headers, faults): (Line, Headers, Vec<Fault>),
    span: &super::frames::Span,
) -> Head<Line> {
    Head {
        line,
        headers,
        faults,
        // The stream's own bytes begin behind the heads.
        offset: 0,
        length: 0,
        packet: span.packet,
        last_packet: span.last_packet,
        segments: 1,
    }
}
