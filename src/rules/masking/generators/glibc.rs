//! glibc's `rand` and `random` with their usual state (TYPE_3), an additive feedback generator.
//!
//! r(i) = r(i-3) + r(i-31) mod 2^32, of which o(i) = r(i) >> 1 is shown. So any run of w bits of the outputs adds up
//! in the same way mod 2^w, but for a carry of 0 or 1 from the bits below it: nothing needs to be recovered.

use super::Prediction;

/// How far the recurrence reaches back, in outputs.
const REACH: usize = 31;

/// Keys that must have been predicted, and be different from each other.
const PREDICTED: usize = 3;

/// The newest keys are what glibc makes after those before them. By chance: 2^-84 for a window or less.
pub(super) fn predict(keys: &[u32]) -> Option<Prediction> {
    predict_in_order(keys, |key| key).or_else(|| predict_in_order(keys, u32::swap_bytes))
}

fn predict_in_order(keys: &[u32], read: impl Fn(u32) -> u32 + Copy) -> Option<Prediction> {
    follows::<8, 4, { newest(4) }>(keys, read, "glibc's rand (eight bits of it four times)")
        .or_else(|| follows::<16, 2, { newest(2) }>(keys, read, "glibc's rand (sixteen bits of it twice)"))
        .or_else(|| follows::<31, 1, { newest(1) }>(keys, read, "glibc's rand (one call)"))
}

/// How many of the newest keys are looked at, if so many outputs make a key.
const fn newest(outputs: usize) -> usize {
    REACH.div_ceil(outputs) + PREDICTED
}

/// Whether the last [`PREDICTED`] of these keys follow from those before, if so many outputs of so many bits make a key.
/// Looks at the newest output first, so that other keys are dismissed at once. Every key is asked, so this is compiled for
/// each form and order.
fn follows<const WIDTH: u32, const OUTPUTS: usize, const NEWEST: usize>(
    keys: &[u32],
    read: impl Fn(u32) -> u32,
    generator: &'static str,
) -> Option<Prediction> {
    let keys: &[u32; NEWEST] = keys.last_chunk()?;
    let mask = (1 << WIDTH) - 1;
    // Outputs fill a key from its highest bits down; one of 31 bits leaves the top bit at zero.
    let output = |at: usize| {
        let key = read(keys[at / OUTPUTS]);
        let place = OUTPUTS - 1 - at % OUTPUTS;
        key >> (WIDTH * place as u32) & mask
    };
    let adds_up = |at: usize| {
        let sum = output(at - 3).wrapping_add(output(at - REACH));
        output(at).wrapping_sub(sum) & mask <= 1
    };
    let end = NEWEST * OUTPUTS;
    if !adds_up(end - 1) {
        return None;
    }
    let whole = |key: &u32| WIDTH * OUTPUTS as u32 == 32 || read(*key) & !mask == 0;
    let all = (end - PREDICTED * OUTPUTS..end).rev().all(adds_up) && keys.iter().all(whole);
    all.then_some(Prediction { generator, from: NEWEST - PREDICTED, predicted: PREDICTED })
}
