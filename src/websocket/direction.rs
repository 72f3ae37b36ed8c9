//! One direction of a WebSocket connection: bytes in, frames and messages out.
//!
//! The payload length of a frame is only ever a number to count down from. Payload bytes pass as borrowed slices;
//! they are unmasked where somebody wants them: all of a text, of a compressed message or for a digest, the first few
//! of anything else.

use super::event::{Event, Frame, Kind};
use super::header::{FrameHeader, MAX_HEADER, Opcode};
use super::inflate::{Inflater, Inflating};
use super::mask::unmask;
use super::message::{OpenMessage, Opening};
use super::resync::{Expected, Search};
use super::shared::{Deflate, Shared, Work, reuse};
use crate::Role;
use crate::capture::PacketRef;
use crate::tcp::{Chunk, Missing, MissingCause};

/// Payload bytes of a control frame that are always kept: the most that RFC 6455 §5.5 allows.
pub(super) const CONTROL_PAYLOAD: usize = 125;

/// Payload is unmasked in pieces of this many bytes, which stay in the first-level cache.
pub(super) const PIECE: usize = 16 << 10;

/// Texts that stand where a frame should when a server or a proxy fell back to HTTP. As a frame header each of them
/// would be forbidden twice over, so none is taken for one.
const TEXTS: [(&[u8], &str); 9] = [
    (b"HTTP/1.", "an HTTP response"),
    (b"<html", "HTML"),
    (b"<HTML", "HTML"),
    (b"<!DOCTYPE", "HTML"),
    (b"<!doctype", "HTML"),
    (b"GET /", "an HTTP request"),
    (b"POST /", "an HTTP request"),
    (b"HEAD /", "an HTTP request"),
    (b"OPTIONS ", "an HTTP request"),
];

/// The decoder of one direction.
#[derive(Debug)]
pub struct Direction {
    pub(super) role: Role,
    state: State,
    pub(super) message: Option<Box<OpenMessage>>,
    inflater: Option<Box<Inflater>>,
    /// Bytes of this direction are missing.
    pub(super) after_gap: bool,
    /// A fragmented message may be open that began in bytes that are missing.
    pub(super) fragment_unknown: bool,
}

#[derive(Debug)]
enum State {
    /// The next byte belongs to a header; what there is of it, while it is cut by a segment.
    Header(Option<Box<Begun>>),
    /// Inside a frame.
    Payload(Box<Open>),
    /// The boundary is lost.
    Lost(Box<Search>),
    /// What came was no frame; the rest is not looked at.
    NotFrames,
}

/// A header, or the beginning of one.
#[derive(Clone, Copy, Debug)]
struct Begun {
    bytes: [u8; MAX_HEADER],
    length: u8,
    /// Where its first byte stands in the stream.
    offset: u64,
    /// The packet with that byte.
    packet: PacketRef,
    acknowledged: Option<u64>,
}

impl Begun {
    /// Nothing of a header that begins with this chunk.
    fn at(chunk: &Chunk<'_>) -> Begun {
        let Chunk { offset, packet, acknowledged, .. } = *chunk;
        Begun { bytes: [0; MAX_HEADER], length: 0, offset, packet, acknowledged }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// The frame that is going by.
#[derive(Debug)]
pub(super) struct Open {
    begun: Begun,
    header: FrameHeader,
    /// Payload bytes that went by, captured or not.
    passed: u64,
    captured: u64,
    /// No byte is missing so far, so `kept` still grows.
    intact: bool,
    last_packet: PacketRef,
    inside_message: Option<bool>,
    /// Its payload belongs to the open message.
    in_message: bool,
    /// The first bytes of its payload, unmasked.
    kept: Vec<u8>,
}

impl Direction {
    /// A direction at a frame boundary: the first byte after the opening handshake.
    pub fn new(role: Role) -> Direction {
        Direction::with(role, State::Header(None), false)
    }

    /// A direction of a connection that was already open: its first boundary is searched for.
    pub fn mid_stream(role: Role) -> Direction {
        Direction::with(role, State::Lost(Box::default()), true)
    }

    fn with(role: Role, state: State, after_gap: bool) -> Direction {
        Direction { role, state, message: None, inflater: None, after_gap, fragment_unknown: after_gap }
    }

    /// Takes the next bytes.
    pub fn data(&mut self, chunk: &Chunk<'_>, work: &mut Work<'_>) {
        if let Some(inflater) = &self.inflater {
            inflater.fetch();
        }
        match &self.state {
            State::Lost(_) => self.search(*chunk, work),
            State::NotFrames => {}
            State::Header(None) => match self.whole(chunk, work) {
                // Nearly always.
                taken if taken == chunk.bytes.len() => {}
                taken => self.feed(behind(chunk, taken), work),
            },
            State::Header(Some(_)) | State::Payload(_) => self.feed(*chunk, work),
        }
    }

    /// Takes bytes behind a known boundary.
    #[inline(never)]
    fn feed(&mut self, mut chunk: Chunk<'_>, work: &mut Work<'_>) {
        loop {
            let taken = match &mut self.state {
                _ if chunk.bytes.is_empty() => return,
                State::Header(None) => match self.whole(&chunk, work) {
                    0 => self.header(chunk, work),
                    taken => taken,
                },
                State::Header(Some(_)) => self.header(chunk, work),
                State::Payload(_) => self.payload(chunk, work),
                State::Lost(_) | State::NotFrames => return,
            };
            chunk = behind(&chunk, taken);
        }
    }

    /// Bytes are missing.
    pub fn missing(&mut self, missing: Missing, work: &mut Work<'_>) {
        self.after_gap = true;
        match &mut self.state {
            State::Payload(open) => {
                open.intact = false;
                // Where the frame ends is lost with the number of its missing bytes.
                if missing.cause == MissingCause::Unplaced {
                    if let Some(message) = self.message.as_mut().filter(|_| open.in_message) {
                        message.damage();
                    }
                    self.complete(true, work);
                    return self.lose();
                }
                let remaining = open.header.payload_length - open.passed;
                open.passed += missing.length.min(remaining);
                if let Some(message) = self.message.as_mut().filter(|_| open.in_message) {
                    message.damage();
                }
                if missing.length < remaining {
                    return;
                }
                self.complete(true, work);
                if missing.length > remaining {
                    self.lose();
                }
            }
            State::Header(_) => self.lose(),
            State::Lost(search) => search.forget(),
            State::NotFrames => {}
        }
    }

    /// Nothing more will come.
    pub fn finish(&mut self, work: &mut Work<'_>) {
        match &self.state {
            State::Payload(_) => self.complete(false, work),
            State::Header(Some(begun)) => {
                let bytes = begun.bytes();
                let may_be_text = TEXTS.iter().any(|(text, _)| text.starts_with(bytes));
                let first = bytes.first().filter(|_| !may_be_text);
                (work.tell)(Event::HeaderCut {
                    sender: self.role,
                    offset: begun.offset,
                    bytes,
                    first: first.map(|&byte| FrameHeader::first_byte(byte)),
                    packet: begun.packet,
                });
            }
            _ => {}
        }
        self.close_message(false, work);
    }

    /// Bytes at the end of the stream for which no frame boundary was found.
    pub fn undecoded(&self) -> u64 {
        match &self.state {
            State::Lost(search) => search.dropped() + search.held() as u64,
            _ => 0,
        }
    }

    /// Takes a header, or a part of one; gives the number of bytes taken.
    fn header(&mut self, chunk: Chunk<'_>, work: &mut Work<'_>) -> usize {
        let State::Header(waiting) = &mut self.state else { return 0 };
        let waiting = waiting.take();
        let mut begun = waiting.as_deref().copied().unwrap_or_else(|| Begun::at(&chunk));
        let before = usize::from(begun.length);
        let take = chunk.bytes.len().min(MAX_HEADER - before);
        begun.bytes[before..before + take].copy_from_slice(&chunk.bytes[..take]);
        begun.length += take as u8;
        let joined = begun.bytes();
        let text = TEXTS
            .iter()
            .find(|(text, _)| text.first() == joined.first() && (joined.starts_with(text) || text.starts_with(joined)));
        if let Some((text, what)) = text {
            if joined.len() < text.len() {
                self.wait_for_header(waiting, begun);
                return take;
            }
            let Begun { offset, packet, .. } = begun;
            (work.tell)(Event::NotFrames { sender: self.role, offset, bytes: text, what, packet });
            self.close_message(false, work);
            work.shared.closing.outcomes.lose(self.role);
            self.state = State::NotFrames;
            return take;
        }
        let Ok((rest, header)) = FrameHeader::parse(joined) else {
            self.wait_for_header(waiting, begun);
            return take;
        };
        // Bytes that were held because they might have become a text belong to the payload after all.
        let held = rest.len().saturating_sub(take);
        let mut payload = [0; MAX_HEADER];
        payload[..held].copy_from_slice(&rest[..held]);
        let taken = take.saturating_sub(rest.len());
        let length = joined.len() - rest.len();
        begun.length = length as u8;
        self.open(header, begun, chunk.packet, work);
        if held > 0 {
            let Begun { offset, packet, acknowledged, .. } = begun;
            let offset = offset + length as u64;
            self.feed(Chunk { offset, bytes: &payload[..held], packet, acknowledged }, work);
        }
        taken
    }

    /// What there is of a header is not all of it.
    fn wait_for_header(&mut self, mut waiting: Option<Box<Begun>>, begun: Begun) {
        self.state = State::Header(Some(reuse(&mut waiting, begun)));
    }

    /// A header is complete.
    fn open(&mut self, header: FrameHeader, begun: Begun, packet: PacketRef, work: &mut Work<'_>) {
        let inside_message = if self.fragment_unknown { None } else { Some(self.message.is_some()) };
        let kind = match header.opcode {
            Opcode::TEXT => Some(Kind::Text),
            Opcode::BINARY => Some(Kind::Binary),
            _ => None,
        };
        if !header.opcode.is_control() && (kind.is_some() || header.fin) {
            self.fragment_unknown = false;
        }
        if let Some(kind) = kind {
            // A message that another one interrupts will never be complete (§5.4).
            self.close_message(false, work);
            let compressed = header.rsv1 && self.agree_on_deflate(work.shared);
            let settings = &work.shared.settings;
            let opening = Opening {
                kind,
                compressed,
                unknown: header.rsv() != 0 && !compressed,
                keep: settings.payload_bytes,
                digest: settings.digests,
                pieces: settings.pieces,
                packet: begun.packet,
                stream_offset: begun.offset,
            };
            let inflater = self.inflater.as_deref_mut().filter(|_| compressed);
            self.message = Some(OpenMessage::begin(&mut work.scratch.message, opening, inflater));
        }
        let in_message = self.message.is_some() && !header.opcode.is_control() && !header.opcode.is_reserved();
        let mut kept = work.scratch.frame.as_mut().map(|spare| std::mem::take(&mut spare.kept)).unwrap_or_default();
        kept.clear();
        let open = Open {
            begun,
            header,
            passed: 0,
            captured: 0,
            intact: true,
            last_packet: packet,
            inside_message,
            in_message,
            kept,
        };
        self.state = State::Payload(reuse(&mut work.scratch.frame, open));
        if header.payload_length == 0 {
            self.complete(true, work);
        }
    }

    /// Whether RSV1 means DEFLATE; makes the inflater at its first use. Where the handshake was not seen, RSV1 can
    /// mean nothing else: permessage-deflate is the only registered extension that uses it.
    fn agree_on_deflate(&mut self, shared: &Shared) -> bool {
        if matches!(shared.deflate, Deflate::No) {
            return false;
        }
        let context_known = !self.after_gap;
        self.inflater.get_or_insert_with(|| Box::new(Inflater::new(context_known, shared.settings.blocks)));
        true
    }

    /// Takes payload bytes; gives their number.
    fn payload(&mut self, chunk: Chunk<'_>, work: &mut Work<'_>) -> usize {
        let State::Payload(open) = &mut self.state else { return 0 };
        let Work { shared, scratch, tell } = &mut *work;
        let remaining = open.header.payload_length - open.passed;
        let take = usize::try_from(remaining).unwrap_or(usize::MAX).min(chunk.bytes.len());
        let bytes = &chunk.bytes[..take];
        let keep = match open.header.opcode.is_control() {
            true => shared.settings.payload_bytes.max(CONTROL_PAYLOAD),
            false => shared.settings.payload_bytes,
        };
        let room = if open.intact { keep.saturating_sub(open.kept.len()) } else { 0 };
        let mut message = self.message.as_deref_mut().filter(|_| open.in_message);
        let wanted = if message.as_ref().is_some_and(|message| message.wants_all()) { take } else { room.min(take) };
        let bounds = shared.settings.bounds;
        let mut keep_and_push = |plain: &[u8], at: usize| {
            if at < room {
                open.kept.extend_from_slice(&plain[..plain.len().min(room - at)]);
            }
            if let Some(message) = &mut message {
                let spare = &mut scratch.inflating;
                message.push(plain, self.inflater.as_deref_mut().map(|inflater| Inflating { inflater, bounds, spare }));
                message.tell_fresh(|bytes| tell(Event::Piece { sender: self.role, bytes }));
            }
        };
        match open.header.masking_key {
            None => keep_and_push(&bytes[..wanted], 0),
            Some(key) => {
                let mut at = 0;
                for piece in bytes[..wanted].chunks(PIECE) {
                    let plain = &mut scratch.plain;
                    plain.clear();
                    plain.extend_from_slice(piece);
                    unmask(plain, key, open.passed + at as u64);
                    keep_and_push(plain, at);
                    at += piece.len();
                }
            }
        }
        // Until payload comes, the last packet is that with the end of the header.
        if open.passed == 0 && open.last_packet.number() != chunk.packet.number() {
            tell(Event::PayloadApart {
                sender: self.role,
                stream_offset: open.begun.offset,
                header: open.last_packet,
                payload: chunk.packet,
                length: open.header.payload_length.saturating_add(open.begun.length.into()),
            });
        }
        open.passed += take as u64;
        open.captured += take as u64;
        open.last_packet = chunk.packet;
        if open.passed == open.header.payload_length {
            self.complete(true, work);
        }
        take
    }

    /// The open frame is over: all of it went by, or (`complete` is false) the stream ended inside it.
    fn complete(&mut self, complete: bool, work: &mut Work<'_>) {
        let State::Payload(open) = std::mem::replace(&mut self.state, State::Header(None)) else { return };
        let Work { shared, tell, .. } = &mut *work;
        let index = shared.next_frame;
        shared.next_frame += 1;
        let mut message = None;
        let last = open.header.fin && complete;
        if let Some(own) = self.message.as_deref_mut().filter(|_| open.in_message) {
            let next_index = shared.next_message;
            let own_index = own.frame(index, open.header.payload_length, last, open.last_packet, next_index);
            shared.next_message = next_index.max(own_index + 1);
            message = Some(own_index);
        }
        let header_bytes = open.begun.bytes();
        let mut frame = Frame {
            index,
            sender: self.role,
            header: open.header,
            header_bytes,
            stream_offset: open.begun.offset,
            packet: open.begun.packet,
            last_packet: open.last_packet,
            acknowledged: open.begun.acknowledged,
            captured_length: open.captured,
            complete,
            payload: &open.kept,
            message,
            inside_message: open.inside_message,
            end_offset: (open.begun.offset + header_bytes.len() as u64).saturating_add(open.header.payload_length),
            pong: None,
            after_gap: self.after_gap,
        };
        shared.frame(&mut frame);
        tell(Event::Frame(&frame));
        if open.in_message && last {
            self.close_message(true, work);
        }
        work.scratch.frame = Some(open);
    }

    /// The open message is over.
    fn close_message(&mut self, finished: bool, work: &mut Work<'_>) {
        let Some(mut message) = self.message.take() else { return };
        let bounds = work.shared.settings.bounds;
        let spare = &mut work.scratch.inflating;
        let inflater = self.inflater.as_deref_mut().filter(|_| message.is_compressed());
        let inflating = inflater.map(|inflater| Inflating { inflater, bounds, spare });
        message.finish(self.role, finished, self.after_gap, inflating, work.tell);
        work.scratch.message = Some(message);
    }

    /// The boundary is lost.
    fn lose(&mut self) {
        self.fragment_unknown = true;
        if let Some(message) = &mut self.message {
            message.damage();
        }
        if let Some(inflater) = &mut self.inflater {
            inflater.lose_context();
        }
        self.state = State::Lost(Box::default());
    }

    /// Looks for a boundary, and goes on from there.
    fn search(&mut self, chunk: Chunk<'_>, work: &mut Work<'_>) {
        let State::Lost(search) = &mut self.state else { return };
        let expected =
            Expected { masked: self.role == Role::Client, rsv1: !matches!(work.shared.deflate, Deflate::No) };
        let Some(found) = search.push(chunk, expected, work.shared.settings.resync_bytes) else { return };
        let State::Lost(search) = std::mem::replace(&mut self.state, State::Header(None)) else { return };
        // What was open before the gap can not be told from what follows it.
        self.close_message(false, work);
        let mut first = true;
        let mut skipped = search.dropped() + found.at as u64;
        search.release(found.at, |chunk| {
            if std::mem::take(&mut first) {
                let (offset, packet) = (chunk.offset, chunk.packet);
                let skipped = std::mem::take(&mut skipped);
                (work.tell)(Event::Resync { sender: self.role, offset, skipped, score: found.score, packet });
            }
            self.data(&chunk, work);
        });
    }
}

/// What is behind the first `taken` bytes of a chunk.
fn behind<'a>(chunk: &Chunk<'a>, taken: usize) -> Chunk<'a> {
    Chunk { bytes: &chunk.bytes[taken..], offset: chunk.offset + taken as u64, ..*chunk }
}
