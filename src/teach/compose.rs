//! Frames written by hand: the reverse of decoding, with what each byte is for.

use super::explain::{COLUMNS, Context, name};
use super::fields::{self, Entry};
use super::parts::{Parts, frames};
use super::payload;
use super::ruler::bytes_of;
use super::text::{FieldKind, Span, Style, Text};
use super::wire_bytes;
use crate::Role;
use crate::rules::Rule;
use crate::websocket::{FrameHeader, LengthForm, Opcode};

/// Where the remarks on a header begin: behind eight bytes.
const HEX: usize = 24;

/// A frame to be written; its header may contradict its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The header as it is to be on the wire.
    pub header: FrameHeader,
    /// The payload before it is masked.
    pub payload: Vec<u8>,
}

impl Draft {
    /// A final frame that conforms: the shortest length form, masked where there is a key.
    pub fn new(opcode: Opcode, payload: Vec<u8>, masking_key: Option<[u8; 4]>) -> Draft {
        let header = FrameHeader {
            fin: true,
            rsv1: false,
            rsv2: false,
            rsv3: false,
            opcode,
            masking_key,
            length_form: LengthForm::Bits7,
            payload_length: 0,
        };
        let mut draft = Draft { header, payload: Vec::new() };
        draft.set_payload(payload);
        draft
    }

    /// Replaces the payload, and the length with it.
    pub fn set_payload(&mut self, payload: Vec<u8>) {
        self.header.payload_length = payload.len() as u64;
        self.header.length_form = LengthForm::shortest(self.header.payload_length);
        self.payload = payload;
    }

    /// Sets the reserved bits, RSV1 the highest of the three.
    pub fn set_rsv(&mut self, rsv: u8) {
        self.header.rsv1 = rsv & 0b100 != 0;
        self.header.rsv2 = rsv & 0b010 != 0;
        self.header.rsv3 = rsv & 0b001 != 0;
    }

    /// Cuts it into fragments of nearly the same length (RFC 6455 §5.4): the first has the opcode and the reserved bits,
    /// the last has FIN. `key` gives each further fragment its key.
    pub fn split(self, pieces: usize, mut key: impl FnMut() -> Option<[u8; 4]>) -> Vec<Draft> {
        let pieces = pieces.max(1);
        let (each, longer) = (self.payload.len() / pieces, self.payload.len() % pieces);
        let mut rest = self.payload.as_slice();
        let mut drafts = Vec::with_capacity(pieces);
        for piece in 0..pieces {
            let (now, later) = rest.split_at(each + usize::from(piece < longer));
            rest = later;
            let mut draft = match piece {
                0 => Draft { header: self.header, payload: Vec::new() },
                _ => Draft::new(Opcode::CONTINUATION, Vec::new(), key()),
            };
            draft.set_payload(now.to_vec());
            draft.header.fin = self.header.fin && piece + 1 == pieces;
            drafts.push(draft);
        }
        drafts
    }

    /// The bytes on the wire.
    pub fn bytes(&self) -> Vec<u8> {
        wire_bytes(&self.header, &self.payload)
    }
}

/// Frames as hexadecimal text with a remark behind each part, at most 80 columns wide. [`parse_hex`](super::parse_hex)
/// reads the bytes back; what stands behind a `#` is for people. `breaks` is a rule that they break on purpose.
pub fn annotate(bytes: &[u8], sender: Role, breaks: Option<&Rule>) -> Text {
    let mut text = Text::default();
    if let Some(rule) = breaks {
        let said = format!("This breaks {} ({}): {}", rule.id, rule.source, rule.statement);
        remark(0, ["# ", "# "], &[Span::new(said, Style::Fault)], &mut text);
    }
    let mut begun: Option<Opcode> = None;
    for (_, frame) in frames(bytes) {
        let parts = Parts::new(frame);
        let opcode = parts.header.opcode;
        let continues = begun.filter(|_| opcode == Opcode::CONTINUATION);
        annotate_frame(&parts, &Context { sender: Some(sender), continues, ..Context::default() }, &mut text);
        if !opcode.is_control() {
            begun = (!parts.header.fin).then_some(continues.unwrap_or(opcode));
        }
    }
    text
}

/// Adds words behind a `#` at this column; `marks` are put before the first line and before those behind it.
fn remark(column: usize, marks: [&'static str; 2], words: &[Span], text: &mut Text) {
    let mut broken = Text::default();
    broken.flow(Vec::new(), 0, words, COLUMNS - column - marks[0].len());
    for (number, line) in broken.lines.into_iter().enumerate() {
        let mark = marks[usize::from(number > 0)];
        let style = line.iter().find(|span| !span.text.is_empty()).map_or(Style::Plain, |span| span.style);
        text.push([vec![Span::new(format!("{:column$}{mark}", ""), style)], line].concat());
    }
}

fn annotate_frame(parts: &Parts<'_>, context: &Context<'_>, text: &mut Text) {
    let header = &parts.header;
    text.blank();
    let sender = context.sender.map_or("somebody", Role::name);
    let title = format!(
        "{} frame from a {sender}: {} of header, {} of payload",
        name(header.opcode),
        bytes_of(parts.header_length() as u64),
        bytes_of(header.payload_length)
    );
    remark(0, ["# ", "# "], &[Span::new(title, Style::Strong)], text);
    // A long payload takes wider lines, so that they are fewer.
    let across = if parts.payload.len() > 64 { 16 } else { 8 };
    let entries: Vec<Entry> = fields::header(parts, context).into_iter().chain(payload::close(parts)).collect();
    let line = |bytes: &[u8], kind: FieldKind, across: usize, remark: Vec<Span>, text: &mut Text| {
        let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
        let mut line =
            vec![Span::new(format!("{hex:<0$}", across * 3), Style::Bits(kind)), Span::new("# ", Style::Dim)];
        line.extend(remark);
        text.push(line);
    };
    // The words about a part that is wrong.
    let complain = |bits: std::ops::Range<usize>, text: &mut Text| {
        for entry in entries.iter().filter(|entry| entry.words.1 == Style::Fault && bits.contains(&entry.bits.start)) {
            remark(HEX, ["# ! ", "#   "], &entry.sentence(), text);
        }
    };
    let first = parts.bytes.first().copied().unwrap_or(0);
    let what = match (header.fin, header.opcode) {
        (true, Opcode::CONTINUATION) => "the last fragment",
        (false, Opcode::CONTINUATION) => "more follow",
        (true, opcode) if opcode.is_control() => "always whole",
        (true, _) => "a whole message",
        (false, _) => "the first fragment",
    };
    line(
        &parts.bytes[..1.min(parts.bytes.len())],
        FieldKind::Opcode,
        8,
        vec![
            Span::new(if header.fin { "1" } else { "0" }, Style::Bits(FieldKind::Fin)),
            Span::new(format!(" {:03b}", header.rsv()), Style::Bits(FieldKind::Rsv)),
            Span::new(format!(" {:04b}", first & 0xF), Style::Bits(FieldKind::Opcode)),
            Span::plain(format!("  FIN {}, {}, {what}", u8::from(header.fin), header.opcode.name())),
        ],
        text,
    );
    complain(0..8, text);
    let seven = parts.bytes.get(1).map_or(0, |byte| byte & 0x7F);
    let masked = if header.masking_key.is_some() { "masked" } else { "not masked" };
    let length = match header.length_form {
        LengthForm::Bits7 => format!("length {seven}"),
        form => format!("length in the next {} bits", form.bits()),
    };
    line(
        &parts.bytes[1.min(parts.bytes.len())..2.min(parts.bytes.len())],
        FieldKind::Length,
        8,
        vec![
            Span::new(if header.masking_key.is_some() { "1" } else { "0" }, Style::Bits(FieldKind::Mask)),
            Span::new(format!(" {seven:07b}"), Style::Bits(FieldKind::Length)),
            Span::plain(format!("   {masked}, {length}")),
        ],
        text,
    );
    complain(8..16, text);
    if let Some(bytes) = parts.bytes.get(parts.extended()).filter(|bytes| !bytes.is_empty()) {
        line(bytes, FieldKind::Length, 8, vec![Span::plain(format!("length {}", header.payload_length))], text);
        complain(16..parts.extended().end * 8, text);
    }
    if let Some(bytes) = parts.bytes.get(parts.key()).filter(|bytes| !bytes.is_empty()) {
        line(bytes, FieldKind::Key, 8, vec![Span::plain("masking key")], text);
        complain(parts.key().start * 8..parts.key().end * 8, text);
    }
    let plain = parts.unmasked();
    for (number, (wire, plain)) in parts.payload.chunks(across).zip(plain.chunks(across)).enumerate() {
        let shown: String =
            plain.iter().map(|&byte| if matches!(byte, 0x20..=0x7E) { char::from(byte) } else { '.' }).collect();
        let how = match (number, header.masking_key) {
            // Wide lines have no room for it.
            (0, Some(_)) if across == 8 => "  each byte XOR a byte of the key",
            _ => "",
        };
        let shown = if how.is_empty() { shown } else { format!("{shown:<across$}") };
        let remark = vec![Span::new(shown, Style::Strong), Span::new(how, Style::Dim)];
        line(wire, FieldKind::Payload, across, remark, text);
    }
    complain(parts.header_length() * 8..usize::MAX, text);
    if payload::text_fault(parts, context).is_some() {
        let words = [Span::new("This is not UTF-8, but text must be. §8.1", Style::Fault)];
        remark(HEX, ["# ! ", "#   "], &words, text);
    }
}
