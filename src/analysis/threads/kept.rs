//! What a log keeps of one thing that was said, without the bytes that were lent with it.

use crate::Role;
use crate::analysis::bench::Found;
use crate::analysis::said::Slot;
use crate::capture::PacketRef;
use crate::rules::Finding;
use crate::websocket::{self, CaptureFact, Ending, Event, Frame, FrameHeader, LengthForm, Message, Opcode, Walk};

/// A frame that lies in one packet, whole, and the message that it is, if it is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whole {
    pub(super) slot: Slot,
    pub(super) header_bytes: Bytes,
    pub(super) payload: Bytes,
    /// Something was found in it.
    pub(super) is_found: bool,
    /// It is an unfragmented message, whose text has nothing to be told beside itself.
    pub(super) message: Option<websocket::Kind>,
    pub(super) sender: Role,
    pub(super) index: u64,
    pub(super) header: FrameHeader,
    pub(super) stream_offset: u64,
    pub(super) packet: PacketRef,
    pub(super) acknowledged: Option<u64>,
    pub(super) message_index: Option<u64>,
    pub(super) inside_message: Option<bool>,
    pub(super) after_gap: bool,
}

/// Bytes that are lent with a frame in one packet, which is far shorter than 4 GiB.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bytes {
    pub(super) length: u32,
    /// Where they begin among those of the capture; for others, which follow each other in the log, [`COPIED`].
    pub(super) at: u32,
}

/// See [`Bytes`].
pub(super) const COPIED: u32 = u32::MAX;

const _: () = assert!(size_of::<Whole>() == 128);

/// Room for one.
impl Default for Whole {
    fn default() -> Whole {
        Whole {
            slot: Slot(0),
            header_bytes: Bytes::default(),
            payload: Bytes::default(),
            is_found: false,
            message: None,
            sender: Role::Client,
            index: 0,
            header: FrameHeader {
                fin: false,
                rsv1: false,
                rsv2: false,
                rsv3: false,
                opcode: Opcode(0),
                masking_key: None,
                length_form: LengthForm::Bits7,
                payload_length: 0,
            },
            stream_offset: 0,
            packet: PacketRef::new(0, None, 0, 0),
            acknowledged: None,
            message_index: None,
            inside_message: None,
            after_gap: false,
        }
    }
}

impl Whole {
    /// Whether this frame is one.
    pub(super) fn is(frame: &Frame<'_>) -> bool {
        let Frame { stream_offset, header_bytes, header, .. } = frame;
        frame.complete
            && frame.is_whole()
            && frame.pong.is_none()
            && frame.last_packet == frame.packet
            // Not so in hixie-76, where a byte follows the payload.
            && frame.end_offset == end_offset(*stream_offset, header_bytes.len(), header)
    }

    /// Becomes this frame, of which these bytes are kept.
    // Field by field where it stays: a whole one would be made elsewhere and copied.
    #[inline]
    pub(super) fn keep(
        &mut self,
        slot: Slot,
        frame: &Frame<'_>,
        [header_bytes, payload]: [Bytes; 2],
        message: Option<websocket::Kind>,
        is_found: bool,
    ) {
        self.slot = slot;
        self.header_bytes = header_bytes;
        self.payload = payload;
        self.is_found = is_found;
        self.message = message;
        self.sender = frame.sender;
        self.index = frame.index;
        self.header = frame.header;
        self.stream_offset = frame.stream_offset;
        self.packet = frame.packet;
        self.acknowledged = frame.acknowledged;
        self.message_index = frame.message;
        self.inside_message = frame.inside_message;
        self.after_gap = frame.after_gap;
    }

    /// The frame with these bytes.
    #[inline]
    pub(super) fn frame<'b>(&self, header_bytes: &'b [u8], payload: &'b [u8]) -> Frame<'b> {
        Frame {
            index: self.index,
            sender: self.sender,
            header: self.header,
            header_bytes,
            stream_offset: self.stream_offset,
            packet: self.packet,
            last_packet: self.packet,
            acknowledged: self.acknowledged,
            captured_length: self.header.payload_length,
            complete: true,
            payload,
            message: self.message_index,
            inside_message: self.inside_message,
            end_offset: end_offset(self.stream_offset, header_bytes.len(), &self.header),
            pong: None,
            after_gap: self.after_gap,
        }
    }
}

/// Where a frame ends whose payload is all that follows its header.
#[inline]
fn end_offset(stream_offset: u64, header_bytes: usize, header: &FrameHeader) -> u64 {
    stream_offset.wrapping_add(header_bytes as u64).wrapping_add(header.payload_length)
}

/// Any other frame without its bytes: how many of the header and of the payload.
#[derive(Debug)]
pub(super) struct KeptFrame {
    pub(super) slot: Slot,
    pub(super) found: Found,
    pub(super) frame: Frame<'static>,
    pub(super) header: usize,
    pub(super) payload: usize,
}

/// A message without its bytes: how many of the payload.
#[derive(Debug)]
pub(super) struct KeptMessage {
    pub(super) slot: Slot,
    pub(super) found: Found,
    pub(super) message: Message<'static>,
    pub(super) payload: usize,
    pub(super) walk: Option<Box<Walk>>,
}

/// Anything else that was said.
#[derive(Debug)]
pub(super) enum Kept {
    /// Without its bytes.
    Piece(Slot, Role, usize),
    NotFrames {
        slot: Slot,
        sender: Role,
        offset: u64,
        bytes: usize,
        what: &'static str,
        packet: PacketRef,
    },
    HeaderCut {
        slot: Slot,
        sender: Role,
        offset: u64,
        bytes: usize,
        first: Option<(u8, Opcode)>,
        packet: PacketRef,
    },
    /// Any other event, which lends nothing.
    Event(Slot, Event<'static>),
    End(Slot, Ending),
    Ending(Slot, Vec<CaptureFact>),
    ClientRandom([u8; 32]),
    Closed(PacketRef, Option<Box<Finding>>),
}

/// The frame with other bytes. Names every field, so that none is forgotten.
pub(super) fn with_bytes<'b>(frame: &Frame<'_>, header_bytes: &'b [u8], payload: &'b [u8]) -> Frame<'b> {
    let Frame { index, sender, header, stream_offset, packet, last_packet, acknowledged, .. } = *frame;
    let Frame { captured_length, complete, message, inside_message, end_offset, pong, after_gap, .. } = *frame;
    Frame {
        index,
        sender,
        header,
        header_bytes,
        stream_offset,
        packet,
        last_packet,
        acknowledged,
        captured_length,
        complete,
        payload,
        message,
        inside_message,
        end_offset,
        pong,
        after_gap,
    }
}

/// The message with other bytes. Names every field, so that none is forgotten.
pub(super) fn with_payload<'b>(message: &Message<'_>, payload: &'b [u8], walk: Option<&'b Walk>) -> Message<'b> {
    let Message { index, sender, kind, first_frame, last_frame, frames, compressed, wire_length, .. } = *message;
    let Message { length, complete, finished, sha256, text, inflated, packet, last_packet, .. } = *message;
    Message {
        index,
        sender,
        kind,
        first_frame,
        last_frame,
        frames,
        compressed,
        wire_length,
        length,
        complete,
        finished,
        payload,
        sha256,
        text,
        inflated,
        walk,
        packet,
        last_packet,
        stream_offset: message.stream_offset,
        after_gap: message.after_gap,
    }
}
