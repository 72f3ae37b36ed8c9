//! DEFLATE undone (RFC 1951), and what it was made of: which blocks, how many literals and matches, how far back they
//! reach.
//!
//! A general inflater does not tell these things, and a window smaller than 32 KiB is more than most will check. Nor does it
//! go on where a capture has lost bytes: here bytes may be unknown, and only what was copied from them is. Whatever the
//! input is, each byte of it costs a bounded amount of work, and the state is some 45 KiB: the window with a little room, and
//! Huffman codes once a block brings its own.

mod bits;
mod huffman;
mod matches;
mod meaning;
mod own;
mod sequence;
#[cfg(test)]
mod tests;
mod tokens;
mod walk;
mod window;

pub use walk::{Block, BlockKind, Walk, WalkEnd};

use bits::Bits;
use branches::prefetch_read_data;
use huffman::{Codes, FIXED};
use matches::Matches;
use own::Own;
use sequence::{Count, Sequences};
use tokens::Token;
use window::Window;

/// What a sender takes away from the end of each message, and its receiver puts back (RFC 7692 §7.2.1, §7.2.2).
const TRAILER: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// Bytes that a processor fetches at a time, or fewer.
const LINE: usize = 64;

/// A message as large as this is held to the limit on the ratio.
const RATIO_COUNTS_FROM: u64 = 1 << 20;

/// Bounds on one message.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes it may inflate to.
    pub length: u64,
    /// How many times its compressed size, once it is larger than 1 MiB.
    pub ratio: u64,
}

/// Decodes one message after the other of one sender.
#[derive(Debug)]
pub struct Decoder {
    bits: Bits,
    state: State,
    window: Window,
    /// Bytes that were handed on.
    given: u64,
    /// What is known of the blocks that ended.
    walk: Walk,
    /// The block at hand, or the last one.
    block: Block,
    /// Its matches so far.
    matches: Matches,
    /// It has not ended.
    is_open: bool,
    /// How many blocks to list.
    listed: usize,
    /// The last block that ended was empty and not compressed, and stands on whole bytes.
    after_trailer: bool,
    /// Where the block before the one at hand ended, if it was final: offset among the compressed bytes.
    after_final: Option<u64>,
    /// The block's own codes, if it has some.
    own: Option<Box<Own>>,
}

/// Working memory that decoders share: no decoder needs it between two messages.
#[derive(Debug, Default)]
pub struct Spare {
    /// For blocks with codes of their own; made at the first.
    own: Option<Box<Own>>,
    sequences: Sequences,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the three bits a block begins with.
    Header,
    /// At LEN of a block without compression.
    StoredLength,
    /// So many bytes of it remain.
    Stored(u16),
    /// Among the codes of a block that brings its own.
    Codes,
    /// Among literals and matches, with the fixed codes or the block's own.
    Tokens { fixed: bool },
    /// It is no DEFLATE from here on.
    Fault,
}

/// What a step came to.
enum Step {
    /// Another can follow, perhaps after room was made.
    Done,
    /// The bits at hand do not suffice.
    MoreBits,
}

type Stepped = Result<Step, &'static str>;

impl Decoder {
    /// A decoder before the first message. Of each it lists the first `listed` blocks.
    pub fn new(listed: usize) -> Decoder {
        Decoder {
            bits: Bits::default(),
            state: State::Header,
            window: Window::default(),
            given: 0,
            walk: Walk::default(),
            block: Block::default(),
            matches: Matches::default(),
            is_open: false,
            listed,
            after_trailer: false,
            after_final: None,
            own: None,
        }
    }

    /// Has the processor fetch the decoder: a message may begin soon, and the last one was long ago.
    #[inline]
    pub fn fetch(&self) {
        let first = std::ptr::from_ref(self).cast::<u8>();
        for at in (0..size_of::<Decoder>()).step_by(LINE) {
            prefetch_read_data::<_, 0>(first.wrapping_add(at));
        }
    }

    /// A message begins.
    pub fn begin(&mut self) {
        self.window.begin();
        let (window, own) = (std::mem::take(&mut self.window), self.own.take());
        *self = Decoder { window, own, ..Decoder::new(self.listed) };
    }

    /// Bytes of this sender are missing: what was known of its window says nothing of what follows.
    pub fn forget(&mut self) {
        self.window.forget();
    }

    /// Whether the message reached a bound: no more of it comes out, but it is walked to its end.
    pub fn is_stopped(&self) -> bool {
        self.window.stopped
    }

    /// Whether the message refers to bytes that are not known: lost, or before the first. What comes out ends there.
    pub fn reached_unknown(&self) -> bool {
        self.window.reached_unknown()
    }

    /// Whether the message proved to be no DEFLATE.
    pub fn is_faulty(&self) -> bool {
        self.state == State::Fault
    }

    /// Bytes of the message that came out.
    pub fn given(&self) -> u64 {
        self.given
    }

    /// Compressed bytes of the message that were used up.
    pub fn taken(&self) -> u64 {
        self.bits.position() / 8
    }

    /// Decodes the next compressed bytes of the message, cut anywhere; `take` gets what comes out, in pieces.
    pub fn push(&mut self, mut input: &[u8], bounds: Bounds, spare: &mut Spare, take: &mut impl FnMut(&[u8])) {
        // Text inflates to some four times its length and more.
        self.window.fetch_room(input.len().saturating_mul(4));
        while self.state != State::Fault {
            self.bits.refill(&mut input);
            if self.window.space() == 0 {
                self.hand_on(bounds, take);
                self.window.make_room();
            }
            match self.step(&mut input, spare) {
                Ok(Step::MoreBits) if input.is_empty() => break,
                // With bytes left, a refill has more bits than any step needs to get ahead.
                Ok(_) => {}
                Err(what) => {
                    self.walk.end = WalkEnd::Fault { bit: self.bits.position(), what };
                    self.state = State::Fault;
                }
            }
        }
        self.hand_on(bounds, take);
    }

    fn hand_on(&mut self, bounds: Bounds, take: &mut impl FnMut(&[u8])) {
        self.given += self.window.hand_on(take);
        let too_often = self.given > RATIO_COUNTS_FROM && self.given / self.taken().max(1) > bounds.ratio;
        self.window.stopped |= too_often || self.given > bounds.length;
    }

    /// The message is over: puts the four bytes back where they belong, and says what it was.
    pub fn finish(&mut self, bounds: Bounds, spare: &mut Spare, take: &mut impl FnMut(&[u8])) -> Walk {
        let boundary = self.state == State::Header && self.bits.held() == 0;
        self.walk.end = match self.state {
            State::Fault => self.walk.end,
            State::StoredLength if self.bits.held() == 0 => WalkEnd::Flushed,
            State::Header if boundary && self.after_trailer => WalkEnd::Trailer,
            State::Header if boundary && self.after_final.is_some() => WalkEnd::Final,
            // Fewer than three bits remain: not even a header.
            State::Header => WalkEnd::Block,
            _ => {
                self.push(&TRAILER, bounds, spare, take);
                if self.state == State::Header { WalkEnd::Filled } else { WalkEnd::Inside }
            }
        };
        if self.is_open {
            self.tally();
        }
        if !self.walk.is_whole() {
            self.walk.garbage = self.after_final;
        }
        std::mem::take(&mut self.walk)
    }

    fn step(&mut self, input: &mut &[u8], spare: &mut Spare) -> Stepped {
        match self.state {
            State::Header => self.header(spare),
            State::StoredLength => self.stored_length(),
            State::Stored(remaining) => Ok(self.stored(remaining, input)),
            State::Codes => self.codes(input),
            State::Tokens { fixed } => self.tokens(fixed, input, spare),
            State::Fault => Ok(Step::MoreBits),
        }
    }

    /// RFC 1951 §3.2.3.
    fn header(&mut self, spare: &mut Spare) -> Stepped {
        let at = self.bits.position();
        let Some(header) = self.bits.take(3) else { return Ok(Step::MoreBits) };
        let (kind, state) = match header >> 1 {
            0 => (BlockKind::Stored, State::StoredLength),
            1 => (BlockKind::Fixed, State::Tokens { fixed: true }),
            2 => (BlockKind::Dynamic, State::Codes),
            _ => return Err("a block has the reserved type 3"),
        };
        match kind {
            BlockKind::Stored => drop(self.bits.align()),
            BlockKind::Fixed => {}
            BlockKind::Dynamic => self.own.get_or_insert_with(|| spare.own.take().unwrap_or_else(Own::boxed)).begin(),
        }
        self.block = Block { kind, is_final: header & 1 != 0, at, ..Block::default() };
        self.is_open = true;
        self.state = state;
        self.after_trailer = false;
        Ok(Step::Done)
    }

    /// RFC 1951 §3.2.4: LEN and its one's complement.
    fn stored_length(&mut self) -> Stepped {
        if self.bits.held() < 32 {
            return Ok(Step::MoreBits);
        }
        let (length, complement) = (self.bits.after(0, 16) as u16, self.bits.after(16, 16) as u16);
        if length != !complement {
            return Err("a block's two lengths do not match");
        }
        self.bits.drop(32);
        self.state = State::Stored(length);
        if length == 0 {
            self.end_block();
            self.after_trailer = true;
        }
        Ok(Step::Done)
    }

    fn stored(&mut self, remaining: u16, input: &mut &[u8]) -> Step {
        let mut left = remaining;
        // The block began on a byte boundary, so whole bytes are held, few enough to fit.
        while left > 0
            && let Some(byte) = self.bits.take(8)
        {
            self.window.bytes(&[byte as u8]);
            left -= 1;
        }
        let bytes = &input[..input.len().min(left.into()).min(self.window.space())];
        if self.bits.held() == 0 {
            self.window.bytes(bytes);
            // No more than what is left, so it fits.
            left -= bytes.len() as u16;
            self.bits.pass_over(bytes.len(), input);
        }
        self.block.length += u64::from(remaining - left);
        self.state = State::Stored(left);
        if left > 0 {
            return Step::MoreBits;
        }
        self.end_block();
        Step::Done
    }

    /// RFC 1951 §3.2.7.
    fn codes(&mut self, input: &mut &[u8]) -> Stepped {
        let Some(own) = &mut self.own else { return Ok(Step::MoreBits) };
        if !own.read(&mut self.bits, input)? {
            return Ok(Step::MoreBits);
        }
        self.state = State::Tokens { fixed: false };
        Ok(Step::Done)
    }

    /// Literals, matches and the end of the block. A token is taken whole or not at all.
    fn tokens(&mut self, fixed: bool, input: &mut &[u8], spare: &mut Spare) -> Stepped {
        let codes: &Codes = match &self.own {
            Some(own) if !fixed => &own.codes,
            _ => &FIXED,
        };
        let start = self.window.position();
        let (bits, window, sequences) = (&mut self.bits, &mut self.window, &mut spare.sequences);
        let token = loop {
            sequences.count = Count::none_at(window.end());
            let limit = window.limit();
            let token = loop {
                let before = input.len();
                (*bits, *input) = tokens::many(codes, *bits, input, sequences, window.place(), limit);
                bits.took(before - input.len());
                let count = sequences.count;
                if count.to >= limit || !count.takes_match() || !count.takes_literals() {
                    break Ok(Token::Ordinary);
                }
                let token = tokens::one(codes, bits, input, sequences, window.place());
                if !matches!(token, Ok(Token::Ordinary)) {
                    break token;
                }
            };
            let extent = sequences.extent();
            self.matches.add(sequences, extent, window.position());
            window.carry_out(sequences, extent);
            if window.space() == 0 || !matches!(token, Ok(Token::Ordinary)) {
                break token;
            }
        };
        self.block.length += self.window.position() - start;
        match token? {
            Token::Ordinary => Ok(Step::Done),
            Token::MoreBits => Ok(Step::MoreBits),
            Token::End => {
                spare.own = self.own.take().or(spare.own.take());
                self.end_block();
                Ok(Step::Done)
            }
        }
    }

    fn end_block(&mut self) {
        self.state = State::Header;
        self.tally();
        self.after_final = None;
        if self.block.is_final {
            // RFC 7692 §7.2.1: padding bits of 0 up to the byte boundary, where the next block begins.
            let padding = self.bits.align();
            let end = self.bits.position() / 8;
            if padding != 0 {
                self.walk.padding.get_or_insert(end.saturating_sub(1));
            }
            self.after_final = Some(end);
        }
    }

    /// Adds the block at hand to the walk: it ended, or the message did.
    fn tally(&mut self) {
        self.is_open = false;
        let (walk, block) = (&mut self.walk, &mut self.block);
        block.bits = self.bits.position().saturating_sub(block.at);
        let matches = std::mem::take(&mut self.matches);
        block.matches = matches.count;
        block.largest_distance = matches.largest_distance;
        block.history = matches.history;
        if block.kind != BlockKind::Stored {
            block.literals = block.length - matches.length;
        }
        if matches.largest_distance > walk.largest_distance {
            walk.largest_distance = matches.largest_distance;
            walk.largest_distance_at = matches.largest_distance_at;
        }
        match block.kind {
            BlockKind::Stored => {
                walk.stored_blocks += 1;
                walk.stored_bytes += block.length;
            }
            BlockKind::Fixed => walk.fixed_blocks += 1,
            BlockKind::Dynamic => walk.dynamic_blocks += 1,
        }
        walk.final_blocks += u64::from(block.is_final);
        walk.literals += block.literals;
        walk.matches += block.matches;
        walk.length += block.length;
        walk.history = walk.history.max(block.history);
        if walk.blocks.len() < self.listed {
            walk.blocks.push(*block);
        }
    }
}
