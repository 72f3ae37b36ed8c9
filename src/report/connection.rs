//! What the JSON report says of a connection as it begins and as it was left.
//!
//! Written as the [`lines`](super::lines) of frames are: names stand in one piece with whatever is always between them. What
//! few connections have is left to serde.

use super::encode::append_with;
use super::handshake::{Extensions, handshake};
use super::room::{float, number, or_null, plain, put, string, unsigned};
use super::rows::{EndpointRow, TlsRow};
use super::serializer::{Rest, Stop, Writer};
use crate::analysis::{Connection, ConnectionEnd};
use crate::capture::{PacketRef, RFC_3339, TimeWriter};
use crate::packet::Endpoint;
use crate::websocket::{CloseFrame, Closer, Closing, DirectionStats, Outcome, PingTimes, Stats};
use serde::Serialize;
use std::io;
use std::time::Duration;

/// The text of a packet's time, where it has one.
pub(super) fn time(packet: PacketRef, times: &mut TimeWriter) -> Option<&[u8; RFC_3339]> {
    packet.time.map(|time| times.rfc_3339(time))
}

/// Appends an object that says how a connection begins.
pub(super) fn append_begin(out: &mut Vec<u8>, connection: &Connection<'_>, times: &mut TimeWriter) -> io::Result<()> {
    let time = time(connection.first_packet, times);
    append_with(out, |room| begin(room, b"{", connection, time))
}

/// Appends how a connection was left to the object that `out` ends in, which holds a field already, and closes it.
pub(super) fn append_end(out: &mut Vec<u8>, left: &ConnectionEnd, times: &mut TimeWriter) -> io::Result<()> {
    let time = time(left.last_packet, times);
    append_with(out, |room| end(room, left, time))
}

/// Appends `lead`, the fields that say how a connection begins, and a closing brace. `time` is the text of its first
/// packet's.
///
/// Never inlined, as [`lines::frame`](super::lines::frame).
#[inline(never)]
pub(super) fn begin<'a, const N: usize>(
    room: &'a mut [u8],
    lead: &[u8; N],
    connection: &Connection<'_>,
    time: Option<&[u8; RFC_3339]>,
) -> Rest<'a> {
    let room = before_tls(room, lead, connection).ok_or(Stop::Full)?;
    let room = match connection.tls {
        Some(facts) => TlsRow::new(facts).serialize(Writer::new(room))?,
        None => put(room, b"null").ok_or(Stop::Full)?,
    };
    let room = behind_tls(room, connection, time).ok_or(Stop::Full)?;
    match connection.handshake.filter(|handshake| !handshake.extensions.is_empty()) {
        Some(handshake) => {
            let room = put(room, br#","extensions":"#).ok_or(Stop::Full)?;
            let room = Extensions(handshake).serialize(Writer::new(room))?;
            put(room, b"}").ok_or(Stop::Full)
        }
        None => put(room, br#","extensions":[]}"#).ok_or(Stop::Full),
    }
}

#[inline(always)]
fn before_tls<'a, const N: usize>(
    room: &'a mut [u8],
    lead: &[u8; N],
    connection: &Connection<'_>,
) -> Option<&'a mut [u8]> {
    let room = number(put(room, lead)?, br#""id":"#, connection.id)?;
    let room = number(room, br#","capture":"#, connection.capture as u64)?;
    let room = put(room, br#","transport":"#)?;
    put(plain(room, connection.transport.name().as_bytes())?, br#","tls":"#)
}

#[inline(always)]
fn behind_tls<'a>(
    room: &'a mut [u8],
    connection: &Connection<'_>,
    time: Option<&[u8; RFC_3339]>,
) -> Option<&'a mut [u8]> {
    let room = endpoint(put(room, br#","client":"#)?, connection.client)?;
    let room = endpoint(put(room, br#","server":"#)?, connection.server)?;
    let room = number(room, br#","first_packet":"#, connection.first_packet.number())?;
    let room = or_null(put(room, br#","first_time":"#)?, time, |room, time| plain(room, time))?;
    or_null(put(room, br#","handshake":"#)?, connection.handshake, handshake)
}

#[inline(always)]
fn endpoint(room: &mut [u8], end: Endpoint) -> Option<&mut [u8]> {
    EndpointRow::from(end).serialize(Writer::new(room)).ok()
}

/// Appends how a connection was left, as fields behind those that another has written, and a closing brace. `time` is
/// the text of its last packet's.
#[inline(never)]
pub(super) fn end<'a>(room: &'a mut [u8], end: &ConnectionEnd, time: Option<&[u8; RFC_3339]>) -> Rest<'a> {
    fields_of_end(room, end, time).ok_or(Stop::Full)
}

#[inline(always)]
fn fields_of_end<'a>(room: &'a mut [u8], end: &ConnectionEnd, time: Option<&[u8; RFC_3339]>) -> Option<&'a mut [u8]> {
    let room = number(room, br#","last_packet":"#, end.last_packet.number())?;
    let room = or_null(put(room, br#","last_time":"#)?, time, |room, time| plain(room, time))?;
    stats(closing(room, &end.closing)?, &end.stats)
}

#[inline(always)]
fn closing<'a>(room: &'a mut [u8], closing: &Closing) -> Option<&'a mut [u8]> {
    let room = match closing.by {
        Some(Closer::Client) => put(room, br#","closing":{"by":"client""#)?,
        Some(Closer::Server) => put(room, br#","closing":{"by":"server""#)?,
        Some(Closer::Both) => put(room, br#","closing":{"by":"both""#)?,
        None => put(room, br#","closing":{"by":null"#)?,
    };
    let room = close(put(room, br#","client_code":"#)?, br#","client_reason":"#, closing.frames.client.as_ref())?;
    let room = close(put(room, br#","server_code":"#)?, br#","server_reason":"#, closing.frames.server.as_ref())?;
    let room = flag(put(room, br#","clean":"#)?, closing.clean)?;
    let room = plain(put(room, br#","tcp_end":"#)?, closing.tcp_end.name().as_bytes())?;
    let room = or_null(put(room, br#","client_outcome":"#)?, closing.outcomes.client.as_ref(), outcome)?;
    or_null(put(room, br#","server_outcome":"#)?, closing.outcomes.server.as_ref(), outcome)
}

/// The code and the reason of a Close frame: of none both are null, and of one without them the reason is empty.
#[inline(always)]
fn close<'a, const N: usize>(
    room: &'a mut [u8],
    between: &[u8; N],
    frame: Option<&CloseFrame>,
) -> Option<&'a mut [u8]> {
    let room = or_null(room, frame.and_then(|frame| frame.code), |room, code| unsigned(room, code.into()))?;
    or_null(put(room, between)?, frame, |room, frame| string(room, &frame.reason))
}

/// What an application is told.
#[inline(always)]
fn outcome<'a>(room: &'a mut [u8], outcome: &Outcome) -> Option<&'a mut [u8]> {
    let room = or_null(put(room, br#"{"code":"#)?, outcome.code, |room, code| unsigned(room, code.into()))?;
    let room = or_null(put(room, br#","reason":"#)?, outcome.reason.as_deref(), string)?;
    put(or_null(put(room, br#","was_clean":"#)?, outcome.was_clean, flag)?, b"}")
}

#[inline(always)]
fn stats<'a>(room: &'a mut [u8], stats: &Stats) -> Option<&'a mut [u8]> {
    let room = direction(put(room, br#"},"stats":{"client":"#)?, stats.sent.client)?;
    let room = direction(put(room, br#","server":"#)?, stats.sent.server)?;
    let PingTimes { count, min, median, max } = stats.pings;
    if count == 0 {
        return put(room, br#","ping_rtt":{"count":0,"min":null,"median":null,"max":null}}}"#);
    }
    let room = number(room, br#","ping_rtt":{"count":"#, count)?;
    let seconds = |room, time: Duration| float(room, time.as_secs_f64());
    let room = or_null(put(room, br#","min":"#)?, min, seconds)?;
    let room = or_null(put(room, br#","median":"#)?, median, seconds)?;
    let room = or_null(put(room, br#","max":"#)?, max, seconds)?;
    put(room, b"}}}")
}

#[inline(always)]
fn direction(room: &mut [u8], sent: DirectionStats) -> Option<&mut [u8]> {
    let room = number(room, br#"{"frames":"#, sent.frames)?;
    let room = number(room, br#","messages":"#, sent.messages)?;
    let room = number(room, br#","bytes":"#, sent.bytes)?;
    put(number(room, br#","payload_bytes":"#, sent.payload_bytes)?, b"}")
}

fn flag(room: &mut [u8], flag: bool) -> Option<&mut [u8]> {
    if flag { put(room, b"true") } else { put(room, b"false") }
}

#[cfg(all(test, feature = "cli"))]
mod tests;
