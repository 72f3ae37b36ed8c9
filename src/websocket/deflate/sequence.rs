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

/// Some tokens, in the order in which they came.
#[derive(Debug)]
pub(super) struct Sequences {
    pub(super) matches: [Match; MATCHES],
    /// The literals, one behind the other.
    pub(super) bytes: [u8; LITERALS + STEP],
    pub(super) count: Count,
}

/// A match.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Match {
    /// Where it stands among the bytes that the tokens stand for; between two are literals.
    pub(super) at: u16,
    pub(super) length: u16,
    /// How far back it reaches.
    pub(super) distance: u16,
    /// Where that is in the window's room.
    pub(super) source: u16,
}

/// How many tokens there are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    pub(super) matches: usize,
    pub(super) literals: usize,
    /// Bytes they stand for.
    pub(super) length: usize,
}

impl Count {
    /// Bytes the matches stand for.
    pub(super) fn matched(self) -> usize {
        self.length - self.literals
    }

    /// How often two literals or a literal and a match can be added.
    #[inline]
    pub(super) fn space(self) -> usize {
        (MATCHES - self.matches).min((LITERALS - self.literals) / 2)
    }

    /// Adds a literal; there is space.
    #[inline]
    pub(super) fn literal(&mut self, bytes: &mut [u8; LITERALS + STEP], byte: u8) {
        bytes[self.literals % LITERALS] = byte;
        self.literals += 1;
        self.length += 1;
    }

    /// Adds a match; there is space.
    #[inline]
    pub(super) fn repeat(&mut self, matches: &mut [Match; MATCHES], distance: u32, length: u32, source: u16) {
        // At most 64 of 258 bytes and 128 literals.
        let (at, length) = (self.length as u16, length as u16);
        matches[self.matches % MATCHES] = Match { at, length, distance: distance as u16, source };
        self.matches += 1;
        self.length += usize::from(length);
    }
}

impl Default for Sequences {
    fn default() -> Self {
        let matches = [Match::default(); MATCHES];
        Sequences { matches, bytes: [0; LITERALS + STEP], count: Count::default() }
    }
}

impl Sequences {
    /// The matches.
    #[inline]
    pub(super) fn matches(&self) -> &[Match] {
        &self.matches[..self.count.matches.min(MATCHES)]
    }
}
