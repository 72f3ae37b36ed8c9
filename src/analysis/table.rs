//! What is known of connections, found by their endpoints.
//!
//! Every packet looks for its connection, and there may be millions of them, so that connections between addresses of
//! IPv4 have a table of their own: their key is two words, a third of what one of IPv6 takes.

use super::places::{Listed, Places};
use crate::packet::{Endpoint, Segment};
use std::hash::{Hash, Hasher};
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

/// A key with the hash by which its table finds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hashed {
    key: Key,
    hash: u32,
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
    // Endpoints are looked at where they lie: copies of what is as long as an address of IPv6 wait for the parts that were
    // just written.
    #[inline]
    pub(super) fn of(segment: &Segment<'_>) -> Key {
        let Segment { source: a, destination: b, .. } = segment;
        match (&a.ip, &b.ip) {
            (IpAddr::V4(first), IpAddr::V4(second)) => {
                let (a, b) = (word(first, a.port), word(second, b.port));
                Key::Narrow((a.min(b), a.max(b)))
            }
            _ => Key::wide(*a, *b),
        }
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

#[inline]
fn word(ip: &Ipv4Addr, port: u16) -> u64 {
    u64::from(ip.to_bits()) << 16 | u64::from(port)
}

/// In which group the connection between these endpoints is: the same in every run, and for both directions.
#[inline]
pub(super) fn group(a: &Endpoint, b: &Endpoint) -> usize {
    let number = |Endpoint { ip, port }: &Endpoint| match ip {
        IpAddr::V4(ip) => word(ip, *port),
        IpAddr::V6(ip) => {
            let bits = ip.to_bits();
            ((bits >> 64) as u64 ^ bits as u64).rotate_left(16) ^ u64::from(*port)
        }
    };
    let sum = number(a).wrapping_add(number(b));
    // Multiplied by the golden ratio, numbers in a row, as a client's ports are, lie far apart (Knuth, The Art of Computer
    // Programming, volume 3, §6.4).
    (sum.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - GROUPS.ilog2())) as usize
}

const _: () = assert!(GROUPS.is_power_of_two());

/// In which of so many sets of flows the connection between these endpoints is: that of its group.
#[inline]
pub(super) fn set(a: &Endpoint, b: &Endpoint, sets: usize) -> usize {
    group(a, b) * sets / GROUPS
}

/// See the module.
#[derive(Debug)]
pub(super) struct Table<V> {
    narrow: Listed<Narrow, V>,
    wide: Listed<Wide, V>,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Table { narrow: Listed::default(), wide: Listed::default() }
    }
}

impl<V> Table<V> {
    /// This key with its hash.
    #[inline]
    pub(super) fn hashed(&self, key: Key) -> Hashed {
        let hash = match &key {
            Key::Narrow(key) => self.narrow.hash(key),
            Key::Wide(key) => self.wide.hash(key),
        };
        Hashed { key, hash }
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
    use std::net::Ipv6Addr;

    proptest! {
        /// Held against a map. Odd values are not needed: they may be gone, but nothing else comes in their place.
        #[test]
        fn what_is_needed_is_found(inserted in proptest::collection::vec((0u64..40, any::<bool>(), any::<u8>()), 0..200)) {
            let (mut table, mut map) = (Table::default(), HashMap::new());
            for (word, is_wide, value) in inserted {
                let long = Long { ip: [0, word], port: 0 };
                let key = if is_wide { Key::Wide((long, long)) } else { Key::Narrow((0, word)) };
                let key = table.hashed(key);
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

    /// A client's ports in a row, and clients in a row.
    #[test]
    fn connections_spread_over_the_groups() {
        let end = |ip: [u16; 8], port| Endpoint { ip: Ipv6Addr::from(ip).into(), port };
        let narrow = |host, port| Endpoint { ip: Ipv4Addr::new(192, 0, 2, host).into(), port };
        let wide = |host, port| end([0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(host)], port);
        for end in [&narrow as &dyn Fn(u8, u16) -> Endpoint, &wide] {
            let mut counts = [0; GROUPS];
            for (host, port) in (0..64).flat_map(|host| (0..64).map(move |port| (host, 40_000 + port))) {
                let (client, server) = (end(host, port), end(200, 443));
                assert_eq!(group(&client, &server), group(&server, &client));
                counts[group(&client, &server)] += 1;
            }
            assert!(counts.iter().all(|&count| (32..=128).contains(&count)), "{counts:?}");
        }
    }
}
