//! The TCP connections of a capture, found by their endpoints.
//!
//! A connection that turns out to be of no interest leaves a stone of a few bytes behind, so that what it still
//! sends is not taken for the middle of something new. A connection that is over lingers for a while, since the last
//! acknowledgments and resets follow it, and is then told and let go.

use super::flow::Flow;
use super::said::Hear;
use super::state::State;
use crate::capture::{Packet, PacketRef};
use crate::packet::{Endpoint, Segment};
use crate::tcp::Side;
use foldhash::fast::RandomState;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

/// How long a connection that is over waits for stragglers, in nanoseconds, and how many of them wait.
const LINGER: u64 = 5_000_000_000;
const LINGERING: usize = 1024;

/// How long a stone stays after the connection under it closed, and how many of those stay.
const STONE: u64 = 120_000_000_000;
const STONES: usize = 16_384;

/// The endpoints of a connection, the smaller one first: both directions have the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key(Endpoint, Endpoint);

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
    fn of(segment: &Segment<'_>) -> Key {
        let (a, b) = (segment.source, segment.destination);
        if a <= b { Key(a, b) } else { Key(b, a) }
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
    ordinal: u64,
    /// The sequence number of the SYN it began with: another SYN begins another connection.
    syn: Option<u32>,
    closed: bool,
}

/// A connection that is over, or the stone of one, and the packet that said so.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    key: Key,
    ordinal: u64,
    since: PacketRef,
}

impl Waiting {
    fn for_longer_than(&self, limit: u64, now: PacketRef) -> bool {
        match (self.since.time, now.time) {
            (Some(since), Some(now)) => now.0.abs_diff(since.0) > limit,
            _ => false,
        }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Flows {
    known: HashMap<Key, Known, RandomState>,
    lingering: VecDeque<Waiting>,
    stones: VecDeque<Waiting>,
    count: u64,
}

impl Flows {
    /// TCP connections seen so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Takes the next segment of the capture.
    pub(super) fn segment(
        &mut self,
        segment: &Segment<'_>,
        packet: &Packet<'_>,
        state: &mut State,
        out: &mut dyn Hear,
    ) {
        self.let_go(packet.at, state, out);
        let key = Key::of(segment);
        let begin = |count: &mut u64, state: &State| {
            *count += 1;
            Box::new(Flow::new(*count, segment.source, segment.destination, packet.at, state))
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
                    self.stones.push_back(Waiting { key, ordinal: stone.ordinal, since: packet.at });
                }
            }
            Known::Flow(flow) => {
                let was_over = flow.is_over();
                flow.segment(side(flow, segment), segment, packet, state, out);
                if flow.is_other() {
                    let stone = Stone { ordinal: flow.ordinal(), syn: flow.syn(), closed: false };
                    *known = Known::Stone(stone);
                } else if !was_over && flow.is_over() {
                    self.lingering.push_back(Waiting { key, ordinal: flow.ordinal(), since: packet.at });
                }
            }
        }
    }

    /// The capture ended: tells what is still open, in the order in which it began.
    pub(super) fn finish(&mut self, end: Option<PacketRef>, state: &mut State, out: &mut dyn Hear) {
        self.lingering.clear();
        self.stones.clear();
        let mut flows: Vec<Box<Flow>> = self
            .known
            .drain()
            .filter_map(|(_, known)| match known {
                Known::Flow(flow) => Some(flow),
                Known::Stone(_) => None,
            })
            .collect();
        flows.sort_unstable_by_key(|flow| flow.ordinal());
        for flow in flows {
            flow.finish(end, state, out);
        }
    }

    /// Lets go of what has been over for long enough.
    fn let_go(&mut self, now: PacketRef, state: &mut State, out: &mut dyn Hear) {
        while let Some(&waiting) = self.lingering.front()
            && (self.lingering.len() > LINGERING || waiting.for_longer_than(LINGER, now))
        {
            self.lingering.pop_front();
            let Entry::Occupied(mut occupied) = self.known.entry(waiting.key) else { continue };
            match occupied.get() {
                Known::Flow(flow) if flow.ordinal() == waiting.ordinal => {
                    let stone = Stone { ordinal: waiting.ordinal, syn: flow.syn(), closed: true };
                    if let Known::Flow(flow) = occupied.insert(Known::Stone(stone)) {
                        flow.finish(None, state, out);
                    }
                    self.stones.push_back(Waiting { since: now, ..waiting });
                }
                _ => {}
            }
        }
        while let Some(&waiting) = self.stones.front()
            && (self.stones.len() > STONES || waiting.for_longer_than(STONE, now))
        {
            self.stones.pop_front();
            if let Entry::Occupied(occupied) = self.known.entry(waiting.key)
                && matches!(occupied.get(), Known::Stone(stone) if stone.ordinal == waiting.ordinal)
            {
                occupied.remove();
            }
        }
    }
}

/// Which end sent this segment.
fn side(flow: &Flow, segment: &Segment<'_>) -> Side {
    if flow.first() == segment.source { Side::First } else { Side::Second }
}
