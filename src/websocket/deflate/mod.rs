//! A walk over the compressed bytes of a message (RFC 1951): which blocks, how many literals and matches, how far back
//! they reach. It makes no output, so it needs no window: it knows how many bytes there would be.
//!
//! Inflating does not tell these things: zlib-rs takes any distance up to 32 KiB, whatever window was agreed, and no
//! inflater says where a distance led. Whatever the bytes are, each costs a bounded amount of work, and the state is a
//! few hundred bytes plus 6 KiB for Huffman codes once a block brings its own.

mod bits;
mod huffman;
#[cfg(test)]
mod tests;
mod walk;

pub use walk::{Block, BlockKind, Walk, WalkEnd};

use bits::Bits;
use huffman::{Codes, FIXED, LengthCode};

/// What a sender takes away from the end of each message, and its receiver puts back (RFC 7692 §7.2.1, §7.2.2).
pub(super) const TRAILER: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// No token has more bits: two codewords of 15, 5 and 13 extra bits. So many are at hand wherever more bytes follow.
const TOKEN: u32 = 48;

/// The order in which the lengths of the first code's codewords are given (RFC 1951 §3.2.7).
const ORDER: [u8; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Walks over one message after the other.
#[derive(Debug)]
pub struct Walker {
    bits: Bits,
    state: State,
    /// What is known of the blocks that ended.
    walk: Walk,
    /// The block at hand, or the last one.
    block: Block,
    /// It has not ended.
    is_open: bool,
    /// How many blocks to list.
    listed: usize,
    /// The last block that ended was empty and not compressed, and stands on whole bytes.
    after_trailer: bool,
    /// Where the block before the one at hand ended, if it was final: offset among the compressed bytes.
    after_final: Option<u64>,
    /// For blocks with codes of their own; made at the first.
    own: Option<Box<Own>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the three bits a block begins with.
    Header,
    /// At LEN of a block without compression.
    StoredLength,
    /// So many bytes of it remain.
    Stored(u16),
    /// At HLIT, HDIST and HCLEN.
    Counts,
    /// At the lengths of the code for lengths, `next` of which are read.
    LengthLengths { next: usize },
    /// At the lengths of the two codes, `next` of which are read.
    Lengths { next: usize },
    /// Among literals and matches, with the fixed codes or the block's own.
    Tokens { fixed: bool },
    /// It is no DEFLATE from here on.
    Fault,
}

/// What a block with codes of its own needs.
#[derive(Debug)]
struct Own {
    codes: Codes,
    lengths: LengthCode,
    /// How many lengths of literals there are, of distances, and of the code for lengths.
    counts: [usize; 3],
    /// The lengths that are read.
    read: [u8; 288 + 32],
}

/// What a step came to.
enum Step {
    /// Another can follow.
    Done,
    /// The bits at hand do not suffice.
    MoreBits,
}

type Stepped = Result<Step, &'static str>;

impl Walker {
    /// A walker at the beginning of a message. Of each walk it lists the first `listed` blocks.
    pub fn new(listed: usize) -> Walker {
        Walker {
            bits: Bits::default(),
            state: State::Header,
            walk: Walk::default(),
            block: Block::default(),
            is_open: false,
            listed,
            after_trailer: false,
            after_final: None,
            own: None,
        }
    }

    /// A message begins.
    pub fn begin(&mut self) {
        *self = Walker { own: self.own.take(), ..Walker::new(self.listed) };
    }

    /// Walks over the next compressed bytes of the message, cut anywhere.
    pub fn push(&mut self, mut input: &[u8]) {
        while self.state != State::Fault {
            self.bits.refill(&mut input);
            match self.step(&mut input) {
                Ok(Step::MoreBits) if input.is_empty() => return,
                // With bytes left, a refill has more bits than any step needs to get ahead.
                Ok(_) => {}
                Err(what) => {
                    self.walk.end = WalkEnd::Fault { bit: self.bits.position(), what };
                    self.state = State::Fault;
                }
            }
        }
    }

    /// The message is over: puts the four bytes back where they belong, and says what it was.
    pub fn finish(&mut self) -> Walk {
        let boundary = self.state == State::Header && self.bits.held() == 0;
        self.walk.end = match self.state {
            State::Fault => self.walk.end,
            State::StoredLength if self.bits.held() == 0 => WalkEnd::Flushed,
            State::Header if boundary && self.after_trailer => WalkEnd::Trailer,
            State::Header if boundary && self.after_final.is_some() => WalkEnd::Final,
            // Fewer than three bits remain: not even a header.
            State::Header => WalkEnd::Block,
            _ => {
                self.push(&TRAILER);
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

    fn step(&mut self, input: &mut &[u8]) -> Stepped {
        match self.state {
            State::Header => self.header(),
            State::StoredLength => self.stored_length(),
            State::Stored(remaining) => Ok(self.stored(remaining, input)),
            State::Counts => self.counts(),
            State::LengthLengths { next } => self.length_lengths(next),
            State::Lengths { next } => self.lengths(next),
            State::Tokens { fixed } => self.tokens(fixed, input),
            State::Fault => Ok(Step::MoreBits),
        }
    }

    /// RFC 1951 §3.2.3.
    fn header(&mut self) -> Stepped {
        let at = self.bits.position();
        let Some(header) = self.bits.take(3) else { return Ok(Step::MoreBits) };
        let (kind, state) = match header >> 1 {
            0 => (BlockKind::Stored, State::StoredLength),
            1 => (BlockKind::Fixed, State::Tokens { fixed: true }),
            2 => (BlockKind::Dynamic, State::Counts),
            _ => return Err("a block has the reserved type 3"),
        };
        if kind == BlockKind::Stored {
            self.bits.align();
        }
        self.block = Block { kind, is_final: header & 1 != 0, at, ..Block::default() };
        self.is_open = true;
        self.state = state;
        self.after_trailer = false;
        Ok(Step::Done)
    }

    /// RFC 1951 §3.2.4: LEN and its one's complement.
    fn stored_length(&mut self) -> Stepped {
        let Some(lengths) = self.bits.take(32) else { return Ok(Step::MoreBits) };
        let (length, complement) = (lengths as u16, (lengths >> 16) as u16);
        if length != !complement {
            return Err("a block's two lengths do not match");
        }
        self.state = State::Stored(length);
        if length == 0 {
            self.end_block();
            self.after_trailer = true;
        }
        Ok(Step::Done)
    }

    fn stored(&mut self, remaining: u16, input: &mut &[u8]) -> Step {
        // The block began on a byte boundary, so whole bytes are held.
        let held = self.bits.held() / 8;
        let from_held = held.min(u32::from(remaining));
        self.bits.drop(from_held * 8);
        // No more than 16 bits' worth, for it is bounded by what remains.
        let mut left = remaining - from_held as u16;
        if self.bits.held() == 0 {
            left -= self.bits.pass_over(left, input);
        }
        let taken = u64::from(remaining - left);
        self.block.length += taken;
        self.state = State::Stored(left);
        if left > 0 {
            return Step::MoreBits;
        }
        self.end_block();
        Step::Done
    }

    /// RFC 1951 §3.2.7.
    fn counts(&mut self) -> Stepped {
        let Some(counts) = self.bits.take(14) else { return Ok(Step::MoreBits) };
        let (literals, distances) = (257 + (counts & 31), 1 + (counts >> 5 & 31));
        if literals > 286 || distances > 30 {
            return Err("a block has codewords for symbols that do not exist");
        }
        let own = self.own.get_or_insert_with(|| Box::new(Own::new()));
        own.counts = [literals as usize, distances as usize, 4 + (counts >> 10) as usize];
        own.read.fill(0);
        self.state = State::LengthLengths { next: 0 };
        Ok(Step::Done)
    }

    fn length_lengths(&mut self, mut next: usize) -> Stepped {
        let Some(own) = self.own.as_deref_mut() else { return Ok(Step::MoreBits) };
        while let Some(&symbol) = ORDER[..own.counts[2].min(19)].get(next) {
            let Some(length) = self.bits.take(3) else {
                self.state = State::LengthLengths { next };
                return Ok(Step::MoreBits);
            };
            own.read[usize::from(symbol)] = length as u8;
            next += 1;
        }
        if !own.lengths.make(&own.read[..19], false) {
            return Err("the lengths of a block's codewords are in no code");
        }
        own.read.fill(0);
        self.state = State::Lengths { next: 0 };
        Ok(Step::Done)
    }

    fn lengths(&mut self, mut next: usize) -> Stepped {
        let Some(own) = self.own.as_deref_mut() else { return Ok(Step::MoreBits) };
        let [literals, distances, _] = own.counts;
        let total = literals + distances;
        while next < total {
            let entry = own.lengths.look_up(self.bits.peek());
            let bits = entry.bits() + entry.extra_bits();
            if bits > self.bits.held() {
                self.state = State::Lengths { next };
                return Ok(Step::MoreBits);
            }
            let extra = self.bits.after(entry.bits(), entry.extra_bits()) as usize;
            let (length, times) = match (entry.value(), next.checked_sub(1)) {
                (16, None) => return Err("the first length of a block's codewords repeats the one before"),
                (16, Some(previous)) => (own.read[previous], 3 + extra),
                (17, _) => (0, 3 + extra),
                (18, _) => (0, 11 + extra),
                (length, _) => (length as u8, 1),
            };
            if times > total - next {
                return Err("a block has more lengths of codewords than it says");
            }
            self.bits.drop(bits);
            own.read[next..next + times].fill(length);
            next += times;
        }
        let (of_literals, of_distances) = own.read[..total].split_at(literals);
        if of_literals[256] == 0 {
            return Err("a block has no codeword for its end");
        }
        if !own.codes.literals.make(of_literals, true) || !own.codes.distances.make(of_distances, true) {
            return Err("the lengths of a block's codewords make no code");
        }
        self.state = State::Tokens { fixed: false };
        Ok(Step::Done)
    }

    /// Literals, matches and the end of the block. A token is taken whole or not at all.
    fn tokens(&mut self, fixed: bool, input: &mut &[u8]) -> Stepped {
        let codes = match &self.own {
            Some(own) if !fixed => &own.codes,
            _ => &*FIXED,
        };
        // In locals, so that they stay in registers.
        let (mut bits, mut rest) = (self.bits, *input);
        let (mut literals, mut matches, mut matched) = (0_u64, 0_u64, 0_u64);
        let start = self.walk.length + self.block.length;
        let block = &mut self.block;
        let stepped = loop {
            if bits.held() < TOKEN {
                bits.refill(&mut rest);
            }
            let symbol = codes.literals.look_up(bits.peek());
            if symbol.is_literal() && symbol.bits() <= bits.held() {
                bits.drop(symbol.bits());
                literals += 1;
                continue;
            }
            let mut used = symbol.bits() + symbol.extra_bits();
            if used > bits.held() {
                break Ok(Step::MoreBits);
            }
            if symbol.is_end() {
                bits.drop(used);
                break Ok(Step::Done);
            }
            if symbol.is_invalid() {
                break Err("a codeword stands for no literal and no length");
            }
            let length = symbol.value() + bits.after(symbol.bits(), symbol.extra_bits());
            let symbol = codes.distances.look_up(bits.peek() >> used);
            let extra_at = used + symbol.bits();
            used = extra_at + symbol.extra_bits();
            if used > bits.held() {
                break Ok(Step::MoreBits);
            }
            if symbol.is_invalid() {
                break Err("a codeword stands for no distance");
            }
            let distance = symbol.value() + bits.after(extra_at, symbol.extra_bits());
            bits.drop(used);
            let position = start + literals + matched;
            if distance > block.largest_distance {
                block.largest_distance = distance;
                if distance > self.walk.largest_distance {
                    self.walk.largest_distance = distance;
                    self.walk.largest_distance_at = position;
                }
            }
            if u64::from(distance) > position {
                // Less than the distance, for the position is counted from 0.
                block.history = block.history.max(distance - position as u32);
            }
            matches += 1;
            matched += u64::from(length);
        };
        self.bits = bits;
        *input = rest;
        block.literals += literals;
        block.matches += matches;
        block.length += literals + matched;
        if let Ok(Step::Done) = stepped {
            self.end_block();
        }
        stepped
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

impl Own {
    fn new() -> Own {
        Own { codes: Codes::new(), lengths: LengthCode::lengths(), counts: [0; 3], read: [0; 288 + 32] }
    }
}
