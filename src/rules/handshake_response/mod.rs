//! The server's answer to the upgrade request (RFC 6455 §4.1 "the client MUST validate the server's response", §4.2.2).
//!
//! What an answer must be is judged where it was seen; what it owes to the request, where both were. Answers in the
//! dialects before RFC 6455 are only held to what was demanded then already.

mod answer_rules;
mod choice;
mod choice_rules;
mod field_rules;
mod switch;

use super::docket::Docket;
use super::header_syntax::{Field, is_cut};
use super::http2::error_code;
use super::referee::{Context, Topic};
use super::{Finding, Rule, Severity};
use crate::Role;
use crate::capture::PacketRef;
use crate::escape::printable_within;
use crate::http::{Fault, Head, RequestLine, StatusLine};
use crate::http2::Cut;
use crate::websocket::{Ending, Handshake, TcpEnd};
use std::time::Duration;

use answer_rules::*;

pub use answer_rules::RULES as ANSWER_RULES;
pub use choice_rules::RULES as CHOICE_RULES;
pub use field_rules::RULES as FIELD_RULES;

/// Values from the wire are cut to this many columns in a message.
const SHOWN: usize = 80;

/// Judges the answer as soon as the handshake is told; an answer that is not there, at the end.
#[derive(Debug, Default)]
pub(in crate::rules) struct HandshakeResponseRules {
    unanswered: Option<Box<Unanswered>>,
}

/// An upgrade request without an answer.
#[derive(Clone, Copy, Debug)]
struct Unanswered {
    asked: PacketRef,
    after_gap: bool,
    client_left: bool,
    cut: Option<Cut>,
}

impl Topic for HandshakeResponseRules {
    fn handshake(&mut self, handshake: &Handshake, _: &Context, docket: &mut Docket) {
        let attempt = &handshake.attempt;
        if let Some(packet) = attempt.pipelined {
            let text = "client sends another HTTP request behind its upgrade request, before the answer";
            docket.file(Finding::new(&PIPELINED_REQUEST, Some(Role::Client), text).at(packet));
        }
        let Some(response) = &attempt.response else {
            if let (false, Some(request)) = (attempt.switched, &attempt.request) {
                let (after_gap, client_left) = (attempt.after_gap, attempt.client_left);
                self.unanswered = Some(Box::new(Unanswered {
                    asked: request.last_packet,
                    after_gap,
                    client_left,
                    cut: handshake.http2.as_ref().and_then(|opening| opening.cut),
                }));
            }
            return;
        };
        // Every line of it: a line that was not seen must not be held to be missing.
        let whole_request = attempt.request.as_deref().filter(|request| !is_cut(request));
        let mut answer = Answer { handshake, whole_request, response, docket };
        if handshake.http2.is_none() {
            answer.malformed();
        }
        match attempt.switched {
            // RFC 8441 §5: what remains of RFC 6455 over HTTP/2.
            true if handshake.http2.is_some() && !handshake.is_answer_known() => {}
            true if handshake.http2.is_some() => {
                answer.protocol();
                answer.extensions();
            }
            true => answer.switched(),
            false => answer.refused(),
        }
    }

    fn end(&mut self, ending: &Ending, context: &Context, docket: &mut Docket) {
        if let Some(unanswered) = self.unanswered.take() {
            docket.file(missing(&unanswered, ending, context));
        }
    }
}

/// An answer that is being judged.
struct Answer<'a> {
    handshake: &'a Handshake,
    /// The request, where every line of it was seen.
    whole_request: Option<&'a Head<RequestLine>>,
    response: &'a Head<StatusLine>,
    docket: &'a mut Docket,
}

impl Answer<'_> {
    /// Files a finding about the answer; `evidence` is the deciding field's value, empty where a field is missing.
    fn file(&mut self, rule: &'static Rule, text: impl Into<String>, evidence: &[u8]) {
        self.file_as(rule, rule.severity, text, evidence);
    }

    /// Files a finding that rests on the request too: once bytes are missing, the answer may belong to another one.
    fn file_against_request(&mut self, rule: &'static Rule, text: impl Into<String>, evidence: &[u8]) {
        let severity = match self.handshake.attempt.after_gap {
            true => rule.severity.min(Severity::Warning),
            false => rule.severity,
        };
        self.file_as(rule, severity, text, evidence);
    }

    fn file_as(&mut self, rule: &'static Rule, severity: Severity, text: impl Into<String>, evidence: &[u8]) {
        let finding = Finding::new(rule, Some(Role::Server), text)
            .with_severity(severity)
            .at(self.response.last_packet)
            .at_offset(self.response.offset)
            .with_evidence(evidence)
            .after_gap(self.handshake.attempt.after_gap);
        self.docket.file(finding);
    }

    fn malformed(&mut self) {
        let faults = &self.response.faults;
        if faults.is_empty() {
            return;
        }
        let proved: Vec<&str> =
            faults.iter().filter(|&&fault| fault != Fault::Unfinished).map(|fault| fault.describe()).collect();
        if !proved.is_empty() {
            let text = format!("server's answer is not valid HTTP: {}", proved.join(", "));
            self.file(&MALFORMED_HTTP, text, b"");
        } else {
            let text = format!("server's answer breaks off after {} bytes", self.response.length);
            self.file_as(&MALFORMED_HTTP, Severity::Warning, text, b"");
        }
    }

    /// The server answered with another status than 101.
    fn refused(&mut self) {
        let StatusLine { status, reason, .. } = &self.response.line;
        // A 101 without an end switches to nothing; what is no status is reported as malformed.
        if matches!(status, 0 | 101) {
            return;
        }
        let said = match reason.is_empty() {
            true => status.to_string(),
            false => format!("{status} {}", shown(reason.as_bytes())),
        };
        let mut text = match status {
            200..=299 => format!("server answered the upgrade request with {said} and did not switch"),
            300..=399 => format!("server redirected the upgrade request: {said}"),
            _ => format!("server refused the upgrade: {said}"),
        };
        const TELLING: [&str; 5] =
            ["WWW-Authenticate", "Proxy-Authenticate", "Location", "Retry-After", "Sec-WebSocket-Version"];
        for name in TELLING {
            if let Some(value) = self.response.first(name) {
                text.push_str(&format!("; {name}: {}", shown(value)));
            }
        }
        self.file(&REFUSED, text, b"");
        self.version_refused();
        if *status == 426 && self.response.first("upgrade").is_none() {
            let text = "server answered 426 Upgrade Required without an Upgrade field";
            self.file(&UPGRADE_REQUIRED_WITHOUT_UPGRADE, text, b"");
        }
    }

    /// RFC 6455 §4.4: a server that refuses a version says which ones it speaks.
    fn version_refused(&mut self) {
        let status = self.response.line.status;
        let Some(request) = self.whole_request else { return };
        let Some(asked) = Field::of(request, "sec-websocket-version").only() else { return };
        let asked = shown(asked);
        if self.response.lists("sec-websocket-version", &asked) {
            let text =
                format!("server refused the upgrade with {status}, yet lists the version that was asked for: {asked}");
            let listed = self.response.first("sec-websocket-version").unwrap_or_default();
            self.file_against_request(&VERSION_CONTRADICTION, text, listed);
            return;
        }
        let about_version = status == 426
            || (status == 400 && switch::faults_of(self.handshake, request).iter().all(|fault| fault.is_about_version));
        let is_version = !asked.is_empty() && asked.bytes().all(|byte| byte.is_ascii_digit());
        if about_version && is_version && asked != "13" && self.response.first("sec-websocket-version").is_none() {
            let text = format!("server refused version {asked} with {status} without naming the versions it speaks");
            self.file_against_request(&VERSION_ADVERT_MISSING, text, b"");
        }
    }
}

/// The answer never came.
fn missing(unanswered: &Unanswered, ending: &Ending, context: &Context) -> Finding {
    let waited = unanswered.asked.time.zip(ending.last_packet.time).map(|(asked, last)| last.since(asked));
    let patient = waited.is_some_and(|waited| waited >= context.thresholds.handshake_unanswered);
    let ended = ending.tcp != TcpEnd::Open && ending.capture_end.is_none();
    let (severity, text) = if unanswered.after_gap {
        let text = "no answer to the upgrade request was captured; bytes are missing from the capture";
        (Severity::Note, text.to_owned())
    } else if let Some((severity, text)) = cut_by_http2(unanswered, waited) {
        (severity, text)
    } else if !ended {
        (Severity::Note, "the capture ends without an answer to the upgrade request".to_owned())
    } else if unanswered.client_left {
        let severity = if patient { Severity::Warning } else { Severity::Note };
        (severity, format!("client gave up{} without an answer to its upgrade request", after(waited)))
    } else {
        let how = if ending.tcp == TcpEnd::Reset { "reset" } else { "closed" };
        (
            Severity::Warning,
            format!("server {how} the connection{} without an answer to the upgrade request", after(waited)),
        )
    };
    Finding::new(&MISSING, Some(Role::Server), text)
        .with_severity(severity)
        .at(unanswered.asked)
        .after_gap(unanswered.after_gap)
}

/// HTTP/2 said that no answer will come.
fn cut_by_http2(unanswered: &Unanswered, waited: Option<Duration>) -> Option<(Severity, String)> {
    /// The request was not looked at and may be sent again (RFC 9113 §8.7).
    const REFUSED_STREAM: u32 = 7;
    match unanswered.cut? {
        Cut::Reset { sender: Role::Client, .. } => None,
        Cut::Reset { sender: Role::Server, code } => {
            let severity = if code == Some(REFUSED_STREAM) { Severity::Note } else { MISSING.severity };
            let text = format!("server reset the stream ({}) without an answer to the request", error_code(code));
            Some((severity, text))
        }
        Cut::GoAway => {
            let text = format!("server went away (GOAWAY){} without having looked at the request", after(waited));
            Some((Severity::Note, text))
        }
    }
}

fn after(waited: Option<Duration>) -> String {
    match waited {
        None => String::new(),
        Some(short) if short < Duration::from_secs(1) => format!(" after {} ms", short.as_millis()),
        Some(long) => format!(" after {:.1} s", long.as_secs_f64()),
    }
}

fn shown(value: &[u8]) -> String {
    printable_within(value, SHOWN)
}
