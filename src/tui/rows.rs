//! Which frames are listed, in their order: all, those of a connection, or those of them that a filter admits.
//!
//! Nothing is copied while there is no filter. With one the frames are looked at a slice of time at once, so that the
//! screen stays awake while a search goes through the payloads of a large capture.

use super::filter::Filter;
use super::model::Model;
use std::time::Instant;

/// The frames a list is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    All,
    Connection(u32),
}

/// See the module.
pub(super) struct Rows {
    scope: Scope,
    filter: Filter,
    /// Places of admitted frames, in order.
    hits: Vec<u32>,
    /// How many frames of the scope were looked at.
    next: usize,
}

/// Frames that are looked at between two glances at the clock.
const STEP: usize = 64;

impl Rows {
    /// All frames.
    pub(super) fn new() -> Rows {
        Rows { scope: Scope::All, filter: Filter::default(), hits: Vec::new(), next: 0 }
    }

    pub(super) fn scope(&self) -> Scope {
        self.scope
    }

    pub(super) fn set_scope(&mut self, scope: Scope) {
        if self.scope != scope {
            self.scope = scope;
            self.restart();
        }
    }

    pub(super) fn set_filter(&mut self, filter: Filter) {
        self.filter = filter;
        self.restart();
    }

    pub(super) fn is_filtered(&self) -> bool {
        !self.filter.is_empty()
    }

    /// Looks at all frames again: what was found about them may have changed.
    pub(super) fn restart(&mut self) {
        self.hits = Vec::new();
        self.next = 0;
    }

    /// Frames of the scope, admitted or not.
    pub(super) fn total(&self, model: &Model) -> usize {
        match self.scope {
            Scope::All => model.frames.len(),
            Scope::Connection(id) => model.connections.get(id as usize).map_or(0, |connection| connection.frames.len()),
        }
    }

    fn of_scope(&self, model: &Model, row: usize) -> Option<u32> {
        match self.scope {
            Scope::All => u32::try_from(row).ok().filter(|_| row < model.frames.len()),
            Scope::Connection(id) => model.connections.get(id as usize)?.frames.get(row).copied(),
        }
    }

    /// Looks at further frames until `until`; whether there is more to do.
    pub(super) fn advance(&mut self, model: &Model, until: Instant) -> bool {
        if !self.is_filtered() {
            return false;
        }
        let total = self.total(model);
        while self.next < total {
            for row in self.next..total.min(self.next + STEP) {
                if let Some(id) = self.of_scope(model, row)
                    && let Some(frame) = model.frame(id)
                    && self.filter.admits(model, id, frame)
                {
                    self.hits.push(id);
                }
            }
            self.next = total.min(self.next + STEP);
            if Instant::now() >= until {
                break;
            }
        }
        self.next < total
    }

    /// How much of the scope was looked at, in percent; `None` when all of it was.
    pub(super) fn percent(&self, model: &Model) -> Option<usize> {
        let total = self.total(model);
        (self.is_filtered() && self.next < total).then(|| self.next * 100 / total.max(1))
    }

    /// How many frames are listed so far.
    pub(super) fn len(&self, model: &Model) -> usize {
        if self.is_filtered() { self.hits.len() } else { self.total(model) }
    }

    /// The frame in a row: its place in the list of all frames.
    pub(super) fn get(&self, model: &Model, row: usize) -> Option<u32> {
        if self.is_filtered() { self.hits.get(row).copied() } else { self.of_scope(model, row) }
    }

    /// The row of a frame, or of the first listed one behind it.
    pub(super) fn row_of(&self, model: &Model, id: u32) -> usize {
        let search = |ids: &[u32]| ids.partition_point(|&other| other < id);
        match self.scope {
            _ if self.is_filtered() => search(&self.hits),
            Scope::All => id as usize,
            Scope::Connection(connection) => {
                model.connections.get(connection as usize).map_or(0, |connection| search(&connection.frames))
            }
        }
    }
}
