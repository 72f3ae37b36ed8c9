//! Memory that connections lend each other, so that none is made for each segment and an idle connection holds none.

use super::kept::Kept;

/// Buffers that are kept for the next connection.
const KEPT: usize = 64;

/// Bytes of the buffers that are kept: room for a few words, for a short message, and for the few full segments that
/// pass before an acknowledgment. Who sends short messages gets no large one: it would stay with a connection whose
/// last bytes are never acknowledged.
const TINY: usize = 64;
const SMALL: usize = 256;
const LARGE: usize = 8 << 10;

/// In boxes, as connections hold them (one word where there is none): a buffer moves between connections without its box
/// being made anew.
type Buffers = Vec<Box<Kept>>;

/// Empty buffers for bytes that wait for their acknowledgment.
#[derive(Debug, Default)]
pub struct Spare {
    tiny: Buffers,
    small: Buffers,
    large: Buffers,
}

impl Spare {
    /// An empty buffer for a segment of so many bytes and others like it.
    #[inline]
    pub(super) fn take(&mut self, bytes: usize) -> Box<Kept> {
        let (kept, room) = self.of(bytes);
        // With the room of its kind from the first, so that none grows step by step.
        kept.pop().unwrap_or_else(|| Box::new(Kept::with_room(room)))
    }

    /// Takes back an empty buffer.
    #[inline]
    pub(super) fn put(&mut self, buffer: Box<Kept>) {
        let (kept, _) = self.of(buffer.capacity());
        if buffer.capacity() <= LARGE && kept.len() < KEPT {
            kept.push(buffer);
        }
    }

    /// The buffers for so many bytes, and the room of a new one.
    #[inline]
    fn of(&mut self, bytes: usize) -> (&mut Buffers, usize) {
        if bytes <= TINY {
            (&mut self.tiny, TINY)
        } else if bytes <= SMALL {
            (&mut self.small, SMALL)
        } else {
            (&mut self.large, bytes)
        }
    }
}
