//! From the analysis to the screen: what a sink is told, put into batches that another thread can take.

use super::model::{FrameRecord, MessageRecord, NewConnection};
use crate::Role;
use crate::analysis::{CaptureSummary, Connection, ConnectionEnd, Sink, Summary};
use crate::rules::Finding;
use crate::websocket::{Frame, Message};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// A batch is sent when it holds this much, or as soon as the screen waits for one.
const BATCH: usize = 4096;
const BATCH_BYTES: usize = 1 << 20;

/// Batches that wait for the screen; the analysis waits when there are more.
const WAITING: usize = 4;

/// Something the analysis told. Places in the spool are counted from the beginning of the batch's bytes.
pub(super) enum Told {
    Connection(Box<NewConnection>),
    /// A frame, and whether it belongs to a message.
    Frame(FrameRecord, bool),
    /// A message of this connection and sender, where it was put together.
    Message(u32, Role, Option<MessageRecord>),
    Finding(Option<u32>, Box<Finding>),
    End(u32, Box<ConnectionEnd>),
    Capture(Box<CaptureSummary>),
    Unreadable(String, String),
    Summary(Summary),
    /// The analysis ended before the captures did; why.
    Failed(String),
}

/// What was told since the batch before, and the bytes of it that go to the spool.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) told: Vec<Told>,
    pub(super) bytes: Vec<u8>,
}

/// The end of the analysis: a sink that sends what it is told to an [`Inlet`].
pub struct Feed {
    batch: Batch,
    sender: SyncSender<Batch>,
    hungry: Arc<AtomicBool>,
}

/// The screen's end.
pub struct Inlet {
    receiver: Receiver<Batch>,
    hungry: Arc<AtomicBool>,
}

/// Both ends.
pub fn channel() -> (Feed, Inlet) {
    let (sender, receiver) = sync_channel(WAITING);
    let hungry = Arc::new(AtomicBool::new(true));
    (Feed { batch: Batch::default(), sender, hungry: hungry.clone() }, Inlet { receiver, hungry })
}

/// What an [`Inlet`] has at the moment.
pub(super) enum Taken {
    Batch(Batch),
    Nothing,
    /// The analysis is over.
    End,
}

impl Inlet {
    /// The next batch, if it is there already.
    pub(super) fn take(&self) -> Taken {
        use std::sync::mpsc::TryRecvError;
        match self.receiver.try_recv() {
            Ok(batch) => Taken::Batch(batch),
            Err(TryRecvError::Disconnected) => Taken::End,
            Err(TryRecvError::Empty) => {
                self.hungry.store(true, Ordering::Relaxed);
                Taken::Nothing
            }
        }
    }
}

impl Feed {
    /// Tells why the analysis could not go on.
    pub fn fail(mut self, why: String) {
        // Where the screen is gone, nobody wants to know.
        let _ = self.tell(Told::Failed(why)).and_then(|()| self.flush());
    }

    fn tell(&mut self, told: Told) -> io::Result<()> {
        self.batch.told.push(told);
        let full = self.batch.told.len() >= BATCH || self.batch.bytes.len() >= BATCH_BYTES;
        if full || self.hungry.swap(false, Ordering::Relaxed) {
            return self.flush();
        }
        Ok(())
    }

    /// Sends what is waiting. An error means that the screen was closed, and ends the analysis.
    fn flush(&mut self) -> io::Result<()> {
        let batch = std::mem::take(&mut self.batch);
        self.sender.send(batch).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

/// The bound on connections and frames, which are counted in 32 bits.
fn too_many() -> io::Error {
    io::Error::other("more connections or frames than can be shown")
}

fn narrow(id: u64) -> io::Result<u32> {
    u32::try_from(id).map_err(|_| too_many())
}

impl Sink for Feed {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        let new = NewConnection::new(connection, &mut self.batch.bytes);
        self.tell(Told::Connection(Box::new(new)))
    }

    fn frame(&mut self, id: u64, frame: &Frame<'_>) -> io::Result<()> {
        let record = FrameRecord::store(id, frame, &mut self.batch.bytes).ok_or_else(too_many)?;
        self.tell(Told::Frame(record, frame.message.is_some()))
    }

    fn message(&mut self, id: u64, message: &Message<'_>) -> io::Result<()> {
        let record = MessageRecord::store(message, &mut self.batch.bytes);
        self.tell(Told::Message(narrow(id)?, message.sender, record))
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        self.tell(Told::Finding(id.map(narrow).transpose()?, Box::new(finding.clone())))
    }

    fn connection_end(&mut self, id: u64, end: &ConnectionEnd) -> io::Result<()> {
        self.tell(Told::End(narrow(id)?, Box::new(end.clone())))
    }

    fn capture(&mut self, capture: &CaptureSummary) -> io::Result<()> {
        self.tell(Told::Capture(Box::new(capture.clone())))
    }

    fn unreadable(&mut self, path: &str, why: &str) -> io::Result<()> {
        self.tell(Told::Unreadable(path.to_owned(), why.to_owned()))
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        self.tell(Told::Summary(*summary))?;
        self.flush()
    }
}
