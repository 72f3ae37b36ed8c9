//! Linear congruential generators that hide the low 16 bits of their state: java.util.Random and Microsoft's `rand`.

use super::{Order, Prediction};

/// Bits of the state below those that are shown.
const HIDDEN: u32 = 16;

/// s → a·s + c mod 2^bits, of which an output shows all but the low 16 bits.
#[derive(Clone, Copy, Debug)]
struct Linear {
    /// More than 2^16 and less than 2^bits.
    multiplier: u64,
    increment: u64,
    /// Of the state, at most 48.
    bits: u32,
    /// Places and factors: the sum of these multiples of states that follow each other is the same for every first
    /// state, modulo 2^bits. Empty where the search is short without it.
    relation: &'static [(usize, i64)],
    /// That sum.
    sum: u64,
}

/// The documented algorithm of java.util.Random: `next(32)` shows the upper 32 of 48 bits.
const JAVA: Linear =
    Linear { multiplier: 0x5_DEEC_E66D, increment: 0xB, bits: 48, relation: &[], sum: 0 }.with_relation(&JAVA_RELATION);

/// Microsoft's `rand` shows bits 16 to 30.
const MICROSOFT: Linear = Linear { multiplier: 214_013, increment: 2_531_011, bits: 31, relation: &[], sum: 0 };

/// Of which the low byte alone depends on 24 bits of state.
const MICROSOFT_BYTE: Linear = Linear { bits: 24, ..MICROSOFT }.with_relation(&MICROSOFT_BYTE_RELATION);

/// 43587 + 36586·a + 15843·a² ≡ 0 modulo 2^48, found by reducing a lattice. By chance outputs pass in 2^-15.
const JAVA_RELATION: [(usize, i64); 3] = [(0, 43_587), (1, 36_586), (2, 15_843)];

/// 1 + a + a² + a⁵ + a¹⁴ + a¹⁶ - a¹⁷ - a²⁰ ≡ 0 modulo 2^24, found by trying. By chance bytes pass in 8 of 256.
const MICROSOFT_BYTE_RELATION: [(usize, i64); 8] =
    [(0, 1), (1, 1), (2, 1), (5, 1), (14, 1), (16, 1), (17, -1), (20, -1)];

impl Linear {
    const fn step(self, state: u64) -> u64 {
        self.multiplier.wrapping_mul(state).wrapping_add(self.increment) & self.mask()
    }

    const fn mask(self) -> u64 {
        (1 << self.bits) - 1
    }

    /// With the sum of this relation, taken from the states after 0: that of any other states is the same.
    const fn with_relation(self, relation: &'static [(usize, i64)]) -> Linear {
        let (mut sum, mut state, mut place, mut next) = (0u64, 0u64, 0, 0);
        while next < relation.len() {
            let (at, factor) = relation[next];
            while place < at {
                state = self.step(state);
                place += 1;
            }
            sum = sum.wrapping_add(state.wrapping_mul(factor.cast_unsigned()));
            next += 1;
        }
        Linear { relation, sum: sum & self.mask(), ..self }
    }

    /// Whether the outputs may keep to the relation. What is shown of the states gives the sum but for the hidden parts,
    /// each from 0 to 2^16 - 1, so it can be off by little. A few multiplications dismiss nearly all other numbers.
    #[inline(always)]
    fn keeps_relation(self, outputs: &[u64]) -> bool {
        let (mut shown, mut below, mut above) = (0u64, 0u64, 0u64);
        for &(at, factor) in self.relation {
            let Some(output) = outputs.get(at) else { return true };
            shown = shown.wrapping_add((output << HIDDEN).wrapping_mul(factor.cast_unsigned()));
            let reach = factor.unsigned_abs() * ((1 << HIDDEN) - 1);
            if factor < 0 { below += reach } else { above += reach }
        }
        // hidden = sum - shown is at least -below and at most above.
        self.sum.wrapping_sub(shown).wrapping_add(below) & self.mask() <= below + above
    }

    /// Whether these outputs follow each other from some state.
    ///
    /// Not by trying all 65,536 hidden parts h of the first state: a·h must be in a window of 2^16 values modulo
    /// 2^bits, and since a is larger than the window, each time a·h goes round there is at most one such h.
    ///
    /// Compiled for each generator, so that the divisions are by constants.
    #[inline(always)]
    fn explains(self, outputs: &[u64]) -> bool {
        let [first, second, rest @ ..] = outputs else { return false };
        if !self.keeps_relation(outputs) {
            return false;
        }
        let known = first << HIDDEN;
        let follows = |hidden: u64| {
            let mut state = self.step(known | hidden);
            let mut shows = |output: u64| {
                let shown = state >> HIDDEN == output;
                state = self.step(state);
                shown
            };
            shows(*second) && rest.iter().all(|&output| shows(output))
        };
        // 0 is in a window that goes over the modulus.
        if follows(0) {
            return true;
        }
        let mut window = (second << HIDDEN).wrapping_sub(self.step(known)) & self.mask();
        let rounds = (self.multiplier << HIDDEN) >> self.bits;
        for _ in 0..=rounds {
            let hidden = window.div_ceil(self.multiplier);
            if hidden < 1 << HIDDEN && follows(hidden) {
                return true;
            }
            window += 1 << self.bits;
        }
        false
    }
}

/// The third of the newest keys is what java.util.Random makes after the two before it.
pub(super) fn java(keys: &[u32]) -> Option<Prediction> {
    let newest: &[u32; 3] = keys.last_chunk()?;
    let order = Order::BOTH.into_iter().find(|order| JAVA.explains(&newest.map(|key| order.read(key).into())))?;
    let generator = match order {
        Order::Big => "java.util.Random (nextInt)",
        Order::Little => "java.util.Random (nextBytes)",
    };
    Some(Prediction { generator, from: 2, predicted: 1 })
}

/// The newest keys are what Microsoft's `rand` makes after those before them.
pub(super) fn microsoft(keys: &[u32]) -> Option<Prediction> {
    let newest: &[u32; 6] = keys.last_chunk()?;
    let found = |generator| Some(Prediction { generator, from: 2, predicted: 4 });
    for order in Order::BOTH {
        let read = newest.map(|key| order.read(key));
        let bytes: [u64; 24] = std::array::from_fn(|at| u64::from(read[at / 4].to_be_bytes()[at % 4]));
        if MICROSOFT_BYTE.explains(&bytes) {
            return found("Microsoft's rand (its low byte four times)");
        }
        if read.iter().all(|&key| key & 0x8000_8000 == 0) {
            let halves = |turn| {
                read.iter().flat_map(move |key: &u32| {
                    let key = key.rotate_left(turn);
                    [u64::from(key >> 16), u64::from(key & 0xffff)]
                })
            };
            // The order of two calls in one expression is the compiler's choice.
            if [0, 16].into_iter().any(|turn| MICROSOFT.explains(&halves(turn).collect::<Vec<_>>())) {
                return found("Microsoft's rand (two calls side by side)");
            }
            if MICROSOFT.explains(&read.map(u64::from)) {
                return found("Microsoft's rand (one call)");
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{HIDDEN, JAVA, Linear, MICROSOFT, MICROSOFT_BYTE};
    use proptest::prelude::*;

    fn outputs(linear: Linear, seed: u64, count: usize) -> Vec<u64> {
        let states = std::iter::successors(Some(linear.step(seed)), |&state| Some(linear.step(state)));
        states.map(|state| state >> 16).take(count).collect()
    }

    /// The definition of what [`Linear::explains`] finds by division.
    fn by_trying_all(linear: Linear, shown: &[u64]) -> bool {
        (0..1 << 16).any(|hidden| {
            let mut state = shown[0] << 16 | hidden;
            shown[1..].iter().all(|&output| {
                state = linear.step(state);
                state >> 16 == output
            })
        })
    }

    #[test]
    fn relations_hold_modulo_the_states() {
        for linear in [JAVA, MICROSOFT_BYTE] {
            let powers: Vec<u64> =
                std::iter::successors(Some(1u64), |power| Some(power.wrapping_mul(linear.multiplier)))
                    .take(24)
                    .collect();
            let sum = linear
                .relation
                .iter()
                .fold(0u64, |sum, &(at, factor)| sum.wrapping_add(powers[at].wrapping_mul(factor.cast_unsigned())));
            assert_eq!(sum & linear.mask(), 0, "{linear:?}");
        }
    }

    proptest! {
        #[test]
        fn own_outputs_are_explained(seed: u64) {
            for linear in [JAVA, MICROSOFT, MICROSOFT_BYTE] {
                let mut shown = outputs(linear, seed & linear.mask(), 24);
                prop_assert!(linear.explains(&shown));
                shown[7] ^= 1;
                prop_assert!(!linear.explains(&shown));
            }
        }

        /// Hidden parts at both ends of their range, which bring the sum to the ends of what it may be off by.
        #[test]
        fn own_outputs_keep_the_relation(seed: u64, low: bool) {
            for linear in [JAVA, MICROSOFT_BYTE] {
                let hidden = if low { 0 } else { (1 << HIDDEN) - 1 };
                let seed = (seed << HIDDEN | hidden) & linear.mask();
                let shown: Vec<u64> = std::iter::successors(Some(seed), |&state| Some(linear.step(state)))
                    .map(|state| state >> HIDDEN)
                    .take(24)
                    .collect();
                prop_assert!(linear.keeps_relation(&shown));
            }
        }

        /// Of two bytes 256 hidden parts are possible, of four bytes one in every 256 times.
        #[test]
        fn division_finds_what_trying_finds(bytes in prop::collection::vec(0u64..256, 2..5)) {
            prop_assert_eq!(MICROSOFT_BYTE.explains(&bytes), by_trying_all(MICROSOFT_BYTE, &bytes));
        }

        #[test]
        fn windows_over_the_modulus_are_found(first in 0u64..256, hidden in 0u64..1 << 16) {
            let second = MICROSOFT_BYTE.step(first << 16 | hidden) >> 16;
            let third = MICROSOFT_BYTE.step(MICROSOFT_BYTE.step(first << 16 | hidden)) >> 16;
            prop_assert!(MICROSOFT_BYTE.explains(&[first, second, third]));
        }
    }
}
