//! The rules about the dialects before RFC 6455, and the conversations in them.

use crate::Role;
use crate::rules::{Blames, Requirement, Rule, Severity};
use crate::scenario::{Scenario, text};

/// The rules of this topic.
pub const RULES: &[&Rule] = &[
    &HIXIE_75,
    &HIXIE_76,
    &HIXIE_76_CHALLENGE,
    &HIXIE_76_KEY,
    &HIXIE_76_FRAME,
    &HYBI_04_06,
    &HYBI_07,
    &HYBI_08,
    &HYBI_13_PLUS,
    &EXTENSION,
];

/// A hixie-75 opening handshake.
fn hixie_75() -> Scenario {
    let request = "GET /demo HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nHost: example.com\r\n\
                   Origin: http://example.com\r\n\r\n";
    let response = "HTTP/1.1 101 Web Socket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
                    WebSocket-Origin: http://example.com\r\nWebSocket-Location: ws://example.com/demo\r\n\r\n";
    Scenario::new().bytes(Role::Client, request).bytes(Role::Server, response)
}

/// The example of hixie-76 §1.2 with this first key and this answer.
fn hixie_76(key1: &str, answer: &str) -> Scenario {
    let request = format!(
        "GET /demo HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key1: {key1}\r\n\
         Origin: http://example.com\r\n\r\n^n:ds[4U"
    );
    let response = format!(
        "HTTP/1.1 101 WebSocket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Origin: http://example.com\r\nSec-WebSocket-Location: ws://example.com/demo\r\n\r\n{answer}"
    );
    Scenario::new().bytes(Role::Client, request).bytes(Role::Server, response)
}

const KEY_1: &str = "4 @1  46546xW%0l 1 5";
const ANSWER: &str = "8jKS'y:G*Co,Wxa-";

/// A handshake in the version of a draft, the origin where the drafts put it.
fn hybi(version: &str) -> Scenario {
    Scenario::new().handshake_with(
        |request| {
            let request = request.replace("Sec-WebSocket-Version", version);
            request.header("Sec-WebSocket-Origin", "http://example.com")
        },
        |response| response,
    )
}

/// `legacy-hixie-75`
pub static HIXIE_75: Rule = Rule {
    id: "legacy-hixie-75",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "draft-hixie-thewebsocketprotocol-75",
    quote: "",
    statement: "The connection speaks hixie-75, the dialect of 2010 without any key.",
    why: "Nothing proves that the server meant to answer a WebSocket, so browsers dropped it. Its frames, 00 to FF, are \
          not those of RFC 6455.",
    restraint: "A request without a key counts as this dialect only where the answer has a WebSocket-Origin or \
                WebSocket-Location field: otherwise it is a broken request of today.",
    breaks: || hixie_75().bytes(Role::Client, b"\x00Hello\xff".as_slice()),
    keeps: || Scenario::new().handshake().client(text("Hello")),
};

/// `legacy-hixie-76`
pub static HIXIE_76: Rule = Rule {
    id: "legacy-hixie-76",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "draft-hixie-thewebsocketprotocol-76",
    quote: "",
    statement: "The connection speaks hixie-76, which is hybi-00.",
    why: "Safari 5 and early Chrome and Opera spoke it. The eight bytes behind the request head, which no field \
          announces, stall at proxies; the frames are not those of RFC 6455.",
    restraint: "",
    breaks: || hixie_76(KEY_1, ANSWER).bytes(Role::Client, b"\x00Hello\xff".as_slice()),
    keeps: || Scenario::new().handshake().client(text("Hello")),
};

/// `legacy-hixie-76-challenge`
pub static HIXIE_76_CHALLENGE: Rule = Rule {
    id: "legacy-hixie-76-challenge",
    severity: Severity::Error,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "draft-hixie-thewebsocketprotocol-76 §5.2",
    quote: "",
    statement: "The sixteen bytes behind the 101 are not the MD5 that the keys ask for.",
    why: "Clients fail the connection. It is the MD5 of the two numbers, each its key's digits divided by its spaces, \
          in network byte order, and the eight bytes behind the request.",
    restraint: "Silent when a key is faulty, or when the eight bytes were not captured.",
    breaks: || hixie_76(KEY_1, "8jKS'y:G*Co,Wxa+"),
    keeps: || hixie_76(KEY_1, ANSWER),
};

/// `legacy-hixie-76-key`
pub static HIXIE_76_KEY: Rule = Rule {
    id: "legacy-hixie-76-key",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "draft-hixie-thewebsocketprotocol-76 §4.1",
    quote: "",
    statement: "A key has no space, or its digits are not divisible by the number of its spaces.",
    why: "The server must abort the connection.",
    restraint: "",
    breaks: || hixie_76("4@146546xW%0l15", ANSWER),
    keeps: || hixie_76(KEY_1, ANSWER),
};

/// `legacy-hixie-76-frame`
pub static HIXIE_76_FRAME: Rule = Rule {
    id: "legacy-hixie-76-frame",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "draft-hixie-thewebsocketprotocol-76 §4.2, §5.3",
    quote: "",
    statement: "A text frame of the hixie dialects does not end in FF, or is not UTF-8.",
    why: "FF, which UTF-8 never contains, is all that ends a text. Without it the receiver waits; with other bytes in it \
          the next frame begins in the wrong place.",
    restraint: "A warning when the connection was reset within the frame, a note when the capture ended there; silent \
                once bytes are missing.",
    breaks: || hixie_76(KEY_1, ANSWER).bytes(Role::Client, b"\x00Hello".as_slice()).fin(Role::Client),
    keeps: || hixie_76(KEY_1, ANSWER).bytes(Role::Client, b"\x00Hello\xff".as_slice()).fin(Role::Client),
};

/// `legacy-hybi-04-06`
pub static HYBI_04_06: Rule = Rule {
    id: "legacy-hybi-04-06",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "draft-ietf-hybi-thewebsocketprotocol-04 to -06",
    quote: "",
    statement: "The request asks for version 4, 5 or 6.",
    why: "In these drafts the masking key comes before the frame and masks its header too, and the opcodes are others: 1 \
          close, 2 ping, 3 pong, 4 text, 5 binary.",
    restraint: "The frames are not judged by the rules of RFC 6455.",
    breaks: || hybi("6"),
    keeps: || Scenario::new().handshake(),
};

/// `legacy-hybi-07`
pub static HYBI_07: Rule = Rule {
    id: "legacy-hybi-07",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "draft-ietf-hybi-thewebsocketprotocol-07",
    quote: "",
    statement: "The request asks for version 7.",
    why: "Firefox 6 spoke it. Frames are those of RFC 6455; the origin stands in Sec-WebSocket-Origin, and servers of \
          today refuse the version.",
    restraint: "",
    breaks: || hybi("7").client(text("Hello")),
    keeps: || Scenario::new().handshake().client(text("Hello")),
};

/// `legacy-hybi-08`
pub static HYBI_08: Rule = Rule {
    id: "legacy-hybi-08",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "draft-ietf-hybi-thewebsocketprotocol-08 to -12",
    quote: "",
    statement: "The request asks for version 8.",
    why: "Chrome 14 and Firefox 7 spoke it, and servers written at that time still do. Frames are those of RFC 6455; the \
          origin stands in Sec-WebSocket-Origin.",
    restraint: "",
    breaks: || hybi("8").client(text("Hello")),
    keeps: || Scenario::new().handshake().client(text("Hello")),
};

/// `legacy-hybi-13plus`
pub static HYBI_13_PLUS: Rule = Rule {
    id: "legacy-hybi-13plus",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "draft-ietf-hybi-thewebsocketprotocol-13 to -17",
    quote: "",
    statement: "A handshake of version 13 carries fields of the drafts.",
    why: "The wire format of drafts 13 to 17 is that of RFC 6455, so nothing else tells them apart. The fields are \
          ignored; a server that looks for the origin in the old field does not find it.",
    restraint: "Silent where no such field is there.",
    breaks: || {
        Scenario::new().handshake_with(
            |request| request,
            |response| response.header("WebSocket-Location", "ws://server.example.com/chat"),
        )
    },
    keeps: || {
        Scenario::new().handshake_with(|request| request.header("Origin", "http://example.com"), |response| response)
    },
};

/// `legacy-extension`
pub static EXTENSION: Rule = Rule {
    id: "legacy-extension",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §11.4",
    quote: "",
    statement: "An extension of the drafts is offered or accepted.",
    why: "Old WebKit offers x-webkit-deflate-frame, which compresses frame by frame and looks like permessage-deflate \
          until the first fragmented message. deflate-stream hides the frames from whoever looks on.",
    restraint: "",
    breaks: || {
        Scenario::new().handshake_with(
            |request| request.header("Sec-WebSocket-Extensions", "x-webkit-deflate-frame"),
            |response| response,
        )
    },
    keeps: || Scenario::new().handshake_with_extensions("permessage-deflate", "permessage-deflate"),
};
