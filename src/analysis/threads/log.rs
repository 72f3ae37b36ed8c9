//! What decoders said, kept to be told in another thread.
//!
//! What they lend with it is copied to one buffer, from which it is lent again: keeping a frame allocates nothing.

use crate::Role;
use crate::analysis::said::{Begins, Hear, Over, Said, Slot, Turn};
use crate::capture::PacketRef;
use crate::rules::Finding;
use crate::websocket::{CaptureFact, Ending, Event, Frame, Message, Opcode, Walk};

/// What was said, in turns.
#[derive(Debug, Default)]
pub(super) struct Log {
    kept: Vec<Kept>,
    bytes: Vec<u8>,
    turns: Vec<Turned>,
}

/// A turn, and where it ends.
#[derive(Clone, Copy, Debug)]
struct Turned {
    turn: Turn,
    kept: usize,
}

/// One thing that was said. Bytes that belong to it follow those of what was said before.
#[derive(Debug)]
enum Kept {
    Begins(Slot, Box<Begins>),
    /// Without its bytes: how many of the header and of the payload.
    Frame(Slot, Frame<'static>, u8, usize),
    /// Without its bytes: how many of the payload.
    Message(Slot, Message<'static>, usize, Option<Box<Walk>>),
    /// Without its bytes.
    Piece(Slot, Role, usize),
    NotFrames {
        slot: Slot,
        sender: Role,
        offset: u64,
        bytes: usize,
        what: &'static str,
        packet: PacketRef,
    },
    HeaderCut {
        slot: Slot,
        sender: Role,
        offset: u64,
        bytes: usize,
        first: Option<(u8, Opcode)>,
        packet: PacketRef,
    },
    /// Any other event, which lends nothing.
    Event(Slot, Event<'static>),
    End(Slot, Ending),
    Ending(Slot, Vec<CaptureFact>),
    Over(Slot, Box<Over>),
    ClientRandom([u8; 32]),
    Closed(PacketRef, Option<Box<Finding>>),
}

impl Log {
    /// Forgets everything but its memory.
    pub(super) fn clear(&mut self) {
        self.kept.clear();
        self.bytes.clear();
        self.turns.clear();
    }

    /// Takes it to the end, turn by turn.
    pub(super) fn replay(&mut self) -> Replay<'_> {
        Replay { kept: self.kept.drain(..), bytes: &self.bytes, turns: self.turns.iter(), told: 0 }
    }

    fn event(&mut self, slot: Slot, event: &Event<'_>) -> Kept {
        match *event {
            Event::Frame(frame) => {
                self.bytes.extend_from_slice(frame.header_bytes);
                self.bytes.extend_from_slice(frame.payload);
                // A header has 14 bytes at most (RFC 6455 §5.2).
                Kept::Frame(slot, with_bytes(frame, &[], &[]), frame.header_bytes.len() as u8, frame.payload.len())
            }
            Event::Message(message) => {
                self.bytes.extend_from_slice(message.payload);
                let walk = message.walk.map(|walk| Box::new(walk.clone()));
                Kept::Message(slot, with_payload(message, &[], None), message.payload.len(), walk)
            }
            Event::Piece { sender, bytes } => {
                self.bytes.extend_from_slice(bytes);
                Kept::Piece(slot, sender, bytes.len())
            }
            Event::NotFrames { sender, offset, bytes, what, packet } => {
                self.bytes.extend_from_slice(bytes);
                Kept::NotFrames { slot, sender, offset, bytes: bytes.len(), what, packet }
            }
            Event::HeaderCut { sender, offset, bytes, first, packet } => {
                self.bytes.extend_from_slice(bytes);
                Kept::HeaderCut { slot, sender, offset, bytes: bytes.len(), first, packet }
            }
            Event::End(ending) => Kept::End(slot, *ending),
            Event::Missing { sender, missing } => Kept::Event(slot, Event::Missing { sender, missing }),
            Event::Resync { sender, offset, skipped, score, packet } => {
                Kept::Event(slot, Event::Resync { sender, offset, skipped, score, packet })
            }
            Event::Undecoded { sender, length } => Kept::Event(slot, Event::Undecoded { sender, length }),
            Event::Conflict { sender, offset, packet } => Kept::Event(slot, Event::Conflict { sender, offset, packet }),
            Event::Fin { sender, packet, acknowledged } => {
                Kept::Event(slot, Event::Fin { sender, packet, acknowledged })
            }
            Event::Reset { sender, packet } => Kept::Event(slot, Event::Reset { sender, packet }),
            Event::Stream(event) => Kept::Event(slot, Event::Stream(event)),
            Event::PayloadApart { sender, stream_offset, header, payload, length } => {
                Kept::Event(slot, Event::PayloadApart { sender, stream_offset, header, payload, length })
            }
            Event::ZeroWindow { by, packet } => Kept::Event(slot, Event::ZeroWindow { by, packet }),
            // What connections have to do with each other is found by who hears, and a handshake comes with its
            // connection.
            Event::Handshake(_)
            | Event::Recut { .. }
            | Event::SameKeys { .. }
            | Event::Reconnected { .. }
            | Event::Capture(_) => unreachable!("decoders do not say this"),
        }
    }
}

impl Hear for Log {
    fn hear(&mut self, said: Said<'_>) {
        let kept = match said {
            Said::Event(slot, event) => self.event(slot, event),
            Said::Begins(slot, begins) => Kept::Begins(slot, begins),
            Said::Ending(slot, facts) => Kept::Ending(slot, facts),
            Said::Over(slot, over) => Kept::Over(slot, over),
            Said::ClientRandom(random) => Kept::ClientRandom(random),
            Said::Closed(first, finding) => Kept::Closed(first, finding),
        };
        self.kept.push(kept);
    }

    fn turn(&mut self, turn: Turn) {
        let kept = self.kept.len();
        if self.turns.last().map_or(0, |last| last.kept) < kept {
            self.turns.push(Turned { turn, kept });
        }
    }
}

/// A log that is being told.
pub(super) struct Replay<'l> {
    kept: std::vec::Drain<'l, Kept>,
    /// Those that were not lent yet.
    bytes: &'l [u8],
    turns: std::slice::Iter<'l, Turned>,
    told: usize,
}

impl<'l> Replay<'l> {
    /// The next turn.
    pub(super) fn next(&self) -> Option<Turn> {
        self.turns.as_slice().first().map(|turned| turned.turn)
    }

    /// Tells what was said in the next turn.
    pub(super) fn tell(&mut self, hear: &mut dyn Hear) {
        let Some(turned) = self.turns.next() else { return };
        while self.told < turned.kept {
            self.told += 1;
            let Some(kept) = self.kept.next() else { return };
            self.say(kept, hear);
        }
    }

    fn lend(&mut self, length: usize) -> &'l [u8] {
        let (lent, rest) = self.bytes.split_at_checked(length).unwrap_or_default();
        self.bytes = rest;
        lent
    }

    fn say(&mut self, kept: Kept, hear: &mut dyn Hear) {
        match kept {
            Kept::Frame(slot, frame, header, payload) => {
                let (header, payload) = (self.lend(header.into()), self.lend(payload));
                hear.hear(Said::Event(slot, &Event::Frame(&with_bytes(&frame, header, payload))));
            }
            Kept::Message(slot, message, payload, walk) => {
                let payload = self.lend(payload);
                let message = with_payload(&message, payload, walk.as_deref());
                hear.hear(Said::Event(slot, &Event::Message(&message)));
            }
            Kept::Piece(slot, sender, bytes) => {
                let bytes = self.lend(bytes);
                hear.hear(Said::Event(slot, &Event::Piece { sender, bytes }));
            }
            Kept::NotFrames { slot, sender, offset, bytes, what, packet } => {
                let bytes = self.lend(bytes);
                hear.hear(Said::Event(slot, &Event::NotFrames { sender, offset, bytes, what, packet }));
            }
            Kept::HeaderCut { slot, sender, offset, bytes, first, packet } => {
                let bytes = self.lend(bytes);
                hear.hear(Said::Event(slot, &Event::HeaderCut { sender, offset, bytes, first, packet }));
            }
            Kept::Event(slot, event) => hear.hear(Said::Event(slot, &event)),
            Kept::End(slot, ending) => hear.hear(Said::Event(slot, &Event::End(&ending))),
            Kept::Begins(slot, begins) => hear.hear(Said::Begins(slot, begins)),
            Kept::Ending(slot, facts) => hear.hear(Said::Ending(slot, facts)),
            Kept::Over(slot, over) => hear.hear(Said::Over(slot, over)),
            Kept::ClientRandom(random) => hear.hear(Said::ClientRandom(random)),
            Kept::Closed(first, finding) => hear.hear(Said::Closed(first, finding)),
        }
    }
}

/// The frame with other bytes. Names every field, so that none is forgotten.
fn with_bytes<'b>(frame: &Frame<'_>, header_bytes: &'b [u8], payload: &'b [u8]) -> Frame<'b> {
    let Frame { index, sender, header, stream_offset, packet, last_packet, acknowledged, .. } = *frame;
    let Frame { captured_length, complete, message, inside_message, end_offset, pong, after_gap, .. } = *frame;
    Frame {
        index,
        sender,
        header,
        header_bytes,
        stream_offset,
        packet,
        last_packet,
        acknowledged,
        captured_length,
        complete,
        payload,
        message,
        inside_message,
        end_offset,
        pong,
        after_gap,
    }
}

/// The message with other bytes. Names every field, so that none is forgotten.
fn with_payload<'b>(message: &Message<'_>, payload: &'b [u8], walk: Option<&'b Walk>) -> Message<'b> {
    let Message { index, sender, kind, first_frame, last_frame, frames, compressed, wire_length, .. } = *message;
    let Message { length, complete, finished, sha256, text, inflated, packet, last_packet, .. } = *message;
    Message {
        index,
        sender,
        kind,
        first_frame,
        last_frame,
        frames,
        compressed,
        wire_length,
        length,
        complete,
        finished,
        payload,
        sha256,
        text,
        inflated,
        walk,
        packet,
        last_packet,
        stream_offset: message.stream_offset,
        after_gap: message.after_gap,
    }
}
