//! What is told of the matches of a block.

use super::sequence::{Match, Sequences};

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
        self.length += sequences.count.matched() as u64;
        let (mut largest, mut reach) = (0, 0);
        for &Match { at, distance, .. } in sequences.matches() {
            largest = distance.max(largest);
            reach = distance.saturating_sub(at).max(reach);
        }
        if u32::from(largest) > self.largest_distance {
            self.largest_distance = largest.into();
            let first = sequences.matches().iter().find(|one| one.distance == largest);
            self.largest_distance_at = position + first.map_or(0, |first| first.at.into());
        }
        self.history = self.history.max(u64::from(reach).saturating_sub(position) as u32);
    }
}
