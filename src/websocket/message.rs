//! Fragments put together into a message, inflated and its text checked, while they go by (RFC 6455 §5.4, §5.6;
//! RFC 7692 §6).

use super::event::{Event, Inflated, Kind, Message, Text, TextFault};
use super::inflate::{Failure, Inflater, Inflating};
use super::shared::reuse;
use super::utf8::{self, Fault, Validator};
use crate::Role;
use crate::capture::PacketRef;
use sha2::{Digest, Sha256};

/// The message that is open in one direction.
#[derive(Debug)]
pub struct OpenMessage {
    kind: Kind,
    compressed: bool,
    /// Index, and index of the first frame; known when that frame is complete.
    first: Option<(u64, u64)>,
    last_frame: u64,
    frames: u64,
    wire_length: u64,
    /// Bytes after inflating so far.
    length: u64,
    kept: Vec<u8>,
    keep: usize,
    text: Option<Validator>,
    fault_frame: Option<u64>,
    split_at_frame: Option<u64>,
    digest: Option<Box<Sha256>>,
    /// Bytes after inflating that were not told yet, where they are asked for.
    fresh: Option<Vec<u8>>,
    /// Payload bytes are missing from here on.
    damaged: bool,
    packet: PacketRef,
    last_packet: PacketRef,
    stream_offset: u64,
}

/// How a message begins.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// From the opcode.
    pub kind: Kind,
    /// Its bytes are DEFLATE.
    pub compressed: bool,
    /// Its bytes may mean something else than they seem to: RSV1 is set and nothing defines it.
    pub unknown: bool,
    /// Bytes of it to keep.
    pub keep: usize,
    /// Compute a digest.
    pub digest: bool,
    /// Keep all of it, to be told piece by piece.
    pub pieces: bool,
    /// The packet with its first byte.
    pub packet: PacketRef,
    /// Offset of its first frame.
    pub stream_offset: u64,
}

impl OpenMessage {
    /// A message begins with this frame header, in the place of one that is over.
    pub fn begin(
        spare: &mut Option<Box<OpenMessage>>,
        opening: Opening,
        inflater: Option<&mut Inflater>,
    ) -> Box<OpenMessage> {
        let mut kept = spare.as_mut().map(|spare| std::mem::take(&mut spare.kept)).unwrap_or_default();
        kept.clear();
        reuse(spare, OpenMessage { kept, ..OpenMessage::new(opening, inflater) })
    }

    /// A message begins with this frame header.
    pub fn new(opening: Opening, inflater: Option<&mut Inflater>) -> OpenMessage {
        if let Some(inflater) = inflater {
            inflater.begin();
        }
        let is_text = opening.kind == Kind::Text && !opening.unknown;
        OpenMessage {
            kind: opening.kind,
            compressed: opening.compressed,
            first: None,
            last_frame: 0,
            frames: 0,
            wire_length: 0,
            length: 0,
            kept: Vec::new(),
            keep: opening.keep,
            text: is_text.then(Validator::default),
            fault_frame: None,
            split_at_frame: None,
            digest: opening.digest.then(Box::default),
            fresh: opening.pieces.then(Vec::new),
            damaged: false,
            packet: opening.packet,
            last_packet: opening.packet,
            stream_offset: opening.stream_offset,
        }
    }

    /// Whether anybody wants more of the payload than its first bytes.
    pub fn wants_all(&self) -> bool {
        let wanted = self.compressed || self.text.is_some() || self.digest.is_some() || self.fresh.is_some();
        wanted && !self.damaged
    }

    /// Tells the bytes that were not told yet.
    pub fn tell_fresh(&mut self, tell: impl FnOnce(&[u8])) {
        if let Some(fresh) = self.fresh.as_mut().filter(|fresh| !fresh.is_empty()) {
            tell(fresh);
            fresh.clear();
        }
    }

    /// Whether its bytes are DEFLATE.
    pub fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// Unmasked payload bytes go by. Without [`wants_all`](Self::wants_all) it is enough to show the first ones.
    pub fn push(&mut self, bytes: &[u8], inflating: Option<Inflating<'_>>) {
        match inflating {
            _ if self.damaged => {}
            Some(Inflating { inflater, bounds, spare }) if self.compressed => {
                inflater.push(bytes, bounds, spare, &mut |plain| self.take(plain));
            }
            _ => self.take(bytes),
        }
    }

    /// Payload bytes are missing.
    pub fn damage(&mut self) {
        self.damaged = true;
    }

    fn take(&mut self, plain: &[u8]) {
        self.length += plain.len() as u64;
        let room = self.keep.saturating_sub(self.kept.len()).min(plain.len());
        if room > 0 {
            self.kept.extend_from_slice(&plain[..room]);
        }
        if let Some(text) = &mut self.text {
            text.push(plain);
        }
        if let Some(digest) = &mut self.digest {
            digest.update(plain);
        }
        if let Some(fresh) = &mut self.fresh {
            fresh.extend_from_slice(plain);
        }
    }

    /// One of its frames is complete, or was cut off. Gives the index of the message; `next_index` is what a new
    /// message gets.
    pub fn frame(&mut self, frame: u64, payload_length: u64, last: bool, packet: PacketRef, next_index: u64) -> u64 {
        let (index, _) = *self.first.get_or_insert((next_index, frame));
        self.last_frame = frame;
        self.frames += 1;
        self.wire_length = self.wire_length.saturating_add(payload_length);
        self.last_packet = packet;
        if let Some(text) = &self.text {
            if text.fault().is_some() {
                self.fault_frame.get_or_insert(frame);
            } else if !last && !self.compressed && text.is_inside_character() {
                self.split_at_frame.get_or_insert(frame);
            }
        }
        index
    }

    /// The message is over: `finished` where its final frame was seen. Calls `tell` with what it was, and before that
    /// with the last of its bytes.
    pub fn finish(
        &mut self,
        sender: Role,
        finished: bool,
        after_gap: bool,
        inflating: Option<Inflating<'_>>,
        tell: &mut dyn FnMut(Event<'_>),
    ) {
        let whole = finished && !self.damaged;
        let mut walk = None;
        let inflated = match inflating {
            Some(Inflating { inflater, bounds, spare }) if self.compressed && whole => {
                let (walked, result) = inflater.finish(bounds, spare, &mut |plain| self.take(plain));
                walk = Some(walked);
                Some(match result {
                    Ok(()) => Inflated::Whole,
                    Err(Failure::Corrupt { offset }) => Inflated::Corrupt { offset },
                    Err(Failure::Bomb { length }) => Inflated::Bomb { length },
                    Err(Failure::ContextLost) => Inflated::ContextLost,
                })
            }
            Some(Inflating { inflater, .. }) if self.compressed => {
                inflater.lose_context();
                Some(Inflated::Incomplete)
            }
            _ => None,
        };
        let readable = whole && inflated.is_none_or(|inflated| inflated == Inflated::Whole);
        let text = self.finish_text(readable);
        let Some((index, first_frame)) = self.first else { return };
        self.tell_fresh(|bytes| tell(Event::Piece { sender, bytes }));
        tell(Event::Message(&Message {
            index,
            sender,
            kind: self.kind,
            first_frame,
            last_frame: self.last_frame,
            frames: self.frames,
            compressed: self.compressed,
            wire_length: self.wire_length,
            length: match inflated {
                None if finished => Some(self.wire_length),
                Some(Inflated::Whole) => Some(self.length),
                _ => None,
            },
            complete: whole,
            finished,
            payload: &self.kept,
            sha256: self.digest.take().filter(|_| readable).map(|digest| digest.finalize().into()),
            text,
            inflated,
            walk: walk.as_ref(),
            packet: self.packet,
            last_packet: self.last_packet,
            stream_offset: self.stream_offset,
            after_gap: after_gap || self.damaged,
        }));
    }

    /// What is known of the text. A fault that was seen stays one even if the rest of the message is missing; that
    /// it ends inside a character counts only where its end was seen.
    fn finish_text(&mut self, readable: bool) -> Text {
        let Some(validator) = &mut self.text else { return Text::default() };
        let fault = if readable { validator.finish() } else { validator.fault() };
        let frame = self.fault_frame.unwrap_or(self.last_frame);
        Text { split_at_frame: self.split_at_frame, ..text(validator, fault, frame) }
    }
}

/// What is known of a text that is whole in one frame, the one with this index.
#[inline]
pub(super) fn text_in_one_frame(bytes: &[u8], frame: u64) -> Text {
    match utf8::nul_in_ascii(bytes) {
        Some(nul) => Text { nul, ..Text::default() },
        None => any_text(bytes, frame),
    }
}

/// The same for text that is not ASCII.
#[inline(never)]
fn any_text(bytes: &[u8], frame: u64) -> Text {
    let mut validator = Validator::default();
    validator.push(bytes);
    let fault = validator.finish();
    text(&validator, fault, frame)
}

/// What a check came to; `frame` holds the byte that proves the fault.
fn text(validator: &Validator, fault: Option<Fault>, frame: u64) -> Text {
    Text {
        fault: fault.map(|Fault { fault, offset, bytes, length }| TextFault { fault, offset, frame, bytes, length }),
        split_at_frame: None,
        bom: validator.bom,
        nul: validator.nul,
        noncharacter: validator.noncharacter,
    }
}
