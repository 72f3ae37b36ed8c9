//! What is known of a TLS connection, and why it could not be opened.

use std::fmt;

use crate::capture::PacketRef;
use crate::tcp::Side;

use super::key_log::Label;
use super::suite::Suite;

/// What the handshake and the records told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The side that sent the ClientHello; where only the ServerHello was captured, the other one.
    pub client: Option<Side>,
    /// The packet that carried the last byte of the first ClientHello.
    pub client_hello: Option<PacketRef>,
    /// The random of the latest ClientHello: what the key log is asked for.
    pub client_random: Option<[u8; 32]>,
    /// The host name of the `server_name` extension (RFC 6066 §3); bytes that are not UTF-8 are replaced.
    pub server_name: Option<String>,
    /// The application protocols that the client offered (RFC 7301 §3.1).
    pub alpn_offered: Vec<String>,
    /// The application protocol that the server chose. TLS 1.3 encrypts the choice.
    pub alpn: Option<String>,
    /// The negotiated version.
    pub version: Option<Version>,
    /// The negotiated cipher suite.
    pub suite: Option<Suite>,
    /// What became of the client's 0-RTT data; `None` if it offered none.
    pub early_data: Option<EarlyData>,
    /// Encrypted records that were opened.
    pub opened: u64,
    /// Encrypted records whose tag or MAC is wrong.
    pub failed: u64,
    /// The packet that carried the last byte of the first of these.
    pub first_failed: Option<PacketRef>,
    /// Why records could not be opened, as far as is known now; `None` if nothing is in the way.
    pub unopened: Option<Unopened>,
}

/// A protocol version by its number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u16);

/// `TLS 1.3`, or `0x7F1C` for a version without a name.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0x0300 => f.write_str("SSL 3.0"),
            0x0301 => f.write_str("TLS 1.0"),
            0x0302 => f.write_str("TLS 1.1"),
            0x0303 => f.write_str("TLS 1.2"),
            0x0304 => f.write_str("TLS 1.3"),
            other => write!(f, "{other:#06X}"),
        }
    }
}

/// 0-RTT data (RFC 8446 §4.2.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlyData {
    /// The server's answer was not seen yet.
    Offered,
    /// The server took it: it is the start of the client's plaintext.
    Accepted,
    /// The server threw it away: it is not part of the plaintext.
    Rejected,
    /// The server's answer is lost. The data is shown, since it is authentic and a pre-shared key was agreed on.
    Unknown,
}

/// Why records stay closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unopened {
    /// ClientHello or ServerHello are not in the capture: keys cannot be found or made.
    HandshakeNotSeen,
    /// No key log has this secret for the connection's client random.
    NoSecret(Label),
    /// No record that follows opens with the secret that the key logs have.
    TagMismatch,
    /// After missing bytes no record number within the bound opened a record.
    SequenceLost,
    /// The version cannot be opened.
    UnsupportedVersion(Version),
    /// The suite cannot be opened.
    UnsupportedSuite(Suite),
    /// The records are compressed with this method (RFC 3749).
    Compressed(u8),
}

/// A clause that can follow "is not opened, because".
impl fmt::Display for Unopened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unopened::HandshakeNotSeen => f.write_str("the handshake is not in the capture"),
            Unopened::NoSecret(label) => write!(f, "there is no {label} for this client random"),
            Unopened::TagMismatch => f.write_str("a secret was found but the records do not authenticate with it"),
            Unopened::SequenceLost => f.write_str("the record number was not found again after missing bytes"),
            Unopened::UnsupportedVersion(version) => write!(f, "version {version} is not supported"),
            Unopened::UnsupportedSuite(suite) => write!(f, "cipher suite {suite} is not supported"),
            Unopened::Compressed(method) => write!(f, "TLS compression method {method} is not supported"),
        }
    }
}
