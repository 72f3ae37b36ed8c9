//! Packets on their way from who reads to who decodes. They lie in the bytes that were read, which the reader hands over as
//! they are.

use crate::analysis::flows::Passed;
use crate::analysis::intake::Take;
use crate::analysis::table::Key;
use crate::capture::{LinkType, Packet, PacketRef, Reader, Timestamp};
use crate::packet::{Segment, common};
use crate::tls::KeyLog;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

/// Consecutive packets of a capture that have segments in them: as many as the reader hands over at once.
#[derive(Debug)]
pub(super) struct Batch {
    /// Where they stand in the capture.
    packets: Vec<PacketRef>,
    /// The latest time so far, in this capture.
    latest: Option<Timestamp>,
    /// By the set of flows they belong to. A set looks at its own, and sees of the others no more than where they stand.
    sets: Vec<Vec<Carried>>,
    /// The segments of those that cannot be [read directly](common).
    segments: Vec<Kept>,
    /// The capture's bytes, from this offset on.
    bytes: Vec<u8>,
    from: u64,
    /// Payloads that were put together from several packets.
    apart: Vec<u8>,
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

/// A packet of a set of flows.
#[derive(Clone, Copy, Debug)]
struct Carried {
    /// The latest time up to it.
    latest: Option<Timestamp>,
    /// Its place in the batch.
    place: u32,
    original_length: u32,
    /// The place of its segment among those of the batch.
    segment: u32,
}

/// No place: the segment is to be read directly.
const DIRECT: u32 = u32::MAX;

/// The segment of a packet, without its payload, and where that is.
#[derive(Debug)]
pub(super) struct Kept {
    link: LinkType,
    segment: Segment<'static>,
    payload: Payload,
}

#[derive(Debug)]
enum Payload {
    /// In the packet.
    Within(Range<usize>),
    Apart(Range<usize>),
}

/// A packet of a set of flows.
pub(super) struct Lent<'b> {
    /// The packets since the one before, of any set; this one is the last.
    pub(super) passed: Passed<'b>,
    pub(super) packet: Packet<'b>,
    /// Its segment, where that is not to be read directly.
    pub(super) decoded: Option<&'b Kept>,
}

impl Batch {
    /// An empty one for so many sets of flows.
    pub(super) fn new(sets: usize) -> Batch {
        Batch {
            packets: Vec::new(),
            latest: None,
            sets: vec![Vec::new(); sets],
            segments: Vec::new(),
            bytes: Vec::new(),
            from: 0,
            apart: Vec::new(),
            key_log: Arc::default(),
            then: Then::More,
        }
    }

    /// Forgets everything but its memory.
    pub(super) fn clear(&mut self) {
        self.packets.clear();
        self.latest = None;
        self.sets.iter_mut().for_each(Vec::clear);
        self.segments.clear();
        self.apart.clear();
        self.then = Then::More;
    }

    /// Takes the bytes of its packets.
    pub(super) fn take_bytes(&mut self, reader: &mut Reader) {
        self.from = reader.hand_over(&mut self.bytes);
    }

    /// The capture's bytes with its packets in them.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes the packet for this set of flows.
    #[inline(always)]
    fn push(&mut self, set: usize, packet: &Packet<'_>, segment: u32) {
        self.latest = self.latest.max(packet.at.time);
        let (latest, place, original_length) = (self.latest, self.packets.len() as u32, packet.original_length);
        self.sets[set].push(Carried { latest, place, original_length, segment });
        self.packets.push(packet.at);
    }

    /// The packets of this set of flows in order.
    #[inline(always)]
    pub(super) fn of(&self, set: usize) -> impl Iterator<Item = Lent<'_>> {
        let mut passed = 0;
        self.sets[set].iter().map_while(move |carried| {
            let since = passed;
            passed = carried.place as usize + 1;
            let packets = self.packets.get(since..passed)?;
            let at = *packets.last()?;
            let data = (at.file_offset - self.from) as usize;
            let data = self.bytes.get(data..data + at.length() as usize)?;
            let decoded = match carried.segment {
                DIRECT => None,
                segment => Some(self.segments.get(segment as usize)?),
            };
            let link = decoded.map_or(common::LINK, |kept| kept.link);
            let packet = Packet { at, link, data, original_length: carried.original_length };
            Some(Lent { passed: Passed { packets, latest: carried.latest }, packet, decoded })
        })
    }

    /// The packets behind the last one of this set of flows.
    pub(super) fn rest(&self, set: usize) -> Passed<'_> {
        let passed = self.sets[set].last().map_or(0, |last| last.place as usize + 1);
        Passed { packets: self.packets.get(passed..).unwrap_or_default(), latest: self.latest }
    }

    /// A segment that was decoded when its packet was read.
    pub(super) fn segment<'b>(&'b self, kept: &Kept, packet: &Packet<'b>) -> Segment<'b> {
        let payload = match &kept.payload {
            Payload::Within(at) => packet.data.get(at.clone()),
            Payload::Apart(at) => self.apart.get(at.clone()),
        };
        Segment { payload: payload.unwrap_or_default(), ..kept.segment }
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
        self.push(Key::between(&source, &destination).set(self.sets.len()), packet, DIRECT);
        Some(ControlFlow::Continue(()))
    }

    fn segment(&mut self, segment: &Segment<'_>, packet: &Packet<'_>) -> ControlFlow<()> {
        self.push(Key::of(segment).set(self.sets.len()), packet, self.segments.len() as u32);
        let payload = match place(segment.payload, &addresses(packet.data)) {
            Some(at) => Payload::Within(at..at + segment.payload.len()),
            // It was put together from fragments.
            None => {
                let at = self.apart.len();
                self.apart.extend_from_slice(segment.payload);
                Payload::Apart(at..self.apart.len())
            }
        };
        self.segments.push(Kept { link: packet.link, segment: without_payload(segment), payload });
        ControlFlow::Continue(())
    }
}

/// Where these bytes lie.
#[inline]
pub(super) fn addresses(bytes: &[u8]) -> Range<usize> {
    let start = bytes.as_ptr() as usize;
    start..start + bytes.len()
}

/// Where a part lies in the whole it was lent from, given by its addresses; `None` for one that lies elsewhere.
#[inline]
pub(super) fn place(part: &[u8], whole: &Range<usize>) -> Option<usize> {
    let Range { start, end } = addresses(part);
    (start >= whole.start && end <= whole.end).then(|| start - whole.start)
}

/// The segment without its payload. Names every field, so that none is forgotten.
fn without_payload(segment: &Segment<'_>) -> Segment<'static> {
    let Segment { source, destination, seq, ack, flags, window, cut, fingerprint, payload: _ } = *segment;
    Segment { source, destination, seq, ack, flags, window, payload: &[], cut, fingerprint }
}
