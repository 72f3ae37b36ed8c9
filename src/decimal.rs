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

/// The digits of each number below 1000 without leading zeros, the first in the lowest byte, and in the highest byte how
/// many they are: one word, so that it is read and stored as one.
pub(crate) static SHORT: [u32; 1000] = {
    let mut short = [0; 1000];
    let mut number = 0;
    while number < 1000 {
        // Those of the number without its last one stand in the table already.
        let [a, b, c, count] = if number < 10 { [0; 4] } else { u32::to_le_bytes(short[number / 10]) };
        let last = b'0' + (number % 10) as u8;
        short[number] = u32::from_le_bytes(match count {
            0 => [last, b, c, 1],
            1 => [a, last, c, 2],
            _ => [a, b, last, 3],
        });
        number += 1;
    }
    short
};

/// Four numbers with dots between them, as an address has them, and how many of the bytes they are.
pub(crate) fn dotted(numbers: [u8; 4]) -> ([u8; 16], usize) {
    let (mut text, mut length) = ([0; 16], 0);
    for number in numbers {
        let [digits @ .., count] = SHORT[usize::from(number)].to_le_bytes();
        text[length..length + 3].copy_from_slice(&digits);
        text[length + usize::from(count)] = b'.';
        length += usize::from(count) + 1;
    }
    (text, length - 1)
}

/// How many numbers [`eight`] can write.
pub(crate) const EIGHT: u32 = 100_000_000;

const ZEROS: u64 = u64::from_ne_bytes([b'0'; 8]);

/// The eight digits of a number below [`EIGHT`], with leading zeros.
#[inline]
pub(crate) fn eight(number: u32) -> [u8; 8] {
    (values(number) | ZEROS).to_le_bytes()
}

/// The digits of a number from 1 to [`EIGHT`] without leading zeros, and how many of the bytes they are.
#[inline]
pub(crate) fn up_to_eight(number: u32) -> ([u8; 8], usize) {
    let count = count(number);
    // The first digit is in the lowest byte.
    (((values(number) | ZEROS) >> (64 - 8 * count)).to_le_bytes(), count)
}

/// How many digits a number has that is not 0. What is written behind it waits for this, and not for the digits.
#[inline]
fn count(number: u32) -> usize {
    ((u64::from(number) + COUNTS[number.ilog2() as usize]) >> 32) as usize
}

/// By the binary logarithm of a number: what added to it makes the upper half the count of its digits. From one power of
/// two to the next there is at most one power of ten, from which on the sum carries.
static COUNTS: [u64; 32] = {
    let mut counts = [0; 32];
    let mut log = 0;
    while log < 32 {
        let (first, last) = (1 << log, (1_u64 << (log + 1)) - 1);
        let (mut count, mut ten) = (1, 10);
        while ten <= first {
            count += 1;
            ten *= 10;
        }
        counts[log] = if ten <= last { ((count + 1) << 32) - ten } else { count << 32 };
        log += 1;
    }
    counts
};

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
    fn addresses_are_those_of_fmt() {
        for number in 0..=255 {
            for numbers in [[number, 0, 255, number], [192, number, 7, 10], [255, 255, number, 255]] {
                let (text, length) = dotted(numbers);
                assert_eq!(text[..length], *std::net::Ipv4Addr::from(numbers).to_string().as_bytes());
            }
        }
    }

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
        }
        for (number, pair) in PAIRS.iter().enumerate() {
            assert_eq!(pair, format!("{number:02}").as_bytes());
        }
        for (number, word) in SHORT.iter().enumerate() {
            let [digits @ .., count] = word.to_le_bytes();
            assert_eq!(digits[..usize::from(count)], *number.to_string().as_bytes());
        }
    }
}
