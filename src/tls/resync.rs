//! After a hole: which record number, and which keys, open the record at hand.
//!
//! Every guess is put to the test of authentication, so a wrong one costs time and never makes data. The bytes that
//! are missing bound how many records can be: none is shorter than its header, nonce and tag.

use crate::tcp::Side;

use super::cipher::{Opened, TLS13};
use super::direction::{Epoch, Guard, Hole, Protection};
use super::facts::Unopened;
use super::input::{Record, Verdict};
use super::record::{HEADER, MAX_BODY};
use super::session::{Context, Session, index, open_with};

/// So much work a connection may take for guessing, as bytes to be authenticated; what was opened is added to it.
/// A capture made to be slow pays with a second at most, and a megabyte of lost small records is found again.
pub(super) const BUDGET: u64 = 64 << 20;

/// What a guess costs beside the bytes of the record.
const GUESS: u64 = 256;

/// What the keys of another epoch cost.
const NEW_KEYS: u64 = 4096;

/// So many record numbers are tried under each key.
const MAX_GUESSES: u64 = 1 << 16;

impl Session {
    /// Looks for the number and the keys that open `record`, the first after a hole, and goes on with them.
    ///
    /// `Ok(None)`: none within the bounds. `Err`: the secret is not there yet.
    pub(super) fn search(
        &mut self,
        side: Side,
        record: &Record<'_>,
        context: &mut Context<'_>,
        scratch: &mut Vec<u8>,
    ) -> Result<Option<Opened>, Verdict> {
        let Some(hole) = self.directions[index(side)].hole else { return Ok(None) };
        let Some(version) = self.handshake.as_ref().and_then(|handshake| Some(handshake.server?.version)) else {
            return Ok(None);
        };
        // RFC 8446 §5.1: the records of TLS 1.3 say 1.2; those of the others the negotiated version.
        if record.header.version != version.min(TLS13 - 1) {
            return Ok(None);
        }
        let current = match &mut self.directions[index(side)].protection {
            Protection::Plain => None,
            Protection::Wanted(_) => return Ok(None),
            Protection::Keyed(guard) => Some(guard.epoch),
        };
        let mut budget = self.budget;
        let mut found = None;
        for epoch in candidates(current) {
            let made;
            let guard = match &self.directions[index(side)].protection {
                Protection::Keyed(guard) if guard.epoch == epoch => &**guard,
                _ => {
                    budget = budget.saturating_sub(NEW_KEYS);
                    match self.guard(side, epoch, context.secrets) {
                        Ok(guard) => made = guard,
                        Err(why @ Unopened::NoSecret(_)) if current.is_none() => return Err(self.wait_for(why)),
                        Err(_) => continue,
                    }
                    &made
                }
            };
            found =
                guess(guard, &hole, record, scratch, &mut budget).map(|(sequence, opened)| (epoch, sequence, opened));
            if found.is_some() {
                break;
            }
        }
        self.budget = budget;
        let Some((epoch, sequence, opened)) = found else {
            if budget == 0 {
                self.stop(side, Unopened::SequenceLost);
            }
            return Ok(None);
        };
        if current != Some(epoch) {
            let Ok(guard) = self.guard(side, epoch, context.secrets) else { return Ok(None) };
            self.directions[index(side)].protection = Protection::Keyed(Box::new(guard));
            self.directions[index(side)].messages.restart();
            self.mark_used(side);
        }
        if let Protection::Keyed(guard) = &mut self.directions[index(side)].protection {
            guard.sequence = sequence.saturating_add(1);
        }
        if let (Epoch::Application(_), true) = (epoch, self.facts.client != Some(side)) {
            self.answer_early(super::facts::EarlyData::Unknown);
        }
        Ok(Some(opened))
    }
}

/// The epochs that can follow a hole that began in `current`: at most two changes of keys are looked for.
fn candidates(current: Option<Epoch>) -> impl Iterator<Item = Epoch> {
    let after = |generation: u32| generation.checked_add(1).map(Epoch::Application);
    let list = match current {
        None | Some(Epoch::Legacy) => [Some(Epoch::Legacy), None, None],
        Some(Epoch::Early) => [Some(Epoch::Early), Some(Epoch::Handshake), Some(Epoch::Application(0))],
        Some(Epoch::Handshake) => [Some(Epoch::Handshake), Some(Epoch::Application(0)), Some(Epoch::Application(1))],
        Some(Epoch::Application(generation)) => {
            let next = after(generation);
            [current, next, generation.checked_add(1).and_then(after)]
        }
    };
    list.into_iter().flatten()
}

/// Tries record numbers, the likeliest first.
fn guess(
    guard: &Guard,
    hole: &Hole,
    record: &Record<'_>,
    scratch: &mut Vec<u8>,
    budget: &mut u64,
) -> Option<(u64, Opened)> {
    let first = if hole.epoch == Some(guard.epoch) { hole.sequence } else { 0 };
    let bytes = record.offset.saturating_sub(hole.from);
    let most = if hole.uncounted { bytes / guard.opener.shortest() as u64 } else { hole.records };
    let most = most.min(MAX_GUESSES);
    // If all that is missing were records of full length there would be so few of them.
    let fewest = bytes.div_ceil((HEADER + MAX_BODY) as u64).min(most);
    let cost = record.body.len() as u64 + GUESS;
    for lost in (fewest..=most).chain(0..fewest) {
        if *budget < cost {
            *budget = 0;
            return None;
        }
        *budget -= cost;
        let sequence = first.saturating_add(lost);
        if let Some(opened) = open_with(&guard.opener, sequence, record, scratch) {
            return Some((sequence, opened));
        }
    }
    None
}
