//! How long clients wait before they connect again after a connection failed.
//!
//! A connection follows another if it comes from the same client, asks for the same, and begins after the other ended.
//! Clients behind one address that are connected at the same time are thereby no chain.

use super::remembered::Remembered;
use crate::capture::{PacketRef, Timestamp};
use crate::packet::Endpoint;
use crate::websocket::Handshake;
use std::net::IpAddr;
use std::time::Duration;

/// Clients whose last connection is remembered, the oldest forgotten first.
const REMEMBERED: usize = 16_384;

/// Waits that are told.
const WAITS: usize = 3;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Reconnects {
    last: Remembered<u64, Last, REMEMBERED>,
}

/// A connection that is or was going on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Try {
    client: u64,
    began: PacketRef,
}

impl Try {
    /// Its first packet.
    pub(super) fn began(&self) -> PacketRef {
        self.began
    }
}

/// The last connection of a client that ended.
#[derive(Clone, Copy, Debug)]
struct Last {
    began: Timestamp,
    ended: Timestamp,
    failed: bool,
    chain: Chain,
}

/// How often a client connected again after failures, and how long it waited the last times.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chain {
    length: u32,
    waits: [Duration; WAITS],
}

impl Chain {
    /// The waits, in order, when there are for the first time so many.
    pub(super) fn waits(&self) -> Option<&[Duration]> {
        (self.length as usize == WAITS).then_some(&self.waits)
    }
}

impl Reconnects {
    /// A connection begins with this packet. `None` where its request was not seen: it cannot be told who asks.
    pub(super) fn begin(
        &self,
        handshake: &Handshake,
        client: IpAddr,
        server: Endpoint,
        began: PacketRef,
    ) -> Option<Try> {
        let request = handshake.attempt.request.as_ref()?;
        let who = (client, server, &request.line.target, request.first("user-agent"));
        Some(Try { client: self.last.hash_one(who), began })
    }

    /// The chain that this connection ends; one that lasted longer than `stable` begins a new one.
    pub(super) fn chain(&self, this: &Try, stable: Duration) -> Chain {
        let (Some(last), Some(began)) = (self.last.get(&this.client), this.began.time) else { return Chain::default() };
        if !last.failed || last.ended > began {
            return Chain::default();
        }
        let mut chain = if last.ended.since(last.began) > stable { Chain::default() } else { last.chain };
        chain.length = chain.length.saturating_add(1);
        chain.waits.rotate_left(1);
        chain.waits[WAITS - 1] = began.since(last.ended);
        chain
    }

    /// The connection ended in this packet.
    pub(super) fn end(&mut self, this: &Try, chain: Chain, ended: PacketRef, failed: bool) {
        let (Some(began), Some(ended)) = (this.began.time, ended.time) else { return };
        self.last.insert(this.client, Last { began, ended, failed, chain });
    }
}
