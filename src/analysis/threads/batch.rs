//! Packets on their way from who reads to who decodes.

use crate::analysis::flows::Passed;
use crate::analysis::intake::Take;
use crate::analysis::table::Key;
use crate::capture::{LinkType, Packet, PacketRef, Timestamp};
use crate::packet::{Segment, common};
use crate::tls::KeyLog;
use std::ops::ControlFlow;
use std::sync::Arc;

/// A batch goes on its way when it has so many bytes or packets: enough for the way to cost little beside the work, few
/// enough to fit a second-level cache.
const BYTES: usize = 128 << 10;
const PACKETS: usize = 1024;

/// Consecutive packets of a capture that have segments in them.
#[derive(Debug)]
pub(super) struct Batch {
    /// Where they stand in the capture.
    packets: Vec<PacketRef>,
    /// The latest time so far, in this capture.
    latest: Option<Timestamp>,
    /// By the set of flows they belong to. A set looks at its own, and sees of the others no more than where they stand.
    sets: Vec<Share>,
    /// The packets' bytes, one behind the other, and payloads that were put together from several.
    bytes: Vec<u8>,
    /// The secrets known when these packets come.
    pub(super) key_log: Arc<KeyLog>,
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

impl Then {
    pub(super) fn is_last(self) -> bool {
        matches!(self, Then::End(_) | Then::Rest)
    }
}

/// What belongs to one set of flows.
#[derive(Debug, Default)]
struct Share {
    packets: Vec<Carried>,
    /// The segments of those that cannot be [read directly](common), in order.
    segments: Vec<Kept>,
}

/// A segment without its payload, and where that is.
#[derive(Debug)]
pub(super) struct Kept {
    segment: Segment<'static>,
    payload: Span,
}

/// A packet of a set of flows.
pub(super) struct Lent<'b> {
    /// The packets since the one before, of any set; this one is the last.
    pub(super) passed: Passed<'b>,
    pub(super) packet: Packet<'b>,
    /// Its segment, where that is not to be read directly.
    pub(super) decoded: Option<&'b Kept>,
}

/// A packet, with places in the bytes of its batch.
#[derive(Debug)]
struct Carried {
    /// Its place in the batch.
    place: u32,
    original_length: u32,
    data: Span,
    link: LinkType,
    is_direct: bool,
    /// The latest time up to it.
    latest: Option<Timestamp>,
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
            sets: std::iter::repeat_with(Share::default).take(sets).collect(),
            bytes: Vec::new(),
            key_log: Arc::default(),
            then: Then::More,
        }
    }

    /// Forgets everything but its memory.
    pub(super) fn clear(&mut self) {
        self.packets.clear();
        self.latest = None;
        for Share { packets, segments } in &mut self.sets {
            packets.clear();
            segments.clear();
        }
        self.bytes.clear();
        self.then = Then::More;
    }

    /// Takes the packet for this set of flows. Says where its data is.
    #[inline(always)]
    fn push(&mut self, set: usize, packet: &Packet<'_>, is_direct: bool) -> Span {
        self.latest = self.latest.max(packet.at.time);
        let data = self.keep(packet.data);
        let (place, latest) = (self.packets.len() as u32, self.latest);
        let Packet { link, original_length, .. } = *packet;
        self.sets[set].packets.push(Carried { place, original_length, data, link, is_direct, latest });
        self.packets.push(packet.at);
        data
    }

    fn go_on(&self) -> ControlFlow<()> {
        let is_full = self.bytes.len() >= BYTES || self.packets.len() >= PACKETS;
        if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn keep(&mut self, bytes: &[u8]) -> Span {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        Span { start, length: bytes.len() as u32 }
    }

    /// The packets of this set of flows in order.
    #[inline(always)]
    pub(super) fn of(&self, set: usize) -> impl Iterator<Item = Lent<'_>> {
        let Share { packets, segments } = &self.sets[set];
        let (mut passed, mut segments) = (0, segments.iter());
        packets.iter().map_while(move |carried| {
            let since = passed;
            passed = carried.place as usize + 1;
            let packets = self.packets.get(since..passed)?;
            let (link, original_length) = (carried.link, carried.original_length);
            let packet = Packet { at: *packets.last()?, link, data: carried.data.of(&self.bytes), original_length };
            let decoded = if carried.is_direct { None } else { Some(segments.next()?) };
            Some(Lent { passed: Passed { packets, latest: carried.latest }, packet, decoded })
        })
    }

    /// A segment that was decoded when its packet was read.
    pub(super) fn segment(&self, Kept { segment, payload }: &Kept) -> Segment<'_> {
        Segment { payload: payload.of(&self.bytes), ..*segment }
    }

    /// The packets behind the last one of this set of flows.
    pub(super) fn rest(&self, set: usize) -> Passed<'_> {
        let passed = self.sets[set].packets.last().map_or(0, |last| last.place as usize + 1);
        Passed { packets: self.packets.get(passed..).unwrap_or_default(), latest: self.latest }
    }
}

impl Take for Batch {
    fn key_log(&mut self, key_log: &Arc<KeyLog>) -> ControlFlow<()> {
        if !self.packets.is_empty() {
            return ControlFlow::Break(());
        }
        self.key_log = key_log.clone();
        ControlFlow::Continue(())
    }

    fn pause(&mut self) -> ControlFlow<()> {
        self.then = Then::Pause;
        ControlFlow::Break(())
    }

    #[inline(always)]
    fn packet(&mut self, packet: &Packet<'_>) -> Option<ControlFlow<()>> {
        let (source, destination) = common::ends(packet)?;
        self.push(Key::between(&source, &destination).set(self.sets.len()), packet, true);
        Some(self.go_on())
    }

    fn segment(&mut self, segment: &Segment<'_>, packet: &Packet<'_>) -> ControlFlow<()> {
        let set = Key::of(segment).set(self.sets.len());
        let whole = self.push(set, packet, false);
        let payload = match place(segment.payload, packet.data) {
            Some(at) => Span { start: whole.start + at as u32, length: segment.payload.len() as u32 },
            // It was put together from fragments.
            None => self.keep(segment.payload),
        };
        self.sets[set].segments.push(Kept { segment: without_payload(segment), payload });
        self.go_on()
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
