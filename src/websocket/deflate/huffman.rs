//! Huffman codes as DEFLATE gives them: by the lengths of their codewords (RFC 1951 §3.2.2).
//!
//! A short codeword is found by one look into a table, a longer one (rare, for that is what codes are for) by comparing it
//! with the last one of each length. A table has as many slots as the longest codeword needs, and is made from the
//! codewords there are, not from all there could be: a message of 1 KB brings a code of its own with forty codewords, and
//! making it costs as much as using it. What each means is said in [`meaning`](super::meaning).

use super::meaning::{DISTANCES, Entry, LENGTHS, LITERALS};
use std::sync::LazyLock;

/// No codeword is longer (RFC 1951 §3.2.7).
const LONGEST: usize = 15;

/// A symbol has a codeword of so many bits, 1 to 15: they are the lowest four bits, the symbol stands above.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Length(u16);

impl Length {
    pub(super) fn new(symbol: u32, bits: u32) -> Length {
        Length((symbol << 4 | bits) as u16)
    }

    /// The symbol so much further on with as many bits.
    #[inline]
    pub(super) fn further(self, by: u16) -> Length {
        Length(self.0 + (by << 4))
    }

    #[inline]
    pub(super) fn symbol(self) -> u16 {
        self.0 >> 4
    }

    #[inline]
    fn bits(self) -> usize {
        usize::from(self.0) & LONGEST
    }
}

/// A Huffman code with a table of at most `SLOTS` (a power of two) entries for its short codewords.
#[derive(Debug)]
pub(super) struct Code<const SLOTS: usize, const SYMBOLS: usize> {
    slots: [Entry; SLOTS],
    /// How many slots are in use, less one.
    mask: usize,
    /// Bits of the longest codeword.
    longest: usize,
    /// For each length that is too long for a slot, what follows its last codeword, as the first of 16 bits.
    limits: [u32; LONGEST + 1],
    /// And what added to such a codeword gives its place among all of these.
    places: [u16; LONGEST + 1],
    /// Their symbols in the order of the codewords.
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
        let (mut counts, mut longest) = ([0_u16; LONGEST + 1], 0);
        for length in lengths {
            counts[length.bits()] += 1;
            longest = longest.max(length.bits());
        }
        // RFC 1951 §3.2.2: the first codeword of each length, and what follows the last one, as the first of 16 bits.
        let (mut next, mut end) = ([0_u16; LONGEST + 1], 0_u32);
        for length in 1..longest + 1 {
            next[length] = end as u16;
            end += u32::from(counts[length]) << (16 - length);
        }
        let gaps = end < 1 << 16;
        if end > 1 << 16 || gaps && (longest > 1 || !lone) {
            return false;
        }
        let root = longest.min(Self::ROOT);
        if longest > root {
            self.prepare_long(&counts, &next);
        }
        self.longest = longest;
        self.mask = (1 << root) - 1;
        let slots = &mut self.slots[..1 << root];
        slots.fill(Entry::NONE);
        if gaps {
            slots[(1 << root) - 1] = Entry::GAP;
        }
        for length in lengths {
            let (symbol, bits) = (length.symbol() - base, length.bits());
            let codeword = next[bits];
            next[bits] = codeword.wrapping_add((1_u32 << 16 >> bits) as u16);
            let slot = &mut slots[usize::from(reversed(codeword)) & ((1 << root) - 1)];
            if bits <= root {
                *slot = self.meanings[usize::from(symbol)].with_codeword(bits);
            } else {
                *slot = Entry::BEYOND;
                self.sorted[self.places[bits].wrapping_add(codeword >> (16 - bits)) as usize] = symbol;
            }
        }
        repeat(slots);
        true
    }

    /// Settles which place each codeword that is too long for the table has among these.
    fn prepare_long(&mut self, counts: &[u16; LONGEST + 1], first: &[u16; LONGEST + 1]) {
        let mut place = 0_u16;
        for length in Self::ROOT + 1..=LONGEST {
            self.places[length] = place.wrapping_sub(first[length] >> (16 - length));
            self.limits[length] = u32::from(first[length]) + (u32::from(counts[length]) << (16 - length));
            place += counts[length];
        }
    }

    /// The table alone.
    #[inline]
    pub(super) fn table(&self) -> Table<'_, SLOTS> {
        Table { slots: &self.slots, mask: self.mask & (SLOTS - 1) }
    }

    /// The codeword that `bits` begins with. Where fewer bits are at hand than it has ([`Entry::all_bits`]), it is not
    /// known yet.
    #[inline]
    pub(super) fn look_up(&self, bits: u64) -> Entry {
        let entry = self.table().slot(bits);
        if entry.is_beyond() { self.look_up_long(bits) } else { entry }
    }

    #[inline(never)]
    fn look_up_long(&self, bits: u64) -> Entry {
        // RFC 1951 §3.2.2: the codewords of a length are consecutive, and follow those of the length before.
        let first = (bits as u16).reverse_bits();
        for length in Self::ROOT + 1..=self.longest {
            if u32::from(first) < self.limits[length] {
                let place = self.places[length].wrapping_add(first >> (16 - length));
                let symbol = self.sorted[usize::from(place)];
                return self.meanings[usize::from(symbol)].with_codeword(length);
            }
        }
        Entry::GAP
    }
}

/// DEFLATE packs a codeword's first bit lowest.
#[inline]
fn reversed(codeword: u16) -> u16 {
    const REVERSED: [u8; 256] = {
        let mut bytes = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            bytes[byte] = (byte as u8).reverse_bits();
            byte += 1;
        }
        bytes
    };
    u16::from_le_bytes(codeword.to_be_bytes().map(|byte| REVERSED[usize::from(byte)]))
}

/// Repeats each codeword in all slots whose index ends in it. Where no codeword has a slot's whole index, a shorter one has
/// the index without its highest bit, or the end of that.
fn repeat(slots: &mut [Entry]) {
    /// So many slots at a time.
    const STEP: usize = 8;
    for at in 1..slots.len().min(STEP) {
        if slots[at] == Entry::NONE {
            slots[at] = slots[at & !(1 << at.ilog2())];
        }
    }
    let (steps, _) = slots.as_chunks_mut::<STEP>();
    for at in 1..steps.len() {
        let shorter = steps[at & !(1 << at.ilog2())];
        for (slot, shorter) in steps[at].iter_mut().zip(shorter) {
            *slot = if *slot == Entry::NONE { shorter } else { *slot };
        }
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
    let literals: [Length; 288] = std::array::from_fn(|n| Length::new(n as u32, bits(n)));
    let distances: [Length; 32] = std::array::from_fn(|n| Length::new(n as u32, 5));
    let mut codes = Codes::new();
    codes.literals.make(&literals, 0, false);
    codes.distances.make(&distances, 0, false);
    codes
});

#[cfg(test)]
mod tests {
    use super::*;

    fn given(lengths: &[u8]) -> Vec<Length> {
        let of = |(symbol, &bits): (usize, &u8)| (bits > 0).then_some(Length::new(symbol as u32, bits.into()));
        lengths.iter().enumerate().filter_map(of).collect()
    }

    /// The example of RFC 1951 §3.2.2: A to H with lengths 3 3 3 3 3 2 4 4; F is 00, A is 010, H is 1111.
    #[test]
    fn the_example_of_section_3_2_2() {
        let mut code = Code::literals();
        assert!(code.make(&given(&[3, 3, 3, 3, 3, 2, 4, 4]), 0, false));
        for (codeword, bits, symbol) in [(0b00, 2, 5), (0b010, 3, 0), (0b011, 3, 1), (0b1111, 4, 7), (0b1110, 4, 6)] {
            let packed = u64::from(u16::reverse_bits(codeword) >> (16 - bits));
            let entry = code.look_up(packed | 0xFF00);
            assert_eq!((entry.all_bits(), entry.value()), (bits, symbol));
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
            assert_eq!((entry.all_bits(), entry.value()), (symbol + 1, symbol));
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
