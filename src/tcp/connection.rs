//! The two directions of one TCP connection, and what only both together show: acknowledgments, duplicates, ports
//! used again.

use super::assembler::Assembler;
use super::spare::Spare;
use super::{Delivery, Side};
use crate::Limits;
use crate::capture::{PacketRef, Timestamp};
use crate::packet::Segment;

/// Two copies of one packet, seen by two interfaces or a mirror port, follow each other within this many
/// nanoseconds; no sender retransmits that fast.
const DUPLICATE_WITHIN: u64 = 5_000_000;

/// A TCP connection under reassembly.
#[derive(Debug, Default)]
pub struct Connection {
    first: Assembler,
    second: Assembler,
    /// The last segment that took up sequence space, to know its copy by.
    last: Option<Last>,
    duplicates: u64,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    seq: u32,
    fingerprint: u32,
    side: Side,
    time: Option<Timestamp>,
}

/// What is known of a connection beside its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionFacts {
    /// A SYN of either end was captured: the connection was seen from its beginning.
    pub opened: bool,
    /// Segments of the end that spoke first were captured.
    pub first_seen: bool,
    /// Segments of the other end were captured.
    pub second_seen: bool,
    /// Packets that were captured twice.
    pub duplicates: u64,
}

impl Connection {
    /// A connection of which nothing was seen.
    pub fn new() -> Connection {
        Connection::default()
    }

    /// Whether this segment opens a new connection on the ports of this one (RFC 9293 §3.6.1): a SYN that is not
    /// the one this connection began with.
    pub fn is_followed_by(&self, side: Side, segment: &Segment<'_>) -> bool {
        segment.flags.syn && self.half(side).contradicts_syn(segment.seq)
    }

    /// Takes the next captured segment, sent by `side`, and delivers what it completes, of either direction. `spare` is
    /// memory that connections lend each other.
    #[inline]
    pub fn segment(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        at: PacketRef,
        limits: &Limits,
        spare: &mut Spare,
        deliver: &mut impl FnMut(Side, Delivery<'_>),
    ) {
        self.count_duplicate(side, segment, at);
        let (this, other) = match side {
            Side::First => (&mut self.first, &mut self.second),
            Side::Second => (&mut self.second, &mut self.first),
        };
        let mut acknowledged = None;
        if let Some(ack) = segment.ack.filter(|_| !segment.flags.rst) {
            // Where the other end's SYN was not captured, the first acknowledgment of a connection that was seen
            // from its beginning says where the other end's stream starts.
            if this.syn && !segment.flags.syn {
                other.start_at(ack);
            }
            acknowledged = other.acknowledge(ack, spare);
        }
        let has_bytes = !segment.payload.is_empty();
        if has_bytes {
            this.borrow_room(segment.payload.len(), spare);
        }
        this.push(segment, at, acknowledged, limits, &mut |delivery| deliver(side, delivery));
        if has_bytes {
            this.return_room(spare);
        }
        this.tick(at, limits, &mut |delivery| deliver(side, delivery));
        other.tick(at, limits, &mut |delivery| deliver(side.other(), delivery));
    }

    /// Nothing more will come: delivers what waits, and each hole before it as missing. `packet` is the last packet
    /// that could have filled them.
    pub fn finish(&mut self, packet: PacketRef, limits: &Limits, deliver: &mut impl FnMut(Side, Delivery<'_>)) {
        for side in [Side::First, Side::Second] {
            self.half_mut(side).finish(packet, limits, &mut |delivery| deliver(side, delivery));
        }
    }

    /// Both ends are done: each sent its FIN, or one tore the connection down.
    pub fn is_over(&self) -> bool {
        self.first.ended && self.second.ended || self.first.torn_down || self.second.torn_down
    }

    /// What is known of the connection beside its bytes.
    pub fn facts(&self) -> ConnectionFacts {
        ConnectionFacts {
            opened: self.first.syn || self.second.syn,
            first_seen: self.first.seen,
            second_seen: self.second.seen,
            duplicates: self.duplicates,
        }
    }

    #[inline]
    fn count_duplicate(&mut self, side: Side, segment: &Segment<'_>, at: PacketRef) {
        if segment.payload.is_empty() && !segment.flags.syn && !segment.flags.fin {
            return;
        }
        let this = Last { seq: segment.seq, fingerprint: segment.fingerprint, side, time: at.time };
        if let Some(last) = self.last.replace(this)
            && last.seq == this.seq
            && last.fingerprint == this.fingerprint
            && last.side == side
        {
            let apart = |now: Timestamp, then: Timestamp| now.nanoseconds().abs_diff(then.nanoseconds());
            let close = at.time.zip(last.time).is_some_and(|(now, then)| apart(now, then) < DUPLICATE_WITHIN);
            self.duplicates += u64::from(close);
        }
    }

    fn half(&self, side: Side) -> &Assembler {
        match side {
            Side::First => &self.first,
            Side::Second => &self.second,
        }
    }

    fn half_mut(&mut self, side: Side) -> &mut Assembler {
        match side {
            Side::First => &mut self.first,
            Side::Second => &mut self.second,
        }
    }
}
