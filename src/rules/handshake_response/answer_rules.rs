//! The rules about the answer as a whole: whether there is one, its status, and what it does to the request.

use crate::Role;
use crate::rules::{Blames, Requirement, Rule, Severity};
use crate::scenario::{Scenario, text};

/// The rules of this file.
pub const RULES: &[&Rule] = &[
    &MISSING,
    &REFUSED,
    &MALFORMED_HTTP,
    &SWITCH_UNREQUESTED,
    &SWITCH_TO_INVALID_REQUEST,
    &VERSION_ADVERT_MISSING,
    &VERSION_CONTRADICTION,
    &UPGRADE_REQUIRED_WITHOUT_UPGRADE,
    &CONTENT_LENGTH,
    &FIRST_FRAME_COALESCED,
    &PIPELINED_REQUEST,
];

/// A refusal without a body.
fn refusal(status: u16, reason: &str, field: &str, value: &str) -> Scenario {
    Scenario::new()
        .request(|request| request)
        .response(|response| {
            let response = response.status(status, reason).without("Upgrade").without("Connection");
            response.without("Sec-WebSocket-Accept").header("Content-Length", "0").header(field, value)
        })
        .fin(Role::Server)
}

/// A request of a version that nobody speaks, and a refusal with this field.
fn version_refused(asked: &str, status: u16, reason: &str, field: &str, value: &str) -> Scenario {
    Scenario::new()
        .request(|request| request.replace("Sec-WebSocket-Version", asked))
        .response(|response| {
            let response = response.status(status, reason).without("Sec-WebSocket-Accept");
            response.header("Content-Length", "0").header(field, value)
        })
        .fin(Role::Server)
}

/// `hs-resp-missing`
pub static MISSING: Rule = Rule {
    id: "hs-resp-missing",
    severity: Severity::Warning,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.2.2",
    quote: "When a client establishes a WebSocket connection to a server, the server MUST complete the following steps \
            to accept the connection and send the server's opening handshake.",
    statement: "The connection ended without an answer to the upgrade request.",
    why: "The client's API reports a failed connection and nothing else. A server that is not there behind its proxy, a \
          handler that crashed, or an intermediary that drops what it does not know are the usual reasons.",
    restraint: "A note when only the capture ended, when bytes are missing from it, and when the client left before \
                the server had had time to answer.",
    breaks: || Scenario::new().request(|request| request).fin(Role::Server),
    keeps: || Scenario::new().handshake().fin(Role::Server),
};

/// `hs-resp-refused`
pub static REFUSED: Rule = Rule {
    id: "hs-resp-refused",
    severity: Severity::Note,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.1",
    quote: "If the status code received from the server is not 101, the client handles the response per HTTP [RFC2616] \
            procedures.",
    statement: "The server answered the upgrade request with another status than 101.",
    why: "It is how HTTP says no, or asks for authentication, or sends the client elsewhere. Scripts in browsers are \
          told neither the status nor the reason, only that the connection failed (close code 1006).",
    restraint: "",
    breaks: || refusal(403, "Forbidden", "Server", "example"),
    keeps: || Scenario::new().handshake(),
};

/// `hs-resp-malformed-http`
pub static MALFORMED_HTTP: Rule = Rule {
    id: "hs-resp-malformed-http",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.2.2",
    quote: "If the server chooses to accept the incoming connection, it MUST reply with a valid HTTP response \
            indicating the following.",
    statement: "The answer to the upgrade request is not valid HTTP.",
    why: "What one parser repairs another refuses, and intermediaries are the strictest. Responses assembled by hand, \
          with LF for CR LF or without a space behind the status code, work until a proxy stands between.",
    restraint: "A warning when the answer breaks off, since the end of the connection need not be the server's doing.",
    breaks: || Scenario::new().handshake_with(|request| request, |response| response.line_end("\n")),
    keeps: || Scenario::new().handshake(),
};

/// `hs-resp-101-unrequested`
pub static SWITCH_UNREQUESTED: Rule = Rule {
    id: "hs-resp-101-unrequested",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 9110 §7.8",
    quote: "A server MUST NOT switch to a protocol that was not indicated by the client in the corresponding request's \
            Upgrade header field.",
    statement: "The server switched to WebSocket although the request's Upgrade field did not offer it.",
    why: "A client that did not ask takes the frames for an HTTP response. Mostly an intermediary removed the Upgrade \
          field, which is hop-by-hop, and the server did not look.",
    restraint: "Silent when the request was not captured.",
    breaks: || Scenario::new().handshake_with(|request| request.without("Upgrade"), |response| response),
    keeps: || {
        Scenario::new().handshake_with(|request| request.replace("Upgrade", "h2c, WebSocket"), |response| response)
    },
};

/// `hs-resp-101-to-invalid-request`
pub static SWITCH_TO_INVALID_REQUEST: Rule = Rule {
    id: "hs-resp-101-to-invalid-request",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.2.1",
    quote: "If the server, while reading the handshake, finds that the client did not send a handshake that matches \
            the description below …, the server MUST stop processing the client's handshake and return an HTTP \
            response with an appropriate error code (such as 400 Bad Request).",
    statement: "The server accepted a request that it had to refuse.",
    why: "The checks keep plain HTTP requests, which a hostile page can make a browser send, from being taken for \
          WebSocket handshakes. A server that skips one accepts connections that no WebSocket client opened.",
    restraint: "Speaks of the method, the HTTP version, Host, Connection, the key and the version; not of faults in \
                the HTTP syntax, which a server may repair, nor of requests in the versions of the drafts, nor of \
                requests that were not captured whole.",
    breaks: || {
        Scenario::new().handshake_with(|request| request.replace("Sec-WebSocket-Key", "c2hvcnQ="), |response| response)
    },
    keeps: || {
        // RFC 6455 §4.1's own example: its pad bits are not zero, and it is a key all the same.
        let key = "AQIDBAUGBwgJCgsMDQ4PEC==";
        Scenario::new().handshake_with(|request| request.replace("Sec-WebSocket-Key", key), |response| response)
    },
};

/// `hs-resp-version-advert-missing`
pub static VERSION_ADVERT_MISSING: Rule = Rule {
    id: "hs-resp-version-advert-missing",
    severity: Severity::Warning,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.2.2",
    quote: "If this version does not match a version understood by the server, the server MUST abort the WebSocket \
            handshake described in this section and instead send an appropriate HTTP error code (such as 426 Upgrade \
            Required) and a |Sec-WebSocket-Version| header field indicating the version(s) the server is capable of \
            understanding.",
    statement: "A request of another version than 13 was refused without a Sec-WebSocket-Version field.",
    why: "The client cannot know which version to try next.",
    restraint: "Speaks of 400 and 426 only, and of 400 only when nothing else is wrong with the request: other \
                refusals have other reasons. A warning, since the reason is inferred.",
    breaks: || version_refused("14", 426, "Upgrade Required", "Server", "example"),
    keeps: || version_refused("14", 426, "Upgrade Required", "Sec-WebSocket-Version", "13"),
};

/// `hs-resp-version-contradiction`
pub static VERSION_CONTRADICTION: Rule = Rule {
    id: "hs-resp-version-contradiction",
    severity: Severity::Note,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 6455 §11.3.5",
    quote: "",
    statement: "A refusal lists the very version that the client asked for.",
    why: "The version is not why the server refused, although the answer reads as if it were. A client that retries \
          with a listed version comes to the same end.",
    restraint: "",
    breaks: || version_refused("13", 426, "Upgrade Required", "Sec-WebSocket-Version", "13"),
    keeps: || version_refused("14", 426, "Upgrade Required", "Sec-WebSocket-Version", "13"),
};

/// `hs-resp-426-no-upgrade`
pub static UPGRADE_REQUIRED_WITHOUT_UPGRADE: Rule = Rule {
    id: "hs-resp-426-no-upgrade",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 9110 §15.5.22",
    quote: "The server MUST send an Upgrade header field in a 426 response to indicate the required protocol(s) \
            (Section 7.8).",
    statement: "A 426 answer has no Upgrade field.",
    why: "426 says that the client must upgrade; without the field it does not say to what.",
    restraint: "",
    breaks: || refusal(426, "Upgrade Required", "Sec-WebSocket-Version", "8"),
    keeps: || {
        refusal(426, "Upgrade Required", "Sec-WebSocket-Version", "8\r\nUpgrade: websocket\r\nConnection: Upgrade")
    },
};

/// `hs-resp-content-length`
pub static CONTENT_LENGTH: Rule = Rule {
    id: "hs-resp-content-length",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 9110 §8.6, RFC 9112 §6.1",
    quote: "A server MUST NOT send a Content-Length header field in any response with a status code of 1xx \
            (Informational) or 204 (No Content).",
    statement: "The 101 announces a body.",
    why: "The first frames are taken for that body, or the other way round. Intermediaries refuse such an answer, \
          because requests are smuggled this way.",
    restraint: "",
    breaks: || Scenario::new().handshake_with(|request| request, |response| response.header("Content-Length", "0")),
    keeps: || Scenario::new().handshake_with(|request| request, |response| response.header("Server", "example")),
};

/// `hs-resp-first-frame-coalesced`
pub static FIRST_FRAME_COALESCED: Rule = Rule {
    id: "hs-resp-first-frame-coalesced",
    severity: Severity::Note,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.1",
    quote: "If the server's response is validated as provided for above, it is said that _The WebSocket Connection is \
            Established_ and that the WebSocket Connection is in the OPEN state.",
    statement: "The server's first frame shares a segment with the 101.",
    why: "It is legal. But client libraries that hand the socket over after reading the head have lost the frame that \
          stood behind it in the same buffer; the fault then comes and goes with the timing.",
    restraint: "",
    breaks: || {
        Scenario::new().together(|s| s.request(|request| request)).together(|s| s.response(|r| r).server(text("Hi")))
    },
    keeps: || Scenario::new().handshake().server(text("Hi")),
};

/// `hs-pipelined-request`
pub static PIPELINED_REQUEST: Rule = Rule {
    id: "hs-pipelined-request",
    severity: Severity::Warning,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.1, RFC 9112 §9.3.2",
    quote: "Once the client's opening handshake has been sent, the client MUST wait for a response from the server \
            before sending any further data.",
    statement: "Another HTTP request follows the upgrade request before its answer.",
    why: "If the server switches, it reads the second request as frames. If an intermediary reads it as a request, the \
          two disagree about what is said: request smuggling.",
    restraint: "Only where the acknowledgment in the segment proves that the client had not read the answer.",
    breaks: || {
        let next = "GET /next HTTP/1.1\r\nHost: server.example.com\r\n\r\n";
        Scenario::new().request(|request| request.body(next)).response(|response| response)
    },
    keeps: || {
        let next = "GET /next HTTP/1.1\r\nHost: server.example.com\r\n\r\n";
        let not_found = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
        Scenario::new().request(|request| request).bytes(Role::Server, not_found).bytes(Role::Client, next)
    },
};
