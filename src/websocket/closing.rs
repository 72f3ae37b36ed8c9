//! The closing handshake as it was seen (RFC 6455 §5.5.1, §7).

use super::TcpEnd;
use crate::PerRole;

/// The body of a Close frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFrame {
    /// Index of the frame.
    pub frame: u64,
    /// The status code; `None` for an empty body or one of a single byte.
    pub code: Option<u16>,
    /// The reason, bytes that are not UTF-8 replaced.
    pub reason: String,
}

/// Who closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closer {
    /// The client's Close came first.
    Client,
    /// The server's did.
    Server,
    /// Each sent its Close before the other's reached it.
    Both,
}

/// How a connection was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Who began; `None` without any Close frame.
    pub by: Option<Closer>,
    /// The first Close frame of each endpoint.
    pub frames: PerRole<Option<CloseFrame>>,
    /// Both endpoints sent a Close frame (RFC 6455 §7.1.4).
    pub clean: bool,
    /// How TCP ended.
    pub tcp_end: TcpEnd,
}
