//! Deliveries that wait behind a record that cannot be opened yet, in the order they came.

use std::collections::VecDeque;

use crate::capture::PacketRef;
use crate::tcp::{Chunk, Delivery, Fin, Missing, Side};

use super::facts::Unopened;
use super::session::{Context, Session, index};

/// A delivery that waits, or the place in the order of a direction whose input has more to give.
enum Held {
    Resume(Side),
    Data { side: Side, offset: u64, bytes: Box<[u8]>, packet: PacketRef, acknowledged: Option<u64> },
    Missing(Side, Missing),
    Fin(Side, Fin),
    Reset(Side, PacketRef),
}

impl Held {
    fn side(&self) -> Side {
        match *self {
            Held::Resume(side)
            | Held::Data { side, .. }
            | Held::Missing(side, _)
            | Held::Fin(side, _)
            | Held::Reset(side, _) => side,
        }
    }

    /// Bytes of memory it takes.
    fn size(&self) -> usize {
        size_of::<Held>()
            + match self {
                Held::Data { bytes, .. } => bytes.len(),
                _ => 0,
            }
    }
}

/// What waits of both directions.
pub(super) struct Queue {
    list: VecDeque<Held>,
    /// How many in the list are of each side.
    count: [usize; 2],
    bytes: usize,
    limit: usize,
}

impl Queue {
    pub fn new(limit: usize) -> Queue {
        Queue { list: VecDeque::new(), count: [0; 2], bytes: 0, limit }
    }

    /// Bytes of memory that what waits takes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Session {
    /// Keeps a delivery of a direction that is blocked.
    pub(super) fn hold(&mut self, side: Side, delivery: &Delivery<'_>) {
        let held = match *delivery {
            Delivery::Data(Chunk { offset, bytes, packet, acknowledged }) => {
                Held::Data { side, offset, bytes: bytes.into(), packet, acknowledged }
            }
            Delivery::Missing(missing) => Held::Missing(side, missing),
            Delivery::Conflict { .. } => return,
            Delivery::Fin(fin) => Held::Fin(side, fin),
            Delivery::Reset(packet) => Held::Reset(side, packet),
        };
        self.push_held(held);
    }

    /// The direction was blocked by a record in its input: it goes on from this place in the order.
    pub(super) fn hold_place(&mut self, side: Side) {
        self.push_held(Held::Resume(side));
    }

    fn push_held(&mut self, held: Held) {
        self.held.bytes += held.size();
        self.held.count[index(held.side())] += 1;
        self.held.list.push_back(held);
        if self.held.bytes > self.held.limit {
            self.give_up(self.facts.unopened.unwrap_or(Unopened::HandshakeNotSeen));
        }
    }

    /// Takes up what is held, as far as it goes.
    pub(super) fn drain(&mut self, context: &mut Context<'_>) {
        self.revision = Some(context.secrets.revision());
        let mut again = true;
        while again {
            self.moved = false;
            if !self.given_up && matches!(self.facts.unopened, Some(Unopened::NoSecret(_) | Unopened::HandshakeNotSeen))
            {
                self.facts.unopened = None;
            }
            let mut kept = VecDeque::new();
            let mut waiting = [false; 2];
            let mut left = self.held.count;
            // What is left of a side that waits stays in its order without being looked at. Where the other side may
            // let it go on it comes first.
            while !self.moved && (0..2).any(|side| left[side] > 0 && !waiting[side]) {
                let Some(held) = self.held.list.pop_front() else { break };
                let side = held.side();
                left[index(side)] -= 1;
                if waiting[index(side)] {
                    kept.push_back(held);
                    continue;
                }
                self.held.count[index(side)] -= 1;
                self.held.bytes -= held.size();
                self.take_up(&held, context);
                if self.directions[index(side)].blocked {
                    waiting[index(side)] = true;
                    self.held.count[index(side)] += 1;
                    self.held.bytes += Held::Resume(side).size();
                    kept.push_back(Held::Resume(side));
                }
            }
            kept.append(&mut self.held.list);
            self.held.list = kept;
            again = self.moved;
        }
    }

    fn take_up(&mut self, held: &Held, context: &mut Context<'_>) {
        match *held {
            Held::Resume(side) => {
                self.directions[index(side)].blocked = false;
                self.with_input(side, context, |input, take| input.resume(take));
            }
            Held::Data { side, offset, ref bytes, packet, acknowledged } => {
                self.accept(side, &Delivery::Data(Chunk { offset, bytes, packet, acknowledged }), context);
            }
            Held::Missing(side, missing) => self.accept(side, &Delivery::Missing(missing), context),
            Held::Fin(side, fin) => self.accept(side, &Delivery::Fin(fin), context),
            Held::Reset(side, packet) => self.accept(side, &Delivery::Reset(packet), context),
        }
    }
}
