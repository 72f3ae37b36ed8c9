//! Records out of one direction's stream: across chunks, past holes, and found again after holes.
//!
//! A record that lies whole in a chunk is handed out as a slice of it; only what is cut by the end of a chunk is
//! copied. While the stream is aligned a record begins where the one before ended. After a hole of unknown contents
//! every offset is a candidate, and whoever takes the records says whether a candidate was one.

use crate::capture::PacketRef;
use crate::tcp::Chunk;

use super::cipher::BLOCK;
use super::record::{HEADER, Header, Start};

/// A record, or after a hole what may be one.
pub(super) struct Record<'a> {
    pub header: Header,
    pub body: &'a [u8],
    /// Stream offset of the header.
    pub offset: u64,
    /// The packet that carried the last byte.
    pub packet: PacketRef,
    /// What the sender had acknowledged when it sent the first byte.
    pub acknowledged: Option<u64>,
    /// A record begins here for certain.
    pub aligned: bool,
    /// Stream offset from which on a record is looked for; `offset` itself while aligned.
    pub searched_from: u64,
    tail: &'a Tail,
    before: &'a [u8],
}

impl Record<'_> {
    /// Stream offset of the byte after the record.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add((HEADER + self.body.len()) as u64)
    }

    /// The block of the stream that ends `distance` bytes before the record, where it is at hand.
    pub fn block_before(&self, distance: usize) -> Option<[u8; BLOCK]> {
        let mut tail = *self.tail;
        tail.push(self.before);
        let end = tail.length.checked_sub(distance)?;
        tail.bytes.get(end.checked_sub(BLOCK)?..end)?.try_into().ok()
    }
}

/// What the taker made of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It was one; the next begins where it ends.
    Taken,
    /// It was none: go on looking.
    NotARecord,
    /// It may be one and cannot be judged yet; hand it out again later.
    Blocked,
}

/// The last bytes of the stream before the ones at hand.
#[derive(Clone, Copy, Debug)]
struct Tail {
    bytes: [u8; Self::LENGTH],
    length: usize,
}

impl Tail {
    /// A block and the longest MAC that can stand behind it.
    const LENGTH: usize = BLOCK + 48;

    const EMPTY: Tail = Tail { bytes: [0; Self::LENGTH], length: 0 };

    fn push(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(Self::LENGTH)..];
        // Old bytes move out at the front as new ones come in at the back.
        let keep = self.length.min(Self::LENGTH - bytes.len());
        self.bytes.copy_within(self.length - keep..self.length, 0);
        self.bytes[keep..keep + bytes.len()].copy_from_slice(bytes);
        self.length = keep + bytes.len();
    }
}

impl Default for Tail {
    fn default() -> Tail {
        Tail::EMPTY
    }
}

/// Where a run of buffered bytes came from.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// Stream offset after the run.
    end: u64,
    packet: PacketRef,
    acknowledged: Option<u64>,
}

/// One direction's bytes on their way to records.
#[derive(Debug, Default)]
pub(super) struct Input {
    /// Bytes of the stream from `position` on that wait for more.
    buffer: Vec<u8>,
    marks: Vec<Mark>,
    /// Stream offset of the next byte that was not handed out, buffered or not.
    position: u64,
    tail: Tail,
    /// Up to this offset the stream belongs to a record that has a hole.
    skip_until: Option<u64>,
    /// Since this offset no record was found.
    searching: Option<u64>,
}

impl Input {
    /// Stream offset of the first byte that was not handed out.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The header of the record under way, if the stream is aligned and the header was captured.
    pub fn under_way(&self) -> Option<Header> {
        match Header::read(&self.buffer) {
            Start::Header(header) if self.searching.is_none() => Some(header),
            _ => None,
        }
    }

    /// Whether no bytes wait for more.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Where the record with a hole ends that the stream is in.
    pub fn skips_until(&self) -> Option<u64> {
        self.skip_until
    }

    /// Drops what is buffered and goes on at `position`; the bytes up to `until` belong to the record that is lost.
    pub fn skip(&mut self, position: u64, until: u64) {
        self.restart(position);
        self.skip_until = (until > position).then_some(until);
    }

    /// Drops what is buffered and looks for a record from `position` on.
    pub fn search_from(&mut self, position: u64) {
        self.restart(position);
        self.skip_until = None;
        self.searching.get_or_insert(position);
    }

    fn restart(&mut self, position: u64) {
        self.buffer.clear();
        self.marks.clear();
        self.tail = Tail::default();
        self.position = position;
    }

    /// Gives back the memory; no more bytes are expected.
    pub fn close(&mut self) {
        *self = Input { position: self.position, ..Input::default() };
    }

    /// Takes the next bytes and hands out the records that they complete. `false`: the taker is blocked; the bytes
    /// are kept, and [`resume`](Input::resume) is to be called before the next of them.
    pub fn feed(&mut self, chunk: &Chunk<'_>, take: &mut dyn FnMut(&Record<'_>) -> Verdict) -> bool {
        let mark = Mark {
            end: chunk.offset.saturating_add(chunk.bytes.len() as u64),
            packet: chunk.packet,
            acknowledged: chunk.acknowledged,
        };
        if self.buffer.is_empty() {
            self.position = chunk.offset;
        }
        let mut rest = chunk.bytes;
        while !self.buffer.is_empty() && !rest.is_empty() {
            let wanted = if self.searching.is_some() { rest.len() } else { self.wanted() };
            let (head, tail) = rest.split_at(wanted.min(rest.len()));
            self.buffer.extend_from_slice(head);
            self.marks.push(Mark { end: mark.end.saturating_sub(tail.len() as u64), ..mark });
            rest = tail;
            if !self.resume(take) {
                self.keep(rest, mark);
                return false;
            }
        }
        if rest.is_empty() {
            return true;
        }
        let (used, open) = self.walk(rest, &[mark], take);
        self.keep(&rest[used..], mark);
        open
    }

    /// Hands out the records that are buffered; `false` as for [`feed`](Input::feed).
    pub fn resume(&mut self, take: &mut dyn FnMut(&Record<'_>) -> Verdict) -> bool {
        let mut buffer = std::mem::take(&mut self.buffer);
        let marks = std::mem::take(&mut self.marks);
        let (used, open) = self.walk(&buffer, &marks, take);
        if used == buffer.len() {
            buffer.clear();
        } else if used > 0 {
            buffer.drain(..used);
        }
        self.buffer = buffer;
        self.marks = marks;
        let done = self.marks.partition_point(|mark| mark.end <= self.position);
        self.marks.drain(..done);
        open
    }

    /// Bytes that the first buffered record still lacks, or its header.
    fn wanted(&self) -> usize {
        let whole = match Header::read(&self.buffer) {
            Start::Header(header) => HEADER + header.length,
            _ => HEADER,
        };
        whole.saturating_sub(self.buffer.len()).max(1)
    }

    fn keep(&mut self, bytes: &[u8], mark: Mark) {
        if bytes.is_empty() {
            return;
        }
        if self.buffer.is_empty() && self.searching.is_none() {
            // Exactly what the record needs, so that a chat of small records takes little memory.
            if let Start::Header(header) = Header::read(bytes) {
                self.buffer.reserve_exact(bytes.len().max(HEADER + header.length));
            }
        }
        self.buffer.extend_from_slice(bytes);
        self.marks.push(mark);
    }

    /// Walks over contiguous bytes that begin at `position`. Gives how many are done with, and `false` if blocked.
    fn walk(&mut self, bytes: &[u8], marks: &[Mark], take: &mut dyn FnMut(&Record<'_>) -> Verdict) -> (usize, bool) {
        let start = self.position;
        let mut at = 0;
        let mut open = true;
        if let Some(until) = self.skip_until {
            let left = usize::try_from(until.saturating_sub(start)).unwrap_or(usize::MAX);
            at = left.min(bytes.len());
            if left <= bytes.len() {
                self.skip_until = None;
            }
        }
        while self.skip_until.is_none() {
            let rest = &bytes[at..];
            let header = match Header::read(rest) {
                Start::Short => break,
                Start::Header(header) if rest.len() < HEADER + header.length => break,
                Start::Header(header) => header,
                Start::Other => {
                    self.searching.get_or_insert(start.saturating_add(at as u64));
                    at += 1;
                    continue;
                }
            };
            let offset = start.saturating_add(at as u64);
            let end = offset.saturating_add((HEADER + header.length) as u64);
            let record = Record {
                header,
                body: &rest[HEADER..HEADER + header.length],
                offset,
                packet: mark_at(marks, end.saturating_sub(1)).packet,
                acknowledged: mark_at(marks, offset).acknowledged,
                aligned: self.searching.is_none(),
                searched_from: self.searching.unwrap_or(offset),
                tail: &self.tail,
                before: &bytes[..at],
            };
            match take(&record) {
                Verdict::Taken => {
                    at += HEADER + header.length;
                    self.searching = None;
                }
                Verdict::NotARecord => {
                    self.searching.get_or_insert(offset);
                    at += 1;
                }
                Verdict::Blocked => {
                    open = false;
                    break;
                }
            }
        }
        self.tail.push(&bytes[..at]);
        self.position = start.saturating_add(at as u64);
        (at, open)
    }
}

/// The mark of the byte at `offset`. `marks` cover all the bytes that are walked over and are never empty.
fn mark_at(marks: &[Mark], offset: u64) -> Mark {
    let index = marks.partition_point(|mark| mark.end <= offset);
    marks[index.min(marks.len() - 1)]
}
