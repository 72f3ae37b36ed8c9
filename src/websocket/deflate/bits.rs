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
        if !self.refill_whole(input) {
            self.refill_last(input);
        }
        self.took(before - input.len());
    }

    /// The same where fewer than eight bytes are left.
    #[inline(never)]
    fn refill_last(&mut self, input: &mut &[u8]) {
        while self.held < 56
            && let Some((&byte, rest)) = input.split_first()
        {
            self.bits |= u64::from(byte) << self.held;
            self.held += 8;
            *input = rest;
        }
    }

    /// Takes bytes until 56 bits are held; gives false, and takes none, where fewer than eight bytes are left. At most 63
    /// bits are held before it. The caller tells how many it [`took`](Bits::took), once for many calls.
    #[inline]
    pub(super) fn refill_whole(&mut self, input: &mut &[u8]) -> bool {
        let Some(word) = input.first_chunk() else { return false };
        self.bits |= u64::from_le_bytes(*word) << (self.held & 63);
        // The bytes of which all bits found room.
        let bytes = (63 - self.held) >> 3 & 7;
        *input = &input[bytes as usize..];
        self.held += bytes * 8;
        true
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
