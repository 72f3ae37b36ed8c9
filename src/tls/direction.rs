//! The state of one direction: its keys, its record number, its plaintext offset, and what is lost of it.

use std::collections::VecDeque;

use crate::capture::PacketRef;
use crate::tcp::MissingCause;

use super::cipher::Opener;
use super::input::Input;
use super::key_log::Secret;
use super::messages::Messages;
use super::record::MAX_BODY;

/// Which keys protect a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Epoch {
    /// TLS 1.2 and older: between one ChangeCipherSpec and the next.
    Legacy,
    /// TLS 1.3, 0-RTT data.
    Early,
    /// TLS 1.3, from ServerHello to Finished.
    Handshake,
    /// TLS 1.3, after this many KeyUpdates.
    Application(u32),
}

/// The keys in force and the number of the next record under them.
pub(super) struct Guard {
    pub epoch: Epoch,
    pub opener: Opener,
    pub sequence: u64,
    /// The traffic secret, from which KeyUpdate makes the next; `None` before TLS 1.3.
    pub secret: Option<Secret>,
}

pub(super) enum Protection {
    /// Records are in the clear.
    Plain,
    /// Records are encrypted from here on; the keys are looked for when the first comes.
    Wanted(Epoch),
    Keyed(Box<Guard>),
}

impl Protection {
    pub fn epoch(&self) -> Option<Epoch> {
        match self {
            Protection::Plain => None,
            Protection::Wanted(epoch) => Some(*epoch),
            Protection::Keyed(guard) => Some(guard.epoch),
        }
    }

    pub fn sequence(&self) -> u64 {
        match self {
            Protection::Keyed(guard) => guard.sequence,
            _ => 0,
        }
    }
}

/// Bytes of the encrypted stream that were not opened, up to now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hole {
    /// Stream offset of the first record that is lost.
    pub from: u64,
    /// The epoch and the number of that record; `None` for a record in the clear.
    pub epoch: Option<Epoch>,
    pub sequence: u64,
    /// How many records are lost, unless `uncounted`.
    pub records: u64,
    /// Where records begin and end in the hole is not known.
    pub uncounted: bool,
    /// Bytes, headers included, and number of the lost records that cannot have been application data.
    pub aside: (u64, u64),
    pub cause: MissingCause,
    pub packet: PacketRef,
}

impl Hole {
    /// Whether application data may have been in the hole.
    ///
    /// `reached` is the epoch and record number at which the stream goes on, if it does.
    fn may_hold_data(&self, reached: Option<(Epoch, u64)>) -> bool {
        match (self.epoch, reached) {
            (Some(Epoch::Early | Epoch::Application(_)), _) => true,
            // Before TLS 1.3 record 0 is Finished.
            (_, Some((Epoch::Legacy, sequence))) => sequence > 1,
            (_, Some((Epoch::Application(_), sequence))) => sequence > 0,
            (_, Some((Epoch::Early | Epoch::Handshake, _))) => false,
            (Some(_), None) => true,
            (None, None) => false,
        }
    }

    /// How many bytes of plaintext were in the hole that ends at stream offset `end`.
    ///
    /// Exact where all the lost records were unpadded application data under an AEAD suite: then nothing but their
    /// headers, nonces and tags, `overhead` bytes each, stands between ciphertext and plaintext. Otherwise an
    /// estimate: handshake messages count as data, CBC padding with its mean, and where the stream does not go on,
    /// records with their greatest length.
    pub fn plaintext(&self, end: u64, overhead: u64, reached: Option<(Epoch, u64)>) -> u64 {
        if !self.may_hold_data(reached) {
            return 0;
        }
        let bytes = end.saturating_sub(self.from);
        let records = match reached {
            Some((epoch, sequence)) if Some(epoch) == self.epoch => sequence.saturating_sub(self.sequence),
            // At least one record, the last of the old epoch, was lost beside those of the new; where all that is lost was
            // seen, never more than that.
            Some((Epoch::Application(_), sequence)) => {
                let numbered = sequence.saturating_add(1);
                if self.uncounted { numbered } else { numbered.min(self.records) }
            }
            _ if self.uncounted => bytes.div_ceil(MAX_BODY as u64),
            _ => self.records,
        };
        let (aside_bytes, aside_records) = self.aside;
        bytes.saturating_sub(aside_bytes).saturating_sub(records.saturating_sub(aside_records).saturating_mul(overhead))
    }
}

/// Which part of the plaintext could be read by whoever had received the encrypted stream up to some offset.
#[derive(Debug, Default)]
pub(super) struct Milestones {
    /// Stream offset after a record, and plaintext offset after it.
    list: VecDeque<(u64, u64)>,
    forgotten: bool,
}

impl Milestones {
    /// So far back looks an acknowledgment as a rule: a window of large records.
    const KEPT: usize = 64;

    pub fn push(&mut self, offset: u64, plain: u64) {
        // A record without data adds nothing to what could be read.
        if self.list.back().map_or(0, |&(_, before)| before) == plain {
            return;
        }
        if self.list.len() == Self::KEPT {
            self.list.pop_front();
            self.forgotten = true;
        }
        self.list.push_back((offset, plain));
    }

    /// `None` where that is not known any more.
    pub fn plaintext_before(&self, offset: u64) -> Option<u64> {
        match self.list.partition_point(|&(end, _)| end <= offset).checked_sub(1) {
            Some(index) => self.list.get(index).map(|&(_, plain)| plain),
            None if self.forgotten => None,
            None => Some(0),
        }
    }
}

/// One direction of a TLS connection.
pub(super) struct Direction {
    pub input: Input,
    pub protection: Protection,
    pub messages: Messages,
    pub hole: Option<Hole>,
    pub milestones: Milestones,
    /// Plaintext delivered or reported missing, in bytes.
    pub plain: u64,
    /// Stream offset after what was delivered to us.
    pub end: u64,
    /// Records in a row that did not open.
    pub failures: u32,
    /// Records that were opened.
    pub opened: u64,
    /// Stream offset after the last of these.
    pub opened_end: Option<u64>,
    /// 0-RTT records that cannot be opened, or that the server threw away, may come before the handshake's.
    pub skips_early: Option<SkipEarly>,
    /// A record waits for a secret or for the other direction.
    pub blocked: bool,
    /// No further record is tried.
    pub stopped: bool,
}

/// Why 0-RTT records are passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SkipEarly {
    /// They are not part of the conversation.
    Rejected,
    /// Their secret is not known: they are a hole.
    NoSecret,
}

impl Direction {
    pub fn new() -> Direction {
        Direction {
            input: Input::default(),
            protection: Protection::Plain,
            messages: Messages::default(),
            hole: None,
            milestones: Milestones::default(),
            plain: 0,
            end: 0,
            failures: 0,
            opened: 0,
            opened_end: None,
            skips_early: None,
            blocked: false,
            stopped: false,
        }
    }

    /// The hole under way, or a new one that begins with the record at `from`.
    pub fn open_hole(&mut self, from: u64, cause: MissingCause, packet: PacketRef) -> &mut Hole {
        let (epoch, sequence) = (self.protection.epoch(), self.protection.sequence());
        self.hole.get_or_insert(Hole {
            from,
            epoch,
            sequence,
            records: 0,
            uncounted: false,
            aside: (0, 0),
            cause,
            packet,
        })
    }

    /// A whole record, of `length` bytes with its header, is lost; the next one's number is known.
    pub fn lose_record(&mut self, from: u64, length: u64, data: bool, cause: MissingCause, packet: PacketRef) {
        let hole = self.open_hole(from, cause, packet);
        hole.records = hole.records.saturating_add(1);
        if !data {
            hole.aside = (hole.aside.0.saturating_add(length), hole.aside.1.saturating_add(1));
        }
        if let Protection::Keyed(guard) = &mut self.protection {
            guard.sequence = guard.sequence.saturating_add(1);
        }
    }
}
