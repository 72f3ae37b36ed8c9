//! Header syntax that the rules of several topics look at, and how a header is shown in a finding.

use super::{Finding, Rule};
use crate::Role;
use crate::escape::printable_within;
use crate::http::{Fault, Head};

pub(super) use crate::http::is_token;

/// Columns of a header value that a message quotes.
const QUOTED: usize = 60;

/// The lines of a head that have the same name.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    /// The value of the first; `None` where there is no such line.
    pub(super) first: Option<&'a [u8]>,
    /// How many there are.
    pub(super) lines: usize,
}

impl<'a> Field<'a> {
    /// Those with this name.
    // Within its caller, where the name is known, it takes but a few instructions.
    #[inline(always)]
    pub(super) fn of<Line>(head: &'a Head<Line>, name: &'static str) -> Field<'a> {
        match head.only(name) {
            Some(first) => Field { first, lines: usize::from(first.is_some()) },
            None => Field { first: head.first(name), lines: head.all(name).count() },
        }
    }

    /// The value, where there is but one line.
    pub(super) fn only(self) -> Option<&'a [u8]> {
        self.first.filter(|_| self.lines == 1)
    }
}

/// Whether Connection lists "upgrade".
pub(super) fn connection_lists_upgrade<Line>(head: &Head<Line>) -> bool {
    let is_upgrade = |value: &[u8]| same(value, b"Upgrade");
    head.first("connection").is_some_and(is_upgrade) || head.list("connection").any(is_upgrade)
}

/// Whether Upgrade lists "websocket", which may have a version behind a slash (RFC 9110 §7.8:
/// `protocol = protocol-name ["/" protocol-version]`).
pub(super) fn upgrade_lists_websocket<Line>(head: &Head<Line>) -> bool {
    let is_websocket = |value: &[u8]| same(value, b"websocket");
    let is_protocol = |value: &[u8]| value.split(|&byte| byte == b'/').next().is_some_and(is_websocket);
    head.first("upgrade").is_some_and(is_websocket) || head.list("upgrade").any(is_protocol)
}

/// Whether a token is this one: those of Upgrade and Connection compare without case (RFC 6455 §4.1), but nearly all are
/// spelled like this.
#[inline]
pub(super) fn same<const N: usize>(token: &[u8], known: &[u8; N]) -> bool {
    token == known || token.eq_ignore_ascii_case(known)
}

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
