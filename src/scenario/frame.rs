//! Frames as they are to be sent, conforming unless told otherwise.

use super::deflate::Deflater;
use super::keys::Keys;
use crate::Role;
use crate::websocket::header::{FrameHeader, LengthForm, Opcode};
use std::borrow::Cow;

/// A frame to send. Made by [`text`], [`frame`] and their siblings; every part of it can then be spoiled.
#[derive(Clone, Debug)]
pub struct FrameSpec {
    fin: bool,
    rsv: u8,
    opcode: Opcode,
    masking: Masking,
    length_form: Option<LengthForm>,
    declared_length: Option<u64>,
    payload: Vec<u8>,
    deflated: bool,
    pieces: usize,
}

/// How a frame is masked.
#[derive(Clone, Copy, Debug)]
enum Masking {
    /// The client's frames with a fresh key, the server's not at all (RFC 6455 §5.1).
    ByRole,
    /// With this key, whoever sends it.
    Key([u8; 4]),
    /// With a fresh key, whoever sends it.
    Fresh,
    /// Not at all, whoever sends it.
    Never,
}

/// One frame or several, which leave their sender in one write and so share segments.
#[derive(Clone, Debug, Default)]
pub struct Frames(pub(super) Vec<FrameSpec>);

impl From<FrameSpec> for Frames {
    fn from(frame: FrameSpec) -> Self {
        Frames(vec![frame])
    }
}

impl From<Vec<FrameSpec>> for Frames {
    fn from(frames: Vec<FrameSpec>) -> Self {
        Frames(frames)
    }
}

impl<const N: usize> From<[FrameSpec; N]> for Frames {
    fn from(frames: [FrameSpec; N]) -> Self {
        Frames(frames.into())
    }
}

/// A final frame with this opcode and payload.
pub fn frame(opcode: Opcode, payload: impl Into<Vec<u8>>) -> FrameSpec {
    FrameSpec {
        fin: true,
        rsv: 0,
        opcode,
        masking: Masking::ByRole,
        length_form: None,
        declared_length: None,
        payload: payload.into(),
        deflated: false,
        pieces: 1,
    }
}

/// An unfragmented text message. The payload may be bytes that are no UTF-8.
pub fn text(payload: impl Into<Vec<u8>>) -> FrameSpec {
    frame(Opcode::TEXT, payload)
}

/// An unfragmented binary message.
pub fn binary(payload: impl Into<Vec<u8>>) -> FrameSpec {
    frame(Opcode::BINARY, payload)
}

/// A continuation frame, final unless `.fin(false)` follows.
pub fn continuation(payload: impl Into<Vec<u8>>) -> FrameSpec {
    frame(Opcode::CONTINUATION, payload)
}

/// A ping.
pub fn ping(payload: impl Into<Vec<u8>>) -> FrameSpec {
    frame(Opcode::PING, payload)
}

/// A pong.
pub fn pong(payload: impl Into<Vec<u8>>) -> FrameSpec {
    frame(Opcode::PONG, payload)
}

/// A close frame with a code and a reason, which may be empty or no UTF-8.
pub fn close(code: u16, reason: impl AsRef<[u8]>) -> FrameSpec {
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(reason.as_ref());
    frame(Opcode::CLOSE, payload)
}

/// A close frame without a body.
pub fn close_empty() -> FrameSpec {
    frame(Opcode::CLOSE, "")
}

/// A text message compressed by permessage-deflate in one frame: RSV1 set, and the sender's compressor used.
pub fn deflated_text(payload: impl Into<Vec<u8>>) -> FrameSpec {
    text(payload).deflated()
}

/// A binary message compressed by permessage-deflate in one frame.
pub fn deflated_binary(payload: impl Into<Vec<u8>>) -> FrameSpec {
    binary(payload).deflated()
}

/// A message in fragments with these payloads: the first has the opcode, the last has FIN (RFC 6455 §5.4).
pub fn fragments<P: Into<Vec<u8>>>(opcode: Opcode, payloads: impl IntoIterator<Item = P>) -> Vec<FrameSpec> {
    let mut frames: Vec<FrameSpec> = Vec::new();
    for payload in payloads {
        let opcode = if frames.is_empty() { opcode } else { Opcode::CONTINUATION };
        frames.push(frame(opcode, payload).fin(false));
    }
    if let Some(last) = frames.last_mut() {
        last.fin = true;
    }
    frames
}

impl FrameSpec {
    /// Sets or clears FIN.
    pub fn fin(mut self, fin: bool) -> Self {
        self.fin = fin;
        self
    }

    /// Sets the reserved bits, RSV1 the highest of the three: `0b100` is RSV1 alone.
    pub fn rsv(mut self, rsv: u8) -> Self {
        self.rsv = rsv;
        self
    }

    /// Masks with this key, whoever sends the frame.
    pub fn masked(mut self, key: [u8; 4]) -> Self {
        self.masking = Masking::Key(key);
        self
    }

    /// Masks with a fresh key, whoever sends the frame: for a server that masks.
    pub fn masked_freshly(mut self) -> Self {
        self.masking = Masking::Fresh;
        self
    }

    /// Does not mask, whoever sends the frame.
    pub fn unmasked(mut self) -> Self {
        self.masking = Masking::Never;
        self
    }

    /// Spells the length in this form instead of the shortest.
    pub fn length_form(mut self, form: LengthForm) -> Self {
        self.length_form = Some(form);
        self
    }

    /// Says this length, in bytes, whatever the payload has.
    pub fn declared_length(mut self, length: u64) -> Self {
        self.declared_length = Some(length);
        self
    }

    /// Compresses the payload with the sender's compressor when it is sent, and sets RSV1.
    pub fn deflated(mut self) -> Self {
        self.deflated = true;
        self.rsv |= 0b100;
        self
    }

    /// Divides the payload, compressed where it is to be, into this many fragments of nearly the same length.
    ///
    /// The reserved bits go with the first fragment, as RFC 7692 §6.1 demands.
    pub fn split(mut self, pieces: usize) -> Self {
        self.pieces = pieces.max(1);
        self
    }

    /// Whether writing it takes a compressor.
    pub(super) fn wants_deflater(&self) -> bool {
        self.deflated
    }

    /// Appends the frame, or its fragments, as `from` writes it.
    pub(super) fn write(&self, from: Role, keys: &mut Keys, deflater: Option<&mut Deflater>, out: &mut Vec<u8>) {
        let payload = match deflater {
            Some(deflater) if self.deflated => Cow::Owned(deflater.message(&self.payload)),
            _ => Cow::Borrowed(&*self.payload),
        };
        let (each, longer) = (payload.len() / self.pieces, payload.len() % self.pieces);
        let mut rest = &*payload;
        for piece in 0..self.pieces {
            let (now, later) = rest.split_at(each + usize::from(piece < longer));
            rest = later;
            let length = self.declared_length.unwrap_or(now.len() as u64);
            let first = piece == 0;
            let header = FrameHeader {
                fin: self.fin && piece + 1 == self.pieces,
                rsv1: first && self.rsv & 0b100 != 0,
                rsv2: first && self.rsv & 0b010 != 0,
                rsv3: first && self.rsv & 0b001 != 0,
                opcode: if first { self.opcode } else { Opcode::CONTINUATION },
                masking_key: match (self.masking, from) {
                    (Masking::Key(key), _) => Some(key),
                    (Masking::Fresh, _) | (Masking::ByRole, Role::Client) => Some(keys.masking_key()),
                    (Masking::Never, _) | (Masking::ByRole, Role::Server) => None,
                },
                length_form: self.length_form.unwrap_or(LengthForm::shortest(length)),
                payload_length: length,
            };
            header.write(out);
            let start = out.len();
            out.extend_from_slice(now);
            if let Some(key) = header.masking_key {
                mask(&mut out[start..], key);
            }
        }
    }
}

/// RFC 6455 §5.3: octet i is XORed with octet i mod 4 of the key.
fn mask(payload: &mut [u8], key: [u8; 4]) {
    let wide = u32::from_ne_bytes(key);
    let (words, rest) = payload.as_chunks_mut::<4>();
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key) {
        *byte ^= key;
    }
}
