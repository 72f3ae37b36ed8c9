//! The HTTP/1 state of one TCP connection: requests are matched with their answers until one switches protocols.
//!
//! What the client sends behind a request that may end HTTP (an upgrade, a CONNECT) waits until the answer says what
//! it is. What the server sends waits for the request it acknowledges, because a capture may hold them in the wrong
//! order.

mod outcome;

use crate::http::backlog::{Backlog, Item};
use crate::http::exchange::{Asks, Exchange};
use crate::http::exchanges::Exchanges;
use crate::http::head::{Head, StatusLine};
use crate::http::opening::{Opening, classify};
use crate::http::reader::{Read, Reader};
use crate::http::{Attempt, Held};
use crate::tcp::{Chunk, Delivery, Missing, Side};
use crate::{PerRole, Role};

/// CONNECTs within CONNECTs that are followed.
const TUNNEL_DEPTH: u8 = 4;
/// Unanswered requests that are remembered; a client whose server was not captured sends any number.
const OUTSTANDING: usize = 64;
/// Unanswered requests whose heads are kept.
const OUTSTANDING_HEADS: usize = 8;
/// Bytes of a client's direction that are passed over in search of a request after missing bytes.
const SEARCHED_BYTES: u64 = 16 << 10;

/// The HTTP/1 state of one TCP connection.
///
/// [`deliver`](Connection::deliver) takes what [`tcp`](crate::tcp) delivers of both directions in the order of arrival
/// and tells a [`Step`] where the caller must know. After [`Step::NotHttp`], [`Step::Switched`], [`Step::Http2`] and
/// [`Step::OtherProtocol`] it is over, and further deliveries are ignored.
#[derive(Debug)]
pub struct Connection {
    head_bytes: usize,
    early_bytes: usize,
    client: Option<Side>,
    directions: [Direction; 2],
    exchanges: Exchanges,
    /// A 101 was read; the step is told once the bytes of a hixie-76 challenge are there too.
    switch: Option<Switching>,
    hixie_body: Option<[u8; 8]>,
    /// The answer to the request that waits at the end of `exchanges` is missing from the capture.
    answer_lost: bool,
    /// Answers may have been lost: what waits in `exchanges` may have been answered.
    stale: bool,
    /// Bytes of either direction are missing.
    after_gap: bool,
    /// The client ended its stream while an upgrade request waited for its answer.
    client_left: bool,
    tunnel: Option<String>,
    depth: u8,
    early_dropped: u64,
    arrivals: u64,
    finishing: bool,
    over: bool,
}

#[derive(Debug)]
struct Direction {
    reader: Reader,
    backlog: Backlog,
    /// Offset behind the last byte that was read.
    position: u64,
    /// Offset behind the last byte that was delivered.
    delivered: u64,
    /// The last hole that was delivered, and the last one that was read past.
    hole: Option<Missing>,
    passed: Option<Missing>,
    /// FIN or RST was delivered.
    ended: bool,
    /// Nothing of this direction waits any more for what the other has not delivered.
    gate_open: bool,
}

#[derive(Debug)]
struct Switching {
    exchange: Option<Exchange>,
    response: Option<Box<Head<StatusLine>>>,
    hixie_answer: Option<[u8; 16]>,
    coalesced: bool,
    /// Not to WebSocket but to HTTP/2.
    http2: bool,
}

/// What the caller must know.
#[derive(Debug)]
pub enum Step {
    /// Neither HTTP/1 nor a tunnel: the connection can be dropped, or handed to another decoder. Told on the first
    /// bytes already where they decide.
    NotHttp,
    /// An upgrade attempt ended without a switch: refused with any status, or never answered. The HTTP connection
    /// goes on.
    Attempt(Box<Attempt>),
    /// The protocol is WebSocket from here on. Everything delivered later belongs to it.
    Switched(Switch),
    /// The protocol is HTTP/2 from here on (`Upgrade: h2c`, RFC 7540 §3.2). Everything delivered later belongs to it.
    Http2(Http2Switch),
    /// The protocol is something else from here on: the connection can be dropped.
    OtherProtocol,
}

/// How HTTP/1 became HTTP/2.
#[derive(Debug)]
pub struct Http2Switch {
    /// Which end of the connection asked.
    pub client: Side,
    /// See [`Switch::held`]; no piece is empty.
    pub held: Vec<Held>,
    /// See [`Switch::begins`].
    pub begins: PerRole<u64>,
}

/// How protocols switched.
#[derive(Debug)]
pub struct Switch {
    /// The attempt that succeeded.
    pub attempt: Box<Attempt>,
    /// The bytes behind the two heads that were delivered already, in the order of arrival. Where bytes are missing
    /// from the capture, the offsets of one sender jump; behind a hole at the end stands an empty piece.
    pub held: Vec<Held>,
    /// Where each stream goes on: the offset behind the last byte that was read as HTTP.
    pub begins: PerRole<u64>,
    /// The hole before that place, where the sender's head is not in the capture, or not all of it: frames may begin
    /// anywhere behind it.
    pub holes: PerRole<Option<Missing>>,
}

impl Connection {
    /// A connection of which nothing was seen.
    ///
    /// `head_bytes` bounds a message head and `early_bytes` what waits for an answer in one direction
    /// (see [`Limits`](crate::analysis::Limits)).
    pub fn new(head_bytes: usize, early_bytes: usize) -> Connection {
        let direction = || Direction {
            reader: Reader::new(),
            backlog: Backlog::default(),
            position: 0,
            delivered: 0,
            hole: None,
            passed: None,
            ended: false,
            gate_open: false,
        };
        Connection {
            head_bytes,
            early_bytes,
            client: None,
            directions: [direction(), direction()],
            exchanges: Exchanges::default(),
            switch: None,
            hixie_body: None,
            answer_lost: false,
            stale: false,
            after_gap: false,
            client_left: false,
            tunnel: None,
            depth: 0,
            early_dropped: 0,
            arrivals: 0,
            finishing: false,
            over: false,
        }
    }

    /// The same, in a tunnel to this target.
    pub fn in_tunnel(self, target: &str) -> Connection {
        Connection { tunnel: Some(target.to_owned()), ..self }
    }

    /// Takes a delivery of the direction in which `side` sends.
    pub fn deliver(&mut self, side: Side, delivery: &Delivery<'_>, steps: &mut impl FnMut(Step)) {
        if self.over {
            return;
        }
        match delivery {
            Delivery::Data(chunk) => self.data(side, *chunk, steps),
            Delivery::Missing(missing) => {
                self.after_gap = true;
                let direction = self.direction(side);
                direction.delivered = missing.offset.saturating_add(missing.length);
                direction.hole = Some(*missing);
                if !direction.backlog.is_empty() || self.is_waiting(side) {
                    self.direction(side).backlog.push_missing(missing.length);
                } else {
                    self.missing(side, missing.length, steps);
                }
                self.settle(steps);
            }
            Delivery::Fin(_) | Delivery::Reset(_) => {
                let waits_for_answer = self.client == Some(side) && self.is_asking_for_websocket();
                self.client_left |= waits_for_answer && !self.peek(side.other()).ended;
                self.direction(side).ended = true;
                self.settle(steps);
                self.give_up_head(side, steps);
                self.settle(steps);
            }
            Delivery::Conflict { .. } => {}
        }
    }

    /// Nothing more will come: the connection or the capture ended. An attempt that waits for its answer is told.
    pub fn finish(&mut self, steps: &mut impl FnMut(Step)) {
        self.finishing = true;
        self.settle(steps);
        if self.over {
            return;
        }
        if self.switch.is_none() && self.is_asking_for_websocket() {
            match self.went_on_without_answer() {
                true => self.switch_unseen(),
                false => self.tell_unanswered(steps),
            }
        }
        self.tell_switch(steps);
        self.over = true;
    }

    fn data(&mut self, side: Side, chunk: Chunk<'_>, steps: &mut impl FnMut(Step)) {
        let arrival = self.arrivals;
        self.arrivals += 1;
        self.direction(side).delivered = chunk.offset.saturating_add(chunk.bytes.len() as u64);
        let early_bytes = self.early_bytes;
        let backlog = &mut self.direction(side).backlog;
        if backlog.is_empty() {
            self.read(side, chunk, arrival, steps);
        } else if backlog.bytes().saturating_add(chunk.bytes.len()) <= early_bytes {
            backlog.push(&chunk, arrival);
        } else {
            self.overflow(side, &chunk, arrival, steps);
        }
        self.settle(steps);
    }

    /// More waits than may.
    fn overflow(&mut self, side: Side, chunk: &Chunk<'_>, arrival: u64, steps: &mut impl FnMut(Step)) {
        let is_client = self.client == Some(side);
        let unseen = chunk.acknowledged.is_some_and(|acknowledged| acknowledged > self.peek(side.other()).delivered);
        if is_client && self.switch.is_none() && !(unseen && self.is_asking_for_websocket()) {
            let length = chunk.bytes.len() as u64;
            self.direction(side).backlog.push_missing(length);
            self.early_dropped = self.early_dropped.saturating_add(length);
            return;
        }
        self.direction(side).backlog.push(chunk, arrival);
        if self.switch.is_some() {
            self.tell_switch(steps);
        } else if is_client {
            // It acknowledged an answer that was not captured.
            self.answer_lost = true;
        } else if self.answer_lost {
            self.not_http(steps);
        } else {
            self.direction(side).gate_open = true;
        }
    }

    /// Reads a chunk as far as it is known what it is; the rest waits at the front of the backlog.
    fn read(&mut self, side: Side, mut chunk: Chunk<'_>, arrival: u64, steps: &mut impl FnMut(Step)) {
        while !self.over && !chunk.bytes.is_empty() {
            if self.waits(side, &chunk) {
                self.direction(side).backlog.put_back(&chunk, arrival);
                break;
            }
            let head_bytes = self.head_bytes;
            let read = self.direction(side).reader.read(&mut chunk, head_bytes);
            self.direction(side).position = chunk.offset;
            match read {
                Read::More => {}
                Read::Request(head) => self.request(side, head, steps),
                Read::Response(head) => self.response(side, head, steps),
                Read::Taken(bytes) => self.taken(side, bytes),
                Read::Strange => self.strange(side, steps),
            }
            let taking = self.peek(side).reader.is_taking();
            if let Some(switch) = &mut self.switch
                && self.client != Some(side)
                && !taking
                && let Some(response) = &switch.response
            {
                switch.coalesced = !chunk.bytes.is_empty() && response.last_packet.number() == chunk.packet.number();
            }
        }
        if self.over && !chunk.bytes.is_empty() {
            self.direction(side).backlog.put_back(&chunk, arrival);
        }
    }

    /// After [`Step::NotHttp`] or [`Step::OtherProtocol`]: what was delivered and is not HTTP, in the order of arrival.
    pub fn take_unread(&mut self) -> Vec<(Side, Held)> {
        let client = self.client.unwrap_or(Side::First);
        let mut waiting = self.take_waiting();
        waiting.retain(|(data, _)| !data.bytes.is_empty());
        waiting
            .into_iter()
            .map(|(data, side)| (side, data.held(if side == client { Role::Client } else { Role::Server })))
            .collect()
    }

    /// The target of the last CONNECT that was agreed to: the tunnel that later bytes went through.
    pub fn tunnel(&self) -> Option<&str> {
        self.tunnel.as_deref()
    }

    /// Reads what waited and need not wait any more.
    fn settle(&mut self, steps: &mut impl FnMut(Step)) {
        let mut progress = true;
        while progress && !self.over {
            progress = false;
            if self.switch.is_some() && !self.directions.iter().any(|direction| direction.reader.is_taking()) {
                self.tell_switch(steps);
            }
            self.judge_lost_answer(steps);
            for side in [Side::First, Side::Second] {
                while !self.over && self.is_front_ready(side) {
                    progress = true;
                    match self.direction(side).backlog.pop() {
                        Some(Item::Data(data)) => self.read(side, data.chunk(), data.arrival, steps),
                        Some(Item::Missing(length)) => self.missing(side, length, steps),
                        None => {}
                    }
                }
            }
        }
    }

    fn is_front_ready(&self, side: Side) -> bool {
        match self.peek(side).backlog.front() {
            None => false,
            Some(Item::Data(data)) => !self.waits(side, &data.chunk()),
            Some(Item::Missing(_)) => !self.is_waiting(side),
        }
    }

    /// Whether the next bytes of this direction cannot be read before the other direction says more.
    fn waits(&self, side: Side, chunk: &Chunk<'_>) -> bool {
        if self.is_waiting(side) {
            return true;
        }
        let (this, other) = (self.peek(side), self.peek(side.other()));
        match self.client {
            Some(client) if client == side => return false,
            None if matches!(classify(chunk.bytes), Opening::Request | Opening::Neither) => return false,
            _ => {}
        }
        if self.answer_lost {
            return classify(chunk.bytes) != Opening::Response;
        }
        // The server had read more of the client's bytes than were delivered: its answer came out of order.
        this.reader.is_at_start()
            && self.exchanges.is_empty()
            && !(this.gate_open || other.ended || self.finishing)
            && chunk.acknowledged.is_some_and(|acknowledged| acknowledged > other.delivered)
    }

    /// Whether what this direction sends next belongs to another protocol, or may.
    fn is_waiting(&self, side: Side) -> bool {
        let reader = &self.peek(side).reader;
        match self.switch {
            Some(_) => !reader.is_taking(),
            None => {
                let asks = self.exchanges.back().is_some_and(|exchange| exchange.asks != Asks::Answer);
                self.client == Some(side) && asks && (reader.is_at_start() || reader.is_lost())
            }
        }
    }

    fn taken(&mut self, side: Side, bytes: [u8; 16]) {
        if self.client == Some(side) {
            self.hixie_body = bytes.first_chunk().copied();
        } else if let Some(switch) = &mut self.switch {
            switch.hixie_answer = Some(bytes);
        }
    }

    /// What should be a message head is none.
    fn strange(&mut self, side: Side, steps: &mut impl FnMut(Step)) {
        let is_client = self.client == Some(side);
        let unknown = self.client.is_none();
        let reader = &mut self.direction(side).reader;
        let hopeless = match reader.is_lost() {
            true => unknown || (is_client && reader.skipped() > SEARCHED_BYTES),
            false => !reader.seen_head,
        };
        if hopeless {
            self.not_http(steps);
        } else if !reader.is_lost() {
            reader.lose();
        }
    }

    /// Bytes that would be read now are not in the capture.
    fn missing(&mut self, side: Side, length: u64, steps: &mut impl FnMut(Step)) {
        let direction = self.direction(side);
        direction.passed = direction.hole.map(|hole| Missing { offset: direction.position, length, ..hole });
        direction.position = direction.position.saturating_add(length);
        let switching = direction.reader.partial_head().is_some_and(is_101);
        if direction.reader.pass_missing(length) || self.switch.is_some() || self.client != Some(side.other()) {
            return;
        }
        match self.exchanges.back().map(|exchange| exchange.asks.clone()) {
            Some(Asks::WebSocket) if switching => self.switch_unseen(),
            Some(Asks::WebSocket) => self.answer_lost = true,
            Some(Asks::Tunnel(target)) => {
                // What follows tells whether there is a tunnel: it is HTTP either way, or nobody's concern.
                self.enter_tunnel(target, steps);
                self.direction(side).reader.lose();
            }
            _ => self.stale = true,
        }
    }

    /// The rest of an incomplete head will not come, or does not count.
    fn give_up_head(&mut self, side: Side, steps: &mut impl FnMut(Step)) {
        if self.over || self.switch.is_some() || self.peek(side).reader.partial_head().is_none() {
            return;
        }
        match self.direction(side).reader.give_up_head() {
            Read::Request(head) => self.request(side, head, steps),
            Read::Response(head) => self.response(side, head, steps),
            _ => {}
        }
    }

    fn direction(&mut self, side: Side) -> &mut Direction {
        &mut self.directions[side as usize]
    }

    fn peek(&self, side: Side) -> &Direction {
        &self.directions[side as usize]
    }
}

/// Whether an incomplete response head is that of a 101.
fn is_101(head: &[u8]) -> bool {
    head.get(8..12) == Some(b" 101")
}
