//! Frames that break a rule on purpose, for all rules that a frame or two can break.

use super::compose::Draft;
use crate::Role;
use crate::websocket::{FrameHeader, LengthForm, Opcode};
use thiserror::Error;

/// Why a rule cannot be broken as asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WrongError {
    /// No frame breaks it by itself.
    #[error(
        "no frame alone breaks {rule}; `wslens rules example {rule}` writes a conversation that does. Frames can break: {}",
        list()
    )]
    NotOfFrames {
        /// The rule's id.
        rule: String,
    },
    /// Only the other side can break it.
    #[error("only a {needed} can break {rule}")]
    Sender {
        /// The rule's id.
        rule: String,
        /// Who can.
        needed: Role,
    },
    /// The payload is too long for the fault.
    #[error("{rule} takes a payload of at most {most} bytes, since a longer one needs the longer form")]
    TooLong {
        /// The rule's id.
        rule: String,
        /// Bytes.
        most: usize,
    },
}

/// What becomes of a frame that conforms.
type Spoil = fn(&mut Vec<Draft>);

/// A way to break a rule.
struct Wrong {
    rule: &'static str,
    /// Who can break it; `None` for either.
    sender: Option<Role>,
    spoil: Spoil,
}

const fn either(rule: &'static str, spoil: Spoil) -> Wrong {
    Wrong { rule, sender: None, spoil }
}

const fn only(sender: Role, rule: &'static str, spoil: Spoil) -> Wrong {
    Wrong { rule, sender: Some(sender), spoil }
}

static WRONGS: &[Wrong] = &[
    only(Role::Client, "frame-client-unmasked", |drafts| header(drafts, |header| header.masking_key = None)),
    only(Role::Server, "frame-server-masked", |drafts| {
        header(drafts, |header| header.masking_key = Some([0x37, 0xFA, 0x21, 0x3D]));
    }),
    either("frame-rsv1-unnegotiated", |drafts| header(drafts, |header| header.rsv1 = true)),
    either("frame-rsv2-set", |drafts| header(drafts, |header| header.rsv2 = true)),
    either("frame-rsv3-set", |drafts| header(drafts, |header| header.rsv3 = true)),
    either("frame-opcode-reserved-data", |drafts| header(drafts, |header| header.opcode = Opcode(0x3))),
    either("frame-opcode-reserved-control", |drafts| {
        control(drafts, Opcode(0xB));
    }),
    either("frame-length-nonminimal-16", |drafts| header(drafts, |header| header.length_form = LengthForm::Bits16)),
    either("frame-length-nonminimal-64", |drafts| header(drafts, |header| header.length_form = LengthForm::Bits64)),
    either("frame-length-msb", |drafts| {
        header(drafts, |header| {
            header.length_form = LengthForm::Bits64;
            header.payload_length |= 1 << 63;
        });
    }),
    only(Role::Client, "mask-key-zero", |drafts| {
        header(drafts, |header| header.masking_key = Some([0; 4]));
        // Nothing is masked where there is nothing.
        payload(drafts, |payload| {
            if payload.is_empty() {
                payload.push(b'x');
            }
        });
    }),
    either("frag-continuation-without-start", |drafts| header(drafts, |header| header.opcode = Opcode::CONTINUATION)),
    either("frag-new-data-inside-message", |drafts| {
        let Some(first) = drafts.first_mut() else { return };
        first.header.opcode = if first.header.opcode == Opcode::BINARY { Opcode::BINARY } else { Opcode::TEXT };
        first.header.fin = false;
        let mut second = first.clone();
        second.header.fin = true;
        // A fresh key for each frame (RFC 6455 §5.3).
        second.header.masking_key = second.header.masking_key.map(|[a, b, c, d]| [b ^ 0x5A, !c, d ^ 0xA5, !a]);
        drafts.truncate(1);
        drafts.push(second);
    }),
    either("frag-control-fragmented", |drafts| {
        let opcode = drafts.first().map_or(Opcode::PING, |draft| draft.header.opcode);
        control(drafts, if opcode.is_control() { opcode } else { Opcode::PING });
        header(drafts, |header| header.fin = false);
    }),
    either("ctl-payload-too-long", |drafts| {
        header(drafts, |header| header.opcode = Opcode::PING);
        payload(drafts, |payload| payload.resize(payload.len().max(126), b'x'));
    }),
    either("close-body-one-byte", |drafts| close(drafts, |_| vec![0x03])),
    either("close-code-unsendable", |drafts| close(drafts, |reason| code(1006, reason))),
    either("close-code-1004", |drafts| close(drafts, |reason| code(1004, reason))),
    either("close-code-below-1000", |drafts| close(drafts, |reason| code(500, reason))),
    either("close-code-unassigned", |drafts| close(drafts, |reason| code(2000, reason))),
    either("close-code-out-of-range", |drafts| close(drafts, |reason| code(5000, reason))),
    either("close-reason-invalid-utf8", |drafts| close(drafts, |_| code(1000, b"caf\xE9"))),
    only(Role::Server, "close-code-1010-by-server", |drafts| close(drafts, |reason| code(1010, reason))),
    either("close-no-status", |drafts| close(drafts, |_| Vec::new())),
    either("utf8-invalid", |drafts| text(drafts, |payload| payload.push(0xFF))),
    either("utf8-truncated", |drafts| text(drafts, |payload| payload.extend("€".as_bytes().get(..2).unwrap_or(&[])))),
    either("utf8-noncharacter", |drafts| text(drafts, |payload| payload.extend("\u{FFFE}".as_bytes()))),
    either("utf8-bom", |drafts| text(drafts, |payload| drop(payload.splice(..0, *b"\xEF\xBB\xBF")))),
    either("utf8-nul", |drafts| text(drafts, |payload| payload.push(0))),
];

/// The ids of the rules that frames can be made to break.
pub fn breakable() -> impl Iterator<Item = &'static str> {
    WRONGS.iter().map(|wrong| wrong.rule)
}

/// Who must send a frame that breaks this rule; `None` where either can, and for rules that frames cannot break.
pub fn breaker(rule: &str) -> Option<Role> {
    WRONGS.iter().find(|wrong| wrong.rule == rule)?.sender
}

/// Spoils the frames of a message so that they break `rule`, and not others if that can be helped.
///
/// # Errors
/// A rule that frames alone do not break, or not those of this sender, or not with this payload.
pub fn spoil(drafts: &mut Vec<Draft>, rule: &str, sender: Role) -> Result<(), WrongError> {
    let rule = rule.to_owned();
    let Some(wrong) = WRONGS.iter().find(|wrong| wrong.rule == rule) else {
        return Err(WrongError::NotOfFrames { rule });
    };
    if let Some(needed) = wrong.sender.filter(|&needed| needed != sender) {
        return Err(WrongError::Sender { rule, needed });
    }
    let most = match wrong.rule {
        "frame-length-nonminimal-16" => 125,
        "frame-length-nonminimal-64" => 65_535,
        _ => usize::MAX,
    };
    if drafts.first().is_some_and(|draft| draft.payload.len() > most) {
        return Err(WrongError::TooLong { rule, most });
    }
    (wrong.spoil)(drafts);
    Ok(())
}

fn list() -> String {
    breakable().collect::<Vec<_>>().join(", ")
}

/// Changes the header of the first frame.
fn header(drafts: &mut [Draft], change: impl FnOnce(&mut FrameHeader)) {
    if let Some(draft) = drafts.first_mut() {
        change(&mut draft.header);
    }
}

/// Changes the payload of the first frame, and its length with it.
fn payload(drafts: &mut [Draft], change: impl FnOnce(&mut Vec<u8>)) {
    if let Some(draft) = drafts.first_mut() {
        let mut payload = std::mem::take(&mut draft.payload);
        change(&mut payload);
        draft.set_payload(payload);
    }
}

/// Makes it one control frame with as much of the payload as one may have (RFC 6455 §5.5).
fn control(drafts: &mut Vec<Draft>, opcode: Opcode) {
    drafts.truncate(1);
    header(drafts, |header| (header.opcode, header.fin) = (opcode, true));
    payload(drafts, |payload| payload.truncate(125));
}

/// Makes it one Close frame with this body; what was given is the reason.
fn close(drafts: &mut Vec<Draft>, body: impl FnOnce(&[u8]) -> Vec<u8>) {
    let was_close = drafts.first().is_some_and(|draft| draft.header.opcode == Opcode::CLOSE);
    control(drafts, Opcode::CLOSE);
    payload(drafts, |payload| {
        // Of a Close that was asked for the reason begins behind the code. Room is left for the new one.
        let reason = payload.get(if was_close { 2 } else { 0 }..).unwrap_or_default();
        let reason = String::from_utf8_lossy(reason);
        let mut end = reason.len().min(120);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        *payload = body(&reason.as_bytes()[..end]);
    });
}

fn code(code: u16, reason: &[u8]) -> Vec<u8> {
    [&code.to_be_bytes(), reason].concat()
}

/// Makes the first frame a whole text message and spoils its payload.
fn text(drafts: &mut Vec<Draft>, change: impl FnOnce(&mut Vec<u8>)) {
    drafts.truncate(1);
    header(drafts, |header| (header.opcode, header.fin) = (Opcode::TEXT, true));
    payload(drafts, change);
}
