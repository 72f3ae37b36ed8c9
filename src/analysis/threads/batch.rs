//! Segments on their way from the thread that reads to those that decode.

use crate::analysis::flows::Passed;
use crate::analysis::table::Key;
use crate::capture::{LinkType, Packet, PacketRef, Timestamp};
use crate::packet::Segment;
use crate::tls::KeyLog;
use std::sync::Arc;

/// A batch goes on its way when it has so many bytes or segments: enough for the way to cost little beside the work, few
/// enough to fit a second-level cache.
const BYTES: usize = 128 << 10;
const SEGMENTS: usize = 1024;

/// Consecutive segments of a capture.
#[derive(Debug)]
pub(super) struct Batch {
    /// The packets they came in.
    packets: Vec<PacketRef>,
    /// The latest time so far, in this capture.
    latest: Option<Timestamp>,
    /// By the set of flows they belong to. A set looks at its own, and sees of the others no more than their packets.
    sets: Vec<Vec<Carried>>,
    /// The packets' bytes, one behind the other, and payloads that were put together from several.
    bytes: Vec<u8>,
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
struct Carried {
    /// The place of its packet in the batch.
    place: u32,
    /// The latest time up to that.
    latest: Option<Timestamp>,
    original_length: u32,
    packet: Span,
    payload: Span,
    link: LinkType,
    /// Without its payload.
    segment: Segment<'static>,
}

/// A part of the bytes of a batch, which are a record and a payload more than [`BYTES`] at most.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    length: u32,
}

impl Span {
    fn of(self, bytes: &[u8]) -> &[u8] {
        let start = self.start as usize;
        bytes.get(start..start + self.length as usize).unwrap_or_default()
    }
}

impl Batch {
    /// An empty one for so many sets of flows.
    pub(super) fn new(sets: usize) -> Batch {
        Batch {
            packets: Vec::new(),
            latest: None,
            sets: std::iter::repeat_with(Vec::new).take(sets).collect(),
            bytes: Vec::new(),
            key_log: None,
            then: Then::More,
        }
    }

    /// Forgets everything but its memory.
    pub(super) fn clear(&mut self) {
        self.packets.clear();
        self.latest = None;
        self.sets.iter_mut().for_each(Vec::clear);
        self.bytes.clear();
        self.key_log = None;
        self.then = Then::More;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// It is time to go.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= BYTES || self.packets.len() >= SEGMENTS
    }

    /// Takes a segment and the packet it came in.
    #[inline(always)]
    pub(super) fn push(&mut self, segment: &Segment<'_>, packet: &Packet<'_>) {
        let set = Key::of(segment).set(self.sets.len());
        self.latest = self.latest.max(packet.at.time);
        let whole = self.keep(packet.data);
        let payload = match place(segment.payload, packet.data) {
            Some(at) => Span { start: whole.start + at as u32, length: segment.payload.len() as u32 },
            // It was put together from fragments.
            None => self.keep(segment.payload),
        };
        self.sets[set].push(Carried {
            place: self.packets.len() as u32,
            latest: self.latest,
            original_length: packet.original_length,
            packet: whole,
            payload,
            link: packet.link,
            segment: without_payload(segment),
        });
        self.packets.push(packet.at);
    }

    fn keep(&mut self, bytes: &[u8]) -> Span {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        Span { start, length: bytes.len() as u32 }
    }

    /// Lends the segments of this set of flows in order, each with the packets since the one before, its own the last.
    #[inline(always)]
    pub(super) fn each(&self, set: usize, mut take: impl FnMut(Passed<'_>, &Segment<'_>, &Packet<'_>)) {
        let mut passed = 0;
        for carried in &self.sets[set] {
            let since = passed;
            passed = carried.place as usize + 1;
            let Some(packets) = self.packets.get(since..passed) else { return };
            let Some(&at) = packets.last() else { return };
            let (link, original_length) = (carried.link, carried.original_length);
            let packet = Packet { at, link, data: carried.packet.of(&self.bytes), original_length };
            let segment = Segment { payload: carried.payload.of(&self.bytes), ..carried.segment };
            take(Passed { packets, latest: carried.latest }, &segment, &packet);
        }
    }

    /// The packets behind the last segment of this set of flows.
    pub(super) fn rest(&self, set: usize) -> Passed<'_> {
        let passed = self.sets[set].last().map_or(0, |last| last.place as usize + 1);
        Passed { packets: self.packets.get(passed..).unwrap_or_default(), latest: self.latest }
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
