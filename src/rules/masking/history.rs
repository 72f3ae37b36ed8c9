//! The first keys of a connection, kept while a test may still need them.

/// Keys that are kept: what MT19937's state takes, and four to predict. 2.5 KB at most.
pub(super) const HISTORY: usize = 628;

/// Keys that are kept in place: as many as there is room for in what a list of more takes.
const FEW: usize = 3;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct History {
    kept: Kept,
    /// Keys from here on followed each other without a gap.
    unbroken: u16,
}

#[derive(Debug)]
enum Kept {
    Few {
        keys: [u32; FEW],
        count: u8,
    },
    Many(Vec<u32>),
    /// No test needs more.
    Enough,
}

impl Default for Kept {
    fn default() -> Self {
        Kept::Few { keys: [0; FEW], count: 0 }
    }
}

impl History {
    /// Takes the next key; gives whether that was one of those that are kept.
    pub(super) fn push(&mut self, key: u32) -> bool {
        match &mut self.kept {
            Kept::Few { keys, count } if usize::from(*count) < FEW => {
                keys[usize::from(*count)] = key;
                *count += 1;
            }
            Kept::Many(keys) if keys.len() < keys.capacity().min(HISTORY) => keys.push(key),
            Kept::Enough => return false,
            _ => return self.grow(key),
        }
        true
    }

    #[cold]
    fn grow(&mut self, key: u32) -> bool {
        let (keys, _) = self.keys();
        if keys.len() >= HISTORY {
            self.kept = Kept::Enough;
            return false;
        }
        let mut more = Vec::with_capacity((4 * keys.len()).min(HISTORY));
        more.extend_from_slice(keys);
        more.push(key);
        self.kept = Kept::Many(more);
        true
    }

    /// Keys may be missing between the last one and the next.
    pub(super) fn interrupt(&mut self) {
        // There are no more than `HISTORY`.
        self.unbroken = self.keys().0.len() as u16;
    }

    /// All keys, and the newest of them that followed each other without a gap; none where no test needs more.
    pub(super) fn keys(&self) -> (&[u32], &[u32]) {
        let keys = match &self.kept {
            Kept::Few { keys, count } => keys.get(..usize::from(*count)).unwrap_or_default(),
            Kept::Many(keys) => keys,
            Kept::Enough => &[],
        };
        (keys, keys.get(usize::from(self.unbroken)..).unwrap_or_default())
    }

    /// Keys there is room for.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        match &self.kept {
            Kept::Few { .. } => FEW,
            Kept::Many(keys) => keys.capacity(),
            Kept::Enough => 0,
        }
    }
}
