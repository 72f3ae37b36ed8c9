//! The first keys of a connection, kept while a test may still need them.

/// Keys that are kept: what MT19937's state takes, and four to predict. 2.5 KB at most; a connection of a few frames
/// takes a few bytes.
pub(super) const HISTORY: usize = 628;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct History {
    keys: Vec<u32>,
    /// Keys from here on followed each other without a gap.
    unbroken: usize,
}

impl History {
    /// Takes the next key.
    pub(super) fn push(&mut self, key: u32) {
        if self.keys.len() == self.keys.capacity() {
            let more = self.keys.len().max(4).min(HISTORY.saturating_sub(self.keys.len()));
            self.keys.reserve_exact(more);
        }
        self.keys.push(key);
    }

    /// Keys may be missing between the last one and the next.
    pub(super) fn interrupt(&mut self) {
        self.unbroken = self.keys.len();
    }

    /// All keys.
    pub(super) fn keys(&self) -> &[u32] {
        &self.keys
    }

    /// The newest keys that followed each other without a gap.
    pub(super) fn consecutive(&self) -> &[u32] {
        &self.keys[self.unbroken..]
    }

    /// No test needs more keys.
    pub(super) fn is_full(&self) -> bool {
        self.keys.len() >= HISTORY
    }

    /// Keys there is room for.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.keys.capacity()
    }
}
