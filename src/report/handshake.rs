//! The opening handshake as the JSON report shows it (RFC 6455 §4).

use super::room::{bytes, float, lossy, number, or_null, plain, put, string};
use crate::http::{Head, Header, Headers, RequestLine, StatusLine};
use crate::websocket::{AcceptCheck, Extension, Family, Handshake, PmdParams};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

/// Appends an opening handshake.
#[inline(always)]
pub(super) fn handshake<'a>(room: &'a mut [u8], handshake: &Handshake) -> Option<&'a mut [u8]> {
    let attempt = &handshake.attempt;
    let room = or_null(put(room, br#"{"request":"#)?, attempt.request.as_deref(), request)?;
    let room = or_null(put(room, br#","response":"#)?, attempt.response.as_deref(), response)?;
    let room = or_null(put(room, br#","accept":"#)?, handshake.accept.as_ref(), accept)?;
    let room = match handshake.family {
        Family::Rfc6455 => put(room, br#","protocol_family":"rfc6455","duration":"#)?,
        family => put(string(put(room, br#","protocol_family":"#)?, &family.name())?, br#","duration":"#)?,
    };
    let began = attempt.request.as_ref().and_then(|head| head.packet.time);
    let ended = attempt.response.as_ref().and_then(|head| head.last_packet.time);
    let duration = began.zip(ended).map(|(began, ended)| ended.since(began));
    let room = or_null(room, duration, |room, duration| float(room, duration.as_secs_f64()))?;
    match &attempt.tunnel {
        Some(target) => put(string(put(room, br#","tunnel":"#)?, target)?, b"}"),
        None => put(room, br#","tunnel":null}"#),
    }
}

#[inline(always)]
fn request<'a>(room: &'a mut [u8], head: &Head<RequestLine>) -> Option<&'a mut [u8]> {
    const PROTOCOL: &str = "sec-websocket-protocol";
    let RequestLine { method, target, version } = &head.line;
    let room = number(room, br#"{"packet":"#, head.packet.number())?;
    let room = string(put(room, br#","method":"#)?, method)?;
    let room = string(put(room, br#","target":"#)?, target)?;
    let room = string(put(room, br#","version":"#)?, version)?;
    let room = headers(put(room, br#","headers":"#)?, &head.headers)?;
    let value = |room, value: &[u8]| text(room, value, head.headers.are_plain());
    let room = or_null(put(room, br#","key":"#)?, head.first("sec-websocket-key"), value)?;
    let room = or_null(put(room, br#","websocket_version":"#)?, head.first("sec-websocket-version"), value)?;
    let room = match head.first(PROTOCOL) {
        Some(_) => list(put(room, br#","protocols":"#)?, head.list(PROTOCOL))?,
        None => put(room, br#","protocols":[]"#)?,
    };
    put(joined(room, head)?, b"}")
}

#[inline(always)]
fn response<'a>(room: &'a mut [u8], head: &Head<StatusLine>) -> Option<&'a mut [u8]> {
    let room = number(room, br#"{"packet":"#, head.packet.number())?;
    let room = match head.line.status {
        // The status line holds no number.
        0 => put(room, br#","status":null,"reason":"#)?,
        status => put(number(room, br#","status":"#, status.into())?, br#","reason":"#)?,
    };
    let room = string(room, &head.line.reason)?;
    let room = headers(put(room, br#","headers":"#)?, &head.headers)?;
    let value = |room, value: &[u8]| text(room, value, head.headers.are_plain());
    let room = or_null(put(room, br#","accept":"#)?, head.first("sec-websocket-accept"), value)?;
    let room = or_null(put(room, br#","protocol":"#)?, head.first("sec-websocket-protocol"), value)?;
    put(joined(room, head)?, b"}")
}

/// `Sec-WebSocket-Accept` held against the key, and the name of the mistake that explains a wrong one.
#[inline(always)]
fn accept<'a>(room: &'a mut [u8], check: &AcceptCheck) -> Option<&'a mut [u8]> {
    let expected = check.expected.as_bytes();
    let Some(wrong) = &check.wrong else {
        let room = put(put(room, br#"{"received":""#)?, expected)?;
        let room = put(put(room, br#"","expected":""#)?, expected)?;
        return put(room, br#"","valid":true,"cause":null}"#);
    };
    let room = string(put(room, br#"{"received":"#)?, &wrong.received)?;
    let room = put(put(room, br#","expected":""#)?, expected)?;
    let room = put(room, br#"","valid":false,"cause":"#)?;
    put(or_null(room, wrong.cause.as_ref(), |room, cause| string(room, &cause.name()))?, b"}")
}

/// Header lines as pairs of name and value, in wire order.
#[inline(always)]
fn headers<'a>(room: &'a mut [u8], headers: &Headers) -> Option<&'a mut [u8]> {
    let mut lines = headers.iter();
    let Some(Header { name, value }) = lines.next() else { return put(room, b"[]") };
    if !headers.are_plain() {
        let mut room = lossy(put(lossy(put(room, b"[[")?, name)?, b",")?, value)?;
        for Header { name, value } in lines {
            room = lossy(put(lossy(put(room, b"],[")?, name)?, b",")?, value)?;
        }
        return put(room, b"]]");
    }
    let mut room = bytes(put(bytes(put(room, b"[[\"")?, name)?, b"\",\"")?, value)?;
    for Header { name, value } in lines {
        room = bytes(put(bytes(put(room, b"\"],[\"")?, name)?, b"\",\"")?, value)?;
    }
    put(room, b"\"]]")
}

/// Bytes as text, of which it may be known that they are plain.
#[inline(always)]
fn text<'a>(room: &'a mut [u8], value: &[u8], is_plain: bool) -> Option<&'a mut [u8]> {
    if is_plain { plain(room, value) } else { lossy(room, value) }
}

/// The elements of a list header.
fn list<'a, 'b>(room: &'a mut [u8], mut elements: impl Iterator<Item = &'b [u8]>) -> Option<&'a mut [u8]> {
    let mut room = put(room, b"[")?;
    if let Some(first) = elements.next() {
        room = lossy(room, first)?;
    }
    for element in elements {
        room = lossy(put(room, b",")?, element)?;
    }
    put(room, b"]")
}

/// The extensions as they were named: all lines of the header as one value (RFC 9110 §5.2).
#[inline(always)]
fn joined<'a, Line>(room: &'a mut [u8], head: &Head<Line>) -> Option<&'a mut [u8]> {
    const EXTENSIONS: &str = "sec-websocket-extensions";
    match head.only(EXTENSIONS) {
        Some(None) => put(room, br#","extensions":null"#),
        Some(Some(line)) => lossy(put(room, br#","extensions":"#)?, line),
        None => {
            let lines: Vec<&[u8]> = head.all(EXTENSIONS).collect();
            or_null(put(room, br#","extensions":"#)?, Some(lines).filter(|lines| !lines.is_empty()), |room, lines| {
                lossy(room, &lines.join(&b", "[..]))
            })
        }
    }
}

/// The extensions in use. The parameters of permessage-deflate are the agreed ones with defaults filled in, those of
/// others are as they stood.
#[derive(Debug)]
pub struct Extensions<'a>(pub &'a Handshake);

impl Serialize for Extensions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Handshake { extensions, deflate, .. } = self.0;
        let mut deflate = deflate.as_ref();
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
