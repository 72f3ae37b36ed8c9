//! Memory that connections lend each other, so that none is made for each segment and an idle connection holds none.

use super::kept::Kept;

/// Buffers that are kept for the next connection.
const KEPT: usize = 64;

/// Bytes of a buffer that is kept: room for a short message. A larger one would stay with a connection whose last bytes
/// are never acknowledged.
const ROOM: usize = 256;

/// Empty buffers for bytes that wait for their acknowledgment.
#[derive(Debug, Default)]
pub struct Spare {
    // In boxes, as connections hold them: one word where there is none.
    #[expect(clippy::vec_box, reason = "a buffer moves between connections without its box being made anew")]
    buffers: Vec<Box<Kept>>,
}

impl Spare {
    /// An empty buffer, with room if there is one.
    pub(super) fn take(&mut self) -> Box<Kept> {
        self.buffers.pop().unwrap_or_default()
    }

    /// Takes back an empty buffer.
    pub(super) fn put(&mut self, buffer: Box<Kept>) {
        if buffer.capacity() <= ROOM && self.buffers.len() < KEPT {
            self.buffers.push(buffer);
        }
    }
}
