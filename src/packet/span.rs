//! A run of bytes as it was on the wire, of which the capture holds the first part.

use super::malformed::{Fault, Malformed};
use crate::capture::Packet;

/// Bytes on the wire: those captured, and the count of those that the snapshot length cut off behind them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span<'a> {
    bytes: &'a [u8],
    missing: usize,
}

impl<'a> Span<'a> {
    /// The captured `bytes`, with `missing` more behind them on the wire.
    pub(super) fn new(bytes: &'a [u8], missing: usize) -> Self {
        Span { bytes, missing }
    }

    /// A whole packet. An original length below the captured length says nothing and is ignored.
    pub(super) fn of(packet: &Packet<'a>) -> Self {
        let original = usize::try_from(packet.original_length).unwrap_or(usize::MAX);
        Span { bytes: packet.data, missing: original.saturating_sub(packet.data.len()) }
    }

    /// The captured bytes.
    pub(super) fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// How many bytes were on the wire behind the captured ones.
    pub(super) fn missing(self) -> usize {
        self.missing
    }

    /// Length on the wire.
    pub(super) fn wire_length(self) -> usize {
        self.bytes.len().saturating_add(self.missing)
    }

    /// The first `N` bytes and what follows them.
    pub(super) fn split<const N: usize>(self, header: &'static str) -> Result<(&'a [u8; N], Span<'a>), Malformed> {
        match self.bytes.split_first_chunk::<N>() {
            Some((first, rest)) => Ok((first, Span { bytes: rest, ..self })),
            None => Err(self.lacks(N, header)),
        }
    }

    /// What follows the first `length` bytes, whether those were captured or not.
    pub(super) fn skip(self, length: usize, header: &'static str) -> Result<Span<'a>, Malformed> {
        match self.bytes.get(length..) {
            Some(bytes) => Ok(Span { bytes, ..self }),
            None => match self.missing.checked_sub(length - self.bytes.len()) {
                Some(missing) => Ok(Span { bytes: &[], missing }),
                None => Err(self.lacks(length, header)),
            },
        }
    }

    /// The same bytes under a header that says that they are `length` bytes on the wire. More bytes were captured:
    /// they are padding. Fewer: the rest was cut off, whatever the capture says of the packet's original length,
    /// because mirrors that shorten packets write the shortened length there.
    pub(super) fn with_length(self, length: usize) -> Span<'a> {
        match self.bytes.get(..length) {
            Some(bytes) => Span { bytes, missing: 0 },
            None => Span { bytes: self.bytes, missing: length - self.bytes.len() },
        }
    }

    /// Why there are no `needed` bytes here for `header`.
    pub(super) fn lacks(self, needed: usize, header: &'static str) -> Malformed {
        let fault = if self.wire_length() < needed { Fault::Short } else { Fault::Cut };
        Malformed { header, fault }
    }
}
