//! What there is to do where threads share an analysis, and who does what.
//!
//! The thread that tells does so as soon as a batch is decoded; until then it decodes that one, or reads. The others read
//! where little is left to decode, and decode. So a thread waits only where nothing at all can be done: waking one takes as
//! long as reading some hundred packets.

use super::batch::{Batch, Then};
use super::log::Log;
use super::replay::Replay;
use super::steps;
use crate::analysis::analyzer::Set;
use crate::analysis::intake::{Intake, Noticed};
use crate::capture::Reader;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// See the module.
pub(super) struct Work<'w> {
    stock: Mutex<Stock<'w>>,
    /// There may be something to do for those who wait.
    changed: Condvar,
}

/// What lies there to be done, and memory that was used before.
struct Stock<'w> {
    /// Nothing while a thread reads.
    source: Option<Source<'w>>,
    shares: Vec<Share<'w>>,
    /// Read and not told yet, in order.
    under_way: VecDeque<UnderWay>,
    /// How many went before these.
    told: usize,
    /// The [steps](super::steps) in which connections will end, once that is known.
    ends: Option<std::vec::IntoIter<u64>>,
    /// Batches that were told, to be read into. So nothing is made for each batch, which the thread that tells would let go of
    /// while the one that made it waits for the allocator.
    spent: Vec<UnderWay>,
    /// Somebody waits who was not woken yet: to wake nobody would call the system, too.
    waiting: bool,
    given_up: bool,
}

/// A capture that is being read.
pub(super) struct Source<'w> {
    pub(super) reader: &'w mut Reader,
    pub(super) intake: &'w mut Intake,
    pub(super) noticed: Noticed,
    /// What follows the batch before.
    pub(super) then: Then,
}

/// A set of flows.
struct Share<'w> {
    /// Nothing while a thread decodes for it.
    set: Option<&'w mut Set>,
    /// The number of the batch that it decodes next.
    next: usize,
    spent: Vec<Log>,
}

/// A batch, and what each set said of it.
pub(super) struct UnderWay {
    batch: Arc<Batch>,
    /// Nothing where a set has not decoded its part.
    logs: Vec<Option<Log>>,
}

impl UnderWay {
    /// An empty one for so many sets.
    fn new(sets: usize) -> UnderWay {
        UnderWay { batch: Arc::new(Batch::new(sets)), logs: (0..sets).map(|_| None).collect() }
    }

    pub(super) fn batch(&self) -> &Batch {
        &self.batch
    }

    /// The batch, to be filled.
    pub(super) fn fill(&mut self) -> &mut Batch {
        Arc::get_mut(&mut self.batch).expect("whoever decoded it gave it back before it was told")
    }

    /// What was said, lent to be told.
    pub(super) fn replay(&mut self) -> Vec<Replay<'_>> {
        let UnderWay { batch, logs } = self;
        logs.iter_mut().flatten().map(|log| log.replay(batch.bytes())).collect()
    }

    /// Every set has said what there is to say.
    fn is_decoded(&self) -> bool {
        self.logs.iter().all(Option::is_some)
    }
}

/// Something to do. What is done is put back.
pub(super) enum Task<'w> {
    Tell(UnderWay),
    Decode(Part<'w>, Arc<Batch>, Log),
    Read(Source<'w>, UnderWay),
}

/// The part that a set of flows has in a batch.
pub(super) struct Part<'w> {
    pub(super) set: &'w mut Set,
    /// Which set that is.
    pub(super) share: usize,
    /// Which batch.
    number: usize,
}

/// Who asks for something to do.
#[derive(Clone, Copy)]
pub(super) struct Worker {
    /// The set that it decodes for if it can: it has that in its cache.
    pub(super) share: usize,
    /// It tells the sink. Somebody may wait for what it tells, so that it does not wait for a live source.
    pub(super) tells: bool,
}

impl<'w> Work<'w> {
    pub(super) fn new(source: Source<'w>, sets: &'w mut [Set]) -> Work<'w> {
        let shares = sets.iter_mut().map(|set| Share { set: Some(set), next: 0, spent: Vec::new() }).collect();
        let stock = Stock {
            source: Some(source),
            shares,
            under_way: VecDeque::new(),
            told: 0,
            ends: None,
            spent: Vec::new(),
            waiting: false,
            given_up: false,
        };
        Work { stock: Mutex::new(stock), changed: Condvar::new() }
    }

    /// The next thing to do, which may have to be waited for; `None` when nothing will come any more.
    pub(super) fn next(&self, worker: Worker) -> Option<Task<'w>> {
        let mut stock = self.lock();
        loop {
            if stock.is_over(worker) {
                return None;
            }
            if let Some(task) = stock.next(worker) {
                return Some(task);
            }
            stock.waiting = true;
            stock = self.changed.wait(stock).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A batch was read.
    pub(super) fn was_read(&self, source: Source<'w>, read: UnderWay) {
        self.put(|stock| {
            stock.source = Some(source);
            stock.under_way.push_back(read);
        });
    }

    /// A set has decoded its part of a batch.
    pub(super) fn was_decoded(&self, Part { set, share, number }: Part<'w>, log: Log) {
        self.put(|stock| {
            stock.shares[share].set = Some(set);
            if let Some(under_way) = stock.under_way.get_mut(number - stock.told) {
                under_way.logs[share] = Some(log);
                if matches!(under_way.batch.then, Then::End(_)) && under_way.is_decoded() {
                    let sets = stock.shares.iter().filter_map(|share| share.set.as_deref());
                    stock.ends = Some(steps(sets).into_iter());
                }
            }
        });
    }

    /// A batch was told.
    pub(super) fn was_told(&self, mut told: UnderWay) {
        self.put(|stock| {
            for (share, log) in stock.shares.iter_mut().zip(&mut told.logs) {
                share.spent.extend(log.take());
            }
            stock.spent.push(told);
        });
    }

    /// Nothing more is to be done.
    pub(super) fn give_up(&self) {
        self.put(|stock| stock.given_up = true);
    }

    /// What was noticed in the capture, when all is done.
    pub(super) fn noticed(self) -> Noticed {
        let stock = self.stock.into_inner().unwrap_or_else(PoisonError::into_inner);
        stock.source.map(|source| source.noticed).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Stock<'w>> {
        // Nothing panics between two changes that belong together.
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, change: impl FnOnce(&mut Stock<'w>)) {
        let mut stock = self.lock();
        change(&mut stock);
        if std::mem::take(&mut stock.waiting) {
            drop(stock);
            self.changed.notify_all();
        }
    }
}

impl<'w> Stock<'w> {
    fn is_over(&self, worker: Worker) -> bool {
        let is_read = self.source.as_ref().is_some_and(|source| match source.then {
            Then::End(_) => self.ends.as_ref().is_some_and(|ends| ends.as_slice().is_empty()),
            Then::Rest => true,
            Then::More | Then::Pause => false,
        });
        let is_done = match worker.tells {
            true => self.under_way.is_empty(),
            false => self.shares.iter().all(|share| share.next == self.told + self.under_way.len()),
        };
        self.given_up || is_read && is_done
    }

    /// How many batches are on their way from the capture to the sink, at most: one for each set to decode, one that is read
    /// and one that is told. What they hold is the only memory that threads cost.
    fn most(&self) -> usize {
        self.shares.len() + 2
    }

    fn next(&mut self, worker: Worker) -> Option<Task<'w>> {
        self.add_ends();
        let most = self.most();
        match worker.tells {
            true => self
                .tell()
                .or_else(|| self.decode(worker, 1))
                // Rather than decoding what cannot be told yet: then the others need not read.
                .or_else(|| self.read(worker, most))
                .or_else(|| self.decode(worker, most)),
            false => {
                // The last batch is not worth leaving undone what the one that tells may wait for.
                self.read(worker, most - 1).or_else(|| self.decode(worker, most)).or_else(|| self.read(worker, most))
            }
        }
    }

    fn tell(&mut self) -> Option<Task<'w>> {
        self.under_way.front()?.is_decoded().then_some(())?;
        let decoded = self.under_way.pop_front()?;
        self.told += 1;
        Some(Task::Tell(decoded))
    }

    /// A set's next part, among the first so many batches: of the set that the worker prefers, or of another.
    fn decode(&mut self, worker: Worker, among: usize) -> Option<Task<'w>> {
        let shares = self.shares.len();
        (0..shares).map(|after| (worker.share + after) % shares).find_map(|share| {
            let Share { set, next, spent } = &mut self.shares[share];
            let ahead = *next - self.told;
            let under_way = self.under_way.get(ahead).filter(|_| ahead < among)?;
            let part = Part { set: set.take()?, share, number: *next };
            *next += 1;
            Some(Task::Decode(part, under_way.batch.clone(), spent.pop().unwrap_or_default()))
        })
    }

    /// Has the next connections end.
    fn add_ends(&mut self) {
        while self.under_way.len() < self.most()
            && let Some(source) = &self.source
            && let Some(before) = self.ends.as_mut().and_then(Iterator::next)
        {
            let key_log = source.intake.key_log().clone();
            let mut spare = self.spare();
            let batch = spare.fill();
            batch.clear(&key_log);
            batch.ends = Some(before);
            self.under_way.push_back(spare);
        }
    }

    /// A batch to be filled; it may have been used before.
    fn spare(&mut self) -> UnderWay {
        self.spent.pop().unwrap_or_else(|| UnderWay::new(self.shares.len()))
    }

    /// The next batch, if fewer than so many are under way.
    fn read(&mut self, worker: Worker, fewer: usize) -> Option<Task<'w>> {
        if self.under_way.len() >= fewer {
            return None;
        }
        let source = self.source.take_if(|source| match source.then {
            Then::More => true,
            Then::Pause => !worker.tells,
            Then::End(_) | Then::Rest => false,
        })?;
        Some(Task::Read(source, self.spare()))
    }
}
