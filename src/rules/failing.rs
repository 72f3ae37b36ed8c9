//! Whether a receiver fails the connection where it must, and how (RFC 6455 §7.1.7).
//!
//! What the receiver did is followed by [`reaction`](super::reaction); here it is judged.

use super::docket::Docket;
use super::reaction::offence::{Act, Carried, Offence, Place};
use super::referee::Context;
use super::{Blames, Confidence, Did, Finding, Requirement, Rule, Severity};
use crate::Role;
use crate::scenario::{Scenario, close, ping, pong, text};

/// The rules of this file.
pub const RULES: &[&Rule] = &[&TOLERATED, &NO_CLOSE_FRAME, &WRONG_CODE];

/// A client breaks a rule for which the server must fail the connection.
fn offence() -> Scenario {
    Scenario::new().handshake().client(text("Hello").rsv(0b001))
}

/// `fail-tolerated`
pub static TOLERATED: Rule = Rule {
    id: "fail-tolerated",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §7.1.7",
    quote: "Certain algorithms and specifications require an endpoint to _Fail the WebSocket Connection_. To do so, \
            the client MUST _Close the WebSocket Connection_, and MAY report the problem to the user (which would be \
            especially useful for developers) in an appropriate manner.",
    statement: "An endpoint carries on after bytes for which it must fail the connection.",
    why: "The fault stays hidden until a stricter peer or a proxy comes between, and two readers of one stream may \
          disagree about what it says.",
    restraint: "Said only for rules whose text demands to fail, once for an endpoint, and only where it is proved that \
                the endpoint had read the bytes: it answers a Ping that came with or after them, gives the code of a \
                later Close back, or sends frames after an answer to its upgrade that it must reject. Data that may \
                have been on its way proves nothing; where it still comes after fail-patience, this is a warning. A \
                warning, too, where bytes are missing, for its Close may be among them.",
    breaks: || offence().client(ping("still there?")).server(pong("still there?")),
    keeps: || offence().client(ping("still there?")).server(close(1002, "")).fin(Role::Server),
};

/// `fail-no-close-frame`
pub static NO_CLOSE_FRAME: Rule = Rule {
    id: "fail-no-close-frame",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §7.1.7",
    quote: "If _The WebSocket Connection is Established_ prior to the point where the endpoint is required to _Fail the \
            WebSocket Connection_, the endpoint SHOULD send a Close frame with an appropriate status code (Section \
            7.4) before proceeding to _Close the WebSocket Connection_.",
    statement: "An endpoint fails the connection and does not say why in a Close frame.",
    why: "The application on the other side is told 1006, which is what it is told of a broken cable.",
    restraint: "Silent when the other side had closed first, and when it is not known that the bytes had arrived. Why an \
                endpoint ended the connection cannot be seen: it is said of one that ends it right after an error of \
                the other.",
    breaks: || offence().fin(Role::Server),
    keeps: || offence().server(close(1002, "")).fin(Role::Server),
};

/// `fail-wrong-code`
pub static WRONG_CODE: Rule = Rule {
    id: "fail-wrong-code",
    severity: Severity::Warning,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §7.4.1",
    quote: "",
    statement: "The Close frame with which an endpoint fails the connection carries a code that does not fit.",
    why: "1000 says that all is well and 1011 that the fault is one's own, so the side that broke the protocol does not \
          learn of it. 1002 stands for a protocol error, 1007 for text that is not UTF-8.",
    restraint: "Said only of no code, 1000, 1010 and 1011, and only within fail-patience of the bytes: others can be meant, \
                or have another reason. Silent about a code that is given back, and for rules whose text does not demand \
                to fail.",
    breaks: || offence().server(close(1000, "")).client(close(1000, "")).fin(Role::Server),
    keeps: || offence().server(close(1002, "")).client(close(1002, "")).fin(Role::Server),
};

/// Whether a code says that the connection failed (RFC 6455 §7.4.1).
pub(super) fn is_failure(code: u16) -> bool {
    matches!(code, 1002 | 1003 | 1007..=1011 | 1014 | 1015)
}

/// What came of an error, before the judge.
pub(super) struct Judgement<'a> {
    pub(super) offence: &'a Offence,
    pub(super) act: Option<&'a Act>,
    /// Bytes of the receiver are missing.
    pub(super) gap: bool,
}

impl Judgement<'_> {
    /// Files what is wrong with it; gives whether anything is.
    pub(super) fn file(&self, context: &Context, docket: &mut Docket) -> bool {
        let finding = self.tolerated().or_else(|| match self.act {
            Some(act) if act.did == Did::Closed => self.wrong_code(act, context),
            Some(act) => self.no_close_frame(act, context),
            None => None,
        });
        let Some(mut finding) = finding else { return false };
        if self.gap || self.offence.after_gap {
            finding.severity = finding.severity.min(Severity::Warning);
            finding.confidence = Confidence::AfterGap;
        }
        docket.file(finding);
        true
    }

    /// `client's frame 3 (frame-rsv3-set)`
    fn fault(&self) -> String {
        let Offence { rule, by, frame, .. } = self.offence;
        let place = frame.map_or("answer to the upgrade".to_owned(), |frame| format!("frame {frame}"));
        format!("{}'s {place} ({})", by.peer(), rule.id)
    }

    fn finding(&self, rule: &'static Rule, at: &Place, text: String) -> Finding {
        let (frame, opcode) = at.frame.unzip();
        Finding {
            frame,
            opcode,
            stream_offset: at.stream_offset,
            evidence: at.header.bytes().to_vec(),
            ..Finding::new(rule, Some(self.offence.by), text).at(at.packet)
        }
    }

    fn tolerated(&self) -> Option<Finding> {
        let proof = self.offence.proof.as_ref()?;
        let requires = self.offence.rule.requires;
        if !matches!(requires, Requirement::Fail { .. } | Requirement::FailOpening { .. }) {
            return None;
        }
        let by = self.offence.by;
        let how = match proof.what {
            Carried::Pong(ping) => format!("answers the Ping in frame {ping}"),
            Carried::Frame => "sends frames".to_owned(),
            Carried::Echo(code) => format!("answers the Close that followed with its code {code}"),
            Carried::Late(time) => format!("still sends data {time:.1?} later"),
        };
        let what = if matches!(requires, Requirement::Fail { .. }) { "connection" } else { "opening handshake" };
        let text = format!("{by} {how} after {}, for which it must fail the {what}", self.fault());
        let mut finding = self.finding(&TOLERATED, &proof.at, text);
        if matches!(proof.what, Carried::Late(_)) {
            finding.severity = Severity::Warning;
            finding.confidence = Confidence::Statistical;
        }
        Some(finding)
    }

    fn no_close_frame(&self, act: &Act, context: &Context) -> Option<Finding> {
        let offence = self.offence;
        let received = match act.did {
            Did::Finished => offence.had_been_received(act.acknowledged) == Some(true),
            Did::Reset => offence.is_received(),
            _ => false,
        };
        let established = matches!(offence.rule.requires, Requirement::Fail { .. } | Requirement::MayClose { .. });
        let soon = offence.until(act.at.packet).is_some_and(|time| time < context.thresholds.fail_patience);
        if !received || !established || !soon || offence.is_close {
            return None;
        }
        let how = if act.did == Did::Finished { "finishes" } else { "resets" };
        let text = format!("{} {how} TCP after {} without a Close frame that says why", offence.by, self.fault());
        Some(self.finding(&NO_CLOSE_FRAME, &act.at, text))
    }

    fn wrong_code(&self, act: &Act, context: &Context) -> Option<Finding> {
        let Requirement::Fail { code: fits, .. } = self.offence.rule.requires else { return None };
        let soon = self.offence.until(act.at.packet).is_some_and(|time| time < context.thresholds.fail_patience);
        let wrong = matches!(act.code, None | Some(1000 | 1010 | 1011));
        if !wrong || !soon || !self.offence.was_behind(act) {
            return None;
        }
        let code = act.code.map_or("no code".to_owned(), |code| format!("code {code}"));
        let text = format!("{}'s Close after {} has {code}; {fits} fits", self.offence.by, self.fault());
        Some(self.finding(&WRONG_CODE, &act.at, text))
    }
}
