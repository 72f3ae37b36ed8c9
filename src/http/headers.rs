//! The header lines of a message, in two pieces of memory however many they are.

/// Header lines in wire order.
///
/// ```
/// use wslens::http::Headers;
/// let headers: Headers = [("Host", "a"), ("X", "")].into_iter().collect();
/// assert_eq!(headers.iter().map(|header| header.value).collect::<Vec<_>>(), [&b"a"[..], b""]);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// Names and values, one behind the other.
    text: Vec<u8>,
    ends: Vec<Ends>,
}

/// Where the name and the value of a line end in the text. The name begins where the line before ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ends {
    name: usize,
    value: usize,
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
    /// Has room for so many lines with so many bytes together.
    pub(super) fn with_capacity(lines: usize, bytes: usize) -> Headers {
        Headers { text: Vec::with_capacity(bytes), ends: Vec::with_capacity(lines) }
    }

    pub(super) fn push(&mut self, name: &[u8], value: &[u8]) {
        self.text.extend_from_slice(name);
        let name = self.text.len();
        self.text.extend_from_slice(value);
        self.ends.push(Ends { name, value: self.text.len() });
    }

    /// Goes on with the value of the last line, which is folded: a fold is read as one space or more (RFC 9112 §5.2).
    pub(super) fn fold(&mut self, more: &[u8]) {
        let Some(last) = self.ends.last_mut() else { return };
        if last.value > last.name {
            self.text.push(b' ');
        }
        self.text.extend_from_slice(more);
        last.value = self.text.len();
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The lines in wire order.
    pub fn iter(&self) -> Iter<'_> {
        Iter { text: &self.text, begin: 0, ends: self.ends.iter() }
    }
}

/// The lines of [`Headers`].
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    text: &'a [u8],
    begin: usize,
    ends: std::slice::Iter<'a, Ends>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Header<'a>;

    #[inline]
    fn next(&mut self) -> Option<Header<'a>> {
        let Ends { name, value } = *self.ends.next()?;
        let begin = std::mem::replace(&mut self.begin, value);
        Some(Header { name: &self.text[begin..name], value: &self.text[name..value] })
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = Header<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(lines: I) -> Headers {
        let mut headers = Headers::default();
        for (name, value) in lines {
            headers.push(name.as_ref(), value.as_ref());
        }
        headers
    }
}

/// The lines.
impl std::fmt::Debug for Headers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self).finish()
    }
}
