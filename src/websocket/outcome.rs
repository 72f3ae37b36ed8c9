//! What the API of each endpoint reports of a connection that is over: code, reason and whether it was clean, the
//! fields of a `CloseEvent` (RFC 6455 §7.1.4 to §7.1.6, and "when the WebSocket connection is closed" in the WHATWG's
//! WebSockets standard).
//!
//! An application is told what its endpoint *received*, so this rests on acknowledgments: an endpoint received a Close
//! when what it sent later acknowledges it. What the bytes do not prove is not known.

use super::closing::Seen;
use super::{Frame, LengthForm, Opcode};
use crate::{PerRole, Role};

/// What an application is told. A field is `None` where the bytes do not prove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The status code that was received; 1005 for a Close frame without one, 1006 without a Close frame.
    pub code: Option<u16>,
    /// The reason that was received; empty without one.
    pub reason: Option<String>,
    /// TCP was closed after both Close frames had been exchanged.
    pub was_clean: Option<bool>,
}

/// Collects what the outcomes follow from.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    /// The upgrade was granted, or the connection was open when the capture began.
    pub(super) established: bool,
    /// Made for the first Close or FIN.
    pub(super) ended: Option<Box<Ended>>,
    reset: bool,
    /// Offset behind the last frame of each.
    ends: PerRole<u64>,
    /// Bytes of it are missing or could not be decoded: a Close may be among them.
    lost: PerRole<bool>,
    /// Its beginning was not captured, and no data frame shows yet that it had not sent a Close by then.
    unseen: PerRole<bool>,
}

/// What is known of a connection that is ending.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// The closing handshake.
    pub(super) seen: Seen,
    closes: PerRole<Option<Close>>,
    /// What each had acknowledged when it finished.
    fins: PerRole<Option<Option<u64>>>,
}

#[derive(Debug)]
struct Close {
    end: u64,
    acknowledged: Option<u64>,
    code: Option<u16>,
    reason: Option<String>,
    /// A receiver has no cause to fail the connection over it.
    sound: bool,
}

impl Outcomes {
    pub(super) fn frame(&mut self, frame: &Frame<'_>) {
        let sender = frame.sender;
        self.ends[sender] = frame.end_offset;
        if !frame.header.opcode.is_control() {
            self.unseen[sender] = false;
        }
        if frame.header.opcode == Opcode::CLOSE && frame.complete {
            self.ended.get_or_insert_default().closes[sender].get_or_insert_with(|| Close::new(frame));
        }
    }

    pub(super) fn fin(&mut self, sender: Role, acknowledged: Option<u64>) {
        self.ended.get_or_insert_default().fins[sender].get_or_insert(acknowledged);
    }

    pub(super) fn reset(&mut self) {
        self.reset = true;
    }

    pub(super) fn lose(&mut self, sender: Role) {
        self.lost[sender] = true;
    }

    pub(super) fn begins_unseen(&mut self, sender: Role) {
        self.unseen[sender] = true;
    }

    pub(super) fn finish(&self) -> PerRole<Option<Outcome>> {
        PerRole { client: self.of(Role::Client), server: self.of(Role::Server) }
    }

    fn close(&self, sender: Role) -> Option<&Close> {
        self.ended.as_ref()?.closes[sender].as_ref()
    }

    fn fin_of(&self, sender: Role) -> Option<Option<u64>> {
        self.ended.as_ref()?.fins[sender]
    }

    /// What this endpoint's application is told; `None` where nothing is known, or it is not told yet.
    fn of(&self, role: Role) -> Option<Outcome> {
        let other = role.peer();
        // RFC 6455 §7.1.4: the connection is closed when TCP is.
        let finished = self.fin_of(role).is_some() && self.fin_of(other).is_some();
        if !self.established || !(finished || self.reset) {
            return None;
        }
        let own = self.close(role);
        let silent = |role: Role| self.close(role).is_none() && !self.lost[role] && !self.unseen[role];
        let outcome = match self.close(other).filter(|close| self.has_received(role, close)) {
            Some(close) => {
                // RFC 6455 §7.1.7: who fails the connection need not take note of an answer.
                let failed = own.is_some_and(|own| {
                    matches!(own.code, Some(1002 | 1007 | 1009 | 1010))
                        && own.acknowledged.is_none_or(|acknowledged| acknowledged < close.end)
                });
                let heeded = close.sound && !failed;
                Outcome {
                    // §7.1.5: "If this Close control frame contains no status code, _The WebSocket Connection Close
                    // Code_ is considered to be 1005."
                    code: heeded.then_some(close.code.unwrap_or(1005)),
                    reason: close.reason.clone().filter(|_| heeded),
                    was_clean: match own {
                        Some(_) if heeded && finished && (!self.reset || self.has_fin(role)) => Some(true),
                        None if silent(role) => Some(false),
                        _ => None,
                    },
                }
            }
            // §7.1.5: "no Close control frame was received by the endpoint".
            None if silent(other) => Outcome { code: Some(1006), reason: Some(String::new()), was_clean: Some(false) },
            None => Outcome { code: None, reason: None, was_clean: silent(role).then_some(false) },
        };
        let known = outcome.code.is_some() || outcome.was_clean.is_some();
        known.then_some(outcome)
    }

    /// Whether it is known that this endpoint had received the other's Close: it acknowledged it by something that its
    /// program did, its own Close or its FIN. A bare acknowledgment comes from its kernel, which may throw the bytes
    /// away when an RST comes.
    fn has_received(&self, role: Role, close: &Close) -> bool {
        let answer = self.close(role).and_then(|own| own.acknowledged);
        let fin = self.fin_of(role).flatten();
        answer.max(fin).is_some_and(|acknowledged| acknowledged >= close.end)
    }

    /// Whether it had received the other's FIN when it sent its own: a FIN takes up the sequence number behind the last
    /// byte (RFC 9293 §3.4).
    fn has_fin(&self, role: Role) -> bool {
        self.fin_of(role).flatten().is_some_and(|acknowledged| acknowledged > self.ends[role.peer()])
    }
}

impl Close {
    fn new(frame: &Frame<'_>) -> Close {
        let header = &frame.header;
        let body = frame.payload.split_first_chunk::<2>();
        let code = body.map(|(code, _)| u16::from_be_bytes(*code));
        let reason = match body {
            Some((_, reason)) => std::str::from_utf8(reason).ok().map(str::to_owned),
            None => Some(String::new()),
        };
        let sendable = code.is_none_or(|code| matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999));
        let sound = frame.is_whole()
            && header.fin
            && header.rsv() == 0
            && header.length_form == LengthForm::Bits7
            && header.payload_length != 1
            && header.masking_key.is_some() == (frame.sender == Role::Client)
            && reason.is_some()
            && sendable;
        Close { end: frame.end_offset, acknowledged: frame.acknowledged, code, reason, sound }
    }
}
