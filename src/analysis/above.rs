//! What the bytes of a TCP connection turn out to be, from the first byte to the last: HTTP/1 until an upgrade, a
//! WebSocket, HTTP/2 with WebSockets on its streams, TLS with one of these inside, or nothing of interest.

use super::live::{self, Below, Captured, Live};
use super::mid_stream::{MidStream, Verdict};
use super::said::Hear;
use super::secured::Secured;
use super::state::State;
use super::streams::Streams;
use crate::http::{self, Held, Step};
use crate::http2::{self, Preface};
use crate::tcp::{Chunk, Delivery, Side};
use crate::tls::looks_like_tls;
use crate::websocket::{Ending, Handshake};
use crate::{Limits, Role};

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
    /// Nothing of interest.
    Other,
}

impl Above {
    /// A connection of which nothing was seen.
    pub(super) fn begin() -> Above {
        Above::Begins(None)
    }

    /// Not HTTP/2: HTTP/1 until something else is known.
    fn http1(limits: &Limits) -> Above {
        Above::Http(Box::new(http::Connection::new(limits.head_bytes, limits.early_bytes)), None)
    }

    /// Whether it is of no interest.
    pub(super) fn is_other(&self) -> bool {
        matches!(self, Above::Other)
    }

    /// Whether it is not known yet what it is.
    pub(super) fn is_undecided(&self) -> bool {
        matches!(self, Above::Begins(_) | Above::Http(..) | Above::MidStream(_))
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
    pub(super) fn deliver(
        &mut self,
        side: Side,
        delivery: &Delivery<'_>,
        below: &Below,
        state: &mut State,
        out: &mut dyn Hear,
    ) {
        match self {
            Above::Begins(_) => self.begins(side, delivery, below, state, out),
            Above::WebSocket(live) => live.deliver(side, delivery, state, out),
            Above::Http2(streams) => streams.deliver(side, delivery, below, state, out),
            Above::Other => {}
            Above::Tls(secured) => {
                secured.deliver(side, delivery, below, state, out);
                if secured.is_other(below, state, out) {
                    *self = Above::Other;
                }
            }
            Above::MidStream(_) => self.search(side, delivery, below, state, out),
            Above::Http(http, beside) => {
                if matches!(delivery, Delivery::Missing(_)) {
                    beside.get_or_insert_default();
                }
                let mut steps = Vec::new();
                http.deliver(side, delivery, &mut |step| steps.push(step));
                for step in steps {
                    let ending = Ending { tcp: below.ends.tcp(), last_packet: below.last_packet, capture_end: None };
                    self.step(step, below, &ending, state, out);
                }
                self.reconsider(side, delivery, below, state, out);
            }
        }
    }

    /// The first bytes of each side.
    fn begins(&mut self, side: Side, delivery: &Delivery<'_>, below: &Below, state: &mut State, out: &mut dyn Hear) {
        let Above::Begins(preface) = self else { return };
        let verdict = match preface {
            None if !http2::may_begin(delivery) => http2::Verdict::Other,
            _ => preface.get_or_insert_default().push(side, delivery),
        };
        let next = match verdict {
            http2::Verdict::Wait => return,
            http2::Verdict::Http2(client) => Above::Http2(Box::new(Streams::begin(client, below, &state.limits))),
            http2::Verdict::Other => Above::http1(&state.limits),
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

    /// What is not HTTP, or not all of it, may be a WebSocket whose handshake was not captured. It may also be TLS.
    fn reconsider(
        &mut self,
        side: Side,
        delivery: &Delivery<'_>,
        below: &Below,
        state: &mut State,
        out: &mut dyn Hear,
    ) {
        if let (Above::Other, Delivery::Data(chunk)) = (&*self, delivery) {
            if begins_like_tls(chunk.bytes) {
                {
                    let mut secured = Secured::begin(chunk.packet, below, state);
                    secured.deliver(side, delivery, below, state, out);
                    *self = Above::Tls(Box::new(secured));
                }
            } else if !below.opened {
                *self = Above::MidStream(Box::default());
            }
        }
        self.search(side, delivery, below, state, out);
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
            Step::NotHttp | Step::OtherProtocol => {
                *self = match self {
                    Above::Http(_, Some(beside)) => Above::MidStream(std::mem::take(beside)),
                    _ => Above::Other,
                }
            }
            Step::Attempt(attempt) => {
                live::attempt_failed(Handshake::from_attempt(*attempt), ending, below, state, out);
            }
            Step::Http2(switch) => {
                let mut streams = Streams::upgraded(&switch, below, &state.limits);
                for Held { offset, bytes, packet, acknowledged, sender } in &switch.held {
                    let chunk = Chunk { offset: *offset, bytes, packet: *packet, acknowledged: *acknowledged };
                    let side = if *sender == Role::Client { switch.client } else { switch.client.other() };
                    if !bytes.is_empty() {
                        streams.deliver(side, &Delivery::Data(chunk), below, state, out);
                    }
                }
                *self = Above::Http2(Box::new(streams));
            }
            Step::Switched(switch) => {
                *self = Above::WebSocket(Box::new(Live::switched(switch, below, state, out)));
            }
        }
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
            self.go_on_as(Above::http1(&state.limits), below, state, out);
        }
        if let Above::Http(http, _) = &mut self {
            let mut steps = Vec::new();
            http.finish(&mut |step| steps.push(step));
            for step in steps {
                self.step(step, below, ending, state, out);
            }
        }
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
