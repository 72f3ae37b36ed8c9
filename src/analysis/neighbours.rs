//! What an opening handshake has to do with those of other connections: the same key, an answer that belongs to
//! another key, a connection begun while another to the same server was still opening.

use super::flows::FlowId;
use super::remembered::Remembered;
use crate::packet::Endpoint;
use crate::websocket::{AcceptCause, Handshake, Neighbourhood};
use std::collections::VecDeque;
use std::net::IpAddr;

/// Handshakes that are remembered.
const REMEMBERED: usize = 65_536;

/// Recent handshakes that are searched for one that was open at the same time.
const RECENT: usize = 64;

/// What the key of a request asks for: a SHA-1 in base64 (RFC 6455 §4.2.2).
type Accept = [u8; 28];

/// Remembers handshakes, the oldest forgotten first.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    by_accept: Remembered<Accept, Known, REMEMBERED>,
    /// The latest first, each with the number of the last packet in which it or an earlier one was answered.
    recent: VecDeque<(Known, u64)>,
}

/// Where a handshake took place, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) id: u64,
    /// The TCP connection: a retry after 401 is not another one.
    flow: FlowId,
    /// A hash of the client's address and the server's endpoint, in their place as there are many of them.
    ends: u64,
    /// Numbers of the packets with the first byte of the request and the last byte of the answer: while it was open. Without
    /// both it was never, so that the first is behind all packets and the last before.
    asked: u64,
    answered: u64,
}

impl Known {
    fn overlaps(&self, other: &Known) -> bool {
        self.asked < other.answered && other.asked < self.answered
    }
}

impl Neighbours {
    /// This handshake will be met next: fetches what is to be looked up for it.
    pub(super) fn expect(&self, handshake: &Handshake) {
        if let Some(check) = &handshake.accept {
            self.by_accept.expect(check.expected.as_bytes());
        }
    }

    /// Completes a handshake with what is known from others, and remembers it. Says whether rules find something in what
    /// is known now: a referee that saw the handshake before did not.
    pub(super) fn meet(
        &mut self,
        handshake: &mut Handshake,
        id: u64,
        flow: FlowId,
        client: IpAddr,
        server: Endpoint,
    ) -> bool {
        let attempt = &handshake.attempt;
        let (asked, answered) = match (&attempt.request, &attempt.response) {
            (Some(request), Some(response)) => (request.packet.number(), response.last_packet.number()),
            _ => (u64::MAX, 0),
        };
        let known = Known { id, flow, ends: self.by_accept.hash_one((client, server)), asked, answered };
        let mut matters = false;
        let mut neighbourhood = Neighbourhood::default();
        if let Some(wrong) = handshake.accept.as_mut().and_then(|check| check.wrong.as_deref_mut())
            && let Some(other) = self.by_accept.get(wrong.received.as_bytes())
        {
            wrong.cause = Some(AcceptCause::OtherConnection(other.id));
            matters = true;
        }
        let expected = handshake.expected_accept().map(|expected| *expected.as_bytes());
        let same_key = expected.and_then(|expected| self.by_accept.insert(expected, known));
        if let Some(other) = same_key.filter(|other| other.flow != known.flow) {
            // The two legs of a proxied connection carry one key to two servers.
            if other.ends == known.ends {
                neighbourhood.key_of = Some(other.id);
            } else if other.overlaps(&known) {
                neighbourhood.leg_of = Some(other.id);
            }
        }
        // Hardly any overlaps: most were all answered before this one was asked.
        neighbourhood.opening_beside = self
            .recent
            .iter()
            .take_while(|(_, answered)| *answered > asked)
            .map(|(other, _)| other)
            .find(|other| other.overlaps(&known) && other.flow != known.flow && other.ends == known.ends)
            .map(|other| other.id);
        handshake.neighbourhood = neighbourhood;
        self.remember(known);
        matters || neighbourhood.key_of.is_some() || neighbourhood.opening_beside.is_some()
    }

    fn remember(&mut self, known: Known) {
        if self.recent.len() == RECENT {
            self.recent.pop_back();
        }
        let before = self.recent.front().map_or(0, |&(_, before)| before);
        self.recent.push_front((known, known.answered.max(before)));
    }
}
