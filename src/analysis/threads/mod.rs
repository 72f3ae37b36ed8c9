//! The decoding of connections shared out to threads.
//!
//! ```text
//!              ┌─ Batch ─▶ a set of flows ─ Log ─┐
//! reads ───────┤                                 ├──▶ court, sink
//!              └─ Batch ─▶ a set of flows ─ Log ─┘
//! ```
//!
//! One thread reads and finds the segments. Each of the others decodes and judges a set of flows: a connection belongs to
//! one by a hash of its two ends. What is said and found is kept in logs, and the thread that called tells it to the court
//! in the order of the packets: what it tells the sink is what it would without threads.

mod batch;
mod log;

use super::analyzer::Set;
use super::bench::Attend;
use super::court::Sitting;
use super::intake::{Intake, Noticed, Take};
use super::said::Turn;
use crate::capture::{Packet, PacketRef, Reader};
use crate::packet::Segment;
use crate::tls::KeyLog;
use batch::{Batch, Then};
use log::{Log, Replay};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

/// Batches that wait for a thread: what they hold is the only memory that threads cost.
const WAITING: usize = 4;

/// Reads a capture to its end and tells what is in it. Connections end with it unless captures are joined.
pub(super) fn read(
    reader: &mut Reader,
    intake: &mut Intake,
    sets: &mut [Set],
    join: bool,
    out: &mut Sitting<'_>,
) -> Noticed {
    thread::scope(|scope| {
        let mut feeds = Vec::new();
        let mut decoders = Vec::new();
        for (index, set) in sets.iter_mut().enumerate() {
            let (feed, batches) = sync_channel(WAITING);
            let (told, logs) = sync_channel(WAITING);
            let (spent, empty) = channel();
            scope.spawn(move || decode(set, index, &batches, &told, &empty));
            feeds.push(feed);
            decoders.push(Decoder { logs, spent });
        }
        let (spent, empty) = channel();
        let reading = scope.spawn(move || {
            let mut feeder = Feeder { batch: Batch::new(feeds.len()), feeds, empty };
            let noticed = intake.read(reader, &mut feeder);
            // Nobody waits for it where the sink refused something.
            let _ = feeder.send(if join { Then::Rest } else { Then::End(intake.last) });
            noticed
        });
        tell(&decoders, &spent, out);
        // Threads that wait for room learn that nobody listens.
        drop(decoders);
        reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Tells what is still open when no more captures come.
pub(super) fn finish(sets: &mut [Set], end: Option<PacketRef>, out: &mut Sitting<'_>) {
    let mut logs: Vec<Log> = sets
        .iter_mut()
        .map(|set| {
            let mut log = Log::default();
            set.finish(end, &mut log);
            log
        })
        .collect();
    merge(logs.iter_mut().map(Log::replay).collect(), out);
}

/// The way of batches from the thread that reads.
struct Feeder {
    batch: Batch,
    feeds: Vec<SyncSender<Arc<Batch>>>,
    /// Batches that all are done with.
    empty: Receiver<Batch>,
}

impl Feeder {
    fn send(&mut self, then: Then) -> ControlFlow<()> {
        self.batch.then = then;
        let next = self.empty.try_recv().unwrap_or_else(|_| Batch::new(self.feeds.len()));
        let batch = Arc::new(std::mem::replace(&mut self.batch, next));
        for feed in &self.feeds {
            if feed.send(batch.clone()).is_err() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }
}

impl Take for Feeder {
    fn key_log(&mut self, key_log: &Arc<KeyLog>) {
        if !self.batch.is_empty() {
            let _ = self.send(Then::More);
        }
        self.batch.key_log = Some(key_log.clone());
    }

    fn pause(&mut self) {
        let _ = self.send(Then::Pause);
    }

    #[inline(always)]
    fn segment(&mut self, segment: &Segment<'_>, packet: &Packet<'_>) -> ControlFlow<()> {
        self.batch.push(segment, packet);
        if self.batch.is_full() { self.send(Then::More) } else { ControlFlow::Continue(()) }
    }
}

/// What a thread does that decodes and judges a set of flows.
fn decode(
    set: &mut Set,
    index: usize,
    batches: &Receiver<Arc<Batch>>,
    told: &SyncSender<(Arc<Batch>, Log)>,
    empty: &Receiver<Log>,
) {
    for batch in batches {
        let mut log = empty.try_recv().unwrap_or_default();
        log.clear();
        if let Some(key_log) = &batch.key_log {
            set.state.key_log = key_log.clone();
        }
        batch.each(index, |passed, segment, packet| {
            set.pass(passed, &mut log);
            set.segment(segment, packet, &mut log);
            log.turn(Turn::of(packet.at));
        });
        set.pass(batch.rest(index), &mut log);
        if let Then::End(last) = batch.then {
            set.finish(last, &mut log);
        }
        if told.send((batch, log)).is_err() {
            return;
        }
    }
}

/// What comes from a thread that decodes, and where its memory goes back to.
struct Decoder {
    logs: Receiver<(Arc<Batch>, Log)>,
    spent: Sender<Log>,
}

/// Tells what the decoders said, batch by batch, to the end of the capture or until the sink refuses something.
fn tell(decoders: &[Decoder], spent: &Sender<Batch>, out: &mut Sitting<'_>) {
    while !out.teller.failed() {
        let received: Option<Vec<_>> = decoders.iter().map(|decoder| decoder.logs.recv().ok()).collect();
        // A thread that ended early did so by a panic, which is passed on where it is joined.
        let Some(mut received) = received else { return };
        merge(received.iter_mut().map(|(_, log)| log.replay()).collect(), out);
        let then = received.first().map(|(batch, _)| batch.then);
        for ((batch, log), decoder) in received.into_iter().zip(decoders) {
            // Whoever is gone needs no memory.
            let _ = decoder.spent.send(log);
            if let Some(mut batch) = Arc::into_inner(batch) {
                batch.clear();
                let _ = spent.send(batch);
            }
        }
        match then {
            Some(Then::More) => {}
            Some(Then::Pause) => out.teller.tell(|sink| sink.pause()),
            Some(Then::End(_) | Then::Rest) | None => return,
        }
    }
}

/// Tells logs turn by turn, the earliest first.
fn merge(mut logs: Vec<Replay<'_>>, out: &mut Sitting<'_>) {
    loop {
        let next = logs.iter().enumerate().filter_map(|(set, log)| Some((log.next()?, set))).min();
        let Some((_, set)) = next else { return };
        out.turn_to(set);
        logs[set].tell(out);
    }
}
