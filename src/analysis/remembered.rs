//! A map of bounded size: what was remembered first is forgotten first.

use foldhash::fast::RandomState;
use std::borrow::Borrow;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash};

/// At most `MOST` keys, each with its value.
#[derive(Debug)]
pub(super) struct Remembered<K, V, const MOST: usize> {
    by_key: HashMap<K, V, RandomState>,
    order: VecDeque<K>,
}

impl<K, V, const MOST: usize> Default for Remembered<K, V, MOST> {
    fn default() -> Self {
        Remembered { by_key: HashMap::default(), order: VecDeque::new() }
    }
}

impl<K: Clone + Eq + Hash, V, const MOST: usize> Remembered<K, V, MOST> {
    /// What was last remembered of this key.
    pub(super) fn get<Q: ?Sized + Eq + Hash>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.by_key.get(key)
    }

    /// Remembers a value in place of the key's last one, whose age it keeps.
    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.by_key.insert(key.clone(), value).is_some() {
            return;
        }
        if self.order.len() == MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_key.remove(&oldest);
        }
        self.order.push_back(key);
    }

    /// A hash that is the same for equal values, to remember it in their place.
    pub(super) fn hash_one(&self, value: impl Hash) -> u64 {
        self.by_key.hasher().hash_one(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
