//! Header syntax that the rules of several topics look at, and how a header is shown in a finding.

use super::{Finding, Rule};
use crate::Role;
use crate::escape::printable_within;
use crate::http::{Fault, Head};

pub(super) use crate::http::is_token;

/// Columns of a header value that a message quotes.
const QUOTED: usize = 60;

/// The elements of a comma-separated list that may span several lines, trimmed, empty ones too; nothing where there is
/// no such line. [`Head::list`] leaves empty elements out (RFC 9110 §5.6.1.2), but a sender must not write them
/// (§5.6.1.1).
pub(super) fn elements<'a, Line>(head: &'a Head<Line>, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
    head.all(name).flat_map(|value| value.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii)
}

/// Bytes from a head in quotation marks, safe to print and cut to a readable length.
pub(super) fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", printable_within(bytes, QUOTED))
}

/// Whether the head was cut off: what it does not say may stand in the part that was not read.
pub(super) fn is_cut<Line>(head: &Head<Line>) -> bool {
    head.faults.contains(&Fault::Unfinished)
}

/// A finding that blames the sender of a head and points at where the head begins.
pub(super) fn of_head<Line>(rule: &'static Rule, sender: Role, head: &Head<Line>, message: String) -> Finding {
    Finding::new(rule, Some(sender), message).at(head.packet).at_offset(head.offset)
}
