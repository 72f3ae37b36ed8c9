//! The bytes of a head to a [`Head`], whatever they are.
//!
//! `httparse` with its strict defaults is the judge of what is valid. A lenient splitter of our own reads every head,
//! so that a head that is refused still shows what stands in it, and names what httparse lets pass against the RFC.

use super::head::{Fault, Head, RequestLine, StatusLine};
use super::headers::Headers;
use crate::capture::PacketRef;
use memchr::{memchr, memchr_iter};
use std::borrow::Cow;
use std::mem::MaybeUninit;

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
    let (lines, mut faults) = split(bytes, finished);
    let (start, lines) = lines.split_first().map_or((&[][..], &[][..]), |(start, lines)| (*start, lines));
    let line = request_line(start, &mut faults);
    let headers = headers(lines, bytes.len(), &mut faults);
    if finished && faults.0.is_empty() {
        let judge = |room: &mut _| httparse::Request::new(&mut []).parse_with_uninit_headers(bytes, room).err();
        with_room(headers.len(), judge).into_iter().for_each(|error| faults.refused(error));
    }
    head(line, headers, faults, bytes, place, finished)
}

/// Reads a response head; `finished` says that its empty line was seen.
pub(super) fn response(bytes: &[u8], place: Place, finished: bool) -> Head<StatusLine> {
    let (lines, mut faults) = split(bytes, finished);
    let (start, lines) = lines.split_first().map_or((&[][..], &[][..]), |(start, lines)| (*start, lines));
    let line = status_line(start, &mut faults);
    let headers = headers(lines, bytes.len(), &mut faults);
    if finished && faults.0.is_empty() {
        let judge = |room: &mut _| {
            let (config, mut response) = (httparse::ParserConfig::default(), httparse::Response::new(&mut []));
            config.parse_response_with_uninit_headers(&mut response, bytes, room).err()
        };
        with_room(headers.len(), judge).into_iter().for_each(|error| faults.refused(error));
    }
    head(line, headers, faults, bytes, place, finished)
}

/// Room for what httparse finds, which nobody looks at: on the stack but for heads of very many lines.
fn with_room<'h, 'b, R>(lines: usize, judge: impl FnOnce(&mut [MaybeUninit<httparse::Header<'b>>]) -> R) -> R {
    const MOST: usize = 64;
    match lines {
        ..=MOST => judge(&mut [const { MaybeUninit::uninit() }; MOST][..lines]),
        _ => judge(&mut vec![MaybeUninit::uninit(); lines]),
    }
}

fn head<Line>(
    line: Line,
    headers: Headers,
    mut faults: Faults,
    bytes: &[u8],
    place: Place,
    finished: bool,
) -> Head<Line> {
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

    fn refused(&mut self, error: httparse::Error) {
        match error {
            // A version other than 1.0 and 1.1 in the form of RFC 9112 §2.3 is for a rule to judge.
            httparse::Error::Version | httparse::Error::TooManyHeaders => {}
            httparse::Error::HeaderName => self.add(Fault::FieldName),
            httparse::Error::HeaderValue => self.add(Fault::FieldValue),
            httparse::Error::NewLine => self.add(Fault::BareCr),
            httparse::Error::Status | httparse::Error::Token => self.add(Fault::StartLine),
        }
    }
}

/// The start line and the header lines, line ends removed, the empty line left out.
fn split(bytes: &[u8], finished: bool) -> (Vec<&[u8]>, Faults) {
    let mut faults = Faults(Vec::new());
    // As many as most heads have.
    let mut lines = Vec::with_capacity(16);
    let mut begin = 0;
    for newline in memchr_iter(b'\n', bytes) {
        let line = &bytes[begin..newline];
        begin = newline + 1;
        lines.push(match line.strip_suffix(b"\r") {
            Some(line) => line,
            None => {
                faults.add(Fault::BareLf);
                line
            }
        });
    }
    match finished {
        true => {
            lines.pop();
        }
        // A header line that was cut is kept for its value, but not judged.
        false if memchr(b':', &bytes[begin..]).is_some() || lines.is_empty() => lines.push(&bytes[begin..]),
        false => {}
    }
    (lines, faults)
}

/// RFC 9112 §3: `request-line = method SP request-target SP HTTP-version`.
fn request_line(line: &[u8], faults: &mut Faults) -> RequestLine {
    check_controls(line, Fault::StartLine, faults);
    let trimmed = line.trim_ascii();
    let method_end = trimmed.iter().position(u8::is_ascii_whitespace).unwrap_or(trimmed.len());
    let (method, rest) = trimmed.split_at(method_end);
    let version_begin = rest.iter().rposition(u8::is_ascii_whitespace).map_or(rest.len(), |space| space + 1);
    let version = match &rest[version_begin..] {
        last if last.len() >= 5 && last[..5].eq_ignore_ascii_case(b"HTTP/") => last,
        _ => &[],
    };
    let target = rest[..rest.len() - version.len()].trim_ascii();
    let one_space_each = line.len() == method.len() + target.len() + version.len() + 2;
    let whole = one_space_each
        && is_token(method)
        && !target.is_empty()
        && !target.iter().any(u8::is_ascii_whitespace)
        && is_version(version);
    if !whole {
        faults.add(Fault::StartLine);
    }
    RequestLine { method: common_text(method), target: text(target), version: common_text(version) }
}

/// RFC 9112 §4: `status-line = HTTP-version SP status-code SP [ reason-phrase ]`; the second space must be there
/// even where the reason is absent.
fn status_line(line: &[u8], faults: &mut Faults) -> StatusLine {
    check_controls(line, Fault::StartLine, faults);
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
fn headers(lines: &[&[u8]], bytes: usize, faults: &mut Faults) -> Headers {
    let mut headers = Headers::with_capacity(lines.len(), bytes);
    for &line in lines {
        check_controls(line, Fault::FieldValue, faults);
        if line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            faults.add(Fault::ObsoleteFold);
            headers.fold(trim_ows(line));
            continue;
        }
        let (name, value) = match memchr(b':', line) {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        let trimmed = trim_ows(name);
        if !is_token(trimmed) || name.len() == line.len() {
            faults.add(Fault::FieldName);
        } else if trimmed.len() != name.len() {
            faults.add(Fault::SpaceBeforeColon);
        }
        headers.push(trimmed, trim_ows(value));
    }
    headers
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
pub(crate) fn trim_ows(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
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

/// RFC 9112 §2.3: `HTTP-version = "HTTP" "/" DIGIT "." DIGIT`, in capitals.
fn is_version(bytes: &[u8]) -> bool {
    matches!(bytes, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What nearly every start line says need not be copied.
fn common_text(bytes: &[u8]) -> Cow<'static, str> {
    match bytes {
        b"GET" => "GET".into(),
        b"HTTP/1.1" => "HTTP/1.1".into(),
        b"Switching Protocols" => "Switching Protocols".into(),
        b"OK" => "OK".into(),
        other => text(other).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        let packet = PacketRef { number: 1, time: None, file_offset: 0, length: 0 };
        Place { offset: 0, packet, last_packet: packet, segments: 1 }
    }

    fn faults_of(bytes: &[u8]) -> Vec<Fault> {
        request(bytes, place(), true).faults
    }

    #[test]
    fn a_valid_head_has_no_fault() {
        let head = request(b"GET /a?b HTTP/1.1\r\nHost: x\r\nX:\r\nY: \ta b \t\r\n\r\n", place(), true);
        assert_eq!(head.faults, []);
        assert_eq!((&*head.line.method, &*head.line.target, &*head.line.version), ("GET", "/a?b", "HTTP/1.1"));
        assert_eq!(head.first("y"), Some(&b"a b"[..]));
        assert_eq!(head.first("x"), Some(&b""[..]));
        assert_eq!(head.length, 45);
        let head = response(b"HTTP/1.1 101 \r\nA: \xe9\r\n\r\n", place(), true);
        assert_eq!((head.faults, head.line.status, &*head.line.reason), (vec![], 101, ""));
    }

    #[test]
    fn each_fault_is_named_and_the_rest_still_read() {
        use Fault::*;
        let cases: [(&[u8], &[Fault]); 12] = [
            (b"GET / HTTP/1.1\nHost: x\r\n\r\n", &[BareLf]),
            (b"GET / HTTP/1.1\r\nHost: x\r\n\n", &[BareLf]),
            (b"GET / HTTP/1.1\r\nHost: x\ry\r\n\r\n", &[BareCr]),
            (b"GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n", &[ObsoleteFold]),
            (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", &[SpaceBeforeColon]),
            (b"GET / HTTP/1.1\r\nHost(: x\r\n\r\n", &[FieldName]),
            (b"GET / HTTP/1.1\r\nHost x\r\n\r\n", &[FieldName]),
            (b"GET / HTTP/1.1\r\nHost: \0x\r\n\r\n", &[FieldValue]),
            (b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", &[StartLine]),
            (b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", &[StartLine]),
            (b"GET / http/1.1\r\nHost: x\r\n\r\n", &[StartLine]),
            (b"GET /\r\n\r\n", &[StartLine]),
        ];
        for (bytes, expected) in cases {
            assert_eq!(faults_of(bytes), expected, "{}", String::from_utf8_lossy(bytes));
        }
        let folded = request(b"GET / HTTP/1.1\r\nA: x\r\n  y\r\nB : z\r\n\r\n", place(), true);
        assert_eq!(folded.first("a"), Some(&b"x y"[..]));
        assert_eq!(folded.first("b"), Some(&b"z"[..]));
        // RFC 9112 §4: the space behind the status code must be sent.
        assert_eq!(response(b"HTTP/1.1 101\r\n\r\n", place(), true).faults, [StartLine]);
        assert_eq!(response(b"HTTP/1.1 1O1 X\r\n\r\n", place(), true).line.status, 0);
        assert_eq!(request(b"GET / HTTP/1.1\r\nHo", place(), false).faults, [Unfinished]);
    }

    #[test]
    fn versions_of_the_right_form_are_no_fault() {
        assert_eq!(faults_of(b"GET / HTTP/1.0\r\n\r\n"), []);
        assert_eq!(faults_of(b"GET / HTTP/1.2\r\n\r\n"), []);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>, finished: bool) {
            request(&bytes, place(), finished);
            response(&bytes, place(), finished);
        }
    }
}
