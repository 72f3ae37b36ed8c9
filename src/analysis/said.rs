//! What decoders say of connections, in the order of the packets. They never judge, and need no answer: it is judged
//! [beside them](super::bench), and told later, maybe by another thread.

use super::flow::Depth;
use super::flows::FlowId;
use super::sink::{ConnectionEnd, Transport};
use super::timeline::Timeline;
use crate::PerRole;
use crate::capture::PacketRef;
use crate::fetch::fetch;
use crate::packet::Endpoint;
use crate::rules::Finding;
use crate::tls::Facts;
use crate::websocket::{CaptureFact, Event, Handshake};
use std::mem::take;
use std::sync::Arc;

/// Takes what decoders say.
pub(super) trait Hear {
    /// Takes the next thing.
    fn hear(&mut self, said: Said<'_>);

    /// The end of this connection will soon be told: fetches what it takes to judge that.
    fn look(&self, slot: Slot, depth: Depth) {
        let _ = (slot, depth);
    }

    /// What was said since the last turn belongs here, wherever it was said.
    fn turn(&mut self, turn: Turn) {
        let _ = turn;
    }
}

/// A place in the order in which things are told: the packet with which they became known, and the order of those that
/// became known with one packet. A set of flows takes its turns in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn {
    pub(super) packet: u64,
    pub(super) order: u64,
}

impl Turn {
    /// The turn of what the segment in this packet says itself: it comes behind all that became known with it.
    pub(super) fn of(packet: PacketRef) -> Turn {
        Turn { packet: packet.number(), order: u64::MAX }
    }
}

/// The place of a connection among those that are open in one set of flows; another takes it once it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(pub(super) u32);

impl Slot {
    /// Puts something in this place.
    #[inline]
    pub(super) fn put<T>(self, places: &mut Vec<Option<T>>, thing: T) -> &mut T {
        let place = self.0 as usize;
        if places.len() <= place {
            places.resize_with(place + 1, || None);
        }
        places[place].insert(thing)
    }

    /// What is in this place.
    #[inline]
    pub(super) fn of<T>(self, places: &mut [Option<T>]) -> Option<&mut T> {
        places.get_mut(self.0 as usize)?.as_mut()
    }

    /// Lets go of what is in this place.
    #[inline]
    pub(super) fn clear<T>(self, places: &mut [Option<T>]) {
        // Where it stands: it may be large.
        if let Some(place) = places.get_mut(self.0 as usize) {
            *place = None;
        }
    }

    /// What is in this place will soon be read: fetches it.
    #[inline]
    pub(super) fn fetch<T>(self, places: &[Option<T>]) {
        if let Some(place) = places.get(self.0 as usize) {
            fetch(place);
        }
    }

    /// Takes what is in this place.
    #[inline]
    pub(super) fn take<T>(self, places: &mut [Option<T>]) -> Option<T> {
        places.get_mut(self.0 as usize)?.take()
    }
}

/// One thing that is said.
#[derive(Debug)]
pub(super) enum Said<'a> {
    /// A connection begins: its upgrade was answered or refused, or the capture began within it.
    Begins(Slot, &'a mut Begins),
    /// Something happened on it.
    Event(Slot, &'a Event<'a>),
    /// What happens from here on is its end; how it was captured.
    Ending(Slot, Vec<CaptureFact>),
    /// It is over.
    Over(Slot, &'a mut Over),
    /// A TLS connection began with this random.
    ClientRandom([u8; 32]),
    /// A TLS connection that begins in this packet could not be opened; what there is to say of it, for the first few.
    Closed(PacketRef, Option<Box<Finding>>),
}

/// A connection that begins.
#[derive(Debug)]
pub(super) struct Begins {
    /// Tells TCP connections apart.
    pub(super) flow: FlowId,
    pub(super) transport: Transport,
    pub(super) tls: Option<Arc<Facts>>,
    pub(super) ends: PerRole<Endpoint>,
    pub(super) first_packet: PacketRef,
    /// `None` where the capture began within the connection.
    pub(super) handshake: Option<Handshake>,
    /// It goes on: it was not refused.
    pub(super) goes_on: bool,
}

impl Begins {
    /// What was lent, to keep it.
    pub(super) fn take(&mut self) -> Begins {
        Begins { tls: self.tls.take(), handshake: self.handshake.take(), ..*self }
    }
}

/// A connection that is over.
#[derive(Debug)]
pub(super) struct Over {
    pub(super) end: ConnectionEnd,
    /// Where it is asked for.
    pub(super) timeline: Option<Box<Timeline>>,
    /// Its client did not want it to end like this, or to be refused.
    pub(super) failed: bool,
}

impl Over {
    /// What was lent, to keep it.
    pub(super) fn take(&mut self) -> Over {
        let ConnectionEnd { last_packet, closing, stats } = &mut self.end;
        let end = ConnectionEnd { last_packet: *last_packet, closing: take(closing), stats: take(stats) };
        Over { end, timeline: self.timeline.take(), failed: self.failed }
    }
}

/// Gives out places.
#[derive(Debug, Default)]
pub(super) struct Slots {
    free: Vec<Slot>,
    made: u32,
}

impl Slots {
    /// A place that nobody has.
    pub(super) fn take(&mut self) -> Slot {
        self.free.pop().unwrap_or_else(|| {
            self.made += 1;
            Slot(self.made - 1)
        })
    }

    /// Takes a place back.
    pub(super) fn give_back(&mut self, slot: Slot) {
        self.free.push(slot);
    }
}
