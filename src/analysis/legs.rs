//! The two legs of a proxied connection: the client's to the intermediary, and the intermediary's to the server. Where
//! both are in the capture, messages are held against each other: an intermediary may cut them anew (RFC 6455 §5.4).

use crate::PerRole;
use crate::websocket::{Frame, Kind, Message};
use foldhash::fast::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;

/// Messages of one sender that were seen on one leg and not yet on the other.
const WAITING: usize = 64;

/// The connections that are legs, each with the other one.
#[derive(Debug, Default)]
pub(super) struct Legs {
    by_id: HashMap<u64, Leg, RandomState>,
}

#[derive(Debug)]
struct Leg {
    other: u64,
    /// The lengths of the open message's fragments.
    open: PerRole<Fragments>,
    /// Messages that the other leg has still to show.
    waiting: PerRole<VecDeque<Passed>>,
}

/// How a message is cut: a hash of the payload lengths of its frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Fragments(u64);

#[derive(Clone, Copy, Debug)]
struct Passed {
    content: Content,
    fragments: Fragments,
    frames: u64,
}

/// What two sights of one message have in common, however it is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Content {
    kind: Kind,
    compressed: bool,
    wire_length: u64,
    /// A hash of the first bytes.
    beginning: u64,
}

/// A message that the other leg showed in other fragments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Recut {
    /// The other leg.
    pub(super) connection: u64,
    /// Of how many frames it was made there.
    pub(super) frames: u64,
}

impl Legs {
    /// These two connections are legs of one.
    pub(super) fn pair(&mut self, one: u64, other: u64) {
        for (id, other) in [(one, other), (other, one)] {
            self.by_id.insert(id, Leg { other, open: PerRole::default(), waiting: PerRole::default() });
        }
    }

    /// A connection is over.
    pub(super) fn end(&mut self, id: u64) {
        if let Some(leg) = self.by_id.remove(&id) {
            self.by_id.remove(&leg.other);
        }
    }

    /// Takes a frame of any connection.
    pub(super) fn frame(&mut self, id: u64, frame: &Frame<'_>) {
        if self.by_id.is_empty() || frame.message.is_none() {
            return;
        }
        let hasher = self.by_id.hasher().clone();
        if let Some(leg) = self.by_id.get_mut(&id) {
            let open = &mut leg.open[frame.sender];
            *open = Fragments(hasher.hash_one((open.0, frame.header.payload_length)));
        }
    }

    /// Takes a message of any connection; says whether the other leg showed it in other fragments.
    pub(super) fn message(&mut self, id: u64, message: &Message<'_>) -> Option<Recut> {
        let beginning = (!self.by_id.is_empty()).then(|| self.by_id.hasher().hash_one(message.payload))?;
        let leg = self.by_id.get_mut(&id)?;
        let (sender, connection) = (message.sender, leg.other);
        let fragments = std::mem::take(&mut leg.open[sender]);
        if message.after_gap || !message.complete {
            return None;
        }
        let (kind, compressed, wire_length) = (message.kind, message.compressed, message.wire_length);
        let content = Content { kind, compressed, wire_length, beginning };
        let waiting = &mut self.by_id.get_mut(&connection)?.waiting[sender];
        if let Some(at) = waiting.iter().position(|passed| passed.content == content) {
            // Messages keep their order: what was before it did not pass, or changed too much to be known again.
            let passed = waiting.drain(..=at).next_back()?;
            return (passed.fragments != fragments).then_some(Recut { connection, frames: passed.frames });
        }
        let own = &mut self.by_id.get_mut(&id)?.waiting[sender];
        if own.len() == WAITING {
            own.pop_front();
        }
        own.push_back(Passed { content, fragments, frames: message.frames });
        None
    }
}
