//! One direction's compressor for permessage-deflate (RFC 7692 §7.2.1).

use flate2::{Compress, Compression, FlushCompress};

/// The empty stored block a sync flush ends with; §7.2.1 has the sender remove it.
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// How one direction compresses.
#[derive(Clone, Copy, Debug)]
pub struct DeflateOptions {
    /// LZ77 window as a power of two, 9 to 15.
    pub window_bits: u8,
    /// Whether a message may refer back to earlier ones (§7.1.1).
    pub context_takeover: bool,
}

impl Default for DeflateOptions {
    /// What an answer without parameters agrees to.
    fn default() -> Self {
        DeflateOptions { window_bits: 15, context_takeover: true }
    }
}

/// A compressor and the options it was made with. A [`Player`](super::Player) has one for each direction; another is for
/// messages that are compressed once and sent on several connections.
#[derive(Debug)]
pub struct Deflater {
    compress: Compress,
    context_takeover: bool,
}

impl Deflater {
    /// A compressor before the first message.
    pub fn new(options: DeflateOptions) -> Deflater {
        // zlib has no raw window of 8 bits: it would silently use 9.
        let window_bits = options.window_bits.clamp(9, 15);
        Deflater {
            compress: Compress::new_with_window_bits(Compression::default(), false, window_bits),
            context_takeover: options.context_takeover,
        }
    }

    /// The payload of a compressed message: deflated, flushed to a byte boundary, its last four bytes removed.
    pub fn message(&mut self, data: &[u8]) -> Vec<u8> {
        if !self.context_takeover {
            self.compress.reset();
        }
        let mut out = Vec::with_capacity(data.len() / 2 + 64);
        let before = self.compress.total_in();
        loop {
            let taken = usize::try_from(self.compress.total_in() - before).unwrap_or(usize::MAX);
            let rest = data.get(taken..).unwrap_or_default();
            // With room left over, everything was taken and the flush is complete.
            match self.compress.compress_vec(rest, &mut out, FlushCompress::Sync) {
                Ok(_) if out.len() < out.capacity() => break,
                Ok(_) => out.reserve(out.capacity().max(64)),
                Err(_) => break,
            }
        }
        if out.ends_with(&TAIL) {
            out.truncate(out.len() - TAIL.len());
        }
        if out.is_empty() {
            // zlib writes nothing for a second flush without input; §7.2.3.6 spells an empty message so.
            out.push(0x00);
        }
        out
    }
}
