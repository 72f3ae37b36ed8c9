//! What a Close frame says: its code and its reason (RFC 6455 §5.5.1, §7.4).

use super::super::docket::Docket;
use super::super::ended::may_be_changed;
use super::super::referee::{Context, ReservedBits};
use super::super::{Blames, Finding, Requirement, Rule, Severity};
use crate::scenario::{Scenario, close, close_empty, frame};
use crate::websocket::{Family, Frame, Opcode, close_code_name};

/// The rules of this file.
pub const RULES: &[&Rule] = &[
    &BODY_ONE_BYTE,
    &CODE_UNSENDABLE,
    &CODE_1004,
    &CODE_BELOW_1000,
    &CODE_UNASSIGNED,
    &CODE_OUT_OF_RANGE,
    &REASON_INVALID_UTF8,
    &NO_STATUS,
];

/// `close-body-one-byte`
pub static BODY_ONE_BYTE: Rule = Rule {
    id: "close-body-one-byte",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::MayClose { code: 1002 },
    source: "RFC 6455 §5.5.1",
    quote: "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer (in network byte \
            order) representing a status code with value /code/ defined in Section 7.4.",
    statement: "The body of a Close frame is a single byte, which is too short for a status code.",
    why: "Receivers fail the connection with 1002 or read past the end of the body.",
    restraint: "",
    breaks: || Scenario::new().handshake().server(frame(Opcode::CLOSE, [0x03])),
    keeps: || Scenario::new().handshake().server(frame(Opcode::CLOSE, [0x03, 0xE8])),
};

/// `close-code-unsendable`
pub static CODE_UNSENDABLE: Rule = Rule {
    id: "close-code-unsendable",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::MayClose { code: 1002 },
    source: "RFC 6455 §7.4.1",
    quote: "1005 is a reserved value and MUST NOT be set as a status code in a Close control frame by an endpoint.",
    statement: "A Close frame carries 1005, 1006 or 1015, which only ever stand for the absence of a code.",
    why: "These are what an application is told when no code came. Code that passes the number it was told on to \
          its own close call sends them, and strict receivers answer 1002.",
    restraint: "",
    breaks: || Scenario::new().handshake().server(close(1006, "")),
    keeps: || Scenario::new().handshake().server(close(1000, "")),
};

/// `close-code-1004`
pub static CODE_1004: Rule = Rule {
    id: "close-code-1004",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::MayClose { code: 1002 },
    source: "RFC 6455 §7.4.1",
    quote: "Reserved. The specific meaning might be defined in the future.",
    statement: "A Close frame carries 1004, which is reserved and has no meaning.",
    why: "It meant \"frame too large\" in the drafts and was withdrawn; 1009 took its place. Receivers answer 1002.",
    restraint: "Silent for the drafts that defined it.",
    breaks: || Scenario::new().handshake().server(close(1004, "")),
    keeps: || Scenario::new().handshake().server(close(1009, "")),
};

/// `close-code-below-1000`
pub static CODE_BELOW_1000: Rule = Rule {
    id: "close-code-below-1000",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::MayClose { code: 1002 },
    source: "RFC 6455 §7.4.2",
    quote: "Status codes in the range 0-999 are not used.",
    statement: "A Close frame carries a code from 0 to 999.",
    why: "Mostly an exit status or an HTTP status in the wrong place, or the two bytes in the wrong order. Receivers \
          answer 1002.",
    restraint: "",
    breaks: || Scenario::new().handshake().server(close(500, "")),
    keeps: || Scenario::new().handshake().server(close(1011, "")),
};

/// `close-code-unassigned`
pub static CODE_UNASSIGNED: Rule = Rule {
    id: "close-code-unassigned",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::MayClose { code: 1002 },
    source: "RFC 6455 §7.4.2",
    quote: "Status codes in the range 1000-2999 are reserved for definition by this protocol, its future revisions, \
            and extensions specified in a permanent and readily available public specification.",
    statement: "A Close frame carries a code from 1016 to 2999, none of which is assigned.",
    why: "An application that wants codes of its own has 4000 to 4999. Receivers answer 1002, so the code is lost.",
    restraint: "A note when an extension that wslens does not know was accepted, for it may define codes. 1012 to \
                1014 came after the RFC and are registered.",
    breaks: || Scenario::new().handshake().server(close(2000, "")),
    keeps: || Scenario::new().handshake().server(close(1012, "")),
};

/// `close-code-out-of-range`
pub static CODE_OUT_OF_RANGE: Rule = Rule {
    id: "close-code-out-of-range",
    severity: Severity::Warning,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §7.4.2",
    quote: "",
    statement: "A Close frame carries a code of 5000 or above, outside of every range that is defined.",
    why: "Some receivers hand it to the application, others answer 1002. It may be 1000 to 4999 with the two bytes \
          in the wrong order.",
    restraint: "A warning, since the RFC says nothing of these codes.",
    breaks: || Scenario::new().handshake().server(close(5000, "")),
    keeps: || Scenario::new().handshake().server(close(4999, "")),
};

/// `close-reason-invalid-utf8`
pub static REASON_INVALID_UTF8: Rule = Rule {
    id: "close-reason-invalid-utf8",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Fail { code: 1007, source: "RFC 6455 §8.1" },
    source: "RFC 6455 §5.5.1",
    quote: "Following the 2-byte integer, the body MAY contain UTF-8-encoded data with value /reason/, the \
            interpretation of which is not defined by this specification.",
    statement: "The reason of a Close frame is not UTF-8.",
    why: "The receiver must fail the connection (§8.1), so neither code nor reason reaches the application. A reason \
          that was cut to 123 bytes inside a character is the usual cause.",
    restraint: "Silent about bytes that were not captured, and where an accepted extension may have changed the body.",
    breaks: || Scenario::new().handshake().server(close(1000, b"caf\xE9")),
    keeps: || Scenario::new().handshake().server(close(1000, "café")),
};

/// `close-no-status`
pub static NO_STATUS: Rule = Rule {
    id: "close-no-status",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §7.1.5",
    quote: "If this Close control frame contains no status code, _The WebSocket Connection Close Code_ is considered \
            to be 1005.",
    statement: "A Close frame has no body.",
    why: "Legal; the other side's application is told 1005, which it may take for a fault.",
    restraint: "",
    breaks: || Scenario::new().handshake().server(close_empty()),
    keeps: || Scenario::new().handshake().server(close(1000, "")),
};

/// The code in a Close frame's body; `None` where there is none, where it was not captured, and where an extension
/// may have changed the body.
fn code(frame: &Frame<'_>, context: &Context) -> Option<u16> {
    let code = frame.payload.first_chunk().filter(|_| !may_be_changed(frame, context.reserved_bits))?;
    Some(u16::from_be_bytes(*code))
}

/// Judges the body of an endpoint's first Close frame; gives whether it breaks a rule.
pub(super) fn judge(frame: &Frame<'_>, context: &Context, docket: &mut Docket) -> bool {
    let (sender, index) = (frame.sender, frame.index);
    match frame.header.payload_length {
        0 => {
            let text = format!("{sender}'s Close (frame {index}) has no body: {}'s side sees 1005", sender.peer());
            docket.file(Finding::of_frame(&NO_STATUS, frame, text));
            return false;
        }
        1 => {
            let text = format!("{sender}'s Close (frame {index}) has a body of one byte; a status code takes two");
            docket.file(Finding::of_frame(&BODY_ONE_BYTE, frame, text));
            return true;
        }
        _ => {}
    }
    let Some(code) = code(frame, context) else { return false };
    let faulty_code = judge_code(code, frame, context, docket);
    let faulty_reason = judge_reason(frame, docket);
    faulty_code || faulty_reason
}

/// RFC 6455 §7.4.1 and §7.4.2, and the registry that §11.7 founded.
fn judge_code(code: u16, frame: &Frame<'_>, context: &Context, docket: &mut Docket) -> bool {
    let mut severity = None;
    let (rule, why) = match code {
        0..=999 => (&CODE_BELOW_1000, "which is below 1000 and not used"),
        1004 if context.family == Family::Rfc6455 => (&CODE_1004, "which has no meaning"),
        1005 | 1006 | 1015 => (&CODE_UNSENDABLE, "which stands for the absence of a code and must not be sent"),
        1016..=2999 if matches!(context.reserved_bits, ReservedBits::MayBeDefined { .. }) => {
            severity = Some(Severity::Note);
            (&CODE_UNASSIGNED, "which is not assigned; an accepted extension may define it")
        }
        1016..=2999 => (&CODE_UNASSIGNED, "which is not assigned"),
        5000.. => (&CODE_OUT_OF_RANGE, "outside of every range that is defined"),
        _ => return false,
    };
    let name = close_code_name(code).map_or(String::new(), |name| format!(" ({name})"));
    let text = format!("{}'s Close (frame {}) has code {code}{name}, {why}", frame.sender, frame.index);
    let finding = of_body(rule, frame, 0..2, text);
    docket.file(Finding { severity: severity.unwrap_or(finding.severity), ..finding });
    severity != Some(Severity::Note)
}

fn judge_reason(frame: &Frame<'_>, docket: &mut Docket) -> bool {
    let Some((_, reason)) = frame.payload.split_first_chunk::<2>() else { return false };
    let Err(error) = std::str::from_utf8(reason) else { return false };
    let all = frame.payload.len() as u64 == frame.header.payload_length;
    let at = error.valid_up_to();
    let bad = match error.error_len() {
        Some(length) => length,
        // The character may go on in bytes that were not kept or not captured.
        None if !all => return false,
        None => reason.len() - at,
    };
    let text = format!(
        "the reason in {}'s Close (frame {}) stops being UTF-8 at its byte {at}, after \"{}\"",
        frame.sender,
        frame.index,
        crate::escape::printable_within(&reason[..at], 40)
    );
    docket.file(of_body(&REASON_INVALID_UTF8, frame, 2 + at..2 + at + bad, text));
    true
}

/// A finding that shows a part of the unmasked body.
fn of_body(rule: &'static Rule, frame: &Frame<'_>, part: std::ops::Range<usize>, text: String) -> Finding {
    let offset = frame.stream_offset.saturating_add((frame.header_bytes.len() + part.start) as u64);
    let evidence = frame.payload.get(part).unwrap_or_default();
    Finding::of_frame(rule, frame, text).at_offset(offset).with_evidence(evidence)
}
