//! Reads a capture: packets into segments, and secrets as they come.

use crate::capture::{LinkType, Packet, PacketRef, Reader, Secrets, Timestamp};
use crate::packet::{Decoded, Decoder, Segment};
use crate::rules::{Finding, capture};
use crate::tls::KeyLog;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

/// Takes what is read, in the order of the capture, and says whether to go on.
pub(super) trait Take {
    /// These are the secrets from here on.
    fn key_log(&mut self, key_log: &Arc<KeyLog>) -> ControlFlow<()>;

    /// What comes next may have to be waited for.
    fn pause(&mut self) -> ControlFlow<()>;

    /// The next packet as it is, if who takes it [reads it directly](crate::packet::common) itself.
    #[inline(always)]
    fn packet(&mut self, packet: &Packet<'_>) -> Option<ControlFlow<()>> {
        let _ = packet;
        None
    }

    /// The next segment, and the packet it came in.
    fn segment(&mut self, segment: &Segment<'_>, packet: &Packet<'_>) -> ControlFlow<()>;
}

/// What stays from one capture to the next.
pub(super) struct Intake {
    decoder: Decoder,
    key_log: Arc<KeyLog>,
    /// The last packet read.
    pub(super) last: Option<PacketRef>,
    /// It was said that the next packet may have to be waited for.
    paused: bool,
}

/// What was noticed on the way.
#[derive(Default)]
pub(super) struct Noticed {
    clock: Clock,
    /// Packets of link types that are not known, by type number.
    pub(super) unknown_links: Vec<(u32, u64)>,
}

impl Noticed {
    /// What there is to say of the capture's clock.
    pub(super) fn finding(&self) -> Option<Finding> {
        self.clock.backwards.as_ref().map(|seen| capture::clock_backwards(seen.packets, seen.first, seen.most))
    }

    /// How many packets so far were captured earlier than one before them, or have no time while one before them has.
    pub(super) fn out_of_order(&self) -> u64 {
        self.clock.out_of_order
    }

    fn unknown_link(&mut self, link: LinkType) {
        match self.unknown_links.iter_mut().find(|(known, _)| *known == link.0) {
            Some((_, count)) => *count += 1,
            None => self.unknown_links.push((link.0, 1)),
        }
    }
}

impl Intake {
    /// With these secrets to begin with.
    pub(super) fn new(key_log: KeyLog) -> Intake {
        Intake { decoder: Decoder::default(), key_log: Arc::new(key_log), last: None, paused: false }
    }

    /// The secrets known so far.
    pub(super) fn key_log(&self) -> &Arc<KeyLog> {
        &self.key_log
    }

    /// Reads until the end of the capture, or (`Break`) until who takes it has enough or the reader [is
    /// full](Reader::is_full), and may then go on.
    pub(super) fn read(&mut self, reader: &mut Reader, noticed: &mut Noticed, take: &mut impl Take) -> ControlFlow<()> {
        loop {
            if reader.has_secrets() {
                self.learn_secrets(reader, take)?;
            }
            if reader.is_dry() && !self.paused {
                self.paused = true;
                take.pause()?;
            }
            let Some(packet) = reader.next_packet() else {
                if reader.is_full() {
                    return ControlFlow::Break(());
                }
                break;
            };
            self.paused = false;
            self.last = Some(packet.at);
            noticed.clock.tick(packet.at);
            if let Some(go_on) = take.packet(&packet) {
                go_on?;
                continue;
            }
            match &self.decoder.decode(&packet) {
                Decoded::Segment(segment) => {
                    take.segment(segment, &packet)?;
                }
                Decoded::UnknownLink(link) => noticed.unknown_link(*link),
                Decoded::NotTcp | Decoded::Fragment | Decoded::Malformed(_) => {}
            }
        }
        // Those behind the last packet.
        self.learn_secrets(reader, take)?;
        self.paused = false;
        ControlFlow::Continue(())
    }

    /// Hands on the TLS secrets that the capture has shown since the last time.
    fn learn_secrets(&mut self, reader: &mut Reader, take: &mut impl Take) -> ControlFlow<()> {
        let mut learned = false;
        for secrets in reader.take_secrets() {
            if secrets.kind == Secrets::TLS_KEY_LOG {
                Arc::make_mut(&mut self.key_log).add(&secrets.data);
                learned = true;
            }
        }
        if learned { take.key_log(&self.key_log) } else { ControlFlow::Continue(()) }
    }
}

/// Watches the capture's clock.
#[derive(Default)]
struct Clock {
    latest: Option<Timestamp>,
    backwards: Option<Backwards>,
    /// See [`Noticed::out_of_order`].
    out_of_order: u64,
}

struct Backwards {
    packets: u64,
    first: PacketRef,
    most: Duration,
}

impl Clock {
    #[inline]
    fn tick(&mut self, at: PacketRef) {
        if self.latest <= at.time {
            self.latest = at.time;
            return;
        }
        self.out_of_order += 1;
        if let (Some(latest), Some(time)) = (self.latest, at.time) {
            let back = latest.since(time);
            let seen = self.backwards.get_or_insert(Backwards { packets: 0, first: at, most: Duration::ZERO });
            seen.packets += 1;
            seen.most = seen.most.max(back);
        }
    }
}
