//! Frames of draft-hixie-thewebsocketprotocol-75 and -76 (which is hybi-00), §4.2: text between 00 and FF, other
//! frames behind a length of 7 bits a byte, and FF 00 to close.
//!
//! They are told in the terms of RFC 6455: a text, a binary or a close frame, final and unmasked. `header_bytes` is
//! the type byte and the length, so it says which it was.

use super::event::{Event, Frame, Kind};
use super::header::{FrameHeader, LengthForm, Opcode};
use super::message::{OpenMessage, Opening};
use super::shared::{Shared, Work};
use crate::Role;
use crate::capture::PacketRef;
use crate::tcp::{Chunk, Missing};

/// A length of 64 bits needs ten bytes of seven; with the type byte before them.
const MAX_HEADER: usize = 11;

/// The decoder of one direction.
#[derive(Debug)]
pub struct HixieDirection {
    role: Role,
    frame: Option<Box<Open>>,
    kept: Vec<u8>,
    after_gap: bool,
    /// Bytes behind a gap: without a length there is no way back to a boundary but the next FF.
    passed_over: u64,
    lost: bool,
}

#[derive(Debug)]
struct Open {
    header: [u8; MAX_HEADER],
    header_length: usize,
    stream_offset: u64,
    packet: PacketRef,
    last_packet: PacketRef,
    acknowledged: Option<u64>,
    part: Part,
    payload_length: u64,
    message: Option<OpenMessage>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Length,
    Text,
    Counted { remaining: u64 },
}

impl HixieDirection {
    /// A direction at the first byte after the opening handshake.
    pub fn new(role: Role) -> HixieDirection {
        HixieDirection { role, frame: None, kept: Vec::new(), after_gap: false, passed_over: 0, lost: false }
    }

    /// Takes the next bytes.
    pub fn data(&mut self, chunk: Chunk<'_>, work: &mut Work<'_>) {
        let mut rest = chunk.bytes;
        while !rest.is_empty() {
            let offset = chunk.offset + (chunk.bytes.len() - rest.len()) as u64;
            if self.lost {
                let end = memchr::memchr(0xFF, rest).map_or(rest.len(), |at| at + 1);
                self.lost = end == rest.len() && rest[end - 1] != 0xFF;
                self.passed_over += end as u64;
                rest = &rest[end..];
                continue;
            }
            let Some(open) = &mut self.frame else {
                self.begin(rest[0], Chunk { offset, ..chunk }, work.shared);
                rest = &rest[1..];
                continue;
            };
            open.last_packet = chunk.packet;
            match open.part {
                Part::Length => {
                    let byte = rest[0];
                    rest = &rest[1..];
                    if open.header_length == MAX_HEADER {
                        self.lost = true;
                        self.frame = None;
                        continue;
                    }
                    open.header[open.header_length] = byte;
                    open.header_length += 1;
                    open.payload_length =
                        open.payload_length.saturating_mul(128).saturating_add(u64::from(byte & 0x7F));
                    if byte & 0x80 == 0 {
                        open.part = Part::Counted { remaining: open.payload_length };
                        if open.payload_length == 0 {
                            self.complete(true, work);
                        }
                    }
                }
                Part::Text => {
                    let end = memchr::memchr(0xFF, rest);
                    let (text, behind) = rest.split_at(end.unwrap_or(rest.len()));
                    self.payload(text, work);
                    rest = behind;
                    if end.is_some() {
                        rest = &rest[1..];
                        self.complete(true, work);
                    }
                }
                Part::Counted { remaining } => {
                    let take = usize::try_from(remaining).unwrap_or(usize::MAX).min(rest.len());
                    open.part = Part::Counted { remaining: remaining - take as u64 };
                    let room = work.shared.settings.payload_bytes.saturating_sub(self.kept.len()).min(take);
                    self.kept.extend_from_slice(&rest[..room]);
                    rest = &rest[take..];
                    if take as u64 == remaining {
                        self.complete(true, work);
                    }
                }
            }
        }
    }

    /// Bytes are missing.
    pub fn missing(&mut self, missing: Missing) {
        self.passed_over += missing.length;
        self.after_gap = true;
        self.lost = true;
        self.frame = None;
    }

    /// Nothing more will come; gives the number of bytes that could not be decoded.
    pub fn finish(&mut self, work: &mut Work<'_>) -> u64 {
        self.complete(false, work);
        self.passed_over
    }

    fn begin(&mut self, kind: u8, chunk: Chunk<'_>, shared: &Shared) {
        let mut header = [0; MAX_HEADER];
        header[0] = kind;
        let text = kind & 0x80 == 0;
        let opening = Opening {
            kind: Kind::Text,
            compressed: false,
            unknown: false,
            keep: shared.settings.payload_bytes,
            digest: shared.settings.digests,
            pieces: shared.settings.pieces,
            packet: chunk.packet,
            stream_offset: chunk.offset,
        };
        self.kept.clear();
        self.frame = Some(Box::new(Open {
            header,
            header_length: 1,
            stream_offset: chunk.offset,
            packet: chunk.packet,
            last_packet: chunk.packet,
            acknowledged: chunk.acknowledged,
            part: if text { Part::Text } else { Part::Length },
            payload_length: 0,
            message: text.then(|| OpenMessage::new(opening, None)),
        }));
    }

    fn payload(&mut self, text: &[u8], work: &mut Work<'_>) {
        let Some(open) = &mut self.frame else { return };
        open.payload_length += text.len() as u64;
        let room = work.shared.settings.payload_bytes.saturating_sub(self.kept.len()).min(text.len());
        self.kept.extend_from_slice(&text[..room]);
        if let Some(message) = &mut open.message {
            message.push(text, None, work.shared.settings.bounds);
            message.tell_fresh(|bytes| (work.tell)(Event::Piece { sender: self.role, bytes }));
        }
    }

    fn complete(&mut self, complete: bool, work: &mut Work<'_>) {
        let Some(mut open) = self.frame.take() else { return };
        let Work { shared, tell, .. } = work;
        let opcode = match (open.header[0], open.payload_length) {
            (0x00..=0x7F, _) => Opcode::TEXT,
            (0xFF, 0) => Opcode::CLOSE,
            _ => Opcode::BINARY,
        };
        let captured_length = match open.part {
            Part::Counted { remaining } => open.payload_length - remaining,
            Part::Length | Part::Text => open.payload_length,
        };
        let terminator = u64::from(opcode == Opcode::TEXT && complete);
        let index = shared.next_frame;
        shared.next_frame += 1;
        let mut message = None;
        if let Some(own) = &mut open.message {
            let own_index = own.frame(index, open.payload_length, complete, open.last_packet, shared.next_message);
            shared.next_message = shared.next_message.max(own_index + 1);
            message = Some(own_index);
        }
        let header_bytes = &open.header[..open.header_length];
        let mut frame = Frame {
            index,
            sender: self.role,
            header: FrameHeader {
                fin: true,
                rsv1: false,
                rsv2: false,
                rsv3: false,
                opcode,
                masking_key: None,
                length_form: LengthForm::Bits7,
                payload_length: open.payload_length,
            },
            header_bytes,
            stream_offset: open.stream_offset,
            packet: open.packet,
            last_packet: open.last_packet,
            acknowledged: open.acknowledged,
            captured_length,
            complete,
            payload: &self.kept,
            message,
            inside_message: Some(false),
            end_offset: (open.stream_offset + header_bytes.len() as u64 + terminator)
                .saturating_add(open.payload_length),
            pong: None,
            after_gap: self.after_gap,
        };
        shared.frame(&mut frame);
        tell(Event::Frame(&frame));
        if let Some(mut own) = open.message {
            let bounds = shared.settings.bounds;
            own.finish(self.role, complete, self.after_gap, None, bounds, tell);
        }
    }
}
