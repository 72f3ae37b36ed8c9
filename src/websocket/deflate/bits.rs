//! Bytes taken bit by bit, as DEFLATE packs them: the lowest bit of a byte first (RFC 1951 §3.1.1).

/// Bits that were taken from the input and not used yet; the next one is the lowest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bits {
    /// Above the bits that are held there may be some of the bytes that come next.
    bits: u64,
    held: u32,
    /// Bytes taken so far.
    taken: u64,
}

impl Bits {
    /// How many are at hand.
    #[inline]
    pub(super) fn held(&self) -> u32 {
        self.held
    }

    /// The bits at hand, for a look.
    #[inline]
    pub(super) fn peek(&self) -> u64 {
        self.bits
    }

    /// Takes bytes until 56 bits are held or none are left.
    #[inline]
    pub(super) fn refill(&mut self, input: &mut &[u8]) {
        let before = input.len();
        self.refill_uncounted(input);
        self.took(before - input.len());
    }

    /// The same, but the caller tells how many bytes it [`took`](Bits::took), once for many calls.
    #[inline]
    pub(super) fn refill_uncounted(&mut self, input: &mut &[u8]) {
        // No more than 63 bits are held. These are the bytes of which all bits find room.
        let room = 7 - (self.held >> 3 & 7);
        if let Some(word) = input.first_chunk() {
            self.bits |= u64::from_le_bytes(*word) << (self.held & 63);
            *input = &input[room as usize..];
            self.held |= 56;
        } else if !input.is_empty() {
            let bytes = room.min(input.len() as u32);
            self.bits |= last_word(input) << (self.held & 63);
            *input = &input[bytes as usize..];
            self.held += 8 * bytes;
        }
    }

    /// So many bytes were taken and not counted yet.
    #[inline]
    pub(super) fn took(&mut self, bytes: usize) {
        self.taken += bytes as u64;
    }

    /// The next `count` bits, at most 32; `None` if there are not as many.
    #[inline]
    pub(super) fn take(&mut self, count: u32) -> Option<u32> {
        if self.held < count {
            return None;
        }
        let bits = self.after(0, count);
        self.drop(count);
        Some(bits)
    }

    /// The `count` bits behind the first `skip`; at most 32 and at most 48 together.
    #[inline]
    pub(super) fn after(&self, skip: u32, count: u32) -> u32 {
        ((self.bits >> skip) & ((1 << count) - 1)) as u32
    }

    /// Uses up so many of the bits that are held, at most 63.
    #[inline]
    pub(super) fn drop(&mut self, count: u32) {
        self.bits >>= count & 63;
        self.held -= count;
    }

    /// Uses up so many of the bits, at most 63; gives false, and uses none, where fewer are held.
    #[inline]
    pub(super) fn spend(&mut self, count: u32) -> bool {
        let Some(held) = self.held.checked_sub(count) else { return false };
        self.bits >>= count & 63;
        self.held = held;
        true
    }

    /// Goes to the byte boundary; gives the bits in between.
    pub(super) fn align(&mut self) -> u32 {
        let count = self.held % 8;
        let bits = self.after(0, count);
        self.drop(count);
        bits
    }

    /// Passes over at most `count` bytes of the input while no bits are held.
    pub(super) fn pass_over(&mut self, count: usize, input: &mut &[u8]) {
        let count = input.len().min(count);
        *input = &input[count..];
        self.taken += count as u64;
        self.bits = 0;
    }

    /// Bits used up so far.
    pub(super) fn position(&self) -> u64 {
        self.taken.saturating_mul(8).saturating_sub(u64::from(self.held))
    }
}

/// Fewer than eight bytes as the lowest of a word. By value, so that the caller's bits stay in registers.
#[inline(never)]
fn last_word(input: &[u8]) -> u64 {
    input.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}
