//! What an upgrade attempt settled: the key and its answer, the subprotocol, the extensions, the protocol's age
//! (RFC 6455 §4, RFC 7692 §7.1).

use crate::http::Attempt;
use serde::Serialize;

/// An opening handshake, read from an [`Attempt`].
#[derive(Clone, Debug)]
pub struct Handshake {
    /// The heads it was read from.
    pub attempt: Attempt,
    /// The generation of the protocol.
    pub family: Family,
    /// `Sec-WebSocket-Accept` held against the key; `None` where either was not seen.
    pub accept: Option<AcceptCheck>,
    /// The extensions the server accepted, in order; empty where the answer was not seen or does not parse.
    pub extensions: Vec<Extension>,
    /// What permessage-deflate was agreed to, where it is among them.
    pub deflate: Option<PmdParams>,
}

/// Which generation of the protocol a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// RFC 6455: `Sec-WebSocket-Version: 13`, or any other request with a `Sec-WebSocket-Key`.
    Rfc6455,
    /// `draft-ietf-hybi-thewebsocketprotocol-NN`, for versions 4 to 8 of the version header.
    Hybi(u8),
    /// `draft-hixie-thewebsocketprotocol-75`: no key at all.
    Hixie75,
    /// `draft-hixie-thewebsocketprotocol-76`, which is hybi-00: two keys and eight bytes after the head.
    Hixie76,
}

/// `Sec-WebSocket-Accept` as it was and as it ought to be (RFC 6455 §4.2.2 step 5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptCheck {
    /// The value the server sent.
    pub received: String,
    /// The value the key asks for.
    pub expected: String,
    /// Whether they are the same.
    pub valid: bool,
    /// The mistake that yields the received value, where one of the known ones does.
    pub cause: Option<AcceptCause>,
}

/// A known way to compute a wrong `Sec-WebSocket-Accept`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcceptCause {
    /// The GUID was not the one of RFC 6455 §1.3; the text says how it differed.
    WrongGuid(&'static str),
    /// The key was base64-decoded before it was hashed.
    KeyDecoded,
    /// The key was hashed with white space or a line end around it; the text says which.
    KeyWithWhitespace(&'static str),
    /// The key was turned to lower case.
    KeyLowerCase,
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
}

/// An extension as it stands in `Sec-WebSocket-Extensions` (RFC 6455 §9.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Extension {
    /// The extension token.
    pub name: String,
    /// Its parameters in order: name, and value where there is one (quotes removed).
    pub params: Vec<(String, Option<String>)>,
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
