//! An analysis shared by threads.
//!
//! ```text
//!             ┌─ a set of flows ─ Log ─┐
//! Batch ──────┤                        ├──▶ court, sink
//!             └─ a set of flows ─ Log ─┘
//! ```
//!
//! Packets are read in batches. A connection belongs to one of several sets by a hash of its two ends, and each set decodes
//! and judges its own connections. What is said and found is kept in logs, which the thread that called tells to the court in
//! the order of the packets: what it tells the sink is what it would without threads. Who [does what](work) is found out
//! as it comes.

mod batch;
mod kept;
mod log;
mod replay;
mod reused;
mod work;

use super::analyzer::Set;
use super::bench::Attend;
use super::court::Sitting;
use super::intake::{Intake, Noticed};
use super::said::Turn;
use crate::capture::{Packet, PacketRef, Reader};
use crate::packet::{Segment, common};
use batch::{Batch, Lent, Then};
use log::Log;
use replay::Replay;
use std::thread;
use work::{Source, Task, Work, Worker};

/// Reads a capture to its end and tells what is in it, in as many threads as there are sets, with the one that calls.
/// Connections end with the capture unless captures are joined.
pub(super) fn read(
    reader: &mut Reader,
    intake: &mut Intake,
    sets: &mut [Set],
    join: bool,
    out: &mut Sitting<'_>,
) -> Noticed {
    let others = 1..sets.len();
    reader.keep();
    let source = Source { reader, intake, noticed: Noticed::default(), then: Then::More };
    let work = Work::new(source, sets);
    thread::scope(|scope| {
        for share in others {
            let work = &work;
            scope.spawn(move || help(work, Worker { share, tells: false }, join, None));
        }
        help(&work, Worker { share: 0, tells: true }, join, Some(out));
    });
    work.noticed()
}

/// Tells what is still open when no more captures come.
pub(super) fn finish(sets: &mut [Set], end: Option<PacketRef>, out: &mut Sitting<'_>) {
    sets.iter_mut().for_each(|set| set.end(end));
    let mut logs: Vec<Log> = sets.iter().map(|_| Log::default()).collect();
    for before in steps(sets.iter()) {
        for (set, log) in sets.iter_mut().zip(&mut logs) {
            log.clear(&[], 0);
            set.finish(before, log);
        }
        merge(logs.iter_mut().map(|log| log.replay(&[])).collect(), out);
    }
}

/// How many connections of a set end at once: what is logged of them is to fit a second-level cache.
const ENDS: usize = 128;

/// In which steps the connections that are left in these sets end: those that began before the packet with this number, then
/// those before the next. Of no set are many more than [`ENDS`] to be told at once, as connections come to all sets alike.
fn steps<'s>(sets: impl Iterator<Item = &'s Set>) -> Vec<u64> {
    let most = sets.map(Set::flows).max_by_key(|flows| flows.left());
    most.into_iter().flat_map(|flows| flows.steps(ENDS)).chain([u64::MAX]).collect()
}

/// Does what there is to do until all is done.
// What it does stands in functions of its own, so that no loop shares its registers with another.
fn help(work: &Work<'_>, worker: Worker, join: bool, mut out: Option<&mut Sitting<'_>>) {
    let _panic = Panic(work);
    while let Some(task) = work.next(worker) {
        match task {
            Task::Read(mut source, mut spare) => {
                read_batch(&mut source, spare.fill(), join);
                work.was_read(source, spare);
            }
            Task::Decode(part, batch, mut log) => {
                decode(part.set, part.share, &batch, &mut log);
                drop(batch);
                work.was_decoded(part, log);
            }
            Task::Tell(mut decoded) => {
                let Some(out) = &mut out else { continue };
                merge(decoded.replay(), out);
                if decoded.batch().then == Then::Pause {
                    out.teller.tell(|sink| sink.pause());
                }
                if out.teller.failed() {
                    work.give_up();
                }
                work.was_told(decoded);
            }
        }
    }
}

/// Tells the others of a panic, so that they do not wait for what will not come.
struct Panic<'p, 'w>(&'p Work<'w>);

impl Drop for Panic<'_, '_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.give_up();
        }
    }
}

#[inline(never)]
fn read_batch(source: &mut Source<'_>, batch: &mut Batch, join: bool) {
    let Source { reader, intake, noticed, then } = source;
    batch.clear(intake.key_log());
    let out_of_order = noticed.out_of_order();
    if intake.read(reader, noticed, batch).is_continue() {
        batch.then = if join { Then::Rest } else { Then::End(intake.last) };
    }
    batch.in_order = noticed.out_of_order() == out_of_order;
    batch.take_bytes(reader);
    *then = batch.then;
}

/// Has a set decode and judge its part of a batch.
#[inline(never)]
fn decode(set: &mut Set, index: usize, batch: &Batch, log: &mut Log) {
    log.clear(batch.bytes(), batch.count(index));
    set.state.key_log = batch.key_log.clone();
    for Lent { passed, packet, decoded } in batch.of(index) {
        set.pass(passed, log);
        match decoded {
            None => {
                if let Some(segment) = common::known_segment(&packet) {
                    set.segment(&segment, &packet, log);
                }
            }
            Some(kept) => any_segment(set, &batch.segment(kept, &packet), &packet, log),
        }
        log.turn(Turn::of(packet.at));
    }
    set.pass(batch.rest(index), log);
    if let Then::End(last) = batch.then {
        set.end(last);
    }
    if let Some(before) = batch.ends {
        set.finish(before, log);
    }
}

/// Out of line, so that what decodes nearly all packets stands there once, where their segments are read.
#[inline(never)]
fn any_segment(set: &mut Set, segment: &Segment<'_>, packet: &Packet<'_>, log: &mut Log) {
    set.segment(segment, packet, log);
}

/// Tells logs turn by turn, the earliest first.
fn merge(mut logs: Vec<Replay<'_>>, out: &mut Sitting<'_>) {
    loop {
        // The earliest, and before which turn it may go on.
        let (mut first, mut second) = (None, None);
        for turn in logs.iter().enumerate().filter_map(|(set, log)| Some((log.next()?, set))) {
            if first.is_none_or(|first| turn < first) {
                second = first.replace(turn);
            } else if second.is_none_or(|second| turn < second) {
                second = Some(turn);
            }
        }
        let Some((_, set)) = first else { return };
        out.turn_to(set);
        logs[set].tell_until(second.map(|(turn, _)| turn), out);
    }
}
