//! The window on the decompressed capture: one buffer, refilled with whatever the source has.

use std::io::{self, Read};
use std::ops::Range;

use super::Stop;
use crate::fetch::fetch_bytes;

/// Fits a second-level cache; larger buffers read no faster.
const SIZE: usize = 512 << 10;

/// So much is handed over at once: enough for that to cost little beside the work, few enough for what threads hand to each
/// other to fit their second-level caches.
const KEPT_SIZE: usize = 200 << 10;

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
    /// What was consumed stays.
    keeps: bool,
}

enum End {
    Whole,
    Cut,
    Failed(String),
}

impl Buffer {
    pub(super) fn new(source: Box<dyn Read + Send>) -> Buffer {
        Buffer { source, bytes: vec![0; SIZE], start: 0, end: 0, offset: 0, ended: None, keeps: false }
    }

    /// From now on what was consumed stays until it is [handed over](Self::hand_over). Where that leaves no room to read on,
    /// it [says so](Stop::Full).
    pub(super) fn keep(&mut self) {
        self.keeps = true;
        // The first of what is handed over is no larger than the others.
        self.bytes.truncate(KEPT_SIZE.max(self.end));
    }

    /// Hands over its bytes in exchange for memory that becomes the room for what comes, and gives the offset of the first of them
    /// in the capture. What was not consumed stays here, too.
    pub(super) fn hand_over(&mut self, bytes: &mut Vec<u8>) -> u64 {
        let from = self.offset - self.start as u64;
        let rest = self.bytes.get(self.start..self.end).unwrap_or_default();
        let room = KEPT_SIZE.max(rest.len() * 2);
        // What is there need not be cleared again; memory for one long record is not kept for all that follow.
        if bytes.len() < room || bytes.len() > room * 2 {
            *bytes = vec![0; room];
        }
        bytes[..rest.len()].copy_from_slice(rest);
        (self.start, self.end) = (0, rest.len());
        std::mem::swap(&mut self.bytes, bytes);
        from
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
        fetch_bytes(&self.bytes, self.start + AHEAD);
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
        if self.keeps && self.start > 0 && self.end == self.bytes.len() {
            return Err(Stop::Full);
        }
        // What is left is less than one record, so moving it costs little.
        if !self.keeps && self.start > 0 {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives a few bytes at a time.
    struct Slow(io::Cursor<Vec<u8>>, usize);

    impl Read for Slow {
        fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(target.len());
            self.0.read(&mut target[..count])
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        /// Records of any length, some longer than all that is handed over at once, and memory that comes back.
        #[test]
        fn what_is_kept_stays_where_it_was_lent(
            lengths in prop::collection::vec(prop_oneof![20 => 1usize..3_000, 1 => 1usize..700_000], 1..400),
            at_once in prop_oneof![Just(usize::MAX), 1_000usize..100_000],
            early in 2usize..50,
        ) {
            let total: usize = lengths.iter().sum();
            let capture: Vec<u8> = (0..total as u32).flat_map(|at| at.wrapping_mul(0x9E37_79B9).to_le_bytes()).take(total).collect();
            let mut buffer = Buffer::new(Box::new(Slow(io::Cursor::new(capture.clone()), at_once)));
            buffer.keep();
            let (mut lent, mut bytes) = (Vec::new(), Vec::new());
            for (count, length) in lengths.into_iter().enumerate() {
                let is_early = count % early == early - 1;
                while is_early || matches!(buffer.need(length), Err(Stop::Full)) {
                    let from = buffer.hand_over(&mut bytes);
                    for (at, length) in lent.drain(..) {
                        let (at, from): (u64, u64) = (at, from);
                        let kept = (at - from) as usize;
                        prop_assert_eq!(&bytes[kept..kept + length], &capture[at as usize..][..length]);
                    }
                    if is_early {
                        break;
                    }
                }
                prop_assert!(buffer.need(length).is_ok());
                lent.push((buffer.offset(), length));
                let at = buffer.offset() as usize;
                prop_assert_eq!(buffer.consume(length), &capture[at..at + length]);
            }
            prop_assert!(matches!(buffer.need(1), Err(Stop::End | Stop::Full)));
        }
    }
}
