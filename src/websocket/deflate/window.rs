//! The last bytes that came out, for matches to copy from, and those that are yet to be handed on.

use super::LINE;
use super::sequence::{Extent, LITERALS, MATCHES, Match, STEP, Sequences};
use branches::{prefetch_read_data, prefetch_write_data};

/// The largest distance (RFC 1951 §3.2.5). Smaller agreed windows are inflated with this one too.
const WINDOW: usize = 32 << 10;

/// Room for a window, for a match behind it, and for some space between the two.
const ROOM: usize = WINDOW + 1024;

/// The longest match (RFC 1951 §3.2.5).
const LONGEST: usize = 258;

/// Where in a window's room output comes from and goes to, while tokens are read and nothing is written yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    room: &'a [u8],
    turn: u32,
}

impl Place<'_> {
    /// Where a match has its source that belongs there.
    #[inline]
    pub(super) fn source(self, to: u32, distance: u32) -> u16 {
        // No place is beyond the room's end, and none that sequences reach if the window is stopped.
        const { assert!(ROOM + MATCHES * LONGEST + LITERALS <= u16::MAX as usize) };
        let turned = if distance > to { self.turn } else { 0 };
        to.wrapping_add(turned).wrapping_sub(distance) as u16
    }

    /// Has the processor fetch a match's source: most are far away.
    #[inline]
    pub(super) fn fetch(self, source: u16, length: u32) {
        let first = self.room.as_ptr().wrapping_add(source.into());
        prefetch_read_data::<_, 0>(first);
        // No less than a step is read.
        prefetch_read_data::<_, 0>(first.wrapping_add((length as usize).max(STEP) - 1));
    }
}

/// The output of one sender's messages. Some of it may not be known: what was lost, and what was copied from there.
///
/// Where the room ends, output goes on at its front, over what is older than a window.
#[derive(Debug, Default)]
pub(super) struct Window {
    room: Vec<u8>,
    /// Where in `room` the output ends.
    end: usize,
    /// Where in `room` the output ended when it went on at the front.
    turn: usize,
    /// Up to where in `room` it was handed on.
    handed_on: usize,
    /// Output in all.
    total: u64,
    /// From this byte of all output on, it is known.
    known_from: u64,
    /// Where in all output the message begins.
    begin: u64,
    /// The message copied from unknown bytes: what it stands for is known up to here in `room`.
    readable_to: Option<usize>,
    /// Nothing more of this message is written down.
    pub(super) stopped: bool,
}

impl Window {
    /// A message begins.
    pub(super) fn begin(&mut self) {
        if std::mem::take(&mut self.stopped) {
            self.forget();
        }
        self.begin = self.total;
        self.readable_to = None;
    }

    /// What came out so far has nothing to do with what follows.
    pub(super) fn forget(&mut self) {
        self.known_from = self.total;
    }

    /// Whether the message copied from unknown bytes.
    pub(super) fn reached_unknown(&self) -> bool {
        self.readable_to.is_some()
    }

    /// Bytes that can be written before [`make_room`](Window::make_room) must be called; a match fits wherever this is
    /// not 0.
    #[inline]
    pub(super) fn space(&self) -> usize {
        (self.limit() as usize).saturating_sub(self.end)
    }

    /// Where in the room no more tokens may begin.
    #[inline]
    pub(super) fn limit(&self) -> u32 {
        // No more than ROOM.
        if self.stopped { u32::MAX } else { self.room.len().saturating_sub(LONGEST + 2 * STEP) as u32 }
    }

    /// Where in the room output goes on.
    #[inline]
    pub(super) fn end(&self) -> u32 {
        self.end as u32
    }

    /// Hands on what came out since the last time; gives the number of bytes.
    pub(super) fn hand_on(&mut self, take: &mut impl FnMut(&[u8])) -> u64 {
        let to = self.readable_to.map_or(self.end, |to| to.max(self.handed_on));
        let piece = &self.room[self.handed_on..to];
        if !piece.is_empty() {
            take(piece);
        }
        self.handed_on = self.end;
        piece.len() as u64
    }

    /// Makes room behind what was handed on, and keeps a window of it.
    pub(super) fn make_room(&mut self) {
        if self.room.len() < ROOM {
            // Small at first: most connections are idle most of the time.
            self.room.resize((2 * self.room.len()).clamp(ROOM / 8, ROOM), 0);
            self.turn = ROOM;
        } else {
            self.turn = self.end;
            self.end = 0;
            self.handed_on = 0;
            self.readable_to = self.readable_to.map(|_| 0);
        }
    }

    /// Bytes of the message so far.
    #[inline]
    pub(super) fn position(&self) -> u64 {
        self.total - self.begin
    }

    /// Bytes as they are, at most [`space`](Window::space).
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        if !self.stopped {
            self.room[self.end..self.end + bytes.len()].copy_from_slice(bytes);
            self.end += bytes.len();
        }
    }

    /// Has the processor fetch the room for the next bytes: so many, and no more than a message has most often.
    pub(super) fn fetch_room(&self, bytes: usize) {
        let first = self.room.as_ptr().wrapping_add(self.end);
        for at in (0..bytes.min(1024)).step_by(LINE) {
            prefetch_write_data::<_, 0>(first.wrapping_add(at));
        }
    }

    /// What reading tokens needs of it.
    pub(super) fn place(&self) -> Place<'_> {
        // Less than ROOM.
        Place { room: &self.room, turn: self.turn as u32 }
    }

    /// Carries out the sequences, which begin at [`end`](Window::end). There was [`space`](Window::space) before each of
    /// their literals and matches.
    #[inline(never)]
    pub(super) fn carry_out(&mut self, sequences: &Sequences, extent: Extent) {
        let before = self.total;
        self.total += sequences.count.length() as u64;
        if self.stopped {
            return;
        }
        let (room, literals) = (&mut self.room[..], &sequences.bytes);
        let (begin, turn) = (self.end, self.turn);
        // So many bytes before the first token are known, or, where wrapping makes it negative, none before so many behind.
        let mut known = (before - self.known_from).min(WINDOW as u64) as usize;
        let all_known = usize::from(extent.reach) <= known;
        let is_plain =
            all_known && usize::from(extent.least_distance) >= STEP && usize::from(extent.source_end) <= turn;
        let (mut end, mut literal) = (begin as u32, 0);
        for Match { to, length, distance, source } in sequences.matches() {
            let count = (u32::from(to) - end) as usize;
            copy(literals, literal % LITERALS, room, end as usize);
            if count > STEP {
                copy_all(&literals[literal..literal + count], room, end as usize);
            }
            literal += count;
            end = u32::from(to) + u32::from(length);
            let (to, length) = (usize::from(to), usize::from(length));
            let (distance, source) = (usize::from(distance), usize::from(source));
            if is_plain && length <= 2 * STEP {
                // Nearly always. The second step ends where the match does: nothing behind it has been fetched.
                step(room, source, to, 0);
                step(room, source, to, length.max(STEP) - STEP);
            } else if distance > known.wrapping_add(to - begin) {
                self.readable_to.get_or_insert(to);
                self.known_from = before + (end as usize - begin) as u64;
                known = (end as usize - begin).wrapping_neg();
            } else if distance < STEP || source + length > turn {
                repeat_piecewise(room, source, to, length, turn);
            } else {
                repeat(room, source, to, length);
            }
        }
        let last = &literals[literal..sequences.count.literals];
        copy_all(last, room, end as usize);
        self.end = end as usize + last.len();
    }
}

/// Bytes, out of line so that the loop over matches keeps its registers.
#[inline(never)]
fn copy_all(from: &[u8], to: &mut [u8], end: usize) {
    to[end..end + from.len()].copy_from_slice(from);
}

/// One step of bytes.
#[inline]
fn copy(from: &[u8; LITERALS + STEP], at: usize, to: &mut [u8], end: usize) {
    let step: [u8; STEP] = from[at..at + STEP].try_into().unwrap_or_default();
    to[end..end + STEP].copy_from_slice(&step);
}

/// Writes at `to` the bytes that stand at `from`, `length` of them and some more; no step reads what it writes.
#[inline(never)]
fn repeat(room: &mut [u8], from: usize, to: usize, length: usize) {
    for at in (0..length).step_by(STEP) {
        step(room, from + at, to + at, 0);
    }
}

/// One step, from this one of two steps of bytes on.
#[inline]
fn step(room: &mut [u8], from: usize, to: usize, at: usize) {
    let mut step = [0; STEP];
    step.copy_from_slice(&room[from..from + 2 * STEP][at..at + STEP]);
    room[to..to + 2 * STEP][at..at + STEP].copy_from_slice(&step);
}

/// Like [`repeat`] where the bytes go on at the room's front, or where the match reads what it writes.
#[cold]
fn repeat_piecewise(room: &mut [u8], mut from: usize, mut to: usize, length: usize, turn: usize) {
    let end = to + length;
    if from > to {
        let before_turn = length.min(turn - from);
        room.copy_within(from..from + before_turn, to);
        (from, to) = (0, to + before_turn);
    }
    while to < end {
        // All that was written can be read on.
        let piece = (to - from).min(end - to);
        room.copy_within(from..from + piece, to);
        to += piece;
    }
}
