//! permessage-deflate undone (RFC 7692 §7.2.2): one inflater for each direction, its window kept from message to
//! message.
//!
//! The window is kept even where the sender agreed to begin each message with an empty one: what it may use is for the
//! rules to say, and a message that breaks them can be read all the same. zlib makes the output. A [`Walker`] goes over
//! the same bytes and tells what zlib does not: where the blocks end, how far back a message reaches, whether a fault
//! lies in its bytes or in the window.

use super::deflate::{TRAILER, Walk, WalkEnd, Walker};
use flate2::{Decompress, FlushDecompress, Status};

/// The largest LZ77 window (RFC 1951 §3.2.5). Smaller agreed windows are inflated with this one too.
const WINDOW: usize = 32 << 10;

/// Room for the window and for output behind it.
const ROOM: usize = 2 * WINDOW;

/// Output is handed on in pieces; there is room for at least as many bytes.
const PIECE: usize = 4 << 10;

/// A message as large as this is held to the limit on the ratio.
const RATIO_COUNTS_FROM: u64 = 1 << 20;

/// Inflates the messages of one direction.
#[derive(Debug)]
pub struct Inflater {
    zlib: Decompress,
    walker: Walker,
    /// The last output, at least a window of it, and room for more.
    room: Vec<u8>,
    /// Where in `room` the output ends.
    end: usize,
    /// Output since the window was last empty.
    known: u64,
    /// The sender's window may hold more than the known bytes: bytes are missing. Messages that do not reach for them
    /// can be read.
    incomplete: bool,
    /// What follows has nothing to do with the known bytes: the next message begins with an empty window.
    lost: bool,
    taken: u64,
    given: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Going,
    /// zlib found a fault.
    Fault,
    /// A limit is reached.
    Bomb,
}

/// Why a message cannot be inflated further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Not DEFLATE, or it refers to bytes before the sender's first; `offset` compressed bytes were understood.
    Corrupt {
        /// See above.
        offset: u64,
    },
    /// It refers to bytes of earlier messages that are missing.
    ContextLost,
    /// It reached a limit, with `length` bytes out.
    Bomb {
        /// See above.
        length: u64,
    },
}

/// Bounds on one message.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes it may inflate to.
    pub length: u64,
    /// How many times its compressed size, once it is larger than 1 MiB.
    pub ratio: u64,
}

impl Inflater {
    /// An inflater for a direction; `context_known` is false where earlier messages were not seen. Walks list their
    /// first `blocks` blocks.
    pub fn new(context_known: bool, blocks: usize) -> Inflater {
        Inflater {
            zlib: Decompress::new(false),
            walker: Walker::new(blocks),
            room: Vec::new(),
            end: 0,
            known: 0,
            incomplete: !context_known,
            lost: false,
            taken: 0,
            given: 0,
            state: State::Going,
        }
    }

    /// A message begins.
    pub fn begin(&mut self) {
        if std::mem::take(&mut self.lost) {
            self.zlib.reset(false);
            self.end = 0;
            self.known = 0;
            self.incomplete = true;
        }
        self.walker.begin();
        self.taken = 0;
        self.given = 0;
        self.state = State::Going;
    }

    /// Bytes of this direction are missing: what follows may refer to them.
    pub fn lose_context(&mut self) {
        self.lost = true;
    }

    /// Inflates the next compressed bytes of the message; `take` gets what comes out.
    pub fn push(&mut self, input: &[u8], bounds: Bounds, take: &mut impl FnMut(&[u8])) {
        self.walker.push(input);
        self.inflate(input, bounds, take);
    }

    /// The message is complete: puts the trailer back where it belongs, and says what the message was made of and how
    /// inflating it went.
    pub fn finish(&mut self, bounds: Bounds, take: &mut impl FnMut(&[u8])) -> (Walk, Result<(), Failure>) {
        let walk = self.walker.finish();
        if walk.ends_between_blocks() {
            // The four bytes would begin another block. Bits that zlib still holds are none of its own either.
            self.restart();
        } else {
            self.inflate(&TRAILER, bounds, take);
        }
        let result = self.result(&walk);
        self.lost = result.is_err();
        self.known = self.known.saturating_add(self.given);
        // A match reaches no further (RFC 1951 §3.2.5).
        self.incomplete &= self.known < WINDOW as u64;
        (walk, result)
    }

    fn result(&self, walk: &Walk) -> Result<(), Failure> {
        match (self.state, walk.end) {
            (State::Bomb, _) => Err(Failure::Bomb { length: self.given }),
            (_, WalkEnd::Fault { bit, .. }) => Err(Failure::Corrupt { offset: bit / 8 }),
            (_, WalkEnd::Inside) => Err(Failure::Corrupt { offset: self.taken }),
            (State::Going, _) => Ok(()),
            (State::Fault, _) if self.incomplete && u64::from(walk.history) > self.known => Err(Failure::ContextLost),
            (State::Fault, _) => Err(Failure::Corrupt { offset: self.taken }),
        }
    }

    fn inflate(&mut self, mut input: &[u8], bounds: Bounds, take: &mut impl FnMut(&[u8])) {
        while self.state == State::Going {
            self.make_room();
            let room = &mut self.room[self.end..];
            let (in_before, out_before) = (self.zlib.total_in(), self.zlib.total_out());
            let status = self.zlib.decompress(input, room, FlushDecompress::Sync);
            // Neither is more than what was handed in.
            let read = (self.zlib.total_in() - in_before) as usize;
            let written = (self.zlib.total_out() - out_before) as usize;
            let is_full = written == room.len();
            input = &input[read..];
            self.taken += read as u64;
            self.given += written as u64;
            take(&room[..written]);
            self.end += written;
            let out_of_bounds = self.given > bounds.length
                || self.given > RATIO_COUNTS_FROM && self.given / self.taken.max(1) > bounds.ratio;
            match status {
                _ if out_of_bounds => self.state = State::Bomb,
                // A final block ends zlib's stream but not the message (RFC 7692 §7.2.3.4).
                Ok(Status::StreamEnd) => {
                    self.restart();
                    if input.is_empty() {
                        return;
                    }
                }
                Ok(_) if read == 0 && written == 0 => return,
                Ok(_) if input.is_empty() && !is_full => return,
                Ok(_) => {}
                Err(_) => self.state = State::Fault,
            }
        }
    }

    /// Lets zlib begin a new stream with the same window.
    fn restart(&mut self) {
        self.zlib.reset(false);
        let known = self.known.saturating_add(self.given);
        let window = usize::try_from(known).map_or(WINDOW, |known| known.min(WINDOW)).min(self.end);
        if self.zlib.set_dictionary(&self.room[self.end - window..self.end]).is_err() {
            self.state = State::Fault;
        }
    }

    /// Sees to it that there is room for some output, and keeps a window of what is there.
    fn make_room(&mut self) {
        if self.room.len() - self.end >= PIECE {
            return;
        }
        if self.room.len() < ROOM {
            let size = (2 * self.room.len()).clamp(2 * PIECE, ROOM);
            self.room.resize(size, 0);
        } else {
            self.room.copy_within(self.end - WINDOW..self.end, 0);
            self.end = WINDOW;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { length: 4 << 20, ratio: 1000 };

    fn message(inflater: &mut Inflater, input: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut text = Vec::new();
        inflater.begin();
        inflater.push(input, BOUNDS, &mut |piece| text.extend_from_slice(piece));
        inflater.finish(BOUNDS, &mut |piece| text.extend_from_slice(piece)).1.map(|()| text)
    }

    /// The examples of RFC 7692 §7.2.3.1, .2, .3, .4 and .5.
    #[test]
    fn the_examples_of_section_7_2_3() {
        let hello = Ok(b"Hello".to_vec());
        let mut inflater = Inflater::new(true, 0);
        assert_eq!(message(&mut inflater, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]), hello);
        assert_eq!(message(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), hello, "sharing the window");
        let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
        assert_eq!(message(&mut inflater, &stored), hello);
        let final_block = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        assert_eq!(message(&mut inflater, &final_block), hello);
        assert_eq!(message(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), hello, "the window outlives a final block");
        let two_blocks = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(message(&mut inflater, &two_blocks), hello);
        assert_eq!(message(&mut inflater, &[0x00]), Ok(Vec::new()), "an empty message (§7.2.3.6)");
    }

    #[test]
    fn nothing_is_before_the_first_message() {
        let mut inflater = Inflater::new(true, 0);
        assert!(matches!(message(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), Err(Failure::Corrupt { .. })));
    }

    #[test]
    fn a_lost_window_heals_with_the_first_message_that_does_not_need_it() {
        let mut inflater = Inflater::new(false, 0);
        assert_eq!(message(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), Err(Failure::ContextLost));
        assert!(message(&mut inflater, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]).is_ok());
        assert_eq!(message(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), Ok(b"Hello".to_vec()));
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let mut zip = flate2::Compress::new(flate2::Compression::best(), false);
        let mut bomb = Vec::with_capacity(1 << 20);
        zip.compress_vec(&vec![0; 64 << 20], &mut bomb, flate2::FlushCompress::Sync).unwrap();
        let mut inflater = Inflater::new(true, 0);
        assert!(matches!(message(&mut inflater, &bomb), Err(Failure::Bomb { length }) if length < 5 << 20));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_end(bytes: Vec<u8>, again: Vec<u8>, takeover: bool) {
            let mut inflater = Inflater::new(takeover, 0);
            let _ = message(&mut inflater, &bytes);
            let _ = message(&mut inflater, &again);
        }
    }
}
