//! A frame's payload: unmasked byte by byte, as text, as a hex dump, inflated; the body of a Close in words.

use super::blocks::blocks;
use super::explain::{COLUMNS, Context, Inflation};
use super::fields::{Entry, Words, bits_of};
use super::inflate::{MAX_INFLATED, inflate};
use super::parts::Parts;
use super::ruler::bytes_of;
use super::text::{FieldKind, Span, Style, Text};
use crate::escape::{printable, printable_lines};
use crate::websocket::{Failure, Inflated, Opcode, Walk, close_code_name};
use std::ops::Range;

/// Rows of the unmasking table.
const UNMASKED_ROWS: usize = 16;
/// Lines of text, each of at most 76 columns.
const TEXT_LINES: usize = 8;
/// Lines of the hex dump, 16 bytes each.
const DUMP_LINES: usize = 8;

/// Adds the table of the unmasking, for the first 16 bytes of a masked payload.
pub(super) fn unmasking(parts: &Parts<'_>, text: &mut Text) {
    if parts.header.masking_key.is_none() || parts.payload.is_empty() {
        return;
    }
    text.heading("Unmasking, byte i with key byte j = i mod 4 (RFC 6455 §5.3)");
    text.push(vec![Span::new("   i    masked          key byte j          payload", Style::Dim)]);
    for (index, &byte) in parts.payload.iter().enumerate().take(UNMASKED_ROWS) {
        let key = parts.key_byte(index).unwrap_or(0);
        let plain = byte ^ key;
        let shown = if plain.is_ascii() { printable(&[plain]).into_owned() } else { String::new() };
        text.push(vec![
            Span::new(format!("  {index:>2}    "), Style::Dim),
            Span::new(format!("{byte:02x} {byte:08b}"), Style::Field(FieldKind::Payload)),
            Span::new("  ^  ", Style::Dim),
            Span::new(format!("{key:02x} {key:08b} "), Style::Field(FieldKind::Key)),
            Span::new(format!("j={}", index % 4), Style::Dim),
            Span::new("  =  ", Style::Dim),
            Span::new(format!("{plain:02x} {plain:08b}  "), Style::Bits(FieldKind::Payload)),
            Span::new(shown, Style::Strong),
        ]);
    }
    let more = parts.payload.len().saturating_sub(UNMASKED_ROWS) as u64 + parts.withheld();
    if more > 0 {
        text.push(vec![Span::new(format!("  and so on for {more} more"), Style::Dim)]);
    }
}

/// Adds the payload, unmasked.
pub(super) fn explain(parts: &Parts<'_>, context: &Context<'_>, text: &mut Text) {
    if !parts.header_is_complete() {
        return;
    }
    let header = parts.header;
    let payload = parts.unmasked();
    if payload.is_empty() {
        return;
    }
    let compressed = is_compressed(parts, context);
    let kind = if compressed { "Payload, compressed" } else { "Payload" };
    let here = if parts.is_whole() { String::new() } else { format!(", the first {} here", payload.len()) };
    text.heading(format!("{kind}: {}{here}", bytes_of(header.payload_length)));
    // Compressed bytes are no text, and a Close has its code in front of the text.
    if !compressed && header.opcode != Opcode::CLOSE {
        match kind_of(parts, context) {
            Opcode::TEXT => {
                shown(&payload, text);
                if let Some((words, _)) = utf8(&payload, parts) {
                    text.flow(Vec::new(), 2, &[words], COLUMNS);
                }
            }
            Opcode::PING | Opcode::PONG | Opcode::CONTINUATION if is_text(&payload) => shown(&payload, text),
            _ => {}
        }
    }
    dump(&payload, parts.withheld(), text);
    if compressed {
        inflated(parts, &payload, context, text);
    }
}

/// UTF-8 without control characters.
fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(char::is_control))
}

/// RSV1 says nothing of the kind on control frames and under reserved opcodes.
pub(super) fn is_compressed(parts: &Parts<'_>, context: &Context<'_>) -> bool {
    let data = matches!(parts.header.opcode, Opcode::CONTINUATION | Opcode::TEXT | Opcode::BINARY);
    data && (context.compressed || parts.header.rsv1)
}

/// The opcode of the message that the frame belongs to, as far as that is known.
pub(super) fn kind_of(parts: &Parts<'_>, context: &Context<'_>) -> Opcode {
    let opcode = parts.header.opcode;
    context.continues.filter(|_| opcode == Opcode::CONTINUATION).unwrap_or(opcode)
}

/// The bits of a text frame's payload that are no UTF-8.
pub(super) fn text_fault(parts: &Parts<'_>, context: &Context<'_>) -> Option<Range<usize>> {
    if !parts.header_is_complete() || is_compressed(parts, context) || kind_of(parts, context) != Opcode::TEXT {
        return None;
    }
    let (words, bytes) = utf8(&parts.unmasked(), parts)?;
    let start = parts.header_length();
    (words.style == Style::Fault).then(|| bits_of(start + bytes.start..start + bytes.end))
}

/// Says where text stops being UTF-8 (RFC 6455 §5.6, §8.1), and in which bytes of the payload.
fn utf8(payload: &[u8], parts: &Parts<'_>) -> Option<(Span, Range<usize>)> {
    let error = std::str::from_utf8(payload).err()?;
    let at = error.valid_up_to();
    let continues = parts.header.opcode == Opcode::CONTINUATION && at == 0;
    let words = match error.error_len() {
        // A code point may go over the end of a fragment.
        None if !parts.header.fin || !parts.is_whole() => {
            Span::plain(format!("The character at byte {at} goes on behind these bytes."))
        }
        None => Span::new(format!("Not UTF-8: the character at byte {at} has no end. §8.1"), Style::Fault),
        Some(_) if continues => Span::plain("It may begin inside a character: the fragment before it tells."),
        Some(_) => Span::new(format!("Not UTF-8 from byte {at} on. §8.1"), Style::Fault),
    };
    Some((words, at..error.error_len().map_or(payload.len(), |length| at + length)))
}

/// The bytes as printable text.
fn shown(bytes: &[u8], text: &mut Text) {
    let (lines, shown) = printable_lines(bytes, COLUMNS - 4, TEXT_LINES);
    for line in lines {
        text.push(vec![Span::plain("  "), Span::new(line, Style::Strong)]);
    }
    let more = bytes.len() - shown;
    if more > 0 {
        text.push(vec![Span::new(format!("  … {} more", bytes_of(more as u64)), Style::Dim)]);
    }
}

/// The first bytes as hexdump -C shows them.
fn dump(bytes: &[u8], withheld: u64, text: &mut Text) {
    for (line, chunk) in bytes.chunks(16).enumerate().take(DUMP_LINES) {
        let mut hex = String::new();
        for (index, byte) in chunk.iter().enumerate() {
            hex += if index == 8 { "  " } else { " " };
            hex += &format!("{byte:02x}");
        }
        let ascii: String =
            chunk.iter().map(|&byte| if matches!(byte, 0x20..=0x7E) { char::from(byte) } else { '.' }).collect();
        text.push(vec![
            Span::new(format!("  {:04x} ", line * 16), Style::Dim),
            Span::new(format!("{hex:<51}"), Style::Field(FieldKind::Payload)),
            Span::new("|", Style::Dim),
            Span::plain(ascii),
            Span::new("|", Style::Dim),
        ]);
    }
    let more = bytes.len().saturating_sub(DUMP_LINES * 16) as u64 + withheld;
    if more > 0 {
        text.push(vec![Span::new(format!("  … {} more", bytes_of(more)), Style::Dim)]);
    }
}

fn inflated(parts: &Parts<'_>, payload: &[u8], context: &Context<'_>, text: &mut Text) {
    let header = parts.header;
    let is_text = context.continues.unwrap_or(header.opcode) == Opcode::TEXT;
    if let Some(Inflation { walk, outcome, payload, wire_length }) = context.inflation {
        text.heading("Inflated: the whole message (RFC 7692 §7.2.2)");
        came_out(payload, is_text, text);
        if let Some(words) = outcome_words(outcome, walk) {
            text.flow(Vec::new(), 2, &[Span::new(words, Style::Warning)], COLUMNS);
        }
        return blocks(walk, wire_length, text);
    }
    text.heading("Inflated (RFC 7692 §7.2.2)");
    if header.opcode == Opcode::CONTINUATION {
        let words = "Not possible for this frame alone: the compressed message begins in an earlier one.";
        return text.flow(Vec::new(), 2, &[Span::plain(words)], COLUMNS);
    }
    let out = inflate(payload, header.fin && parts.is_whole());
    let assumed = if context.compressed { "" } else { "permessage-deflate and " };
    let remark = format!("This assumes {assumed}an empty window, as for the first message of a connection.");
    text.flow(Vec::new(), 2, &[Span::new(remark, Style::Dim)], COLUMNS);
    came_out(&out.bytes, is_text, text);
    let words = match out.end {
        Ok(()) => None,
        Err(Failure::Bomb { .. }) => Some(format!("More than {MAX_INFLATED} bytes come out; the rest is left.")),
        Err(Failure::ContextLost) => {
            Some("The rest refers to earlier messages (context takeover, RFC 7692 §7.1.1).".to_owned())
        }
        Err(Failure::Corrupt { .. }) => Some("It does not inflate: it is not DEFLATE.".to_owned()),
    };
    if let Some(words) = words {
        text.flow(Vec::new(), 2, &[Span::new(words, Style::Warning)], COLUMNS);
    }
    if let Some(walk) = out.walk {
        blocks(&walk, payload.len() as u64, text);
    }
}

/// Adds the first bytes that came out of a message.
fn came_out(bytes: &[u8], is_text: bool, text: &mut Text) {
    if bytes.is_empty() {
        return text.flow(Vec::new(), 2, &[Span::plain("No bytes come out.")], COLUMNS);
    }
    if is_text {
        shown(bytes, text);
    }
    dump(bytes, 0, text);
}

/// Why no more came out of a message; `None` where all did.
fn outcome_words(outcome: Inflated, walk: &Walk) -> Option<String> {
    Some(match outcome {
        Inflated::Whole => return None,
        Inflated::Corrupt { .. } if walk.is_whole() => {
            "The rest refers to bytes before the first that the sender compressed.".to_owned()
        }
        Inflated::Corrupt { .. } => "The rest is not DEFLATE.".to_owned(),
        Inflated::Bomb { length } => format!("The limit is reached: {} came out.", bytes_of(length)),
        Inflated::ContextLost => "The rest refers to bytes that are not in the capture.".to_owned(),
        Inflated::Incomplete => "Bytes of the message are not in the capture.".to_owned(),
    })
}

/// The entries of a Close frame's body: nothing, or a code and a reason (RFC 6455 §5.5.1). Empty for other frames, and
/// where the bytes do not reach.
pub(super) fn close(parts: &Parts<'_>) -> Vec<Entry> {
    if parts.header.opcode != Opcode::CLOSE || !parts.header_is_complete() {
        return Vec::new();
    }
    let (body, whole) = (parts.unmasked(), parts.is_whole());
    let start = parts.header_length();
    let entry = |name, value: String, words, section, bytes: Range<usize>| {
        Entry::new(FieldKind::Payload, name, value, words, section, bits_of(start + bytes.start..start + bytes.end))
    };
    let (code, reason) = match body.as_slice() {
        [] if whole => {
            let words = Words::plain("No body: the application is told 1005, no status received.");
            return vec![entry("Status code", "none".to_owned(), words, "§7.1.5", 0..0)];
        }
        [byte] if whole => {
            let words = Words::fault("A body of 1 byte: it must be empty or begin with a code of 2 bytes.");
            return vec![entry("Status code", format!("{byte:02x}"), words, "§5.5.1", 0..1)];
        }
        [] | [_] => return Vec::new(),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
    };
    let name = close_code_name(code).map_or(String::new(), |name| format!(" {name}"));
    let (words, section) = close_code_meaning(code);
    let words = Words(format!("{code}{name}: {}", words.0), words.1);
    let code = entry("Status code", format!("{:02x} {:02x}", body[0], body[1]), words, section, 0..2);
    let mut bad = 0;
    let words = match std::str::from_utf8(reason) {
        Ok("") => Words::plain("None."),
        Err(error) if whole || error.error_len().is_some() => {
            bad = error.valid_up_to();
            Words::fault(format!("{} (not UTF-8 from its byte {bad} on, but it must be)", printable(reason)))
        }
        _ => Words::plain(printable(reason)),
    };
    vec![code, entry("Reason", bytes_of(reason.len() as u64), words, "§7.1.6", 2 + bad..body.len())]
}

/// What a registered status code says, in words, and where that stands.
fn close_code_meaning(code: u16) -> (Words, &'static str) {
    const RFC: &str = "§7.4.1";
    let (words, section) = match code {
        1000 => ("the purpose of the connection has been fulfilled.", RFC),
        1001 => ("the sender goes away: a server shuts down, a browser leaves the page.", RFC),
        1002 => ("the sender saw a protocol error.", RFC),
        1003 => ("the sender cannot accept this type of data.", RFC),
        1004 => return (Words::fault("its meaning is not defined, and it must not be sent."), RFC),
        1005 => return (Words::fault("stands for a Close without a code, and must not be sent."), RFC),
        1006 => return (Words::fault("stands for an end without a Close, and must not be sent."), RFC),
        1007 => ("the sender got data that do not fit their message's type, such as text that is not UTF-8.", RFC),
        1008 => ("a message breaks the sender's policy.", RFC),
        1009 => ("a message is too big for the sender.", RFC),
        1010 => ("the client misses an extension that the server did not agree to.", RFC),
        1011 => ("the server met a condition that kept it from going on.", RFC),
        1012 => ("the service restarts; the client may connect again after a random delay of 5 to 30 s.", "IANA"),
        1013 => ("the service is overloaded; the client should connect elsewhere or ask its user.", "IANA"),
        1014 => ("the server is a gateway and got an invalid response from behind.", "IANA"),
        1015 => return (Words::fault("stands for a failed TLS handshake, and must not be sent."), RFC),
        3000 => ("the client must authenticate itself first, as with HTTP's 401.", "IANA"),
        3003 => ("the client may not do this, as with HTTP's 403.", "IANA"),
        3008 => ("something took too long, as with HTTP's 408.", "IANA"),
        _ => return (range_meaning(code), "§7.4.2"),
    };
    (Words::plain(words), section)
}

/// What a status code without a registered name says by its range (RFC 6455 §7.4.2).
fn range_meaning(code: u16) -> Words {
    match code {
        0..=999 => Words::fault("codes below 1000 are not used."),
        1000..=2999 => Words::fault("kept for this protocol and its extensions; not registered."),
        3000..=3999 => Words::plain("for libraries and frameworks, to be registered with IANA; this one is not."),
        4000..=4999 => Words::plain("private: the application knows what it means."),
        5000.. => Words::fault("codes above 4999 are not defined."),
    }
}
