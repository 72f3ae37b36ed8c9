//! One TCP connection with the layers above it, as far up as is known.

use super::live::{self, Below, Captured, Ends, Live};
use super::mid_stream::{MidStream, Verdict};
use super::output::{Output, State};
use crate::capture::{Packet, PacketRef};
use crate::http::{self, Held, Step};
use crate::packet::{Endpoint, Segment, verify_checksum};
use crate::tcp::{self, Chunk, Delivery, Side};
use crate::websocket::Ending;

/// Segments of a connection whose checksum is looked at: enough to see offloading or damage, at no cost to speed.
const CHECKSUMS: u8 = 8;

/// See the module.
#[derive(Debug)]
pub(super) struct Flow {
    tcp: tcp::Connection,
    above: Above,
    below: Below,
    syn: Option<u32>,
    checksums: u8,
    bad_checksums: Option<(u32, PacketRef)>,
}

/// What the bytes of a connection are.
#[derive(Debug)]
enum Above {
    /// HTTP/1, as far as is known. Once bytes of it are missing, the handshake may be among them, so frames are
    /// looked for beside it.
    Http(Box<http::Connection>, Option<Box<MidStream>>),
    /// Perhaps a WebSocket that was open before the capture began.
    MidStream(Box<MidStream>),
    /// A WebSocket.
    WebSocket(Box<Live>),
    /// Nothing of interest.
    Other {
        /// It begins like TLS; the packet that says so.
        tls: Option<PacketRef>,
    },
}

impl Flow {
    /// A connection whose first captured packet is `at`, sent from `first` to `second`.
    pub(super) fn new(ordinal: u64, first: Endpoint, second: Endpoint, at: PacketRef, state: &State) -> Flow {
        let limits = &state.limits;
        Flow {
            tcp: tcp::Connection::new(),
            above: Above::Http(Box::new(http::Connection::new(limits.head_bytes, limits.early_bytes)), None),
            below: Below {
                flow: ordinal,
                capture: state.capture,
                first,
                second,
                first_packet: at,
                last_packet: at,
                opened: false,
                ends: Ends::default(),
            },
            syn: None,
            checksums: 0,
            bad_checksums: None,
        }
    }

    /// The end that sent the first captured packet.
    pub(super) fn first(&self) -> Endpoint {
        self.below.first
    }

    /// The sequence number of the SYN that opened it, where that was captured.
    pub(super) fn syn(&self) -> Option<u32> {
        self.syn
    }

    /// Ordinal of the connection.
    pub(super) fn ordinal(&self) -> u64 {
        self.below.flow
    }

    /// Whether this segment opens another connection between the same ports.
    pub(super) fn is_followed_by(&self, side: Side, segment: &Segment<'_>) -> bool {
        self.tcp.is_followed_by(side, segment)
    }

    /// Both ends are done.
    pub(super) fn is_over(&self) -> bool {
        self.tcp.is_over()
    }

    /// Whether the connection is of no interest: `Some` with the packet that showed TLS, where it is that.
    pub(super) fn is_other(&self) -> Option<Option<PacketRef>> {
        match self.above {
            Above::Other { tls } => Some(tls),
            _ => None,
        }
    }

    /// Takes the next segment.
    pub(super) fn segment(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        packet: &Packet<'_>,
        state: &mut State,
        out: &mut Output<'_>,
    ) {
        self.check_checksum(segment, packet);
        if segment.flags.syn && segment.ack.is_none() {
            self.syn = Some(segment.seq);
        }
        let Flow { tcp, above, below, .. } = self;
        below.last_packet = packet.at;
        below.opened |= segment.flags.syn;
        let limits = state.limits.clone();
        tcp.segment(side, segment, packet.at, &limits, &mut |side, delivery| {
            below.ends.note(side, &delivery);
            above.deliver(side, &delivery, below, state, out);
        });
    }

    /// Nothing more will come: the connection is over, another took its ports, or (`capture_end`) the capture ended.
    pub(super) fn finish(self, capture_end: Option<PacketRef>, state: &mut State, out: &mut Output<'_>) {
        let Flow { mut tcp, mut above, mut below, bad_checksums, .. } = self;
        let limits = state.limits.clone();
        let last = capture_end.unwrap_or(below.last_packet);
        tcp.finish(last, &limits, &mut |side, delivery| {
            below.ends.note(side, &delivery);
            above.deliver(side, &delivery, &below, state, out);
        });
        let ending = Ending {
            tcp: below.ends.tcp(),
            last_packet: below.last_packet,
            capture_end: capture_end.filter(|_| !tcp.is_over()),
        };
        above.finish(&below, &ending, state, out);
        if let Above::WebSocket(live) = above {
            live.finish(&ending, &Captured { facts: tcp.facts(), bad_checksums }, state, out);
        }
    }

    fn check_checksum(&mut self, segment: &Segment<'_>, packet: &Packet<'_>) {
        if self.checksums == CHECKSUMS || segment.payload.is_empty() {
            return;
        }
        self.checksums += 1;
        if verify_checksum(packet) == Some(false) {
            let (count, _) = self.bad_checksums.get_or_insert((0, packet.at));
            *count += 1;
        }
    }
}

impl Above {
    fn deliver(&mut self, side: Side, delivery: &Delivery<'_>, below: &Below, state: &mut State, out: &mut Output<'_>) {
        match self {
            Above::WebSocket(live) => live.deliver(side, delivery, state, out),
            Above::Other { .. } => {}
            Above::MidStream(_) => self.search(side, delivery, below, state, out),
            Above::Http(http, beside) => {
                if matches!(delivery, Delivery::Missing(_)) {
                    beside.get_or_insert_default();
                }
                let mut steps = Vec::new();
                http.deliver(side, delivery, &mut |step| steps.push(step));
                let ending = Ending { tcp: below.ends.tcp(), last_packet: below.last_packet, capture_end: None };
                for step in steps {
                    self.step(step, below, &ending, state, out);
                }
                self.reconsider(side, delivery, below, state, out);
            }
        }
    }

    /// What is not HTTP, or not all of it, may be a WebSocket whose handshake was not captured. It may also be TLS.
    fn reconsider(
        &mut self,
        side: Side,
        delivery: &Delivery<'_>,
        below: &Below,
        state: &mut State,
        out: &mut Output<'_>,
    ) {
        if let (Above::Other { tls }, Delivery::Data(chunk)) = (&mut *self, delivery) {
            if begins_like_tls(chunk.bytes) {
                *tls = Some(chunk.packet);
            } else if !below.opened {
                *self = Above::MidStream(Box::default());
            }
        }
        self.search(side, delivery, below, state, out);
    }

    fn search(&mut self, side: Side, delivery: &Delivery<'_>, below: &Below, state: &mut State, out: &mut Output<'_>) {
        let (Above::MidStream(search) | Above::Http(_, Some(search))) = self else { return };
        let verdict = match delivery {
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
                _ => *self = Above::Other { tls: None },
            },
            Verdict::WebSocket(client) => {
                let held = std::mem::take(&mut **search).into_held();
                let mut live = Live::mid_stream(client, below, state, out);
                for (side, held) in held {
                    let Held { offset, bytes, packet, acknowledged, .. } = &held;
                    let (offset, packet, acknowledged) = (*offset, *packet, *acknowledged);
                    live.deliver(side, &Delivery::Data(Chunk { offset, bytes, packet, acknowledged }), state, out);
                }
                live.deliver_ends(below, state, out);
                *self = Above::WebSocket(Box::new(live));
            }
        }
    }

    fn step(&mut self, step: Step, below: &Below, ending: &Ending, state: &mut State, out: &mut Output<'_>) {
        match step {
            Step::NotHttp | Step::OtherProtocol => {
                *self = match self {
                    Above::Http(_, Some(beside)) => Above::MidStream(std::mem::take(beside)),
                    _ => Above::Other { tls: None },
                }
            }
            Step::Attempt(attempt) => live::attempt_failed(*attempt, ending, below, state, out),
            Step::Switched { attempt, held } => {
                *self = Above::WebSocket(Box::new(Live::switched(*attempt, &held, below, state, out)));
            }
        }
    }

    fn finish(&mut self, below: &Below, ending: &Ending, state: &mut State, out: &mut Output<'_>) {
        let Above::Http(http, _) = self else { return };
        let mut steps = Vec::new();
        http.finish(&mut |step| steps.push(step));
        for step in steps {
            self.step(step, below, ending, state, out);
        }
    }
}

/// A TLS handshake record of any version (RFC 8446 §5.1).
fn begins_like_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x16, 0x03, 0x00..=0x04, ..])
}
