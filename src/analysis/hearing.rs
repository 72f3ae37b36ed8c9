//! One connection as the court hears it: its ordinal, its referee, and what it has to do with other connections.

use super::court::Bench;
use super::first_keys::{Beginning, Beginnings};
use super::flows::FlowId;
use super::legs::{Legs, Recut};
use super::neighbours::{Known, Neighbours};
use super::reconnects::{Chain, Reconnects, Try};
use super::said::{Begins, Over};
use super::sink::{Connection, Transport};
use super::teller::Teller;
use crate::packet::Endpoint;
use crate::rules::Referee;
use crate::websocket::{CaptureFact, Event, Handshake};
use std::net::IpAddr;
use std::time::Duration;

/// What connections know of each other.
pub(super) struct Between {
    neighbours: Neighbours,
    beginnings: Beginnings,
    legs: Legs,
    reconnects: Reconnects,
    /// A connection that lasted longer than this begins a new chain of tries.
    reconnect_stable: Duration,
}

impl Between {
    pub(super) fn new(reconnect_stable: Duration) -> Between {
        Between {
            neighbours: Neighbours::default(),
            beginnings: Beginnings::default(),
            legs: Legs::default(),
            reconnects: Reconnects::default(),
            reconnect_stable,
        }
    }

    /// The tries that this connection is the last of.
    fn chain(&self, attempt: &Try) -> Chain {
        self.reconnects.chain(attempt, self.reconnect_stable)
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Hearing {
    id: u64,
    referee: Referee,
    /// While the client's first masking keys are awaited.
    beginning: Option<Box<Beginning>>,
    /// A connection that may be one of its client's many tries.
    attempt: Option<Try>,
    /// What happens is its end: judgement is told when all of it has happened.
    ends: bool,
}

impl Hearing {
    /// Tells of the connection, and has its handshake judged.
    pub(super) fn begin(
        mut begins: Box<Begins>,
        bench: &Bench,
        between: &mut Between,
        teller: &mut Teller<'_>,
    ) -> Hearing {
        let id = teller.next_connection();
        let (client, server) = (begins.ends.client.ip, begins.ends.server);
        if let Some(handshake) = &mut begins.handshake {
            between.neighbours.meet(handshake, known(id, begins.flow, client, server, handshake));
        }
        let handshake = begins.handshake.as_ref();
        teller.tell(|sink| sink.connection(&announced(id, &begins)));
        let mut hearing =
            Hearing { id, referee: bench.referee(handshake.is_none()), beginning: None, attempt: None, ends: false };
        let Some(handshake) = handshake else {
            if matches!(begins.transport, Transport::H2 | Transport::H2c) {
                hearing.referee = hearing.referee.over_http2();
            }
            return hearing;
        };
        hearing.referee.see(&Event::Handshake(handshake));
        teller.judgement(id, &mut hearing.referee);
        if begins.goes_on {
            if let Some(other) = handshake.neighbourhood.leg_of {
                between.legs.pair(id, other);
            }
            hearing.beginning = between.beginnings.of(handshake, id, client, server).map(Box::new);
        }
        hearing.attempt = between.reconnects.begin(handshake, client, server, begins.first_packet);
        hearing
    }

    /// Takes what happens next.
    pub(super) fn event(&mut self, event: &Event<'_>, between: &mut Between, teller: &mut Teller<'_>) {
        let Hearing { id, referee, beginning, ends, .. } = self;
        let id = *id;
        referee.see(event);
        match event {
            Event::Frame(frame) => {
                teller.frame(id, frame);
                if let Some(connection) = between.beginnings.frame(beginning, frame) {
                    referee.see(&Event::SameKeys { frame, connection });
                }
                between.legs.frame(id, frame);
            }
            Event::Message(message) => {
                teller.message(id, message);
                if let Some(Recut { connection, frames }) = between.legs.message(id, message) {
                    referee.see(&Event::Recut { message, connection, frames });
                }
            }
            Event::Piece { sender, bytes } => teller.tell(|sink| sink.message_bytes(id, *sender, bytes)),
            _ => {}
        }
        if !*ends {
            teller.judgement(id, referee);
        }
    }

    /// What happens from here on is its end. If connections before it failed, has it judged how long the client waited.
    pub(super) fn ending(&mut self, facts: &[CaptureFact], between: &mut Between) {
        self.ends = true;
        for fact in facts {
            self.referee.see(&Event::Capture(*fact));
        }
        // A message that the end of the capture completes cannot be: nothing is held against the other leg any more.
        between.legs.end(self.id);
        if let Some(attempt) = &self.attempt
            && let Some(waits) = between.chain(attempt).waits()
        {
            self.referee.see(&Event::Reconnected { waits, packet: attempt.began() });
        }
    }

    /// Nothing more happens.
    pub(super) fn over(&mut self, over: &Over, between: &mut Between, teller: &mut Teller<'_>) {
        let Over { end, timeline, failed } = over;
        teller.judgement(self.id, &mut self.referee);
        if let Some(attempt) = &self.attempt {
            let chain = between.chain(attempt);
            between.reconnects.end(attempt, chain, end.last_packet, *failed);
        }
        if let Some(timeline) = timeline {
            teller.tell(|sink| sink.timeline(self.id, timeline));
        }
        teller.tell(|sink| sink.connection_end(self.id, end));
    }
}

fn known(id: u64, flow: FlowId, client: IpAddr, server: Endpoint, handshake: &Handshake) -> Known {
    let request = handshake.attempt.request.as_ref();
    let response = handshake.attempt.response.as_ref();
    let open =
        request.zip(response).map(|(request, response)| (request.packet.number(), response.last_packet.number()));
    Known { id, flow, client, server, open }
}

fn announced(id: u64, begins: &Begins) -> Connection<'_> {
    Connection {
        id,
        capture: begins.flow.capture,
        transport: begins.transport,
        tls: begins.tls.as_deref(),
        client: begins.ends.client,
        server: begins.ends.server,
        first_packet: begins.first_packet,
        handshake: begins.handshake.as_ref(),
    }
}
