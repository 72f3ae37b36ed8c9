//! The rules on frame headers.

use crate::Role;
use crate::rules::{Blames, Requirement, Rule, Severity};
use crate::scenario::{Scenario, frame, text};
use crate::websocket::{LengthForm, Opcode};

/// The rules of this file.
pub const RULES: &[&Rule] = &[
    &CLIENT_UNMASKED,
    &SERVER_MASKED,
    &RSV1_UNNEGOTIATED,
    &RSV2_SET,
    &RSV3_SET,
    &OPCODE_RESERVED_DATA,
    &OPCODE_RESERVED_CONTROL,
    &LENGTH_NONMINIMAL_16,
    &LENGTH_NONMINIMAL_64,
    &LENGTH_MSB,
    &LENGTH_IMPLAUSIBLE,
    &TRUNCATED,
    &GARBAGE_AFTER_101,
];

/// `frame-client-unmasked`
pub static CLIENT_UNMASKED: Rule = Rule {
    id: "frame-client-unmasked",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Fail { code: 1002, source: "RFC 6455 §5.1" },
    source: "RFC 6455 §5.1",
    quote: "The server MUST close the connection upon receiving a frame that is not masked.",
    statement: "A client's frame is not masked.",
    why: "Masking keeps a hostile page from choosing the bytes that an intermediary sees and might take for HTTP \
          (§10.3). Servers that follow the text close with 1002; a client that works with a lenient server fails with \
          the next one.",
    restraint: "Where the handshake was not captured, the side that masks is taken for the client, so an unmasked \
                client cannot be told from a server.",
    breaks: || Scenario::new().handshake().client(text("Hello").unmasked()),
    keeps: || Scenario::new().handshake().client(text("Hello")),
};

/// `frame-server-masked`
pub static SERVER_MASKED: Rule = Rule {
    id: "frame-server-masked",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Fail { code: 1002, source: "RFC 6455 §5.1" },
    source: "RFC 6455 §5.1",
    quote: "A server MUST NOT mask any frames that it sends to the client. A client MUST close a connection if it \
            detects a masked frame.",
    statement: "A server's frame is masked.",
    why: "Browsers close the connection at once (\"A server must not mask any frames that it sends to the client\"). \
          It mostly comes from using a client's frame writer in a server.",
    restraint: "Where the handshake was not captured, the side that masks is taken for the client.",
    breaks: || Scenario::new().handshake().server(text("Hello").masked([0x37, 0xfa, 0x21, 0x3d])),
    keeps: || Scenario::new().handshake().server(text("Hello")),
};

/// `frame-rsv1-unnegotiated`
pub static RSV1_UNNEGOTIATED: Rule = Rule {
    id: "frame-rsv1-unnegotiated",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Fail { code: 1002, source: "RFC 6455 §5.2" },
    source: "RFC 6455 §5.2",
    quote: "MUST be 0 unless an extension is negotiated that defines meanings for non-zero values. If a nonzero value \
            is received and none of the negotiated extensions defines the meaning of such a nonzero value, the \
            receiving endpoint MUST _Fail the WebSocket Connection_.",
    statement: "RSV1 is set although no accepted extension defines it.",
    why: "RSV1 marks a compressed message. Set without permessage-deflate, the sender compresses although the other \
          side never agreed, or it reads and writes the first byte wrongly.",
    restraint: "A note when an extension that wslens does not know was accepted; silent when the answer to the \
                handshake was not captured.",
    breaks: || Scenario::new().handshake().client(text("Hello").rsv(0b100)),
    keeps: || {
        Scenario::new()
            .handshake_with_extensions("permessage-deflate", "permessage-deflate")
            .client(crate::scenario::deflated_text("Hello"))
    },
};

/// `frame-rsv2-set`
pub static RSV2_SET: Rule = Rule {
    id: "frame-rsv2-set",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Fail { code: 1002, source: "RFC 6455 §5.2" },
    source: "RFC 6455 §5.2",
    quote: "MUST be 0 unless an extension is negotiated that defines meanings for non-zero values.",
    statement: "RSV2 is set although no accepted extension defines it.",
    why: "No registered extension uses RSV2. Receivers must fail the connection, so the sender's frames are lost.",
    restraint: "A note when an extension that wslens does not know was accepted.",
    breaks: || Scenario::new().handshake().server(text("Hello").rsv(0b010)),
    keeps: || Scenario::new().handshake().server(text("Hello")),
};

/// `frame-rsv3-set`
pub static RSV3_SET: Rule = Rule {
    id: "frame-rsv3-set",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Fail { code: 1002, source: "RFC 6455 §5.2" },
    source: "RFC 6455 §5.2",
    quote: "MUST be 0 unless an extension is negotiated that defines meanings for non-zero values.",
    statement: "RSV3 is set although no accepted extension defines it.",
    why: "No registered extension uses RSV3. Receivers must fail the connection, so the sender's frames are lost.",
    restraint: "A note when an extension that wslens does not know was accepted.",
    breaks: || Scenario::new().handshake().server(text("Hello").rsv(0b001)),
    keeps: || Scenario::new().handshake().server(text("Hello")),
};

/// `frame-opcode-reserved-data`
pub static OPCODE_RESERVED_DATA: Rule = Rule {
    id: "frame-opcode-reserved-data",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Fail { code: 1002, source: "RFC 6455 §5.2" },
    source: "RFC 6455 §5.2",
    quote: "If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket Connection_.",
    statement: "The opcode is one of 3 to 7, which are reserved for further data frames.",
    why: "A receiver cannot know what such a frame means and must fail the connection.",
    restraint: "A note when an extension that wslens does not know was accepted, for it may define opcodes (§5.8).",
    breaks: || Scenario::new().handshake().client(frame(Opcode(0x3), b"x")),
    keeps: || Scenario::new().handshake().client(frame(Opcode::BINARY, b"x")),
};

/// `frame-opcode-reserved-control`
pub static OPCODE_RESERVED_CONTROL: Rule = Rule {
    id: "frame-opcode-reserved-control",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Fail { code: 1002, source: "RFC 6455 §5.2" },
    source: "RFC 6455 §5.2",
    quote: "If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket Connection_.",
    statement: "The opcode is one of B to F, which are reserved for further control frames.",
    why: "A receiver cannot know what such a frame means and must fail the connection.",
    restraint: "A note when an extension that wslens does not know was accepted, for it may define opcodes (§5.8).",
    breaks: || Scenario::new().handshake().client(frame(Opcode(0xB), b"")),
    keeps: || Scenario::new().handshake().client(frame(Opcode::PING, b"")),
};

/// `frame-length-nonminimal-16`
pub static LENGTH_NONMINIMAL_16: Rule = Rule {
    id: "frame-length-nonminimal-16",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::MayClose { code: 1002 },
    source: "RFC 6455 §5.2",
    quote: "Note that in all cases, the minimal number of bytes MUST be used to encode the length, for example, the \
            length of a 124-byte-long string can't be encoded as the sequence 126, 0, 124.",
    statement: "A length of at most 125 is spelled with 16 bits.",
    why: "Strict receivers fail the connection. A parser that accepts two spellings of one length is one that an \
          intermediary can be made to disagree with.",
    restraint: "",
    breaks: || Scenario::new().handshake().server(text("Hello").length_form(LengthForm::Bits16)),
    keeps: || Scenario::new().handshake().server(text("x".repeat(126))),
};

/// `frame-length-nonminimal-64`
pub static LENGTH_NONMINIMAL_64: Rule = Rule {
    id: "frame-length-nonminimal-64",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::MayClose { code: 1002 },
    source: "RFC 6455 §5.2",
    quote: "Note that in all cases, the minimal number of bytes MUST be used to encode the length, for example, the \
            length of a 124-byte-long string can't be encoded as the sequence 126, 0, 124.",
    statement: "A length of at most 65,535 is spelled with 64 bits.",
    why: "Strict receivers fail the connection. It mostly comes from a writer that knows two forms out of three.",
    restraint: "",
    breaks: || Scenario::new().handshake().server(text("x".repeat(200)).length_form(LengthForm::Bits64)),
    keeps: || Scenario::new().handshake().server(text("x".repeat(65_536))),
};

/// `frame-length-msb`
pub static LENGTH_MSB: Rule = Rule {
    id: "frame-length-msb",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::MayClose { code: 1002 },
    source: "RFC 6455 §5.2",
    quote: "If 127, the following 8 bytes interpreted as a 64-bit unsigned integer (the most significant bit MUST be \
            0) are the payload length.",
    statement: "The most significant bit of a 64-bit length is set.",
    why: "The length is negative in a signed integer: the classic way to an overflow in the receiver.",
    restraint: "",
    breaks: || {
        let lying = frame(Opcode::BINARY, b"x").length_form(LengthForm::Bits64).declared_length(1 << 63);
        Scenario::new().handshake().server(lying)
    },
    keeps: || Scenario::new().handshake().server(frame(Opcode::BINARY, vec![0; 70_000])),
};

/// `frame-length-implausible`
pub static LENGTH_IMPLAUSIBLE: Rule = Rule {
    id: "frame-length-implausible",
    severity: Severity::Warning,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §10.4",
    quote: "Implementations that have implementation- and/or platform-specific limitations regarding the frame size \
            or total message size after reassembly from multiple frames MUST protect themselves against exceeding \
            those limits.",
    statement: "A frame declares a payload that no receiver would take, and the connection ends without it.",
    why: "Either the sender writes lengths wrongly (in the other byte order, say), or it wants the receiver to \
          allocate.",
    restraint: "Silent when the whole payload really came, and when the capture ended first.",
    breaks: || {
        let lying = frame(Opcode::BINARY, b"x").length_form(LengthForm::Bits64).declared_length(1 << 40);
        Scenario::new().handshake().server(lying).fin(Role::Server)
    },
    keeps: || {
        let cut = frame(Opcode::BINARY, b"x").length_form(LengthForm::Bits16).declared_length(4000);
        Scenario::new().handshake().server(cut).fin(Role::Server)
    },
};

/// `frame-truncated`
pub static TRUNCATED: Rule = Rule {
    id: "frame-truncated",
    severity: Severity::Warning,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.2",
    quote: "",
    statement: "The sender's stream ends inside a frame.",
    why: "The application on the other side never sees the message. The sender crashed, was cut off, or wrote a \
          length that is too large.",
    restraint: "A note when the end of the sender's own stream, its FIN or RST, is not in the capture: then what is missing may \
                only not have been captured.",
    breaks: || {
        let cut = frame(Opcode::TEXT, b"Hel").declared_length(5);
        Scenario::new().handshake().server(cut).fin(Role::Server)
    },
    keeps: || Scenario::new().handshake().server(text("Hello")).fin(Role::Server),
};

/// `frame-garbage-after-101`
pub static GARBAGE_AFTER_101: Rule = Rule {
    id: "frame-garbage-after-101",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Fail { code: 1002, source: "RFC 6455 §5.2" },
    source: "RFC 6455 §6.2",
    quote: "To receive WebSocket data, an endpoint listens on the underlying network connection. Incoming data MUST \
            be parsed as WebSocket frames as defined in Section 5.2.",
    statement: "Text stands where a frame should begin.",
    why: "A server or a proxy fell back to HTTP after the upgrade, for an error page as a rule. The receiver reads it \
          as a frame with forbidden bits, so its error message (\"invalid opcode\", \"RSV bits set\") hides the cause.",
    restraint: "Only texts that are known are named; other bytes are decoded as frames and judged as such.",
    breaks: || {
        let page = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
        Scenario::new().handshake().bytes(Role::Server, page)
    },
    keeps: || Scenario::new().handshake().server(text("HTTP/1.1 502 Bad Gateway")),
};
