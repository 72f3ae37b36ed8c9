//! Handshake messages out of the contents of handshake records: several in one record, or one over several
//! (RFC 8446 §5.1).

use super::hello::message;

/// Longest message that is kept whole, in bytes; a longer hello is taken for one that was not seen.
const LONGEST_KEPT: usize = 1 << 17;

/// A complete handshake message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message<'a> {
    pub kind: u8,
    /// Empty for kinds that nobody here reads: certificates are long.
    pub body: &'a [u8],
}

/// One direction's handshake messages.
#[derive(Debug, Default)]
pub(super) struct Messages {
    partial: Vec<u8>,
    /// `partial` holds a message that was handed out.
    given: bool,
    /// Bytes still to come of a message whose body is not kept, and its kind.
    skip: usize,
    skipped_kind: u8,
    /// Bytes were lost: where the next message begins is not known.
    lost: bool,
}

impl Messages {
    /// The next complete message of `input`, which is advanced past it.
    pub fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Option<Message<'a>> {
        if self.given {
            self.partial.clear();
            self.given = false;
        }
        if self.lost {
            *input = &[];
            return None;
        }
        loop {
            if self.skip > 0 {
                self.skip -= advance(input, self.skip).len();
                return (self.skip == 0).then_some(Message { kind: self.skipped_kind, body: &[] });
            }
            if let Some((kind, length)) = header(input).filter(|_| self.partial.is_empty()) {
                if !is_read(kind) || length > LONGEST_KEPT {
                    advance(input, 4);
                    if let Some(message) = self.start_skipping(kind, length) {
                        return Some(message);
                    }
                    continue;
                }
                if input.len() >= 4 + length {
                    return Some(Message { kind, body: &advance(input, 4 + length)[4..] });
                }
            }
            let missing = 4_usize.saturating_sub(self.partial.len());
            self.partial.extend_from_slice(advance(input, missing));
            let (kind, length) = header(&self.partial)?;
            if !is_read(kind) || length > LONGEST_KEPT {
                self.partial.clear();
                if let Some(message) = self.start_skipping(kind, length) {
                    return Some(message);
                }
                continue;
            }
            let missing = (4 + length).saturating_sub(self.partial.len());
            self.partial.extend_from_slice(advance(input, missing));
            if self.partial.len() < 4 + length {
                return None;
            }
            self.given = true;
            return Some(Message { kind, body: &self.partial[4..] });
        }
    }

    /// Bytes of this direction were lost: what follows cannot be read before [`restart`](Messages::restart).
    pub fn lose(&mut self) {
        *self = Messages { lost: true, ..Messages::default() };
    }

    /// A message begins with the next record: keys change at message boundaries only (RFC 8446 §5.1).
    pub fn restart(&mut self) {
        *self = Messages::default();
    }

    fn start_skipping(&mut self, kind: u8, length: usize) -> Option<Message<'static>> {
        self.skip = length;
        self.skipped_kind = kind;
        (length == 0).then_some(Message { kind, body: &[] })
    }
}

/// Whether anybody reads the body of such a message.
fn is_read(kind: u8) -> bool {
    matches!(kind, message::CLIENT_HELLO | message::SERVER_HELLO | message::ENCRYPTED_EXTENSIONS)
}

/// Kind and length of the message at the start of `bytes` (RFC 8446 §4).
fn header(bytes: &[u8]) -> Option<(u8, usize)> {
    let &[kind, a, b, c] = bytes.first_chunk()?;
    Some((kind, usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c)))
}

/// Splits up to `length` bytes off the front.
fn advance<'a>(input: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (head, tail) = input.split_at(length.min(input.len()));
    *input = tail;
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STREAM: &[u8] = b"\x01\0\0\x03abc\x0b\0\0\x04skip\x14\0\0\x00\x02\0\0\x01x\x18\0\0\x01\x00";

    fn read(pieces: &[&[u8]]) -> Vec<(u8, Vec<u8>)> {
        let mut messages = Messages::default();
        let mut found = Vec::new();
        for piece in pieces {
            let mut input = *piece;
            while let Some(message) = messages.next(&mut input) {
                found.push((message.kind, message.body.to_vec()));
            }
            assert!(input.is_empty());
        }
        found
    }

    proptest! {
        #[test]
        fn cuts_do_not_matter(mut cuts in proptest::collection::vec(0..=STREAM.len(), 0..6)) {
            cuts.sort_unstable();
            cuts.push(STREAM.len());
            let mut from = 0;
            let mut pieces = Vec::new();
            for to in cuts {
                pieces.push(&STREAM[from..to]);
                from = to;
            }
            let expected: Vec<(u8, Vec<u8>)> =
                vec![(1, b"abc".to_vec()), (11, vec![]), (20, vec![]), (2, b"x".to_vec()), (24, vec![])];
            prop_assert_eq!(read(&pieces), expected);
        }
    }

    #[test]
    fn after_a_loss_nothing_is_read_until_the_restart() {
        let mut messages = Messages::default();
        messages.lose();
        let mut input = STREAM;
        assert_eq!(messages.next(&mut input), None);
        messages.restart();
        let mut input = STREAM;
        assert_eq!(messages.next(&mut input), Some(Message { kind: 1, body: b"abc" }));
    }

    #[test]
    fn a_hello_of_sixteen_megabytes_is_not_kept() {
        let mut messages = Messages::default();
        let mut input: &[u8] = b"\x01\xff\xff\xff";
        assert_eq!(messages.next(&mut input), None);
        assert!(messages.partial.is_empty());
    }
}
