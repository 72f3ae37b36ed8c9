//! The payload bytes of one connection's messages and nothing else, for another program to read.

use crate::Role;
use crate::analysis::{Sink, Summary};
use crate::websocket::Message;
use std::io::{self, Write};

/// Writes the messages of one connection, inflated, one after the other without a separator.
pub struct Raw<W: Write> {
    out: W,
    connection: u64,
    sender: Option<Role>,
    /// Messages of which bytes were not written: missing in the capture, not inflated, or beyond the number of
    /// bytes the analysis kept.
    pub cut: u64,
}

impl<W: Write> Raw<W> {
    /// Writes what `sender` (or both) said on `connection` to `out`.
    pub fn new(out: W, connection: u64, sender: Option<Role>) -> Raw<W> {
        Raw { out, connection, sender, cut: 0 }
    }
}

impl<W: Write> Sink for Raw<W> {
    fn message(&mut self, id: u64, message: &Message<'_>) -> io::Result<()> {
        if id != self.connection || self.sender.is_some_and(|sender| sender != message.sender) {
            return Ok(());
        }
        if message.length != Some(message.payload.len() as u64) {
            self.cut += 1;
        }
        self.out.write_all(message.payload)
    }

    fn summary(&mut self, _: &Summary) -> io::Result<()> {
        self.out.flush()
    }
}
