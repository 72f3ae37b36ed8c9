//! Text messages are UTF-8 (RFC 6455 §5.6, §8.1; RFC 3629).

use super::docket::Docket;
use super::referee::{Context, ReservedBits, Topic};
use super::{Blames, Finding, Requirement, Rule, Severity};
use crate::scenario::{Scenario, text};
use crate::websocket::{Inflated, Message, Text, TextFault, Utf8Fault};
use std::fmt::Write;

/// The rules of this file.
pub const RULES: &[&Rule] = &[&INVALID, &TRUNCATED, &NONCHARACTER, &BOM, &NUL];

const WHOLE_MESSAGE: &str = "Note that a particular text frame might include a partial UTF-8 sequence; however, the \
                             whole message MUST contain valid UTF-8.";

/// `utf8-invalid`
pub static INVALID: Rule = Rule {
    id: "utf8-invalid",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Fail { code: 1007, source: "RFC 6455 §8.1" },
    source: "RFC 6455 §5.6",
    quote: WHOLE_MESSAGE,
    statement: "A text message is not UTF-8.",
    why: "Receivers fail the connection, with 1007 as a rule, and a script in a browser sees no message and no reason. \
          The sender put binary data or text in another encoding into a text message, or joined strings cut in the \
          middle of a character.",
    restraint: "Silent where a compressed message could not be inflated. A note when an extension that wslens does not \
                know was accepted, for it may change payloads.",
    breaks: || Scenario::new().handshake().server(text(b"caf\xE9!")),
    keeps: || Scenario::new().handshake().server(text("café!")),
};

/// `utf8-truncated`
pub static TRUNCATED: Rule = Rule {
    id: "utf8-truncated",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Fail { code: 1007, source: "RFC 6455 §8.1" },
    source: "RFC 6455 §5.6",
    quote: WHOLE_MESSAGE,
    statement: "A text message ends inside a character.",
    why: "The sender cut its text by bytes, at the size of a buffer as a rule, and sent each piece as a message of its \
          own. Receivers fail the connection.",
    restraint: "Said only of messages whose last frame was captured.",
    breaks: || Scenario::new().handshake().client(text(b"caf\xC3")).client(text("!")),
    keeps: || Scenario::new().handshake().client(text("café")).client(text("!")),
};

/// `utf8-noncharacter`
pub static NONCHARACTER: Rule = Rule {
    id: "utf8-noncharacter",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 3629 §3",
    quote: "",
    statement: "A text message holds a noncharacter such as U+FFFE or U+FDD0.",
    why: "Noncharacters are valid UTF-8 that no text needs. Some decoders and databases refuse them, so a message \
          passes on one side and fails on the other.",
    restraint: "",
    breaks: || Scenario::new().handshake().server(text("a\u{FFFF}")),
    keeps: || Scenario::new().handshake().server(text("a\u{FFFD}")),
};

/// `utf8-bom`
pub static BOM: Rule = Rule {
    id: "utf8-bom",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 3629 §6",
    quote: "",
    statement: "A text message begins with a byte order mark.",
    why: "The mark is part of the text here. JSON parsers refuse a document that begins with it, and it cannot be seen \
          when the message is printed.",
    restraint: "",
    breaks: || Scenario::new().handshake().server(text("\u{FEFF}{}")),
    keeps: || Scenario::new().handshake().server(text("{}\u{FEFF}")),
};

/// `utf8-nul`
pub static NUL: Rule = Rule {
    id: "utf8-nul",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 3629 §3",
    quote: "",
    statement: "A text message holds the character U+0000.",
    why: "It is valid UTF-8, but text ends there for receivers written in C, and some databases refuse it. It often \
          means that a buffer was sent with its terminator.",
    restraint: "",
    breaks: || Scenario::new().handshake().client(text("Hello\0")),
    keeps: || Scenario::new().handshake().client(text("Hello")),
};

/// Judges text messages, each by itself.
#[derive(Debug, Default)]
pub(super) struct TextRules;

impl Topic for TextRules {
    fn message(&mut self, message: &Message<'_>, context: &Context, docket: &mut Docket) {
        let Text { fault, bom, nul, noncharacter, .. } = &message.text;
        if fault.is_some() || *bom || *nul || *noncharacter {
            judge(message, context, docket);
        }
    }
}

/// Judges a message whose text has something to be said of.
#[cold]
fn judge(message: &Message<'_>, context: &Context, docket: &mut Docket) {
    // What came out before inflating failed may be anything.
    let readable = !matches!(message.inflated, Some(Inflated::Corrupt { .. } | Inflated::ContextLost));
    if !readable || !context.has_current_frames() {
        return;
    }
    let sender = message.sender;
    if let Some(fault) = &message.text.fault {
        docket.file(not_utf8(message, fault, context));
        return;
    }
    let mut note = |rule, what: &str| {
        let text = format!("{sender}'s message {} {what}", message.index);
        docket.file(Finding::of_message(rule, message, text));
    };
    if message.text.noncharacter {
        note(&NONCHARACTER, "holds a noncharacter");
    }
    if message.text.bom {
        note(&BOM, "begins with a byte order mark");
    }
    if message.text.nul {
        note(&NUL, "holds U+0000");
    }
}

fn not_utf8(message: &Message<'_>, fault: &TextFault, context: &Context) -> Finding {
    let bytes = &fault.bytes[..usize::from(fault.length).min(fault.bytes.len())];
    let mut hex = String::new();
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(hex, " {byte:02X}");
    }
    let rule = if fault.fault == Utf8Fault::Truncated { &TRUNCATED } else { &INVALID };
    let mut text = format!(
        "{}'s text message {} is not UTF-8: at byte {} (frame {}),{hex} is {}",
        message.sender,
        message.index,
        fault.offset,
        fault.frame,
        reason(fault.fault)
    );
    let mut severity = rule.severity;
    if matches!(context.reserved_bits, ReservedBits::MayBeDefined { .. }) {
        severity = Severity::Note;
        text.push_str("; an accepted extension may have changed the payload");
    }
    let packet = if fault.frame == message.first_frame { message.packet } else { message.last_packet };
    let finding = Finding::of_message(rule, message, text).about(fault.frame, message.opcode_of(fault.frame));
    finding.with_severity(severity).with_evidence(bytes).at(packet)
}

fn reason(fault: Utf8Fault) -> &'static str {
    match fault {
        Utf8Fault::UnexpectedContinuation => "a continuation byte where a character should begin",
        Utf8Fault::MissingContinuation => "a character without enough continuation bytes",
        Utf8Fault::Overlong => "a character in an overlong form",
        Utf8Fault::Surrogate => "a UTF-16 surrogate (U+D800 to U+DFFF)",
        Utf8Fault::TooLarge => "a value above U+10FFFF",
        Utf8Fault::ImpossibleByte => "a byte that occurs nowhere in UTF-8",
        Utf8Fault::Truncated => "a character that the end of the message cuts off",
    }
}
