//! glibc's `rand` and `random` with their usual state (TYPE_3), an additive feedback generator.
//!
//! r(i) = r(i-3) + r(i-31) mod 2^32, of which o(i) = r(i) >> 1 is shown. So any run of w bits of the outputs adds up
//! in the same way mod 2^w, but for a carry of 0 or 1 from the bits below it: nothing needs to be recovered.

use super::{Order, Prediction};

/// How far the recurrence reaches back, in outputs.
const REACH: usize = 31;

/// Keys that must have been predicted, and be different from each other.
const PREDICTED: usize = 3;

/// How keys are made: bits of an output, outputs in a key, name.
const FORMS: [(u32, usize, &str); 3] = [
    (8, 4, "glibc's rand (eight bits of it four times)"),
    (16, 2, "glibc's rand (sixteen bits of it twice)"),
    (31, 1, "glibc's rand (one call)"),
];

/// The newest keys are what glibc makes after those before them. By chance: 2^-84 for a window or less.
pub(super) fn predict(keys: &[u32]) -> Option<Prediction> {
    for order in Order::BOTH {
        for (width, outputs, generator) in FORMS {
            let from = REACH.div_ceil(outputs);
            let Some(start) = keys.len().checked_sub(from + PREDICTED) else { continue };
            if follows(&keys[start..], order, width, outputs) {
                return Some(Prediction { generator, from, predicted: PREDICTED });
            }
        }
    }
    None
}

/// Whether the last [`PREDICTED`] of these keys follow from the others. Looks at the newest first, so that other keys
/// are dismissed at once.
fn follows(keys: &[u32], order: Order, width: u32, outputs: usize) -> bool {
    let mask = (1 << width) - 1;
    // Outputs fill a key from its highest bits down; one of 31 bits leaves the top bit at zero.
    let output = |at: usize| {
        let key = order.read(keys[at / outputs]);
        let place = outputs - 1 - at % outputs;
        key >> (width * place as u32) & mask
    };
    let adds_up = |at: usize| {
        let sum = output(at - 3).wrapping_add(output(at - REACH));
        output(at).wrapping_sub(sum) & mask <= 1
    };
    let end = keys.len() * outputs;
    let whole = |key: &u32| width * outputs as u32 == 32 || order.read(*key) & !mask == 0;
    (end - PREDICTED * outputs..end).rev().all(adds_up) && keys.iter().all(whole)
}
