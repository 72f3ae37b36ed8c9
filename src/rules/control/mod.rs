//! Control frames, and Pings with what answers them (RFC 6455 §5.5). What belongs to the closing handshake has a topic
//! of its own.

mod pings;
mod rules;

pub use rules::RULES;

use super::Finding;
use super::docket::Docket;
use super::referee::{Context, Topic};
use crate::PerRole;
use crate::capture::Timestamp;
use crate::websocket::{Ending, Event, Frame, Kind, Message, Opcode};
use pings::Pings;
use rules::{PAYLOAD_TOO_LONG, PING_APP_LEVEL, PING_FLOOD};
use std::time::Duration;

/// The longest payload of a control frame (§5.5).
const LONGEST: u64 = 125;

/// What heartbeats say that programs send as text, in any letter case.
const PING: &[u8] = b"ping";

/// Judges control frames; follows Pings until they are answered.
#[derive(Debug, Default)]
pub(in crate::rules) struct ControlRules {
    pings: Pings,
    /// Made for the first Ping, as a frame or in words.
    senders: Option<Box<PerRole<Sender>>>,
}

/// How one endpoint pings.
#[derive(Debug, Default)]
struct Sender {
    /// When the second in which Pings are counted began.
    second: Option<Timestamp>,
    pings_in_second: u32,
    /// It sent a Ping frame.
    pings: bool,
    /// Text messages that say "ping", up to 2.
    text_pings: u8,
}

impl Topic for ControlRules {
    fn frame(&mut self, frame: &Frame<'_>, context: &Context, docket: &mut Docket) {
        if !context.has_current_frames() {
            return;
        }
        if frame.header.opcode.is_control() {
            self.control(frame, context, docket);
        }
        self.pings.frame(frame, context, docket);
    }

    fn message(&mut self, message: &Message<'_>, context: &Context, docket: &mut Docket) {
        let is_ping = message.payload.len() == PING.len()
            && message.kind == Kind::Text
            && message.length == Some(PING.len() as u64)
            && message.payload.eq_ignore_ascii_case(PING);
        if is_ping && context.has_current_frames() {
            self.text_heartbeat(message, docket);
        }
    }

    fn see(&mut self, event: &Event<'_>, context: &Context, _: &mut Docket) {
        if !context.has_current_frames() {
            return;
        }
        match event {
            Event::Missing { sender, .. } | Event::Resync { sender, .. } | Event::NotFrames { sender, .. } => {
                self.pings.missing(*sender, context);
            }
            _ => {}
        }
    }

    fn end(&mut self, _: &Ending, context: &Context, docket: &mut Docket) {
        self.pings.end(context, docket);
    }
}

impl ControlRules {
    #[cold]
    fn control(&mut self, frame: &Frame<'_>, context: &Context, docket: &mut Docket) {
        if frame.header.payload_length > LONGEST {
            let (sender, name, length) = (frame.sender, frame.header.opcode.name(), frame.header.payload_length);
            let text = format!("{sender}'s frame {} ({name}) has a payload of {length} bytes", frame.index);
            docket.file(Finding::of_frame(&PAYLOAD_TOO_LONG, frame, text));
        }
        if frame.header.opcode == Opcode::PING {
            self.flood(frame, context, docket);
        }
    }

    fn flood(&mut self, frame: &Frame<'_>, context: &Context, docket: &mut Docket) {
        const SECOND: Duration = Duration::from_secs(1);
        let sender = &mut self.senders.get_or_insert_default()[frame.sender];
        sender.pings = true;
        let Some(now) = frame.packet.time else { return };
        // A clock that ran backwards begins a new second too.
        if !sender.second.is_some_and(|second| now >= second && now.since(second) < SECOND) {
            sender.second = Some(now);
            sender.pings_in_second = 0;
        }
        sender.pings_in_second = sender.pings_in_second.saturating_add(1);
        // Once a second.
        let most = context.thresholds.pings_per_second;
        if sender.pings_in_second == most.saturating_add(1) {
            let text = format!("{} sends more than {most} Pings within a second", frame.sender);
            docket.file(Finding::of_frame(&PING_FLOOD, frame, text));
        }
    }

    /// The message says "ping".
    #[cold]
    fn text_heartbeat(&mut self, message: &Message<'_>, docket: &mut Docket) {
        let sender = &mut self.senders.get_or_insert_default()[message.sender];
        if sender.pings || sender.text_pings == 2 {
            return;
        }
        sender.text_pings += 1;
        if sender.text_pings == 2 {
            let text = format!(
                "{} sends \"ping\" as text, in message {} for the second time, and no Ping frames",
                message.sender, message.index
            );
            docket.file(Finding::of_message(&PING_APP_LEVEL, message, text).with_evidence(message.payload));
        }
    }
}
