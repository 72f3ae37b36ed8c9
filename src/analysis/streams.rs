//! An HTTP/2 connection: each WebSocket on its streams is a connection of its own in what is told, and what goes through a
//! tunnel on one of them is looked at like any other connection.

use super::above::{Above, DEEPEST};
use super::live::{self, Below, Captured, Ends, Live};
use super::mid_stream::{MidStream, Verdict};
use super::said::Hear;
use super::state::State;
use crate::Limits;
use crate::capture::PacketRef;
use crate::http::{Attempt, Http2Switch};
use crate::http2::{self, Bounds, Cut, Opening, Step};
use crate::tcp::{ConnectionFacts, Delivery, Fin, Side};
use crate::tls::Facts;
use crate::websocket::{Ending, Handshake, TcpEnd};
use std::collections::BTreeMap;
use std::sync::Arc;

/// See the module.
#[derive(Debug)]
pub(super) struct Streams {
    connection: http2::Connection,
    followed: Followed,
    /// Streams that the connection need not tell of any more.
    dropped: Vec<u32>,
}

/// The streams that are followed.
#[derive(Debug)]
struct Followed {
    open: BTreeMap<u32, Stream>,
    /// WebSockets that began.
    begun: u64,
    /// What was known of the TLS connection around it when it began.
    tls: Option<Arc<Facts>>,
}

/// A WebSocket on a stream, what may be one, or a tunnel.
#[derive(Debug)]
struct Stream {
    kind: Kind,
    ends: Ends,
    last_packet: PacketRef,
}

#[derive(Debug)]
enum Kind {
    /// The how manieth it was to begin on this connection.
    Live(u64, Box<Live>),
    /// Its request was not captured.
    Suspect(Box<MidStream>),
    Tunnel(Box<Tunnel>),
}

/// What a plain CONNECT made of a stream (RFC 9113 §8.5).
#[derive(Debug)]
struct Tunnel {
    /// What goes through it.
    above: Above,
    /// Where it leads.
    target: Arc<String>,
    first_packet: PacketRef,
}

impl Streams {
    /// A connection that this client began with HTTP/2's preface.
    pub(super) fn begin(client: Side, below: &Below, limits: &Limits) -> Streams {
        Streams::of(http2::Connection::new(client, bounds(limits)), below)
    }

    /// A connection that became HTTP/2 by an upgrade of HTTP/1.
    pub(super) fn upgraded(switch: &Http2Switch, below: &Below, limits: &Limits) -> Streams {
        Streams::of(http2::Connection::upgraded(switch.client, switch.begins, bounds(limits)), below)
    }

    /// A connection that was open before the capture began.
    pub(super) fn mid_stream(below: &Below, limits: &Limits) -> Streams {
        Streams::of(http2::Connection::mid_stream(bounds(limits)), below)
    }

    fn of(connection: http2::Connection, below: &Below) -> Streams {
        let followed = Followed { open: BTreeMap::new(), begun: 0, tls: below.tls.clone() };
        Streams { connection, followed, dropped: Vec::new() }
    }

    /// Takes what the connection delivers.
    pub(super) fn deliver(
        &mut self,
        side: Side,
        delivery: &Delivery<'_>,
        below: &Below,
        state: &mut State,
        out: &mut dyn Hear,
    ) {
        let Streams { connection, followed, dropped } = self;
        connection.deliver(side, delivery, &mut |step| dropped.extend(followed.take(step, below, None, state, out)));
        for stream in dropped.drain(..) {
            connection.forget(stream);
            // More of it may have come with what told that it is of no interest.
            followed.open.remove(&stream);
        }
    }

    /// Nothing more will come.
    pub(super) fn finish(
        self,
        below: &Below,
        ending: &Ending,
        captured: &Captured,
        state: &mut State,
        out: &mut dyn Hear,
    ) {
        let Streams { mut connection, mut followed, .. } = self;
        connection.finish(&mut |step| _ = followed.take(step, below, Some(ending), state, out));
        let (mut left, mut tunnels) = (Vec::new(), Vec::new());
        for Stream { kind, ends, last_packet } in followed.open.into_values() {
            match kind {
                Kind::Live(order, live) => left.push((order, live, ends, last_packet)),
                Kind::Tunnel(tunnel) => tunnels.push((*tunnel, ends, last_packet)),
                Kind::Suspect(_) => {}
            }
        }
        left.sort_unstable_by_key(|(order, ..)| *order);
        let mut captured = captured.clone();
        for (_, live, ends, last_packet) in left {
            live.finish(&stream_ending(&ends, last_packet, ending.capture_end), &captured, state, out);
            // What is wrong with packets of the TCP connection is said once.
            captured.bad_checksums = None;
            captured.facts.duplicates = 0;
        }
        for (tunnel, ends, last_packet) in tunnels {
            let below = tunnel.below(followed.tls.clone(), &ends, last_packet, below);
            tunnel.above.finish(&below, &stream_ending(&ends, last_packet, ending.capture_end), &captured, state, out);
        }
    }
}

impl Tunnel {
    /// The TCP connection as what goes through the tunnel sees it.
    fn below(&self, tls: Option<Arc<Facts>>, ends: &Ends, last_packet: PacketRef, below: &Below) -> Below {
        Below {
            first_packet: self.first_packet,
            last_packet,
            opened: true,
            tls,
            ends: ends.clone(),
            tunnel: Some(self.target.clone()),
            depth: below.depth.saturating_add(1),
            ..below.clone()
        }
    }
}

impl Followed {
    /// Takes a step of the connection. `ending` is how the TCP connection ended, once it has. Gives the stream of the
    /// step where it turns out to be no WebSocket.
    fn take(
        &mut self,
        step: Step<'_>,
        below: &Below,
        ending: Option<&Ending>,
        state: &mut State,
        out: &mut dyn Hear,
    ) -> Option<u32> {
        match step {
            Step::Opened { mut attempt, opening } => {
                attempt.tunnel = below.tunnel();
                let (stream, last_packet) = (opening.stream, last_packet(&attempt, below));
                let below = self.of_stream(attempt.request.as_ref().map(|request| request.packet), below);
                let live = Live::opened(Handshake::from_stream(attempt, opening), &below, state, out);
                let kind = self.begun(live);
                self.open.insert(stream, Stream { kind, ends: Ends::default(), last_packet });
            }
            Step::Refused { mut attempt, opening } => {
                attempt.tunnel = below.tunnel();
                let ending = refusal(&attempt, &opening, below, ending);
                let below = self.of_stream(attempt.request.as_ref().map(|request| request.packet), below);
                live::attempt_failed(Handshake::from_stream(attempt, opening), &ending, &below, state, out);
            }
            Step::Tunnel { stream, .. } if below.depth >= DEEPEST => return Some(stream),
            Step::Tunnel { stream, target, packet } => {
                let tunnel = Tunnel { above: Above::begin(), target: target.into(), first_packet: packet };
                let kind = Kind::Tunnel(Box::new(tunnel));
                self.open.insert(stream, Stream { kind, ends: Ends::default(), last_packet: below.last_packet });
            }
            Step::Delivery { stream: id, side, delivery } => {
                let last_packet = packet(&delivery);
                let suspect = || Stream { kind: Kind::Suspect(Box::default()), ends: Ends::default(), last_packet };
                let stream = self.open.entry(id).or_insert_with(suspect);
                stream.ends.note(side, &delivery, true);
                stream.last_packet = last_packet;
                match &mut stream.kind {
                    Kind::Live(_, live) => live.deliver(side, &delivery, state, out),
                    Kind::Tunnel(tunnel) => {
                        let below = tunnel.below(self.tls.clone(), &stream.ends, last_packet, below);
                        tunnel.above.deliver(side, &delivery, &below, state, out);
                        if tunnel.above.is_other() {
                            self.open.remove(&id);
                            return Some(id);
                        }
                    }
                    Kind::Suspect(_) => return self.search(id, side, &delivery, below, state, out),
                }
            }
            Step::Event { stream, event } => {
                if let Some(Stream { kind: Kind::Live(_, live), .. }) = self.open.get_mut(&stream) {
                    live.stream_event(event, out);
                }
            }
            Step::Over { stream } => {
                let Stream { kind, ends, last_packet } = self.open.remove(&stream)?;
                // How the TCP connection was captured is told with the streams that last as long as it does.
                let facts = ConnectionFacts { opened: true, first_seen: true, second_seen: true, duplicates: 0 };
                let captured = Captured { facts, bad_checksums: None, marks: below.marks.clone() };
                let ending = stream_ending(&ends, last_packet, None);
                match kind {
                    Kind::Live(_, live) => live.finish(&ending, &captured, state, out),
                    Kind::Tunnel(tunnel) => {
                        let below = tunnel.below(self.tls.clone(), &ends, last_packet, below);
                        tunnel.above.finish(&below, &ending, &captured, state, out);
                    }
                    Kind::Suspect(_) => {}
                }
            }
        }
        None
    }

    /// Looks at a stream whose request was not captured; gives it where it is no WebSocket.
    fn search(
        &mut self,
        id: u32,
        side: Side,
        delivery: &Delivery<'_>,
        below: &Below,
        state: &mut State,
        out: &mut dyn Hear,
    ) -> Option<u32> {
        let Stream { kind: Kind::Suspect(search), ends, .. } = self.open.get_mut(&id)? else { return None };
        let verdict = match delivery {
            Delivery::Data(chunk) => search.push(side, *chunk),
            Delivery::Missing(_) => {
                search.missing(side);
                return None;
            }
            _ if ends.are_both() => Verdict::Other,
            _ => return None,
        };
        match verdict {
            Verdict::Wait => None,
            Verdict::Other => {
                self.open.remove(&id);
                Some(id)
            }
            Verdict::WebSocket(client) => {
                let held = std::mem::take(&mut **search).into_held();
                let ends = ends.clone();
                let below = Below { ends, ..self.of_stream(held.first().map(|(_, held)| held.packet), below) };
                let live = Live::found(client, held, &below, state, out);
                let kind = self.begun(live);
                if let Some(stream) = self.open.get_mut(&id) {
                    stream.kind = kind;
                }
                None
            }
        }
    }

    fn begun(&mut self, live: Live) -> Kind {
        self.begun += 1;
        Kind::Live(self.begun, Box::new(live))
    }

    /// The TCP connection as a WebSocket on one of its streams sees it, which begins in this packet.
    fn of_stream(&self, first_packet: Option<PacketRef>, below: &Below) -> Below {
        let first_packet = first_packet.unwrap_or(below.first_packet);
        // The tunnel around it, if there is one, is that of the whole connection.
        Below { first_packet, http2: true, tls: self.tls.clone(), ends: Ends::default(), ..below.clone() }
    }
}

fn stream_ending(ends: &Ends, last_packet: PacketRef, capture_end: Option<PacketRef>) -> Ending {
    Ending { tcp: ends.tcp(), last_packet, capture_end: capture_end.filter(|_| !ends.are_both()) }
}

/// How a request ended that no WebSocket came of.
fn refusal(attempt: &Attempt, opening: &Opening, below: &Below, ending: Option<&Ending>) -> Ending {
    match (&attempt.response, opening.cut, ending) {
        (None, None, Some(ending)) => *ending,
        (None, Some(Cut::Reset { .. }), _) => {
            Ending { tcp: TcpEnd::Reset, last_packet: below.last_packet, capture_end: None }
        }
        _ => Ending { tcp: TcpEnd::Fin, last_packet: last_packet(attempt, below), capture_end: None },
    }
}

/// The last packet of a handshake.
fn last_packet(attempt: &Attempt, below: &Below) -> PacketRef {
    attempt.response.as_ref().map_or(below.last_packet, |response| response.last_packet)
}

fn packet(delivery: &Delivery<'_>) -> PacketRef {
    match *delivery {
        Delivery::Data(chunk) => chunk.packet,
        Delivery::Missing(missing) => missing.packet,
        Delivery::Fin(Fin { packet, .. }) | Delivery::Conflict { packet, .. } | Delivery::Reset(packet) => packet,
    }
}

fn bounds(limits: &Limits) -> Bounds {
    Bounds {
        head_bytes: limits.head_bytes,
        waiting_bytes: limits.head_bytes.saturating_mul(8).saturating_add(limits.early_bytes),
        early_bytes: limits.early_bytes,
        table_bytes: limits.header_table_bytes,
        streams: limits.streams,
    }
}
