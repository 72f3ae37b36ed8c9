//! What points at a packet.

use super::Timestamp;

/// Points at a packet without holding its bytes: what every frame and finding is traced back to.
///
/// It goes with every piece of a stream, and twice with each frame and message, so that it is kept to three words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketRef {
    /// The number above [`LENGTH`] bits of length.
    number_and_length: u64,
    /// When it was captured; `None` for a pcapng Simple Packet Block, which carries no time.
    pub time: Option<Timestamp>,
    /// Offset in bytes of the packet's data in the (decompressed) capture file.
    pub file_offset: u64,
}

/// Enough for the longest record that is read.
const LENGTH: u32 = 27;
const _: () = assert!(super::MAX_RECORD < 1 << LENGTH);

impl PacketRef {
    /// The highest number there is: packets behind it, in a capture of some terabytes at least, have it too.
    pub const LAST: u64 = u64::MAX >> LENGTH;

    /// A reference to packet `number`, captured at `time`, of which `length` bytes lie at `file_offset`; a number above
    /// [`LAST`](Self::LAST) becomes that, a length of 128 MiB and above one byte less.
    #[inline]
    pub const fn new(number: u64, time: Option<Timestamp>, file_offset: u64, length: u32) -> PacketRef {
        let number = if number < Self::LAST { number } else { Self::LAST };
        let most = (1 << LENGTH) - 1;
        let length = if length < most { length } else { most };
        PacketRef { number_and_length: number << LENGTH | length as u64, time, file_offset }
    }

    /// Ordinal in the capture, counted from 1 as Wireshark does.
    #[inline]
    pub const fn number(&self) -> u64 {
        self.number_and_length >> LENGTH
    }

    /// Bytes of it that were captured, from [`file_offset`](Self::file_offset) on.
    #[inline]
    pub const fn length(&self) -> u32 {
        (self.number_and_length & ((1 << LENGTH) - 1)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_reference_is_three_words() {
        assert_eq!(size_of::<PacketRef>(), 24);
        assert_eq!(size_of::<Option<Timestamp>>(), 8);
    }

    proptest! {
        #[test]
        fn number_and_length_come_back(number in 0..=PacketRef::LAST, length in 0..=super::super::MAX_RECORD) {
            let packet = PacketRef::new(number, None, 7, length);
            prop_assert_eq!((packet.number(), packet.length()), (number, length));
        }

        #[test]
        fn what_is_too_much_becomes_the_most(number: u64, length: u32) {
            let packet = PacketRef::new(number, None, 7, length);
            prop_assert_eq!(packet.number(), number.min(PacketRef::LAST));
            prop_assert_eq!(packet.length(), length.min((1 << LENGTH) - 1));
        }
    }
}
