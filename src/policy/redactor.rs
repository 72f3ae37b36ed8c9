//! Keeps secrets out of reports: payloads, credentials in headers and in URLs.
//!
//! What stays is what a finding rests on: frame headers, masking keys, close codes, the nonce and its answer.

use crate::analysis::{Connection, ConnectionEnd, Sink};
use crate::http::{Header, RequestLine};
use crate::rules::Finding;
use crate::websocket::{Frame, Handshake, Message, Opcode};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

/// Stands where something was.
const REDACTED: &str = "[redacted]";

/// Headers whose values are credentials.
const CREDENTIALS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];

/// Headers whose values are URLs.
const URLS: [&str; 5] = [":path", "referer", "location", "content-location", "refresh"];

/// Passes on everything but secrets.
pub struct Redactor<'a> {
    inner: &'a mut dyn Sink,
    /// The header of each connection's latest frame: evidence that is this holds no payload.
    headers: BTreeMap<u64, (u64, Vec<u8>)>,
}

impl<'a> Redactor<'a> {
    /// Passes on to `inner`.
    pub fn new(inner: &'a mut dyn Sink) -> Redactor<'a> {
        Redactor { inner, headers: BTreeMap::new() }
    }

    /// The sink it passes on to.
    pub fn into_inner(self) -> &'a mut dyn Sink {
        self.inner
    }

    fn is_header(&self, id: Option<u64>, finding: &Finding) -> bool {
        let latest = id.and_then(|id| self.headers.get(&id));
        latest.is_some_and(|(index, header)| finding.frame == Some(*index) && finding.evidence == *header)
    }
}

impl Sink for Redactor<'_> {
    crate::analysis::relay!(inner: pause, reaction, timeline, capture, unreadable, summary);

    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        let handshake = connection.handshake.map(handshake);
        self.inner.connection(&Connection { handshake: handshake.as_ref(), ..connection.clone() })
    }

    fn frame(&mut self, id: u64, frame: &Frame<'_>) -> io::Result<()> {
        let (index, header) = self.headers.entry(id).or_default();
        *index = frame.index;
        header.clear();
        header.extend_from_slice(frame.header_bytes);
        let kept = match frame.header.opcode {
            // The status code; the reason behind it is text.
            Opcode::CLOSE => frame.payload.len().min(2),
            _ => 0,
        };
        self.inner.frame(id, &Frame { payload: frame.payload.get(..kept).unwrap_or_default(), ..frame.clone() })
    }

    fn message(&mut self, id: u64, message: &Message<'_>) -> io::Result<()> {
        // The digest of a short message is as good as the message.
        self.inner.message(id, &Message { payload: &[], sha256: None, ..message.clone() })
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        let mut finding = finding.clone();
        if !self.is_header(id, &finding) {
            finding.evidence.clear();
        }
        finding.message = without_bytes(&without_quotes(&finding.message));
        self.inner.finding(id, &finding)
    }

    fn connection_end(&mut self, id: u64, end: &ConnectionEnd) -> io::Result<()> {
        self.headers.remove(&id);
        let mut end = end.clone();
        let frames = &mut end.closing.frames;
        for frame in frames.client.iter_mut().chain(frames.server.iter_mut()) {
            if !frame.reason.is_empty() {
                frame.reason = REDACTED.to_owned();
            }
        }
        let outcomes = &mut end.closing.outcomes;
        for outcome in outcomes.client.iter_mut().chain(outcomes.server.iter_mut()) {
            for reason in outcome.reason.iter_mut().filter(|reason| !reason.is_empty()) {
                *reason = REDACTED.to_owned();
            }
        }
        self.inner.connection_end(id, &end)
    }
}

fn handshake(handshake: &Handshake) -> Handshake {
    let mut handshake = handshake.clone();
    if let Some(request) = &mut handshake.attempt.request {
        let RequestLine { target, .. } = &mut request.line;
        *target = without_values(target);
        request.headers = request.headers.iter().map(header).collect();
    }
    if let Some(response) = &mut handshake.attempt.response {
        response.headers = response.headers.iter().map(header).collect();
    }
    handshake
}

fn header(header: Header<'_>) -> (&[u8], Cow<'_, [u8]>) {
    let named = |names: &[&str]| names.iter().any(|name| header.name.eq_ignore_ascii_case(name.as_bytes()));
    let value = if named(&CREDENTIALS) {
        REDACTED.as_bytes().into()
    } else if named(&URLS) {
        without_values(&String::from_utf8_lossy(header.value)).into_bytes().into()
    } else {
        header.value.into()
    };
    (header.name, value)
}

/// A URL without the values of its query, its fragment, and what stands before an `@` in its authority.
fn without_values(url: &str) -> String {
    let (url, fragment) = url.split_once('#').map_or((url, None), |(url, fragment)| (url, Some(fragment)));
    let (place, query) = url.split_once('?').map_or((url, None), |(place, query)| (place, Some(query)));
    let mut out = String::with_capacity(url.len());
    match place.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit_once('@');
            let user = if host.is_some() { "[redacted]@" } else { "" };
            out.extend([scheme, "://", user, host.map_or(authority, |(_, host)| host), path]);
        }
        None => out.push_str(place),
    }
    for (n, pair) in query.into_iter().flat_map(|query| query.split('&')).enumerate() {
        out.push(if n == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            Some((name, _)) => out.extend([name, "=", REDACTED]),
            // A value without a name, as in `?eyJhbGciOi…`.
            None if pair.is_empty() => {}
            None => out.push_str(REDACTED),
        }
    }
    if fragment.is_some() {
        out.extend(["#", REDACTED]);
    }
    out
}

/// A finding's message without what it quotes from the wire. What is quoted may hold quotation marks itself, so that
/// everything between the first and the last goes.
fn without_quotes(message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(first), Some(last)) if first < last => {
            format!("{}\"{REDACTED}\"{}", &message[..first], &message[last + 1..])
        }
        _ => message.to_owned(),
    }
}

/// A finding's message without the bytes it spells in hexadecimal, as `C3 28`: those of text that is not UTF-8.
fn without_bytes(message: &str) -> String {
    let is_byte = |word: &str| {
        let digits = |byte: u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
        word.len() == 2 && word.bytes().all(digits)
    };
    let words: Vec<&str> = message.split(' ').collect();
    let is_byte_at = |n: Option<usize>| n.and_then(|n| words.get(n)).is_some_and(|word| is_byte(word));
    let spelt = |(n, word): (usize, &&str)| {
        let letters = word.bytes().any(|byte| byte.is_ascii_alphabetic());
        is_byte(word) && (letters || is_byte_at(n.checked_sub(1)) || is_byte_at(n.checked_add(1)))
    };
    let shown: Vec<&str> =
        words.iter().enumerate().map(|(n, word)| if spelt((n, word)) { "??" } else { word }).collect();
    shown.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_keep_their_shape() {
        for (url, redacted) in [
            ("/chat", "/chat"),
            ("/chat?room=1&token=abc", "/chat?room=[redacted]&token=[redacted]"),
            ("/chat?eyJhbGciOi", "/chat?[redacted]"),
            ("/chat?", "/chat?"),
            ("/chat?a=b?c=d#e", "/chat?a=[redacted]#[redacted]"),
            ("http://me:secret@host:80/chat?t=1", "http://[redacted]@host:80/chat?t=[redacted]"),
            ("http://host", "http://host"),
        ] {
            assert_eq!(without_values(url), redacted);
        }
    }

    #[test]
    fn messages_keep_what_they_do_not_quote() {
        assert_eq!(without_quotes("Upgrade is \"a\" or \"b\", not it"), "Upgrade is \"[redacted]\", not it");
        assert_eq!(without_quotes("reason \"a\"b\""), "reason \"[redacted]\"");
        assert_eq!(without_quotes("5\" long"), "5\" long");
        assert_eq!(without_bytes("at byte 13 (frame 3), C3 28 is no UTF-8"), "at byte 13 (frame 3), ?? ?? is no UTF-8");
        assert_eq!(without_bytes("FF is no UTF-8 of version 13"), "?? is no UTF-8 of version 13");
    }
}
