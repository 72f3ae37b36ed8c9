//! A log that is being told: what it keeps is lent again.

use super::kept::{Bytes, COPIED, Kept, KeptFrame, KeptMessage, Whole, with_bytes, with_payload};
use super::log::{Kind, Turned};
use crate::analysis::bench::{Attend, Found};
use crate::analysis::court::Sitting;
use crate::analysis::said::{Begins, Over, Slot, Turn};
use crate::fetch::fetch_bytes;
use crate::websocket::{Event, Message, Text};

/// How many frames ahead bytes and hearings are fetched.
const AHEAD: usize = 1;

/// See the module.
pub(super) struct Replay<'l> {
    /// The bytes of the capture, and those of the log that were not lent yet.
    pub(super) capture: &'l [u8],
    pub(super) bytes: &'l [u8],
    pub(super) order: &'l [Kind],
    /// Of each list, what was not told yet.
    pub(super) whole: std::slice::Iter<'l, Whole>,
    pub(super) found: std::vec::Drain<'l, Found>,
    pub(super) frames: std::slice::IterMut<'l, KeptFrame>,
    pub(super) messages: std::slice::IterMut<'l, KeptMessage>,
    pub(super) begins: std::slice::IterMut<'l, (Slot, Begins, Found)>,
    pub(super) overs: std::slice::IterMut<'l, (Slot, Over)>,
    pub(super) others: std::slice::IterMut<'l, (Kept, Found)>,
    pub(super) turns: std::slice::Iter<'l, Turned>,
    pub(super) told: usize,
}

impl<'l> Replay<'l> {
    /// The next turn.
    pub(super) fn next(&self) -> Option<Turn> {
        self.turns.as_slice().first().map(|turned| turned.turn)
    }

    /// Tells what was said in the next turn, and in all others before this one, if there is one.
    pub(super) fn tell_until(&mut self, turn: Option<Turn>, court: &mut Sitting<'_>) {
        let Some(mut end) = self.turns.next().map(|turned| turned.end) else { return };
        while let Some(later) = self.turns.as_slice().first()
            && turn.is_none_or(|turn| later.turn < turn)
        {
            end = later.end;
            self.turns.next();
        }
        for kind in self.order.get(self.told..end).unwrap_or_default() {
            match kind {
                Kind::Whole => self.whole(court),
                Kind::Frame => self.frame(court),
                Kind::Message => self.message(court),
                Kind::Begins => self.begins(court),
                Kind::Over => self.over(court),
                Kind::Other => self.other(court),
            }
        }
        self.told = end;
    }

    fn lend(&mut self, length: usize) -> &'l [u8] {
        let (lent, rest) = self.bytes.split_at_checked(length).unwrap_or_default();
        self.bytes = rest;
        lent
    }

    #[inline]
    fn lend_again(&mut self, Bytes { length, at }: Bytes) -> &'l [u8] {
        if at == COPIED {
            return self.lend(length as usize);
        }
        let at = at as usize;
        self.capture.get(at..at + length as usize).unwrap_or_default()
    }

    /// Fetches what telling one of the next frames will read.
    #[inline]
    fn look_ahead(&self, court: &Sitting<'_>) {
        let Some(later) = self.whole.as_slice().get(AHEAD) else { return };
        court.look(later.slot);
        fetch_bytes(self.capture, later.header_bytes.at as usize);
    }

    fn whole(&mut self, court: &mut Sitting<'_>) {
        let Some(kept) = self.whole.next() else { return };
        self.look_ahead(court);
        let (header, payload) = (self.lend_again(kept.header_bytes), self.lend_again(kept.payload));
        let frame = kept.frame(header, payload);
        let found = if kept.is_found { self.found.next().flatten() } else { None };
        match (kept.message, frame.message) {
            (Some(kind), Some(index)) => {
                let message = Message::in_one_frame(&frame, kind, index, Text::default());
                court.event(kept.slot, &Event::Unfragmented(&frame, &message), found);
            }
            _ => court.event(kept.slot, &Event::Frame(&frame), found),
        }
    }

    fn frame(&mut self, court: &mut Sitting<'_>) {
        let Some(kept) = self.frames.next() else { return };
        let (header, payload) = (self.lend(kept.header), self.lend(kept.payload));
        let frame = with_bytes(&kept.frame, header, payload);
        court.event(kept.slot, &Event::Frame(&frame), kept.found.take());
    }

    fn message(&mut self, court: &mut Sitting<'_>) {
        let Some(kept) = self.messages.next() else { return };
        let message = with_payload(&kept.message, self.lend(kept.payload), kept.walk.as_deref());
        court.event(kept.slot, &Event::Message(&message), kept.found.take());
    }

    fn begins(&mut self, court: &mut Sitting<'_>) {
        let Some((slot, begins, found)) = self.begins.next() else { return };
        court.begins(*slot, begins, found.take());
    }

    fn over(&mut self, court: &mut Sitting<'_>) {
        let Some((slot, over)) = self.overs.next() else { return };
        court.over(*slot, over);
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
            Kept::Ending(slot, facts) => court.ending(*slot, facts, found),
            Kept::ClientRandom(random) => court.client_random(random),
            Kept::Closed(first, finding) => court.closed(*first, finding.take().map(|finding| *finding)),
        }
    }
}
