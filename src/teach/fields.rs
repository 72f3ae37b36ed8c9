//! Each field of a header in words, with the section that defines it.

use super::explain::{COLUMNS, Context};
use super::parts::Parts;
use super::text::{FieldKind, Span, Style, Text};
use crate::Role;
use crate::websocket::{LengthForm, Opcode};

/// Where the words of an entry begin: behind its name and its bits.
const INDENT: usize = 25;

/// The longest payload of a control frame (RFC 6455 §5.5).
const MAX_CONTROL: u64 = 125;

/// Adds an entry: a name, its value, and words that end in a section.
pub(super) fn entry(text: &mut Text, kind: FieldKind, name: &str, value: &str, words: Words, section: &str) {
    let lead = vec![
        Span::plain("  "),
        Span::new(format!("{name:<14}"), Style::Field(kind)),
        Span::new(value.to_owned(), Style::Bits(kind)),
    ];
    let Words(words, style) = words;
    let words = [Span::new(words, style), Span::new(format!(" {section}"), Style::Dim)];
    text.flow(lead, INDENT, &words, COLUMNS);
}

/// What is said of a field, and how it is meant.
pub(super) struct Words(pub String, pub Style);

impl Words {
    pub fn plain(words: impl Into<String>) -> Words {
        Words(words.into(), Style::Plain)
    }

    pub fn fault(words: impl Into<String>) -> Words {
        Words(words.into(), Style::Fault)
    }

    pub fn warning(words: impl Into<String>) -> Words {
        Words(words.into(), Style::Warning)
    }
}

/// Adds the entries of a header, as far as its bytes go.
pub(super) fn explain(parts: &Parts<'_>, context: &Context<'_>, text: &mut Text) {
    if !parts.bytes.is_empty() {
        text.heading("Fields (the sections are those of RFC 6455)");
    }
    if parts.has(0..1) {
        fin(parts, text);
        reserved_bits(parts, context, text);
        opcode(parts, context, text);
    }
    if parts.has(0..2) {
        mask(parts, context, text);
        length(parts, text);
        if !parts.key().is_empty() {
            key(parts, text);
        }
    } else {
        entry(text, FieldKind::Mask, "MASK", "?", Words::fault("Missing."), "§5.2");
        entry(text, FieldKind::Length, "Payload len", "?", Words::fault("Missing."), "§5.2");
    }
}

fn fin(parts: &Parts<'_>, text: &mut Text) {
    let opcode = parts.header.opcode;
    let words = match (parts.header.fin, opcode.is_control()) {
        (true, true) => Words::plain("A control frame is always whole."),
        (false, true) => Words::fault("A fragment, but a control frame must not be fragmented."),
        (true, _) if opcode == Opcode::CONTINUATION => Words::plain("The last fragment: its message ends here."),
        (true, _) => Words::plain("The only fragment: the whole message is in it."),
        (false, _) if opcode == Opcode::CONTINUATION => Words::plain("A fragment in the middle: more follow."),
        (false, _) => Words::plain("The first fragment: continuations follow."),
    };
    let section = if opcode.is_control() { "§5.5" } else { "§5.4" };
    entry(text, FieldKind::Fin, "FIN", bit(parts.header.fin), words, section);
}

fn reserved_bits(parts: &Parts<'_>, context: &Context<'_>, text: &mut Text) {
    let header = parts.header;
    if header.rsv() == 0 {
        let words = if context.compressed && header.opcode == Opcode::CONTINUATION {
            "Not set: that the message is compressed stands in its first fragment alone."
        } else {
            "Not set: no extension marks this frame."
        };
        return entry(text, FieldKind::Rsv, "RSV1-3", "000", Words::plain(words), "§5.2");
    }
    let (words, section) = match (header.rsv1, header.opcode) {
        (false, _) => (Words::plain("Not set."), "§5.2"),
        (true, Opcode::TEXT | Opcode::BINARY) if context.compressed => {
            (Words::plain("The message is compressed with permessage-deflate."), "RFC 7692 §6")
        }
        (true, Opcode::TEXT | Opcode::BINARY) => {
            let words = "The message is compressed, if permessage-deflate was agreed on. If it was not, the receiver \
                         must fail the connection.";
            (Words::warning(words), "RFC 7692 §6, §5.2")
        }
        (true, Opcode::CONTINUATION) => {
            (Words::fault("Set, but only the first fragment may say that its message is compressed."), "RFC 7692 §6")
        }
        (true, opcode) if opcode.is_control() => {
            (Words::fault("Set, but control frames are never compressed."), "RFC 7692 §6")
        }
        (true, _) => (Words::fault("Set on a frame whose opcode is reserved."), "§5.2"),
    };
    entry(text, FieldKind::Rsv, "RSV1", bit(header.rsv1), words, section);
    for (name, set) in [("RSV2", header.rsv2), ("RSV3", header.rsv3)] {
        let words = match set {
            true => Words::fault("Set, but no registered extension uses it: the receiver must fail the connection."),
            false => Words::plain("Not set."),
        };
        entry(text, FieldKind::Rsv, name, bit(set), words, "§5.2");
    }
}

fn opcode(parts: &Parts<'_>, context: &Context<'_>, text: &mut Text) {
    let opcode = parts.header.opcode;
    let (words, section) = match opcode {
        Opcode::CONTINUATION => {
            let what = match context.continues {
                Some(begun) => format!("the {} message that was begun before", begun.name()),
                None => "the message that was begun before".to_owned(),
            };
            (Words::plain(format!("0x0 continuation: the payload goes on with {what}.")), "§5.4")
        }
        Opcode::TEXT => (Words::plain("0x1 text: the message is UTF-8 text."), "§5.6"),
        Opcode::BINARY => (Words::plain("0x2 binary: its meaning is up to the application."), "§5.6"),
        Opcode::CLOSE => (Words::plain("0x8 close: its sender sends no data after this."), "§5.5.1"),
        Opcode::PING => (Words::plain("0x9 ping: the receiver answers with a Pong of the same payload."), "§5.5.2"),
        Opcode::PONG => (Words::plain("0xA pong: the answer to a Ping, or an unasked sign of being alive."), "§5.5.3"),
        other => {
            let kind = if other.is_control() { "control" } else { "data" };
            let words =
                format!("0x{:X}: reserved for a further {kind} frame; the receiver must fail the connection.", other.0);
            (Words::fault(words), "§5.2")
        }
    };
    entry(text, FieldKind::Opcode, "opcode", &bits(opcode.0, 4), words, section);
}

fn mask(parts: &Parts<'_>, context: &Context<'_>, text: &mut Text) {
    let masked = parts.header.masking_key.is_some();
    let words = match (masked, context.sender) {
        (true, Some(Role::Client)) => Words::plain("Masked, as every frame from a client must be."),
        (true, Some(Role::Server)) => Words::fault("Masked, but a server must not mask."),
        (true, None) => Words::plain("Masked, as frames from clients must be."),
        (false, Some(Role::Server)) => Words::plain("Not masked, as every frame from a server must be."),
        (false, Some(Role::Client)) => Words::fault("Not masked, but a client must mask every frame."),
        (false, None) => Words::plain("Not masked, as frames from servers must be."),
    };
    entry(text, FieldKind::Mask, "MASK", bit(masked), words, "§5.1");
}

fn length(parts: &Parts<'_>, text: &mut Text) {
    let header = parts.header;
    let seven = parts.bytes.get(1).map_or(0, |byte| byte & 0x7F);
    let form = header.length_form.bits();
    let words = match header.length_form {
        LengthForm::Bits7 => format!("{seven}: up to 125, the 7 bits are the length itself."),
        _ => format!("{seven}: the length is in the next {form} bits instead."),
    };
    entry(text, FieldKind::Length, "Payload len", &bits(seven, 7), Words::plain(words), "§5.2");
    if header.length_form != LengthForm::Bits7 {
        let value = format!("{form} bits");
        let Some(length) = parts.length() else {
            return entry(text, FieldKind::Length, "Extended len", &value, Words::fault("Missing."), "§5.2");
        };
        let bytes = &parts.bytes[parts.extended()];
        let spelled = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
        let words = match (header.length_form, LengthForm::shortest(length)) {
            (LengthForm::Bits16, LengthForm::Bits16) => Words::plain(format!(
                "{spelled} = {length}. More than 125, so 7 bits do not do: the shortest form, as demanded."
            )),
            (_, shortest) if shortest < header.length_form => Words::fault(format!(
                "{spelled} = {length}. This fits in {} bits, and the shortest form is demanded.",
                shortest.bits()
            )),
            _ if length >> 63 != 0 => Words::fault(format!("{spelled} = {length}. The top bit is set but must be 0.")),
            _ => Words::plain(format!(
                "{spelled} = {length}. More than 65535, so 16 bits do not do: the shortest form, as demanded."
            )),
        };
        entry(text, FieldKind::Length, "Extended len", &value, words, "§5.2");
    }
    if header.opcode.is_control() && parts.length().is_some_and(|length| length > MAX_CONTROL) {
        let words = Words::fault("Too long: a control frame carries at most 125 bytes.");
        entry(text, FieldKind::Length, "", "", words, "§5.5");
    }
}

fn key(parts: &Parts<'_>, text: &mut Text) {
    let key = match parts.header.masking_key {
        Some(key) if parts.header_is_complete() => key,
        _ => return entry(text, FieldKind::Key, "Masking-key", "32 bits", Words::fault("Missing."), "§5.3"),
    };
    let spelled = key.map(|byte| format!("{byte:02x}")).join(" ");
    let words = match (key, parts.header.payload_length) {
        ([0, 0, 0, 0], _) => {
            Words::warning(format!("{spelled}. All zero: it masks nothing. A key must not be predictable."))
        }
        (_, 0) => Words::plain(format!("{spelled}. Present although there is no payload to mask.")),
        _ => Words::plain(format!("{spelled}, for the payload bytes in turn.")),
    };
    entry(text, FieldKind::Key, "Masking-key", "32 bits", words, "§5.3");
}

fn bit(set: bool) -> &'static str {
    if set { "1" } else { "0" }
}

/// The lowest `count` bits of a number, as the diagram shows them without the spaces.
fn bits(value: u8, count: usize) -> String {
    format!("{value:0count$b}")
}
