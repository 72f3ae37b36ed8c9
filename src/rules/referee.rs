//! Judges one connection: shows each event to every topic and collects what they find.

use super::docket::Docket;
use super::{Finding, Thresholds, frame_header};
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
}

/// What the negotiation says of RSV1 to RSV3 (RFC 6455 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReservedBits {
    /// No extension: they must be zero.
    MustBeZero,
    /// permessage-deflate alone: RSV1 marks a compressed message (RFC 7692 §6).
    Rsv1Compresses,
    /// An extension that this program does not know was accepted and may define them.
    MayBeDefined,
    /// The negotiation was not seen.
    Unknown,
}

/// One group of rules with the state it needs.
pub(super) trait Topic {
    /// Looks at an event and files what is wrong.
    fn see(&mut self, event: &Event<'_>, context: &Context, docket: &mut Docket);
}

/// Judges the events of one connection.
#[derive(Debug)]
pub struct Referee {
    context: Context,
    docket: Docket,
    frame_header: frame_header::FrameHeaderRules,
}

impl Referee {
    /// A referee for a connection that begins with a handshake; `mid_stream` for one that was open before.
    pub fn new(thresholds: Arc<Thresholds>, limits: &Limits, mid_stream: bool) -> Referee {
        let mut docket = Docket::new(limits.findings_per_rule);
        if mid_stream {
            docket.infer_roles();
        }
        let context = Context { thresholds, family: Family::Rfc6455, reserved_bits: ReservedBits::Unknown, mid_stream };
        Referee { context, docket, frame_header: Default::default() }
    }

    /// Looks at the next event of the connection.
    pub fn see(&mut self, event: &Event<'_>) {
        if let Event::Handshake(handshake) = event {
            self.context.family = handshake.family;
            self.context.reserved_bits = reserved_bits(handshake);
        }
        let topics: [&mut dyn Topic; 1] = [&mut self.frame_header];
        for topic in topics {
            topic.see(event, &self.context, &mut self.docket);
        }
    }

    /// Takes what was found since the last call.
    pub fn findings(&mut self) -> impl Iterator<Item = Finding> + '_ {
        self.docket.drain()
    }
}

fn reserved_bits(handshake: &Handshake) -> ReservedBits {
    if handshake.attempt.response.is_none() {
        return ReservedBits::Unknown;
    }
    let others = handshake.extensions.iter().any(|extension| extension.name != "permessage-deflate");
    match (others, handshake.deflate) {
        (true, _) => ReservedBits::MayBeDefined,
        (false, Some(_)) => ReservedBits::Rsv1Compresses,
        (false, None) => ReservedBits::MustBeZero,
    }
}
