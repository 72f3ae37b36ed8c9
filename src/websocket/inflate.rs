//! permessage-deflate undone (RFC 7692 §7.2.2): one inflater for each direction, its window kept from message to
//! message.
//!
//! The window is kept even where the sender agreed to begin each message with an empty one: what it may use is for the
//! rules to say, and a message that breaks them can be read all the same.

pub use super::deflate::Spare;
use super::deflate::{Bounds, Decoder, Walk, WalkEnd};

/// Inflates the messages of one direction.
#[derive(Debug)]
pub struct Inflater {
    decoder: Decoder,
    /// Bytes that the sender compressed are missing: where a message refers to unknown ones, they may be these.
    lossy: bool,
}

/// An inflater at work.
#[derive(Debug)]
pub struct Inflating<'a> {
    /// Of the direction.
    pub inflater: &'a mut Inflater,
    /// For each message.
    pub bounds: Bounds,
    /// Lent for the time of a call.
    pub spare: &'a mut Spare,
}

/// Why a message cannot be inflated to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Not DEFLATE, or it refers to bytes before the sender's first; `offset` compressed bytes were understood.
    Corrupt {
        /// See above.
        offset: u64,
    },
    /// It refers to bytes of earlier messages that are missing.
    ContextLost,
    /// It reached a limit, with `length` bytes out.
    Bomb {
        /// See above.
        length: u64,
    },
}

impl Inflater {
    /// An inflater for a direction; `context_known` is false where earlier messages were not seen. Walks list their
    /// first `blocks` blocks.
    pub fn new(context_known: bool, blocks: usize) -> Inflater {
        Inflater { decoder: Decoder::new(blocks), lossy: !context_known }
    }

    /// A message may begin soon: has the processor fetch what it needs then.
    #[inline]
    pub fn fetch(&self) {
        self.decoder.fetch();
    }

    /// A message begins.
    pub fn begin(&mut self) {
        self.decoder.begin();
    }

    /// Bytes of this direction are missing: what follows may refer to them.
    pub fn lose_context(&mut self) {
        self.decoder.forget();
        self.lossy = true;
    }

    /// Inflates the next compressed bytes of the message; `take` gets what comes out.
    pub fn push(&mut self, input: &[u8], bounds: Bounds, spare: &mut Spare, take: &mut impl FnMut(&[u8])) {
        self.decoder.push(input, bounds, spare, take);
    }

    /// The message is complete: puts the trailer back where it belongs, and says what the message was made of and how
    /// inflating it went.
    pub fn finish(
        &mut self,
        bounds: Bounds,
        spare: &mut Spare,
        take: &mut impl FnMut(&[u8]),
    ) -> (Walk, Result<(), Failure>) {
        let walk = self.decoder.finish(bounds, spare, take);
        let result = match self.so_far() {
            Ok(()) if walk.end == WalkEnd::Inside => Err(Failure::Corrupt { offset: self.decoder.taken() }),
            result => result,
        };
        // Behind the unknown bytes that a message refers to, the window goes on.
        if !matches!(result, Ok(()) | Err(Failure::ContextLost)) {
            self.lose_context();
        }
        (walk, result)
    }

    /// How inflating the open message went so far.
    pub fn so_far(&self) -> Result<(), Failure> {
        let offset = self.decoder.taken();
        if self.decoder.is_stopped() {
            Err(Failure::Bomb { length: self.decoder.given() })
        } else if self.decoder.is_faulty() || self.decoder.reached_unknown() && !self.lossy {
            Err(Failure::Corrupt { offset })
        } else if self.decoder.reached_unknown() {
            Err(Failure::ContextLost)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { length: 4 << 20, ratio: 1000 };

    fn message(inflater: &mut Inflater, input: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut text = Vec::new();
        inflater.begin();
        let spare = &mut Spare::default();
        inflater.push(input, BOUNDS, spare, &mut |piece| text.extend_from_slice(piece));
        inflater.finish(BOUNDS, spare, &mut |piece| text.extend_from_slice(piece)).1.map(|()| text)
    }

    /// The examples of RFC 7692 §7.2.3.1, .2, .3, .4 and .5.
    #[test]
    fn the_examples_of_section_7_2_3() {
        let hello = Ok(b"Hello".to_vec());
        let mut inflater = Inflater::new(true, 0);
        assert_eq!(message(&mut inflater, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]), hello);
        assert_eq!(message(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), hello, "sharing the window");
        let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
        assert_eq!(message(&mut inflater, &stored), hello);
        let final_block = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        assert_eq!(message(&mut inflater, &final_block), hello);
        assert_eq!(message(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), hello, "the window outlives a final block");
        let two_blocks = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(message(&mut inflater, &two_blocks), hello);
        assert_eq!(message(&mut inflater, &[0x00]), Ok(Vec::new()), "an empty message (§7.2.3.6)");
    }

    #[test]
    fn nothing_is_before_the_first_message() {
        let mut inflater = Inflater::new(true, 0);
        assert!(matches!(message(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), Err(Failure::Corrupt { .. })));
    }

    #[test]
    fn a_lost_window_heals_with_the_first_message_that_does_not_need_it() {
        let mut inflater = Inflater::new(false, 0);
        assert_eq!(message(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), Err(Failure::ContextLost));
        assert!(message(&mut inflater, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]).is_ok());
        assert_eq!(message(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), Ok(b"Hello".to_vec()));
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let mut zip = flate2::Compress::new(flate2::Compression::best(), false);
        let mut bomb = Vec::with_capacity(1 << 20);
        zip.compress_vec(&vec![0; 64 << 20], &mut bomb, flate2::FlushCompress::Sync).unwrap();
        let mut inflater = Inflater::new(true, 0);
        assert!(matches!(message(&mut inflater, &bomb), Err(Failure::Bomb { length }) if length < 5 << 20));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_end(bytes: Vec<u8>, again: Vec<u8>, takeover: bool) {
            let mut inflater = Inflater::new(takeover, 0);
            let _ = message(&mut inflater, &bytes);
            let _ = message(&mut inflater, &again);
        }
    }
}
