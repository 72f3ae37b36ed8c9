//! The TCP connections of a capture, found by their endpoints.
//!
//! A connection that turns out to be of no interest leaves a stone of a few bytes behind, so that what it still
//! sends is not taken for the middle of something new. A connection that is over lingers for a while, since the last
//! acknowledgments and resets follow it, and is then told and let go.

use super::flow::Flow;
use super::said::{Hear, Turn};
use super::state::State;
use crate::capture::{Packet, PacketRef, Timestamp};
use crate::packet::{Endpoint, Segment};
use crate::tcp::Side;
use foldhash::fast::{FixedState, RandomState};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;
use std::time::Duration;

/// How long a connection that is over waits for stragglers: in the capture's time, and in packets of any connection. As
/// both are the same for every set of flows, it does not depend on the set when it is told and let go.
const LINGER: Patience = Patience { time: Duration::from_secs(5), packets: 16_384 };

/// How long a stone stays after the connection under it closed.
const STONE: Patience = Patience { time: Duration::from_secs(120), packets: 262_144 };

#[derive(Clone, Copy, Debug)]
struct Patience {
    time: Duration,
    packets: u64,
}

/// A place in a capture: the latest time up to it, and the number of the packet.
#[derive(Clone, Copy, Debug, Default)]
struct Moment {
    time: Option<Timestamp>,
    number: u64,
}

impl Moment {
    /// Whether it has been waited for longer than this since `past`.
    fn is_after(&self, past: Moment, patience: Patience) -> bool {
        let waited = self.time.zip(past.time).map(|(now, past)| now.since(past));
        waited.is_some_and(|waited| waited > patience.time)
            || self.number.saturating_sub(past.number) > patience.packets
    }
}

/// Groups of connections. What connections share is shared within a group: it must not depend on how many threads decode
/// them, and a group is decoded by one.
pub(super) const GROUPS: usize = 64;

/// The endpoints of a connection, the smaller one first: both directions have the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(Endpoint, Endpoint);

/// Tells TCP connections apart, and orders them by their beginnings: index of the capture and number of the first
/// packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FlowId {
    pub(super) capture: usize,
    pub(super) packet: u64,
}

/// In as few words as there are: every packet looks for its connection.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for Endpoint { ip, port } in [self.0, self.1] {
            match ip {
                IpAddr::V4(ip) => state.write_u64(u64::from(ip.to_bits()) << 16 | u64::from(port)),
                IpAddr::V6(ip) => {
                    state.write_u128(ip.to_bits());
                    state.write_u16(port);
                }
            }
        }
    }
}

impl Key {
    pub(super) fn of(segment: &Segment<'_>) -> Key {
        Key::between(segment.source, segment.destination)
    }

    pub(super) fn between(a: Endpoint, b: Endpoint) -> Key {
        if a <= b { Key(a, b) } else { Key(b, a) }
    }

    /// In which group it is: the same in every run, and for both directions.
    pub(super) fn group(&self) -> usize {
        (FixedState::default().hash_one(self) >> 32) as usize % GROUPS
    }

    /// In which of so many sets of flows it is: that of its group.
    pub(super) fn set(&self, sets: usize) -> usize {
        self.group() % sets
    }
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
    /// The sequence number of the SYN it began with: another SYN begins another connection.
    syn: Option<u32>,
    closed: bool,
}

/// A connection that is over, or the stone of one, and since when.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    key: Key,
    id: FlowId,
    since: Moment,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Flows {
    known: HashMap<Key, Known, RandomState>,
    lingering: VecDeque<Waiting>,
    stones: VecDeque<Waiting>,
    now: Moment,
    count: u64,
}

impl Flows {
    /// TCP connections seen so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// A segment of any connection came in this packet: lets go of what has been over for long enough.
    pub(super) fn pass(&mut self, at: PacketRef, state: &mut State, out: &mut dyn Hear) {
        self.now = Moment { time: self.now.time.max(at.time), number: at.number };
        while let Some(&waiting) = self.lingering.front()
            && self.now.is_after(waiting.since, LINGER)
        {
            self.lingering.pop_front();
            let Entry::Occupied(mut occupied) = self.known.entry(waiting.key) else { continue };
            match occupied.get() {
                Known::Flow(flow) if flow.id() == waiting.id => {
                    let stone = Stone { id: waiting.id, syn: flow.syn(), closed: true };
                    if let Known::Flow(flow) = occupied.insert(Known::Stone(stone)) {
                        flow.finish(None, state, out);
                        out.turn(Turn { packet: at.number, order: waiting.since.number });
                    }
                    self.stones.push_back(Waiting { since: self.now, ..waiting });
                }
                _ => {}
            }
        }
        while let Some(&waiting) = self.stones.front()
            && self.now.is_after(waiting.since, STONE)
        {
            self.stones.pop_front();
            if let Entry::Occupied(occupied) = self.known.entry(waiting.key)
                && matches!(occupied.get(), Known::Stone(stone) if stone.id == waiting.id)
            {
                occupied.remove();
            }
        }
    }

    /// Takes the next segment of these connections; it was [passed](Self::pass).
    pub(super) fn segment(
        &mut self,
        segment: &Segment<'_>,
        packet: &Packet<'_>,
        state: &mut State,
        out: &mut dyn Hear,
    ) {
        let key = Key::of(segment);
        let id = FlowId { capture: state.capture, packet: packet.at.number };
        let begin = |count: &mut u64, state: &State| {
            *count += 1;
            Box::new(Flow::new(id, segment.source, segment.destination, packet.at, state))
        };
        let known = match self.known.entry(key) {
            Entry::Vacant(vacant) => vacant.insert(Known::Flow(begin(&mut self.count, state))),
            Entry::Occupied(occupied) => {
                let known = occupied.into_mut();
                let opens = segment.flags.syn && segment.ack.is_none();
                match known {
                    Known::Stone(stone) if opens && stone.syn != Some(segment.seq) => {
                        *known = Known::Flow(begin(&mut self.count, state));
                    }
                    Known::Flow(flow) if flow.is_followed_by(side(flow, segment), segment) => {
                        let old = std::mem::replace(flow, begin(&mut self.count, state));
                        old.finish(None, state, out);
                    }
                    _ => {}
                }
                known
            }
        };
        match known {
            Known::Stone(stone) => {
                if !stone.closed && (segment.flags.fin || segment.flags.rst) {
                    stone.closed = true;
                    self.stones.push_back(Waiting { key, id: stone.id, since: self.now });
                }
            }
            Known::Flow(flow) => {
                let was_over = flow.is_over();
                flow.segment(side(flow, segment), segment, packet, state, out);
                if flow.is_other() {
                    *known = Known::Stone(Stone { id: flow.id(), syn: flow.syn(), closed: false });
                } else if !was_over && flow.is_over() {
                    self.lingering.push_back(Waiting { key, id: flow.id(), since: self.now });
                }
            }
        }
        out.turn(Turn { packet: packet.at.number, order: u64::MAX });
    }

    /// The capture ended: tells what is still open, in the order in which it began.
    pub(super) fn finish(&mut self, end: Option<PacketRef>, state: &mut State, out: &mut dyn Hear) {
        self.lingering.clear();
        self.stones.clear();
        self.now = Moment::default();
        let mut flows: Vec<Box<Flow>> = self
            .known
            .drain()
            .filter_map(|(_, known)| match known {
                Known::Flow(flow) => Some(flow),
                Known::Stone(_) => None,
            })
            .collect();
        flows.sort_unstable_by_key(|flow| flow.id());
        for flow in flows {
            let id = flow.id();
            flow.finish(end, state, out);
            out.turn(Turn { packet: u64::MAX, order: id.packet });
        }
    }
}

/// Which end sent this segment.
fn side(flow: &Flow, segment: &Segment<'_>) -> Side {
    if flow.first() == segment.source { Side::First } else { Side::Second }
}
