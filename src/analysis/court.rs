//! Hears what was said of connections and found in it: numbers the connections, holds them against each other, and tells
//! the sink. All of it in the order of the packets, whatever thread decoded them.

use super::Options;
use super::bench::{Appointing, Attend, Found};
use super::closed_tls::ClosedTls;
use super::hearing::{Between, Hearing};
use super::said::{Begins, Over, Said, Slot};
use super::sink::{Sink, Summary};
use super::teller::Teller;
use crate::capture::PacketRef;
use crate::rules::Finding;
use crate::websocket::{CaptureFact, Event};

/// What connections know of each other, and the hearing of each that is open.
pub(super) struct Court {
    between: Between,
    closed_tls: ClosedTls,
    summary: Summary,
    /// By the set of flows they are in, and their place there.
    hearings: Vec<Vec<Option<Hearing>>>,
}

impl Court {
    /// A court that hears what is said of so many sets of flows.
    pub(super) fn new(options: &Options, appointing: Appointing, sets: usize) -> Court {
        Court {
            between: Between::new(appointing, options.thresholds.reconnect_stable),
            closed_tls: ClosedTls::default(),
            summary: Summary::default(),
            hearings: std::iter::repeat_with(Vec::new).take(sets).collect(),
        }
    }

    /// What was counted so far.
    pub(super) fn summary(&self) -> Summary {
        self.summary
    }

    /// Sits, to tell `sink` what it hears.
    pub(super) fn sit<'c>(&'c mut self, sink: &'c mut dyn Sink) -> Sitting<'c> {
        let Court { between, closed_tls, summary, hearings } = self;
        Sitting { between, closed_tls, hearings, set: 0, teller: Teller::new(sink, summary) }
    }
}

/// A court with the sink that it tells.
pub(super) struct Sitting<'c> {
    between: &'c mut Between,
    closed_tls: &'c mut ClosedTls,
    hearings: &'c mut [Vec<Option<Hearing>>],
    /// The set of flows that is heard.
    set: usize,
    pub(super) teller: Teller<'c>,
}

impl Sitting<'_> {
    /// What is heard from now on was said of these flows.
    pub(super) fn turn_to(&mut self, set: usize) {
        self.set = set;
    }

    /// Tells of the TLS connections that could not be opened.
    pub(super) fn tell_closed(&mut self) {
        for finding in self.closed_tls.take() {
            self.teller.finding(None, &finding);
        }
    }
}

/// What was said is lent, as whoever made it has better use for its memory than the court.
impl Sitting<'_> {
    pub(super) fn begins(&mut self, slot: Slot, begins: &mut Begins, found: Found) {
        let hearing = Hearing::begin(begins, found, self.between, &mut self.teller);
        slot.put(&mut self.hearings[self.set], hearing);
    }

    #[inline]
    pub(super) fn event(&mut self, slot: Slot, event: &Event<'_>, found: Found) {
        if let Some(hearing) = slot.of(&mut self.hearings[self.set]) {
            hearing.event(event, found, self.between, &mut self.teller);
        }
    }

    pub(super) fn ending(&mut self, slot: Slot, facts: &[CaptureFact], found: Found) {
        if let Some(hearing) = slot.of(&mut self.hearings[self.set]) {
            hearing.ending(facts, found, self.between);
        }
    }

    pub(super) fn over(&mut self, slot: Slot, over: &Over) {
        if let Some(hearing) = slot.take(&mut self.hearings[self.set]) {
            hearing.over(over, self.between, &mut self.teller);
        }
    }

    pub(super) fn client_random(&mut self, random: &[u8; 32]) {
        self.teller.tell(|sink| sink.client_random(random));
    }

    pub(super) fn closed(&mut self, first: PacketRef, finding: Option<Finding>) {
        self.closed_tls.add(first, finding);
    }
}

impl Attend for Sitting<'_> {
    fn attend(&mut self, said: Said<'_>, found: Found) {
        match said {
            Said::Event(slot, event) => self.event(slot, event, found),
            Said::Begins(slot, begins) => self.begins(slot, begins, found),
            Said::Ending(slot, facts) => self.ending(slot, &facts, found),
            Said::Over(slot, over) => self.over(slot, over),
            Said::ClientRandom(random) => self.client_random(&random),
            Said::Closed(first, finding) => self.closed(first, finding.map(|finding| *finding)),
        }
    }

    fn look(&self, slot: Slot) {
        slot.fetch(&self.hearings[self.set]);
    }

    fn expect(&self, begins: &Begins) {
        self.between.expect(begins);
    }
}
