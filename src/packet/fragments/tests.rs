//! The bounds of the store, from the inside.

use proptest::prelude::*;

use super::*;

fn fragment(id: u32, offset: usize, more: bool) -> Fragment {
    let ip = IpPayload {
        source: [10, 0, 0, 1].into(),
        destination: [10, 0, 0, 2].into(),
        protocol: ip_number::TCP,
        identification: 0,
        unsegmented: false,
    };
    Fragment { ip, identification: id, offset, more }
}

fn is_consistent(store: &Fragments) -> bool {
    let incomplete = store.datagrams.values().filter(|datagram| !datagram.is_complete()).count();
    store.bytes == store.datagrams.values().map(Datagram::allocated).sum::<usize>()
        && store.order.len() == store.datagrams.len()
        && store.order.iter().all(|key| store.datagrams.contains_key(key))
        && store.counts.incomplete == incomplete as u64
}

/// One hole more than a datagram may have, and it is gone.
#[test]
fn a_scattered_datagram_is_dropped() {
    let mut store = Fragments::default();
    for i in 0..65 {
        assert_eq!(store.counts.dropped, 0);
        assert!(store.add(&fragment(1, i * 16, true), Span::new(&[0; 8], 0), None, &mut Vec::new()).unwrap().is_none());
    }
    assert_eq!((store.counts.dropped, store.counts.incomplete, store.bytes), (1, 0, 0));
    assert!(is_consistent(&store));
}

proptest! {
    /// Whatever comes, the store stays within its bounds and its books are right.
    #[test]
    fn memory_is_bounded(
        fragments in prop::collection::vec((0u32..40, 0usize..8191, 1usize..200, any::<bool>(), 0usize..64, 0i64..100), 1..300),
    ) {
        let limits = FragmentLimits { datagrams: 16, bytes: 300_000, age: Duration::from_secs(30) };
        let mut store = Fragments::new(limits);
        let (bytes, mut whole) = ([0; 1600], Vec::new());
        for (id, offset, length, more, missing, time) in fragments {
            let part = Span::new(&bytes[..length * 8], missing * 8);
            let time = Some(Timestamp::new(time * 1_000_000_000));
            let _ = store.add(&fragment(id, offset * 8, more), part, time, &mut whole);
            prop_assert!(store.datagrams.len() <= limits.datagrams);
            prop_assert!(store.bytes <= limits.bytes);
            prop_assert!(is_consistent(&store));
        }
    }
}
