//! Capture time: nanoseconds since the Unix epoch, and its RFC 3339 text.

use crate::decimal;
use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

/// Nanoseconds since 1970-01-01T00:00:00Z, without leap seconds. Covers the years 1678 to 2262.
///
/// Held as a count from the first of them, which is never 0: `Option<Timestamp>` is one word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(NonZeroU64);

/// Where the count of a [`Timestamp`] begins.
const BEGINNING: u64 = 1 << 63;

impl Timestamp {
    /// The first time there is.
    pub const MIN: Timestamp = Timestamp(NonZeroU64::MIN);
    /// The last.
    pub const MAX: Timestamp = Timestamp(NonZeroU64::MAX);

    /// So many nanoseconds since the epoch; `i64::MIN` becomes [`Timestamp::MIN`], which is one later.
    #[inline]
    pub const fn new(nanoseconds: i64) -> Timestamp {
        match NonZeroU64::new(nanoseconds as u64 ^ BEGINNING) {
            Some(count) => Timestamp(count),
            None => Timestamp::MIN,
        }
    }

    /// Nanoseconds since the epoch.
    #[inline]
    pub const fn nanoseconds(self) -> i64 {
        (self.0.get() ^ BEGINNING) as i64
    }

    /// Time from `earlier` to `self`; zero where the capture's clock ran backwards.
    pub fn since(self, earlier: Timestamp) -> Duration {
        u64::try_from(self.nanoseconds().saturating_sub(earlier.nanoseconds()))
            .map_or(Duration::ZERO, Duration::from_nanos)
    }
}

/// Length of a time as RFC 3339 text, in bytes.
pub const RFC_3339: usize = "2026-11-21T03:04:30.000000000Z".len();

impl Timestamp {
    /// RFC 3339 in UTC with nine digits of fraction, all of it printable ASCII: `2026-11-21T03:04:30.000000000Z`.
    pub fn rfc_3339(self) -> [u8; RFC_3339] {
        *TimeWriter::default().rfc_3339(self)
    }
}

/// Writes times that mostly follow each other within a second: then all but the fraction is there already.
#[derive(Clone, Debug)]
pub struct TimeWriter {
    /// The time at which the second begins that `text` tells; the first one begins before there are times.
    second: i128,
    text: [u8; RFC_3339],
}

impl Default for TimeWriter {
    fn default() -> TimeWriter {
        TimeWriter { second: 0, text: *b"1970-01-01T00:00:00.000000000Z" }
    }
}

impl TimeWriter {
    /// As [`Timestamp::rfc_3339`].
    #[inline]
    pub fn rfc_3339(&mut self, time: Timestamp) -> &[u8; RFC_3339] {
        const SECOND: i64 = 1_000_000_000;
        let nanoseconds = time.nanoseconds();
        if !(0..SECOND.into()).contains(&(i128::from(nanoseconds) - self.second)) {
            self.second = i128::from(nanoseconds) - i128::from(nanoseconds.rem_euclid(SECOND));
            self.turn_to(nanoseconds.div_euclid(SECOND));
        }
        // Less than 10⁹.
        let nanos = (i128::from(nanoseconds) - self.second) as u32;
        self.text[20] = b'0' + (nanos / decimal::EIGHT) as u8;
        self.text[21..29].copy_from_slice(&decimal::eight(nanos % decimal::EIGHT));
        &self.text
    }

    #[inline(never)]
    fn turn_to(&mut self, second: i64) {
        const SECONDS_A_DAY: i64 = 86_400;
        let (year, month, day) = civil_from_days(second.div_euclid(SECONDS_A_DAY));
        let of_day = second.rem_euclid(SECONDS_A_DAY);
        let (hour, minute) = (of_day / 3600, of_day / 60 % 60);
        let fields = [(0, year / 100), (2, year), (5, month), (8, day), (11, hour), (14, minute), (17, of_day % 60)];
        for (at, value) in fields {
            self.text[at..at + 2].copy_from_slice(&decimal::PAIRS[(value % 100) as usize]);
        }
    }
}

/// The nanoseconds since the epoch.
impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timestamp").field(&self.nanoseconds()).finish()
    }
}

/// See [`Timestamp::rfc_3339`].
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every byte is ASCII.
        f.write_str(std::str::from_utf8(&self.rfc_3339()).unwrap_or_default())
    }
}

/// Days since 1970-01-01 to (year, month, day) in the proleptic Gregorian calendar.
///
/// Years are counted from 1 March so that the leap day is the last of its year; an era is 400 years, 146,097 days.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let from_march_0000 = days + 719_468;
    let era = from_march_0000.div_euclid(146_097);
    let day_of_era = from_march_0000.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stand_in_their_order() {
        let times = [i64::MIN + 1, -1_000_000_000, -1, 0, 1, i64::MAX];
        assert_eq!(times.map(|time| Timestamp::new(time).nanoseconds()), times);
        assert!(times.map(Timestamp::new).is_sorted_by(|a, b| a < b));
        assert_eq!(Timestamp::new(i64::MIN), Timestamp::MIN);
        assert_eq!((times.map(Timestamp::new)[0], Timestamp::new(i64::MAX)), (Timestamp::MIN, Timestamp::MAX));
    }

    #[test]
    fn writes_rfc_3339() {
        assert_eq!(Timestamp::new(0).to_string(), "1970-01-01T00:00:00.000000000Z");
        // `date -u -d 2024-02-29T23:59:59Z +%s` is 1709251199.
        assert_eq!(Timestamp::new(1_709_251_199_000_000_001).to_string(), "2024-02-29T23:59:59.000000001Z");
        assert_eq!(Timestamp::new(-1).to_string(), "1969-12-31T23:59:59.999999999Z");
    }

    #[test]
    fn a_time_is_written_as_if_it_were_the_first() {
        let second = 1_000_000_000;
        let times = [0, 1, second - 1, second, -1, -second, 86_400 * second, i64::MAX, i64::MIN, i64::MAX - 1, 0];
        let mut writer = TimeWriter::default();
        for time in times.map(Timestamp::new) {
            assert_eq!(*writer.rfc_3339(time), time.rfc_3339());
        }
        // `date -u -d @9223372036` and `@-9223372037`.
        assert_eq!(Timestamp::new(i64::MAX).to_string(), "2262-04-11T23:47:16.854775807Z");
        assert_eq!(Timestamp::new(i64::MIN).to_string(), "1677-09-21T00:12:43.145224193Z");
    }

    #[test]
    fn a_clock_that_runs_backwards_is_no_time_at_all() {
        assert_eq!(Timestamp::new(5).since(Timestamp::new(9)), Duration::ZERO);
        assert_eq!(Timestamp::new(i64::MAX).since(Timestamp::new(i64::MIN)).as_nanos(), i64::MAX as u128);
    }
}
