//! The opening handshake as the JSON report shows it (RFC 6455 §4).

use super::encode::{Lossy, Name, Plain, Seconds};
use crate::http::{self, Head, RequestLine, StatusLine};
use crate::websocket::{AcceptCause, AcceptCheck, Extension, Family, Handshake, PmdParams};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// An opening handshake.
#[derive(Debug, Serialize)]
pub struct HandshakeRow<'a> {
    request: Option<RequestRow<'a>>,
    response: Option<ResponseRow<'a>>,
    accept: Option<AcceptRow<'a>>,
    #[serde(serialize_with = "family")]
    protocol_family: Family,
    /// First byte of the request to last byte of the answer.
    duration: Option<Seconds>,
    /// Target of the CONNECT that opened a tunnel for it.
    tunnel: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct RequestRow<'a> {
    packet: u64,
    method: &'a str,
    target: &'a str,
    version: &'a str,
    headers: Headers<'a>,
    key: Option<Lossy<'a>>,
    websocket_version: Option<Lossy<'a>>,
    protocols: List<'a, RequestLine>,
    extensions: Option<Joined<'a, RequestLine>>,
}

#[derive(Debug, Serialize)]
struct ResponseRow<'a> {
    packet: u64,
    /// `None` where the status line holds no number.
    status: Option<u16>,
    reason: &'a str,
    headers: Headers<'a>,
    accept: Option<Lossy<'a>>,
    protocol: Option<Lossy<'a>>,
    extensions: Option<Joined<'a, StatusLine>>,
}

#[derive(Debug, Serialize)]
struct AcceptRow<'a> {
    received: &'a str,
    expected: &'a str,
    valid: bool,
    /// The name of the mistake that explains the received value.
    cause: Option<Cow<'static, str>>,
}

impl<'a> HandshakeRow<'a> {
    /// Borrows the handshake.
    pub fn new(handshake: &'a Handshake) -> HandshakeRow<'a> {
        let (request, response) = (&handshake.attempt.request, &handshake.attempt.response);
        let began = request.as_ref().and_then(|head| head.packet.time);
        let ended = response.as_ref().and_then(|head| head.last_packet.time);
        HandshakeRow {
            request: request.as_ref().map(RequestRow::new),
            response: response.as_ref().map(ResponseRow::new),
            accept: handshake.accept.as_ref().map(AcceptRow::new),
            protocol_family: handshake.family,
            duration: began.zip(ended).map(|(began, ended)| Seconds(ended.since(began))),
            tunnel: handshake.attempt.tunnel.as_deref(),
        }
    }
}

impl<'a> RequestRow<'a> {
    fn new(head: &'a Head<RequestLine>) -> RequestRow<'a> {
        RequestRow {
            packet: head.packet.number(),
            method: &head.line.method,
            target: &head.line.target,
            version: &head.line.version,
            headers: Headers(&head.headers),
            key: head.first("Sec-WebSocket-Key").map(Lossy),
            websocket_version: head.first("Sec-WebSocket-Version").map(Lossy),
            protocols: List(head, "Sec-WebSocket-Protocol"),
            extensions: Joined::new(head, "Sec-WebSocket-Extensions"),
        }
    }
}

impl<'a> ResponseRow<'a> {
    fn new(head: &'a Head<StatusLine>) -> ResponseRow<'a> {
        ResponseRow {
            packet: head.packet.number(),
            status: Some(head.line.status).filter(|&status| status != 0),
            reason: &head.line.reason,
            headers: Headers(&head.headers),
            accept: head.first("Sec-WebSocket-Accept").map(Lossy),
            protocol: head.first("Sec-WebSocket-Protocol").map(Lossy),
            extensions: Joined::new(head, "Sec-WebSocket-Extensions"),
        }
    }
}

impl<'a> AcceptRow<'a> {
    fn new(check: &'a AcceptCheck) -> AcceptRow<'a> {
        AcceptRow {
            received: &check.received,
            expected: &check.expected,
            valid: check.valid,
            cause: check.cause.as_ref().map(AcceptCause::name),
        }
    }
}

/// Header lines as pairs of name and value, in wire order.
#[derive(Debug)]
struct Headers<'a>(&'a http::Headers);

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for (line, name, value) in self.0.whole() {
            // One look at a line is less than one at each of its ends.
            match Plain::new(line) {
                Some(line) => list.serialize_element(&(line.first(name), line.last(value)))?,
                None => list.serialize_element(&(Lossy(&line[..name]), Lossy(&line[line.len() - value..])))?,
            }
        }
        list.end()
    }
}

/// The elements of a list header.
#[derive(Debug)]
struct List<'a, Line>(&'a Head<Line>, &'static str);

impl<Line> Serialize for List<'_, Line> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for element in self.0.list(self.1) {
            list.serialize_element(&Lossy(element))?;
        }
        list.end()
    }
}

/// All lines of one header as one value (RFC 9110 §5.2).
#[derive(Debug)]
struct Joined<'a, Line>(&'a Head<Line>, &'static str);

impl<'a, Line> Joined<'a, Line> {
    fn new(head: &'a Head<Line>, name: &'static str) -> Option<Joined<'a, Line>> {
        head.first(name).map(|_| Joined(head, name))
    }
}

impl<Line> fmt::Display for Joined<'_, Line> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, value) in self.0.all(self.1).enumerate() {
            write!(f, "{}{}", if n == 0 { "" } else { ", " }, Lossy(value))?;
        }
        Ok(())
    }
}

impl<Line> Serialize for Joined<'_, Line> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn family<S: Serializer>(family: &Family, serializer: S) -> Result<S::Ok, S::Error> {
    match family.name() {
        Cow::Borrowed(name) => Name(name).serialize(serializer),
        Cow::Owned(name) => serializer.serialize_str(&name),
    }
}

/// The extensions in use. The parameters of permessage-deflate are the agreed ones with defaults filled in, those of
/// others are as they stood.
#[derive(Debug)]
pub struct Extensions<'a>(pub Option<&'a Handshake>);

impl Serialize for Extensions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let extensions = self.0.map_or(&[][..], |handshake| &handshake.extensions);
        let mut deflate = self.0.and_then(|handshake| handshake.deflate.as_ref());
        let mut list = serializer.serialize_seq(Some(extensions.len()))?;
        for extension in extensions {
            let Extension { name, params } = extension;
            let agreed = if extension.is_permessage_deflate() { deflate.take() } else { None };
            let params = match agreed {
                Some(agreed) => Params::Agreed(agreed),
                None => Params::Spelled(params),
            };
            list.serialize_element(&ExtensionRow { name, params })?;
        }
        list.end()
    }
}

#[derive(Serialize)]
struct ExtensionRow<'a> {
    name: &'a str,
    params: Params<'a>,
}

enum Params<'a> {
    Agreed(&'a PmdParams),
    Spelled(&'a [(String, Option<String>)]),
}

impl Serialize for Params<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Params::Agreed(params) => params.serialize(serializer),
            Params::Spelled(params) => {
                let mut map = serializer.serialize_map(None)?;
                for (n, (name, value)) in params.iter().enumerate() {
                    // An object has each name once; of a parameter that is repeated the first value counts.
                    if params[..n].iter().any(|(earlier, _)| earlier == name) {
                        continue;
                    }
                    match value {
                        Some(value) => map.serialize_entry(name, value)?,
                        None => map.serialize_entry(name, &true)?,
                    }
                }
                map.end()
            }
        }
    }
}
