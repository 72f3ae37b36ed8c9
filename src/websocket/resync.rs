//! Frame boundaries found in the middle of a stream: after bytes are missing, and where a capture begins within a
//! connection.
//!
//! A boundary is believed when what stands there would be unlikely by chance. Each thing that agrees with a frame
//! adds its evidence in bits: a header whose fields random bytes have once in eight times adds three. One
//! contradiction rules a boundary out. Writers mostly begin a frame at the beginning of a segment and end it at the
//! end of one, so such boundaries carry evidence of their own: little where segments are tiny, since then any place is
//! near an edge, and none behind a full segment, for that was cut where it was full.

use super::header::{FrameHeader, MAX_HEADER, Opcode};
use super::mask::unmask;
use crate::capture::PacketRef;
use crate::tcp::Chunk;

/// Evidence asked for before a boundary is believed, in bits.
pub const ENOUGH: u32 = 24;

/// The most evidence of standing at the first byte of a segment, and of a frame that ends with one.
const AT_SEGMENT_EDGE: u32 = 8;

/// A segment of so many bytes may be one of many that carry a long message: less fits into no network's packets
/// (RFC 9293 §3.7.1).
const MAY_BE_FULL: usize = 500;

/// Frames of a chain that are looked at.
const MAX_CHAIN: usize = 16;

/// Segment beginnings that are looked at whenever a segment comes.
const MAX_EDGES: usize = 64;

/// Payload bytes that are looked at, per frame.
const MAX_PEEK: usize = 64;

/// What is known about the frames that are searched for.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// Whether they are masked.
    pub masked: bool,
    /// RSV1 may be set on the first frame of a message.
    pub rsv1: bool,
}

/// A boundary that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// Its offset in the buffer that was searched.
    pub at: usize,
    /// Its evidence, in bits.
    pub score: u32,
}

/// Stream bytes without a known boundary, and the segments they came in.
#[derive(Debug, Default)]
pub struct Search {
    bytes: Vec<u8>,
    marks: Vec<Mark>,
    /// The next full search waits until the buffer is this long: doubling it keeps the whole cost linear.
    search_at: usize,
    /// Bytes that were passed over and dropped.
    dropped: u64,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    at: usize,
    offset: u64,
    packet: PacketRef,
    acknowledged: Option<u64>,
}

impl Search {
    /// Takes further bytes and looks for a boundary; gives the number of bytes before it and its evidence.
    pub fn push(&mut self, chunk: Chunk<'_>, expected: Expected, limit: usize) -> Option<Boundary> {
        if self.bytes.len() + chunk.bytes.len() > limit {
            self.forget();
        }
        self.collect(chunk);
        self.best(expected)
    }

    /// Takes further bytes.
    pub fn collect(&mut self, chunk: Chunk<'_>) {
        let at = self.bytes.len();
        self.marks.push(Mark { at, offset: chunk.offset, packet: chunk.packet, acknowledged: chunk.acknowledged });
        self.bytes.extend_from_slice(chunk.bytes);
    }

    /// Forgets what was collected, for bytes behind it are missing.
    pub fn forget(&mut self) {
        self.dropped += self.bytes.len() as u64;
        self.bytes.clear();
        self.marks.clear();
        self.search_at = 0;
    }

    /// How many bytes were passed over and dropped so far.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Segments that are held.
    pub fn segments(&self) -> usize {
        self.marks.len()
    }

    /// Bytes that are held.
    pub fn held(&self) -> usize {
        self.bytes.len()
    }

    /// The best boundary at the beginning of a segment, whatever its evidence.
    pub fn best_edge(&self, expected: Expected) -> Option<Boundary> {
        // Of two with the same evidence the earlier one explains more.
        let recent = self.marks.len().saturating_sub(MAX_EDGES);
        let scored = self.marks[recent..].iter().filter_map(|mark| self.score(mark.at, expected));
        scored.max_by_key(|found| (found.score, usize::MAX - found.at))
    }

    /// The best boundary that has evidence enough.
    fn best(&mut self, expected: Expected) -> Option<Boundary> {
        // Each place tried is a chance to be wrong: as many bits more are asked for.
        let edges = self.marks.len().clamp(1, MAX_EDGES).ilog2();
        if let Some(found) = self.best_edge(expected).filter(|found| found.score >= ENOUGH + edges) {
            return Some(found);
        }
        if self.bytes.len() < self.search_at {
            return None;
        }
        self.search_at = self.bytes.len() * 2;
        let tried = usize::BITS - self.bytes.len().leading_zeros();
        (0..self.bytes.len())
            .filter_map(|at| self.score(at, expected))
            .max_by_key(|found| (found.score, usize::MAX - found.at))
            .filter(|found| found.score >= ENOUGH + tried)
    }

    /// The evidence for a boundary at `at`; `None` where something contradicts it.
    fn score(&self, at: usize, expected: Expected) -> Option<Boundary> {
        let mut score = self.begins(at);
        let mut position = at;
        // Before the boundary a message may have been open.
        let mut open = None;
        let mut seen: [&[u8]; MAX_CHAIN] = [&[]; MAX_CHAIN];
        for number in 0..MAX_CHAIN {
            let rest = &self.bytes[position..];
            let Ok((payload, header)) = FrameHeader::parse(&rest[..rest.len().min(MAX_HEADER)]) else { break };
            let payload_at = position + rest.len().min(MAX_HEADER) - payload.len();
            let of_header = header_evidence(&header, expected, &mut open)?;
            let payload = &self.bytes[payload_at..];
            let length = usize::try_from(header.payload_length).unwrap_or(usize::MAX);
            let of_payload = payload_evidence(&header, &payload[..payload.len().min(length)])?;
            let whole = length <= payload.len();
            let frame_at = std::mem::replace(&mut position, payload_at + length.min(payload.len()));
            let of_end = if whole { self.ends(frame_at, position) } else { 0 };
            // Bytes that repeat look like one frame again and again, which proves nothing new; not so where each of them
            // is a segment of its own.
            let frame = &self.bytes[frame_at..position.min(frame_at + MAX_HEADER + MAX_PEEK)];
            let is_segment = self.edge(frame_at).is_ok() && of_end == AT_SEGMENT_EDGE - 1;
            let repeats = !is_segment && seen[..number].contains(&frame);
            seen[number] = frame;
            score += of_end + if repeats { 0 } else { of_header + of_payload };
            if !whole || position == self.bytes.len() {
                break;
            }
        }
        Some(Boundary { at, score })
    }

    /// The mark of the segment that begins at `at`, by its number.
    fn edge(&self, at: usize) -> Result<usize, usize> {
        self.marks.binary_search_by_key(&at, |mark| mark.at)
    }

    /// How many bytes a segment has.
    fn length(&self, mark: usize) -> usize {
        let end = self.marks.get(mark + 1).map_or(self.bytes.len(), |next| next.at);
        end - self.marks[mark].at
    }

    /// What chance would make of a segment's edge, in bits: the longer segments are, the fewer places are one.
    fn rare(&self) -> u32 {
        (self.bytes.len() / self.marks.len().max(1)).max(1).ilog2()
    }

    /// Evidence of a frame that begins at `at`.
    fn begins(&self, at: usize) -> u32 {
        let Ok(mark) = self.edge(at) else { return 0 };
        // Behind a full segment the message may go on; of what is missing before the first one nothing is known.
        let before = self.length(mark.saturating_sub(1));
        if before < MAY_BE_FULL { (2 * self.rare()).min(AT_SEGMENT_EDGE) } else { 0 }
    }

    /// Evidence of a frame that begins at `from` and ends at `to`.
    fn ends(&self, from: usize, to: usize) -> u32 {
        let next = match self.edge(from) {
            Ok(mark) => mark + 1,
            Err(mark) => mark,
        };
        let next = self.marks.get(next).map_or(self.bytes.len(), |mark| mark.at);
        match self.edge(to) {
            // That a length of seven bits points at the very next edge is no matter of how many edges there are.
            _ if next == to => AT_SEGMENT_EDGE - 1,
            Err(_) if to < self.bytes.len() => 0,
            _ => self.rare().min(AT_SEGMENT_EDGE - 1),
        }
    }

    /// Ends the search at a boundary: calls `take` with the chunks from there on, and says how many bytes were
    /// passed over.
    pub fn release(self, at: usize, mut take: impl FnMut(Chunk<'_>)) -> u64 {
        let ends = self.marks.iter().skip(1).map(|mark| mark.at).chain([self.bytes.len()]);
        for (mark, end) in self.marks.iter().zip(ends) {
            let from = mark.at.max(at);
            if from < end {
                take(Chunk {
                    offset: mark.offset + (from - mark.at) as u64,
                    bytes: &self.bytes[from..end],
                    packet: mark.packet,
                    acknowledged: mark.acknowledged,
                });
            }
        }
        self.dropped + at as u64
    }
}

/// Evidence of a header by itself; `open` is whether a message is open, where that is known.
fn header_evidence(header: &FrameHeader, expected: Expected, open: &mut Option<bool>) -> Option<u32> {
    let control = header.opcode.is_control();
    let impossible = header.rsv2
        || header.rsv3
        || header.opcode.is_reserved()
        || header.masking_key.is_some() != expected.masked
        || header.rsv1 && (!expected.rsv1 || control || header.opcode == Opcode::CONTINUATION)
        || control && (!header.fin || header.payload_length > 125)
        || header.length_form != super::LengthForm::shortest(header.payload_length)
        || header.payload_length >> 40 != 0;
    if impossible {
        return None;
    }
    let data = !control;
    if data {
        let continues = header.opcode == Opcode::CONTINUATION;
        if open.is_some_and(|open| open != continues) {
            return None;
        }
        *open = Some(!header.fin);
    }
    // RSV1 to 3 and MASK are a bit each, the opcode is one of 6 in 16. Small numbers look like fragments, and runs of
    // zeros like empty ones: without FIN, and without a payload, a data frame proves nothing.
    let bits = match header.length_form {
        _ if data && (header.payload_length == 0 || !header.fin) => 0,
        super::LengthForm::Bits64 => 24,
        _ if control => 8,
        _ => 5,
    };
    Some(bits)
}

/// Evidence of a payload that means something: text, or a close code.
fn payload_evidence(header: &FrameHeader, payload: &[u8]) -> Option<u32> {
    let mut peek = [0; MAX_PEEK];
    let peek = &mut peek[..payload.len().min(MAX_PEEK)];
    peek.copy_from_slice(&payload[..peek.len()]);
    if let Some(key) = header.masking_key {
        unmask(peek, key, 0);
    }
    match header.opcode {
        Opcode::CLOSE if header.payload_length == 1 => None,
        Opcode::CLOSE if peek.len() >= 2 => {
            let code = u16::from_be_bytes([peek[0], peek[1]]);
            (matches!(code, 1000..=1014 | 3000..=4999)).then_some(5)
        }
        Opcode::TEXT if !header.rsv1 => match std::str::from_utf8(peek) {
            Err(error) if error.error_len().is_some() => None,
            _ => Some(peek.iter().filter(|byte| byte.is_ascii_graphic() || **byte == b' ').count().min(24) as u32),
        },
        _ => Some(0),
    }
}
