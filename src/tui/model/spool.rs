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

/// See the module.
pub(super) struct Spool {
    file: SpooledTempFile,
    length: u64,
}

impl Spool {
    pub(super) fn new() -> Spool {
        Spool { file: SpooledTempFile::new(IN_MEMORY), length: 0 }
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
        let stored = self.length.saturating_sub(offset);
        let mut bytes = vec![0; usize::try_from(stored).unwrap_or(usize::MAX).min(length)];
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
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
    }
}
