//! The requests of a connection that wait for their answers: nearly always one, which takes no memory of its own.

use super::exchange::Exchange;
use std::collections::VecDeque;

/// A queue.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    /// The last one.
    last: Option<Exchange>,
    /// Those before it.
    before: VecDeque<Exchange>,
}

impl Exchanges {
    pub fn is_empty(&self) -> bool {
        self.last.is_none()
    }

    pub fn len(&self) -> usize {
        self.before.len() + usize::from(self.last.is_some())
    }

    pub fn back(&self) -> Option<&Exchange> {
        self.last.as_ref()
    }

    pub fn push_back(&mut self, exchange: Exchange) {
        if let Some(before) = self.last.replace(exchange) {
            self.before.push_back(before);
        }
    }

    pub fn pop_front(&mut self) -> Option<Exchange> {
        self.before.pop_front().or_else(|| self.last.take())
    }

    pub fn pop_back(&mut self) -> Option<Exchange> {
        std::mem::replace(&mut self.last, self.before.pop_back())
    }

    pub fn clear(&mut self) {
        *self = Exchanges::default();
    }
}
