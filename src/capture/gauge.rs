//! How far a capture is read, to be looked at from another thread while it is.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts that grow while a [`Reader`](super::Reader) is at work.
#[derive(Debug, Default)]
pub struct Gauge {
    bytes: AtomicU64,
    packets: AtomicU64,
}

impl Gauge {
    /// Bytes read so far, as they are in the file: before decompression.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Packets given so far.
    pub fn packets(&self) -> u64 {
        self.packets.load(Relaxed)
    }

    /// So many packets were given.
    pub(super) fn set_packets(&self, packets: u64) {
        self.packets.store(packets, Relaxed);
    }
}

/// A stream whose bytes are counted as they are read.
pub(super) struct Counted<R> {
    pub(super) source: R,
    pub(super) gauge: Arc<Gauge>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(target)?;
        self.gauge.bytes.fetch_add(count as u64, Relaxed);
        Ok(count)
    }
}
