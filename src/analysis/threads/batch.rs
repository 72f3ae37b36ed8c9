//! Packets on their way from who reads to who decodes. They lie in the bytes that were read, which the reader hands over as
//! they are.

use crate::analysis::flows::Passed;
use crate::analysis::intake::Take;
use crate::analysis::table::set;
use crate::capture::{LinkType, Packet, PacketRef, Reader, Timestamp};
use crate::fetch::fetch_bytes;
use crate::packet::{Endpoint, Segment, common};
use crate::tls::KeyLog;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

/// Consecutive packets of a capture that have segments in them: as many as the reader hands over at once.
#[derive(Debug)]
pub(super) struct Batch {
    /// Where they stand in the capture.
    packets: Vec<PacketRef>,
    /// None of them was captured earlier than one before it: said once they are read.
    pub(super) in_order: bool,
    /// By the set of flows they belong to. A set looks at its own, and sees of the others no more than where they stand.
    sets: Vec<Vec<Carried>>,
    /// What else is to be known of some of them, in their order.
    others: Vec<Other>,
    /// The capture's bytes, from this offset on.
    bytes: Vec<u8>,
    from: u64,
    /// Payloads that were put together from several packets.
    apart: Vec<u8>,
    /// The secrets known when these packets come.
    pub(super) key_log: Arc<KeyLog>,
    /// With it end the connections that began before the packet with this number, as far as that was not told yet. Only
    /// where the capture is over, in batches without packets.
    pub(super) ends: Option<u64>,
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
    /// The capture is over, this was its last packet, and connections end with it: batches of their [ends](Batch::ends)
    /// follow.
    End(Option<PacketRef>),
    /// The capture is over, but connections may go on in the next.
    Rest,
}

/// A packet of a set of flows.
#[derive(Clone, Copy, Debug)]
struct Carried {
    /// Its place in the batch, and [`OTHER`].
    place: u32,
    /// Half of its bytes' offset in the capture: the batch's own is not known when it is read.
    offset: u32,
}

impl Carried {
    /// Its place in the batch.
    #[inline]
    fn place(&self) -> u32 {
        self.place & !OTHER
    }

    /// How many packets of the batch have come with it.
    #[inline]
    fn passed(&self) -> usize {
        self.place() as usize + 1
    }
}

/// It was cut, or its segment cannot be [read directly](common): there is an [`Other`] for it. A batch has fewer packets than
/// bytes, which are not that many.
const OTHER: u32 = 1 << 31;

/// What is to be known of such a packet.
#[derive(Debug)]
struct Other {
    place: u32,
    original_length: u32,
    segment: Option<Kept>,
}

/// How many packets ahead bytes are fetched.
const AHEAD: usize = 2;

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
            in_order: true,
            sets: vec![Vec::new(); sets],
            others: Vec::new(),
            bytes: Vec::new(),
            from: 0,
            apart: Vec::new(),
            key_log: Arc::default(),
            ends: None,
            then: Then::More,
        }
    }

    /// Forgets everything but its memory. These secrets are known from here on.
    pub(super) fn clear(&mut self, key_log: &Arc<KeyLog>) {
        self.packets.clear();
        self.sets.iter_mut().for_each(Vec::clear);
        self.others.clear();
        self.apart.clear();
        self.key_log = key_log.clone();
        self.ends = None;
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

    /// Takes a packet between these endpoints.
    #[inline(always)]
    fn push(&mut self, [source, destination]: [&Endpoint; 2], packet: &Packet<'_>, other: u32) {
        let place = self.packets.len() as u32 | other;
        let set = set(source, destination, self.sets.len());
        self.sets[set].push(Carried { place, offset: packet.at.file_offset as u32 });
        self.packets.push(packet.at);
    }

    /// Takes a packet of which only a part was captured, if it can be read directly.
    #[inline(never)]
    fn cut(&mut self, packet: &Packet<'_>) -> Option<ControlFlow<()>> {
        let (source, destination) = common::ends(packet)?;
        self.push_other([&source, &destination], packet, None);
        Some(ControlFlow::Continue(()))
    }

    fn push_other(&mut self, ends: [&Endpoint; 2], packet: &Packet<'_>, segment: Option<Kept>) {
        let (place, original_length) = (self.packets.len() as u32, packet.original_length);
        self.others.push(Other { place, original_length, segment });
        self.push(ends, packet, OTHER);
    }

    /// This packet will soon be decoded: fetches its first bytes, as it may have been read on another core.
    #[inline]
    fn fetch(&self, carried: &Carried) {
        fetch_bytes(&self.bytes, self.start(carried));
    }

    /// Where its bytes begin.
    #[inline]
    fn start(&self, carried: &Carried) -> usize {
        carried.offset.wrapping_sub(self.from as u32) as usize
    }

    /// The latest time of these consecutive packets.
    #[inline]
    fn latest(&self, packets: &[PacketRef]) -> Option<Timestamp> {
        if self.in_order {
            return packets.last()?.time;
        }
        packets.iter().map(|at| at.time).max().flatten()
    }

    /// How many packets belong to this set of flows.
    pub(super) fn count(&self, set: usize) -> usize {
        self.sets[set].len()
    }

    /// The packets of this set of flows in order.
    #[inline(always)]
    pub(super) fn of(&self, set: usize) -> impl Iterator<Item = Lent<'_>> {
        let mut rest = &self.packets[..];
        let carried = &self.sets[set];
        let mut later = carried.get(AHEAD..).unwrap_or_default().iter();
        carried.iter().map_while(move |carried| {
            if let Some(later) = later.next() {
                self.fetch(later);
            }
            let before = self.packets.len() - rest.len();
            let (packets, behind) = rest.split_at_checked(carried.passed() - before)?;
            rest = behind;
            let at = *packets.last()?;
            let start = self.start(carried);
            let data = self.bytes.get(start..start + at.length() as usize)?;
            let passed = Passed { packets, latest: self.latest(packets) };
            let packet = Packet { at, link: common::LINK, data, original_length: at.length() };
            let mut lent = Lent { passed, packet, decoded: None };
            if carried.place & OTHER != 0 {
                let other = self.other(carried.place())?;
                lent.packet.original_length = other.original_length;
                lent.decoded = other.segment.as_ref();
                lent.packet.link = lent.decoded.map_or(common::LINK, |kept| kept.link);
            }
            Some(lent)
        })
    }

    /// What else is to be known of the packet with this place.
    #[inline(never)]
    fn other(&self, place: u32) -> Option<&Other> {
        let other = self.others.binary_search_by_key(&place, |other| other.place).ok()?;
        self.others.get(other)
    }

    /// The packets behind the last one of this set of flows.
    pub(super) fn rest(&self, set: usize) -> Passed<'_> {
        let passed = self.sets[set].last().map_or(0, Carried::passed);
        let packets = self.packets.get(passed..).unwrap_or_default();
        Passed { packets, latest: self.latest(packets) }
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
        if packet.original_length != packet.at.length() {
            return self.cut(packet);
        }
        let (source, destination) = common::ends(packet)?;
        self.push([&source, &destination], packet, 0);
        Some(ControlFlow::Continue(()))
    }

    fn segment(&mut self, segment: &Segment<'_>, packet: &Packet<'_>) -> ControlFlow<()> {
        let payload = match place(segment.payload, &addresses(packet.data)) {
            Some(at) => Payload::Within(at..at + segment.payload.len()),
            // It was put together from fragments.
            None => {
                let at = self.apart.len();
                self.apart.extend_from_slice(segment.payload);
                Payload::Apart(at..self.apart.len())
            }
        };
        let kept = Kept { link: packet.link, segment: without_payload(segment), payload };
        self.push_other([&segment.source, &segment.destination], packet, Some(kept));
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
