//! The end of the TCP connection under a WebSocket (RFC 6455 §7.1.1, §7.1.5).

use super::super::docket::Docket;
use super::super::ended::{Close, Ended};
use super::super::http2::CLOSE_WITHOUT_CLOSE_FRAME;
use super::super::referee::Context;
use super::super::{Blames, Finding, Requirement, Rule, Severity};
use super::{Stream, between, later};
use crate::capture::PacketRef;
use crate::scenario::{Scenario, close, text};
use crate::websocket::{Ending, Frame};
use crate::{PerRole, Role};
use std::time::Duration;

/// The rules of this file.
pub const RULES: &[&Rule] =
    &[&ABNORMAL, &TCP_RST, &TCP_HALF_OPEN_DATA, &CLIENT_FIN_FIRST, &SERVER_FIN_LATE, &TCP_NEVER];

/// A conversation that closes as it should, up to the last Close.
fn closed() -> Scenario {
    Scenario::new().handshake().client(close(1000, "")).server(close(1000, ""))
}

/// `close-abnormal`
pub static ABNORMAL: Rule = Rule {
    id: "close-abnormal",
    severity: Severity::Warning,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §7.1.5",
    quote: "If _The WebSocket Connection is Closed_ and no Close control frame was received by the endpoint (such as \
            could occur if the underlying transport connection is lost), _The WebSocket Connection Close Code_ is \
            considered to be 1006.",
    statement: "TCP ended and neither endpoint had sent a Close frame.",
    why: "Both applications are told 1006 and cannot know what the other received. A crash, a proxy's idle timeout, \
          or a program that closes the socket instead of the WebSocket.",
    restraint: "Names the side that ended TCP first, which need not be where the cause is. A note when the other side \
                had broken the protocol, for then a Close may be omitted (§7.1.7). The end of the capture is no end \
                of TCP.",
    breaks: || Scenario::new().handshake().client(text("Hello")).fin(Role::Server),
    keeps: || Scenario::new().handshake().client(text("Hello")).then(closing()).fin(Role::Server),
};

fn closing() -> Scenario {
    Scenario::new().server(close(1000, "")).client(close(1000, ""))
}

/// `close-tcp-rst`
pub static TCP_RST: Rule = Rule {
    id: "close-tcp-rst",
    severity: Severity::Warning,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §7.1.1",
    quote: "An endpoint SHOULD use a method that cleanly closes the TCP connection, as well as the TLS session, if \
            applicable, discarding any trailing bytes that may have been received.",
    statement: "An endpoint resets the TCP connection instead of finishing it.",
    why: "An RST makes the other side's kernel throw away what was received and not yet read, so the last messages \
          and the Close itself can be lost. Closing a socket with unread bytes in it does this.",
    restraint: "A firewall or a proxy can send an RST in an endpoint's name. Silent when the endpoint had sent its FIN \
                before: then the RST answers bytes that came too late.",
    breaks: || closed().rst(Role::Server),
    keeps: || closed().fin(Role::Server),
};

/// `close-tcp-half-open-data`
pub static TCP_HALF_OPEN_DATA: Rule = Rule {
    id: "close-tcp-half-open-data",
    severity: Severity::Warning,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §7.1.1",
    quote: "",
    statement: "An endpoint sends data although the other side has finished its TCP stream.",
    why: "A WebSocket knows no half-closed state: who sent FIN reads no more as a rule, so the data is lost and \
          provokes an RST.",
    restraint: "Said once for an endpoint, and only when the acknowledgment in the data shows that the FIN had \
                arrived; its program may have read it later. Frames that answer, Close and Pong, do not count.",
    breaks: || Scenario::new().handshake().fin_only(Role::Client).server(text("late")),
    keeps: || Scenario::new().handshake().server(text("late")).fin_only(Role::Client),
};

/// `close-client-fin-first`
pub static CLIENT_FIN_FIRST: Rule = Rule {
    id: "close-client-fin-first",
    severity: Severity::Warning,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §7.1.1",
    quote: "The underlying TCP connection, in most normal cases, SHOULD be closed first by the server, so that it \
            holds the TIME_WAIT state and not the client …",
    statement: "After the closing handshake the client finishes TCP before the server does.",
    why: "The client's port stays in TIME_WAIT, so a client that reconnects often runs out of ports.",
    restraint: "A note when the client had waited a while, which is its right. Silent when the two FINs crossed.",
    breaks: || closed().fin(Role::Client),
    keeps: || closed().fin(Role::Server),
};

/// `close-server-fin-late`
pub static SERVER_FIN_LATE: Rule = Rule {
    id: "close-server-fin-late",
    severity: Severity::Warning,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.5.1",
    quote: "The server MUST close the underlying TCP connection immediately; the client SHOULD wait for the server to \
            close the connection but MAY close the connection at any time after sending and receiving a Close message, \
            e.g., if it has not received a TCP Close from the server in a reasonable time period.",
    statement: "The server leaves TCP open for long after both Close frames.",
    why: "The client waits for the server's FIN, and so does its application for the close event.",
    restraint: "",
    breaks: || closed().after(Duration::from_secs(11)).fin(Role::Server),
    keeps: || closed().after(Duration::from_secs(9)).fin(Role::Server),
};

/// `close-tcp-never`
pub static TCP_NEVER: Rule = Rule {
    id: "close-tcp-never",
    severity: Severity::Error,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.5.1",
    quote: "After both sending and receiving a Close message, an endpoint considers the WebSocket connection closed \
            and MUST close the underlying TCP connection.",
    statement: "Both Close frames were exchanged, and long after an endpoint has still not closed TCP.",
    why: "Sockets leak until the process runs out of them.",
    restraint: "Names the server, and the client only when the server has finished. Silent when the capture ended \
                soon after; a warning when bytes of that side are missing, for its FIN may be among them.",
    breaks: || closed().then(much_later()),
    keeps: || closed().fin(Role::Server).then(much_later()),
};

/// Another connection, by which the capture goes on for a while.
fn much_later() -> Scenario {
    Scenario::new().after(Duration::from_secs(60)).connection().handshake()
}

/// Judges a frame that came after the end began.
pub(super) fn judge_frame(
    streams: &mut PerRole<Stream>,
    ended: &Ended,
    frame: &Frame<'_>,
    context: &Context,
    docket: &mut Docket,
) {
    let (sender, finished) = (frame.sender, frame.sender.peer());
    let Some(fin) = ended.fins[finished] else { return };
    let stream = &streams[finished];
    let received = stream.has_all(finished, frame.acknowledged, context) && !stream.gap;
    if !received || frame.header.opcode.is_control() || streams[sender].half_open_told {
        return;
    }
    streams[sender].half_open_told = true;
    let end = if context.http2 { "END_STREAM" } else { "FIN" };
    let text = format!(
        "{sender} still sends data (frame {}) after {finished}'s {end} in packet {}",
        frame.index,
        fin.packet.number()
    );
    docket.file(Finding::of_frame(&TCP_HALF_OPEN_DATA, frame, text));
}

/// Judges the end when nothing more will come.
pub(super) fn judge(streams: &PerRole<Stream>, ended: &Ended, ending: &Ending, context: &Context, docket: &mut Docket) {
    // RST_STREAM behind both Close frames takes nothing away: HTTP/2 has delivered what came before.
    let nothing_lost = context.http2 && ended.closes.client.is_some() && ended.closes.server.is_some();
    if let Some((role, packet)) = ended.reset()
        && ended.fins[role].is_none_or(|fin| fin.packet.number() >= packet.number())
        && !nothing_lost
    {
        let text =
            format!("{role} resets {} (packet {}) instead of finishing it", context.transport(), packet.number());
        docket.file(Finding::new(&TCP_RST, Some(role), text).at(packet));
    }
    match (&ended.closes.client, &ended.closes.server) {
        (Some(client), Some(server)) if client.complete && server.complete => {
            // A stream leaves no port in TIME_WAIT, so that it does not matter who ends it.
            if !context.http2 {
                client_fin_first(streams, ended, client, server, context, docket);
            }
            server_fin(streams, ended, client, server, ending, context, docket);
        }
        (None, None) => abnormal(streams, ended, ending, context, docket),
        _ => {}
    }
}

fn abnormal(streams: &PerRole<Stream>, ended: &Ended, ending: &Ending, context: &Context, docket: &mut Docket) {
    let fin = |role| ended.fins[role].map(|fin| (role, fin.packet, "finishes"));
    let reset = ended.reset().map(|(role, packet)| (role, packet, "resets"));
    let ends = [fin(Role::Client), fin(Role::Server), reset];
    let order = |&(role, packet, how): &(Role, PacketRef, &str)| {
        (how == "finishes" && had_fin(streams, ended, role, context), packet.number())
    };
    let Some((role, packet, how)) = ends.into_iter().flatten().min_by_key(order) else {
        return;
    };
    let over = ends.iter().flatten().count() > 1 || reset.is_some();
    // Half closed: the other side may still send its Close, but not for ever.
    let abandoned = || {
        let waited = ending.capture_end.and_then(|end| between(packet, end));
        waited.is_some_and(|waited| waited > context.thresholds.close_fin_late)
    };
    // A connection that was open before the capture may have been closed before it; data shows that it was not.
    let closed_before = context.mid_stream && !streams[role].sent_data;
    if streams.client.unknown || streams.server.unknown || closed_before || !(over || abandoned()) {
        return;
    }
    let excused = docket.erred(role.peer());
    let rule = if streams[role].end_stream { &CLOSE_WITHOUT_CLOSE_FRAME } else { &ABNORMAL };
    let transport = context.transport();
    let mut text = format!("{role} {how} {transport} and neither side sent a Close: both applications see 1006");
    if excused {
        text.push_str(&format!("; {} had broken the protocol before", role.peer()));
    }
    let gap = streams.client.gap || streams.server.gap || context.mid_stream;
    let mut finding = Finding::new(rule, Some(role), text).at(packet).after_gap(gap);
    if excused {
        finding.severity = Severity::Note;
    }
    docket.file(finding);
}

/// Whether `role` had received the other side's FIN when it sent its own, whatever the order in the capture.
pub(super) fn had_fin(streams: &PerRole<Stream>, ended: &Ended, role: Role, context: &Context) -> bool {
    let acknowledged = ended.fins[role].and_then(|fin| fin.acknowledged);
    streams[role.peer()].has_all(role.peer(), acknowledged, context)
}

fn client_fin_first(
    streams: &PerRole<Stream>,
    ended: &Ended,
    client: &Close,
    server: &Close,
    context: &Context,
    docket: &mut Docket,
) {
    let Some(fin) = ended.fins.client else { return };
    let had_close = match fin.acknowledged {
        Some(acknowledged) => acknowledged >= server.end_offset,
        None => fin.packet.number() > server.last_packet.number(),
    };
    let reset_before = ended.reset().is_some_and(|(_, packet)| packet.number() < fin.packet.number());
    // The server's own FIN need not have been captured.
    let server_first = had_fin(streams, ended, Role::Client, context)
        || ended.fins.server.is_some() && !had_fin(streams, ended, Role::Server, context);
    if !had_close || reset_before || server_first || streams.client.gap {
        return;
    }
    let waited = between(later(client.last_packet, server.last_packet), fin.packet);
    let patient = waited.is_some_and(|waited| waited > context.thresholds.close_client_patience);
    let after = waited.map_or(String::new(), |waited| format!(", {waited:.1?} after the closing handshake"));
    let text = format!("client finishes TCP (packet {}) before the server does{after}", fin.packet.number());
    let finding = Finding::new(&CLIENT_FIN_FIRST, Some(Role::Client), text).at(fin.packet);
    let severity = if patient { Severity::Note } else { finding.severity };
    docket.file(finding.with_severity(severity));
}

/// RFC 6455 §5.5.1: the server closes at once, and the client then.
fn server_fin(
    streams: &PerRole<Stream>,
    ended: &Ended,
    client: &Close,
    server: &Close,
    ending: &Ending,
    context: &Context,
    docket: &mut Docket,
) {
    let threshold = context.thresholds.close_fin_late;
    let too_long = |from: PacketRef, to: PacketRef| between(from, to).filter(|&time| time > threshold);
    let done = later(client.last_packet, server.last_packet);
    let gap = |role: Role| streams[role].gap;
    let never = |role: Role, since: PacketRef, what: &str| {
        let waited = too_long(since, ending.capture_end?)?;
        let transport = context.transport();
        let text = format!("{role} has not closed {transport} {waited:.1?} after {what}, when the capture ends");
        let finding = Finding::new(&TCP_NEVER, Some(role), text).at(since).after_gap(gap(role));
        let severity = if gap(role) { Severity::Warning } else { finding.severity };
        Some(finding.with_severity(severity))
    };
    let (fin, reset) = (ended.fins.server.map(|fin| fin.packet), ended.reset().map(|(_, packet)| packet));
    let finding = match fin.or(reset) {
        None => never(Role::Server, done, "the closing handshake"),
        Some(end) => {
            if let Some(waited) = too_long(done, end) {
                let transport = context.transport();
                let how = match fin {
                    Some(_) => format!("finishes {transport}"),
                    None => format!("has not finished {transport} when it is reset,"),
                };
                let text = format!("server {how} {waited:.1?} after the closing handshake");
                let finding = Finding::new(&SERVER_FIN_LATE, Some(Role::Server), text).at(end);
                docket.file(finding.after_gap(gap(Role::Server)));
            }
            let what = if context.http2 { "the server's END_STREAM" } else { "the server's FIN" };
            let client_left = ended.fins.client.is_none() && reset.is_none();
            if client_left { never(Role::Client, end, what) } else { None }
        }
    };
    if let Some(finding) = finding {
        docket.file(finding);
    }
}
