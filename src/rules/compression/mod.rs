//! Messages compressed by permessage-deflate (RFC 7692 §6, §7.2): what their headers, their compressed bytes and what
//! came of inflating them can tell.

mod forensic_rules;
mod forensics;
mod rules;

pub use forensic_rules::FORENSIC_RULES;
pub use rules::RULES;

use super::docket::Docket;
use super::referee::{Context, Topic};
use super::{EVIDENCE, Finding};
use crate::websocket::{Ending, Event, Frame, Handshake, Inflated, Message, Opcode};
use crate::{PerRole, Role};
use forensics::{Bounds, Finals};
use rules::{BOMB, CONTEXT_LOST, EMPTY_COMPRESSED, EXPANDED, NEVER_USED, RSV1_ON_CONTINUATION, RSV1_ON_CONTROL};

/// Judges the use of permessage-deflate.
#[derive(Debug, Default)]
pub(in crate::rules) struct CompressionRules {
    /// permessage-deflate was seen agreed.
    agreed: bool,
    /// Made where compression was agreed, and otherwise when something comes that it explains.
    sides: Option<Box<PerRole<Side>>>,
}

/// What is remembered of one sender.
#[derive(Debug, Default)]
struct Side {
    /// What its compressed bytes are judged by; `None` where they are not.
    bounds: Option<Bounds>,
    /// The first bytes of the open compressed message, as they are on the wire but unmasked.
    head: Vec<u8>,
    messages: u64,
    compressed: u64,
    /// Bytes of it are missing.
    gap: bool,
    /// The message over which the window was lost; `None` where it was bytes missing from the capture.
    lost_with: Option<u64>,
    lost: Option<Box<Lost>>,
    expanded: Option<Box<Expanded>>,
    finals: Option<Box<Finals>>,
}

/// Messages in a row that cannot be inflated.
#[derive(Debug)]
struct Lost {
    /// Of the first of them.
    finding: Finding,
    first: u64,
    last: u64,
    count: u64,
    cause: Option<u64>,
}

/// Messages that compression made longer.
#[derive(Debug)]
struct Expanded {
    /// Of the first of them.
    finding: Finding,
    count: u64,
    extra_bytes: u64,
}

impl Topic for CompressionRules {
    fn frame(&mut self, frame: &Frame<'_>, context: &Context, docket: &mut Docket) {
        if frame.header.rsv1 && context.has_current_frames() {
            self.compressed(frame, docket);
        }
    }

    fn message(&mut self, message: &Message<'_>, context: &Context, docket: &mut Docket) {
        if let Some(sides) = self.sides.as_mut().filter(|_| context.has_current_frames()) {
            judge(&mut sides[message.sender], self.agreed, message, context, docket);
        }
    }

    fn see(&mut self, event: &Event<'_>, context: &Context, _: &mut Docket) {
        if !context.has_current_frames() {
            return;
        }
        match event {
            Event::Missing { sender, .. } | Event::Resync { sender, .. } | Event::NotFrames { sender, .. } => {
                let side = &mut self.sides.get_or_insert_default()[*sender];
                side.gap = true;
                side.lost_with = None;
            }
            _ => {}
        }
    }

    fn handshake(&mut self, handshake: &Handshake, context: &Context, _: &mut Docket) {
        self.agreed = handshake.deflate.is_some() && context.has_current_frames();
        if self.agreed {
            let sides = self.sides.get_or_insert_default();
            for sender in [Role::Client, Role::Server] {
                sides[sender].bounds = Bounds::of(handshake, sender);
            }
        }
    }

    fn end(&mut self, ending: &Ending, context: &Context, docket: &mut Docket) {
        if self.sides.is_some() && context.has_current_frames() {
            self.sum_up(ending, context, docket);
        }
    }
}

impl CompressionRules {
    /// The frame has RSV1 set.
    #[inline(never)]
    fn compressed(&mut self, frame: &Frame<'_>, docket: &mut Docket) {
        let (sender, header) = (frame.sender, &frame.header);
        if matches!(header.opcode, Opcode::TEXT | Opcode::BINARY) {
            let side = &mut self.sides.get_or_insert_default()[sender];
            side.head.clear();
            side.head.extend_from_slice(&frame.payload[..frame.payload.len().min(EVIDENCE)]);
        }
        if !self.agreed {
            return;
        }
        let name = header.opcode.name();
        let rule = match header.opcode {
            Opcode::CONTINUATION => &RSV1_ON_CONTINUATION,
            opcode if opcode.is_control() => &RSV1_ON_CONTROL,
            _ => return,
        };
        let text = format!("{sender}'s frame {} ({name}) has RSV1 set", frame.index);
        docket.file(Finding::of_frame(rule, frame, text));
    }

    fn sum_up(&mut self, ending: &Ending, context: &Context, docket: &mut Docket) {
        let Some(sides) = &mut self.sides else { return };
        let unused = self.agreed
            && [sides.client.compressed, sides.server.compressed] == [0, 0]
            && !sides.client.gap
            && !sides.server.gap;
        for sender in [Role::Client, Role::Server] {
            let side = &mut sides[sender];
            heal(side, None, context, docket);
            if let Some(Expanded { finding, count, extra_bytes }) = side.expanded.take().map(|expanded| *expanded) {
                let message = format!(
                    "compression made {sender}'s messages longer: {count} of {} compressed, by {extra_bytes} bytes in all",
                    side.compressed
                );
                docket.file(Finding { message, ..finding });
            }
            if let Some(finals) = side.finals.take() {
                docket.file(finals.finding(side.compressed));
            }
            if unused && side.messages > 0 {
                let text = format!(
                    "permessage-deflate was agreed, and none of {sender}'s messages ({}) is compressed",
                    side.messages
                );
                docket.file(Finding::new(&NEVER_USED, Some(sender), text).at(ending.last_packet));
            }
        }
    }
}

/// Judges a message of the sender that `side` is about.
#[inline(never)]
fn judge(side: &mut Side, agreed: bool, message: &Message<'_>, context: &Context, docket: &mut Docket) {
    let sender = message.sender;
    side.messages += 1;
    let head = std::mem::take(&mut side.head);
    let Some(inflated) = message.inflated else { return };
    side.compressed += 1;
    if let Some((walk, bounds)) = message.walk.zip(side.bounds) {
        forensics::judge(message, walk, bounds, &head, &mut side.finals, docket);
    }
    match inflated {
        Inflated::Whole => {
            side.lost_with = None;
            heal(side, Some(message.index), context, docket);
            whole(side, agreed, message, docket);
        }
        Inflated::Corrupt { .. } => side.lost_with = Some(message.index),
        Inflated::Bomb { length } => {
            side.lost_with = Some(message.index);
            let text = format!(
                "{sender}'s message {} has {} bytes and inflates to {length} and more",
                message.index, message.wire_length
            );
            docket.file(Finding::of_message(&BOMB, message, text).with_evidence(&head));
        }
        Inflated::Incomplete => side.lost_with = (!side.gap).then_some(message.index),
        Inflated::ContextLost => {
            let cause = side.lost_with;
            let lost = side.lost.get_or_insert_with(|| {
                let finding = Finding::of_message(&CONTEXT_LOST, message, "").with_evidence(&head);
                Box::new(Lost { finding, first: message.index, last: message.index, count: 0, cause })
            });
            lost.last = message.index;
            lost.count += 1;
        }
    }
}

fn whole(side: &mut Side, agreed: bool, message: &Message<'_>, docket: &mut Docket) {
    let sender = message.sender;
    if message.wire_length == 0 {
        if agreed {
            let text = format!("{sender}'s message {} says it is compressed and has no payload", message.index);
            docket.file(Finding::of_message(&EMPTY_COMPRESSED, message, text));
        }
        return;
    }
    let Some(length) = message.length.filter(|&length| 0 < length && length < message.wire_length) else { return };
    let expanded = side.expanded.get_or_insert_with(|| {
        let finding = Finding::of_message(&EXPANDED, message, "");
        Box::new(Expanded { finding, count: 0, extra_bytes: 0 })
    });
    expanded.count += 1;
    expanded.extra_bytes = expanded.extra_bytes.saturating_add(message.wire_length - length);
}

/// A row of messages that could not be inflated is over, with this message if another could.
fn heal(side: &mut Side, first_readable: Option<u64>, context: &Context, docket: &mut Docket) {
    let Some(lost) = side.lost.take() else { return };
    let Lost { finding, first, last, count, cause } = *lost;
    let sender = finding.blame.map_or("a side", Role::name);
    let which =
        if first == last { format!("message {first}") } else { format!("messages {first} to {last} ({count})") };
    let cause = match cause {
        Some(index) => format!("message {index} could not be inflated to its end"),
        None if context.mid_stream && first == 0 => "the capture began after the connection".to_owned(),
        None => "bytes before are missing".to_owned(),
    };
    let then = match first_readable {
        Some(index) => format!("message {index} is the first that can"),
        None => "no message after can".to_owned(),
    };
    let message = format!("{sender}'s {which} cannot be inflated here, since {cause}; {then}");
    docket.file(Finding { message, ..finding });
}
