//! What an upgrade attempt settled: the key and its answer, the subprotocol, the extensions, the protocol's age
//! (RFC 6455 §4, RFC 7692 §7.1).

mod accept;
mod extensions;
mod hixie;
mod key;
#[cfg(test)]
mod tests;

pub use accept::{Accept, AcceptCause, AcceptCheck, GUID, WrongAccept, accept_key, check_accept};
pub(crate) use extensions::window_bits;
pub use extensions::{Extension, ExtensionSyntax, PmdParams, parse_extensions};
pub use hixie::{HixieCheck, HixieKeyFault, hixie76_answer};
pub use key::{DecodedKey, KeyFault, SAMPLE_KEYS, decode_key};

use crate::PerRole;
use crate::http::{Attempt, Head, RequestLine, StatusLine};
use crate::http2::Opening;
use crate::packet::Endpoint;
use crate::tls::Facts;
use std::borrow::Cow;
use std::sync::Arc;

/// An opening handshake, read from an [`Attempt`].
#[derive(Clone, Debug)]
pub struct Handshake {
    /// The heads it was read from.
    pub attempt: Box<Attempt>,
    /// The generation of the protocol.
    pub family: Family,
    /// What the first `Sec-WebSocket-Key` decodes to; `None` where none was seen.
    pub key: Option<Result<DecodedKey, KeyFault>>,
    /// `Sec-WebSocket-Accept` held against the key; `None` where either was not seen.
    pub accept: Option<AcceptCheck>,
    /// The hixie-76 challenge held against its answer; `None` for other generations.
    pub hixie: Option<HixieCheck>,
    /// The extensions the client offered, in order; empty where the request was not seen or does not parse.
    pub offers: Vec<Extension>,
    /// Where the offer does not parse.
    pub offer_syntax: Option<ExtensionSyntax>,
    /// The extensions the server accepted, in order; empty where the server did not switch, and where the answer was
    /// not seen or does not parse.
    pub extensions: Vec<Extension>,
    /// Where the server's list does not parse.
    pub extensions_syntax: Option<ExtensionSyntax>,
    /// What permessage-deflate was agreed to, where it is among them.
    pub deflate: Option<PmdParams>,
    /// What it has to do with the handshakes of other connections.
    pub neighbourhood: Neighbourhood,
    /// What is known of the TLS connection around it; `None` for one in clear.
    pub tls: Option<Arc<Facts>>,
    /// What is known of the HTTP/2 stream under it; `None` for one over HTTP/1.
    pub http2: Option<Opening>,
    /// The ends of the TCP connection; `None` for a handshake that was read apart from one.
    pub endpoints: Option<PerRole<Endpoint>>,
}

/// What a handshake has to do with those of other connections. An answer that belongs to another connection's key is
/// told in [`WrongAccept::cause`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Neighbourhood {
    /// Another connection of the same client to the same server that had the same key.
    pub key_of: Option<u64>,
    /// Another connection of the same client to the same server that was opening at the same time.
    pub opening_beside: Option<u64>,
    /// Another connection with the same key that was opening at the same time, between other hosts: the two seem to be
    /// the legs of one connection through a proxy.
    pub leg_of: Option<u64>,
}

/// Which generation of the protocol a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// RFC 6455: `Sec-WebSocket-Version: 13`, or any other request with a `Sec-WebSocket-Key`.
    Rfc6455,
    /// `draft-ietf-hybi-thewebsocketprotocol-NN`: the number in the version header, 4 to 8. Version 8 is what drafts
    /// 08 to 12 send.
    Hybi(u8),
    /// `draft-hixie-thewebsocketprotocol-75`: no key at all.
    Hixie75,
    /// `draft-hixie-thewebsocketprotocol-76`, which is hybi-00: two keys and eight bytes after the head.
    Hixie76,
}

impl Family {
    /// Whether frames are those of RFC 6455, as they have been since hybi-07: before, masking and opcodes were others, and
    /// hixie knows neither.
    pub fn has_current_frames(self) -> bool {
        matches!(self, Family::Rfc6455 | Family::Hybi(7..))
    }

    /// `rfc6455`, `hybi-08`, `hixie-76`.
    pub fn name(self) -> Cow<'static, str> {
        match self {
            Family::Rfc6455 => "rfc6455".into(),
            Family::Hybi(draft) => format!("hybi-{draft:02}").into(),
            Family::Hixie75 => "hixie-75".into(),
            Family::Hixie76 => "hixie-76".into(),
        }
    }
}

impl Handshake {
    /// Reads what an attempt settled.
    pub fn from_attempt(attempt: impl Into<Box<Attempt>>) -> Handshake {
        let attempt = attempt.into();
        const EXTENSIONS: &str = "sec-websocket-extensions";
        let (request, response) = (attempt.request.as_deref(), attempt.response.as_deref());
        let family = family(request, response, attempt.switched);
        let key = request.and_then(|request| request.first("sec-websocket-key"));
        let received = response.and_then(|response| response.first("sec-websocket-accept"));
        let accept = key.zip(received).map(|(key, received)| check_accept(key, received));
        let key = key.map(decode_key);
        let hixie = (family == Family::Hixie76).then(|| hixie::check(&attempt)).flatten();
        let (offers, offer_syntax) =
            settle(request.and_then(|request| extensions::parse_lines(request.all(EXTENSIONS))));
        let accepted = response.filter(|_| attempt.switched);
        let (extensions, extensions_syntax) =
            settle(accepted.and_then(|response| extensions::parse_lines(response.all(EXTENSIONS))));
        let deflate =
            extensions.iter().find(|extension| extension.is_permessage_deflate()).map(PmdParams::from_response);
        Handshake {
            attempt,
            family,
            key,
            accept,
            hixie,
            offers,
            offer_syntax,
            extensions,
            extensions_syntax,
            deflate,
            neighbourhood: Neighbourhood::default(),
            tls: None,
            http2: None,
            endpoints: None,
        }
    }

    /// Reads what an attempt on an HTTP/2 stream settled. There is but one generation of the protocol, and a key and
    /// its answer mean nothing (RFC 8441 §5).
    pub fn from_stream(attempt: impl Into<Box<Attempt>>, opening: Opening) -> Handshake {
        let handshake = Handshake::from_attempt(attempt);
        Handshake { family: Family::Rfc6455, accept: None, hixie: None, http2: Some(opening), ..handshake }
    }

    /// Whether it was seen what the server agreed to: its answer, and all header fields of that.
    pub fn is_answer_known(&self) -> bool {
        let unknown_fields = self.http2.as_ref().map_or(0, |opening| opening.unknown_fields.server);
        self.attempt.response.is_some() && unknown_fields == 0
    }

    /// The `Sec-WebSocket-Accept` that the request's key asks for; `None` without a request or a key, and over HTTP/2.
    pub fn expected_accept(&self) -> Option<Accept> {
        if self.http2.is_some() {
            return None;
        }
        let key = self.attempt.request.as_ref()?.first("sec-websocket-key")?;
        Some(self.accept.as_ref().map_or_else(|| accept_key(key), |check| check.expected))
    }
}

fn settle(parsed: Option<Result<Vec<Extension>, ExtensionSyntax>>) -> (Vec<Extension>, Option<ExtensionSyntax>) {
    match parsed {
        None => (Vec::new(), None),
        Some(Ok(list)) => (list, None),
        Some(Err(fault)) => (Vec::new(), Some(fault)),
    }
}

fn family(request: Option<&Head<RequestLine>>, response: Option<&Head<StatusLine>>, switched: bool) -> Family {
    // The drafts named their headers "WebSocket-…" until 75 and "Sec-WebSocket-…" from 76 on.
    let answered_75 = |response: &Head<StatusLine>| {
        response.first("websocket-origin").is_some() || response.first("websocket-location").is_some()
    };
    let answered_76 = |response: &Head<StatusLine>| {
        response.first("sec-websocket-origin").is_some() || response.first("sec-websocket-location").is_some()
    };
    let has_accept = response.is_some_and(|response| response.first("sec-websocket-accept").is_some());
    let Some(request) = request else {
        return match response {
            Some(response) if !has_accept && answered_76(response) => Family::Hixie76,
            Some(response) if !has_accept && answered_75(response) => Family::Hixie75,
            _ => Family::Rfc6455,
        };
    };
    let version = request.first("sec-websocket-version");
    if request.first("sec-websocket-key").is_none() {
        if request.first("sec-websocket-key1").is_some() && request.first("sec-websocket-key2").is_some() {
            return Family::Hixie76;
        }
        if version.is_none() && !has_accept {
            let is_75 = response.map_or(switched, answered_75);
            return if is_75 { Family::Hixie75 } else { Family::Rfc6455 };
        }
    }
    match version {
        Some([digit @ b'4'..=b'8']) => Family::Hybi(digit - b'0'),
        _ => Family::Rfc6455,
    }
}
