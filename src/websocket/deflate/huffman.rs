//! Huffman codes as DEFLATE gives them: by the lengths of their codewords (RFC 1951 §3.2.2).
//!
//! A short codeword is found by one look into a table, a longer one (rare, for that is what codes are for) bit by bit.
//! Tables are cheap to make, since a few hostile bytes can ask for a new one.

use std::sync::LazyLock;

/// No codeword is longer (RFC 1951 §3.2.7).
const LONGEST: usize = 15;

/// What a codeword stands for and how many bits it and its extra bits have, in one word.
///
/// Bits 0 to 3: length of the codeword; 0 in an empty slot. Bits 4 to 7: number of extra bits. Bits 8 to 10: what it is.
/// Bits 16 to 31: its value, or for a length or distance the least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry(u32);

impl Entry {
    const LITERAL: u32 = 1 << 8;
    const END: u32 = 1 << 9;
    const INVALID: u32 = 1 << 10;
    const EMPTY: Entry = Entry(0);
    /// No codeword begins like this. One bit tells: only codes with a single codeword have gaps.
    const GAP: Entry = Entry(Entry::INVALID | 1);

    const fn range(base: u16, extra_bits: u32) -> Entry {
        Entry((base as u32) << 16 | extra_bits << 4)
    }

    /// Bits of the codeword.
    pub(super) fn bits(self) -> u32 {
        self.0 & 15
    }

    /// Bits that follow the codeword and are added to [`Entry::value`].
    pub(super) fn extra_bits(self) -> u32 {
        self.0 >> 4 & 15
    }

    /// The symbol, or the least length or distance it stands for.
    pub(super) fn value(self) -> u32 {
        self.0 >> 16
    }

    /// A byte that stands for itself.
    pub(super) fn is_literal(self) -> bool {
        self.0 & Entry::LITERAL != 0
    }

    /// The end of the block.
    pub(super) fn is_end(self) -> bool {
        self.0 & Entry::END != 0
    }

    /// Means nothing in DEFLATE.
    pub(super) fn is_invalid(self) -> bool {
        self.0 & Entry::INVALID != 0
    }
}

/// A Huffman code with a table of `SLOTS` (a power of two) entries for its short codewords.
#[derive(Debug)]
pub(super) struct Code<const SLOTS: usize, const SYMBOLS: usize> {
    slots: [Entry; SLOTS],
    /// Codewords of each length.
    counts: [u16; LONGEST + 1],
    /// Symbols in the order of their codewords.
    sorted: [u16; SYMBOLS],
    /// What each symbol means.
    meanings: &'static [Entry; SYMBOLS],
}

/// Of literals, lengths and the end of the block.
pub(super) type LiteralCode = Code<1024, 288>;
/// Of distances.
pub(super) type DistanceCode = Code<256, 32>;
/// Of the lengths of the codewords of both.
pub(super) type LengthCode = Code<128, 19>;

impl LiteralCode {
    pub(super) const fn literals() -> Self {
        Code::new(&LITERALS)
    }
}

impl DistanceCode {
    pub(super) const fn distances() -> Self {
        Code::new(&DISTANCES)
    }
}

impl LengthCode {
    pub(super) const fn lengths() -> Self {
        Code::new(&LENGTHS)
    }
}

impl<const SLOTS: usize, const SYMBOLS: usize> Code<SLOTS, SYMBOLS> {
    const ROOT: usize = SLOTS.trailing_zeros() as usize;

    const fn new(meanings: &'static [Entry; SYMBOLS]) -> Self {
        Code { slots: [Entry::GAP; SLOTS], counts: [0; LONGEST + 1], sorted: [0; SYMBOLS], meanings }
    }

    /// Makes the code in which symbol i has a codeword of `lengths[i]` bits, none where that is 0. Gives false if there
    /// is no such code: more codewords than fit, or fewer. `lone` allows fewer than two codewords (RFC 1951 §3.2.7: "One
    /// distance code of zero bits means that there are no distance codes used at all").
    pub(super) fn make(&mut self, lengths: &[u8], lone: bool) -> bool {
        let lengths = &lengths[..lengths.len().min(SYMBOLS)];
        self.counts = [0; LONGEST + 1];
        for &length in lengths {
            self.counts[usize::from(length) & LONGEST] += 1;
        }
        self.counts[0] = 0;
        let mut free: i32 = 1;
        let mut at = [0_u16; LONGEST + 2];
        for length in 1..=LONGEST {
            free = (free << 1) - i32::from(self.counts[length]);
            if free < 0 {
                return false;
            }
            at[length + 1] = at[length] + self.counts[length];
        }
        let has_long = self.counts[2..].iter().any(|&count| count > 0);
        if free > 0 && (has_long || !lone) {
            return false;
        }
        for (symbol, &length) in lengths.iter().enumerate().filter(|(_, length)| **length > 0) {
            let place = &mut at[usize::from(length) & LONGEST];
            self.sorted[usize::from(*place)] = symbol as u16;
            *place += 1;
        }
        self.fill(free > 0);
        true
    }

    /// Writes each short codeword into every slot whose index ends in it: DEFLATE packs a codeword's first bit lowest.
    fn fill(&mut self, gaps: bool) {
        self.slots[0] = if gaps { Entry::GAP } else { Entry::EMPTY };
        let (mut codeword, mut index) = (0_u16, 0_usize);
        for length in 1..=Self::ROOT {
            // What the bits before say holds whatever the next bit is.
            let known = 1 << (length - 1);
            self.slots.copy_within(..known, known);
            for _ in 0..self.counts[length] {
                let slot = usize::from(codeword.reverse_bits() >> (16 - length));
                self.slots[slot] = self.entry(index, length);
                codeword += 1;
                index += 1;
            }
            codeword <<= 1;
        }
    }

    fn entry(&self, index: usize, length: usize) -> Entry {
        let symbol = usize::from(self.sorted[index]);
        Entry(self.meanings[symbol].0 | length as u32)
    }

    /// The codeword that `bits` begins with. Where fewer bits are at hand than it has ([`Entry::bits`]), it is not
    /// known yet.
    #[inline]
    pub(super) fn look_up(&self, bits: u64) -> Entry {
        let entry = self.slots[bits as usize & (SLOTS - 1)];
        if entry.bits() != 0 { entry } else { self.look_up_long(bits) }
    }

    #[cold]
    fn look_up_long(&self, mut bits: u64) -> Entry {
        // RFC 1951 §3.2.2: the codewords of a length are consecutive, and follow those of the length before.
        let (mut codeword, mut first, mut index) = (0_u32, 0_u32, 0_u32);
        for length in 1..=LONGEST {
            codeword |= (bits & 1) as u32;
            bits >>= 1;
            let count = u32::from(self.counts[length]);
            if codeword < first + count {
                return self.entry((index + codeword - first) as usize, length);
            }
            index += count;
            first = (first + count) << 1;
            codeword <<= 1;
        }
        Entry::GAP
    }
}

/// The two codes of a block.
#[derive(Debug)]
pub(super) struct Codes {
    pub(super) literals: LiteralCode,
    pub(super) distances: DistanceCode,
}

impl Codes {
    pub(super) const fn new() -> Codes {
        Codes { literals: Code::literals(), distances: Code::distances() }
    }
}

/// The codes of blocks that bring none of their own (RFC 1951 §3.2.6).
pub(super) static FIXED: LazyLock<Codes> = LazyLock::new(|| {
    let mut lengths = [8; 288];
    lengths[144..256].fill(9);
    lengths[256..280].fill(7);
    let mut codes = Codes::new();
    codes.literals.make(&lengths, false);
    codes.distances.make(&[5; 32], false);
    codes
});

/// RFC 1951 §3.2.5.
const LITERALS: [Entry; 288] = {
    let mut meanings = [Entry(Entry::INVALID); 288];
    let mut symbol = 0;
    while symbol < 256 {
        meanings[symbol] = Entry((symbol as u32) << 16 | Entry::LITERAL);
        symbol += 1;
    }
    meanings[256] = Entry(Entry::END);
    let mut base = 3;
    while symbol < 284 {
        symbol += 1;
        // 257 to 264 stand for one length each; from there on the number of extra bits grows with every fourth.
        let extra_bits = if symbol < 265 { 0 } else { (symbol - 261) as u32 / 4 };
        meanings[symbol] = Entry::range(base, extra_bits);
        base += 1 << extra_bits;
    }
    meanings[285] = Entry::range(258, 0);
    meanings
};

/// RFC 1951 §3.2.5; 30 and 31 never occur (§3.2.6).
const DISTANCES: [Entry; 32] = {
    let mut meanings = [Entry(Entry::INVALID); 32];
    let (mut symbol, mut base) = (0, 1);
    while symbol < 30 {
        let extra_bits = if symbol < 4 { 0 } else { (symbol - 2) as u32 / 2 };
        meanings[symbol] = Entry::range(base, extra_bits);
        base = base.wrapping_add(1 << extra_bits);
        symbol += 1;
    }
    meanings
};

/// The symbols themselves; 16, 17 and 18 repeat (RFC 1951 §3.2.7).
const LENGTHS: [Entry; 19] = {
    let mut meanings = [Entry::EMPTY; 19];
    let mut symbol = 0;
    while symbol < 19 {
        let extra_bits = match symbol {
            16 => 2,
            17 => 3,
            18 => 7,
            _ => 0,
        };
        meanings[symbol] = Entry::range(symbol as u16, extra_bits);
        symbol += 1;
    }
    meanings
};

#[cfg(test)]
mod tests {
    use super::*;

    /// The first and last lines of the tables of RFC 1951 §3.2.5, and some between.
    #[test]
    fn the_tables_of_section_3_2_5() {
        let lengths =
            [(257, 0, 3), (264, 0, 10), (265, 1, 11), (273, 3, 35), (281, 5, 131), (284, 5, 227), (285, 0, 258)];
        for (symbol, extra_bits, base) in lengths {
            assert_eq!(LITERALS[symbol], Entry::range(base, extra_bits), "{symbol}");
        }
        let distances = [(0, 0, 1), (3, 0, 4), (4, 1, 5), (9, 3, 25), (16, 7, 257), (28, 13, 16385), (29, 13, 24577)];
        for (symbol, extra_bits, base) in distances {
            assert_eq!(DISTANCES[symbol], Entry::range(base, extra_bits), "{symbol}");
        }
        assert!(LITERALS[286].is_invalid() && LITERALS[287].is_invalid());
        assert!(DISTANCES[30].is_invalid() && DISTANCES[31].is_invalid());
    }

    /// The example of RFC 1951 §3.2.2: A to H with lengths 3 3 3 3 3 2 4 4; F is 00, A is 010, H is 1111.
    #[test]
    fn the_example_of_section_3_2_2() {
        let mut code = Code::literals();
        assert!(code.make(&[3, 3, 3, 3, 3, 2, 4, 4], false));
        for (codeword, bits, symbol) in [(0b00, 2, 5), (0b010, 3, 0), (0b011, 3, 1), (0b1111, 4, 7), (0b1110, 4, 6)] {
            let packed = u64::from(u16::reverse_bits(codeword) >> (16 - bits));
            let entry = code.look_up(packed | 0xFF00);
            assert_eq!((entry.bits(), entry.value()), (bits, symbol));
        }
    }

    /// One codeword of each length from 1 to 14 and two of 15 bits.
    #[test]
    fn long_codewords() {
        let mut lengths: Vec<u8> = (1..=15).collect();
        lengths.push(15);
        let mut code = Code::literals();
        assert!(code.make(&lengths, false));
        for symbol in 0..15 {
            let entry = code.look_up((1 << symbol) - 1);
            assert_eq!((entry.bits(), entry.value()), (symbol + 1, symbol));
        }
        assert_eq!(code.look_up(0x7FFF).value(), 15);
    }

    #[test]
    fn lengths_that_make_no_code() {
        let mut code = Code::distances();
        assert!(!code.make(&[1, 1, 1], true), "too many");
        assert!(!code.make(&[2, 2], true), "too few");
        assert!(!code.make(&[1], false), "too few");
        assert!(code.make(&[1], true));
        assert!(!code.look_up(0).is_invalid() && code.look_up(1).is_invalid());
        assert!(code.make(&[0], true));
        assert!(code.look_up(0).is_invalid());
    }
}
