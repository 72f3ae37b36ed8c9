//! Memory that is fetched while something else is done. What was last touched thousands of packets ago is far from the
//! processor, and to wait for each line of it takes as long as hundreds of instructions.

use branches::prefetch_read_data;

/// Bytes that come at once: a line of the cache.
const LINE: usize = 64;

/// Has a value fetched that will soon be read, with nothing that it points at.
#[inline]
pub(crate) fn fetch<T>(value: &T) {
    let first = std::ptr::from_ref(value).cast::<u8>();
    for at in (0..size_of::<T>()).step_by(LINE) {
        prefetch_read_data::<_, 0>(first.wrapping_add(at));
    }
    // It need not begin where a line does; what is small seldom stands in two.
    if size_of::<T>() > LINE / 2 {
        prefetch_read_data::<_, 0>(first.wrapping_add(size_of::<T>() - 1));
    }
}

/// Has the first lines of what stands at this place fetched: a packet's headers and a little payload. The last bytes of all are
/// not worth it.
#[inline]
pub(crate) fn fetch_bytes(bytes: &[u8], at: usize) {
    if let Some(first) = bytes.get(at..).and_then(|bytes| bytes.first_chunk::<{ 2 * LINE }>()) {
        fetch(first);
    }
}
