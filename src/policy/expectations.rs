//! What a capture must show, and the findings where it does not.
//!
//! An expectation that cannot be checked is not met: a check must not pass because the bytes that would have failed
//! it were not captured.

use crate::analysis::{Connection, ConnectionEnd, Sink, Summary, Transport};
use crate::capture::PacketRef;
use crate::escape::printable_within;
use crate::rules::{Blames, Finding, Requirement, Rule, Severity};
use crate::scenario::{Scenario, close, ping, pong};
use crate::websocket::{Closer, Closing, Frame, Handshake, Opcode, Pong, TcpEnd};
use crate::{PerRole, Role};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::time::Duration;

/// The rules of this file. Their examples break them where [`Expectations`] ask for what they lack.
pub(super) const RULES: &[&Rule] =
    &[&CONNECTIONS, &NOT_REFUSED, &TRANSPORT, &EXTENSION, &SUBPROTOCOL, &CLOSE, &PING_ANSWERED];

/// Columns of quoted text.
const QUOTED: usize = 60;

/// Pings of an endpoint that wait for their answers; those beyond are not checked.
const PINGS: usize = 1024;

macro_rules! rule {
    ($name:ident, $id:literal, $statement:literal, $why:literal, $restraint:literal, $breaks:expr, $keeps:expr) => {
        #[doc = concat!("`", $id, "`")]
        pub(super) static $name: Rule = Rule {
            id: $id,
            severity: Severity::Error,
            blames: Blames::Nobody,
            requires: Requirement::Nothing,
            source: "the expectations",
            quote: "",
            statement: $statement,
            why: $why,
            restraint: $restraint,
            breaks: $breaks,
            keeps: $keeps,
        };
    };
}

rule!(
    CONNECTIONS,
    "expect-connections",
    "There are fewer or more WebSocket connections than expected.",
    "A capture that missed the conversation proves nothing; neither does one of which the half is missing.",
    "Connections that were refused do not count.",
    || Scenario::new().handshake(),
    || Scenario::new().handshake().connection().handshake()
);
rule!(
    NOT_REFUSED,
    "expect-not-refused",
    "A connection was refused although none was to be.",
    "A client that is refused and tries again hides a fault of the deployment from a test that only looks at the end.",
    "An upgrade whose answer is not in the capture is taken for refused.",
    || Scenario::new().request(|request| request).response(|response| response.status(403, "Forbidden")),
    || Scenario::new().handshake()
);
rule!(
    TRANSPORT,
    "expect-transport",
    "A connection rides on something else than expected.",
    "Where TLS is expected, a connection in clear is a fault of configuration that works all the same.",
    "It speaks of connections that were opened, and of those that the capture found open.",
    || Scenario::new().handshake(),
    || Scenario::new().handshake()
);
rule!(
    EXTENSION,
    "expect-extension",
    "A connection goes without an extension that was expected.",
    "An intermediary that drops Sec-WebSocket-Extensions turns compression off without an error anywhere.",
    "A connection that the capture found open, and one whose answer was not captured, break it: what was agreed \
     cannot be seen.",
    || Scenario::new().handshake(),
    || Scenario::new().handshake_with_extensions("permessage-deflate", "permessage-deflate")
);
rule!(
    SUBPROTOCOL,
    "expect-subprotocol",
    "A connection has another subprotocol than expected, or none.",
    "Without the agreed subprotocol each side guesses what the other's messages mean.",
    "A connection that the capture found open, and one whose answer was not captured, break it: what was agreed \
     cannot be seen.",
    || Scenario::new().handshake(),
    || {
        let chat = ("Sec-WebSocket-Protocol", "chat");
        Scenario::new()
            .handshake_with(|request| request.header(chat.0, chat.1), |response| response.header(chat.0, chat.1))
    }
);
rule!(
    CLOSE,
    "expect-close",
    "A connection was closed in another way than expected.",
    "The close code is all that an application learns of why the conversation ended.",
    "Without a Close frame the code is 1006, with an empty one 1005, as applications see it (RFC 6455 §7.1.5). A \
     connection that is open at the end of the capture breaks it.",
    || Scenario::new().handshake().server(close(1001, "")).client(close(1001, "")).fin(Role::Server),
    || Scenario::new().handshake().server(close(1000, "")).client(close(1000, "")).fin(Role::Server)
);
rule!(
    PING_ANSWERED,
    "expect-ping-answered",
    "A Ping was answered later than expected, or not at all.",
    "Heartbeats that are answered late end in connections that are torn down while they work.",
    "A Pong answers the Pings before the one it names, too (RFC 6455 §5.5.3). A Ping is not expected to be answered \
     once a Close was sent, nor on a connection that ended before the time was up.",
    || { Scenario::new().handshake().server(ping(b"a")).after(Duration::from_secs(9)).client(pong(b"a")) },
    || Scenario::new().handshake().server(ping(b"a")).client(pong(b"a"))
);

/// What is expected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectations {
    /// At least so many connections that became WebSockets; one, where nothing is said.
    pub at_least: Option<u64>,
    /// At most so many.
    pub at_most: Option<u64>,
    /// No upgrade was refused.
    pub not_refused: bool,
    /// What each rode on.
    pub transport: Option<Transport>,
    /// Extensions that each agreed on.
    pub extensions: Vec<String>,
    /// The subprotocol that each agreed on.
    pub subprotocol: Option<String>,
    /// How each was closed.
    pub close: Option<ExpectedClose>,
    /// How long each Ping may wait for its answer.
    pub ping_answered: Option<Duration>,
}

impl Expectations {
    /// The rules that can be broken by not meeting these.
    pub fn rules(&self) -> Vec<&'static Rule> {
        let stated = [
            (&CONNECTIONS, true),
            (&NOT_REFUSED, self.not_refused),
            (&TRANSPORT, self.transport.is_some()),
            (&EXTENSION, !self.extensions.is_empty()),
            (&SUBPROTOCOL, self.subprotocol.is_some()),
            (&CLOSE, self.close.is_some()),
            (&PING_ANSWERED, self.ping_answered.is_some()),
        ];
        stated.into_iter().filter(|(_, stated)| *stated).map(|(rule, _)| rule).collect()
    }
}

/// How a connection is to be closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExpectedClose {
    /// The code of the endpoint that closed first; of both, where their Closes crossed.
    pub code: Option<u16>,
    /// Who closed first.
    pub by: Option<Role>,
}

/// Passes on what it is told, and findings where expectations are not met.
pub struct Expecting<'a> {
    expected: &'a Expectations,
    inner: &'a mut dyn Sink,
    open: BTreeMap<u64, Open>,
    established: u64,
    last: Option<PacketRef>,
}

/// A connection that goes on.
struct Open {
    established: bool,
    pings: PerRole<VecDeque<(u64, PacketRef)>>,
    /// The packet with the first Close: from there on nobody needs to answer a Ping.
    closing: Option<PacketRef>,
}

impl<'a> Expecting<'a> {
    /// Expects this of what it is told.
    pub fn new(expected: &'a Expectations, inner: &'a mut dyn Sink) -> Expecting<'a> {
        Expecting { expected, inner, open: BTreeMap::new(), established: 0, last: None }
    }

    fn fail(&mut self, id: Option<u64>, rule: &'static Rule, at: Option<PacketRef>, text: String) -> io::Result<()> {
        let finding = Finding { packet: at, ..Finding::new(rule, None, text) };
        self.inner.finding(id, &finding)
    }

    fn agreed(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        let (expected, id) = (self.expected, Some(connection.id));
        let at = Some(answer(connection));
        let seen = connection.handshake.filter(|handshake| handshake.attempt.response.is_some());
        for name in &expected.extensions {
            let text = match seen {
                None => {
                    format!("the extension {name} was expected, but the answer to the upgrade is not in the capture")
                }
                Some(handshake) if handshake.extensions.iter().any(|extension| extension.name == *name) => continue,
                Some(handshake) => format!("the extension {name} was expected, but {}", extensions(handshake)),
            };
            self.fail(id, &EXTENSION, at, text)?;
        }
        if let Some(name) = &expected.subprotocol {
            let response = seen.and_then(|handshake| handshake.attempt.response.as_ref());
            let chosen = response.map(|response| response.first("sec-websocket-protocol"));
            let why = match chosen {
                Some(Some(chosen)) if chosen == name.as_bytes() => return Ok(()),
                Some(Some(chosen)) => format!("the server chose \"{}\"", printable_within(chosen, QUOTED)),
                Some(None) => "the server chose none".to_owned(),
                None => "the answer to the upgrade is not in the capture".to_owned(),
            };
            self.fail(id, &SUBPROTOCOL, at, format!("the subprotocol {name} was expected, but {why}"))?;
        }
        Ok(())
    }

    fn pings(&mut self, id: u64, frame: &Frame<'_>, within: Duration) -> io::Result<()> {
        let Some(open) = self.open.get_mut(&id) else { return Ok(()) };
        if frame.header.opcode == Opcode::PING && open.closing.is_none() && open.pings[frame.sender].len() < PINGS {
            open.pings[frame.sender].push_back((frame.index, frame.packet));
        }
        let Some(Pong::Answers { ping, .. }) = frame.pong else { return Ok(()) };
        let waiting = &mut open.pings[frame.sender.peer()];
        let answered = waiting.iter().take_while(|(index, _)| *index <= ping).count();
        let late: Vec<_> = waiting
            .drain(..answered)
            .filter_map(|(index, at)| Some((index, frame.packet.time?.since(at.time?))))
            .filter(|(_, after)| *after > within)
            .collect();
        for (index, after) in late {
            let asker = frame.sender.peer();
            let text =
                format!("{asker}'s Ping in frame {index} was answered after {after:?}, expected within {within:?}");
            self.fail(Some(id), &PING_ANSWERED, Some(frame.packet), text)?;
        }
        Ok(())
    }
}

/// The packet that settles the handshake.
fn answer(connection: &Connection<'_>) -> PacketRef {
    let response = connection.handshake.and_then(|handshake| handshake.attempt.response.as_ref());
    response.map_or(connection.first_packet, |response| response.last_packet)
}

fn extensions(handshake: &Handshake) -> String {
    let names: Vec<String> =
        handshake.extensions.iter().map(|extension| printable_within(extension.name.as_bytes(), QUOTED)).collect();
    match names.as_slice() {
        [] => "none was agreed on".to_owned(),
        _ => format!("what was agreed on is \"{}\"", names.join(", ")),
    }
}

/// What is wrong with the way a connection was closed.
fn closed_otherwise(expected: ExpectedClose, closing: &Closing) -> Option<String> {
    if closing.by.is_none() && closing.tcp_end == TcpEnd::Open {
        return Some("the connection is open at the end of the capture".to_owned());
    }
    let code = |role: Role| closing.frames[role].as_ref().map(|frame| frame.code.unwrap_or(1005));
    let (by, codes) = match closing.by {
        Some(Closer::Client) => ("client", vec![code(Role::Client)]),
        Some(Closer::Server) => ("server", vec![code(Role::Server)]),
        Some(Closer::Both) => ("both", vec![code(Role::Client), code(Role::Server)]),
        None => ("nobody", vec![Some(1006)]),
    };
    let wanted = expected.by.map(Role::name);
    let by_another = wanted.is_some_and(|wanted| wanted != by && by != "both");
    let with_another = expected.code.is_some_and(|wanted| codes.iter().any(|code| *code != Some(wanted)));
    let codes: Vec<String> = codes.iter().flatten().map(u16::to_string).collect();
    (by_another || with_another).then(|| match by {
        "nobody" => "it ended without a Close (code 1006)".to_owned(),
        "both" => format!("both closed, with the codes {}", codes.join(" and ")),
        by => format!("the {by} closed it with the code {}", codes.join("")),
    })
}

fn in_words(expected: ExpectedClose) -> String {
    let by = expected.by.map_or(String::new(), |by| format!(" by the {by}"));
    match expected.code {
        Some(code) => format!("a close{by} with the code {code}"),
        None => format!("a close{by}"),
    }
}

impl Sink for Expecting<'_> {
    crate::analysis::relay!(inner: pause, message, finding, reaction, timeline, capture, unreadable);

    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        self.inner.connection(connection)?;
        let (id, expected) = (Some(connection.id), self.expected);
        let established = connection.handshake.is_none_or(|handshake| handshake.attempt.switched);
        let first = connection.first_packet;
        self.open.insert(connection.id, Open { established, pings: PerRole::default(), closing: None });
        self.last = Some(first);
        if !established {
            let response = connection.handshake.and_then(|handshake| handshake.attempt.response.as_ref());
            let text = match response {
                Some(response) => format!("the upgrade was refused with status {}", response.line.status),
                None => "the upgrade was not answered".to_owned(),
            };
            let at = Some(answer(connection));
            return if expected.not_refused { self.fail(id, &NOT_REFUSED, at, text) } else { Ok(()) };
        }
        self.established += 1;
        if let Some(transport) = expected.transport.filter(|transport| *transport != connection.transport) {
            let text =
                format!("the transport {} was expected, but it is {}", transport.name(), connection.transport.name());
            self.fail(id, &TRANSPORT, Some(first), text)?;
        }
        self.agreed(connection)
    }

    fn frame(&mut self, id: u64, frame: &Frame<'_>) -> io::Result<()> {
        self.inner.frame(id, frame)?;
        if let Some(within) = self.expected.ping_answered {
            self.pings(id, frame, within)?;
        }
        if frame.header.opcode == Opcode::CLOSE
            && let Some(open) = self.open.get_mut(&id)
        {
            open.closing.get_or_insert(frame.packet);
        }
        Ok(())
    }

    fn connection_end(&mut self, id: u64, end: &ConnectionEnd) -> io::Result<()> {
        let open = self.open.remove(&id);
        self.last = Some(end.last_packet);
        if let Some(open) = open.filter(|open| open.established) {
            if let Some(expected) = self.expected.close
                && let Some(instead) = closed_otherwise(expected, &end.closing)
            {
                let text = format!("expected {}, but {instead}", in_words(expected));
                self.fail(Some(id), &CLOSE, Some(end.last_packet), text)?;
            }
            let within = self.expected.ping_answered.unwrap_or(Duration::MAX);
            let until = open.closing.unwrap_or(end.last_packet).time;
            for asker in [Role::Client, Role::Server] {
                for &(index, at) in &open.pings[asker] {
                    let waited = until.zip(at.time).map(|(until, at)| until.since(at));
                    if waited.is_none_or(|waited| waited <= within) {
                        continue;
                    }
                    let text = format!("{asker}'s Ping in frame {index} was not answered, expected within {within:?}");
                    self.fail(Some(id), &PING_ANSWERED, Some(at), text)?;
                }
            }
        }
        self.inner.connection_end(id, end)
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let (at_least, at_most) = (self.expected.at_least.unwrap_or(1), self.expected.at_most.unwrap_or(u64::MAX));
        let wanted = match self.established {
            n if n < at_least => Some(format!("at least {at_least}")),
            n if n > at_most => Some(format!("at most {at_most}")),
            _ => None,
        };
        if let Some(wanted) = wanted {
            let text = format!("{wanted} WebSocket connections were expected, found {}", self.established);
            self.fail(None, &CONNECTIONS, self.last, text)?;
        }
        self.inner.summary(summary)
    }
}
