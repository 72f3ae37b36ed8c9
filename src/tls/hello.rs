//! ClientHello, ServerHello and EncryptedExtensions (RFC 8446 §4.1, RFC 5246 §7.4.1): what a reader needs of them.

use nom::bytes::complete::take;
use nom::combinator::{opt, rest};
use nom::multi::{length_data, many0};
use nom::number::complete::{be_u8, be_u16};
use nom::{IResult, Parser};

use super::cipher::TLS13;

/// Handshake message types (RFC 8446 §B.3).
pub(super) mod message {
    pub const CLIENT_HELLO: u8 = 1;
    pub const SERVER_HELLO: u8 = 2;
    pub const END_OF_EARLY_DATA: u8 = 5;
    pub const ENCRYPTED_EXTENSIONS: u8 = 8;
    pub const FINISHED: u8 = 20;
    pub const KEY_UPDATE: u8 = 24;
}

/// Extension types (IANA's TLS ExtensionType Values).
mod extension {
    pub const SERVER_NAME: u16 = 0;
    pub const ALPN: u16 = 16;
    pub const ENCRYPT_THEN_MAC: u16 = 22;
    pub const PRE_SHARED_KEY: u16 = 41;
    pub const EARLY_DATA: u16 = 42;
    pub const SUPPORTED_VERSIONS: u16 = 43;
}

/// RFC 8446 §4.1.3: the random of a ServerHello that is a HelloRetryRequest, SHA-256 of `HelloRetryRequest`.
const RETRY_RANDOM: [u8; 32] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2, 0x11,
    0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
];

#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientHello<'a> {
    pub random: [u8; 32],
    pub server_name: Option<&'a [u8]>,
    /// Offered application protocols, in the order of preference.
    pub alpn: Vec<&'a [u8]>,
    pub early_data: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct ServerHello<'a> {
    /// The negotiated version, wherever it stands.
    pub version: u16,
    pub random: [u8; 32],
    pub suite: u16,
    /// `legacy_compression_method`; 0 is none.
    pub compression: u8,
    /// A HelloRetryRequest.
    pub retry: bool,
    pub alpn: Option<&'a [u8]>,
    pub encrypt_then_mac: bool,
    /// The server chose a pre-shared key of TLS 1.3.
    pub pre_shared_key: bool,
}

/// What of EncryptedExtensions (RFC 8446 §4.3.1) matters here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct EncryptedExtensions<'a> {
    pub alpn: Option<&'a [u8]>,
    /// The server takes the client's 0-RTT data (RFC 8446 §4.2.10).
    pub early_data: bool,
}

impl<'a> ClientHello<'a> {
    /// Reads a message body; `None` if it is malformed.
    pub fn read(body: &'a [u8]) -> Option<ClientHello<'a>> {
        let (tail, (_version, random, _session, _suites, _compression)) = (
            be_u16::<&[u8], nom::error::Error<&[u8]>>,
            take(32_usize),
            length_data(be_u8),
            length_data(be_u16),
            length_data(be_u8),
        )
            .parse(body)
            .ok()?;
        let mut hello =
            ClientHello { random: random.try_into().ok()?, server_name: None, alpn: Vec::new(), early_data: false };
        for (kind, data) in extensions(tail)? {
            match kind {
                extension::SERVER_NAME => hello.server_name = server_name(data),
                extension::ALPN => hello.alpn = protocols(data).unwrap_or_default(),
                extension::EARLY_DATA => hello.early_data = true,
                _ => {}
            }
        }
        Some(hello)
    }
}

impl<'a> ServerHello<'a> {
    /// Reads a message body; `None` if it is malformed.
    pub fn read(body: &'a [u8]) -> Option<ServerHello<'a>> {
        let (tail, (version, random, _session, suite, compression)) =
            (be_u16::<&[u8], nom::error::Error<&[u8]>>, take(32_usize), length_data(be_u8), be_u16, be_u8)
                .parse(body)
                .ok()?;
        let random = random.try_into().ok()?;
        let mut hello = ServerHello {
            version,
            random,
            suite,
            compression,
            retry: random == RETRY_RANDOM,
            alpn: None,
            encrypt_then_mac: false,
            pre_shared_key: false,
        };
        for (kind, data) in extensions(tail)? {
            match kind {
                // RFC 8446 §4.2.1: TLS 1.3 stands here only; legacy_version says 1.2.
                extension::SUPPORTED_VERSIONS => {
                    hello.version = u16::from_be_bytes(data.try_into().ok()?);
                }
                extension::ALPN => hello.alpn = chosen_protocol(data),
                extension::ENCRYPT_THEN_MAC => hello.encrypt_then_mac = true,
                extension::PRE_SHARED_KEY => hello.pre_shared_key = true,
                _ => {}
            }
        }
        // A HelloRetryRequest came with TLS 1.3; the same random in an older version is just a random.
        hello.retry &= hello.version == TLS13;
        Some(hello)
    }
}

impl<'a> EncryptedExtensions<'a> {
    /// Reads a message body; `None` if it is malformed.
    pub fn read(body: &'a [u8]) -> Option<EncryptedExtensions<'a>> {
        let mut found = EncryptedExtensions::default();
        for (kind, data) in extensions(body)? {
            match kind {
                extension::ALPN => found.alpn = chosen_protocol(data),
                extension::EARLY_DATA => found.early_data = true,
                _ => {}
            }
        }
        Some(found)
    }
}

/// The list of extensions, which a hello before TLS 1.2 may lack.
fn extensions(tail: &[u8]) -> Option<Vec<(u16, &[u8])>> {
    fn one(input: &[u8]) -> IResult<&[u8], (u16, &[u8])> {
        (be_u16, length_data(be_u16)).parse(input)
    }
    let (_, block) = opt(length_data::<_, nom::error::Error<&[u8]>, _>(be_u16)).parse(tail).ok()?;
    let (left, list) = many0(one).parse(block.unwrap_or_default()).ok()?;
    left.is_empty().then_some(list)
}

/// RFC 6066 §3: a list of names, of which only a host name (type 0) was ever defined.
fn server_name(data: &[u8]) -> Option<&[u8]> {
    let (_, (_list_length, kind, name)) =
        (be_u16::<&[u8], nom::error::Error<&[u8]>>, be_u8, length_data(be_u16)).parse(data).ok()?;
    (kind == 0).then_some(name)
}

/// RFC 7301 §3.1.
fn protocols(data: &[u8]) -> Option<Vec<&[u8]>> {
    let (_, list) = length_data::<_, nom::error::Error<&[u8]>, _>(be_u16).parse(data).ok()?;
    let (_, (list, _)) = (many0(length_data::<_, nom::error::Error<&[u8]>, _>(be_u8)), rest).parse(list).ok()?;
    Some(list)
}

fn chosen_protocol(data: &[u8]) -> Option<&[u8]> {
    protocols(data)?.first().copied()
}
