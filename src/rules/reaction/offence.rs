//! Bytes that broke a rule, and what their receiver has done since.

use super::super::ended::{Close, Finish};
use super::super::header_bytes::HeaderBytes;
use super::super::{Confidence, Finding, Requirement, Rule};
use super::{Did, Reaction};
use crate::Role;
use crate::capture::PacketRef;
use crate::websocket::{Event, Frame, Handshake, Opcode, Pong};
use std::time::Duration;

/// An error that is followed until its receiver's reaction is known.
#[derive(Debug)]
pub(in crate::rules) struct Offence {
    finding: u64,
    pub(in crate::rules) rule: &'static Rule,
    pub(in crate::rules) by: Role,
    /// Bytes are missing before it.
    pub(in crate::rules) after_gap: bool,
    /// Where it is in its sender's stream: the first byte, the byte behind what shows the fault, and the byte behind the
    /// whole frame, message or head.
    start: u64,
    shown: u64,
    end: u64,
    packet: PacketRef,
    /// Index of its last frame; `None` for one in the opening handshake.
    pub(in crate::rules) frame: Option<u64>,
    /// It is, or is in, a Close frame.
    pub(in crate::rules) is_close: bool,
    /// The client wrote before it had the answer: what it sent later may have been written before, too.
    early: bool,
    /// Its receiver's frames that acknowledge it.
    frames: u64,
    first: Option<PacketRef>,
    received: bool,
    pub(in crate::rules) proof: Option<Proof>,
}

/// Why it is known that the receiver had read the bytes and carried on.
#[derive(Clone, Copy, Debug)]
pub(in crate::rules) struct Proof {
    pub(in crate::rules) what: Carried,
    pub(in crate::rules) at: Place,
}

/// What the receiver did that only who carries on does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Carried {
    /// It answered this Ping, which is the fault or came after it.
    Pong(u64),
    /// It sent a frame although the opening handshake had failed.
    Frame,
    /// It gave the code of the Close back that came after the fault.
    Echo(u16),
    /// It still sent a frame when so much time had passed: it is unlikely that this had been on its way.
    Late(Duration),
}

/// A frame, or the end of a stream, to point at.
#[derive(Clone, Copy, Debug)]
pub(in crate::rules) struct Place {
    pub(in crate::rules) frame: Option<(u64, Opcode)>,
    pub(in crate::rules) packet: PacketRef,
    pub(in crate::rules) stream_offset: Option<u64>,
    pub(in crate::rules) header: HeaderBytes,
}

impl Place {
    pub(super) fn of(frame: &Frame<'_>) -> Place {
        Place {
            frame: Some((frame.index, frame.header.opcode)),
            packet: frame.packet,
            stream_offset: Some(frame.stream_offset),
            header: HeaderBytes::of(frame.header_bytes),
        }
    }

    /// The end of a stream.
    fn behind(packet: PacketRef) -> Place {
        Place { frame: None, packet, stream_offset: None, header: HeaderBytes::default() }
    }
}

/// How a receiver ended its side: a Close frame, a FIN or an RST.
#[derive(Clone, Copy, Debug)]
pub(in crate::rules) struct Act {
    pub(in crate::rules) did: Did,
    pub(in crate::rules) at: Place,
    /// What it had acknowledged of the other direction; `None` where unknown, and for an RST.
    pub(in crate::rules) acknowledged: Option<u64>,
    /// Of a Close.
    pub(in crate::rules) code: Option<u16>,
}

impl Act {
    pub(super) fn close(close: &Close) -> Act {
        let at = Place {
            frame: Some((close.frame, Opcode::CLOSE)),
            packet: close.packet,
            stream_offset: Some(close.stream_offset),
            header: close.header,
        };
        Act { did: Did::Closed, at, acknowledged: close.acknowledged, code: close.spelled_code }
    }

    pub(super) fn fin(fin: &Finish) -> Act {
        Act { did: Did::Finished, at: Place::behind(fin.packet), acknowledged: fin.acknowledged, code: None }
    }

    pub(super) fn reset(packet: PacketRef) -> Act {
        Act { did: Did::Reset, at: Place::behind(packet), acknowledged: None, code: None }
    }
}

impl Offence {
    /// The bytes that `event` shows and `finding` blames; `None` where it is not known which they are.
    pub(super) fn new(finding: &Finding, by: Role, event: &Event<'_>, last_end: u64) -> Option<Offence> {
        let sender = by.peer();
        let (start, shown, end, packet) = match event {
            Event::Frame(frame) if frame.sender == sender => {
                let shown = frame.stream_offset.saturating_add(frame.header_bytes.len() as u64);
                (frame.stream_offset, shown, frame.end_offset, frame.packet)
            }
            Event::Message(message) if message.sender == sender => {
                (message.stream_offset, last_end, last_end, message.last_packet)
            }
            Event::NotFrames { sender: of, offset, bytes, packet, .. } if *of == sender => {
                let end = offset.saturating_add(bytes.len() as u64);
                (*offset, end, end, *packet)
            }
            Event::Handshake(handshake) if sender == Role::Server => {
                let head = handshake.attempt.response.as_ref()?;
                let end = head.offset.saturating_add(head.length);
                (head.offset, end, end, head.last_packet)
            }
            _ => return None,
        };
        let early = |handshake: &Handshake| {
            let attempt = &handshake.attempt;
            attempt.early_data.is_some() || attempt.early_dropped > 0 || attempt.after_gap
        };
        Some(Offence {
            finding: finding.index?,
            rule: finding.rule,
            by,
            after_gap: finding.confidence == Confidence::AfterGap,
            start,
            shown,
            end,
            packet: finding.packet.unwrap_or(packet),
            frame: match event {
                Event::Message(message) => Some(message.last_frame),
                _ => finding.frame,
            },
            is_close: matches!(event, Event::Frame(frame) if frame.header.opcode == Opcode::CLOSE),
            early: matches!(event, Event::Handshake(handshake) if early(handshake)),
            frames: 0,
            first: None,
            received: false,
            proof: None,
        })
    }

    /// Whether who sent this had received what shows the fault: `None` where that is not known.
    pub(in crate::rules) fn had_been_received(&self, acknowledged: Option<u64>) -> Option<bool> {
        acknowledged.map(|acknowledged| acknowledged >= self.shown)
    }

    /// Whether who did this had received the whole.
    pub(in crate::rules) fn was_behind(&self, act: &Act) -> bool {
        act.acknowledged.is_some_and(|acknowledged| acknowledged >= self.end)
    }

    /// Whether the receiver did this before the fault reached it.
    pub(super) fn came_before(&self, act: &Act) -> bool {
        match act.acknowledged {
            Some(acknowledged) => acknowledged <= self.start,
            None => act.at.packet.number() < self.packet.number(),
        }
    }

    /// Time from the fault to this packet.
    pub(in crate::rules) fn until(&self, packet: PacketRef) -> Option<Duration> {
        Some(packet.time?.since(self.packet.time?))
    }

    /// Whether it is known that the fault had reached its receiver.
    pub(in crate::rules) fn is_received(&self) -> bool {
        self.received
    }

    /// The receiver sent a frame other than a Close.
    pub(super) fn answered(&mut self, frame: &Frame<'_>, patience: Duration) {
        self.received |= self.had_been_received(frame.acknowledged) == Some(true);
        if frame.acknowledged.is_none_or(|acknowledged| acknowledged < self.end) {
            return;
        }
        self.frames += 1;
        self.first.get_or_insert(frame.packet);
        let what = match (self.rule.requires, frame.pong, self.frame) {
            (Requirement::FailOpening { .. }, ..) if !self.early => Some(Carried::Frame),
            // An empty Pong may be a heartbeat that nobody asked for.
            (_, Some(Pong::Answers { ping, .. }), Some(fault)) if ping >= fault && !frame.payload.is_empty() => {
                Some(Carried::Pong(ping))
            }
            _ => self.until(frame.packet).filter(|&time| time >= patience).map(Carried::Late),
        };
        let Some(what) = what else { return };
        // What is certain replaces what is likely.
        let likely = matches!(self.proof, Some(Proof { what: Carried::Late(_), .. }));
        if self.proof.is_none() || likely && !matches!(what, Carried::Late(_)) {
            self.proof = Some(Proof { what, at: Place::of(frame) });
        }
    }

    /// What came of it, where the receiver ended with `act`.
    pub(super) fn reaction(&self, act: Option<&Act>) -> Reaction {
        let (did, place) = match (act, &self.proof) {
            (_, Some(proof)) => (Did::CarriedOn, Some(self.first.unwrap_or(proof.at.packet))),
            (Some(act), None) => (act.did, Some(act.at.packet)),
            (None, None) if self.frames > 0 => (Did::CarriedOn, self.first),
            (None, None) => (Did::Nothing, None),
        };
        Reaction {
            finding: self.finding,
            rule: self.rule,
            by: self.by,
            did,
            code: act.and_then(|act| act.code),
            after: place.filter(|_| did != Did::WasClosing).and_then(|packet| self.until(packet)),
            frames: self.frames,
            proved: self.proof.as_ref().is_some_and(|proof| !matches!(proof.what, Carried::Late(_))),
            packet: place,
        }
    }
}

/// What a server made of an upgrade request that breaks a rule.
pub(super) fn to_request(finding: &Finding, handshake: &Handshake) -> Option<Reaction> {
    let attempt = &handshake.attempt;
    let response = attempt.response.as_ref();
    let granted = match finding.rule.requires {
        Requirement::Refuse { .. } => attempt.switched,
        Requirement::Decline { .. } => handshake.deflate.is_some(),
        _ => return None,
    };
    let did = match response {
        None if !attempt.switched => Did::Nothing,
        _ if granted => Did::Accepted,
        _ => Did::Refused,
    };
    let asked = attempt.request.as_ref().map(|request| request.last_packet);
    let after = asked.zip(response).and_then(|(asked, response)| Some(response.packet.time?.since(asked.time?)));
    Some(Reaction {
        finding: finding.index?,
        rule: finding.rule,
        by: Role::Server,
        did,
        code: response.map(|response| response.line.status),
        after,
        frames: 0,
        proved: response.is_some(),
        packet: response.map(|response| response.packet),
    })
}
