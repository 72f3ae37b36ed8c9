//! What is known of connections, found by their endpoints.
//!
//! Every packet looks for its connection, and there may be millions of them, so that connections between addresses of
//! IPv4 have a table of their own: their key is two words, a third of what one of IPv6 takes.

use super::places::{self, Hashing, Listed, Places};
use crate::packet::{Endpoint, Segment};
use foldhash::fast::FixedState;
use std::hash::{BuildHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr};

/// Groups of connections. What connections share is shared within a group: it must not depend on how many threads decode
/// them, and a group is decoded by one.
pub(super) const GROUPS: usize = 64;

/// The endpoints of a connection, the smaller one first: both directions have the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Of IPv4.
    Narrow(Narrow),
    /// Of IPv6.
    Wide(Wide),
}

/// A key with the hash by which tables find it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hashed {
    pub(super) key: Key,
    pub(super) hash: u32,
}

/// Address and port of each end.
type Narrow = (u64, u64);
/// The same.
type Wide = (Long, Long);

/// An address of IPv6 in two words, and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Long {
    ip: [u64; 2],
    port: u16,
}

/// In as few words as there are.
impl Hash for Long {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [high, low] = self.ip;
        state.write_u128(u128::from(high) << 64 | u128::from(low));
        state.write_u16(self.port);
    }
}

impl Key {
    #[inline]
    pub(super) fn of(segment: &Segment<'_>) -> Key {
        Key::between(&segment.source, &segment.destination)
    }

    // Endpoints are looked at where they lie: copies of what is as long as an address of IPv6 wait for the parts that were
    // just written.
    #[inline]
    pub(super) fn between(a: &Endpoint, b: &Endpoint) -> Key {
        match (&a.ip, &b.ip) {
            (IpAddr::V4(first), IpAddr::V4(second)) => {
                let word = |ip: &Ipv4Addr, port| u64::from(ip.to_bits()) << 16 | u64::from(port);
                let (a, b) = (word(first, a.port), word(second, b.port));
                Key::Narrow((a.min(b), a.max(b)))
            }
            _ => Key::wide(*a, *b),
        }
    }

    /// With its hash, as tables with this hashing find it.
    #[inline]
    pub(super) fn hashed(self, hashing: &Hashing) -> Hashed {
        let hash = match &self {
            Key::Narrow(key) => places::hash(hashing, key),
            Key::Wide(key) => places::hash(hashing, key),
        };
        Hashed { key: self, hash }
    }

    /// In which group it is: the same in every run, and for both directions.
    pub(super) fn group(&self) -> usize {
        let hash = match self {
            Key::Narrow(key) => FixedState::default().hash_one(key),
            Key::Wide(key) => FixedState::default().hash_one(key),
        };
        (hash >> 32) as usize % GROUPS
    }

    /// In which of so many sets of flows it is: that of its group.
    pub(super) fn set(&self, sets: usize) -> usize {
        self.group() * sets / GROUPS
    }

    #[inline(never)]
    fn wide(a: Endpoint, b: Endpoint) -> Key {
        // No packet has an address of each kind.
        let part = |Endpoint { ip, port }: Endpoint| match ip {
            IpAddr::V4(ip) => (ip.to_ipv6_mapped().to_bits(), port),
            IpAddr::V6(ip) => (ip.to_bits(), port),
        };
        let (a, b) = (part(a), part(b));
        let long = |(ip, port): (u128, u16)| Long { ip: [(ip >> 64) as u64, ip as u64], port };
        Key::Wide((long(a.min(b)), long(a.max(b))))
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Table<V> {
    narrow: Listed<Narrow, V>,
    wide: Listed<Wide, V>,
}

impl<V> Table<V> {
    /// An empty one, for keys with the hashes that this one gives.
    pub(super) fn new(hashing: Hashing) -> Table<V> {
        Table { narrow: Listed::new(hashing.clone()), wide: Listed::new(hashing) }
    }

    #[inline(always)]
    pub(super) fn get_mut(&mut self, Hashed { key, hash }: &Hashed) -> Option<&mut V> {
        match key {
            Key::Narrow(key) => self.narrow.get_mut(*hash, key),
            Key::Wide(key) => self.wide_mut(*hash, key),
        }
    }

    pub(super) fn get(&self, Hashed { key, hash }: &Hashed) -> Option<&V> {
        match key {
            Key::Narrow(key) => self.narrow.get(*hash, key),
            Key::Wide(key) => self.wide.get(*hash, key),
        }
    }

    /// This key will soon be looked up: fetches where it would be found.
    pub(super) fn expect(&self, Hashed { key, hash }: &Hashed) {
        match key {
            Key::Narrow(_) => self.narrow.places.expect(*hash),
            Key::Wide(_) => self.wide.places.expect(*hash),
        }
    }

    #[inline(never)]
    fn wide_mut(&mut self, hash: u32, key: &Wide) -> Option<&mut V> {
        self.wide.get_mut(hash, key)
    }

    /// Puts `value` in place of what was there. Before the table grows, what is not needed any more is taken out.
    pub(super) fn insert(&mut self, Hashed { key, hash }: Hashed, value: V, is_needed: impl Fn(&V) -> bool) {
        match key {
            Key::Narrow(key) => insert(&mut self.narrow, hash, key, value, is_needed),
            Key::Wide(key) => insert(&mut self.wide, hash, key, value, is_needed),
        }
    }

    /// Takes out everything, in no order.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = V> {
        let Table { narrow, wide } = self;
        narrow.take().into_iter().map(|(_, value)| value).chain(wide.take().into_iter().map(|(_, value)| value))
    }
}

/// Puts `value` in place of the key's, or behind all others: connections stand in the order in which they began.
fn insert<K: Eq + Hash, V>(ends: &mut Listed<K, V>, hash: u32, key: K, value: V, is_needed: impl Fn(&V) -> bool) {
    if let Some(place) = ends.find(hash, &key) {
        ends.list[place].1 = value;
        return;
    }
    if ends.places.is_full() {
        ends.list.retain(|(_, value)| is_needed(value));
        // So much room that it is seldom looked through, also where all of it is needed.
        ends.places.clear_for(ends.list.len() * 2);
        for (place, (key, _)) in ends.list.iter().enumerate() {
            ends.places.insert(ends.hash(key), place);
        }
    }
    // What would not find room could not be held in memory either.
    if ends.list.len() < Places::MOST {
        ends.places.insert(hash, ends.list.len());
        ends.list.push((key, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        /// Held against a map. Odd values are not needed: they may be gone, but nothing else comes in their place.
        #[test]
        fn what_is_needed_is_found(inserted in proptest::collection::vec((0u64..40, any::<bool>(), any::<u8>()), 0..200)) {
            let hashing = Hashing::default();
            let (mut table, mut map) = (Table::new(hashing.clone()), HashMap::new());
            for (word, is_wide, value) in inserted {
                let long = Long { ip: [0, word], port: 0 };
                let key = if is_wide { Key::Wide((long, long)) } else { Key::Narrow((0, word)) };
                let key = key.hashed(&hashing);
                table.insert(key, value, |value| value % 2 == 0);
                map.insert((is_wide, word), (key, value));
                for (key, value) in map.values_mut() {
                    let found = table.get(key).copied();
                    prop_assert!(found == Some(*value) || found.is_none() && *value % 2 == 1);
                    prop_assert_eq!(table.get_mut(key).copied(), found);
                }
            }
            let mut held: Vec<u8> = table.drain().filter(|value| value % 2 == 0).collect();
            let mut needed: Vec<u8> = map.into_values().map(|(_, value)| value).filter(|value| value % 2 == 0).collect();
            held.sort_unstable();
            needed.sort_unstable();
            prop_assert_eq!(held, needed);
        }
    }
}
