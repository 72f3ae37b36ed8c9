//! The closing handshake as it was seen (RFC 6455 §5.5.1, §7).

use super::outcome::{Outcome, Outcomes};
use super::{Frame, Opcode, TcpEnd};
use crate::{PerRole, Role};

/// The body of a Close frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFrame {
    /// Index of the frame.
    pub frame: u64,
    /// The status code; `None` for an empty body or one of a single byte.
    pub code: Option<u16>,
    /// The reason, bytes that are not UTF-8 replaced.
    pub reason: String,
}

/// Who closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closer {
    /// The client's Close came first.
    Client,
    /// The server's did.
    Server,
    /// Each sent its Close before the other's reached it.
    Both,
}

impl From<Role> for Closer {
    fn from(role: Role) -> Closer {
        match role {
            Role::Client => Closer::Client,
            Role::Server => Closer::Server,
        }
    }
}

/// How a connection was closed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closing {
    /// Who began; `None` without any Close frame.
    pub by: Option<Closer>,
    /// The first Close frame of each endpoint.
    pub frames: PerRole<Option<CloseFrame>>,
    /// Both endpoints sent a Close frame (RFC 6455 §7.1.4).
    pub clean: bool,
    /// How TCP ended.
    pub tcp_end: TcpEnd,
    /// What each endpoint's API reports; `None` where nothing is known of it, or TCP was not closed.
    pub outcomes: PerRole<Option<Outcome>>,
}

/// Follows the closing handshake.
#[derive(Debug, Default)]
pub(super) struct CloseTracker {
    pub(super) outcomes: Outcomes,
}

/// The Close frames that were seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    frames: PerRole<Option<CloseFrame>>,
    by: Option<Closer>,
    /// Offset just behind the Close that was captured first, in its sender's stream.
    first_end: u64,
    /// What its sender had acknowledged of the other direction.
    first_acknowledged: Option<u64>,
}

impl CloseTracker {
    /// Takes note of a frame; only the first Close of each endpoint counts.
    pub(super) fn frame(&mut self, frame: &Frame<'_>) {
        self.outcomes.frame(frame);
        if frame.header.opcode == Opcode::CLOSE {
            self.outcomes.ended.get_or_insert_default().seen.close(frame);
        }
    }

    /// What the closing came to.
    pub(super) fn finish(self, tcp_end: TcpEnd) -> Closing {
        let outcomes = self.outcomes.finish();
        let Seen { frames, by, .. } = self.outcomes.ended.map(|ended| ended.seen).unwrap_or_default();
        let clean = frames.client.is_some() && frames.server.is_some();
        Closing { by, frames, clean, tcp_end, outcomes }
    }
}

impl Seen {
    fn close(&mut self, frame: &Frame<'_>) {
        let sender = frame.sender;
        if self.frames[sender].is_some() {
            return;
        }
        let (code, reason) = match frame.payload.split_first_chunk() {
            Some((code, reason)) => (Some(u16::from_be_bytes(*code)), String::from_utf8_lossy(reason).into_owned()),
            None => (None, String::new()),
        };
        self.frames[sender] = Some(CloseFrame { frame: frame.index, code, reason });
        match self.by {
            None => {
                self.first_end = frame.end_offset;
                self.first_acknowledged = frame.acknowledged;
                self.by = Some(Closer::from(sender));
            }
            // The one captured first answers this one: the capture has them in the wrong order.
            Some(_) if self.first_acknowledged.is_some_and(|acknowledged| acknowledged >= frame.end_offset) => {
                self.by = Some(Closer::from(sender));
            }
            // The sender had not received the other's Close when it sent its own.
            Some(_) if frame.acknowledged.is_some_and(|acknowledged| acknowledged < self.first_end) => {
                self.by = Some(Closer::Both);
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::PacketRef;
    use crate::websocket::{FrameHeader, LengthForm};

    /// A Close whose frame ends at this offset, sent when so much of the other direction was acknowledged.
    fn close(tracker: &mut CloseTracker, sender: Role, payload: &[u8], end_offset: u64, acknowledged: Option<u64>) {
        let packet = PacketRef::new(1, None, 0, 0);
        tracker.frame(&Frame {
            index: end_offset,
            sender,
            header: FrameHeader {
                fin: true,
                rsv1: false,
                rsv2: false,
                rsv3: false,
                opcode: Opcode::CLOSE,
                masking_key: None,
                length_form: LengthForm::Bits7,
                payload_length: payload.len() as u64,
            },
            header_bytes: &[0x88, 0],
            stream_offset: 0,
            packet,
            last_packet: packet,
            acknowledged,
            captured_length: payload.len() as u64,
            complete: true,
            payload,
            message: None,
            inside_message: Some(false),
            end_offset,
            pong: None,
            after_gap: false,
        });
    }

    #[test]
    fn who_began_is_told_by_what_was_acknowledged_not_by_the_order_in_the_capture() {
        // The client's Close ends at byte 100, the server's at byte 200.
        let client = |tracker: &mut _, acknowledged| close(tracker, Role::Client, &[3, 0xE8], 100, acknowledged);
        let server = |tracker: &mut _, acknowledged| close(tracker, Role::Server, &[3, 0xE8], 200, acknowledged);
        let by = |tracker: CloseTracker| tracker.finish(TcpEnd::Fin).by;

        let mut answered = CloseTracker::default();
        client(&mut answered, Some(150));
        server(&mut answered, Some(100));
        assert_eq!(by(answered), Some(Closer::Client));

        let mut crossed = CloseTracker::default();
        client(&mut crossed, Some(150));
        server(&mut crossed, Some(50));
        assert_eq!(by(crossed), Some(Closer::Both));

        let mut captured_in_the_wrong_order = CloseTracker::default();
        server(&mut captured_in_the_wrong_order, Some(100));
        client(&mut captured_in_the_wrong_order, Some(150));
        assert_eq!(by(captured_in_the_wrong_order), Some(Closer::Client));

        let mut unknown = CloseTracker::default();
        client(&mut unknown, None);
        server(&mut unknown, None);
        assert_eq!(by(unknown), Some(Closer::Client));
    }

    #[test]
    fn only_the_first_close_of_each_counts_and_a_single_byte_is_no_code() {
        let mut tracker = CloseTracker::default();
        close(&mut tracker, Role::Client, &[0x03], 10, None);
        close(&mut tracker, Role::Client, &[0x03, 0xE8], 20, None);
        close(&mut tracker, Role::Server, &[0x0F, 0xA0, b'a', 0xFF], 10, None);
        let closing = tracker.finish(TcpEnd::Open);
        assert_eq!(closing.frames.client, Some(CloseFrame { frame: 10, code: None, reason: String::new() }));
        let server = CloseFrame { frame: 10, code: Some(4000), reason: "a\u{FFFD}".to_owned() };
        assert_eq!(closing.frames.server, Some(server));
        assert!(closing.clean);
    }
}
