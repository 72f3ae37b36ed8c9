//! The Huffman codes that a block brings along (RFC 1951 §3.2.7).

use super::bits::Bits;
use super::huffman::{Codes, LengthCode};

/// The order in which the lengths of the first code's codewords are given (RFC 1951 §3.2.7).
const ORDER: [u8; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Reads the codes of one block after the other.
#[derive(Debug)]
pub(super) struct Own {
    /// The codes, once they are read.
    pub(super) codes: Codes,
    /// The code in which the lengths of their codewords are written.
    lengths: LengthCode,
    next: Next,
    /// How many lengths of literals there are, of distances, and of the code for lengths.
    counts: [usize; 3],
    /// The lengths that are read.
    read: [u8; 288 + 32],
}

/// What is to be read next.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// HLIT, HDIST and HCLEN.
    Counts,
    /// The lengths of the code for lengths, from this one on.
    LengthLengths(usize),
    /// The lengths of the two codes, from this one on.
    Lengths(usize),
}

impl Own {
    /// Codes that are yet to be read.
    pub(super) fn new() -> Own {
        Own {
            codes: Codes::new(),
            lengths: LengthCode::lengths(),
            next: Next::Counts,
            counts: [0; 3],
            read: [0; 288 + 32],
        }
    }

    /// A block with codes of its own begins.
    pub(super) fn begin(&mut self) {
        self.next = Next::Counts;
    }

    /// Reads on; `true` once the codes are made, `false` where more bits are needed. An error says as a clause why
    /// there are no such codes.
    pub(super) fn read(&mut self, bits: &mut Bits) -> Result<bool, &'static str> {
        loop {
            match self.next {
                Next::Counts => {
                    let Some(counts) = bits.take(14) else { return Ok(false) };
                    let (literals, distances) = (257 + (counts & 31), 1 + (counts >> 5 & 31));
                    if literals > 286 || distances > 30 {
                        return Err("a block has codewords for symbols that do not exist");
                    }
                    self.counts = [literals as usize, distances as usize, 4 + (counts >> 10) as usize];
                    self.read.fill(0);
                    self.next = Next::LengthLengths(0);
                }
                Next::LengthLengths(next) => {
                    let Some(&symbol) = ORDER[..self.counts[2].min(19)].get(next) else {
                        if !self.lengths.make(&self.read[..19], false) {
                            return Err("the lengths of a block's codewords are in no code");
                        }
                        self.read.fill(0);
                        self.next = Next::Lengths(0);
                        continue;
                    };
                    let Some(length) = bits.take(3) else { return Ok(false) };
                    self.read[usize::from(symbol)] = length as u8;
                    self.next = Next::LengthLengths(next + 1);
                }
                Next::Lengths(next) => return self.lengths(next, bits),
            }
        }
    }

    fn lengths(&mut self, mut next: usize, bits: &mut Bits) -> Result<bool, &'static str> {
        let [literals, distances, _] = self.counts;
        let total = literals + distances;
        while next < total {
            let entry = self.lengths.look_up(bits.peek());
            let used = entry.bits() + entry.extra_bits();
            if used > bits.held() {
                self.next = Next::Lengths(next);
                return Ok(false);
            }
            let extra = bits.after(entry.bits(), entry.extra_bits()) as usize;
            let (length, times) = match (entry.value(), next.checked_sub(1)) {
                (16, None) => return Err("the first length of a block's codewords repeats the one before"),
                (16, Some(previous)) => (self.read[previous], 3 + extra),
                (17, _) => (0, 3 + extra),
                (18, _) => (0, 11 + extra),
                (length, _) => (length as u8, 1),
            };
            if times > total - next {
                return Err("a block has more lengths of codewords than it says");
            }
            bits.drop(used);
            self.read[next..next + times].fill(length);
            next += times;
        }
        let (of_literals, of_distances) = self.read[..total].split_at(literals);
        if of_literals[256] == 0 {
            return Err("a block has no codeword for its end");
        }
        if !self.codes.literals.make(of_literals, true) || !self.codes.distances.make(of_distances, true) {
            return Err("the lengths of a block's codewords make no code");
        }
        Ok(true)
    }
}
