//! One direction of a TCP connection put back in order (RFC 9293 §3.4, §3.10).
//!
//! Sequence numbers become 64-bit stream offsets at the door, so nothing behind it wraps. Segments that are next in
//! line pass through without a copy; what comes early waits, bounded, for what is missing. A hole is given up when
//! the other end has acknowledged it and a number of segments later it is still not there: then the receiver has
//! the bytes and the capture does not.
//!
//! Of two copies of a byte the first one captured is delivered. Delivered bytes are kept until they are
//! acknowledged, so that a retransmission that says something else is noticed; once acknowledged, a later copy can
//! no longer change what the receiver took.

use super::{Chunk, Delivery, Fin, Missing, MissingCause};
use crate::Limits;
use crate::capture::PacketRef;
use crate::packet::Segment;
use std::collections::{BTreeMap, VecDeque};

/// A sequence number further than this from the expected one belongs to another connection or to no one:
/// windows cannot be larger (RFC 7323 §2.3).
const MAX_WINDOW: i64 = 1 << 30;

/// Segments of the connection that may pass after a hole was acknowledged before it is given up: taps and
/// multi-queue interfaces deliver neighbours out of order.
const PATIENCE: u32 = 32;

/// One direction of a connection.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    /// Sequence number of stream offset 0.
    start: Option<u32>,
    /// A SYN gave `start`; otherwise it was the first byte captured, or the other end's acknowledgment.
    pub(super) syn: bool,
    /// A segment of this direction was captured.
    pub(super) seen: bool,
    /// Offset of the next byte to deliver.
    next: u64,
    /// Offset up to which the other end has acknowledged this direction.
    acked: u64,
    /// Segments since a hole at `next` was acknowledged.
    waited: u32,
    /// What came early, by offset; the pieces do not overlap.
    early: BTreeMap<u64, Early>,
    /// Bytes in `early`.
    early_bytes: usize,
    /// The last delivered bytes, up to `next`, that are not acknowledged.
    unacked: VecDeque<u8>,
    /// Where the stream ends, and the packet that said so.
    end: Option<Box<End>>,
    /// The end was delivered.
    pub(super) ended: bool,
    /// The end, or what followed it, was an RST.
    pub(super) torn_down: bool,
}

#[derive(Debug)]
struct Early {
    bytes: Box<[u8]>,
    /// Bytes behind `bytes` that the snapshot length cut off.
    cut: u32,
    packet: PacketRef,
    acknowledged: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct End {
    offset: u64,
    packet: PacketRef,
    acknowledged: Option<u64>,
    reset: bool,
}

impl Assembler {
    /// The stream offset of a sequence number; `None` before the start is known or far outside any window.
    /// Negative for what lies before the start.
    fn offset(&self, seq: u32) -> Option<i64> {
        let start = self.start?;
        let expected = start.wrapping_add(self.next as u32);
        let distance = i64::from(seq.wrapping_sub(expected) as i32);
        let next = i64::try_from(self.next).ok()?;
        (distance.abs() <= MAX_WINDOW).then(|| next + distance)
    }

    /// The offset an acknowledgment of this direction names; `None` where it is unknown or makes no sense.
    pub(super) fn acknowledged_offset(&self, ack: u32) -> Option<u64> {
        u64::try_from(self.offset(ack)?).ok()
    }

    /// Whether this SYN opens another connection than the one followed here.
    pub(super) fn contradicts_syn(&self, seq: u32) -> bool {
        self.start.is_some_and(|start| start != seq.wrapping_add(1))
    }

    /// Takes the start of the stream from the other end's first acknowledgment.
    pub(super) fn start_at(&mut self, seq: u32) {
        self.start.get_or_insert(seq);
    }

    /// Whether the start of the stream is known.
    pub(super) fn started(&self) -> bool {
        self.start.is_some()
    }

    /// Takes one segment of this direction; `acknowledged` is its acknowledgment as an offset of the other one.
    pub(super) fn push(
        &mut self,
        segment: &Segment<'_>,
        packet: PacketRef,
        acknowledged: Option<u64>,
        limits: &Limits,
        deliver: &mut impl FnMut(Delivery<'_>),
    ) {
        self.seen = true;
        let seq = if segment.flags.syn {
            self.syn = true;
            segment.seq.wrapping_add(1)
        } else {
            segment.seq
        };
        let has_bytes = !segment.payload.is_empty() || segment.cut > 0;
        if self.start.is_none() {
            // A bare acknowledgment does not start a stream: it may be a keep-alive, one below the next byte.
            if !(segment.flags.syn || segment.flags.fin || has_bytes) {
                if segment.flags.rst {
                    self.reset(None, packet, limits, deliver);
                }
                return;
            }
            self.start = Some(seq);
        }
        let offset = self.offset(seq);
        let length = segment.payload.len() as u64 + u64::from(segment.cut);
        if let Some(offset) = offset.filter(|_| has_bytes) {
            self.bytes(offset, segment.payload, segment.cut, packet, acknowledged, limits, deliver);
        }
        let end = offset.map(|offset| u64::try_from(offset).unwrap_or(0).saturating_add(length));
        if let Some(offset) = end.filter(|_| segment.flags.fin && self.end.is_none()) {
            self.end = Some(Box::new(End { offset, packet, acknowledged, reset: false }));
        }
        if segment.flags.rst {
            self.reset(end, packet, limits, deliver);
        }
        self.reach_end(deliver);
    }

    /// An RST ends the stream where it stands; its sequence number may lie anywhere in the window (RFC 9293
    /// §3.5.3), so one that comes early waits for the bytes before it.
    fn reset(
        &mut self,
        offset: Option<u64>,
        packet: PacketRef,
        limits: &Limits,
        deliver: &mut impl FnMut(Delivery<'_>),
    ) {
        match offset {
            Some(offset) if offset > self.next && self.end.is_none() => {
                self.end = Some(Box::new(End { offset, packet, acknowledged: None, reset: true }));
            }
            _ => {
                self.finish(packet, limits, deliver);
                self.ended = true;
                if !self.torn_down {
                    self.torn_down = true;
                    deliver(Delivery::Reset(packet));
                }
            }
        }
    }

    /// Takes an acknowledgment of this direction.
    pub(super) fn acknowledge(&mut self, ack: u32) {
        let Some(offset) = self.acknowledged_offset(ack) else { return };
        if offset <= self.acked {
            return;
        }
        self.acked = offset;
        let kept_from = self.next - self.unacked.len() as u64;
        let drop = offset.saturating_sub(kept_from).min(self.unacked.len() as u64) as usize;
        if drop == self.unacked.len() {
            // An idle connection keeps nothing.
            self.unacked = VecDeque::new();
        } else {
            self.unacked.drain(..drop);
        }
    }

    /// Counts a segment of the connection, of either direction, and gives up a hole that was waited for long enough.
    pub(super) fn tick(&mut self, packet: PacketRef, limits: &Limits, deliver: &mut impl FnMut(Delivery<'_>)) {
        if self.acked <= self.next || self.ended {
            self.waited = 0;
            return;
        }
        // A hole with nothing behind it may be filled at any time; `finish` sees to it otherwise.
        let first_early = self.early.keys().next().copied();
        let Some(behind) = first_early.or(self.end.as_ref().map(|end| end.offset)) else { return };
        self.waited += 1;
        if self.waited > PATIENCE {
            self.waited = 0;
            self.skip_to(self.acked.min(behind), MissingCause::Lost, packet, deliver);
            self.drain(limits, deliver);
            self.reach_end(deliver);
        }
    }

    /// The connection is over: delivers what waits, and each hole before it as missing.
    pub(super) fn finish(&mut self, packet: PacketRef, limits: &Limits, deliver: &mut impl FnMut(Delivery<'_>)) {
        while let Some((&offset, _)) = self.early.first_key_value() {
            self.skip_to(offset, MissingCause::Lost, packet, deliver);
            self.drain(limits, deliver);
        }
        let end = self.end.as_ref().map(|end| end.offset);
        // One acknowledged byte behind the last one may be a FIN that was not captured.
        let acknowledged = Some(self.acked).filter(|&acked| self.seen && acked > self.next + 1);
        if let Some(end) = end.or(acknowledged) {
            self.skip_to(end, MissingCause::Lost, packet, deliver);
        }
        self.reach_end(deliver);
    }

    /// Delivers what is between `next` and `offset` as missing.
    fn skip_to(&mut self, offset: u64, cause: MissingCause, packet: PacketRef, deliver: &mut impl FnMut(Delivery<'_>)) {
        if offset <= self.next {
            return;
        }
        let missing = Missing { offset: self.next, length: offset - self.next, cause, packet };
        self.next = offset;
        self.unacked.clear();
        deliver(Delivery::Missing(missing));
    }

    #[expect(clippy::too_many_arguments)]
    fn bytes(
        &mut self,
        offset: i64,
        bytes: &[u8],
        cut: u32,
        packet: PacketRef,
        acknowledged: Option<u64>,
        limits: &Limits,
        deliver: &mut impl FnMut(Delivery<'_>),
    ) {
        // What lies before the start of the stream was never ours.
        let before_start = usize::try_from(-offset).unwrap_or(0).min(bytes.len());
        let bytes = &bytes[before_start..];
        let offset = u64::try_from(offset).unwrap_or(0);
        // Nothing follows a FIN (RFC 9293 §3.6).
        let room = self.end.as_ref().map_or(u64::MAX, |end| end.offset.saturating_sub(offset));
        let (bytes, cut) = match usize::try_from(room) {
            Ok(room) if room < bytes.len() => (&bytes[..room], 0),
            _ => (bytes, cut),
        };
        if offset > self.next {
            self.keep_early(offset, bytes, cut, packet, acknowledged, deliver);
            self.bound(packet, limits, deliver);
            return;
        }
        let behind = usize::try_from(self.next - offset).unwrap_or(usize::MAX).min(bytes.len());
        self.compare(offset, &bytes[..behind], packet, deliver);
        let fresh = &bytes[behind..];
        if !fresh.is_empty() {
            self.pass(Chunk { offset: self.next, bytes: fresh, packet, acknowledged }, limits, deliver);
        }
        let cut_from = offset + bytes.len() as u64;
        let cut_to = cut_from + u64::from(cut);
        if cut > 0 && cut_from <= self.next && cut_to > self.next {
            self.skip_cut(cut_to, packet, deliver);
        }
        self.drain(limits, deliver);
    }

    /// Delivers a chunk that begins at `next`, less what came early for the same bytes: first come, first kept.
    fn pass(&mut self, chunk: Chunk<'_>, limits: &Limits, deliver: &mut impl FnMut(Delivery<'_>)) {
        let mut rest = chunk.bytes;
        loop {
            let until_early = self.early.keys().next().map_or(u64::MAX, |early| early - self.next);
            let take = usize::try_from(until_early).unwrap_or(usize::MAX).min(rest.len());
            if take > 0 {
                let part = Chunk { offset: self.next, bytes: &rest[..take], ..chunk };
                self.next += take as u64;
                self.remember(part.bytes, limits);
                deliver(Delivery::Data(part));
            }
            rest = &rest[take..];
            let Some((&offset, early)) = self.early.first_key_value().filter(|_| !rest.is_empty()) else { return };
            if let Some(at) = first_difference(rest, &early.bytes) {
                deliver(Delivery::Conflict { offset: offset + at as u64, packet: chunk.packet });
            }
            self.drain(limits, deliver);
            rest = &rest[rest.len().min((self.next - offset) as usize)..];
        }
    }

    fn skip_cut(&mut self, to: u64, packet: PacketRef, deliver: &mut impl FnMut(Delivery<'_>)) {
        let to = self.early.keys().next().map_or(to, |&early| to.min(early));
        self.skip_to(to, MissingCause::Snaplen, packet, deliver);
    }

    /// Keeps the parts of an early segment that nothing else covers.
    fn keep_early(
        &mut self,
        offset: u64,
        bytes: &[u8],
        cut: u32,
        packet: PacketRef,
        acknowledged: Option<u64>,
        deliver: &mut impl FnMut(Delivery<'_>),
    ) {
        let mut at = offset;
        let mut rest = bytes;
        loop {
            // The piece that covers `at`, or else the next one behind it.
            let covering =
                self.early.range(..=at).next_back().filter(|(start, piece)| *start + piece.bytes.len() as u64 > at);
            if let Some((&start, piece)) = covering {
                let inside = &piece.bytes[(at - start) as usize..];
                let both = inside.len().min(rest.len());
                if let Some(differs) = first_difference(&rest[..both], &inside[..both]) {
                    deliver(Delivery::Conflict { offset: at + differs as u64, packet });
                }
                at += both as u64;
                rest = &rest[both..];
                if rest.is_empty() {
                    return;
                }
                continue;
            }
            // A piece of which nothing was captured makes way for one of which something was.
            if self.early.get(&at).is_some_and(|piece| piece.bytes.is_empty()) {
                self.early.remove(&at);
            }
            let until = self.early.range(at..).next().map_or(u64::MAX, |(&start, _)| start - at);
            let take = usize::try_from(until).unwrap_or(usize::MAX).min(rest.len());
            let last = take == rest.len();
            if take > 0 || (last && cut > 0) {
                let piece = Early { bytes: rest[..take].into(), cut: if last { cut } else { 0 }, packet, acknowledged };
                self.early_bytes += take;
                self.early.insert(at, piece);
            }
            if last {
                return;
            }
            at += take as u64;
            rest = &rest[take..];
        }
    }

    /// Gives up holes until what waits is within the limits.
    fn bound(&mut self, packet: PacketRef, limits: &Limits, deliver: &mut impl FnMut(Delivery<'_>)) {
        while self.early_bytes > limits.out_of_order_bytes || self.early.len() > limits.out_of_order_segments {
            let Some((&offset, _)) = self.early.first_key_value() else { return };
            self.skip_to(offset, MissingCause::Limit, packet, deliver);
            self.drain(limits, deliver);
            self.reach_end(deliver);
        }
    }

    /// Delivers what waits and is next in line.
    fn drain(&mut self, limits: &Limits, deliver: &mut impl FnMut(Delivery<'_>)) {
        while let Some(entry) = self.early.first_entry() {
            if *entry.key() > self.next {
                return;
            }
            let (offset, piece) = entry.remove_entry();
            self.early_bytes -= piece.bytes.len();
            let behind = usize::try_from(self.next - offset).unwrap_or(usize::MAX).min(piece.bytes.len());
            let bytes = &piece.bytes[behind..];
            if !bytes.is_empty() {
                let chunk = Chunk { offset: self.next, bytes, packet: piece.packet, acknowledged: piece.acknowledged };
                self.next += bytes.len() as u64;
                self.remember(bytes, limits);
                deliver(Delivery::Data(chunk));
            }
            let cut_from = offset + piece.bytes.len() as u64;
            if piece.cut > 0 && cut_from == self.next {
                self.skip_cut(cut_from + u64::from(piece.cut), piece.packet, deliver);
            }
        }
    }

    /// Keeps delivered bytes that end at `next` until they are acknowledged.
    fn remember(&mut self, bytes: &[u8], limits: &Limits) {
        if self.acked >= self.next {
            self.unacked.clear();
            return;
        }
        let keep = bytes.len().min(limits.unacknowledged_bytes);
        let total = self.unacked.len() + keep;
        if keep < bytes.len() {
            self.unacked.clear();
        } else if total > limits.unacknowledged_bytes {
            self.unacked.drain(..total - limits.unacknowledged_bytes);
        }
        self.unacked.extend(&bytes[bytes.len() - keep..]);
    }

    /// Holds a retransmission against what was delivered and is not acknowledged.
    fn compare(&self, offset: u64, bytes: &[u8], packet: PacketRef, deliver: &mut impl FnMut(Delivery<'_>)) {
        let kept_from = self.next - self.unacked.len() as u64;
        let from = offset.max(kept_from);
        let Some(skip) = usize::try_from(from - offset).ok().filter(|&skip| skip < bytes.len()) else { return };
        let bytes = &bytes[skip..];
        let (front, back) = self.unacked.as_slices();
        let at = (from - kept_from) as usize;
        let kept = front.iter().chain(back).skip(at);
        if let Some(differs) = bytes.iter().zip(kept).position(|(again, first)| again != first) {
            deliver(Delivery::Conflict { offset: from + differs as u64, packet });
        }
    }

    fn reach_end(&mut self, deliver: &mut impl FnMut(Delivery<'_>)) {
        if let Some(end) = self.end.as_deref().copied()
            && self.next >= end.offset
        {
            if self.ended {
                return;
            }
            self.ended = true;
            self.torn_down = end.reset;
            let End { packet, acknowledged, .. } = end;
            deliver(if end.reset { Delivery::Reset(packet) } else { Delivery::Fin(Fin { packet, acknowledged }) });
        }
    }
}

fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    a.iter().zip(b).position(|(a, b)| a != b)
}
