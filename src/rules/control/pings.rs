//! Follows each Ping until it is answered, or until it is known that it never will be (RFC 6455 §5.5.2, §5.5.3).
//!
//! [`Frame::pong`] says which Ping has a Pong's payload. That is not the same as which Ping it was sent for: Pings may
//! have equal payloads, one Pong may stand for several Pings, and a Pong may come unasked. So a Ping is *settled* by
//! any Pong that could have been sent for it or for a later one, and only what is not settled at the end is held
//! against the receiver.

use super::rules::{PING_UNANSWERED, PONG_LATEST_ONLY, PONG_PAYLOAD_MISMATCH, PONG_SLOW, PONG_UNSOLICITED};
use crate::capture::{PacketRef, Timestamp};
use crate::rules::docket::Docket;
use crate::rules::ended::{Close, Ended};
use crate::rules::header_bytes::HeaderBytes;
use crate::rules::referee::Context;
use crate::rules::{Finding, Severity};
use crate::websocket::{Frame, Opcode, Pong};
use crate::{PerRole, Role};
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

/// Pings of one endpoint that are followed at a time.
const FOLLOWED: usize = 64;

/// The Pings of both endpoints.
#[derive(Debug, Default)]
pub(super) struct Pings {
    /// The last frame that shows each at work before either side closed.
    alive: PerRole<Option<Alive>>,
    /// Made for the first Ping or Pong, and where bytes are missing: without either there is nothing to follow.
    followed: Option<Box<Followed>>,
}

/// What is followed once there is something.
#[derive(Debug)]
struct Followed {
    sides: PerRole<Side>,
}

/// One endpoint, as the one that pings and as the one that answers.
#[derive(Debug, Default)]
struct Side {
    /// Its Pings, oldest first.
    pings: VecDeque<Ping>,
    /// Offset behind the last byte of its stream that was understood; `None` before the first.
    seen_end: Option<u64>,
    /// There may be Pings of it that were not seen, or that were forgotten.
    blind: bool,
    /// It sent a Pong that nothing asked for, or may have.
    heartbeats: bool,
    /// It sent a Pong when it had received this much, which was more than had been seen by then.
    early_pong: u64,
}

#[derive(Clone, Copy, Debug)]
struct Alive {
    time: Timestamp,
    acknowledged: Option<u64>,
}

#[derive(Debug)]
struct Ping {
    frame: u64,
    packet: PacketRef,
    end_offset: u64,
    header: HeaderBytes,
    /// Stands for the payload. Should two payloads have one hash, the receiver gets the benefit of it.
    payload: u64,
    /// From when on it could be answered.
    since: Option<Timestamp>,
    /// A Pong came that may answer it, or a later one.
    settled: bool,
    /// A Pong with another payload came after it was received.
    wrong: Option<Box<Wrong>>,
    after_gap: bool,
}

#[derive(Debug)]
struct Wrong {
    frame: u64,
    /// What to say should it have been sent unasked.
    unsolicited: Finding,
    /// Its sender went on: it meant this to be the answer, or sent none.
    confirmed: bool,
}

/// A frame is a sign that its sender is at work and reads what it receives.
#[derive(Clone, Copy)]
struct Sign<'a> {
    /// It is the Close that answers this one.
    answers: Option<&'a Close>,
}

impl<'a> Sign<'a> {
    /// `None` where a frame is no such sign.
    #[inline]
    fn of(frame: &Frame<'_>, context: &'a Context) -> Option<Sign<'a>> {
        match &context.ended {
            None => Some(Sign { answers: None }),
            Some(ended) => Sign::after_close(frame, ended),
        }
    }

    fn after_close(frame: &Frame<'_>, ended: &'a Ended) -> Option<Sign<'a>> {
        match (&ended.closes[frame.sender], &ended.closes[frame.sender.peer()]) {
            (Some(_), _) => None,
            (None, None) => Some(Sign { answers: None }),
            (None, Some(close)) => {
                let received = frame.acknowledged.is_some_and(|acknowledged| acknowledged >= close.end_offset);
                (frame.header.opcode == Opcode::CLOSE && received).then_some(Sign { answers: Some(close) })
            }
        }
    }

    /// Until when the sender lived. What answers a Close shows that it did until the Close came; then it owed no Pong
    /// any more.
    fn alive(self, frame: &Frame<'_>) -> Option<Alive> {
        let packet = self.answers.map_or(frame.packet, |close| close.packet);
        Some(Alive { time: packet.time?, acknowledged: frame.acknowledged })
    }
}

impl Pings {
    /// Bytes of this sender are missing.
    pub(super) fn missing(&mut self, sender: Role, context: &Context) {
        self.followed(context).missing(sender);
    }

    /// Takes a frame of either side.
    pub(super) fn frame(&mut self, frame: &Frame<'_>, context: &Context, docket: &mut Docket) {
        let sign = Sign::of(frame, context);
        if self.followed.is_some() || matches!(frame.header.opcode, Opcode::PING | Opcode::PONG) {
            self.followed(context).frame(frame, sign, context, docket);
        }
        if let Some(alive) = sign.and_then(|sign| sign.alive(frame)) {
            self.alive[frame.sender] = Some(alive);
        }
    }

    /// Nothing more will come: says which Pings were not answered.
    pub(super) fn end(&mut self, context: &Context, docket: &mut Docket) {
        if let Some(followed) = &mut self.followed {
            followed.end(&self.alive, context, docket);
        }
    }

    #[cold]
    fn followed(&mut self, context: &Context) -> &mut Followed {
        self.followed.get_or_insert_with(|| Box::new(Followed::new(context)))
    }
}

impl Followed {
    /// From here on.
    fn new(context: &Context) -> Followed {
        let mut sides = PerRole::<Side>::default();
        sides.client.seen_end = context.ends.client;
        sides.server.seen_end = context.ends.server;
        Followed { sides }
    }

    /// Bytes of this sender are missing. They may hold Pongs, Pings and a Close, so nothing is known of the Pings of
    /// either side that are open.
    fn missing(&mut self, sender: Role) {
        self.sides[sender].blind = true;
        self.sides.client.pings.clear();
        self.sides.server.pings.clear();
    }

    /// Takes a frame of either side.
    fn frame(&mut self, frame: &Frame<'_>, sign: Option<Sign<'_>>, context: &Context, docket: &mut Docket) {
        let (sender, peer) = (frame.sender, frame.sender.peer());
        self.sides[sender].seen_end = self.sides[sender].seen_end.max(Some(frame.end_offset));
        self.hold_up(frame);
        match frame.header.opcode {
            Opcode::PING => self.ping(frame, context, docket),
            Opcode::PONG => self.pong(frame, context, docket),
            _ => {}
        }
        if let Some(sign) = sign {
            self.goes_on(frame, sign);
        }
        // An idle connection keeps nothing.
        let pings = &mut self.sides[peer].pings;
        if pings.is_empty() && pings.capacity() > 0 {
            *pings = VecDeque::new();
        }
    }

    fn end(&mut self, alive: &PerRole<Option<Alive>>, context: &Context, docket: &mut Docket) {
        for sender in [Role::Client, Role::Server] {
            let pings = std::mem::take(&mut self.sides[sender].pings);
            let last_wrong = pings.iter().rposition(|ping| self.is_wrongly_answered(ping, sender));
            for (at, ping) in pings.into_iter().enumerate() {
                if ping.settled {
                    continue;
                }
                if self.is_wrongly_answered(&ping, sender) {
                    file_mismatch(ping, docket);
                    continue;
                }
                // §5.5.3: an answer to the latest Ping, even if a wrong one, does for those before it.
                if last_wrong.is_none_or(|wrong| at > wrong) {
                    self.unanswered(&ping, sender, alive[sender.peer()], context, docket);
                }
                if let Some(wrong) = ping.wrong {
                    docket.file(wrong.unsolicited);
                }
            }
        }
    }

    /// Nothing can be put into a frame: a Ping that comes while one is being sent can be answered from its end on.
    fn hold_up(&mut self, frame: &Frame<'_>) {
        let (Some(begin), Some(end)) = (frame.packet.time, frame.last_packet.time) else { return };
        if begin == end {
            return;
        }
        for ping in &mut self.sides[frame.sender.peer()].pings {
            if ping.since.is_some_and(|since| begin < since && since < end) {
                ping.since = Some(end);
            }
        }
    }

    fn ping(&mut self, frame: &Frame<'_>, context: &Context, docket: &mut Docket) {
        let (sender, header) = (frame.sender, &frame.header);
        let receiver = &self.sides[sender.peer()];
        // A receiver has to fail the connection over a malformed Ping, and owes no Pong once either side has closed.
        let well_formed = header.fin
            && header.rsv() == 0
            && header.payload_length <= super::LONGEST
            && header.masking_key.is_some() == (sender == Role::Client);
        let closed = context.close_of(Role::Client).is_some() || context.close_of(Role::Server).is_some();
        // What the receiver answered before the Ping was delivered here, the capture has out of order.
        let answered = frame.end_offset <= receiver.early_pong;
        if !frame.is_whole() || !well_formed || closed || answered {
            return;
        }
        if self.sides[sender].pings.len() == FOLLOWED {
            self.forget_oldest(sender, docket);
        }
        self.sides[sender].pings.push_back(Ping {
            frame: frame.index,
            packet: frame.packet,
            end_offset: frame.end_offset,
            header: HeaderBytes::of(frame.header_bytes),
            payload: hash(frame.payload),
            since: frame.last_packet.time,
            settled: false,
            wrong: None,
            after_gap: frame.after_gap,
        });
    }

    fn forget_oldest(&mut self, sender: Role, docket: &mut Docket) {
        let Some(ping) = self.sides[sender].pings.pop_front().filter(|ping| !ping.settled) else { return };
        if self.is_wrongly_answered(&ping, sender) {
            file_mismatch(ping, docket);
        } else {
            self.sides[sender].blind = true;
        }
    }

    fn pong(&mut self, frame: &Frame<'_>, context: &Context, docket: &mut Docket) {
        let (sender, peer) = (frame.sender, frame.sender.peer());
        let Some(pong) = frame.pong else {
            // Its payload is not all there, so it may answer any Ping.
            self.sides[peer].pings.clear();
            return;
        };
        let payload = hash(frame.payload);
        let seen = self.sides[peer].seen_end;
        let received = frame.acknowledged.filter(|received| seen.is_some_and(|seen| *received <= seen));
        if received.is_none() {
            let side = &mut self.sides[sender];
            side.early_pong = side.early_pong.max(frame.acknowledged.unwrap_or(0));
        }
        match pong {
            Pong::Answers { ping, .. } => {
                let limit = context.thresholds.pong_slow;
                self.answer(frame, ping, payload, received.map(|_| limit), docket);
            }
            Pong::Unmatched { .. } => {
                // It may answer, after all, a Ping that was skipped when a later one was answered.
                let pings = &mut self.sides[peer].pings;
                if let Some(at) = pings.iter().position(|ping| ping.payload == payload) {
                    pings.remove(at);
                    return;
                }
                match received.filter(|_| !self.sides[peer].blind && !context.mid_stream) {
                    Some(received) => self.unasked(frame, received, docket),
                    // Nothing may have asked for it, so no other Pong has to be an answer either.
                    None => self.sides[sender].heartbeats = true,
                }
            }
        }
    }

    /// A Pong has the payload of this Ping, the oldest of those that have it. It is slow above `limit`; without one
    /// there may be a later such Ping that was not seen yet.
    fn answer(&mut self, frame: &Frame<'_>, oldest: u64, payload: u64, limit: Option<Duration>, docket: &mut Docket) {
        let (sender, peer) = (frame.sender, frame.sender.peer());
        let pings = &mut self.sides[peer].pings;
        let Some(last) = pings.iter().rposition(|ping| ping.payload == payload) else { return };
        let waited = pings[last].since.zip(frame.packet.time).map(|(since, now)| now.since(since));
        if let Some(waited) = waited.filter(|waited| limit.is_some_and(|limit| *waited > limit)) {
            let text = format!(
                "{sender}'s frame {} answers {peer}'s Ping in frame {} after {:.1} s",
                frame.index,
                pings[last].frame,
                waited.as_secs_f64()
            );
            docket.file(Finding::of_frame(&PONG_SLOW, frame, text));
        }
        let skipped = pings.iter().take_while(|ping| ping.payload != payload).filter(|ping| !ping.settled).count();
        if skipped > 0 {
            let text = format!(
                "{sender}'s frame {} answers {peer}'s Ping in frame {oldest}, and {skipped} earlier of its Pings have no \
                 answer",
                frame.index
            );
            docket.file(Finding::of_frame(&PONG_LATEST_ONLY, frame, text));
        }
        let mut heartbeats = false;
        for ping in pings.iter_mut().take(last + 1) {
            ping.settled = true;
            if let Some(wrong) = ping.wrong.take() {
                heartbeats = true;
                docket.file(wrong.unsolicited);
            }
        }
        pings.retain(|ping| ping.frame != oldest);
        self.sides[sender].heartbeats |= heartbeats;
    }

    /// A Pong has the payload of no Ping, and all that its sender had received was seen.
    fn unasked(&mut self, frame: &Frame<'_>, received: u64, docket: &mut Docket) {
        let (sender, peer) = (frame.sender, frame.sender.peer());
        let text = format!("{sender}'s frame {} is a Pong that no Ping asked for", frame.index);
        let unsolicited = Finding::of_frame(&PONG_UNSOLICITED, frame, text);
        let heartbeats = self.sides[sender].heartbeats;
        let open = self.sides[peer].pings.iter_mut().rfind(|ping| !ping.settled && ping.end_offset <= received);
        match open {
            Some(ping) if ping.wrong.is_none() && !heartbeats => {
                let evidence = [frame.header_bytes, frame.payload].concat();
                let unsolicited = unsolicited.with_evidence(&evidence);
                ping.wrong = Some(Box::new(Wrong { frame: frame.index, unsolicited, confirmed: false }));
            }
            _ => {
                self.sides[sender].heartbeats = true;
                docket.file(unsolicited);
            }
        }
    }

    /// The sender of this frame goes on, so what it answered it meant to be the answer.
    fn goes_on(&mut self, frame: &Frame<'_>, sign: Sign<'_>) {
        // One that closes of its own accord may not have looked at what it received last.
        if frame.header.opcode == Opcode::CLOSE && sign.answers.is_none() {
            return;
        }
        for ping in &mut self.sides[frame.sender.peer()].pings {
            if let Some(wrong) = ping.wrong.as_mut().filter(|wrong| wrong.frame != frame.index) {
                wrong.confirmed = true;
            }
        }
    }

    fn is_wrongly_answered(&self, ping: &Ping, sender: Role) -> bool {
        let confirmed = ping.wrong.as_ref().is_some_and(|wrong| wrong.confirmed);
        confirmed && !ping.settled && !self.sides[sender.peer()].heartbeats
    }

    /// `alive` is the last that was seen of the receiver's life.
    fn unanswered(&self, ping: &Ping, sender: Role, alive: Option<Alive>, context: &Context, docket: &mut Docket) {
        let receiver = sender.peer();
        let Some((alive, since)) = alive.zip(ping.since) else { return };
        let lived_on = alive.time.since(since);
        let limit = context.thresholds.ping_unanswered;
        let enough = match alive.acknowledged {
            Some(acknowledged) => acknowledged >= ping.end_offset && lived_on >= limit,
            None => lived_on >= limit.saturating_mul(2),
        };
        if !enough {
            return;
        }
        let text = format!(
            "{receiver} never answers {sender}'s Ping in frame {}, though it goes on for {:.1} s",
            ping.frame,
            lived_on.as_secs_f64()
        );
        let clean = context.close_of(Role::Client).is_some() && context.close_of(Role::Server).is_some();
        let severity = if clean { Severity::Error } else { PING_UNANSWERED.severity };
        let finding = Finding::new(&PING_UNANSWERED, Some(receiver), text).with_severity(severity);
        let finding = finding.at(ping.packet).with_evidence(ping.header.bytes()).after_gap(ping.after_gap);
        docket.file(finding.about(ping.frame, Opcode::PING));
    }
}

fn file_mismatch(ping: Ping, docket: &mut Docket) {
    let Some(wrong) = ping.wrong else { return };
    let unsolicited = wrong.unsolicited;
    let sender = unsolicited.blame.map_or("a side", Role::name);
    let message = format!(
        "{sender}'s frame {} is the only Pong that can answer the Ping in frame {}, and has another payload",
        wrong.frame, ping.frame
    );
    let (rule, severity) = (&PONG_PAYLOAD_MISMATCH, PONG_PAYLOAD_MISMATCH.severity);
    docket.file(Finding { rule, severity, message, ..unsolicited });
}

fn hash(payload: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(payload);
    hasher.finish()
}
