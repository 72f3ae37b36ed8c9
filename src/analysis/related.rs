//! What was found between one connection and others, in the order of all that was found on it.

use super::bench::Found;
use crate::rules::{Docket, Finding, Standing, capture};
use crate::websocket::Ending;

/// See the module.
#[derive(Debug)]
pub(super) struct Related {
    docket: Docket,
    /// Their indices among the connection's findings.
    indices: Vec<u64>,
}

impl Related {
    /// Nothing yet; at most `limit` findings of a rule are listed.
    pub(super) fn new(limit: u32, standing: Standing) -> Related {
        let mut docket = Docket::new(limit);
        if standing.incomplete {
            docket.doubt();
        }
        Related { docket, indices: Vec::new() }
    }

    /// Adds a finding to what was `found` with it; `listed` counts the findings of the connection.
    pub(super) fn file(&mut self, finding: Finding, listed: &mut u64, found: &mut Found) {
        self.docket.file(finding);
        for finding in self.docket.take() {
            self.indices.push(*listed);
            add(finding, listed, found);
        }
    }

    /// Says at the end of the connection how many findings were not listed.
    pub(super) fn end(&self, ending: &Ending, listed: &mut u64, found: &mut Found) {
        for (rule, count) in self.docket.unlisted() {
            add(capture::unlisted(rule, count).at(ending.last_packet), listed, found);
        }
    }

    /// The index among all findings of one that its referee, who knows nothing of these, numbered so.
    pub(super) fn index_of(&self, mut own: u64) -> u64 {
        for index in &self.indices {
            own += u64::from(*index <= own);
        }
        own
    }
}

fn add(finding: Finding, listed: &mut u64, found: &mut Found) {
    let index = Some(*listed);
    *listed += 1;
    found.get_or_insert_default().findings.push(Finding { index, ..finding });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::ReservedBits;

    /// Of five findings the second and the third are between connections.
    #[test]
    fn a_referee_counts_past_what_it_does_not_know() {
        let standing = Standing { reserved_bits: ReservedBits::Unknown, current_frames: true, incomplete: false };
        let related = Related { indices: vec![1, 2], ..Related::new(1, standing) };
        assert_eq!([0, 1, 2].map(|own| related.index_of(own)), [0, 3, 4]);
    }
}
