//! One connection as the court hears it: its ordinal, what was found on it, and what it has to do with other connections.

use super::bench::{Appointing, Found, Judgement};
use super::first_keys::{Beginning, Beginnings};
use super::legs::{Legs, Recut};
use super::neighbours::Neighbours;
use super::reconnects::{Chain, Reconnects, Try};
use super::related::Related;
use super::said::{Begins, Over};
use super::sink::Connection;
use super::teller::Teller;
use crate::rules::{Referee, Relation, Standing};
use crate::websocket::{CaptureFact, Event, Frame, Message};
use std::time::Duration;

/// What connections know of each other.
pub(super) struct Between {
    appointing: Appointing,
    neighbours: Neighbours,
    beginnings: Beginnings,
    legs: Legs,
    reconnects: Reconnects,
    /// A connection that lasted longer than this begins a new chain of tries.
    reconnect_stable: Duration,
}

impl Between {
    pub(super) fn new(appointing: Appointing, reconnect_stable: Duration) -> Between {
        Between {
            appointing,
            neighbours: Neighbours::default(),
            beginnings: Beginnings::default(),
            legs: Legs::default(),
            reconnects: Reconnects::default(),
            reconnect_stable,
        }
    }

    /// A connection that begins like this will be told next: fetches what is to be looked up for it.
    pub(super) fn expect(&self, begins: &Begins) {
        if let Some(handshake) = &begins.handshake {
            self.neighbours.expect(handshake);
        }
    }

    /// The tries that this connection is the last of.
    fn chain(&self, attempt: &Try) -> Chain {
        self.reconnects.chain(attempt, self.reconnect_stable)
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Hearing {
    id: u64,
    /// How many findings there were so far.
    listed: u64,
    /// How what it has to do with others is judged; `None` where the handshake was not seen.
    standing: Option<Standing>,
    /// While the client's first masking keys are awaited.
    beginning: Option<Box<Beginning>>,
    /// A connection that may be one of its client's many tries.
    attempt: Option<Try>,
    /// Made where the handshake tells more beside those of other connections: the connection is judged anew, knowing it.
    anew: Option<Box<Referee>>,
    /// Made when something is found between connections.
    related: Option<Box<Related>>,
    /// What happens is its end: what was found is told when all of it has happened.
    held: Option<Found>,
}

impl Hearing {
    /// Tells of the connection, and what was found in its handshake.
    pub(super) fn begin(begins: &mut Begins, found: Found, between: &mut Between, teller: &mut Teller<'_>) -> Hearing {
        let id = teller.next_connection();
        let (client, server) = (begins.ends.client.ip, begins.ends.server);
        let is_known = begins
            .handshake
            .as_mut()
            .is_some_and(|handshake| between.neighbours.meet(handshake, id, begins.flow, client, server));
        teller.tell(|sink| sink.connection(&announced(id, begins)));
        let mut hearing = Hearing {
            id,
            listed: 0,
            standing: begins.handshake.as_ref().map(Standing::of),
            beginning: None,
            attempt: None,
            anew: None,
            related: None,
            held: None,
        };
        let found = match is_known {
            false => found,
            true => {
                let referee = hearing.anew.insert(Box::new(between.appointing.referee(begins)));
                between.appointing.show(begins, referee)
            }
        };
        let found = found.map(|judgement| hearing.number(judgement));
        hearing.tell(found, teller);
        let Some(handshake) = &begins.handshake else { return hearing };
        if begins.goes_on {
            if let Some(other) = handshake.neighbourhood.leg_of {
                between.legs.pair(id, other);
            }
            hearing.beginning = between.beginnings.of(handshake, id, client, server).map(Box::new);
        }
        hearing.attempt = between.reconnects.begin(handshake, client, server, begins.first_packet);
        hearing
    }

    /// Takes what happens next, and what was found in it.
    pub(super) fn event(&mut self, event: &Event<'_>, found: Found, between: &mut Between, teller: &mut Teller<'_>) {
        match event {
            Event::Frame(frame) => self.frame(frame, found, between, teller),
            Event::Message(message) => self.message(message, found, between, teller),
            Event::Unfragmented(frame, message) => {
                self.frame(frame, found, between, teller);
                self.message(message, None, between, teller);
            }
            _ => self.other(event, found, teller),
        }
    }

    fn frame(&mut self, frame: &Frame<'_>, found: Found, between: &mut Between, teller: &mut Teller<'_>) {
        let mut found = self.take(found, |referee| referee.see(&Event::Frame(frame)));
        let begun = between.beginnings.frame(&mut self.beginning, frame);
        teller.frame(self.id, frame);
        if let Some(connection) = begun.and_then(|begun| between.beginnings.remember(begun)) {
            self.relate(Relation::SameKeys { frame, connection }, &mut found, between);
        }
        between.legs.frame(self.id, frame);
        self.tell(found, teller);
    }

    fn message(&mut self, message: &Message<'_>, found: Found, between: &mut Between, teller: &mut Teller<'_>) {
        let mut found = self.take(found, |referee| referee.see(&Event::Message(message)));
        teller.message(self.id, message);
        if let Some(Recut { connection, frames }) = between.legs.message(self.id, message) {
            self.relate(Relation::Recut { message, connection, frames }, &mut found, between);
        }
        self.tell(found, teller);
    }

    fn other(&mut self, event: &Event<'_>, found: Found, teller: &mut Teller<'_>) {
        let mut found = self.take(found, |referee| referee.see(event));
        match event {
            Event::Piece { sender, bytes } => teller.tell(|sink| sink.message_bytes(self.id, *sender, bytes)),
            Event::End(ending) => {
                if let Some(related) = &self.related {
                    related.end(ending, &mut self.listed, &mut found);
                }
            }
            _ => {}
        }
        self.tell(found, teller);
    }

    /// What happens from here on is its end. If connections before it failed, it is judged how long the client waited.
    pub(super) fn ending(&mut self, facts: &[CaptureFact], found: Found, between: &mut Between) {
        let mut found = self.take(found, |referee| facts.iter().for_each(|fact| referee.see(&Event::Capture(*fact))));
        // A message that the end of the capture completes cannot be: nothing is held against the other leg any more.
        between.legs.end(self.id);
        if let Some(attempt) = &self.attempt
            && let Some(waits) = between.chain(attempt).waits()
        {
            let packet = attempt.began();
            self.relate(Relation::Reconnected { waits, packet }, &mut found, between);
        }
        self.held = Some(found);
    }

    /// What was found in what is shown to the referee that judges anew, if there is one; in the order of this connection's
    /// findings.
    #[inline]
    fn take(&mut self, found: Found, show: impl FnOnce(&mut Referee)) -> Found {
        let found = match &mut self.anew {
            None => found,
            Some(referee) => {
                show(referee);
                Judgement::of(referee)
            }
        };
        found.map(|judgement| self.number(judgement))
    }

    fn number(&mut self, mut judgement: Box<Judgement>) -> Box<Judgement> {
        for finding in &mut judgement.findings {
            finding.index = Some(self.listed);
            self.listed += 1;
        }
        if let Some(related) = &self.related {
            for reaction in &mut judgement.reactions {
                reaction.finding = related.index_of(reaction.finding);
            }
        }
        judgement
    }

    /// Judges what was found between this connection and others.
    #[cold]
    fn relate(&mut self, relation: Relation<'_>, found: &mut Found, between: &Between) {
        let Some(standing) = self.standing else { return };
        let Some(finding) = relation.judge(standing, between.appointing.thresholds()) else { return };
        let limit = between.appointing.limits().findings_per_rule;
        let related = self.related.get_or_insert_with(|| Box::new(Related::new(limit, standing)));
        related.file(finding, &mut self.listed, found);
    }

    /// Tells what was found, or keeps it until the end has happened. Of nearly all events it is nothing.
    #[inline]
    fn tell(&mut self, found: Found, teller: &mut Teller<'_>) {
        if let Some(judgement) = found {
            self.tell_judgement(judgement, teller);
        }
    }

    #[inline(never)]
    fn tell_judgement(&mut self, judgement: Box<Judgement>, teller: &mut Teller<'_>) {
        match &mut self.held {
            Some(Some(held)) => held.add(*judgement),
            Some(held) => *held = Some(judgement),
            None => teller.judgement(self.id, &judgement),
        }
    }

    /// Nothing more happens.
    pub(super) fn over(self, over: &Over, between: &mut Between, teller: &mut Teller<'_>) {
        let Over { end, timeline, failed } = over;
        if let Some(Some(held)) = &self.held {
            teller.judgement(self.id, held);
        }
        if let Some(attempt) = &self.attempt {
            let chain = between.chain(attempt);
            between.reconnects.end(attempt, chain, end.last_packet, *failed);
        }
        if let Some(timeline) = timeline {
            teller.tell(|sink| sink.timeline(self.id, timeline));
        }
        teller.tell(|sink| sink.connection_end(self.id, end));
    }
}

fn announced(id: u64, begins: &Begins) -> Connection<'_> {
    Connection {
        id,
        capture: begins.flow.capture,
        transport: begins.transport,
        tls: begins.tls.as_deref(),
        client: begins.ends.client,
        server: begins.ends.server,
        first_packet: begins.first_packet,
        handshake: begins.handshake.as_ref(),
    }
}
