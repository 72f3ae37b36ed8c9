//! An HTTP/2 connection: each WebSocket on its streams is a connection of its own in what is told.

use super::live::{self, Below, Captured, Ends, Live};
use super::output::{Output, State};
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
    open: BTreeMap<u32, Stream>,
    /// What was known of the TLS connection around it when it began.
    tls: Option<Arc<Facts>>,
}

/// A WebSocket on a stream.
#[derive(Debug)]
struct Stream {
    live: Live,
    ends: Ends,
    last_packet: PacketRef,
}

impl Streams {
    /// A connection that this client began with HTTP/2's preface.
    pub(super) fn begin(client: Side, below: &Below, limits: &Limits) -> Streams {
        Streams {
            connection: http2::Connection::new(client, bounds(limits)),
            open: BTreeMap::new(),
            tls: below.tls.clone(),
        }
    }

    /// A connection that became HTTP/2 by an upgrade of HTTP/1.
    pub(super) fn upgraded(switch: &Http2Switch, below: &Below, limits: &Limits) -> Streams {
        let connection = http2::Connection::upgraded(switch.client, switch.begins, bounds(limits));
        Streams { connection, open: BTreeMap::new(), tls: below.tls.clone() }
    }

    /// Takes what the connection delivers.
    pub(super) fn deliver(
        &mut self,
        side: Side,
        delivery: &Delivery<'_>,
        below: &Below,
        state: &mut State,
        out: &mut Output<'_>,
    ) {
        let Streams { connection, open, tls } = self;
        connection.deliver(side, delivery, &mut |step| take(step, open, tls, below, None, state, out));
    }

    /// Nothing more will come.
    pub(super) fn finish(
        self,
        below: &Below,
        ending: &Ending,
        captured: &Captured,
        state: &mut State,
        out: &mut Output<'_>,
    ) {
        let Streams { mut connection, mut open, tls } = self;
        connection.finish(&mut |step| take(step, &mut open, &tls, below, Some(ending), state, out));
        let mut left = Vec::from_iter(open.into_values());
        left.sort_unstable_by_key(|stream| stream.live.id());
        for stream in left {
            stream.finish(ending.capture_end, captured, state, out);
        }
    }
}

impl Stream {
    fn finish(self, capture_end: Option<PacketRef>, captured: &Captured, state: &mut State, out: &mut Output<'_>) {
        let Stream { live, ends, last_packet } = self;
        let capture_end = capture_end.filter(|_| !ends.are_both());
        live.finish(&Ending { tcp: ends.tcp(), last_packet, capture_end }, captured, state, out);
    }
}

/// Takes a step of the connection. `ending` is how the TCP connection ended, once it has.
fn take(
    step: Step<'_>,
    open: &mut BTreeMap<u32, Stream>,
    tls: &Option<Arc<Facts>>,
    below: &Below,
    ending: Option<&Ending>,
    state: &mut State,
    out: &mut Output<'_>,
) {
    match step {
        Step::Opened { attempt, opening } => {
            let (stream, last_packet, below) =
                (opening.stream, last_packet(&attempt, below), of_stream(&attempt, tls, below));
            let handshake = Handshake::from_stream(*attempt, opening);
            let live = Live::opened(handshake, &below, state, out);
            open.insert(stream, Stream { live, ends: Ends::default(), last_packet });
        }
        Step::Refused { attempt, opening } => {
            let ending = refusal(&attempt, &opening, below, ending);
            let below = of_stream(&attempt, tls, below);
            live::attempt_failed(Handshake::from_stream(*attempt, opening), &ending, &below, state, out);
        }
        Step::Delivery { stream, side, delivery } => {
            let Some(stream) = open.get_mut(&stream) else { return };
            stream.ends.note(side, &delivery);
            stream.last_packet = packet(&delivery);
            stream.live.deliver(side, &delivery, state, out);
        }
        Step::Event { stream, event } => {
            let Some(stream) = open.get_mut(&stream) else { return };
            stream.live.stream_event(event, state, out);
        }
        Step::Over { stream } => {
            let Some(stream) = open.remove(&stream) else { return };
            // How the TCP connection was captured is told with the streams that last as long as it does.
            let facts = ConnectionFacts { opened: true, first_seen: true, second_seen: true, duplicates: 0 };
            stream.finish(None, &Captured { facts, bad_checksums: None }, state, out);
        }
    }
}

/// The TCP connection as a WebSocket on one of its streams sees it.
fn of_stream(attempt: &Attempt, tls: &Option<Arc<Facts>>, below: &Below) -> Below {
    let first_packet = attempt.request.as_ref().map_or(below.first_packet, |request| request.packet);
    Below { first_packet, http2: true, tls: tls.clone(), ends: Ends::default(), ..below.clone() }
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
