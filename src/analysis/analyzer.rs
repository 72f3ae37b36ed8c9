//! One pass over captures: packets into segments, segments into connections, connections before the court.

use super::bench::{Appointing, Attend, Bench, Session};
use super::court::{Court, Sitting};
use super::flows::{Flows, Passed};
use super::intake::{Intake, Noticed, Take};
use super::sink::{CaptureSummary, Sink, Summary};
use super::state::State;
use super::{Options, threads};
use crate::capture::{LinkType, Packet, PacketRef, Reader};
use crate::packet::Segment;
use crate::tls::KeyLog;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Reads captures and tells a [`Sink`] what is in them; see the [module](super).
pub struct Analyzer {
    intake: Intake,
    /// One set of flows for each thread that decodes.
    sets: Vec<Set>,
    court: Court,
    join: bool,
    /// Index of the next capture.
    capture: usize,
    /// Flows counted in captures before it.
    flows_before: u64,
    /// Number of the next packet of a joined capture.
    next_number: u64,
}

/// TCP connections, what their decoders share, and who judges what they say.
pub(super) struct Set {
    flows: Flows,
    pub(super) state: State,
    bench: Bench,
}

impl Set {
    fn new(options: Options, appointing: Appointing) -> Set {
        let state = State::new(options);
        Set { flows: Flows::new(state.limits.clone()), state, bench: Bench::new(appointing) }
    }

    /// Segments of any connections came in these packets.
    #[inline(always)]
    pub(super) fn pass(&mut self, passed: Passed<'_>, before: &mut impl Attend) {
        let Set { flows, state, bench } = self;
        flows.pass(passed, state, &mut Session { bench, before });
    }

    /// Takes a segment of one of these connections; the packet it came in was [passed](Self::pass).
    #[inline(always)]
    pub(super) fn segment(&mut self, segment: &Segment<'_>, packet: &Packet<'_>, before: &mut impl Attend) {
        let Set { flows, state, bench } = self;
        flows.segment(segment, packet, state, &mut Session { bench, before });
    }

    /// Nothing more will come after this packet: what is left is to be [told](Self::finish).
    pub(super) fn end(&mut self, end: Option<PacketRef>) {
        self.flows.end(end);
    }

    pub(super) fn flows(&self) -> &Flows {
        &self.flows
    }

    /// Tells what is left of connections that began before the packet with this number; before `u64::MAX` all have begun.
    pub(super) fn finish(&mut self, began_before: u64, before: &mut impl Attend) {
        let Set { flows, state, bench } = self;
        flows.finish(began_before, state, &mut Session { bench, before });
    }

    /// Tells all that is left after this packet.
    fn finish_all(&mut self, end: Option<PacketRef>, before: &mut impl Attend) {
        self.end(end);
        self.finish(u64::MAX, before);
    }
}

impl Analyzer {
    /// An analyser that has read nothing yet.
    pub fn new(mut options: Options) -> Analyzer {
        let sets = options.threads.get();
        let key_log = std::mem::take(&mut options.key_log);
        let appointing = Appointing::new(&options);
        Analyzer {
            court: Court::new(&options, appointing.clone(), sets),
            join: options.join,
            sets: (0..sets).map(|_| Set::new(options.clone(), appointing.clone())).collect(),
            intake: Intake::new(key_log),
            capture: 0,
            flows_before: 0,
            next_number: 1,
        }
    }

    /// Reads a capture to its end. Its connections end with it, unless captures are joined
    /// ([`Options::join`]).
    ///
    /// # Errors
    /// The first error of the sink. A fault of the capture is none: it is told in
    /// [`CaptureSummary::fault`](super::CaptureSummary::fault).
    pub fn read(&mut self, reader: &mut Reader, sink: &mut dyn Sink) -> io::Result<()> {
        let Analyzer { intake, sets, court, join, .. } = self;
        let mut out = court.sit(sink);
        let first_number = if *join { self.next_number } else { 1 };
        reader.number_from(first_number);
        for Set { state, .. } in sets.iter_mut() {
            state.begin_capture(self.capture, intake.key_log(), reader.info().format == "pcapng");
        }
        let noticed = match &mut sets[..] {
            [set] => {
                let mut noticed = Noticed::default();
                let is_whole = intake.read(reader, &mut noticed, &mut Direct { set, out: &mut out }).is_continue();
                if !*join && is_whole {
                    set.finish_all(intake.last, &mut out);
                }
                noticed
            }
            sets => threads::read(reader, intake, sets, *join, &mut out),
        };
        if let Some(finding) = noticed.finding() {
            out.teller.finding(None, &finding);
        }
        out.tell_closed();
        let info = reader.info();
        let flows: u64 = sets.iter().map(|set| set.flows.count()).sum();
        out.teller.tell(|sink| {
            sink.capture(&CaptureSummary {
                index: self.capture,
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
                unknown_links: noticed.unknown_links,
                flows: flows - self.flows_before,
            })
        });
        self.next_number = first_number + info.packets;
        self.flows_before = flows;
        self.capture += 1;
        out.teller.finish()
    }

    /// All captures are read: tells what is left, and the summary.
    ///
    /// # Errors
    /// The first error of the sink.
    pub fn finish(mut self, sink: &mut dyn Sink) -> io::Result<Summary> {
        let mut out = self.court.sit(sink);
        match &mut self.sets[..] {
            [set] => set.finish_all(self.intake.last, &mut out),
            sets => threads::finish(sets, self.intake.last, &mut out),
        }
        out.tell_closed();
        out.teller.summary();
        out.teller.finish()?;
        Ok(self.court.summary())
    }
}

/// One set of flows, decoded and judged in the thread that reads, and heard by the court at once.
struct Direct<'d, 'c> {
    set: &'d mut Set,
    out: &'d mut Sitting<'c>,
}

impl Take for Direct<'_, '_> {
    fn key_log(&mut self, key_log: &Arc<KeyLog>) -> ControlFlow<()> {
        self.set.state.key_log = key_log.clone();
        ControlFlow::Continue(())
    }

    fn pause(&mut self) -> ControlFlow<()> {
        self.out.teller.tell(|sink| sink.pause());
        self.go_on()
    }

    #[inline(always)]
    fn segment(&mut self, segment: &Segment<'_>, packet: &Packet<'_>) -> ControlFlow<()> {
        self.set.pass(Passed { packets: &[packet.at], latest: packet.at.time }, self.out);
        self.set.segment(segment, packet, self.out);
        self.go_on()
    }
}

impl Direct<'_, '_> {
    /// Until the sink refuses something.
    fn go_on(&self) -> ControlFlow<()> {
        if self.out.teller.failed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
