//! Each field of a header in words, with the section that defines it.

use super::explain::{COLUMNS, Context};
use super::parts::Parts;
use super::text::{FieldKind, Span, Style, Text};
use crate::Role;
use crate::websocket::{LengthForm, Opcode};
use std::ops::Range;

/// Where the words of an entry begin: behind its name and its bits.
const INDENT: usize = 25;

/// The longest payload of a control frame (RFC 6455 §5.5).
const MAX_CONTROL: u64 = 125;

/// What there is to say of a field, or of a part of one.
pub(super) struct Entry {
    pub kind: FieldKind,
    pub name: &'static str,
    /// Its bits or bytes, as they are to be shown.
    pub value: String,
    pub words: Words,
    /// The section that defines it.
    pub section: &'static str,
    /// Where it stands, in bits from the frame's first.
    pub bits: Range<usize>,
}

impl Entry {
    pub fn new(
        kind: FieldKind,
        name: &'static str,
        value: impl Into<String>,
        words: Words,
        section: &'static str,
        bits: Range<usize>,
    ) -> Entry {
        Entry { kind, name, value: value.into(), words, section, bits }
    }

    /// Adds it: a name, its value, and words that end in a section. A fault has a mark in front, for those who see no
    /// colours.
    pub fn push_to(&self, text: &mut Text) {
        let mark = if self.words.1 == Style::Fault { Span::new("! ", Style::Fault) } else { Span::plain("  ") };
        let lead = vec![
            mark,
            Span::new(format!("{:<14}", self.name), Style::Field(self.kind)),
            Span::new(self.value.clone(), Style::Bits(self.kind)),
        ];
        text.flow(lead, INDENT, &self.sentence(), COLUMNS);
    }

    /// The words, and the section behind them.
    pub fn sentence(&self) -> [Span; 2] {
        let Words(words, style) = &self.words;
        [Span::new(words.clone(), *style), Span::new(format!(" {}", self.section), Style::Dim)]
    }
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

/// The entries of a header, as far as its bytes go.
pub(super) fn header(parts: &Parts<'_>, context: &Context<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    if parts.has(0..1) {
        entries.push(fin(parts));
        reserved_bits(parts, context, &mut entries);
        entries.push(opcode(parts, context));
    }
    if parts.has(0..2) {
        entries.push(mask(parts, context));
        length(parts, &mut entries);
        if !parts.key().is_empty() {
            entries.push(key(parts));
        }
    } else {
        entries.push(Entry::new(FieldKind::Mask, "MASK", "?", Words::fault("Missing."), "§5.2", 8..9));
        entries.push(Entry::new(FieldKind::Length, "Payload len", "?", Words::fault("Missing."), "§5.2", 9..16));
    }
    entries
}

/// The bits of these bytes.
pub(super) fn bits_of(bytes: Range<usize>) -> Range<usize> {
    bytes.start * 8..bytes.end * 8
}

fn fin(parts: &Parts<'_>) -> Entry {
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
    Entry::new(FieldKind::Fin, "FIN", bit(parts.header.fin), words, section, 0..1)
}

fn reserved_bits(parts: &Parts<'_>, context: &Context<'_>, entries: &mut Vec<Entry>) {
    let header = parts.header;
    if header.rsv() == 0 {
        let words = if context.compressed && header.opcode == Opcode::CONTINUATION {
            "Not set: that the message is compressed stands in its first fragment alone."
        } else {
            "Not set: no extension marks this frame."
        };
        return entries.push(Entry::new(FieldKind::Rsv, "RSV1-3", "000", Words::plain(words), "§5.2", 1..4));
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
    entries.push(Entry::new(FieldKind::Rsv, "RSV1", bit(header.rsv1), words, section, 1..2));
    for (name, set, at) in [("RSV2", header.rsv2, 2), ("RSV3", header.rsv3, 3)] {
        let words = match set {
            true => Words::fault("Set, but no registered extension uses it: the receiver must fail the connection."),
            false => Words::plain("Not set."),
        };
        entries.push(Entry::new(FieldKind::Rsv, name, bit(set), words, "§5.2", at..at + 1));
    }
}

fn opcode(parts: &Parts<'_>, context: &Context<'_>) -> Entry {
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
    Entry::new(FieldKind::Opcode, "opcode", bits(opcode.0, 4), words, section, 4..8)
}

fn mask(parts: &Parts<'_>, context: &Context<'_>) -> Entry {
    let masked = parts.header.masking_key.is_some();
    let words = match (masked, context.sender) {
        (true, Some(Role::Client)) => Words::plain("Masked, as every frame from a client must be."),
        (true, Some(Role::Server)) => Words::fault("Masked, but a server must not mask."),
        (true, None) => Words::plain("Masked, as frames from clients must be."),
        (false, Some(Role::Server)) => Words::plain("Not masked, as every frame from a server must be."),
        (false, Some(Role::Client)) => Words::fault("Not masked, but a client must mask every frame."),
        (false, None) => Words::plain("Not masked, as frames from servers must be."),
    };
    Entry::new(FieldKind::Mask, "MASK", bit(masked), words, "§5.1", 8..9)
}

fn length(parts: &Parts<'_>, entries: &mut Vec<Entry>) {
    let header = parts.header;
    let seven = parts.bytes.get(1).map_or(0, |byte| byte & 0x7F);
    let form = header.length_form.bits();
    let words = match header.length_form {
        LengthForm::Bits7 => format!("{seven}: up to 125, the 7 bits are the length itself."),
        _ => format!("{seven}: the length is in the next {form} bits instead."),
    };
    entries.push(Entry::new(FieldKind::Length, "Payload len", bits(seven, 7), Words::plain(words), "§5.2", 9..16));
    if header.length_form != LengthForm::Bits7 {
        let entry =
            |words, bits| Entry::new(FieldKind::Length, "Extended len", format!("{form} bits"), words, "§5.2", bits);
        let mut place = bits_of(parts.extended());
        let Some(length) = parts.length() else { return entries.push(entry(Words::fault("Missing."), place)) };
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
            _ if length >> 63 != 0 => {
                place = place.start..place.start + 1;
                Words::fault(format!("{spelled} = {length}. The top bit is set but must be 0."))
            }
            _ => Words::plain(format!(
                "{spelled} = {length}. More than 65535, so 16 bits do not do: the shortest form, as demanded."
            )),
        };
        entries.push(entry(words, place));
    }
    if header.opcode.is_control() && parts.length().is_some_and(|length| length > MAX_CONTROL) {
        let words = Words::fault("Too long: a control frame carries at most 125 bytes.");
        entries.push(Entry::new(FieldKind::Length, "", "", words, "§5.5", 9..bits_of(parts.extended()).end));
    }
}

fn key(parts: &Parts<'_>) -> Entry {
    let entry = |words| Entry::new(FieldKind::Key, "Masking-key", "32 bits", words, "§5.3", bits_of(parts.key()));
    let key = match parts.header.masking_key {
        Some(key) if parts.header_is_complete() => key,
        _ => return entry(Words::fault("Missing.")),
    };
    let spelled = key.map(|byte| format!("{byte:02x}")).join(" ");
    let words = match (key, parts.header.payload_length) {
        ([0, 0, 0, 0], _) => {
            Words::warning(format!("{spelled}. All zero: it masks nothing. A key must not be predictable."))
        }
        (_, 0) => Words::plain(format!("{spelled}. Present although there is no payload to mask.")),
        _ => Words::plain(format!("{spelled}, for the payload bytes in turn.")),
    };
    entry(words)
}

fn bit(set: bool) -> &'static str {
    if set { "1" } else { "0" }
}

/// The lowest `count` bits of a number, as the diagram shows them without the spaces.
fn bits(value: u8, count: usize) -> String {
    format!("{value:0count$b}")
}
