//! What the client says of itself and offers: Origin, subprotocols, extensions (RFC 6455 §4.1 items 8, 10 and 11).

use super::Case;
use crate::http::{Head, RequestLine};
use crate::rules::header_syntax::{Field, elements, is_token, quoted};
use crate::rules::{Blames, Requirement, Rule, Severity};
use crate::scenario::Scenario;
use std::collections::HashSet;

/// The rules of this file.
pub const RULES: &[&Rule] = &[
    &ORIGIN_MISSING,
    &ORIGIN_SYNTAX,
    &PROTOCOL_INVALID_TOKEN,
    &PROTOCOL_DUPLICATE,
    &EXTENSIONS_SYNTAX,
    &EXTENSION_UNREGISTERED,
];

const EXTENSIONS: &str = "Sec-WebSocket-Extensions";
const PROTOCOL: &str = "Sec-WebSocket-Protocol";

/// The IANA registry of extension names (RFC 6455 §11.4).
const REGISTERED: [&str; 2] = ["permessage-deflate", "bbf-usp-protocol"];

/// Fields by which a proxy says that it passes a request on (RFC 9110 §7.6.3, RFC 7239).
const FORWARDED: [&str; 3] = ["via", "forwarded", "x-forwarded-for"];

fn with_header(name: &'static str, value: &'static str) -> Scenario {
    Scenario::new().handshake_with(|request| request.header(name, value), |response| response)
}

fn with_protocols(offered: &'static str, chosen: &'static str) -> Scenario {
    Scenario::new()
        .handshake_with(|request| request.header(PROTOCOL, offered), |response| response.header(PROTOCOL, chosen))
}

/// `hs-req-origin-missing`
pub static ORIGIN_MISSING: Rule = Rule {
    id: "hs-req-origin-missing",
    severity: Severity::Warning,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.1",
    quote: "The request MUST include a header field with the name |Origin| [RFC6454] if the request is coming from a \
            browser client.",
    statement: "The request looks like a browser's but has no Origin.",
    why: "Servers refuse browsers by their Origin (§10.2); one that demands it answers 403. A browser always sends \
          it, so something between removed it, or a program only calls itself a browser.",
    restraint: "Silent where a header says that a proxy passed the request on: the proxy may have removed it.",
    breaks: || with_header("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    keeps: || with_header("User-Agent", "curl/8.14.1"),
};

/// `hs-req-origin-syntax`
pub static ORIGIN_SYNTAX: Rule = Rule {
    id: "hs-req-origin-syntax",
    severity: Severity::Warning,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.1",
    quote: "The value of this header field is the ASCII serialization of origin of the context in which the code \
            establishing the connection is running.",
    statement: "Origin is not one serialised origin: a scheme, \"://\", a host and perhaps a port, or \"null\".",
    why: "Servers compare Origin with a list as text: \"https://example.com/\" is not \"https://example.com\", and the \
          connection is refused with 403.",
    restraint: "The host's characters are not judged, and an empty host is one: pages from files send \"file://\".",
    breaks: || with_header("Origin", "http://server.example.com/"),
    keeps: || with_header("Origin", "http://server.example.com"),
};

/// `hs-req-protocol-invalid-token`
pub static PROTOCOL_INVALID_TOKEN: Rule = Rule {
    id: "hs-req-protocol-invalid-token",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.1",
    quote: "The elements that comprise this value MUST be non-empty strings with characters in the range U+0021 to \
            U+007E not including separator characters as defined in [RFC2616] and MUST all be unique strings.",
    statement: "A subprotocol's name is empty or not a token.",
    why: "Browsers refuse to send such a name, and servers that check it answer 400. It is mostly a URL, or a \
          credential that was put there for want of another header.",
    restraint: "An empty element beside others is a warning: the list syntax of RFC 2616 let it pass, that of RFC 9110 \
                does not.",
    breaks: || with_protocols("chat/v1", "chat/v1"),
    keeps: || with_protocols("chat.v1", "chat.v1"),
};

/// `hs-req-protocol-duplicate`
pub static PROTOCOL_DUPLICATE: Rule = Rule {
    id: "hs-req-protocol-duplicate",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.1",
    quote: "The elements that comprise this value MUST be non-empty strings with characters in the range U+0021 to \
            U+007E not including separator characters as defined in [RFC2616] and MUST all be unique strings.",
    statement: "The same subprotocol is offered twice.",
    why: "Servers that check it answer 400; browsers throw a SyntaxError before anything is sent.",
    restraint: "Names compare with case: \"chat\" and \"Chat\" are two.",
    breaks: || with_protocols("chat, superchat, chat", "chat"),
    keeps: || with_protocols("chat, superchat, Chat", "chat"),
};

/// `hs-req-extensions-syntax`
pub static EXTENSIONS_SYNTAX: Rule = Rule {
    id: "hs-req-extensions-syntax",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Refuse { status: 400, source: "RFC 6455 §9.1" },
    source: "RFC 6455 §9.1",
    quote: "If a value is received by either the client or the server during negotiation that does not conform to the \
            ABNF below, the recipient of such malformed data MUST immediately _Fail the WebSocket Connection_.",
    statement: "Sec-WebSocket-Extensions in the request does not match the grammar.",
    why: "A server must refuse the connection; a lenient one accepts whatever it understood of the offer, which may \
          not be what was meant.",
    restraint: "",
    breaks: || with_header(EXTENSIONS, "permessage-deflate; client_max_window_bits="),
    keeps: || with_header(EXTENSIONS, "permessage-deflate; client_max_window_bits"),
};

/// `hs-req-extension-unregistered`
pub static EXTENSION_UNREGISTERED: Rule = Rule {
    id: "hs-req-extension-unregistered",
    severity: Severity::Note,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §9.1",
    quote: "Any extension-token used MUST be a registered token (see Section 11.4).",
    statement: "The client offers an extension that is not registered with IANA.",
    why: "Only programs that know of each other understand it; everybody else passes over the offer. \
          x-webkit-deflate-frame is what old browsers offered before permessage-deflate.",
    restraint: "A note only: names are registered first come, first served, so a name may have been added since.",
    breaks: || with_header(EXTENSIONS, "x-webkit-deflate-frame"),
    keeps: || with_header(EXTENSIONS, "permessage-deflate"),
};

pub(super) fn judge(case: &mut Case<'_>) {
    judge_origin(case);
    judge_protocols(case);
    judge_extensions(case);
}

fn judge_origin(case: &mut Case<'_>) {
    let Field { first, lines } = Field::of(case.request, "origin");
    let Some(origin) = first else {
        if let Some(sign) = browser_sign(case.request) {
            case.file(&ORIGIN_MISSING, format!("the request has no Origin although {sign} speaks of a browser"));
        }
        return;
    };
    if lines > 1 {
        let text = format!("Origin appears {lines} times in the request");
        case.file_showing(&ORIGIN_SYNTAX, origin, text);
    } else if !is_plain_origin(origin)
        && let Some(fault) = origin_fault(origin)
    {
        case.file_showing(&ORIGIN_SYNTAX, origin, format!("Origin is {}, which {fault}", quoted(origin)));
    }
}

/// What makes a request that no proxy passed on look like a browser's.
fn browser_sign(request: &Head<RequestLine>) -> Option<&'static str> {
    if FORWARDED.iter().any(|name| request.first(name).is_some()) {
        return None;
    }
    // A page cannot set the fields that begin with "Sec-": only the browser itself writes these.
    if ["sec-fetch-mode", "sec-fetch-dest", "sec-fetch-site"].iter().any(|name| request.first(name).is_some()) {
        return Some("Sec-Fetch");
    }
    request.first("user-agent").is_some_and(|agent| agent.starts_with(b"Mozilla/")).then_some("User-Agent")
}

/// Whether it is what nearly every page's origin is, in which [`origin_fault`] finds nothing.
fn is_plain_origin(origin: &[u8]) -> bool {
    let host = origin.strip_prefix(b"https://").or_else(|| origin.strip_prefix(b"http://"));
    host.is_some_and(|host| host.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')))
}

/// RFC 6454 §7.1: `serialized-origin = scheme "://" host [ ":" port ]`, or "null".
fn origin_fault(origin: &[u8]) -> Option<&'static str> {
    if origin == b"null" {
        return None;
    }
    if origin.iter().any(|byte| matches!(byte, b' ' | b'\t' | b',')) {
        return Some("is more than one origin");
    }
    let Some(separator) = origin.windows(3).position(|window| window == b"://") else {
        return Some("has no scheme");
    };
    let (scheme, rest) = (&origin[..separator], &origin[separator + 3..]);
    let is_scheme = scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    if !is_scheme {
        return Some("has no valid scheme");
    }
    if rest.iter().any(|byte| matches!(byte, b'/' | b'?' | b'#')) {
        return Some("has a path");
    }
    if rest.contains(&b'@') {
        return Some("has a user name");
    }
    if !rest.is_ascii() {
        return Some("is not ASCII");
    }
    let after_address = rest.iter().rposition(|&byte| byte == b']').map_or(0, |bracket| bracket + 1);
    let port = rest[after_address..].splitn(2, |&byte| byte == b':').nth(1).unwrap_or_default();
    (!port.iter().all(u8::is_ascii_digit)).then_some("has a port that is not a number")
}

fn judge_protocols(case: &mut Case<'_>) {
    let request = case.request;
    let Some(first) = request.first(PROTOCOL) else { return };
    if request.list(PROTOCOL).next().is_none() {
        case.file(&PROTOCOL_INVALID_TOKEN, "Sec-WebSocket-Protocol names no subprotocol");
        return;
    }
    if elements(request, PROTOCOL).any(<[u8]>::is_empty) {
        let text = "Sec-WebSocket-Protocol has an empty element between commas";
        let finding = case.finding(&PROTOCOL_INVALID_TOKEN, text).with_severity(Severity::Warning);
        case.docket.file(finding.with_evidence(first));
    }
    let mut seen: HashSet<&[u8]> = HashSet::new();
    let mut repeated: HashSet<&[u8]> = HashSet::new();
    for name in request.list(PROTOCOL) {
        if !seen.insert(name) {
            if repeated.insert(name) {
                let text = format!("the subprotocol {} is offered more than once", quoted(name));
                case.file_showing(&PROTOCOL_DUPLICATE, name, text);
            }
        } else if !is_token(name) {
            let text = match name.iter().copied().find(|&byte| !is_token(&[byte])) {
                Some(byte @ b'!'..=b'~') => format!("has the separator '{}'", char::from(byte)),
                Some(b' ' | b'\t') => "has white space".to_owned(),
                Some(byte) => format!("has the byte {byte:#04x}"),
                None => "is no token".to_owned(),
            };
            case.file_showing(&PROTOCOL_INVALID_TOKEN, name, format!("the subprotocol {} {text}", quoted(name)));
        }
    }
}

fn judge_extensions(case: &mut Case<'_>) {
    let handshake = case.handshake;
    if let Some(fault) = handshake.offer_syntax {
        let text = format!("the offered extensions are malformed at offset {}: {}", fault.offset, fault.what);
        case.file_showing(&EXTENSIONS_SYNTAX, case.request.first(EXTENSIONS).unwrap_or_default(), text);
    }
    if handshake.offers.is_empty() {
        return;
    }
    let mut seen = HashSet::new();
    for offer in &handshake.offers {
        let is_registered = REGISTERED.iter().any(|name| offer.name.eq_ignore_ascii_case(name));
        if !is_registered && seen.insert(offer.name.as_str()) {
            let name = offer.name.as_bytes();
            let text = format!("the client offers the extension {}, which is not registered", quoted(name));
            case.file_showing(&EXTENSION_UNREGISTERED, name, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_plain_origin_has_no_fault(origin in "https?://[A-Za-z0-9.:/@ -]{0,12}") {
            if is_plain_origin(origin.as_bytes()) {
                prop_assert_eq!(origin_fault(origin.as_bytes()), None);
            }
        }
    }
}
