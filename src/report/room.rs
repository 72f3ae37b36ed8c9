//! Appending JSON to room that is lent: a slice is taken, and what is left of it is given back.
//!
//! Slices that go from hand to hand stay in registers, where a buffer that may grow at every append is read from memory
//! and asked for its capacity each time. Who lends the room begins again with more of it where it was not enough.

use crate::decimal;
use crate::escape::is_unsafe;
use crate::plain::{is_plain, plain_in};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// The two hexadecimal digits of each byte.
const HEX_PAIRS: [[u8; 2]; 256] = {
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [HEX[byte >> 4], HEX[byte & 0xF]];
        byte += 1;
    }
    pairs
};

/// Appends text of known length; `None`, as of all functions here, where there is no room for it.
#[inline(always)]
pub(super) fn put<'a, const N: usize>(room: &'a mut [u8], text: &[u8; N]) -> Option<&'a mut [u8]> {
    let (here, rest) = room.split_first_chunk_mut()?;
    *here = *text;
    Some(rest)
}

/// Appends text from the program's source, in which nothing needs escaping, between others. Compiled into a few stores.
#[inline(always)]
pub(super) fn literal<'a>(
    room: &'a mut [u8],
    before: &'static str,
    name: &'static str,
    after: &'static str,
) -> Option<&'a mut [u8]> {
    const LONGEST: usize = 32;
    let (first, second) = (before.len(), before.len() + name.len());
    let length = second + after.len();
    let (here, rest) = room.split_at_mut_checked(length)?;
    if length > LONGEST {
        here[..first].copy_from_slice(before.as_bytes());
        here[first..second].copy_from_slice(name.as_bytes());
        here[second..].copy_from_slice(after.as_bytes());
    } else {
        let mut text = [0; LONGEST];
        text[..first].copy_from_slice(before.as_bytes());
        text[first..second].copy_from_slice(name.as_bytes());
        text[second..length].copy_from_slice(after.as_bytes());
        here.copy_from_slice(&text[..length]);
    }
    Some(rest)
}

/// Text put together by the compiler, and its length: the same number of bytes is stored for each, and what comes next
/// is stored over those behind the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<const N: usize> {
    text: [u8; N],
    length: usize,
}

/// The parts one behind the other, which are not more than `N` bytes.
pub(super) const fn piece<const N: usize>(parts: &[&str]) -> Piece<N> {
    let (mut text, mut length, mut part) = ([0; N], 0, 0);
    while part < parts.len() {
        let bytes = parts[part].as_bytes();
        let mut byte = 0;
        while byte < bytes.len() {
            text[length] = bytes[byte];
            length += 1;
            byte += 1;
        }
        part += 1;
    }
    Piece { text, length }
}

impl<const N: usize> Piece<N> {
    /// Appends it.
    #[inline(always)]
    pub(super) fn put<'a>(&self, room: &'a mut [u8]) -> Option<&'a mut [u8]> {
        *room.first_chunk_mut()? = self.text;
        room.get_mut(self.length..)
    }
}

const EIGHT: u64 = decimal::EIGHT as u64;

/// Appends a number.
#[inline(always)]
pub(super) fn unsigned(room: &mut [u8], number: u64) -> Option<&mut [u8]> {
    match short(number) {
        // More bytes than there are digits are stored at once; what comes next is stored over them.
        Some(word) => {
            *room.first_chunk_mut()? = word.to_le_bytes();
            room.get_mut((word >> 24) as usize..)
        }
        None => long(room, number),
    }
}

/// Those in [`decimal::SHORT`] of a number that has them.
#[inline(always)]
fn short(number: u64) -> Option<u32> {
    usize::try_from(number).ok().and_then(|number| decimal::SHORT.get(number)).copied()
}

/// Appends a number of four digits or more.
#[inline(never)]
fn long(room: &mut [u8], number: u64) -> Option<&mut [u8]> {
    match number {
        0..EIGHT => first_digits(room, decimal::up_to_eight(number as u32)),
        _ => put(unsigned(room, number / EIGHT)?, &decimal::eight((number % EIGHT) as u32)),
    }
}

/// Appends the first so many of the digits.
#[inline(always)]
fn first_digits(room: &mut [u8], (text, digits): ([u8; 8], usize)) -> Option<&mut [u8]> {
    *room.first_chunk_mut()? = text;
    room.get_mut(digits..)
}

/// Of a number from 10⁻⁵ to 10⁶ how many billionths it is, where that is a whole number: of at most fifteen digits, so
/// that no other number of as few digits has the same `f64`, and these are the shortest digits that give it back.
#[inline]
fn whole_billionths(number: f64) -> Option<u64> {
    const BILLION: f64 = 1e9;
    if !(1e-5..1e6).contains(&number) {
        return None;
    }
    let billionths = (number * BILLION + 0.5) as u64;
    (billionths as f64 / BILLION == number).then_some(billionths)
}

/// Appends a number that is not whole. Durations are a whole number of nanoseconds; the shortest digits that give another
/// number back are serde_json's business.
pub(super) fn float(mut room: &mut [u8], number: f64) -> Option<&mut [u8]> {
    if let Some(number) = whole_billionths(number) {
        return billionths(room, number);
    }
    serde_json::to_writer(&mut room, &number).ok()?;
    Some(room)
}

/// Appends a number of billionths with a decimal point.
fn billionths(room: &mut [u8], number: u64) -> Option<&mut [u8]> {
    const BILLION: u64 = 1_000_000_000;
    let room = put(unsigned(room, number / BILLION)?, b".")?;
    let fraction = (number % BILLION) as u32;
    let digits = room.first_chunk_mut::<9>()?;
    digits[0] = b'0' + (fraction / decimal::EIGHT) as u8;
    digits[1..].copy_from_slice(&decimal::eight(fraction % decimal::EIGHT));
    let zeros = digits[1..].iter().rev().take_while(|digit| **digit == b'0').count();
    room.get_mut(9 - zeros..)
}

/// Appends text of known length and a number.
#[inline(always)]
pub(super) fn number<'a, const N: usize>(room: &'a mut [u8], before: &[u8; N], number: u64) -> Option<&'a mut [u8]> {
    unsigned(put(room, before)?, number)
}

/// Appends two numbers, each behind its text, which mostly are the same: then its digits are made once.
#[inline(always)]
pub(super) fn alike<'a, const M: usize, const N: usize>(
    room: &'a mut [u8],
    (before, first): (&[u8; M], u64),
    (between, second): (&[u8; N], u64),
) -> Option<&'a mut [u8]> {
    if first != second || first >= EIGHT {
        return number(number(room, before, first)?, between, second);
    }
    let digits = match short(first) {
        Some(word) => (u64::from(word).to_le_bytes(), (word >> 24) as usize),
        None => decimal::up_to_eight(first as u32),
    };
    first_digits(put(first_digits(put(room, before)?, digits)?, between)?, digits)
}

/// Appends a string that [`is_plain`].
#[inline(always)]
pub(super) fn plain<'a>(room: &'a mut [u8], text: &[u8]) -> Option<&'a mut [u8]> {
    let (here, rest) = room.split_at_mut_checked(text.len().checked_add(2)?)?;
    let [open, inside @ .., close] = here else { return None };
    *open = b'"';
    copy(inside, text)?;
    *close = b'"';
    Some(rest)
}

/// Appends the same without quotation marks around it.
#[inline(always)]
pub(super) fn bytes<'a>(room: &'a mut [u8], text: &[u8]) -> Option<&'a mut [u8]> {
    let (here, rest) = room.split_at_mut_checked(text.len())?;
    copy(here, text)?;
    Some(rest)
}

/// Copies text to room of its length. Of most strings in a row all bytes are stored at once, the last of them over some
/// that are there already: that is less than the call which copies longer ones.
#[inline(always)]
fn copy(to: &mut [u8], text: &[u8]) -> Option<()> {
    if text.len() > 64 {
        to.copy_from_slice(text);
    } else if let (Some(first), Some(last)) = (text.first_chunk::<32>(), text.last_chunk::<32>()) {
        *to.first_chunk_mut()? = *first;
        *to.last_chunk_mut()? = *last;
    } else if let (Some(first), Some(last)) = (text.first_chunk::<16>(), text.last_chunk::<16>()) {
        *to.first_chunk_mut()? = *first;
        *to.last_chunk_mut()? = *last;
    } else if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        *to.first_chunk_mut()? = *first;
        *to.last_chunk_mut()? = *last;
    } else if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        *to.first_chunk_mut()? = *first;
        *to.last_chunk_mut()? = *last;
    } else if let (Some(first), Some(last)) = (text.first(), text.last()) {
        let middle = text.len() / 2;
        *to.first_mut()? = *first;
        *to.get_mut(middle)? = *text.get(middle)?;
        *to.last_mut()? = *last;
    }
    Some(())
}

/// Appends a string of hexadecimal digits.
#[inline(always)]
pub(super) fn hexadecimal<'a>(room: &'a mut [u8], bytes: &[u8]) -> Option<&'a mut [u8]> {
    let (here, rest) = room.split_at_mut_checked(bytes.len().checked_mul(2)?.checked_add(2)?)?;
    let [open, inside @ .., close] = here else { return None };
    *open = b'"';
    let ((digits, last_digits), (bytes, last_bytes)) = (inside.as_chunks_mut::<32>(), bytes.as_chunks::<16>());
    for (digits, bytes) in digits.iter_mut().zip(bytes) {
        *digits = sixteen_pairs(bytes);
    }
    for (pair, byte) in last_digits.as_chunks_mut().0.iter_mut().zip(last_bytes) {
        *pair = HEX_PAIRS[usize::from(*byte)];
    }
    *close = b'"';
    Some(rest)
}

/// The digits of many bytes, each pair in one word: the compiler makes them all at the same time.
#[inline(always)]
fn sixteen_pairs(bytes: &[u8; 16]) -> [u8; 32] {
    let pairs = bytes.map(|byte| {
        let values = u16::from(byte) >> 4 | u16::from(byte & 0xF) << 8;
        // 1 where the value is 10 or more: its digit is a letter.
        let letters = (values + 0x7676) >> 7 & 0x0101;
        values + u16::from(b'0') * 0x0101 + letters * u16::from(b'a' - b'0' - 10)
    });
    let mut digits = [0; 32];
    for (digits, pair) in digits.as_chunks_mut().0.iter_mut().zip(pairs) {
        *digits = pair.to_le_bytes();
    }
    digits
}

/// Appends a string of any text.
#[inline(never)]
pub(super) fn string<'a>(room: &'a mut [u8], text: &str) -> Option<&'a mut [u8]> {
    if is_plain(text.as_bytes()) {
        return plain(room, text.as_bytes());
    }
    let room = put(room, b"\"")?;
    let room = escaped(room, text)?;
    put(room, b"\"")
}

/// Appends a string of any bytes, what is not UTF-8 replaced by U+FFFD.
#[inline(never)]
pub(super) fn lossy<'a>(room: &'a mut [u8], bytes: &[u8]) -> Option<&'a mut [u8]> {
    if is_plain(bytes) {
        return plain(room, bytes);
    }
    let mut room = put(room, b"\"")?;
    for chunk in bytes.utf8_chunks() {
        room = escaped(room, chunk.valid())?;
        if !chunk.invalid().is_empty() {
            // U+FFFD in UTF-8.
            room = put(room, b"\xEF\xBF\xBD")?;
        }
    }
    put(room, b"\"")
}

/// Appends what there is, or null.
#[inline(always)]
pub(super) fn or_null<'a, T>(
    room: &'a mut [u8],
    value: Option<T>,
    write: impl FnOnce(&'a mut [u8], T) -> Option<&'a mut [u8]>,
) -> Option<&'a mut [u8]> {
    match value {
        Some(value) => write(room, value),
        None => put(room, b"null"),
    }
}

/// What stands behind the backslash in the escape of each byte that has one of two characters (RFC 8259 §7); 0 for others.
const SHORT: [u8; 256] = {
    let mut short = [0; 256];
    let (mut escape, escapes) =
        (0, [(b'"', b'"'), (b'\\', b'\\'), (8, b'b'), (9, b't'), (10, b'n'), (12, b'f'), (13, b'r')]);
    while escape < escapes.len() {
        let (byte, letter) = escapes[escape];
        short[byte as usize] = letter;
        escape += 1;
    }
    short
};

/// Appends text with what must be or should be escaped as an escape, without quotation marks around it.
pub(super) fn escaped<'a>(mut room: &'a mut [u8], text: &str) -> Option<&'a mut [u8]> {
    let mut bytes = text.as_bytes();
    loop {
        // Eight bytes are stored at once; what comes next is stored over those that are not plain.
        while let (Some(word), Some(here)) = (bytes.first_chunk::<8>(), room.first_chunk_mut::<8>()) {
            *here = *word;
            let plain = plain_in(*word);
            (room, bytes) = (room.get_mut(plain..)?, bytes.get(plain..)?);
            let Some(&byte) = word.get(plain) else { continue };
            let letter = SHORT[usize::from(byte)];
            if letter == 0 {
                break;
            }
            (room, bytes) = (put(room, &[b'\\', letter])?, bytes.get(1..)?);
        }
        let Some((&byte, behind)) = bytes.split_first() else { return Some(room) };
        let letter = SHORT[usize::from(byte)];
        (room, bytes) = if letter != 0 {
            (put(room, &[b'\\', letter])?, behind)
        } else if matches!(byte, b' '..=b'~') {
            (put(room, &[byte])?, behind)
        } else {
            let character = text.get(text.len() - bytes.len()..)?.chars().next()?;
            (unusual(room, character)?, bytes.get(character.len_utf8()..)?)
        };
    }
}

/// Appends a character that is not printable ASCII.
fn unusual(mut room: &mut [u8], character: char) -> Option<&mut [u8]> {
    if is_unsafe(character) {
        // RFC 8259 §7: above U+FFFF a pair of surrogates.
        for unit in character.encode_utf16(&mut [0; 2]) {
            let [high, low] = unit.to_be_bytes().map(|byte| HEX_PAIRS[usize::from(byte)]);
            room = put(room, &[b'\\', b'u', high[0], high[1], low[0], low[1]])?;
        }
        return Some(room);
    }
    let (here, behind) = room.split_at_mut_checked(character.len_utf8())?;
    character.encode_utf8(here);
    Some(behind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Nothing is written beyond the room, and what fits is written whatever room there is.
        #[test]
        fn all_is_written_or_there_is_no_room(text: String, number: u64, bytes: Vec<u8>, spare in 0usize..40) {
            let all = |room: &mut [u8]| {
                let before = room.len();
                let room = unsigned(string(room, &text)?, number)?;
                Some(before - literal(hexadecimal(room, &bytes)?, "a", "b", "c")?.len())
            };
            let (mut ample, mut exact) = (vec![b'-'; 10_000], Vec::new());
            let length = all(&mut ample).unwrap();
            prop_assert!(ample[length..].iter().all(|&byte| byte == b'-'));
            for room in [length, length + spare] {
                exact.resize(room, 0);
                prop_assert_eq!(all(&mut exact), Some(length));
                prop_assert_eq!(&exact[..length], &ample[..length]);
            }
            for less in 0..length {
                prop_assert_eq!(all(&mut exact[..less]), None);
            }
        }
    }
}
