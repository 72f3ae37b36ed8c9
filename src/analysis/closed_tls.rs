//! TLS connections that could not be opened: a finding each, up to a bound, and how many more there were.

use crate::capture::PacketRef;
use crate::rules::{Finding, capture};

/// So many are listed of a capture; of a busy server's there may be millions.
pub(super) const LISTED: usize = 100;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct ClosedTls {
    listed: Vec<Finding>,
    /// How many were not listed, and where the first of them begins.
    unlisted: Option<(u64, PacketRef)>,
}

impl ClosedTls {
    /// Takes what there is to say of a connection that begins in this packet.
    pub(super) fn add(&mut self, first: PacketRef, finding: Option<Finding>) {
        match finding {
            Some(finding) if self.listed.len() < LISTED => self.listed.push(finding),
            _ => self.unlisted.get_or_insert((0, first)).0 += 1,
        }
    }

    /// What was taken since the last call, in the order of the capture.
    pub(super) fn take(&mut self) -> Vec<Finding> {
        let mut findings = std::mem::take(&mut self.listed);
        findings.sort_by_key(|finding| finding.packet.map(|packet| packet.number()));
        findings.extend(self.unlisted.take().map(|(count, first)| capture::more_undecryptable(count, first)));
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_connections_are_a_hundred_findings_and_a_number() {
        let mut closed = ClosedTls::default();
        for number in (1..=1_000_000).rev() {
            let first = PacketRef::new(number, None, 0, 0);
            closed.add(first, Some(capture::more_undecryptable(1, first)));
        }
        let findings = closed.take();
        assert_eq!(findings.len(), 101);
        let numbers: Vec<_> = findings.iter().map(|finding| finding.packet.unwrap().number()).collect();
        assert!(numbers[..100].is_sorted());
        assert_eq!(findings[100].message, "999900 more connections are encrypted by TLS and not opened");
        assert!(closed.take().is_empty());
    }
}
