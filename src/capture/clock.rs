//! The clock of a pcapng interface: from ticks to nanoseconds since the epoch.

use super::Timestamp;

const NANOSECONDS: i128 = 1_000_000_000;

/// What the options `if_tsresol` and `if_tsoffset` say about an interface's timestamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    tick: Tick,
    offset_nanoseconds: i128,
}

/// Length of one tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tick {
    /// Whole nanoseconds.
    Nanoseconds(u64),
    /// This many ticks make a nanosecond.
    InNanosecond(u64),
    /// A second divided by two, this many times.
    HalvedSecond(u32),
    /// Too short for any 64-bit count of ticks to reach a nanosecond.
    Nothing,
}

/// Microseconds since the epoch, as where the options are absent (draft-ietf-opsawg-pcapng §4.2).
impl Default for Clock {
    fn default() -> Self {
        Clock { tick: Tick::from_option(6), offset_nanoseconds: 0 }
    }
}

impl Tick {
    /// `if_tsresol`: "If the Most Significant Bit is equal to zero, the remaining bits indicate the resolution of the
    /// timestamp as a negative power of 10 […]. If the Most Significant Bit is equal to one, the remaining bits
    /// indicate the resolution as a negative power of 2" (draft-ietf-opsawg-pcapng §4.2).
    fn from_option(value: u8) -> Tick {
        let exponent = u32::from(value & 0x7f);
        if value & 0x80 != 0 {
            return Tick::HalvedSecond(exponent);
        }
        match exponent.checked_sub(9) {
            None => Tick::Nanoseconds(10_u64.pow(9 - exponent)),
            Some(0) => Tick::Nanoseconds(1),
            Some(below) => 10_u64.checked_pow(below).map_or(Tick::Nothing, Tick::InNanosecond),
        }
    }
}

impl Clock {
    /// Takes over the value of `if_tsresol`.
    pub(super) fn set_resolution(&mut self, value: u8) {
        self.tick = Tick::from_option(value);
    }

    /// Takes over the value of `if_tsoffset`: seconds to be added to every timestamp.
    pub(super) fn set_offset(&mut self, seconds: i64) {
        self.offset_nanoseconds = i128::from(seconds) * NANOSECONDS;
    }

    /// The time after `ticks`; a part of a nanosecond is dropped, what [`Timestamp`] cannot hold becomes its end.
    #[inline]
    pub(super) fn time(&self, ticks: u64) -> Timestamp {
        // Nearly every clock, and a time that fits.
        if let Tick::Nanoseconds(nanoseconds) = self.tick
            && self.offset_nanoseconds == 0
            && let Some(since) = ticks.checked_mul(nanoseconds)
            && let Ok(since) = i64::try_from(since)
        {
            return Timestamp::new(since);
        }
        self.any_time(ticks)
    }

    /// The same for any clock and any time.
    #[inline(never)]
    fn any_time(&self, ticks: u64) -> Timestamp {
        let since = match self.tick {
            Tick::Nanoseconds(nanoseconds) => i128::from(ticks) * i128::from(nanoseconds),
            Tick::InNanosecond(ticks_a_nanosecond) => i128::from(ticks / ticks_a_nanosecond),
            // Below 2^94: 64 bits of ticks times 30 bits of nanoseconds.
            Tick::HalvedSecond(times) => (i128::from(ticks) * NANOSECONDS) >> times,
            Tick::Nothing => 0,
        };
        Timestamp::new((since + self.offset_nanoseconds).clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(resolution: u8, offset: i64, ticks: u64) -> i64 {
        let mut clock = Clock::default();
        clock.set_resolution(resolution);
        clock.set_offset(offset);
        assert_eq!(clock.time(ticks), clock.any_time(ticks));
        clock.time(ticks).nanoseconds()
    }

    #[test]
    fn ticks_are_microseconds_unless_said_otherwise() {
        assert_eq!(Clock::default().time(1_700_000_000_123_456).nanoseconds(), 1_700_000_000_123_456_000);
    }

    #[test]
    fn powers_of_ten() {
        assert_eq!(time(0, 0, 7), 7_000_000_000);
        assert_eq!(time(3, 0, 1_234), 1_234_000_000);
        assert_eq!(time(9, 0, 1_700_000_000_123_456_789), 1_700_000_000_123_456_789);
        // Picoseconds: the part below a nanosecond is dropped.
        assert_eq!(time(12, 0, 1_999), 1);
        assert_eq!(time(28, 0, u64::MAX), 1, "10^19 ticks a nanosecond");
        assert_eq!(time(29, 0, u64::MAX), 0);
        assert_eq!(time(127, 0, u64::MAX), 0);
    }

    #[test]
    fn powers_of_two() {
        // 2^-10 s: 1536 ticks are one and a half seconds.
        assert_eq!(time(0x80 | 10, 0, 1536), 1_500_000_000);
        assert_eq!(time(0x80, 0, 3), 3_000_000_000);
        assert_eq!(time(0x80 | 32, 0, 1 << 31), 500_000_000);
        assert_eq!(time(0xff, 0, u64::MAX), 0);
    }

    #[test]
    fn offsets_are_signed_seconds_and_nothing_overflows() {
        assert_eq!(time(6, 1_700_000_000, 5), 1_700_000_000_000_005_000);
        assert_eq!(time(6, -1, 0), -1_000_000_000);
        assert_eq!(time(0, i64::MAX, u64::MAX), i64::MAX);
        assert_eq!(time(9, i64::MIN, 0), Timestamp::MIN.nanoseconds());
    }
}
