//! Delivered bytes that wait for their acknowledgment, to hold retransmissions against them.

/// The newest of a direction's delivered bytes.
#[derive(Debug, Default)]
pub(super) struct Kept {
    bytes: Vec<u8>,
    /// Bytes at the front that count no more. They are moved away once they are the greater part, so that a byte is
    /// moved at most once for each that went.
    gone: usize,
}

impl Kept {
    /// None yet, with room for so many.
    pub(super) fn with_room(bytes: usize) -> Kept {
        Kept { bytes: Vec::with_capacity(bytes), gone: 0 }
    }

    /// The bytes that are kept, oldest first.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.gone..]
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.gone
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes there is room for.
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Lets go of the `count` oldest bytes, or of all there are.
    pub(super) fn forget(&mut self, count: usize) {
        if count >= self.len() {
            return self.clear();
        }
        self.gone += count;
        if self.gone > self.len() {
            self.bytes.drain(..self.gone);
            self.gone = 0;
        }
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.gone = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        #[test]
        fn what_is_kept_is_what_a_queue_keeps(steps: Vec<(Vec<u8>, u8)>) {
            let (mut kept, mut queue) = (Kept::default(), VecDeque::<u8>::new());
            for (bytes, count) in steps {
                kept.push(&bytes);
                queue.extend(&bytes);
                let count = usize::from(count % 64);
                kept.forget(count);
                queue.drain(..count.min(queue.len()));
                prop_assert_eq!(kept.bytes(), &*queue.make_contiguous());
                prop_assert!(kept.bytes.len() <= 2 * kept.len() || kept.gone == 0);
            }
        }
    }
}
