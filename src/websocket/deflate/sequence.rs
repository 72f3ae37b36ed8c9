//! Literals and matches that were read and not carried out yet.
//!
//! Reading and carrying out are two loops. A match copies from anywhere in 32 KiB of a connection that was not heard of for
//! a while: bytes that the processor has to fetch from afar. When some dozens are read, it is known where all of them lead,
//! and they are fetched at a time; a loop that decodes between two copies waits for each.

/// Matches that are held at most.
pub(super) const MATCHES: usize = 64;

/// Literals that are held at most, a power of two.
pub(super) const LITERALS: usize = 2 * MATCHES;

/// Bytes are copied in steps of so many, so that as many may be read and written behind their end.
pub(super) const STEP: usize = 16;

/// Some tokens, in the order in which they came.
#[derive(Debug)]
pub(super) struct Sequences {
    pub(super) matches: Matches,
    /// The literals, one behind the other.
    pub(super) bytes: [u8; LITERALS + STEP],
    pub(super) count: Count,
}

/// Each in its own array, so that a loop over one of them takes several at a time.
#[derive(Debug)]
pub(super) struct Matches {
    /// Where each stands among the bytes that the tokens stand for; between two are literals.
    pub(super) at: [u16; MATCHES],
    pub(super) length: [u16; MATCHES],
    /// How far back each reaches.
    pub(super) distance: [u16; MATCHES],
}

/// How many tokens there are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    pub(super) matches: usize,
    /// Bytes the matches stand for.
    pub(super) matched: usize,
    pub(super) literals: usize,
}

impl Count {
    /// Bytes the tokens stand for.
    #[inline]
    pub(super) fn length(self) -> usize {
        self.literals + self.matched
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
    }

    /// Adds a match; there is space.
    #[inline]
    pub(super) fn repeat(&mut self, matches: &mut Matches, distance: u32, length: u32) {
        let n = self.matches % MATCHES;
        // At most 64 of 258 bytes and 128 literals.
        matches.at[n] = self.length() as u16;
        matches.length[n] = length as u16;
        matches.distance[n] = distance as u16;
        self.matches += 1;
        self.matched += length as usize;
    }
}

impl Default for Sequences {
    fn default() -> Self {
        let matches = Matches { at: [0; MATCHES], length: [0; MATCHES], distance: [0; MATCHES] };
        Sequences { matches, bytes: [0; LITERALS + STEP], count: Count::default() }
    }
}

impl Sequences {
    /// Where each match stands, its length and its distance.
    #[inline]
    pub(super) fn matches(&self) -> (&[u16], &[u16], &[u16]) {
        let Matches { at, length, distance } = &self.matches;
        let count = self.count.matches.min(MATCHES);
        (&at[..count], &length[..count], &distance[..count])
    }
}
