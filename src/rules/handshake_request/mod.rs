//! The client's half of the opening handshake (RFC 6455 §4.1): a valid HTTP request with a fresh key, the version, and
//! what the client offers.
//!
//! Older clients keep the drafts of their time: what only RFC 6455 demands is not asked of them.

mod http;
mod key;
mod offers;
mod tls;
mod version;

pub use http::RULES as HTTP_RULES;
pub use key::RULES as KEY_RULES;
pub use offers::RULES as OFFER_RULES;
pub use tls::RULES as TLS_RULES;
pub use version::RULES as VERSION_RULES;

use super::docket::Docket;
use super::header_syntax::{is_cut, of_head};
use super::referee::{Context, Topic};
use super::{Finding, Rule};
use crate::Role;
use crate::http::{Head, RequestLine};
use crate::websocket::{Family, Handshake};

/// Judges requests. A request is told once and whole, so nothing is remembered.
#[derive(Debug, Default)]
pub(super) struct HandshakeRequestRules;

impl Topic for HandshakeRequestRules {
    fn handshake(&mut self, handshake: &Handshake, context: &Context, docket: &mut Docket) {
        let Some(request) = &handshake.attempt.request else { return };
        let mut case = Case { handshake, request, generation: generation(handshake, request), docket };
        if handshake.http2.is_some() {
            return case.over_http2();
        }
        http::judge_start(&mut case, context.head_bytes as u64);
        // What is missing from a head that was cut off may only have come too late.
        if is_cut(request) {
            return;
        }
        tls::judge(&mut case);
        http::judge_fields(&mut case);
        http::judge_course(&mut case);
        if case.generation == Generation::Hixie {
            return;
        }
        key::judge(&mut case);
        version::judge(&mut case);
        // The drafts had other rules for names of subprotocols and extensions, and until version 8 another name for
        // Origin (draft-ietf-hybi-thewebsocketprotocol-08 §5.1).
        if case.generation == Generation::Rfc {
            offers::judge(&mut case);
        }
    }
}

/// Whose demands a request has to meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Generation {
    /// draft-hixie-thewebsocketprotocol-75 and -76: no version, no base64 key.
    Hixie,
    /// draft-ietf-hybi-thewebsocketprotocol-04 to -12, which have both.
    Draft,
    /// RFC 6455.
    Rfc,
}

fn generation(handshake: &Handshake, request: &Head<RequestLine>) -> Generation {
    match handshake.family {
        Family::Hixie75 | Family::Hixie76 => Generation::Hixie,
        Family::Hybi(_) => Generation::Draft,
        Family::Rfc6455 if is_hixie_75(request) => Generation::Hixie,
        Family::Rfc6455 => Generation::Rfc,
    }
}

/// Whether a request that was not answered as one is that of draft-hixie-thewebsocketprotocol-75 §3.1: the fields and
/// the very spelling that the draft asks for, and none of those that came later.
fn is_hixie_75(request: &Head<RequestLine>) -> bool {
    const PREFIX: &[u8] = b"sec-websocket-";
    let is_later = |name: &[u8]| name.get(..PREFIX.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(PREFIX));
    request.first("upgrade") == Some(b"WebSocket")
        && request.first("origin").is_some()
        && !request.headers.iter().any(|header| is_later(header.name))
}

/// A request before the judge.
struct Case<'a> {
    handshake: &'a Handshake,
    request: &'a Head<RequestLine>,
    generation: Generation,
    docket: &'a mut Docket,
}

impl Case<'_> {
    /// RFC 8441 §5: what remains of RFC 6455 over HTTP/2. The rest is in the rules for [`http2`](super::http2).
    fn over_http2(&mut self) {
        http::judge_course(self);
        if is_cut(self.request) {
            return;
        }
        tls::judge(self);
        version::judge(self);
        offers::judge(self);
    }

    /// A finding about this request that still has to be filed.
    fn finding(&self, rule: &'static Rule, message: impl Into<String>) -> Finding {
        of_head(rule, Role::Client, self.request, message.into())
    }

    fn file(&mut self, rule: &'static Rule, message: impl Into<String>) {
        let finding = self.finding(rule, message);
        self.docket.file(finding);
    }

    /// Shows the bytes that decide.
    fn file_showing(&mut self, rule: &'static Rule, evidence: &[u8], message: impl Into<String>) {
        let finding = self.finding(rule, message).with_evidence(evidence);
        self.docket.file(finding);
    }
}
