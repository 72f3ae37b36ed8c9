//! How a connection ends, as far as it was seen: the Close frames, the FINs, the RSTs. Several topics judge by them.

use super::header_bytes::HeaderBytes;
use super::referee::{Context, ReservedBits};
use crate::capture::PacketRef;
use crate::websocket::{Event, Frame};
use crate::{PerRole, Role};

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Ended {
    /// Who ended its stream first: by Close, FIN or RST.
    pub(super) first: Option<Role>,
    /// The first Close frame of each endpoint.
    pub(super) closes: PerRole<Option<Close>>,
    /// The first FIN of each.
    pub(super) fins: PerRole<Option<Finish>>,
    /// The first RST of each.
    pub(super) resets: PerRole<Option<Reset>>,
    /// Whose RST came first.
    first_reset: Option<Role>,
}

/// A Close frame, reduced to what the end is judged by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Close {
    pub(super) sender: Role,
    pub(super) frame: u64,
    /// What its header says of the body.
    pub(super) body_length: u64,
    /// The code as the body spells it; `None` for a body that has or shows fewer than two bytes.
    pub(super) spelled_code: Option<u16>,
    /// An extension may have changed the body.
    changed: bool,
    pub(super) header: HeaderBytes,
    pub(super) stream_offset: u64,
    pub(super) end_offset: u64,
    pub(super) packet: PacketRef,
    pub(super) last_packet: PacketRef,
    pub(super) acknowledged: Option<u64>,
    pub(super) complete: bool,
    pub(super) after_gap: bool,
}

/// A FIN, and what its sender had acknowledged of the other direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finish {
    pub(super) packet: PacketRef,
    pub(super) acknowledged: Option<u64>,
}

/// An RST.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reset {
    pub(super) packet: PacketRef,
    /// Its sender had sent no FIN.
    pub(super) before_fin: bool,
}

impl Ended {
    /// The first RST and its sender.
    pub(super) fn reset(&self) -> Option<(Role, PacketRef)> {
        let role = self.first_reset?;
        Some((role, self.resets[role]?.packet))
    }

    /// Whether this endpoint ended its stream by FIN or RST.
    pub(super) fn has_stopped(&self, role: Role) -> bool {
        self.fins[role].is_some() || self.resets[role].is_some()
    }
}

impl Close {
    pub(super) fn of(frame: &Frame<'_>, reserved_bits: ReservedBits) -> Close {
        Close {
            sender: frame.sender,
            frame: frame.index,
            body_length: frame.header.payload_length,
            spelled_code: frame.payload.first_chunk().map(|code| u16::from_be_bytes(*code)),
            changed: may_be_changed(frame, reserved_bits),
            header: HeaderBytes::of(frame.header_bytes),
            stream_offset: frame.stream_offset,
            end_offset: frame.end_offset,
            packet: frame.packet,
            last_packet: frame.last_packet,
            acknowledged: frame.acknowledged,
            complete: frame.complete,
            after_gap: frame.after_gap,
        }
    }

    /// The code; `None` where there is none, where it was not captured, and where an extension may have changed the body.
    pub(super) fn code(&self) -> Option<u16> {
        self.spelled_code.filter(|_| !self.changed)
    }
}

/// Whether an extension may have changed the frame's payload.
pub(super) fn may_be_changed(frame: &Frame<'_>, reserved_bits: ReservedBits) -> bool {
    frame.header.rsv() != 0 && reserved_bits != ReservedBits::MustBeZero
}

impl Context {
    /// Takes note of a Close, a FIN or an RST, when everybody has looked at it.
    pub(super) fn note_end(&mut self, event: &Event<'_>) {
        let ended = self.ended.get_or_insert_default();
        match *event {
            Event::Frame(frame) => {
                ended.first.get_or_insert(frame.sender);
                ended.closes[frame.sender].get_or_insert_with(|| Close::of(frame, self.reserved_bits));
            }
            Event::Fin { sender, packet, acknowledged } => {
                ended.first.get_or_insert(sender);
                ended.fins[sender].get_or_insert(Finish { packet, acknowledged });
            }
            Event::Reset { sender, packet } => {
                ended.first.get_or_insert(sender);
                ended.first_reset.get_or_insert(sender);
                let before_fin = ended.fins[sender].is_none();
                ended.resets[sender].get_or_insert(Reset { packet, before_fin });
            }
            _ => {}
        }
    }

    /// The first Close frame of this endpoint.
    pub(super) fn close_of(&self, role: Role) -> Option<&Close> {
        self.ended.as_ref()?.closes[role].as_ref()
    }

    /// Who ended its stream first.
    pub(super) fn first_to_end(&self) -> Option<Role> {
        self.ended.as_ref()?.first
    }
}
