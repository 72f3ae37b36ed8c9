//! `Sec-WebSocket-Accept` (RFC 6455 §4.2.2 step 5.4): the right value, and for a wrong one the mistake behind it.
//!
//! The received value is decoded in every way it can be read, and the digests that known mistakes yield are compared
//! with that. A match is a proof: SHA-1 does not yield the same 20 bytes by chance. The work is bounded: about a
//! thousand hashes, and only for a value that is wrong.

use super::key::{SAMPLE_KEYS, decode_lenient};
use crate::http::trim_ows;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use sha1::{Digest, Sha1};
use std::borrow::Cow;
use std::fmt;

/// The GUID that every key is hashed with (RFC 6455 §1.3).
pub const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A right `Sec-WebSocket-Accept`: the base64 of a SHA-1 (RFC 6455 §4.2.2 step 5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Accept([u8; 28]);

impl Accept {
    fn of(digest: [u8; 20]) -> Accept {
        let mut text = [0; 28];
        // 20 bytes make 28 symbols.
        let written = STANDARD.encode_slice(digest, &mut text);
        debug_assert_eq!(written, Ok(text.len()));
        Accept(text)
    }

    /// The value as it stands in the header field.
    pub fn as_bytes(&self) -> &[u8; 28] {
        &self.0
    }

    /// The same as text.
    pub fn as_str(&self) -> &str {
        // Base64 is ASCII.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The value.
impl fmt::Display for Accept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// `Sec-WebSocket-Accept` as it was and as it ought to be (RFC 6455 §4.2.2 step 5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptCheck {
    /// The value the key asks for.
    pub expected: Accept,
    /// What the server sent instead; `None` where it sent that.
    pub wrong: Option<Box<WrongAccept>>,
}

/// A wrong `Sec-WebSocket-Accept`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongAccept {
    /// The value, bytes that are not UTF-8 replaced.
    pub received: String,
    /// The mistake that yields it, where one of the known ones does.
    pub cause: Option<AcceptCause>,
}

impl AcceptCheck {
    /// Whether the server sent the value that the key asks for.
    pub fn is_valid(&self) -> bool {
        self.wrong.is_none()
    }

    /// The value the server sent, bytes that are not UTF-8 replaced.
    pub fn received(&self) -> &str {
        self.wrong.as_ref().map_or_else(|| self.expected.as_str(), |wrong| &wrong.received)
    }

    /// See [`WrongAccept::cause`].
    pub fn cause(&self) -> Option<&AcceptCause> {
        self.wrong.as_ref()?.cause.as_ref()
    }
}

/// A known way to compute a wrong `Sec-WebSocket-Accept`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcceptCause {
    /// The GUID was not the one of RFC 6455 §1.3; the text says how it differed: "the GUID lost its last character".
    WrongGuid(Cow<'static, str>),
    /// The GUID stood before the key.
    GuidFirst,
    /// The key was base64-decoded before it was hashed.
    KeyDecoded,
    /// The key was hashed with white space or a line end around it; the text says which.
    KeyWithWhitespace(&'static str),
    /// The key was turned to lower case.
    KeyLowerCase,
    /// The key was turned to upper case.
    KeyUpperCase,
    /// The key was hashed without its padding.
    KeyWithoutPadding,
    /// Another hash function than SHA-1 was used: its name.
    OtherHash(&'static str),
    /// The digest was encoded as hexadecimal text instead of base64.
    HexDigest,
    /// The hexadecimal text of the digest was base64-encoded.
    Base64OfHex,
    /// The url-safe alphabet of base64 was used.
    UrlSafeAlphabet,
    /// The padding was left away.
    PaddingDropped,
    /// Only the first bytes of the right answer were sent.
    Truncated,
    /// The key itself was sent back.
    KeyEchoed,
    /// It differs from the right answer in letter case alone.
    CaseChanged,
    /// The right answer to another connection's key.
    OtherConnection(u64),
    /// The right answer to this key, which stands in a published example.
    PublishedKey(&'static str),
    /// Several of these at once.
    Several(Vec<AcceptCause>),
}

impl AcceptCause {
    /// A stable name: `wrong-guid`, `key-decoded`, …; several are joined by `+`.
    pub fn name(&self) -> Cow<'static, str> {
        let name = match self {
            AcceptCause::WrongGuid(_) => "wrong-guid",
            AcceptCause::GuidFirst => "guid-first",
            AcceptCause::KeyDecoded => "key-decoded",
            AcceptCause::KeyWithWhitespace(_) => "key-with-whitespace",
            AcceptCause::KeyLowerCase => "key-lower-case",
            AcceptCause::KeyUpperCase => "key-upper-case",
            AcceptCause::KeyWithoutPadding => "key-without-padding",
            AcceptCause::OtherHash(_) => "other-hash",
            AcceptCause::HexDigest => "hex-digest",
            AcceptCause::Base64OfHex => "base64-of-hex",
            AcceptCause::UrlSafeAlphabet => "url-safe-alphabet",
            AcceptCause::PaddingDropped => "padding-dropped",
            AcceptCause::Truncated => "truncated",
            AcceptCause::KeyEchoed => "key-echoed",
            AcceptCause::CaseChanged => "case-changed",
            AcceptCause::OtherConnection(_) => "other-connection",
            AcceptCause::PublishedKey(_) => "published-key",
            AcceptCause::Several(causes) => {
                return causes.iter().map(AcceptCause::name).collect::<Vec<_>>().join("+").into();
            }
        };
        name.into()
    }

    /// What happened, as a clause: "the GUID lost its last character".
    pub fn describe(&self) -> Cow<'static, str> {
        let text = match self {
            AcceptCause::WrongGuid(how) => return how.clone(),
            AcceptCause::GuidFirst => "the GUID was put before the key instead of behind it",
            AcceptCause::KeyDecoded => "the key was base64-decoded before it was hashed",
            AcceptCause::KeyWithWhitespace(which) => {
                return format!("the key was hashed with {which}").into();
            }
            AcceptCause::KeyLowerCase => "the key was turned to lower case before it was hashed",
            AcceptCause::KeyUpperCase => "the key was turned to upper case before it was hashed",
            AcceptCause::KeyWithoutPadding => "the key was hashed without its padding",
            AcceptCause::OtherHash(hash) => return format!("{hash} was used instead of SHA-1").into(),
            AcceptCause::HexDigest => "the digest was written in hexadecimal instead of base64",
            AcceptCause::Base64OfHex => "the hexadecimal text of the digest was base64-encoded instead of its bytes",
            AcceptCause::UrlSafeAlphabet => "the url-safe alphabet of base64 was used",
            AcceptCause::PaddingDropped => "the base64 padding was left away",
            AcceptCause::Truncated => "only the beginning of the right value was sent",
            AcceptCause::KeyEchoed => "the key itself was sent back",
            AcceptCause::CaseChanged => "the letter case of the right value was changed",
            AcceptCause::OtherConnection(id) => {
                return format!("it is the right value for the key of connection {id}").into();
            }
            AcceptCause::PublishedKey(key) => {
                return format!("it is the right value for {key}, a key of published examples").into();
            }
            AcceptCause::Several(causes) => {
                return causes.iter().map(AcceptCause::describe).collect::<Vec<_>>().join(", and ").into();
            }
        };
        text.into()
    }
}

/// The `Sec-WebSocket-Accept` that a `Sec-WebSocket-Key` asks for: base64(SHA-1(key + GUID)), the key taken as it
/// stands, without white space around it (RFC 6455 §4.2.2 step 5.4).
///
/// ```
/// use wslens::websocket::accept_key;
/// assert_eq!(accept_key(b"dGhlIHNhbXBsZSBub25jZQ==").as_str(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
pub fn accept_key(key: &[u8]) -> Accept {
    Accept::of(hash(&[trim_ows(key), GUID.as_bytes()]))
}

/// Holds a received `Sec-WebSocket-Accept` against the key, and searches the mistake where it is wrong.
///
/// ```
/// use wslens::websocket::{AcceptCause, check_accept};
/// let check = check_accept(b"dGhlIHNhbXBsZSBub25jZQ==", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo");
/// assert!(!check.is_valid());
/// assert_eq!(check.cause(), Some(&AcceptCause::PaddingDropped));
/// ```
pub fn check_accept(key: &[u8], received: &[u8]) -> AcceptCheck {
    let (key, received) = (trim_ows(key), trim_ows(received));
    let expected = accept_key(key);
    // RFC 6455 §4.1: white space around the value does not count; anything else does.
    if received == expected.as_bytes() {
        return AcceptCheck { expected, wrong: None };
    }
    let cause = search(key, received, expected.as_bytes());
    let wrong = WrongAccept { received: String::from_utf8_lossy(received).into_owned(), cause };
    AcceptCheck { expected, wrong: Some(Box::new(wrong)) }
}

fn search(key: &[u8], received: &[u8], expected: &[u8]) -> Option<AcceptCause> {
    // A few characters agree by chance; four of 64 do once in 16 million.
    const TELLING: usize = 4;
    if received == key && !key.is_empty() {
        return Some(AcceptCause::KeyEchoed);
    }
    if received.eq_ignore_ascii_case(expected) {
        return Some(AcceptCause::CaseChanged);
    }
    let readings = readings(received);
    if let Some(cause) = search_digests(key, &readings) {
        return Some(cause);
    }
    if received.len() >= TELLING && expected.starts_with(received) {
        return Some(AcceptCause::Truncated);
    }
    let is_answer_to = |sample: &&&str| received == accept_key(sample.as_bytes()).as_bytes();
    SAMPLE_KEYS.iter().find(is_answer_to).map(|sample| AcceptCause::PublishedKey(sample))
}

fn search_digests(key: &[u8], readings: &[Reading]) -> Option<AcceptCause> {
    let matching = |digest: &[u8]| readings.iter().find(|reading| reading.digest == digest);
    let keys = key_variants(key);
    // Typos are many: they are only tried with the key as it is.
    for (guid_cause, guid) in guid_variants().chain(guid_typos()) {
        if let Some(reading) = matching(&hash(&[key, &guid])) {
            return Some(combine([guid_cause, None, reading.cause.clone()]));
        }
    }
    for (key_cause, variant) in &keys {
        for (guid_cause, guid) in guid_variants() {
            if let Some(reading) = matching(&hash(&[variant, &guid])) {
                return Some(combine([guid_cause, Some(key_cause.clone()), reading.cause.clone()]));
            }
        }
    }
    if let Some(reading) = matching(&hash(&[GUID.as_bytes(), key])) {
        return Some(combine([Some(AcceptCause::GuidFirst), None, reading.cause.clone()]));
    }
    let text = [key, GUID.as_bytes()].concat();
    let others: [(&'static str, Vec<u8>); 3] = [
        ("MD5", md5::Md5::digest(&text).to_vec()),
        ("SHA-256", sha2::Sha256::digest(&text).to_vec()),
        ("SHA-512", sha2::Sha512::digest(&text).to_vec()),
    ];
    others.into_iter().find_map(|(name, digest)| {
        let reading = matching(&digest)?;
        Some(combine([Some(AcceptCause::OtherHash(name)), None, reading.cause.clone()]))
    })
}

fn combine(causes: [Option<AcceptCause>; 3]) -> AcceptCause {
    let mut causes: Vec<AcceptCause> = causes.into_iter().flatten().collect();
    match causes.len() {
        1 => causes.swap_remove(0),
        _ => AcceptCause::Several(causes),
    }
}

fn hash(parts: &[&[u8]]) -> [u8; 20] {
    let mut sha1 = Sha1::new();
    for part in parts {
        sha1.update(part);
    }
    sha1.finalize().into()
}

/// One way to read the received value.
struct Reading {
    /// The digest it stands for.
    digest: Vec<u8>,
    /// What is wrong with writing the digest like this.
    cause: Option<AcceptCause>,
}

/// All ways to read a value as a digest. Longer values than any mistake yields are not read.
fn readings(received: &[u8]) -> Vec<Reading> {
    const LONGEST: usize = 256;
    let mut readings = Vec::new();
    if received.len() > LONGEST {
        return readings;
    }
    let mut add = |digest: Option<Vec<u8>>, cause| readings.extend(digest.map(|digest| Reading { digest, cause }));
    let base64 = STANDARD.decode(received).ok();
    add(base64.as_deref().and_then(from_hex), Some(AcceptCause::Base64OfHex));
    add(base64, None);
    add(STANDARD_NO_PAD.decode(received).ok(), Some(AcceptCause::PaddingDropped));
    let unpadded = received.strip_suffix(b"=").unwrap_or(received);
    if received.iter().any(|byte| matches!(byte, b'-' | b'_')) {
        add(URL_SAFE_NO_PAD.decode(unpadded).ok(), Some(AcceptCause::UrlSafeAlphabet));
    }
    add(from_hex(received), Some(AcceptCause::HexDigest));
    readings
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let nibble = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (pairs, rest) = text.as_chunks::<2>();
    match rest {
        [] => pairs.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?)).collect(),
        _ => None,
    }
}

/// The key as careless servers take it.
fn key_variants(key: &[u8]) -> Vec<(AcceptCause, Vec<u8>)> {
    const AROUND: [(&str, &str, &str); 10] = [
        ("", "\r\n", "CR LF behind it"),
        ("", "\r", "CR behind it"),
        ("", "\n", "LF behind it"),
        ("", " ", "a space behind it"),
        (" ", "", "a space before it"),
        (" ", "\r", "a space before it and CR behind it"),
        (" ", "\r\n", "a space before it and CR LF behind it"),
        (" ", " ", "a space before it and one behind it"),
        ("", "\0", "a NUL behind it"),
        ("\t", "", "a tab before it"),
    ];
    let mut variants = Vec::new();
    variants.extend(decode_lenient(key).map(|decoded| (AcceptCause::KeyDecoded, decoded)));
    for (before, behind, which) in AROUND {
        let variant = [before.as_bytes(), key, behind.as_bytes()].concat();
        variants.push((AcceptCause::KeyWithWhitespace(which), variant));
    }
    variants.push((AcceptCause::KeyLowerCase, key.to_ascii_lowercase()));
    variants.push((AcceptCause::KeyUpperCase, key.to_ascii_uppercase()));
    if let Some(end) = key.iter().rposition(|&byte| byte != b'=') {
        variants.push((AcceptCause::KeyWithoutPadding, key[..=end].to_vec()));
    }
    variants
}

type GuidVariant = (Option<AcceptCause>, Cow<'static, [u8]>);

fn wrong_guid(how: impl Into<Cow<'static, str>>, guid: impl Into<Cow<'static, [u8]>>) -> GuidVariant {
    (Some(AcceptCause::WrongGuid(how.into())), guid.into())
}

/// The GUID, and the wrong forms of it that are common.
fn guid_variants() -> impl Iterator<Item = GuidVariant> {
    let guid = GUID.as_bytes();
    let lower = GUID.to_ascii_lowercase();
    let without_dashes = GUID.replace('-', "");
    let named = [
        wrong_guid("the GUID was left away", &b""[..]),
        wrong_guid("the GUID lost its last character", &guid[..guid.len() - 1]),
        wrong_guid("the GUID lost its first character", &guid[1..]),
        wrong_guid("the GUID was in lower case", lower.clone().into_bytes()),
        wrong_guid("the GUID had no dashes", without_dashes.clone().into_bytes()),
        wrong_guid("the GUID was in lower case and had no dashes", without_dashes.to_ascii_lowercase().into_bytes()),
        wrong_guid("the GUID stood in braces", format!("{{{GUID}}}").into_bytes()),
        wrong_guid("the GUID stood in braces and in lower case", format!("{{{lower}}}").into_bytes()),
        wrong_guid("the GUID stood in quotes", format!("\"{GUID}\"").into_bytes()),
        wrong_guid("the GUID had CR LF behind it", format!("{GUID}\r\n").into_bytes()),
        wrong_guid("the GUID had LF behind it", format!("{GUID}\n").into_bytes()),
        wrong_guid("the GUID had a NUL behind it", format!("{GUID}\0").into_bytes()),
        wrong_guid("the GUID had a space behind it", format!("{GUID} ").into_bytes()),
        wrong_guid(
            "the GUID was the often miscopied 258EAFA5-E914-47DA-95CA-5AB5DC11B735",
            &b"258EAFA5-E914-47DA-95CA-5AB5DC11B735"[..],
        ),
    ];
    std::iter::once((None, Cow::Borrowed(guid))).chain(named)
}

/// The GUID cut short at either end, and with one slip of the pen.
fn guid_typos() -> impl Iterator<Item = GuidVariant> {
    let guid = GUID.as_bytes();
    let length = guid.len();
    let behind = (2..length)
        .map(move |lost| wrong_guid(format!("the GUID lost its last {lost} characters"), &guid[..length - lost]));
    let before =
        (2..length).map(move |lost| wrong_guid(format!("the GUID lost its first {lost} characters"), &guid[lost..]));
    let dropped = (1..length - 1).map(move |at| {
        let typo = [&guid[..at], &guid[at + 1..]].concat();
        wrong_guid(format!("the GUID lost its {}", ordinal(at)), typo)
    });
    let doubled = (0..length).map(move |at| {
        let typo = [&guid[..=at], &guid[at..]].concat();
        wrong_guid(format!("the GUID had its {} twice", ordinal(at)), typo)
    });
    let swapped = (0..length - 1).map(move |at| {
        let mut typo = guid.to_vec();
        typo.swap(at, at + 1);
        wrong_guid(format!("the GUID had its {} and the next exchanged", ordinal(at)), typo)
    });
    let replaced = (0..length).flat_map(move |at| {
        b"0123456789ABCDEFOI-".iter().map(move |&wrong| {
            let mut typo = guid.to_vec();
            typo[at] = wrong;
            let (wrong, right) = (char::from(wrong), char::from(guid[at]));
            wrong_guid(format!("the GUID had {wrong} instead of {right} as its {}", ordinal(at)), typo)
        })
    });
    behind.chain(before).chain(dropped).chain(doubled).chain(swapped).chain(replaced)
}

/// "21st character", counted from 1.
fn ordinal(index: usize) -> String {
    let number = index + 1;
    let suffix = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix} character")
}
