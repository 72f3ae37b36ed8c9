//! Plain text: printable ASCII without a quotation mark or a backslash, as nearly all text of a protocol is. It needs no
//! escape in a report, and no control character stands in it.

/// Whether the text is printable ASCII without a quotation mark or a backslash, as nearly all is.
#[inline]
pub(crate) fn is_plain(text: &[u8]) -> bool {
    // The last bytes overlap those before.
    if let Some(last) = text.last_chunk() {
        let mut special = [0; LANES];
        for bytes in text[..text.len() - 1].as_chunks().0 {
            mark_special(&mut special, bytes);
        }
        mark_special(&mut special, last);
        special.iter().fold(0, |any, lane| any | lane) == 0
    } else if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        (special_bits(*first) | special_bits(*last)) == 0
    } else if let (Some([a, b, c, d]), Some([e, f, g, h])) = (text.first_chunk(), text.last_chunk()) {
        special_bits([*a, *b, *c, *d, *e, *f, *g, *h]) == 0
    } else {
        !text.iter().any(|&byte| is_special(byte))
    }
}

/// How many bytes are looked at at once, where the compiler knows vectors.
const LANES: usize = 16;

/// Sets the lanes in which a byte [`is_special`].
#[inline(always)]
fn mark_special(lanes: &mut [u8; LANES], bytes: &[u8; LANES]) {
    for (lane, byte) in lanes.iter_mut().zip(bytes) {
        *lane |= if is_special(*byte) { 0xFF } else { 0 };
    }
}

/// Length of the longest prefix that [`is_plain`]. Less than a call of memchr where that is a few words.
#[inline]
pub(crate) fn plain_prefix(text: &[u8]) -> usize {
    first(text, special_bits, is_special).unwrap_or(text.len())
}

/// Where this byte stands first. Less than a call of memchr in a few words, too.
#[inline(always)]
pub(crate) fn find(byte: u8, text: &[u8]) -> Option<usize> {
    let marks = |word| has_below(u64::from_le_bytes(word) ^ (ONES * u64::from(byte)), 1) & TOPS;
    first(text, marks, |this| this == byte)
}

/// Where the first byte stands that is one of those looked for. `marks` says it of eight bytes: the lowest bit set is in the
/// first of them.
#[inline(always)]
fn first(text: &[u8], marks: impl Fn([u8; 8]) -> u64, is: impl Fn(u8) -> bool) -> Option<usize> {
    let (words, rest) = text.as_chunks();
    match words.iter().map(|word| marks(*word)).enumerate().find(|(_, marks)| *marks != 0) {
        Some((word, marks)) => Some(8 * word + marks.trailing_zeros() as usize / 8),
        None => rest.iter().position(|&byte| is(byte)).map(|at| 8 * words.len() + at),
    }
}

/// As [`plain_prefix`], of eight bytes.
#[inline(always)]
pub(crate) fn plain_in(word: [u8; 8]) -> usize {
    special_bits(word).trailing_zeros() as usize / 8
}

/// Whether the byte is a control, a quotation mark, a backslash, DEL or not ASCII.
#[inline(always)]
fn is_special(byte: u8) -> bool {
    // Not from U+0020 to U+007E.
    (byte.wrapping_sub(0x20) > 0x5E) | (byte == b'"') | (byte == b'\\')
}

/// 1 in each byte, and the top bit.
const ONES: u64 = u64::from_ne_bytes([1; 8]);
const TOPS: u64 = ONES * 0x80;

/// Sets the top bit of each byte below the bound; above the lowest such byte others may have it too.
#[inline(always)]
fn has_below(word: u64, bound: u64) -> u64 {
    word.wrapping_sub(ONES * bound) & !word
}

/// Not 0 where one of the bytes [`is_special`]; the lowest bit set is in the first of them.
#[inline]
fn special_bits(word: [u8; 8]) -> u64 {
    let word = u64::from_le_bytes(word);
    let has = |byte: u8| has_below(word ^ (ONES * u64::from(byte)), 1);
    // With 1 more DEL has the top bit too. A carry goes to higher bytes, from one that is not ASCII.
    let del = word.wrapping_add(ONES);
    (word | del | has_below(word, 0x20) | has(b'"') | has(b'\\')) & TOPS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Each byte alone, wherever it stands among others.
        #[test]
        fn text_is_plain_where_each_byte_is(text: Vec<u8>, plain in "[ -~&&[^\"\\\\]]{0,70}", at in 0usize..70, byte: u8) {
            let mut almost = plain.into_bytes();
            almost.insert(at.min(almost.len()), byte);
            for text in [text, almost] {
                let special = text.iter().position(|&byte| is_special(byte));
                prop_assert_eq!(is_plain(&text), special.is_none());
                prop_assert_eq!(plain_prefix(&text), special.unwrap_or(text.len()));
                prop_assert_eq!(find(byte, &text), text.iter().position(|&this| this == byte));
            }
        }
    }
}
