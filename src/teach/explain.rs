//! A frame explained: its diagram, its fields in words, the unmasking, the payload, and what the rules say of it.

use super::parts::{Parts, frames};
use super::ruler::{bytes_of, draw};
use super::spots::spots;
use super::text::{Span, Style, Text};
use super::{fields, payload};
use crate::Role;
use crate::escape::printable;
use crate::rules::{Finding, Severity};
use crate::websocket::{FrameHeader, Inflated, Opcode, Walk};

/// No line of an explanation is wider.
pub(super) const COLUMNS: usize = 80;

/// No more frames of one input are explained.
const MAX_FRAMES: usize = 32;

/// What is known of a frame beyond its bytes. The default is nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// Who sent it.
    pub sender: Option<Role>,
    /// It belongs to a message that permessage-deflate compressed, as the handshake and RSV1 of its first frame say.
    pub compressed: bool,
    /// The opcode of the message that a continuation goes on with.
    pub continues: Option<Opcode>,
    /// Where it begins in its sender's stream.
    pub stream_offset: Option<u64>,
    /// How many payload bytes exist, where the bytes that are explained hold only the first of them.
    pub captured_length: Option<u64>,
    /// What came of the compressed message it belongs to; `None` where that is not known.
    pub inflation: Option<Inflation<'a>>,
    /// What the rules say of it.
    pub marks: &'a [Mark<'a>],
}

/// A compressed message, inflated with the window that its sender had.
#[derive(Clone, Copy, Debug)]
pub struct Inflation<'a> {
    /// What it is made of.
    pub walk: &'a Walk,
    /// How inflating it went.
    pub outcome: Inflated,
    /// The first bytes that came out.
    pub payload: &'a [u8],
    /// Bytes of the message on the wire.
    pub wire_length: u64,
}

/// A finding, as it stands below an explanation.
#[derive(Clone, Copy, Debug)]
pub struct Mark<'a> {
    /// The rule's id.
    pub rule: &'a str,
    /// The finding's severity.
    pub severity: Severity,
    /// What happened.
    pub message: &'a str,
    /// The section the rule rests on: `RFC 6455 §5.1`.
    pub source: &'a str,
    /// That section's sentence; may be empty.
    pub quote: &'a str,
}

impl<'a> From<&'a Finding> for Mark<'a> {
    fn from(finding: &'a Finding) -> Mark<'a> {
        Mark {
            rule: finding.rule.id,
            severity: finding.severity,
            message: &finding.message,
            source: finding.rule.source,
            quote: finding.rule.quote,
        }
    }
}

/// Puts a frame's wire bytes together from its header and the unmasked payload that a
/// [`Frame`](crate::websocket::Frame) holds: the payload is masked again.
pub fn wire_bytes(header: &FrameHeader, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(header.length() + payload.len());
    header.write(&mut bytes);
    let key = header.masking_key.unwrap_or_default();
    bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

/// Explains the frame at the front of `bytes` in lines of at most 80 columns; bytes behind its end are not looked at.
/// A frame whose bytes end early is explained as far as they go.
pub fn explain(bytes: &[u8], context: &Context<'_>) -> Text {
    let parts = Parts::new(bytes).with_known(context.captured_length.unwrap_or(0));
    let mut text = diagram_of(&parts, context);
    text.blank();
    let entries = fields::header(&parts, context);
    if !entries.is_empty() {
        text.heading("Fields (the sections are those of RFC 6455)");
    }
    for entry in entries.iter().chain(&payload::close(&parts)) {
        entry.push_to(&mut text);
    }
    payload::unmasking(&parts, &mut text);
    payload::explain(&parts, context, &mut text);
    missing(&parts, &mut text);
    marks(context.marks, &mut text);
    text
}

/// What the frame at the front of `bytes` is, in a line, and its diagram.
pub fn diagram(bytes: &[u8], context: &Context<'_>) -> Text {
    diagram_of(&Parts::new(bytes).with_known(context.captured_length.unwrap_or(0)), context)
}

fn diagram_of(parts: &Parts<'_>, context: &Context<'_>) -> Text {
    let mut text = Text::default();
    text.flow(Vec::new(), 0, &[Span::new(title(parts, context), Style::Heading)], COLUMNS);
    text.blank();
    text.append(draw(parts, &spots(parts, context)));
    text
}

/// Explains frame after frame, at most 32 of them, and says what is left over. Between the frames it keeps what a
/// receiver would: which message a continuation belongs to, and whether that is compressed.
pub fn decode(bytes: &[u8]) -> Text {
    decode_with(bytes, None, explain)
}

/// Like [`decode`], for frames of `sender` where that is known; `explain` is [`explain`] or
/// [`steps`](super::steps).
pub fn decode_with(bytes: &[u8], sender: Option<Role>, explain: impl for<'a> Fn(&[u8], &Context<'a>) -> Text) -> Text {
    let count = frames(bytes).count();
    let mut text = Text::default();
    let mut message: Option<FrameHeader> = None;
    for (index, (offset, frame)) in frames(bytes).enumerate().take(MAX_FRAMES) {
        let parts = Parts::new(frame);
        if count > 1 {
            let last = offset + frame.len() - 1;
            let what = match parts.is_whole() {
                true => format!("Frame {} of {count}", index + 1),
                false => format!(
                    "Left over after {}",
                    if index == 1 { "1 frame".to_owned() } else { format!("{index} frames") }
                ),
            };
            text.heading(format!("--- {what}: bytes {offset} to {last} ---"));
            text.blank();
        }
        let header = parts.header;
        if parts.has(0..1) && !header.opcode.is_control() && header.opcode != Opcode::CONTINUATION {
            message = Some(header);
        }
        let begun = message.filter(|_| header.opcode == Opcode::CONTINUATION);
        let context = Context {
            sender,
            continues: begun.map(|begun| begun.opcode),
            compressed: begun.is_some_and(|begun| begun.rsv1),
            ..Context::default()
        };
        text.append(explain(frame, &context));
        if header.fin && !header.opcode.is_control() {
            message = None;
        }
    }
    if count > MAX_FRAMES {
        text.blank();
        text.push(vec![Span::new(format!("{} more frames are not shown.", count - MAX_FRAMES), Style::Warning)]);
    }
    text
}

pub(super) fn title(parts: &Parts<'_>, context: &Context<'_>) -> String {
    if parts.bytes.is_empty() {
        return "No bytes".to_owned();
    }
    let header = &parts.header;
    let mut title = format!("{} frame", name(header.opcode));
    if let Some(sender) = context.sender {
        title += &format!(" from the {sender}");
    }
    if let Some(offset) = context.stream_offset {
        title += &format!(" at stream offset {offset}");
    }
    title += ": ";
    title += &match parts.length() {
        Some(length) => format!("{} of header, {} of payload", bytes_of(header.length() as u64), bytes_of(length)),
        None => "cut inside its header".to_owned(),
    };
    title
}

/// The opcode's name, to begin a sentence with.
pub(super) fn name(opcode: Opcode) -> &'static str {
    match opcode {
        Opcode::CONTINUATION => "Continuation",
        Opcode::TEXT => "Text",
        Opcode::BINARY => "Binary",
        Opcode::CLOSE => "Close",
        Opcode::PING => "Ping",
        Opcode::PONG => "Pong",
        _ if opcode.is_control() => "Reserved control",
        _ => "Reserved data",
    }
}

fn missing(parts: &Parts<'_>, text: &mut Text) {
    let header = parts.header_length().saturating_sub(parts.bytes.len()) as u64;
    let (count, words) = match (header, parts.length()) {
        (0, _) if parts.missing() == 0 => return,
        (0, _) => (parts.missing(), format!("{} of the payload", bytes_of(parts.missing()))),
        (_, None) => (header, format!("at least {} of the header", bytes_of(header))),
        (_, Some(0)) => (header, format!("{} of the header", bytes_of(header))),
        (_, Some(length)) => (2, format!("{} of the header and {length} of the payload", bytes_of(header))),
    };
    let words = format!("Incomplete: {words} {} missing.", if count == 1 { "is" } else { "are" });
    text.blank();
    text.flow(Vec::new(), 0, &[Span::new(words, Style::Fault)], COLUMNS);
}

pub(super) fn marks(marks: &[Mark<'_>], text: &mut Text) {
    if marks.is_empty() {
        return;
    }
    text.heading("Findings");
    for mark in marks {
        let style = match mark.severity {
            Severity::Error => Style::Fault,
            Severity::Warning => Style::Warning,
            Severity::Note => Style::Plain,
        };
        text.push(vec![
            Span::plain("  "),
            Span::new(format!("{:<8}", mark.severity), style),
            Span::new(printable(mark.rule.as_bytes()).into_owned(), Style::Strong),
        ]);
        text.flow(Vec::new(), 10, &[Span::plain(printable(mark.message.as_bytes()).into_owned())], COLUMNS);
        let quote = if mark.quote.is_empty() { String::new() } else { format!(": \"{}\"", mark.quote) };
        let source = format!("{}{quote}", mark.source);
        text.flow(Vec::new(), 10, &[Span::new(printable(source.as_bytes()).into_owned(), Style::Dim)], COLUMNS);
    }
}
