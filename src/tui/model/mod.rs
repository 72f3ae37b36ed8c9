//! What the captures hold, in a form that a million frames fit into: small records in memory, everything else in the
//! [spool](spool) until it is looked at.

mod frame;
mod message;
mod sheet;
mod spool;

pub use frame::{FrameRecord, StoredFrame};
pub use message::MessageRecord;
pub use sheet::Entry;

use super::told::{Batch, Told};
use crate::analysis::{CaptureSummary, Connection, ConnectionEnd, Summary};
use crate::report::overview::Outline;
use crate::rules::{Finding, Severity};
use crate::websocket::{AcceptCheck, Family};
use crate::{PerRole, Role};
use spool::Spool;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;

/// A connection as it begins.
pub(super) struct NewConnection {
    outline: Outline,
    /// Its sheet's place and length in the batch's bytes.
    sheet: (u64, usize),
    deflate: bool,
    hixie: bool,
    key: Option<(String, Option<AcceptCheck>)>,
}

impl NewConnection {
    /// Takes what is kept, and appends the sheet to `out`.
    pub(super) fn new(connection: &Connection<'_>, out: &mut Vec<u8>) -> NewConnection {
        let start = out.len();
        sheet::write(connection, out);
        let handshake = connection.handshake;
        let key = handshake
            .and_then(|handshake| Some((handshake.attempt.request.as_ref()?.first("sec-websocket-key")?, handshake)));
        NewConnection {
            outline: Outline::new(connection),
            sheet: (start as u64, out.len() - start),
            deflate: handshake.is_none_or(|handshake| handshake.deflate.is_some()),
            hixie: handshake.is_some_and(|it| matches!(it.family, Family::Hixie75 | Family::Hixie76)),
            key: key.map(|(key, handshake)| (String::from_utf8_lossy(key).into_owned(), handshake.accept.clone())),
        }
    }
}

/// A connection.
pub(super) struct Conn {
    pub(super) outline: Outline,
    sheet: (u64, usize),
    /// permessage-deflate was agreed, or may have been.
    pub(super) deflate: bool,
    /// Its frames are those of the drafts before hybi.
    pub(super) hixie: bool,
    /// The key of its handshake, and the answer held against it.
    pub(super) key: Option<(String, Option<AcceptCheck>)>,
    /// Its frames' places in the list of all frames, in order.
    pub(super) frames: Vec<u32>,
    /// Frames of the message that is open in each direction.
    open: PerRole<Vec<u32>>,
    pub(super) end: Option<Box<ConnectionEnd>>,
    /// Findings of each severity: notes, warnings, errors.
    counts: [u32; 3],
}

impl Conn {
    /// How many findings of this severity there are.
    pub(super) fn count(&self, severity: Severity) -> u32 {
        self.counts[severity as usize]
    }

    /// The worst severity among its findings.
    pub(super) fn worst(&self) -> Option<Severity> {
        [Severity::Error, Severity::Warning, Severity::Note].into_iter().find(|&severity| self.count(severity) > 0)
    }
}

/// A finding and where it belongs.
pub(super) struct Found {
    pub(super) connection: Option<u32>,
    pub(super) finding: Finding,
}

/// How far the reading is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Reading,
    Done,
    /// It ended early; why.
    Failed(String),
}

/// See the module.
pub(super) struct Model {
    pub(super) captures: Vec<CaptureSummary>,
    pub(super) unreadable: Vec<(String, String)>,
    pub(super) connections: Vec<Conn>,
    pub(super) frames: Vec<FrameRecord>,
    messages: Vec<MessageRecord>,
    pub(super) findings: Vec<Found>,
    /// Findings by connection and frame.
    by_frame: BTreeMap<(u32, u32), Vec<u32>>,
    pub(super) summary: Option<Summary>,
    pub(super) progress: Progress,
    spool: RefCell<Spool>,
}

impl Model {
    pub(super) fn new() -> Model {
        Model {
            captures: Vec::new(),
            unreadable: Vec::new(),
            connections: Vec::new(),
            frames: Vec::new(),
            messages: Vec::new(),
            findings: Vec::new(),
            by_frame: BTreeMap::new(),
            summary: None,
            progress: Progress::Reading,
            spool: RefCell::new(Spool::new()),
        }
    }

    /// Takes in what was told.
    ///
    /// # Errors
    /// There is no room for the bytes that belong to it; nothing of the batch is taken then.
    pub(super) fn take(&mut self, batch: Batch) -> io::Result<()> {
        let spool = self.spool.get_mut();
        let base = spool.length();
        spool.append(&batch.bytes)?;
        for told in batch.told {
            self.hear(told, base);
        }
        Ok(())
    }

    fn hear(&mut self, told: Told, base: u64) {
        match told {
            Told::Connection(new) => {
                let NewConnection { outline, sheet: (at, length), deflate, hixie, key } = *new;
                self.connections.push(Conn {
                    outline,
                    sheet: (base + at, length),
                    deflate,
                    hixie,
                    key,
                    frames: Vec::new(),
                    open: PerRole::default(),
                    end: None,
                    counts: [0; 3],
                });
            }
            Told::Frame(mut record, in_message) => {
                record.spool += base;
                // The feed refuses more frames than this can count.
                let Ok(id) = u32::try_from(self.frames.len()) else { return };
                let Some(connection) = self.connections.get_mut(record.connection as usize) else { return };
                connection.frames.push(id);
                if in_message {
                    connection.open[record.sender()].push(id);
                }
                self.frames.push(record);
            }
            Told::Message(connection, sender, record) => self.message(connection, sender, record, base),
            Told::Finding(connection, finding) => self.finding(connection, *finding),
            Told::End(connection, end) => {
                if let Some(connection) = self.connections.get_mut(connection as usize) {
                    connection.outline.finish(&end);
                    connection.end = Some(end);
                    connection.open = PerRole::default();
                }
            }
            Told::Capture(capture) => self.captures.push(*capture),
            Told::Unreadable(path, why) => self.unreadable.push((path, why)),
            Told::Summary(summary) => {
                self.summary = Some(summary);
                self.progress = Progress::Done;
            }
            Told::Failed(why) => self.progress = Progress::Failed(why),
        }
    }

    fn message(&mut self, connection: u32, sender: Role, record: Option<MessageRecord>, base: u64) {
        let Some(connection) = self.connections.get_mut(connection as usize) else { return };
        let frames = std::mem::take(&mut connection.open[sender]);
        let (Some(mut record), Ok(id)) = (record, u32::try_from(self.messages.len())) else { return };
        record.spool += base;
        for frame in frames {
            if let Some(frame) = self.frames.get_mut(frame as usize)
                && (record.first..=record.last).contains(&frame.index)
            {
                frame.message = id;
            }
        }
        self.messages.push(record);
    }

    fn finding(&mut self, connection: Option<u32>, finding: Finding) {
        let Ok(id) = u32::try_from(self.findings.len()) else { return };
        if let Some(connection) = connection
            && !finding.known
        {
            if let Some(connection) = self.connections.get_mut(connection as usize) {
                connection.counts[finding.severity as usize] += 1;
            }
            if let Some(frame) = finding.frame.and_then(|frame| u32::try_from(frame).ok()) {
                self.by_frame.entry((connection, frame)).or_default().push(id);
            }
        }
        self.findings.push(Found { connection, finding });
    }

    /// The frame with this place in the list of all frames.
    pub(super) fn frame(&self, id: u32) -> Option<&FrameRecord> {
        self.frames.get(id as usize)
    }

    /// The place of a connection's frame in the list of all frames.
    pub(super) fn place(&self, connection: u32, index: u32) -> Option<u32> {
        self.connections.get(connection as usize)?.frames.get(index as usize).copied()
    }

    /// The frame with at most `payload` bytes of its payload; `None` where the spool cannot be read.
    pub(super) fn read(&self, id: u32, payload: usize) -> Option<StoredFrame> {
        let record = self.frame(id)?;
        let bytes = self.spool.borrow_mut().read(record.spool, record.stored(payload)).ok()?;
        record.restore(bytes)
    }

    /// The message that was put together from this frame and others, or from this frame by inflating.
    pub(super) fn message_of(&self, id: u32) -> Option<&MessageRecord> {
        self.messages.get(self.frame(id)?.message as usize)
    }

    /// At most `length` bytes of a message.
    pub(super) fn message_bytes(&self, message: &MessageRecord, length: usize) -> Vec<u8> {
        let length = (message.kept as usize).min(length);
        self.spool.borrow_mut().read(message.spool, length).unwrap_or_default()
    }

    /// What is known of a connection from its beginning.
    pub(super) fn sheet(&self, connection: u32) -> Vec<Entry> {
        let Some(connection) = self.connections.get(connection as usize) else { return Vec::new() };
        let (offset, length) = connection.sheet;
        sheet::read(&self.spool.borrow_mut().read(offset, length).unwrap_or_default())
    }

    /// Findings about a frame.
    pub(super) fn findings_of(&self, connection: u32, index: u32) -> impl Iterator<Item = &Finding> {
        let ids = self.by_frame.get(&(connection, index));
        ids.into_iter().flatten().filter_map(|&id| Some(&self.findings.get(id as usize)?.finding))
    }

    /// The worst severity that was found about a frame.
    pub(super) fn mark(&self, frame: &FrameRecord) -> Option<Severity> {
        self.findings_of(frame.connection, frame.index).map(|finding| finding.severity).max()
    }
}
