//! The bytes of a frame's header, kept for a finding that may come later.

/// A header has so many bytes at most (RFC 6455 §5.2).
const MOST: usize = 14;

/// See the module. Held in place: a header is hardly longer than what points to it would be.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HeaderBytes {
    bytes: [u8; MOST],
    length: u8,
}

impl HeaderBytes {
    /// A copy of them, or of as many as a header can have.
    pub(super) fn of(header: &[u8]) -> HeaderBytes {
        let mut copy = HeaderBytes::default();
        for (to, from) in copy.bytes.iter_mut().zip(header) {
            *to = *from;
            copy.length += 1;
        }
        copy
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::HeaderBytes;

    #[test]
    fn a_header_stays_as_it_is() {
        for length in 0..=14 {
            let header: Vec<u8> = (1..=length).collect();
            assert_eq!(HeaderBytes::of(&header).bytes(), header);
        }
        assert_eq!(HeaderBytes::of(&[7; 20]).bytes(), [7; 14]);
    }
}
