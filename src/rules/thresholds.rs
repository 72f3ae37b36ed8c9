//! Where rules that speak of "too long", "too many" or "too late" draw the line.

use std::fmt;
use std::time::Duration;

/// The lines that rules draw.
#[derive(Clone, Debug)]
pub struct Thresholds {
    /// `hs-resp-missing`: how long a client must have waited before its leaving counts against the server.
    pub handshake_unanswered: Duration,
    /// `ping-unanswered`: how long a receiver must have lived on after a Ping.
    pub ping_unanswered: Duration,
    /// `pong-slow`: Ping to Pong.
    pub pong_slow: Duration,
    /// `ping-flood`: Pings of one sender within one second.
    pub pings_per_second: u32,
    /// `close-slow-reply`: Close to answering Close.
    pub close_slow_reply: Duration,
    /// `close-server-fin-late` and `close-tcp-never`: both Closes to the server's FIN.
    pub close_fin_late: Duration,
    /// `close-client-fin-first`: a client that waited this long for the server's FIN may send its own.
    pub close_client_patience: Duration,
    /// `fail-tolerated`: data that its sender sends this long after an error was not on its way before; and
    /// `fail-wrong-code`, `fail-no-close-frame`: how soon after an error an end is taken to be due to it.
    pub fail_patience: Duration,
    /// `reconnect-no-backoff`: a client that waits this long is patient enough …
    pub reconnect_patience: Duration,
    /// … and a connection that lasted longer than this had not failed.
    pub reconnect_stable: Duration,
    /// `frag-tiny`: at least this many fragments in a message …
    pub frag_tiny_count: u64,
    /// … of fewer payload bytes than this on average.
    pub frag_tiny_bytes: u64,
    /// `perf-handshake-slow`: from the request to the 101.
    pub handshake_slow: Duration,
    /// `perf-message-huge`: a message of more bytes than this.
    pub message_huge: u64,
    /// `idle-no-keepalive`: silence.
    pub idle: Duration,
    /// `frame-length-implausible`: a declared payload length above this, in bytes.
    pub frame_length_implausible: u64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            handshake_unanswered: Duration::from_secs(10),
            ping_unanswered: Duration::from_secs(20),
            pong_slow: Duration::from_secs(5),
            pings_per_second: 100,
            close_slow_reply: Duration::from_secs(5),
            close_fin_late: Duration::from_secs(10),
            close_client_patience: Duration::from_secs(1),
            fail_patience: Duration::from_secs(5),
            reconnect_patience: Duration::from_secs(5),
            reconnect_stable: Duration::from_secs(10),
            frag_tiny_count: 16,
            frag_tiny_bytes: 16,
            handshake_slow: Duration::from_secs(1),
            message_huge: 1 << 20,
            idle: Duration::from_secs(60),
            frame_length_implausible: 1 << 32,
        }
    }
}

/// A line, to be drawn elsewhere.
#[derive(Debug)]
pub enum Line<'a> {
    /// A time.
    Time(&'a mut Duration),
    /// A number.
    Count(&'a mut u64),
    /// A small number.
    SmallCount(&'a mut u32),
}

impl Thresholds {
    /// Every line by the name that configuration files have for it.
    pub fn lines(&mut self) -> Vec<(&'static str, Line<'_>)> {
        // No `..`: a new line gets its name here or this does not compile.
        let Thresholds {
            handshake_unanswered,
            ping_unanswered,
            pong_slow,
            pings_per_second,
            close_slow_reply,
            close_fin_late,
            close_client_patience,
            fail_patience,
            reconnect_patience,
            reconnect_stable,
            frag_tiny_count,
            frag_tiny_bytes,
            handshake_slow,
            message_huge,
            idle,
            frame_length_implausible,
        } = self;
        vec![
            ("handshake-unanswered", Line::Time(handshake_unanswered)),
            ("ping-unanswered", Line::Time(ping_unanswered)),
            ("pong-slow", Line::Time(pong_slow)),
            ("pings-per-second", Line::SmallCount(pings_per_second)),
            ("close-slow-reply", Line::Time(close_slow_reply)),
            ("close-fin-late", Line::Time(close_fin_late)),
            ("close-client-patience", Line::Time(close_client_patience)),
            ("fail-patience", Line::Time(fail_patience)),
            ("reconnect-patience", Line::Time(reconnect_patience)),
            ("reconnect-stable", Line::Time(reconnect_stable)),
            ("frag-tiny-count", Line::Count(frag_tiny_count)),
            ("frag-tiny-bytes", Line::Count(frag_tiny_bytes)),
            ("handshake-slow", Line::Time(handshake_slow)),
            ("message-huge", Line::Count(message_huge)),
            ("idle", Line::Time(idle)),
            ("frame-length-implausible", Line::Count(frame_length_implausible)),
        ]
    }
}

/// The rules that draw each line.
const DRAWN_BY: &[(&str, &[&str])] = &[
    ("handshake-unanswered", &["hs-resp-missing"]),
    ("ping-unanswered", &["ping-unanswered"]),
    ("pong-slow", &["pong-slow"]),
    ("pings-per-second", &["ping-flood"]),
    ("close-slow-reply", &["close-slow-reply"]),
    ("close-fin-late", &["close-server-fin-late", "close-tcp-never"]),
    ("close-client-patience", &["close-client-fin-first"]),
    ("fail-patience", &["fail-tolerated", "fail-no-close-frame", "fail-wrong-code"]),
    ("reconnect-patience", &["reconnect-no-backoff"]),
    ("reconnect-stable", &["reconnect-no-backoff"]),
    ("frag-tiny-count", &["frag-tiny"]),
    ("frag-tiny-bytes", &["frag-tiny"]),
    ("handshake-slow", &["perf-handshake-slow"]),
    ("message-huge", &["perf-message-huge"]),
    ("idle", &["idle-no-keepalive"]),
    ("frame-length-implausible", &["frame-length-implausible"]),
];

/// Where a line is, as options and configuration files write it: `5s`, `250ms`, `16`.
impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Line::Time(time) if time.subsec_nanos() == 0 => write!(f, "{}s", time.as_secs()),
            Line::Time(time) => write!(f, "{}s", time.as_secs_f64()),
            Line::Count(count) => count.fmt(f),
            Line::SmallCount(count) => count.fmt(f),
        }
    }
}

/// The lines that the rule with this id draws, each as `NAME=VALUE` with the value it has unless it is drawn elsewhere.
pub fn thresholds_of(rule: &str) -> Vec<String> {
    let mut thresholds = Thresholds::default();
    let drawn = |name: &str| DRAWN_BY.iter().any(|(line, rules)| *line == name && rules.contains(&rule));
    thresholds.lines().iter().filter(|(name, _)| drawn(name)).map(|(name, line)| format!("{name}={line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_drawn_by_rules_that_exist() {
        let mut thresholds = Thresholds::default();
        let names: Vec<&str> = thresholds.lines().into_iter().map(|(name, _)| name).collect();
        let drawn: Vec<&str> = DRAWN_BY.iter().map(|(name, _)| *name).collect();
        assert_eq!(drawn, names);
        for rule in DRAWN_BY.iter().flat_map(|(_, rules)| rules.iter()) {
            assert!(crate::rules::find(rule).is_some(), "{rule}");
        }
    }

    #[test]
    fn a_rule_has_its_lines_with_their_values() {
        assert_eq!(thresholds_of("frag-tiny"), ["frag-tiny-count=16", "frag-tiny-bytes=16"]);
        assert_eq!(thresholds_of("pong-slow"), ["pong-slow=5s"]);
        assert!(thresholds_of("frame-server-masked").is_empty());
        assert_eq!(Line::Time(&mut Duration::from_millis(250)).to_string(), "0.25s");
    }
}
