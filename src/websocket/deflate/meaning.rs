//! What the codewords of DEFLATE stand for (RFC 1951 §3.2.5, §3.2.7).

/// What a codeword stands for and how many bits it and its extra bits have, in one word.
///
/// Bits 0 to 5: number of its bits and its extra bits together. Bit 7: it is nothing ordinary, so that bits 0 to 7 are more
/// than are ever at hand. Bits 8 to 11: length of the codeword. Bit 15: it is a literal. Bits 16 to 31: its value, or for a
/// length or distance the least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry(u32);

impl Entry {
    const SPECIAL: u32 = 1 << 7;
    const LITERAL: u32 = 1 << 15;
    /// The end of the block.
    pub(super) const END: Entry = Entry(Entry::SPECIAL);
    /// What no codeword means.
    pub(super) const INVALID: Entry = Entry(1 << 16 | Entry::SPECIAL);
    /// A codeword with more bits than the table looks at.
    pub(super) const BEYOND: Entry = Entry(2 << 16 | Entry::SPECIAL);
    /// What one bit of a codeword adds: to its length and to the bits in all.
    const BIT: u32 = 1 << 8 | 1;
    /// No codeword begins like this. One bit tells: only codes with a single codeword have gaps.
    pub(super) const GAP: Entry = Entry(Entry::INVALID.0 + Entry::BIT);
    /// No codeword has been written here.
    pub(super) const NONE: Entry = Entry(0);

    /// What this means, as a codeword of so many bits.
    #[inline]
    pub(super) fn with_codeword(self, bits: usize) -> Entry {
        Entry(self.0 + bits as u32 * Entry::BIT)
    }

    const fn range(base: u16, extra_bits: u32) -> Entry {
        Entry((base as u32) << 16 | extra_bits)
    }

    /// Bits of the codeword and of what follows it and is added to [`Entry::value`].
    #[inline]
    pub(super) fn all_bits(self) -> u32 {
        self.0 & 0x3F
    }

    /// The same, but for what is special more than are ever at hand.
    #[inline]
    pub(super) fn ordinary_bits(self) -> u32 {
        self.0 & 0xFF
    }

    /// The literal, or the least length or distance it stands for.
    #[inline]
    pub(super) fn value(self) -> u32 {
        self.0 >> 16
    }

    /// The value with the extra bits, which follow the codeword in `bits`.
    #[inline]
    pub(super) fn value_with(self, bits: u64) -> u32 {
        let all = bits & LOWEST[self.0 as usize & 0xFF];
        // What is no literal and nothing special has only the length of its codeword in the six bits that count here.
        self.value() + (all >> (self.0 >> 8 & 63)) as u32
    }

    /// A byte that stands for itself.
    #[inline]
    pub(super) fn is_literal(self) -> bool {
        self.0 & Entry::LITERAL != 0
    }

    /// The end of the block.
    #[inline]
    pub(super) fn is_end(self) -> bool {
        self.is_special() && self.value() == Entry::END.value()
    }

    /// Means nothing in DEFLATE.
    #[inline]
    pub(super) fn is_invalid(self) -> bool {
        self.is_special() && self.value() == Entry::INVALID.value()
    }

    /// Neither a literal nor a length nor a distance.
    #[inline]
    fn is_special(self) -> bool {
        self.0 & Entry::SPECIAL != 0
    }

    /// Has a codeword with more bits than the table looks at.
    #[inline]
    pub(super) fn is_beyond(self) -> bool {
        self == Entry::BEYOND
    }
}

/// So many of the lowest bits; of more than 63 nothing is asked.
static LOWEST: [u64; 256] = {
    let mut masks = [0; 256];
    let mut bits = 0;
    while bits < 64 {
        masks[bits] = (1 << bits) - 1;
        bits += 1;
    }
    masks
};

/// RFC 1951 §3.2.5.
pub(super) const LITERALS: [Entry; 288] = {
    let mut meanings = [Entry::INVALID; 288];
    let mut symbol = 0;
    while symbol < 256 {
        meanings[symbol] = Entry((symbol as u32) << 16 | Entry::LITERAL);
        symbol += 1;
    }
    meanings[256] = Entry::END;
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
pub(super) const DISTANCES: [Entry; 32] = {
    let mut meanings = [Entry::INVALID; 32];
    let (mut symbol, mut base) = (0, 1);
    while symbol < 30 {
        let extra_bits = if symbol < 4 { 0 } else { (symbol - 2) as u32 / 2 };
        meanings[symbol] = Entry::range(base, extra_bits);
        base = base.wrapping_add(1 << extra_bits);
        symbol += 1;
    }
    meanings
};

/// A length that stands for the one before it.
pub(super) const BEFORE: u32 = 16;

/// RFC 1951 §3.2.7, as a length above eight bits that tell how often it comes: lengths themselves; then 3 to 6 times the one
/// before, 3 to 10 and 11 to 138 times 0.
pub(super) const LENGTHS: [Entry; 19] = {
    let mut meanings = [Entry(0); 19];
    let mut symbol = 0;
    while symbol < 16 {
        meanings[symbol] = Entry::range((symbol as u16) << 8 | 1, 0);
        symbol += 1;
    }
    meanings[16] = Entry::range((BEFORE as u16) << 8 | 3, 2);
    meanings[17] = Entry::range(3, 3);
    meanings[18] = Entry::range(11, 7);
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
}
