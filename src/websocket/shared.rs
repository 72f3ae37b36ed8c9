//! What the two directions of a connection have in common: ordinals, counts, what was agreed.

use super::closing::CloseTracker;
use super::deflate::{self, Bounds};
use super::direction::Open;
use super::event::{Event, Frame, Pong};
use super::header::Opcode;
use super::message::OpenMessage;
use super::pings::Pinged;
use super::stats::DirectionStats;
use crate::PerRole;
use std::sync::Arc;

/// What is asked of a connection's decoder.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Payload bytes to keep of a frame and of a message.
    pub payload_bytes: usize,
    /// Compute digests of messages.
    pub digests: bool,
    /// DEFLATE blocks of a compressed message to list.
    pub blocks: usize,
    /// Tell the bytes of messages as they come.
    pub pieces: bool,
    /// Bounds on inflating a message.
    pub bounds: Bounds,
    /// Bytes among which a boundary is searched.
    pub resync_bytes: usize,
}

/// What is known of permessage-deflate.
#[derive(Clone, Copy, Debug)]
pub enum Deflate {
    /// Not agreed.
    No,
    /// Agreed.
    Agreed,
    /// The handshake was not seen.
    Unknown,
}

/// Working memory that connections share: what is needed while a frame goes by and not between two frames. Nothing is
/// allocated for a frame, and an idle connection holds nothing.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Unmasked payload.
    pub(super) plain: Vec<u8>,
    /// For all inflaters.
    pub(super) inflating: deflate::Spare,
    /// The last frame that was complete, whose memory the next one gets.
    pub(super) frame: Option<Box<Open>>,
    /// The last message that was over.
    pub(super) message: Option<Box<OpenMessage>>,
}

/// Puts a value where the spare one was.
pub(crate) fn reuse<T>(spare: &mut Option<Box<T>>, value: T) -> Box<T> {
    match spare.take() {
        Some(mut place) => {
            *place = value;
            place
        }
        None => Box::new(value),
    }
}

/// What a decoder is given for the time of a call.
pub(super) struct Work<'w> {
    pub(super) shared: &'w mut Shared,
    pub(super) scratch: &'w mut Scratch,
    /// Who is told.
    pub(super) tell: &'w mut dyn FnMut(Event<'_>),
}

/// See the module.
#[derive(Debug)]
pub struct Shared {
    pub(super) settings: Arc<Settings>,
    pub(super) deflate: Deflate,
    pub(super) next_frame: u64,
    pub(super) next_message: u64,
    pub(super) closing: CloseTracker,
    pub(super) sent: PerRole<DirectionStats>,
    /// Made for the first Ping or Pong.
    pub(super) pinged: Option<Box<Pinged>>,
}

impl Shared {
    pub(super) fn new(settings: Arc<Settings>, deflate: Deflate) -> Shared {
        Shared {
            settings,
            deflate,
            next_frame: 0,
            next_message: 0,
            closing: CloseTracker::default(),
            sent: PerRole::default(),
            pinged: None,
        }
    }

    /// Counts a complete frame, and says of a Pong what it answers.
    pub(super) fn frame(&mut self, frame: &mut Frame<'_>) {
        let sender = frame.sender;
        let payload = if frame.complete { frame.header.payload_length } else { frame.captured_length };
        let sent = &mut self.sent[sender];
        sent.frames += 1;
        sent.payload_bytes = sent.payload_bytes.saturating_add(payload);
        sent.bytes = sent.bytes.saturating_add(payload).saturating_add(frame.header_bytes.len() as u64);
        if matches!(frame.header.opcode, Opcode::TEXT | Opcode::BINARY) {
            sent.messages += 1;
        }
        self.closing.frame(frame);
        match frame.header.opcode {
            Opcode::PING if frame.is_whole() => self.pinged.get_or_insert_default().outstanding[sender].ping(frame),
            Opcode::PONG if frame.is_whole() => {
                let pinged = self.pinged.get_or_insert_default();
                let pong = pinged.outstanding[sender.peer()].pong(frame.payload, frame.packet);
                if let Pong::Answers { after, .. } = pong {
                    pinged.round_trips.add(after);
                }
                frame.pong = Some(pong);
            }
            _ => {}
        }
    }
}
