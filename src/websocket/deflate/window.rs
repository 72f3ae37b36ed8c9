//! The last bytes that came out, for matches to copy from, and those that are yet to be handed on.

use std::hint::black_box;

use super::sequence::{MATCHES, STEP, Sequences};

/// The largest distance (RFC 1951 §3.2.5). Smaller agreed windows are inflated with this one too.
const WINDOW: usize = 32 << 10;

/// Room for a window, for a match behind it, and for some space between the two.
const ROOM: usize = WINDOW + 1024;

/// The longest match (RFC 1951 §3.2.5).
const LONGEST: usize = 258;

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
        if self.stopped { usize::MAX } else { self.room.len().saturating_sub(self.end + LONGEST + 2 * STEP) }
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

    /// Carries out the sequences. There was [`space`](Window::space) before each of their literals and matches.
    #[inline(never)]
    pub(super) fn carry_out(&mut self, sequences: &Sequences) {
        let before = self.total;
        self.total += sequences.count.length() as u64;
        if self.stopped {
            return;
        }
        let (room, literals) = (&mut self.room[..], &sequences.bytes);
        let (begin, turn) = (self.end, self.turn);
        let (at, lengths, distances) = sequences.matches();
        let sources = sources(begin, turn, at, distances);
        touch(room, &sources[..at.len()]);
        // From here on bytes are known, counted from a window before the first token.
        let mut floor = WINDOW - (before - self.known_from).min(WINDOW as u64) as usize;
        let (mut end, mut literal) = (begin, 0);
        for (((&at, &length), &distance), source) in at.iter().zip(lengths).zip(distances).zip(sources) {
            let (at, length, distance) = (usize::from(at), usize::from(length), usize::from(distance));
            let to = begin + at;
            let count = to - end;
            copy(literals, literal, room, end);
            if count > STEP {
                room[end..to].copy_from_slice(&literals[literal..literal + count]);
            }
            literal += count;
            end = to + length;
            if distance > WINDOW + at - floor {
                self.readable_to.get_or_insert(to);
                self.known_from = before + (at + length) as u64;
                floor = WINDOW + at + length;
            } else if distance >= STEP && usize::from(source) + length <= turn {
                repeat(room, usize::from(source), to, length);
            } else {
                repeat_piecewise(room, usize::from(source), to, length, turn);
            }
        }
        let last = &literals[literal..sequences.count.literals];
        room[end..end + last.len()].copy_from_slice(last);
        self.end = end + last.len();
    }
}

/// Where in the room each match has its source.
fn sources(begin: usize, turn: usize, at: &[u16], distances: &[u16]) -> [u16; MATCHES] {
    // No place is beyond the room's end.
    const { assert!(ROOM <= u16::MAX as usize) };
    let (begin, turn) = (begin as u16, turn as u16);
    let mut sources = [0; MATCHES];
    for ((source, &at), &distance) in sources.iter_mut().zip(at).zip(distances) {
        let to = begin.wrapping_add(at);
        let turned = if distance > to { turn } else { 0 };
        *source = to.wrapping_add(turned).wrapping_sub(distance);
    }
    sources
}

/// Looks at the first byte of each source and at the last of two steps. Most are far from the processor, and without copies
/// between the looks many more are on their way at a time.
#[inline]
fn touch(room: &[u8], sources: &[u16]) {
    let mut all = 0;
    for &source in sources {
        if let Some(last) = room.get(usize::from(source) + 2 * STEP - 1) {
            all |= room[usize::from(source)] | last;
        }
    }
    black_box(all);
}

/// One step of bytes.
#[inline]
fn copy(from: &[u8], at: usize, to: &mut [u8], end: usize) {
    let step: [u8; STEP] = from[at..at + STEP].try_into().unwrap_or_default();
    to[end..end + STEP].copy_from_slice(&step);
}

/// Writes at `to` the bytes that stand at `from`, `length` of them and some more; no step reads what it writes.
#[inline]
fn repeat(room: &mut [u8], from: usize, to: usize, length: usize) {
    // Two steps are most often enough, and one is not.
    step(room, from, to);
    step(room, from + STEP, to + STEP);
    let mut at = 2 * STEP;
    while at < length {
        step(room, from + at, to + at);
        at += STEP;
    }
}

/// Copies one step of bytes.
#[inline]
fn step(room: &mut [u8], from: usize, to: usize) {
    let step: [u8; STEP] = room[from..from + STEP].try_into().unwrap_or_default();
    room[to..to + STEP].copy_from_slice(&step);
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
