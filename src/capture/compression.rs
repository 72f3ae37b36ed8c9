//! Takes gzip, zstd and lz4 off a stream. They are known by their first bytes, not by the file's name.
//!
//! All three formats may hold several members or frames one after another. Every decoder here answers
//! `UnexpectedEof` where its stream ends early, and only after it has given all bytes before that place.

use std::io::{self, BufReader, Read};

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// RFC 1952 §2.3.1: ID1, ID2 and the only compression method there is.
const GZIP: [u8; 3] = [0x1f, 0x8b, 8];
/// RFC 8878 §3.1.1.
const ZSTD: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();
/// lz4 frame format, "Magic Number".
const LZ4: [u8; 4] = 0x184d_2204_u32.to_le_bytes();

/// Looks at the first bytes of `source`; returns the name of the compression found and the stream without it.
///
/// Fails where the first bytes cannot be read.
pub(super) fn open(source: Box<dyn Read + Send>) -> io::Result<(Option<&'static str>, Box<dyn Read + Send>)> {
    let mut input =
        Input { source: BufReader::with_capacity(64 << 10, source), head: [0; 4], at: 0, length: 0, dry: false };
    let head = input.peek()?;
    Ok(if head.starts_with(&GZIP) {
        (Some("gzip"), Box::new(Gzip(flate2::read::MultiGzDecoder::new(input))))
    } else if head == LZ4 {
        (Some("lz4"), Box::new(Lz4 { decoder: lz4_flex::frame::FrameDecoder::new(input), in_frame: false }))
    } else if head == ZSTD || is_skippable(head) {
        (Some("zstd"), Box::new(Zstd { input, decoder: FrameDecoder::new(), in_frame: false, failure: None }))
    } else {
        (None, Box::new(input))
    })
}

/// The compressed stream, of which up to four bytes can be looked at beforehand.
struct Input {
    source: BufReader<Box<dyn Read + Send>>,
    /// Bytes looked at and not yet read are `head[at..length]`.
    head: [u8; 4],
    at: usize,
    length: usize,
    /// A reader asked for bytes and there were none.
    dry: bool,
}

impl Input {
    /// The next four bytes, or as many as there are.
    fn peek(&mut self) -> io::Result<&[u8]> {
        if self.at == self.length {
            (self.at, self.length) = (0, 0);
        }
        self.head.copy_within(self.at..self.length, 0);
        (self.at, self.length) = (0, self.length - self.at);
        while self.length < self.head.len() {
            match self.source.read(&mut self.head[self.length..]) {
                Ok(0) => break,
                Ok(count) => self.length += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(&self.head[..self.length])
    }

    /// Goes to the next frame that begins with `magic`, over skippable frames; false at the end of the stream.
    fn next_frame(&mut self, magic: [u8; 4]) -> io::Result<bool> {
        loop {
            let head = self.peek()?;
            if head.is_empty() {
                return Ok(false);
            }
            if head.len() < magic.len() {
                return Err(ended_early());
            }
            if head == magic {
                return Ok(true);
            }
            if !is_skippable(head) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "what follows a frame is not another one"));
            }
            // RFC 8878 §3.1.2: magic number, a length of four bytes, that many bytes. lz4 has the same.
            let mut header = [0; 8];
            self.read_exact(&mut header)?;
            let length = u64::from(u32::from_le_bytes([header[4], header[5], header[6], header[7]]));
            if io::copy(&mut self.take(length), &mut io::sink())? < length {
                return Err(ended_early());
            }
        }
    }
}

impl Read for Input {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if self.at < self.length {
            let count = (&self.head[self.at..self.length]).read(target)?;
            self.at += count;
            return Ok(count);
        }
        loop {
            match self.source.read(target) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) => {
                    self.dry |= !target.is_empty();
                    return Ok(0);
                }
                answer => return answer,
            }
        }
    }
}

/// RFC 8878 §3.1.2: 0x184D2A50 to 0x184D2A5F, little endian.
fn is_skippable(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18])
}

fn ended_early() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}

fn corrupt(format: &str, error: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the {format} stream is corrupt: {error}"))
}

struct Gzip(flate2::read::MultiGzDecoder<Input>);

impl Read for Gzip {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        self.0.read(target).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => corrupt("gzip", error),
            _ => error,
        })
    }
}

struct Lz4 {
    decoder: lz4_flex::frame::FrameDecoder<Input>,
    in_frame: bool,
}

impl Read for Lz4 {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if target.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.in_frame && !self.decoder.get_mut().next_frame(LZ4)? {
                return Ok(0);
            }
            self.in_frame = true;
            match self.decoder.read(target) {
                // The decoder answers 0 at the end mark of a frame, and also where the input ends between two blocks.
                _ if self.decoder.get_ref().dry => return Err(ended_early()),
                Ok(0) => self.in_frame = false,
                Ok(count) => return Ok(count),
                Err(error) => return Err(corrupt("lz4", error)),
            }
        }
    }
}

struct Zstd {
    input: Input,
    decoder: FrameDecoder,
    in_frame: bool,
    /// Told once all bytes before it were given.
    failure: Option<io::Error>,
}

impl Zstd {
    /// Decodes one block. The decoder keeps back a window of bytes until the frame has ended.
    fn decode_block(&mut self) {
        let Err(error) = self.decoder.decode_blocks(&mut self.input, BlockDecodingStrategy::UptoBlocks(1)) else {
            return;
        };
        self.failure = Some(if self.input.dry { ended_early() } else { corrupt("zstd", error) });
        // An empty last block (RFC 8878 §3.1.1.2) and room for a checksum end the frame, so that the decoder lets go
        // of the bytes it kept back. Whether that works is of no matter: the failure is told either way.
        const LAST_BLOCK: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];
        let _ = self.decoder.decode_blocks(&LAST_BLOCK[..], BlockDecodingStrategy::UptoBlocks(1));
    }
}

impl Read for Zstd {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if target.is_empty() {
            return Ok(0);
        }
        loop {
            if self.in_frame && self.decoder.can_collect() > 0 {
                return self.decoder.read(target);
            }
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            if self.in_frame && !self.decoder.is_finished() {
                self.decode_block();
                continue;
            }
            self.in_frame = self.input.next_frame(ZSTD)?;
            if !self.in_frame {
                return Ok(0);
            }
            if let Err(error) = self.decoder.init(&mut self.input) {
                return Err(if self.input.dry { ended_early() } else { corrupt("zstd", error) });
            }
        }
    }
}
