//! The rules about what compressed messages are made of (RFC 7692 §7.2.1), as data.

use super::rules::{HELLO, agreed, compressed};
use crate::Role;
use crate::rules::{Blames, Requirement, Rule, Severity};
use crate::scenario::{Scenario, deflated_text};

/// The rules that rest on a walk over the compressed bytes.
pub const FORENSIC_RULES: &[&Rule] =
    &[&DISTANCE_EXCEEDS_WINDOW, &CONTEXT_TAKEOVER, &TRAILER_NOT_REMOVED, &BFINAL, &FINAL_PADDING, &TRAILING_GARBAGE];

/// "Hello" in a final block, without the empty block that belongs behind it (RFC 7692 §7.2.3.4).
const FINAL_HELLO: [u8; 7] = [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];

/// A connection on which permessage-deflate was agreed with this parameter.
fn agreed_with(parameter: &str) -> Scenario {
    let offer = format!("permessage-deflate; {parameter}");
    Scenario::new().handshake_with_extensions(&offer, &offer)
}

/// A text whose end repeats its beginning, from 1000 bytes away.
fn far_repetition() -> String {
    let sentence = "the quick brown fox jumps over the lazy dog";
    format!("{sentence}{}{sentence}", "-".repeat(1000 - sentence.len()))
}

/// `pmd-distance-exceeds-window`
pub static DISTANCE_EXCEEDS_WINDOW: Rule = Rule {
    id: "pmd-distance-exceeds-window",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::MayClose { code: 1007 },
    source: "RFC 7692 §7.2.1",
    quote: "If the \"agreed parameters\" contain the \"server_max_window_bits\" extension parameter with a value of w, the \
            server MUST NOT use an LZ77 sliding window longer than the w-th power of 2 bytes to compress messages to \
            send.",
    statement: "A compressed message refers further back than the window that was agreed for its sender.",
    why: "The receiver keeps no more than the agreed window: it fails with \"invalid distance too far back\", or, worse, \
          copies what happens to stand there. It may go well for hours, until a repetition is far enough away. The \
          sender answered the parameter and made its compressor with the default window.",
    restraint: "Of a window larger than agreed only the distances show, and a distance of exactly the window's size is \
                allowed. A client is held to client_max_window_bits only where it offered it. With 8 bits a distance of \
                up to 512 is a warning: zlib takes 9 bits when asked for 8.",
    breaks: || agreed_with("server_max_window_bits=9").server(deflated_text(far_repetition())),
    keeps: || {
        let small = agreed_with("server_max_window_bits=9").window_bits(Role::Server, 9);
        small.server(deflated_text(far_repetition()))
    },
};

/// `pmd-context-takeover`
pub static CONTEXT_TAKEOVER: Rule = Rule {
    id: "pmd-context-takeover",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::MayClose { code: 1007 },
    source: "RFC 7692 §7.2.1",
    quote: "If the \"agreed parameters\" contain the \"server_no_context_takeover\" extension parameter, the server MUST \
            start compressing each new message with an empty LZ77 sliding window.",
    statement: "A compressed message refers to bytes of earlier messages, although its sender agreed to begin each with an \
                empty window.",
    why: "The receiver has dropped those bytes and cannot inflate the message; it closes with 1007 or 1002. The first \
          message always works. The sender answered the parameter and forgot to reset its compressor.",
    restraint: "A compressor that is never reset shows only where a message repeats something of an earlier one.",
    breaks: || agreed_with("server_no_context_takeover").server(deflated_text("Hello")).server(deflated_text("Hello")),
    keeps: || {
        let fresh = agreed_with("server_no_context_takeover").context_takeover(Role::Server, false);
        fresh.server(deflated_text("Hello")).server(deflated_text("Hello"))
    },
};

/// `pmd-trailer-not-removed`
pub static TRAILER_NOT_REMOVED: Rule = Rule {
    id: "pmd-trailer-not-removed",
    severity: Severity::Warning,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 7692 §7.2.1",
    quote: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end.",
    statement: "A compressed message still ends in 00 00 FF FF.",
    why: "The receiver puts the four bytes back, and there they begin another block that does not end: the message can be \
          read, but the next one that shares the context is taken for the rest of that block.",
    restraint: "Only where the four bytes are the lengths of an empty block: compressed data may end in the same bytes by \
                chance.",
    breaks: || agreed().client(compressed([&HELLO[..], &[0x00, 0x00, 0xFF, 0xFF]].concat())),
    keeps: || agreed().client(compressed(HELLO)),
};

/// `pmd-bfinal`
pub static BFINAL: Rule = Rule {
    id: "pmd-bfinal",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 7692 §7.2.3.4",
    quote: "",
    statement: "A compressed message has a DEFLATE block with BFINAL set.",
    why: "It is allowed. But the block ends the stream for the receiver's library: receivers that do not begin another \
          one, with the window kept, fail at the next message or return nothing. Senders that finish a stream for each \
          message also tend to leave out the empty block that belongs behind it (00).",
    restraint: "Said once for a sender, at the end.",
    breaks: || agreed().server(compressed([&FINAL_HELLO[..], &[0x00]].concat())),
    keeps: || agreed().server(compressed(HELLO)),
};

/// `pmd-final-padding`
pub static FINAL_PADDING: Rule = Rule {
    id: "pmd-final-padding",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 7692 §7.2.1",
    quote: "When any DEFLATE block with the \"BFINAL\" bit set to 1 doesn't end at a byte boundary, an endpoint MUST add \
            minimal padding bits of 0 to make it end at a byte boundary.",
    statement: "The bits between a block with BFINAL set and the byte boundary behind it are not 0.",
    why: "Most libraries pass over these bits. A receiver that looks for the next block where this one ended takes them for \
          its header.",
    restraint: "Only where the rest of the message is DEFLATE.",
    breaks: || agreed().server(compressed([&FINAL_HELLO[..6], &[0x80, 0x00]].concat())),
    keeps: || agreed().server(compressed([&FINAL_HELLO[..], &[0x00]].concat())),
};

/// `pmd-trailing-garbage`
pub static TRAILING_GARBAGE: Rule = Rule {
    id: "pmd-trailing-garbage",
    severity: Severity::Warning,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 7692 §7.2.2",
    quote: "",
    statement: "Bytes behind a block with BFINAL set are no DEFLATE block.",
    why: "Receivers that stop at the final block never look at them; receivers that go on, as they should, fail. Often they \
          are the checksum of a zlib or gzip stream whose header was cut off.",
    restraint: "What a receiver makes of such a message depends on its library, so nothing is said of the text.",
    // The Adler-32 of "Hello".
    breaks: || agreed().client(compressed([&FINAL_HELLO[..], &[0x05, 0x8C, 0x01, 0xF5]].concat())),
    keeps: || agreed().client(compressed([&FINAL_HELLO[..], &[0x00]].concat())),
};
