//! The closing handshake: a Close frame, and a Close frame in answer (RFC 6455 §5.5.1, §7.1.5).

use super::super::docket::Docket;
use super::super::ended::{Close, Ended, Finish};
use super::super::referee::Context;
use super::super::{Blames, Confidence, Finding, Requirement, Rule, Severity};
use super::{ClosingRules, between, later};
use crate::Role;
use crate::scenario::{Scenario, close, ping, pong, text};
use crate::websocket::{Frame, Opcode, Pong};
use std::time::Duration;

/// The rules of this file.
pub const RULES: &[&Rule] = &[
    &CODE_1010_BY_SERVER,
    &NO_LIST_1010,
    &CODE_1011_BY_CLIENT,
    &DUPLICATE,
    &DATA_AFTER_CLOSE,
    &CONTROL_AFTER_CLOSE,
    &PONG_AFTER_CLOSE_RECEIVED,
    &NOT_ANSWERED,
    &SLOW_REPLY,
    &CODE_NOT_ECHOED,
    &SIMULTANEOUS,
];

/// `close-code-1010-by-server`
pub static CODE_1010_BY_SERVER: Rule = Rule {
    id: "close-code-1010-by-server",
    severity: Severity::Warning,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 6455 §7.4.1",
    quote: "Note that this status code is not used by the server, because it can fail the WebSocket handshake instead.",
    statement: "A server closes with 1010, by which a client says that it misses an extension.",
    why: "The client is told that it asked for something; a server that cannot go on means 1011 or 1002.",
    restraint: "Silent when the server gives a client's own 1010 back.",
    breaks: || Scenario::new().handshake().server(close(1010, "")).client(close(1010, "")),
    keeps: || Scenario::new().handshake().client(close(1010, "permessage-deflate")).server(close(1010, "")),
};

/// `close-1010-no-list`
pub static NO_LIST_1010: Rule = Rule {
    id: "close-1010-no-list",
    severity: Severity::Warning,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §7.4.1",
    quote: "The list of extensions that are needed SHOULD appear in the /reason/ part of the Close frame.",
    statement: "A client closes with 1010 and does not say which extensions it missed.",
    why: "Nobody who reads the server's log learns what to turn on.",
    restraint: "Silent when there is any reason at all, since how it names extensions is not laid down, and when the \
                client gives a server's 1010 back.",
    breaks: || Scenario::new().handshake().client(close(1010, "")),
    keeps: || Scenario::new().handshake().client(close(1010, "permessage-deflate")),
};

/// `close-code-1011-by-client`
pub static CODE_1011_BY_CLIENT: Rule = Rule {
    id: "close-code-1011-by-client",
    severity: Severity::Note,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §7.4.1, erratum 3227",
    quote: "1011 indicates that a server is terminating the connection because it encountered an unexpected condition \
            that prevented it from fulfilling the request.",
    statement: "A client closes with 1011, which the text gives to servers.",
    why: "The erratum lets either side send it, but servers written from the text alone may not expect it.",
    restraint: "Silent when the client gives a server's own 1011 back.",
    breaks: || Scenario::new().handshake().client(close(1011, "")).server(close(1011, "")),
    keeps: || Scenario::new().handshake().server(close(1011, "")).client(close(1011, "")),
};

/// `close-duplicate`
pub static DUPLICATE: Rule = Rule {
    id: "close-duplicate",
    severity: Severity::Warning,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.5.1",
    quote: "If an endpoint receives a Close frame and did not previously send a Close frame, the endpoint MUST send a \
            Close frame in response.",
    statement: "An endpoint sends a second Close frame.",
    why: "A Close is answered only by those who sent none yet. Two parts of a program close without knowing of each \
          other; the second code is ignored.",
    restraint: "A retransmission of the same bytes is no second frame.",
    breaks: || Scenario::new().handshake().client(close(1000, "")).server(close(1000, "")).client(close(1000, "")),
    keeps: || Scenario::new().handshake().client(close(1000, "")).server(close(1000, "")),
};

/// `data-after-close`
pub static DATA_AFTER_CLOSE: Rule = Rule {
    id: "data-after-close",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.5.1",
    quote: "The application MUST NOT send any more data frames after sending a Close frame.",
    statement: "An endpoint sends a data frame after its own Close frame.",
    why: "The other side need not read what follows a Close, so the message is lost without an error anywhere.",
    restraint: "What an endpoint sends after the other's Close and before its own is allowed.",
    breaks: || Scenario::new().handshake().client(close(1000, "")).client(text("late")),
    keeps: || Scenario::new().handshake().client(close(1000, "")).server(text("late")).server(close(1000, "")),
};

/// `control-after-close`
pub static CONTROL_AFTER_CLOSE: Rule = Rule {
    id: "control-after-close",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.5.1",
    quote: "",
    statement: "An endpoint sends a Ping or a Pong after its own Close frame.",
    why: "Legal, for only data frames are forbidden, and a Pong is even owed until the other's Close came. But a \
          receiver may have stopped reading.",
    restraint: "",
    breaks: || Scenario::new().handshake().client(close(1000, "")).client(ping("x")),
    keeps: || Scenario::new().handshake().client(ping("x")).server(pong("x")).client(close(1000, "")),
};

/// `pong-after-close-received`
pub static PONG_AFTER_CLOSE_RECEIVED: Rule = Rule {
    id: "pong-after-close-received",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.5.2",
    quote: "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response, unless it already received a \
            Close frame.",
    statement: "An endpoint answers a Ping that came after a Close frame.",
    why: "Legal and not required: the side that closed must not wait for this Pong.",
    restraint: "",
    breaks: || Scenario::new().handshake().server(close(1000, "")).server(ping("x")).client(pong("x")),
    keeps: || Scenario::new().handshake().server(ping("x")).server(close(1000, "")).client(pong("x")),
};

/// `close-not-answered`
pub static NOT_ANSWERED: Rule = Rule {
    id: "close-not-answered",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.5.1",
    quote: "If an endpoint receives a Close frame and did not previously send a Close frame, the endpoint MUST send a \
            Close frame in response.",
    statement: "An endpoint that received a Close frame ends TCP without sending one.",
    why: "The side that closed waits for the answer until a timer ends it, and its application is told that the \
          connection was not closed cleanly (1006 in browsers).",
    restraint: "A warning when it reset the connection, when bytes of it are missing from the capture, when the other \
                side had broken the protocol before (§7.1.7), or when it is not known that the Close had reached it. \
                Silent when the acknowledgment in its FIN shows that it had not, and when only the capture ended.",
    breaks: || Scenario::new().handshake().client(close(1000, "")).fin(Role::Server),
    keeps: || Scenario::new().handshake().client(close(1000, "")).server(close(1000, "")).fin(Role::Server),
};

/// `close-slow-reply`
pub static SLOW_REPLY: Rule = Rule {
    id: "close-slow-reply",
    severity: Severity::Warning,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.5.1",
    quote: "It SHOULD do so as soon as practical.",
    statement: "An endpoint answers a Close frame late although it was sending nothing.",
    why: "Clients give up waiting (ws after 30 s, Chrome after 2 s) and report an unclean close.",
    restraint: "Counted from the end of its last data frame, for it may finish its message first. Silent when the two \
                Close frames crossed.",
    breaks: || {
        let reply = |s: Scenario| s.after(Duration::from_secs(6)).server(close(1000, ""));
        Scenario::new().handshake().client(close(1000, "")).then(reply(Scenario::new()))
    },
    keeps: || {
        let reply = |s: Scenario| s.after(Duration::from_secs(4)).server(close(1000, ""));
        Scenario::new().handshake().client(close(1000, "")).then(reply(Scenario::new()))
    },
};

/// `close-code-not-echoed`
pub static CODE_NOT_ECHOED: Rule = Rule {
    id: "close-code-not-echoed",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.5.1",
    quote: "(When sending a Close frame in response, the endpoint typically echos the status code it received.)",
    statement: "The answer to a Close frame carries another code.",
    why: "Legal. The application that closed is told the answer's code and not the one it gave.",
    restraint: "Silent when the first code was itself at fault, for then another one is the right answer, and when it \
                is not known which Close answers which.",
    breaks: || Scenario::new().handshake().client(close(4000, "")).server(close(1000, "")),
    keeps: || Scenario::new().handshake().client(close(4000, "")).server(close(4000, "")),
};

/// `close-simultaneous`
pub static SIMULTANEOUS: Rule = Rule {
    id: "close-simultaneous",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.5.1, §7.1.5",
    quote: "Each endpoint will see the status code sent by the other end as _The WebSocket Connection Close Code_.",
    statement: "Both endpoints sent a Close frame before they received the other's.",
    why: "Legal. Each application is told the other's code, so their logs disagree about why the connection ended.",
    restraint: "Said only when the acknowledgments of both show it. Names the side whose Close was captured second.",
    breaks: || Scenario::new().handshake().crossing(|s| s.client(close(1000, "")).server(close(1001, ""))),
    keeps: || Scenario::new().handshake().client(close(1001, "")).server(close(1001, "")),
};

/// How the Close frames of the two endpoints stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// This endpoint had received the other's when it sent its own.
    Answered(Role),
    /// Neither had.
    Crossed,
    /// The capture does not say.
    Unknown,
}

fn order(client: &Close, server: &Close) -> Order {
    let had = |own: &Close, other: &Close| own.acknowledged.map(|acknowledged| acknowledged >= other.end_offset);
    match (had(client, server), had(server, client)) {
        (Some(true), Some(true)) => Order::Unknown,
        (Some(true), _) => Order::Answered(Role::Client),
        (_, Some(true)) => Order::Answered(Role::Server),
        (Some(false), Some(false)) => Order::Crossed,
        _ => Order::Unknown,
    }
}

/// Judges a frame that came after the end began.
pub(super) fn judge_frame(ended: &Ended, frame: &Frame<'_>, docket: &mut Docket) {
    let (sender, index, opcode) = (frame.sender, frame.index, frame.header.opcode);
    let (own, other) = (&ended.closes[sender], &ended.closes[sender.peer()]);
    // A Ping that followed a Close has a higher index, since both came from one endpoint.
    let late_ping = match frame.pong {
        Some(Pong::Answers { ping, .. }) => other.as_ref().is_some_and(|close| ping > close.frame),
        _ => false,
    };
    let name = opcode.name();
    let (rule, text) = match own {
        _ if late_ping => (
            &PONG_AFTER_CLOSE_RECEIVED,
            format!("{sender}'s Pong (frame {index}) answers a Ping that came after {}'s Close", sender.peer()),
        ),
        None => return,
        Some(close) if opcode == Opcode::CLOSE => {
            (&DUPLICATE, format!("{sender} sends another Close (frame {index}) after frame {}", close.frame))
        }
        Some(close) if !opcode.is_control() => (
            &DATA_AFTER_CLOSE,
            format!("{sender} sends data ({name}, frame {index}) after its Close (frame {})", close.frame),
        ),
        Some(close) if matches!(opcode, Opcode::PING | Opcode::PONG) => (
            &CONTROL_AFTER_CLOSE,
            format!("{sender} sends a {name} (frame {index}) after its Close (frame {})", close.frame),
        ),
        Some(_) => return,
    };
    docket.file(Finding::of_frame(rule, frame, text));
}

/// Judges the Close frames when nothing more will come.
pub(super) fn judge(rules: &ClosingRules, ended: &Ended, context: &Context, docket: &mut Docket) {
    match (&ended.closes.client, &ended.closes.server) {
        (Some(client), Some(server)) => {
            let order = order(client, server);
            roles(client, Some(server), order, docket);
            roles(server, Some(client), order, docket);
            slow_reply(rules, client, server, order, context, docket);
            match order {
                Order::Answered(Role::Client) => not_echoed(rules, server, client, docket),
                Order::Answered(Role::Server) => not_echoed(rules, client, server, docket),
                Order::Crossed => simultaneous(client, server, docket),
                Order::Unknown => {}
            }
        }
        (Some(close), None) | (None, Some(close)) => {
            roles(close, None, Order::Unknown, docket);
            not_answered(rules, close, ended, context, docket);
        }
        (None, None) => {}
    }
}

/// Codes that belong to one role (RFC 6455 §7.4.1); who gives a code back did not choose it.
fn roles(own: &Close, other: Option<&Close>, order: Order, docket: &mut Docket) {
    let same = other.is_some_and(|other| other.code() == own.code());
    if same && (order == Order::Unknown || order == Order::Answered(own.sender)) {
        return;
    }
    match (own.sender, own.code()) {
        (Role::Server, Some(1010)) => {
            let text = format!("server's Close (frame {}) has code 1010, which is for clients", own.frame);
            docket.file(own.finding(&CODE_1010_BY_SERVER, text));
        }
        (Role::Client, Some(1010)) if own.body_length == 2 => {
            let text = format!("client's Close (frame {}) has code 1010 and names no extension", own.frame);
            docket.file(own.finding(&NO_LIST_1010, text));
        }
        (Role::Client, Some(1011)) => {
            let text = format!("client's Close (frame {}) has code 1011, which the text gives to servers", own.frame);
            docket.file(own.finding(&CODE_1011_BY_CLIENT, text));
        }
        _ => {}
    }
}

fn slow_reply(
    rules: &ClosingRules,
    client: &Close,
    server: &Close,
    order: Order,
    context: &Context,
    docket: &mut Docket,
) {
    let (first, reply) = match order {
        Order::Crossed => return,
        Order::Answered(Role::Client) => (server, client),
        Order::Answered(Role::Server) => (client, server),
        Order::Unknown if client.packet.number() < server.packet.number() => (client, server),
        Order::Unknown => (server, client),
    };
    let data = rules.data_after_close.as_ref().and_then(|data| data[reply.sender]);
    let free = data.map_or(first.last_packet, |data| later(first.last_packet, data));
    let Some(waited) = between(free, reply.packet).filter(|&waited| waited > context.thresholds.close_slow_reply)
    else {
        return;
    };
    let text =
        format!("{}'s Close (frame {}) answers frame {} after {waited:.1?}", reply.sender, reply.frame, first.frame);
    docket.file(reply.finding(&SLOW_REPLY, text));
}

fn not_echoed(rules: &ClosingRules, first: &Close, reply: &Close, docket: &mut Docket) {
    let (Some(received), Some(sent)) = (first.code(), reply.code()) else { return };
    if received != sent && !rules.streams[first.sender].faulty_close {
        let text = format!("{}'s Close (frame {}) answers code {received} with {sent}", reply.sender, reply.frame);
        docket.file(reply.finding(&CODE_NOT_ECHOED, text));
    }
}

fn simultaneous(client: &Close, server: &Close, docket: &mut Docket) {
    let second = if client.packet.number() < server.packet.number() { server } else { client };
    let text = format!(
        "the Close frames {} and {} crossed: client's side sees {}, server's side sees {}",
        client.frame.min(server.frame),
        client.frame.max(server.frame),
        server.told(),
        client.told()
    );
    docket.file(second.finding(&SIMULTANEOUS, text));
}

/// RFC 6455 §5.5.1: who received a Close owes one, but must have received it.
fn not_answered(rules: &ClosingRules, close: &Close, ended: &Ended, context: &Context, docket: &mut Docket) {
    let silent = close.sender.peer();
    let stream = &rules.streams[silent];
    // Of a connection that was open before the capture, this Close may be the answer to one that was not captured;
    // data shows that there was none.
    if !close.complete || stream.unknown || (context.mid_stream && !stream.sent_data) {
        return;
    }
    let after = |packet: crate::capture::PacketRef| packet.number() > close.last_packet.number();
    let (packet, how, proved) = match (ended.fins[silent], ended.reset()) {
        (Some(Finish { packet, acknowledged }), _) => {
            let received = acknowledged.map(|acknowledged| acknowledged >= close.end_offset);
            match received {
                Some(false) => return,
                Some(true) => (packet, "finishes", true),
                None if after(packet) => (packet, "finishes", false),
                None => return,
            }
        }
        (None, Some((role, packet))) if role == silent && after(packet) => (packet, "resets", false),
        _ => return,
    };
    let excused = docket.erred(close.sender);
    let gap = stream.gap || context.mid_stream;
    let text = format!(
        "{silent} {how} {} without an answer to {}'s Close (frame {})",
        context.transport(),
        close.sender,
        close.frame
    );
    let mut finding = Finding::new(&NOT_ANSWERED, Some(silent), text).at(packet).about(close.frame, Opcode::CLOSE);
    // Who finishes TCP right behind its own Close leaves no way for an answer: nobody would have read it.
    let not_waited_for = ended.fins[close.sender].is_some_and(|fin| match ended.fins[silent] {
        Some(Finish { acknowledged: Some(_), .. }) => super::teardown::had_fin(&rules.streams, ended, silent, context),
        _ => fin.packet.number() < packet.number(),
    });
    if !proved || gap || excused || not_waited_for {
        finding.severity = Severity::Warning;
    }
    if gap {
        finding.confidence = Confidence::AfterGap;
        finding.message.push_str(", or its answer is among the missing bytes");
    }
    docket.file(finding);
}
