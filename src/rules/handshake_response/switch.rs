//! A 101: whether the request allowed it, and whether Upgrade, Connection and Sec-WebSocket-Accept are right.

use super::answer_rules::*;
use super::field_rules::*;
use super::{Answer, shown};
use crate::http::{Head, RequestLine};
use crate::rules::header_syntax::{Field, connection_lists_upgrade, same, upgrade_lists_websocket};
use crate::websocket::{AcceptCause, AcceptCheck, Family, Handshake, accept_key};
use std::borrow::Cow;

/// Something for which RFC 6455 §4.2.1 obliges the server to refuse a request.
pub(super) struct RequestFault {
    /// As a clause: "it has no Host".
    what: Cow<'static, str>,
    /// It is about Sec-WebSocket-Version.
    pub(super) is_about_version: bool,
}

impl Answer<'_> {
    /// Judges a 101.
    pub(super) fn switched(&mut self) {
        if self.handshake.attempt.first_frame_coalesced {
            let text = format!(
                "server's first frame is in the segment that ends the 101 (packet {})",
                self.response.last_packet.number()
            );
            self.file(&FIRST_FRAME_COALESCED, text, b"");
        }
        match self.handshake.family {
            // They have no accept, and may spell and order what they have in one way only: see `legacy`.
            Family::Hixie75 | Family::Hixie76 => {}
            // Drafts 04 to 08 demand these three fields as RFC 6455 does.
            Family::Hybi(_) => {
                self.upgrade();
                self.connection();
                self.accept();
            }
            Family::Rfc6455 => {
                self.requested();
                self.upgrade();
                self.connection();
                self.accept();
                self.body_announced();
                self.protocol();
                self.extensions();
            }
        }
    }

    /// RFC 9110 §7.8 and RFC 6455 §4.2.1: what a server may accept.
    fn requested(&mut self) {
        let Some(request) = self.whole_request else { return };
        let faults = faults_of(self.handshake, request);
        if !upgrade_lists_websocket(request) {
            let text = match request.first("upgrade") {
                None => "server switched to WebSocket, but the request has no Upgrade field".to_owned(),
                Some(value) => {
                    format!("server switched to WebSocket, but the request offers to upgrade to \"{}\"", shown(value))
                }
            };
            self.file_against_request(&SWITCH_UNREQUESTED, text, b"");
        }
        if !faults.is_empty() {
            let clauses: Vec<&str> = faults.iter().map(|fault| &*fault.what).collect();
            let text = format!("server accepted a request that it had to refuse: {}", clauses.join("; "));
            self.file_against_request(&SWITCH_TO_INVALID_REQUEST, text, b"");
        }
    }

    fn upgrade(&mut self) {
        let Field { first, lines } = Field::of(self.response, "upgrade");
        match first {
            None => self.file(&UPGRADE_MISSING, "server's 101 has no Upgrade field", b""),
            Some(value) if lines > 1 => {
                let text = format!("server's 101 has {lines} Upgrade fields instead of one");
                self.file(&UPGRADE_VALUE, text, value);
            }
            Some(value) if same(value, b"websocket") => {}
            Some(value) => {
                let text = format!("server's Upgrade is \"{}\" instead of \"websocket\" alone", shown(value));
                self.file(&UPGRADE_VALUE, text, value);
            }
        }
    }

    fn connection(&mut self) {
        if connection_lists_upgrade(self.response) {
            return;
        }
        let (text, evidence) = match self.response.first("connection") {
            None => ("server's 101 has no Connection field".to_owned(), &b""[..]),
            Some(value) => (format!("server's Connection is \"{}\" and does not list Upgrade", shown(value)), value),
        };
        self.file(&CONNECTION_MISSING_UPGRADE, text, evidence);
    }

    fn accept(&mut self) {
        let (handshake, response) = (self.handshake, self.response);
        let request = handshake.attempt.request.as_ref();
        let keys = || request.into_iter().flat_map(|request| request.all("sec-websocket-key"));
        let Field { first, lines } = Field::of(response, "sec-websocket-accept");
        let Some(value) = first else {
            if request.is_none() || keys().next().is_some() {
                self.file(&ACCEPT_MISSING, "server's 101 has no Sec-WebSocket-Accept", b"");
            }
            return;
        };
        if lines > 1 {
            let text = format!("server's 101 has {lines} Sec-WebSocket-Accept fields instead of one");
            self.file(&ACCEPT_DUPLICATE, text, value);
        }
        let Some(AcceptCheck { expected, wrong: Some(wrong) }) = &handshake.accept else { return };
        // Where a field stands twice, one right answer to one of the keys is enough: its repetition is reported.
        let answers =
            |key: &[u8]| response.all("sec-websocket-accept").any(|value| value == accept_key(key).as_bytes());
        if keys().any(answers) {
            return;
        }
        let received = shown(wrong.received.as_bytes());
        let (rule, why) = match &wrong.cause {
            Some(AcceptCause::OtherConnection(other)) => {
                (&ACCEPT_OTHER_CONNECTION, format!("it answers the key of connection {other}"))
            }
            Some(cause) => (&ACCEPT_MISMATCH, shown(cause.describe().as_bytes())),
            None => (&ACCEPT_MISMATCH, "no known mistake yields it".to_owned()),
        };
        let text = format!("server's Sec-WebSocket-Accept {received} is wrong: {why}; the key asks for {expected}");
        self.file_against_request(rule, text, wrong.received.as_bytes());
    }

    /// RFC 9110 §8.6, RFC 9112 §6.1: a 101 has no body and must not announce one.
    fn body_announced(&mut self) {
        let (length, coding) = (self.response.first("content-length"), self.response.first("transfer-encoding"));
        for (name, value) in [("Content-Length", length), ("Transfer-Encoding", coding)] {
            if let Some(value) = value {
                let text = format!("server's 101 has {name}: {}", shown(value));
                self.file(&CONTENT_LENGTH, text, value);
            }
        }
    }
}

/// What RFC 6455 §4.2.1 obliges a server to refuse in this request; Upgrade is not looked at.
pub(super) fn faults_of(handshake: &Handshake, request: &Head<RequestLine>) -> Vec<RequestFault> {
    let RequestLine { method, version, .. } = &request.line;
    let mut faults = Vec::new();
    let mut add = |what: Cow<'static, str>| faults.push(RequestFault { what, is_about_version: false });
    // RFC 9110 §9.1: methods have case.
    if method != "GET" {
        add(format!("its method is {}, not GET", shown(method.as_bytes())).into());
    }
    if matches!(&**version, "HTTP/1.0" | "HTTP/0.9") {
        add(format!("its version is {version}").into());
    }
    if request.first("host").is_none() {
        add("it has no Host".into());
    }
    if !connection_lists_upgrade(request) {
        add("its Connection does not list Upgrade".into());
    }
    match &handshake.key {
        None => add("it has no Sec-WebSocket-Key".into()),
        Some(Err(_)) => add("its key is not base64".into()),
        Some(Ok(key)) if key.nonce.is_none() => {
            add(format!("its key decodes to {} bytes, not 16", key.length).into());
        }
        Some(Ok(_)) => {}
    }
    let version = match request.first("sec-websocket-version") {
        Some(b"13") => None,
        Some(version) => Some(format!("its Sec-WebSocket-Version is {}, not 13", shown(version)).into()),
        None => Some(Cow::Borrowed("it has no Sec-WebSocket-Version")),
    };
    faults.extend(version.map(|what| RequestFault { what, is_about_version: true }));
    faults
}
