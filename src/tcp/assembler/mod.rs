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

mod early;
mod end;

use super::kept::Kept;
use super::spare::Spare;
use super::{Chunk, Delivery, Missing, MissingCause};
use crate::Limits;
use crate::capture::PacketRef;
use crate::packet::Segment;
use early::{Ahead, Disorder};

/// A sequence number further than this from the expected one belongs to another connection or to no one:
/// windows cannot be larger (RFC 7323 §2.3).
pub(super) const MAX_WINDOW: i64 = 1 << 30;

/// Segments of the connection that may pass after a hole was acknowledged before it is given up: taps and
/// multi-queue interfaces deliver neighbours out of order.
const PATIENCE: u32 = 32;

/// One direction of a connection. What few connections need is in boxes, which are made when it comes.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    /// Sequence number of stream offset 0.
    start: Option<u32>,
    /// Segments since a hole at `next` was acknowledged.
    waited: u32,
    /// A SYN gave `start`; otherwise it was the first byte captured, or the other end's acknowledgment.
    pub(super) syn: bool,
    /// A segment of this direction was captured.
    pub(super) seen: bool,
    /// The end was delivered.
    pub(super) ended: bool,
    /// The end, or what followed it, was an RST.
    pub(super) torn_down: bool,
    /// Offset of the next byte to deliver.
    pub(super) next: u64,
    /// Offset up to which the other end has acknowledged this direction.
    pub(super) acked: u64,
    /// The last delivered bytes, up to `next`, that are not acknowledged: lent while there are any.
    unacked: Option<Box<Kept>>,
    /// Once anything came in another order than it was sent.
    pub(super) disorder: Option<Box<Disorder>>,
    /// Offset at which the stream ends, once a packet said so.
    pub(super) end: Option<u64>,
}

impl Assembler {
    /// The stream offset of a sequence number; `None` before the start is known or far outside any window.
    /// Negative for what lies before the start.
    fn offset(&self, seq: u32) -> Option<i64> {
        let distance = i64::from(seq.wrapping_sub(self.expected()?) as i32);
        let next = i64::try_from(self.next).ok()?;
        (distance.abs() <= MAX_WINDOW).then(|| next + distance)
    }

    /// The sequence number of the next byte to deliver.
    #[inline]
    pub(super) fn expected(&self) -> Option<u32> {
        Some(self.start?.wrapping_add(self.next as u32))
    }

    /// Whether this SYN opens another connection than the one followed here.
    pub(super) fn contradicts_syn(&self, seq: u32) -> bool {
        self.start.is_some_and(|start| start != seq.wrapping_add(1))
    }

    /// Takes the start of the stream, where it is not known, from the other end's first acknowledgment.
    pub(super) fn start_at(&mut self, seq: u32) {
        self.start.get_or_insert(seq);
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
                    self.tear_down(packet, limits, deliver);
                }
                return;
            }
            self.start = Some(seq);
        }
        let offset = self.offset(seq);
        let length = segment.payload.len() as u64 + u64::from(segment.cut);
        let end = offset.map(|offset| u64::try_from(offset).unwrap_or(0).saturating_add(length));
        if let Some(end) = end.filter(|_| has_bytes || segment.flags.fin) {
            self.doubt_reset(end);
        }
        let fin = end.filter(|_| segment.flags.fin).and_then(|offset| {
            // A FIN takes a sequence number of its own.
            let acknowledged = self.known_when_sent(offset + 1, acknowledged);
            self.fin(offset, packet, acknowledged)
        });
        if let Some(offset) = offset.filter(|_| has_bytes) {
            let acknowledged = self.known_when_sent(end.unwrap_or(0), acknowledged);
            self.bytes(offset, segment, packet, acknowledged, limits, deliver);
        } else if let (Some(offset), Some(acknowledged)) = (end.filter(|&end| end > self.next), acknowledged)
            // Nothing follows the end that its sender could have sent by then.
            && self.end.is_none_or(|end| end > self.next)
            && self.ahead().is_none_or(|ahead| ahead.offset <= self.next)
        {
            self.disorder.get_or_insert_default().ahead = Some(Ahead { offset, acknowledged });
        }
        if let Some(fin) = fin {
            // Nearly every FIN is the next in line, and never waits.
            if self.is_at_end() {
                self.tell_end(fin, deliver);
            } else {
                self.disorder.get_or_insert_default().end = Some(fin);
            }
        }
        // One far outside any window is ignored by its receiver (RFC 9293 §3.10.7.4): it is somebody's guess.
        if let Some(end) = end.filter(|_| segment.flags.rst) {
            self.reset(end, packet, limits, deliver);
        }
        self.reach_end(deliver);
    }

    /// Has room for so many bytes that may have to be acknowledged.
    #[inline(always)]
    pub(super) fn borrow_room(&mut self, bytes: usize, spare: &mut Spare) {
        if self.unacked.is_none() {
            self.unacked = Some(spare.take(bytes));
        }
    }

    /// Gives the room back while nothing waits for an acknowledgment: an idle direction holds none.
    #[inline]
    pub(super) fn return_room(&mut self, spare: &mut Spare) {
        if let Some(kept) = self.unacked.take_if(|kept| kept.is_empty()) {
            spare.put(kept);
        }
    }

    /// Takes an acknowledgment of this direction, and says which offset it names; `None` where that is unknown or makes
    /// no sense.
    #[inline]
    pub(super) fn acknowledge(&mut self, ack: u32, spare: &mut Spare) -> Option<u64> {
        let offset = u64::try_from(self.offset(ack)?).ok()?;
        self.acknowledge_to(offset, spare);
        Some(offset)
    }

    /// Takes the acknowledgment of what is before `offset`.
    #[inline(always)]
    pub(super) fn acknowledge_to(&mut self, offset: u64, spare: &mut Spare) {
        if offset > self.acked {
            self.acked = offset;
            if offset >= self.next {
                // All of it, nearly always.
                if let Some(mut kept) = self.unacked.take() {
                    kept.clear();
                    spare.put(kept);
                }
            } else if let Some(kept) = &mut self.unacked {
                let kept_from = self.next - kept.len() as u64;
                kept.forget(usize::try_from(offset.saturating_sub(kept_from)).unwrap_or(usize::MAX));
            }
        }
    }

    /// Counts a segment of the connection, of either direction, and gives up a hole that was waited for long enough.
    pub(super) fn tick(&mut self, packet: PacketRef, limits: &Limits, deliver: &mut impl FnMut(Delivery<'_>)) {
        if self.acked > self.next && !self.ended {
            self.wait(packet, limits, deliver);
        } else {
            self.waited = 0;
        }
    }

    /// What was acknowledged is not there.
    fn wait(&mut self, packet: PacketRef, limits: &Limits, deliver: &mut impl FnMut(Delivery<'_>)) {
        // A hole with nothing behind it may be filled at any time; `finish` sees to it otherwise.
        let Some(behind) = self.first_early().or(self.end) else { return };
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
        while let Some(offset) = self.first_early() {
            self.skip_to(offset, MissingCause::Lost, packet, deliver);
            self.drain(limits, deliver);
        }
        let is_reset = || self.disorder.as_ref().and_then(|wait| wait.end).is_some_and(|end| end.reset);
        let end = match self.end {
            // One sequence number behind the last byte may be a FIN that was not captured.
            Some(end) if end == self.next + 1 && is_reset() => {
                self.end = Some(self.next);
                None
            }
            Some(end) => Some(end),
            None => Some(self.acked).filter(|&acked| self.seen && acked > self.next + 1),
        };
        if let Some(end) = end {
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
        self.unacked = None;
        deliver(Delivery::Missing(missing));
    }

    /// Takes the payload of a segment that begins at `offset`.
    fn bytes(
        &mut self,
        offset: i64,
        segment: &Segment<'_>,
        packet: PacketRef,
        acknowledged: Option<u64>,
        limits: &Limits,
        deliver: &mut impl FnMut(Delivery<'_>),
    ) {
        let mut bytes = segment.payload;
        let mut cut = segment.cut;
        // What lies before the start of the stream was never ours.
        let before_start = usize::try_from(-offset).unwrap_or(0);
        let offset = u64::try_from(offset).unwrap_or(0);
        if before_start > 0 {
            let of_cut = u32::try_from(before_start.saturating_sub(bytes.len())).unwrap_or(u32::MAX);
            cut = cut.saturating_sub(of_cut);
            bytes = bytes.get(before_start..).unwrap_or_default();
        }
        // Nothing follows a FIN (RFC 9293 §3.6).
        if let Some(end) = self.end {
            let room = end.saturating_sub(offset);
            cut = cut.min(u32::try_from(room.saturating_sub(bytes.len() as u64)).unwrap_or(u32::MAX));
            bytes = &bytes[..usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len())];
        }
        // A keep-alive may carry one byte of garbage in the place of the last one (RFC 9293 §3.8.4). Where its
        // acknowledgment was captured late or not at all, only this tells it from a conflict.
        if bytes.len() == 1 && cut == 0 && offset + 1 == self.next {
            return;
        }
        if offset > self.next {
            self.keep_early(offset, bytes, cut, packet, acknowledged, deliver);
            self.bound(packet, limits, deliver);
            return;
        }
        let behind = usize::try_from(self.next - offset).unwrap_or(usize::MAX).min(bytes.len());
        self.compare(offset, &bytes[..behind], packet, deliver);
        self.pass(Chunk { offset: self.next, bytes: &bytes[behind..], packet, acknowledged }, limits, deliver);
        let cut_from = offset + bytes.len() as u64;
        if cut > 0 && cut_from <= self.next {
            self.skip_cut(cut_from + u64::from(cut), packet, deliver);
        }
        self.drain(limits, deliver);
    }

    /// Delivers a chunk that begins at `next`, less what came early for the same bytes: first come, first kept.
    fn pass(&mut self, chunk: Chunk<'_>, limits: &Limits, deliver: &mut impl FnMut(Delivery<'_>)) {
        let mut rest = chunk.bytes;
        while !rest.is_empty() {
            let until_early = self.first_early().map_or(u64::MAX, |early| early - self.next);
            let take = usize::try_from(until_early).unwrap_or(usize::MAX).min(rest.len());
            if take > 0 {
                let part = Chunk { offset: self.next, bytes: &rest[..take], ..chunk };
                self.next += take as u64;
                self.remember(part.bytes, limits);
                deliver(Delivery::Data(part));
                rest = &rest[take..];
                continue;
            }
            let Some((offset, mut piece)) = self.disorder.as_mut().and_then(|wait| wait.early.pop_first()) else {
                return;
            };
            if let Some(at) = first_difference(rest, &piece.bytes) {
                deliver(Delivery::Conflict { offset: offset + at as u64, packet: chunk.packet });
            }
            rest = rest.get(piece.bytes.len()..).unwrap_or_default();
            if !rest.is_empty() {
                // What the snapshot length cut off there is here.
                piece.cut = 0;
            }
            self.deliver_early(offset, piece, limits, deliver);
        }
    }

    fn skip_cut(&mut self, to: u64, packet: PacketRef, deliver: &mut impl FnMut(Delivery<'_>)) {
        let to = self.first_early().map_or(to, |early| to.min(early));
        self.skip_to(to, MissingCause::Snaplen, packet, deliver);
    }

    /// Keeps delivered bytes that end at `next` until they are acknowledged.
    #[inline]
    pub(super) fn remember(&mut self, bytes: &[u8], limits: &Limits) {
        if self.acked >= self.next {
            return;
        }
        let kept = self.unacked.get_or_insert_default();
        let unacknowledged = usize::try_from(self.next - self.acked).unwrap_or(usize::MAX);
        let keep = bytes.len().min(limits.unacknowledged_bytes).min(unacknowledged);
        let total = kept.len() + keep;
        if keep < bytes.len() {
            kept.clear();
        } else if total > limits.unacknowledged_bytes {
            kept.forget(total - limits.unacknowledged_bytes);
        }
        kept.push(&bytes[bytes.len() - keep..]);
    }

    /// Holds a retransmission against what was delivered and is not acknowledged.
    fn compare(&self, offset: u64, bytes: &[u8], packet: PacketRef, deliver: &mut impl FnMut(Delivery<'_>)) {
        let Some(kept) = &self.unacked else { return };
        let kept_from = self.next - kept.len() as u64;
        let from = offset.max(kept_from);
        let Some(skip) = usize::try_from(from - offset).ok().filter(|&skip| skip < bytes.len()) else { return };
        let kept = &kept.bytes()[(from - kept_from) as usize..];
        if let Some(differs) = first_difference(&bytes[skip..], kept) {
            deliver(Delivery::Conflict { offset: from + differs as u64, packet });
        }
    }
}

fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    a.iter().zip(b).position(|(a, b)| a != b)
}
