//! The window on the decompressed capture: one buffer, refilled with whatever the source has.

use std::io::{self, Read};
use std::ops::Range;

use super::Stop;
use crate::fetch::fetch;

/// Fits a second-level cache; larger buffers read no faster.
const INITIAL_SIZE: usize = 512 << 10;

/// How far ahead of what is consumed the buffer is fetched: a few small packets. Of larger ones the processor finds out by
/// itself that they are read from one end to the other.
const AHEAD: usize = 384;

pub(super) struct Buffer {
    source: Box<dyn Read + Send>,
    /// Bytes read and not yet consumed are `bytes[start..end]`.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes consumed: the offset of `bytes[start]` in the capture.
    offset: u64,
    /// Set once the source will give nothing more.
    ended: Option<End>,
}

enum End {
    Whole,
    Cut,
    Failed(String),
}

impl Buffer {
    pub(super) fn new(source: Box<dyn Read + Send>) -> Buffer {
        Buffer { source, bytes: vec![0; INITIAL_SIZE], start: 0, end: 0, offset: 0, ended: None }
    }

    /// What has been read and not consumed.
    #[inline]
    pub(super) fn data(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Whether all that has been read is consumed.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Offset of the first byte of [`data`](Self::data) in the capture.
    #[inline]
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Drops `length` bytes from the front and gives them back: they stay until the next call of
    /// [`need`](Self::need).
    pub(super) fn consume(&mut self, length: usize) -> &[u8] {
        self.consume_and_lend(length, 0..length)
    }

    /// Drops `length` bytes from the front and gives back those at `part` of what was there; none where it ends before.
    #[inline]
    pub(super) fn consume_and_lend(&mut self, length: usize, part: Range<usize>) -> &[u8] {
        let from = self.start;
        self.start = (from + length).min(self.end);
        self.offset += (self.start - from) as u64;
        if let Some(ahead) = self.bytes.get(self.start + AHEAD..).and_then(|bytes| bytes.first_chunk::<128>()) {
            fetch(ahead);
        }
        self.bytes.get(from + part.start..from + part.end).unwrap_or_default()
    }

    /// Makes at least `length` bytes available, reading no more often than it takes: a packet that lies in the buffer
    /// is never held back to fill it, so that a live source is followed without delay.
    #[inline]
    pub(super) fn need(&mut self, length: usize) -> Result<(), Stop> {
        if self.end - self.start >= length { Ok(()) } else { self.fill(length) }
    }

    #[cold]
    fn fill(&mut self, length: usize) -> Result<(), Stop> {
        while self.end - self.start < length {
            self.refill()?;
        }
        Ok(())
    }

    fn refill(&mut self) -> Result<(), Stop> {
        match &self.ended {
            None => {}
            Some(End::Whole) if self.start == self.end => return Err(Stop::End),
            Some(End::Whole | End::Cut) => return Err(Stop::Cut),
            Some(End::Failed(reason)) => return Err(Stop::Fault(reason.clone())),
        }
        // What is left is less than one record, so moving it costs little.
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        // Grows with what has arrived, not with what a record claims to be.
        if self.end == self.bytes.len() {
            self.bytes.resize(self.bytes.len() * 2, 0);
        }
        match self.source.read(&mut self.bytes[self.end..]) {
            Ok(0) => self.ended = Some(End::Whole),
            Ok(count) => self.end += count,
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted => {}
                // How every decoder in `compression` says that its stream ends early.
                io::ErrorKind::UnexpectedEof => self.ended = Some(End::Cut),
                _ => {
                    let at = self.offset + self.end as u64;
                    self.ended = Some(End::Failed(format!("reading stopped after byte {at}: {error}")));
                }
            },
        }
        Ok(())
    }
}
