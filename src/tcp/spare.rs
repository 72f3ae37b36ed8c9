//! Memory that connections lend each other, so that none is made for each segment and an idle connection holds none.

use super::kept::Kept;

/// Buffers that are kept for the next connection.
const KEPT: usize = 64;

/// Bytes of the buffers that are kept: room for a short message, and for the few full segments that pass before an
/// acknowledgment. Who sends short messages gets no large one: it would stay with a connection whose last bytes are never
/// acknowledged.
const SMALL: usize = 256;
const LARGE: usize = 8 << 10;

/// Empty buffers for bytes that wait for their acknowledgment.
#[derive(Debug, Default)]
pub struct Spare {
    // In boxes, as connections hold them: one word where there is none.
    #[expect(clippy::vec_box, reason = "a buffer moves between connections without its box being made anew")]
    small: Vec<Box<Kept>>,
    #[expect(clippy::vec_box, reason = "the same")]
    large: Vec<Box<Kept>>,
}

impl Spare {
    /// An empty buffer for a segment of so many bytes and others like it.
    #[inline]
    pub(super) fn take(&mut self, bytes: usize) -> Box<Kept> {
        let kept = if bytes <= SMALL { &mut self.small } else { &mut self.large };
        kept.pop().unwrap_or_default()
    }

    /// Takes back an empty buffer.
    #[inline]
    pub(super) fn put(&mut self, buffer: Box<Kept>) {
        let kept = if buffer.capacity() <= SMALL { &mut self.small } else { &mut self.large };
        if buffer.capacity() <= LARGE && kept.len() < KEPT {
            kept.push(buffer);
        }
    }
}
