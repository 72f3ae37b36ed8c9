//! The declarations of the rules about masking keys, each key for itself or against the one before it.

use super::super::{Blames, Requirement, Rule, Severity};
use crate::scenario::{Scenario, binary, text};

/// The rules of this file.
pub const RULES: &[&Rule] = &[&KEY_ZERO, &KEY_CONSTANT, &WIRE_LOOKS_HTTP, &SERVER_KEY_NEEDLESS];

/// `mask-key-zero`
pub static KEY_ZERO: Rule = Rule {
    id: "mask-key-zero",
    severity: Severity::Warning,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.3",
    quote: "When preparing a masked frame, the client MUST pick a fresh masking key from the set of allowed 32-bit \
            values.",
    statement: "The masking key is 00000000, which leaves the payload as it is.",
    why: "What masking is to prevent is possible again: the bytes on the wire are those the application chose, and an \
          intermediary may take them for HTTP (§10.3). Some turn masking off in this way to save time or to read \
          captures.",
    restraint: "A warning for the first such frame, since chance gives this key once in 4,294,967,296 frames; an error \
                from the second on.",
    breaks: || Scenario::new().handshake().client(text("Hello").masked([0; 4])),
    keeps: || Scenario::new().handshake().client(text("Hello").masked([0, 0, 0, 1])),
};

/// `mask-key-constant`
pub static KEY_CONSTANT: Rule = Rule {
    id: "mask-key-constant",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.3",
    quote: "The masking key needs to be unpredictable; thus, the masking key MUST be derived from a strong source of \
            entropy, and the masking key for a given frame MUST NOT make it simple for a server/proxy to predict the \
            masking key for a subsequent frame.",
    statement: "A frame has the same masking key as the client's frame before it.",
    why: "Who knows one key knows the next, so a hostile page can choose the bytes on the wire after all. Clients that \
          pick a key for each connection do this.",
    restraint: "Chance repeats a key once in 4,294,967,296 frames, so the first repetition is statistical, and only a \
                warning after 4,096 frames, by when one connection in a million has one by chance. The key 00000000 \
                is the matter of mask-key-zero alone.",
    breaks: || {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        Scenario::new().handshake().client([text("Hello").masked(key), text("again").masked(key)])
    },
    keeps: || {
        let (one, other) = ([0x37, 0xfa, 0x21, 0x3d], [0x8c, 0x05, 0xe3, 0x90]);
        Scenario::new().handshake().client([text("Hello").masked(one), text("again").masked(other)])
    },
};

/// `mask-wire-looks-http`
pub static WIRE_LOOKS_HTTP: Rule = Rule {
    id: "mask-wire-looks-http",
    severity: Severity::Warning,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §10.3",
    quote: "",
    statement: "The masked payload, as it is on the wire, begins like an HTTP request or response.",
    why: "An intermediary that does not know WebSocket takes these bytes for HTTP and may cache an answer to them: the \
          attack that masking is there to prevent. The application's data and the masking key fit each other, so who \
          wrote the data knew the key.",
    restraint: "A method followed by a target and HTTP/1., or a status line, at the very beginning of the payload: \
                chance makes even the first four bytes of one once in some 400,000,000 frames, and the rest would \
                have to follow by the same key. What stands further on in the payload is not looked at, nor are bytes \
                that were not kept.",
    breaks: || {
        Scenario::new().handshake().client(binary(poison([0x37, 0xfa, 0x21, 0x3d])).masked([0x37, 0xfa, 0x21, 0x3d]))
    },
    keeps: || {
        Scenario::new().handshake().client(binary(poison([0x37, 0xfa, 0x21, 0x3d])).masked([0x37, 0xfa, 0x21, 0x3c]))
    },
};

/// What becomes an HTTP request when it is masked with this key.
fn poison(key: [u8; 4]) -> Vec<u8> {
    b"GET /script.js HTTP/1.1\r\nHost: example.com\r\n\r\n".iter().zip(key.iter().cycle()).map(|(a, b)| a ^ b).collect()
}

/// `mask-server-key-needless`
pub static SERVER_KEY_NEEDLESS: Rule = Rule {
    id: "mask-server-key-needless",
    severity: Severity::Note,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.1",
    quote: "A server MUST NOT mask any frames that it sends to the client.",
    statement: "The key with which a server masked a frame, so that its payload can be read.",
    why: "The rule itself is frame-server-masked. This tells that the payload is shown unmasked, and by which key.",
    restraint: "",
    breaks: || Scenario::new().handshake().server(text("Hello").masked([0x37, 0xfa, 0x21, 0x3d])),
    keeps: || Scenario::new().handshake().server(text("Hello")),
};
