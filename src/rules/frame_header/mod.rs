//! The two to fourteen bytes before a payload (RFC 6455 §5.2), and whether they are masked by the right side (§5.1).

mod rules;

pub use rules::RULES;

use super::docket::Docket;
use super::referee::{Context, ReservedBits, Topic};
use super::{Finding, Rule, Severity};
use crate::Role;
use crate::websocket::{Ending, Event, Frame, LengthForm, Opcode};
use rules::{
    CLIENT_UNMASKED, GARBAGE_AFTER_101, LENGTH_IMPLAUSIBLE, LENGTH_MSB, LENGTH_NONMINIMAL_16, LENGTH_NONMINIMAL_64,
    OPCODE_RESERVED_CONTROL, OPCODE_RESERVED_DATA, RSV1_UNNEGOTIATED, RSV2_SET, RSV3_SET, SERVER_MASKED, TRUNCATED,
};

/// Judges frame headers; needs no memory, for each is judged by itself, but of frames that were cut.
#[derive(Debug, Default)]
pub(super) struct FrameHeaderRules {
    /// Made for the first.
    cuts: Option<Box<Cuts>>,
}

/// The streams that ended too early.
#[derive(Debug, Default)]
struct Cuts(Vec<Cut>);

/// A stream that ended inside a frame or its header; why is known at the end of the connection.
#[derive(Debug)]
struct Cut {
    finding: Finding,
    implausible: Option<u64>,
}

impl Topic for FrameHeaderRules {
    fn frame(&mut self, frame: &Frame<'_>, context: &Context, docket: &mut Docket) {
        if context.has_current_frames() && !is_sound(frame, context) {
            self.judge(frame, context, docket);
        }
    }

    fn see(&mut self, event: &Event<'_>, context: &Context, docket: &mut Docket) {
        match event {
            Event::NotFrames { sender, offset, bytes, what, packet } => {
                let text = format!("{sender} sends {what} where a frame should begin");
                docket.file(
                    Finding::new(&GARBAGE_AFTER_101, Some(*sender), text)
                        .at(*packet)
                        .at_offset(*offset)
                        .with_evidence(bytes),
                );
            }
            Event::HeaderCut { sender, offset, bytes, first, packet } => {
                let finding = |rule, text| {
                    Finding::new(rule, Some(*sender), text).at(*packet).at_offset(*offset).with_evidence(bytes)
                };
                if let Some((rsv, opcode)) = first.filter(|_| context.has_current_frames()) {
                    let whose = format!("the frame that {sender}'s stream ends in");
                    reserved(rsv, opcode, &whose, context, docket, finding);
                }
                let text = format!("{sender}'s stream ends {} bytes into a frame header", bytes.len());
                self.cuts.get_or_insert_default().0.push(Cut { finding: finding(&TRUNCATED, text), implausible: None });
            }
            _ => {}
        }
    }

    fn end(&mut self, _: &Ending, context: &Context, docket: &mut Docket) {
        let Some(cuts) = self.cuts.take() else { return };
        for Cut { finding, implausible } in cuts.0 {
            let ended = context.ended.as_ref();
            let stopped = ended.zip(finding.blame).is_some_and(|(ended, sender)| ended.has_stopped(sender));
            let severity = if stopped { finding.severity } else { Severity::Note };
            if let Some(declared) = implausible.filter(|_| stopped) {
                let text = format!(
                    "{} declares a payload of {declared} bytes and ends without it",
                    finding.blame.map_or("a side", Role::name)
                );
                docket.file(Finding { rule: &LENGTH_IMPLAUSIBLE, message: text, ..finding.clone() });
            }
            docket.file(finding.with_severity(severity));
        }
    }
}

impl FrameHeaderRules {
    #[cold]
    fn judge(&mut self, frame: &Frame<'_>, context: &Context, docket: &mut Docket) {
        masking_side(frame, docket);
        let (rsv, opcode) = (frame.header.rsv(), frame.header.opcode);
        if rsv != 0 || opcode.is_reserved() {
            let whose = format!("{}'s frame {}", frame.sender, frame.index);
            reserved(rsv, opcode, &whose, context, docket, |rule, text| Finding::of_frame(rule, frame, text));
        }
        length(frame, docket);
        if !frame.complete {
            self.cut_frame(frame, context);
        }
    }

    fn cut_frame(&mut self, frame: &Frame<'_>, context: &Context) {
        let declared = frame.header.payload_length;
        let text = format!(
            "{}'s stream ends after {} of the {declared} payload bytes of frame {}",
            frame.sender, frame.captured_length, frame.index
        );
        self.cuts.get_or_insert_default().0.push(Cut {
            finding: Finding::of_frame(&TRUNCATED, frame, text),
            implausible: (declared > context.thresholds.frame_length_implausible).then_some(declared),
        });
    }
}

/// Whether a frame keeps every rule of this topic: all that is asked of nearly all frames.
fn is_sound(frame: &Frame<'_>, context: &Context) -> bool {
    let header = &frame.header;
    (header.rsv() == 0 || header.rsv() == 0b100 && !must_clear_rsv1(context))
        && !header.opcode.is_reserved()
        && header.masking_key.is_some() == (frame.sender == Role::Client)
        && header.length_form == LengthForm::shortest(header.payload_length)
        && header.payload_length >> 63 == 0
        && frame.complete
}

/// RFC 6455 §5.1: the client masks, the server does not.
fn masking_side(frame: &Frame<'_>, docket: &mut Docket) {
    match (frame.sender, frame.header.masking_key) {
        (Role::Client, None) => {
            let text = format!("client's frame {} ({}) is not masked", frame.index, frame.header.opcode.name());
            docket.file(Finding::of_frame(&CLIENT_UNMASKED, frame, text));
        }
        (Role::Server, Some(_)) => {
            let text = format!("server's frame {} ({}) is masked", frame.index, frame.header.opcode.name());
            docket.file(Finding::of_frame(&SERVER_MASKED, frame, text));
        }
        _ => {}
    }
}

/// Whether nothing is known to define RSV1.
fn must_clear_rsv1(context: &Context) -> bool {
    let bits = context.reserved_bits;
    matches!(bits, ReservedBits::MustBeZero | ReservedBits::MayBeDefined { rsv1_compresses: false })
}

/// RFC 6455 §5.2: reserved bits and opcodes mean what an extension says, and nothing without one.
fn reserved(
    rsv: u8,
    opcode: Opcode,
    whose: &str,
    context: &Context,
    docket: &mut Docket,
    finding: impl Fn(&'static Rule, String) -> Finding,
) {
    let may_be_defined = matches!(context.reserved_bits, ReservedBits::MayBeDefined { .. });
    let mut file = |rule, what: &str| {
        let mut finding = finding(rule, format!("{whose} {what}"));
        if may_be_defined {
            finding.severity = Severity::Note;
            finding.message.push_str("; an accepted extension may define it");
        }
        docket.file(finding);
    };
    if rsv & 0b100 != 0 && must_clear_rsv1(context) {
        file(&RSV1_UNNEGOTIATED, "has RSV1 set, which no accepted extension defines");
    }
    if rsv & 0b010 != 0 && context.reserved_bits != ReservedBits::Unknown {
        file(&RSV2_SET, "has RSV2 set, which no accepted extension defines");
    }
    if rsv & 0b001 != 0 && context.reserved_bits != ReservedBits::Unknown {
        file(&RSV3_SET, "has RSV3 set, which no accepted extension defines");
    }
    if opcode.is_reserved() {
        let what = format!("has the reserved opcode {:#X}", opcode.0);
        match opcode.is_control() {
            true => file(&OPCODE_RESERVED_CONTROL, &what),
            false => file(&OPCODE_RESERVED_DATA, &what),
        }
    }
}

/// RFC 6455 §5.2: the shortest form, and 63 bits.
fn length(frame: &Frame<'_>, docket: &mut Docket) {
    let length = frame.header.payload_length;
    if length >> 63 != 0 {
        let text =
            format!("{}'s frame {} declares a length with the top bit set: {length:#x}", frame.sender, frame.index);
        docket.file(Finding::of_frame(&LENGTH_MSB, frame, text));
    }
    let shortest = LengthForm::shortest(length);
    let used = frame.header.length_form;
    if used == shortest {
        return;
    }
    let (rule, extra) = match (used, shortest) {
        (LengthForm::Bits16, _) => (&LENGTH_NONMINIMAL_16, 2),
        (_, LengthForm::Bits16) => (&LENGTH_NONMINIMAL_64, 6),
        _ => (&LENGTH_NONMINIMAL_64, 8),
    };
    let text = format!(
        "{}'s frame {} spends {extra} extra bytes: a length of {length} fits in {} bits",
        frame.sender,
        frame.index,
        shortest.bits()
    );
    docket.file(Finding::of_frame(rule, frame, text));
}
