//! Messages in fragments, and what may stand between these (RFC 6455 §5.4).

mod rules;

pub use rules::RULES;

use super::docket::Docket;
use super::referee::{Context, ReservedBits, Topic};
use super::{Finding, Rule, Severity, Thresholds};
use crate::websocket::{Ending, Event, Frame, Message, Opcode, TcpEnd};
use crate::{PerRole, Role};
use rules::{
    CHANGED_BY_INTERMEDIARY, CONTINUATION_WITHOUT_START, CONTROL_FRAGMENTED, CONTROL_INTERLEAVED, EMPTY_FRAGMENT,
    NEW_DATA_INSIDE_MESSAGE, SPLITS_CODE_POINT, TINY, UNFINISHED,
};

/// Follows the open message of each endpoint.
#[derive(Debug, Default)]
pub(in crate::rules) struct FragmentationRules {
    /// Header bytes of the frames of the open message.
    header_bytes: PerRole<u64>,
    /// The last data frame had a reserved opcode and FIN clear: what continues it is continued by right, if anything
    /// is.
    reserved_open: PerRole<bool>,
    /// The last frame was cut off by the end of the stream.
    cut: PerRole<bool>,
    /// Made when a side leaves a message open.
    open: Option<Box<PerRole<Open>>>,
}

/// What one sender left open.
#[derive(Debug, Default)]
struct Open {
    /// That the open message has no end was said at the Close.
    told: bool,
    /// A message that its sender left open, until it is known how the connection ends.
    unfinished: Option<Finding>,
}

impl Topic for FragmentationRules {
    fn frame(&mut self, frame: &Frame<'_>, context: &Context, docket: &mut Docket) {
        if context.has_current_frames() {
            self.judge_frame(frame, context, docket);
        }
    }

    fn message(&mut self, message: &Message<'_>, context: &Context, docket: &mut Docket) {
        if context.has_current_frames() {
            self.judge_message(message, context, docket);
        }
    }

    fn see(&mut self, event: &Event<'_>, context: &Context, _: &mut Docket) {
        if !context.has_current_frames() {
            return;
        }
        match event {
            Event::Missing { sender, .. } | Event::Resync { sender, .. } => self.goes_on(*sender),
            _ => {}
        }
    }

    fn end(&mut self, ending: &Ending, context: &Context, docket: &mut Docket) {
        let Some(open) = &mut self.open else { return };
        for sender in [Role::Client, Role::Server] {
            let Some(finding) = open[sender].unfinished.take().filter(|_| ending.tcp != TcpEnd::Open) else {
                continue;
            };
            let other_first = context.first_to_end() == Some(sender.peer());
            let severity = if other_first { Severity::Note } else { UNFINISHED.severity };
            docket.file(finding.with_severity(severity));
        }
    }
}

/// The other leg of a connection through a proxy showed the same message in so many frames.
pub(super) fn recut(message: &Message<'_>, connection: u64, frames: u64, reserved_bits: ReservedBits) -> Finding {
    let text = format!(
        "{}'s message {} has {} here and {} on connection {connection}, the other leg through a proxy",
        message.sender,
        message.index,
        count(message.frames, "frame"),
        frames
    );
    // §5.4: without an extension that cares, an intermediary may cut as it likes.
    let extended = !matches!(reserved_bits, ReservedBits::MustBeZero | ReservedBits::Unknown);
    let severity = if extended { CHANGED_BY_INTERMEDIARY.severity } else { Severity::Note };
    Finding { blame: None, ..Finding::of_message(&CHANGED_BY_INTERMEDIARY, message, text) }.with_severity(severity)
}

impl FragmentationRules {
    /// A message left open before was interrupted, or lost in a gap.
    #[cold]
    fn goes_on(&mut self, sender: Role) {
        if let Some(open) = &mut self.open {
            open[sender].unfinished = None;
        }
    }

    fn judge_frame(&mut self, frame: &Frame<'_>, context: &Context, docket: &mut Docket) {
        let (sender, header) = (frame.sender, &frame.header);
        if self.open.is_some() {
            self.goes_on(sender);
        }
        self.cut[sender] = !frame.complete;
        if header.opcode.is_control() {
            self.control(frame, context, docket);
            return;
        }
        if header.opcode.is_reserved() {
            self.reserved_open[sender] = !header.fin;
            return;
        }
        let reserved_open = std::mem::replace(&mut self.reserved_open[sender], false);
        if frame.message.is_some() {
            self.header_bytes[sender] += frame.header_bytes.len() as u64;
        }
        // §5.4: a frame with FIN set and an opcode is a whole message, which may be empty, but not stand within another.
        let is_fragment = !header.fin || header.opcode == Opcode::CONTINUATION;
        if is_fragment || frame.inside_message == Some(true) {
            self.fragment(frame, is_fragment, reserved_open, context, docket);
        }
    }

    /// Judges a fragment, or a message that begins within another.
    #[cold]
    fn fragment(
        &mut self,
        frame: &Frame<'_>,
        is_fragment: bool,
        reserved_open: bool,
        context: &Context,
        docket: &mut Docket,
    ) {
        let (sender, header) = (frame.sender, &frame.header);
        match (header.opcode, frame.inside_message) {
            (Opcode::CONTINUATION, Some(false)) if reserved_open => self.reserved_open[sender] = !header.fin,
            (Opcode::CONTINUATION, Some(false)) => {
                let text = format!("{sender}'s frame {} continues a message, and none is open", frame.index);
                docket.file(by_extension(&CONTINUATION_WITHOUT_START, frame, text, context));
            }
            (Opcode::TEXT | Opcode::BINARY, Some(true)) => {
                let what = header.opcode.name();
                let text = format!("{sender}'s frame {} begins a {what} message inside another message", frame.index);
                docket.file(by_extension(&NEW_DATA_INSIDE_MESSAGE, frame, text, context));
            }
            _ => {}
        }
        if is_fragment && frame.message.is_some() && header.payload_length == 0 {
            let which = if header.fin { "last fragment" } else { "fragment" };
            let text = format!("{sender}'s frame {} is an empty {which}", frame.index);
            docket.file(Finding::of_frame(&EMPTY_FRAGMENT, frame, text));
        }
    }

    #[cold]
    fn control(&mut self, frame: &Frame<'_>, context: &Context, docket: &mut Docket) {
        let (sender, name) = (frame.sender, frame.header.opcode.name());
        if !frame.header.fin {
            let text = format!("{sender}'s frame {} ({name}) has FIN clear", frame.index);
            docket.file(Finding::of_frame(&CONTROL_FRAGMENTED, frame, text));
        }
        let inside = frame.inside_message == Some(true);
        if frame.header.opcode == Opcode::CLOSE {
            if inside && context.close_of(sender).is_none() {
                self.close_inside(frame, context, docket);
            }
        } else if inside {
            let text = format!("{sender}'s frame {} ({name}) stands between the fragments of a message", frame.index);
            docket.file(Finding::of_frame(&CONTROL_INTERLEAVED, frame, text));
        }
    }

    /// After its Close a sender must not send data (§5.5.1), so what is open stays open.
    fn close_inside(&mut self, frame: &Frame<'_>, context: &Context, docket: &mut Docket) {
        let sender = frame.sender;
        // §6.1 step 1: a sender that learns of the other's Close aborts what it was sending.
        let had_received = match context.close_of(sender.peer()) {
            // Where the acknowledgment is not known, the Close is taken to have been received.
            Some(close) => frame.acknowledged.is_none_or(|acknowledged| acknowledged >= close.end_offset),
            None => context.first_to_end() == Some(sender.peer()),
        };
        let text = format!("{sender} closes with frame {} before the last fragment of its open message", frame.index);
        let severity = if had_received { Severity::Note } else { UNFINISHED.severity };
        docket.file(Finding::of_frame(&UNFINISHED, frame, text).with_severity(severity));
        self.open.get_or_insert_default()[sender].told = true;
    }

    fn judge_message(&mut self, message: &Message<'_>, context: &Context, docket: &mut Docket) {
        let (sender, thresholds) = (message.sender, &context.thresholds);
        let header_bytes = std::mem::take(&mut self.header_bytes[sender]);
        let is_whole = message.finished && message.text.split_at_frame.is_none();
        if !is_whole || message.frames >= thresholds.frag_tiny_count {
            self.fragments(header_bytes, message, thresholds, docket);
        }
    }

    /// Judges a message of many fragments, or one that is not whole.
    #[cold]
    fn fragments(&mut self, header_bytes: u64, message: &Message<'_>, thresholds: &Thresholds, docket: &mut Docket) {
        let sender = message.sender;
        let tiny = message.frames >= thresholds.frag_tiny_count
            && message.wire_length < message.frames.saturating_mul(thresholds.frag_tiny_bytes);
        if tiny {
            let overhead = header_bytes * 100 / header_bytes.saturating_add(message.wire_length).max(1);
            let text = format!(
                "{sender}'s message {} has {} bytes in {} fragments; {overhead} % of what was sent are headers",
                message.index, message.wire_length, message.frames
            );
            docket.file(Finding::of_message(&TINY, message, text));
        }
        if let Some(frame) = message.text.split_at_frame.filter(|_| message.text.fault.is_none()) {
            let text = format!("{sender}'s frame {frame} ends inside a character of message {}", message.index);
            docket.file(Finding::of_message(&SPLITS_CODE_POINT, message, text).about(frame, message.opcode_of(frame)));
        }
        let told = self.open.as_ref().is_some_and(|open| open[sender].told);
        if !message.finished && !message.after_gap && !self.cut[sender] && !told {
            let text = format!(
                "{sender}'s message {} has no end: {} came in {}, and no frame with FIN",
                message.index,
                count(message.wire_length, "byte"),
                count(message.frames, "frame")
            );
            let finding = Finding::of_message(&UNFINISHED, message, text);
            self.open.get_or_insert_default()[sender].unfinished = Some(finding);
        }
    }
}

/// §5.4 speaks of connections without an extension that says otherwise.
fn by_extension(rule: &'static Rule, frame: &Frame<'_>, mut text: String, context: &Context) -> Finding {
    let mut severity = rule.severity;
    if matches!(context.reserved_bits, ReservedBits::MayBeDefined { .. }) {
        severity = Severity::Note;
        text.push_str("; an accepted extension may allow it");
    }
    Finding::of_frame(rule, frame, text).with_severity(severity)
}

fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
