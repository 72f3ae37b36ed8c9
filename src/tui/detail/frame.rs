//! A frame: its place, the fields of its header (RFC 6455 §5.2), its payload, its message, and what was found about it.

use super::{Detail, Link, Node, Space, Tone, View};
use crate::escape::printable_within;
use crate::report::words::{count, duration, size};
use crate::rules::Severity;
use crate::teach::{FieldKind, wire_bytes};
use crate::tui::model::{MessageRecord, Model};
use crate::websocket::{Frame, Inflated, LengthForm, Opcode, Pong};
use std::ops::Range;

/// Columns of text that a line of the tree may need at most.
const COLUMNS: usize = 400;

pub(super) fn detail(model: &Model, id: u32, least: Severity) -> Option<Detail> {
    let stored = model.read(id, usize::MAX)?;
    let frame = stored.frame();
    let connection = model.connections.get(stored.record.connection as usize)?;
    let mut nodes = Vec::new();
    place(&frame, connection.outline.began, &mut nodes);
    let fields = match connection.hixie {
        true => hixie_header(&frame, &mut nodes),
        false => header(&frame, &mut nodes),
    };
    let message = model.message_of(id);
    let compressed = match message {
        Some(message) => message.compressed,
        None => frame.header.rsv1 && connection.deflate && !frame.header.opcode.is_control(),
    };
    payload(&frame, compressed, &mut nodes);
    let bytes = message.map(|message| model.message_bytes(message, usize::MAX));
    if let Some(message) = message {
        self::message(message, bytes.as_deref().unwrap_or_default(), &mut nodes);
    }
    let findings = model.findings_of(stored.record.connection, stored.record.index);
    for finding in findings.filter(|finding| finding.severity >= least) {
        super::finding(finding, &mut nodes);
    }
    Some(Detail { nodes, views: views(&frame, fields, message, bytes) })
}

fn views(
    frame: &Frame<'_>,
    fields: Vec<(Range<usize>, FieldKind)>,
    message: Option<&MessageRecord>,
    bytes: Option<Vec<u8>>,
) -> Vec<View> {
    let head = frame.header_bytes.len();
    let total = Some((head as u64).saturating_add(frame.header.payload_length));
    let plain = [frame.header_bytes, frame.payload].concat();
    let mut wire = wire_bytes(&frame.header, frame.payload);
    // A draft's header is not what `wire_bytes` writes.
    let written = frame.header.length().min(wire.len());
    wire.splice(..written, frame.header_bytes.iter().copied());
    let view = |name, bytes| View { name, space: Space::Frame, bytes, total, fields: fields.clone() };
    let mut views = match frame.header.masking_key {
        Some(_) => vec![view("masked", wire), view("unmasked", plain)],
        None => vec![view("as sent", wire)],
    };
    if let Some((message, bytes)) = message.zip(bytes) {
        let name = if message.compressed { "inflated" } else { "message" };
        let fields = vec![(0..bytes.len(), FieldKind::Payload)];
        views.push(View { name, space: Space::Message, bytes, total: message.length, fields });
    }
    views
}

fn place(frame: &Frame<'_>, began: Option<crate::capture::Timestamp>, nodes: &mut Vec<Node>) {
    let what = format!("{} from the {}", frame.header.opcode.name(), frame.sender);
    nodes.push(Node::new(0, "Frame", what).tone(Tone::Sender(frame.sender)));
    if let Some(time) = frame.packet.time {
        let after = began.map(|began| format!("{:.6} s  ", time.since(began).as_secs_f64()));
        nodes.push(Node::new(1, "time", format!("{}{time}", after.unwrap_or_default())));
    }
    let packets = match frame.last_packet.number() {
        last if last == frame.packet.number() => last.to_string(),
        last => format!("{} to {last}", frame.packet.number()),
    };
    nodes.push(Node::new(1, "packet", packets));
    nodes.push(Node::new(1, "stream offset", frame.stream_offset.to_string()));
    if let Some(message) = frame.message {
        nodes.push(Node::new(1, "message", message.to_string()));
    }
    match frame.pong {
        Some(Pong::Answers { ping, after, .. }) => {
            let after = after.map_or(String::new(), |after| format!(" after {}", duration(after)));
            let node = Node::new(1, "answers", format!("frame {ping}{after}"));
            nodes.push(match u32::try_from(ping) {
                Ok(ping) => node.link(Link::Frame(ping)),
                Err(_) => node,
            });
        }
        Some(Pong::Unmatched { .. }) => nodes.push(Node::new(1, "answers", "no Ping that was seen")),
        None => {}
    }
    if frame.after_gap {
        nodes.push(Node::new(1, "after a gap", "bytes of this direction are missing before it"));
    }
}

/// A bit field the way it stands in its byte: `1... ....`.
fn bits(byte: u8, mask: u8) -> String {
    let mut text = String::with_capacity(9);
    for bit in (0..8).rev() {
        text.push(match (mask >> bit & 1, byte >> bit & 1) {
            (0, _) => '.',
            (_, 0) => '0',
            _ => '1',
        });
        if bit == 4 {
            text.push(' ');
        }
    }
    text
}

fn field(
    nodes: &mut Vec<Node>,
    kind: FieldKind,
    label: &str,
    at: Range<usize>,
    value: String,
    fields: &mut Vec<(Range<usize>, FieldKind)>,
) {
    if !fields.iter().any(|(range, _)| *range == at) {
        fields.push((at.clone(), kind));
    }
    nodes.push(Node::new(1, label, value).tone(Tone::Field(kind)).at(at));
}

fn header(frame: &Frame<'_>, nodes: &mut Vec<Node>) -> Vec<(Range<usize>, FieldKind)> {
    let (header, bytes) = (&frame.header, frame.header_bytes);
    let [first, second] = [0, 1].map(|at| bytes.get(at).copied().unwrap_or_default());
    let mut fields = Vec::new();
    let head = bytes.len();
    nodes.push(Node::new(0, "Header", count(head as u64, "byte")).at(0..head));
    let opcode = header.opcode;
    let kind = if opcode.is_reserved() { "reserved" } else { opcode.name() };
    // The opcode lends byte 0 its colour.
    fields.push((0..1, FieldKind::Opcode));
    let fin = match (header.fin, opcode.is_control(), opcode) {
        (true, true, _) => "whole",
        (true, _, Opcode::CONTINUATION) => "the last fragment",
        (true, ..) => "the only fragment",
        (false, _, Opcode::CONTINUATION) => "more fragments follow",
        (false, ..) => "the first fragment",
    };
    field(nodes, FieldKind::Fin, "FIN", 0..1, format!("{}  {fin}", bits(first, 0x80)), &mut fields);
    let rsv = match (header.rsv1, header.rsv()) {
        (_, 0) => "not set",
        (true, 4) => "RSV1: compressed",
        _ => "set",
    };
    field(nodes, FieldKind::Rsv, "RSV1-3", 0..1, format!("{}  {rsv}", bits(first, 0x70)), &mut fields);
    let value = format!("{}  0x{:X} {kind}", bits(first, 0x0F), opcode.0);
    field(nodes, FieldKind::Opcode, "opcode", 0..1, value, &mut fields);
    fields.push((1..2, FieldKind::Length));
    let masked = if header.masking_key.is_some() { "masked" } else { "not masked" };
    field(nodes, FieldKind::Mask, "MASK", 1..2, format!("{}  {masked}", bits(second, 0x80)), &mut fields);
    let length = match header.length_form {
        LengthForm::Bits7 => header.payload_length.to_string(),
        LengthForm::Bits16 => "126: 16 bits follow".to_owned(),
        LengthForm::Bits64 => "127: 64 bits follow".to_owned(),
    };
    field(nodes, FieldKind::Length, "Payload len", 1..2, format!("{}  {length}", bits(second, 0x7F)), &mut fields);
    let end = head - header.masking_key.map_or(0, |_| 4).min(head);
    if header.length_form != LengthForm::Bits7 {
        field(nodes, FieldKind::Length, "Extended len", 2..end, header.payload_length.to_string(), &mut fields);
    }
    if let Some(key) = header.masking_key {
        let key = key.map(|byte| format!("{byte:02x}")).join(" ");
        field(nodes, FieldKind::Key, "Masking key", end..head, key, &mut fields);
    }
    fields.push((head..usize::MAX, FieldKind::Payload));
    fields
}

/// A type byte and perhaps a length: draft-hixie-thewebsocketprotocol-76 §4.2.
fn hixie_header(frame: &Frame<'_>, nodes: &mut Vec<Node>) -> Vec<(Range<usize>, FieldKind)> {
    let head = frame.header_bytes.len();
    let mut fields = Vec::new();
    nodes.push(Node::new(0, "Header", format!("{} (hixie)", count(head as u64, "byte"))).at(0..head));
    let first = frame.header_bytes.first().copied().unwrap_or_default();
    field(nodes, FieldKind::Opcode, "type", 0..1, format!("{first:02x}"), &mut fields);
    if head > 1 {
        field(nodes, FieldKind::Length, "length", 1..head, frame.header.payload_length.to_string(), &mut fields);
    }
    fields.push((head..usize::MAX, FieldKind::Payload));
    fields
}

fn payload(frame: &Frame<'_>, compressed: bool, nodes: &mut Vec<Node>) {
    let (head, kept) = (frame.header_bytes.len(), frame.payload.len());
    let length = frame.header.payload_length;
    let mut value = count(length, "byte");
    if compressed {
        value.push_str(", compressed");
    }
    let missing = length.saturating_sub(frame.captured_length);
    if missing > 0 {
        value = format!("{value}, {missing} missing");
    } else if (kept as u64) < length {
        value = format!("{value}, the first {kept} kept");
    }
    let tone = Tone::Field(FieldKind::Payload);
    nodes.push(Node::new(0, "Payload", value).tone(tone).at(head..head + kept));
    if kept == 0 {
        return;
    }
    let shown = |bytes: &[u8]| printable_within(bytes, COLUMNS);
    match frame.header.opcode {
        Opcode::CLOSE => {
            if let Some((code, reason)) = frame.payload.split_first_chunk::<2>() {
                let code = u16::from_be_bytes(*code);
                nodes.push(Node::new(1, "code", code.to_string()).tone(tone).at(head..head + 2));
                if !reason.is_empty() {
                    nodes.push(Node::new(1, "reason", shown(reason)).tone(tone).at(head + 2..head + kept));
                }
            }
        }
        Opcode::TEXT if !compressed => {
            nodes.push(Node::new(1, "text", shown(frame.payload)).tone(tone).at(head..head + kept));
        }
        Opcode::PING | Opcode::PONG => {
            nodes.push(Node::new(1, "data", shown(frame.payload)).tone(tone).at(head..head + kept));
        }
        _ => {}
    }
}

fn message(message: &MessageRecord, bytes: &[u8], nodes: &mut Vec<Node>) {
    let in_message = |node: Node| Node { bytes: Some((Space::Message, 0..bytes.len())), ..node };
    let length = message.length.map_or("length unknown".to_owned(), |length| count(length, "byte"));
    let value = match (message.compressed, message.length) {
        (true, Some(_)) => format!("{length}, inflated from {}", count(message.wire_length, "byte")),
        _ => format!("{length} in {}", count(u64::from(message.frames), "frame")),
    };
    nodes.push(in_message(Node::new(0, "Message", value)));
    if message.frames > 1 {
        let node = Node::new(1, "frames", format!("{}, {} to {}", message.frames, message.first, message.last));
        nodes.push(node.link(Link::Frame(message.first)));
    }
    let fault = match message.inflated {
        Some(Inflated::Corrupt { offset }) => Some(format!("not DEFLATE behind byte {offset}")),
        Some(Inflated::Bomb { length }) => Some(format!("inflating stopped at {}", size(length))),
        Some(Inflated::ContextLost) => Some("refers to bytes that are not in the capture".to_owned()),
        Some(Inflated::Incomplete) => Some("bytes of it are missing".to_owned()),
        _ if !message.finished => Some("its last frame was not seen".to_owned()),
        _ if !message.complete => Some("bytes of it are missing".to_owned()),
        _ => None,
    };
    if let Some(fault) = fault {
        nodes.push(Node::new(1, "state", fault).tone(Tone::Severity(Severity::Warning)));
    }
    if !bytes.is_empty() && message.kind == crate::websocket::Kind::Text {
        nodes.push(in_message(Node::new(1, "text", printable_within(bytes, COLUMNS))));
    }
    if let Some(digest) = message.sha256 {
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        nodes.push(Node::new(1, "SHA-256", hex));
    }
}
