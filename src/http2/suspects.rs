//! Which streams may be WebSockets although nobody was seen to ask: requests are among the frames that are missing, or
//! came before the capture began.

use std::collections::BTreeSet;

/// Streams that are known not to be WebSockets, and are remembered as such.
const CLEARED: usize = 1024;

/// Streams that may be taken for WebSockets at the same time.
const SUSPECTED: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    /// Requests may have been missed for streams above this one; `None` while none was missed.
    above: Option<u32>,
    /// The highest stream that a request was read for.
    highest: u32,
    cleared: BTreeSet<u32>,
    suspected: BTreeSet<u32>,
}

impl Suspects {
    /// `lossy` where the capture began within the connection.
    pub(super) fn new(lossy: bool) -> Suspects {
        Suspects { above: lossy.then_some(0), ..Suspects::default() }
    }

    /// From here on requests are missing.
    pub(super) fn begin(&mut self) {
        self.above.get_or_insert(self.highest);
    }

    /// A request was read for this stream.
    pub(super) fn requested(&mut self, stream: u32) {
        self.highest = self.highest.max(stream);
    }

    /// This stream is no WebSocket.
    pub(super) fn clear_of(&mut self, stream: u32) {
        self.suspected.remove(&stream);
        if self.above.is_some() {
            self.cleared.insert(stream);
            if self.cleared.len() > CLEARED {
                self.cleared.pop_first();
            }
        }
    }

    /// Whether data on this stream, of which nothing is known, is looked at. Clients open streams with odd numbers
    /// (RFC 9113 §5.1.1).
    pub(super) fn takes(&mut self, stream: u32) -> bool {
        let may_be = self.above.is_some_and(|above| stream > above) && stream % 2 == 1;
        let takes = may_be && !self.cleared.contains(&stream) && self.suspected.len() < SUSPECTED;
        if takes {
            self.suspected.insert(stream);
        }
        takes
    }
}
