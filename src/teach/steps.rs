//! A frame decoded one step after the other, as a person would with a pencil: the bytes on a strip, those of the step in
//! brackets, and what is read from them.

use super::explain::{COLUMNS, Context, title};
use super::fields::{self, Entry};
use super::inflate::inflate;
use super::parts::Parts;
use super::payload;
use super::ruler::bytes_of;
use super::text::{FieldKind, Span, Style, Text};
use crate::escape::{printable, printable_within};
use crate::websocket::{Failure, LengthForm, Opcode};
use std::ops::Range;

/// Where the words of a step begin.
const INDENT: usize = 5;
/// Where the words behind a field's bits begin.
const WORDS: usize = 35;
/// Where a field's name stands.
const NAME: usize = 23;
/// Bytes that a strip shows.
const STRIP: usize = 22;
/// Payload bytes that are unmasked by hand.
const BY_HAND: usize = 4;

/// Walks through the frame at the front of `bytes`: first byte, second byte, the length, the key, the first bytes of the
/// payload, and what they say. Lines of at most 80 columns. A walk ends where the bytes do.
pub fn steps(bytes: &[u8], context: &Context<'_>) -> Text {
    let parts = Parts::new(bytes).with_known(context.captured_length.unwrap_or(0));
    let entries = fields::header(&parts, context);
    let mut walk = Walk { parts: &parts, text: Text::default(), number: 0 };
    walk.text.flow(Vec::new(), 0, &[Span::new(title(&parts, context), Style::Heading)], COLUMNS);
    if parts.has(0..1) {
        walk.step("The first byte: is the message over, and what is it?", 0..1);
        walk.byte(0, &entries);
    }
    if parts.has(0..2) {
        walk.step("The second byte: is it masked, and how long is it?", 1..2);
        walk.byte(1, &entries);
        walk.length(&entries);
    } else {
        walk.stop("The header has two bytes at least.");
        return walk.text;
    }
    if parts.length().is_none() {
        walk.stop("The length goes on behind these bytes.");
        return walk.text;
    }
    walk.key(&entries);
    if !parts.header_is_complete() {
        walk.stop("The masking key goes on behind these bytes.");
        return walk.text;
    }
    walk.payload(context);
    walk.next();
    walk.text
}

struct Walk<'a> {
    parts: &'a Parts<'a>,
    text: Text,
    number: u32,
}

impl Walk<'_> {
    /// Begins a step: its number and title, and the strip.
    fn step(&mut self, title: &'static str, bytes: Range<usize>) {
        self.title(title);
        self.strip(bytes);
    }

    /// Begins a step with the unmasked payload.
    fn unmasked(&mut self, title: &'static str, plain: &[u8]) {
        self.title(title);
        let mut line = vec![Span::plain(" ".repeat(INDENT - 1))];
        for byte in plain.iter().take(STRIP) {
            line.push(Span::new(format!(" {byte:02x}"), Style::Bits(FieldKind::Payload)));
        }
        if plain.len() > STRIP || self.parts.withheld() > 0 {
            line.push(Span::new(" …", Style::Dim));
        }
        self.text.push(line);
    }

    fn title(&mut self, title: &'static str) {
        self.number += 1;
        self.text.blank();
        self.text
            .push(vec![Span::new(format!("{:>2}.  ", self.number), Style::Strong), Span::new(title, Style::Strong)]);
    }

    /// The frame's bytes with some of them in brackets.
    fn strip(&mut self, now: Range<usize>) {
        let bytes = self.parts.bytes;
        // The strip moves on with the step, so that its bytes are on it.
        let from = if now.end > STRIP { now.start.saturating_sub(6) } else { 0 };
        let mut line = vec![Span::plain(" ".repeat(INDENT - 1))];
        if from > 0 {
            line.push(Span::new(" …", Style::Dim));
        }
        for (at, byte) in bytes.iter().enumerate().skip(from).take(STRIP) {
            let (before, style) = match now.contains(&at) {
                true => (if at == now.start { "[" } else { " " }, Style::Bits(kind_at(self.parts, at))),
                false => (if at == now.end && !now.is_empty() { "]" } else { " " }, Style::Dim),
            };
            line.push(Span::new(before, Style::Strong));
            line.push(Span::new(format!("{byte:02x}"), style));
        }
        let shown = (from + STRIP).min(bytes.len());
        if now.end >= shown && !now.is_empty() {
            line.push(Span::new("]", Style::Strong));
        }
        if shown < bytes.len() || self.parts.withheld() > 0 {
            line.push(Span::new(" …", Style::Dim));
        }
        self.text.push(line);
    }

    /// Words at the step's margin.
    fn say(&mut self, words: &[Span]) {
        self.text.flow(Vec::new(), INDENT, words, COLUMNS);
    }

    fn stop(&mut self, words: &'static str) {
        self.text.blank();
        self.say(&[Span::new(words, Style::Fault), Span::new(" They are missing.", Style::Fault)]);
    }

    /// A byte in binary, and below it each of its fields under its own bits.
    fn byte(&mut self, at: usize, entries: &[Entry]) {
        let byte = self.parts.bytes.get(at).copied().unwrap_or(0);
        let mut line = vec![Span::plain(" ".repeat(INDENT)), Span::new(format!("{byte:02x} = "), Style::Dim)];
        let digits = format!("{byte:08b}");
        let inside =
            |entry: &&Entry| entry.bits.start / 8 == at && entry.bits.end <= (at + 1) * 8 && !entry.bits.is_empty();
        let mut below = Vec::new();
        // Fields stand a space apart.
        let mut column = INDENT + 5;
        for entry in entries.iter().filter(inside) {
            let bits = entry.bits.start % 8..entry.bits.start % 8 + entry.bits.len();
            let digits = digits.get(bits).unwrap_or("");
            // What is said of the same bits again.
            if below.last().is_none_or(|(_, last): &(usize, &Entry)| last.bits != entry.bits) {
                line.push(Span::new(format!("{digits} "), Style::Bits(entry.kind)));
            }
            below.push((column, entry));
            column += digits.len() + 1;
        }
        self.text.push(line);
        for (column, entry) in below {
            let mark = if entry.words.1 == Style::Fault { "  !" } else { "   " };
            let lead = vec![
                Span::new(format!("{mark:<column$}"), Style::Fault),
                Span::new(entry.value.clone(), Style::Bits(entry.kind)),
                Span::plain(" ".repeat(NAME.saturating_sub(column + entry.value.len()))),
                Span::new(entry.name, Style::Field(entry.kind)),
            ];
            self.text.flow(lead, WORDS, &entry.sentence(), COLUMNS);
        }
    }

    /// The long forms of the length.
    fn length(&mut self, entries: &[Entry]) {
        let form = self.parts.header.length_form;
        if form == LengthForm::Bits7 {
            return;
        }
        let title = match form {
            LengthForm::Bits16 => "126 announced it: the next 2 bytes are the length.",
            _ => "127 announced it: the next 8 bytes are the length.",
        };
        let range = self.parts.extended();
        self.step(title, range.start..range.end.min(self.parts.bytes.len()));
        if let Some(length) = self.parts.length() {
            let bytes = &self.parts.bytes[range];
            let last = bytes.len() - 1;
            let high = bytes.iter().position(|&byte| byte != 0).unwrap_or(last).min(last - 1);
            let terms = bytes[high..].iter().enumerate().map(|(at, byte)| match last - high - at {
                0 => format!("{byte}"),
                1 => format!("{byte} × 256"),
                power => format!("{byte} × 256^{power}"),
            });
            let sum = format!("Most significant byte first: {} = {length}.", terms.collect::<Vec<_>>().join(" + "));
            self.say(&[Span::plain(sum)]);
        }
        let from = self.parts.extended().start * 8;
        for entry in entries.iter().filter(|entry| entry.kind == FieldKind::Length && entry.bits.end > from) {
            self.say(&entry.sentence());
        }
    }

    fn key(&mut self, entries: &[Entry]) {
        let range = self.parts.key();
        if range.is_empty() {
            return;
        }
        self.step("MASK is 1, so 4 bytes of masking key follow.", range.start..range.end.min(self.parts.bytes.len()));
        for entry in entries.iter().filter(|entry| entry.kind == FieldKind::Key) {
            self.say(&entry.sentence());
        }
    }

    fn payload(&mut self, context: &Context<'_>) {
        let parts = self.parts;
        let (start, plain) = (parts.header_length(), parts.unmasked());
        if parts.payload.is_empty() {
            return;
        }
        let end = parts.bytes.len();
        if parts.header.masking_key.is_some() {
            self.step("Unmask: XOR each payload byte with the next key byte, over and over.", start..end);
            for (index, (&byte, &out)) in parts.payload.iter().zip(&plain).enumerate().take(BY_HAND) {
                let key = parts.key_byte(index).unwrap_or(0);
                let shown = if out.is_ascii() { printable(&[out]).into_owned() } else { String::new() };
                self.text.push(vec![
                    Span::plain(" ".repeat(INDENT)),
                    Span::new(format!("{byte:02x} {byte:08b}"), Style::Field(FieldKind::Payload)),
                    Span::new(" XOR ", Style::Dim),
                    Span::new(format!("{key:02x} {key:08b}"), Style::Field(FieldKind::Key)),
                    Span::new(" = ", Style::Dim),
                    Span::new(format!("{out:02x} {out:08b}  "), Style::Bits(FieldKind::Payload)),
                    Span::new(shown, Style::Strong),
                ]);
            }
            let more = parts.payload.len().saturating_sub(BY_HAND) as u64 + parts.withheld();
            if more > 0 {
                let words = format!("and so on for {more} more; byte i goes with key byte i mod 4 (§5.3).");
                self.say(&[Span::new(words, Style::Dim)]);
            }
        } else {
            self.step("MASK is 0: there is no key, the payload stands as it is.", start..end);
        }
        self.meaning(&plain, context);
    }

    /// What the payload says.
    fn meaning(&mut self, plain: &[u8], context: &Context<'_>) {
        let parts = self.parts;
        let start = parts.header_length();
        let close = payload::close(parts);
        let kind = payload::kind_of(parts, context);
        let (title, words) = if payload::is_compressed(parts, context) {
            ("RSV1 was set: inflate what is there (RFC 7692).", None)
        } else if kind == Opcode::CLOSE {
            ("Read the body of a Close: 2 bytes of code, then the reason.", None)
        } else if kind == Opcode::TEXT || std::str::from_utf8(plain).is_ok_and(|text| !text.contains(char::is_control))
        {
            let title = match kind {
                Opcode::CONTINUATION => "Nothing here says text or binary; as text it reads:",
                _ => "Read it as text.",
            };
            (title, Some(printable_within(plain, COLUMNS - INDENT - 2)))
        } else {
            ("Hand it to the application: these bytes are not text.", None)
        };
        match parts.header.masking_key {
            // The strip shows them masked.
            Some(_) => self.unmasked(title, plain),
            None => self.step(title, start..parts.bytes.len()),
        }
        if payload::is_compressed(parts, context) && kind != Opcode::CONTINUATION {
            let out = inflate(plain, parts.header.fin && parts.is_whole());
            let (words, style) = match (out.end, kind) {
                (Err(Failure::ContextLost), _) => {
                    ("It does not inflate by itself: it refers to earlier messages.".to_owned(), Style::Warning)
                }
                (Err(Failure::Corrupt { .. }), _) => ("It is not DEFLATE.".to_owned(), Style::Warning),
                (_, Opcode::TEXT) => {
                    (format!("\"{}\"", printable_within(&out.bytes, COLUMNS - INDENT - 2)), Style::Strong)
                }
                _ => (format!("{} come out.", bytes_of(out.bytes.len() as u64)), Style::Plain),
            };
            self.say(&[Span::new(words, style)]);
        }
        if let Some(words) = words {
            self.say(&[Span::new(format!("\"{words}\""), Style::Strong)]);
        }
        if let (Opcode::CLOSE, [high, low, ..]) = (kind, plain) {
            let code = u16::from_be_bytes([*high, *low]);
            self.say(&[Span::plain(format!("{high:02x} {low:02x}: {high} × 256 + {low} = {code}."))]);
        }
        for entry in &close {
            entry.push_to(&mut self.text);
        }
        if payload::text_fault(parts, context).is_some() {
            self.say(&[Span::new("This is not UTF-8, but text must be. §8.1", Style::Fault)]);
        }
    }

    /// Where the next frame begins.
    fn next(&mut self) {
        let header = self.parts.header_length() as u64;
        let length = self.parts.header.payload_length;
        let words = match (header.checked_add(length), self.parts.missing()) {
            (Some(total), 0) => {
                format!("{header} + {length} = {}: the next frame begins right behind them.", bytes_of(total))
            }
            (_, missing) => format!("The frame goes on: {} missing.", are(missing)),
        };
        self.text.blank();
        self.say(&[Span::plain(words)]);
    }
}

fn are(count: u64) -> String {
    format!("{} {}", bytes_of(count), if count == 1 { "is" } else { "are" })
}

/// The field that a byte is shown as.
fn kind_at(parts: &Parts<'_>, at: usize) -> FieldKind {
    match at {
        0 => FieldKind::Opcode,
        1 => FieldKind::Length,
        _ if parts.extended().contains(&at) => FieldKind::Length,
        _ if parts.key().contains(&at) => FieldKind::Key,
        _ => FieldKind::Payload,
    }
}
