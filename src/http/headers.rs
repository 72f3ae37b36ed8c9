//! The header lines of a message, in two pieces of memory however many they are.

use super::names::{self, PLACES};
use std::ops::Range;

/// Header lines in wire order.
///
/// ```
/// use wslens::http::Headers;
/// let headers: Headers = [("Host", "a"), ("X", "")].into_iter().collect();
/// assert_eq!(headers.iter().map(|header| header.value).collect::<Vec<_>>(), [&b"a"[..], b""]);
/// ```
#[derive(Clone)]
pub struct Headers {
    /// Names and values, and whatever stood between them.
    text: Vec<u8>,
    lines: Vec<Line>,
    /// For each [`place`](names::place) of a name the number of the first line with it, counted from 1; 0 where there is
    /// none, as there is none for most names that are asked for, and `u8::MAX` for that line and all behind it.
    first: [u8; PLACES],
    /// A bit for each place that several lines have.
    repeated: u64,
    /// All names and values are known to be [plain](crate::plain).
    plain: bool,
}

/// Where a line stands in the text.
#[derive(Clone, Copy, Debug)]
struct Line {
    name: Span,
    value: Span,
    /// The place of its name.
    place: u8,
    /// Its name is the known one of the place.
    known: bool,
}

/// A place in the text; what stands behind the first 4 GiB is not kept.
#[derive(Clone, Copy, Debug)]
struct Span {
    begin: u32,
    end: u32,
}

impl Span {
    #[inline]
    fn new(begin: usize, end: usize) -> Span {
        let within = |at: usize| at.min(u32::MAX as usize) as u32;
        Span { begin: within(begin), end: within(end) }
    }

    fn of(self, text: &[u8]) -> &[u8] {
        &text[self.begin as usize..self.end as usize]
    }
}

/// One header line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name as it was spelled.
    pub name: &'a [u8],
    /// The value, optional white space around it removed (RFC 9112 §5.1).
    pub value: &'a [u8],
}

impl Headers {
    /// None yet.
    pub(super) fn new() -> Headers {
        // As many as most heads have.
        Headers { text: Vec::new(), lines: Vec::with_capacity(8), first: [0; PLACES], repeated: 0, plain: false }
    }

    /// Keeps the head in which the lines stand, before or after they are told. `plain` says that it is known to be
    /// [plain](crate::plain) but for the ends of its lines.
    pub(super) fn keep(&mut self, head: &[u8], plain: bool) {
        self.text = head.to_vec();
        self.plain = plain;
    }

    /// The next line: its name, which begins at this place in the head, and where its value stands. Tells whether the name
    /// is a known one, and so a token.
    #[inline(always)]
    pub(super) fn add(&mut self, name: &[u8], begin: usize, value: Range<usize>) -> bool {
        let place = names::place(name);
        let known = names::is_known(name, place);
        match &mut self.first[place] {
            first @ 0 => *first = (self.lines.len() + 1).min(usize::from(u8::MAX)) as u8,
            _ => self.repeated |= 1 << place,
        }
        let (name, value) = (Span::new(begin, begin + name.len()), Span::new(value.start, value.end));
        self.lines.push(Line { name, value, place: place as u8, known });
        known
    }

    /// Goes on with the value of the last line, which is folded: a fold is read as one space or more (RFC 9112 §5.2).
    pub(super) fn fold(&mut self, more: Range<usize>) {
        let Some(last) = self.lines.last_mut() else { return };
        let Span { begin, end } = last.value;
        let (mut begin, end) = (begin as usize, end as usize);
        // It grows at the end of the text, and is brought there once.
        if end != self.text.len() {
            self.text.extend_from_within(begin..end);
            begin = self.text.len() - (end - begin);
        }
        if self.text.len() > begin {
            self.text.push(b' ');
        }
        self.text.extend_from_within(more);
        last.value = Span::new(begin, self.text.len());
    }

    /// The lines whose names may have this place: nearly always one or none.
    #[inline]
    fn lines_at(&self, place: usize) -> &[Line] {
        let first = self.first[place];
        let is_alone = first < u8::MAX && self.repeated >> place & 1 == 0;
        let last = if is_alone { usize::from(first) } else { self.lines.len() };
        self.lines.get(usize::from(first).wrapping_sub(1)..last).unwrap_or_default()
    }

    /// The value of the first line with this name.
    // Always within its caller, where the name is known and with it the place.
    #[inline(always)]
    pub(super) fn first<'a>(&'a self, name: &'a str) -> Option<&'a [u8]> {
        let place = names::place(name.as_bytes());
        let line = self.lines.get(usize::from(self.first[place]).wrapping_sub(1))?;
        match line.known && usize::from(line.place) == place && names::is_spelled(name.as_bytes(), place) {
            true => Some(line.value.of(&self.text)),
            false => self.named(name).next(),
        }
    }

    /// The values of the lines with this name, in wire order; names compare without case (RFC 9110 §5.1).
    #[inline]
    pub(super) fn named<'a>(&'a self, name: &'a str) -> Named<'a> {
        let name = name.as_bytes();
        let place = names::place(name);
        Named {
            text: &self.text,
            name,
            place: place as u8,
            known: names::is_spelled(name, place),
            lines: self.lines_at(place).iter(),
        }
    }

    /// The value of the only line with this name, or that there is none; `None` where there may be several.
    // As for `first`.
    #[inline(always)]
    pub(super) fn only<'a>(&'a self, name: &'a str) -> Option<Option<&'a [u8]>> {
        let place = names::place(name.as_bytes());
        match self.lines_at(place) {
            [] => Some(None),
            [line] if line.known && names::is_spelled(name.as_bytes(), place) => Some(Some(line.value.of(&self.text))),
            _ => None,
        }
    }

    /// Whether all names and values are known to be [plain](crate::plain), as they mostly are: they need not be looked at
    /// again.
    pub(crate) fn are_plain(&self) -> bool {
        self.plain
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines in wire order.
    pub fn iter(&self) -> Iter<'_> {
        Iter { text: &self.text, lines: self.lines.iter() }
    }
}

/// The lines of [`Headers`].
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    text: &'a [u8],
    lines: std::slice::Iter<'a, Line>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Header<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Header<'a>> {
        let Line { name, value, .. } = self.lines.next()?;
        Some(Header { name: name.of(self.text), value: value.of(self.text) })
    }
}

/// See [`Headers::named`].
#[derive(Clone, Debug)]
pub(super) struct Named<'a> {
    text: &'a [u8],
    name: &'a [u8],
    place: u8,
    /// The name is the known one of the place.
    known: bool,
    lines: std::slice::Iter<'a, Line>,
}

impl<'a> Iterator for Named<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        for line in &mut self.lines {
            let found = line.place == self.place
                && match self.known {
                    true => line.known,
                    false => line.name.of(self.text).eq_ignore_ascii_case(self.name),
                };
            if found {
                return Some(line.value.of(self.text));
            }
        }
        None
    }
}

/// The same names and values in the same order.
impl PartialEq for Headers {
    fn eq(&self, other: &Headers) -> bool {
        self.iter().eq(other)
    }
}

impl Eq for Headers {}

impl<'a> IntoIterator for &'a Headers {
    type Item = Header<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(lines: I) -> Headers {
        let mut headers = Headers::new();
        let mut text = Vec::new();
        for (name, value) in lines {
            let begin = text.len();
            text.extend_from_slice(name.as_ref());
            let between = text.len();
            text.extend_from_slice(value.as_ref());
            headers.add(name.as_ref(), begin, between..text.len());
        }
        headers.text = text;
        headers
    }
}

/// The lines.
impl std::fmt::Debug for Headers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Names with a known place, names that share it, and others, also behind more lines than are counted.
        #[test]
        fn lines_are_found_as_by_comparing_all_names(
            before in 0..300_usize,
            lines in prop::collection::vec(("(?i)(host|hosT|upgrade|x-a|sec-websocket-key[12]?|Hxxt|[a-z]{4})", "[a-c]?"), 0..12),
            asked in prop::sample::select(vec!["host", "Host", "HOST", "upgrade", "Sec-WebSocket-Key", "x-a", "hxxt", "y"]),
        ) {
            let before = (0..before).map(|_| ("y".to_owned(), String::new()));
            let lines: Vec<(String, String)> = before.chain(lines).collect();
            let headers: Headers = lines.iter().map(|(name, value)| (name, value)).collect();
            let expected = lines.iter().filter(|(name, _)| name.eq_ignore_ascii_case(asked)).map(|(_, value)| value.as_bytes());
            prop_assert!(headers.named(asked).eq(expected));
        }
    }
}
