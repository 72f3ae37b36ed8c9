//! Huffman codes as DEFLATE gives them: by the lengths of their codewords (RFC 1951 §3.2.2).
//!
//! A short codeword is found by one look into a table, a longer one (rare, for that is what codes are for) by comparing it
//! with the last one of each length. A table has as many slots as the longest codeword needs, and is made from the
//! codewords there are, not from all there could be: a message of 1 KB brings a code of its own with forty codewords, and
//! making it costs as much as using it.

use std::sync::LazyLock;

/// No codeword is longer (RFC 1951 §3.2.7).
const LONGEST: usize = 15;

/// What a codeword stands for and how many bits it and its extra bits have, in one word.
///
/// Bits 0 to 7: number of its bits and its extra bits together. Bits 8 to 11: length of the codeword. Bits 12 to 14: what
/// it is if it is nothing ordinary. Bits 16 to 30: its value, or for a length or distance the least one. Bit 31: it is a
/// literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry(u32);

impl Entry {
    const LITERAL: u32 = 1 << 31;
    const END: u32 = 1 << 12;
    const INVALID: u32 = 1 << 13;
    const LONG: u32 = 1 << 14;
    /// What one bit of a codeword adds: to its length and to the bits in all.
    const BIT: u32 = 1 << 8 | 1;
    /// No codeword begins like this. One bit tells: only codes with a single codeword have gaps.
    const GAP: Entry = Entry(Entry::INVALID | Entry::BIT);
    /// A codeword with more bits than the table looks at.
    const BEYOND: Entry = Entry(Entry::LONG);

    const fn range(base: u16, extra_bits: u32) -> Entry {
        Entry((base as u32) << 16 | extra_bits)
    }

    /// Bits of the codeword.
    #[inline]
    pub(super) fn bits(self) -> u32 {
        self.0 >> 8 & 15
    }

    /// Bits of the codeword and of what follows it and is added to [`Entry::value`].
    #[inline]
    pub(super) fn all_bits(self) -> u32 {
        self.0 & 0xFF
    }

    /// The literal, or the least length or distance it stands for.
    #[inline]
    pub(super) fn value(self) -> u32 {
        self.0 >> 16 & 0x7FFF
    }

    /// The value with the extra bits, which follow the codeword in `bits`.
    #[inline]
    pub(super) fn value_with(self, bits: u64) -> u32 {
        let extra = (bits & ((1 << (self.all_bits() & 63)) - 1)) >> self.bits();
        self.value() + extra as u32
    }

    /// A byte that stands for itself.
    #[inline]
    pub(super) fn is_literal(self) -> bool {
        self.0 & Entry::LITERAL != 0
    }

    /// The end of the block.
    #[inline]
    pub(super) fn is_end(self) -> bool {
        self.0 & Entry::END != 0
    }

    /// Means nothing in DEFLATE.
    #[inline]
    pub(super) fn is_invalid(self) -> bool {
        self.0 & Entry::INVALID != 0
    }

    /// Neither a literal nor a length nor a distance.
    #[inline]
    pub(super) fn is_special(self) -> bool {
        self.0 & (Entry::END | Entry::INVALID | Entry::LONG) != 0
    }

    #[inline]
    fn is_long(self) -> bool {
        self.0 & Entry::LONG != 0
    }
}

/// A symbol has a codeword of so many bits, at least 1.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Length {
    pub(super) symbol: u16,
    pub(super) bits: u8,
}

/// A Huffman code with a table of at most `SLOTS` (a power of two) entries for its short codewords.
#[derive(Debug)]
pub(super) struct Code<const SLOTS: usize, const SYMBOLS: usize> {
    slots: [Entry; SLOTS],
    /// How many slots are in use, less one.
    mask: usize,
    /// Bits of the longest codeword.
    longest: usize,
    /// For each length that is too long for a slot, what follows its last codeword, as the first of 15 bits.
    limits: [u32; LONGEST + 1],
    /// And what added to such a codeword gives its place among all.
    places: [u32; LONGEST + 1],
    /// Symbols in the order of their codewords.
    sorted: [u16; SYMBOLS],
    /// What each symbol means.
    meanings: &'static [Entry; SYMBOLS],
}

/// Of literals, lengths and the end of the block.
pub(super) type LiteralCode = Code<2048, 288>;
/// Of distances.
pub(super) type DistanceCode = Code<512, 32>;
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
        Code {
            slots: [Entry::GAP; SLOTS],
            mask: 0,
            longest: 0,
            limits: [0; LONGEST + 1],
            places: [0; LONGEST + 1],
            sorted: [0; SYMBOLS],
            meanings,
        }
    }

    /// Makes the code with these codewords, whose symbols ascend from `base` on, at most `SYMBOLS` of them. Gives false if
    /// there is no such code: more codewords than fit, or fewer. `lone` allows fewer than two codewords (RFC 1951 §3.2.7:
    /// "One distance code of zero bits means that there are no distance codes used at all").
    pub(super) fn make(&mut self, lengths: &[Length], base: u16, lone: bool) -> bool {
        let mut counts = [0_u16; LONGEST + 1];
        for length in lengths {
            counts[usize::from(length.bits) & LONGEST] += 1;
        }
        let longest = counts.iter().rposition(|&count| count > 0).unwrap_or(0);
        let mut free: i32 = 1;
        let mut at = [0_u16; LONGEST + 2];
        for length in 1..=longest {
            free = (free << 1) - i32::from(counts[length]);
            if free < 0 {
                return false;
            }
            at[length + 1] = at[length] + counts[length];
        }
        let gaps = free > 0;
        if gaps && (longest > 1 || !lone) {
            return false;
        }
        for length in lengths {
            let place = &mut at[usize::from(length.bits) & LONGEST];
            self.sorted[usize::from(*place)] = length.symbol - base;
            *place += 1;
        }
        self.fill(&counts, longest, gaps);
        true
    }

    /// Writes each short codeword into every slot whose index ends in it: DEFLATE packs a codeword's first bit lowest.
    fn fill(&mut self, counts: &[u16; LONGEST + 1], longest: usize, gaps: bool) {
        let root = longest.min(Self::ROOT);
        let shortest = counts[..root].iter().position(|&count| count > 0).unwrap_or(root);
        self.mask = (1 << root) - 1;
        self.slots[..1 << shortest].fill(if gaps { Entry::GAP } else { Entry::BEYOND });
        // The next codeword, and the same with its first bit lowest, which a 0 more at its end leaves as it is.
        let (mut codeword, mut packed, mut place) = (0_u32, 0_usize, 0_usize);
        for (length, &count) in counts.iter().enumerate().take(longest + 1).skip(shortest.max(1)) {
            let count = usize::from(count);
            if length <= root {
                if length > shortest {
                    // What the bits before say holds whatever the next bit is.
                    let known = 1 << (length - 1);
                    self.slots.copy_within(..known, known);
                }
                for &symbol in &self.sorted[place..place + count] {
                    let entry = Entry(self.meanings[usize::from(symbol)].0 + length as u32 * Entry::BIT);
                    self.slots[packed & (SLOTS - 1)] = entry;
                    // One more: the last bit that is 0 becomes 1, and those behind it 0. The last codeword has none.
                    let zeros = !packed & ((1 << length) - 1);
                    let bit = 1 << (zeros | 1).ilog2();
                    packed = packed & (bit - 1) | bit;
                }
            } else {
                self.places[length] = (place as u32).wrapping_sub(codeword);
                self.limits[length] = (codeword + count as u32) << (LONGEST - length);
            }
            codeword = (codeword + count as u32) << 1;
            place += count;
        }
        self.longest = longest;
    }

    /// The table alone.
    #[inline]
    pub(super) fn table(&self) -> Table<'_, SLOTS> {
        Table { slots: &self.slots, mask: self.mask & (SLOTS - 1) }
    }

    /// The codeword that `bits` begins with. Where fewer bits are at hand than it has ([`Entry::bits`]), it is not
    /// known yet.
    #[inline]
    pub(super) fn look_up(&self, bits: u64) -> Entry {
        let entry = self.table().slot(bits);
        if entry.is_long() { self.look_up_long(bits) } else { entry }
    }

    #[inline(never)]
    fn look_up_long(&self, bits: u64) -> Entry {
        // RFC 1951 §3.2.2: the codewords of a length are consecutive, and follow those of the length before.
        let first = u32::from((bits as u16).reverse_bits() >> 1);
        for length in Self::ROOT + 1..=self.longest {
            if first < self.limits[length] {
                let place = self.places[length].wrapping_add(first >> (LONGEST - length));
                let symbol = self.sorted[place as usize];
                return Entry(self.meanings[usize::from(symbol)].0 + length as u32 * Entry::BIT);
            }
        }
        Entry::GAP
    }
}

/// The table of a code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a, const SLOTS: usize> {
    slots: &'a [Entry; SLOTS],
    mask: usize,
}

impl<const SLOTS: usize> Table<'_, SLOTS> {
    /// Like [`Code::look_up`], but codewords that are too long for the table are special.
    #[inline]
    pub(super) fn slot(self, bits: u64) -> Entry {
        self.slots[bits as usize & self.mask]
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
    let bits = |symbol| match symbol {
        0..144 | 280.. => 8,
        144..256 => 9,
        256..280 => 7,
    };
    let literals: [Length; 288] = std::array::from_fn(|n| Length { symbol: n as u16, bits: bits(n) });
    let distances: [Length; 32] = std::array::from_fn(|n| Length { symbol: n as u16, bits: 5 });
    let mut codes = Codes::new();
    codes.literals.make(&literals, 0, false);
    codes.distances.make(&distances, 0, false);
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

/// Among the values of codewords for lengths: this and more repeat the length before, so many times as they are more.
pub(super) const REPEATED: u32 = 0x100;

/// This and more repeat the length 0.
pub(super) const ZEROS: u32 = 0x200;

/// RFC 1951 §3.2.7: lengths themselves; then 3 to 6 times the one before, 3 to 10 and 11 to 138 times 0.
const LENGTHS: [Entry; 19] = {
    let mut meanings = [Entry(0); 19];
    let mut symbol = 0;
    while symbol < 16 {
        meanings[symbol] = Entry::range(symbol as u16, 0);
        symbol += 1;
    }
    meanings[16] = Entry::range(REPEATED as u16 + 3, 2);
    meanings[17] = Entry::range(ZEROS as u16 + 3, 3);
    meanings[18] = Entry::range(ZEROS as u16 + 11, 7);
    meanings
};

#[cfg(test)]
mod tests {
    use super::*;

    fn given(lengths: &[u8]) -> Vec<Length> {
        let of = |(symbol, &bits): (usize, &u8)| (bits > 0).then_some(Length { symbol: symbol as u16, bits });
        lengths.iter().enumerate().filter_map(of).collect()
    }

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
        assert!(code.make(&given(&[3, 3, 3, 3, 3, 2, 4, 4]), 0, false));
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
        assert!(code.make(&given(&lengths), 0, false));
        for symbol in 0..15 {
            let entry = code.look_up((1 << symbol) - 1);
            assert_eq!((entry.bits(), entry.value()), (symbol + 1, symbol));
        }
        assert_eq!(code.look_up(0x7FFF).value(), 15);
    }

    #[test]
    fn lengths_that_make_no_code() {
        let mut code = Code::distances();
        assert!(!code.make(&given(&[1, 1, 1]), 0, true), "too many");
        assert!(!code.make(&given(&[2, 2]), 0, true), "too few");
        assert!(!code.make(&given(&[1]), 0, false), "too few");
        assert!(code.make(&given(&[1]), 0, true));
        assert!(!code.look_up(0).is_invalid() && code.look_up(1).is_invalid());
        assert!(code.make(&given(&[0]), 0, true));
        assert!(code.look_up(0).is_invalid());
    }
}
