//! One direction of an HTTP/2 connection: bytes in, frames out (RFC 9113 §4.1).
//!
//! The payload of DATA passes as borrowed slices. Other frames that say something are put together; the rest is
//! skipped. A hole inside a payload is counted down like the payload itself. Where a hole hides the boundary between
//! frames, it is searched for ([`resync`](super::resync)).

use super::frame::{FrameHeader, HEADER, Kind, PADDED, PREFACE};
use super::resync;
use crate::capture::PacketRef;
use crate::tcp::{Chunk, Missing, MissingCause};

/// Bytes that are kept of a frame that is neither DATA nor part of a header block: 64 settings.
const SMALL: usize = 384;

/// What a direction says.
pub(super) enum Piece<'a> {
    /// Bytes of a DATA frame, padding left away. The offset is that of the connection.
    Data { stream: u32, chunk: Chunk<'a> },
    /// Bytes of a DATA frame that are not in the capture.
    DataMissing { stream: u32, missing: Missing },
    /// A frame is over; of one that is not DATA this is all that is told.
    End { header: FrameHeader, span: Span, payload: Payload<'a> },
    /// Bytes are missing, and with them the boundary between frames: any frames may have been in them.
    Lost { missing: Missing },
}

/// What there is of the payload of a frame that is over.
#[derive(Clone, Copy, Debug)]
pub(super) enum Payload<'a> {
    /// All of it, or the first [`SMALL`] bytes of a frame that never needs more; nothing of DATA.
    Kept(&'a [u8]),
    /// Bytes of it are missing.
    Damaged,
    /// It is longer than what may be kept.
    TooLong,
}

/// Where a frame stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Offset of the header in the direction's stream, and offset behind the payload.
    pub(super) offset: u64,
    pub(super) end: u64,
    /// The packets with the first and the last byte.
    pub(super) packet: PacketRef,
    pub(super) last_packet: PacketRef,
    /// What the sender had acknowledged when it sent the first byte.
    pub(super) acknowledged: Option<u64>,
}

/// Cuts one direction into frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    state: State,
    header: [u8; HEADER],
    header_length: usize,
    kept: Vec<u8>,
}

#[derive(Debug, Default)]
enum State {
    /// The next byte belongs to the client's preface; so many were seen.
    Preface(usize),
    /// The next byte belongs to a header; where it began.
    #[default]
    Boundary,
    Header(Start),
    /// Inside a payload.
    Payload(Open),
    /// The boundary is lost.
    Lost,
}

#[derive(Clone, Copy, Debug)]
struct Start {
    offset: u64,
    packet: PacketRef,
    acknowledged: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    header: FrameHeader,
    start: Start,
    last_packet: PacketRef,
    /// Payload bytes to come, padding too.
    left: u32,
    padding: Padding,
    keep: Keep,
}

/// Of DATA: how much of the payload's end is padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Padding {
    /// So many bytes.
    Length(u32),
    /// The first byte of the payload will say (RFC 9113 §6.1).
    Awaited,
    /// That byte is missing: nothing of the payload can be told from padding.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keep {
    /// It is DATA, or nobody needs it.
    Nothing,
    /// So many bytes at most.
    UpTo(usize),
    Damaged,
    TooLong,
}

impl Frames {
    /// A direction that begins with the client's preface.
    pub(super) fn behind_preface() -> Frames {
        Frames { state: State::Preface(0), ..Frames::default() }
    }

    /// A direction without a known boundary.
    pub(super) fn lost() -> Frames {
        Frames { state: State::Lost, ..Frames::default() }
    }

    /// Whether the boundary is lost.
    pub(super) fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost)
    }

    /// Takes the next bytes. `known` are streams that frames may be expected on, in order; they matter only while the
    /// boundary is lost. `bound` is how many bytes of a frame with header fields are kept.
    pub(super) fn data(&mut self, mut chunk: Chunk<'_>, known: &[u32], bound: usize, tell: &mut dyn FnMut(Piece<'_>)) {
        while !chunk.bytes.is_empty() {
            let taken = match &mut self.state {
                State::Preface(seen) => {
                    let (next, rest) = (PREFACE.get(*seen), chunk.bytes.len().min(PREFACE.len() - *seen));
                    let expected = &PREFACE[*seen..*seen + rest];
                    if next.is_none() || !chunk.bytes.starts_with(expected) {
                        self.state = State::Lost;
                        continue;
                    }
                    *seen += rest;
                    if *seen == PREFACE.len() {
                        self.state = State::Boundary;
                    }
                    rest
                }
                State::Boundary => {
                    let Chunk { offset, packet, acknowledged, .. } = chunk;
                    self.header_length = 0;
                    self.state = State::Header(Start { offset, packet, acknowledged });
                    0
                }
                State::Header(start) => {
                    let start = *start;
                    self.take_header(start, &chunk, bound, tell)
                }
                State::Payload(_) => self.take_payload(&chunk, tell),
                State::Lost => match resync::find(chunk.bytes, known) {
                    None => return,
                    Some(at) => {
                        self.state = State::Boundary;
                        at
                    }
                },
            };
            chunk.bytes = &chunk.bytes[taken..];
            chunk.offset += taken as u64;
        }
    }

    /// Bytes are missing.
    pub(super) fn missing(&mut self, missing: Missing, tell: &mut dyn FnMut(Piece<'_>)) {
        let State::Payload(open) = &mut self.state else {
            self.state = State::Lost;
            return tell(Piece::Lost { missing: Missing { cause: MissingCause::Unplaced, ..missing } });
        };
        let inside = u64::from(open.left).min(missing.length) as u32;
        if matches!(open.keep, Keep::UpTo(_)) {
            open.keep = Keep::Damaged;
        }
        let data = match open.padding {
            Padding::Length(padding) => inside.min(open.left.saturating_sub(padding)),
            // What is padding and what is not can never be told.
            Padding::Awaited => open.left,
            Padding::Unknown => 0,
        };
        let cause = match std::mem::replace(&mut open.padding, Padding::Unknown) {
            known @ Padding::Length(_) => {
                open.padding = known;
                missing.cause
            }
            _ => MissingCause::Unplaced,
        };
        if open.header.kind == Kind::DATA && data > 0 {
            let missing = Missing { length: data.into(), cause, ..missing };
            tell(Piece::DataMissing { stream: open.header.stream, missing });
        }
        open.left -= inside;
        open.last_packet = missing.packet;
        let over = open.left == 0;
        let behind = missing.length - u64::from(inside);
        let end = missing.offset + u64::from(inside);
        if over {
            self.end(end, tell);
        }
        if behind > 0 {
            self.state = State::Lost;
            let missing = Missing { offset: end, length: behind, cause: MissingCause::Unplaced, ..missing };
            tell(Piece::Lost { missing });
        }
    }

    /// Takes a header, or a part of one; gives the number of bytes taken.
    fn take_header(&mut self, start: Start, chunk: &Chunk<'_>, bound: usize, tell: &mut dyn FnMut(Piece<'_>)) -> usize {
        let take = chunk.bytes.len().min(HEADER - self.header_length);
        self.header[self.header_length..self.header_length + take].copy_from_slice(&chunk.bytes[..take]);
        self.header_length += take;
        if self.header_length < HEADER {
            return take;
        }
        let Ok((_, header)) = FrameHeader::parse(&self.header) else { return take };
        let length = usize::try_from(header.length).unwrap_or(usize::MAX);
        let keep = match header.kind {
            Kind::HEADERS | Kind::CONTINUATION | Kind::PUSH_PROMISE if length > bound => Keep::TooLong,
            Kind::HEADERS | Kind::CONTINUATION | Kind::PUSH_PROMISE => Keep::UpTo(length),
            Kind::SETTINGS | Kind::RST_STREAM | Kind::GOAWAY => Keep::UpTo(SMALL),
            _ => Keep::Nothing,
        };
        let padded = header.kind == Kind::DATA && header.has(PADDED) && header.length > 0;
        let padding = if padded { Padding::Awaited } else { Padding::Length(0) };
        self.kept.clear();
        let open = Open { header, start, last_packet: chunk.packet, left: header.length, padding, keep };
        self.state = State::Payload(open);
        if header.length == 0 {
            self.end(chunk.offset + take as u64, tell);
        }
        take
    }

    /// Takes payload; gives the number of bytes taken.
    fn take_payload(&mut self, chunk: &Chunk<'_>, tell: &mut dyn FnMut(Piece<'_>)) -> usize {
        let State::Payload(open) = &mut self.state else { return 0 };
        open.last_packet = chunk.packet;
        let available = u32::try_from(chunk.bytes.len()).unwrap_or(u32::MAX);
        let take = match open.padding {
            Padding::Awaited => {
                // Padding that is longer than the payload leaves no data (RFC 9113 §6.1 makes it an error).
                open.padding = Padding::Length(u32::from(chunk.bytes[0]));
                1
            }
            Padding::Unknown => available.min(open.left),
            Padding::Length(padding) => {
                let data = open.left.saturating_sub(padding);
                let take = available.min(if data > 0 { data } else { open.left });
                let bytes = &chunk.bytes[..take as usize];
                if open.header.kind == Kind::DATA && data > 0 {
                    tell(Piece::Data { stream: open.header.stream, chunk: Chunk { bytes, ..*chunk } });
                }
                if let Keep::UpTo(most) = open.keep {
                    let room = most.saturating_sub(self.kept.len());
                    self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
                }
                take
            }
        };
        open.left -= take;
        if open.left == 0 {
            self.end(chunk.offset + u64::from(take), tell);
        }
        take as usize
    }

    /// The frame is over, and ends at this offset.
    fn end(&mut self, end: u64, tell: &mut dyn FnMut(Piece<'_>)) {
        let State::Payload(open) = std::mem::take(&mut self.state) else { return };
        let Open { header, start: Start { offset, packet, acknowledged }, last_packet, keep, .. } = open;
        let payload = match keep {
            Keep::Nothing => Payload::Kept(&[]),
            Keep::UpTo(_) => Payload::Kept(&self.kept),
            Keep::Damaged => Payload::Damaged,
            Keep::TooLong => Payload::TooLong,
        };
        tell(Piece::End { header, span: Span { offset, end, packet, last_packet, acknowledged }, payload });
        if self.kept.capacity() > SMALL {
            self.kept = Vec::new();
        }
    }
}
