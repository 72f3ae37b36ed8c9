//! Segments on their way from the thread that reads to those that decode.

use crate::analysis::table::Key;
use crate::capture::{LinkType, Packet, PacketRef};
use crate::packet::Segment;
use crate::tls::KeyLog;
use std::ops::Range;
use std::sync::Arc;

/// A batch goes on its way when it has so many bytes or segments: enough for the way to cost little beside the work, few
/// enough to fit a second-level cache.
const BYTES: usize = 128 << 10;
const SEGMENTS: usize = 1024;

/// Consecutive segments of a capture.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The packets, one behind the other, and payloads that were put together from several.
    bytes: Vec<u8>,
    carried: Vec<Carried>,
    /// The secrets known from here on, where there are new ones.
    pub(super) key_log: Option<Arc<KeyLog>>,
    pub(super) then: Then,
}

/// What follows a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Then {
    /// Another one.
    #[default]
    More,
    /// Another one, but what comes next may have to be waited for.
    Pause,
    /// The capture is over, this was its last packet, and connections end with it.
    End(Option<PacketRef>),
    /// The capture is over, but connections may go on in the next.
    Rest,
}

/// A segment, with places in the bytes of its batch.
#[derive(Debug)]
pub(super) struct Carried {
    /// The packet it came in.
    pub(super) at: PacketRef,
    link: LinkType,
    original_length: u32,
    packet: Range<usize>,
    /// Without its payload.
    segment: Segment<'static>,
    payload: Range<usize>,
    /// The set of flows it belongs to.
    pub(super) set: usize,
}

impl Batch {
    /// Forgets everything but its memory.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.carried.clear();
        self.key_log = None;
        self.then = Then::More;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.carried.is_empty()
    }

    /// It is time to go.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= BYTES || self.carried.len() >= SEGMENTS
    }

    /// Takes a segment and the packet it came in.
    pub(super) fn push(&mut self, segment: &Segment<'_>, packet: &Packet<'_>, sets: usize) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(packet.data);
        let length = segment.payload.len();
        let payload = match place(segment.payload, packet.data) {
            Some(at) => start + at..start + at + length,
            // It was put together from fragments.
            None => {
                self.bytes.extend_from_slice(segment.payload);
                self.bytes.len() - length..self.bytes.len()
            }
        };
        self.carried.push(Carried {
            at: packet.at,
            link: packet.link,
            original_length: packet.original_length,
            packet: start..start + packet.data.len(),
            segment: without_payload(segment),
            payload,
            set: Key::of(segment).set(sets),
        });
    }

    /// The segments in order.
    pub(super) fn carried(&self) -> &[Carried] {
        &self.carried
    }

    /// A segment and its packet.
    pub(super) fn lend(&self, carried: &Carried) -> (Segment<'_>, Packet<'_>) {
        let bytes = |range: &Range<usize>| self.bytes.get(range.clone()).unwrap_or_default();
        let Carried { at, link, original_length, .. } = *carried;
        let packet = Packet { at, link, data: bytes(&carried.packet), original_length };
        (Segment { payload: bytes(&carried.payload), ..carried.segment }, packet)
    }
}

/// Where a part lies in the whole it was lent from; `None` for one that lies elsewhere.
fn place(part: &[u8], whole: &[u8]) -> Option<usize> {
    let at = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    (at + part.len() <= whole.len()).then_some(at)
}

/// The segment without its payload. Names every field, so that none is forgotten.
fn without_payload(segment: &Segment<'_>) -> Segment<'static> {
    let Segment { source, destination, seq, ack, flags, window, cut, fingerprint, payload: _ } = *segment;
    Segment { source, destination, seq, ack, flags, window, payload: &[], cut, fingerprint }
}
