//! Which parts of a datagram have come: a short sorted list of ranges, with no bytes in it.

use std::iter::once;
use std::ops::Range;

/// Byte ranges that neither overlap nor touch, in order.
#[derive(Debug, Default)]
pub(super) struct Ranges(Vec<Range<usize>>);

impl Ranges {
    /// How many ranges there are: one more than there are holes between them.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Forgets all ranges.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds a range, which may cover others.
    pub(super) fn insert(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let first = self.0.partition_point(|other| other.end < range.start);
        let behind = self.0.partition_point(|other| other.start <= range.end);
        let start = self.0[first..behind].first().map_or(range.start, |other| other.start.min(range.start));
        let end = self.0[first..behind].last().map_or(range.end, |other| other.end.max(range.end));
        self.0.splice(first..behind, once(start..end));
    }

    /// The parts of `range` that are not here.
    pub(super) fn gaps(&self, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let Range { start, end } = range;
        let first = self.0.partition_point(|other| other.end <= start);
        let others = &self.0[first..];
        let gap_starts = once(start).chain(others.iter().map(|other| other.end));
        let gap_ends = others.iter().map(|other| other.start).chain(once(end));
        gap_starts
            .zip(gap_ends)
            .take_while(move |(from, _)| *from < end)
            .map(move |(from, to)| from..to.min(end))
            .filter(|gap| !gap.is_empty())
    }

    /// How many bytes from 0 on are here without a hole.
    pub(super) fn prefix(&self) -> usize {
        self.0.first().filter(|first| first.start == 0).map_or(0, |first| first.end)
    }

    /// End of the last range.
    pub(super) fn end(&self) -> usize {
        self.0.last().map_or(0, |last| last.end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The model is a flag for each byte.
        #[test]
        fn equals_a_bitmap(ranges in prop::collection::vec((0usize..64, 0usize..16), 0..20), start in 0usize..80, length in 0usize..40) {
            let (mut under_test, mut model) = (Ranges::default(), [false; 128]);
            for (start, length) in ranges {
                under_test.insert(start..start + length);
                model[start..start + length].fill(true);
            }
            let mut gaps = [false; 128];
            for gap in under_test.gaps(start..start + length) {
                prop_assert!(!gap.is_empty());
                gaps[gap].fill(true);
            }
            for (i, here) in model.iter().enumerate() {
                prop_assert_eq!(gaps[i], (start..start + length).contains(&i) && !here);
            }
            prop_assert_eq!(under_test.prefix(), model.iter().take_while(|here| **here).count());
            prop_assert_eq!(under_test.end(), model.iter().rposition(|here| *here).map_or(0, |last| last + 1));
            prop_assert_eq!(under_test.len(), model.windows(2).filter(|pair| pair[0] && !pair[1]).count());
        }
    }
}
