//! A frame cut into its parts, as far as its bytes go.

use crate::websocket::header::MAX_HEADER;
use crate::websocket::{FrameHeader, LengthForm};
use std::ops::Range;

/// The parts of a frame whose bytes may end anywhere.
pub(super) struct Parts<'a> {
    /// The frame's bytes; none behind its end.
    pub bytes: &'a [u8],
    /// The header, with zeros for the bytes that are missing. See [`Parts::has`].
    pub header: FrameHeader,
    /// The payload as it was on the wire, as far as it is there.
    pub payload: &'a [u8],
    /// Payload bytes that exist, although not all are in `payload`.
    known: u64,
}

impl<'a> Parts<'a> {
    /// Takes one frame from the front of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Parts<'a> {
        let mut padded = [0; MAX_HEADER];
        let seen = bytes.len().min(MAX_HEADER);
        padded[..seen].copy_from_slice(&bytes[..seen]);
        // The longest header fits, so this cannot be incomplete; were it, everything would count as missing.
        let header = FrameHeader::parse(&padded).map_or(EMPTY, |(_, header)| header);
        let behind = bytes.get(header.length()..).unwrap_or_default();
        let length = usize::try_from(header.payload_length).unwrap_or(usize::MAX).min(behind.len());
        Parts { bytes: &bytes[..bytes.len() - (behind.len() - length)], header, payload: &behind[..length], known: 0 }
    }

    /// Says how many payload bytes there are behind the header, where `bytes` holds only the first of them.
    pub fn with_known(self, known: u64) -> Parts<'a> {
        Parts { known: known.min(self.header.payload_length), ..self }
    }

    /// Whether these bytes of the frame are all there.
    pub fn has(&self, range: Range<usize>) -> bool {
        range.end <= self.bytes.len()
    }

    /// Length of the header, as far as its bytes tell it.
    pub fn header_length(&self) -> usize {
        self.header.length()
    }

    /// The header is complete.
    pub fn header_is_complete(&self) -> bool {
        self.has(0..self.header_length())
    }

    /// Where the extended payload length stands; empty for the 7-bit form.
    pub fn extended(&self) -> Range<usize> {
        match self.header.length_form {
            LengthForm::Bits7 => 2..2,
            LengthForm::Bits16 => 2..4,
            LengthForm::Bits64 => 2..10,
        }
    }

    /// Where the masking key stands; empty without one.
    pub fn key(&self) -> Range<usize> {
        self.extended().end..self.header_length()
    }

    /// The payload length, where enough bytes are there to read it.
    pub fn length(&self) -> Option<u64> {
        self.has(0..self.extended().end).then_some(self.header.payload_length)
    }

    /// Payload bytes that were declared but are not there; 0 where the length is not known.
    pub fn missing(&self) -> u64 {
        self.length().unwrap_or(0).saturating_sub(self.known.max(self.payload.len() as u64))
    }

    /// Payload bytes that exist but are not in `payload`.
    pub fn withheld(&self) -> u64 {
        self.known.saturating_sub(self.payload.len() as u64)
    }

    /// The whole payload is at hand.
    pub fn is_whole(&self) -> bool {
        self.header_is_complete() && self.missing() == 0 && self.withheld() == 0
    }

    /// The payload without its mask (RFC 6455 §5.3).
    pub fn unmasked(&self) -> Vec<u8> {
        match self.header.masking_key {
            Some(key) => self.payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect(),
            None => self.payload.to_vec(),
        }
    }

    /// The key byte for the payload byte `index`: number `index` mod 4 (RFC 6455 §5.3).
    pub fn key_byte(&self, index: usize) -> Option<u8> {
        self.header.masking_key.map(|key| key[index % 4])
    }
}

const EMPTY: FrameHeader = FrameHeader {
    fin: false,
    rsv1: false,
    rsv2: false,
    rsv3: false,
    opcode: crate::websocket::Opcode::CONTINUATION,
    masking_key: None,
    length_form: LengthForm::Bits7,
    payload_length: 0,
};

/// Cuts bytes into frames, one after the other: the offset of each and its bytes. The last may be incomplete: what is
/// left over is a frame of which something is missing. Copies nothing.
///
/// ```
/// let bytes = [0x01, 0x03, b'H', b'e', b'l', 0x80, 0x02, b'l', b'o', 0x89];
/// let offsets: Vec<usize> = wslens::teach::frames(&bytes).map(|(offset, _)| offset).collect();
/// assert_eq!(offsets, [0, 5, 9]);
/// ```
pub fn frames(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut offset = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(offset..).filter(|rest| !rest.is_empty())?;
        let frame = Parts::new(rest).bytes;
        let at = offset;
        offset += frame.len();
        Some((at, frame))
    })
}
