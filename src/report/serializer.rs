//! Rows as compact JSON (RFC 8259).
//!
//! A report has a row for each frame and message, so that writing them is a good part of an analysis. serde_json
//! writes a row in many small calls, each of which asks whether it worked, escapes names that need no escaping and
//! formats numbers by way of `fmt`. Here all of a row is compiled into one run of stores (see `room`).
//!
//! The text is that of serde_json, but for strings in which whatever a terminal obeys or hides is escaped
//! (`crate::escape`). serde_json escapes U+0000 to U+001F alone, but U+009B opens an escape sequence too, and
//! bidirectional overrides turn text around.

use super::room::{escaped, float, hexadecimal, literal, plain, put, string, unsigned};
use serde::Serialize;
use serde::ser::{self, Impossible, Serializer};
use std::fmt::{self, Display, Write as _};
use std::io;

/// Why a value was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It needs more room.
    Full,
    /// No report has such values, or the value refused to be written.
    Refused,
}

/// What is left of the room.
pub(super) type Rest<'a> = Result<&'a mut [u8], Stop>;

impl Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stop::Full => "a value needs more room",
            Stop::Refused => "a value cannot be written",
        })
    }
}

impl std::error::Error for Stop {}

impl ser::Error for Stop {
    fn custom<T: Display>(_: T) -> Stop {
        Stop::Refused
    }
}

impl From<Stop> for io::Error {
    fn from(stop: Stop) -> io::Error {
        io::Error::other(stop)
    }
}

/// Name of a newtype around bytes that are a string in which nothing needs escaping ([`is_plain`](crate::plain::is_plain)).
pub(super) const PLAIN: &str = "wslens::plain";

/// Name of a newtype around bytes that are shown as hexadecimal digits.
pub(super) const HEXADECIMAL: &str = "wslens::hexadecimal";

/// How bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A type that can be text or bytes is told that text is wanted.
    Readable,
    Plain,
    Hexadecimal,
}

/// Writes a value into room and gives back what is left of it.
pub(super) struct Writer<'a> {
    room: &'a mut [u8],
    form: Form,
    /// What comes before the first field of an object, and behind the last.
    brackets: (u8, Option<u8>),
}

impl<'a> Writer<'a> {
    /// Writes a value.
    #[inline(always)]
    pub(super) fn new(room: &'a mut [u8]) -> Writer<'a> {
        Writer { room, form: Form::Readable, brackets: (b'{', Some(b'}')) }
    }

    /// Writes the fields of an object behind those that another has written, and the closing brace.
    #[inline(always)]
    pub(super) fn last_fields(room: &'a mut [u8]) -> Writer<'a> {
        Writer { brackets: (b',', Some(b'}')), ..Writer::new(room) }
    }

    /// Writes the fields of an object behind those that another has written; more are to follow.
    #[inline(always)]
    pub(super) fn more_fields(room: &'a mut [u8]) -> Writer<'a> {
        Writer { brackets: (b',', None), ..Writer::new(room) }
    }

    #[inline(always)]
    fn list(self) -> Result<Open<'a>, Stop> {
        Ok(Open { room: self.room, lead: b'[', close: Some(b']') })
    }

    #[inline(always)]
    fn object(self) -> Result<Open<'a>, Stop> {
        let (lead, close) = self.brackets;
        Ok(Open { room: self.room, lead, close })
    }
}

/// An array or an object that is being written.
pub(super) struct Open<'a> {
    room: &'a mut [u8],
    /// What comes before the next element: the opening bracket or a comma.
    lead: u8,
    close: Option<u8>,
}

/// Escapes what is formatted into it.
struct Escaping<'a> {
    /// `None` once there is no more.
    room: Option<&'a mut [u8]>,
}

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.room = self.room.take().and_then(|room| escaped(room, text));
        if self.room.is_some() { Ok(()) } else { Err(fmt::Error) }
    }
}

impl<'a> Serializer for Writer<'a> {
    type Ok = &'a mut [u8];
    type Error = Stop;
    type SerializeSeq = Open<'a>;
    type SerializeTuple = Open<'a>;
    type SerializeTupleStruct = Open<'a>;
    // No row has such variants: they would need two brackets at their end.
    type SerializeTupleVariant = Impossible<&'a mut [u8], Stop>;
    type SerializeMap = Open<'a>;
    type SerializeStruct = Open<'a>;
    type SerializeStructVariant = Impossible<&'a mut [u8], Stop>;

    #[inline(always)]
    fn is_human_readable(&self) -> bool {
        self.form == Form::Readable
    }

    #[inline(always)]
    fn serialize_bool(self, value: bool) -> Rest<'a> {
        if value { put(self.room, b"true") } else { put(self.room, b"false") }.ok_or(Stop::Full)
    }

    fn serialize_i8(self, value: i8) -> Rest<'a> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Rest<'a> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Rest<'a> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Rest<'a> {
        let room = if value < 0 { put(self.room, b"-").ok_or(Stop::Full)? } else { self.room };
        unsigned(room, value.unsigned_abs()).ok_or(Stop::Full)
    }

    #[inline(always)]
    fn serialize_u8(self, value: u8) -> Rest<'a> {
        self.serialize_u64(value.into())
    }

    #[inline(always)]
    fn serialize_u16(self, value: u16) -> Rest<'a> {
        self.serialize_u64(value.into())
    }

    #[inline(always)]
    fn serialize_u32(self, value: u32) -> Rest<'a> {
        self.serialize_u64(value.into())
    }

    #[inline(always)]
    fn serialize_u64(self, value: u64) -> Rest<'a> {
        unsigned(self.room, value).ok_or(Stop::Full)
    }

    fn serialize_f32(self, value: f32) -> Rest<'a> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Rest<'a> {
        float(self.room, value).ok_or(Stop::Full)
    }

    fn serialize_char(self, value: char) -> Rest<'a> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    #[inline(always)]
    fn serialize_str(self, value: &str) -> Rest<'a> {
        string(self.room, value).ok_or(Stop::Full)
    }

    #[inline(always)]
    fn serialize_bytes(self, value: &[u8]) -> Rest<'a> {
        let rest = match self.form {
            Form::Plain => plain(self.room, value),
            Form::Readable | Form::Hexadecimal => hexadecimal(self.room, value),
        };
        rest.ok_or(Stop::Full)
    }

    #[inline(always)]
    fn serialize_none(self) -> Rest<'a> {
        self.serialize_unit()
    }

    #[inline(always)]
    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Rest<'a> {
        value.serialize(self)
    }

    #[inline(always)]
    fn serialize_unit(self) -> Rest<'a> {
        put(self.room, b"null").ok_or(Stop::Full)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Rest<'a> {
        self.serialize_unit()
    }

    #[inline(always)]
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Rest<'a> {
        literal(self.room, "\"", variant, "\"").ok_or(Stop::Full)
    }

    #[inline(always)]
    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, name: &'static str, value: &T) -> Rest<'a> {
        let form = match name {
            PLAIN => Form::Plain,
            HEXADECIMAL => Form::Hexadecimal,
            _ => self.form,
        };
        value.serialize(Writer { form, ..self })
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Rest<'a> {
        let room = literal(self.room, "{\"", variant, "\":").ok_or(Stop::Full)?;
        let room = value.serialize(Writer::new(room))?;
        put(room, b"}").ok_or(Stop::Full)
    }

    #[inline(always)]
    fn serialize_seq(self, _: Option<usize>) -> Result<Open<'a>, Stop> {
        self.list()
    }

    #[inline(always)]
    fn serialize_tuple(self, _: usize) -> Result<Open<'a>, Stop> {
        self.list()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Open<'a>, Stop> {
        self.list()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Stop> {
        Err(Stop::Refused)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Open<'a>, Stop> {
        self.object()
    }

    #[inline(always)]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Open<'a>, Stop> {
        self.object()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Stop> {
        Err(Stop::Refused)
    }

    fn collect_str<T: ?Sized + Display>(self, value: &T) -> Rest<'a> {
        let room = put(self.room, b"\"").ok_or(Stop::Full)?;
        let mut escaping = Escaping { room: Some(room) };
        let formatted = write!(escaping, "{value}");
        let room = escaping.room.ok_or(Stop::Full)?;
        formatted.map_err(|_| Stop::Refused)?;
        put(room, b"\"").ok_or(Stop::Full)
    }
}

impl<'a> Open<'a> {
    #[inline(always)]
    fn element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Stop> {
        let room = put(std::mem::take(&mut self.room), &[self.lead]).ok_or(Stop::Full)?;
        self.lead = b',';
        self.room = value.serialize(Writer::new(room))?;
        Ok(())
    }

    #[inline(always)]
    fn field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Stop> {
        let before = if self.lead == b',' { ",\"" } else { "{\"" };
        let room = literal(std::mem::take(&mut self.room), before, name, "\":").ok_or(Stop::Full)?;
        self.lead = b',';
        self.room = value.serialize(Writer::new(room))?;
        Ok(())
    }

    #[inline(always)]
    fn finish(self) -> Rest<'a> {
        // Without elements it is yet to be opened.
        let room = if self.lead == b',' { self.room } else { put(self.room, &[self.lead]).ok_or(Stop::Full)? };
        match self.close {
            Some(close) => put(room, &[close]).ok_or(Stop::Full),
            None => Ok(room),
        }
    }
}

impl<'a> ser::SerializeSeq for Open<'a> {
    type Ok = &'a mut [u8];
    type Error = Stop;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Stop> {
        self.element(value)
    }

    fn end(self) -> Rest<'a> {
        self.finish()
    }
}

impl<'a> ser::SerializeTuple for Open<'a> {
    type Ok = &'a mut [u8];
    type Error = Stop;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Stop> {
        self.element(value)
    }

    fn end(self) -> Rest<'a> {
        self.finish()
    }
}

impl<'a> ser::SerializeTupleStruct for Open<'a> {
    type Ok = &'a mut [u8];
    type Error = Stop;

    fn serialize_field<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Stop> {
        self.element(value)
    }

    fn end(self) -> Rest<'a> {
        self.finish()
    }
}

impl<'a> ser::SerializeMap for Open<'a> {
    type Ok = &'a mut [u8];
    type Error = Stop;

    /// Only text is a name; the rows have no other keys.
    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Stop> {
        self.element(key)
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Stop> {
        let room = put(std::mem::take(&mut self.room), b":").ok_or(Stop::Full)?;
        self.room = value.serialize(Writer::new(room))?;
        Ok(())
    }

    fn end(self) -> Rest<'a> {
        self.finish()
    }
}

impl<'a> ser::SerializeStruct for Open<'a> {
    type Ok = &'a mut [u8];
    type Error = Stop;

    #[inline(always)]
    fn serialize_field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Stop> {
        self.field(name, value)
    }

    #[inline(always)]
    fn end(self) -> Rest<'a> {
        self.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode::{Hex, append};
    use super::*;
    use crate::escape::is_unsafe;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::time::Duration;

    #[derive(Debug, Serialize)]
    struct Row<'a> {
        text: &'a str,
        number: u64,
        negative: i64,
        fraction: Option<f64>,
        list: &'a [(u8, bool)],
        none: Option<u8>,
        map: BTreeMap<&'a str, char>,
        nested: Nested,
        unit: Kind,
    }

    #[derive(Debug, Default, Serialize)]
    struct Nested {
        #[serde(skip_serializing_if = "Option::is_none")]
        left_out: Option<u8>,
    }

    #[derive(Clone, Copy, Debug, Serialize)]
    #[serde(rename_all = "kebab-case")]
    enum Kind {
        OfUnit,
    }

    fn written<T: Serialize>(value: &T) -> String {
        let mut out = Vec::new();
        append(&mut out, value).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn hostile_text_is_escaped_wherever_it_stands() {
        assert_eq!(written(&"a\"b\\c\n\r\t\u{8}\u{c}\0\x1b\x7f"), r#""a\"b\\c\n\r\t\b\f\u0000\u001b\u007f""#);
        assert_eq!(written(&"\u{9b}2J \u{202e}é日🎈\u{e0041}"), r#""\u009b2J \u202eé日🎈\udb40\udc41""#);
        assert_eq!(written(&format_args!("{}\x1b", "日")), r#""日\u001b""#);
        assert_eq!(written(&BTreeMap::from([("\x1b", 1)])), r#"{"\u001b":1}"#);
    }

    #[test]
    fn hexadecimal_of_any_length() {
        let bytes: Vec<u8> = (0..=255).cycle().take(300).collect();
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        for length in [0, 1, 63, 64, 65, 128, 300] {
            assert_eq!(written(&Hex(&bytes[..length])), format!("\"{}\"", &text[..2 * length]));
        }
    }

    /// Room that is too small is tried first.
    #[test]
    fn rows_of_any_length_stand_one_behind_the_other() {
        let mut out = b"[".to_vec();
        for length in [0, 1, 1_000, 1_021, 1_022, 1_023, 100_000, 3] {
            let start = out.len();
            let text = "x".repeat(length);
            append(&mut out, &text).unwrap();
            assert_eq!(out[start..], *format!("\"{text}\"").as_bytes());
        }
        assert_eq!(out[0], b'[');
    }

    #[test]
    fn fields_follow_those_of_another() {
        #[derive(Serialize)]
        struct Head<'a> {
            text: &'a str,
        }
        let mut room = [0; 100];
        let rest = Head { text: "a" }.serialize(Writer::more_fields(&mut room)).unwrap();
        let rest = Nested::default().serialize(Writer::more_fields(rest)).unwrap();
        let left = Head { text: "b" }.serialize(Writer::last_fields(rest)).unwrap().len();
        assert_eq!(room[..100 - left], *br#","text":"a","text":"b"}"#);
    }

    #[test]
    fn what_cannot_be_written_is_an_error() {
        struct Wrong;
        impl Display for Wrong {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                Err(fmt::Error)
            }
        }
        impl Serialize for Wrong {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        assert!(append(&mut Vec::new(), &Wrong).is_err());
    }

    #[test]
    fn numbers_of_any_length() {
        let powers = (0..20).map(|exponent| 10_u64.pow(exponent));
        for number in powers.flat_map(|power| [power - 1, power, power + 1]).chain([u64::MAX]) {
            assert_eq!(written(&number), number.to_string());
        }
    }

    proptest! {
        /// serde_json writes the same wherever it escapes the same.
        #[test]
        fn what_is_not_hostile_is_as_serde_json_writes_it(
            text in "[ -~\t\n\r\u{0}-\u{1f}é日🎈]{0,40}",
            number: u64,
            negative: i64,
            fraction in proptest::option::of(-1e9..1e9),
            list: Vec<(u8, bool)>,
            key in "[ -~]{0,20}",
        ) {
            let (map, nested) = (BTreeMap::from([(&key[..], 'x')]), Nested::default());
            let row = Row { text: &text, number, negative, fraction, list: &list, none: None, map, nested, unit: Kind::OfUnit };
            prop_assert_eq!(written(&row), serde_json::to_string(&row).unwrap());
        }

        #[test]
        fn durations_are_as_serde_json_writes_them(nanos: u64, shift in 0u32..64, any: f64) {
            let seconds = Duration::from_nanos(nanos >> shift).as_secs_f64();
            let round = Duration::from_micros(nanos >> shift).as_secs_f64();
            for number in [seconds, round, (nanos >> shift) as f64, any] {
                prop_assert_eq!(written(&number), serde_json::to_string(&number).unwrap());
            }
        }

        #[test]
        fn any_text_comes_back_and_holds_nothing_a_terminal_obeys(text: String, hostile in "[\u{0}-\u{a0}\u{2020}-\u{2070}\u{e0000}-\u{e0200}]{0,20}") {
            let text = text + &hostile;
            let json = written(&text);
            prop_assert!(!json.chars().any(is_unsafe));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
