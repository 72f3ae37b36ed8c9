//! A WebSocket connection that is going on: its decoder, and what it says.

use super::flow::Depth;
use super::flows::FlowId;
use super::said::{Begins, Hear, Over, Said, Slot};
use super::sink::{ConnectionEnd, Transport};
use super::state::State;
use super::table::group;
use super::timeline::Marks;
use crate::capture::PacketRef;
use crate::http::{Held, Switch};
use crate::http2::StreamEvent;
use crate::packet::Endpoint;
use crate::tcp::{Chunk, ConnectionFacts, Delivery, Fin, Missing, MissingCause, Side};
use crate::tls::Facts;
use crate::websocket::{self, CaptureFact, Closing, Ending, Event, Handshake, TcpEnd};
use crate::{PerRole, Role};
use std::sync::Arc;

/// What the WebSocket layer needs to know of the TCP connection below.
#[derive(Clone, Debug)]
pub(super) struct Below {
    /// Tells TCP connections apart.
    pub(super) flow: FlowId,
    pub(super) first: Endpoint,
    pub(super) second: Endpoint,
    pub(super) first_packet: PacketRef,
    pub(super) last_packet: PacketRef,
    /// A SYN was captured: the connection was seen from its beginning.
    pub(super) opened: bool,
    /// The WebSocket is on a stream of an HTTP/2 connection.
    pub(super) http2: bool,
    /// What is known of the TLS connection around it, while it is open what is inside.
    pub(super) tls: Option<Arc<Facts>>,
    /// The target of the CONNECT that opened the tunnel around it, where that is in a layer below.
    pub(super) tunnel: Option<Arc<String>>,
    /// How many times TLS or a tunnel is around it.
    pub(super) depth: u8,
    pub(super) ends: Ends,
    /// Where they are asked for.
    pub(super) marks: Option<Box<Marks>>,
}

/// The ends of the streams that TCP has delivered so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Ends {
    finished: [bool; 2],
    reset: bool,
    /// What carried them, made for the first of them while somebody may want to be told: an open connection has none.
    carried: Option<Box<Carried>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Carried {
    fins: [Option<Fin>; 2],
    reset: Option<(Side, PacketRef)>,
}

impl Ends {
    /// Takes note of a FIN or an RST, and of what carried it where that is `needed`.
    #[inline]
    pub(super) fn note(&mut self, side: Side, delivery: &Delivery<'_>, needed: bool) {
        match *delivery {
            Delivery::Fin(fin) => {
                self.finished[side as usize] = true;
                if needed {
                    self.carried.get_or_insert_default().fins[side as usize] = Some(fin);
                }
            }
            Delivery::Reset(packet) => {
                self.reset = true;
                if needed {
                    self.carried.get_or_insert_default().reset = Some((side, packet));
                }
            }
            _ => {}
        }
    }

    /// Whether neither side can send any more.
    pub(super) fn are_both(&self) -> bool {
        self.reset || self.finished == [true; 2]
    }

    /// How TCP stands when nothing else is known of it.
    pub(super) fn tcp(&self) -> TcpEnd {
        match (self.reset, self.finished) {
            (true, _) => TcpEnd::Reset,
            (false, [false, false]) => TcpEnd::Open,
            _ => TcpEnd::Fin,
        }
    }
}

impl Below {
    /// The tunnel around it, for an attempt that went through it.
    pub(super) fn tunnel(&self) -> Option<String> {
        self.tunnel.as_deref().cloned()
    }

    /// In which group the connection is.
    pub(super) fn group(&self) -> usize {
        group(&self.first, &self.second)
    }

    fn endpoint(&self, side: Side) -> Endpoint {
        match side {
            Side::First => self.first,
            Side::Second => self.second,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Live {
    slot: Slot,
    client: Side,
    connection: websocket::Connection,
    early_dropped: u64,
    /// Who ended its side of TCP first.
    ended_by: Option<Role>,
}

/// How a connection was captured.
#[derive(Clone, Debug)]
pub(super) struct Captured {
    pub(super) facts: ConnectionFacts,
    pub(super) bad_checksums: Option<(u32, PacketRef)>,
    pub(super) marks: Option<Box<Marks>>,
}

impl Live {
    /// Protocols switched: the bytes that are held belong to the WebSocket already.
    pub(super) fn switched(switch: Switch, below: &Below, state: &mut State, out: &mut dyn Hear) -> Live {
        let Switch { attempt, held, begins, holes } = switch;
        let mut live = Live::opened(Handshake::from_attempt(attempt), below, state, out);
        for sender in [Role::Client, Role::Server] {
            if let Some(missing) = holes[sender] {
                live.deliver_from(sender, &Delivery::Missing(missing), state, out);
            }
        }
        let mut next = begins;
        for Held { offset, bytes, packet, acknowledged, sender } in held {
            // A jump is what the capture lacks.
            let length = offset.saturating_sub(next[sender]);
            if length > 0 {
                let missing = Missing { offset: next[sender], length, cause: MissingCause::Lost, packet };
                live.deliver_from(sender, &Delivery::Missing(missing), state, out);
            }
            next[sender] = offset + bytes.len() as u64;
            if !bytes.is_empty() {
                live.deliver_from(
                    sender,
                    &Delivery::Data(Chunk { offset, bytes: &bytes, packet, acknowledged }),
                    state,
                    out,
                );
            }
        }
        live.deliver_ends(below, state, out);
        live
    }

    /// The server agreed to a WebSocket, and all that follows is told later.
    pub(super) fn opened(handshake: Handshake, below: &Below, state: &mut State, out: &mut dyn Hear) -> Live {
        let client = handshake.attempt.client;
        let early_dropped = handshake.attempt.early_dropped;
        let connection = websocket::Connection::new(&handshake, state.settings.clone());
        let slot = begin(client, Some(handshake), true, below, state, out);
        Live { slot, client, connection, early_dropped, ended_by: None }
    }

    /// The capture began within the connection, and its frames tell which side is the client: takes what was held until
    /// they did.
    pub(super) fn found(
        client: Side,
        held: Vec<(Side, Held)>,
        below: &Below,
        state: &mut State,
        out: &mut dyn Hear,
    ) -> Live {
        let slot = begin(client, None, true, below, state, out);
        let connection = websocket::Connection::mid_stream(state.settings.clone());
        let mut live = Live { slot, client, connection, early_dropped: 0, ended_by: None };
        for (side, held) in held {
            let Held { offset, bytes, packet, acknowledged, .. } = &held;
            let (offset, packet, acknowledged) = (*offset, *packet, *acknowledged);
            live.deliver(side, &Delivery::Data(Chunk { offset, bytes, packet, acknowledged }), state, out);
        }
        live.deliver_ends(below, state, out);
        live
    }

    /// HTTP/2 did something to the stream.
    pub(super) fn stream_event(&mut self, event: StreamEvent, out: &mut dyn Hear) {
        out.hear(Said::Event(self.slot, &Event::Stream(event)));
    }

    /// Takes what the TCP connection delivers.
    pub(super) fn deliver(&mut self, side: Side, delivery: &Delivery<'_>, state: &mut State, out: &mut dyn Hear) {
        let sender = if side == self.client { Role::Client } else { Role::Server };
        self.deliver_from(sender, delivery, state, out);
    }

    /// Tells of the ends that came before it was known what the bytes were: one direction may be over when the last
    /// bytes of the other's handshake come.
    pub(super) fn deliver_ends(&mut self, below: &Below, state: &mut State, out: &mut dyn Hear) {
        let Some(carried) = &below.ends.carried else { return };
        for side in [Side::First, Side::Second] {
            if let Some(fin) = carried.fins[side as usize] {
                self.deliver(side, &Delivery::Fin(fin), state, out);
            }
        }
        if let Some((side, packet)) = carried.reset {
            self.deliver(side, &Delivery::Reset(packet), state, out);
        }
    }

    fn deliver_from(&mut self, sender: Role, delivery: &Delivery<'_>, state: &mut State, out: &mut dyn Hear) {
        if matches!(delivery, Delivery::Fin(_) | Delivery::Reset(_)) {
            self.ended_by.get_or_insert(sender);
        }
        let slot = self.slot;
        self.connection.deliver(sender, delivery, &mut state.scratch, &mut |event| out.hear(Said::Event(slot, &event)));
    }

    /// An end of the TCP connection around it has closed its receive window.
    pub(super) fn zero_window(&mut self, side: Side, packet: PacketRef, out: &mut dyn Hear) {
        let by = if side == self.client { Role::Client } else { Role::Server };
        out.hear(Said::Event(self.slot, &Event::ZeroWindow { by, packet }));
    }

    /// Fetches what it points at and [`finish`](Self::finish) will read, as does who judges it.
    pub(super) fn look(&self, depth: Depth, out: &dyn Hear) {
        if let Depth::Judge = depth {
            self.connection.look();
        }
        out.look(self.slot, depth);
    }

    /// Nothing more will come.
    pub(super) fn finish(self: Box<Self>, ending: &Ending, captured: &Captured, state: &mut State, out: &mut dyn Hear) {
        let Live { client, early_dropped, ended_by, .. } = *self;
        let unseen = match (captured.facts.first_seen, captured.facts.second_seen) {
            (true, false) => Some(Side::Second),
            (false, true) => Some(Side::First),
            _ => None,
        };
        let one_direction = unseen.map(|side| CaptureFact::OneDirection {
            missing: if side == client { Role::Client } else { Role::Server },
        });
        let packets = captured.facts.duplicates;
        let duplicates = (packets > 0).then_some(CaptureFact::Duplicates { packets });
        let checksums = captured.bad_checksums.map(|(packets, first)| CaptureFact::BadChecksums { packets, first });
        let early = (early_dropped > 0).then_some(CaptureFact::EarlyBytesDropped { bytes: early_dropped });
        let mut facts = Vec::new();
        for fact in [one_direction, duplicates, checksums, early] {
            facts.extend(fact);
        }
        let failed = |closing: &Closing| {
            // RFC 6455 §7.2.3 speaks of closures that the client did not want.
            let told = closing.outcomes.client.as_ref().and_then(|outcome| outcome.code);
            ended_by == Some(Role::Server) && told == Some(1006)
        };
        self.end(facts, ending, captured.marks.as_deref(), failed, state, out);
    }

    /// Says how it ends; `failed` tells from how it was closed whether its client did not want that.
    fn end(
        self: Box<Self>,
        facts: Vec<CaptureFact>,
        ending: &Ending,
        marks: Option<&Marks>,
        failed: impl FnOnce(&Closing) -> bool,
        state: &mut State,
        out: &mut dyn Hear,
    ) {
        let Live { slot, client, connection, .. } = *self;
        out.hear(Said::Ending(slot, facts));
        let (closing, stats) =
            connection.finish(ending, &mut state.scratch, &mut |event| out.hear(Said::Event(slot, &event)));
        let (failed, timeline) = (failed(&closing), marks.map(|marks| Box::new(marks.timeline(client))));
        let end = ConnectionEnd { last_packet: ending.last_packet, closing, stats };
        out.hear(Said::Over(slot, &mut Over { end, timeline, failed }));
        state.slots.give_back(slot);
    }
}

/// An upgrade attempt that did not switch protocols: a connection that is over as soon as it is told.
pub(super) fn attempt_failed(
    handshake: Handshake,
    ending: &Ending,
    below: &Below,
    state: &mut State,
    out: &mut dyn Hear,
) {
    let client = handshake.attempt.client;
    let failed = match &handshake.attempt.response {
        Some(response) => response.line.status >= 500,
        None => !handshake.attempt.client_left && ending.tcp != TcpEnd::Open,
    };
    let connection = websocket::Connection::new(&handshake, state.settings.clone());
    let slot = begin(client, Some(handshake), false, below, state, out);
    let live = Box::new(Live { slot, client, connection, early_dropped: 0, ended_by: None });
    live.end(Vec::new(), ending, below.marks.as_deref(), |_| failed, state, out);
}

/// Says that a connection begins.
fn begin(
    client: Side,
    mut handshake: Option<Handshake>,
    goes_on: bool,
    below: &Below,
    state: &mut State,
    out: &mut dyn Hear,
) -> Slot {
    let slot = state.slots.take();
    let ends = PerRole { client: below.endpoint(client), server: below.endpoint(client.other()) };
    if let Some(handshake) = &mut handshake {
        handshake.tls = below.tls.clone();
        handshake.endpoints = Some(ends);
    }
    let transport = match (below.http2, below.tls.is_some()) {
        (false, false) => Transport::Tcp,
        (false, true) => Transport::Tls,
        (true, false) => Transport::H2c,
        (true, true) => Transport::H2,
    };
    let mut begins = Begins {
        flow: below.flow,
        transport,
        tls: below.tls.clone(),
        ends,
        first_packet: below.first_packet,
        handshake,
        goes_on,
    };
    out.hear(Said::Begins(slot, &mut begins));
    slot
}
