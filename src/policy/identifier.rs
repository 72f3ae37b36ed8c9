//! Fingerprints: what a finding has in common with the same finding in another capture.
//!
//! Two captures of one conversation differ in ports, times, masking keys, nonces and in how the frames of the two
//! sides interleave, so none of these may tell. What is left is hashed: the rule, whom it blames, the method, host and
//! path of the upgrade request, the opcode of the frame, and the message of the finding without what differs. Findings
//! that agree in all of this are numbered.

use crate::analysis::Connection;
use crate::http::{Head, RequestLine};
use crate::rules::{Finding, Fingerprint};
use foldhash::fast::RandomState;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// The opcode of a later frame is in no fingerprint. There was a reason once, and baselines hold what came of it.
const FRAMES: u64 = 1024;

/// Gives findings their fingerprints.
#[derive(Debug, Default)]
pub(super) struct Identifier {
    connections: HashMap<u64, Known, RandomState>,
    ordinals: HashMap<[u8; 16], u32, RandomState>,
}

/// What a connection asked for, in one piece of memory. It is taken apart for a finding; most connections have none.
#[derive(Debug)]
struct Known {
    /// Method, host and target of the request, one behind the other.
    text: Box<[u8]>,
    /// Where the host begins, and the target.
    host: usize,
    target: usize,
}

impl Known {
    fn new(request: &Head<RequestLine>) -> Known {
        let (method, host, target) = parts(request);
        let text = [method.as_bytes(), host, target.as_bytes()].concat().into();
        Known { text, host: method.len(), target: method.len() + host.len() }
    }

    fn words(&self) -> String {
        // They were text.
        let text = |bytes| std::str::from_utf8(bytes).unwrap_or_default();
        let Known { host, target, .. } = *self;
        in_words(text(&self.text[..host]), &self.text[host..target], text(&self.text[target..]))
    }
}

impl Identifier {
    pub(super) fn connection(&mut self, connection: &Connection<'_>) {
        if let Some(request) = connection.handshake.and_then(|handshake| handshake.attempt.request.as_ref()) {
            self.connections.insert(connection.id, Known::new(request));
        }
    }

    pub(super) fn connection_end(&mut self, id: u64) {
        self.connections.remove(&id);
    }

    pub(super) fn fingerprint(&mut self, id: Option<u64>, finding: &Finding) -> Fingerprint {
        let known = id.and_then(|id| self.connections.get(&id));
        let opcode = finding.opcode.filter(|_| finding.frame.is_some_and(|frame| frame < FRAMES));
        let mut digest = Sha256::new();
        let parts = [
            finding.rule.id,
            finding.blame.map_or("nobody", |blame| blame.name()),
            &known.map_or(String::new(), Known::words),
            &opcode.map_or(String::new(), |opcode| opcode.0.to_string()),
            &lasting(&finding.message),
        ];
        for part in parts {
            digest.update(part);
            digest.update([0]);
        }
        let mut hash = [0; 16];
        hash.copy_from_slice(&digest.finalize()[..16]);
        let ordinal = self.ordinals.entry(hash).or_insert(0);
        *ordinal = ordinal.saturating_add(1);
        Fingerprint { hash, ordinal: *ordinal }
    }
}

/// Method, host and path: no port and no query, which may hold a session's id.
pub(super) fn asked_for(request: &Head<RequestLine>) -> String {
    let (method, host, target) = parts(request);
    in_words(method, host, target)
}

/// Method, host with its port, and target.
fn parts(request: &Head<RequestLine>) -> (&str, &[u8], &str) {
    let RequestLine { method, target, .. } = &request.line;
    (method, request.host().unwrap_or_default(), target)
}

fn in_words(method: &str, host: &[u8], target: &str) -> String {
    // RFC 9112 §3.2.2: the absolute form names the host once more.
    let path = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let host = String::from_utf8_lossy(host).to_ascii_lowercase();
    let port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let host = host.rsplit_once(':').filter(|(_, behind)| port(behind)).map_or(&*host, |(host, _)| host);
    format!("{method} {host} {}", lasting(path))
}

/// Numbers behind these words say what the fault is, not where or when it was.
const SAYING: [&str; 7] = ["code", "codes", "status", "version", "opcode", "rsv", "bits"];

/// Units of time: which one a duration is told in depends on how long it was.
const UNITS: [&str; 5] = ["s", "ms", "us", "min", "h"];

/// The text without what differs from capture to capture: places, times, lengths, addresses, keys.
fn lasting(text: &str) -> String {
    let words = words(text);
    let word = |n: Option<usize>| n.and_then(|n| words.get(n)).copied().unwrap_or_default();
    let mut out = String::with_capacity(text.len());
    let mut before = "";
    let mut n = 0;
    while let Some(&this) = words.get(n) {
        let (prefix, separator, next) = (word(n.checked_sub(1)), word(n.checked_add(1)), word(n.checked_add(2)));
        n += 1;
        if !this.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            out.push_str(this);
            continue;
        }
        let unit = this.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_number = unit.is_empty() || unit.len() < this.len() && UNITS.contains(&unit);
        let in_hex_dump = is_hex_byte(this) && (is_hex_byte(next) || is_hex_byte(word(n.checked_sub(3))));
        let says_what = prefix.ends_with('=') || SAYING.contains(&before.to_ascii_lowercase().as_str());
        before = this;
        if is_number && !says_what || in_hex_dump || is_key(this, separator) {
            out.push('#');
            // The unit goes with its number.
            if is_number && matches!(separator, " " | " µ") && UNITS.contains(&next) {
                n += 2;
            }
        } else {
            out.push_str(this);
        }
    }
    // `1.25` and `2 min 03 s` are one number, as `3` is.
    for several in ["#.#", "# #"] {
        while out.contains(several) {
            out = out.replace(several, "#");
        }
    }
    out
}

/// Runs of letters and digits (with what base64 uses beside them), and runs of everything else.
fn words(text: &str) -> Vec<&str> {
    let belongs = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_');
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let inside = first.is_ascii_alphanumeric();
        let end =
            rest.find(|c: char| if inside { !belongs(c) } else { c.is_ascii_alphanumeric() }).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        words.push(word);
        rest = behind;
    }
    words
}

fn is_hex_byte(word: &str) -> bool {
    word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A masking key in hexadecimal, a nonce or its answer in base64, a digest.
fn is_key(word: &str, behind: &str) -> bool {
    let bare = word.strip_prefix("0x").unwrap_or(word);
    if bare.len() >= 8 && bare.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return true;
    }
    let has = |test: fn(&u8) -> bool| word.as_bytes().iter().any(test);
    let mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
    word.len() >= 16 && !word.starts_with("Sec-WebSocket") && (behind.starts_with('=') || mixed)
}

#[cfg(test)]
mod tests {
    use super::lasting;

    #[test]
    fn what_differs_from_capture_to_capture_is_left_out() {
        let same = [
            ("client's frame 3 has the masking key 37fa213d", "client's frame 12 has the masking key 00000000"),
            ("the key dGhlIHNhbXBsZSBub25jZQ== is one", "the key x3JJHMbDL1EzLkh9GBhXDw== is one"),
            ("accept s3pPLMBiTxaQ9kYGzzhZRbK+xOo= is wrong", "accept HSmrc0sMlYUkAGmm5OPpG2HaGWk= is wrong"),
            ("no answer from 127.0.0.1:42500 after 1.25 s", "no answer from 127.0.0.1:5 after 30 s"),
            ("waited 350 µs", "waited 2 min 03 s"),
            ("within 1.5s", "within 300ms"),
            ("bytes c3 28 fe at offset 7", "bytes ff fe 80 at offset 900"),
        ];
        for (one, other) in same {
            assert_eq!(lasting(one), lasting(other));
        }
    }

    #[test]
    fn what_says_what_the_fault_is_stays() {
        let different = [
            ("server's Close has the code 1005", "server's Close has the code 1006"),
            ("refused with status 401", "refused with status 404"),
            ("server_max_window_bits=15", "server_max_window_bits=8"),
            ("has the reserved opcode 0xB", "has the reserved opcode 0xC"),
            ("subprotocol \"a\" was not offered", "subprotocol \"b\" was not offered"),
        ];
        for (one, other) in different {
            assert_ne!(lasting(one), lasting(other));
        }
        assert_eq!(
            lasting("no Sec-WebSocket-Key1 and no Sec-WebSocket-Accept"),
            "no Sec-WebSocket-Key1 and no Sec-WebSocket-Accept"
        );
    }
}
