//! The Huffman codes that a block brings along (RFC 1951 §3.2.7).

use super::bits::Bits;
use super::huffman::{Codes, Length, LengthCode};
use super::meaning::BEFORE;

/// The order in which the lengths of the first code's codewords are given (RFC 1951 §3.2.7).
const ORDER: [u8; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The end of the block among the literals (RFC 1951 §3.2.5).
const END: u16 = 256;

/// No more than 6 times in a row a length comes that is not 0, and some room (RFC 1951 §3.2.7).
const MOST: usize = 8;

/// Reads the codes of one block after the other.
#[derive(Debug)]
pub(super) struct Own {
    /// The codes, once they are read.
    pub(super) codes: Codes,
    /// The code in which the lengths of their codewords are written.
    lengths: LengthCode,
    next: Next,
    /// How many lengths of literals there are, of distances, and of the code for lengths.
    counts: [u16; 3],
    /// The lengths of the code for lengths that are read.
    length_lengths: [u8; 19],
    /// Of the lengths of the two codes those that are read and not 0, which the symbols of both have in one row.
    read: [Length; 288 + 32 + MOST],
    /// How many these are.
    given: usize,
    /// The length that was read last.
    last: u8,
}

/// What is to be read next.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// HLIT, HDIST and HCLEN.
    Counts,
    /// The lengths of the code for lengths, from this one on.
    LengthLengths(u16),
    /// The lengths of the two codes, from this one on.
    Lengths(u16),
}

impl Default for Own {
    /// Codes that are yet to be read.
    fn default() -> Own {
        Own {
            codes: Codes::new(),
            lengths: LengthCode::lengths(),
            next: Next::Counts,
            counts: [0; 3],
            length_lengths: [0; 19],
            read: [Length::default(); 288 + 32 + MOST],
            given: 0,
            last: 0,
        }
    }
}

impl Own {
    /// Out of line: only the first of them needs so much of the stack.
    #[cold]
    #[inline(never)]
    pub(super) fn boxed() -> Box<Own> {
        Box::default()
    }

    /// A block with codes of its own begins.
    pub(super) fn begin(&mut self) {
        self.next = Next::Counts;
    }

    /// Reads on; `true` once the codes are made, `false` where more input is needed. An error says as a clause why there
    /// are no such codes.
    pub(super) fn read(&mut self, bits: &mut Bits, input: &mut &[u8]) -> Result<bool, &'static str> {
        loop {
            bits.refill(input);
            match self.next {
                Next::Counts => {
                    let Some(counts) = bits.take(14) else { return Ok(false) };
                    let (literals, distances) = (257 + (counts & 31), 1 + (counts >> 5 & 31));
                    if literals > 286 || distances > 30 {
                        return Err("a block has codewords for symbols that do not exist");
                    }
                    self.counts = [literals as u16, distances as u16, 4 + (counts >> 10) as u16];
                    self.length_lengths.fill(0);
                    self.next = Next::LengthLengths(0);
                }
                Next::LengthLengths(mut next) => {
                    // In a local, so that it stays in registers.
                    let mut at_hand = *bits;
                    while let Some(&symbol) = ORDER[..usize::from(self.counts[2]).min(19)].get(usize::from(next)) {
                        if at_hand.held() < 3 {
                            at_hand.refill(input);
                        }
                        let Some(length) = at_hand.take(3) else {
                            *bits = at_hand;
                            self.next = Next::LengthLengths(next);
                            return Ok(false);
                        };
                        self.length_lengths[usize::from(symbol)] = length as u8;
                        next += 1;
                    }
                    *bits = at_hand;
                    self.make_lengths()?;
                    (self.given, self.last) = (0, BEFORE as u8);
                    self.next = Next::Lengths(0);
                }
                Next::Lengths(next) => {
                    let next = self.lengths(next, bits, input)?;
                    self.next = Next::Lengths(next);
                    if next < self.counts[0] + self.counts[1] {
                        return Ok(false);
                    }
                    return self.make().map(|()| true);
                }
            }
        }
    }

    /// The code for lengths is read.
    fn make_lengths(&mut self) -> Result<(), &'static str> {
        let mut given = 0;
        for (symbol, &bits) in self.length_lengths.iter().enumerate() {
            self.read[given] = Length::new(symbol as u32, bits.into());
            given += usize::from(bits > 0);
        }
        let is_code = self.lengths.make(&self.read[..given], 0, false);
        is_code.then_some(()).ok_or("the lengths of a block's codewords are in no code")
    }

    /// Reads the lengths of the two codes from this one on; gives the one that it came to.
    fn lengths(&mut self, next: u16, bits: &mut Bits, input: &mut &[u8]) -> Result<u16, &'static str> {
        let Own { lengths, read, counts, .. } = self;
        let (codewords, total) = (lengths.table(), u32::from(counts[0] + counts[1]));
        let (mut left, mut given, mut last) = (total - u32::from(next), self.given, u32::from(self.last));
        loop {
            bits.refill(input);
            // In locals, so that they stay in registers.
            let (before, mut at_hand) = (left, *bits);
            while left > 0 {
                let entry = codewords.slot(at_hand.peek());
                if entry.all_bits() > at_hand.held() {
                    break;
                }
                let value = entry.value_with(at_hand.peek());
                let (length, times) = (value >> 8, value & 0xFF);
                last = if length == BEFORE { last } else { length };
                if last == BEFORE {
                    *bits = at_hand;
                    return Err("the first length of a block's codewords repeats the one before");
                }
                let Some(behind) = left.checked_sub(times) else {
                    *bits = at_hand;
                    return Err("a block has more lengths of codewords than it says");
                };
                at_hand.drop(entry.all_bits());
                // Without asking how many there are: what is too much is written over or not read.
                let first = Length::new(total - left, last);
                let row: [Length; MOST] = std::array::from_fn(|n| first.further(n as u16));
                read[given..given + MOST].copy_from_slice(&row);
                given += if last > 0 { times as usize } else { 0 };
                left = behind;
            }
            *bits = at_hand;
            if left == before || left == 0 {
                break;
            }
        }
        (self.given, self.last) = (given, last as u8);
        Ok((total - left) as u16)
    }

    /// All lengths are read.
    fn make(&mut self) -> Result<(), &'static str> {
        let given = &self.read[..self.given];
        let distances = self.counts[0];
        let at = given.iter().rposition(|length| length.symbol() < distances).map_or(0, |last| last + 1);
        let (of_literals, of_distances) = given.split_at(at);
        if of_literals.iter().rfind(|length| length.symbol() <= END).is_none_or(|length| length.symbol() < END) {
            return Err("a block has no codeword for its end");
        }
        let codes = &mut self.codes;
        if !codes.literals.make(of_literals, 0, true) || !codes.distances.make(of_distances, distances, true) {
            return Err("the lengths of a block's codewords make no code");
        }
        Ok(())
    }
}
