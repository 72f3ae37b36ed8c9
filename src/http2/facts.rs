//! What HTTP/2 says of a WebSocket beside its bytes (RFC 8441).

use super::frame::Kind;
use crate::capture::PacketRef;
use crate::{PerRole, Role};

/// What is known of the stream that a WebSocket was asked for on.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The stream.
    pub stream: u32,
    /// Whether the client had been told that it may ask.
    pub permission: Permission,
    /// END_STREAM stood on the HEADERS of the request, or of the answer.
    pub end_stream: PerRole<bool>,
    /// Header fields that refer to parts of the HPACK table that were not captured, or that could not be read or kept.
    pub unknown_fields: PerRole<u64>,
    /// Why no answer will come, where HTTP/2 said so.
    pub cut: Option<Cut>,
}

/// Whether a client may use the extended CONNECT (RFC 8441 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// It had received SETTINGS_ENABLE_CONNECT_PROTOCOL of 1.
    Given,
    /// It had not: what it had acknowledged shows that.
    NotYet,
    /// What it had received is not known.
    Unknown,
}

/// Why a stream had no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// RST_STREAM.
    Reset {
        /// Who sent it.
        sender: Role,
        /// Its error code; `None` where it was not captured.
        code: Option<u32>,
    },
    /// The server's GOAWAY says that it did not and will not look at the stream (RFC 9113 §6.8).
    GoAway,
}

/// Something that HTTP/2 did to the stream under a WebSocket, or to the connection under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamEvent {
    /// Who did it.
    pub sender: Role,
    /// The packet that shows it.
    pub packet: PacketRef,
    /// What.
    pub fact: StreamFact,
}

/// See [`StreamEvent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamFact {
    /// The sender ends its half of the stream (RFC 9113 §5.1): END_STREAM.
    EndStream,
    /// The sender ends the whole stream at once: RST_STREAM with this error code, if it was captured.
    Reset(Option<u32>),
    /// A frame that has no place on a connected stream (RFC 9113 §8.5).
    OutOfPlace(Kind),
    /// SETTINGS_ENABLE_CONNECT_PROTOCOL has a value that is neither 0 nor 1 (RFC 8441 §3).
    SettingValue(u32),
    /// SETTINGS_ENABLE_CONNECT_PROTOCOL is 0 after it was 1 (RFC 8441 §3).
    SettingRevoked,
    /// More streams wait or are open than are followed.
    TooManyStreams,
}

/// The name of an error code (RFC 9113 §7); `None` for codes that it does not know.
pub fn error_code_name(code: u32) -> Option<&'static str> {
    const NAMES: [&str; 14] = [
        "NO_ERROR",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR",
        "SETTINGS_TIMEOUT",
        "STREAM_CLOSED",
        "FRAME_SIZE_ERROR",
        "REFUSED_STREAM",
        "CANCEL",
        "COMPRESSION_ERROR",
        "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY",
        "HTTP_1_1_REQUIRED",
    ];
    NAMES.get(usize::try_from(code).ok()?).copied()
}
