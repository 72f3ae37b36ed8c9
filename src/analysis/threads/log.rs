//! What decoders said and was found in it, kept to be told in another thread.
//!
//! Frames and messages are most of it: each kind has a list of its own, so that neither takes the room of the other and
//! both are told from where they lie. The bytes lent with them are copied to one buffer, from which they are lent again:
//! keeping a frame allocates nothing.

use crate::Role;
use crate::analysis::bench::{Attend, Found};
use crate::analysis::court::Sitting;
use crate::analysis::said::{Begins, Over, Said, Slot, Turn};
use crate::capture::PacketRef;
use crate::rules::Finding;
use crate::websocket::{self, CaptureFact, Ending, Event, Frame, Message, Opcode, Text, Walk};

/// What was said and found, in turns.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// In which list comes next what was said.
    order: Vec<Kind>,
    frames: Vec<KeptFrame>,
    messages: Vec<KeptMessage>,
    /// What was found in messages that their only frame tells, the frame kept before.
    plain: Vec<Found>,
    others: Vec<(Kept, Found)>,
    /// Those of the time before, to be [let go](Self::clear) one by one.
    spent: Vec<(Kept, Found)>,
    /// In the order in which they were lent.
    bytes: Vec<u8>,
    /// Where in these the payload of the last frame begins.
    last: usize,
    turns: Vec<Turned>,
}

/// A turn, and where it ends in the order.
#[derive(Clone, Copy, Debug)]
struct Turned {
    turn: Turn,
    end: usize,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Frame,
    Message,
    Plain,
    Other,
}

/// A frame without its bytes: how many of the header and of the payload.
#[derive(Debug)]
struct KeptFrame {
    slot: Slot,
    found: Found,
    frame: Frame<'static>,
    header: usize,
    payload: usize,
}

/// A message without its bytes: how many of the payload.
#[derive(Debug)]
struct KeptMessage {
    slot: Slot,
    found: Found,
    message: Message<'static>,
    payload: usize,
    walk: Option<Box<Walk>>,
}

/// Anything else that was said.
#[derive(Debug)]
enum Kept {
    Begins(Slot, Box<Begins>),
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
    /// Forgets everything but its memory. What was made for what was said is let go as more is kept: allocators have room
    /// for a few pieces of each size, from which they serve who asks next, and none for those of a whole batch.
    pub(super) fn clear(&mut self) {
        let Log { order, frames, messages, plain, others, spent, bytes, last, turns } = self;
        order.clear();
        frames.clear();
        messages.clear();
        plain.clear();
        spent.clear();
        std::mem::swap(others, spent);
        bytes.clear();
        *last = 0;
        turns.clear();
    }

    /// Lends it to the end, turn by turn.
    pub(super) fn replay(&mut self) -> Replay<'_> {
        Replay {
            order: &self.order,
            frames: self.frames.iter_mut(),
            messages: self.messages.iter_mut(),
            plain: self.plain.iter_mut(),
            last: None,
            others: self.others.iter_mut(),
            bytes: &self.bytes,
            turns: self.turns.iter(),
            told: 0,
        }
    }

    fn frame(&mut self, slot: Slot, frame: &Frame<'_>, found: Found) {
        self.order.push(Kind::Frame);
        self.bytes.extend_from_slice(frame.header_bytes);
        self.last = self.bytes.len();
        self.bytes.extend_from_slice(frame.payload);
        let (header, payload) = (frame.header_bytes.len(), frame.payload.len());
        self.frames.push(KeptFrame { slot, found, frame: with_bytes(frame, &[], &[]), header, payload });
    }

    fn message(&mut self, slot: Slot, message: &Message<'_>, found: Found) {
        if self.is_plain(slot, message) {
            self.order.push(Kind::Plain);
            self.plain.push(found);
            return;
        }
        self.order.push(Kind::Message);
        self.bytes.extend_from_slice(message.payload);
        let walk = message.walk.map(|walk| Box::new(walk.clone()));
        let payload = message.payload.len();
        self.messages.push(KeptMessage { slot, found, message: with_payload(message, &[], None), payload, walk });
    }

    /// Whether the last frame that was kept tells all of this message. Nearly all messages are in one frame.
    #[inline]
    fn is_plain(&self, slot: Slot, message: &Message<'_>) -> bool {
        let Message {
            first_frame, frames: 1, compressed: false, complete: true, sha256: None, walk: None, text, ..
        } = message
        else {
            return false;
        };
        let Some(kept) = self.frames.last().filter(|kept| kept.slot == slot && kept.frame.index == *first_frame) else {
            return false;
        };
        let is_plain = *text == Text::default();
        debug_assert!(
            !is_plain || {
                let payload = self.bytes.get(self.last..self.last + kept.payload).unwrap_or_default();
                in_one_frame(&kept.frame, payload).as_ref() == Some(message)
            }
        );
        is_plain
    }

    fn other(&mut self, kept: Kept, found: Found) {
        self.order.push(Kind::Other);
        drop(self.spent.pop());
        self.others.push((kept, found));
    }

    fn event(&mut self, slot: Slot, event: &Event<'_>, found: Found) {
        let kept = match *event {
            Event::Frame(frame) => return self.frame(slot, frame, found),
            Event::Message(message) => return self.message(slot, message, found),
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
            // A handshake comes with its connection, facts of the capture with its end.
            Event::Handshake(_) | Event::Capture(_) => unreachable!("decoders do not say this"),
        };
        self.other(kept, found);
    }
}

impl Attend for Log {
    fn attend(&mut self, said: Said<'_>, found: Found) {
        let kept = match said {
            Said::Event(slot, event) => return self.event(slot, event, found),
            Said::Begins(slot, begins) => Kept::Begins(slot, Box::new(begins.take())),
            Said::Ending(slot, facts) => Kept::Ending(slot, facts),
            Said::Over(slot, over) => Kept::Over(slot, Box::new(over.clone())),
            Said::ClientRandom(random) => Kept::ClientRandom(random),
            Said::Closed(first, finding) => Kept::Closed(first, finding),
        };
        self.other(kept, found);
    }

    fn turn(&mut self, turn: Turn) {
        let end = self.order.len();
        if self.turns.last().map_or(0, |last| last.end) < end {
            self.turns.push(Turned { turn, end });
        }
    }
}

/// A log that is being told.
pub(super) struct Replay<'l> {
    order: &'l [Kind],
    /// Of each list, what was not told yet.
    frames: std::slice::IterMut<'l, KeptFrame>,
    messages: std::slice::IterMut<'l, KeptMessage>,
    plain: std::slice::IterMut<'l, Found>,
    /// The last frame that was told, and its payload.
    last: Option<(&'l KeptFrame, &'l [u8])>,
    others: std::slice::IterMut<'l, (Kept, Found)>,
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
    pub(super) fn tell(&mut self, court: &mut Sitting<'_>) {
        let Some(turned) = self.turns.next() else { return };
        for kind in self.order.get(self.told..turned.end).unwrap_or_default() {
            match kind {
                Kind::Frame => self.frame(court),
                Kind::Message => self.message(court),
                Kind::Plain => self.plain(court),
                Kind::Other => self.other(court),
            }
        }
        self.told = turned.end;
    }

    fn lend(&mut self, length: usize) -> &'l [u8] {
        let (lent, rest) = self.bytes.split_at_checked(length).unwrap_or_default();
        self.bytes = rest;
        lent
    }

    fn frame(&mut self, court: &mut Sitting<'_>) {
        let Some(kept) = self.frames.next() else { return };
        let (header, payload) = (self.lend(kept.header), self.lend(kept.payload));
        let frame = with_bytes(&kept.frame, header, payload);
        court.event(kept.slot, &Event::Frame(&frame), kept.found.take());
        self.last = Some((kept, payload));
    }

    fn plain(&mut self, court: &mut Sitting<'_>) {
        let (Some(found), Some((kept, payload))) = (self.plain.next(), self.last) else { return };
        if let Some(message) = in_one_frame(&kept.frame, payload) {
            court.event(kept.slot, &Event::Message(&message), found.take());
        }
    }

    fn message(&mut self, court: &mut Sitting<'_>) {
        let Some(kept) = self.messages.next() else { return };
        let message = with_payload(&kept.message, self.lend(kept.payload), kept.walk.as_deref());
        court.event(kept.slot, &Event::Message(&message), kept.found.take());
    }

    fn other(&mut self, court: &mut Sitting<'_>) {
        let Some((kept, found)) = self.others.next() else { return };
        let found = found.take();
        match kept {
            Kept::Piece(slot, sender, bytes) => {
                let (sender, bytes) = (*sender, self.lend(*bytes));
                court.event(*slot, &Event::Piece { sender, bytes }, found);
            }
            Kept::NotFrames { slot, sender, offset, bytes, what, packet } => {
                let (sender, offset, bytes, packet) = (*sender, *offset, self.lend(*bytes), *packet);
                court.event(*slot, &Event::NotFrames { sender, offset, bytes, what, packet }, found);
            }
            Kept::HeaderCut { slot, sender, offset, bytes, first, packet } => {
                let (sender, offset, bytes, packet) = (*sender, *offset, self.lend(*bytes), *packet);
                court.event(*slot, &Event::HeaderCut { sender, offset, bytes, first: *first, packet }, found);
            }
            Kept::Event(slot, event) => court.event(*slot, event, found),
            Kept::End(slot, ending) => court.event(*slot, &Event::End(ending), found),
            Kept::Begins(slot, begins) => court.begins(*slot, begins, found),
            Kept::Ending(slot, facts) => court.ending(*slot, facts, found),
            Kept::Over(slot, over) => court.over(*slot, over),
            Kept::ClientRandom(random) => court.client_random(random),
            Kept::Closed(first, finding) => court.closed(*first, finding.take().map(|finding| *finding)),
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

/// The message in a data frame with this payload, if it is the only one and there is nothing to say of its text.
fn in_one_frame<'b>(frame: &Frame<'_>, payload: &'b [u8]) -> Option<Message<'b>> {
    let kind = match frame.header.opcode {
        Opcode::TEXT => websocket::Kind::Text,
        Opcode::BINARY => websocket::Kind::Binary,
        _ => return None,
    };
    Some(Message::in_one_frame(frame, kind, frame.message?, payload, Text::default()))
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
