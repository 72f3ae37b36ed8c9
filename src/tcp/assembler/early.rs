//! What came before bytes that belong in front of it, and waits for them.

use super::end::End;
use super::{Assembler, first_difference};
use crate::Limits;
use crate::capture::PacketRef;
use crate::tcp::{Chunk, Delivery, MissingCause};
use std::collections::BTreeMap;

/// What waits for bytes before it.
#[derive(Debug, Default)]
pub(in crate::tcp) struct Disorder {
    /// What came early, by offset; the pieces do not overlap.
    pub(super) early: BTreeMap<u64, Early>,
    /// Bytes in `early`.
    pub(super) early_bytes: usize,
    /// The first bare acknowledgment captured before the bytes that its sender had sent by then.
    pub(super) ahead: Option<Ahead>,
    /// What said where the stream ends, until all before that is delivered.
    pub(super) end: Option<End>,
}

/// A piece that came early.
#[derive(Debug)]
pub(super) struct Early {
    pub(super) bytes: Box<[u8]>,
    /// Bytes behind `bytes` that the snapshot length cut off.
    pub(super) cut: u32,
    pub(super) packet: PacketRef,
    pub(super) acknowledged: Option<u64>,
}

/// The sender had sent everything up to `offset` when it had acknowledged so much of the other direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ahead {
    pub(super) offset: u64,
    pub(super) acknowledged: u64,
}

impl Assembler {
    /// What the sender can have acknowledged when it sent the bytes before `end` for the first time, if a segment with
    /// them says `acknowledged`. That segment may be a retransmission whose original never reached the tap; but bytes are
    /// sent in their order, so whatever was captured from behind them tells of an earlier time than a retransmission does.
    pub(super) fn known_when_sent(&self, end: u64, acknowledged: Option<u64>) -> Option<u64> {
        let Some(wait) = &self.disorder else { return acknowledged };
        let ahead = wait.ahead.filter(|ahead| ahead.offset >= end).map(|ahead| ahead.acknowledged);
        let behind = wait.early.range(end..).filter_map(|(_, piece)| piece.acknowledged);
        acknowledged.map(|acknowledged| behind.chain(ahead).fold(acknowledged, u64::min))
    }

    /// Keeps the parts of an early segment that nothing else covers.
    pub(super) fn keep_early(
        &mut self,
        offset: u64,
        bytes: &[u8],
        cut: u32,
        packet: PacketRef,
        acknowledged: Option<u64>,
        deliver: &mut impl FnMut(Delivery<'_>),
    ) {
        let Disorder { early, early_bytes, .. } = &mut **self.disorder.get_or_insert_default();
        let mut at = offset;
        let mut rest = bytes;
        loop {
            // The piece that covers `at`, or else the next one behind it.
            let covering =
                early.range(..=at).next_back().filter(|(start, piece)| *start + piece.bytes.len() as u64 > at);
            if let Some((&start, piece)) = covering {
                let inside = &piece.bytes[(at - start) as usize..];
                let both = inside.len().min(rest.len());
                if let Some(differs) = first_difference(&rest[..both], &inside[..both]) {
                    deliver(Delivery::Conflict { offset: at + differs as u64, packet });
                }
                at += both as u64;
                rest = &rest[both..];
                if rest.is_empty() {
                    return;
                }
                continue;
            }
            // A piece of which nothing was captured makes way for one of which something was.
            if early.get(&at).is_some_and(|piece| piece.bytes.is_empty()) {
                early.remove(&at);
            }
            let until = early.range(at..).next().map_or(u64::MAX, |(&start, _)| start - at);
            let take = usize::try_from(until).unwrap_or(usize::MAX).min(rest.len());
            let last = take == rest.len();
            if take > 0 || (last && cut > 0) {
                let piece = Early { bytes: rest[..take].into(), cut: if last { cut } else { 0 }, packet, acknowledged };
                *early_bytes += take;
                early.insert(at, piece);
            }
            if last {
                return;
            }
            at += take as u64;
            rest = &rest[take..];
        }
    }

    /// Gives up holes until what waits is within the limits.
    pub(super) fn bound(&mut self, packet: PacketRef, limits: &Limits, deliver: &mut impl FnMut(Delivery<'_>)) {
        while let Some(wait) = &self.disorder
            && (wait.early_bytes > limits.out_of_order_bytes || wait.early.len() > limits.out_of_order_segments)
        {
            let Some(offset) = self.first_early() else { return };
            self.skip_to(offset, MissingCause::Limit, packet, deliver);
            self.drain(limits, deliver);
            self.reach_end(deliver);
        }
    }

    /// Delivers what waits and is next in line.
    pub(super) fn drain(&mut self, limits: &Limits, deliver: &mut impl FnMut(Delivery<'_>)) {
        while let Some(entry) = self.disorder.as_mut().and_then(|wait| wait.early.first_entry()) {
            if *entry.key() > self.next {
                return;
            }
            let (offset, piece) = entry.remove_entry();
            self.deliver_early(offset, piece, limits, deliver);
        }
    }

    /// Delivers what is new of a piece that was taken from `early` and begins at `next` or before.
    pub(super) fn deliver_early(
        &mut self,
        offset: u64,
        piece: Early,
        limits: &Limits,
        deliver: &mut impl FnMut(Delivery<'_>),
    ) {
        if let Some(wait) = &mut self.disorder {
            wait.early_bytes -= piece.bytes.len();
        }
        let behind = usize::try_from(self.next - offset).unwrap_or(usize::MAX).min(piece.bytes.len());
        let bytes = &piece.bytes[behind..];
        if !bytes.is_empty() {
            let chunk = Chunk { offset: self.next, bytes, packet: piece.packet, acknowledged: piece.acknowledged };
            self.next += bytes.len() as u64;
            self.remember(bytes, limits);
            deliver(Delivery::Data(chunk));
        }
        if piece.cut > 0 {
            let cut_from = offset + piece.bytes.len() as u64;
            self.skip_cut(cut_from + u64::from(piece.cut), piece.packet, deliver);
        }
    }

    pub(super) fn ahead(&self) -> Option<Ahead> {
        self.disorder.as_ref()?.ahead
    }

    /// Offset of the first piece that came early.
    pub(super) fn first_early(&self) -> Option<u64> {
        self.disorder.as_ref()?.early.keys().next().copied()
    }
}

impl Disorder {
    /// Nothing comes from this offset on.
    pub(super) fn end_at(&mut self, from: u64) {
        for (_, piece) in self.early.split_off(&from) {
            self.early_bytes -= piece.bytes.len();
        }
        if let Some(mut last) = self.early.last_entry() {
            let room = usize::try_from(from - last.key()).unwrap_or(usize::MAX);
            let piece = last.get_mut();
            piece.cut = piece.cut.min(u32::try_from(room.saturating_sub(piece.bytes.len())).unwrap_or(u32::MAX));
            if piece.bytes.len() > room {
                self.early_bytes -= piece.bytes.len() - room;
                piece.bytes = piece.bytes[..room].into();
            }
        }
    }
}
