//! What is told of the matches of a block.

use super::sequence::{Extent, Sequences};

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
    pub(super) fn add(&mut self, sequences: &Sequences, extent: Extent, position: u64) {
        self.count += sequences.count.matches as u64;
        self.length += sequences.count.matched() as u64;
        if u32::from(extent.largest_distance) > self.largest_distance {
            self.largest_distance = extent.largest_distance.into();
            self.largest_distance_at = position + sequences.first_with(extent.largest_distance) as u64;
        }
        self.history = self.history.max(u64::from(extent.reach).saturating_sub(position) as u32);
    }
}
