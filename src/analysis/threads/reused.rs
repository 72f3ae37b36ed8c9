//! A list in memory that was written before: what is added comes where something else was, in lines that a cache may still
//! hold. What can be copied is written where it stays, and not made elsewhere and moved there as into a `Vec`.

/// Bytes in a page of memory, on most machines.
const PAGE: usize = 4096;

/// See the module.
#[derive(Debug)]
pub(super) struct Reused<T> {
    all: Vec<T>,
    taken: usize,
}

impl<T> Default for Reused<T> {
    fn default() -> Self {
        Reused { all: Vec::new(), taken: 0 }
    }
}

impl<T> Reused<T> {
    /// Begins anew, in the memory of those that are there.
    pub(super) fn clear(&mut self) {
        self.taken = 0;
    }

    /// As [`clear`](Self::clear), and lets go of those that were not even replaced since the last time: they hold memory of
    /// their own, and may be all that is left of a burst.
    pub(super) fn clear_what_stayed(&mut self) {
        self.all.truncate(self.taken);
        self.clear();
    }

    /// Adds one, and lets go of what was in its place.
    #[inline]
    pub(super) fn put(&mut self, one: T) {
        match self.all.get_mut(self.taken) {
            Some(place) => *place = one,
            None => self.all.push(one),
        }
        self.taken += 1;
    }

    pub(super) fn written(&self) -> &[T] {
        &self.all[..self.taken]
    }

    pub(super) fn written_mut(&mut self) -> &mut [T] {
        &mut self.all[..self.taken]
    }
}

impl<T: Copy + Default> Reused<T> {
    /// The next so many, to be written. They are what was there before, or default.
    #[inline]
    pub(super) fn next(&mut self, count: usize) -> &mut [T] {
        let from = self.taken;
        self.taken += count;
        if self.all.len() < self.taken {
            self.grow();
        }
        &mut self.all[from..self.taken]
    }

    /// By a page: memory that may never be needed is better not written, as the first use of a page is what it costs.
    #[cold]
    fn grow(&mut self) {
        self.all.resize(self.taken.next_multiple_of(PAGE / size_of::<T>()), T::default());
    }

    /// There will be about so many.
    pub(super) fn expect(&mut self, count: usize) {
        self.all.reserve(count.saturating_sub(self.all.len()));
    }

    pub(super) fn add(&mut self, these: &[T]) {
        self.next(these.len()).copy_from_slice(these);
    }
}
