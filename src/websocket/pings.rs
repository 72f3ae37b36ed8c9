//! Pings matched with the Pongs that answer them (RFC 6455 §5.5.2, §5.5.3).

use super::event::{Frame, Pong};
use super::stats::PingTimes;
use crate::PerRole;
use crate::capture::PacketRef;
use std::collections::VecDeque;
use std::time::Duration;

/// Unanswered Pings of one sender that are remembered.
const REMEMBERED: usize = 64;

/// Round trips of which the median is taken.
const SAMPLES: usize = 1024;

/// The Pings of a connection.
#[derive(Debug, Default)]
pub struct Pinged {
    /// Those of each endpoint that wait.
    pub outstanding: PerRole<Outstanding>,
    /// Of those of both that were answered.
    pub round_trips: RoundTrips,
}

/// The Pings of one endpoint that wait for a Pong.
#[derive(Debug, Default)]
pub struct Outstanding {
    pings: VecDeque<Ping>,
}

#[derive(Debug)]
struct Ping {
    frame: u64,
    packet: PacketRef,
    payload: Box<[u8]>,
}

impl Outstanding {
    /// The endpoint sent a Ping.
    pub fn ping(&mut self, frame: &Frame<'_>) {
        if self.pings.len() == REMEMBERED {
            self.pings.pop_front();
        }
        self.pings.push_back(Ping { frame: frame.index, packet: frame.packet, payload: frame.payload.into() });
    }

    /// The other endpoint sent a Pong: the oldest Ping with its payload is answered, and those before it are done
    /// with, since a Pong may answer the latest Ping alone (§5.5.3).
    pub fn pong(&mut self, payload: &[u8], packet: PacketRef) -> Pong {
        let Some(at) = self.pings.iter().position(|ping| *ping.payload == *payload) else {
            return Pong::Unmatched { outstanding: self.pings.len() as u32 };
        };
        let after = match (self.pings[at].packet.time, packet.time) {
            (Some(ping), Some(pong)) => Some(pong.since(ping)),
            _ => None,
        };
        let ping = self.pings[at].frame;
        self.pings.drain(..=at);
        Pong::Answers { ping, after, skipped: at as u32 }
    }
}

/// Collects round trips.
#[derive(Debug, Default)]
pub struct RoundTrips {
    samples: Vec<Duration>,
    times: PingTimes,
}

impl RoundTrips {
    /// A Ping was answered.
    pub fn add(&mut self, after: Option<Duration>) {
        self.times.count += 1;
        let Some(after) = after else { return };
        self.times.min = Some(self.times.min.map_or(after, |min| min.min(after)));
        self.times.max = Some(self.times.max.map_or(after, |max| max.max(after)));
        if self.samples.len() < SAMPLES {
            self.samples.push(after);
        }
    }

    /// What they come to. Of an even number the lower of the two middle ones is the median.
    pub fn finish(&mut self) -> PingTimes {
        self.samples.sort_unstable();
        let middle = self.samples.len().saturating_sub(1) / 2;
        PingTimes { median: self.samples.get(middle).copied(), ..self.times }
    }
}
