//! The TCP connections of a capture, found by their endpoints.
//!
//! A connection that turns out to be of no interest leaves a stone of a few bytes behind, so that what it still
//! sends is not taken for the middle of something new. A connection that is over lingers for a while, since the last
//! acknowledgments and resets follow it, and is then told and let go. If it waits for TLS secrets which the rest of the
//! capture may hold, it goes on waiting, within bounds.

use super::flow::{Flow, Shared};
use super::said::{Hear, Turn};
use super::state::State;
use super::table::{GROUPS, Key, Table};
use crate::Limits;
use crate::capture::{Packet, PacketRef, Timestamp};
use crate::packet::Segment;
use crate::tcp::Spare;
use std::collections::VecDeque;
use std::sync::Arc;

/// How long a connection that is over waits for stragglers: in the capture's time, and in packets of any connection. As
/// both are the same for every set of flows, it does not depend on the set when it is told and let go.
const LINGER: Patience = Patience { nanoseconds: 5_000_000_000, packets: 16_384 };

/// How long a stone stays after the connection under it closed.
const STONE: Patience = Patience { nanoseconds: 120_000_000_000, packets: 262_144 };

/// How many connections of a group that are over wait for secrets, and bytes of memory that what they hold takes together.
const CLOSED: usize = 4096 / GROUPS;
const CLOSED_BYTES: usize = (32 << 20) / GROUPS;

#[derive(Clone, Copy, Debug)]
struct Patience {
    nanoseconds: i64,
    packets: u64,
}

/// A place in a capture: the latest time up to it, and the number of the packet.
#[derive(Clone, Copy, Debug, Default)]
struct Moment {
    time: Option<Timestamp>,
    number: u64,
}

/// When something has waited long enough: once it is later than the time, or the packets have passed the number.
#[derive(Clone, Copy, Debug)]
struct Due {
    nanoseconds: i64,
    number: u64,
}

impl Due {
    const NEVER: Due = Due { nanoseconds: i64::MAX, number: u64::MAX };

    /// When it has been waited for longer than this since `past`.
    fn after(past: Moment, patience: Patience) -> Due {
        let nanoseconds = past.time.map_or(i64::MAX, |past| past.nanoseconds().saturating_add(patience.nanoseconds));
        Due { nanoseconds, number: past.number.saturating_add(patience.packets) }
    }

    /// When the first of a queue is due.
    fn of(queue: &VecDeque<Waiting>, patience: Patience) -> Due {
        queue.front().map_or(Due::NEVER, |first| Due::after(first.since, patience))
    }

    #[inline]
    fn is_past(&self, now: Moment) -> bool {
        now.number > self.number || now.time.is_some_and(|now| now.nanoseconds() > self.nanoseconds)
    }
}

/// Tells TCP connections apart, and orders them by their beginnings: index of the capture and number of the first
/// packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FlowId {
    pub(super) capture: usize,
    pub(super) packet: u64,
}

/// Packets with segments of any connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passed<'p> {
    pub(super) packets: &'p [PacketRef],
    /// The latest time of these, or of these and some before.
    pub(super) latest: Option<Timestamp>,
}

#[derive(Debug)]
enum Known {
    Flow(Box<Flow>),
    Stone(Stone),
}

/// What is left of a connection that is not followed.
#[derive(Clone, Copy, Debug)]
struct Stone {
    id: FlowId,
    /// The sequence number of the SYN it began with, where `opened`: another SYN begins another connection.
    syn: u32,
    opened: bool,
    closed: bool,
}

impl Stone {
    fn of(flow: &Flow, closed: bool) -> Stone {
        let syn = flow.syn();
        Stone { id: flow.id(), syn: syn.unwrap_or_default(), opened: syn.is_some(), closed }
    }
}

/// A connection that is over, or the stone of one, and since when.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    key: Key,
    id: FlowId,
    since: Moment,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Flows {
    known: Table<Known>,
    lingering: VecDeque<Waiting>,
    stones: VecDeque<Waiting>,
    /// By group.
    closed: Box<[Closed]>,
    now: Moment,
    /// When the first of those that linger, or of the stones, is due: asked at every packet.
    due: Due,
    count: u64,
    shared: Shared,
}

/// Connections that are over and wait for secrets, the oldest first.
#[derive(Debug, Default)]
struct Closed {
    list: VecDeque<(Box<Flow>, usize)>,
    bytes: usize,
}

impl Closed {
    /// Has a connection that is over told, now or when secrets may have come.
    fn push(&mut self, flow: Box<Flow>, state: &mut State, out: &mut dyn Hear) {
        let bytes = flow.waiting_bytes();
        if bytes == 0 || !state.secrets_may_come {
            return flow.finish(None, state, out);
        }
        self.bytes += bytes;
        self.list.push_back((flow, bytes));
        while self.list.len() > CLOSED || self.bytes > CLOSED_BYTES {
            let Some((flow, bytes)) = self.list.pop_front() else { break };
            self.bytes -= bytes;
            flow.finish(None, state, out);
        }
    }
}

impl Flows {
    /// None yet. State that waits for bytes is kept within `limits`.
    pub(super) fn new(limits: Arc<Limits>) -> Flows {
        let (lingering, stones) = (VecDeque::new(), VecDeque::new());
        let closed = (0..GROUPS).map(|_| Closed::default()).collect();
        let shared = Shared { limits, spare: Spare::default() };
        Flows {
            known: Table::default(),
            lingering,
            stones,
            closed,
            now: Moment::default(),
            due: Due::NEVER,
            count: 0,
            shared,
        }
    }

    /// TCP connections seen so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Lets go of what has been over for long enough.
    #[inline(always)]
    pub(super) fn pass(&mut self, passed: Passed<'_>, state: &mut State, out: &mut dyn Hear) {
        let Some(last) = passed.packets.last() else { return };
        let then = Moment { time: self.now.time.max(passed.latest), number: last.number() };
        if self.due.is_past(then) {
            self.let_go_in(passed.packets, state, out);
        }
        self.now = then;
    }

    /// Something is due by the last of these packets.
    #[inline(never)]
    fn let_go_in(&mut self, packets: &[PacketRef], state: &mut State, out: &mut dyn Hear) {
        for at in packets {
            self.now = Moment { time: self.now.time.max(at.time), number: at.number() };
            if self.due.is_past(self.now) {
                self.let_go(at.number(), state, out);
            }
        }
    }

    #[inline(never)]
    fn let_go(&mut self, packet: u64, state: &mut State, out: &mut dyn Hear) {
        while Due::of(&self.lingering, LINGER).is_past(self.now)
            && let Some(waiting) = self.lingering.pop_front()
        {
            let Some(known) = self.known.get_mut(&waiting.key) else { continue };
            let stone = match known {
                Known::Flow(flow) if flow.id() == waiting.id => Stone::of(flow, true),
                _ => continue,
            };
            if let Known::Flow(flow) = std::mem::replace(known, Known::Stone(stone)) {
                self.closed[waiting.key.group()].push(flow, state, out);
                out.turn(Turn { packet, order: waiting.since.number });
            }
            self.stones.push_back(Waiting { since: self.now, ..waiting });
        }
        while Due::of(&self.stones, STONE).is_past(self.now)
            && let Some(waiting) = self.stones.pop_front()
        {
            if let Some(Known::Stone(stone)) = self.known.get_mut(&waiting.key)
                && stone.id == waiting.id
            {
                self.known.remove(&waiting.key);
            }
        }
        self.wait();
    }

    /// Waits for the first of those that linger and of the stones.
    fn wait(&mut self) {
        let (flow, stone) = (Due::of(&self.lingering, LINGER), Due::of(&self.stones, STONE));
        self.due = Due { nanoseconds: flow.nanoseconds.min(stone.nanoseconds), number: flow.number.min(stone.number) };
    }

    /// Takes the next segment of these connections; it was [passed](Self::pass). The turn is the caller's.
    // Who reads packets has the segment in registers.
    #[inline(always)]
    pub(super) fn segment(
        &mut self,
        segment: &Segment<'_>,
        packet: &Packet<'_>,
        state: &mut State,
        out: &mut dyn Hear,
    ) {
        let key = Key::of(segment);
        let begin = |count: &mut u64, state: &State| {
            *count += 1;
            let id = FlowId { capture: state.capture, packet: packet.at.number() };
            Box::new(Flow::new(id, segment.source, segment.destination, packet.at, state))
        };
        let known = match self.known.get_mut(&key) {
            None => self.known.insert(key, Known::Flow(begin(&mut self.count, state))),
            Some(known) => known,
        };
        if segment.flags.syn {
            match known {
                Known::Stone(stone) if segment.ack.is_none() && !(stone.opened && stone.syn == segment.seq) => {
                    *known = Known::Flow(begin(&mut self.count, state));
                }
                Known::Flow(flow) if flow.is_followed_by(flow.side(segment), segment) => {
                    let old = std::mem::replace(flow, begin(&mut self.count, state));
                    self.closed[key.group()].push(old, state, out);
                }
                _ => {}
            }
        }
        match known {
            Known::Stone(stone) => {
                if !stone.closed && (segment.flags.fin || segment.flags.rst) {
                    stone.closed = true;
                    self.stones.push_back(Waiting { key, id: stone.id, since: self.now });
                    self.wait();
                }
            }
            Known::Flow(flow) => {
                let is_over = flow.segment(flow.side(segment), segment, packet, &mut self.shared, state, out);
                if flow.is_other() {
                    *known = Known::Stone(Stone::of(flow, false));
                } else if is_over {
                    self.lingering.push_back(Waiting { key, id: flow.id(), since: self.now });
                    self.wait();
                }
            }
        }
    }

    /// The capture ended: tells what is still open, in the order in which it began.
    pub(super) fn finish(&mut self, end: Option<PacketRef>, state: &mut State, out: &mut dyn Hear) {
        self.lingering.clear();
        self.stones.clear();
        (self.now, self.due) = (Moment::default(), Due::NEVER);
        let open = self.known.drain().filter_map(|known| match known {
            Known::Flow(flow) => Some((flow, end)),
            Known::Stone(_) => None,
        });
        let closed = self.closed.iter_mut().map(std::mem::take);
        let over = closed.flat_map(|closed| closed.list).map(|(flow, _)| (flow, None));
        let mut flows: Vec<(Box<Flow>, Option<PacketRef>)> = open.chain(over).collect();
        flows.sort_unstable_by_key(|(flow, _)| flow.id());
        for (flow, end) in flows {
            let id = flow.id();
            flow.finish(end, state, out);
            out.turn(Turn { packet: u64::MAX, order: id.packet });
        }
    }
}
