//! When TCP opened and closed a connection: which packets carried its SYNs, FINs and RSTs.

use crate::capture::PacketRef;
use crate::packet::Segment;
use crate::tcp::Side;
use crate::{PerRole, Role};

/// The packets with which TCP opens and closes a connection (RFC 9293 §3.5, §3.6): of each kind the first that was
/// captured, whatever it is worth. `None` for what was not captured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// The SYN of each end; the one that answers acknowledges the other.
    pub syn: PerRole<Option<PacketRef>>,
    /// The client's first segment after both SYNs, with which the connection is open.
    pub ack: Option<PacketRef>,
    /// The FIN of each end.
    pub fin: PerRole<Option<PacketRef>>,
    /// The RST of each end.
    pub reset: PerRole<Option<PacketRef>>,
}

/// The same before it is known who is the client.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    syn: [Option<PacketRef>; 2],
    ack: [Option<PacketRef>; 2],
    fin: [Option<PacketRef>; 2],
    reset: [Option<PacketRef>; 2],
}

impl Marks {
    /// Takes note of a segment.
    pub(super) fn note(&mut self, side: Side, segment: &Segment<'_>, at: PacketRef) {
        let (this, flags) = (side as usize, segment.flags);
        if !(flags.syn || flags.fin || flags.rst) {
            // Nearly every segment ends here.
            if self.ack[this].is_none() && self.syn[0].is_some() && self.syn[1].is_some() {
                self.ack[this] = Some(at);
            }
            return;
        }
        for (set, place) in [(flags.syn, &mut self.syn), (flags.fin, &mut self.fin), (flags.rst, &mut self.reset)] {
            if set {
                place[this].get_or_insert(at);
            }
        }
    }

    /// With names for the ends.
    pub(super) fn timeline(&self, client: Side) -> Timeline {
        let named = |marks: [Option<PacketRef>; 2]| PerRole {
            client: marks[client as usize],
            server: marks[client.other() as usize],
        };
        let ack = named(self.ack)[Role::Client];
        Timeline { syn: named(self.syn), ack, fin: named(self.fin), reset: named(self.reset) }
    }
}
