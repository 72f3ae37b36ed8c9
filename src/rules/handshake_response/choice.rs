//! What the server chose: the subprotocol and the extensions, each held against the offer.

use super::choice_rules::*;
use super::{Answer, shown};
use crate::rules::header_syntax::Field;
use crate::websocket::Extension;

/// Extensions that give RSV1 a meaning: the per-message compressions of RFC 7692 and of the drafts before it, and the
/// per-frame ones.
const USE_RSV1: [&str; 7] = [
    "permessage-deflate",
    "permessage-compress",
    "permessage-bzip2",
    "permessage-snappy",
    "deflate-frame",
    "x-webkit-deflate-frame",
    "x-webkit-permessage-compress",
];

impl Answer<'_> {
    /// RFC 6455 §4.1 item 6 of the validation, §4.2.2 /subprotocol/.
    pub(super) fn protocol(&mut self) {
        const NAME: &str = "sec-websocket-protocol";
        let response = self.response;
        let Field { first, lines } = Field::of(response, NAME);
        if first.is_none() && self.whole_request.is_none_or(|request| request.first(NAME).is_none()) {
            return;
        }
        let offered: Option<Vec<&[u8]>> = self.whole_request.map(|request| request.list(NAME).collect());
        let Some(first) = first else {
            if let Some(offered) = offered.filter(|offered| !offered.is_empty()) {
                let text = format!("server chose none of the subprotocols that the client offered: {}", list(&offered));
                self.file_against_request(&PROTOCOL_NONE, text, b"");
            }
            return;
        };
        if response.all(NAME).any(|value| value.is_empty()) {
            self.file(&PROTOCOL_EMPTY, "server's Sec-WebSocket-Protocol is empty", b"");
        }
        let chosen: Vec<&[u8]> = response.list(NAME).collect();
        if chosen.len() > 1 || lines > 1 {
            let text = match lines {
                1 => format!("server chose {} subprotocols instead of one: {}", chosen.len(), shown(first)),
                _ => format!("server's answer has {lines} Sec-WebSocket-Protocol fields instead of one"),
            };
            self.file(&PROTOCOL_MULTIPLE, text, first);
        }
        let Some(offered) = offered else { return };
        for value in chosen {
            if offered.contains(&value) {
                continue;
            }
            match offered.iter().find(|offer| offer.eq_ignore_ascii_case(value)) {
                Some(offer) => {
                    let text =
                        format!("server chose subprotocol {}; the client offered {}", shown(value), shown(offer));
                    self.file_against_request(&PROTOCOL_CASE, text, value);
                }
                None => {
                    let offer = if offered.is_empty() { "none".to_owned() } else { list(&offered) };
                    let text = format!("server chose subprotocol {}; the client offered {offer}", shown(value));
                    self.file_against_request(&PROTOCOL_NOT_OFFERED, text, value);
                }
            }
        }
    }

    /// RFC 6455 §4.1 item 5 of the validation, §9.1; RFC 7692 §5.
    pub(super) fn extensions(&mut self) {
        const NAME: &str = "sec-websocket-extensions";
        let (handshake, response) = (self.handshake, self.response);
        let Field { first, lines } = Field::of(response, NAME);
        let Some(first) = first else { return };
        if lines > 1 {
            let text = format!("server's 101 has {lines} Sec-WebSocket-Extensions fields");
            self.file(&EXT_DUPLICATE_HEADER, text, first);
        }
        if response.all(NAME).all(<[u8]>::is_empty) {
            return self.file(&EXT_EMPTY, "server's Sec-WebSocket-Extensions is empty", b"");
        }
        if let Some(fault) = handshake.extensions_syntax {
            let text = format!(
                "server's Sec-WebSocket-Extensions leaves the grammar at offset {}: {} in \"{}\"",
                fault.offset,
                fault.what,
                shown(first)
            );
            return self.file(&EXT_SYNTAX, text, first);
        }
        if self.whole_request.is_some() && handshake.offer_syntax.is_none() {
            for extension in &handshake.extensions {
                let same = |offer: &Extension| offer.name.eq_ignore_ascii_case(&extension.name);
                if !handshake.offers.iter().any(same) {
                    let text = format!(
                        "server accepted the extension {}, which the client did not offer",
                        shown(extension.name.as_bytes())
                    );
                    self.file_against_request(&EXT_NOT_OFFERED, text, extension.name.as_bytes());
                }
            }
        }
        let claims = |extension: &&Extension| USE_RSV1.iter().any(|name| extension.name.eq_ignore_ascii_case(name));
        let claiming: Vec<&str> =
            handshake.extensions.iter().filter(claims).map(|extension| &*extension.name).collect();
        if let [one, another, ..] = claiming[..] {
            let text = format!("server accepted {one} and {another}, which both use RSV1");
            self.file(&EXT_RSV_CONFLICT, text, first);
        }
    }
}

fn list(values: &[&[u8]]) -> String {
    shown(&values.join(&b", "[..]))
}
