//! Close frames and the end of the TCP connection (RFC 6455 §5.5.1, §7).
//!
//! What a Close frame says is judged when it comes ([`body`]). How the two Close frames stand to each other
//! ([`handshake`]) and to the end of TCP ([`teardown`]) is judged when everything is known, at the end: who closed
//! first is a matter of what each side had received, and the capture may show the answer before the question.

pub(super) mod body;
pub(super) mod handshake;
pub(super) mod teardown;

use super::docket::Docket;
use super::ended::Close;
use super::referee::{Context, Topic};
use super::{Finding, Rule};
use crate::capture::PacketRef;
use crate::http2::{StreamEvent, StreamFact};
use crate::websocket::{CaptureFact, Ending, Event, Frame, Handshake, Opcode};
use crate::{PerRole, Role};
use std::time::Duration;

/// Follows both streams to their ends.
#[derive(Debug, Default)]
pub(super) struct ClosingRules {
    /// The upgrade was granted.
    established: bool,
    streams: PerRole<Stream>,
    /// The last packet of an endpoint's last data frame that came after the other's Close frame; made for the first.
    data_after_close: Option<Box<PerRole<Option<PacketRef>>>>,
}

/// What is known of one endpoint's stream.
#[derive(Debug, Default)]
struct Stream {
    /// Its last frame was cut off, so that it is not known where it ends.
    cut: bool,
    /// A data frame of it was seen.
    sent_data: bool,
    /// Bytes of it are missing, and a Close frame may be among them.
    gap: bool,
    /// The rest of it could not be decoded or was not captured at all: nothing can be said of what is not there.
    unknown: bool,
    /// Its first Close has a body that breaks a rule, so an answer may well have another code.
    faulty_close: bool,
    /// Its FIN is END_STREAM (RFC 8441 §5).
    end_stream: bool,
    /// `close-tcp-half-open-data` was said of it.
    half_open_told: bool,
}

impl Close {
    /// A finding about this frame.
    fn finding(&self, rule: &'static Rule, text: String) -> Finding {
        let finding = Finding::new(rule, Some(self.sender), text).at(self.packet).at_offset(self.stream_offset);
        finding.about(self.frame, Opcode::CLOSE).after_gap(self.after_gap)
    }

    /// The code that the receiving application is told (RFC 6455 §7.1.5).
    fn told(&self) -> String {
        match (self.code(), self.body_length) {
            (Some(code), _) => code.to_string(),
            (None, 0) => "1005".to_owned(),
            (None, _) => "an unknown code".to_owned(),
        }
    }
}

impl Topic for ClosingRules {
    fn handshake(&mut self, handshake: &Handshake, _: &Context, _: &mut Docket) {
        self.established = handshake.attempt.switched;
    }

    fn frame(&mut self, frame: &Frame<'_>, context: &Context, docket: &mut Docket) {
        if !self.is_open_to(context) {
            return;
        }
        if context.ended.is_some() || frame.header.opcode == Opcode::CLOSE {
            self.judge_frame(frame, context, docket);
        }
        let stream = &mut self.streams[frame.sender];
        stream.sent_data |= !frame.header.opcode.is_control();
        stream.cut = !frame.complete;
    }

    fn see(&mut self, event: &Event<'_>, context: &Context, _: &mut Docket) {
        if !self.is_open_to(context) {
            return;
        }
        match *event {
            Event::Missing { sender, .. } => self.streams[sender].gap = true,
            Event::NotFrames { sender, .. } | Event::Undecoded { sender, .. } => self.streams[sender].unknown = true,
            Event::Capture(CaptureFact::OneDirection { missing }) => self.streams[missing].unknown = true,
            Event::Stream(StreamEvent { sender, fact: StreamFact::EndStream, .. }) => {
                self.streams[sender].end_stream = true;
            }
            _ => {}
        }
    }

    fn end(&mut self, ending: &Ending, context: &Context, docket: &mut Docket) {
        let Some(ended) = context.ended.as_ref().filter(|_| self.is_open_to(context)) else { return };
        handshake::judge(self, ended, context, docket);
        teardown::judge(&self.streams, ended, ending, context, docket);
    }
}

impl ClosingRules {
    /// Whether there is a connection to close. Before hybi-07 the opcodes were others, and hixie closes without codes and
    /// answers.
    fn is_open_to(&self, context: &Context) -> bool {
        context.has_current_frames() && (self.established || context.mid_stream)
    }

    /// Judges a Close, or a frame that came after the end began.
    #[cold]
    fn judge_frame(&mut self, frame: &Frame<'_>, context: &Context, docket: &mut Docket) {
        let sender = frame.sender;
        if let Some(ended) = &context.ended {
            if ended.closes[sender.peer()].is_some() && !frame.header.opcode.is_control() {
                self.data_after_close.get_or_insert_default()[sender] = Some(frame.last_packet);
            }
            handshake::judge_frame(ended, frame, docket);
            teardown::judge_frame(&mut self.streams, ended, frame, context, docket);
        }
        if frame.header.opcode == Opcode::CLOSE && context.close_of(sender).is_none() {
            self.streams[sender].faulty_close = body::judge(frame, context, docket);
        }
    }
}

impl Stream {
    /// Whether who acknowledged so much had received the FIN of this stream, which `role` sends: it takes up the sequence
    /// number behind the last byte (RFC 9293 §3.4), and only with it can more be acknowledged.
    fn has_all(&self, role: Role, acknowledged: Option<u64>, context: &Context) -> bool {
        let end = context.ends[role].filter(|_| !self.cut);
        matches!((acknowledged, end), (Some(acknowledged), Some(end)) if acknowledged > end)
    }
}

/// Time from one packet to another; `None` where the capture has no times.
fn between(earlier: PacketRef, later: PacketRef) -> Option<Duration> {
    Some(later.time?.since(earlier.time?))
}

/// The packet that was captured later.
fn later(a: PacketRef, b: PacketRef) -> PacketRef {
    if a.number() < b.number() { b } else { a }
}
