//! The TCP connections of a capture, and what goes through each.

use std::collections::HashMap;
use wslens::Limits;
use wslens::capture::Reader;
use wslens::packet::{Decoded, Decoder, Endpoint, FragmentLimits};
use wslens::tcp::{Connection, Delivery, Side, Spare};

/// Follows every connection with a state that `new` makes of its ends, the sender of the first packet first; `take` is
/// told what is delivered on it. In the order of the first packets.
pub fn tcp_streams<S>(
    mut reader: Reader,
    mut new: impl FnMut([Endpoint; 2]) -> S,
    mut take: impl FnMut(&mut S, Side, &Delivery<'_>),
) -> Vec<S> {
    let mut decoder = Decoder::new(FragmentLimits::default());
    let (limits, mut spare) = (Limits::default(), Spare::default());
    let mut places = HashMap::new();
    let mut streams: Vec<(Connection, S)> = Vec::new();
    while let Some(packet) = reader.next_packet() {
        let Decoded::Segment(segment) = decoder.decode(&packet) else { continue };
        let (from, to) = (segment.source, segment.destination);
        let (key, side) =
            if places.contains_key(&(to, from)) { ((to, from), Side::Second) } else { ((from, to), Side::First) };
        let place = *places.entry(key).or_insert_with(|| {
            streams.push((Connection::new(), new([from, to])));
            streams.len() - 1
        });
        let (connection, state) = &mut streams[place];
        connection.segment(side, &segment, packet.at, &limits, &mut spare, &mut |side, delivery| {
            take(state, side, &delivery);
        });
    }
    streams.into_iter().map(|(_, state)| state).collect()
}
