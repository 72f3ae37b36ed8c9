//! What the texts require of the endpoint that receives bytes which break a rule.

use serde::Serialize;
use std::fmt;

/// What the receiver of the offending bytes has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// Nothing: the receiver cannot know of it, or need not care.
    Nothing,
    /// It may close the connection, and then SHOULD say why in a Close frame (RFC 6455 §10.7).
    MayClose {
        /// The close code that fits.
        code: u16,
    },
    /// It MUST _Fail the WebSocket Connection_ (RFC 6455 §7.1.7), and SHOULD send a Close frame first.
    Fail {
        /// The close code that fits.
        code: u16,
        /// The section that demands it.
        source: &'static str,
    },
    /// The client MUST fail the opening handshake. No connection is established, so no Close frame is owed.
    FailOpening {
        /// The section that demands it.
        source: &'static str,
    },
    /// The server MUST answer the upgrade request with an error status.
    Refuse {
        /// The status that the section suggests.
        status: u16,
        /// The section that demands it.
        source: &'static str,
    },
    /// The server MUST decline the offer of an extension, and may go on without it.
    Decline {
        /// The section that demands it.
        source: &'static str,
    },
}

/// A requirement as reports tell it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RequirementRow {
    action: &'static str,
    /// The close code or HTTP status that fits.
    code: Option<u16>,
    source: &'static str,
}

impl Requirement {
    /// As reports tell it; `None` where nothing is required.
    pub fn row(self) -> Option<RequirementRow> {
        let (action, code, source) = match self {
            Requirement::Nothing => return None,
            Requirement::MayClose { code } => ("may-close", Some(code), "RFC 6455 §10.7"),
            Requirement::Fail { code, source } => ("fail", Some(code), source),
            Requirement::FailOpening { source } => ("fail-opening", None, source),
            Requirement::Refuse { status, source } => ("refuse", Some(status), source),
            Requirement::Decline { source } => ("decline", None, source),
        };
        Some(RequirementRow { action, code, source })
    }

    /// The `action`s that reports can tell.
    pub const ACTIONS: [&'static str; 5] = ["may-close", "fail", "fail-opening", "refuse", "decline"];
}

/// A clause without its subject: `must fail the WebSocket connection, with close code 1002 (RFC 6455 §5.2)`.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Requirement::Nothing => f.write_str("need do nothing"),
            Requirement::MayClose { code } => {
                write!(f, "may close the connection, with close code {code} (RFC 6455 §10.7)")
            }
            Requirement::Fail { code, source } => {
                write!(f, "must fail the WebSocket connection, with close code {code} ({source})")
            }
            Requirement::FailOpening { source } => write!(f, "must fail the opening handshake ({source})"),
            Requirement::Refuse { status, source } => {
                write!(f, "must refuse the upgrade with an error such as {status} ({source})")
            }
            Requirement::Decline { source } => write!(f, "must decline the offer ({source})"),
        }
    }
}
