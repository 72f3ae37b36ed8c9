//! Bytes written as hexadecimal text, in whatever form they were copied from.
//!
//! Two readings are possible: a hex dump with offsets, and plain digits. A dump is recognised by its offsets, each of
//! which must follow from the bytes of the lines before it; everything else is read as plain digits. No reading drops
//! a character silently: what is neither digit nor separator is an error with its place.

mod dump;

use crate::escape::printable;
use thiserror::Error;

/// No more bytes than this are made of one text; only the `*` of a dump can ask for more than it spells.
const MAX_BYTES: usize = 16 << 20;

const FORMS: &str = "accepted are: 8105, 81 05, 81:05, 0x8105, {0x81, 0x05}, \\x81\\x05, and the dumps of xxd, \
                     hexdump -C, od -t x1, tshark -x and Wireshark";

/// Why a text is no bytes. Lines and columns are counted from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HexError {
    /// There is not a single digit in it.
    #[error("there are no hexadecimal digits; {FORMS}")]
    Empty,
    /// A character that is no digit and no known separator.
    #[error("line {line}, column {column}: \"{}\" is not a hexadecimal digit; {FORMS}", printable(found.to_string().as_bytes()))]
    Character {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
        /// The character.
        found: char,
    },
    /// A run of digits that is no whole number of bytes.
    #[error("line {line}, column {column}: an odd number of hexadecimal digits ({digits}): a byte takes two; {FORMS}")]
    OddDigits {
        /// The line.
        line: usize,
        /// The column where the run begins.
        column: usize,
        /// How many digits it has.
        digits: usize,
    },
    /// A dump's offset does not follow from the bytes before it.
    #[error("line {line}: the offset is {found:x}, but {expected:x} follows from the lines before: is one missing?")]
    Offset {
        /// The line.
        line: usize,
        /// The offset that the bytes before it ask for.
        expected: u64,
        /// The offset that stands there.
        found: u64,
    },
    /// The dump shows 16-bit words, whose byte order depends on the machine that printed it.
    #[error("this dump shows 16-bit words in the byte order of its machine; use hexdump -C, xxd or od -t x1")]
    Words,
    /// A `*` in a dump stands for too many bytes.
    #[error("the dump stands for more than {} MiB", MAX_BYTES >> 20)]
    TooLong,
}

/// The bytes that a hexadecimal text spells.
///
/// Taken are digits in any case with or without spaces, commas, colons, semicolons, hyphens, quotes and brackets
/// between the bytes; `0x` and `\x` before each byte or before all; and the dumps of xxd, `hexdump -C`, `od -t x1`,
/// `tshark -x` and Wireshark, whose offsets and text columns are passed over and whose `*` repeats the line before it.
/// What stands behind a `#` is a remark.
///
/// ```
/// use wslens::teach::parse_hex;
/// let hello = [0x81, 0x05, b'H', b'e', b'l', b'l', b'o'];
/// assert_eq!(parse_hex("810548656c6c6f").unwrap(), hello);
/// assert_eq!(parse_hex("{0x81, 0x5, 0x48, 0x65, 0x6c, 0x6c, 0x6f}").unwrap(), hello);
/// assert_eq!(parse_hex("00000000: 8105 4865 6c6c 6f   ..Hello").unwrap(), hello);
/// ```
///
/// # Errors
/// Says at which line and column what was not understood, and which forms are taken.
pub fn parse_hex(text: &str) -> Result<Vec<u8>, HexError> {
    let bytes = match dump::read(text) {
        dump::Reading::Dump(bytes) => bytes,
        dump::Reading::Broken(error) => return Err(error),
        dump::Reading::NoDump => digits(text)?,
    };
    if bytes.is_empty() { Err(HexError::Empty) } else { Ok(bytes) }
}

/// Plain digits: runs of an even number, separated or not, prefixed or not.
fn digits(text: &str) -> Result<Vec<u8>, HexError> {
    let mut bytes = Vec::new();
    for (line, content) in text.lines().enumerate() {
        let line = line + 1;
        let mut chars = content.chars().zip(1_usize..).peekable();
        let mut prefixed = false;
        while let Some((c, column)) = chars.next() {
            let next = chars.peek().map(|&(c, _)| c);
            match c {
                '0' if matches!(next, Some('x' | 'X')) => prefixed = true,
                '\\' if next == Some('x') => prefixed = true,
                // Only behind what was just seen; any other x is none of ours.
                'x' | 'X' if prefixed && next.is_some_and(|c| c.is_ascii_hexdigit()) => continue,
                _ if c.is_ascii_hexdigit() => {
                    let mut run = vec![nibble(c)];
                    while let Some(&(c, _)) = chars.peek()
                        && c.is_ascii_hexdigit()
                    {
                        // In 0x810x05 a new prefix begins at the second zero.
                        if c == '0' && run.len() % 2 == 0 && matches!(second(&chars), Some('x' | 'X')) {
                            break;
                        }
                        run.push(nibble(c));
                        chars.next();
                    }
                    match run.as_slice() {
                        // C's 0x5; without a prefix a single digit is more likely a slip.
                        [single] if prefixed => bytes.push(*single),
                        run if run.len() % 2 == 0 => bytes.extend(run.chunks_exact(2).map(|two| two[0] << 4 | two[1])),
                        run => return Err(HexError::OddDigits { line, column, digits: run.len() }),
                    }
                    prefixed = false;
                }
                // A remark, as `encode` writes it.
                '#' if !prefixed => break,
                ',' | ':' | ';' | '-' | '{' | '}' | '[' | ']' | '(' | ')' | '"' | '\u{feff}' if !prefixed => {}
                _ if c.is_whitespace() && !prefixed => {}
                _ => return Err(HexError::Character { line, column, found: c }),
            }
        }
    }
    Ok(bytes)
}

/// The character behind the next one.
fn second(chars: &(impl Iterator<Item = (char, usize)> + Clone)) -> Option<char> {
    chars.clone().nth(1).map(|(c, _)| c)
}

/// The value of a hexadecimal digit.
fn nibble(digit: char) -> u8 {
    digit.to_digit(16).unwrap_or(0) as u8
}

#[cfg(test)]
mod tests;
