//! Literals and matches that were read and not carried out yet.
//!
//! Reading and carrying out are two loops. A match copies from anywhere in 32 KiB of a connection that was not heard of for
//! a while: bytes that the processor has to fetch from afar. As soon as a match is read it is known where it leads, and the
//! bytes are on their way while others are read; a loop that copies between two matches waits for each.

/// Matches that are held at most.
pub(super) const MATCHES: usize = 64;

/// Literals that are held at most, a power of two.
pub(super) const LITERALS: usize = 2 * MATCHES;

/// Bytes are copied in steps of so many, so that as many may be read and written behind their end.
pub(super) const STEP: usize = 16;

/// Rows of matches are gone through so many at a time.
const LANES: usize = 8;

/// Some tokens, in the order in which they came.
#[derive(Debug)]
pub(super) struct Sequences {
    pub(super) rows: Rows,
    /// The literals, one behind the other.
    pub(super) bytes: [u8; LITERALS + STEP],
    pub(super) count: Count,
}

/// The matches. What is known of one stands in four rows, so that the processor can look at several at once.
#[derive(Debug)]
pub(super) struct Rows {
    /// Where in the window's room each belongs; between two are literals.
    to: Row,
    length: Row,
    /// How far back it reaches.
    distance: Row,
    /// Where that is in the window's room.
    source: Row,
}

type Row = [u16; MATCHES + LANES];

/// A match.
#[derive(Clone, Copy, Debug)]
pub(super) struct Match {
    pub(super) to: u16,
    pub(super) length: u16,
    pub(super) distance: u16,
    pub(super) source: u16,
}

/// How many tokens there are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    pub(super) matches: usize,
    pub(super) literals: usize,
    /// Where in the window's room the first of the bytes that they stand for belongs.
    pub(super) begin: u32,
    /// And the byte behind the last.
    pub(super) to: u32,
}

/// What the matches have at most and at least; without matches, what no match has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub(super) largest_distance: u16,
    pub(super) least_distance: u16,
    /// How far they reach before the first byte that the tokens stand for.
    pub(super) reach: u16,
    /// Where in the window's room their sources end.
    pub(super) source_end: u16,
}

impl Count {
    /// No tokens: the next one belongs there in the window's room.
    pub(super) fn none_at(to: u32) -> Count {
        Count { matches: 0, literals: 0, begin: to, to }
    }

    /// Bytes the tokens stand for.
    pub(super) fn length(self) -> usize {
        (self.to - self.begin) as usize
    }

    /// Bytes the matches stand for.
    pub(super) fn matched(self) -> usize {
        self.length() - self.literals
    }

    /// There is space for a match.
    #[inline]
    pub(super) fn takes_match(self) -> bool {
        self.matches < MATCHES
    }

    /// There is space for two literals.
    #[inline]
    pub(super) fn takes_literals(self) -> bool {
        self.literals < LITERALS - 1
    }

    /// Adds a literal; there is space.
    #[inline]
    pub(super) fn literal(&mut self, bytes: &mut [u8; LITERALS + STEP], byte: u8) {
        bytes[self.literals % LITERALS] = byte;
        self.literals += 1;
        self.to += 1;
    }

    /// Adds a match; there is space.
    #[inline]
    pub(super) fn repeat(&mut self, rows: &mut Rows, distance: u32, length: u32, source: u16) {
        let at = self.matches % MATCHES;
        // At most a window's room, 64 times 258 bytes and 128 literals.
        rows.to[at] = self.to as u16;
        rows.length[at] = length as u16;
        rows.distance[at] = distance as u16;
        rows.source[at] = source;
        self.matches += 1;
        self.to += length;
    }
}

impl Default for Sequences {
    fn default() -> Self {
        let row = [0; MATCHES + LANES];
        let rows = Rows { to: row, length: row, distance: row, source: row };
        Sequences { rows, bytes: [0; LITERALS + STEP], count: Count::default() }
    }
}

impl Sequences {
    /// The matches.
    #[inline]
    pub(super) fn matches(&self) -> impl Iterator<Item = Match> {
        let (Rows { to, length, distance, source }, count) = (&self.rows, self.count.matches.min(MATCHES));
        let places = to[..count].iter().zip(&source[..count]);
        places.zip(length[..count].iter().zip(&distance[..count])).map(|((&to, &source), (&length, &distance))| Match {
            to,
            length,
            distance,
            source,
        })
    }

    /// What the matches have at most and at least.
    pub(super) fn extent(&mut self) -> Extent {
        let begin = self.count.begin as u16;
        let (mut largest, mut least) = ([0; LANES], [u16::MAX; LANES]);
        let (mut reach, mut source_end) = ([0; LANES], [0; LANES]);
        let lanes = self.fill_up();
        let Rows { to, length, distance, source } = &self.rows;
        let places = lanes_of(to).iter().zip(lanes_of(source));
        let sizes = lanes_of(length).iter().zip(lanes_of(distance));
        for ((to, source), (length, distance)) in places.zip(sizes).take(lanes) {
            for lane in 0..LANES {
                let at = to[lane].wrapping_sub(begin);
                largest[lane] = distance[lane].max(largest[lane]);
                least[lane] = distance[lane].min(least[lane]);
                reach[lane] = distance[lane].saturating_sub(at).max(reach[lane]);
                source_end[lane] = source[lane].saturating_add(length[lane]).max(source_end[lane]);
            }
        }
        Extent {
            largest_distance: largest.into_iter().fold(0, u16::max),
            least_distance: least.into_iter().fold(u16::MAX, u16::min),
            reach: reach.into_iter().fold(0, u16::max),
            source_end: source_end.into_iter().fold(0, u16::max),
        }
    }

    /// How many bytes are before the first match with this distance.
    pub(super) fn first_with(&self, distance: u16) -> usize {
        let has = |lanes: &[u16; LANES]| lanes.iter().fold(false, |has, &one| has | (one == distance));
        let before = lanes_of(&self.rows.distance).iter().take_while(|lanes| !has(lanes)).count() * LANES;
        let among = self.rows.distance[before..].iter().zip(&self.rows.to[before..]);
        let first = among.into_iter().find(|&(&one, _)| one == distance);
        first.map_or(0, |(_, &to)| u32::from(to).saturating_sub(self.count.begin) as usize)
    }

    /// Makes whole lanes of the matches by repeating the last one; gives their number.
    #[inline]
    fn fill_up(&mut self) -> usize {
        let count = self.count.matches.min(MATCHES);
        if let Some(last) = count.checked_sub(1) {
            let Rows { to, length, distance, source } = &mut self.rows;
            for row in [to, length, distance, source] {
                let last = [row[last]; LANES];
                row[count..count + LANES].copy_from_slice(&last);
            }
        }
        count.div_ceil(LANES)
    }
}

#[inline]
fn lanes_of(row: &Row) -> &[[u16; LANES]] {
    row.as_chunks().0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Looking at several matches at once and looking at one after the other.
        #[test]
        fn rows_and_matches_say_the_same(
            begin in 0..34_000_u32,
            matches in prop::collection::vec((1..=32_768_u32, 3..=258_u32, 0..2_u8, 0..34_000_u16), 0..=MATCHES),
        ) {
            let mut sequences = Sequences { count: Count::none_at(begin), ..Sequences::default() };
            for &(distance, length, literals, source) in &matches {
                for byte in 0..literals {
                    sequences.count.literal(&mut sequences.bytes, byte);
                }
                sequences.count.repeat(&mut sequences.rows, distance, length, source);
            }
            let extent = sequences.extent();
            let all: Vec<Match> = sequences.matches().collect();
            prop_assert_eq!(all.len(), matches.len());
            let at = |one: &Match| u32::from(one.to) - begin;
            let largest = all.iter().map(|one| one.distance).max();
            prop_assert_eq!(extent.largest_distance, largest.unwrap_or(0));
            prop_assert_eq!(extent.least_distance, all.iter().map(|one| one.distance).min().unwrap_or(u16::MAX));
            let reach = all.iter().map(|one| u32::from(one.distance).saturating_sub(at(one))).max();
            prop_assert_eq!(u32::from(extent.reach), reach.unwrap_or(0));
            prop_assert_eq!(extent.source_end, all.iter().map(|one| one.source + one.length).max().unwrap_or(0));
            if let Some(first) = all.iter().find(|one| Some(one.distance) == largest) {
                prop_assert_eq!(sequences.first_with(first.distance), at(first) as usize);
            }
        }
    }
}
