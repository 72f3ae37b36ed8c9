//! The referees of the connections that are open in one set of flows: each event is judged where it was decoded. A referee
//! knows its connection alone; what connections have to do with each other is for the [court](super::court).

use super::Options;
use super::flow::Depth;
use super::said::{Begins, Hear, Said, Slot, Turn};
use super::sink::Transport;
use crate::Limits;
use crate::rules::{Finding, Reaction, Referee, Thresholds};
use crate::websocket::{Event, Frame, Message};
use std::sync::Arc;

/// Takes what was said and judged.
pub(super) trait Attend {
    /// Takes the next thing that was said, and what was found in it. In an unfragmented message and its frame nothing was
    /// found, or they come one after the other, as what was found in the frame is told before the message.
    fn attend(&mut self, said: Said<'_>, found: Found);

    /// The end of this connection will soon be told: fetches what it takes to tell it.
    fn look(&self, slot: Slot) {
        let _ = slot;
    }

    /// A connection that begins like this will be told next: fetches what is to be looked up for it.
    fn expect(&self, begins: &Begins) {
        let _ = begins;
    }

    /// As [`Hear::turn`].
    fn turn(&mut self, turn: Turn) {
        let _ = turn;
    }
}

/// What was found in one thing that was said: in most, nothing.
pub(super) type Found = Option<Box<Judgement>>;

/// Findings, and what became known of earlier ones. To be told in this order.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    pub(super) findings: Vec<Finding>,
    pub(super) reactions: Vec<Reaction>,
}

impl Judgement {
    /// What this referee found since the last time.
    pub(super) fn of(referee: &mut Referee) -> Found {
        referee.has_news().then(|| Box::new(Judgement { findings: referee.findings(), reactions: referee.reactions() }))
    }

    /// Takes what was found later.
    pub(super) fn add(&mut self, later: Judgement) {
        self.findings.extend(later.findings);
        self.reactions.extend(later.reactions);
    }
}

/// Gives each connection a referee.
#[derive(Clone)]
pub(super) struct Appointing {
    limits: Arc<Limits>,
    thresholds: Arc<Thresholds>,
    opt_in: bool,
}

impl Appointing {
    pub(super) fn new(options: &Options) -> Appointing {
        Appointing {
            limits: Arc::new(options.limits.clone()),
            thresholds: Arc::new(options.thresholds.clone()),
            opt_in: options.opt_in,
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// A referee for a connection that begins like this.
    #[inline]
    pub(super) fn referee(&self, begins: &Begins) -> Referee {
        Referee::new(self.thresholds.clone(), &self.limits, begins.handshake.is_none())
    }

    /// What this referee finds in how its connection begins.
    pub(super) fn show(&self, begins: &Begins, referee: &mut Referee) -> Found {
        referee.set_opt_in(self.opt_in);
        match &begins.handshake {
            Some(handshake) => referee.see(&Event::Handshake(handshake)),
            None if matches!(begins.transport, Transport::H2 | Transport::H2c) => referee.set_over_http2(),
            None => {}
        }
        Judgement::of(referee)
    }
}

/// See the module.
pub(super) struct Bench {
    appointing: Appointing,
    /// By the slots of their connections.
    referees: Vec<Option<Referee>>,
}

impl Bench {
    pub(super) fn new(appointing: Appointing) -> Bench {
        Bench { appointing, referees: Vec::new() }
    }

    fn judge(&mut self, said: &Said<'_>) -> Found {
        let Bench { appointing, referees } = self;
        match said {
            Said::Event(slot, event) => judge(referees, *slot, event),
            Said::Begins(slot, begins) => {
                let referee = slot.put(referees, appointing.referee(begins));
                appointing.show(begins, referee)
            }
            Said::Ending(slot, facts) => {
                let referee = slot.of(referees)?;
                facts.iter().for_each(|fact| referee.see(&Event::Capture(*fact)));
                Judgement::of(referee)
            }
            Said::Over(slot, _) => {
                slot.clear(referees);
                None
            }
            Said::ClientRandom(_) | Said::Closed(..) => None,
        }
    }
}

/// What the referee of this connection finds in an event.
#[inline]
fn judge(referees: &mut [Option<Referee>], slot: Slot, event: &Event<'_>) -> Found {
    let referee = slot.of(referees)?;
    referee.see(event);
    Judgement::of(referee)
}

/// A bench that is in session: what decoders say is judged and passed on.
pub(super) struct Session<'s, A> {
    pub(super) bench: &'s mut Bench,
    pub(super) before: &'s mut A,
}

impl<A: Attend> Session<'_, A> {
    /// Nearly all that is said.
    #[inline]
    fn unfragmented(&mut self, slot: Slot, frame: &Frame<'_>, message: &Message<'_>) {
        let referees = &mut self.bench.referees;
        let [in_frame, in_message] =
            [Event::Frame(frame), Event::Message(message)].map(|event| judge(referees, slot, &event));
        if in_frame.is_none() && in_message.is_none() {
            return self.before.attend(Said::Event(slot, &Event::Unfragmented(frame, message)), None);
        }
        self.before.attend(Said::Event(slot, &Event::Frame(frame)), in_frame);
        self.before.attend(Said::Event(slot, &Event::Message(message)), in_message);
    }
}

impl<A: Attend> Hear for Session<'_, A> {
    fn hear(&mut self, said: Said<'_>) {
        match &said {
            Said::Event(slot, Event::Unfragmented(frame, message)) => return self.unfragmented(*slot, frame, message),
            Said::Begins(_, begins) => self.before.expect(begins),
            _ => {}
        }
        let found = self.bench.judge(&said);
        self.before.attend(said, found);
    }

    fn look(&self, slot: Slot, depth: Depth) {
        let referees = &self.bench.referees;
        match depth {
            Depth::Ended => {
                if let Some(Some(referee)) = referees.get(slot.0 as usize) {
                    referee.look();
                }
            }
            _ => {
                slot.fetch(referees);
                self.before.look(slot);
            }
        }
    }

    fn turn(&mut self, turn: Turn) {
        self.before.turn(turn);
    }
}
