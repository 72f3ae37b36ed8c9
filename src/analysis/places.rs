//! Where the things of a list stand, by their hashes.
//!
//! A table that holds the things themselves is as large as they are, and which two stand side by side in it is chance. In
//! a list they stand in the order in which they came, so that those in use at one time are near each other, and the table
//! beside it takes eight bytes for each place.

use crate::fetch::fetch;
// Not the fast kind: what it makes of keys in a row, such as a client's ports, stands in rows too. For one seed in a
// hundred they run into each other, and a key is found after fifty slots instead of two.
use foldhash::quality::RandomState;
use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};

/// Keys with values, in the order of their places, found by their hashes.
#[derive(Debug)]
pub(super) struct Listed<K, V> {
    pub(super) list: Vec<(K, V)>,
    pub(super) places: Places,
    hasher: RandomState,
}

impl<K, V> Default for Listed<K, V> {
    fn default() -> Self {
        Listed { list: Vec::new(), places: Places::default(), hasher: RandomState::default() }
    }
}

impl<K: Eq + Hash, V> Listed<K, V> {
    /// A hash that is the same for equal values.
    pub(super) fn hash_one(&self, value: impl Hash) -> u64 {
        self.hasher.hash_one(value)
    }

    /// The hash by which this key is found: half of what there is, enough for as many slots as there may be places.
    #[inline]
    pub(super) fn hash(&self, key: &(impl ?Sized + Hash)) -> u32 {
        (self.hash_one(key) >> 32) as u32
    }

    /// The place of the key with this hash.
    #[inline(always)]
    pub(super) fn find<Q: ?Sized + Eq>(&self, hash: u32, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        self.places.find(hash, |place| self.list[place].0.borrow() == key)
    }

    /// The value of the key with this hash.
    #[inline]
    pub(super) fn get<Q: ?Sized + Eq>(&self, hash: u32, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.find(hash, key).map(|place| &self.list[place].1)
    }

    /// The same, to change it.
    #[inline(always)]
    pub(super) fn get_mut(&mut self, hash: u32, key: &K) -> Option<&mut V> {
        self.find(hash, key).map(|place| &mut self.list[place].1)
    }

    /// Takes out everything.
    pub(super) fn take(&mut self) -> Vec<(K, V)> {
        self.places = Places::default();
        std::mem::take(&mut self.list)
    }
}

/// Finds places in a list. What stands there is for the caller to know.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// None, or a power of two, of which at least a third is free. A place stands in the first slot that was free from its
    /// hash's own on.
    slots: Vec<Slot>,
    taken: usize,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    /// [`FREE`] where there is none.
    place: u32,
}

const FREE: u32 = u32::MAX;

impl Slot {
    const NONE: Slot = Slot { hash: 0, place: FREE };
}

impl Places {
    /// The fewest slots that there are, but for none.
    const FEWEST: usize = 16;

    /// So many places can be told from each other.
    pub(super) const MOST: usize = FREE as usize;

    /// The place with this hash for which `is` says that it is the right one.
    #[inline(always)]
    pub(super) fn find(&self, hash: u32, is: impl Fn(usize) -> bool) -> Option<usize> {
        let last = self.slots.len().checked_sub(1)?;
        let mut at = hash as usize & last;
        loop {
            let slot = self.slots[at];
            if slot.place == FREE {
                return None;
            }
            if slot.hash == hash && is(slot.place as usize) {
                return Some(slot.place as usize);
            }
            at = (at + 1) & last;
        }
    }

    /// A place with this hash will soon be looked for: fetches where it would be found.
    pub(super) fn expect(&self, hash: u32) {
        let last = self.slots.len().saturating_sub(1);
        if let Some(slot) = self.slots.get(hash as usize & last) {
            fetch(slot);
        }
    }

    /// Whether there is no room for another.
    pub(super) fn is_full(&self) -> bool {
        self.taken == room(self.slots.len())
    }

    /// Takes note of a place below [`MOST`](Places::MOST), of which nothing is known yet.
    pub(super) fn insert(&mut self, hash: u32, place: usize) {
        if self.is_full() {
            let old = std::mem::take(&mut self.slots);
            self.slots = vec![Slot::NONE; (old.len() * 2).max(Places::FEWEST)];
            old.into_iter().filter(|slot| slot.place != FREE).for_each(|slot| self.put(slot));
        }
        self.taken += 1;
        self.put(Slot { hash, place: place as u32 });
    }

    fn put(&mut self, slot: Slot) {
        let last = self.slots.len() - 1;
        let mut at = slot.hash as usize & last;
        while self.slots[at].place != FREE {
            at = (at + 1) & last;
        }
        self.slots[at] = slot;
    }

    /// Forgets a place that was noted with this hash.
    pub(super) fn remove(&mut self, hash: u32, place: usize) {
        let Some(last) = self.slots.len().checked_sub(1) else { return };
        let mut hole = hash as usize & last;
        while self.slots[hole].place as usize != place {
            if self.slots[hole].place == FREE {
                return;
            }
            hole = (hole + 1) & last;
        }
        self.taken -= 1;
        // Whoever stands behind the hole and would have taken it moves there, so that nobody stops looking at it.
        let mut at = hole;
        loop {
            at = (at + 1) & last;
            let slot = self.slots[at];
            if slot.place == FREE {
                break;
            }
            let own = slot.hash as usize & last;
            if at.wrapping_sub(own) & last >= at.wrapping_sub(hole) & last {
                self.slots[hole] = slot;
                hole = at;
            }
        }
        self.slots[hole] = Slot::NONE;
    }

    /// Forgets all places, and makes room for so many.
    pub(super) fn clear_for(&mut self, count: usize) {
        let mut slots = Places::FEWEST;
        while room(slots) < count {
            slots *= 2;
        }
        self.taken = 0;
        self.slots.clear();
        self.slots.resize(slots, Slot::NONE);
        self.slots.shrink_to(slots);
    }
}

/// How many of so many slots may be taken.
fn room(slots: usize) -> usize {
    slots / 3 * 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Clients with ports in a row, of as many servers as it takes to come upon a hash that such rows are bad for.
    #[test]
    fn keys_in_a_row_are_found_after_few_slots() {
        for server in 0..300u64 {
            let mut listed = Listed::<(u64, u64), ()>::default();
            let keys: Vec<_> = (0..672).map(|port| (0x0a01_0000_c000 + port, server << 40)).collect();
            for (place, key) in keys.iter().enumerate() {
                listed.places.insert(listed.hash(key), place);
            }
            let (slots, last) = (&listed.places.slots, listed.places.slots.len() - 1);
            assert_eq!(last, 1023);
            let steps = |key: &(u64, u64)| {
                let own = listed.hash(key) as usize & last;
                let found = listed.places.find(listed.hash(key), |place| keys[place] == *key).unwrap();
                let at = slots.iter().position(|slot| slot.place as usize == found).unwrap();
                at.wrapping_sub(own) & last
            };
            // Where each slot is as likely as another, it is 1 on average, and over 3 hardly ever.
            assert!(keys.iter().map(steps).sum::<usize>() < 3 * keys.len(), "server {server}");
        }
    }

    proptest! {
        /// Held against a list of what was noted. Few hashes, so that most have company, also where the slots begin anew.
        #[test]
        fn what_was_noted_is_found(steps in proptest::collection::vec((0u32..24, any::<bool>()), 0..120)) {
            let (mut places, mut list): (Places, Vec<(u32, usize)>) = Default::default();
            for (place, (hash, is_new)) in steps.into_iter().enumerate() {
                let hash = hash.wrapping_sub(4);
                if is_new || list.is_empty() {
                    places.insert(hash, place);
                    list.push((hash, place));
                } else {
                    let (hash, place) = list.swap_remove(place % list.len());
                    places.remove(hash, place);
                    prop_assert_eq!(places.find(hash, |found| found == place), None);
                }
                for &(hash, place) in &list {
                    prop_assert_eq!(places.find(hash, |found| found == place), Some(place));
                }
                prop_assert_eq!(places.taken, list.len());
            }
            places.clear_for(list.len());
            prop_assert!(list.iter().all(|&(hash, _)| places.find(hash, |_| true).is_none()));
        }
    }
}
