//! Follows the errors of one connection until it is known what their receivers did.

use super::super::docket::Docket;
use super::super::ended::{Close, Finish};
use super::super::failing;
use super::super::referee::Context;
use super::super::{Finding, Requirement, Severity};
use super::offence::{Act, Carried, Offence, Place, Proof, to_request};
use super::{Did, Reaction};
use crate::websocket::{Event, Frame, Opcode};
use crate::{PerRole, Role};

/// Errors of a connection whose reactions are told.
const FOLLOWED: u32 = 16;

/// See the module.
#[derive(Debug, Default)]
pub(in crate::rules) struct Reactions {
    /// Index of the first finding that was not looked at.
    next_finding: u64,
    /// Bytes of it are missing: its Close may be among them.
    gaps: PerRole<bool>,
    /// Made for the first error.
    followed: Option<Box<Followed>>,
}

/// Errors, and who they may make end the connection.
#[derive(Debug, Default)]
struct Followed {
    offences: Vec<Offence>,
    /// How many errors were followed so far.
    count: u32,
    /// What was said of the receiver.
    judged: PerRole<bool>,
    told: Vec<Reaction>,
}

impl Reactions {
    /// Whether this event, or what was found in it, can matter: of nearly all events nothing does.
    pub(in crate::rules) fn care(&self, event: &Event<'_>, docket: &Docket) -> bool {
        matches!(event, Event::Missing { .. }) || self.followed.is_some() || docket.next_index() != self.next_finding
    }

    /// Looks at an event, and at what was found in it.
    pub(in crate::rules) fn see(&mut self, event: &Event<'_>, context: &Context, docket: &mut Docket) {
        if let Event::Missing { sender, .. } = event {
            self.gaps[*sender] = true;
        }
        let erred = docket.since(self.next_finding).any(|finding| finding.severity == Severity::Error);
        if self.followed.is_none() && !erred {
            self.next_finding = docket.next_index();
            return;
        }
        let followed = self.followed.get_or_insert_default();
        let settled = followed.look(event, self.next_finding, context, docket);
        for (offence, act) in settled {
            followed.told.push(offence.reaction(act.as_ref()));
            let receiver = offence.by;
            let gap = self.gaps[receiver] || context.mid_stream;
            let judgement = failing::Judgement { offence: &offence, act: act.as_ref(), gap };
            if !followed.judged[receiver] {
                followed.judged[receiver] = judgement.file(context, docket);
            }
        }
        self.next_finding = docket.next_index();
    }

    /// Whether something became known since the last call of [`take`](Self::take).
    pub(in crate::rules) fn has_news(&self) -> bool {
        self.followed.as_ref().is_some_and(|followed| !followed.told.is_empty())
    }

    /// Takes what became known since the last call.
    pub(in crate::rules) fn take(&mut self) -> Vec<Reaction> {
        self.followed.as_mut().map_or_else(Vec::new, |followed| std::mem::take(&mut followed.told))
    }
}

impl Followed {
    /// Follows the findings from this index on, and gives the errors whose receivers are known to have ended.
    fn look(
        &mut self,
        event: &Event<'_>,
        next_finding: u64,
        context: &Context,
        docket: &mut Docket,
    ) -> Vec<(Offence, Option<Act>)> {
        let mut settled = Vec::new();
        for finding in docket.since(next_finding) {
            self.follow(finding, event, context, &mut settled);
        }
        match *event {
            Event::Frame(frame) => self.frame(frame, context, &mut settled),
            Event::Fin { sender, packet, acknowledged } => {
                self.stop(sender, Act::fin(&Finish { packet, acknowledged }), context, &mut settled);
            }
            Event::Reset { sender, packet } => self.stop(sender, Act::reset(packet), context, &mut settled),
            Event::End(_) => settled.extend(self.offences.drain(..).map(|offence| (offence, None))),
            _ => {}
        }
        settled
    }

    fn follow(
        &mut self,
        finding: &mut Finding,
        event: &Event<'_>,
        context: &Context,
        settled: &mut Vec<(Offence, Option<Act>)>,
    ) {
        let Some(sender) = finding.blame.filter(|_| finding.severity == Severity::Error) else { return };
        if finding.rule.requires == Requirement::Nothing || self.count == FOLLOWED {
            return;
        }
        if let (Event::Handshake(handshake), Role::Client) = (event, sender) {
            let Some(reaction) = to_request(finding, handshake) else { return };
            self.told.push(reaction);
        } else {
            let last_end = context.ends[sender].unwrap_or(0);
            let Some(offence) = Offence::new(finding, sender.peer(), event, last_end) else { return };
            match already(&offence, sender, context) {
                Some(act) => settled.push((offence, Some(act))),
                None => self.offences.push(offence),
            }
        }
        self.count += 1;
        finding.reaction_follows = true;
    }

    fn frame(&mut self, frame: &Frame<'_>, context: &Context, settled: &mut Vec<(Offence, Option<Act>)>) {
        let sender = frame.sender;
        if frame.header.opcode != Opcode::CLOSE {
            for offence in self.offences.iter_mut().filter(|offence| offence.by == sender) {
                offence.answered(frame, context.thresholds.fail_patience);
            }
            return;
        }
        if context.close_of(sender).is_some() {
            return;
        }
        let act = Act::close(&Close::of(frame, context.reserved_bits));
        let (acknowledged, code) = (act.acknowledged, act.code);
        let received = context.close_of(sender.peer());
        self.settle(sender, &act, settled, |offence| {
            // Frames are read in order (RFC 6455 §5.4): who answers a Close has read what came before it.
            let Some(close) = received else { return };
            let answers =
                acknowledged.is_some_and(|acknowledged| acknowledged >= close.end_offset) && close.spelled_code == code;
            let behind = offence.frame.is_none_or(|fault| close.frame > fault);
            if let Some(code) = code.filter(|code| answers && behind && !failing::is_failure(*code)) {
                let likely = |proof: &Proof| matches!(proof.what, Carried::Late(_));
                if offence.proof.as_ref().is_none_or(likely) {
                    offence.proof = Some(Proof { what: Carried::Echo(code), at: Place::of(frame) });
                }
            }
        });
    }

    /// An endpoint finished or reset its side.
    fn stop(&mut self, sender: Role, act: Act, context: &Context, settled: &mut Vec<(Offence, Option<Act>)>) {
        let had_stopped = |role| context.ended.as_ref().is_some_and(|ended| ended.has_stopped(role));
        // A FIN takes up a sequence number (RFC 9293 §3.4): who acknowledges more than the last byte had received it.
        let other = sender.peer();
        let answers =
            had_stopped(other) || act.acknowledged.is_some_and(|upto| upto > context.ends[other].unwrap_or(0));
        // Who follows the other's FIN does as it must: this says nothing of the fault.
        if !had_stopped(sender) && !answers {
            self.settle(sender, &act, settled, |_| {});
        }
    }

    /// The receiver `by` ended its side.
    fn settle(
        &mut self,
        by: Role,
        act: &Act,
        settled: &mut Vec<(Offence, Option<Act>)>,
        mut complete: impl FnMut(&mut Offence),
    ) {
        let mut waiting = Vec::new();
        for mut offence in self.offences.drain(..) {
            if offence.by != by {
                waiting.push(offence);
                continue;
            }
            complete(&mut offence);
            let did = if offence.came_before(act) && offence.proof.is_none() { Did::WasClosing } else { act.did };
            settled.push((offence, Some(Act { did, ..*act })));
        }
        self.offences = waiting;
    }
}

/// What the receiver had done when the fault became known: a frame that was cut off is only told at the end.
fn already(offence: &Offence, sender: Role, context: &Context) -> Option<Act> {
    let ended = context.ended.as_ref()?;
    // RFC 6455 §5.5.1: who received a Close need not read on.
    if let (Some(close), Some(fault)) = (&ended.closes[sender], offence.frame)
        && close.frame < fault
    {
        return Some(Act { did: Did::WasClosing, code: None, ..Act::close(close) });
    }
    // What the sender's end put a stop to is told when everything is.
    let act = match (&ended.closes[offence.by], &ended.fins[offence.by], &ended.resets[offence.by]) {
        (Some(close), ..) => Act::close(close),
        (None, Some(fin), reset) if reset.is_none_or(|reset| !reset.before_fin) => Act::fin(fin),
        (None, _, Some(reset)) => Act::reset(reset.packet),
        (None, _, None) => return None,
    };
    Some(if offence.came_before(&act) { Act { did: Did::WasClosing, ..act } } else { act })
}
