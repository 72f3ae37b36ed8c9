//! The rules of RFC 6455 §5.4, as data.

use crate::Role;
use crate::rules::{Blames, Requirement, Rule, Severity};
use crate::scenario::{FrameSpec, Request, Response, Scenario, close, continuation, fragments, ping, pong, text};
use crate::websocket::Opcode;
use std::net::SocketAddr;

/// The rules of this topic.
pub const RULES: &[&Rule] = &[
    &CONTINUATION_WITHOUT_START,
    &NEW_DATA_INSIDE_MESSAGE,
    &CONTROL_FRAGMENTED,
    &UNFINISHED,
    &CHANGED_BY_INTERMEDIARY,
    &CONTROL_INTERLEAVED,
    &EMPTY_FRAGMENT,
    &TINY,
    &SPLITS_CODE_POINT,
];

const FRAGMENTED_MESSAGE: &str = "A fragmented message consists of a single frame with the FIN bit clear and an \
                                  opcode other than 0, followed by zero or more frames with the FIN bit clear and the \
                                  opcode set to 0, and terminated by a single frame with the FIN bit set and an \
                                  opcode of 0.";

/// `frag-continuation-without-start`
pub static CONTINUATION_WITHOUT_START: Rule = Rule {
    id: "frag-continuation-without-start",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::MayClose { code: 1002 },
    source: "RFC 6455 §5.4",
    quote: FRAGMENTED_MESSAGE,
    statement: "A continuation frame comes while its sender has no message open.",
    why: "There is nothing to continue and no opcode says what the payload is: receivers fail the connection. Writers \
          that leave the first byte at 0, or that set FIN on the first fragment, do this.",
    restraint: "Silent where bytes before it are missing, for the message may have begun there, and behind a frame \
                with a reserved opcode that may have begun one. A note when an extension that wslens does not know was \
                accepted.",
    breaks: || Scenario::new().handshake().server(continuation("Hello")),
    keeps: || Scenario::new().handshake().server(text("Hel").fin(false)).server(continuation("lo")),
};

/// `frag-new-data-inside-message`
pub static NEW_DATA_INSIDE_MESSAGE: Rule = Rule {
    id: "frag-new-data-inside-message",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::MayClose { code: 1002 },
    source: "RFC 6455 §5.4",
    quote: "The fragments of one message MUST NOT be interleaved between the fragments of another message unless an \
            extension has been negotiated that can interpret the interleaving.",
    statement: "A text or binary frame comes while its sender's previous message is still open.",
    why: "The message that was open can never be put together, and the receiver fails the connection. It comes from \
          two threads that write to one connection without a lock, or from a writer that keeps the first opcode in \
          every fragment.",
    restraint: "Silent where bytes before it are missing, for the end of the open message may be among them. A note \
                when an extension that wslens does not know was accepted.",
    breaks: || Scenario::new().handshake().client(text("Hel").fin(false)).client(text("lo")),
    keeps: || Scenario::new().handshake().client(text("Hel").fin(false)).client(continuation("lo")),
};

/// `frag-control-fragmented`
pub static CONTROL_FRAGMENTED: Rule = Rule {
    id: "frag-control-fragmented",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::MayClose { code: 1002 },
    source: "RFC 6455 §5.4",
    quote: "Control frames themselves MUST NOT be fragmented.",
    statement: "A control frame has FIN clear.",
    why: "A control frame may stand between the fragments of a message, so its own fragments could not be told from \
          those. Receivers fail the connection.",
    restraint: "",
    breaks: || Scenario::new().handshake().client(ping("Hello").fin(false)),
    keeps: || Scenario::new().handshake().client(ping("Hello")).server(pong("Hello")),
};

/// `frag-unfinished`
pub static UNFINISHED: Rule = Rule {
    id: "frag-unfinished",
    severity: Severity::Warning,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §6.1",
    quote: "The FIN bit (frame-fin) of the last frame containing the data MUST be set to 1 as defined in Section 5.2.",
    statement: "A fragmented message has no end: its sender closes, or TCP ends, before a frame with FIN.",
    why: "The application on the other side never sees any of the message. Senders that close without waiting for \
          their own writers lose data this way.",
    restraint: "A note where the other side ended the connection first, for then the sender may stop. Silent where the \
                capture ended first, where bytes are missing, and where the stream ends inside a frame, which \
                frame-truncated says.",
    breaks: || {
        let unfinished = Scenario::new().handshake().server(text("Hel").fin(false));
        unfinished.server(close(1000, "")).client(close(1000, "")).fin(Role::Server)
    },
    keeps: || {
        let finished = Scenario::new().handshake().server(text("Hel").fin(false)).server(continuation("lo"));
        finished.server(close(1000, "")).client(close(1000, "")).fin(Role::Server)
    },
};

/// `frag-changed-by-intermediary`
pub static CHANGED_BY_INTERMEDIARY: Rule = Rule {
    id: "frag-changed-by-intermediary",
    severity: Severity::Warning,
    blames: Blames::Nobody,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.4",
    quote: "An intermediary MUST NOT change the fragmentation of any message in the context of a connection where \
            extensions have been negotiated and the intermediary is not aware of the semantics of the negotiated \
            extensions.",
    statement: "Two legs of one connection show a message in different fragments: an intermediary cut it anew.",
    why: "An extension may give each frame a meaning, as deflate-frame does, and bits in a frame's header are lost or \
          misplaced when frames are joined or cut. Without an extension it only costs time and headers.",
    restraint: "A warning where an extension was negotiated, since what the intermediary is aware of is not in the \
                bytes, and a note where none was. Both legs must be in the capture, with one key, opening one \
                within the other; messages are held against each other where kind, length and first bytes are the same \
                and nothing is missing.",
    breaks: || through_a_proxy(text("Hello").split(2), text("Hello")),
    keeps: || through_a_proxy(text("Hello").split(2), text("Hello").split(2)),
};

/// A client's message on its way to a proxy, and from there to the server.
fn through_a_proxy(arrives: FrameSpec, leaves: FrameSpec) -> Scenario {
    let deflate = "permessage-deflate";
    let client = SocketAddr::from(([192, 0, 2, 1], 50_000));
    let [proxy, back] = [8080, 40_000].map(|port| SocketAddr::from(([192, 0, 2, 2], port)));
    let server = SocketAddr::from(([192, 0, 2, 3], 80));
    let key = "AGLXCiOWQ2EQhz3Ge8oW9A==";
    let request =
        |request: Request| request.replace("Sec-WebSocket-Key", key).header("Sec-WebSocket-Extensions", deflate);
    let answer = |answer: Response| answer.header("Sec-WebSocket-Extensions", deflate);
    Scenario::new()
        .endpoints(client, proxy)
        .request(request)
        .connection()
        .endpoints(back, server)
        .request(request)
        .response(answer)
        .resume(0)
        .response(answer)
        .client(arrives)
        .resume(1)
        .client(leaves)
}

/// `frag-control-interleaved`
pub static CONTROL_INTERLEAVED: Rule = Rule {
    id: "frag-control-interleaved",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.4",
    quote: "Control frames (see Section 5.5) MAY be injected in the middle of a fragmented message.",
    statement: "A control frame stands between the fragments of a message.",
    why: "It is legal and every receiver must cope, but receivers that keep one buffer or one opcode for all frames \
          lose the message or answer with the wrong payload.",
    restraint: "A Close between fragments is left to frag-unfinished.",
    breaks: || {
        let open = Scenario::new().handshake().client(text("Hel").fin(false));
        open.client(ping("")).server(pong("")).client(continuation("lo"))
    },
    keeps: || {
        let whole = Scenario::new().handshake().client(text("Hel").fin(false)).client(continuation("lo"));
        whole.client(ping("")).server(pong(""))
    },
};

/// `frag-empty-fragment`
pub static EMPTY_FRAGMENT: Rule = Rule {
    id: "frag-empty-fragment",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.4",
    quote: "A sender MAY create fragments of any size for non-control messages.",
    statement: "A fragment of a message has no payload.",
    why: "It is legal, and the usual way to end a message whose length was not known before. Some receivers take an \
          empty frame for the end of the stream, or an empty last fragment for an empty message.",
    restraint: "",
    breaks: || Scenario::new().handshake().server(fragments(Opcode::TEXT, ["Hello", ""])),
    keeps: || Scenario::new().handshake().server(fragments(Opcode::TEXT, ["Hell", "o"])),
};

/// `frag-tiny`
pub static TINY: Rule = Rule {
    id: "frag-tiny",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §10.4",
    quote: "",
    statement: "A message is cut into many fragments of a few bytes each.",
    why: "Headers outweigh the payload and every fragment costs the receiver a step. A hostile sender can keep a \
          receiver busy, or make it hold a message for ever, with very little traffic.",
    restraint: "",
    breaks: || Scenario::new().handshake().client(text("x".repeat(64)).split(32)),
    keeps: || Scenario::new().handshake().client(text("x".repeat(640)).split(32)),
};

/// `frag-splits-code-point`
pub static SPLITS_CODE_POINT: Rule = Rule {
    id: "frag-splits-code-point",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.6",
    quote: "Note that a particular text frame might include a partial UTF-8 sequence; however, the whole message MUST \
            contain valid UTF-8.",
    statement: "A frame of a text message ends inside a character.",
    why: "It is legal. Receivers that check or decode each frame by itself refuse it or show replacement characters.",
    restraint: "Silent for compressed messages, whose frames end where the compressor pleases, and where the text is \
                not UTF-8 in the end.",
    breaks: || Scenario::new().handshake().server(fragments(Opcode::TEXT, [&b"caf\xC3"[..], b"\xA9"])),
    keeps: || Scenario::new().handshake().server(fragments(Opcode::TEXT, ["caf", "é"])),
};
