//! One direction of a stream: its own offsets, and where they stand in the connection.
//!
//! To who decodes it, a stream looks like a TCP connection of its own: its bytes are counted from 0, and what a sender
//! had received is an offset among the other direction's bytes. TCP acknowledges bytes of the connection, so it is kept
//! which of those carried which bytes of the stream.

use std::collections::VecDeque;

/// Pieces of DATA whose place is remembered. What was acknowledged when more than these were on their way is unknown.
const MARKS: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Half {
    /// The bytes that went by.
    pub(super) offset: u64,
    marks: VecDeque<Mark>,
    /// Older pieces were forgotten.
    forgotten: bool,
    /// END_STREAM was sent; the connection's offset behind the frame that had it.
    fin: Option<u64>,
    /// The direction is over.
    pub(super) ended: bool,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    /// Offset of the piece in the connection.
    at: u64,
    /// Offset of the piece in the stream.
    local: u64,
    length: u64,
}

impl Half {
    /// The next bytes of the stream stand at this offset of the connection.
    pub(super) fn advance(&mut self, at: u64, length: u64) {
        if self.marks.len() == MARKS {
            self.marks.pop_front();
            self.forgotten = true;
        }
        self.marks.push_back(Mark { at, local: self.offset, length });
        self.offset = self.offset.saturating_add(length);
    }

    /// The sender ended the stream with a frame that ends at this offset of the connection.
    pub(super) fn end(&mut self, end: u64) {
        self.fin = Some(end);
        self.ended = true;
    }

    /// How much of this direction had been received by who had received so much of the connection; `None` where that
    /// is not known. As with TCP's FIN, the end of the stream counts for one.
    pub(super) fn received(&self, connection: u64) -> Option<u64> {
        if self.fin.is_some_and(|end| connection >= end) {
            return Some(self.offset.saturating_add(1));
        }
        match self.marks.iter().rev().find(|mark| mark.at <= connection) {
            Some(mark) => Some(mark.local.saturating_add(mark.length.min(connection - mark.at))),
            None if self.forgotten => None,
            None => Some(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_received_of_the_connection_is_told_as_bytes_of_the_stream() {
        // Frames of 9 bytes of header: 10 bytes of data at 100, 20 at 300, END_STREAM on the second.
        let mut half = Half::default();
        half.advance(109, 10);
        half.advance(309, 20);
        half.end(329);
        let received = |connection| half.received(connection);
        assert_eq!([50, 109, 112, 119, 200, 309, 328].map(received), [0, 0, 3, 10, 10, 10, 29].map(Some));
        assert_eq!([329, 5000].map(received), [31, 31].map(Some));
    }

    #[test]
    fn what_is_forgotten_is_not_known() {
        let mut half = Half::default();
        for n in 0..=MARKS as u64 {
            half.advance(n * 10, 1);
        }
        assert_eq!(half.received(5), None);
        assert_eq!(half.received(10), Some(1));
        assert_eq!(half.received(11), Some(2));
    }
}
