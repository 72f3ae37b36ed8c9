//! The last bytes that came out, for matches to copy from, and those that are yet to be handed on.

/// The largest distance (RFC 1951 §3.2.5). Smaller agreed windows are inflated with this one too.
const WINDOW: usize = 32 << 10;

/// Room for the window and for output behind it.
const ROOM: usize = 2 * WINDOW;

/// The longest match (RFC 1951 §3.2.5).
const LONGEST: usize = 258;

/// Copies go in steps of this many bytes, and may write as many behind their end.
const STRIDE: usize = 16;

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
        if self.stopped { usize::MAX } else { self.room.len().saturating_sub(self.end + LONGEST + STRIDE) }
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

    /// A literal.
    #[inline]
    pub(super) fn literal(&mut self, byte: u8) {
        self.total += 1;
        if let Some(room) = self.room.get_mut(self.end).filter(|_| !self.stopped) {
            *room = byte;
            self.end += 1;
        }
    }

    /// Bytes as they are, at most [`space`](Window::space).
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        if !self.stopped {
            self.room[self.end..self.end + bytes.len()].copy_from_slice(bytes);
            self.end += bytes.len();
        }
    }

    /// `length` bytes (at most 258) from `distance` bytes (1 to 32,768) back.
    #[inline]
    pub(super) fn copy(&mut self, distance: u32, length: u32) {
        let known = self.total - self.known_from;
        self.total += u64::from(length);
        if self.stopped {
            return;
        }
        let (distance, length) = (distance as usize, length as usize);
        if distance as u64 > known || distance > self.end {
            self.readable_to.get_or_insert(self.end);
            self.known_from = self.total;
            self.end += length;
            return;
        }
        let from = self.end - distance;
        if distance >= STRIDE {
            // No stride reads what it writes.
            for at in (0..length).step_by(STRIDE) {
                let stride: [u8; STRIDE] = self.room[from + at..from + at + STRIDE].try_into().unwrap_or_default();
                self.room[self.end + at..self.end + at + STRIDE].copy_from_slice(&stride);
            }
        } else if distance == 1 {
            let byte = self.room[from];
            self.room[self.end..self.end + length].fill(byte);
        } else {
            for at in 0..length {
                self.room[self.end + at] = self.room[from + at];
            }
        }
        self.end += length;
    }
}
