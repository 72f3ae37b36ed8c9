//! The short way of nearly all segments: bytes that are next in line, or none, and an acknowledgment of bytes that were
//! captured, while neither direction waits for anything.
//!
//! The long way, [`Connection::any_segment`], does the same; it is held against this one at the end of the file.

use super::assembler::{Assembler, MAX_WINDOW};
use super::{Chunk, Connection, Side, Spare};
use crate::Limits;
use crate::capture::PacketRef;
use crate::packet::{Flags, Segment};

impl Connection {
    /// Takes such a segment and gives its bytes, which may be none. `None` for any other segment, which is left.
    #[inline(always)]
    pub(crate) fn ordinary<'a>(
        &mut self,
        side: Side,
        segment: &Segment<'a>,
        at: PacketRef,
        limits: &Limits,
        spare: &mut Spare,
    ) -> Option<Chunk<'a>> {
        let Flags { syn, fin, rst } = segment.flags;
        if syn | fin | rst || segment.cut > 0 {
            return None;
        }
        let (this, other) = self.halves(side);
        let acknowledged = other.captured_before(segment.ack?)?;
        if this.expected() != Some(segment.seq) || !this.waits_for_nothing() || other.acked > other.next {
            return None;
        }
        this.seen = true;
        other.acknowledge_to(acknowledged, spare);
        let chunk = Chunk { offset: this.next, bytes: segment.payload, packet: at, acknowledged: Some(acknowledged) };
        if !segment.payload.is_empty() {
            this.borrow_room(segment.payload.len(), spare);
            this.next += segment.payload.len() as u64;
            this.remember(segment.payload, limits);
            self.count_duplicate(side, segment, at);
        }
        Some(chunk)
    }
}

impl Assembler {
    /// The offset that an acknowledgment names; `None` where it makes no sense or bytes before it are not there.
    #[inline]
    fn captured_before(&self, ack: u32) -> Option<u64> {
        let behind = self.expected()?.wrapping_sub(ack);
        self.next.checked_sub(behind.into()).filter(|_| i64::from(behind) <= MAX_WINDOW)
    }

    /// No bytes came early, none are acknowledged and not there, and no end is known.
    #[inline]
    fn waits_for_nothing(&self) -> bool {
        self.disorder.is_none() && self.acked <= self.next && self.end.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Timestamp;
    use crate::packet::Endpoint;
    use crate::tcp::Delivery;
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    /// A segment: who sends it, its distance from the next byte, bytes, cut bytes, flags, and how far from the other
    /// end's next byte it acknowledges.
    #[derive(Clone, Debug)]
    struct Sent {
        side: Side,
        distance: i32,
        bytes: Vec<u8>,
        cut: u32,
        flags: Flags,
        ack: Option<i32>,
        /// Its capture differs from that of the segment before.
        is_copy: bool,
    }

    fn sent() -> impl Strategy<Value = Sent> {
        let flags = prop_oneof![
            40 => Just(Flags::default()),
            1 => Just(Flags { fin: true, ..Flags::default() }),
            1 => Just(Flags { rst: true, ..Flags::default() }),
            2 => Just(Flags { syn: true, ..Flags::default() }),
        ];
        let distance = prop_oneof![12 => Just(0), 1 => 1..20i32, 1 => -20..0i32, 1 => any::<i32>()];
        let ack = prop_oneof![12 => Just(0), 3 => -20..0i32, 1 => 1..20i32, 1 => any::<i32>()];
        let parts = (
            prop_oneof![Just(Side::First), Just(Side::Second)],
            distance,
            prop::collection::vec(0u8..3, 0..8),
            prop_oneof![12 => Just(0), 1 => 1..5u32],
            flags,
            prop::option::weighted(0.9, ack),
            prop::bool::weighted(0.1),
        );
        parts.prop_map(|(side, distance, bytes, cut, flags, ack, is_copy)| Sent {
            side,
            distance,
            bytes,
            cut,
            flags,
            ack,
            is_copy,
        })
    }

    proptest! {
        #[test]
        fn an_ordinary_segment_is_taken_as_any_is(
            starts: [u32; 2], sent in prop::collection::vec(sent(), 1..60), unacknowledged_bytes in 4..40usize,
        ) {
            let limits = Limits { unacknowledged_bytes, ..Limits::default() };
            let (mut short, mut long) = (Connection::new(), Connection::new());
            let (mut spare, mut long_spare) = (Spare::default(), Spare::default());
            let mut next = starts;
            // Both ends are known from the first, or nothing would be ordinary.
            let opening = [Side::First, Side::Second].map(|side| Sent {
                side, distance: 0, bytes: vec![], cut: 0, flags: Flags { syn: true, ..Flags::default() }, ack: None, is_copy: false,
            });
            let mut before = None;
            for (number, sent) in (1..).zip(opening.into_iter().chain(sent)) {
                let end = Endpoint { ip: Ipv4Addr::LOCALHOST.into(), port: 80 };
                let (own, other) = (next[sent.side as usize], next[sent.side.other() as usize]);
                let mut segment = Segment {
                    source: end,
                    destination: end,
                    seq: own.wrapping_add_signed(sent.distance),
                    ack: sent.ack.map(|ack| other.wrapping_add_signed(ack)),
                    flags: sent.flags,
                    window: 0,
                    payload: &sent.bytes,
                    cut: sent.cut,
                    fingerprint: number,
                };
                if let Some((seq, fingerprint)) = before.filter(|_| sent.is_copy) {
                    (segment.seq, segment.fingerprint) = (seq, fingerprint);
                }
                before = Some((segment.seq, segment.fingerprint));
                let packet = PacketRef::new(number.into(), Some(Timestamp::new(number.into())), 0, 0);
                let (mut told, mut told_long) = (Vec::new(), Vec::new());
                let mut tell = |side, one: Delivery<'_>| told.push(format!("{side:?} {one:?}"));
                let over = short.segment(sent.side, &segment, packet, &limits, &mut spare, &mut tell);
                let mut tell = |side, one: Delivery<'_>| told_long.push(format!("{side:?} {one:?}"));
                let over_long = long.any_segment(sent.side, &segment, packet, &limits, &mut long_spare, &mut tell);
                prop_assert_eq!(told, told_long);
                prop_assert_eq!(over, over_long);
                prop_assert_eq!(format!("{short:?}"), format!("{long:?}"));
                if sent.distance == 0 && !sent.is_copy {
                    let length = sent.bytes.len() as u32 + sent.cut + u32::from(sent.flags.syn);
                    next[sent.side as usize] = own.wrapping_add(length);
                }
            }
        }
    }
}
