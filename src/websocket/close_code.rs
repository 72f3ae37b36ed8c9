//! The status codes of Close frames and the names the IANA registry gives them (RFC 6455 §7.4, §11.7).

/// The name of a status code in IANA's "WebSocket Close Code Number Registry"; `None` for a code that is not in it.
///
/// The reserved codes that must never be sent (1004, 1005, 1006, 1015) have names too. 1014 is registered with a
/// sentence in place of a name; its short form is used here.
///
/// ```
/// use wslens::websocket::close_code_name;
/// assert_eq!(close_code_name(1001), Some("Going Away"));
/// assert_eq!(close_code_name(4000), None);
/// ```
pub fn close_code_name(code: u16) -> Option<&'static str> {
    Some(match code {
        1000 => "Normal Closure",
        1001 => "Going Away",
        1002 => "Protocol error",
        1003 => "Unsupported Data",
        1004 => "Reserved",
        1005 => "No Status Rcvd",
        1006 => "Abnormal Closure",
        1007 => "Invalid frame payload data",
        1008 => "Policy Violation",
        1009 => "Message Too Big",
        1010 => "Mandatory Ext.",
        1011 => "Internal Error",
        1012 => "Service Restart",
        1013 => "Try Again Later",
        1014 => "Bad Gateway",
        1015 => "TLS handshake",
        3000 => "Unauthorized",
        3003 => "Forbidden",
        3008 => "Timeout",
        _ => return None,
    })
}
