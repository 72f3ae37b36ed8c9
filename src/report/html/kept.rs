//! The frames and messages that a page shows: all of them while they fit; then, connection by connection, the first
//! and the last, those that a finding is about, and some of the control frames between.

use crate::Role;
use crate::capture::Timestamp;
use crate::websocket::{Frame, FrameHeader, Kind, Message, Pong};
use std::collections::BTreeMap;
use std::time::Duration;

/// Bytes of the page that a frame's columns take, but for those counted in [`Row::cost`].
const FRAME: usize = 30;
/// Bytes of the page that a message takes beside its payload, about.
const MESSAGE: usize = 40;

/// Digits of a number and the comma behind it.
fn digits(number: u64) -> usize {
    number.checked_ilog10().unwrap_or(0) as usize + 2
}

/// What a page tells of a frame.
#[derive(Debug)]
pub(super) struct Row {
    pub index: u64,
    pub sender: Role,
    pub time: Option<Timestamp>,
    pub packet: u64,
    pub last_packet: u64,
    pub stream_offset: u64,
    pub header: FrameHeader,
    pub captured_length: u64,
    pub message: Option<u64>,
    pub payload: Box<[u8]>,
    /// The Ping that it answers, and how long after.
    pub answers: Option<(u64, Option<Duration>)>,
    /// A finding is about it.
    marked: bool,
}

impl Row {
    fn cost(&self) -> usize {
        let length = self.header.payload_length;
        let missing = length.saturating_sub(self.captured_length);
        let key = if self.header.masking_key.is_some() { 11 } else { 5 };
        let numbers = digits(length) + digits(missing) + digits(self.message.unwrap_or(0));
        FRAME + key + numbers + self.payload.len().div_ceil(3) * 4
    }
}

/// What a page tells of a message.
#[derive(Debug)]
pub(super) struct Whole {
    pub index: u64,
    pub kind: Kind,
    pub first_frame: u64,
    pub frames: u64,
    pub compressed: bool,
    pub wire_length: u64,
    pub length: Option<u64>,
    pub complete: bool,
    pub sha256: Option<[u8; 32]>,
    /// `None` where it is that of the only frame.
    pub payload: Option<Box<[u8]>>,
}

impl Whole {
    fn cost(&self) -> usize {
        let digest = if self.sha256.is_some() { 67 } else { 0 };
        MESSAGE + digest + self.payload.as_ref().map_or(0, |payload| payload.len().div_ceil(3) * 4)
    }
}

/// Of one connection, in the order of their indices.
#[derive(Debug, Default)]
struct Rows {
    frames: Vec<Row>,
    messages: Vec<Whole>,
}

impl Rows {
    fn cost(&self) -> usize {
        let frames: usize = self.frames.iter().map(Row::cost).sum();
        frames + self.messages.iter().map(Whole::cost).sum::<usize>()
    }
}

/// Of all connections.
#[derive(Debug)]
pub(super) struct Kept {
    budget: usize,
    used: usize,
    connections: BTreeMap<u64, Rows>,
}

impl Kept {
    /// Keeps what takes about `budget` bytes of a page.
    pub(super) fn new(budget: usize) -> Kept {
        Kept { budget, used: 0, connections: BTreeMap::new() }
    }

    /// How many frames are kept.
    pub(super) fn frames(&self) -> u64 {
        self.connections.values().map(|rows| rows.frames.len() as u64).sum()
    }

    /// What is kept of a connection.
    pub(super) fn of(&self, id: u64) -> (&[Row], &[Whole]) {
        self.connections.get(&id).map_or((&[], &[]), |rows| (&rows.frames, &rows.messages))
    }

    pub(super) fn frame(&mut self, id: u64, frame: &Frame<'_>) {
        let row = Row {
            index: frame.index,
            sender: frame.sender,
            time: frame.packet.time,
            packet: frame.packet.number(),
            last_packet: frame.last_packet.number(),
            stream_offset: frame.stream_offset,
            header: frame.header,
            captured_length: frame.captured_length,
            message: frame.message,
            payload: frame.payload.into(),
            answers: match frame.pong {
                Some(Pong::Answers { ping, after, .. }) => Some((ping, after)),
                _ => None,
            },
            marked: false,
        };
        self.used += row.cost();
        self.connections.entry(id).or_default().frames.push(row);
        self.fit();
    }

    /// A message is told after its frames; where they are gone it is not kept either.
    pub(super) fn message(&mut self, id: u64, message: &Message<'_>) {
        let Some(rows) = self.connections.get_mut(&id) else { return };
        let Ok(first) = rows.frames.binary_search_by_key(&message.first_frame, |row| row.index) else { return };
        let same = message.frames == 1 && !message.compressed && *rows.frames[first].payload == *message.payload;
        let whole = Whole {
            index: message.index,
            kind: message.kind,
            first_frame: message.first_frame,
            frames: message.frames,
            compressed: message.compressed,
            wire_length: message.wire_length,
            length: message.length,
            complete: message.complete,
            sha256: message.sha256,
            payload: (!same).then(|| message.payload.into()),
        };
        self.used += whole.cost();
        rows.messages.push(whole);
        self.fit();
    }

    /// A connection is not on the page after all.
    pub(super) fn forget(&mut self, id: u64) {
        if let Some(rows) = self.connections.remove(&id) {
            self.used -= rows.cost();
        }
    }

    /// A finding is about this frame.
    pub(super) fn mark(&mut self, id: u64, index: u64) {
        let Some(rows) = self.connections.get_mut(&id) else { return };
        if let Ok(at) = rows.frames.binary_search_by_key(&index, |row| row.index) {
            rows.frames[at].marked = true;
        }
    }

    /// Thins out the longest connections until a quarter of the budget is free, so that this is seldom needed.
    fn fit(&mut self) {
        if self.used <= self.budget {
            return;
        }
        let target = self.budget / 4 * 3;
        let mut costs: Vec<usize> = self.connections.values().map(Rows::cost).collect();
        costs.sort_unstable();
        let most = level(&costs, target);
        for rows in self.connections.values_mut() {
            if rows.cost() > most {
                thin(rows, most);
            }
        }
        self.used = self.connections.values().map(Rows::cost).sum();
    }
}

/// The largest share with which connections of these costs, in rising order, fit into `target`.
fn level(costs: &[usize], target: usize) -> usize {
    let mut left = target;
    for (n, &cost) in costs.iter().enumerate() {
        let share = left / (costs.len() - n);
        if cost > share {
            return share;
        }
        left -= cost;
    }
    usize::MAX
}

/// Leaves of a connection what costs about `most`: frames with findings first, then control frames for an eighth of the
/// room, then its beginning and its end.
fn thin(rows: &mut Rows, most: usize) {
    // A frame goes with its message.
    let mut costs: BTreeMap<u64, usize> = BTreeMap::new();
    for message in &rows.messages {
        *costs.entry(message.first_frame).or_default() += message.cost();
    }
    let mut keep = vec![false; rows.frames.len()];
    let mut take = |indices: &mut dyn Iterator<Item = usize>, wanted: &dyn Fn(&Row) -> bool, room: usize| {
        let mut left = room;
        for at in indices {
            let row = &rows.frames[at];
            if keep[at] || !wanted(row) {
                continue;
            }
            let cost = row.cost() + costs.get(&row.index).copied().unwrap_or(0);
            match left.checked_sub(cost) {
                Some(rest) => left = rest,
                None => break,
            }
            keep[at] = true;
        }
        room - left
    };
    let all = 0..rows.frames.len();
    let room = most - take(&mut all.clone(), &|row| row.marked, most);
    take(&mut all.clone(), &|row| row.header.opcode.is_control(), room / 8);
    take(&mut all.clone(), &|_| true, room / 16 * 7);
    take(&mut all.rev(), &|_| true, room / 16 * 7);
    let mut kept = keep.into_iter();
    rows.frames.retain(|_| kept.next() == Some(true));
    without_orphans(rows);
}

/// Removes messages whose first frame is gone.
fn without_orphans(rows: &mut Rows) {
    let frames = &rows.frames;
    rows.messages.retain(|message| frames.binary_search_by_key(&message.first_frame, |row| row.index).is_ok());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{frame, message};
    use crate::websocket::Opcode;

    #[test]
    fn the_longest_pay_for_the_room() {
        assert_eq!(level(&[10, 20, 100, 100], 130), 50);
        assert_eq!(level(&[10, 20], 30), usize::MAX);
        assert_eq!(level(&[7, 7], 6), 3);
    }

    fn indices(kept: &Kept, id: u64) -> Vec<u64> {
        kept.of(id).0.iter().map(|row| row.index).collect()
    }

    #[test]
    fn ends_control_frames_and_what_findings_are_about_stay() {
        let mut kept = Kept::new(20_000);
        kept.frame(7, &frame(0, Role::Client, Opcode::TEXT, b"alone"));
        for index in 0..5000 {
            let opcode = if index == 300 { Opcode::PING } else { Opcode::TEXT };
            kept.frame(1, &frame(index, Role::Client, opcode, b"some text"));
            kept.message(1, &message(index, Role::Client, Kind::Text, b"some text"));
            if index == 2500 {
                kept.mark(1, index);
            }
        }
        let left = indices(&kept, 1);
        assert!(left.starts_with(&[0, 1, 2]) && left.ends_with(&[4997, 4998, 4999]), "{left:?}");
        assert!(left.contains(&300) && left.contains(&2500) && !left.contains(&2501));
        assert!((100..400).contains(&left.len()), "{}", left.len());
        // The short connection pays nothing, and messages go with their frames.
        assert_eq!(indices(&kept, 7), [0]);
        let (_, messages) = kept.of(1);
        assert!(messages.iter().all(|message| left.contains(&message.first_frame)) && messages.len() > 100);
    }

    #[test]
    fn findings_alone_do_not_break_the_bound() {
        let mut kept = Kept::new(10_000);
        for index in 0..2000 {
            kept.frame(index % 5, &frame(index, Role::Server, Opcode::BINARY, &[0; 30]));
            kept.mark(index % 5, index);
            assert!(kept.used <= 10_000);
        }
        assert!(kept.frames() > 50);
    }
}
