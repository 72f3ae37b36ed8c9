//! `Sec-WebSocket-Key`: sixteen random bytes in base64, once for each connection (RFC 6455 §4.1 item 7).

use super::Case;
use crate::rules::header_syntax::{Field, quoted};
use crate::rules::{Blames, Confidence, Requirement, Rule, Severity};
use crate::scenario::Scenario;
use crate::websocket::{DecodedKey, KeyFault, SAMPLE_KEYS};

/// The rules of this file.
pub const RULES: &[&Rule] =
    &[&KEY_MISSING, &KEY_DUPLICATE, &KEY_BAD_BASE64, &KEY_WRONG_LENGTH, &KEY_NONCANONICAL, &KEY_SAMPLE, &KEY_REUSED];

const KEY: &str = "Sec-WebSocket-Key";

fn with_key(key: &'static str) -> Scenario {
    Scenario::new().handshake_with(|request| request.replace(KEY, key), |response| response)
}

/// `hs-req-key-missing`
pub static KEY_MISSING: Rule = Rule {
    id: "hs-req-key-missing",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Refuse { status: 400, source: "RFC 6455 §4.2.1" },
    source: "RFC 6455 §4.1",
    quote: "The request MUST include a header field with the name |Sec-WebSocket-Key|.",
    statement: "The request has no Sec-WebSocket-Key.",
    why: "The server has nothing to prove with that it understood the request, and must refuse it. Proxies that keep \
          a list of the headers they pass on are a common cause.",
    restraint: "Silent for clients of the hixie drafts, which have two other keys or none.",
    breaks: || Scenario::new().handshake_with(|request| request.without(KEY), |response| response),
    keeps: || Scenario::new().handshake(),
};

/// `hs-req-key-duplicate`
pub static KEY_DUPLICATE: Rule = Rule {
    id: "hs-req-key-duplicate",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §11.3.1",
    quote: "The |Sec-WebSocket-Key| header field MUST NOT appear more than once in an HTTP request.",
    statement: "Sec-WebSocket-Key appears more than once.",
    why: "One server answers the first key, another the last, a third both joined by a comma: the client sees a wrong \
          Sec-WebSocket-Accept that depends on the server. It mostly comes from setting the header by hand beside a \
          library that sets it too.",
    restraint: "",
    breaks: || {
        let again = "7nOAcy6fcx4jpGQ0pDCHgg==";
        Scenario::new().handshake_with(|request| request.header(KEY, again), |response| response)
    },
    keeps: || Scenario::new().handshake(),
};

/// `hs-req-key-bad-base64`
pub static KEY_BAD_BASE64: Rule = Rule {
    id: "hs-req-key-bad-base64",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Refuse { status: 400, source: "RFC 6455 §4.2.1" },
    source: "RFC 6455 §4.1",
    quote: "The value of this header field MUST be a nonce consisting of a randomly selected 16-byte value that has \
            been base64-encoded (see Section 4 of [RFC4648]).",
    statement: "Sec-WebSocket-Key is not base64.",
    why: "Servers that decode the key refuse the request with 400; servers that only hash it accept it, so the fault \
          shows only with some servers. The url-safe alphabet and padding that was cut off are the usual forms.",
    restraint: "",
    breaks: || with_key("7nOAcy6fcx4jpGQ0pDCHgg"),
    keeps: || with_key("7nOAcy6fcx4jpGQ0pDCHgg=="),
};

/// `hs-req-key-wrong-length`
pub static KEY_WRONG_LENGTH: Rule = Rule {
    id: "hs-req-key-wrong-length",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Refuse { status: 400, source: "RFC 6455 §4.2.1" },
    source: "RFC 6455 §4.1",
    quote: "The value of this header field MUST be a nonce consisting of a randomly selected 16-byte value that has \
            been base64-encoded (see Section 4 of [RFC4648]).",
    statement: "Sec-WebSocket-Key does not decode to 16 bytes.",
    why: "Servers check the length (§4.2.1 item 5) and refuse the request with 400.",
    restraint: "",
    breaks: || with_key("7nOAcy6fcx4jpGQ0pDCH"),
    keeps: || with_key("7nOAcy6fcx4jpGQ0pDCHgg=="),
};

/// `hs-req-key-noncanonical`
pub static KEY_NONCANONICAL: Rule = Rule {
    id: "hs-req-key-noncanonical",
    severity: Severity::Note,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 4648 §3.5",
    quote: "These pad bits MUST be set to zero by conforming encoders, which is described in the descriptions on \
            padding below.",
    statement: "The unused bits of the last symbol of Sec-WebSocket-Key are not zero.",
    why: "A strict base64 decoder refuses such a key, most do not. RFC 6455's own example in §4.1, \
          AQIDBAUGBwgJCgsMDQ4PEC==, is of this kind, so a server has to accept it.",
    restraint: "Never more than a note: the RFC's own example does it.",
    breaks: || with_key("7nOAcy6fcx4jpGQ0pDCHgh=="),
    keeps: || with_key("7nOAcy6fcx4jpGQ0pDCHgg=="),
};

/// `hs-req-key-sample`
pub static KEY_SAMPLE: Rule = Rule {
    id: "hs-req-key-sample",
    severity: Severity::Warning,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.1",
    quote: "The nonce MUST be selected randomly for each connection.",
    statement: "Sec-WebSocket-Key is a published sample or plain text, not a random nonce.",
    why: "The key exists so that an answer from a cache, or one meant for another request, is told from a fresh one. \
          A constant key gives that up.",
    restraint: "Certain only for keys that are known from specifications and tutorials, and for sixteen equal bytes. \
                Sixteen printable characters are taken for text: random bytes look so once in eight million keys.",
    breaks: || with_key("dGhlIHNhbXBsZSBub25jZQ=="),
    keeps: || Scenario::new().handshake(),
};

/// `hs-req-key-reused`
pub static KEY_REUSED: Rule = Rule {
    id: "hs-req-key-reused",
    severity: Severity::Warning,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.1",
    quote: "The nonce MUST be selected randomly for each connection.",
    statement: "Another connection from this client to this server had the same Sec-WebSocket-Key.",
    why: "An answer to one connection would be right for the other, so a cached or misrouted answer goes unnoticed. \
          The usual cause is a key that is made once, when the program starts.",
    restraint: "Silent where only one of client and server is the same: the two legs of a proxied connection carry \
                one key. A retry on the same TCP connection does not count.",
    breaks: || with_key("7nOAcy6fcx4jpGQ0pDCHgg==").connection().then(with_key("7nOAcy6fcx4jpGQ0pDCHgg==")),
    keeps: || with_key("7nOAcy6fcx4jpGQ0pDCHgg==").connection().then(Scenario::new().handshake()),
};

pub(super) fn judge(case: &mut Case<'_>) {
    let handshake = case.handshake;
    let Field { first, lines } = Field::of(case.request, KEY);
    let Some(key) = first else {
        return case.file(&KEY_MISSING, "the request has no Sec-WebSocket-Key");
    };
    if lines > 1 {
        case.file_showing(&KEY_DUPLICATE, key, format!("Sec-WebSocket-Key appears {lines} times in the request"));
    }
    match &handshake.key {
        None => {}
        Some(Err(fault)) => {
            let text = format!("the key {} is not base64: {}", quoted(key), describe(*fault, key.len()));
            case.file_showing(&KEY_BAD_BASE64, key, text);
        }
        Some(Ok(DecodedKey { nonce: None, length, .. })) => {
            let text = format!("the key {} decodes to {length} bytes instead of 16", quoted(key));
            case.file_showing(&KEY_WRONG_LENGTH, key, text);
        }
        Some(Ok(DecodedKey { nonce: Some(nonce), canonical, .. })) => {
            if !canonical {
                let text = format!("the last symbol of the key {} has pad bits that are not zero", quoted(key));
                case.file_showing(&KEY_NONCANONICAL, key, text);
            }
            judge_randomness(case, key, nonce);
        }
    }
    if let Some(other) = handshake.neighbourhood.key_of {
        let text = format!("the key {} was sent on connection {other} to the same server already", quoted(key));
        case.file_showing(&KEY_REUSED, key, text);
    }
}

fn judge_randomness(case: &mut Case<'_>, key: &[u8], nonce: &[u8; 16]) {
    // Few keys begin as one of them does.
    let is = |sample: &str| sample.as_bytes().first() == key.first() && sample.as_bytes() == key;
    let is_published = SAMPLE_KEYS.iter().any(|sample| is(sample));
    let is_constant = nonce.windows(2).all(|pair| pair[0] == pair[1]);
    let (confidence, text) = if is_published {
        (Confidence::Certain, format!("the key {} stands in a published example", quoted(key)))
    } else if is_constant {
        (Confidence::Certain, format!("the key {} is one byte sixteen times", quoted(key)))
    } else if nonce.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        let text = format!("the key {} decodes to the text {}", quoted(key), quoted(nonce));
        (Confidence::Statistical, text)
    } else {
        return;
    };
    let mut finding = case.finding(&KEY_SAMPLE, text).with_evidence(key);
    finding.confidence = confidence;
    case.docket.file(finding);
}

fn describe(fault: KeyFault, length: usize) -> String {
    match fault {
        KeyFault::Alphabet { offset, byte: byte @ (b'-' | b'_') } => {
            format!("'{}' at offset {offset} belongs to the url-safe alphabet", char::from(byte))
        }
        KeyFault::Alphabet { offset, byte } => format!("byte {byte:#04x} at offset {offset} is not in the alphabet"),
        KeyFault::Padding => format!("its {length} characters are not padded as they should be"),
    }
}
