//! Linear congruential generators that hide the low 16 bits of their state: java.util.Random and Microsoft's `rand`.

use super::{Order, Prediction};

/// Bits of the state below those that are shown.
const HIDDEN: u32 = 16;

/// s → a·s + c mod 2^bits, of which an output shows all but the low 16 bits; with a relation of `R` terms, none where the
/// search is short without one.
#[derive(Clone, Copy, Debug)]
struct Linear<const R: usize> {
    /// More than 2^16 and less than 2^bits.
    multiplier: u64,
    increment: u64,
    /// Of the state, at most 48.
    bits: u32,
    /// Places and factors: the sum of these multiples of states that follow each other is the same for every first
    /// state, modulo 2^bits.
    relation: [(usize, i64); R],
    /// The least that the shown parts of the states can add up to, and by how much more: what is hidden of them makes up
    /// the rest of that sum.
    least: u64,
    slack: u64,
}

/// The documented algorithm of java.util.Random: `next(32)` shows the upper 32 of 48 bits.
const JAVA: Linear<3> = Linear::new(0x5_DEEC_E66D, 0xB, 48, JAVA_RELATION);

/// Microsoft's `rand` shows bits 16 to 30.
const MICROSOFT: Linear<0> = Linear::new(214_013, 2_531_011, 31, []);

/// Of which the low byte alone depends on 24 bits of state.
const MICROSOFT_BYTE: Linear<8> = Linear::new(214_013, 2_531_011, 24, MICROSOFT_BYTE_RELATION);

/// 43587 + 36586·a + 15843·a² ≡ 0 modulo 2^48, found by reducing a lattice. By chance outputs pass in 2^-15.
const JAVA_RELATION: [(usize, i64); 3] = [(0, 43_587), (1, 36_586), (2, 15_843)];

/// 1 + a + a² + a⁵ + a¹⁴ + a¹⁶ - a¹⁷ - a²⁰ ≡ 0 modulo 2^24, found by trying. By chance bytes pass in 8 of 256, those of
/// six keys, in which it has four places, in one of a million.
const MICROSOFT_BYTE_RELATION: [(usize, i64); 8] =
    [(0, 1), (1, 1), (2, 1), (5, 1), (14, 1), (16, 1), (17, -1), (20, -1)];

impl<const R: usize> Linear<R> {
    /// The sum of the relation is taken from the states after 0: that of any other states is the same.
    const fn new(multiplier: u64, increment: u64, bits: u32, relation: [(usize, i64); R]) -> Linear<R> {
        let mut linear = Linear { multiplier, increment, bits, relation, least: 0, slack: 0 };
        let (mut state, mut place, mut next) = (0, 0, 0);
        while next < R {
            let (at, factor) = relation[next];
            while place < at {
                state = linear.step(state);
                place += 1;
            }
            linear.least = linear.least.wrapping_add(state.wrapping_mul(factor.cast_unsigned()));
            // A hidden part is from 0 to 2^16 - 1.
            let reach = factor.unsigned_abs() * ((1 << HIDDEN) - 1);
            linear.slack += reach;
            if factor > 0 {
                linear.least = linear.least.wrapping_sub(reach);
            }
            next += 1;
        }
        linear
    }

    const fn step(self, state: u64) -> u64 {
        self.multiplier.wrapping_mul(state).wrapping_add(self.increment) & self.mask()
    }

    const fn mask(self) -> u64 {
        (1 << self.bits) - 1
    }

    /// Whether the outputs may keep to the relation, wherever among them it is looked for. A few multiplications dismiss
    /// nearly all other numbers.
    #[inline(always)]
    fn keeps_relation(self, outputs: &[u64]) -> bool {
        let Some((last, _)) = self.relation.last() else { return true };
        outputs.windows(last + 1).all(|outputs| {
            let shown = self.relation.into_iter().fold(0u64, |shown, (at, factor)| {
                shown.wrapping_add((outputs[at] << HIDDEN).wrapping_mul(factor.cast_unsigned()))
            });
            shown.wrapping_sub(self.least) & self.mask() <= self.slack
        })
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
    let newest: [u32; 3] = *keys.last_chunk()?;
    let keeps_relation = |newest: [u32; 3]| JAVA.keeps_relation(&newest.map(u64::from));
    if keeps_relation(newest) || keeps_relation(newest.map(u32::swap_bytes)) { made_by_java(newest) } else { None }
}

#[cold]
fn made_by_java(newest: [u32; 3]) -> Option<Prediction> {
    let generator = if JAVA.explains(&newest.map(u64::from)) {
        "java.util.Random (nextInt)"
    } else if JAVA.explains(&newest.map(|key| key.swap_bytes().into())) {
        "java.util.Random (nextBytes)"
    } else {
        return None;
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

    fn outputs<const R: usize>(linear: Linear<R>, seed: u64, count: usize) -> Vec<u64> {
        let states = std::iter::successors(Some(linear.step(seed)), |&state| Some(linear.step(state)));
        states.map(|state| state >> 16).take(count).collect()
    }

    /// The definition of what [`Linear::explains`] finds by division.
    fn by_trying_all<const R: usize>(linear: Linear<R>, shown: &[u64]) -> bool {
        (0..1 << 16).any(|hidden| {
            let mut state = shown[0] << 16 | hidden;
            shown[1..].iter().all(|&output| {
                state = linear.step(state);
                state >> 16 == output
            })
        })
    }

    fn holds_modulo_the_states<const R: usize>(linear: Linear<R>) {
        let powers: Vec<u64> =
            std::iter::successors(Some(1u64), |power| Some(power.wrapping_mul(linear.multiplier))).take(24).collect();
        let sum = linear
            .relation
            .iter()
            .fold(0u64, |sum, &(at, factor)| sum.wrapping_add(powers[at].wrapping_mul(factor.cast_unsigned())));
        assert_eq!(sum & linear.mask(), 0, "{linear:?}");
    }

    #[test]
    fn relations_hold_modulo_the_states() {
        holds_modulo_the_states(JAVA);
        holds_modulo_the_states(MICROSOFT_BYTE);
    }

    fn explains_its_own<const R: usize>(linear: Linear<R>, seed: u64) {
        let mut shown = outputs(linear, seed & linear.mask(), 24);
        assert!(linear.explains(&shown));
        shown[7] ^= 1;
        assert!(!linear.explains(&shown));
    }

    fn keeps_its_own<const R: usize>(linear: Linear<R>, seed: u64, hidden: u64) {
        let seed = (seed << HIDDEN | hidden) & linear.mask();
        let shown: Vec<u64> = std::iter::successors(Some(seed), |&state| Some(linear.step(state)))
            .map(|state| state >> HIDDEN)
            .take(24)
            .collect();
        assert!(linear.keeps_relation(&shown));
    }

    proptest! {
        #[test]
        fn own_outputs_are_explained(seed: u64) {
            explains_its_own(JAVA, seed);
            explains_its_own(MICROSOFT, seed);
            explains_its_own(MICROSOFT_BYTE, seed);
        }

        /// Hidden parts at both ends of their range, which bring the sum to the ends of what it may be off by.
        #[test]
        fn own_outputs_keep_the_relation(seed: u64, low: bool) {
            let hidden = if low { 0 } else { (1 << HIDDEN) - 1 };
            keeps_its_own(JAVA, seed, hidden);
            keeps_its_own(MICROSOFT_BYTE, seed, hidden);
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
