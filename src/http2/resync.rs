//! Where does a frame begin? Asked after missing bytes, and where the capture began within a connection.
//!
//! Evidence is counted in bits, as for WebSocket frames: a field that random bytes have once in 2ⁿ times adds n. A
//! boundary that is believed must have more evidence than there were places to try.

use super::frame::{FrameHeader, HEADER, Kind};

/// Evidence asked for before a boundary is believed, in bits.
const ENOUGH: u32 = 32;

/// Evidence asked for before a connection is believed to be HTTP/2 at all.
const ENOUGH_TO_BEGIN: u32 = 48;

/// Evidence of standing at the first byte of a segment or a record, and of a frame that ends with one.
const AT_EDGE: u32 = 8;

/// Frames of a chain that are looked at.
const MAX_CHAIN: usize = 16;

/// Payload lengths that are believed: the default of SETTINGS_MAX_FRAME_SIZE (RFC 9113 §6.5.2), and what few ask for.
const USUAL_LENGTH: u32 = 1 << 14;
const RARE_LENGTH: u32 = 1 << 20;

/// The first place in these bytes, which came in one segment or record, where a frame surely begins. `known` are streams
/// that frames may be expected on, in order.
pub(super) fn find(bytes: &[u8], known: &[u32]) -> Option<usize> {
    let tried = usize::BITS - bytes.len().leading_zeros();
    let enough = |at| if at == 0 { ENOUGH } else { ENOUGH + tried };
    (0..bytes.len()).find(|&at| score(bytes, at, known).is_some_and(|score| score >= enough(at)))
}

/// Whether bytes of a connection that was open before the capture began, and which came in one segment or record, surely
/// begin with a frame of HTTP/2.
pub fn looks_like_http2(bytes: &[u8]) -> bool {
    score(bytes, 0, &[]).is_some_and(|score| score >= ENOUGH_TO_BEGIN)
}

/// The evidence for a boundary at `at`; `None` where something contradicts it.
fn score(bytes: &[u8], at: usize, known: &[u32]) -> Option<u32> {
    let mut score = if at == 0 { AT_EDGE } else { 0 };
    let mut rest = &bytes[at..];
    for _ in 0..MAX_CHAIN {
        if rest.len() < HEADER {
            break;
        }
        let (behind, header) = FrameHeader::parse(rest).ok()?;
        score += evidence(&header, known)?;
        match behind.split_at_checked(header.length as usize) {
            None => break,
            Some((_, [])) => {
                score += AT_EDGE;
                break;
            }
            Some((_, behind)) => rest = behind,
        }
    }
    Some(score)
}

/// The evidence of a header by itself; `None` for one that no peer sends (RFC 9113 §6).
fn evidence(header: &FrameHeader, known: &[u32]) -> Option<u32> {
    let FrameHeader { length, kind, flags, reserved, stream } = *header;
    // The length a frame of this type has, the flags it may have, and whether it speaks of the whole connection.
    let (exact, defined, connection): (Option<u32>, u8, Option<bool>) = match kind {
        Kind::DATA => (None, 0x09, Some(false)),
        Kind::HEADERS => (None, 0x2D, Some(false)),
        Kind::PRIORITY => (Some(5), 0, Some(false)),
        Kind::RST_STREAM => (Some(4), 0, Some(false)),
        Kind::SETTINGS => (None, 0x01, Some(true)),
        Kind::PUSH_PROMISE => (None, 0x0C, Some(false)),
        Kind::PING => (Some(8), 0x01, Some(true)),
        Kind::GOAWAY => (None, 0, Some(true)),
        Kind::WINDOW_UPDATE => (Some(4), 0, None),
        Kind::CONTINUATION => (None, 0x04, Some(false)),
        _ => return None,
    };
    let impossible = reserved
        || flags & !defined != 0
        || exact.is_some_and(|exact| exact != length)
        || length > RARE_LENGTH
        || connection.is_some_and(|connection| connection != (stream == 0))
        || kind == Kind::SETTINGS && (length % 6 != 0 || flags != 0 && length != 0);
    if impossible {
        return None;
    }
    let of_length = match exact {
        Some(_) => 24,
        None if length <= USUAL_LENGTH => 9,
        None => 4,
    };
    // Ten of 256 types; one reserved bit.
    let of_rest = 4 + 1 + u8::count_zeros(defined);
    let of_stream = match stream {
        _ if stream == 0 => 31,
        _ if known.binary_search(&stream).is_ok() => 31 - (usize::BITS - known.len().leading_zeros()).min(31),
        ..=0xFFFF => 15,
        0x1_0000..=0xFF_FFFF => 7,
        _ => 0,
    };
    Some(of_length + of_rest + of_stream)
}
