//! HTTP/2 around a conversation (RFC 9113, RFC 8441): frames, and header fields spelled out one by one, which any HPACK
//! decoder can read.

use super::Scenario;
use super::step::{Part, Setting, Step};
use crate::Role;
use crate::http2::{Kind, PREFACE};

/// SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 §3).
pub const ENABLE_CONNECT_PROTOCOL: u16 = 8;

/// The header fields of a request or of its answer, in order.
#[derive(Clone, Debug)]
pub struct Fields {
    fields: Vec<(Vec<u8>, Vec<u8>)>,
    end_stream: bool,
}

impl Fields {
    fn new(fields: &[(&str, &str)]) -> Fields {
        let bytes = |&(name, value): &(&str, &str)| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        Fields { fields: fields.iter().map(bytes).collect(), end_stream: false }
    }

    /// Adds a field at the end, even where there is one of that name.
    pub fn field(mut self, name: &str, value: impl Into<Vec<u8>>) -> Fields {
        self.fields.push((name.as_bytes().to_vec(), value.into()));
        self
    }

    /// Removes all fields of this name.
    pub fn without(mut self, name: &str) -> Fields {
        self.fields.retain(|(known, _)| known != name.as_bytes());
        self
    }

    /// Gives the field of this name another value; adds it where there is none.
    pub fn replace(mut self, name: &str, value: impl Into<Vec<u8>>) -> Fields {
        match self.fields.iter_mut().find(|(known, _)| known == name.as_bytes()) {
            Some((_, old)) => *old = value.into(),
            None => return self.field(name, value),
        }
        self
    }

    /// Ends the sender's half of the stream with these fields.
    pub fn end_stream(mut self) -> Fields {
        self.end_stream = true;
        self
    }

    /// The block: literals that enter no table, without Huffman codes (RFC 7541 §6.2.2).
    fn block(&self) -> Vec<u8> {
        let mut block = Vec::new();
        for (name, value) in &self.fields {
            block.push(0);
            for part in [name, value] {
                integer(part.len(), &mut block);
                block.extend_from_slice(part);
            }
        }
        block
    }
}

/// An integer with a prefix of 7 bits (RFC 7541 §5.1).
fn integer(mut value: usize, out: &mut Vec<u8>) {
    const MOST: usize = 0x7F;
    if value < MOST {
        return out.push(value as u8);
    }
    out.push(MOST as u8);
    value -= MOST;
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A frame to send.
#[derive(Clone, Debug)]
pub(super) struct Http2Frame {
    kind: Kind,
    flags: u8,
    /// `None`: the stream that steps speak of.
    stream: Option<u32>,
    payload: Vec<u8>,
}

impl Http2Frame {
    /// Appends it to `out`; `current` is the stream that steps speak of.
    pub(super) fn write(&self, current: u32, out: &mut Vec<u8>) {
        write(self.kind, self.flags, self.stream.unwrap_or(current), &self.payload, out);
    }
}

/// Appends a frame to `out`.
fn write(kind: Kind, flags: u8, stream: u32, payload: &[u8], out: &mut Vec<u8>) {
    let [_, length @ ..] = (payload.len() as u32).to_be_bytes();
    out.extend(length);
    out.extend([kind.0, flags]);
    out.extend(stream.to_be_bytes());
    out.extend_from_slice(payload);
}

/// Replaces the bytes from `start` on by DATA frames of at most so many bytes that carry them.
pub(super) fn into_data(start: usize, stream: u32, size: usize, out: &mut Vec<u8>) {
    let bytes = out.split_off(start);
    for piece in bytes.chunks(size) {
        write(Kind::DATA, 0, stream, piece, out);
    }
}

/// What happens on HTTP/2. After [`Scenario::http2`], frames travel in DATA frames of the stream that was named last; what
/// is sent by [`Scenario::bytes`] stands between frames as it is.
impl Scenario {
    /// The connection speaks HTTP/2 from here on, by prior knowledge: both sides send their prefaces and acknowledge the
    /// other's settings. The server's allow the extended CONNECT. Steps speak of stream 1.
    pub fn http2(self) -> Self {
        self.http2_with(&[(ENABLE_CONNECT_PROTOCOL, 1)])
    }

    /// Like [`Scenario::http2`], where the server sends these settings.
    pub fn http2_with(self, settings: &[(u16, u32)]) -> Self {
        let preface = vec![Part::Bytes(PREFACE.to_vec()), Part::Http2(settings_frame(&[]))];
        let acknowledged = || Part::Http2(Http2Frame { flags: 1, ..settings_frame(&[]) });
        self.step(Step::Set(Setting::Stream(1)))
            .send(Role::Client, preface)
            .send(Role::Server, vec![Part::Http2(settings_frame(settings)), acknowledged()])
            .send(Role::Client, vec![acknowledged()])
    }

    /// From here on steps speak of this stream.
    pub fn stream(self, id: u32) -> Self {
        self.set(Setting::Stream(id))
    }

    /// From here on a DATA frame has at most this much payload, in bytes: 16,384 at first, at least 1.
    pub fn data_size(self, bytes: usize) -> Self {
        self.set(Setting::DataSize(bytes))
    }

    /// A conforming extended CONNECT and its answer (RFC 8441 §5).
    pub fn connect(self) -> Self {
        self.connect_with(|request| request, |response| response)
    }

    /// An extended CONNECT and its answer, changed by these functions.
    pub fn connect_with(self, request: impl FnOnce(Fields) -> Fields, response: impl FnOnce(Fields) -> Fields) -> Self {
        self.connect_request(request).connect_response(response)
    }

    /// An extended CONNECT, changed by this function.
    pub fn connect_request(self, change: impl FnOnce(Fields) -> Fields) -> Self {
        self.headers(
            Role::Client,
            change(Fields::new(&[
                (":method", "CONNECT"),
                (":protocol", "websocket"),
                (":scheme", "http"),
                (":path", "/chat"),
                (":authority", "server.example.com"),
                ("sec-websocket-version", "13"),
            ])),
        )
    }

    /// The answer to an extended CONNECT, changed by this function.
    pub fn connect_response(self, change: impl FnOnce(Fields) -> Fields) -> Self {
        self.headers(Role::Server, change(Fields::new(&[(":status", "200")])))
    }

    /// This side sends these header fields in HEADERS.
    fn headers(self, from: Role, fields: Fields) -> Self {
        const END_HEADERS: u8 = 4;
        self.http2_frame(from, Kind::HEADERS, END_HEADERS | u8::from(fields.end_stream), fields.block())
    }

    /// This side ends its half of the stream: an empty DATA frame with END_STREAM.
    pub fn end_stream(self, from: Role) -> Self {
        self.http2_frame(from, Kind::DATA, 1, b"")
    }

    /// This side ends the stream at once, with this error code (RFC 9113 §7).
    pub fn rst_stream(self, from: Role, code: u32) -> Self {
        self.http2_frame(from, Kind::RST_STREAM, 0, code.to_be_bytes())
    }

    /// This side sends these settings.
    pub fn settings(self, from: Role, settings: &[(u16, u32)]) -> Self {
        self.send(from, vec![Part::Http2(settings_frame(settings))])
    }

    /// This side sends a frame on the stream.
    pub fn http2_frame(self, from: Role, kind: Kind, flags: u8, payload: impl Into<Vec<u8>>) -> Self {
        self.send(from, vec![Part::Http2(Http2Frame { kind, flags, stream: None, payload: payload.into() })])
    }
}

fn settings_frame(settings: &[(u16, u32)]) -> Http2Frame {
    let setting = |&(id, value): &(u16, u32)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat();
    Http2Frame { kind: Kind::SETTINGS, flags: 0, stream: Some(0), payload: settings.iter().flat_map(setting).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the connection carries, worked out by hand from RFC 9113 §4.1 and RFC 7541 §6.2.2.
    #[test]
    fn frames_and_fields_stand_on_the_wire_as_the_rfcs_say() {
        let scenario = Scenario::new()
            .http2()
            .stream(3)
            .connect_with(
                |_| Fields::new(&[(":method", "CONNECT")]),
                |_| Fields::new(&[(":status", "200")]).end_stream(),
            )
            .data_size(3)
            .server(super::super::text("abc"))
            .rst_stream(Role::Client, 8);
        let streams = scenario.streams();
        let client = [
            &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\0\x04\x01\0\0\0\0"[..],
            b"\0\0\x11\x01\x04\0\0\0\x03\0\x07:method\x07CONNECT",
            b"\0\0\x04\x03\0\0\0\0\x03\0\0\0\x08",
        ];
        assert_eq!(streams[0].client, client.concat());
        let server = [
            &b"\0\0\x06\x04\0\0\0\0\0\0\x08\0\0\0\x01\0\0\0\x04\x01\0\0\0\0"[..],
            b"\0\0\x0D\x01\x05\0\0\0\x03\0\x07:status\x03200",
            b"\0\0\x03\0\0\0\0\0\x03\x81\x03a\0\0\x02\0\0\0\0\0\x03bc",
        ];
        assert_eq!(streams[0].server, server.concat());
        let mut long = Vec::new();
        integer(127 + 300, &mut long);
        assert_eq!(long, [0x7F, 0xAC, 0x02]);
    }
}
