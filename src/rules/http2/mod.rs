//! WebSockets on HTTP/2 streams (RFC 8441): the extended CONNECT and its answer, what may stand on the stream, and how it
//! ends.
//!
//! What RFC 6455 asks of GET and 101 is not asked here; its rules for versions, subprotocols, extensions and frames
//! apply unchanged.

mod opening_rules;
mod stream_rules;

pub use opening_rules::RULES as OPENING_RULES;
pub(super) use stream_rules::CLOSE_WITHOUT_CLOSE_FRAME;
pub use stream_rules::RULES as STREAM_RULES;

use super::docket::Docket;
use super::header_syntax::{is_cut, of_head, quoted};
use super::referee::{Context, Topic};
use super::{Finding, Rule, Severity};
use crate::http::{Head, RequestLine, StatusLine};
use crate::http2::{Opening, Permission, StreamEvent, StreamFact, error_code_name};
use crate::websocket::{Event, Handshake};
use crate::{PerRole, Role};

use opening_rules::*;
use stream_rules::*;

/// Judges a stream; remembers what excuses its end.
#[derive(Debug, Default)]
pub(super) struct Http2Rules {
    /// The server agreed to a WebSocket.
    established: bool,
    /// Who ended its half of the stream.
    ended: PerRole<bool>,
}

impl Topic for Http2Rules {
    fn handshake(&mut self, handshake: &Handshake, _: &Context, docket: &mut Docket) {
        let Some(opening) = &handshake.http2 else { return };
        self.established = handshake.attempt.switched;
        if let Some(request) = &handshake.attempt.request {
            judge_request(handshake, opening, request, docket);
        }
        if let Some(response) = &handshake.attempt.response {
            judge_response(handshake, opening, response, docket);
        }
    }

    fn see(&mut self, event: &Event<'_>, context: &Context, docket: &mut Docket) {
        if let Event::Stream(event) = event {
            self.stream(*event, context, docket);
        }
    }
}

impl Http2Rules {
    fn stream(&mut self, event: StreamEvent, context: &Context, docket: &mut Docket) {
        let StreamEvent { sender, packet, fact } = event;
        let mut file = |rule, text: String| docket.file(Finding::new(rule, Some(sender), text).at(packet));
        match fact {
            StreamFact::EndStream => self.ended[sender] = true,
            StreamFact::Reset(code) => {
                if let Some(finding) = self.reset(sender, code, context) {
                    docket.file(finding.at(packet));
                }
            }
            StreamFact::OutOfPlace(kind) => {
                let name = kind.name().unwrap_or("a frame of unknown type");
                file(&NONDATA_ON_TUNNEL, format!("{sender} sends {name} on the stream of an open WebSocket"));
            }
            StreamFact::SettingValue(value) => {
                file(&SETTING_VALUE, format!("{sender}'s SETTINGS_ENABLE_CONNECT_PROTOCOL is {value}"));
            }
            StreamFact::SettingRevoked => {
                file(&SETTING_REVOKED, format!("{sender}'s SETTINGS_ENABLE_CONNECT_PROTOCOL is 0 after it was 1"));
            }
            StreamFact::TooManyStreams => {}
        }
    }

    /// RST_STREAM, where it is abrupt: nobody closed before.
    fn reset(&self, sender: Role, code: Option<u32>, context: &Context) -> Option<Finding> {
        /// RFC 9113 §7.
        const NO_ERROR: u32 = 0x0;
        const INTERNAL_ERROR: u32 = 0x2;
        const CONNECT_ERROR: u32 = 0xA;
        let code = code?;
        let closed = context.close_of(Role::Client).is_some() && context.close_of(Role::Server).is_some();
        let over = self.ended[sender] || closed;
        if over || !self.established {
            return None;
        }
        let severity = match code {
            NO_ERROR | INTERNAL_ERROR => RST_CODE.severity,
            // What a proxy says of the TCP connection behind it (RFC 9113 §8.5).
            CONNECT_ERROR => Severity::Note,
            // CANCEL, and codes that speak of a fault of HTTP/2 itself.
            0x1..=0xD => return None,
            _ => RST_CODE.severity,
        };
        let text =
            format!("{sender} ends the WebSocket by RST_STREAM with {} instead of CANCEL", error_code(Some(code)));
        Some(Finding::new(&RST_CODE, Some(sender), text).with_severity(severity))
    }
}

/// An error code as a message names it.
pub(super) fn error_code(code: Option<u32>) -> String {
    match code.map(|code| (code, error_code_name(code))) {
        None => "its code was not captured".to_owned(),
        Some((_, Some(name))) => name.to_owned(),
        Some((code, None)) => format!("code {code:#x}"),
    }
}

fn judge_request(handshake: &Handshake, opening: &Opening, request: &Head<RequestLine>, docket: &mut Docket) {
    let finding =
        |rule, text: String| of_head(rule, Role::Client, request, text).after_gap(handshake.attempt.after_gap);
    let mut file = |rule, evidence: &[u8], text: String| docket.file(finding(rule, text).with_evidence(evidence));
    if opening.permission == Permission::NotYet {
        let text = "client asks for a WebSocket before it has received SETTINGS_ENABLE_CONNECT_PROTOCOL of 1";
        file(&CONNECT_BEFORE_SETTING, b"", text.to_owned());
    }
    // An empty method is one that is not known, or missing altogether.
    match request.first(":method") {
        Some(b"CONNECT") | None => {}
        Some(method) => {
            let text = format!("client's request has :protocol and the method {}", quoted(method));
            file(&PROTOCOL_METHOD, method, text);
        }
    }
    if let Some(scheme) = request.first(":scheme").filter(|&scheme| !matches!(scheme, b"http" | b"https")) {
        let text = format!("client's :scheme is {}, not https or http", quoted(scheme));
        file(&SCHEME, scheme, text);
    }
    if opening.end_stream.client {
        file(&EARLY_END_STREAM, b"", "client ends its half of the stream with the request".to_owned());
    }
    connection_fields(Role::Client, request, &mut file);
    if let Some(key) = request.first("sec-websocket-key") {
        file(&KEY_ACCEPT, key, "client sends Sec-WebSocket-Key, which nobody looks at over HTTP/2".to_owned());
    }
    if is_cut(request) {
        return;
    }
    let missing: Vec<&str> =
        [":scheme", ":path", ":authority"].into_iter().filter(|name| request.first(name).is_none()).collect();
    if !missing.is_empty() {
        file(&PSEUDO_MISSING, b"", format!("client's request has :protocol and no {}", missing.join(", no ")));
    }
    if request.first("sec-websocket-version").is_none() {
        file(&VERSION_MISSING, b"", "client's request has no sec-websocket-version".to_owned());
    }
}

fn judge_response(handshake: &Handshake, opening: &Opening, response: &Head<StatusLine>, docket: &mut Docket) {
    let finding =
        |rule, text: String| of_head(rule, Role::Server, response, text).after_gap(handshake.attempt.after_gap);
    let mut file = |rule, evidence: &[u8], text: String| docket.file(finding(rule, text).with_evidence(evidence));
    if response.line.status == 101 {
        file(&STATUS_101, b"101", "server answers with 101, which HTTP/2 does not have".to_owned());
    }
    if opening.end_stream.server && handshake.attempt.switched {
        file(&EARLY_END_STREAM, b"", "server ends its half of the stream with its answer".to_owned());
    }
    connection_fields(Role::Server, response, &mut file);
    if let Some(accept) = response.first("sec-websocket-accept") {
        file(&KEY_ACCEPT, accept, "server sends Sec-WebSocket-Accept, which nobody looks at over HTTP/2".to_owned());
    }
}

/// RFC 9113 §8.2.2: what belongs to a connection of HTTP/1.
fn connection_fields<Line>(sender: Role, head: &Head<Line>, file: &mut impl FnMut(&'static Rule, &[u8], String)) {
    for name in ["connection", "upgrade"] {
        if let Some(value) = head.first(name) {
            let what = if sender == Role::Client { "request" } else { "answer" };
            let text = format!("{sender}'s {what} has {name}: {}", quoted(value));
            file(&CONNECTION_HEADERS, value, text);
        }
    }
}
