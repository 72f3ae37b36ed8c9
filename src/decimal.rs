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

/// The same without a leading zero; only the first byte counts of a number below 10.
pub(crate) const SHORT: [[u8; 2]; 100] = {
    let mut short = PAIRS;
    let mut number = 0;
    while number < 10 {
        short[number][0] = b'0' + number as u8;
        number += 1;
    }
    short
};

/// How many numbers [`eight`] can write.
pub(crate) const EIGHT: u32 = 100_000_000;

/// How many numbers [`four`] can write.
pub(crate) const FOUR: u32 = 10_000;

const ZEROS: u64 = u64::from_ne_bytes([b'0'; 8]);

/// The eight digits of a number below [`EIGHT`], with leading zeros.
#[inline]
pub(crate) fn eight(number: u32) -> [u8; 8] {
    (values(number) | ZEROS).to_le_bytes()
}

/// The digits of a number from 1 to [`EIGHT`] without leading zeros, and how many of the bytes they are.
#[inline]
pub(crate) fn up_to_eight(number: u32) -> ([u8; 8], usize) {
    let values = values(number);
    // The first digit is in the lowest byte.
    let leading = values.trailing_zeros() / 8 % 8;
    (((values | ZEROS) >> (8 * leading)).to_le_bytes(), 8 - leading as usize)
}

/// The digits of a number from 100 to [`FOUR`] without a leading zero, and how many of the bytes they are.
#[inline]
pub(crate) fn up_to_four(number: u32) -> ([u8; 4], usize) {
    let pair = |number: u32| u32::from(u16::from_le_bytes(PAIRS[(number % 100) as usize]));
    let digits = pair(number) << 16 | pair(number / 100);
    let leading = u32::from(number < 1000);
    ((digits >> (8 * leading)).to_le_bytes(), 4 - leading as usize)
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
            let short = |digits: &[u8]| assert_eq!(digits, number.to_string().as_bytes());
            if number > 0 {
                let (digits, count) = up_to_eight(number);
                short(&digits[..count]);
            }
            if (100..FOUR).contains(&number) {
                let (digits, count) = up_to_four(number);
                short(&digits[..count]);
            }
        }
        for (number, pair) in PAIRS.iter().enumerate() {
            assert_eq!(pair, format!("{number:02}").as_bytes());
            let text = number.to_string();
            assert_eq!(SHORT[number][..text.len()], *text.as_bytes());
        }
    }
}
