//! The bytes of a head to a [`Head`], whatever they are.
//!
//! A head is read leniently, so that one that strict readers refuse still shows what stands in it, and what they refuse
//! is noted. What is noted nowhere is valid: the tests hold that against `httparse` with its strict defaults.

use super::head::{Fault, Head, RequestLine, StatusLine};
use super::headers::Headers;
use super::plain::Plain;
use crate::capture::PacketRef;
use memchr::{Memchr, memchr, memchr_iter};
use std::borrow::Cow;
use std::ops::Range;

/// Where a head stood in its stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Offset of the start line.
    pub offset: u64,
    /// The packet with the first byte.
    pub packet: PacketRef,
    /// The packet with the last byte.
    pub last_packet: PacketRef,
    /// Packets it was spread over.
    pub segments: u32,
}

/// Reads a request head; `finished` says that its empty line was seen.
pub(super) fn request(bytes: &[u8], place: Place, finished: bool) -> Head<RequestLine> {
    read(bytes, place, finished, request_line)
}

/// Reads a response head; `finished` says that its empty line was seen.
pub(super) fn response(bytes: &[u8], place: Place, finished: bool) -> Head<StatusLine> {
    read(bytes, place, finished, status_line)
}

/// The request head whose parts were found in `bytes`.
pub(super) fn plain_request(bytes: &[u8], place: Place, plain: Plain) -> Head<RequestLine> {
    read_plain(bytes, place, plain, request_line)
}

/// The response head whose parts were found in `bytes`.
pub(super) fn plain_response(bytes: &[u8], place: Place, plain: Plain) -> Head<StatusLine> {
    read_plain(bytes, place, plain, status_line)
}

#[inline]
fn read_plain<Line>(
    bytes: &[u8],
    place: Place,
    plain: Plain,
    start_line: impl FnOnce(&[u8], &mut Faults) -> Line,
) -> Head<Line> {
    let Plain { start_line: end, headers, length } = plain;
    let mut faults = Faults(Vec::new());
    let line = start_line(&bytes[..end], &mut faults);
    let Place { offset, packet, last_packet, segments } = place;
    Head { line, headers, faults: faults.0, offset, length: length as u64, packet, last_packet, segments }
}

#[inline]
fn read<Line>(
    bytes: &[u8],
    place: Place,
    finished: bool,
    start_line: impl FnOnce(&[u8], &mut Faults) -> Line,
) -> Head<Line> {
    let mut faults = Faults(Vec::new());
    if has_bare_lf(bytes) {
        faults.add(Fault::BareLf);
    }
    let mut lines = Lines { bytes, begin: 0, newlines: memchr_iter(b'\n', bytes), finished };
    let start = lines.next().unwrap_or_default();
    check_controls(&bytes[start.clone()], Fault::StartLine, &mut faults);
    let line = start_line(&bytes[start], &mut faults);
    let mut headers = Headers::new();
    headers.keep(bytes, false);
    for line in lines {
        check_controls(&bytes[line.clone()], Fault::FieldValue, &mut faults);
        field_line(bytes, line, &mut headers, &mut faults);
    }
    if !finished {
        faults.add(Fault::Unfinished);
    }
    let Place { offset, packet, last_packet, segments } = place;
    Head { line, headers, faults: faults.0, offset, length: bytes.len() as u64, packet, last_packet, segments }
}

/// Faults in wire order, each kind once.
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, fault: Fault) {
        if !self.0.contains(&fault) {
            self.0.push(fault);
        }
    }
}

/// Where the start line and the header lines stand, line ends and the empty line left out.
struct Lines<'a> {
    bytes: &'a [u8],
    begin: usize,
    newlines: Memchr<'a>,
    finished: bool,
}

impl Iterator for Lines<'_> {
    type Item = Range<usize>;

    #[inline]
    fn next(&mut self) -> Option<Range<usize>> {
        let begin = self.begin;
        let end = match self.newlines.next() {
            Some(newline) => {
                self.begin = newline + 1;
                match self.bytes[begin..newline] {
                    [.., b'\r'] => newline - 1,
                    _ => newline,
                }
            }
            // A header line that was cut is kept for its value, but not judged.
            None if !self.finished && (begin == 0 || memchr(b':', &self.bytes[begin..]).is_some()) => {
                self.begin = self.bytes.len();
                self.bytes.len()
            }
            None => begin,
        };
        (begin < end).then_some(begin..end)
    }
}

fn has_bare_lf(bytes: &[u8]) -> bool {
    memchr_iter(b'\n', bytes).any(|newline| !bytes[..newline].ends_with(b"\r"))
}

/// RFC 9112 §3: `request-line = method SP request-target SP HTTP-version`.
fn request_line(line: &[u8], faults: &mut Faults) -> RequestLine {
    exact_request_line(line).unwrap_or_else(|| lenient_request_line(line, faults))
}

/// A request line as the grammar has it, in ASCII.
fn exact_request_line(line: &[u8]) -> Option<RequestLine> {
    let (method, rest) = line.split_at_checked(line.iter().position(|&byte| byte == b' ')?)?;
    let ([b' ', target @ ..], version) = rest.split_at_checked(rest.len().checked_sub(VERSION_LENGTH + 1)?)? else {
        return None;
    };
    let [b' ', version @ ..] = version else { return None };
    // RFC 3986 §2: a URI is written in visible characters.
    let exact =
        is_token(method) && is_version(version) && !target.is_empty() && target.iter().all(u8::is_ascii_graphic);
    let target = str::from_utf8(target).ok().filter(|_| exact)?.to_owned();
    Some(RequestLine { method: common_text(method), target, version: common_text(version) })
}

fn lenient_request_line(line: &[u8], faults: &mut Faults) -> RequestLine {
    let trimmed = line.trim_ascii();
    let method_end = trimmed.iter().position(u8::is_ascii_whitespace).unwrap_or(trimmed.len());
    let (method, rest) = trimmed.split_at(method_end);
    let version_begin = rest.iter().rposition(u8::is_ascii_whitespace).map_or(rest.len(), |space| space + 1);
    let version = match &rest[version_begin..] {
        last if last.len() >= 5 && last[..5].eq_ignore_ascii_case(b"HTTP/") => last,
        _ => &[],
    };
    let target = rest[..rest.len() - version.len()].trim_ascii();
    let one_each = line.len() == method.len() + target.len() + version.len() + 2;
    let text = String::from_utf8_lossy(target);
    // RFC 3986 §2: a URI is written in ASCII. UTF-8 is let pass, as nearly all servers do.
    let whole = one_each
        && rest.first() == Some(&b' ')
        && rest[..version_begin].last() == Some(&b' ')
        && is_token(method)
        && !target.is_empty()
        && !target.iter().any(u8::is_ascii_whitespace)
        && matches!(text, Cow::Borrowed(_))
        && is_version(version);
    if !whole {
        faults.add(Fault::StartLine);
    }
    RequestLine { method: common_text(method), target: text.into_owned(), version: common_text(version) }
}

/// RFC 9112 §4: `status-line = HTTP-version SP status-code SP [ reason-phrase ]`; the second space must be there
/// even where the reason is absent.
fn status_line(line: &[u8], faults: &mut Faults) -> StatusLine {
    if line == b"HTTP/1.1 101 Switching Protocols" {
        return StatusLine { version: "HTTP/1.1".into(), status: 101, reason: "Switching Protocols".into() };
    }
    let version_end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    let (version, rest) = line.split_at(version_end);
    let after_version = rest.trim_ascii_start();
    let code_end = after_version.iter().position(u8::is_ascii_whitespace).unwrap_or(after_version.len());
    let (code, reason) = after_version.split_at(code_end);
    let status = match code {
        [a, b, c] if code.iter().all(u8::is_ascii_digit) => {
            u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0')
        }
        _ => 0,
    };
    let whole =
        is_version(version) && rest.len() == after_version.len() + 1 && status >= 100 && reason.first() == Some(&b' ');
    if !whole {
        faults.add(Fault::StartLine);
    }
    StatusLine { version: common_text(version), status, reason: common_text(reason.trim_ascii()) }
}

/// RFC 9112 §5: `field-line = field-name ":" OWS field-value OWS`.
#[inline]
fn field_line(bytes: &[u8], line: Range<usize>, headers: &mut Headers, faults: &mut Faults) {
    let (begin, text) = (line.start, &bytes[line.clone()]);
    match text.iter().position(|&byte| !IN_TOKEN[usize::from(byte)]) {
        Some(colon @ 1..) if text[colon] == b':' => {
            headers.add(&text[..colon], begin, trimmed(&text[colon + 1..], begin + colon + 1));
        }
        _ => odd_field_line(bytes, line, headers, faults),
    }
}

/// A line that is none, read as far as it goes.
#[cold]
fn odd_field_line(bytes: &[u8], line: Range<usize>, headers: &mut Headers, faults: &mut Faults) {
    if matches!(bytes[line.start], b' ' | b'\t') {
        faults.add(Fault::ObsoleteFold);
        return headers.fold(trimmed(&bytes[line.clone()], line.start));
    }
    let colon = memchr(b':', &bytes[line.clone()]).map(|colon| line.start + colon);
    let raw = line.start..colon.unwrap_or(line.end);
    let name = trimmed(&bytes[raw.clone()], raw.start);
    if colon.is_none() || !is_token(&bytes[name.clone()]) {
        faults.add(Fault::FieldName);
    } else if name != raw {
        faults.add(Fault::SpaceBeforeColon);
    }
    let value = colon.map_or(line.end..line.end, |colon| trimmed(&bytes[colon + 1..line.end], colon + 1));
    headers.add(&bytes[name.clone()], name.start, value);
}

/// Notes control characters: a carriage return as such, the others as `fault`.
fn check_controls(line: &[u8], fault: Fault, faults: &mut Faults) {
    // Without a branch for each byte, since nearly no line has one.
    let is_control = |byte: u8| (byte < 0x20) & (byte != b'\t') | (byte == 0x7F);
    if !line.iter().fold(false, |any, &byte| any | is_control(byte)) {
        return;
    }
    for &byte in line {
        match byte {
            b'\r' => faults.add(Fault::BareCr),
            b'\t' => {}
            0..=0x1F | 0x7F => faults.add(fault),
            _ => {}
        }
    }
}

/// Removes optional white space (RFC 9110 §5.6.3) from both ends.
pub(crate) fn trim_ows(bytes: &[u8]) -> &[u8] {
    &bytes[trimmed(bytes, 0)]
}

/// Where in the whole a part of it stands that begins at `start`, the optional white space (RFC 9110 §5.6.3) at both of
/// its ends left out.
#[inline]
pub(super) fn trimmed(part: &[u8], start: usize) -> Range<usize> {
    let is_white = |byte: &&u8| matches!(byte, b' ' | b'\t');
    let end = start + part.len();
    match part {
        // As nearly all write it.
        [b' ', b'!'..=0xFF, .., b'!'..=0xFF] => start + 1..end,
        _ => {
            let before = part.iter().take_while(is_white).count();
            let behind = part[before..].iter().rev().take_while(is_white).count();
            start + before..end - behind
        }
    }
}

/// RFC 9110 §5.6.2.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| IN_TOKEN[usize::from(byte)])
}

/// `tchar`: which bytes may stand in a token.
static IN_TOKEN: [bool; 256] = {
    let mut allowed = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        allowed[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let marks = b"!#$%&'*+-.^_`|~";
    let mut at = 0;
    while at < marks.len() {
        allowed[marks[at] as usize] = true;
        at += 1;
    }
    allowed
};

/// Length of `HTTP/1.1`.
const VERSION_LENGTH: usize = 8;

/// RFC 9112 §2.3: `HTTP-version = "HTTP" "/" DIGIT "." DIGIT`, in capitals.
#[inline]
fn is_version(bytes: &[u8]) -> bool {
    matches!(bytes, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What nearly every start line says need not be copied.
#[inline]
fn common_text(bytes: &[u8]) -> Cow<'static, str> {
    match bytes {
        b"GET" => "GET".into(),
        b"HTTP/1.1" => "HTTP/1.1".into(),
        b"OK" => "OK".into(),
        other => text(other).into(),
    }
}

#[cfg(test)]
mod tests;
