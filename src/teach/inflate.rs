//! One frame's payload inflated on its own (RFC 7692 §7.2.2): for a look, not for an analysis.

use flate2::{Decompress, FlushDecompress, Status};

/// What an empty DEFLATE block ends in; a sender takes these bytes away (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// No more than this is inflated.
pub(super) const MAX_INFLATED: usize = 64 << 10;

/// What came out, and why no more did.
pub(super) struct Inflated {
    pub bytes: Vec<u8>,
    pub end: End,
}

/// Why inflating ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Everything was inflated.
    Whole,
    /// There is more than [`MAX_INFLATED`].
    TooLong,
    /// The data are no DEFLATE, or refer to what is not in the window.
    Fault,
}

/// Inflates a payload with an empty window. `last`: it ends its message, so the tail belongs behind it.
pub(super) fn inflate(payload: &[u8], last: bool) -> Inflated {
    let mut inflater = Decompress::new(false);
    let mut bytes = Vec::new();
    let mut room = vec![0; MAX_INFLATED + 1];
    for mut input in [payload, if last { &TAIL } else { &[] }] {
        loop {
            let (read, written) = (inflater.total_in(), inflater.total_out());
            let status = inflater.decompress(input, &mut room, FlushDecompress::Sync);
            // Both are bounded by the slices just handed in.
            input = &input[(inflater.total_in() - read) as usize..];
            let new = (inflater.total_out() - written) as usize;
            bytes.extend(&room[..new]);
            if bytes.len() > MAX_INFLATED {
                bytes.truncate(MAX_INFLATED);
                return Inflated { bytes, end: End::TooLong };
            }
            match status {
                Err(_) => return Inflated { bytes, end: End::Fault },
                // A block with BFINAL; RFC 7692 §7.2.3.5 shows one, with an empty block behind it.
                Ok(Status::StreamEnd) => return Inflated { bytes, end: End::Whole },
                Ok(_) if input.is_empty() && new < room.len() => break,
                Ok(_) if new == 0 && inflater.total_in() == read => break,
                Ok(_) => {}
            }
        }
    }
    Inflated { bytes, end: End::Whole }
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
            assert_eq!((out.bytes.as_slice(), out.end), (&b"Hello"[..], End::Whole), "{payload:02x?}");
        }
        // The first fragment of §7.2.3.1's fragmented form.
        assert_eq!(inflate(b"\xf2\x48\xcd", false).end, End::Whole);
    }

    /// RFC 7692 §7.2.3.2: the second "Hello" under context takeover refers to the first.
    #[test]
    fn a_reference_to_an_earlier_message_is_a_fault() {
        assert_eq!(inflate(b"\xf2\x00\x11\x00\x00", true).end, End::Fault);
    }

    #[test]
    fn a_bomb_is_cut() {
        let mut deflater = flate2::Compress::new(flate2::Compression::best(), false);
        let mut bomb = Vec::with_capacity(1 << 16);
        deflater.compress_vec(&vec![b'a'; 1 << 20], &mut bomb, flate2::FlushCompress::Sync).unwrap();
        let out = inflate(&bomb, true);
        assert_eq!((out.bytes.len(), out.end), (MAX_INFLATED, End::TooLong));
    }

    proptest! {
        #[test]
        fn anything_ends(payload: Vec<u8>, last: bool) {
            prop_assert!(inflate(&payload, last).bytes.len() <= MAX_INFLATED);
        }
    }
}
