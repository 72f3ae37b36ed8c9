//! permessage-deflate undone (RFC 7692 §7.2.2): one inflater for each direction, its window kept from message to
//! message unless the sender agreed not to use it.

use flate2::{Decompress, FlushDecompress, Status};

/// What a compressor takes away from the end of each message, and the inflater puts back (RFC 7692 §7.2.1).
const TRAILER: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// The largest LZ77 window (RFC 1951 §3.2.5). Smaller agreed windows are inflated with this one too.
const WINDOW: usize = 32 << 10;

/// Output is handed on in pieces of this many bytes.
const PIECE: usize = 16 << 10;

/// A message as large as this is held to the limit on the ratio.
const RATIO_COUNTS_FROM: u64 = 1 << 20;

/// Inflates the messages of one direction.
#[derive(Debug)]
pub struct Inflater {
    zlib: Decompress,
    /// The window as the next message may use it, for when a final block (RFC 7692 §7.2.3.4) ends zlib's stream.
    tail: Vec<u8>,
    /// Each message begins with an empty window.
    no_context_takeover: bool,
    /// The window is not the sender's: bytes are missing. Messages that do not refer to it can still be read.
    context_lost: bool,
    taken: u64,
    given: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Going,
    Failed(Failure),
}

/// Why a message cannot be inflated further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Not DEFLATE; `offset` compressed bytes were understood.
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
    /// An inflater for a direction; `context_known` is false where earlier messages were not seen.
    pub fn new(no_context_takeover: bool, context_known: bool) -> Inflater {
        Inflater {
            zlib: Decompress::new(false),
            tail: Vec::new(),
            no_context_takeover,
            context_lost: !context_known,
            taken: 0,
            given: 0,
            state: State::Going,
        }
    }

    /// A message begins.
    pub fn begin(&mut self) {
        if self.no_context_takeover || self.context_lost {
            self.zlib.reset(false);
            self.tail.clear();
        }
        self.taken = 0;
        self.given = 0;
        self.state = State::Going;
    }

    /// Bytes of this direction are missing: what follows may refer to them.
    pub fn lose_context(&mut self) {
        self.context_lost = true;
    }

    /// Inflates the next compressed bytes of the message; `take` gets what comes out.
    pub fn push(&mut self, input: &[u8], bounds: Bounds, take: &mut impl FnMut(&[u8])) {
        self.inflate(input, bounds, take);
    }

    /// The message is complete: puts the trailer back and says how many bytes came out in all.
    pub fn finish(&mut self, bounds: Bounds, take: &mut impl FnMut(&[u8])) -> Result<u64, Failure> {
        self.inflate(&TRAILER, bounds, take);
        match self.state {
            State::Going => {
                // It was readable without the lost window, so the window is whole again from here.
                self.context_lost = false;
                Ok(self.given)
            }
            State::Failed(failure) => {
                self.context_lost = true;
                Err(failure)
            }
        }
    }

    fn inflate(&mut self, mut input: &[u8], bounds: Bounds, take: &mut impl FnMut(&[u8])) {
        let mut piece = [0; PIECE];
        let trailer = input == TRAILER;
        while self.state == State::Going {
            let (in_before, out_before) = (self.zlib.total_in(), self.zlib.total_out());
            let status = self.zlib.decompress(input, &mut piece, FlushDecompress::Sync);
            let read = (self.zlib.total_in() - in_before) as usize;
            let written = (self.zlib.total_out() - out_before) as usize;
            input = &input[read..];
            self.taken += read as u64;
            self.given += written as u64;
            self.keep_tail(&piece[..written]);
            take(&piece[..written]);
            let out_of_bounds = self.given > bounds.length
                || self.given > RATIO_COUNTS_FROM && self.given / self.taken.max(1) > bounds.ratio;
            match status {
                _ if out_of_bounds => self.state = State::Failed(Failure::Bomb { length: self.given }),
                // A final block ends zlib's stream but not the message: the window goes on.
                Ok(Status::StreamEnd) => {
                    self.zlib.reset(false);
                    if self.zlib.set_dictionary(&self.tail).is_err() {
                        self.state = State::Failed(Failure::Corrupt { offset: self.taken });
                    }
                    // Nothing was taken from the end of a message whose last block is final.
                    if trailer || input.is_empty() {
                        return;
                    }
                }
                Ok(_) if read == 0 && written == 0 => return,
                Ok(_) if input.is_empty() && written < PIECE => return,
                Ok(_) => {}
                Err(_) if self.context_lost => self.state = State::Failed(Failure::ContextLost),
                Err(_) => self.state = State::Failed(Failure::Corrupt { offset: self.taken }),
            }
        }
    }

    /// Keeps the last [`WINDOW`] bytes of output, and up to as many before them so that moving them is rare.
    fn keep_tail(&mut self, output: &[u8]) {
        if self.no_context_takeover && self.given == output.len() as u64 {
            self.tail.clear();
        }
        if self.tail.len() + output.len() > 2 * WINDOW {
            let keep = WINDOW.min(self.tail.len());
            self.tail.drain(..self.tail.len() - keep);
        }
        self.tail.extend_from_slice(output);
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
        inflater.finish(BOUNDS, &mut |piece| text.extend_from_slice(piece)).map(|_| text)
    }

    /// The examples of RFC 7692 §7.2.3.1, .2, .3, .4 and .5.
    #[test]
    fn the_examples_of_section_7_2_3() {
        let hello = Ok(b"Hello".to_vec());
        let mut inflater = Inflater::new(false, true);
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
    fn a_window_that_may_not_be_used_is_empty() {
        let mut inflater = Inflater::new(true, true);
        assert!(message(&mut inflater, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]).is_ok());
        assert!(matches!(message(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), Err(Failure::Corrupt { .. })));
    }

    #[test]
    fn a_lost_window_heals_with_the_first_message_that_does_not_need_it() {
        let mut inflater = Inflater::new(false, false);
        assert_eq!(message(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), Err(Failure::ContextLost));
        assert!(message(&mut inflater, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]).is_ok());
        assert_eq!(message(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), Ok(b"Hello".to_vec()));
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let mut zip = flate2::Compress::new(flate2::Compression::best(), false);
        let mut bomb = Vec::with_capacity(1 << 20);
        zip.compress_vec(&vec![0; 64 << 20], &mut bomb, flate2::FlushCompress::Sync).unwrap();
        let mut inflater = Inflater::new(false, true);
        assert!(matches!(message(&mut inflater, &bomb), Err(Failure::Bomb { length }) if length < 5 << 20));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_end(bytes: Vec<u8>, again: Vec<u8>, takeover: bool) {
            let mut inflater = Inflater::new(!takeover, true);
            let _ = message(&mut inflater, &bytes);
            let _ = message(&mut inflater, &again);
        }
    }
}
