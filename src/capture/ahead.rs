//! Reads a stream on a thread of its own, some pieces ahead of who takes them: a compressed capture inflates while the
//! packets before are analysed.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

/// Bytes of a piece, and how many pieces may wait. Together they bound the memory.
const PIECE: usize = 256 << 10;
const WAITING: usize = 4;

/// What the thread has read. Dropping it ends the thread, at the latest with the read it is at.
pub(super) struct ReadAhead {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    taken: usize,
}

impl ReadAhead {
    /// Reads `source` from now on. Gives it back where no thread can be had.
    pub(super) fn begin(source: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
        let (sender, pieces) = sync_channel(WAITING);
        // The source goes to the thread by a channel, so that it is not lost with a thread that cannot begin.
        let (give, take) = sync_channel(1);
        let thread = thread::Builder::new().name("inflate".to_owned()).spawn(move || {
            let Ok(mut source) = take.recv() else { return };
            while let Some(piece) = next(&mut source) {
                let is_last = piece.is_err();
                if sender.send(piece).is_err() || is_last {
                    return;
                }
            }
        });
        match thread {
            Ok(_) => match give.send(source) {
                Ok(()) => Box::new(ReadAhead { pieces, piece: Vec::new(), taken: 0 }),
                Err(unsent) => unsent.0,
            },
            Err(_) => source,
        }
    }
}

/// The next piece; `None` at the end. Given as soon as there is anything, so that a live source is followed.
fn next(source: &mut Box<dyn Read + Send>) -> Option<io::Result<Vec<u8>>> {
    let mut piece = vec![0; PIECE];
    loop {
        match source.read(&mut piece) {
            Ok(0) => return None,
            Ok(count) => {
                piece.truncate(count);
                return Some(Ok(piece));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Some(Err(error)),
        }
    }
}

impl Read for ReadAhead {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.piece.len() {
            // Nothing more is sent after the end or an error.
            let Ok(piece) = self.pieces.recv() else { return Ok(0) };
            (self.piece, self.taken) = (piece?, 0);
        }
        let count = (&self.piece[self.taken..]).read(target)?;
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives its bytes a few at a time, then the error.
    struct Slow(Vec<u8>, usize, Option<io::ErrorKind>);

    impl Read for Slow {
        fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(target.len());
            target[..count].copy_from_slice(&self.0[..count]);
            self.0.drain(..count);
            match self.2 {
                Some(kind) if count == 0 => Err(kind.into()),
                _ => Ok(count),
            }
        }
    }

    proptest! {
        #[test]
        fn what_comes_out_is_what_went_in(bytes: Vec<u8>, at_once in 1usize..50, fails: bool) {
            let kind = fails.then_some(io::ErrorKind::UnexpectedEof);
            let mut ahead = ReadAhead::begin(Box::new(Slow(bytes.clone(), at_once, kind)));
            let mut read = Vec::new();
            let end = ahead.read_to_end(&mut read);
            prop_assert_eq!(read, bytes);
            prop_assert_eq!(end.err().map(|error| error.kind()), kind);
        }
    }

    #[test]
    fn a_reader_that_is_dropped_ends_the_thread() {
        let (alive, dropped) = sync_channel::<()>(1);
        struct Endless(#[expect(dead_code, reason = "dropped with the source")] std::sync::mpsc::SyncSender<()>);
        impl Read for Endless {
            fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
                Ok(target.len())
            }
        }
        let mut ahead = ReadAhead::begin(Box::new(Endless(alive)));
        ahead.read_exact(&mut [0; 10]).unwrap();
        drop(ahead);
        assert!(dropped.recv().is_err());
    }
}
