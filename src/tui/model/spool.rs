//! Bytes that are too many to keep in memory: what was stored for frames, messages and connections, in the order in
//! which it came.
//!
//! They are in memory up to a bound and in a temporary file beyond it. The file has no name and is gone with the process,
//! however that ends. So any payload can be looked at again whatever the capture came from: a pipe, a compressed file,
//! TLS.

use std::io::{self, Read, Seek, SeekFrom, Write};
use tempfile::SpooledTempFile;

/// Up to here nothing is written to disk.
const IN_MEMORY: usize = 64 << 20;

/// Bytes that are read at once: what is looked at next is often near.
const WINDOW: usize = 64 << 10;

/// See the module.
pub(super) struct Spool {
    file: SpooledTempFile,
    length: u64,
    /// What was read last, and where it begins. Stored bytes never change.
    window: (u64, Vec<u8>),
}

impl Spool {
    pub(super) fn new() -> Spool {
        Spool { file: SpooledTempFile::new(IN_MEMORY), length: 0, window: (0, Vec::new()) }
    }

    /// Bytes that are stored.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Stores bytes behind the others.
    ///
    /// # Errors
    /// No room for the temporary file; what was stored before stays readable.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Reads up to `length` bytes from `offset` on; fewer where fewer are stored.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub(super) fn read(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let stored = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        let length = length.min(stored);
        let (start, window) = &self.window;
        let at = offset.checked_sub(*start).and_then(|at| usize::try_from(at).ok());
        let within = at.and_then(|at| window.get(at..at.checked_add(length)?));
        if let Some(bytes) = within {
            return Ok(bytes.to_vec());
        }
        let mut bytes = vec![0; length.max(WINDOW).min(stored)];
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read_exact(&mut bytes)?;
        let wanted = bytes[..length].to_vec();
        // A payload that is longer is not worth its memory.
        if bytes.len() <= WINDOW {
            self.window = (offset, bytes);
        }
        Ok(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_can_be_read_between_writes() {
        let mut spool = Spool::new();
        spool.append(b"Hello").unwrap();
        assert_eq!(spool.read(1, 3).unwrap(), b"ell");
        spool.append(b", world").unwrap();
        assert_eq!(spool.read(3, 100).unwrap(), b"lo, world");
        assert_eq!(spool.read(100, 1).unwrap(), b"");
        assert_eq!(spool.length(), 12);
        // Larger than the window, then inside it.
        spool.append(&vec![7; 3 * WINDOW]).unwrap();
        assert_eq!(spool.read(4, 2 * WINDOW).unwrap().len(), 2 * WINDOW);
        assert_eq!(spool.read(10, 4).unwrap(), b"ld\x07\x07");
        assert_eq!(spool.read(11, 2).unwrap(), b"d\x07");
        assert_eq!(spool.read(u64::MAX, 2).unwrap(), b"");
    }
}
