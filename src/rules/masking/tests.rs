//! What random keys do to the tests, and what short cuts leave out. What is found through the whole pipeline is in
//! tests/rules_masking.rs.

use super::generators::predict;
use super::history::{HISTORY, History};
use super::statistics::{Steps, repeats_too_often, weakness};

/// SplitMix64 (Steele, Lea, Flood 2014); as good as random to all tests here.
struct Random(u64);

impl Random {
    fn key(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) as u32
    }
}

/// How many connections, each with so many random keys, something is said of.
fn said_of_random_keys(connections: u64, keys: usize) -> usize {
    let mut random = Random(6455);
    let mut said = 0;
    let mut history = Vec::new();
    for _ in 0..connections {
        history.clear();
        let (mut steps, mut repeats) = (Steps::default(), 0);
        for _ in 0..keys {
            let key = random.key();
            history.push(key);
            said += usize::from(steps.push(key).is_some());
            said += usize::from(repeats_too_often(&history, &mut repeats));
            said += usize::from(predict(&history, history.len()).is_some());
            said += usize::from(weakness(&history).is_some());
        }
    }
    said
}

#[test]
fn nothing_is_said_of_random_keys() {
    assert_eq!(said_of_random_keys(300, HISTORY), 0);
    assert_eq!(said_of_random_keys(5_000, 64), 0);
}

#[test]
#[ignore = "half a minute or more"]
fn nothing_is_said_of_a_million_connections_with_random_keys() {
    assert_eq!(said_of_random_keys(1_000_000, 64), 0);
    assert_eq!(said_of_random_keys(50_000, HISTORY), 0);
}

#[test]
fn a_connection_never_costs_more_than_the_history() {
    let mut history = History::default();
    let mut keys = Vec::new();
    for key in 0..HISTORY as u32 {
        assert!(history.push(key));
        keys.push(key);
        assert_eq!(history.keys(), (&keys[..], &keys[..]));
        assert!(history.capacity() <= HISTORY && history.capacity() < 4 * keys.len().max(4));
    }
    assert!(!history.push(0));
    assert_eq!((history.keys().0, history.capacity()), (&[][..], 0));
}
