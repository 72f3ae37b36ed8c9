//! The rules about the three fields that make an answer a WebSocket answer: Upgrade, Connection and
//! Sec-WebSocket-Accept.

use crate::rules::{Blames, Requirement, Rule, Severity};
use crate::scenario::{Response, Scenario};

/// The rules of this file.
pub const RULES: &[&Rule] = &[
    &UPGRADE_MISSING,
    &UPGRADE_VALUE,
    &CONNECTION_MISSING_UPGRADE,
    &ACCEPT_MISSING,
    &ACCEPT_DUPLICATE,
    &ACCEPT_MISMATCH,
    &ACCEPT_OTHER_CONNECTION,
];

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

fn answered(change: impl FnOnce(Response) -> Response) -> Scenario {
    Scenario::new().handshake_with(|request| request, change)
}

/// `hs-resp-upgrade-missing`
pub static UPGRADE_MISSING: Rule = Rule {
    id: "hs-resp-upgrade-missing",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::FailOpening { source: "RFC 6455 §4.1" },
    source: "RFC 6455 §4.1",
    quote: "If the response lacks an |Upgrade| header field or the |Upgrade| header field contains a value that is not \
            an ASCII case-insensitive match for the value \"websocket\", the client MUST _Fail the WebSocket \
            Connection_.",
    statement: "The 101 has no Upgrade field.",
    why: "Browsers fail the connection. The field is hop-by-hop: an intermediary that does not know upgrades removes it.",
    restraint: "",
    breaks: || answered(|response| response.without("Upgrade")),
    keeps: || answered(|response| response.replace("upgrade", "WebSocket")),
};

/// `hs-resp-upgrade-value`
pub static UPGRADE_VALUE: Rule = Rule {
    id: "hs-resp-upgrade-value",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::FailOpening { source: "RFC 6455 §4.1" },
    source: "RFC 6455 §4.1",
    quote: "If the response lacks an |Upgrade| header field or the |Upgrade| header field contains a value that is not \
            an ASCII case-insensitive match for the value \"websocket\", the client MUST _Fail the WebSocket \
            Connection_.",
    statement: "The Upgrade field of the 101 is not exactly \"websocket\".",
    why: "Browsers compare the whole value, without regard to case: a list is refused although a request may send one.",
    restraint: "",
    breaks: || answered(|response| response.replace("Upgrade", "websocket, h2c")),
    keeps: || answered(|response| response.replace("Upgrade", "WebSocket")),
};

/// `hs-resp-connection-missing-upgrade`
pub static CONNECTION_MISSING_UPGRADE: Rule = Rule {
    id: "hs-resp-connection-missing-upgrade",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::FailOpening { source: "RFC 6455 §4.1" },
    source: "RFC 6455 §4.1",
    quote: "If the response lacks a |Connection| header field or the |Connection| header field doesn't contain a token \
            that is an ASCII case-insensitive match for the value \"Upgrade\", the client MUST _Fail the WebSocket \
            Connection_.",
    statement: "The Connection field of the 101 does not list \"Upgrade\".",
    why: "Browsers fail the connection. Proxies that are not told to pass upgrades write \"keep-alive\" or \"close\" \
          here.",
    restraint: "",
    breaks: || answered(|response| response.replace("Connection", "keep-alive")),
    keeps: || answered(|response| response.replace("Connection", "keep-alive, upgrade")),
};

/// `hs-resp-accept-missing`
pub static ACCEPT_MISSING: Rule = Rule {
    id: "hs-resp-accept-missing",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::FailOpening { source: "RFC 6455 §4.1" },
    source: "RFC 6455 §4.1",
    quote: "If the response lacks a |Sec-WebSocket-Accept| header field …, the client MUST _Fail the WebSocket \
            Connection_.",
    statement: "The 101 has no Sec-WebSocket-Accept field.",
    why: "The field proves that the server read the request as a WebSocket handshake. Clients fail the connection.",
    restraint: "Silent when the request had no key: there was nothing to answer, and the fault is the request's.",
    breaks: || answered(|response| response.without("Sec-WebSocket-Accept")),
    keeps: || Scenario::new().handshake(),
};

/// `hs-resp-accept-duplicate`
pub static ACCEPT_DUPLICATE: Rule = Rule {
    id: "hs-resp-accept-duplicate",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 6455 §11.3.3",
    quote: "The |Sec-WebSocket-Accept| header MUST NOT appear more than once in an HTTP response.",
    statement: "Sec-WebSocket-Accept appears more than once.",
    why: "Browsers fail the connection, even where both values are right. A server behind a proxy that answers for it \
          does this.",
    restraint: "",
    breaks: || answer_to_sample(&["s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]),
    keeps: || answer_to_sample(&["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]),
};

/// `hs-resp-accept-mismatch`
pub static ACCEPT_MISMATCH: Rule = Rule {
    id: "hs-resp-accept-mismatch",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::FailOpening { source: "RFC 6455 §4.1" },
    source: "RFC 6455 §4.1",
    quote: "If … the |Sec-WebSocket-Accept| contains a value other than the base64-encoded SHA-1 of the concatenation \
            of the |Sec-WebSocket-Key| (as a string, not base64-decoded) with the string \
            \"258EAFA5-E914-47DA-95CA-C5AB0DC85B11\" but ignoring any leading and trailing whitespace, the client MUST \
            _Fail the WebSocket Connection_.",
    statement: "Sec-WebSocket-Accept is not the answer to the key.",
    why: "Clients fail the connection (\"Incorrect 'Sec-WebSocket-Accept' header value\"). Servers written from an \
          article get it wrong in a few well-known ways, and the finding names the one that yields the value seen.",
    restraint: "Silent when the request was not captured. Names a mistake only where computing it yields the very \
                value that was sent.",
    // SHA-1 over the key and a GUID without its last character.
    breaks: || answer_to_sample(&["VItzKoTOxM89ZkhtW9idPYR/BMs="]),
    keeps: || answer_to_sample(&["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]),
};

/// `hs-resp-accept-other-connection`
pub static ACCEPT_OTHER_CONNECTION: Rule = Rule {
    id: "hs-resp-accept-other-connection",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::FailOpening { source: "RFC 6455 §4.1" },
    source: "RFC 6455 §1.3",
    quote: "",
    statement: "Sec-WebSocket-Accept is the answer to another connection's key.",
    why: "The 101 came from a cache or was sent to the wrong client. What follows it may be another user's messages.",
    restraint: "Knows the keys that were captured before.",
    breaks: || {
        let first = answer_to_sample(&["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]).connection();
        let cached = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
        first.handshake_with(|request| request, |response| response.replace("Sec-WebSocket-Accept", cached))
    },
    keeps: || answer_to_sample(&["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]).connection().handshake(),
};

/// The key of RFC 6455 §1.3, answered with these values.
fn answer_to_sample(values: &[&str]) -> Scenario {
    Scenario::new().handshake_with(
        |request| request.replace("Sec-WebSocket-Key", KEY),
        |response| {
            let response = response.without("Sec-WebSocket-Accept");
            values.iter().fold(response, |response, value| response.header("Sec-WebSocket-Accept", *value))
        },
    )
}
