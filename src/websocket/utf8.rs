//! UTF-8 checked across fragments and segments, and why it is not UTF-8 where it is not (RFC 6455 §8.1, RFC 3629).

use super::event::Utf8Fault;
use memchr::memchr_iter;

/// Checks a text piece by piece; the result does not depend on how it is cut.
#[derive(Clone, Debug, Default)]
pub struct Validator {
    /// Bytes of the text that were checked and belong to whole characters.
    valid: u64,
    /// The beginning of a character whose end has not come yet.
    partial: [u8; 4],
    partial_length: u8,
    /// The first fault ends the check.
    fault: Option<Fault>,
    /// It begins with U+FEFF.
    pub bom: bool,
    /// It contains U+0000.
    pub nul: bool,
    /// It contains a noncharacter.
    pub noncharacter: bool,
}

/// Where and why text stops being UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Why.
    pub fault: Utf8Fault,
    /// Offset of the offending sequence in the text.
    pub offset: u64,
    /// The offending sequence, up to and including the byte that proves it.
    pub bytes: [u8; 4],
    /// How many of `bytes` count.
    pub length: u8,
}

impl Validator {
    /// Takes the next piece.
    pub fn push(&mut self, mut bytes: &[u8]) {
        if self.fault.is_some() {
            return;
        }
        while self.partial_length > 0 {
            let Some((&next, rest)) = bytes.split_first() else { return };
            bytes = rest;
            self.partial[usize::from(self.partial_length)] = next;
            self.partial_length += 1;
            let sequence = self.partial;
            let sequence = &sequence[..usize::from(self.partial_length)];
            match std::str::from_utf8(sequence) {
                Ok(_) => {
                    self.partial_length = 0;
                    self.accept(sequence, look(sequence));
                }
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return self.fail(sequence),
            }
        }
        let seen = look(bytes);
        // All of ASCII is valid.
        if seen.ascii || simdutf8::basic::from_utf8(bytes).is_ok() {
            self.accept(bytes, seen);
        } else {
            self.locate(bytes);
        }
    }

    /// The text is over: a character that is still open is a fault.
    pub fn finish(&mut self) -> Option<Fault> {
        if self.fault.is_none() && self.partial_length > 0 {
            self.fault = Some(Fault {
                fault: Utf8Fault::Truncated,
                offset: self.valid,
                bytes: self.partial,
                length: self.partial_length,
            });
        }
        self.fault
    }

    /// The first fault so far.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// Whether the text so far ends inside a character.
    pub fn is_inside_character(&self) -> bool {
        self.partial_length > 0
    }

    /// Finds what the fast check only knows to be there.
    fn locate(&mut self, bytes: &[u8]) {
        let Err(error) = simdutf8::compat::from_utf8(bytes) else { return };
        let (valid, rest) = bytes.split_at(error.valid_up_to());
        self.accept(valid, look(valid));
        if error.error_len().is_some() {
            return self.fail(rest);
        }
        self.partial = [0; 4];
        self.partial[..rest.len()].copy_from_slice(rest);
        self.partial_length = rest.len() as u8;
    }

    fn accept(&mut self, text: &[u8], seen: Look) {
        if !seen.ascii {
            self.bom |= self.valid == 0 && text.starts_with(b"\xEF\xBB\xBF");
            self.noncharacter = self.noncharacter || has_noncharacter(text);
        }
        self.nul |= seen.nul;
        self.valid += text.len() as u64;
    }

    /// `sequence` begins with the fault.
    fn fail(&mut self, sequence: &[u8]) {
        let (fault, length) = classify(sequence);
        let mut bytes = [0; 4];
        bytes[..length].copy_from_slice(&sequence[..length]);
        self.fault = Some(Fault { fault, offset: self.valid, bytes, length: length as u8 });
        self.partial_length = 0;
    }
}

/// Names the fault at the front of `sequence`, and how many of its bytes show it (the table of RFC 3629 §4).
fn classify(sequence: &[u8]) -> (Utf8Fault, usize) {
    let is_continuation = |index: usize| sequence.get(index).is_some_and(|byte| byte & 0xC0 == 0x80);
    let first = sequence.first().copied().unwrap_or(0);
    let needed = match first {
        0x80..=0xBF => return (Utf8Fault::UnexpectedContinuation, 1),
        0xC0 | 0xC1 | 0xF5..=0xFF => return (Utf8Fault::ImpossibleByte, 1),
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        _ => 4,
    };
    match (first, sequence.get(1)) {
        (0xE0, Some(0x80..=0x9F)) | (0xF0, Some(0x80..=0x8F)) => return (Utf8Fault::Overlong, 2),
        (0xED, Some(0xA0..=0xBF)) => return (Utf8Fault::Surrogate, 2),
        (0xF4, Some(0x90..=0xBF)) => return (Utf8Fault::TooLarge, 2),
        _ => {}
    }
    let continued = (1..needed).take_while(|&index| is_continuation(index)).count();
    (Utf8Fault::MissingContinuation, (continued + 2).min(sequence.len()))
}

/// Of text that is all ASCII, and so valid, whether it contains U+0000; `None` for any other.
#[inline]
pub(super) fn nul_in_ascii(text: &[u8]) -> Option<bool> {
    let Look { ascii, nul } = look(text);
    ascii.then_some(nul)
}

/// What one look at every byte shows.
#[derive(Clone, Copy, Debug)]
struct Look {
    /// No byte has its top bit set.
    ascii: bool,
    /// A byte is zero.
    nul: bool,
}

/// Looks at eight bytes at a time, and at more where the compiler makes vector instructions of it.
fn look(text: &[u8]) -> Look {
    const TOP: u64 = u64::from_ne_bytes([0x80; 8]);
    const ONE: u64 = u64::from_ne_bytes([0x01; 8]);
    let (words, rest) = text.as_chunks::<8>();
    let (mut any, mut borrowed) = (0, 0);
    for word in words {
        let word = u64::from_ne_bytes(*word);
        any |= word;
        // The top bit of a byte that was clear becomes set where the byte is zero; above one that is, in others too.
        borrowed |= word.wrapping_sub(ONE) & !word;
    }
    let (mut ascii, mut nul) = (any & TOP == 0, borrowed & TOP != 0);
    for &byte in rest {
        ascii &= byte.is_ascii();
        nul |= byte == 0;
    }
    Look { ascii, nul }
}

/// Whether valid UTF-8 holds one of the 66 noncharacters: U+FDD0 to U+FDEF, and the last two of every plane.
fn has_noncharacter(text: &[u8]) -> bool {
    // In UTF-8 they are EF B7 90..AF; EF BF BE..BF; and F0..F4 xF BF BE..BF, so BF or B7 stands in each.
    memchr_iter(0xBF, text).any(|at| {
        let behind_plane = match at.checked_sub(1).map(|before| text[before]) {
            Some(0xEF) => true,
            Some(second) => second & 0x0F == 0x0F && at >= 2 && text[at - 2] >= 0xF0,
            None => false,
        };
        behind_plane && matches!(text.get(at + 1), Some(0xBE | 0xBF))
    }) || memchr_iter(0xB7, text)
        .any(|at| at >= 1 && text[at - 1] == 0xEF && matches!(text.get(at + 1), Some(0x90..=0xAF)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &[u8]) -> Option<(Utf8Fault, u64)> {
        let mut validator = Validator::default();
        validator.push(text);
        validator.finish().map(|fault| (fault.fault, fault.offset))
    }

    #[test]
    fn names_each_fault() {
        use Utf8Fault::*;
        for (text, fault) in [
            (&b"ab\x80"[..], UnexpectedContinuation),
            (b"ab\xC3(", MissingContinuation),
            (b"ab\xE2\x82x", MissingContinuation),
            (b"ab\xE0\x80\xAF", Overlong),
            (b"ab\xF0\x8F\xBF\xBF", Overlong),
            (b"ab\xED\xA0\x80", Surrogate),
            (b"ab\xF4\x90\x80\x80", TooLarge),
            (b"ab\xC0\xAF", ImpossibleByte),
            (b"ab\xF5", ImpossibleByte),
            (b"ab\xE2\x82", Truncated),
        ] {
            assert_eq!(check(text), Some((fault, 2)), "{text:02x?}");
        }
        assert_eq!(check("κόσμε \u{10FFFF}".as_bytes()), None);
    }

    #[test]
    fn finds_all_66_noncharacters_and_no_other() {
        let is_noncharacter = |c: char| (0xFDD0..=0xFDEF).contains(&(c as u32)) || c as u32 & 0xFFFE == 0xFFFE;
        let mut found = 0;
        for c in '\0'..=char::MAX {
            let text = format!("a{c}b");
            assert_eq!(has_noncharacter(text.as_bytes()), is_noncharacter(c), "{:x}", c as u32);
            found += u32::from(is_noncharacter(c));
        }
        assert_eq!(found, 66);
    }

    proptest! {
        #[test]
        fn one_look_sees_what_two_do(text in proptest::collection::vec(prop_oneof![0u8..3, 0x7Eu8..0x82, any::<u8>()], 0..40)) {
            let seen = look(&text);
            prop_assert_eq!(seen.ascii, text.is_ascii());
            prop_assert_eq!(seen.nul, text.contains(&0));
        }

        #[test]
        fn does_not_depend_on_the_cuts(
            text in prop_oneof![
                any::<String>().prop_map(String::into_bytes),
                proptest::collection::vec(any::<u8>(), 0..40),
                (any::<String>(), any::<[u8; 3]>()).prop_map(|(text, tail)| [text.as_bytes(), &tail].concat()),
            ],
            cuts in proptest::collection::vec(0usize..64, 0..6),
        ) {
            let mut whole = Validator::default();
            whole.push(&text);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            cuts.push(text.len());
            let mut pieces = Validator::default();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&text[from..cut]);
                from = cut;
            }
            prop_assert_eq!(whole.finish(), pieces.finish());
            prop_assert_eq!(whole.fault().is_none(), std::str::from_utf8(&text).is_ok());
            prop_assert_eq!(whole.noncharacter, pieces.noncharacter);
            prop_assert_eq!(whole.bom, pieces.bom);
        }
    }
}
