//! Tests of masking keys by numbers alone. What each does by chance is said at each; the rules' pages repeat it.

use super::generators::Order;
use std::fmt;

/// A repetition among this many first keys is too soon: by chance n²/2^33, less than 1.2 · 10^-7.
const SOON: usize = 32;

/// Whether keys came back too soon or too often, judged when the newest did. `repeats` counts how often one did.
#[inline]
pub(super) fn repeats_too_often(keys: &[u32], repeats: &mut u32) -> bool {
    let Some((newest, before)) = keys.split_last() else { return false };
    if !before.contains(newest) {
        return false;
    }
    *repeats = repeats.saturating_add(1);
    keys.len() <= SOON || *repeats >= 2
}

/// Steps from key to key.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Steps {
    last: Option<u32>,
    /// In either byte order.
    runs: [Run; 2],
}

/// How the newest steps are alike.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    step: u32,
    /// How often the step was the one before it.
    same: u8,
    /// Small steps upward without another between.
    rising: u8,
}

/// How keys go on from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sequence {
    /// By the same step.
    Progression(u32),
    /// By small steps upward.
    Rising,
}

/// A step above this is not small: chance makes a small one in 1 of 256.
const SMALL: u32 = 1 << 24;

/// Equal steps in a row beyond the first; 2^-64 by chance.
const SAME: u8 = 2;

/// Small steps in a row; 2^-64 by chance.
const RISING: u8 = 8;

impl Steps {
    /// Takes the next key, which is not the one before.
    #[inline]
    pub(super) fn push(&mut self, key: u32) -> Option<(Order, Sequence)> {
        let last = self.last.replace(key)?;
        let [big, little] = Order::BOTH.map(|order| order.read(key).wrapping_sub(order.read(last)));
        let found = (self.runs[0].push(big), self.runs[1].push(little));
        match found {
            (None, None) => None,
            (Some(sequence), _) => Some((Order::Big, sequence)),
            (None, Some(sequence)) => Some((Order::Little, sequence)),
        }
    }
}

impl Run {
    #[inline]
    fn push(&mut self, step: u32) -> Option<Sequence> {
        self.same = if step == self.step { self.same.saturating_add(1) } else { 0 };
        self.rising = if step < SMALL { self.rising.saturating_add(1) } else { 0 };
        self.step = step;
        match (self.same >= SAME, self.rising >= RISING) {
            (true, _) => Some(Sequence::Progression(step)),
            (false, true) => Some(Sequence::Rising),
            (false, false) => None,
        }
    }
}

impl Sequence {
    /// Says what the keys up to this one do.
    pub(super) fn describe(self, order: Order) -> String {
        match self {
            Sequence::Progression(step) => {
                let step = step.cast_signed();
                format!("four keys in a row, read as {order} numbers, are {} apart", step.unsigned_abs())
            }
            Sequence::Rising => {
                format!("nine keys in a row, read as {order} numbers, rise by less than 2^24 each, as a clock does")
            }
        }
    }
}

/// What is wrong with a set of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weakness {
    /// These bits are the same in all keys.
    Fixed { bits: u32, value: u32, of: usize },
    /// All keys lie in an affine space of so many dimensions over GF(2).
    Dependent { dimensions: u32, of: usize },
    /// This bit, counted from the highest of the first byte, is one so often.
    Biased { bit: usize, ones: usize, of: usize },
}

/// Looks for a weakness, at fixed numbers of keys only: each test is made once, or its chance would add up.
#[inline]
pub(super) fn weakness(keys: &[u32]) -> Option<Weakness> {
    match keys.len() {
        32 => fixed(keys),
        64 => dependent(keys),
        256 | 512 => biased(keys),
        _ => None,
    }
}

/// A bit is the same in all of n keys: by chance 32 · 2^(1-n), for 32 keys 2^-26.
#[cold]
fn fixed(keys: &[u32]) -> Option<Weakness> {
    let ones = keys.iter().fold(u32::MAX, |all, key| all & key);
    let zeros = !keys.iter().fold(0, |any, key| any | key);
    let bits = ones | zeros;
    (bits != 0).then_some(Weakness::Fixed { bits, value: ones, of: keys.len() })
}

/// The differences of n keys span less than all 32 dimensions: there are 2^32 - 1 linear conditions that could hold for
/// all n - 1 differences, each by chance with 2^(1-n); for 64 keys less than 2^-31.
#[cold]
fn dependent(keys: &[u32]) -> Option<Weakness> {
    let (first, others) = keys.split_first()?;
    // Each vector of the basis stands at its highest bit.
    let mut basis = [0; 32];
    let mut dimensions = 0;
    for key in others {
        let mut rest = key ^ first;
        while let Some(highest) = rest.checked_ilog2() {
            let own = &mut basis[highest as usize];
            if *own == 0 {
                *own = rest;
                dimensions += 1;
                break;
            }
            rest ^= *own;
        }
    }
    (dimensions < 32).then_some(Weakness::Dependent { dimensions, of: keys.len() })
}

/// The ones of a bit are t or more away from n/2. Hoeffding: by chance at most 2 exp(-2t²/n) for a bit; with t² = 10.24 n
/// and 32 bits 8.2 · 10^-8.
#[cold]
fn biased(keys: &[u32]) -> Option<Weakness> {
    let of = keys.len();
    let ones = |bit: usize| keys.iter().filter(|&key| key << bit >> 31 == 1).count();
    // (2 ones - n)² = 4t²
    let far = |ones: usize| 100 * (2 * ones).abs_diff(of).pow(2) >= 4096 * of;
    (0..32).map(|bit| (bit, ones(bit))).find(|&(_, ones)| far(ones)).map(|(bit, ones)| Weakness::Biased {
        bit,
        ones,
        of,
    })
}

impl Weakness {
    /// Of how many values the keys may be, as a power of two.
    pub(super) fn bits_left(self) -> u32 {
        match self {
            Weakness::Fixed { bits, .. } => bits.count_zeros(),
            Weakness::Dependent { dimensions, .. } => dimensions,
            // All keys stay possible, but such a bias is never slight.
            Weakness::Biased { .. } => 0,
        }
    }
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const TOP: u32 = 0x8080_8080;
        match *self {
            Weakness::Fixed { bits, value, of } => {
                let fixed = (0..4).find(|byte| bits << (8 * byte) >> 24 == 0xff);
                match fixed {
                    Some(byte) => write!(f, "byte {byte} of all {of} keys is {:02x}", value << (8 * byte) >> 24)?,
                    None if bits & TOP == TOP && value & TOP == 0 => write!(f, "all bytes of {of} keys are ASCII")?,
                    None => write!(f, "all {of} keys have the bits {bits:08x} in common")?,
                }
                write!(f, ", which leaves 2^{} keys at most", bits.count_zeros())
            }
            Weakness::Dependent { dimensions, of } => write!(
                f,
                "in {of} keys some bits are always the exclusive or of others, which leaves 2^{dimensions} keys at most"
            ),
            Weakness::Biased { bit, ones, of } => {
                let (byte, within) = (bit / 8, 7 - bit % 8);
                write!(f, "bit {within} of byte {byte} is set in {ones} of {of} keys")
            }
        }
    }
}
