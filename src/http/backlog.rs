//! Deliveries of one direction that wait until it is known what they are.

use super::Held;
use crate::Role;
use crate::capture::PacketRef;
use crate::tcp::Chunk;
use std::collections::VecDeque;

/// What waits, in stream order.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    items: VecDeque<Item>,
    bytes: usize,
}

/// One delivery that waits.
#[derive(Debug)]
pub(super) enum Item {
    /// Bytes.
    Data(Waiting),
    /// This many bytes that are not in the capture, or were more than the limit.
    Missing(u64),
}

/// Bytes that wait.
#[derive(Debug)]
pub(super) struct Waiting {
    pub offset: u64,
    pub bytes: Vec<u8>,
    pub packet: PacketRef,
    pub acknowledged: Option<u64>,
    /// Ordinal of the delivery among those of both directions.
    pub arrival: u64,
}

impl Waiting {
    /// The bytes as they were delivered.
    pub fn chunk(&self) -> Chunk<'_> {
        Chunk { offset: self.offset, bytes: &self.bytes, packet: self.packet, acknowledged: self.acknowledged }
    }

    /// The bytes for whoever reads on, with who sent them.
    pub fn held(self, sender: Role) -> Held {
        let Waiting { offset, bytes, packet, acknowledged, .. } = self;
        Held { offset, bytes, packet, acknowledged, sender }
    }
}

impl Backlog {
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Bytes that wait.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn front(&self) -> Option<&Item> {
        self.items.front()
    }

    pub fn push(&mut self, chunk: &Chunk<'_>, arrival: u64) {
        self.bytes += chunk.bytes.len();
        self.items.push_back(Item::Data(waiting(chunk, arrival)));
    }

    pub fn push_missing(&mut self, length: u64) {
        match self.items.back_mut() {
            Some(Item::Missing(before)) => *before = before.saturating_add(length),
            _ => self.items.push_back(Item::Missing(length)),
        }
    }

    pub fn pop(&mut self) -> Option<Item> {
        let item = self.items.pop_front()?;
        if let Item::Data(data) = &item {
            self.bytes -= data.bytes.len();
        }
        if self.items.is_empty() {
            // An idle connection holds no memory.
            self.items = VecDeque::new();
        }
        Some(item)
    }

    /// Puts back what is left of the item that was popped last.
    pub fn put_back(&mut self, chunk: &Chunk<'_>, arrival: u64) {
        self.bytes += chunk.bytes.len();
        self.items.push_front(Item::Data(waiting(chunk, arrival)));
    }

    /// The bytes at the front up to the first hole, at most as many as a start line needs to be known.
    pub fn prefix(&self) -> Vec<u8> {
        const ENOUGH: usize = 32;
        let mut prefix = Vec::new();
        for item in &self.items {
            match item {
                Item::Data(data) if prefix.len() < ENOUGH => prefix.extend(data.bytes.iter().take(ENOUGH)),
                _ => break,
            }
        }
        prefix
    }
}

fn waiting(chunk: &Chunk<'_>, arrival: u64) -> Waiting {
    let Chunk { offset, bytes, packet, acknowledged } = *chunk;
    Waiting { offset, bytes: bytes.to_vec(), packet, acknowledged, arrival }
}
