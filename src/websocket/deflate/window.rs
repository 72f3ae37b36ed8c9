//! The last bytes that came out, for matches to copy from, and those that are yet to be handed on.

use super::sequence::{STEP, Sequences};

/// The largest distance (RFC 1951 §3.2.5). Smaller agreed windows are inflated with this one too.
const WINDOW: usize = 32 << 10;

/// Room for the window and for output behind it.
const ROOM: usize = 2 * WINDOW;

/// The longest match (RFC 1951 §3.2.5).
const LONGEST: usize = 258;

/// The output of one sender's messages. Some of it may not be known: what was lost, and what was copied from there.
#[derive(Debug, Default)]
pub(super) struct Window {
    room: Vec<u8>,
    /// Where in `room` the output ends.
    end: usize,
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
        if self.stopped { usize::MAX } else { self.room.len().saturating_sub(self.end + LONGEST + STEP) }
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
        } else {
            let kept = WINDOW.min(self.end);
            self.room.copy_within(self.end - kept..self.end, 0);
            self.end = kept;
            self.handed_on = kept;
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
    pub(super) fn carry_out(&mut self, sequences: &Sequences) {
        let before = self.total;
        self.total += sequences.count.length() as u64;
        if self.stopped {
            return;
        }
        let (room, literals) = (&mut self.room[..], &sequences.bytes);
        let (mut end, mut at) = (self.end, 0);
        // What added to a place is the output in all, and the place from which on it is known.
        let offset = before.wrapping_sub(end as u64);
        let mut floor = end - usize::try_from(before - self.known_from).unwrap_or(usize::MAX).min(end);
        for sequence in sequences.list() {
            let (to, length) = (usize::from(sequence.literals), usize::from(sequence.length));
            copy(literals, at, room, end);
            if to - at > STEP {
                room[end..end + to - at].copy_from_slice(&literals[at..to]);
            }
            end += to - at;
            at = to;
            let distance = usize::from(sequence.distance);
            if distance > end - floor {
                self.readable_to.get_or_insert(end);
                floor = end + length;
                self.known_from = offset.wrapping_add(floor as u64);
            } else {
                repeat(room, end, distance, length);
            }
            end += length;
        }
        let last = &literals[at..sequences.count.literals];
        room[end..end + last.len()].copy_from_slice(last);
        self.end = end + last.len();
    }
}

/// One step of bytes.
#[inline]
fn copy(from: &[u8], at: usize, to: &mut [u8], end: usize) {
    let step: [u8; STEP] = from[at..at + STEP].try_into().unwrap_or_default();
    to[end..end + STEP].copy_from_slice(&step);
}

/// Writes at `end` the bytes from `distance` before on, `length` of them and some more.
#[inline]
fn repeat(room: &mut [u8], end: usize, distance: usize, length: usize) {
    let room = &mut room[end - distance..];
    if distance >= STEP {
        // No step reads what it writes. Two are most often enough, and one is not.
        step(room, 0, distance);
        step(room, STEP, distance);
        let mut at = 2 * STEP;
        while at < length {
            step(room, at, distance);
            at += STEP;
        }
    } else if distance == 1 {
        let byte = room[0];
        room[1..1 + length].fill(byte);
    } else {
        for at in 0..length {
            room[distance + at] = room[at];
        }
    }
}

/// Copies one step of bytes.
#[inline]
fn step(room: &mut [u8], from: usize, distance: usize) {
    let step: [u8; STEP] = room[from..from + STEP].try_into().unwrap_or_default();
    room[from + distance..from + distance + STEP].copy_from_slice(&step);
}
