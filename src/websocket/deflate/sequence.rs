//! Literals and matches that were read and not carried out yet.
//!
//! Reading and carrying out are two loops. A match copies from anywhere in 32 KiB of a connection that was not heard of for
//! a while: bytes that the processor has to fetch from afar. A loop that does nothing but copy has many of these on the
//! way at a time; one that decodes between two copies waits for each.

/// Matches that are held at most.
pub(super) const MATCHES: usize = 64;

/// Literals that are held at most, a power of two.
pub(super) const LITERALS: usize = 2 * MATCHES;

/// Bytes are copied in steps of so many, so that as many may be read and written behind their end.
pub(super) const STEP: usize = 16;

/// Literals, and then a match.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sequence {
    /// Literals so far, with those of the sequences before.
    pub(super) literals: u16,
    /// Bytes of the match.
    pub(super) length: u16,
    /// How far back it reaches.
    pub(super) distance: u16,
}

/// Some tokens, in the order in which they came.
#[derive(Debug)]
pub(super) struct Sequences {
    pub(super) list: [Sequence; MATCHES],
    pub(super) bytes: [u8; LITERALS + STEP],
    pub(super) count: Count,
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
    pub(super) fn repeat(&mut self, list: &mut [Sequence; MATCHES], distance: u32, length: u32) {
        let literals = self.literals as u16;
        list[self.matches % MATCHES] = Sequence { literals, length: length as u16, distance: distance as u16 };
        self.matches += 1;
        self.matched += length as usize;
    }
}

impl Default for Sequences {
    fn default() -> Self {
        Sequences { list: [Sequence::default(); MATCHES], bytes: [0; LITERALS + STEP], count: Count::default() }
    }
}

impl Sequences {
    /// The sequences, without the literals behind the last match.
    #[inline]
    pub(super) fn list(&self) -> &[Sequence] {
        &self.list[..self.count.matches.min(MATCHES)]
    }
}
