//! What is kept of connections that are open.

use foldhash::fast::RandomState;
use std::collections::{HashMap, VecDeque};

/// A value for each open connection, by its ordinal.
///
/// Most connections are over before many others have begun. They stand in a queue, where neighbours are near each other:
/// in a map each of them would have to be waited for when its connection ends, for memory that was last touched
/// thousands of packets ago.
#[derive(Debug)]
pub(super) struct Open<T> {
    /// The ordinal of the first in the queue.
    first: u64,
    /// `None` for those that are over, of which none is at the front.
    queue: VecDeque<Option<T>>,
    /// Those that outlived [`LATELY`](Self::LATELY) others.
    old: HashMap<u64, T, RandomState>,
}

impl<T> Default for Open<T> {
    fn default() -> Open<T> {
        Open { first: 0, queue: VecDeque::new(), old: HashMap::default() }
    }
}

impl<T> Open<T> {
    /// Connections that may stand in the queue.
    const LATELY: usize = 8192;

    /// A connection begins. What was kept of one with the same ordinal is kept no longer.
    pub(super) fn begin(&mut self, id: u64, value: T) {
        if self.queue.is_empty() {
            self.first = id;
        }
        // Somebody else may count otherwise.
        if let Some(place) = self.place(id) {
            self.queue[place] = Some(value);
            return;
        }
        if self.first.checked_add(self.queue.len() as u64) != Some(id) {
            self.old.insert(id, value);
            return;
        }
        self.old.remove(&id);
        self.queue.push_back(Some(value));
        if self.queue.len() > Self::LATELY
            && let Some(Some(outlived)) = self.queue.pop_front()
        {
            self.old.insert(self.first, outlived);
            self.first += 1;
            self.pass_over();
        }
    }

    /// What is kept of a connection that is open.
    pub(super) fn of(&self, id: u64) -> Option<&T> {
        match self.place(id) {
            Some(place) => self.queue[place].as_ref(),
            None => self.old.get(&id),
        }
    }

    /// A connection is over: gives what was kept of it.
    pub(super) fn end(&mut self, id: u64) -> Option<T> {
        let Some(place) = self.place(id) else { return self.old.remove(&id) };
        let value = self.queue[place].take();
        self.pass_over();
        value
    }

    fn place(&self, id: u64) -> Option<usize> {
        let place = usize::try_from(id.checked_sub(self.first)?).ok()?;
        (place < self.queue.len()).then_some(place)
    }

    /// Removes those at the front that are over.
    fn pass_over(&mut self) {
        while let Some(None) = self.queue.front() {
            self.queue.pop_front();
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Copy, Debug)]
    enum Step {
        /// So many begin, one after the other.
        Begin(u16),
        /// The one with this ordinal begins, whatever was before.
        Other(u64),
        /// Of those that began, this one ends, counted from the last.
        End(u16),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0u16..4).prop_map(Step::Begin),
            (0u16..5000).prop_map(Step::Begin),
            (0u64..40).prop_map(Step::Other),
            (0u16..6).prop_map(Step::End),
            any::<u16>().prop_map(Step::End),
        ]
    }

    proptest! {
        #[test]
        fn what_is_kept_is_what_a_map_would_hold(steps in proptest::collection::vec(step(), 0..40)) {
            let (mut open, mut map, mut next) = (Open::default(), HashMap::new(), 0u64);
            for (value, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Begin(count) => for _ in 0..count {
                        open.begin(next, value);
                        map.insert(next, value);
                        next += 1;
                    },
                    Step::Other(id) => {
                        open.begin(id, value);
                        map.insert(id, value);
                    }
                    Step::End(back) => {
                        let id = next.saturating_sub(back.into());
                        prop_assert_eq!(open.end(id), map.remove(&id));
                    }
                }
                for id in (0..50).chain(next.saturating_sub(10)..next + 2) {
                    prop_assert_eq!(open.of(id), map.get(&id));
                }
            }
        }
    }
}
