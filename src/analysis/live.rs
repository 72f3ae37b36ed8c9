//! A WebSocket connection that is going on: its decoder, its referee, and what is told of both.

use super::first_keys::{Beginning, Beginnings};
use super::legs::{Legs, Recut};
use super::neighbours::Known;
use super::output::{Output, State};
use super::reconnects::{Chain, Try};
use super::sink::{Connection, ConnectionEnd, Summary, Transport};
use super::timeline::Marks;
use crate::capture::PacketRef;
use crate::http::{Held, Switch};
use crate::http2::StreamEvent;
use crate::packet::Endpoint;
use crate::rules::Referee;
use crate::tcp::{Chunk, ConnectionFacts, Delivery, Fin, Missing, MissingCause, Side};
use crate::tls::Facts;
use crate::websocket::{self, CaptureFact, Ending, Event, Handshake, TcpEnd};
use crate::{PerRole, Role};
use std::sync::Arc;

/// What the WebSocket layer needs to know of the TCP connection below.
#[derive(Clone, Debug)]
pub(super) struct Below {
    /// Ordinal of the TCP connection.
    pub(super) flow: u64,
    pub(super) capture: usize,
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
    pub(super) tunnel: Option<Arc<str>>,
    /// How many times TLS or a tunnel is around it.
    pub(super) depth: u8,
    pub(super) ends: Ends,
    /// Where they are asked for.
    pub(super) marks: Option<Box<Marks>>,
}

/// The ends of the streams that TCP has delivered so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Ends {
    /// Made for the first of them: an open connection has none.
    seen: Option<Box<Ended>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Ended {
    fins: [Option<Fin>; 2],
    reset: Option<(Side, PacketRef)>,
}

impl Ends {
    /// Takes note of a FIN or an RST.
    pub(super) fn note(&mut self, side: Side, delivery: &Delivery<'_>) {
        match *delivery {
            Delivery::Fin(fin) => self.seen.get_or_insert_default().fins[side as usize] = Some(fin),
            Delivery::Reset(packet) => self.seen.get_or_insert_default().reset = Some((side, packet)),
            _ => {}
        }
    }

    /// Whether neither side can send any more.
    pub(super) fn are_both(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.reset.is_some() || seen.fins.iter().all(Option::is_some))
    }

    /// How TCP stands when nothing else is known of it.
    pub(super) fn tcp(&self) -> TcpEnd {
        match &self.seen {
            None => TcpEnd::Open,
            Some(seen) if seen.reset.is_some() => TcpEnd::Reset,
            Some(_) => TcpEnd::Fin,
        }
    }
}

impl Below {
    /// The tunnel around it, for an attempt that went through it.
    pub(super) fn tunnel(&self) -> Option<String> {
        self.tunnel.as_deref().map(str::to_owned)
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
    id: u64,
    client: Side,
    connection: websocket::Connection,
    referee: Referee,
    early_dropped: u64,
    /// While the client's first masking keys are awaited.
    beginning: Option<Box<Beginning>>,
    attempt: Option<Box<Try>>,
    /// Who ended its side of TCP first.
    ended_by: Option<Role>,
}

/// Who hears what is decoded of a connection, beside the sink.
struct Listener<'l> {
    id: u64,
    referee: &'l mut Referee,
    beginning: &'l mut Option<Box<Beginning>>,
    beginnings: &'l mut Beginnings,
    legs: &'l mut Legs,
    summary: &'l mut Summary,
}

impl Listener<'_> {
    fn hear(&mut self, event: &Event<'_>, out: &mut Output<'_>) {
        let id = self.id;
        self.referee.see(event);
        match event {
            Event::Frame(frame) => {
                out.frame(id, frame, self.summary);
                if let Some(connection) = self.beginnings.frame(self.beginning, frame) {
                    self.referee.see(&Event::SameKeys { frame, connection });
                }
                self.legs.frame(id, frame);
            }
            Event::Message(message) => {
                out.message(id, message, self.summary);
                if let Some(Recut { connection, frames }) = self.legs.message(id, message) {
                    self.referee.see(&Event::Recut { message, connection, frames });
                }
            }
            Event::Piece { sender, bytes } => out.message_bytes(id, *sender, bytes),
            _ => {}
        }
    }
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
    pub(super) fn switched(switch: Switch, below: &Below, state: &mut State, out: &mut Output<'_>) -> Live {
        let Switch { attempt, held, begins, holes } = switch;
        let mut live = Live::opened(Handshake::from_attempt(*attempt), below, state, out);
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
    pub(super) fn opened(handshake: Handshake, below: &Below, state: &mut State, out: &mut Output<'_>) -> Live {
        let client = handshake.attempt.client;
        let early_dropped = handshake.attempt.early_dropped;
        let (id, handshake, referee) = open(handshake, below, state, out);
        let connection = websocket::Connection::new(&handshake, state.settings.clone());
        if let Some(other) = handshake.neighbourhood.leg_of {
            state.legs.pair(id, other);
        }
        let (client_ip, server) = (below.endpoint(client).ip, below.endpoint(client.other()));
        let beginning = state.beginnings.of(&handshake, id, client_ip, server).map(Box::new);
        let attempt = state.reconnects.begin(&handshake, client_ip, server, below.first_packet).map(Box::new);
        Live { id, client, connection, referee, early_dropped, beginning, attempt, ended_by: None }
    }

    /// The capture began within the connection, and its frames tell which side is the client.
    fn mid_stream(client: Side, below: &Below, state: &mut State, out: &mut Output<'_>) -> Live {
        let id = announce(client, None, below, state, out);
        let referee = Referee::new(state.thresholds.clone(), &state.limits, true).with_opt_in(state.options.opt_in);
        let referee = if below.http2 { referee.over_http2() } else { referee };
        let connection = websocket::Connection::mid_stream(state.settings.clone());
        Live { id, client, connection, referee, early_dropped: 0, beginning: None, attempt: None, ended_by: None }
    }

    /// The same, with what was held until the frames told.
    pub(super) fn found(
        client: Side,
        held: Vec<(Side, Held)>,
        below: &Below,
        state: &mut State,
        out: &mut Output<'_>,
    ) -> Live {
        let mut live = Live::mid_stream(client, below, state, out);
        for (side, held) in held {
            let Held { offset, bytes, packet, acknowledged, .. } = &held;
            let (offset, packet, acknowledged) = (*offset, *packet, *acknowledged);
            live.deliver(side, &Delivery::Data(Chunk { offset, bytes, packet, acknowledged }), state, out);
        }
        live.deliver_ends(below, state, out);
        live
    }

    /// Ordinal of the connection.
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// HTTP/2 did something to the stream.
    pub(super) fn stream_event(&mut self, event: StreamEvent, state: &mut State, out: &mut Output<'_>) {
        self.referee.see(&Event::Stream(event));
        out.judgement(self.id, &mut self.referee, &mut state.summary);
    }

    /// Takes what the TCP connection delivers.
    pub(super) fn deliver(&mut self, side: Side, delivery: &Delivery<'_>, state: &mut State, out: &mut Output<'_>) {
        let sender = if side == self.client { Role::Client } else { Role::Server };
        self.deliver_from(sender, delivery, state, out);
    }

    /// Tells of the ends that came before it was known what the bytes were: one direction may be over when the last
    /// bytes of the other's handshake come.
    pub(super) fn deliver_ends(&mut self, below: &Below, state: &mut State, out: &mut Output<'_>) {
        let Some(seen) = &below.ends.seen else { return };
        for side in [Side::First, Side::Second] {
            if let Some(fin) = seen.fins[side as usize] {
                self.deliver(side, &Delivery::Fin(fin), state, out);
            }
        }
        if let Some((side, packet)) = seen.reset {
            self.deliver(side, &Delivery::Reset(packet), state, out);
        }
    }

    fn deliver_from(&mut self, sender: Role, delivery: &Delivery<'_>, state: &mut State, out: &mut Output<'_>) {
        if matches!(delivery, Delivery::Fin(_) | Delivery::Reset(_)) {
            self.ended_by.get_or_insert(sender);
        }
        let Live { id, connection, referee, beginning, .. } = self;
        let State { scratch, summary, beginnings, legs, .. } = state;
        let mut listener = Listener { id: *id, referee, beginning, beginnings, legs, summary };
        connection.deliver(sender, delivery, scratch, &mut |event| {
            listener.hear(&event, out);
            out.judgement(listener.id, listener.referee, listener.summary);
        });
    }

    /// An end of the TCP connection around it has closed its receive window.
    pub(super) fn zero_window(&mut self, side: Side, packet: PacketRef, state: &mut State, out: &mut Output<'_>) {
        let by = if side == self.client { Role::Client } else { Role::Server };
        self.referee.see(&Event::ZeroWindow { by, packet });
        out.judgement(self.id, &mut self.referee, &mut state.summary);
    }

    /// Nothing more will come.
    pub(super) fn finish(self, ending: &Ending, captured: &Captured, state: &mut State, out: &mut Output<'_>) {
        let Live { id, client, connection, mut referee, early_dropped, mut beginning, attempt, ended_by } = self;
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
        for fact in [one_direction, duplicates, checksums, early].into_iter().flatten() {
            referee.see(&Event::Capture(fact));
        }
        let chain = again(attempt.as_deref(), &mut referee, state);
        let State { summary, beginnings, legs, .. } = state;
        // A message that the end of the capture completes cannot be: nothing is held against the other leg any more.
        legs.end(id);
        let (referee, beginning) = (&mut referee, &mut beginning);
        let mut listener = Listener { id, referee, beginning, beginnings, legs, summary };
        let (closing, stats) = connection.finish(ending, &mut |event| listener.hear(&event, out));
        out.judgement(id, listener.referee, listener.summary);
        if let Some(attempt) = attempt {
            // RFC 6455 §7.2.3 speaks of closures that the client did not want.
            let told = closing.outcomes.client.as_ref().and_then(|outcome| outcome.code);
            let failed = ended_by == Some(Role::Server) && told == Some(1006);
            state.reconnects.end(&attempt, chain, ending.last_packet, failed);
        }
        if let Some(marks) = &captured.marks {
            out.timeline(id, &marks.timeline(client));
        }
        out.connection_end(id, &ConnectionEnd { last_packet: ending.last_packet, closing, stats });
    }
}

/// Has it judged how long the client waited before this connection, if others before it failed.
fn again(this: Option<&Try>, referee: &mut Referee, state: &State) -> Chain {
    let Some(this) = this else { return Chain::default() };
    let chain = state.reconnects.chain(this, state.thresholds.reconnect_stable);
    if let Some(waits) = chain.waits() {
        referee.see(&Event::Reconnected { waits, packet: this.began() });
    }
    chain
}

/// An upgrade attempt that did not switch protocols: a connection that is over as soon as it is told.
pub(super) fn attempt_failed(
    handshake: Handshake,
    ending: &Ending,
    below: &Below,
    state: &mut State,
    out: &mut Output<'_>,
) {
    let (id, handshake, mut referee) = open(handshake, below, state, out);
    let (client, server) = (handshake.attempt.client, handshake.attempt.client.other());
    let (client, server) = (below.endpoint(client).ip, below.endpoint(server));
    if let Some(this) = state.reconnects.begin(&handshake, client, server, below.first_packet) {
        let chain = again(Some(&this), &mut referee, state);
        let failed = match &handshake.attempt.response {
            Some(response) => response.line.status >= 500,
            None => !handshake.attempt.client_left && ending.tcp != TcpEnd::Open,
        };
        state.reconnects.end(&this, chain, ending.last_packet, failed);
    }
    let connection = websocket::Connection::new(&handshake, state.settings.clone());
    let (closing, stats) = connection.finish(ending, &mut |event| referee.see(&event));
    out.judgement(id, &mut referee, &mut state.summary);
    if let Some(marks) = &below.marks {
        out.timeline(id, &marks.timeline(handshake.attempt.client));
    }
    out.connection_end(id, &ConnectionEnd { last_packet: ending.last_packet, closing, stats });
}

/// Tells of the connection, and has the handshake judged.
fn open(mut handshake: Handshake, below: &Below, state: &mut State, out: &mut Output<'_>) -> (u64, Handshake, Referee) {
    handshake.tls = below.tls.clone();
    let client = handshake.attempt.client;
    let endpoints = PerRole { client: below.endpoint(client), server: below.endpoint(client.other()) };
    handshake.endpoints = Some(endpoints);
    let request = handshake.attempt.request.as_ref();
    let response = handshake.attempt.response.as_ref();
    let open = request.zip(response).map(|(request, response)| (request.packet.number, response.last_packet.number));
    let known = Known {
        id: state.summary.connections,
        flow: below.flow,
        client: below.endpoint(client).ip,
        server: below.endpoint(client.other()),
        open,
    };
    state.neighbours.meet(&mut handshake, known);
    let id = announce(client, Some(&handshake), below, state, out);
    let mut referee = Referee::new(state.thresholds.clone(), &state.limits, false).with_opt_in(state.options.opt_in);
    referee.see(&Event::Handshake(&handshake));
    out.judgement(id, &mut referee, &mut state.summary);
    (id, handshake, referee)
}

fn announce(
    client: Side,
    handshake: Option<&Handshake>,
    below: &Below,
    state: &mut State,
    out: &mut Output<'_>,
) -> u64 {
    let id = state.summary.connections;
    state.summary.connections += 1;
    out.connection(&Connection {
        id,
        capture: below.capture,
        transport: match (below.http2, below.tls.is_some()) {
            (false, false) => Transport::Tcp,
            (false, true) => Transport::Tls,
            (true, false) => Transport::H2c,
            (true, true) => Transport::H2,
        },
        tls: below.tls.as_deref(),
        client: below.endpoint(client),
        server: below.endpoint(client.other()),
        first_packet: below.first_packet,
        handshake,
    });
    id
}
