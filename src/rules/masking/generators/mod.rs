//! Generators that predict masking keys: whether the newest keys are what a known generator would have made after the
//! keys before them.
//!
//! Each test recovers the state from some keys and holds later ones against it; only those count as evidence. What
//! chance does at most, over all tests of one connection (628 keys): java.util.Random 2 · 626 · 2^-48, the others less
//! than 2^-40 together.

mod glibc;
mod linear;
mod mersenne;

use super::history::HISTORY;
use std::fmt;

/// Keys of which the windows end that the dearer tests look at.
const CHECKPOINTS: [usize; 5] = [6, 16, 64, 256, HISTORY];

/// A generator that made keys come true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prediction {
    /// Its name, and how keys are made from it.
    pub(super) generator: &'static str,
    /// Keys that its state was recovered from.
    pub(super) from: usize,
    /// Keys after them that it predicted.
    pub(super) predicted: usize,
}

/// How four bytes of a key make a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The first byte is the highest.
    Big,
    /// The first byte is the lowest.
    Little,
}

impl Order {
    pub(super) const BOTH: [Order; 2] = [Order::Big, Order::Little];

    /// The number of a key that was read in network order.
    pub(super) fn read(self, key: u32) -> u32 {
        match self {
            Order::Big => key,
            Order::Little => key.swap_bytes(),
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Order::Big => "big-endian",
            Order::Little => "little-endian",
        })
    }
}

/// Whether the newest of these keys, which followed each other without a gap, were predicted. `count` is the number
/// of keys of the connection so far.
pub(super) fn predict(keys: &[u32], count: usize) -> Option<Prediction> {
    linear::java(keys).or_else(|| glibc::predict(keys)).or_else(|| {
        CHECKPOINTS.contains(&count).then(|| linear::microsoft(keys).or_else(|| mersenne::predict(keys)))?
    })
}

/// The first three keys that java.util.Random makes from the seed 42.
pub(super) fn java_example() -> [u32; 3] {
    [-1_170_105_035, 234_785_527, -1_360_544_799].map(i32::cast_unsigned)
}
