//! One fragmented datagram: its bytes as far as they have come.

use super::ranges::Ranges;
use crate::capture::Timestamp;
use crate::packet::ip::IpPayload;
use crate::packet::span::Span;
use crate::packet::walk::Fragment;

/// Separate parts that a datagram may be in while it is incomplete. Fragments leave in order and few are overtaken;
/// only an attack leaves more holes.
const MAX_PARTS: usize = 64;

/// The payload of an IP datagram that came in fragments.
#[derive(Debug, Default)]
pub(super) struct Datagram {
    /// The header of the fragment at offset 0: in IPv6 it alone names the protocol (RFC 8200 §4.5).
    ip: Option<IpPayload>,
    bytes: Vec<u8>,
    /// What of `bytes` is real.
    captured: Ranges,
    /// What was on the wire, captured or cut off by the snapshot length.
    seen: Ranges,
    /// Where the last fragment ends.
    length: Option<usize>,
    /// When the first of its fragments came.
    begun: Option<Timestamp>,
    complete: bool,
}

/// What a fragment did to its datagram.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Placed {
    /// It contradicts an earlier one: other bytes for the same place, or another end of the datagram.
    pub(super) contradicts: bool,
    /// It left the datagram in too many parts.
    pub(super) scattered: bool,
}

impl Datagram {
    /// Makes this the datagram of a fragment that comes at `time`, and keeps nothing but the allocation.
    pub(super) fn begin(&mut self, time: Option<Timestamp>) {
        self.bytes.clear();
        self.captured.clear();
        self.seen.clear();
        (self.ip, self.length, self.begun, self.complete) = (None, None, time, false);
    }

    /// Puts a fragment in its place. Bytes that came first stay.
    pub(super) fn place(&mut self, fragment: &Fragment, part: Span<'_>) -> Placed {
        let (start, end) = (fragment.offset, fragment.offset + part.wire_length());
        let contradicts_length = match self.length {
            Some(length) if fragment.more => end >= length,
            Some(length) => end != length,
            None => !fragment.more && end <= self.seen.end(),
        };
        if contradicts_length {
            return Placed { contradicts: true, ..Placed::default() };
        }
        if !fragment.more {
            self.length = Some(end);
        }
        if start == 0 {
            self.ip.get_or_insert(fragment.ip);
        }

        let new = part.bytes();
        let captured = start..start + new.len();
        if self.bytes.len() < captured.end {
            self.bytes.resize(captured.end, 0);
        }
        for gap in self.captured.gaps(captured.clone()) {
            self.bytes[gap.clone()].copy_from_slice(&new[gap.start - start..gap.end - start]);
        }
        // With the gaps filled from it, the fragment differs only where an earlier one did.
        let contradicts = self.bytes[captured.clone()] != *new;
        self.captured.insert(captured);
        self.seen.insert(start..end);
        Placed { contradicts, scattered: self.captured.len().max(self.seen.len()) > MAX_PARTS }
    }

    /// The header, the captured bytes up to the first that the snapshot length cut, and how many are missing behind
    /// them; `None` while fragments are missing.
    pub(super) fn whole(&self) -> Option<(IpPayload, &[u8], usize)> {
        let length = self.length.filter(|length| self.seen.prefix() == *length)?;
        let captured = self.captured.prefix();
        Some((self.ip?, &self.bytes[..captured], length - captured))
    }

    /// Notes that the datagram was handed on. It is kept only to know copies of its fragments.
    pub(super) fn set_complete(&mut self) {
        self.complete = true;
    }

    /// Whether the datagram was handed on.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether a fragment says nothing that the datagram does not hold.
    pub(super) fn holds(&self, fragment: &Fragment, part: Span<'_>) -> bool {
        let end = fragment.offset + part.wire_length();
        let captured = fragment.offset..fragment.offset + part.bytes().len();
        let same_end = self.length.is_some_and(|length| if fragment.more { end < length } else { end == length });
        same_end
            && self.captured.gaps(captured.clone()).next().is_none()
            && self.bytes.get(captured).is_some_and(|bytes| bytes == part.bytes())
    }

    /// When the first of its fragments came; `None` where the capture has no times.
    pub(super) fn begun(&self) -> Option<Timestamp> {
        self.begun
    }

    /// Bytes of memory that the payload takes.
    pub(super) fn allocated(&self) -> usize {
        self.bytes.capacity()
    }
}
