//! The heads of a handshake, with the fields found that rules ask for: one look at each head instead of one for each
//! question.

use crate::http::{Head, RequestLine, StatusLine};
use crate::websocket::Handshake;

/// The heads of a handshake.
pub(super) struct Heads<'a> {
    pub(super) request: Option<Fields<'a, RequestLine>>,
    pub(super) response: Option<Fields<'a, StatusLine>>,
}

/// A head and its fields.
pub(super) struct Fields<'a, Line> {
    pub(super) head: &'a Head<Line>,
    pub(super) host: Field<'a>,
    pub(super) upgrade: Field<'a>,
    pub(super) connection: Field<'a>,
    pub(super) origin: Field<'a>,
    pub(super) content_length: Field<'a>,
    pub(super) transfer_encoding: Field<'a>,
    /// `Sec-WebSocket-Key`, and so on.
    pub(super) key: Field<'a>,
    pub(super) version: Field<'a>,
    pub(super) accept: Field<'a>,
    pub(super) protocol: Field<'a>,
    pub(super) extensions: Field<'a>,
    /// One of those that only the drafts know.
    pub(super) of_drafts: Field<'a>,
}

/// The lines of a head that have the same name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Field<'a> {
    /// The value of the first.
    pub(super) first: Option<&'a [u8]>,
    /// How many there are.
    pub(super) lines: usize,
}

impl<'a> Field<'a> {
    /// Whether there is no such line.
    pub(super) fn is_missing(self) -> bool {
        self.first.is_none()
    }

    /// The value, where there is but one line.
    pub(super) fn only(self) -> Option<&'a [u8]> {
        self.first.filter(|_| self.lines == 1)
    }
}

impl<'a> Heads<'a> {
    #[inline]
    pub(super) fn of(handshake: &'a Handshake) -> Heads<'a> {
        let (request, response) = (&handshake.attempt.request, &handshake.attempt.response);
        Heads { request: request.as_ref().map(Fields::of), response: response.as_ref().map(Fields::of) }
    }
}

impl<'a, Line> Fields<'a, Line> {
    #[inline]
    fn of(head: &'a Head<Line>) -> Fields<'a, Line> {
        let none = Field::default();
        let mut fields = Fields {
            head,
            host: none,
            upgrade: none,
            connection: none,
            origin: none,
            content_length: none,
            transfer_encoding: none,
            key: none,
            version: none,
            accept: none,
            protocol: none,
            extensions: none,
            of_drafts: none,
        };
        for header in &head.headers {
            if let Some(field) = fields.named(header.name) {
                field.first.get_or_insert(header.value);
                field.lines += 1;
            }
        }
        fields
    }

    fn named(&mut self, name: &[u8]) -> Option<&mut Field<'a>> {
        Some(match name.len() {
            4 if same(name, b"Host") => &mut self.host,
            6 if same(name, b"Origin") => &mut self.origin,
            7 if same(name, b"Upgrade") => &mut self.upgrade,
            10 if same(name, b"Connection") => &mut self.connection,
            14 if same(name, b"Content-Length") => &mut self.content_length,
            16 if same(name, b"WebSocket-Origin") => &mut self.of_drafts,
            17 if same(name, b"Sec-WebSocket-Key") => &mut self.key,
            17 if same(name, b"Transfer-Encoding") => &mut self.transfer_encoding,
            18 if same(name, b"WebSocket-Location") => &mut self.of_drafts,
            20 if same(name, b"Sec-WebSocket-Accept") => &mut self.accept,
            20 if same(name, b"Sec-WebSocket-Origin") => &mut self.of_drafts,
            21 if same(name, b"Sec-WebSocket-Version") => &mut self.version,
            22 if same(name, b"Sec-WebSocket-Protocol") => &mut self.protocol,
            22 if same(name, b"Sec-WebSocket-Location") => &mut self.of_drafts,
            24 if same(name, b"Sec-WebSocket-Extensions") => &mut self.extensions,
            _ => return None,
        })
    }

    /// Whether Connection lists "upgrade".
    pub(super) fn connection_lists_upgrade(&self) -> bool {
        let is_upgrade = |value: &[u8]| same(value, b"Upgrade");
        self.connection.only().is_some_and(is_upgrade) || self.head.list("connection").any(is_upgrade)
    }

    /// Whether Upgrade lists "websocket", which may have a version behind a slash (RFC 9110 §7.8:
    /// `protocol = protocol-name ["/" protocol-version]`).
    pub(super) fn upgrade_lists_websocket(&self) -> bool {
        let is_websocket = |value: &[u8]| same(value, b"websocket");
        let is_protocol = |value: &[u8]| value.split(|&byte| byte == b'/').next().is_some_and(is_websocket);
        self.upgrade.only().is_some_and(is_websocket) || self.head.list("upgrade").any(is_protocol)
    }
}

/// Whether a name or a token is this one: they compare without case (RFC 9110 §5.1, RFC 6455 §4.1), but nearly all are
/// spelled as the RFC spells them.
#[inline]
pub(super) fn same<const N: usize>(text: &[u8], known: &[u8; N]) -> bool {
    text == known || text.eq_ignore_ascii_case(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::PacketRef;
    use proptest::prelude::*;

    fn head(lines: &[(&str, &str)]) -> Head<()> {
        let packet = PacketRef { number: 1, time: None, file_offset: 0, length: 0 };
        Head {
            line: (),
            headers: lines.iter().copied().collect(),
            faults: Vec::new(),
            offset: 0,
            length: 0,
            packet,
            last_packet: packet,
            segments: 1,
        }
    }

    fn name() -> impl Strategy<Value = String> {
        const NAMES: [&str; 17] = [
            "Host",
            "Origin",
            "Upgrade",
            "Connection",
            "Content-Length",
            "WebSocket-Origin",
            "Sec-WebSocket-Key",
            "Transfer-Encoding",
            "WebSocket-Location",
            "Sec-WebSocket-Accept",
            "Sec-WebSocket-Origin",
            "Sec-WebSocket-Version",
            "Sec-WebSocket-Protocol",
            "Sec-WebSocket-Location",
            "Sec-WebSocket-Extensions",
            "Sec-WebSocket-Key1",
            "Hosts",
        ];
        (prop::sample::select(&NAMES[..]), any::<u32>()).prop_map(|(name, capitals)| {
            let letter = |(at, letter): (usize, char)| match capitals >> at & 1 {
                1 => letter.to_ascii_uppercase(),
                _ => letter.to_ascii_lowercase(),
            };
            name.chars().enumerate().map(letter).collect()
        })
    }

    proptest! {
        /// Held against looking each name up.
        #[test]
        fn fields_are_those_with_the_name(lines in prop::collection::vec((name(), "[a-c]{0,2}"), 0..12)) {
            let lines: Vec<(&str, &str)> = lines.iter().map(|(name, value)| (&**name, &**value)).collect();
            let head = head(&lines);
            let fields = Fields::of(&head);
            let found = |name: &'static str| Field { first: head.first(name), lines: head.all(name).count() };
            let of_drafts = ["WebSocket-Origin", "WebSocket-Location", "Sec-WebSocket-Origin", "Sec-WebSocket-Location"];
            prop_assert_eq!(fields.host, found("host"));
            prop_assert_eq!(fields.origin, found("origin"));
            prop_assert_eq!(fields.upgrade, found("upgrade"));
            prop_assert_eq!(fields.connection, found("connection"));
            prop_assert_eq!(fields.content_length, found("content-length"));
            prop_assert_eq!(fields.transfer_encoding, found("transfer-encoding"));
            prop_assert_eq!(fields.key, found("sec-websocket-key"));
            prop_assert_eq!(fields.version, found("sec-websocket-version"));
            prop_assert_eq!(fields.accept, found("sec-websocket-accept"));
            prop_assert_eq!(fields.protocol, found("sec-websocket-protocol"));
            prop_assert_eq!(fields.extensions, found("sec-websocket-extensions"));
            prop_assert_eq!(fields.of_drafts.lines, of_drafts.map(|name| head.all(name).count()).iter().sum::<usize>());
        }
    }

    #[test]
    fn lists_are_read_to_their_ends() {
        let read = |lines: &[(&str, &str)]| {
            let head = head(lines);
            let fields = Fields::of(&head);
            (fields.upgrade_lists_websocket(), fields.connection_lists_upgrade())
        };
        assert_eq!(read(&[("Upgrade", "WebSocket"), ("Connection", "upgrade")]), (true, true));
        assert_eq!(
            read(&[("upgrade", "h2c, websocket/13"), ("connection", "a"), ("connection", "b, Upgrade")]),
            (true, true)
        );
        assert_eq!(read(&[("Upgrade", "websockets"), ("Connection", "Upgrade/1")]), (false, false));
        assert_eq!(read(&[]), (false, false));
    }
}
