//! What is told of the matches of a block.

use super::sequence::Sequences;

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Matches {
    /// How many.
    pub(super) count: u64,
    /// Bytes they stand for.
    pub(super) length: u64,
    /// The largest distance; 0 without matches.
    pub(super) largest_distance: u32,
    /// Where in the message the first match with that distance stands.
    pub(super) largest_distance_at: u64,
    /// How far before the message's first byte they reach, at most.
    pub(super) history: u32,
}

impl Matches {
    /// Adds those of the sequences, which begin at this position in the message.
    pub(super) fn add(&mut self, sequences: &Sequences, position: u64) {
        self.count += sequences.count.matches as u64;
        self.length += sequences.count.matched as u64;
        let mut matched = position;
        for sequence in sequences.list() {
            let at = matched + u64::from(sequence.literals);
            let distance = u32::from(sequence.distance);
            if distance > self.largest_distance {
                self.largest_distance = distance;
                self.largest_distance_at = at;
            }
            // Less than the distance, so that it fits.
            self.history = self.history.max(u64::from(distance).saturating_sub(at) as u32);
            matched += u64::from(sequence.length);
        }
    }
}
