//! Judges one connection: shows each event to every topic and collects what they find.

use super::docket::Docket;
use super::ended::Ended;
use super::reaction::Reactions;
use super::{
    Finding, Reaction, Thresholds, capture, closing, compression, control, fragmentation, frame_header,
    handshake_request, handshake_response, http2, legacy, masking, negotiation, operations, security, text,
};
use crate::fetch::fetch;
use crate::websocket::{Ending, Event, Family, Frame, Handshake, Message, Opcode};
use crate::{Limits, PerRole};
use std::sync::Arc;

/// What every topic may know of the connection beside the event at hand.
#[derive(Clone, Debug)]
pub struct Context {
    /// Where rules draw their lines.
    pub thresholds: Arc<Thresholds>,
    /// The generation of the protocol; RFC 6455 where the handshake was not seen.
    pub family: Family,
    /// Who may set the reserved bits.
    pub reserved_bits: ReservedBits,
    /// The handshake was not seen: the capture began within the connection.
    pub mid_stream: bool,
    /// The WebSocket is on a stream of an HTTP/2 connection: that ends, where TCP does otherwise (RFC 8441 §5).
    pub http2: bool,
    /// Length in bytes at which a head is cut by its reader ([`Limits::head_bytes`]).
    pub head_bytes: usize,
    /// Offset behind the last frame that each endpoint sent, the one at hand included; before the first, behind its half
    /// of the opening handshake. `None` where that was not seen.
    pub ends: PerRole<Option<u64>>,
    /// How the connection ends: what was seen of it before the event at hand. Made when the end begins, so that a
    /// connection that goes on costs little.
    pub(super) ended: Option<Box<Ended>>,
}

impl Context {
    /// See [`Family::has_current_frames`].
    pub(super) fn has_current_frames(&self) -> bool {
        self.family.has_current_frames()
    }

    /// What ends under the WebSocket, as messages name it.
    pub(super) fn transport(&self) -> &'static str {
        if self.http2 { "the stream" } else { "TCP" }
    }
}

/// What the negotiation says of RSV1 to RSV3 (RFC 6455 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReservedBits {
    /// No extension: they must be zero.
    MustBeZero,
    /// permessage-deflate alone: RSV1 marks a compressed message (RFC 7692 §6).
    Rsv1Compresses,
    /// An extension that this program does not know was accepted and may define them; RSV1 may belong to
    /// permessage-deflate beside it, which shares it with no other (RFC 7692 §5).
    MayBeDefined {
        /// permessage-deflate was accepted too.
        rsv1_compresses: bool,
    },
    /// The negotiation was not seen.
    Unknown,
}

impl ReservedBits {
    /// What was agreed on in this handshake.
    pub fn agreed(handshake: &Handshake) -> ReservedBits {
        if !handshake.is_answer_known() {
            return ReservedBits::Unknown;
        }
        let others = handshake.extensions.iter().any(|extension| extension.name != "permessage-deflate");
        match (others, handshake.deflate) {
            (true, deflate) => ReservedBits::MayBeDefined { rsv1_compresses: deflate.is_some() },
            (false, Some(_)) => ReservedBits::Rsv1Compresses,
            (false, None) => ReservedBits::MustBeZero,
        }
    }
}

/// One group of rules with the state it needs.
///
/// Frames and messages are nearly all that happens. A topic that does not care for them is not asked, and one that does
/// first finds by a few comparisons, small enough to be compiled into the caller, that it has nothing to say.
pub(super) trait Topic {
    /// Looks at the opening handshake and files what is wrong.
    fn handshake(&mut self, _handshake: &Handshake, _context: &Context, _docket: &mut Docket) {}

    /// Looks at a frame and files what is wrong.
    fn frame(&mut self, _frame: &Frame<'_>, _context: &Context, _docket: &mut Docket) {}

    /// Looks at a message and files what is wrong.
    fn message(&mut self, _message: &Message<'_>, _context: &Context, _docket: &mut Docket) {}

    /// Looks at an event that few connections have and files what is wrong. That a side finished or was reset is told
    /// to the topics that are [`OptIn`] alone; the others find it in [`Context::ended`].
    fn see(&mut self, _event: &Event<'_>, _context: &Context, _docket: &mut Docket) {}

    /// Nothing more will come: files what is wrong with that, and what was kept for now.
    fn end(&mut self, _ending: &Ending, _context: &Context, _docket: &mut Docket) {}
}

/// The topics, in the order in which they see an event.
#[derive(Debug, Default)]
struct Topics {
    handshake_request: handshake_request::HandshakeRequestRules,
    handshake_response: handshake_response::HandshakeResponseRules,
    negotiation: negotiation::NegotiationRules,
    frame_header: frame_header::FrameHeaderRules,
    masking: masking::MaskingRules,
    fragmentation: fragmentation::FragmentationRules,
    control: control::ControlRules,
    text: text::TextRules,
    compression: compression::CompressionRules,
    legacy: legacy::LegacyRules,
    http2: http2::Http2Rules,
    /// Asks the docket for errors that would excuse what it sees, so it comes after the topics that file them.
    closing: closing::ClosingRules,
    capture: capture::CaptureRules,
}

/// Has every topic look at the same.
macro_rules! each {
    ($topics:ident.$look:ident($($seen:expr),+)) => {
        $topics.handshake_request.$look($($seen),+);
        $topics.handshake_response.$look($($seen),+);
        $topics.negotiation.$look($($seen),+);
        $topics.frame_header.$look($($seen),+);
        $topics.masking.$look($($seen),+);
        $topics.fragmentation.$look($($seen),+);
        $topics.control.$look($($seen),+);
        $topics.text.$look($($seen),+);
        $topics.compression.$look($($seen),+);
        $topics.legacy.$look($($seen),+);
        $topics.http2.$look($($seen),+);
        $topics.closing.$look($($seen),+);
        $topics.capture.$look($($seen),+);
    };
}

impl Topics {
    fn frame(&mut self, frame: &Frame<'_>, context: &Context, docket: &mut Docket) {
        each!(self.frame(frame, context, docket));
    }

    fn message(&mut self, message: &Message<'_>, context: &Context, docket: &mut Docket) {
        each!(self.message(message, context, docket));
    }

    fn handshake(&mut self, handshake: &Handshake, context: &Context, docket: &mut Docket) {
        each!(self.handshake(handshake, context, docket));
    }

    fn see(&mut self, event: &Event<'_>, context: &Context, docket: &mut Docket) {
        each!(self.see(event, context, docket));
    }

    fn end(&mut self, ending: &Ending, context: &Context, docket: &mut Docket) {
        each!(self.end(ending, context, docket));
    }
}

/// Judges the events of one connection.
#[derive(Debug)]
pub struct Referee {
    context: Context,
    docket: Docket,
    topics: Topics,
    reactions: Reactions,
    /// Where they are asked for.
    opt_in: Option<Box<OptIn>>,
}

/// The topics that are judged only where somebody asks for them.
#[derive(Debug, Default)]
struct OptIn {
    security: security::SecurityRules,
    operations: operations::OperationsRules,
}

impl OptIn {
    fn see(&mut self, event: &Event<'_>, context: &Context, docket: &mut Docket) {
        match event {
            Event::Handshake(handshake) => {
                self.security.handshake(handshake, context, docket);
                self.operations.handshake(handshake, context, docket);
            }
            Event::Frame(frame) => self.operations.frame(frame, context, docket),
            Event::Message(message) => self.operations.message(message, context, docket),
            Event::End(ending) => self.operations.end(ending, context, docket),
            _ => self.operations.see(event, context, docket),
        }
    }
}

impl Referee {
    /// A referee for a connection that begins with a handshake; `mid_stream` for one that was open before.
    #[inline]
    pub fn new(thresholds: Arc<Thresholds>, limits: &Limits, mid_stream: bool) -> Referee {
        let mut docket = Docket::new(limits.findings_per_rule);
        if mid_stream {
            docket.infer_roles();
        }
        let context = Context {
            thresholds,
            family: Family::Rfc6455,
            reserved_bits: ReservedBits::Unknown,
            mid_stream,
            http2: false,
            head_bytes: limits.head_bytes,
            ends: PerRole::default(),
            ended: None,
        };
        Referee { context, docket, topics: Topics::default(), reactions: Reactions::default(), opt_in: None }
    }

    /// Judges what is judged only where somebody asks for it, too, if `opt_in`.
    pub fn set_opt_in(&mut self, opt_in: bool) {
        self.opt_in = opt_in.then(Box::default);
    }

    /// The connection is a stream of HTTP/2, which a handshake would have said.
    pub fn set_over_http2(&mut self) {
        self.context.http2 = true;
    }

    /// Looks at the next event of the connection. To know what was found in a frame apart from what was found in the
    /// message that it is, show one [after the other](Event::each).
    pub fn see(&mut self, event: &Event<'_>) {
        let mut ends = false;
        match event {
            Event::Frame(frame) => {
                self.context.ends[frame.sender] = Some(frame.end_offset);
                self.topics.frame(frame, &self.context, &mut self.docket);
                ends = frame.header.opcode == Opcode::CLOSE;
            }
            Event::Message(message) => self.topics.message(message, &self.context, &mut self.docket),
            Event::Unfragmented(..) => return event.each(|event| self.see(event)),
            // Rules need no more of a payload than frames and messages tell.
            Event::Piece { .. } => return,
            Event::Handshake(handshake) => {
                self.handshake(handshake);
                self.topics.handshake(handshake, &self.context, &mut self.docket);
            }
            Event::Fin { .. } | Event::Reset { .. } => ends = true,
            Event::End(ending) => self.topics.end(ending, &self.context, &mut self.docket),
            _ => self.topics.see(event, &self.context, &mut self.docket),
        }
        if let Some(topics) = &mut self.opt_in {
            topics.see(event, &self.context, &mut self.docket);
        }
        if self.reactions.care(event, &self.docket) {
            self.reactions.see(event, &self.context, &mut self.docket);
        }
        if ends {
            self.context.note_end(event);
        }
        if let Event::End(ending) = event {
            let unlisted: Vec<_> = self.docket.unlisted().collect();
            for (rule, count) in unlisted {
                self.docket.file(capture::unlisted(rule, count).at(ending.last_packet));
            }
        }
    }

    fn handshake(&mut self, handshake: &Handshake) {
        let attempt = &handshake.attempt;
        self.context.family = handshake.family;
        self.context.http2 = handshake.http2.is_some();
        self.context.reserved_bits = ReservedBits::agreed(handshake);
        self.context.ends.client = attempt.request.as_ref().map(|head| head.offset + head.length);
        self.context.ends.server = attempt.response.as_ref().map(|head| head.offset + head.length);
        if attempt.after_gap {
            self.docket.doubt();
        }
    }

    /// Fetches what it points at and judging the end will read.
    pub(crate) fn look(&self) {
        if let Some(ended) = &self.context.ended {
            fetch(&**ended);
        }
    }

    /// Whether something was found or became known since the last call of [`findings`](Self::findings) and
    /// [`reactions`](Self::reactions). Of nearly all events nothing is.
    pub fn has_news(&self) -> bool {
        self.docket.has_news() || self.reactions.has_news()
    }

    /// Takes what was found since the last call.
    pub fn findings(&mut self) -> Vec<Finding> {
        self.docket.take()
    }

    /// Takes what became known since the last call of reactions to findings; to be told after the findings.
    pub fn reactions(&mut self) -> Vec<Reaction> {
        self.reactions.take()
    }
}

#[cfg(test)]
mod tests {
    use super::Referee;

    /// Idle connections are what memory is spent on: what is rare is made when it comes. What nearly all need, such as the
    /// first masking keys, is in place: made apart it would take more.
    #[test]
    fn an_open_connection_needs_little() {
        assert!(size_of::<Referee>() <= 376, "{}", size_of::<Referee>());
    }
}
