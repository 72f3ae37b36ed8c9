//! The rules of RFC 6455 §5.5 to §5.5.3, less what belongs to the closing handshake, as data.

use crate::Role;
use crate::rules::{Blames, Requirement, Rule, Severity};
use crate::scenario::{Scenario, close, ping, pong, text};
use std::time::Duration;

/// The rules of this topic.
pub const RULES: &[&Rule] = &[
    &PAYLOAD_TOO_LONG,
    &PING_UNANSWERED,
    &PONG_PAYLOAD_MISMATCH,
    &PONG_UNSOLICITED,
    &PONG_LATEST_ONLY,
    &PONG_SLOW,
    &PING_FLOOD,
    &PING_APP_LEVEL,
];

const IDENTICAL: &str = "A Pong frame sent in response to a Ping frame must have identical \"Application data\" as \
                         found in the message body of the Ping frame being replied to.";

/// `ctl-payload-too-long`
pub static PAYLOAD_TOO_LONG: Rule = Rule {
    id: "ctl-payload-too-long",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::MayClose { code: 1002 },
    source: "RFC 6455 §5.5",
    quote: "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be fragmented.",
    statement: "A control frame has a payload of more than 125 bytes.",
    why: "Receivers keep a buffer of 125 bytes for control frames and fail the connection, or overrun it. Close \
          reasons taken from an error message are the usual cause: two bytes of the 125 are the code.",
    restraint: "",
    breaks: || Scenario::new().handshake().client(ping("x".repeat(126))),
    keeps: || {
        let longest = "x".repeat(125);
        Scenario::new().handshake().client(ping(longest.clone())).server(pong(longest))
    },
};

/// `ping-unanswered`
pub static PING_UNANSWERED: Rule = Rule {
    id: "ping-unanswered",
    severity: Severity::Warning,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.5.2",
    quote: "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response, unless it already received \
            a Close frame.",
    statement: "A Ping never gets its Pong, although its receiver goes on sending.",
    why: "The side that pings takes the other for dead and closes, with 1011 or 1006 as a rule, some twenty or thirty \
          seconds later. The receiver's reading loop is blocked, or its library leaves Pongs to the application.",
    restraint: "A Ping counts only if its receiver sent another frame that acknowledges it and begins later than the \
                threshold, no Pong with the payload of this or a later Ping came, neither side had closed, and no byte \
                of either direction is missing since. The last 64 open Pings of a side are followed. An error only \
                where the connection was closed cleanly after all that.",
    breaks: || {
        let alive = Scenario::new().handshake().client(ping("are you there?")).server(text("1"));
        alive.after(Duration::from_secs(60)).server(text("2"))
    },
    keeps: || {
        let answered = Scenario::new().handshake().client(ping("are you there?")).server(pong("are you there?"));
        answered.after(Duration::from_secs(60)).server(text("2"))
    },
};

/// `pong-payload-mismatch`
pub static PONG_PAYLOAD_MISMATCH: Rule = Rule {
    id: "pong-payload-mismatch",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.5.3",
    quote: IDENTICAL,
    statement: "The only Pong that can answer a Ping has another payload.",
    why: "The side that pings matches Pongs by payload. It takes this one for a heartbeat, waits on, and closes a \
          connection that is alive.",
    restraint: "A Pong may come unasked, so this is said only if its sender had received the Ping, never sent a Pong \
                unasked before, sent frames after it, and the right Pong never came; silent where bytes are missing.",
    breaks: || {
        let wrong = Scenario::new().handshake().client(ping("1700000001")).server(pong("pong"));
        wrong.client(close(1000, "")).server(close(1000, "")).fin(Role::Server)
    },
    keeps: || {
        let right = Scenario::new().handshake().client(ping("1700000001")).server(pong("1700000001"));
        right.client(close(1000, "")).server(close(1000, "")).fin(Role::Server)
    },
};

/// `pong-unsolicited`
pub static PONG_UNSOLICITED: Rule = Rule {
    id: "pong-unsolicited",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.5.3",
    quote: "A Pong frame MAY be sent unsolicited. This serves as a unidirectional heartbeat. A response to an \
            unsolicited Pong frame is not expected.",
    statement: "A Pong answers no Ping.",
    why: "It is a legal heartbeat: .NET's ClientWebSocket and Internet Explorer send one every 30 seconds. Servers that \
          take an unexpected Pong for an error drop such clients in that rhythm.",
    restraint: "Silent where bytes of the other side are missing or not all of what its sender had received was \
                captured, for the Ping may be among them.",
    breaks: || Scenario::new().handshake().client(pong("")),
    keeps: || Scenario::new().handshake().server(ping("")).client(pong("")),
};

/// `pong-latest-only`
pub static PONG_LATEST_ONLY: Rule = Rule {
    id: "pong-latest-only",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.5.3",
    quote: "If an endpoint receives a Ping frame and has not yet sent Pong frame(s) in response to previous Ping \
            frame(s), the endpoint MAY elect to send a Pong frame for only the most recently processed Ping frame.",
    statement: "A Pong answers a Ping while earlier Pings have no answer.",
    why: "It is legal. A side that pings, counts Pongs and expects one for each Ping takes the other for dead.",
    restraint: "A Pong counts for the oldest Ping with its payload, since Pings with equal payloads cannot be told apart.",
    breaks: || Scenario::new().handshake().client([ping("1"), ping("2")]).server(pong("2")),
    keeps: || Scenario::new().handshake().client([ping("1"), ping("2")]).server([pong("1"), pong("2")]),
};

/// `pong-slow`
pub static PONG_SLOW: Rule = Rule {
    id: "pong-slow",
    severity: Severity::Warning,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.5.2",
    quote: "It SHOULD respond with Pong frame as soon as is practical.",
    statement: "A Pong comes long after its Ping.",
    why: "The receiver's reading loop was busy, or its frames waited behind others. A little slower, and the side that \
          pings closes the connection.",
    restraint: "The time counts from the latest Ping with this payload, and from the end of a frame that was being sent \
                when the Ping came, since nothing can be put into a frame.",
    breaks: || Scenario::new().handshake().client(ping("1")).after(Duration::from_secs(15)).server(pong("1")),
    keeps: || Scenario::new().handshake().client(ping("1")).after(Duration::from_secs(1)).server(pong("1")),
};

/// `ping-flood`
pub static PING_FLOOD: Rule = Rule {
    id: "ping-flood",
    severity: Severity::Warning,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §10.4",
    quote: "",
    statement: "An endpoint sends more Pings in a second than any keepalive needs.",
    why: "Each Ping obliges the other side to write a Pong, so a peer that reads no Pongs fills its memory. It is a \
          denial of service, or a timer that fires in a loop.",
    restraint: "Seconds are counted from a Ping on, one after the other, so a burst that is halved by the end of one may \
                pass.",
    breaks: || {
        // 150 Pings, answered one by one, take 60 ms.
        Scenario::new().handshake().repeat(150, |s| s.client(ping("")).server(pong("")))
    },
    keeps: || {
        let pause = Duration::from_millis(20);
        Scenario::new().handshake().repeat(150, |s| s.client(ping("")).server(pong("")).after(pause))
    },
};

/// `ping-app-level`
pub static PING_APP_LEVEL: Rule = Rule {
    id: "ping-app-level",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.5.2",
    quote: "NOTE: A Ping frame may serve either as a keepalive or as a means to verify that the remote endpoint is \
            still responsive.",
    statement: "An endpoint sends text messages that say \"ping\" as a heartbeat, and no Ping frames.",
    why: "Text heartbeats are the only ones that scripts in a browser can send. Both applications must know them; \
          proxies, libraries and this program's round trips do not.",
    restraint: "Said once for a sender, at the second such message, and only of messages that are the word alone.",
    breaks: || {
        let beat = |s: Scenario| s.client(text("ping")).server(text("pong")).after(Duration::from_secs(10));
        Scenario::new().handshake().repeat(2, beat)
    },
    keeps: || {
        let beat = |s: Scenario| s.client(ping("")).server(pong("")).after(Duration::from_secs(10));
        Scenario::new().handshake().repeat(2, beat)
    },
};
