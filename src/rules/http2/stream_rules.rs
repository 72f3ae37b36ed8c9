//! Rules for the stream under an open WebSocket, and its end.

use crate::Role;
use crate::http2::Kind;
use crate::rules::{Blames, Requirement, Rule, Severity};
use crate::scenario::{Scenario, close, text};

/// The rules of this file.
pub const RULES: &[&Rule] = &[&NONDATA_ON_TUNNEL, &CLOSE_WITHOUT_CLOSE_FRAME, &RST_CODE];

/// Error codes (RFC 9113 §7).
const NO_ERROR: u32 = 0x0;
const CANCEL: u32 = 0x8;

/// A conversation that goes on.
fn open() -> Scenario {
    Scenario::new().http2().connect().client(text("Hello"))
}

/// `h2-nondata-on-tunnel`
pub static NONDATA_ON_TUNNEL: Rule = Rule {
    id: "h2-nondata-on-tunnel",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 9113 §8.5",
    quote: "Frame types other than DATA or stream management frames (RST_STREAM, WINDOW_UPDATE, and PRIORITY) MUST NOT be \
            sent on a connected stream and MUST be treated as a stream error (Section 5.4.2) if received.",
    statement: "A frame with header fields stands on the stream of an open WebSocket.",
    why: "Trailers are the usual case: a library that ends every answer with them. The receiver has to reset the stream.",
    restraint: "Frames of unknown type are left alone: a receiver ignores them (§5.5).",
    // A block of one field: trailer: x.
    breaks: || open().http2_frame(Role::Server, Kind::HEADERS, 0x5, b"\x00\x07trailer\x01x"),
    keeps: || open().http2_frame(Role::Server, Kind::WINDOW_UPDATE, 0, 1_u32.to_be_bytes()),
};

/// `h2-close-without-close-frame`
pub static CLOSE_WITHOUT_CLOSE_FRAME: Rule = Rule {
    id: "h2-close-without-close-frame",
    severity: Severity::Warning,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 8441 §5",
    quote: "The HTTP/2 stream closure is also analogous to the TCP connection closure of [RFC6455]. Orderly TCP-level \
            closures are represented as END_STREAM flags …",
    statement: "The stream ended by END_STREAM and neither endpoint had sent a Close frame.",
    why: "As with a FIN of TCP, both applications are told 1006 and cannot know what the other received.",
    restraint: "Names the side that ended the stream first, which need not be where the cause is. A note when the other side \
                had broken the protocol. The end of the capture is no end of the stream.",
    breaks: || open().end_stream(Role::Server).end_stream(Role::Client),
    keeps: || open().server(close(1000, "")).client(close(1000, "")).end_stream(Role::Server).end_stream(Role::Client),
};

/// `h2-rst-code`
pub static RST_CODE: Rule = Rule {
    id: "h2-rst-code",
    severity: Severity::Warning,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 8441 §5",
    quote: "RST exceptions are represented with the RST_STREAM frame … with the CANCEL error code …",
    statement: "An endpoint ends an open WebSocket by RST_STREAM with a code other than CANCEL.",
    why: "NO_ERROR looks like an orderly end, INTERNAL_ERROR like a fault of the HTTP/2 library; a proxy that turns the \
          reset into one of TCP cannot tell.",
    restraint: "Silent behind both Close frames and behind the sender's END_STREAM, where nothing is cut off, and for codes that \
                speak of a fault of HTTP/2 itself. A note for CONNECT_ERROR, which is a proxy's word for the connection \
                behind it.",
    breaks: || open().rst_stream(Role::Server, NO_ERROR),
    keeps: || open().rst_stream(Role::Server, CANCEL),
};
