//! What the capture lacks and what is odd about the transport: said so that a reader knows how far to trust the rest.
//!
//! A lossy capture has thousands of holes, so each kind is told once for each stream, at the end of the connection,
//! with its extent and its first place. Conflicting retransmissions are told one by one: each is a place where the
//! bytes shown may not be those the receiver took.

mod closed;
mod rules;

pub use closed::tls_undecryptable;
use rules::*;
pub use rules::{RULES, TLS_UNDECRYPTABLE};

use super::docket::Docket;
use super::referee::{Context, Topic};
use super::{Finding, Rule};
use crate::capture::PacketRef;
use crate::http2::{Opening, StreamEvent, StreamFact};
use crate::tcp::{Missing, MissingCause};
use crate::websocket::{CaptureFact, Ending, Event, Frame, Handshake};
use crate::{PerRole, Role};
use std::time::Duration;

/// Adds up what is missing.
#[derive(Debug, Default)]
pub(super) struct CaptureRules {
    mid_stream_told: bool,
    /// Made when there is something.
    lacks: Option<Box<Lacks>>,
}

/// What is told at the end.
#[derive(Debug, Default)]
struct Lacks {
    losses: PerRole<Option<Box<Losses>>>,
    facts: Vec<CaptureFact>,
}

/// What one stream lacks.
#[derive(Debug, Default)]
struct Losses {
    lost: Option<Holes>,
    cut: Option<Holes>,
    given_up: Option<Holes>,
    /// In TLS records that could not be opened.
    closed: Option<Holes>,
    /// Among frames of HTTP/2 that are missing.
    unplaced: Option<Holes>,
    resyncs: Option<Resyncs>,
    undecoded: u64,
}

#[derive(Clone, Copy, Debug)]
struct Holes {
    count: u64,
    bytes: u64,
    first: Missing,
}

#[derive(Clone, Copy, Debug)]
struct Resyncs {
    count: u64,
    skipped: u64,
    weakest: u32,
    offset: u64,
    packet: PacketRef,
}

impl Losses {
    fn missing(&mut self, missing: Missing) {
        let holes = match missing.cause {
            MissingCause::Lost => &mut self.lost,
            MissingCause::Snaplen => &mut self.cut,
            MissingCause::Limit => &mut self.given_up,
            MissingCause::Unopened => &mut self.closed,
            MissingCause::Unplaced => &mut self.unplaced,
        };
        let holes = holes.get_or_insert(Holes { count: 0, bytes: 0, first: missing });
        holes.count += 1;
        holes.bytes = holes.bytes.saturating_add(missing.length);
    }
}

impl Topic for CaptureRules {
    fn frame(&mut self, frame: &Frame<'_>, context: &Context, docket: &mut Docket) {
        self.mid_stream(frame.packet, context, docket);
    }

    fn see(&mut self, event: &Event<'_>, context: &Context, docket: &mut Docket) {
        match *event {
            Event::Stream(StreamEvent { packet, fact: StreamFact::TooManyStreams, .. }) => {
                let text =
                    "further WebSockets on this HTTP/2 connection are not followed: too many are open or waiting";
                docket.file(Finding::new(&LIMIT_HIT, None, text).at(packet));
            }
            Event::Missing { sender, missing } => self.losses(sender).missing(missing),
            Event::Resync { sender, offset, skipped, score, packet } => {
                self.mid_stream(packet, context, docket);
                self.resync(sender, Resyncs { count: 1, skipped, weakest: score, offset, packet });
            }
            Event::Undecoded { sender, length } => self.losses(sender).undecoded = length,
            Event::Conflict { sender, offset, packet } => {
                let text = format!(
                    "{sender}'s packet {} repeats bytes of its stream from offset {offset} on with another content",
                    packet.number()
                );
                docket.file(Finding::new(&OVERLAP_CONFLICT, None, text).at(packet).at_offset(offset));
            }
            Event::Capture(fact) => self.lacks.get_or_insert_default().facts.push(fact),
            _ => {}
        }
    }

    fn handshake(&mut self, handshake: &Handshake, _: &Context, docket: &mut Docket) {
        if let Some(opening) = &handshake.http2 {
            unknown_fields(handshake, opening, docket);
        }
    }

    fn end(&mut self, ending: &Ending, context: &Context, docket: &mut Docket) {
        self.mid_stream(ending.last_packet, context, docket);
        let Some(lacks) = self.lacks.take() else { return };
        for sender in [Role::Client, Role::Server] {
            if let Some(losses) = &lacks.losses[sender] {
                tell(sender, losses, ending, docket);
            }
        }
        for fact in lacks.facts {
            docket.file(of_fact(fact, ending));
        }
    }
}

impl CaptureRules {
    fn losses(&mut self, sender: Role) -> &mut Losses {
        self.lacks.get_or_insert_default().losses[sender].get_or_insert_default()
    }

    fn mid_stream(&mut self, packet: PacketRef, context: &Context, docket: &mut Docket) {
        if context.mid_stream && !std::mem::replace(&mut self.mid_stream_told, true) {
            let why = match context.http2 {
                true => "the request for the stream was not captured, or its header fields are not known",
                false => "the connection was open before the capture began",
            };
            let text = format!("{why}: who is the client is told from the mask bits, and extensions are not known");
            docket.file(Finding::new(&MID_STREAM, None, text).at(packet));
        }
    }

    fn resync(&mut self, sender: Role, found: Resyncs) {
        // The first boundary of a capture that began mid-stream, where its first byte is one.
        let lacks_none = self.lacks.as_ref().is_none_or(|lacks| lacks.losses[sender].is_none());
        if found.skipped == 0 && lacks_none {
            return;
        }
        match &mut self.losses(sender).resyncs {
            Some(all) => {
                all.count += 1;
                all.skipped = all.skipped.saturating_add(found.skipped);
                all.weakest = all.weakest.min(found.weakest);
            }
            none => *none = Some(found),
        }
    }
}

/// Tells what a stream lacks.
fn tell(sender: Role, losses: &Losses, ending: &Ending, docket: &mut Docket) {
    let told = [
        (losses.lost, &GAP, "are missing from the capture"),
        (losses.cut, &SNAPLEN_TRUNCATED, "were cut by the snapshot length"),
        (losses.given_up, &LIMIT_HIT, "were given up, since more out-of-order data waited for them than is kept"),
        (losses.closed, &TLS_UNDECRYPTABLE, "stand in TLS records that could not be opened"),
        (losses.unplaced, &GAP, "at most are missing with the HTTP/2 frames that held them"),
    ];
    for (holes, rule, what) in told {
        let Some(Holes { count, bytes, first }) = holes else { continue };
        let places = if count == 1 { "1 place".to_owned() } else { format!("{count} places") };
        let text = format!("{bytes} bytes of {sender}'s stream {what}, in {places}, from offset {} on", first.offset);
        docket.file(Finding::new(rule, None, text).at(first.packet).at_offset(first.offset));
    }
    if losses.undecoded > 0 {
        let text = format!("no frame boundary was found in the last {} bytes of {sender}'s stream", losses.undecoded);
        docket.file(Finding::new(&GAP, None, text).at(ending.last_packet));
    }
    if let Some(Resyncs { count, skipped, weakest, offset, packet }) = losses.resyncs {
        let text = match count {
            1 => format!(
                "{sender}'s frames were found again at offset {offset}; {skipped} captured bytes were passed over (score \
                 {weakest})"
            ),
            _ => format!(
                "{sender}'s frames were found again {count} times, first at offset {offset}; {skipped} captured \
                 bytes were passed over (weakest score {weakest})"
            ),
        };
        docket.file(Finding::new(&RESYNC, None, text).at(packet).at_offset(offset));
    }
}

/// HPACK: header fields that refer to what was not captured.
fn unknown_fields(handshake: &Handshake, opening: &Opening, docket: &mut Docket) {
    let attempt = &handshake.attempt;
    let heads = [
        (Role::Client, "request", attempt.request.as_ref().map(|head| head.packet)),
        (Role::Server, "answer", attempt.response.as_ref().map(|head| head.packet)),
    ];
    for (sender, what, packet) in heads {
        let (count, Some(packet)) = (opening.unknown_fields[sender], packet) else { continue };
        if count > 0 {
            let text = format!(
                "{} of the {sender}'s {what} {} not known",
                counted(count, "header field", "header fields"),
                if count == 1 { "is" } else { "are" }
            );
            docket.file(Finding::new(&HEADER_FIELDS_UNKNOWN, None, text).at(packet));
        }
    }
}

fn of_fact(fact: CaptureFact, ending: &Ending) -> Finding {
    let last = ending.last_packet;
    match fact {
        CaptureFact::OneDirection { missing } => {
            let text = format!("no packet of the {missing} was captured");
            Finding::new(&ONE_DIRECTION, None, text).at(last)
        }
        CaptureFact::Duplicates { packets } => {
            let text = format!("{} captured twice", counted(packets, "packet was", "packets were"));
            Finding::new(&DUPLICATE_PACKETS, None, text).at(last)
        }
        CaptureFact::BadChecksums { packets, first } => {
            let which = counted(packets.into(), "packet has", "packets have");
            let text = format!(
                "{which} a wrong TCP checksum, packet {} first; the network card may fill it in",
                first.number()
            );
            Finding::new(&BAD_CHECKSUM, None, text).at(first)
        }
        CaptureFact::EarlyBytesDropped { bytes } => {
            let text = format!(
                "{} that the client sent before the server's answer, more than are kept, went unread",
                counted(bytes, "byte", "bytes")
            );
            Finding::new(&LIMIT_HIT, None, text).at(last)
        }
    }
}

/// `cap-clock-backwards`: so many packets of the capture are earlier than one before them, `first` first, by at most
/// so much.
pub fn clock_backwards(packets: u64, first: PacketRef, most: Duration) -> Finding {
    let text = format!(
        "the clock runs backwards at packet {}: {} earlier than one before, by up to {most:.1?}",
        first.number(),
        counted(packets, "packet is", "packets are")
    );
    Finding::new(&CLOCK_BACKWARDS, None, text).at(first)
}

/// `cap-tls-undecryptable`: more TCP connections than are listed speak TLS and stay closed, the first of them from this
/// packet on.
pub fn more_undecryptable(connections: u64, first: PacketRef) -> Finding {
    let which = counted(connections, "more connection is", "more connections are");
    Finding::new(&TLS_UNDECRYPTABLE, None, format!("{which} encrypted by TLS and not opened")).at(first)
}

/// `cap-limit-hit`: findings of a rule on one connection that were counted and not listed.
pub fn unlisted(rule: &Rule, count: u32) -> Finding {
    let text = format!("{} of {} not listed", counted(count.into(), "more finding", "more findings"), rule.id);
    Finding::new(&LIMIT_HIT, None, text)
}

fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
