//! Reports that want different amounts of payload from one analysis.

use crate::analysis::Sink;
use crate::websocket::{Frame, Message};
use std::io;

/// Control frames keep as much as RFC 6455 §5.5 allows them, as the analysis has it.
const CONTROL_PAYLOAD: usize = 125;

/// Passes everything on with no more payload than an analysis that was asked for so many bytes would tell.
pub struct Shortened {
    inner: Box<dyn Sink>,
    payload_bytes: usize,
}

impl Shortened {
    /// Passes on to `inner`.
    pub fn new(inner: Box<dyn Sink>, payload_bytes: usize) -> Shortened {
        Shortened { inner, payload_bytes }
    }
}

impl Sink for Shortened {
    crate::analysis::relay!(inner: pause, connection, finding, reaction, connection_end, capture, unreadable, summary);

    fn frame(&mut self, id: u64, frame: &Frame<'_>) -> io::Result<()> {
        let most = match frame.header.opcode.is_control() {
            true => self.payload_bytes.max(CONTROL_PAYLOAD),
            false => self.payload_bytes,
        };
        match frame.payload.get(..most) {
            Some(payload) => self.inner.frame(id, &Frame { payload, ..frame.clone() }),
            None => self.inner.frame(id, frame),
        }
    }

    fn message(&mut self, id: u64, message: &Message<'_>) -> io::Result<()> {
        match message.payload.get(..self.payload_bytes) {
            Some(payload) => self.inner.message(id, &Message { payload, ..message.clone() }),
            None => self.inner.message(id, message),
        }
    }
}
