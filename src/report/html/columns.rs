//! Frames and messages as columns of numbers, which is several times shorter than an object for each.
//!
//! A column whose values are all equal is that value alone. `index`, `time` and `packet` are differences to the row
//! before, `offset` is the difference to where the sender's row before ended. `src/report/html/data.js` reads this.

use super::kept::{Row, Whole};
use crate::capture::Timestamp;
use crate::report::encode::Hex;
use crate::websocket::{Kind, LengthForm};
use crate::{PerRole, Role};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// A number of any size: what JavaScript's numbers cannot hold is a string.
#[derive(Clone, Copy, PartialEq)]
struct Whole64(u64);

impl Serialize for Whole64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const SAFE: u64 = (1 << 53) - 1;
        if self.0 <= SAFE { serializer.serialize_u64(self.0) } else { serializer.collect_str(&self.0) }
    }
}

/// Bytes in base64.
#[derive(Clone, Copy, PartialEq)]
struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(self.0))
    }
}

/// A column: one value where all are equal. An empty one is `null`.
struct Column<T>(Vec<T>);

impl<T: Serialize + PartialEq> Serialize for Column<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.split_first() {
            None => serializer.serialize_none(),
            Some((first, rest)) if rest.iter().all(|value| value == first) => first.serialize(serializer),
            Some(_) => self.0.serialize(serializer),
        }
    }
}

fn column<'a, R, T>(rows: &'a [R], value: impl FnMut(&'a R) -> T) -> Column<T> {
    Column(rows.iter().map(value).collect())
}

/// Differences between neighbours; the first one is that to `before`.
fn differences<R>(rows: &[R], mut before: u64, value: impl Fn(&R) -> u64) -> Column<i64> {
    let mut difference = |row: &R| {
        let value = value(row);
        let difference = value.wrapping_sub(before).cast_signed();
        before = value;
        difference
    };
    Column(rows.iter().map(&mut difference).collect())
}

/// The kept frames of a connection.
pub(super) struct FrameColumns<'a> {
    pub rows: &'a [Row],
    /// When the connection began.
    pub began: Option<Timestamp>,
}

impl FrameColumns<'_> {
    /// Nanoseconds since the row before that has a time.
    fn times(&self) -> Column<Option<i64>> {
        let mut before = self.began;
        column(self.rows, |row| {
            let difference = row.time?.nanoseconds().saturating_sub(before.unwrap_or(Timestamp::new(0)).nanoseconds());
            before = row.time;
            Some(difference)
        })
    }

    fn offsets(&self) -> Column<i64> {
        let mut ends = PerRole::<u64>::default();
        column(self.rows, |row| {
            let end = &mut ends[row.sender];
            let difference = row.stream_offset.wrapping_sub(*end).cast_signed();
            let header = row.header.length() as u64;
            *end = row.stream_offset.wrapping_add(header).wrapping_add(row.header.payload_length);
            difference
        })
    }

    /// `[row, index of the ping, nanoseconds after it]`
    fn pongs(&self) -> Vec<(usize, u64, Option<u64>)> {
        let nanos = |after: std::time::Duration| u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
        let answers = self.rows.iter().enumerate().filter_map(|(n, row)| Some((n, row.answers?)));
        answers.map(|(n, (ping, after))| (n, ping, after.map(nanos))).collect()
    }
}

impl Serialize for FrameColumns<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.rows;
        let senders = rows.iter().map(|row| if row.sender == Role::Client { 'c' } else { 's' });
        let mut out = serializer.serialize_struct("frames", 14)?;
        out.serialize_field("count", &rows.len())?;
        out.serialize_field("index", &differences(rows, u64::MAX, |row| row.index))?;
        out.serialize_field("sender", &senders.collect::<String>())?;
        out.serialize_field("time", &self.times())?;
        out.serialize_field("packet", &differences(rows, 0, |row| row.packet))?;
        out.serialize_field("packets", &column(rows, |row| row.last_packet.wrapping_sub(row.packet).cast_signed()))?;
        out.serialize_field("offset", &self.offsets())?;
        // The header's first byte (RFC 6455 §5.2).
        let first = |row: &Row| u8::from(row.header.fin) << 7 | row.header.rsv() << 4 | row.header.opcode.0 & 0xF;
        out.serialize_field("first", &column(rows, first))?;
        // 0 for the shortest form.
        let form = |row: &Row| match row.header.length_form {
            form if form == LengthForm::shortest(row.header.payload_length) => 0,
            form => form.bits(),
        };
        out.serialize_field("form", &column(rows, form))?;
        let keys = column(rows, |row| row.header.masking_key.map(|key| Hex(&key).to_string()));
        out.serialize_field("key", &keys)?;
        out.serialize_field("length", &column(rows, |row| Whole64(row.header.payload_length)))?;
        let missing = |row: &Row| Whole64(row.header.payload_length.saturating_sub(row.captured_length));
        out.serialize_field("missing", &column(rows, missing))?;
        out.serialize_field("message", &column(rows, |row| row.message))?;
        out.serialize_field("payload", &column(rows, |row| Bytes(&row.payload)))?;
        out.serialize_field("pongs", &self.pongs())?;
        out.end()
    }
}

/// The kept messages of a connection.
pub(super) struct MessageColumns<'a>(pub &'a [Whole]);

impl Serialize for MessageColumns<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.0;
        let kinds = rows.iter().map(|row| if row.kind == Kind::Text { 't' } else { 'b' });
        let mut out = serializer.serialize_struct("messages", 11)?;
        out.serialize_field("count", &rows.len())?;
        out.serialize_field("index", &column(rows, |row| row.index))?;
        out.serialize_field("kind", &kinds.collect::<String>())?;
        out.serialize_field("first_frame", &column(rows, |row| row.first_frame))?;
        out.serialize_field("frames", &column(rows, |row| row.frames))?;
        out.serialize_field("compressed", &column(rows, |row| row.compressed))?;
        out.serialize_field("wire_length", &column(rows, |row| Whole64(row.wire_length)))?;
        out.serialize_field("length", &column(rows, |row| row.length.map(Whole64)))?;
        out.serialize_field("complete", &column(rows, |row| row.complete))?;
        let digests = column(rows, |row| row.sha256.as_ref().map(|digest| Hex(digest).to_string()));
        out.serialize_field("sha256", &digests)?;
        out.serialize_field("payload", &column(rows, |row| row.payload.as_deref().map(Bytes)))?;
        out.end()
    }
}
