//! A TLS connection: deliveries of both directions in, plaintext deliveries out.
//!
//! A record that cannot be opened yet (its secret comes later in the capture, or the other direction's ServerHello
//! does) blocks its direction. What is delivered meanwhile is held as it came and taken up again in the order it
//! came, so that the two plaintext directions interleave as the encrypted ones did.

use crate::capture::PacketRef;
use crate::tcp::{Chunk, Delivery, Fin, Missing, MissingCause, Side};

use super::cipher::{BLOCK, Opened, Opener, TLS13};
use super::direction::{Direction, Epoch, Protection, SkipEarly};
use super::facts::{Facts, Unopened};
use super::held::Queue;
use super::input::{Input, Record, Verdict};
use super::key_log::KeyLog;
use super::negotiation::Handshake;
use super::record::{ContentType, HEADER};

/// One TLS connection.
pub struct Session {
    pub(super) facts: Facts,
    pub(super) directions: [Direction; 2],
    /// The randoms of ClientHellos that nobody has asked for yet.
    pub(super) client_randoms: Vec<[u8; 32]>,
    /// The latest handshake: its ClientHello was seen.
    pub(super) handshake: Option<Handshake>,
    pub(super) held: Queue,
    /// The key log's revision when it was last asked.
    pub(super) revision: Option<u64>,
    /// Something happened that may let a blocked direction go on.
    pub(super) moved: bool,
    /// Nothing more will be opened.
    pub(super) given_up: bool,
    /// Decrypted content; as large as the largest record so far.
    pub(super) scratch: Vec<u8>,
    /// How much work [`resync`](super::resync) may still do.
    pub(super) budget: u64,
}

/// Where a delivery goes, and what may be needed on the way.
pub(super) struct Context<'a> {
    pub secrets: &'a KeyLog,
    pub out: &'a mut dyn FnMut(Side, Delivery<'_>),
}

pub(super) fn index(side: Side) -> usize {
    match side {
        Side::First => 0,
        Side::Second => 1,
    }
}

/// So many records in a row may fail to authenticate before a direction is given up.
const MAX_FAILURES: u32 = 32;

/// So many 0-RTT records that cannot be opened may come before the client's Finished.
const MAX_SKIPPED: u32 = 4096;

/// Names what is known; keys and plaintext do not belong into logs.
impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("facts", &self.facts).finish_non_exhaustive()
    }
}

impl Session {
    /// A connection of which nothing was seen. At most about `limit` bytes are held while its secrets are not known;
    /// if there is more, the connection is given up.
    pub fn new(limit: usize) -> Session {
        Session {
            facts: Facts::default(),
            directions: [Direction::new(), Direction::new()],
            client_randoms: Vec::new(),
            handshake: None,
            held: Queue::new(limit),
            revision: None,
            moved: false,
            given_up: false,
            scratch: Vec::new(),
            budget: super::resync::BUDGET,
        }
    }

    /// What is known of the connection so far.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Takes the randoms of the ClientHellos that were seen since the last call, those of renegotiations too.
    pub fn take_client_randoms(&mut self) -> Vec<[u8; 32]> {
        std::mem::take(&mut self.client_randoms)
    }

    /// Whether nothing more can come out but the end of the directions: there is no use in further data.
    pub fn has_given_up(&self) -> bool {
        self.given_up || self.directions.iter().all(|direction| direction.stopped)
    }

    /// Bytes that are held until a secret is known; 0 where nothing waits for one.
    pub fn waiting_bytes(&self) -> usize {
        let waits = matches!(self.facts.unopened, Some(Unopened::NoSecret(_)));
        if waits && !self.given_up { self.held.bytes() } else { 0 }
    }

    /// Takes what a direction delivers, in stream order, and gives the plaintext that it completes.
    ///
    /// A plaintext chunk is the application data of one record; its packet is the one that carried the record's last
    /// byte, its offset counts application data of its direction only. `Missing` stands for records that could not be
    /// opened; its length is exact where these were application data under an AEAD suite without padding, otherwise
    /// an estimate from their length. `Conflict` is not passed on: authentication has told which bytes are the right
    /// ones. `Fin` and `Reset` are passed on.
    pub fn deliver(
        &mut self,
        side: Side,
        delivery: &Delivery<'_>,
        secrets: &KeyLog,
        out: &mut impl FnMut(Side, Delivery<'_>),
    ) {
        let mut context = Context { secrets, out };
        if self.revision != Some(secrets.revision()) {
            self.drain(&mut context);
        }
        if self.directions[index(side)].blocked {
            self.hold(side, delivery);
        } else {
            self.accept(side, delivery, &mut context);
            if self.directions[index(side)].blocked {
                self.hold_place(side);
            }
        }
        if self.moved {
            self.drain(&mut context);
        }
    }

    /// Tries again to open what is held, if secrets were added since the last time. To be called when no delivery is at hand.
    pub fn retry(&mut self, secrets: &KeyLog, out: &mut impl FnMut(Side, Delivery<'_>)) {
        if self.revision != Some(secrets.revision()) {
            self.drain(&mut Context { secrets, out });
        }
    }

    pub(super) fn accept(&mut self, side: Side, delivery: &Delivery<'_>, context: &mut Context<'_>) {
        match *delivery {
            Delivery::Data(chunk) => {
                let direction = &mut self.directions[index(side)];
                direction.end = chunk.offset.saturating_add(chunk.bytes.len() as u64);
                if !self.given_up && !direction.stopped && !chunk.bytes.is_empty() {
                    self.with_input(side, context, |input, take| input.feed(&chunk, take));
                }
            }
            Delivery::Missing(missing) => self.lose(side, &missing),
            Delivery::Conflict { .. } => {}
            Delivery::Fin(Fin { packet, acknowledged }) => {
                self.finish(side, packet, context);
                let acknowledged = acknowledged.and_then(|offset| self.readable(side, offset));
                (context.out)(side, Delivery::Fin(Fin { packet, acknowledged }));
            }
            Delivery::Reset(packet) => {
                self.finish(side, packet, context);
                (context.out)(side, *delivery);
            }
        }
    }

    /// Runs a direction's input with this session as the taker of its records.
    pub(super) fn with_input(
        &mut self,
        side: Side,
        context: &mut Context<'_>,
        run: impl FnOnce(&mut Input, &mut dyn FnMut(&Record<'_>) -> Verdict) -> bool,
    ) {
        let mut input = std::mem::take(&mut self.directions[index(side)].input);
        let open = run(&mut input, &mut |record| self.take(side, record, context));
        let direction = &mut self.directions[index(side)];
        direction.input = input;
        direction.blocked = !open;
        if self.given_up || direction.stopped {
            direction.blocked = false;
            direction.input.close();
        }
    }

    /// A hole in the encrypted stream.
    fn lose(&mut self, side: Side, missing: &Missing) {
        let direction = &mut self.directions[index(side)];
        let end = missing.offset.saturating_add(missing.length);
        direction.end = end;
        if self.given_up || direction.stopped {
            return;
        }
        let (cause, packet) = (missing.cause, missing.packet);
        let start = if direction.input.is_empty() { missing.offset } else { direction.input.position() };
        let under_way = direction.input.under_way();
        if let Some(until) = direction.input.skips_until().filter(|&until| end <= until) {
            direction.input.skip(end, until);
        } else if let Some((header, until)) = under_way
            .map(|header| (header, start.saturating_add((HEADER + header.length) as u64)))
            .filter(|&(_, until)| end <= until)
        {
            // The hole is inside of one record, whose end is known: only that record is lost.
            let length = until - start;
            direction.lose_record(start, length, header.content_type == ContentType::ApplicationData, cause, packet);
            direction.input.skip(end, until);
        } else {
            direction.open_hole(start, cause, packet).uncounted = true;
            direction.input.search_from(end);
        }
        if matches!(direction.protection, Protection::Plain) {
            direction.messages.lose();
            // RFC 8446 §4.1: without both hellos there are no keys. The client speaks first, the server answers.
            let hello_seen = match &self.handshake {
                None => false,
                Some(handshake) => handshake.server.is_some() || self.facts.client == Some(side),
            };
            if !hello_seen {
                self.give_up(Unopened::HandshakeNotSeen);
            }
        }
    }

    /// The end of a direction: what was not opened up to here is missing for good.
    fn finish(&mut self, side: Side, packet: PacketRef, context: &mut Context<'_>) {
        let ended = self.given_up || self.directions[index(side)].stopped;
        let direction = &mut self.directions[index(side)];
        let end = direction.end;
        let position = direction.input.position();
        if ended && end > position {
            direction.open_hole(position, MissingCause::Unopened, packet).uncounted = true;
        }
        // Where nothing was ever opened there is no plaintext stream in which something could be missing.
        if direction.opened > 0 {
            self.report_hole(side, end, None, context);
        }
    }

    /// Reports the hole that ends at stream offset `end` and forgets it.
    fn report_hole(&mut self, side: Side, end: u64, reached: Option<(Epoch, u64)>, context: &mut Context<'_>) {
        let direction = &mut self.directions[index(side)];
        let Some(hole) = direction.hole.take() else { return };
        let overhead = match &direction.protection {
            Protection::Keyed(guard) => guard.opener.overhead(),
            _ => HEADER,
        };
        let length = hole.plaintext(end, overhead as u64, reached);
        if length == 0 {
            return;
        }
        let offset = direction.plain;
        direction.plain = offset.saturating_add(length);
        (context.out)(side, Delivery::Missing(Missing { offset, length, cause: hole.cause, packet: hole.packet }));
    }

    /// How much plaintext of the other direction `side` can have read when it had acknowledged its stream up to here.
    fn readable(&self, side: Side, acknowledged: u64) -> Option<u64> {
        self.directions[index(side.other())].milestones.plaintext_before(acknowledged)
    }

    /// Nothing of the connection will be opened any more.
    pub(super) fn give_up(&mut self, why: Unopened) {
        self.given_up = true;
        // What is held goes the way of all that comes later.
        self.moved = true;
        self.facts.unopened = Some(why);
        for direction in &mut self.directions {
            direction.blocked = false;
            direction.input.close();
        }
    }

    /// Nothing of this direction will be opened any more.
    pub(super) fn stop(&mut self, side: Side, why: Unopened) {
        self.directions[index(side)].stopped = true;
        self.facts.unopened = Some(why);
    }

    /// The record cannot be opened before `what` is there.
    pub(super) fn wait_for(&mut self, what: Unopened) -> Verdict {
        self.facts.unopened.get_or_insert(what);
        Verdict::Blocked
    }

    /// A record, or what may be one.
    fn take(&mut self, side: Side, record: &Record<'_>, context: &mut Context<'_>) -> Verdict {
        let direction = &mut self.directions[index(side)];
        if self.given_up || direction.stopped {
            return Verdict::Taken;
        }
        if !record.aligned && direction.hole.is_none() {
            // Nothing is missing, and yet what follows the last record is no record.
            direction.open_hole(record.searched_from, MissingCause::Unopened, record.packet).uncounted = true;
            direction.messages.lose();
        }
        match &direction.protection {
            Protection::Plain => self.take_plain(side, record, context),
            protection => {
                let tls13 = protection.epoch() != Some(Epoch::Legacy);
                if tls13 && record.header.content_type != ContentType::ApplicationData {
                    // RFC 8446 §5 and §D.4: a ChangeCipherSpec means nothing, and what else is not application data
                    // on the outside is not encrypted: an alert of an end that has no keys.
                    return if record.aligned { Verdict::Taken } else { Verdict::NotARecord };
                }
                if let Err(verdict) = self.install(side, record, context) {
                    return verdict;
                }
                self.take_encrypted(side, record, context)
            }
        }
    }

    /// A record before encryption began.
    fn take_plain(&mut self, side: Side, record: &Record<'_>, context: &mut Context<'_>) -> Verdict {
        let lossy = !record.aligned || self.directions[index(side)].hole.is_some();
        let is_client = self.facts.client == Some(side);
        let Some(handshake) = &self.handshake else {
            if !lossy && record.header.content_type == ContentType::Handshake {
                self.take_handshake(side, record.body, record.packet, context);
            } else if record.header.content_type != ContentType::Alert {
                self.give_up(Unopened::HandshakeNotSeen);
            }
            return Verdict::Taken;
        };
        let Some(server) = handshake.server else {
            return match record.header.content_type {
                ContentType::Handshake if !lossy => {
                    self.take_handshake(side, record.body, record.packet, context);
                    Verdict::Taken
                }
                ContentType::Alert => Verdict::Taken,
                // RFC 8446 §4.2.10: after a HelloRetryRequest the server skips the early data that is on its way.
                ContentType::ChangeCipherSpec | ContentType::ApplicationData if handshake.retried => Verdict::Taken,
                // Only the ServerHello tells what these are.
                _ if is_client => self.wait_for(Unopened::HandshakeNotSeen),
                _ => {
                    self.give_up(Unopened::HandshakeNotSeen);
                    Verdict::Taken
                }
            };
        };
        // RFC 5246 §7.1: the records after this one are protected with the keys of the latest handshake.
        if record.header.content_type == ContentType::ChangeCipherSpec && record.body == [1] {
            if server.version != TLS13 {
                let direction = &mut self.directions[index(side)];
                direction.protection = Protection::Wanted(Epoch::Legacy);
                direction.messages.restart();
                // No application data comes before the first ChangeCipherSpec.
                direction.hole = None;
            }
            return Verdict::Taken;
        }
        if lossy {
            return self.take_after_loss(side, record, context);
        }
        match record.header.content_type {
            ContentType::Handshake => self.take_handshake(side, record.body, record.packet, context),
            ContentType::ApplicationData => self.fail(side, record),
            ContentType::Alert | ContentType::ChangeCipherSpec => {}
        }
        Verdict::Taken
    }

    /// A record in the clear after a hole: the ChangeCipherSpec may have been in the hole.
    fn take_after_loss(&mut self, side: Side, record: &Record<'_>, context: &mut Context<'_>) -> Verdict {
        let mut scratch = std::mem::take(&mut self.scratch);
        let verdict = match self.search(side, record, context, &mut scratch) {
            Err(verdict) => verdict,
            Ok(Some(opened)) => {
                self.opened(side, record, opened, &scratch, context);
                Verdict::Taken
            }
            Ok(None) if !record.aligned => Verdict::NotARecord,
            Ok(None) => {
                if record.header.content_type == ContentType::ApplicationData {
                    self.fail(side, record);
                }
                Verdict::Taken
            }
        };
        self.scratch = scratch;
        verdict
    }

    fn take_encrypted(&mut self, side: Side, record: &Record<'_>, context: &mut Context<'_>) -> Verdict {
        let mut scratch = std::mem::take(&mut self.scratch);
        let verdict = self.open(side, record, context, &mut scratch);
        self.scratch = scratch;
        verdict
    }

    fn open(&mut self, side: Side, record: &Record<'_>, context: &mut Context<'_>, scratch: &mut Vec<u8>) -> Verdict {
        let direction = &mut self.directions[index(side)];
        let Protection::Keyed(guard) = &mut direction.protection else { return Verdict::Taken };
        if record.aligned {
            if let Some(opened) = open_with(&guard.opener, guard.sequence, record, scratch) {
                guard.sequence = guard.sequence.saturating_add(1);
                self.opened(side, record, opened, scratch, context);
                return Verdict::Taken;
            }
            if let Some(skip) = direction.skips_early.filter(|_| guard.epoch == Epoch::Handshake) {
                // RFC 8446 §4.2.10: whoever cannot read early data tries the handshake keys on every record.
                direction.failures += 1;
                if direction.failures > MAX_SKIPPED {
                    self.stop(side, Unopened::TagMismatch);
                } else if skip == SkipEarly::NoSecret {
                    let hole = direction.open_hole(record.offset, MissingCause::Unopened, record.packet);
                    hole.epoch = Some(Epoch::Early);
                    hole.records = hole.records.saturating_add(1);
                }
                return Verdict::Taken;
            }
        }
        if direction.hole.is_some() {
            match self.search(side, record, context, scratch) {
                Err(verdict) => return verdict,
                Ok(Some(opened)) => {
                    self.opened(side, record, opened, scratch, context);
                    return Verdict::Taken;
                }
                Ok(None) => {}
            }
        }
        if !record.aligned {
            return Verdict::NotARecord;
        }
        self.fail(side, record);
        Verdict::Taken
    }

    /// A record that is not what its direction's keys and number say.
    fn fail(&mut self, side: Side, record: &Record<'_>) {
        self.facts.failed += 1;
        self.facts.first_failed.get_or_insert(record.packet);
        let direction = &mut self.directions[index(side)];
        let length = (HEADER + record.body.len()) as u64;
        let data = record.header.content_type == ContentType::ApplicationData;
        direction.lose_record(record.offset, length, data, MissingCause::Unopened, record.packet);
        direction.failures += 1;
        if direction.failures >= MAX_FAILURES {
            self.stop(side, Unopened::TagMismatch);
        }
    }

    /// An authenticated record; its content is at the start of `scratch`.
    fn opened(&mut self, side: Side, record: &Record<'_>, opened: Opened, scratch: &[u8], context: &mut Context<'_>) {
        self.facts.opened += 1;
        let direction = &mut self.directions[index(side)];
        direction.opened += 1;
        direction.failures = 0;
        direction.skips_early = None;
        let chained = direction.opened_end == Some(record.offset);
        direction.opened_end = Some(record.end());
        if opened.needs_chain && !chained {
            // Authentic, but its first block was decrypted with bytes that nothing vouches for.
            let hole = direction.open_hole(record.offset, MissingCause::Unopened, record.packet);
            hole.records = hole.records.saturating_add(1);
            return;
        }
        let reached = match &direction.protection {
            Protection::Keyed(guard) => Some((guard.epoch, guard.sequence.saturating_sub(1))),
            _ => None,
        };
        self.report_hole(side, record.offset, reached, context);
        self.budget = self.budget.saturating_add(record.body.len() as u64);
        let Some(content) = scratch.get(..opened.length) else { return };
        match opened.content_type {
            Some(ContentType::ApplicationData) if !content.is_empty() => {
                let acknowledged = record.acknowledged.and_then(|offset| self.readable(side, offset));
                let direction = &mut self.directions[index(side)];
                let offset = direction.plain;
                direction.plain = offset.saturating_add(content.len() as u64);
                direction.milestones.push(record.end(), direction.plain);
                let chunk = Chunk { offset, bytes: content, packet: record.packet, acknowledged };
                (context.out)(side, Delivery::Data(chunk));
            }
            Some(ContentType::Handshake) => self.take_handshake(side, content, record.packet, context),
            Some(ContentType::ChangeCipherSpec) => {
                let direction = &mut self.directions[index(side)];
                if direction.protection.epoch() == Some(Epoch::Legacy) {
                    // Renegotiation: the next record has the keys of the handshake inside this one.
                    direction.protection = Protection::Wanted(Epoch::Legacy);
                    direction.messages.restart();
                }
            }
            // RFC 8446 §6.1: after close_notify comes nothing but the end of the TCP stream.
            Some(ContentType::Alert | ContentType::ApplicationData) | None => {}
        }
    }
}

/// Opens a record into `scratch`, which grows to hold it.
pub(super) fn open_with(opener: &Opener, sequence: u64, record: &Record<'_>, scratch: &mut Vec<u8>) -> Option<Opened> {
    if scratch.len() < record.body.len() {
        // CBC works on whole blocks.
        scratch.resize(record.body.len().next_multiple_of(BLOCK), 0);
    }
    let previous = opener.chain_distance().and_then(|distance| record.block_before(distance));
    opener.open(sequence, &record.header, record.body, previous, scratch)
}
