//! What the bytes of a TCP connection turn out to be, from the first byte to the last: HTTP/1 until an upgrade, a
//! WebSocket, HTTP/2 with WebSockets on its streams, TLS with one of these inside, another protocol that may yet turn to one
//! of them, or nothing of interest.

use super::live::{self, Below, Captured, Live};
use super::mid_stream::{MidStream, Verdict};
use super::prelude::{self, Prelude, Turn};
use super::said::Hear;
use super::secured::Secured;
use super::state::State;
use super::streams::Streams;
use crate::http::{self, Step};
use crate::http2::{self, Preface};
use crate::tcp::{Chunk, Delivery, Side};
use crate::tls::{is_client_hello, looks_like_tls};
use crate::websocket::{Ending, Handshake, reuse};
use crate::{Limits, Role};
use std::sync::Arc;

/// So many times TLS and tunnels may be in each other: what is inside of more costs stack, and nobody looks for it.
pub(super) const DEEPEST: u8 = 8;

/// What the bytes of a connection are.
#[derive(Debug)]
pub(super) enum Above {
    /// The first bytes, which do not tell yet whether it is HTTP/2; none so far where there is no box.
    Begins(Option<Box<Preface>>),
    /// HTTP/1, as far as is known. Once bytes of it are missing, the handshake may be among them, so frames are
    /// looked for beside it.
    Http(Box<http::Connection>, Option<Box<MidStream>>),
    /// Perhaps a WebSocket that was open before the capture began.
    MidStream(Box<MidStream>),
    /// A WebSocket.
    WebSocket(Box<Live>),
    /// HTTP/2, and the WebSockets on its streams.
    Http2(Box<Streams>),
    /// TLS, and what is inside.
    Tls(Box<Secured>),
    /// Another protocol, which may turn to TLS or HTTP.
    Prelude(Prelude),
    /// Nothing of interest.
    Other,
}

impl Above {
    /// A connection of which nothing was seen.
    pub(super) fn begin() -> Above {
        Above::Begins(None)
    }

    /// Not HTTP/2: HTTP/1 until something else is known.
    fn http1(state: &mut State) -> Above {
        let http = http::Connection::new(state.limits.head_bytes, state.limits.early_bytes);
        Above::Http(reuse(&mut state.spare.http, http), None)
    }

    /// HTTP/1 in a tunnel to this target.
    fn tunnelled(target: &str, limits: &Limits) -> Above {
        let http = http::Connection::new(limits.head_bytes, limits.early_bytes).in_tunnel(target);
        Above::Http(Box::new(http), None)
    }

    /// Whether it is of no interest.
    pub(super) fn is_other(&self) -> bool {
        matches!(self, Above::Other)
    }

    /// Whether it is not known yet what it is.
    pub(super) fn is_undecided(&self) -> bool {
        matches!(self, Above::Begins(_) | Above::Http(..) | Above::MidStream(_))
    }

    /// Whether what is found in it later is found in the bytes themselves, not in a layer above.
    pub(super) fn is_searched(&self) -> bool {
        self.is_undecided() || matches!(self, Above::Prelude(_))
    }

    /// Whether a connection may yet be found in it that is to be told of the ends that came before.
    pub(super) fn needs_ends(&self) -> bool {
        !matches!(self, Above::WebSocket(_) | Above::Other)
    }

    /// The WebSocket in it, inside of TLS or not.
    pub(super) fn live(&mut self) -> Option<&mut Live> {
        match self {
            Above::WebSocket(live) => Some(live),
            Above::Tls(secured) => secured.live(),
            _ => None,
        }
    }

    /// Takes what the connection delivers.
    #[inline]
    pub(super) fn deliver(
        &mut self,
        side: Side,
        delivery: &Delivery<'_>,
        below: &Below,
        state: &mut State,
        out: &mut dyn Hear,
    ) {
        match self {
            Above::WebSocket(live) => live.deliver(side, delivery, state, out),
            _ => self.take(side, delivery, below, state, out),
        }
    }

    /// The same for what is no WebSocket yet, or never.
    fn take(&mut self, side: Side, delivery: &Delivery<'_>, below: &Below, state: &mut State, out: &mut dyn Hear) {
        match self {
            Above::Begins(_) => self.begins(side, delivery, below, state, out),
            Above::Http2(streams) => streams.deliver(side, delivery, below, state, out),
            Above::Other | Above::WebSocket(_) => {}
            Above::Tls(secured) => {
                secured.deliver(side, delivery, below, state, out);
                if secured.is_other(below, state, out) {
                    *self = Above::Other;
                }
            }
            Above::MidStream(_) => self.search(side, delivery, below, state, out),
            Above::Prelude(prelude) => {
                let Delivery::Data(chunk) = delivery else { return };
                *self = match prelude.push(chunk) {
                    Turn::None => return,
                    Turn::Never => return *self = Above::Other,
                    Turn::Tls => Above::secured(chunk, prelude.tunnel(), below, state),
                    Turn::Http => match prelude.tunnel() {
                        Some(target) if !chunk.bytes.starts_with(http2::PREFACE) => {
                            Above::tunnelled(&target, &state.limits)
                        }
                        _ => Above::begin(),
                    },
                };
                self.deliver(side, delivery, below, state, out);
            }
            Above::Http(_, beside) => {
                if matches!(delivery, Delivery::Missing(_)) {
                    beside.get_or_insert_default();
                }
                let searched = beside.is_some();
                let ending = Ending { tcp: below.ends.tcp(), last_packet: below.last_packet, capture_end: None };
                self.ask(
                    |http, steps| http.deliver(side, delivery, &mut |step| steps.push(step)),
                    below,
                    &ending,
                    state,
                    out,
                );
                match self {
                    // An end that showed what the bytes before it were.
                    Above::Tls(_) if !matches!(delivery, Delivery::Data(_)) => {
                        self.deliver(side, delivery, below, state, out);
                    }
                    _ if searched => self.search(side, delivery, below, state, out),
                    _ => {}
                }
            }
        }
    }

    /// The first bytes of each side.
    fn begins(&mut self, side: Side, delivery: &Delivery<'_>, below: &Below, state: &mut State, out: &mut dyn Hear) {
        let Above::Begins(preface) = self else { return };
        if let (Delivery::Data(chunk), None) = (delivery, &preface)
            && let Some(chunk) = prelude::behind_proxy_headers(chunk)
        {
            if !chunk.bytes.is_empty() {
                self.deliver(side, &Delivery::Data(chunk), below, state, out);
            }
            return;
        }
        let verdict = match preface {
            None if !http2::may_begin(delivery) => http2::Verdict::Other,
            _ => preface.get_or_insert_default().push(side, delivery),
        };
        let next = match verdict {
            http2::Verdict::Wait => return,
            http2::Verdict::Http2(client) => Above::Http2(Box::new(Streams::begin(client, below, &state.limits))),
            http2::Verdict::Other => Above::http1(state),
        };
        self.go_on_as(next, below, state, out);
        self.deliver(side, delivery, below, state, out);
    }

    /// It is known what begins here; what was held back until then is delivered.
    fn go_on_as(&mut self, next: Above, below: &Below, state: &mut State, out: &mut dyn Hear) {
        if let Above::Begins(Some(preface)) = std::mem::replace(self, next) {
            preface.release(|side, delivery| self.deliver(side, delivery, below, state, out));
        }
    }

    /// What is not HTTP may be TLS, a WebSocket whose handshake was not captured, or turn to something else later.
    fn leave_http(&mut self, below: &Below, state: &mut State, out: &mut dyn Hear) {
        let Above::Http(http, _) = self else { return };
        let unread = http.take_unread();
        let tunnel = http.tunnel().map(|target| Arc::new(target.to_owned())).or_else(|| below.tunnel.clone());
        *self = match unread.first() {
            Some((_, first)) if begins_like_tls(&first.bytes) => Above::secured(&first.chunk(), tunnel, below, state),
            _ if below.opened => Above::Prelude(Prelude::within(tunnel)),
            _ => Above::MidStream(Box::default()),
        };
        for (side, held) in unread {
            match (&mut *self, is_client_hello(&held.bytes)) {
                // HTTP that is no HTTP where it stands begins nowhere in it.
                (Above::Prelude(prelude), false) => prelude.pass(&held.chunk()),
                _ => self.deliver(side, &Delivery::Data(held.chunk()), below, state, out),
            }
        }
    }

    /// TLS begins with this chunk.
    fn secured(chunk: &Chunk<'_>, tunnel: Option<Arc<String>>, below: &Below, state: &mut State) -> Above {
        match below.depth < DEEPEST {
            true => Above::Tls(Box::new(Secured::begin(chunk.packet, tunnel, below, state))),
            false => Above::Other,
        }
    }

    fn search(&mut self, side: Side, delivery: &Delivery<'_>, below: &Below, state: &mut State, out: &mut dyn Hear) {
        let (Above::MidStream(search) | Above::Http(_, Some(search))) = self else { return };
        let verdict = match delivery {
            Delivery::Data(chunk) if http2::looks_like_http2(chunk.bytes) => {
                let mut streams = Streams::mid_stream(below, &state.limits);
                streams.deliver(side, delivery, below, state, out);
                *self = Above::Http2(Box::new(streams));
                return;
            }
            Delivery::Data(chunk) if is_client_hello(chunk.bytes) => {
                *self = Above::secured(chunk, below.tunnel.clone(), below, state);
                return self.deliver(side, delivery, below, state, out);
            }
            Delivery::Data(chunk) => search.push(side, *chunk),
            Delivery::Missing(_) => {
                search.missing(side);
                Verdict::Wait
            }
            _ => Verdict::Wait,
        };
        match verdict {
            Verdict::Wait => {}
            Verdict::Other => match self {
                Above::Http(_, beside) => *beside = None,
                _ => *self = Above::Other,
            },
            Verdict::WebSocket(client) => {
                let held = std::mem::take(&mut **search).into_held();
                *self = Above::WebSocket(Box::new(Live::found(client, held, below, state, out)));
            }
        }
    }

    fn step(&mut self, step: Step, below: &Below, ending: &Ending, state: &mut State, out: &mut dyn Hear) {
        match step {
            Step::NotHttp | Step::OtherProtocol => match self {
                Above::Http(_, Some(beside)) => *self = Above::MidStream(std::mem::take(beside)),
                _ => self.leave_http(below, state, out),
            },
            Step::Attempt(mut attempt) => {
                attempt.tunnel = attempt.tunnel.or_else(|| below.tunnel());
                live::attempt_failed(Handshake::from_attempt(attempt), ending, below, state, out);
            }
            Step::Http2(switch) => {
                let mut streams = Streams::upgraded(&switch, below, &state.limits);
                for held in switch.held.iter().filter(|held| !held.bytes.is_empty()) {
                    let side = if held.sender == Role::Client { switch.client } else { switch.client.other() };
                    streams.deliver(side, &Delivery::Data(held.chunk()), below, state, out);
                }
                *self = Above::Http2(Box::new(streams));
            }
            Step::Switched(mut switch) => {
                switch.attempt.tunnel = switch.attempt.tunnel.or_else(|| below.tunnel());
                // Made where it stays.
                let room = Box::new_uninit();
                let live = Above::WebSocket(Box::write(room, Live::switched(switch, below, state, out)));
                if let Above::Http(http, _) = std::mem::replace(self, live) {
                    state.spare.http = Some(http);
                }
            }
        }
    }

    /// Goes through what HTTP/1 tells when it is asked so; nothing where the connection is something else.
    fn ask(
        &mut self,
        ask: impl FnOnce(&mut http::Connection, &mut Vec<Step>),
        below: &Below,
        ending: &Ending,
        state: &mut State,
        out: &mut dyn Hear,
    ) {
        let Above::Http(http, _) = self else { return };
        let mut steps = std::mem::take(&mut state.spare.steps);
        ask(http, &mut steps);
        for step in steps.drain(..) {
            self.step(step, below, ending, state, out);
        }
        state.spare.steps = steps;
    }

    /// Nothing more will come.
    pub(super) fn finish(
        mut self,
        below: &Below,
        ending: &Ending,
        captured: &Captured,
        state: &mut State,
        out: &mut dyn Hear,
    ) {
        if let Above::Begins(_) = self {
            self.go_on_as(Above::http1(state), below, state, out);
        }
        self.ask(|http, steps| http.finish(&mut |step| steps.push(step)), below, ending, state, out);
        match self {
            Above::WebSocket(live) => live.finish(ending, captured, state, out),
            Above::Http2(streams) => streams.finish(below, ending, captured, state, out),
            Above::Tls(secured) => secured.finish(below, ending, captured, state, out),
            _ => {}
        }
    }
}

/// The first bytes of a TLS handshake record, or of any record where the capture began within the connection
/// (RFC 8446 §5.1). A ClientHello may come a byte at a time, and no text begins with its first one.
fn begins_like_tls(bytes: &[u8]) -> bool {
    looks_like_tls(bytes) || b"\x16\x03".starts_with(bytes)
}
