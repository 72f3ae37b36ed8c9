//! An HTTP/2 connection: both directions in, WebSocket streams out.

use super::facts::{Opening, StreamEvent, StreamFact};
use super::fields::Fields;
use super::frame::{END_STREAM, FrameHeader, Kind};
use super::frames::{Frames, Payload, Piece, Span};
use super::gate::{Gate, Held};
use super::hpack::Decoder;
use super::requests::{Block, Settings};
use super::stream::{Phase, Stream};
use super::suspects::Suspects;
use crate::capture::PacketRef;
use crate::http::Attempt;
use crate::tcp::{Chunk, Delivery, Fin, Missing, Side};
use crate::{PerRole, Role};
use std::collections::{BTreeMap, VecDeque};

/// Streams that are over and still remembered: the other side may not have heard of it.
const OVER: usize = 64;

/// Bounds on what a connection keeps; see [`Limits`](crate::Limits).
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of one header block, and of the fields it becomes.
    pub head_bytes: usize,
    /// Bytes of requests and of what clients send behind them that wait for answers, on all streams together.
    pub waiting_bytes: usize,
    /// Bytes that clients send before the answer to their requests, on all streams together.
    pub early_bytes: usize,
    /// Bytes of each dynamic table.
    pub table_bytes: usize,
    /// WebSocket streams and tunnels at a time.
    pub streams: usize,
}

/// What the caller must know.
#[derive(Debug)]
pub enum Step<'a> {
    /// A request for a WebSocket was refused, or had no answer.
    Refused {
        /// The request and what came back.
        attempt: Box<Attempt>,
        /// What HTTP/2 says of it.
        opening: Opening,
    },
    /// A WebSocket begins.
    Opened {
        /// The request and its answer.
        attempt: Box<Attempt>,
        /// What HTTP/2 says of it.
        opening: Opening,
    },
    /// A plain CONNECT was agreed to (RFC 9113 §8.5): the stream is a tunnel, and its bytes may be anything.
    Tunnel {
        /// The stream.
        stream: u32,
        /// Where it leads: the `:authority` of the request.
        target: String,
        /// The first packet of the request.
        packet: PacketRef,
    },
    /// What an opened stream delivers, or one that may be a WebSocket since its request may have been lost. Offsets are those of the stream: its bytes are the payload of its DATA frames.
    /// END_STREAM is told as FIN, RST_STREAM as RST.
    Delivery {
        /// The stream.
        stream: u32,
        /// Who sent it.
        side: Side,
        /// What.
        delivery: Delivery<'a>,
    },
    /// HTTP/2 did something to an opened stream; told before the [`Step::Delivery`] that it is.
    Event {
        /// The stream.
        stream: u32,
        /// What was done.
        event: StreamEvent,
    },
    /// Nothing more is told of this stream, which is over.
    Over {
        /// The stream.
        stream: u32,
    },
}

/// See the module.
#[derive(Debug)]
pub struct Connection {
    pub(super) bounds: Bounds,
    pub(super) client: Option<Side>,
    gate: Gate,
    directions: [Direction; 2],
    /// The streams that WebSockets or tunnels were asked for on.
    pub(super) streams: BTreeMap<u32, Stream>,
    /// Those that are over, the oldest first.
    over: VecDeque<u32>,
    /// What requests that wait cost together, and the bytes held behind them.
    pub(super) waiting: usize,
    pub(super) held: usize,
    pub(super) settings: Settings,
    pub(super) fields: Fields,
    /// What can be told once there is a stream to tell it of.
    pending: Vec<StreamEvent>,
    /// [`StreamFact::TooManyStreams`] was told.
    pub(super) crowded: bool,
    /// Streams that may be WebSockets, since requests were lost.
    pub(super) suspects: Suspects,
}

/// One direction of the connection.
#[derive(Debug)]
pub(super) struct Direction {
    frames: Frames,
    pub(super) hpack: Decoder,
    /// The header block that is being put together.
    pub(super) block: Option<Box<Block>>,
    /// Offset behind what was delivered.
    pub(super) delivered: u64,
    /// Frames of it are missing.
    pub(super) lossy: bool,
}

impl Connection {
    /// A connection that this client begins with the preface.
    pub fn new(client: Side, bounds: Bounds) -> Connection {
        let frames = |side| if side == client { Frames::behind_preface() } else { Frames::default() };
        Connection::with(Some(client), [frames(Side::First), frames(Side::Second)], bounds)
    }

    /// A connection that was HTTP/1 up to these offsets. The client sends the preface all the same (RFC 7540 §3.2).
    pub fn upgraded(client: Side, begins: PerRole<u64>, bounds: Bounds) -> Connection {
        let mut connection = Connection::new(client, bounds);
        connection.gate = Gate::from(client, begins);
        connection
    }

    /// A connection that was open before the capture began: the boundaries between frames, and which side is the client,
    /// are yet to be found, and what is in the HPACK tables is lost.
    pub fn mid_stream(bounds: Bounds) -> Connection {
        Connection::with(None, [Frames::lost(), Frames::lost()], bounds)
    }

    fn with(client: Option<Side>, frames: [Frames; 2], bounds: Bounds) -> Connection {
        let lossy = client.is_none();
        let directions = frames.map(|frames| {
            let mut hpack = Decoder::new(bounds.table_bytes);
            if lossy {
                hpack.lose();
            }
            Direction { frames, hpack, block: None, delivered: 0, lossy }
        });
        Connection {
            bounds,
            client,
            gate: Gate::default(),
            directions,
            streams: BTreeMap::new(),
            over: VecDeque::new(),
            waiting: 0,
            held: 0,
            settings: Settings::default(),
            fields: Fields::default(),
            pending: Vec::new(),
            crowded: false,
            suspects: Suspects::new(lossy),
        }
    }

    /// Takes what the connection delivers.
    pub fn deliver(&mut self, side: Side, delivery: &Delivery<'_>, steps: &mut dyn FnMut(Step<'_>)) {
        let mut gate = std::mem::take(&mut self.gate);
        gate.pass(side, delivery, &mut |side, delivery| self.take(side, delivery, steps));
        self.gate = gate;
    }

    /// Nothing more will come: tells of the requests that still wait. Streams that are open stay so.
    pub fn finish(&mut self, steps: &mut dyn FnMut(Step<'_>)) {
        let mut gate = std::mem::take(&mut self.gate);
        gate.finish(&mut |side, delivery| self.take(side, delivery, steps));
        self.give_up(|_| true, None, steps);
    }

    fn take(&mut self, side: Side, delivery: &Delivery<'_>, steps: &mut dyn FnMut(Step<'_>)) {
        match *delivery {
            Delivery::Data(chunk) => {
                self.direction(side).delivered = chunk.offset.saturating_add(chunk.bytes.len() as u64);
                let mut frames = std::mem::take(&mut self.direction(side).frames);
                let known: Vec<u32> = match frames.is_lost() {
                    true => self.streams.keys().copied().collect(),
                    false => Vec::new(),
                };
                let bound = self.bounds.head_bytes;
                frames.data(chunk, &known, bound, &mut |piece| self.piece(side, piece, steps));
                self.direction(side).frames = frames;
            }
            Delivery::Missing(missing) => {
                self.direction(side).delivered = missing.offset.saturating_add(missing.length);
                let mut frames = std::mem::take(&mut self.direction(side).frames);
                frames.missing(missing, &mut |piece| self.piece(side, piece, steps));
                self.direction(side).frames = frames;
            }
            // Which stream the bytes belong to is not kept for long enough to say.
            Delivery::Conflict { .. } => {}
            Delivery::Fin(fin) => {
                // A FIN takes up the sequence number behind the last byte (RFC 9293 §3.4).
                let end = self.direction(side).delivered.saturating_add(1);
                for id in self.open_streams() {
                    let Some(stream) = self.streams.get_mut(&id) else { continue };
                    if !stream.is_over() && !stream.half(side).ended {
                        stream.half(side).end(end);
                        let acknowledged = received(stream, side, fin.acknowledged);
                        self.tell(id, side, Delivery::Fin(Fin { acknowledged, ..fin }), steps);
                    }
                }
            }
            Delivery::Reset(packet) => {
                for id in self.open_streams() {
                    let Some(stream) = self.streams.get_mut(&id) else { continue };
                    if !stream.is_over() {
                        stream.reset = true;
                        self.tell(id, side, Delivery::Reset(packet), steps);
                    }
                }
            }
        }
    }

    /// Takes a frame, or a part of a DATA frame.
    fn piece(&mut self, side: Side, piece: Piece<'_>, steps: &mut dyn FnMut(Step<'_>)) {
        match piece {
            Piece::Data { stream, chunk } => self.data(side, stream, chunk, steps),
            Piece::DataMissing { stream, missing } => self.data_missing(side, stream, missing, steps),
            Piece::End { header, span, payload } => self.frame(side, header, &span, payload, steps),
            Piece::Lost { missing } => {
                self.lose_block(side);
                self.direction(side).lossy = true;
                if self.client != Some(side.other()) {
                    self.suspects.begin();
                }
                for id in self.open_streams() {
                    self.data_missing(side, id, missing, steps);
                }
            }
        }
    }

    fn data(&mut self, side: Side, id: u32, chunk: Chunk<'_>, steps: &mut dyn FnMut(Step<'_>)) {
        let answer_lost = self.direction(side).lossy && self.client == Some(side.other());
        if !self.streams.contains_key(&id) && self.streams.len() < self.bounds.streams && self.suspects.takes(id) {
            self.streams.insert(id, Stream::open());
        }
        let Some(stream) = self.streams.get_mut(&id) else { return };
        let acknowledged = received(stream, side, chunk.acknowledged);
        let local = Chunk { offset: stream.half(side).offset, acknowledged, ..chunk };
        let delivery = Delivery::Data(local);
        match &mut stream.phase {
            Phase::Open => {
                stream.half(side).advance(chunk.offset, chunk.bytes.len() as u64);
                self.tell(id, side, delivery, steps);
            }
            Phase::Asked(asked) if self.client == Some(side) => {
                asked.first_held.get_or_insert((chunk.packet, chunk.acknowledged));
                if self.held.saturating_add(chunk.bytes.len()) > self.bounds.early_bytes || asked.dropped > 0 {
                    asked.dropped = asked.dropped.saturating_add(chunk.bytes.len() as u64);
                    return;
                }
                asked.held.push(Held::new(&delivery));
                asked.cost += chunk.bytes.len();
                self.held += chunk.bytes.len();
                self.waiting += chunk.bytes.len();
                stream.half(side).advance(chunk.offset, chunk.bytes.len() as u64);
            }
            // Data of the server shows that it agreed, in frames that were not captured.
            Phase::Asked(_) if answer_lost => {
                self.open_unanswered(id, steps);
                self.data(side, id, chunk, steps);
            }
            Phase::Asked(_) => {}
        }
    }

    fn data_missing(&mut self, side: Side, id: u32, missing: Missing, steps: &mut dyn FnMut(Step<'_>)) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        if stream.half(side).ended {
            return;
        }
        let local = Missing { offset: stream.half(side).offset, ..missing };
        if missing.cause != crate::tcp::MissingCause::Unplaced {
            stream.half(side).advance(missing.offset, missing.length);
        }
        match &mut stream.phase {
            Phase::Open => self.tell(id, side, Delivery::Missing(local), steps),
            Phase::Asked(asked) if self.client == Some(side) && asked.held.len() < self.bounds.early_bytes / 64 => {
                asked.held.push(Held::new(&Delivery::Missing(local)));
            }
            Phase::Asked(_) => {}
        }
    }

    fn frame(
        &mut self,
        side: Side,
        header: FrameHeader,
        span: &Span,
        payload: Payload<'_>,
        steps: &mut dyn FnMut(Step<'_>),
    ) {
        // RFC 9113 §4.3: nothing comes between the frames of a header block.
        if header.kind != Kind::CONTINUATION && self.direction(side).block.is_some() {
            self.lose_block(side);
        }
        match header.kind {
            Kind::DATA if header.has(END_STREAM) => self.end_half(side, header.stream, span, steps),
            Kind::HEADERS | Kind::PUSH_PROMISE => self.begin_block(side, header, span, payload, steps),
            Kind::CONTINUATION => self.continue_block(side, header, span, payload, steps),
            Kind::RST_STREAM => {
                let code = match payload {
                    Payload::Kept(bytes) => bytes.first_chunk().copied().map(u32::from_be_bytes),
                    Payload::Damaged | Payload::TooLong => None,
                };
                self.reset(side, header.stream, code, span.packet, steps);
            }
            Kind::SETTINGS if self.client == Some(side.other()) => {
                if let Payload::Kept(bytes) = payload {
                    let mut told = Vec::new();
                    self.settings.take(&header, bytes, span, &mut |fact| told.push(fact));
                    for fact in told {
                        self.note(StreamEvent { sender: Role::Server, packet: span.packet, fact }, steps);
                    }
                }
            }
            Kind::GOAWAY if self.client == Some(side.other()) => {
                // RFC 9113 §6.8: what stands behind the last stream was not looked at.
                if let Payload::Kept(&[a, b, c, d, ..]) = payload {
                    let last = u32::from_be_bytes([a & 0x7F, b, c, d]);
                    self.give_up(|id| id > last, Some(super::facts::Cut::GoAway), steps);
                }
            }
            _ => {}
        }
    }

    /// END_STREAM: the sender ends its half of the stream.
    pub(super) fn end_half(&mut self, side: Side, id: u32, span: &Span, steps: &mut dyn FnMut(Step<'_>)) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        if stream.half(side).ended || stream.reset {
            return;
        }
        let acknowledged = received(stream, side, span.acknowledged);
        stream.half(side).end(span.end);
        let fin = Delivery::Fin(Fin { packet: span.packet, acknowledged });
        match &mut stream.phase {
            Phase::Open => {
                self.event(id, side, span.packet, StreamFact::EndStream, steps);
                self.tell(id, side, fin, steps);
                self.leave_if_over(id, steps);
            }
            Phase::Asked(asked) => asked.held.push(Held::new(&fin)),
        }
    }

    fn reset(&mut self, side: Side, id: u32, code: Option<u32>, packet: PacketRef, steps: &mut dyn FnMut(Step<'_>)) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        match &stream.phase {
            Phase::Asked(_) => {
                let sender = self.role(side);
                self.give_up(|asked| asked == id, Some(super::facts::Cut::Reset { sender, code }), steps);
            }
            // The answer to a reset, or what a server sends behind its end to have the client stop (RFC 9113 §8.1).
            Phase::Open if stream.is_over() => {}
            Phase::Open => {
                stream.reset = true;
                self.event(id, side, packet, StreamFact::Reset(code), steps);
                self.tell(id, side, Delivery::Reset(packet), steps);
                self.leave_if_over(id, steps);
            }
        }
    }

    /// Tells what belongs to the connection of the first stream that is open, or of the next one that will be.
    pub(super) fn note(&mut self, event: StreamEvent, steps: &mut dyn FnMut(Step<'_>)) {
        let open = self.streams.iter().find(|(_, stream)| matches!(stream.phase, Phase::Open) && !stream.tunnel);
        match open {
            Some((&stream, _)) => steps(Step::Event { stream, event }),
            // Once is enough for each.
            None if self.pending.iter().any(|pending| pending.fact == event.fact) => {}
            None => self.pending.push(event),
        }
    }

    /// Tells what had to wait for a stream.
    pub(super) fn tell_pending(&mut self, stream: u32, steps: &mut dyn FnMut(Step<'_>)) {
        for event in std::mem::take(&mut self.pending) {
            steps(Step::Event { stream, event });
        }
    }

    pub(super) fn event(
        &self,
        stream: u32,
        side: Side,
        packet: PacketRef,
        fact: StreamFact,
        steps: &mut dyn FnMut(Step<'_>),
    ) {
        steps(Step::Event { stream, event: StreamEvent { sender: self.role(side), packet, fact } });
    }

    pub(super) fn tell(&self, stream: u32, side: Side, delivery: Delivery<'_>, steps: &mut dyn FnMut(Step<'_>)) {
        steps(Step::Delivery { stream, side, delivery });
    }

    /// A stream that is over is forgotten after a while.
    pub(super) fn leave_if_over(&mut self, id: u32, steps: &mut dyn FnMut(Step<'_>)) {
        if !self.streams.get(&id).is_some_and(Stream::is_over) {
            return;
        }
        self.over.push_back(id);
        if self.over.len() > OVER
            && let Some(stream) = self.over.pop_front()
        {
            self.streams.remove(&stream);
            steps(Step::Over { stream });
        }
    }

    /// The header block that is being put together, and what it would have added to the table, is lost.
    pub(super) fn lose_block(&mut self, side: Side) {
        let direction = self.direction(side);
        direction.block = None;
        direction.hpack.lose();
    }

    fn open_streams(&self) -> Vec<u32> {
        self.streams.keys().copied().collect()
    }

    pub(super) fn role(&self, side: Side) -> Role {
        if self.client == Some(side) { Role::Client } else { Role::Server }
    }

    /// A stream is no WebSocket after all, and nothing more need be told of it.
    pub fn forget(&mut self, stream: u32) {
        self.streams.remove(&stream);
        self.suspects.clear_of(stream);
    }

    pub(super) fn direction(&mut self, side: Side) -> &mut Direction {
        &mut self.directions[side as usize]
    }
}

/// What a sender who had received so much of the connection had received of the stream.
pub(super) fn received(stream: &mut Stream, side: Side, connection: Option<u64>) -> Option<u64> {
    stream.half(side.other()).received(connection?)
}
