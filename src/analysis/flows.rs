//! The TCP connections of a capture, found by their endpoints.
//!
//! A connection that turns out to be of no interest leaves a stone of a few bytes behind, so that what it still
//! sends is not taken for the middle of something new. A connection that is over lingers for a while, since the last
//! acknowledgments and resets follow it, and is then told and let go. If it waits for TLS secrets which the rest of the
//! capture may hold, it goes on waiting, within bounds.

use super::flow::{Depth, Flow, Shared};
use super::said::{Hear, Turn};
use super::state::State;
use super::table::{GROUPS, Hashed, Key, Table};
use crate::Limits;
use crate::capture::{Packet, PacketRef, Timestamp};
use crate::packet::Segment;
use crate::tcp::{Side, Spare};
use std::collections::VecDeque;
use std::sync::Arc;

/// How long a connection that is over waits for stragglers: in the capture's time, and in packets of any connection. As
/// both are the same for every set of flows, it does not depend on the set when it is told and let go.
const LINGER: Patience = Patience { nanoseconds: 5_000_000_000, packets: 16_384 };

/// How long a stone counts after the connection under it closed.
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

    fn is_never(&self) -> bool {
        self.number == u64::MAX
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

// There may be millions of stones.
const _: () = assert!(size_of::<Known>() == 24);

/// What is left of a connection that is not followed.
#[derive(Clone, Copy, Debug)]
struct Stone {
    /// The sequence number of the SYN it began with, where that was captured: another SYN begins another connection.
    syn: Option<u32>,
    /// From when on it counts no more; never while the connection under it is open. Nothing waits for that: it is looked
    /// at by who comes upon the stone, and by the table when that is full.
    until: Due,
}

impl Stone {
    fn of(flow: &Flow, until: Due) -> Stone {
        Stone { syn: flow.syn(), until }
    }

    /// Whether this segment belongs to the connection under it.
    fn is_of(&self, segment: &Segment<'_>, now: Moment) -> bool {
        let opens = segment.flags.syn && segment.ack.is_none() && self.syn != Some(segment.seq);
        !opens && !self.until.is_past(now)
    }
}

/// A connection that is over, and since when.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    key: Hashed,
    id: FlowId,
    since: Moment,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Flows {
    known: Table<Known>,
    lingering: VecDeque<Waiting>,
    /// By group.
    closed: Box<[Closed]>,
    now: Moment,
    /// When the first of those that linger is due: asked at every packet.
    due: Due,
    count: u64,
    shared: Shared,
    left: Left,
}

/// What there is at the end of the capture, in the order in which it began.
#[derive(Debug, Default)]
struct Left {
    /// Whether a connection is open, or over and waits for secrets.
    flows: std::vec::IntoIter<(Box<Flow>, bool)>,
    /// The capture's last packet.
    end: Option<PacketRef>,
}

/// Connections that are over and wait for secrets, the oldest first.
#[derive(Debug, Default)]
struct Closed {
    list: VecDeque<(Box<Flow>, usize)>,
    bytes: usize,
}

impl Closed {
    /// Has a connection that is over told when the secrets that so many of its bytes wait for may have come.
    fn push(&mut self, flow: Box<Flow>, bytes: usize, limits: &Limits, state: &mut State, out: &mut dyn Hear) {
        self.bytes += bytes;
        self.list.push_back((flow, bytes));
        while self.list.len() > CLOSED || self.bytes > CLOSED_BYTES {
            let Some((flow, bytes)) = self.list.pop_front() else { break };
            self.bytes -= bytes;
            flow.finish(None, limits, state, out);
        }
    }
}

impl Flows {
    /// None yet. State that waits for bytes is kept within `limits`.
    pub(super) fn new(limits: Arc<Limits>) -> Flows {
        let closed = (0..GROUPS).map(|_| Closed::default()).collect();
        let shared = Shared { limits, spare: Spare::default() };
        Flows {
            known: Table::default(),
            lingering: VecDeque::new(),
            closed,
            now: Moment::default(),
            due: Due::NEVER,
            count: 0,
            shared,
            left: Left::default(),
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
        while self.due.is_past(self.now) {
            let Some(waiting) = self.lingering.pop_front() else { return };
            look_ahead(self.lingering.iter().map(|waiting| self.flow(waiting)), out);
            if let Some(waiting) = self.lingering.get(DEPTHS.len()) {
                self.known.expect(&waiting.key);
            }
            self.wait();
            if let Some(known) = self.known.get_mut(&waiting.key)
                && let Known::Flow(flow) = known
                && flow.id() == waiting.id
            {
                let stone = Stone::of(flow, Due::after(self.now, STONE));
                if let Known::Flow(flow) = std::mem::replace(known, Known::Stone(stone)) {
                    self.close(flow, state, out);
                    out.turn(Turn { packet, order: waiting.since.number });
                }
            }
        }
    }

    fn flow(&self, waiting: &Waiting) -> Option<&Flow> {
        match self.known.get(&waiting.key) {
            Some(Known::Flow(flow)) => Some(flow),
            _ => None,
        }
    }

    /// Has a connection that is over told, now or when secrets may have come.
    fn close(&mut self, flow: Box<Flow>, state: &mut State, out: &mut dyn Hear) {
        let limits = &self.shared.limits;
        match flow.waiting_bytes() {
            bytes if bytes > 0 && state.secrets_may_come => {
                self.closed[flow.group()].push(flow, bytes, limits, state, out);
            }
            _ => flow.finish(None, limits, state, out),
        }
    }

    /// A connection is over.
    fn linger(&mut self, key: Hashed, id: FlowId) {
        self.lingering.push_back(Waiting { key, id, since: self.now });
        self.wait();
    }

    /// Waits for the first of those that linger.
    fn wait(&mut self) {
        self.due = self.lingering.front().map_or(Due::NEVER, |first| Due::after(first.since, LINGER));
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
        let key = self.known.hashed(Key::of(segment));
        let Some(known) = self.known.get_mut(&key) else { return self.begin(key, segment, packet, state, out) };
        match known {
            Known::Flow(flow) => {
                flow.look(Depth::Flow, out);
                let side = flow.side(segment);
                if flow.is_followed_by(side, segment) {
                    return self.begin_anew(key, segment, packet, state, out);
                }
                let is_over = flow.segment(side, segment, packet, &mut self.shared, state, out);
                if flow.is_other() {
                    *known = Known::Stone(Stone::of(flow, Due::NEVER));
                } else if is_over {
                    let id = flow.id();
                    self.linger(key, id);
                }
            }
            Known::Stone(stone) if stone.is_of(segment, self.now) => {
                if stone.until.is_never() && (segment.flags.fin || segment.flags.rst) {
                    stone.until = Due::after(self.now, STONE);
                }
            }
            Known::Stone(_) => self.begin_anew(key, segment, packet, state, out),
        }
    }

    /// A connection begins where another is known.
    #[cold]
    fn begin_anew(
        &mut self,
        key: Hashed,
        segment: &Segment<'_>,
        packet: &Packet<'_>,
        state: &mut State,
        out: &mut dyn Hear,
    ) {
        let over = Stone { syn: None, until: Due::NEVER };
        if let Some(known) = self.known.get_mut(&key)
            && let Known::Flow(old) = std::mem::replace(known, Known::Stone(over))
        {
            self.close(old, state, out);
        }
        self.begin(key, segment, packet, state, out);
    }

    /// A connection begins with this segment. It is put into the table when that is done: what it takes until the table's
    /// memory is there is then waited for by nobody.
    #[inline(never)]
    fn begin(
        &mut self,
        key: Hashed,
        segment: &Segment<'_>,
        packet: &Packet<'_>,
        state: &mut State,
        out: &mut dyn Hear,
    ) {
        self.count += 1;
        let id = FlowId { capture: state.capture, packet: packet.at.number() };
        // Made where it stays.
        let room = Box::new_uninit();
        let mut flow = Box::write(room, Flow::new(id, segment.source, segment.destination, packet.at, state));
        let is_over = flow.segment(Side::First, segment, packet, &mut self.shared, state, out);
        let known = match flow.is_other() {
            true => Known::Stone(Stone::of(&flow, Due::NEVER)),
            false => Known::Flow(flow),
        };
        if is_over && matches!(known, Known::Flow(_)) {
            self.linger(key, id);
        }
        let now = self.now;
        self.known.insert(key, known, |known| match known {
            Known::Flow(_) => true,
            Known::Stone(stone) => !stone.until.is_past(now),
        });
    }

    /// The capture ended with this packet: what is still open or waits for secrets is to be [told](Self::finish).
    pub(super) fn end(&mut self, end: Option<PacketRef>) {
        self.lingering.clear();
        (self.now, self.due) = (Moment::default(), Due::NEVER);
        let open = self.known.drain().filter_map(|known| match known {
            Known::Flow(flow) => Some((flow, true)),
            Known::Stone(_) => None,
        });
        let closed = self.closed.iter_mut().map(std::mem::take);
        let over = closed.flat_map(|closed| closed.list).map(|(flow, _)| (flow, false));
        let mut flows: Vec<(Box<Flow>, bool)> = open.chain(over).collect();
        flows.sort_unstable_by_key(|(flow, _)| flow.id());
        self.left = Left { flows: flows.into_iter(), end };
    }

    /// How many are to be told at the end.
    pub(super) fn left(&self) -> usize {
        self.left.flows.len()
    }

    /// The numbers of the packets with which every so many'th of these begins.
    pub(super) fn steps(&self, of: usize) -> impl Iterator<Item = u64> {
        self.left.flows.as_slice().iter().step_by(of).skip(1).map(|(flow, _)| flow.id().packet)
    }

    /// Tells those that are left and began before the packet with this number, in the order in which they began; before
    /// `u64::MAX` all have begun.
    pub(super) fn finish(&mut self, before: u64, state: &mut State, out: &mut dyn Hear) {
        let Left { flows, end } = &mut self.left;
        while flows.as_slice().first().is_some_and(|(flow, _)| flow.id().packet < before)
            && let Some((flow, is_open)) = flows.next()
        {
            look_ahead(flows.as_slice().iter().map(|(flow, _)| Some(&**flow)), out);
            let id = flow.id();
            flow.finish(end.filter(|_| is_open), &self.shared.limits, state, out);
            out.turn(Turn { packet: u64::MAX, order: id.packet });
        }
    }
}

/// How deep to look at the next connections to be let go, beginning with the first.
const DEPTHS: [Depth; 4] = [Depth::Ended, Depth::Judge, Depth::Live, Depth::Flow];

/// Fetches what letting go of the next few connections will read: most were last touched thousands of packets before. Of
/// each a little more than when the one before it was let go, as what lies deeper is found by what lies above it.
fn look_ahead<'f>(flows: impl Iterator<Item = Option<&'f Flow>>, out: &dyn Hear) {
    for (flow, depth) in flows.zip(DEPTHS) {
        if let Some(flow) = flow {
            flow.look(depth, out);
        }
    }
}
