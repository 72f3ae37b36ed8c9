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
        let (at, _, distance) = sequences.matches();
        let largest = distance.iter().fold(0, |largest, &distance| largest.max(distance));
        if u32::from(largest) > self.largest_distance {
            self.largest_distance = largest.into();
            let first = distance.iter().position(|&distance| distance == largest).unwrap_or(0);
            self.largest_distance_at = position + u64::from(at[first]);
        }
        let reach =
            at.iter().zip(distance).fold(0, |reach: u16, (at, distance)| reach.max(distance.saturating_sub(*at)));
        self.history = self.history.max(u64::from(reach).saturating_sub(position) as u32);
    }
}
