//! `Sec-WebSocket-Extensions`: its grammar (RFC 6455 §9.1) and the parameters of permessage-deflate (RFC 7692 §7.1).

use crate::http::is_token;
use serde::Serialize;

/// An extension as it stands in `Sec-WebSocket-Extensions` (RFC 6455 §9.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Extension {
    /// The extension token.
    pub name: String,
    /// Its parameters in order: name, and value where there is one (quotes removed).
    pub params: Vec<(String, Option<String>)>,
}

/// Where and how a value leaves the grammar of RFC 6455 §9.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtensionSyntax {
    /// Offset of the first wrong byte in the value; its length where something is missing at the end. Several header
    /// lines count as one value, joined by `", "`.
    pub offset: usize,
    /// What is wrong, as a clause: "a parameter has no name".
    pub what: &'static str,
}

impl Extension {
    /// The first parameter with this name: its value, where it has one.
    pub fn param(&self, name: &str) -> Option<Option<&str>> {
        let (_, value) = self.params.iter().find(|(param, _)| param.eq_ignore_ascii_case(name))?;
        Some(value.as_deref())
    }

    /// Whether this is permessage-deflate (RFC 7692 §7).
    pub fn is_permessage_deflate(&self) -> bool {
        self.name.eq_ignore_ascii_case("permessage-deflate")
    }
}

/// Parses the value of a `Sec-WebSocket-Extensions` header.
///
/// The grammar is that of RFC 2616, on which RFC 6455 rests: white space may stand between any two elements, and a
/// list may have empty elements but not only such. A quoted value must be a token once the quotes are removed.
///
/// # Errors
/// The first place where the value leaves the grammar.
///
/// ```
/// use wslens::websocket::parse_extensions;
/// let list = parse_extensions(b"permessage-deflate; client_max_window_bits, foo;a=\"b\"").unwrap();
/// assert_eq!(list[0].param("client_max_window_bits"), Some(None));
/// assert_eq!(list[1].param("a"), Some(Some("b")));
/// assert_eq!(parse_extensions(b"foo; ;").unwrap_err().offset, 5);
/// ```
pub fn parse_extensions(value: &[u8]) -> Result<Vec<Extension>, ExtensionSyntax> {
    let mut cursor = Cursor { value, at: 0 };
    let mut extensions = Vec::new();
    loop {
        cursor.skip_white();
        match cursor.peek() {
            None => break,
            Some(b',') => cursor.at += 1,
            Some(_) => {
                extensions.push(cursor.extension()?);
                match cursor.peek() {
                    None => break,
                    Some(b',') => cursor.at += 1,
                    Some(_) => return cursor.fault("neither a comma nor a semicolon follows"),
                }
            }
        }
    }
    if extensions.is_empty() {
        return cursor.fault("no extension is named");
    }
    Ok(extensions)
}

/// Parses all lines of the header as one list (RFC 9110 §5.3); `None` where there is no line.
pub(super) fn parse_lines<'a>(
    mut lines: impl Iterator<Item = &'a [u8]>,
) -> Option<Result<Vec<Extension>, ExtensionSyntax>> {
    let first = lines.next()?;
    let mut joined = first.to_vec();
    for line in lines {
        joined.extend_from_slice(b", ");
        joined.extend_from_slice(line);
    }
    Some(parse_extensions(&joined))
}

struct Cursor<'a> {
    value: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    /// `extension = extension-token *( ";" extension-param )`; white space behind it is passed over.
    fn extension(&mut self) -> Result<Extension, ExtensionSyntax> {
        let name = self.token("an extension has no name")?;
        let mut params = Vec::new();
        loop {
            self.skip_white();
            if self.peek() != Some(b';') {
                return Ok(Extension { name, params });
            }
            self.at += 1;
            self.skip_white();
            params.push(self.param()?);
        }
    }

    /// `extension-param = token [ "=" (token | quoted-string) ]`
    fn param(&mut self) -> Result<(String, Option<String>), ExtensionSyntax> {
        let name = self.token("a parameter has no name")?;
        self.skip_white();
        if self.peek() != Some(b'=') {
            return Ok((name, None));
        }
        self.at += 1;
        self.skip_white();
        let value = match self.peek() {
            Some(b'"') => self.quoted()?,
            _ => self.token("a parameter has an equals sign but no value")?,
        };
        Ok((name, Some(value)))
    }

    fn token(&mut self, missing: &'static str) -> Result<String, ExtensionSyntax> {
        let rest = &self.value[self.at..];
        let length = rest.iter().take_while(|byte| is_token(std::slice::from_ref(byte))).count();
        if length == 0 {
            return self.fault(missing);
        }
        self.at += length;
        Ok(rest[..length].iter().copied().map(char::from).collect())
    }

    /// RFC 6455 §9.1: "the value after quoted-string unescaping MUST conform to the 'token' ABNF".
    fn quoted(&mut self) -> Result<String, ExtensionSyntax> {
        let begin = self.at;
        self.at += 1;
        let mut value = Vec::new();
        loop {
            let byte = self.peek();
            self.at += usize::from(byte.is_some());
            match byte {
                None => return self.fault("a quoted value does not end"),
                Some(b'"') => break,
                Some(b'\\') => match self.peek() {
                    None => return self.fault("a quoted value does not end"),
                    Some(escaped) => {
                        self.at += 1;
                        value.push(escaped);
                    }
                },
                Some(byte) => value.push(byte),
            }
        }
        if !is_token(&value) {
            self.at = begin;
            return self.fault("a quoted value is no token");
        }
        Ok(value.into_iter().map(char::from).collect())
    }

    fn skip_white(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.value.get(self.at).copied()
    }

    fn fault<T>(&self, what: &'static str) -> Result<T, ExtensionSyntax> {
        Err(ExtensionSyntax { offset: self.at, what })
    }
}

/// The agreed parameters of permessage-deflate (RFC 7692 §7.1), defaults filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PmdParams {
    /// The server's LZ77 window, as a power of two in bytes: 8 to 15.
    pub server_max_window_bits: u8,
    /// The client's.
    pub client_max_window_bits: u8,
    /// The server begins each message with an empty window.
    pub server_no_context_takeover: bool,
    /// The client does.
    pub client_no_context_takeover: bool,
}

impl PmdParams {
    /// The parameters that a server's answer agrees to. A value that is not valid counts as 15, the window that can
    /// inflate everything.
    pub fn from_response(extension: &Extension) -> PmdParams {
        let bits = |name| extension.param(name).flatten().and_then(window_bits).unwrap_or(15);
        let flag = |name| extension.param(name).is_some();
        PmdParams {
            server_max_window_bits: bits("server_max_window_bits"),
            client_max_window_bits: bits("client_max_window_bits"),
            server_no_context_takeover: flag("server_no_context_takeover"),
            client_no_context_takeover: flag("client_no_context_takeover"),
        }
    }
}

/// RFC 7692 §7.1.2.1: a decimal number from 8 to 15 without leading zeroes.
pub(crate) fn window_bits(value: &str) -> Option<u8> {
    match value.as_bytes() {
        [digit @ b'8'..=b'9'] => Some(digit - b'0'),
        [b'1', digit @ b'0'..=b'5'] => Some(10 + digit - b'0'),
        _ => None,
    }
}
