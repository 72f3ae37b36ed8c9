//! Reads a capture: packets into segments, and secrets as they come.

use crate::capture::{LinkType, Packet, PacketRef, Reader, Secrets, Timestamp};
use crate::packet::{Decoded, Decoder, Segment};
use crate::rules::{Finding, capture};
use crate::tls::KeyLog;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

/// Takes what is read, in the order of the capture.
pub(super) trait Take {
    /// These are the secrets from here on.
    fn key_log(&mut self, key_log: &Arc<KeyLog>);

    /// What comes next may have to be waited for.
    fn pause(&mut self);

    /// The next segment, and the packet it came in. Says whether to go on.
    fn segment(&mut self, segment: &Segment<'_>, packet: &Packet<'_>) -> ControlFlow<()>;
}

/// What stays from one capture to the next.
pub(super) struct Intake {
    decoder: Decoder,
    key_log: Arc<KeyLog>,
    /// The last packet read.
    pub(super) last: Option<PacketRef>,
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
        Intake { decoder: Decoder::default(), key_log: Arc::new(key_log), last: None }
    }

    /// The secrets known so far.
    pub(super) fn key_log(&self) -> &Arc<KeyLog> {
        &self.key_log
    }

    /// Reads until the end of the capture, or until who takes it has enough.
    pub(super) fn read(&mut self, reader: &mut Reader, take: &mut impl Take) -> Noticed {
        let mut noticed = Noticed::default();
        loop {
            if reader.has_secrets() {
                self.learn_secrets(reader, take);
            }
            if reader.is_dry() {
                take.pause();
            }
            let Some(packet) = reader.next_packet() else { break };
            self.last = Some(packet.at);
            noticed.clock.tick(packet.at);
            match &self.decoder.decode(&packet) {
                Decoded::Segment(segment) => {
                    if take.segment(segment, &packet).is_break() {
                        return noticed;
                    }
                }
                Decoded::UnknownLink(link) => noticed.unknown_link(*link),
                Decoded::NotTcp | Decoded::Fragment | Decoded::Malformed(_) => {}
            }
        }
        // Those behind the last packet.
        self.learn_secrets(reader, take);
        noticed
    }

    /// Hands on the TLS secrets that the capture has shown since the last time.
    fn learn_secrets(&mut self, reader: &mut Reader, take: &mut impl Take) {
        for secrets in reader.take_secrets() {
            if secrets.kind == Secrets::TLS_KEY_LOG {
                Arc::make_mut(&mut self.key_log).add(&secrets.data);
                take.key_log(&self.key_log);
            }
        }
    }
}

/// Watches the capture's clock.
#[derive(Default)]
struct Clock {
    latest: Option<Timestamp>,
    backwards: Option<Backwards>,
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
        } else if let (Some(latest), Some(time)) = (self.latest, at.time) {
            let back = latest.since(time);
            let seen = self.backwards.get_or_insert(Backwards { packets: 0, first: at, most: Duration::ZERO });
            seen.packets += 1;
            seen.most = seen.most.max(back);
        }
    }
}
