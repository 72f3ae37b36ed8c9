//! Hears what was said of connections and found in it: numbers the connections, holds them against each other, and tells
//! the sink. All of it in the order of the packets, whatever thread decoded them.

use super::Options;
use super::bench::{Appointing, Attend, Found};
use super::closed_tls::ClosedTls;
use super::hearing::{Between, Hearing};
use super::said::Said;
use super::sink::{Sink, Summary};
use super::teller::Teller;

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

impl Attend for Sitting<'_> {
    fn attend(&mut self, said: Said<'_>, found: Found) {
        let Sitting { between, closed_tls, hearings, set, teller } = self;
        let places = &mut hearings[*set];
        match said {
            Said::Event(slot, event) => {
                if let Some(hearing) = slot.of(places) {
                    hearing.event(event, found, between, teller);
                }
            }
            Said::Begins(slot, begins) => slot.put(places, Hearing::begin(*begins, found, between, teller)),
            Said::Ending(slot, facts) => {
                if let Some(hearing) = slot.of(places) {
                    hearing.ending(&facts, found, between);
                }
            }
            Said::Over(slot, over) => {
                if let Some(hearing) = slot.take(places) {
                    hearing.over(&over, between, teller);
                }
            }
            Said::ClientRandom(random) => teller.tell(|sink| sink.client_random(&random)),
            Said::Closed(first, finding) => closed_tls.add(first, finding.map(|finding| *finding)),
        }
    }
}
