//! What all frames together amount to over time, whether the page shows them or not: rates, sizes, round trips of pings,
//! how connections were closed. Bounded, whatever the captures hold.

use crate::capture::Timestamp;
use crate::report::overview::closing;
use crate::websocket::{Closing, Frame, Message, Pong};
use crate::{PerRole, Role};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Most intervals of time that are told apart.
const BINS: usize = 480;
/// Most round trips that are drawn.
const PINGS: usize = 3000;
/// Most ways of closing that are told apart.
const CLOSINGS: usize = 200;

/// Counts of one interval.
#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    frames: PerRole<u64>,
    bytes: PerRole<u64>,
}

/// The round trip of a ping.
#[derive(Clone, Copy, Debug)]
struct RoundTrip {
    connection: u64,
    /// The frame that answered.
    pong: u64,
    time: Timestamp,
    nanos: u64,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Activity {
    /// An interval lasts two to the power of this many nanoseconds.
    power: u32,
    /// By time divided by the length of an interval.
    bins: BTreeMap<i64, Bin>,
    /// Message lengths by their number of bits.
    sizes: PerRole<[u64; 65]>,
    pings: Vec<RoundTrip>,
    /// Every so many round trips are kept.
    stride: u64,
    round_trips: u64,
    closings: BTreeMap<String, u64>,
}

impl Default for Activity {
    fn default() -> Activity {
        Activity {
            // A quarter of a millisecond.
            power: 18,
            bins: BTreeMap::new(),
            sizes: PerRole { client: [0; 65], server: [0; 65] },
            pings: Vec::new(),
            stride: 1,
            round_trips: 0,
            closings: BTreeMap::new(),
        }
    }
}

impl Activity {
    pub(super) fn frame(&mut self, id: u64, frame: &Frame<'_>) {
        let Some(time) = frame.packet.time else { return };
        let bin = self.bins.entry(time.nanoseconds() >> self.power).or_default();
        bin.frames[frame.sender] += 1;
        let bytes = &mut bin.bytes[frame.sender];
        *bytes = bytes.saturating_add(frame.captured_length);
        while self.bins.len() > BINS {
            self.coarsen();
        }
        if let Some(Pong::Answers { after: Some(after), .. }) = frame.pong {
            let nanos = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
            self.round_trip(RoundTrip { connection: id, pong: frame.index, time, nanos });
        }
    }

    /// Doubles the length of an interval.
    fn coarsen(&mut self) {
        self.power += 1;
        for (at, bin) in std::mem::take(&mut self.bins) {
            let sum = self.bins.entry(at >> 1).or_default();
            for role in [Role::Client, Role::Server] {
                sum.frames[role] += bin.frames[role];
                sum.bytes[role] = sum.bytes[role].saturating_add(bin.bytes[role]);
            }
        }
    }

    fn round_trip(&mut self, trip: RoundTrip) {
        if self.round_trips.is_multiple_of(self.stride) {
            self.pings.push(trip);
        }
        self.round_trips += 1;
        if self.pings.len() > PINGS {
            let mut n = 0;
            self.pings.retain(|_| {
                n += 1;
                n % 2 == 1
            });
            self.stride *= 2;
        }
    }

    pub(super) fn message(&mut self, message: &Message<'_>) {
        if let Some(length) = message.length {
            let bits = (u64::BITS - length.leading_zeros()) as usize;
            self.sizes[message.sender][bits] += 1;
        }
    }

    /// How a connection was closed; `refused` of an upgrade that came to nothing.
    pub(super) fn closing(&mut self, how: &Closing, refused: bool) {
        let words = if refused { "refused".to_owned() } else { closing(how) };
        let words =
            if self.closings.len() < CLOSINGS || self.closings.contains_key(&words) { words } else { "other".into() };
        *self.closings.entry(words).or_default() += 1;
    }
}

/// `bins` are `[start, frames and bytes of the client, frames and bytes of the server]`, `sizes` how many messages have
/// a length of 0, 1, 2 to 3, 4 to 7, … bytes, `pings` `[connection, pong, time, nanoseconds]`. Times are strings of
/// nanoseconds since 1970, for JavaScript's numbers are too short.
impl Serialize for Activity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("activity", 6)?;
        out.serialize_field("width", &(1_u64 << self.power.min(63)))?;
        let bins = self.bins.iter().map(|(at, bin)| {
            let start = at.checked_shl(self.power).unwrap_or(0).to_string();
            (start, bin.frames.client, bin.bytes.client, bin.frames.server, bin.bytes.server)
        });
        out.serialize_field("bins", &bins.collect::<Vec<_>>())?;
        let shown = |sizes: &[u64; 65]| sizes[..sizes.iter().rposition(|&n| n > 0).map_or(0, |last| last + 1)].to_vec();
        let sizes = PerRole { client: shown(&self.sizes.client), server: shown(&self.sizes.server) };
        out.serialize_field("sizes", &sizes)?;
        let pings =
            self.pings.iter().map(|trip| (trip.connection, trip.pong, trip.time.nanoseconds().to_string(), trip.nanos));
        out.serialize_field("pings", &pings.collect::<Vec<_>>())?;
        out.serialize_field("round_trips", &self.round_trips)?;
        out.serialize_field("closings", &self.closings)?;
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{closed, frame};
    use crate::websocket::Opcode;
    use std::time::Duration;

    #[test]
    fn however_long_it_lasts_all_is_counted_in_few_intervals() {
        let mut activity = Activity::default();
        // From a nanosecond to 97 years, and back before 1970.
        for (n, time) in (0..63).map(|bit| 1_i64 << bit).chain([-1, i64::MIN]).enumerate() {
            let mut frame = frame(n as u64, Role::Client, Opcode::TEXT, b"12345");
            frame.packet.time = Some(Timestamp::new(time));
            for _ in 0..20 {
                activity.frame(0, &frame);
                frame.packet.time =
                    frame.packet.time.map(|time| Timestamp::new(time.nanoseconds().wrapping_add(1_000_003)));
            }
        }
        assert!(activity.bins.len() <= BINS);
        let frames: u64 = activity.bins.values().map(|bin| bin.frames.client).sum();
        assert_eq!(frames, 65 * 20);
        let bytes: u64 = activity.bins.values().map(|bin| bin.bytes.client).sum();
        assert_eq!(bytes, 65 * 20 * 5);
        assert!(serde_json::to_string(&activity).is_ok());
    }

    #[test]
    fn round_trips_are_thinned_evenly() {
        let mut activity = Activity::default();
        for index in 0..100_000 {
            let mut pong = frame(index, Role::Server, Opcode::PONG, b"");
            pong.pong = Some(Pong::Answers { ping: 0, after: Some(Duration::from_micros(1)), skipped: 0 });
            activity.frame(0, &pong);
        }
        assert_eq!(activity.round_trips, 100_000);
        assert!((1000..=PINGS).contains(&activity.pings.len()));
        let steps: Vec<u64> = activity.pings.windows(2).map(|pair| pair[1].pong - pair[0].pong).collect();
        assert!(steps.iter().all(|&step| step == activity.stride), "{}", activity.stride);
    }

    #[test]
    fn ways_of_closing_are_bounded() {
        let mut activity = Activity::default();
        for code in 0..1000 {
            let mut closing = closed("");
            for frame in closing.frames.client.iter_mut() {
                frame.code = Some(code);
            }
            activity.closing(&closing, false);
        }
        assert_eq!(activity.closings.values().sum::<u64>(), 1000);
        assert!(activity.closings.len() <= CLOSINGS + 1);
    }
}
