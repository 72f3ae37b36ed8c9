//! One pass over captures: packets into segments, segments into connections.

use super::Options;
use super::court::Court;
use super::flows::Flows;
use super::sink::{CaptureSummary, Sink, Summary};
use super::state::State;
use crate::capture::{LinkType, PacketRef, Reader, Secrets, Timestamp};
use crate::packet::{Decoded, Decoder};
use crate::rules::capture;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Reads captures and tells a [`Sink`] what is in them; see the [module](super).
pub struct Analyzer {
    state: State,
    court: Court,
    flows: Flows,
    decoder: Decoder,
    /// Flows counted in captures before this one.
    flows_before: u64,
    /// Number of the next packet of a joined capture.
    next_number: u64,
    /// The last packet read.
    last: Option<PacketRef>,
}

impl Analyzer {
    /// An analyser that has read nothing yet.
    pub fn new(options: Options) -> Analyzer {
        let court = Court::new(&options, 1);
        let state = State::new(options);
        Analyzer {
            court,
            flows: Flows::new(state.limits.clone()),
            state,
            decoder: Decoder::default(),
            flows_before: 0,
            next_number: 1,
            last: None,
        }
    }

    /// Reads a capture to its end. Its connections end with it, unless captures are joined
    /// ([`Options::join`]).
    ///
    /// # Errors
    /// The first error of the sink. A fault of the capture is none: it is told in
    /// [`CaptureSummary::fault`](super::CaptureSummary::fault).
    pub fn read(&mut self, reader: &mut Reader, sink: &mut dyn Sink) -> io::Result<()> {
        let mut out = self.court.sit(sink);
        let join = self.state.options.join;
        let first_number = if join { self.next_number } else { 1 };
        reader.number_from(first_number);
        let mut clock = Clock::default();
        let mut unknown_links = Vec::new();
        self.state.secrets_may_come = reader.info().format == "pcapng";
        loop {
            for secrets in reader.take_secrets() {
                if secrets.kind == Secrets::TLS_KEY_LOG {
                    Arc::make_mut(&mut self.state.key_log).add(&secrets.data);
                }
            }
            if reader.is_dry() {
                out.teller.tell(|sink| sink.pause());
            }
            let Some(packet) = reader.next_packet() else { break };
            self.last = Some(packet.at);
            clock.tick(packet.at);
            match self.decoder.decode(&packet) {
                Decoded::Segment(segment) => self.flows.segment(&segment, &packet, &mut self.state, &mut out),
                Decoded::UnknownLink(link) => count_link(&mut unknown_links, link),
                Decoded::NotTcp | Decoded::Fragment | Decoded::Malformed(_) => {}
            }
            if out.teller.failed() {
                return out.teller.finish();
            }
        }
        if !join {
            self.flows.finish(self.last, &mut self.state, &mut out);
        }
        if let Some(finding) = clock.finding() {
            out.teller.finding(None, &finding);
        }
        out.tell_closed();
        self.state.closed_described = 0;
        let info = reader.info();
        out.teller.tell(|sink| {
            sink.capture(&CaptureSummary {
                index: self.state.capture,
                path: info.name.clone(),
                format: info.format,
                compression: info.compression,
                link_types: info.link_types.iter().map(LinkType::to_string).collect(),
                packets: info.packets,
                bytes: info.bytes,
                first_number,
                first_time: info.first_time,
                last_time: info.last_time,
                truncated: info.truncated,
                fault: info.fault.clone(),
                unknown_links,
                flows: self.flows.count() - self.flows_before,
            })
        });
        self.next_number = first_number + info.packets;
        self.flows_before = self.flows.count();
        self.state.capture += 1;
        out.teller.finish()
    }

    /// All captures are read: tells what is left, and the summary.
    ///
    /// # Errors
    /// The first error of the sink.
    pub fn finish(mut self, sink: &mut dyn Sink) -> io::Result<Summary> {
        let mut out = self.court.sit(sink);
        self.flows.finish(self.last, &mut self.state, &mut out);
        out.tell_closed();
        out.teller.summary();
        out.teller.finish()?;
        Ok(self.court.summary())
    }
}

fn count_link(links: &mut Vec<(u32, u64)>, link: LinkType) {
    match links.iter_mut().find(|(known, _)| *known == link.0) {
        Some((_, count)) => *count += 1,
        None => links.push((link.0, 1)),
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
    fn tick(&mut self, at: PacketRef) {
        let Some(time) = at.time else { return };
        match self.latest {
            Some(latest) if time < latest => {
                let back = latest.since(time);
                let seen = self.backwards.get_or_insert(Backwards { packets: 0, first: at, most: Duration::ZERO });
                seen.packets += 1;
                seen.most = seen.most.max(back);
            }
            _ => self.latest = Some(time),
        }
    }

    fn finding(self) -> Option<crate::rules::Finding> {
        self.backwards.map(|seen| capture::clock_backwards(seen.packets, seen.first, seen.most))
    }
}
