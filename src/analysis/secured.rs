//! A TLS connection: its records are opened with the secrets at hand, and what is inside is looked at like any other
//! connection.

use super::above::Above;
use super::closed_tls::LISTED;
use super::live::{Below, Captured, Ends, Live};
use super::said::{Hear, Said};
use super::state::State;
use super::table::GROUPS;
use crate::capture::PacketRef;
use crate::rules::capture;
use crate::tcp::{Delivery, Side};
use crate::tls::{Facts, Session};
use crate::websocket::Ending;
use std::sync::Arc;

/// Bytes that connections together may hold while their secrets are unknown, and what one may hold at most and at
/// least. The more connections there are, the less each may hold.
const HELD_TOGETHER: usize = 32 << 20;
const HELD_MOST: usize = 256 << 10;
const HELD_LEAST: usize = 16 << 10;

/// What one may hold where no secrets can come: the hellos are looked at, and then it is given up.
const HELD_HOPELESS: usize = 4 << 10;

/// See the module.
#[derive(Debug)]
pub(super) struct Secured {
    session: Session,
    inside: Above,
    /// How the plaintext directions ended.
    ends: Ends,
    first: PacketRef,
    /// The target of the CONNECT that opened the tunnel it goes through.
    tunnel: Option<Arc<String>>,
    /// What was told of it last to what is inside.
    told: Option<Arc<Facts>>,
}

impl Secured {
    /// A connection that begins like TLS in this packet, perhaps in a tunnel to this target.
    pub(super) fn begin(first: PacketRef, tunnel: Option<Arc<String>>, below: &Below, state: &mut State) -> Secured {
        let limit = if state.key_log.is_empty() && !state.secrets_may_come {
            HELD_HOPELESS
        } else {
            let together = &mut state.tls_connections[below.group()];
            *together += 1;
            (HELD_TOGETHER / GROUPS / *together).clamp(HELD_LEAST, HELD_MOST)
        };
        let session = Session::new(limit);
        Secured { session, inside: Above::begin(), ends: Ends::default(), first, tunnel, told: None }
    }

    /// Takes what the TCP connection delivers.
    pub(super) fn deliver(
        &mut self,
        side: Side,
        delivery: &Delivery<'_>,
        below: &Below,
        state: &mut State,
        out: &mut dyn Hear,
    ) {
        let key_log = state.key_log.clone();
        self.open(below, state, out, |session, take| {
            session.deliver(side, delivery, &key_log, &mut |side, plain| take(side, plain));
        });
    }

    /// The WebSocket in it.
    pub(super) fn live(&mut self) -> Option<&mut Live> {
        self.inside.live()
    }

    /// Bytes that wait for secrets.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.session.waiting_bytes()
    }

    /// Whether there is no WebSocket in it; says so where that is because it could not be opened.
    pub(super) fn is_other(&self, below: &Below, state: &mut State, out: &mut dyn Hear) -> bool {
        let given_up = self.session.has_given_up();
        if given_up && self.inside.is_undecided() {
            self.say_closed(below, state, out);
        }
        // What is of no interest itself may still be renegotiated.
        let followed = state.options.client_randoms && !given_up;
        given_up && self.inside.is_searched() || self.inside.is_other() && !followed
    }

    /// Nothing more will come.
    pub(super) fn finish(
        mut self,
        below: &Below,
        ending: &Ending,
        captured: &Captured,
        state: &mut State,
        out: &mut dyn Hear,
    ) {
        let key_log = state.key_log.clone();
        self.open(below, state, out, |session, take| session.retry(&key_log, &mut |side, plain| take(side, plain)));
        if self.inside.is_undecided() {
            self.say_closed(below, state, out);
        }
        let below = self.below(below);
        self.inside.finish(&below, ending, captured, state, out);
    }

    /// Hands what the session gives to what is inside.
    fn open(
        &mut self,
        below: &Below,
        state: &mut State,
        out: &mut dyn Hear,
        give: impl FnOnce(&mut Session, &mut dyn FnMut(Side, Delivery<'_>)),
    ) {
        let mut below = self.below(below);
        let Secured { session, inside, ends, .. } = self;
        give(session, &mut |side, delivery| {
            ends.note(side, &delivery, true);
            below.ends.clone_from(ends);
            inside.deliver(side, &delivery, &below, state, out);
        });
        for random in session.take_client_randoms() {
            if state.options.client_randoms {
                out.hear(Said::ClientRandom(random));
            }
        }
    }

    /// The TCP connection as what is inside sees it: acknowledgments and ends are those of the plaintext. The facts
    /// are copied while it is open what is inside, for the connection that may be found there.
    fn below(&mut self, below: &Below) -> Below {
        let facts = self.session.facts();
        let tls = match self.inside.is_searched() {
            // They change with the first few records; a connection that stays closed is not to cost a copy for each.
            true if self.told.as_deref() == Some(facts) => self.told.clone(),
            true => self.told.insert(Arc::new(facts.clone())).clone().into(),
            false => None,
        };
        let depth = below.depth.saturating_add(1);
        Below { ends: self.ends.clone(), opened: true, tls, tunnel: self.tunnel.clone(), depth, ..below.clone() }
    }

    /// Says what is known of it and what is missing, unless all of it that was captured was opened.
    fn say_closed(&self, below: &Below, state: &mut State, out: &mut dyn Hear) {
        let facts = self.session.facts();
        if facts.opened > 0 && facts.unopened.is_none() {
            return;
        }
        let no_key_log = state.key_log.is_empty();
        let ends = [below.first, below.second];
        // No more of them are listed than so many.
        let finding = (state.closed_described < LISTED).then(|| {
            state.closed_described += 1;
            Box::new(capture::tls_undecryptable(ends, facts, no_key_log, self.first))
        });
        out.hear(Said::Closed(self.first, finding));
    }
}
