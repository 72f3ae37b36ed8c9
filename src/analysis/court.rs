//! Hears what decoders say of connections: numbers the connections, holds them against each other, has every event
//! judged, and tells the sink. All of it in the order of the packets, whatever thread decoded them.

use super::Options;
use super::closed_tls::ClosedTls;
use super::hearing::{Between, Hearing};
use super::said::{Hear, Said, Slot};
use super::sink::{Sink, Summary};
use super::teller::Teller;
use crate::Limits;
use crate::rules::{Referee, Thresholds};
use std::sync::Arc;

/// What connections know of each other, and the hearing of each that is open.
pub(super) struct Court {
    bench: Bench,
    between: Between,
    closed_tls: ClosedTls,
    summary: Summary,
    /// By the set of flows they are in, and their place there.
    hearings: Vec<Vec<Option<Box<Hearing>>>>,
}

/// Who gives each connection a referee.
pub(super) struct Bench {
    limits: Arc<Limits>,
    thresholds: Arc<Thresholds>,
    opt_in: bool,
}

impl Bench {
    /// A referee for a connection that begins with a handshake; `mid_stream` for one that was open before.
    pub(super) fn referee(&self, mid_stream: bool) -> Referee {
        Referee::new(self.thresholds.clone(), &self.limits, mid_stream).with_opt_in(self.opt_in)
    }
}

impl Court {
    /// A court that hears the decoders of so many sets of flows.
    pub(super) fn new(options: &Options, sets: usize) -> Court {
        Court {
            bench: Bench {
                limits: Arc::new(options.limits.clone()),
                thresholds: Arc::new(options.thresholds.clone()),
                opt_in: options.opt_in,
            },
            between: Between::new(options.thresholds.reconnect_stable),
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
        let Court { bench, between, closed_tls, summary, hearings } = self;
        Sitting { bench, between, closed_tls, hearings, set: 0, teller: Teller::new(sink, summary) }
    }
}

/// A court with the sink that it tells.
pub(super) struct Sitting<'c> {
    bench: &'c Bench,
    between: &'c mut Between,
    closed_tls: &'c mut ClosedTls,
    hearings: &'c mut [Vec<Option<Box<Hearing>>>],
    /// The set of flows whose decoder is heard.
    set: usize,
    pub(super) teller: Teller<'c>,
}

impl Sitting<'_> {
    /// What is heard from now on comes from the decoder of these flows.
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

impl Hear for Sitting<'_> {
    fn hear(&mut self, said: Said<'_>) {
        let Sitting { bench, between, closed_tls, hearings, set, teller } = self;
        let places = &mut hearings[*set];
        match said {
            Said::Event(slot, event) => {
                if let Some(hearing) = at(places, slot) {
                    hearing.event(event, between, teller);
                }
            }
            Said::Begins(Slot(slot), begins) => {
                let slot = slot as usize;
                if places.len() <= slot {
                    places.resize_with(slot + 1, || None);
                }
                places[slot] = Some(Box::new(Hearing::begin(begins, bench, between, teller)));
            }
            Said::Ending(slot, facts) => {
                if let Some(hearing) = at(places, slot) {
                    hearing.ending(&facts, between);
                }
            }
            Said::Over(Slot(slot), over) => {
                if let Some(mut hearing) = places.get_mut(slot as usize).and_then(Option::take) {
                    hearing.over(&over, between, teller);
                }
            }
            Said::ClientRandom(random) => teller.tell(|sink| sink.client_random(&random)),
            Said::Closed(first, finding) => closed_tls.add(first, finding.map(|finding| *finding)),
        }
    }
}

fn at(places: &mut [Option<Box<Hearing>>], Slot(slot): Slot) -> Option<&mut Hearing> {
    places.get_mut(slot as usize)?.as_deref_mut()
}
