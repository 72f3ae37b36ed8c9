//! One TCP connection with the layers above it, as far up as is known.

use super::above::Above;
use super::flows::FlowId;
use super::live::{Below, Captured, Ends};
use super::said::Hear;
use super::state::State;
use super::timeline::Marks;
use crate::Limits;
use crate::capture::{Packet, PacketRef};
use crate::fetch::fetch;
use crate::packet::{Endpoint, Segment, verify_checksum};
use crate::tcp::{self, Delivery, Side, Spare};
use crate::websocket::Ending;
use std::sync::Arc;

/// Segments of a connection whose checksum is looked at: enough to see offloading or damage, at no cost to speed.
const CHECKSUMS: u8 = 8;

/// What the TCP connections of a set have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) limits: Arc<Limits>,
    pub(super) spare: Spare,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Flow {
    tcp: tcp::Connection,
    above: Above,
    below: Below,
    syn: Option<u32>,
    checksums: u8,
    bad_checksums: Option<Box<(u32, PacketRef)>>,
}

/// How deep to look.
#[derive(Clone, Copy, Debug)]
pub(super) enum Depth {
    Flow,
    Live,
    /// What the decoder points at, and who judges it.
    Judge,
    /// What that points at.
    Ended,
}

impl Flow {
    /// A connection whose first captured packet is `at`, sent from `first` to `second`.
    #[inline]
    pub(super) fn new(id: FlowId, first: Endpoint, second: Endpoint, at: PacketRef, state: &State) -> Flow {
        Flow {
            tcp: tcp::Connection::new(),
            above: Above::begin(),
            below: Below {
                flow: id,
                first,
                second,
                first_packet: at,
                last_packet: at,
                opened: false,
                http2: false,
                tls: None,
                tunnel: None,
                depth: 0,
                ends: Ends::default(),
                marks: state.options.timeline.then(Box::<Marks>::default),
            },
            syn: None,
            checksums: 0,
            bad_checksums: None,
        }
    }

    /// Which end sent this segment: the first is the one that sent the first captured packet.
    #[inline]
    pub(super) fn side(&self, segment: &Segment<'_>) -> Side {
        if self.below.first == segment.source { Side::First } else { Side::Second }
    }

    /// The sequence number of the SYN that opened it, where that was captured.
    pub(super) fn syn(&self) -> Option<u32> {
        self.syn
    }

    /// Tells it from others.
    pub(super) fn id(&self) -> FlowId {
        self.below.flow
    }

    /// In which group it is.
    pub(super) fn group(&self) -> usize {
        self.below.group()
    }

    /// Whether this segment opens another connection between the same ports.
    pub(super) fn is_followed_by(&self, side: Side, segment: &Segment<'_>) -> bool {
        self.tcp.is_followed_by(side, segment)
    }

    /// Whether the connection is of no interest.
    pub(super) fn is_other(&self) -> bool {
        self.above.is_other()
    }

    /// Bytes of TLS that wait for secrets.
    pub(super) fn waiting_bytes(&self) -> usize {
        match &self.above {
            Above::Tls(secured) => secured.waiting_bytes(),
            _ => 0,
        }
    }

    /// Takes the next segment. Says whether with it both ends are done.
    #[inline(always)]
    pub(super) fn segment(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        packet: &Packet<'_>,
        shared: &mut Shared,
        state: &mut State,
        out: &mut dyn Hear,
    ) -> bool {
        self.look(Depth::Live, out);
        if self.checksums < CHECKSUMS && !segment.payload.is_empty() {
            self.check_checksum(packet);
        }
        if segment.flags.syn && segment.ack.is_none() {
            self.syn = Some(segment.seq);
        }
        let Flow { tcp, above, below, .. } = self;
        below.last_packet = packet.at;
        below.opened |= segment.flags.syn;
        if let Some(marks) = &mut below.marks {
            marks.note(side, segment, packet.at);
        }
        let Shared { limits, spare } = shared;
        let is_over = match tcp.ordinary(side, segment, packet.at, limits, spare) {
            Some(chunk) => {
                if !chunk.bytes.is_empty() {
                    above.deliver(side, &Delivery::Data(chunk), below, state, out);
                }
                false
            }
            None => tcp.any_segment(side, segment, packet.at, limits, spare, &mut |side, delivery| {
                below.ends.note(side, &delivery, above.needs_ends());
                above.deliver(side, &delivery, below, state, out);
            }),
        };
        let flags = segment.flags;
        // What closes a connection often has no window.
        if state.options.opt_in
            && segment.window == 0
            && !(flags.syn || flags.fin || flags.rst)
            && let Some(live) = above.live()
        {
            live.zero_window(side, packet.at, out);
        }
        is_over
    }

    /// Fetches what a segment or [`finish`](Self::finish) will read, so that its lines come at once instead of one after the
    /// other. What lies deeper is found by what lies above it, and is to be looked at when that has come.
    #[inline]
    pub(super) fn look(&self, depth: Depth, out: &dyn Hear) {
        match (depth, &self.above) {
            (Depth::Flow, _) => fetch(self),
            (Depth::Live, Above::WebSocket(live)) => fetch(&**live),
            (Depth::Judge | Depth::Ended, Above::WebSocket(live)) => live.look(depth, out),
            _ => {}
        }
    }

    /// Nothing more will come: the connection is over, another took its ports, or (`capture_end`) the capture ended.
    pub(super) fn finish(
        mut self: Box<Self>,
        capture_end: Option<PacketRef>,
        limits: &Limits,
        state: &mut State,
        out: &mut dyn Hear,
    ) {
        let Flow { tcp, above, below, bad_checksums, .. } = &mut *self;
        let last = capture_end.unwrap_or(below.last_packet);
        tcp.finish(last, limits, &mut |side, delivery| {
            below.ends.note(side, &delivery, above.needs_ends());
            above.deliver(side, &delivery, below, state, out);
        });
        let ending = Ending {
            tcp: below.ends.tcp(),
            last_packet: below.last_packet,
            capture_end: capture_end.filter(|_| !tcp.is_over()),
        };
        let bad_checksums = bad_checksums.as_deref().copied();
        let captured = Captured { facts: tcp.facts(), bad_checksums, marks: below.marks.take() };
        std::mem::replace(above, Above::Other).finish(below, &ending, &captured, state, out);
    }

    #[inline(never)]
    fn check_checksum(&mut self, packet: &Packet<'_>) {
        self.checksums += 1;
        if verify_checksum(packet) == Some(false) {
            self.bad_checksums.get_or_insert_with(|| Box::new((0, packet.at))).0 += 1;
        }
    }
}
