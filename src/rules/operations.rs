//! What makes a connection slow or fragile without breaking the protocol. Judged only where it is asked for.

use super::docket::Docket;
use super::referee::{Context, Topic};
use super::{Blames, Finding, Requirement, Rule, Severity};
use crate::capture::PacketRef;
use crate::scenario::{Scenario, binary, ping, pong, text};
use crate::websocket::{Ending, Event, Frame, Handshake, Inflated, Message, Opcode};
use crate::{PerRole, Role};
use std::time::Duration;

/// The rules of this file.
pub const RULES: &[&Rule] = &[&PAYLOAD_SPLIT, &ZERO_WINDOW, &HANDSHAKE_SLOW, &MESSAGE_HUGE, &NO_KEEPALIVE];

/// `perf-header-payload-split`
pub static PAYLOAD_SPLIT: Rule = Rule {
    id: "perf-header-payload-split",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 9293 §3.7.4",
    quote: "",
    statement: "An endpoint sends headers and payloads of small frames in separate segments.",
    why: "It writes twice for a frame. That costs a packet each, and where Nagle's algorithm meets delayed \
          acknowledgments up to 200 ms, since the payload waits until the header is acknowledged.",
    restraint: "Counts frames that would fit into one segment and whose header came in a small one. Said once for an \
                endpoint, at the end.",
    breaks: || Scenario::new().handshake().bytes(Role::Server, [0x81, 5]).bytes(Role::Server, "Hello"),
    keeps: || Scenario::new().handshake().server(text("Hello")),
};

/// `perf-zero-window`
pub static ZERO_WINDOW: Rule = Rule {
    id: "perf-zero-window",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 9293 §3.8.6",
    quote: "",
    statement: "An endpoint closes its TCP receive window: its program does not read what has arrived.",
    why: "The sender stalls, its memory fills, and Pings wait behind the data until one side takes the other for dead.",
    restraint: "Said once for an endpoint; segments with SYN, FIN or RST do not count.",
    breaks: || Scenario::new().handshake().window(Role::Client, 0).server(text("Hello")),
    keeps: || Scenario::new().handshake().window(Role::Client, 1).server(text("Hello")),
};

/// `perf-handshake-slow`
pub static HANDSHAKE_SLOW: Rule = Rule {
    id: "perf-handshake-slow",
    severity: Severity::Note,
    blames: Blames::Server,
    requires: Requirement::Nothing,
    source: "RFC 6455 §4.2.2",
    quote: "",
    statement: "The server takes long to grant an upgrade.",
    why: "The user waits, and a client with a short timeout gives up and tries again, which makes it worse.",
    restraint: "From the end of the request to the answer as the capture saw them: the network's time counts, too.",
    breaks: || Scenario::new().request(|r| r).after(Duration::from_secs(2)).response(|r| r),
    keeps: || Scenario::new().request(|r| r).after(Duration::from_millis(500)).response(|r| r),
};

/// `perf-message-huge`
pub static MESSAGE_HUGE: Rule = Rule {
    id: "perf-message-huge",
    severity: Severity::Note,
    blames: Blames::Either,
    requires: Requirement::Nothing,
    source: "RFC 6455 §10.4",
    quote: "",
    statement: "A message is very large.",
    why: "Most APIs hand over whole messages, so both sides keep all of it in memory, and everything behind it waits. \
          Many servers refuse messages above 1 MiB with 1009.",
    restraint: "After inflating, where the message was compressed.",
    breaks: || Scenario::new().handshake().client(binary(vec![0; (1 << 20) + 1])),
    keeps: || Scenario::new().handshake().client(binary(vec![0; 1 << 20])),
};

/// `idle-no-keepalive`
pub static NO_KEEPALIVE: Rule = Rule {
    id: "idle-no-keepalive",
    severity: Severity::Note,
    blames: Blames::Nobody,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.5.2",
    quote: "A Ping frame may serve either as a keepalive or as a means to verify that the remote endpoint is still \
            responsive.",
    statement: "For a long time neither side sends anything, not even a Ping.",
    why: "Proxies and address translators forget connections on which nothing is said, often after a minute. Both ends \
          take theirs for open until they write.",
    restraint: "Said once, with the longest silence. TCP's own keep-alives are not looked at; most proxies do not count \
                them.",
    breaks: || Scenario::new().handshake().client(text("Hello")).after(Duration::from_secs(90)).client(text("Hello?")),
    keeps: || {
        let pinged = Scenario::new().handshake().client(text("Hello")).after(Duration::from_secs(45));
        pinged.client(ping("")).server(pong("")).after(Duration::from_secs(45)).client(text("Hello?"))
    },
};

/// A frame with its header that fits into one segment of the usual size, in bytes.
const ONE_SEGMENT: u64 = 1400;

/// A packet with little more than a frame header in it, in bytes: headers up to TCP's take 54 to 100.
const SMALL_PACKET: u32 = 160;

/// Follows one connection.
#[derive(Debug, Default)]
pub(super) struct OperationsRules {
    /// Small frames whose payload came apart from the header, and the first of them.
    split: PerRole<Option<(u64, Place)>>,
    frames: PerRole<u64>,
    zero_window_told: PerRole<bool>,
    /// The last packet that showed life; `None` once one side began to close.
    last: Option<PacketRef>,
    closing: bool,
    longest: Option<(Duration, PacketRef)>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    packet: PacketRef,
    stream_offset: u64,
}

impl Topic for OperationsRules {
    fn frame(&mut self, frame: &Frame<'_>, _: &Context, _: &mut Docket) {
        self.frames[frame.sender] += 1;
        self.alive(frame.packet);
        self.last = self.last.map(|last| later(last, frame.last_packet));
        self.closing |= frame.header.opcode == Opcode::CLOSE;
    }

    fn message(&mut self, message: &Message<'_>, context: &Context, docket: &mut Docket) {
        huge(message, context, docket);
    }

    fn handshake(&mut self, handshake: &Handshake, context: &Context, docket: &mut Docket) {
        self.last = handshake.attempt.response.as_ref().map(|response| response.last_packet);
        self.closing = !handshake.attempt.switched;
        slow(handshake, context, docket);
    }

    fn see(&mut self, event: &Event<'_>, _: &Context, docket: &mut Docket) {
        match *event {
            Event::PayloadApart { sender, stream_offset, header, length, .. }
                if length <= ONE_SEGMENT && header.length() <= SMALL_PACKET =>
            {
                let place = Place { packet: header, stream_offset };
                self.split[sender].get_or_insert((0, place)).0 += 1;
            }
            Event::ZeroWindow { by, packet } if !self.closing && !self.zero_window_told[by] => {
                self.zero_window_told[by] = true;
                let text = format!("{by} closes its TCP window in packet {}: it does not read", packet.number());
                docket.file(Finding::new(&ZERO_WINDOW, Some(by), text).at(packet));
            }
            Event::Fin { packet, .. } | Event::Reset { packet, .. } => {
                self.alive(packet);
                self.closing = true;
            }
            _ => {}
        }
    }

    fn end(&mut self, ending: &Ending, context: &Context, docket: &mut Docket) {
        if let Some(end) = ending.capture_end {
            self.alive(end);
        }
        if let Some((silence, packet)) = self.longest.filter(|&(silence, _)| silence > context.thresholds.idle) {
            let text = format!("for {silence:.0?} neither side sent anything, and no Ping kept the connection alive");
            docket.file(Finding::new(&NO_KEEPALIVE, None, text).at(packet));
        }
        for sender in [Role::Client, Role::Server] {
            let Some((count, place)) = self.split[sender] else { continue };
            let text = format!("{sender} sends header and payload of {count} of {} frames apart", self.frames[sender]);
            let finding = Finding::new(&PAYLOAD_SPLIT, Some(sender), text).at(place.packet);
            docket.file(finding.at_offset(place.stream_offset));
        }
    }
}

impl OperationsRules {
    fn alive(&mut self, packet: PacketRef) {
        let Some(last) = self.last.replace(packet).filter(|_| !self.closing) else { return };
        let silence = packet.time.zip(last.time).map(|(now, then)| now.since(then));
        if let Some(silence) = silence
            && self.longest.is_none_or(|(longest, _)| silence > longest)
        {
            self.longest = Some((silence, packet));
        }
    }
}

fn later(a: PacketRef, b: PacketRef) -> PacketRef {
    if a.number() < b.number() { b } else { a }
}

fn slow(handshake: &Handshake, context: &Context, docket: &mut Docket) {
    let attempt = &handshake.attempt;
    let (Some(request), Some(response), true) = (&attempt.request, &attempt.response, attempt.switched) else { return };
    let times = response.packet.time.zip(request.last_packet.time);
    let Some(took) = times.map(|(answered, asked)| answered.since(asked)) else { return };
    if took > context.thresholds.handshake_slow {
        let text = format!("server grants the upgrade after {took:.1?}");
        docket.file(Finding::new(&HANDSHAKE_SLOW, Some(Role::Server), text).at(response.packet));
    }
}

fn huge(message: &Message<'_>, context: &Context, docket: &mut Docket) {
    let length = match message.inflated {
        Some(Inflated::Bomb { length }) => length,
        _ => message.length.unwrap_or(message.wire_length),
    };
    if length > context.thresholds.message_huge {
        let least = if message.length.is_none() { "at least " } else { "" };
        let text = format!("{}'s message {} has {least}{length} bytes", message.sender, message.index);
        docket.file(Finding::of_message(&MESSAGE_HUGE, message, text));
    }
}
