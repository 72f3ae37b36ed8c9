//! Reassembly of IPv4 and IPv6 fragments (RFC 791 §3.2, RFC 8200 §4.5) in bounded memory.
//!
//! The bytes that come first stay. RFC 5722 §4 wants IPv6 datagrams with overlapping fragments dropped; but a
//! capture is not the receiver, and what the receiver did is not known. Overlaps with other bytes are counted.
//!
//! A complete datagram stays in the store until it is the oldest: captures that see each packet twice (mirror ports,
//! the `any` interface) bring its fragments again, and without it a late copy would wait for a datagram that reuses
//! the identification, and end up in it.

mod datagram;
mod ranges;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use etherparse::{IpNumber, ip_number};

use self::datagram::Datagram;
use super::ip::IpPayload;
use super::malformed::{Fault, Malformed};
use super::span::Span;
use super::walk::Fragment;
use crate::capture::Timestamp;

/// The largest payload that an IP length field can express, and so the largest end of a fragment.
const MAX_DATAGRAM: usize = 65_535;

/// Bounds on the fragments that wait for their datagram to be complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentLimits {
    /// Datagrams; the oldest is given up for a new one. At least one is kept.
    pub datagrams: usize,
    /// Bytes of all datagrams together; the oldest are given up.
    pub bytes: usize,
    /// How long after its first fragment a datagram still takes others. Later ones begin a new datagram, because
    /// identifications are used again.
    pub age: Duration,
}

impl Default for FragmentLimits {
    /// Linux' bounds: 4 MiB (`ipfrag_high_thresh`) and 30 seconds (`ipfrag_time`).
    fn default() -> Self {
        FragmentLimits { datagrams: 1024, bytes: 4 << 20, age: Duration::from_secs(30) }
    }
}

/// What became of fragmented datagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FragmentCounts {
    /// Datagrams put together.
    pub reassembled: u64,
    /// Datagrams of which fragments are missing and may still come.
    pub incomplete: u64,
    /// Incomplete datagrams given up because [`FragmentLimits::datagrams`] or [`FragmentLimits::bytes`] was reached,
    /// or because they came in an absurd number of separate parts.
    pub dropped: u64,
    /// Incomplete datagrams given up because they were older than [`FragmentLimits::age`].
    pub expired: u64,
    /// Fragments that contradict an earlier one of their datagram: other bytes for the same place, or another end.
    pub contradictions: u64,
    /// Fragments of a datagram that was already complete, with the same bytes.
    pub duplicates: u64,
}

/// A datagram put together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Complete {
    /// The header of its first fragment.
    pub(super) ip: IpPayload,
    /// How many of its bytes the snapshot length cut, counted from the first that is missing.
    pub(super) missing: usize,
}

/// What the fragments of one datagram have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    /// Part of the key in IPv4 only (RFC 791 §3.2); in IPv6 fragments may differ in it (RFC 8200 §4.5).
    protocol: IpNumber,
    identification: u32,
}

impl From<&Fragment> for Key {
    fn from(fragment: &Fragment) -> Self {
        let IpPayload { source, destination, protocol, .. } = fragment.ip;
        let protocol = if source.is_ipv6() { ip_number::IPV6_FRAG } else { protocol };
        Key { source, destination, protocol, identification: fragment.identification }
    }
}

/// Datagrams whose fragments are coming, and a few that are complete.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    limits: FragmentLimits,
    /// The addresses and identifications are an attacker's choice: the hasher is seeded.
    datagrams: HashMap<Key, Datagram, foldhash::quality::RandomState>,
    /// The keys of `datagrams`, the oldest first.
    order: VecDeque<Key>,
    /// Bytes that `datagrams` hold.
    bytes: usize,
    counts: FragmentCounts,
}

impl Fragments {
    /// An empty store.
    pub(super) fn new(limits: FragmentLimits) -> Self {
        Fragments { limits, ..Fragments::default() }
    }

    /// What became of the fragments so far.
    pub(super) fn counts(&self) -> FragmentCounts {
        self.counts
    }

    /// Takes a fragment seen at `time`. Where it completes a datagram, `whole` becomes that datagram's bytes.
    pub(super) fn add(
        &mut self,
        fragment: &Fragment,
        part: Span<'_>,
        time: Option<Timestamp>,
        whole: &mut Vec<u8>,
    ) -> Result<Option<Complete>, Malformed> {
        check(fragment, part)?;
        let key = Key::from(fragment);
        if self.datagrams.contains_key(&key) {
            if self.is_duplicate_or_begins_anew(&key, fragment, part, time) {
                return Ok(None);
            }
        } else {
            self.begin(key, time);
        }

        let Some(datagram) = self.datagrams.get_mut(&key) else { return Ok(None) };
        let before = datagram.allocated();
        let placed = datagram.place(fragment, part);
        self.bytes = self.bytes + datagram.allocated() - before;
        self.counts.contradictions += u64::from(placed.contradicts);
        let complete = datagram.whole().map(|(ip, bytes, missing)| {
            whole.clear();
            whole.extend_from_slice(bytes);
            Complete { ip, missing }
        });
        if complete.is_some() {
            datagram.set_complete();
            self.counts.incomplete -= 1;
            self.counts.reassembled += 1;
        } else if placed.scattered {
            self.drop_datagram(&key);
        }
        while self.bytes > self.limits.bytes && self.drop_oldest() {}
        Ok(complete)
    }

    /// For a datagram that is in the store: whether the fragment repeats what is complete. Where it cannot belong to
    /// the datagram, that one makes room for a new one.
    fn is_duplicate_or_begins_anew(
        &mut self,
        key: &Key,
        fragment: &Fragment,
        part: Span<'_>,
        time: Option<Timestamp>,
    ) -> bool {
        let Some(datagram) = self.datagrams.get_mut(key) else { return false };
        let expired = match (time, datagram.begun()) {
            (Some(now), Some(begun)) => now.since(begun) > self.limits.age,
            _ => false,
        };
        if datagram.is_complete() {
            if !expired && datagram.holds(fragment, part) {
                self.counts.duplicates += 1;
                return true;
            }
            datagram.begin(time);
            self.counts.incomplete += 1;
        } else if expired {
            datagram.begin(time);
            self.counts.expired += 1;
        }
        false
    }

    /// Makes room for a datagram and puts it in the store.
    fn begin(&mut self, key: Key, time: Option<Timestamp>) {
        while self.datagrams.len() >= self.limits.datagrams.max(1) && self.drop_oldest() {}
        self.datagrams.entry(key).or_default().begin(time);
        self.order.push_back(key);
        self.counts.incomplete += 1;
    }

    /// Takes the oldest datagram out of the store; false where there is none.
    fn drop_oldest(&mut self) -> bool {
        let Some(key) = self.order.pop_front() else { return false };
        self.forget(&key);
        true
    }

    /// Takes a datagram out of the store before its turn.
    fn drop_datagram(&mut self, key: &Key) {
        self.order.retain(|other| other != key);
        self.forget(key);
    }

    fn forget(&mut self, key: &Key) {
        let Some(datagram) = self.datagrams.remove(key) else { return };
        self.bytes -= datagram.allocated();
        if !datagram.is_complete() {
            self.counts.incomplete -= 1;
            self.counts.dropped += 1;
        }
    }
}

/// Refuses what cannot be a fragment.
fn check(fragment: &Fragment, part: Span<'_>) -> Result<(), Malformed> {
    let length = part.wire_length();
    // All but the last end on a multiple of 8 bytes, in which offsets are counted (RFC 791 §3.2, RFC 8200 §4.5).
    let ends_between_offsets = fragment.more && !length.is_multiple_of(8);
    let beyond = length > MAX_DATAGRAM.saturating_sub(fragment.offset);
    if length == 0 || ends_between_offsets || beyond {
        return Err(Malformed { header: "fragment", fault: Fault::Invalid });
    }
    Ok(())
}
