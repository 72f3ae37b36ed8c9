//! Puts both directions into the order of cause and effect: a capture may show an answer before its question.
//!
//! What acknowledges bytes of the other direction that were not delivered yet waits for them, within bounds.

use crate::PerRole;
use crate::tcp::{Chunk, Delivery, Side};
use std::collections::VecDeque;

/// Bytes and deliveries of one direction that may wait.
const WAITING_BYTES: usize = 64 << 10;
const WAITING: usize = 1024;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Gate {
    lanes: [Lane; 2],
}

#[derive(Debug, Default)]
struct Lane {
    /// Offset behind what was delivered.
    delivered: u64,
    waiting: VecDeque<Held>,
    bytes: usize,
    /// Nothing more comes.
    ended: bool,
    /// The other direction does not come: what waits for it waits in vain.
    open: bool,
}

/// A delivery that outlives the packet it came in.
#[derive(Debug)]
pub(super) enum Held {
    Data { bytes: Vec<u8>, chunk: Chunk<'static> },
    Other(Delivery<'static>),
}

impl Held {
    pub(super) fn new(delivery: &Delivery<'_>) -> Held {
        match *delivery {
            Delivery::Data(chunk) => Held::Data { bytes: chunk.bytes.to_vec(), chunk: Chunk { bytes: &[], ..chunk } },
            Delivery::Missing(missing) => Held::Other(Delivery::Missing(missing)),
            Delivery::Conflict { offset, packet } => Held::Other(Delivery::Conflict { offset, packet }),
            Delivery::Fin(fin) => Held::Other(Delivery::Fin(fin)),
            Delivery::Reset(packet) => Held::Other(Delivery::Reset(packet)),
        }
    }

    pub(super) fn delivery(&self) -> Delivery<'_> {
        match self {
            Held::Data { bytes, chunk } => Delivery::Data(Chunk { bytes, ..*chunk }),
            Held::Other(delivery) => *delivery,
        }
    }

    /// Bytes that are held.
    pub(super) fn length(&self) -> usize {
        match self {
            Held::Data { bytes, .. } => bytes.len(),
            Held::Other(_) => 0,
        }
    }
}

impl Gate {
    /// A gate for streams that begin at these offsets.
    pub(super) fn from(client: Side, begins: PerRole<u64>) -> Gate {
        let mut gate = Gate::default();
        gate.lane(client).delivered = begins.client;
        gate.lane(client.other()).delivered = begins.server;
        gate
    }

    /// Takes a delivery and gives on what need not wait, in order.
    pub(super) fn pass(&mut self, side: Side, delivery: &Delivery<'_>, give: &mut dyn FnMut(Side, &Delivery<'_>)) {
        if self.lane(side).waiting.is_empty() && !self.must_wait(side, delivery) {
            self.give(side, delivery, give);
        } else {
            let lane = self.lane(side);
            let held = Held::new(delivery);
            lane.bytes += held.length();
            lane.waiting.push_back(held);
            if lane.bytes > WAITING_BYTES || lane.waiting.len() > WAITING {
                lane.open = true;
                self.drain(side, give);
                return;
            }
        }
        // One side's delivery may set the other's free, and so on.
        while self.advance(side.other(), give) | self.advance(side, give) {}
    }

    /// Nothing more will come.
    pub(super) fn finish(&mut self, give: &mut dyn FnMut(Side, &Delivery<'_>)) {
        for side in [Side::First, Side::Second] {
            self.lane(side.other()).ended = true;
        }
        for side in [Side::First, Side::Second] {
            self.drain(side, give);
        }
    }

    /// Gives on what waits for nothing any more; whether there was anything.
    fn advance(&mut self, side: Side, give: &mut dyn FnMut(Side, &Delivery<'_>)) -> bool {
        let mut any = false;
        while let Some(held) = self.lane(side).waiting.pop_front() {
            if self.must_wait(side, &held.delivery()) {
                self.lane(side).waiting.push_front(held);
                break;
            }
            self.lane(side).bytes -= held.length();
            self.give(side, &held.delivery(), give);
            any = true;
        }
        any
    }

    fn drain(&mut self, side: Side, give: &mut dyn FnMut(Side, &Delivery<'_>)) {
        for held in std::mem::take(&mut self.lane(side).waiting) {
            self.give(side, &held.delivery(), give);
        }
        self.lane(side).bytes = 0;
    }

    fn give(&mut self, side: Side, delivery: &Delivery<'_>, give: &mut dyn FnMut(Side, &Delivery<'_>)) {
        // Whoever waited in vain for this direction may wait again.
        self.lane(side.other()).open = false;
        let lane = self.lane(side);
        match delivery {
            Delivery::Data(chunk) => lane.delivered = chunk.offset.saturating_add(chunk.bytes.len() as u64),
            Delivery::Missing(missing) => lane.delivered = missing.offset.saturating_add(missing.length),
            Delivery::Fin(_) | Delivery::Reset(_) => lane.ended = true,
            Delivery::Conflict { .. } => {}
        }
        give(side, delivery);
    }

    fn must_wait(&mut self, side: Side, delivery: &Delivery<'_>) -> bool {
        let acknowledged = match delivery {
            Delivery::Data(chunk) => chunk.acknowledged,
            Delivery::Fin(fin) => fin.acknowledged,
            _ => None,
        };
        let open = self.lane(side).open;
        let other = self.lane(side.other());
        !open && !other.ended && acknowledged.is_some_and(|acknowledged| acknowledged > other.delivered)
    }

    fn lane(&mut self, side: Side) -> &mut Lane {
        match side {
            Side::First => &mut self.lanes[0],
            Side::Second => &mut self.lanes[1],
        }
    }
}
