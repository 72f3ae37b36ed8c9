//! The TCP connections of a capture, found by their endpoints.
//!
//! A connection that turns out to be of no interest leaves a stone of a few bytes behind, so that what it still
//! sends is not taken for the middle of something new. A connection that is over lingers for a while, since the last
//! acknowledgments and resets follow it, and is then told and let go.

use super::flow::Flow;
use super::said::Hear;
use super::state::State;
use super::table::{Key, Table};
use crate::Limits;
use crate::capture::{Packet, PacketRef};
use crate::packet::Segment;
use std::collections::VecDeque;
use std::sync::Arc;

/// How long a connection that is over waits for stragglers, in nanoseconds, and how many of them wait.
const LINGER: u64 = 5_000_000_000;
const LINGERING: usize = 1024;

/// How long a stone stays after the connection under it closed, and how many of those stay.
const STONE: u64 = 120_000_000_000;
const STONES: usize = 16_384;

#[derive(Debug)]
enum Known {
    Flow(Box<Flow>),
    Stone(Stone),
}

/// What is left of a connection that is not followed.
#[derive(Clone, Copy, Debug)]
struct Stone {
    ordinal: u64,
    /// The sequence number of the SYN it began with, where `opened`: another SYN begins another connection.
    syn: u32,
    opened: bool,
    closed: bool,
}

impl Stone {
    fn of(flow: &Flow, closed: bool) -> Stone {
        let syn = flow.syn();
        Stone { ordinal: flow.ordinal(), syn: syn.unwrap_or_default(), opened: syn.is_some(), closed }
    }
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
#[derive(Debug)]
pub(super) struct Flows {
    known: Table<Known>,
    lingering: VecDeque<Waiting>,
    stones: VecDeque<Waiting>,
    count: u64,
    limits: Arc<Limits>,
}

impl Flows {
    /// None yet. State that waits for bytes is kept within `limits`.
    pub(super) fn new(limits: Arc<Limits>) -> Flows {
        Flows { known: Table::default(), lingering: VecDeque::new(), stones: VecDeque::new(), count: 0, limits }
    }

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
        let key = Key::of(segment.source, segment.destination);
        let begin = |count: &mut u64, state: &State| {
            *count += 1;
            Box::new(Flow::new(*count, segment.source, segment.destination, packet.at, state))
        };
        let known = match self.known.get_mut(&key) {
            None => self.known.insert(key, Known::Flow(begin(&mut self.count, state))),
            Some(known) => {
                let opens = segment.flags.syn && segment.ack.is_none();
                match known {
                    Known::Stone(stone) if opens && !(stone.opened && stone.syn == segment.seq) => {
                        *known = Known::Flow(begin(&mut self.count, state));
                    }
                    Known::Flow(flow) if flow.is_followed_by(flow.side(segment), segment) => {
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
                flow.segment(flow.side(segment), segment, packet, &self.limits, state, out);
                if flow.is_other() {
                    *known = Known::Stone(Stone::of(flow, false));
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
            .filter_map(|known| match known {
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
        while let Some(waiting) = next_due(&mut self.lingering, LINGERING, LINGER, now) {
            let Some(known) = self.known.get_mut(&waiting.key) else { continue };
            let stone = match known {
                Known::Flow(flow) if flow.ordinal() == waiting.ordinal => Stone::of(flow, true),
                _ => continue,
            };
            if let Known::Flow(flow) = std::mem::replace(known, Known::Stone(stone)) {
                flow.finish(None, state, out);
            }
            self.stones.push_back(Waiting { since: now, ..waiting });
        }
        while let Some(waiting) = next_due(&mut self.stones, STONES, STONE, now) {
            if let Some(Known::Stone(stone)) = self.known.get_mut(&waiting.key)
                && stone.ordinal == waiting.ordinal
            {
                self.known.remove(&waiting.key);
            }
        }
    }
}

/// Takes out what has waited for longer than `limit`, or is one more than `most`. Asked at every packet.
#[inline]
fn next_due(queue: &mut VecDeque<Waiting>, most: usize, limit: u64, now: PacketRef) -> Option<Waiting> {
    let is_due = queue.len() > most || queue.front()?.for_longer_than(limit, now);
    if is_due { queue.pop_front() } else { None }
}
