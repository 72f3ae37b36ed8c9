//! How a payload is shown in JSON: as text where it is text, as hexadecimal where it is not.

use super::encode::{Hex, Plain, Text};
use crate::websocket::{Frame, Kind, Message, Opcode};
use serde::Serialize;

/// The kept bytes of a payload.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Payload<'a> {
    /// The status code of a Close frame (RFC 6455 §5.5.1); `text` is its reason then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub close_code: Option<u16>,
    /// The bytes, where they are text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Text<'a>>,
    /// The bytes, where they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<Hex<'a>>,
    /// There are more bytes than these.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

impl<'a> Payload<'a> {
    /// A frame's payload as it was on the wire after unmasking: what RSV1 marks as compressed is not text.
    pub fn of_frame(frame: &Frame<'a>) -> Payload<'a> {
        let bytes = frame.payload;
        let cut = (bytes.len() as u64) < frame.header.payload_length;
        if frame.header.rsv1 {
            return Payload::hex(bytes, cut);
        }
        match frame.header.opcode {
            Opcode::TEXT => Payload::text_or_hex(bytes, cut),
            Opcode::BINARY => Payload::hex(bytes, cut),
            Opcode::CLOSE => match bytes.split_first_chunk::<2>() {
                Some((&code, reason)) => match text(reason, cut) {
                    Some(text) => Payload { close_code: Some(u16::from_be_bytes(code)), ..Payload::text(text, cut) },
                    None => Payload::hex(bytes, cut),
                },
                // Half a status code is no text.
                None if !bytes.is_empty() => Payload::hex(bytes, cut),
                None => Payload::text(Text::Other(""), cut),
            },
            // What these hold is for the application to say: text only where a reader would take it for text.
            _ => match text(bytes, cut) {
                Some(text) if !text.has_controls() => Payload::text(text, cut),
                _ => Payload::hex(bytes, cut),
            },
        }
    }

    /// A message's payload after inflating.
    pub fn of_message(message: &Message<'a>) -> Payload<'a> {
        let bytes = message.payload;
        let cut = message.length.is_none_or(|length| length > bytes.len() as u64);
        match message.kind {
            Kind::Text => Payload::text_or_hex(bytes, cut),
            Kind::Binary => Payload::hex(bytes, cut),
        }
    }

    fn text_or_hex(bytes: &'a [u8], cut: bool) -> Payload<'a> {
        match text(bytes, cut) {
            Some(text) => Payload::text(text, cut),
            None => Payload::hex(bytes, cut),
        }
    }

    fn text(text: Text<'a>, cut: bool) -> Payload<'a> {
        Payload { close_code: None, text: Some(text), hex: None, cut }
    }

    fn hex(bytes: &'a [u8], cut: bool) -> Payload<'a> {
        Payload { close_code: None, text: None, hex: Some(Hex(bytes)), cut }
    }
}

fn text(bytes: &[u8], cut: bool) -> Option<Text<'_>> {
    match Plain::new(bytes) {
        Some(text) => Some(Text::Plain(text)),
        None => valid(bytes, cut).map(Text::Other),
    }
}

/// The bytes as text, where all of them are UTF-8; `cut` ones may end inside a character, which is left out.
pub(super) fn valid(bytes: &[u8], cut: bool) -> Option<&str> {
    match simdutf8::compat::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if cut && error.error_len().is_none() => std::str::from_utf8(&bytes[..error.valid_up_to()]).ok(),
        Err(_) => None,
    }
}
