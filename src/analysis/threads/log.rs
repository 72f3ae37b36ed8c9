//! What decoders said and was found in it, kept to be told in another thread.
//!
//! Frames and messages are most of it: each kind has a list of its own, so that neither takes the room of the other and
//! both are told from where they lie. Most frames came in one packet and are a message, and that takes two lines of the
//! cache. Bytes that were lent from the capture are lent from there again; others, as those that were masked, are copied to
//! one buffer. Keeping a frame allocates nothing.

use super::batch::{addresses, place};
use super::kept::{Bytes, COPIED, Kept, KeptFrame, KeptMessage, Whole, with_bytes, with_payload};
use super::replay::Replay;
use super::reused::Reused;
use crate::analysis::bench::{Attend, Found};
use crate::analysis::said::{Begins, Over, Said, Slot, Turn};
use crate::websocket::{self, Event, Frame, Message, Text};
use std::ops::Range;

/// What was said and found, in turns.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// In which list comes next what was said.
    order: Vec<Kind>,
    whole: Reused<Whole>,
    /// What was found in these, of those in which there was something.
    found: Vec<Found>,
    frames: Vec<KeptFrame>,
    messages: Vec<KeptMessage>,
    begins: Reused<(Slot, Begins, Found)>,
    overs: Reused<(Slot, Over)>,
    others: Reused<(Kept, Found)>,
    /// Copied, in the order in which they were lent.
    bytes: Reused<u8>,
    /// Where the capture's bytes lie that the log is told with: what is lent from these is not copied.
    shown: Range<usize>,
    turns: Vec<Turned>,
    /// How much of the order is in these turns.
    turned: usize,
}

/// A turn, and where it ends in the order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turned {
    pub(super) turn: Turn,
    pub(super) end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Whole,
    Frame,
    Message,
    Begins,
    Over,
    Other,
}

impl Log {
    /// Forgets everything but its memory. What was made for what was said is let go as more is kept in its place: allocators
    /// have room for a few pieces of each size, from which they serve who asks next, and none for those of a whole batch.
    /// What is kept from now on will be told with these bytes of the capture, and comes from about so many packets.
    pub(super) fn clear(&mut self, capture: &[u8], packets: usize) {
        let Log { order, whole, found, frames, messages, begins, overs, others, bytes, shown, turns, turned } = self;
        *shown = addresses(capture);
        order.clear();
        whole.clear();
        found.clear();
        frames.clear();
        messages.clear();
        begins.clear_what_stayed();
        overs.clear_what_stayed();
        others.clear_what_stayed();
        bytes.clear();
        turns.clear();
        *turned = 0;
        // Most packets hold one frame, or none. It is cheaper to have room for them at once than to make it step by step.
        let packets = packets.next_power_of_two();
        order.reserve(packets);
        whole.expect(packets);
        turns.reserve(packets);
    }

    /// Lends it to the end, turn by turn, with the bytes of the capture that [`clear`](Self::clear) was told of.
    pub(super) fn replay<'l>(&'l mut self, capture: &'l [u8]) -> Replay<'l> {
        Replay {
            capture,
            order: &self.order,
            whole: self.whole.written().iter(),
            found: self.found.drain(..),
            frames: self.frames.iter_mut(),
            messages: self.messages.iter_mut(),
            begins: self.begins.written_mut().iter_mut(),
            overs: self.overs.written_mut().iter_mut(),
            others: self.others.written_mut().iter_mut(),
            bytes: self.bytes.written(),
            turns: self.turns.iter(),
            told: 0,
        }
    }

    /// Nearly all frames are whole.
    #[inline]
    fn frame(&mut self, slot: Slot, frame: &Frame<'_>, found: Found) {
        if !Whole::is(frame) {
            return self.any_frame(slot, frame, found);
        }
        self.whole(slot, frame, None, found.is_some());
        if found.is_some() {
            self.found.push(found);
        }
    }

    /// Nearly all messages. Of these no more is kept than the frame and of which kind they are.
    #[inline]
    fn unfragmented(&mut self, slot: Slot, frame: &Frame<'_>, message: &Message<'_>) {
        if !Whole::is(frame) || message.text != Text::default() {
            self.frame(slot, frame, None);
            return self.message(slot, message, None);
        }
        debug_assert_eq!(
            frame.message.map(|index| Message::in_one_frame(frame, message.kind, index, Text::default())).as_ref(),
            Some(message)
        );
        self.whole(slot, frame, Some(message.kind), false);
    }

    #[inline]
    fn whole(&mut self, slot: Slot, frame: &Frame<'_>, message: Option<websocket::Kind>, is_found: bool) {
        let bytes = [self.bytes(frame.header_bytes), self.bytes(frame.payload)];
        self.order.push(Kind::Whole);
        self.whole.next(1)[0].keep(slot, frame, bytes, message, is_found);
    }

    #[inline(never)]
    fn any_frame(&mut self, slot: Slot, frame: &Frame<'_>, found: Found) {
        self.order.push(Kind::Frame);
        self.bytes.add(frame.header_bytes);
        self.bytes.add(frame.payload);
        let (header, payload) = (frame.header_bytes.len(), frame.payload.len());
        self.frames.push(KeptFrame { slot, found, frame: with_bytes(frame, &[], &[]), header, payload });
    }

    /// Keeps bytes that were lent with a frame.
    #[inline]
    fn bytes(&mut self, bytes: &[u8]) -> Bytes {
        let length = bytes.len() as u32;
        if let Some(at) = place(bytes, &self.shown) {
            return Bytes { length, at: at as u32 };
        }
        self.bytes.add(bytes);
        Bytes { length, at: COPIED }
    }

    #[inline(never)]
    fn message(&mut self, slot: Slot, message: &Message<'_>, found: Found) {
        self.order.push(Kind::Message);
        self.bytes.add(message.payload);
        let walk = message.walk.map(|walk| Box::new(walk.clone()));
        let payload = message.payload.len();
        self.messages.push(KeptMessage { slot, found, message: with_payload(message, &[], None), payload, walk });
    }

    fn begins(&mut self, slot: Slot, begins: &mut Begins, found: Found) {
        self.order.push(Kind::Begins);
        self.begins.put((slot, begins.take(), found));
    }

    fn over(&mut self, slot: Slot, over: &mut Over) {
        self.order.push(Kind::Over);
        self.overs.put((slot, over.take()));
    }

    fn other(&mut self, kept: Kept, found: Found) {
        self.order.push(Kind::Other);
        self.others.put((kept, found));
    }

    #[inline(never)]
    fn any(&mut self, said: Said<'_>, found: Found) {
        let kept = match said {
            Said::Event(slot, event) => return self.any_event(slot, event, found),
            Said::Begins(slot, begins) => return self.begins(slot, begins, found),
            Said::Ending(slot, facts) => Kept::Ending(slot, facts),
            Said::Over(slot, over) => return self.over(slot, over),
            Said::ClientRandom(random) => Kept::ClientRandom(random),
            Said::Closed(first, finding) => Kept::Closed(first, finding),
        };
        self.other(kept, found);
    }

    fn any_event(&mut self, slot: Slot, event: &Event<'_>, found: Found) {
        let kept = match *event {
            Event::Message(message) => return self.message(slot, message, found),
            Event::Piece { sender, bytes } => {
                self.bytes.add(bytes);
                Kept::Piece(slot, sender, bytes.len())
            }
            Event::NotFrames { sender, offset, bytes, what, packet } => {
                self.bytes.add(bytes);
                Kept::NotFrames { slot, sender, offset, bytes: bytes.len(), what, packet }
            }
            Event::HeaderCut { sender, offset, bytes, first, packet } => {
                self.bytes.add(bytes);
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
            // A handshake comes with its connection, facts of the capture with its end; the others have lists of their own.
            Event::Handshake(_) | Event::Capture(_) | Event::Frame(_) | Event::Unfragmented(..) => {
                unreachable!("decoders do not say this, or it is kept elsewhere")
            }
        };
        self.other(kept, found);
    }
}

impl Attend for Log {
    // With who judges it: nearly all that is said are frames and messages, which are kept with a few instructions.
    #[inline(always)]
    fn attend(&mut self, said: Said<'_>, found: Found) {
        match said {
            Said::Event(slot, Event::Frame(frame)) => self.frame(slot, frame, found),
            Said::Event(slot, Event::Unfragmented(frame, message)) => self.unfragmented(slot, frame, message),
            said => self.any(said, found),
        }
    }

    #[inline]
    fn turn(&mut self, turn: Turn) {
        let end = self.order.len();
        if self.turned < end {
            self.turned = end;
            self.turns.push(Turned { turn, end });
        }
    }
}
