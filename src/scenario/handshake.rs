//! The opening handshake as it is to be sent (RFC 6455 §4), conforming unless told otherwise.

use super::keys::Keys;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// What the server appends to the key before it hashes it (RFC 6455 §1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A request or a response: a start line, header lines and what follows the empty line.
#[derive(Clone, Debug)]
pub struct Head<Start> {
    start: Start,
    lines: Vec<Line>,
    line_end: Vec<u8>,
    body: Vec<u8>,
}

/// An upgrade request.
pub type Request = Head<RequestLine>;

/// The answer to one.
pub type Response = Head<StatusLine>;

/// The first line of a request.
#[derive(Clone, Debug)]
pub struct RequestLine {
    method: String,
    target: String,
    version: String,
}

/// The first line of a response.
#[derive(Clone, Debug)]
pub struct StatusLine {
    version: String,
    status: u16,
    reason: String,
}

#[derive(Clone, Debug)]
enum Line {
    Field(String, Value),
    Raw(Vec<u8>),
}

#[derive(Clone, Debug)]
enum Value {
    Given(Vec<u8>),
    /// A nonce that no other handshake of the capture has.
    FreshKey,
    /// What answers the key that was last sent on this connection.
    Accept,
}

impl<Start> Head<Start> {
    fn new(start: Start, fields: Vec<(&str, Value)>) -> Self {
        let lines = fields.into_iter().map(|(name, value)| Line::Field(name.to_owned(), value)).collect();
        Head { start, lines, line_end: b"\r\n".to_vec(), body: Vec::new() }
    }

    /// Adds a header field at the end, even where there is one of that name.
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.lines.push(Line::Field(name.to_owned(), Value::Given(value.into())));
        self
    }

    /// Removes all header fields of this name, whatever their case.
    pub fn without(mut self, name: &str) -> Self {
        self.lines.retain(|line| !line.is_named(name));
        self
    }

    /// Gives the header field of this name another value, and the name the case it has here; adds it where there is
    /// none.
    pub fn replace(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        let line = Line::Field(name.to_owned(), Value::Given(value.into()));
        match self.lines.iter_mut().find(|line| line.is_named(name)) {
            Some(found) => *found = line,
            None => self.lines.push(line),
        }
        self
    }

    /// Adds a line of header that need not be a field; the line end is added.
    pub fn line(mut self, line: impl Into<Vec<u8>>) -> Self {
        self.lines.push(Line::Raw(line.into()));
        self
    }

    /// Ends lines with this instead of CR LF.
    pub fn line_end(mut self, end: impl Into<Vec<u8>>) -> Self {
        self.line_end = end.into();
        self
    }

    /// Puts these bytes after the empty line; says nothing of them in the header.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    fn write_lines(&self, keys: &mut Keys, key: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&self.line_end);
        for line in &self.lines {
            match line {
                Line::Raw(bytes) => out.extend_from_slice(bytes),
                Line::Field(name, value) => {
                    out.extend_from_slice(name.as_bytes());
                    out.extend_from_slice(b": ");
                    match value {
                        Value::Given(bytes) => out.extend_from_slice(bytes),
                        Value::FreshKey => out.extend_from_slice(STANDARD.encode(keys.nonce()).as_bytes()),
                        Value::Accept => out.extend_from_slice(accept(key).as_bytes()),
                    }
                }
            }
            out.extend_from_slice(&self.line_end);
        }
        out.extend_from_slice(&self.line_end);
        out.extend_from_slice(&self.body);
    }
}

impl Head<RequestLine> {
    /// The request of RFC 6455 §1.3 without what is optional there, and with a key of its own.
    pub(super) fn request() -> Request {
        let start = RequestLine { method: "GET".into(), target: "/chat".into(), version: "HTTP/1.1".into() };
        Head::new(
            start,
            vec![
                ("Host", Value::Given(b"server.example.com".into())),
                ("Upgrade", Value::Given(b"websocket".into())),
                ("Connection", Value::Given(b"Upgrade".into())),
                ("Sec-WebSocket-Key", Value::FreshKey),
                ("Sec-WebSocket-Version", Value::Given(b"13".into())),
            ],
        )
    }

    /// Asks with this method instead of `GET`.
    pub fn method(mut self, method: &str) -> Self {
        self.start.method = method.to_owned();
        self
    }

    /// Asks for this target instead of `/chat`.
    pub fn target(mut self, target: &str) -> Self {
        self.start.target = target.to_owned();
        self
    }

    /// Says this version instead of `HTTP/1.1`.
    pub fn version(mut self, version: &str) -> Self {
        self.start.version = version.to_owned();
        self
    }

    pub(super) fn write(&self, keys: &mut Keys, out: &mut Vec<u8>) {
        let RequestLine { method, target, version } = &self.start;
        out.extend_from_slice(format!("{method} {target} {version}").as_bytes());
        self.write_lines(keys, b"", out);
    }
}

impl Head<StatusLine> {
    /// The answer of RFC 6455 §1.3 without a subprotocol.
    pub(super) fn response() -> Response {
        let start = StatusLine { version: "HTTP/1.1".into(), status: 101, reason: "Switching Protocols".into() };
        Head::new(
            start,
            vec![
                ("Upgrade", Value::Given(b"websocket".into())),
                ("Connection", Value::Given(b"Upgrade".into())),
                ("Sec-WebSocket-Accept", Value::Accept),
            ],
        )
    }

    /// Answers with this status and reason instead of `101 Switching Protocols`; the header stays as it is.
    pub fn status(mut self, status: u16, reason: &str) -> Self {
        self.start.status = status;
        self.start.reason = reason.to_owned();
        self
    }

    /// Says this version instead of `HTTP/1.1`.
    pub fn version(mut self, version: &str) -> Self {
        self.start.version = version.to_owned();
        self
    }

    /// `key` is what the request had, as it was sent.
    pub(super) fn write(&self, keys: &mut Keys, key: &[u8], out: &mut Vec<u8>) {
        let StatusLine { version, status, reason } = &self.start;
        out.extend_from_slice(format!("{version} {status} {reason}").as_bytes());
        self.write_lines(keys, key, out);
    }
}

impl Line {
    fn is_named(&self, wanted: &str) -> bool {
        matches!(self, Line::Field(name, _) if name.eq_ignore_ascii_case(wanted))
    }
}

/// RFC 6455 §4.2.2: base64 of the SHA-1 of the key and the GUID.
pub(super) fn accept(key: &[u8]) -> String {
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize())
}

/// The value of the first Sec-WebSocket-Key line in these bytes.
pub(super) fn key_in(bytes: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"sec-websocket-key";
    bytes.split(|&byte| byte == b'\n').find_map(|line| {
        let (name, rest) = line.split_at_checked(NAME.len())?;
        let value = rest.trim_ascii_start().strip_prefix(b":")?;
        name.eq_ignore_ascii_case(NAME).then_some(value.trim_ascii())
    })
}
