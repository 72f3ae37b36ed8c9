//! A map of bounded size: what was remembered first is forgotten first.

use super::places::{Listed, Places};
use std::borrow::Borrow;
use std::hash::Hash;

/// At most `MOST` keys, each with its value. They stand in the order in which they came, and are found by a hash.
#[derive(Debug)]
pub(super) struct Remembered<K, V, const MOST: usize> {
    entries: Listed<K, V>,
    /// Where the oldest stands, once there are as many as there may be.
    oldest: usize,
}

impl<K, V, const MOST: usize> Default for Remembered<K, V, MOST> {
    fn default() -> Self {
        const { assert!(MOST <= Places::MOST) };
        Remembered { entries: Listed::default(), oldest: 0 }
    }
}

impl<K: Eq + Hash, V, const MOST: usize> Remembered<K, V, MOST> {
    /// What is remembered of this key.
    pub(super) fn get<Q: ?Sized + Eq + Hash>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.entries.get(self.entries.hash(key), key)
    }

    /// Remembers a value in place of the key's last one, whose age it keeps, and gives that.
    pub(super) fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.known_or_remember(key, value).map(|(known, value)| std::mem::replace(known, value))
    }

    /// What is remembered of this key already; otherwise remembers this value.
    pub(super) fn get_or_insert(&mut self, key: K, value: V) -> Option<&V> {
        self.known_or_remember(key, value).map(|(known, _)| &*known)
    }

    /// What is remembered of this key, and the value that is not; otherwise the value is.
    fn known_or_remember(&mut self, key: K, value: V) -> Option<(&mut V, V)> {
        let Remembered { entries, oldest } = self;
        let hash = entries.hash(&key);
        if let Some(place) = entries.find(hash, &key) {
            return Some((&mut entries.list[place].1, value));
        }
        let mut place = entries.list.len();
        if place < MOST {
            entries.list.push((key, value));
        } else {
            place = *oldest;
            *oldest = (place + 1) % MOST;
            let (forgotten, _) = std::mem::replace(&mut entries.list[place], (key, value));
            entries.places.remove(entries.hash(&forgotten), place);
        }
        entries.places.insert(hash, place);
        None
    }

    /// This key will soon be looked up: fetches where it would be found.
    pub(super) fn expect<Q: ?Sized + Hash>(&self, key: &Q)
    where
        K: Borrow<Q>,
    {
        self.entries.places.expect(self.entries.hash(key));
    }

    /// A hash that is the same for equal values, to remember it in their place.
    pub(super) fn hash_one(&self, value: impl Hash) -> u64 {
        self.entries.hash_one(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Held against a list of what there is, the oldest first.
        #[test]
        fn what_is_remembered_is_what_a_list_would_hold(inserted in proptest::collection::vec((0u8..12, any::<u8>(), any::<bool>()), 0..60)) {
            let mut remembered: Remembered<u8, u8, 5> = Remembered::default();
            let mut list: Vec<(u8, u8)> = Vec::new();
            for (key, value, replace) in inserted {
                let before = list.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
                if replace {
                    prop_assert_eq!(remembered.insert(key, value), before);
                } else {
                    prop_assert_eq!(remembered.get_or_insert(key, value).copied(), before);
                }
                match list.iter_mut().find(|(known, _)| *known == key) {
                    Some(known) if replace => known.1 = value,
                    Some(_) => {}
                    None => list.push((key, value)),
                }
                list.drain(..list.len().saturating_sub(5));
                for key in 0..12 {
                    let held = list.iter().find(|(known, _)| *known == key).map(|(_, value)| value);
                    prop_assert_eq!(remembered.get(&key), held);
                }
            }
        }
    }

    #[test]
    fn the_oldest_is_forgotten_and_a_new_value_makes_nothing_younger() {
        let mut remembered: Remembered<&str, u8, 2> = Remembered::default();
        remembered.insert("a", 1);
        remembered.insert("b", 2);
        remembered.insert("a", 3);
        assert_eq!((remembered.get("a"), remembered.get("b")), (Some(&3), Some(&2)));
        remembered.insert("c", 4);
        assert_eq!((remembered.get("a"), remembered.get("b"), remembered.get("c")), (None, Some(&2), Some(&4)));
    }
}
