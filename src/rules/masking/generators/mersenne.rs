//! MT19937, the Mersenne Twister (Matsumoto and Nishimura 1998), one 32-bit output for each key.
//!
//! The output is an invertible function of a state word, and each word a function of the words 624, 623 and 227
//! before it.

use super::{Order, Prediction};

const STATE: usize = 624;
const MIDDLE: usize = 397;

/// Keys that must have been predicted.
const PREDICTED: usize = 4;

/// The newest four keys are what MT19937 makes after the 624 before them. By chance: 2^-127.
pub(super) fn predict(keys: &[u32]) -> Option<Prediction> {
    let start = keys.len().checked_sub(STATE + PREDICTED)?;
    let keys = &keys[start..];
    Order::BOTH
        .into_iter()
        .any(|order| (0..PREDICTED).all(|at| order.read(keys[STATE + at]) == next(&keys[at..], order)))
        .then_some(Prediction { generator: "MT19937, the Mersenne Twister", from: STATE, predicted: PREDICTED })
}

/// The output after these 624.
fn next(keys: &[u32], order: Order) -> u32 {
    let word = |at: usize| untemper(order.read(keys[at]));
    let joined = word(0) & 0x8000_0000 | word(1) & 0x7fff_ffff;
    temper(word(MIDDLE) ^ joined >> 1 ^ if joined & 1 == 1 { 0x9908_b0df } else { 0 })
}

fn temper(mut y: u32) -> u32 {
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c_5680;
    y ^= y << 15 & 0xefc6_0000;
    y ^ y >> 18
}

/// Undoes the steps of [`temper`], the last first.
fn untemper(mut y: u32) -> u32 {
    y ^= y >> 18;
    // Applied once, since the bits that it changes are not among those it reads.
    y ^= y << 15 & 0xefc6_0000;
    // Seven bits become right each time.
    let shown = y;
    for _ in 0..4 {
        y = shown ^ y << 7 & 0x9d2c_5680;
    }
    let shown = y;
    for _ in 0..2 {
        y = shown ^ y >> 11;
    }
    y
}
