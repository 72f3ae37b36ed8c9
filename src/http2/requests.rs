//! Header blocks, and what they ask for and answer: a WebSocket by extended CONNECT (RFC 8441 §4), a tunnel by a plain one
//! (RFC 9113 §8.5).

use super::connection::{Connection, Step};
use super::facts::{Cut, Opening, Permission, StreamFact};
use super::fields::{Fields, head};
use super::frame::{ACK, END_HEADERS, END_STREAM, FrameHeader, Kind, PADDED, PRIORITY};
use super::frames::{Payload, Span};
use super::stream::{Asked, Phase, Stream};
use crate::http::{Attempt, Head, StatusLine};
use crate::tcp::Side;
use crate::{PerRole, Role};

/// SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 §3).
const ENABLE_CONNECT_PROTOCOL: u16 = 8;

/// A header block, put together from HEADERS or PUSH_PROMISE and the CONTINUATIONs behind it.
#[derive(Debug)]
pub(super) struct Block {
    header: FrameHeader,
    span: Span,
    bytes: Vec<u8>,
    /// Bytes of it are missing, or there are more than may be kept.
    lost: bool,
}

/// What the server's SETTINGS say of the extended CONNECT.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// Offset behind the SETTINGS that first allowed it, in the server's direction.
    allowed: Option<u64>,
    /// What was said last.
    last: Option<u32>,
}

impl Settings {
    /// Takes the payload of a SETTINGS frame (RFC 9113 §6.5.1).
    pub(super) fn take(&mut self, header: &FrameHeader, payload: &[u8], span: &Span, tell: &mut dyn FnMut(StreamFact)) {
        if header.has(ACK) || header.stream != 0 {
            return;
        }
        for setting in payload.chunks_exact(6) {
            let [id @ .., a, b, c, d] = setting else { continue };
            if id != ENABLE_CONNECT_PROTOCOL.to_be_bytes() {
                continue;
            }
            let value = u32::from_be_bytes([*a, *b, *c, *d]);
            match value {
                0 if self.last == Some(1) => tell(StreamFact::SettingRevoked),
                0 => {}
                1 => _ = self.allowed.get_or_insert(span.end),
                _ => tell(StreamFact::SettingValue(value)),
            }
            self.last = Some(value);
        }
    }

    /// Whether a client that had received so much of the server's direction was allowed to ask; all of that was
    /// captured if `all_seen`.
    fn permission(&self, received: Option<u64>, all_seen: bool) -> Permission {
        match (received, self.allowed) {
            (Some(received), Some(allowed)) if received >= allowed => Permission::Given,
            (Some(_), _) if all_seen => Permission::NotYet,
            _ => Permission::Unknown,
        }
    }
}

impl Connection {
    pub(super) fn begin_block(
        &mut self,
        side: Side,
        header: FrameHeader,
        span: &Span,
        payload: Payload<'_>,
        steps: &mut dyn FnMut(Step<'_>),
    ) {
        let fragment = match payload {
            Payload::Kept(bytes) => fragment(&header, bytes),
            Payload::Damaged | Payload::TooLong => None,
        };
        let lost = fragment.is_none();
        let block = Block { header, span: *span, bytes: fragment.unwrap_or_default().to_vec(), lost };
        self.direction(side).block = Some(Box::new(block));
        if header.has(END_HEADERS) {
            self.end_block(side, steps);
        }
    }

    pub(super) fn continue_block(
        &mut self,
        side: Side,
        header: FrameHeader,
        span: &Span,
        payload: Payload<'_>,
        steps: &mut dyn FnMut(Step<'_>),
    ) {
        let most = self.bounds.head_bytes;
        let Some(block) = self.direction(side).block.as_mut().filter(|block| block.header.stream == header.stream)
        else {
            // The block that it belongs to was lost.
            return self.lose_block(side);
        };
        block.span.end = span.end;
        block.span.last_packet = span.last_packet;
        match payload {
            Payload::Kept(bytes) if !block.lost && block.bytes.len() + bytes.len() <= most => {
                block.bytes.extend_from_slice(bytes);
            }
            _ => {
                block.lost = true;
                block.bytes = Vec::new();
            }
        }
        if header.has(END_HEADERS) {
            self.end_block(side, steps);
        }
    }

    fn end_block(&mut self, side: Side, steps: &mut dyn FnMut(Step<'_>)) {
        let Some(block) = self.direction(side).block.take() else { return };
        let Block { header, span, bytes, lost } = *block;
        let mut fields = std::mem::take(&mut self.fields);
        fields.clear();
        let most = self.bounds.head_bytes;
        let broken = lost || self.direction(side).hpack.decode(&bytes, &mut |field| fields.push(field, most)).is_err();
        if broken {
            self.direction(side).hpack.lose();
            fields.unknown += 1;
        }
        if header.kind == Kind::PUSH_PROMISE {
            self.out_of_place(side, &header, &span, steps);
        } else {
            self.headers(side, &header, &span, &fields, steps);
        }
        self.fields = fields;
    }

    fn headers(
        &mut self,
        side: Side,
        header: &FrameHeader,
        span: &Span,
        fields: &Fields,
        steps: &mut dyn FnMut(Step<'_>),
    ) {
        let id = header.stream;
        match self.streams.get_mut(&id).map(|stream| &stream.phase) {
            None => {
                if self.client.is_none() && fields.get(":method").is_some() {
                    self.client = Some(side);
                }
                if self.client == Some(side) {
                    if asks_for_websocket(fields) || asks_for_tunnel(fields) {
                        self.ask(side, header, span, fields, steps);
                    } else if !may_be_connect(fields) {
                        self.suspects.clear_of(id);
                    }
                    self.suspects.requested(id);
                }
            }
            Some(Phase::Open) => self.out_of_place(side, header, span, steps),
            // Trailers behind a request without an answer.
            Some(Phase::Asked(_)) if self.client == Some(side) => {}
            Some(Phase::Asked(_)) => match fields.status() {
                // RFC 9110 §15.2: interim answers come before the answer. HTTP/2 has no 101 (RFC 9113 §8.6): who sends
                // one means the upgrade.
                Some(100 | 102..=199) => return,
                // Which answer it is shows in what follows.
                None if fields.unknown > 0 => {
                    self.direction(side).lossy = true;
                    return;
                }
                _ => return self.answer(side, header, span, fields, steps),
            },
        }
        if header.has(END_STREAM) {
            self.end_half(side, id, span, steps);
        }
    }

    /// A frame stands on a stream where only DATA may.
    fn out_of_place(&mut self, side: Side, header: &FrameHeader, span: &Span, steps: &mut dyn FnMut(Step<'_>)) {
        let open = self.streams.get(&header.stream).is_some_and(|stream| matches!(stream.phase, Phase::Open));
        if open {
            self.event(header.stream, side, span.packet, StreamFact::OutOfPlace(header.kind), steps);
        }
    }

    fn ask(&mut self, side: Side, header: &FrameHeader, span: &Span, fields: &Fields, steps: &mut dyn FnMut(Step<'_>)) {
        let cost = fields.length();
        let Connection { bounds, streams, waiting, .. } = self;
        if streams.len() >= bounds.streams || waiting.saturating_add(cost) > bounds.waiting_bytes {
            if !std::mem::replace(&mut self.crowded, true) {
                let fact = StreamFact::TooManyStreams;
                self.note(super::facts::StreamEvent { sender: Role::Client, packet: span.packet, fact }, steps);
            }
            return;
        }
        let server = self.direction(side.other());
        let all_seen = !server.lossy && span.acknowledged.is_some_and(|received| received <= server.delivered);
        let opening = Opening {
            stream: header.stream,
            permission: self.settings.permission(span.acknowledged, all_seen),
            end_stream: PerRole { client: header.has(END_STREAM), server: false },
            unknown_fields: PerRole { client: fields.unknown, server: 0 },
            cut: None,
        };
        self.waiting += cost;
        let request = head(fields.request(), span);
        let authority = || String::from_utf8_lossy(fields.get(":authority").unwrap_or_default()).into_owned();
        let tunnel = asks_for_tunnel(fields).then(authority);
        let asked = Asked { request, opening, tunnel, held: Vec::new(), first_held: None, dropped: 0, cost };
        self.streams.insert(header.stream, Stream::asked(asked));
    }

    fn answer(
        &mut self,
        side: Side,
        header: &FrameHeader,
        span: &Span,
        fields: &Fields,
        steps: &mut dyn FnMut(Step<'_>),
    ) {
        let id = header.stream;
        let ends = header.has(END_STREAM);
        let response = head(fields.response(), span);
        let switched = matches!(response.line.status, 101 | 200..=299);
        let Some(mut asked) = self.take_asked(id, switched) else { return };
        asked.opening.end_stream.server = ends;
        asked.opening.unknown_fields.server = fields.unknown;
        // What its sender had received covers no byte of the answer.
        let early = |&(_, received): &(_, Option<u64>)| received.is_some_and(|received| received <= span.offset);
        let early_data = asked.first_held.filter(early).map(|(packet, _)| packet);
        let attempt = Attempt { early_data, ..self.attempt(&mut asked, Some(response), switched) };
        let attempt = Box::new(attempt);
        if switched {
            self.opened(id, attempt, *asked, steps);
            if ends {
                self.end_half(side, id, span, steps);
            }
        } else if asked.tunnel.is_none() {
            steps(Step::Refused { attempt, opening: asked.opening });
        }
    }

    /// The server agreed, in frames that were not captured.
    pub(super) fn open_unanswered(&mut self, id: u32, steps: &mut dyn FnMut(Step<'_>)) {
        let Some(mut asked) = self.take_asked(id, true) else { return };
        let attempt = Box::new(self.attempt(&mut asked, None, true));
        self.opened(id, attempt, *asked, steps);
    }

    fn opened(&mut self, id: u32, attempt: Box<Attempt>, asked: Asked, steps: &mut dyn FnMut(Step<'_>)) {
        let client = attempt.client;
        let Asked { opening, held, tunnel, dropped, .. } = asked;
        let end_stream = opening.end_stream.client;
        let packet = attempt.request.as_ref().map(|request| request.packet);
        match tunnel.zip(packet) {
            // Nobody can say what stands behind bytes that are not told of.
            Some(_) if dropped > 0 => return self.forget(id),
            Some((target, packet)) => steps(Step::Tunnel { stream: id, target, packet }),
            None => {
                steps(Step::Opened { attempt, opening });
                self.tell_pending(id, steps);
            }
        }
        if let (true, Some(packet)) = (end_stream, packet) {
            self.event(id, client, packet, StreamFact::EndStream, steps);
        }
        for held in held {
            self.tell(id, client, held.delivery(), steps);
        }
    }

    /// Tells of requests without an answer that nothing will come for, on streams that are meant.
    pub(super) fn give_up(&mut self, meant: impl Fn(u32) -> bool, cut: Option<Cut>, steps: &mut dyn FnMut(Step<'_>)) {
        let asked =
            |(&id, stream): (&u32, &Stream)| (matches!(stream.phase, Phase::Asked(_)) && meant(id)).then_some(id);
        let ids: Vec<u32> = self.streams.iter().filter_map(asked).collect();
        for id in ids {
            let Some(mut asked) = self.take_asked(id, false).filter(|asked| asked.tunnel.is_none()) else { continue };
            asked.opening.cut = cut;
            let mut attempt = self.attempt(&mut asked, None, false);
            attempt.client_left = matches!(cut, Some(Cut::Reset { sender: Role::Client, .. }));
            steps(Step::Refused { attempt: Box::new(attempt), opening: asked.opening });
        }
    }

    /// Takes what waited for an answer; the stream is open from now on, or forgotten.
    fn take_asked(&mut self, id: u32, open: bool) -> Option<Box<Asked>> {
        let stream = self.streams.get_mut(&id)?;
        let Phase::Asked(asked) = std::mem::replace(&mut stream.phase, Phase::Open) else { return None };
        if !open {
            self.streams.remove(&id);
        }
        let held: usize = asked.held.iter().map(super::gate::Held::length).sum();
        self.held -= held;
        self.waiting -= asked.cost;
        Some(asked)
    }

    fn attempt(&mut self, asked: &mut Asked, response: Option<Head<StatusLine>>, switched: bool) -> Attempt {
        let client = self.client.unwrap_or(Side::First);
        let after_gap = [client, client.other()].into_iter().any(|side| self.direction(side).lossy);
        Attempt {
            client,
            request: Some(Box::new(asked.request.clone())),
            response: response.map(Box::new),
            switched,
            early_data: None,
            after_gap,
            client_left: false,
            pipelined: None,
            early_dropped: asked.dropped,
            tunnel: None,
            first_frame_coalesced: false,
            hixie_body: None,
            hixie_answer: None,
        }
    }
}

/// Whether a request is for a WebSocket: RFC 8441 §5, whatever its method. Where `:protocol` may be among the fields that
/// are not known, others tell.
fn asks_for_websocket(fields: &Fields) -> bool {
    match fields.get(":protocol") {
        Some(protocol) => protocol.eq_ignore_ascii_case(b"websocket"),
        None => fields.unknown > 0 && may_be_connect(fields) && fields.has_prefix(b"sec-websocket-"),
    }
}

/// Whether a request is a plain CONNECT (RFC 9113 §8.5).
fn asks_for_tunnel(fields: &Fields) -> bool {
    fields.unknown == 0 && fields.get(":method") == Some(b"CONNECT") && fields.get(":protocol").is_none()
}

/// Whether a request may be a CONNECT.
fn may_be_connect(fields: &Fields) -> bool {
    fields.get(":method").map_or(fields.unknown > 0, |method| method == b"CONNECT")
}

/// The fragment of a header block in a HEADERS or PUSH_PROMISE frame, without padding and what stands before it (RFC 9113
/// §6.2, §6.6); `None` where it is too short for these.
fn fragment<'a>(header: &FrameHeader, mut bytes: &'a [u8]) -> Option<&'a [u8]> {
    let mut padding = 0;
    if header.has(PADDED) {
        let (&length, rest) = bytes.split_first()?;
        (padding, bytes) = (usize::from(length), rest);
    }
    let before = match header.kind {
        Kind::HEADERS if header.has(PRIORITY) => 5,
        Kind::PUSH_PROMISE => 4,
        _ => 0,
    };
    let fragment = bytes.get(before..)?;
    fragment.get(..fragment.len().checked_sub(padding)?)
}
