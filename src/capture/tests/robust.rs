//! Any bytes: no panic, an end, and everything before the fault.

use proptest::prelude::*;

use super::build::{MICROSECONDS, MODIFIED, NANOSECONDS, Order, Pcap, PcapNg, every_block};
use super::{Drip, Reader, Seen, drain, open, read};

#[test]
fn a_pcap_file_cut_at_every_byte_gives_all_whole_packets_before_the_cut() {
    for (order, magic) in [(Order::Little, MICROSECONDS), (Order::Big, NANOSECONDS), (Order::Little, MODIFIED)] {
        let mut file = Pcap::new(order, magic, 65535, 1);
        for i in 0..6 {
            file = file.packet(i, i, 40, &vec![i as u8; 1 + i as usize * 3]);
        }
        let (all, _) = read(&file.bytes);
        let ends: Vec<usize> = all.iter().map(|p| p.file_offset as usize + p.data.len()).collect();
        for cut in 24..=file.bytes.len() {
            let (seen, info) = read(&file.bytes[..cut]);
            let whole = ends.iter().filter(|end| **end <= cut).count();
            assert_eq!(seen, all[..whole], "cut at {cut}");
            assert_eq!(info.truncated, cut != 24 && !ends.contains(&cut), "cut at {cut}");
            assert_eq!(info.fault, None);
        }
        for cut in 0..24 {
            assert!(open(&file.bytes[..cut]).is_err());
        }
    }
}

#[test]
fn a_pcapng_file_cut_at_every_byte_gives_all_whole_packets_before_the_cut() {
    let file = every_block();
    let (all, _) = read(&file.bytes);
    for cut in 12..=file.bytes.len() {
        let (seen, info) = read(&file.bytes[..cut]);
        let whole = file.ends.iter().filter(|(end, packet)| *packet && *end <= cut).count();
        assert_eq!(seen, all[..whole], "cut at {cut}");
        assert_eq!(info.truncated, !file.ends.iter().any(|(end, _)| *end == cut), "cut at {cut}");
        assert_eq!(info.fault, None);
    }
    for cut in 0..12 {
        assert!(open(&file.bytes[..cut]).is_err());
    }
}

#[test]
fn a_source_that_gives_one_byte_at_a_time_gives_the_same_packets() {
    for bytes in [Pcap::counting(50).bytes, every_block().bytes] {
        assert_eq!(drain(Reader::from_read("test", Box::new(Drip::new(&bytes))).unwrap()), read(&bytes));
    }
}

/// Reads whatever there is. It ends because every record consumes bytes.
fn survives(bytes: &[u8]) -> Vec<Seen> {
    match open(bytes) {
        Ok(reader) => drain(reader).0,
        Err(error) => {
            assert!(!error.to_string().contains('\n'), "one line: {error}");
            Vec::new()
        }
    }
}

/// Beginnings that lead into each decoder.
fn beginning() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        Just(Pcap::counting(0).bytes),
        Just(Pcap::new(Order::Big, MODIFIED, 0, 1).bytes),
        Just(PcapNg::new(Order::Little).interface(1, 0, &[]).bytes),
        Just(PcapNg::new(Order::Big).interface(1, 8, &[]).bytes),
        Just(vec![0x1f, 0x8b, 8]),
        Just(vec![0x28, 0xb5, 0x2f, 0xfd]),
        Just(vec![0x04, 0x22, 0x4d, 0x18]),
        Just(vec![0x50, 0x2a, 0x4d, 0x18]),
    ]
}

/// A valid file of every kind.
fn valid() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Pcap::counting(10).bytes),
        Just(every_block().bytes),
        Just(super::compression::gzip(&every_block().bytes)),
        Just(super::compression::zstd(&every_block().bytes)),
        Just(super::compression::lz4(&Pcap::counting(30).bytes)),
    ]
}

proptest! {
    #[test]
    fn random_bytes(mut bytes in beginning(), more in prop::collection::vec(any::<u8>(), 0..400)) {
        bytes.extend(more);
        survives(&bytes);
    }

    #[test]
    fn changed_files(
        mut bytes in valid(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        survives(&bytes);
    }

    #[test]
    fn a_changed_block_leaves_the_packets_before_it(
        at in any::<prop::sample::Index>(),
        value in any::<u8>(),
    ) {
        let file = every_block();
        let (all, _) = read(&file.bytes);
        let mut bytes = file.bytes.clone();
        let at = at.index(bytes.len());
        bytes[at] = value;
        let seen = survives(&bytes);
        let before = file.ends.iter().filter(|(end, packet)| *packet && *end <= at).count();
        // Interfaces and sections change what is read of the packets after them, so only those before are the same.
        prop_assert_eq!(&seen[..before.min(seen.len())], &all[..before]);
    }
}
