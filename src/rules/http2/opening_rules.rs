//! Rules for the extended CONNECT and its answer.

use crate::Role;
use crate::rules::{Blames, Requirement, Rule, Severity};
use crate::scenario::{ENABLE_CONNECT_PROTOCOL, Fields, Scenario, text};

/// The rules of this file.
pub const RULES: &[&Rule] = &[
    &SETTING_VALUE,
    &SETTING_REVOKED,
    &CONNECT_BEFORE_SETTING,
    &PROTOCOL_METHOD,
    &PSEUDO_MISSING,
    &SCHEME,
    &CONNECTION_HEADERS,
    &KEY_ACCEPT,
    &VERSION_MISSING,
    &STATUS_101,
    &EARLY_END_STREAM,
];

/// A WebSocket on a stream, asked for like this.
fn asked(change: fn(Fields) -> Fields) -> Scenario {
    Scenario::new().http2().connect_with(change, |response| response)
}

/// A WebSocket on a stream, agreed to like this.
fn answered(change: fn(Fields) -> Fields) -> Scenario {
    Scenario::new().http2().connect_with(|request| request, change)
}

/// `h2-setting-value`
pub static SETTING_VALUE: Rule = Rule {
    id: "h2-setting-value",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 8441 §3",
    quote: "The value of the parameter MUST be 0 or 1.",
    statement: "The server's SETTINGS_ENABLE_CONNECT_PROTOCOL is neither 0 nor 1.",
    why: "A client must treat it as an error of the connection, and with it all streams end.",
    restraint: "Said on the first WebSocket of the connection.",
    breaks: || Scenario::new().http2().connect().settings(Role::Server, &[(ENABLE_CONNECT_PROTOCOL, 2)]),
    keeps: || Scenario::new().http2().connect().settings(Role::Server, &[(ENABLE_CONNECT_PROTOCOL, 1)]),
};

/// `h2-setting-revoked`
pub static SETTING_REVOKED: Rule = Rule {
    id: "h2-setting-revoked",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 8441 §3",
    quote: "A sender MUST NOT send a SETTINGS_ENABLE_CONNECT_PROTOCOL parameter with the value of 0 after previously \
            sending a value of 1.",
    statement: "The server takes back its permission for the extended CONNECT.",
    why: "A request that is on its way meanwhile becomes malformed, and nobody can tell what was meant. Strict clients \
          end the connection.",
    restraint: "Said on the first WebSocket of the connection.",
    breaks: || Scenario::new().http2().connect().settings(Role::Server, &[(ENABLE_CONNECT_PROTOCOL, 0)]),
    keeps: || Scenario::new().http2().connect().settings(Role::Server, &[(4, 65_535)]),
};

/// `h2-connect-before-setting`
pub static CONNECT_BEFORE_SETTING: Rule = Rule {
    id: "h2-connect-before-setting",
    severity: Severity::Warning,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 8441 §3",
    quote: "Upon receipt of SETTINGS_ENABLE_CONNECT_PROTOCOL with a value of 1, a client MAY use the Extended CONNECT as \
            defined in this document when creating new streams.",
    statement: "The client asks for a WebSocket before the server allowed the extended CONNECT.",
    why: "To a server that does not know it the request is malformed: it answers with RST_STREAM, and the client cannot \
          tell this from other faults.",
    restraint: "What the client had received is told from what its TCP had acknowledged. Silent where that is not known \
                and where bytes of the server are missing before.",
    breaks: || Scenario::new().http2_with(&[]).connect(),
    keeps: || Scenario::new().http2_with(&[(ENABLE_CONNECT_PROTOCOL, 1)]).connect(),
};

/// `h2-protocol-method`
pub static PROTOCOL_METHOD: Rule = Rule {
    id: "h2-protocol-method",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 8441 §4",
    quote: "A new pseudo-header field :protocol MAY be included on request HEADERS indicating the desired protocol to be \
            spoken on the tunnel created by CONNECT.",
    statement: "A request with :protocol has a method other than CONNECT.",
    why: "It is a request of HTTP/1 with the field put in. A server treats it as malformed, or as an ordinary GET.",
    restraint: "",
    breaks: || asked(|request| request.replace(":method", "GET")),
    keeps: || asked(|request| request),
};

/// `h2-pseudo-missing`
pub static PSEUDO_MISSING: Rule = Rule {
    id: "h2-pseudo-missing",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 8441 §4",
    quote: "On requests that contain the :protocol pseudo-header field, the :scheme and :path pseudo-header fields of the \
            target URI … MUST also be included.",
    statement: "A request with :protocol lacks :scheme, :path or :authority.",
    why: "A plain CONNECT has only :authority, and libraries that were made for it leave the others away. A server \
          cannot tell what is asked for.",
    restraint: "Silent where header fields of the request are not known.",
    breaks: || asked(|request| request.without(":path")),
    keeps: || asked(|request| request),
};

/// `h2-scheme`
pub static SCHEME: Rule = Rule {
    id: "h2-scheme",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 8441 §5",
    quote: "The scheme of the target URI … MUST be \"https\" for \"wss\"-schemed WebSockets and \"http\" for \"ws\"-schemed \
            WebSockets.",
    statement: "The request's :scheme is neither https nor http.",
    why: "wss and ws are schemes of the WebSocket's URI, not of the request. Servers refuse them.",
    restraint: "Which of the two it should be is not said: a proxy may have ended TLS, or begun it.",
    breaks: || asked(|request| request.replace(":scheme", "wss")),
    keeps: || asked(|request| request.replace(":scheme", "https")),
};

/// `h2-connection-headers`
pub static CONNECTION_HEADERS: Rule = Rule {
    id: "h2-connection-headers",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 8441 §5",
    quote: "[RFC6455] requires the use of Connection and Upgrade header fields that are not part of HTTP/2. They MUST NOT be \
            included in the CONNECT request defined here.",
    statement: "The request or its answer has a Connection or an Upgrade field.",
    why: "A message with such a field is malformed in HTTP/2 (RFC 9113 §8.2.2), and a strict peer resets the stream.",
    restraint: "",
    breaks: || answered(|response| response.field("connection", "upgrade")),
    keeps: || answered(|response| response),
};

/// `h2-key-accept`
pub static KEY_ACCEPT: Rule = Rule {
    id: "h2-key-accept",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 8441 §5",
    quote: "Implementations using this extended CONNECT to bootstrap WebSockets do not do the processing of the \
            Sec-WebSocket-Key and Sec-WebSocket-Accept header fields of [RFC6455] as that functionality has been superseded \
            by the :protocol pseudo-header field.",
    statement: "The request has a Sec-WebSocket-Key, or the answer a Sec-WebSocket-Accept.",
    why: "Neither is looked at. A proxy that makes HTTP/1 of the stream has to make up a key of its own.",
    restraint: "",
    breaks: || asked(|request| request.field("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")),
    keeps: || asked(|request| request),
};

/// `h2-version-missing`
pub static VERSION_MISSING: Rule = Rule {
    id: "h2-version-missing",
    severity: Severity::Warning,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 8441 §5",
    quote: "The Origin [RFC6454], Sec-WebSocket-Version, Sec-WebSocket-Protocol, and Sec-WebSocket-Extensions header fields \
            are used in the CONNECT request and response-header fields as defined in [RFC6455].",
    statement: "The request has no sec-websocket-version.",
    why: "RFC 6455 demands it, and servers that check it refuse the request.",
    restraint: "Silent where header fields of the request are not known.",
    breaks: || asked(|request| request.without("sec-websocket-version")),
    keeps: || asked(|request| request),
};

/// `h2-status-101`
pub static STATUS_101: Rule = Rule {
    id: "h2-status-101",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 9113 §8.6",
    quote: "HTTP/2 removes support for the 101 (Switching Protocols) informational status code …",
    statement: "The server answers with 101.",
    why: "The answer that agrees is a 2xx. A client takes a 101 for malformed, or waits for the answer behind it.",
    restraint: "",
    breaks: || answered(|response| response.replace(":status", "101")),
    keeps: || answered(|response| response.replace(":status", "200")),
};

/// `h2-early-end-stream`
pub static EARLY_END_STREAM: Rule = Rule {
    id: "h2-early-end-stream",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 8441 §5",
    quote: "After successfully processing the opening handshake, the peers should proceed with the WebSocket Protocol … \
            using the HTTP/2 stream from the CONNECT transaction as if it were the TCP connection …",
    statement: "END_STREAM stands on the HEADERS of the request, or of an answer that agrees.",
    why: "It ends the sender's half of the stream before the first frame, as a FIN right behind the handshake would. An HTTP \
          library that takes CONNECT for a request without a body does this.",
    restraint: "An answer that refuses may well end the stream.",
    breaks: || asked(Fields::end_stream),
    keeps: || asked(|request| request).client(text("Hello")),
};
