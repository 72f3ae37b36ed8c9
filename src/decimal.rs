//! Decimal digits without a loop: two from a table, eight at once in the bytes of one word.

/// The two digits of each number below 100.
pub(crate) const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
        number += 1;
    }
    pairs
};

/// How many numbers [`eight`] can write.
pub(crate) const EIGHT: u32 = 100_000_000;

const ZEROS: u64 = u64::from_ne_bytes([b'0'; 8]);

/// The eight digits of a number below [`EIGHT`], with leading zeros.
#[inline]
pub(crate) fn eight(number: u32) -> [u8; 8] {
    (values(number) | ZEROS).to_le_bytes()
}

/// The digits of a number below [`EIGHT`] without leading zeros, and how many of the bytes they are; one for 0.
#[inline]
pub(crate) fn shortest(number: u32) -> ([u8; 8], usize) {
    let values = values(number);
    // The first digit is in the lowest byte. The last one stays, also where it is a zero.
    let leading = (values | 1 << 56).trailing_zeros() / 8;
    (((values | ZEROS) >> (8 * leading)).to_le_bytes(), 8 - leading as usize)
}

/// The values of the eight digits, the first in the lowest byte: halves of four digits are divided into pairs of two and
/// those into single ones, all at the same time. A division is a multiplication with the reciprocal, rounded up, which is
/// exact for so few digits.
#[inline]
fn values(number: u32) -> u64 {
    debug_assert!(number < EIGHT);
    let halves = u64::from(number % 10_000) << 32 | u64::from(number / 10_000);
    let hundreds = (halves * 10_486) >> 20 & 0x0000_007F_0000_007F;
    let pairs = (halves - 100 * hundreds) << 16 | hundreds;
    let tens = (pairs * 103) >> 10 & 0x000F_000F_000F_000F;
    (pairs - 10 * tens) << 8 | tens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_fmt() {
        // Every half, in either place, and the ends.
        let halves = (0..10_000).flat_map(|half| [half, half * 10_000, half * 10_000 + 9_999 - half]);
        for number in halves.chain([EIGHT - 1]) {
            assert_eq!(eight(number), format!("{number:08}").as_bytes());
            let (digits, count) = shortest(number);
            assert_eq!(&digits[..count], number.to_string().as_bytes());
        }
        for (number, pair) in PAIRS.iter().enumerate() {
            assert_eq!(pair, format!("{number:02}").as_bytes());
        }
    }
}
