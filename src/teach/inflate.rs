//! One frame's payload inflated on its own (RFC 7692 §7.2.2): for a look, not for an analysis.

use crate::websocket::{Bounds, Failure, Inflater, Spare, Walk};

/// No more than this is inflated.
pub(super) const MAX_INFLATED: usize = 64 << 10;

/// Blocks that are listed.
pub(super) const MAX_BLOCKS: usize = 32;

/// What came out, why no more did, and what it was made of.
pub(super) struct Inflated {
    pub bytes: Vec<u8>,
    pub end: Result<(), Failure>,
    /// Of a payload that is a whole message.
    pub walk: Option<Walk>,
}

/// Inflates a payload with an empty window. `last`: it ends its message, so the tail belongs behind it.
pub(super) fn inflate(payload: &[u8], last: bool) -> Inflated {
    let bounds = Bounds { length: MAX_INFLATED as u64, ratio: u64::MAX };
    let mut bytes = Vec::new();
    let mut take = |piece: &[u8]| bytes.extend_from_slice(&piece[..piece.len().min(MAX_INFLATED - bytes.len())]);
    let mut inflater = Inflater::new(false, MAX_BLOCKS);
    inflater.begin();
    let mut spare = Spare::default();
    inflater.push(payload, bounds, &mut spare, &mut take);
    if last {
        let (walk, end) = inflater.finish(bounds, &mut spare, &mut take);
        return Inflated { bytes, end, walk: Some(walk) };
    }
    Inflated { bytes, end: inflater.so_far(), walk: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The examples of RFC 7692 §7.2.3.1, §7.2.3.3 (no compression), §7.2.3.4 (BFINAL) and §7.2.3.5 (two blocks).
    #[test]
    fn the_examples_of_the_rfc() {
        for payload in [
            &b"\xf2\x48\xcd\xc9\xc9\x07\x00"[..],
            b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
            b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
            b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
        ] {
            let out = inflate(payload, true);
            assert_eq!((out.bytes.as_slice(), out.end), (&b"Hello"[..], Ok(())), "{payload:02x?}");
        }
        // The first fragment of §7.2.3.1's fragmented form.
        assert_eq!(inflate(b"\xf2\x48\xcd", false).end, Ok(()));
    }

    /// RFC 7692 §7.2.3.2: the second "Hello" under context takeover refers to the first.
    #[test]
    fn a_reference_to_an_earlier_message_leads_nowhere() {
        assert_eq!(inflate(b"\xf2\x00\x11\x00\x00", true).end, Err(Failure::ContextLost));
        assert_eq!(inflate(b"\xf2\x00\x11\x00", false).end, Err(Failure::ContextLost));
        assert!(matches!(inflate(b"\x06", false).end, Err(Failure::Corrupt { .. })));
    }

    #[test]
    fn a_bomb_is_cut() {
        let mut deflater = flate2::Compress::new(flate2::Compression::best(), false);
        let mut bomb = Vec::with_capacity(1 << 16);
        deflater.compress_vec(&vec![b'a'; 1 << 20], &mut bomb, flate2::FlushCompress::Sync).unwrap();
        let out = inflate(&bomb, true);
        assert_eq!(out.bytes.len(), MAX_INFLATED);
        assert!(matches!(out.end, Err(Failure::Bomb { .. })));
        assert_eq!(out.walk.map(|walk| walk.length), Some(1 << 20), "it is walked to its end");
    }

    proptest! {
        #[test]
        fn anything_ends(payload: Vec<u8>, last: bool) {
            prop_assert!(inflate(&payload, last).bytes.len() <= MAX_INFLATED);
        }
    }
}
