//! The static and the dynamic table (RFC 7541 §2.3, Appendix A).

use super::Field;
use std::collections::VecDeque;

/// What each entry costs beside its name and its value (RFC 7541 §4.1).
const OVERHEAD: usize = 32;

/// RFC 7541 Appendix A; index 1 is the first.
#[rustfmt::skip]
const STATIC: [(&str, &str); 61] = [
    (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"),
    (":scheme", "http"), (":scheme", "https"), (":status", "200"), (":status", "204"), (":status", "206"),
    (":status", "304"), (":status", "400"), (":status", "404"), (":status", "500"), ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""), ("accept", ""),
    ("access-control-allow-origin", ""), ("age", ""), ("allow", ""), ("authorization", ""), ("cache-control", ""),
    ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
    ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""), ("date", ""), ("etag", ""),
    ("expect", ""), ("expires", ""), ("from", ""), ("host", ""), ("if-match", ""), ("if-modified-since", ""),
    ("if-none-match", ""), ("if-range", ""), ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""),
    ("location", ""), ("max-forwards", ""), ("proxy-authenticate", ""), ("proxy-authorization", ""), ("range", ""),
    ("referer", ""), ("refresh", ""), ("retry-after", ""), ("server", ""), ("set-cookie", ""),
    ("strict-transport-security", ""), ("transfer-encoding", ""), ("user-agent", ""), ("vary", ""), ("via", ""),
    ("www-authenticate", ""),
];

/// The entries that a sender's header blocks refer to.
#[derive(Debug)]
pub(super) struct Table {
    /// The newest first: index 62 is the front.
    entries: VecDeque<Entry>,
    /// The size of all entries (RFC 7541 §4.1); of those that are not known entirely, at least.
    size: usize,
    /// The size that the sender keeps to (RFC 7541 §4.2).
    max: usize,
    /// The size that is kept here at most.
    bound: usize,
    /// There may be older entries that are not known.
    lost_tail: bool,
}

/// A field; its name may have been that of a lost entry.
#[derive(Debug)]
struct Entry {
    name: Option<Box<[u8]>>,
    value: Box<[u8]>,
}

impl Entry {
    fn size(&self) -> usize {
        self.name.as_ref().map_or(0, |name| name.len()) + self.value.len() + OVERHEAD
    }
}

impl Table {
    /// The table at the start of a connection: empty, for 4096 bytes (RFC 9113 §6.5.2).
    pub(super) fn new(bound: usize) -> Table {
        Table { entries: VecDeque::new(), size: 0, max: 4096, bound, lost_tail: false }
    }

    /// The field at an index; `None` where there is none.
    pub(super) fn get(&self, index: usize) -> Option<Field<'_>> {
        let dynamic = match index.checked_sub(1)?.checked_sub(STATIC.len()) {
            Some(dynamic) => dynamic,
            None => {
                let (name, value) = STATIC.get(index - 1)?;
                return Some(Field { name: Some(name.as_bytes()), value: Some(value.as_bytes()) });
            }
        };
        match self.entries.get(dynamic) {
            Some(entry) => Some(Field { name: entry.name.as_deref(), value: Some(&entry.value) }),
            None => self.lost_tail.then_some(Field { name: None, value: None }),
        }
    }

    /// Adds a field at the front, and evicts as many at the back as it needs (RFC 7541 §4.4).
    pub(super) fn insert(&mut self, name: Option<Box<[u8]>>, value: Box<[u8]>) {
        let entry = Entry { name, value };
        self.size += entry.size();
        self.entries.push_front(entry);
        self.evict();
    }

    /// The sender sets the size (RFC 7541 §6.3).
    pub(super) fn resize(&mut self, max: usize) {
        self.max = max;
        self.evict();
        if max == 0 {
            self.lost_tail = false;
        }
    }

    /// Blocks are missing: what is in the table, and how large it may be, is not known any more.
    pub(super) fn lose(&mut self) {
        self.entries.clear();
        self.size = 0;
        self.lost_tail = true;
    }

    /// The size of all entries (RFC 7541 §4.1).
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.size
    }

    fn evict(&mut self) {
        while self.size > self.max.min(self.bound)
            && let Some(entry) = self.entries.pop_back()
        {
            self.size -= entry.size();
            // The sender may still have it, and what comes before it is gone either way.
            self.lost_tail |= self.max > self.bound;
        }
    }
}
