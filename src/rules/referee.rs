//! Judges one connection: shows each event to every topic and collects what they find.

use super::docket::Docket;
use super::reaction::Reactions;
use super::{
    Finding, Reaction, Thresholds, capture, closing, compression, control, fragmentation, frame_header,
    handshake_request, handshake_response, http2, legacy, masking, negotiation, operations, reconnecting, security,
    text,
};
use crate::Limits;
use crate::websocket::{Event, Family, Handshake};
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
}

impl Context {
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

/// One group of rules with the state it needs.
pub(super) trait Topic {
    /// Looks at an event and files what is wrong.
    fn see(&mut self, event: &Event<'_>, context: &Context, docket: &mut Docket);
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
    reconnecting: reconnecting::ReconnectingRules,
    capture: capture::CaptureRules,
}

impl Topics {
    fn see(&mut self, event: &Event<'_>, context: &Context, docket: &mut Docket) {
        self.handshake_request.see(event, context, docket);
        self.handshake_response.see(event, context, docket);
        self.negotiation.see(event, context, docket);
        self.frame_header.see(event, context, docket);
        self.masking.see(event, context, docket);
        self.fragmentation.see(event, context, docket);
        self.control.see(event, context, docket);
        self.text.see(event, context, docket);
        self.compression.see(event, context, docket);
        self.legacy.see(event, context, docket);
        self.http2.see(event, context, docket);
        self.closing.see(event, context, docket);
        self.reconnecting.see(event, context, docket);
        self.capture.see(event, context, docket);
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

impl Referee {
    /// A referee for a connection that begins with a handshake; `mid_stream` for one that was open before.
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
        };
        Referee { context, docket, topics: Topics::default(), reactions: Reactions::default(), opt_in: None }
    }

    /// Judges what is judged only where somebody asks for it, too, if `opt_in`.
    pub fn with_opt_in(mut self, opt_in: bool) -> Referee {
        self.opt_in = opt_in.then(Box::default);
        self
    }

    /// The connection is a stream of HTTP/2, which a handshake would have said.
    pub fn over_http2(mut self) -> Referee {
        self.context.http2 = true;
        self
    }

    /// Looks at the next event of the connection.
    pub fn see(&mut self, event: &Event<'_>) {
        if let Event::Handshake(handshake) = event {
            self.context.family = handshake.family;
            self.context.http2 = handshake.http2.is_some();
            self.context.reserved_bits = reserved_bits(handshake);
            if handshake.attempt.after_gap {
                self.docket.doubt();
            }
        }
        self.topics.see(event, &self.context, &mut self.docket);
        if let Some(topics) = &mut self.opt_in {
            topics.security.see(event, &self.context, &mut self.docket);
            topics.operations.see(event, &self.context, &mut self.docket);
        }
        self.reactions.see(event, &self.context, &mut self.docket);
        if let Event::End(ending) = event {
            let unlisted: Vec<_> = self.docket.unlisted().collect();
            for (rule, count) in unlisted {
                self.docket.file(capture::unlisted(rule, count).at(ending.last_packet));
            }
        }
    }

    /// Takes what was found since the last call.
    pub fn findings(&mut self) -> impl Iterator<Item = Finding> + '_ {
        self.docket.drain()
    }

    /// Takes what became known since the last call of reactions to findings; to be told after the findings.
    pub fn reactions(&mut self) -> impl Iterator<Item = Reaction> + '_ {
        self.reactions.drain()
    }
}

fn reserved_bits(handshake: &Handshake) -> ReservedBits {
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
