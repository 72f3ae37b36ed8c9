//! What became known about a capture while it was read.

use super::{LinkType, Timestamp};

/// What is known about a capture so far; complete once [`next_packet`](super::Reader::next_packet) has given `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// The path as given, `-` for standard input.
    pub name: String,
    /// `pcap` or `pcapng`.
    pub format: &'static str,
    /// `gzip`, `zstd` or `lz4` where the capture was compressed.
    pub compression: Option<&'static str>,
    /// Link types of the packets read, in order of appearance: at most [`Info::MAX_LINK_TYPES`].
    pub link_types: Vec<LinkType>,
    /// Packets read.
    pub packets: u64,
    /// Packets of which fewer bytes were captured than were on the wire.
    pub snapped_packets: u64,
    /// Snapshot length in bytes: that of the pcap header, or the largest of the pcapng interfaces. `None` where the
    /// capture states no limit (a length of 0).
    pub snapshot_length: Option<u32>,
    /// Bytes read, after decompression: whole records and blocks only.
    pub bytes: u64,
    /// Earliest time of a packet.
    pub first_time: Option<Timestamp>,
    /// Latest time of a packet.
    pub last_time: Option<Timestamp>,
    /// The capture ends inside a record, or the compressed stream around it ends early.
    pub truncated: bool,
    /// What made reading stop before the end: one line that names the place. Packets after it are not seen.
    pub fault: Option<String>,
    /// Decryption Secrets Blocks that were not kept because the limit on their bytes was reached.
    pub secrets_dropped: u64,
}

impl Info {
    /// Link types that are listed. No sound capture has so many; the list is searched, so a hostile one must not grow it.
    pub const MAX_LINK_TYPES: usize = 64;

    #[inline]
    pub(super) fn saw_link_type(&mut self, link: LinkType) {
        // Nearly always the same type as before: look there first.
        if self.link_types.first() != Some(&link)
            && self.link_types.len() < Self::MAX_LINK_TYPES
            && !self.link_types.contains(&link)
        {
            self.link_types.push(link);
        }
    }

    #[inline]
    pub(super) fn saw_time(&mut self, time: Timestamp) {
        if self.last_time < Some(time) {
            self.last_time = Some(time);
        }
        if self.first_time.is_none_or(|first| time < first) {
            self.first_time = Some(time);
        }
    }

    /// A length of 0 states no limit.
    pub(super) fn saw_snapshot_length(&mut self, length: u32) {
        if length > 0 {
            self.snapshot_length = self.snapshot_length.max(Some(length));
        }
    }
}
