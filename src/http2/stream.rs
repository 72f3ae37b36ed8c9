//! One stream on which a WebSocket or a tunnel was asked for, from the request to the end of both halves.

use super::facts::Opening;
use super::gate::Held;
use super::half::Half;
use crate::capture::PacketRef;
use crate::http::{Head, RequestLine};
use crate::tcp::Side;

/// See the module.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) phase: Phase,
    halves: [Half; 2],
    /// It is a tunnel, by a plain CONNECT.
    pub(super) tunnel: bool,
    /// Somebody reset it.
    pub(super) reset: bool,
}

#[derive(Debug)]
pub(super) enum Phase {
    /// The request was read, and its answer is awaited.
    Asked(Box<Asked>),
    /// The server agreed.
    Open,
}

/// What waits for the answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) request: Head<RequestLine>,
    pub(super) opening: Opening,
    /// Where a tunnel would lead that was asked for, not a WebSocket.
    pub(super) tunnel: Option<String>,
    /// What the client sent behind its request.
    pub(super) held: Vec<Held>,
    /// Of the first of that: the packet, and what its sender had received of the connection.
    pub(super) first_held: Option<(PacketRef, Option<u64>)>,
    /// Bytes the client sent that are not held, since there are too many.
    pub(super) dropped: u64,
    /// Bytes for the fields of the request and for what is held.
    pub(super) cost: usize,
}

impl Stream {
    pub(super) fn asked(asked: Asked) -> Stream {
        let tunnel = asked.tunnel.is_some();
        Stream { phase: Phase::Asked(Box::new(asked)), halves: Default::default(), tunnel, reset: false }
    }

    /// A stream whose request was not seen.
    pub(super) fn open() -> Stream {
        Stream { phase: Phase::Open, halves: Default::default(), tunnel: false, reset: false }
    }

    pub(super) fn half(&mut self, side: Side) -> &mut Half {
        &mut self.halves[side as usize]
    }

    /// Both halves are over.
    pub(super) fn is_over(&self) -> bool {
        self.reset || self.halves.iter().all(|half| half.ended)
    }
}
