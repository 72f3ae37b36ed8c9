//! Capture time: nanoseconds since the Unix epoch, and its RFC 3339 text.

use std::fmt;
use std::time::Duration;

/// Nanoseconds since 1970-01-01T00:00:00Z, without leap seconds. Covers the years 1678 to 2262.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Time from `earlier` to `self`; zero where the capture's clock ran backwards.
    pub fn since(self, earlier: Timestamp) -> Duration {
        u64::try_from(self.0.saturating_sub(earlier.0)).map_or(Duration::ZERO, Duration::from_nanos)
    }
}

/// Length of a time as RFC 3339 text, in bytes.
pub const RFC_3339: usize = "2026-11-21T03:04:30.000000000Z".len();

impl Timestamp {
    /// RFC 3339 in UTC with nine digits of fraction: `2026-11-21T03:04:30.000000000Z`, written into `text`.
    pub fn rfc_3339(self, text: &mut [u8; RFC_3339]) -> &str {
        const SECONDS_A_DAY: i64 = 86_400;
        let seconds = self.0.div_euclid(1_000_000_000);
        let nanos = self.0.rem_euclid(1_000_000_000);
        let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_A_DAY));
        let second_of_day = seconds.rem_euclid(SECONDS_A_DAY);
        let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
        *text = *b"0000-00-00T00:00:00.000000000Z";
        for (field, value) in [(0..4, year), (5..7, month), (8..10, day), (11..13, hour), (14..16, minute)] {
            digits(&mut text[field], value);
        }
        digits(&mut text[17..19], second);
        digits(&mut text[20..29], nanos);
        // Every byte is ASCII.
        std::str::from_utf8(text).unwrap_or_default()
    }
}

/// Writes a number that is not negative and has no more digits than there is room for.
fn digits(text: &mut [u8], value: i64) {
    let mut value = value.unsigned_abs();
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// See [`Timestamp::rfc_3339`].
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rfc_3339(&mut [0; RFC_3339]))
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
    fn writes_rfc_3339() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000000000Z");
        // `date -u -d 2024-02-29T23:59:59Z +%s` is 1709251199.
        assert_eq!(Timestamp(1_709_251_199_000_000_001).to_string(), "2024-02-29T23:59:59.000000001Z");
        assert_eq!(Timestamp(-1).to_string(), "1969-12-31T23:59:59.999999999Z");
    }

    #[test]
    fn a_clock_that_runs_backwards_is_no_time_at_all() {
        assert_eq!(Timestamp(5).since(Timestamp(9)), Duration::ZERO);
        assert_eq!(Timestamp(i64::MAX).since(Timestamp(i64::MIN)).as_nanos(), i64::MAX as u128);
    }
}
