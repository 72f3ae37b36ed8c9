//! What requests and answers amount to: a refusal, a tunnel, a switch, or an answer that was never seen.

use super::{Connection, Http2Switch, OUTSTANDING, OUTSTANDING_HEADS, Step, Switch, Switching, TUNNEL_DEPTH};
use crate::http::Attempt;
use crate::http::backlog::{Item, Waiting};
use crate::http::body::Body;
use crate::http::exchange::{self, Asks, Exchange};
use crate::http::head::{Fault, Head, RequestLine, StatusLine};
use crate::http::opening::{Opening, classify};
use crate::http::reader::Reader;
use crate::tcp::{Missing, Side};
use crate::{PerRole, Role};

impl Connection {
    pub(super) fn request(&mut self, side: Side, head: Box<Head<RequestLine>>, steps: &mut impl FnMut(Step)) {
        if *self.client.get_or_insert(side) != side {
            return self.not_http(steps);
        }
        if std::mem::take(&mut self.stale) {
            self.exchanges.clear();
        }
        let finished = !head.faults.contains(&Fault::Unfinished);
        let is_hixie = exchange::has_hixie_keys(&head);
        let body = Body::of_request(&head);
        let mut exchange = Exchange::new(head);
        let reader = &mut self.direction(side).reader;
        match exchange.asks {
            _ if !finished => {}
            Asks::WebSocket if is_hixie => reader.take(8),
            // RFC 9110 §9.3.6: what follows a CONNECT belongs to the tunnel.
            Asks::Tunnel(_) => {}
            _ => reader.enter(body),
        }
        self.direction(side.other()).reader.expect_next();
        if exchange.asks == Asks::Answer && self.exchanges.len() >= OUTSTANDING_HEADS {
            exchange.head = None;
        }
        if self.exchanges.len() >= OUTSTANDING {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back(exchange);
    }

    pub(super) fn response(&mut self, side: Side, head: Box<Head<StatusLine>>, steps: &mut impl FnMut(Step)) {
        if *self.client.get_or_insert(side.other()) == side {
            return self.not_http(steps);
        }
        let status = head.line.status;
        // RFC 9110 §15.2: interim answers come before the answer.
        if matches!(status, 100 | 102..=199) {
            return;
        }
        if self.exchanges.is_empty() {
            // Answered before the empty line: to this server the head was complete.
            self.give_up_head(side.other(), steps);
        }
        let exchange = self.exchanges.pop_front();
        self.stale = false;
        self.answer_lost = false;
        let unfinished = head.faults.contains(&Fault::Unfinished);
        match exchange.as_ref().map(|exchange| &exchange.asks) {
            _ if status == 101 && !unfinished => return self.switch(side, exchange, head, steps),
            Some(Asks::Tunnel(target)) if (200..300).contains(&status) && !unfinished => {
                let target = target.clone();
                return self.enter_tunnel(target, steps);
            }
            _ => {}
        }
        let to_head = exchange.as_ref().is_some_and(|exchange| exchange.is_head);
        if !unfinished {
            self.direction(side).reader.enter(Body::of_response(&head, to_head));
        }
        if exchange.as_ref().is_some_and(|exchange| exchange.asks == Asks::WebSocket) {
            let attempt = self.attempt(exchange, Some(head));
            steps(Step::Attempt(attempt));
        }
    }

    /// A 101 was read (RFC 9110 §15.2.2).
    pub(super) fn switch(
        &mut self,
        side: Side,
        exchange: Option<Exchange>,
        response: Box<Head<StatusLine>>,
        steps: &mut impl FnMut(Step),
    ) {
        if !exchange::switches_to_websocket(exchange.as_ref(), &response) {
            if exchange::switches_to_http2(&response) {
                let (exchange, response) = (None, Some(response));
                self.switch = Some(Switching { exchange, response, hixie_answer: None, coalesced: false, http2: true });
                return;
            }
            self.over = true;
            return steps(Step::OtherProtocol);
        }
        let request = exchange.as_ref().and_then(|exchange| exchange.head.as_deref());
        if exchange::has_hixie_answer(request, &response) {
            self.direction(side).reader.take(16);
        }
        let response = Some(response);
        self.switch = Some(Switching { exchange, response, hixie_answer: None, coalesced: false, http2: false });
    }

    /// The answer was not captured, but the client went on as after a 101.
    pub(super) fn switch_unseen(&mut self) {
        let exchange = self.exchanges.pop_back();
        self.exchanges.clear();
        self.answer_lost = false;
        self.switch = Some(Switching { exchange, response: None, hixie_answer: None, coalesced: false, http2: false });
    }

    pub(super) fn enter_tunnel(&mut self, target: String, steps: &mut impl FnMut(Step)) {
        self.depth += 1;
        if self.depth > TUNNEL_DEPTH {
            return self.not_http(steps);
        }
        self.tunnel = Some(target);
        self.exchanges.clear();
        for direction in &mut self.directions {
            direction.reader = Reader::new();
        }
    }

    /// The answer to an upgrade request is missing: what the client sent next tells whether it was a 101.
    pub(super) fn judge_lost_answer(&mut self, steps: &mut impl FnMut(Step)) {
        let (true, Some(client)) = (self.answer_lost, self.client) else { return };
        let prefix = self.peek(client).backlog.prefix();
        match classify(&prefix) {
            _ if prefix.is_empty() => {}
            Opening::Request => {
                self.tell_unanswered(steps);
                self.direction(client.other()).reader.lose();
            }
            Opening::Response | Opening::Neither => self.switch_unseen(),
            Opening::Undecided => {}
        }
    }

    /// Whether the client, when it sent what waits, had received an answer that was not captured, and what waits is
    /// no HTTP.
    pub(super) fn went_on_without_answer(&self) -> bool {
        let Some(client) = self.client else { return false };
        let backlog = &self.peek(client).backlog;
        let server = self.peek(client.other());
        let Some(Item::Data(first)) = backlog.front() else { return false };
        first.acknowledged.is_some_and(|acknowledged| acknowledged > server.delivered)
            && classify(&backlog.prefix()) == Opening::Neither
    }

    pub(super) fn is_asking_for_websocket(&self) -> bool {
        self.exchanges.back().is_some_and(|exchange| exchange.asks == Asks::WebSocket)
    }

    /// Tells that the upgrade request in waiting was not answered; what waited behind it is read on.
    pub(super) fn tell_unanswered(&mut self, steps: &mut impl FnMut(Step)) {
        let exchange = self.exchanges.pop_back();
        self.exchanges.clear();
        let attempt = self.attempt(exchange, None);
        self.answer_lost = false;
        steps(Step::Attempt(attempt));
    }

    pub(super) fn not_http(&mut self, steps: &mut impl FnMut(Step)) {
        if self.is_asking_for_websocket() {
            self.tell_unanswered(steps);
        }
        self.over = true;
        steps(Step::NotHttp);
    }

    pub(super) fn tell_switch(&mut self, steps: &mut impl FnMut(Step)) {
        let Some(Switching { exchange, response, hixie_answer, coalesced, http2 }) = self.switch.take() else { return };
        // Without the answer it cannot be told what came before it.
        self.answer_lost = response.is_none();
        let mut attempt = self.attempt(exchange, response);
        attempt.switched = true;
        attempt.hixie_answer = hixie_answer;
        attempt.first_frame_coalesced = coalesced;
        let client = attempt.client;
        let role = |side| if side == client { Role::Client } else { Role::Server };
        let held = self.take_waiting().into_iter().map(|(data, side)| data.held(role(side))).collect();
        self.over = true;
        let begins =
            PerRole { client: self.peek(attempt.client).position, server: self.peek(attempt.client.other()).position };
        if http2 {
            return steps(Step::Http2(Http2Switch { client: attempt.client, held, begins }));
        }
        let hole = |side, known| if known { None } else { self.peek(side).passed };
        let has_request = attempt.request.as_deref().is_some_and(is_whole);
        let holes = PerRole {
            client: hole(attempt.client, has_request),
            server: hole(attempt.client.other(), attempt.response.as_deref().is_some_and(is_whole)),
        };
        steps(Step::Switched(Switch { attempt, held, begins, holes }));
    }

    /// What waits in both directions, in the order of arrival. Behind a hole at the end of one stands an empty piece.
    pub(super) fn take_waiting(&mut self) -> Vec<(Waiting, Side)> {
        let mut waiting = Vec::new();
        for side in [Side::First, Side::Second] {
            while let Some(item) = self.direction(side).backlog.pop() {
                match item {
                    Item::Data(data) => waiting.push((data, side)),
                    Item::Missing(_) if !self.peek(side).backlog.is_empty() => {}
                    // Nothing but a place behind the hole can tell of it.
                    Item::Missing(_) => {
                        let Some(Missing { packet, .. }) = self.peek(side).hole else { continue };
                        let offset = self.peek(side).delivered;
                        let arrival = self.arrivals;
                        waiting
                            .push((Waiting { offset, bytes: Vec::new(), packet, acknowledged: None, arrival }, side));
                    }
                }
            }
        }
        waiting.sort_by_key(|(data, _)| data.arrival);
        waiting
    }

    /// An attempt with what waits behind its request taken into account; not switched.
    pub(super) fn attempt(
        &mut self,
        exchange: Option<Exchange>,
        response: Option<Box<Head<StatusLine>>>,
    ) -> Box<Attempt> {
        let client = self.client.unwrap_or(Side::First);
        let server = self.peek(client.other());
        let answer_offset = match &response {
            Some(response) => Some(response.offset),
            None if self.answer_lost => None,
            None => Some(server.reader.partial_head_offset().unwrap_or(server.position)),
        };
        let backlog = &self.peek(client).backlog;
        let early = match (backlog.front(), answer_offset) {
            // What it acknowledged covers no byte of the answer.
            (Some(Item::Data(first)), Some(answer)) if first.acknowledged.is_some_and(|upto| upto <= answer) => {
                Some(first.packet)
            }
            _ => None,
        };
        let is_request = early.is_some() && classify(&backlog.prefix()) == Opening::Request;
        Box::new(Attempt {
            client,
            request: exchange.and_then(|exchange| exchange.head),
            response,
            switched: false,
            after_gap: self.after_gap,
            client_left: self.client_left,
            early_data: early.filter(|_| !is_request),
            pipelined: early.filter(|_| is_request),
            early_dropped: std::mem::take(&mut self.early_dropped),
            tunnel: self.tunnel.clone(),
            first_frame_coalesced: false,
            hixie_body: self.hixie_body.take(),
            hixie_answer: None,
        })
    }
}

/// Whether a head was captured to its end.
fn is_whole<Line>(head: &Head<Line>) -> bool {
    !head.faults.contains(&Fault::Unfinished)
}
