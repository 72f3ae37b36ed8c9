//! A message that was put together: from several frames, or by inflating. A message of one frame that is not compressed
//! is that frame, and nothing more is kept of it.

use crate::websocket::{Inflated, Kind, Message};

/// What is kept of a message.
#[derive(Clone, Copy, Debug)]
pub struct MessageRecord {
    /// Where its bytes begin in the spool.
    pub(super) spool: u64,
    /// Bytes of it that are in the spool.
    pub kept: u32,
    /// Its first frame on its connection.
    pub first: u32,
    /// Its last frame so far.
    pub last: u32,
    /// How many frames it has.
    pub frames: u32,
    /// Bytes after inflating, where that is known.
    pub length: Option<u64>,
    /// Payload bytes of its frames on the wire.
    pub wire_length: u64,
    /// Text or binary.
    pub kind: Kind,
    /// permessage-deflate compressed it.
    pub compressed: bool,
    /// Its final frame was seen.
    pub finished: bool,
    /// Its final frame was seen and no byte of it is missing.
    pub complete: bool,
    /// How inflating went.
    pub inflated: Option<Inflated>,
    /// SHA-256 after inflating, where digests were asked for.
    pub sha256: Option<[u8; 32]>,
}

impl MessageRecord {
    /// Stores a message: appends its bytes to `out`. `None` for a message that is its only frame.
    pub(crate) fn store(message: &Message<'_>, out: &mut Vec<u8>) -> Option<MessageRecord> {
        if message.frames == 1 && !message.compressed && message.sha256.is_none() {
            return None;
        }
        let record = MessageRecord {
            spool: out.len() as u64,
            kept: u32::try_from(message.payload.len()).ok()?,
            first: u32::try_from(message.first_frame).ok()?,
            last: u32::try_from(message.last_frame).ok()?,
            frames: u32::try_from(message.frames).ok()?,
            length: message.length,
            wire_length: message.wire_length,
            kind: message.kind,
            compressed: message.compressed,
            finished: message.finished,
            complete: message.complete,
            inflated: message.inflated,
            sha256: message.sha256,
        };
        out.extend(message.payload);
        Some(record)
    }
}
