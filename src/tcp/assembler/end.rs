//! How a direction ends: by a FIN or an RST, which may come before bytes that belong in front of it.

use super::Assembler;
use crate::Limits;
use crate::capture::PacketRef;
use crate::tcp::{Delivery, Fin};

/// A FIN or an RST.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) packet: PacketRef,
    pub(super) acknowledged: Option<u64>,
    pub(super) reset: bool,
    /// An RST that was captured before the FIN it follows.
    pub(super) rst: Option<PacketRef>,
}

impl Assembler {
    /// Nothing follows a FIN (RFC 9293 §3.6): what came early and would is dropped. Gives the FIN where the end was not
    /// known before.
    pub(super) fn fin(&mut self, offset: u64, packet: PacketRef, acknowledged: Option<u64>) -> Option<End> {
        let rst = match (self.end, self.early_reset()) {
            // The FIN and the RST behind it were captured in the wrong order.
            (Some(at), Some(rst)) => Some(rst.packet).filter(|_| at <= offset + 1),
            (Some(_), None) => return None,
            (None, _) => None,
        };
        self.end = Some(offset);
        if let Some(wait) = &mut self.disorder {
            wait.end = None;
            wait.end_at(offset.max(self.next));
        }
        Some(End { packet, acknowledged, reset: false, rst })
    }

    /// An RST that waits for the bytes before it.
    pub(super) fn early_reset(&self) -> Option<End> {
        self.disorder.as_ref()?.end.filter(|end| end.reset && !self.ended)
    }

    /// The sender goes on to `end`: an RST before that place was not its own.
    pub(super) fn doubt_reset(&mut self, end: u64) {
        if self.end.is_some_and(|rst| rst < end)
            && self.early_reset().is_some()
            && let Some(wait) = &mut self.disorder
        {
            (self.end, wait.end) = (None, None);
        }
    }

    /// An RST ends the stream where it stands; its sequence number may lie anywhere in the window (RFC 9293
    /// §3.5.3), so one that comes early waits for the bytes before it.
    pub(super) fn reset(
        &mut self,
        offset: u64,
        packet: PacketRef,
        limits: &Limits,
        deliver: &mut impl FnMut(Delivery<'_>),
    ) {
        let last = self.disorder.as_ref().and_then(|wait| wait.early.last_key_value());
        let last = last.map_or(0, |(at, piece)| at + piece.bytes.len() as u64);
        match self.end {
            // A copy, or behind a FIN that waits for the bytes before it.
            Some(_) if offset > self.next && !self.ended => {
                if let Some(end) = self.disorder.as_mut().and_then(|wait| wait.end.as_mut())
                    && !end.reset
                {
                    end.rst.get_or_insert(packet);
                }
            }
            None if offset > self.next && offset >= last => {
                self.end = Some(offset);
                let rst = End { packet, acknowledged: None, reset: true, rst: None };
                self.disorder.get_or_insert_default().end = Some(rst);
            }
            _ => self.tear_down(packet, limits, deliver),
        }
    }

    pub(super) fn tear_down(&mut self, packet: PacketRef, limits: &Limits, deliver: &mut impl FnMut(Delivery<'_>)) {
        self.finish(packet, limits, deliver);
        self.ended = true;
        if !self.torn_down {
            self.torn_down = true;
            deliver(Delivery::Reset(packet));
        }
    }

    /// Whether all is delivered up to the end.
    pub(super) fn is_at_end(&self) -> bool {
        self.end.is_some_and(|end| self.next >= end)
    }

    pub(super) fn reach_end(&mut self, deliver: &mut impl FnMut(Delivery<'_>)) {
        if self.is_at_end()
            && let Some(end) = self.disorder.as_mut().and_then(|wait| wait.end.take())
        {
            self.tell_end(end, deliver);
        }
    }

    pub(super) fn tell_end(&mut self, end: End, deliver: &mut impl FnMut(Delivery<'_>)) {
        if self.ended {
            return;
        }
        let End { packet, acknowledged, reset, rst } = end;
        self.ended = true;
        self.torn_down = reset || rst.is_some();
        deliver(if reset { Delivery::Reset(packet) } else { Delivery::Fin(Fin { packet, acknowledged }) });
        if let Some(packet) = rst {
            deliver(Delivery::Reset(packet));
        }
    }
}
