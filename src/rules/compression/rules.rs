//! The rules of RFC 7692 §6 and §7.2, as data.

use crate::rules::{Blames, Requirement, Rule, Severity};
use crate::scenario::{FrameSpec, Scenario, continuation, deflated_binary, deflated_text, ping, pong, text};

/// The rules of this topic.
pub const RULES: &[&Rule] = &[
    &RSV1_ON_CONTROL,
    &RSV1_ON_CONTINUATION,
    &INFLATE_ERROR,
    &EMPTY_COMPRESSED,
    &BOMB,
    &EXPANDED,
    &NEVER_USED,
    &CONTEXT_LOST,
];

const FIRST_FRAGMENT_ONLY: &str = "An endpoint MUST NOT set the \"Per-Message Compressed\" bit of control frames and \
                                   non-first fragments of a data message.";

/// RSV1 alone.
const RSV1: u8 = 0b100;

/// A connection on which permessage-deflate was agreed.
pub(super) fn agreed() -> Scenario {
    Scenario::new().handshake_with_extensions("permessage-deflate", "permessage-deflate")
}

/// A text message that says it is compressed and has these bytes.
pub(super) fn compressed(payload: impl Into<Vec<u8>>) -> FrameSpec {
    text(payload).rsv(RSV1)
}

/// `pmd-rsv1-on-control`
pub static RSV1_ON_CONTROL: Rule = Rule {
    id: "pmd-rsv1-on-control",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Fail { code: 1002, source: "RFC 7692 §6.1" },
    source: "RFC 7692 §6",
    quote: FIRST_FRAGMENT_ONLY,
    statement: "A control frame has RSV1 set, although permessage-deflate compresses messages only.",
    why: "Receivers fail the connection. The writer has one function for all frames and one switch for compression.",
    restraint: "Where permessage-deflate was not agreed, frame-rsv1-unnegotiated speaks.",
    breaks: || agreed().client(deflated_text("Hello")).client(ping("").rsv(RSV1)),
    keeps: || agreed().client(deflated_text("Hello")).client(ping("")).server(pong("")),
};

/// `pmd-rsv1-on-continuation`
pub static RSV1_ON_CONTINUATION: Rule = Rule {
    id: "pmd-rsv1-on-continuation",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Fail { code: 1002, source: "RFC 7692 §6.1" },
    source: "RFC 7692 §6",
    quote: FIRST_FRAGMENT_ONLY,
    statement: "A continuation frame has RSV1 set.",
    why: "The bit belongs to the message and stands on its first frame. Strict receivers fail the connection; lenient \
          ones have taken the frame for the start of another compressed message.",
    restraint: "Where permessage-deflate was not agreed, frame-rsv1-unnegotiated speaks.",
    breaks: || agreed().server([compressed(&HELLO[..3]).fin(false), continuation(&HELLO[3..]).rsv(RSV1)]),
    keeps: || agreed().server([compressed(&HELLO[..3]).fin(false), continuation(&HELLO[3..])]),
};

/// "Hello" as RFC 7692 §7.2.3.1 compresses it.
pub(super) const HELLO: [u8; 7] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];

/// `pmd-inflate-error`
pub static INFLATE_ERROR: Rule = Rule {
    id: "pmd-inflate-error",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::MayClose { code: 1007 },
    source: "RFC 7692 §7.2.2",
    quote: "Decompress the resulting data using DEFLATE.",
    statement: "The payload of a compressed message is not DEFLATE data.",
    why: "The receiver cannot read the message and closes with 1007 or 1002. The sender set RSV1 on a message that is \
          not compressed, compressed with zlib or gzip headers, or took too many bytes away from its end.",
    restraint: "Only what the message's own bytes prove, or a reference to bytes before the first that the sender \
                compressed: one to bytes that are missing is none. A message that can be read but has no empty block at \
                its end is a warning. Silent where it was not seen whether permessage-deflate was agreed, and where \
                another extension may have changed the bytes.",
    breaks: || agreed().server(compressed("Hello")),
    keeps: || agreed().server(compressed(HELLO)),
};

/// `pmd-empty-compressed`
pub static EMPTY_COMPRESSED: Rule = Rule {
    id: "pmd-empty-compressed",
    severity: Severity::Warning,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 7692 §7.2.3.6",
    quote: "",
    statement: "A message says that it is compressed and has no payload at all.",
    why: "DEFLATE has no empty form: an empty message is compressed to one byte, 00. Receivers that hand the empty input \
          to their library wait for more, report an error, or deliver nothing.",
    restraint: "Silent where it was not seen whether permessage-deflate was agreed.",
    breaks: || agreed().client(compressed("")),
    keeps: || agreed().client(compressed([0x00])),
};

/// `pmd-bomb`
pub static BOMB: Rule = Rule {
    id: "pmd-bomb",
    severity: Severity::Warning,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §10.4",
    quote: "Implementations that have implementation- and/or platform-specific limitations regarding the frame size \
            or total message size after reassembly from multiple frames MUST protect themselves against exceeding \
            those limits.",
    statement: "A compressed message inflates beyond the limit on size or ratio.",
    why: "A few kilobytes on the wire can become gigabytes in the receiver. Receivers that check the size of frames only \
          run out of memory.",
    restraint: "Inflating stops at the limit, so nothing is said of what would have followed, nor of the messages that \
                refer to it.",
    breaks: || agreed().server(deflated_binary(vec![0; 4 << 20])),
    keeps: || agreed().server(deflated_binary(vec![0; 1 << 19])),
};

/// `pmd-expanded`
pub static EXPANDED: Rule = Rule {
    id: "pmd-expanded",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 7692 §6.1",
    quote: "",
    statement: "Messages are larger compressed than they are plain.",
    why: "Compression costs both sides time and memory and here bytes as well. Senders may leave single messages \
          uncompressed: short ones, and those whose content is compressed already.",
    restraint: "Said once for a sender, at the end, with the sum. Empty messages do not count.",
    breaks: || agreed().client(deflated_text("Hello")),
    keeps: || agreed().client(deflated_text("Hello Hello Hello Hello Hello Hello")),
};

/// `pmd-never-used`
pub static NEVER_USED: Rule = Rule {
    id: "pmd-never-used",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 7692 §6",
    quote: "",
    statement: "permessage-deflate was agreed and no message is compressed.",
    why: "Each side may hold a window and a compressor for the connection, some hundred kilobytes, for nothing. Often all \
          messages are below a threshold that nobody remembers.",
    restraint: "Silent where bytes are missing, for compressed messages may be among them.",
    breaks: || agreed().client(text("Hello")).server(text("Hello")),
    keeps: || agreed().client(text("Hello")).server(compressed(HELLO)),
};

/// `pmd-context-lost`
pub static CONTEXT_LOST: Rule = Rule {
    id: "pmd-context-lost",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 7692 §7.2.2",
    quote: "",
    statement: "Messages cannot be inflated here, since they refer to earlier bytes that are missing.",
    why: "The receiver had those bytes; this program has not, so it says nothing of the contents of these messages. Each \
          match of a message is followed: where none reaches a byte that is missing, or that was copied from there, the \
          message can be read. The first one that reaches back to nothing before it always can.",
    restraint: "Nobody's fault: the sender is named to say whose messages they are. Rules about the compressed bytes \
                themselves go on, but for text and length there is nothing to judge.",
    breaks: || {
        let sentence = "the quick brown fox jumps over the lazy dog";
        let first = agreed().server(deflated_text(sentence)).lose().server(deflated_text(sentence));
        first.server(deflated_text(sentence)).server(deflated_text(sentence))
    },
    keeps: || {
        let sentence = "the quick brown fox jumps over the lazy dog";
        let first = agreed().server(deflated_text(sentence)).server(deflated_text(sentence));
        first.server(deflated_text(sentence)).server(deflated_text(sentence))
    },
};
