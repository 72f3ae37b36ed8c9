//! From a conversation written in a few lines of Rust to a capture file: for tests, examples, benches and lessons.
//!
//! It knows nothing of the analyser but the types a frame header is made of, and may write any nonsense on the wire.
//! What is not spoiled on purpose conforms: TCP opens with a handshake, segments are acknowledged, the client masks
//! each frame with a fresh key. Nothing depends on a clock or on chance: the same scenario is the same file.
//!
//! ```
//! use wslens::Role;
//! use wslens::scenario::{Scenario, close, frame, text};
//! use wslens::websocket::{LengthForm, Opcode};
//!
//! let scenario = Scenario::new()
//!     .handshake()
//!     .client(text("Hello"))
//!     .server([text("Hi"), text("there")])
//!     .server(frame(Opcode(0xB), b"x").fin(false).rsv(0b100).masked([0; 4]).length_form(LengthForm::Bits16))
//!     .crossing(|s| s.client(close(1000, "bye")).server(close(1001, "")))
//!     .fin(Role::Server);
//! let file = scenario.pcapng_bytes();
//! assert!(file.starts_with(&[0x0A, 0x0D, 0x0D, 0x0A]));
//! ```

mod circumstances;
mod deflate;
mod file;
mod frame;
mod handshake;
mod http2;
mod keys;
mod player;
mod step;
mod tcp;
#[cfg(test)]
mod tests;
mod tls;

pub use deflate::{DeflateOptions, Deflater};
pub use file::{PcapWriter, PcapngWriter, RecordedPacket, RecordedPacketRef, write_pcap, write_pcapng};
pub use frame::{
    FrameSpec, Frames, binary, close, close_empty, continuation, deflated_binary, deflated_text, fragments, frame,
    ping, pong, text,
};
pub use handshake::{Head, Request, RequestLine, Response, StatusLine};
pub use http2::{ENABLE_CONNECT_PROTOCOL, Fields};
pub(crate) use keys::Keys;
pub use player::Player;

use crate::capture::LinkType;
use crate::{PerRole, Role};
use std::convert::Infallible;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;
use step::{Part, Setting, Step};

/// The link type of all packets: Ethernet (`LINKTYPE_ETHERNET`).
pub const LINK: LinkType = LinkType(1);

/// A conversation, one step after the other.
///
/// It speaks of one TCP connection, 192.0.2.1:50000 to 192.0.2.2:80, unless told otherwise. The connection opens with
/// a three-way handshake before the first step that needs it. Time begins at 2026-01-01T00:00:00Z, and packets are
/// 100 µs apart.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    steps: Vec<Step>,
}

/// What is said.
impl Scenario {
    /// A conversation in which nothing happened yet.
    pub fn new() -> Self {
        Scenario::default()
    }

    /// A conforming request and its answer (RFC 6455 §4).
    pub fn handshake(self) -> Self {
        self.handshake_with(|request| request, |response| response)
    }

    /// A request and its answer, changed by these functions.
    pub fn handshake_with(
        self,
        request: impl FnOnce(Request) -> Request,
        response: impl FnOnce(Response) -> Response,
    ) -> Self {
        self.request(request).response(response)
    }

    /// A handshake in which the client offers and the server accepts these extensions.
    ///
    /// They are only said: messages are compressed one by one, see [`FrameSpec::deflated`].
    pub fn handshake_with_extensions(self, offered: &str, accepted: &str) -> Self {
        const NAME: &str = "Sec-WebSocket-Extensions";
        self.handshake_with(|request| request.header(NAME, offered), |response| response.header(NAME, accepted))
    }

    /// The connection speaks TLS 1.3 from here on, with this name in the ClientHello's `server_name` extension. A pcapng file
    /// of the scenario holds the secrets that open it.
    pub fn tls(self, server_name: Option<&str>) -> Self {
        self.step(Step::Tls { server_name: server_name.map(str::to_owned) })
    }

    /// A request, changed by this function. Its Sec-WebSocket-Key is a fresh one unless it is replaced.
    pub fn request(self, change: impl FnOnce(Request) -> Request) -> Self {
        self.send(Role::Client, vec![Part::Request(change(Request::request()))])
    }

    /// An answer, changed by this function. Its Sec-WebSocket-Accept answers the key the client sent last on this
    /// connection, also one it sent by [`Scenario::bytes`], unless it is replaced.
    pub fn response(self, change: impl FnOnce(Response) -> Response) -> Self {
        self.send(Role::Server, vec![Part::Response(change(Response::response()))])
    }

    /// The client sends a frame, or several in one write.
    pub fn client(self, frames: impl Into<Frames>) -> Self {
        self.frames(Role::Client, frames)
    }

    /// The server sends a frame, or several in one write.
    pub fn server(self, frames: impl Into<Frames>) -> Self {
        self.frames(Role::Server, frames)
    }

    /// This side sends a frame, or several in one write.
    pub fn frames(self, from: Role, frames: impl Into<Frames>) -> Self {
        let Frames(frames) = frames.into();
        self.send(from, frames.into_iter().map(Part::Frame).collect())
    }

    /// This side writes these bytes to the stream, whatever they are.
    pub fn bytes(self, from: Role, bytes: impl Into<Vec<u8>>) -> Self {
        self.send(from, vec![Part::Bytes(bytes.into())])
    }

    /// What one side sends in these steps without the other between is one write: a 101 and the first frame in one
    /// segment.
    pub fn together(self, steps: impl FnOnce(Scenario) -> Scenario) -> Self {
        self.step(Step::Together(steps(Scenario::new()).steps))
    }

    /// What is sent in these steps crosses on the wire: neither side acknowledges anything of it before all is sent.
    pub fn crossing(self, steps: impl FnOnce(Scenario) -> Scenario) -> Self {
        self.step(Step::Crossing(steps(Scenario::new()).steps))
    }

    /// These steps so many times, with fresh masking keys each time. Takes no memory for it.
    pub fn repeat(self, times: u64, steps: impl FnOnce(Scenario) -> Scenario) -> Self {
        self.step(Step::Repeat { times, steps: steps(Scenario::new()).steps })
    }

    /// These steps too.
    pub fn then(mut self, steps: Scenario) -> Self {
        self.steps.extend(steps.steps);
        self
    }

    fn send(self, from: Role, parts: Vec<Part>) -> Self {
        self.step(Step::Send { from, parts })
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    fn set(self, setting: Setting) -> Self {
        self.step(Step::Set(setting))
    }
}

/// What TCP does.
impl Scenario {
    /// This side ends the connection and the other follows: FIN, ACK, FIN, ACK. Who sent a FIN already sends no other.
    pub fn fin(self, first: Role) -> Self {
        self.fin_only(first).fin_only(first.peer())
    }

    /// This side sends its FIN and the other acknowledges it: the connection is half closed.
    pub fn fin_only(self, from: Role) -> Self {
        self.step(Step::Fin(from))
    }

    /// This side resets the connection.
    pub fn rst(self, from: Role) -> Self {
        self.step(Step::Reset(from))
    }

    /// The last data segment of this connection once more, and an ACK of it.
    pub fn retransmit(self) -> Self {
        self.step(Step::Retransmit(None))
    }

    /// Like [`Scenario::retransmit`], with other bytes, as many as you like, in the same place.
    pub fn retransmit_with(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Retransmit(Some(bytes.into())))
    }

    /// A data segment that many bytes after (or before) where this side's next byte belongs. Nobody answers it, and
    /// the next byte's place stays what it was.
    pub fn segment_at(self, from: Role, offset: i32, payload: impl Into<Vec<u8>>) -> Self {
        self.step(Step::SegmentAt { from, offset, payload: payload.into() })
    }

    /// A TCP keep-alive probe without data, one before the next sequence number (RFC 9293 §3.8.4), and its ACK.
    pub fn keep_alive(self, from: Role) -> Self {
        self.step(Step::KeepAlive(from))
    }

    /// From here on this side of the connection offers this receive window, unscaled: 65,535 at first.
    pub fn window(self, role: Role, size: u16) -> Self {
        self.step(Step::Window(role, size))
    }

    /// From here on a segment has at most this much payload, in bytes: 1460 at first, at least 1, at most 65,495.
    pub fn segment_size(self, bytes: usize) -> Self {
        self.set(Setting::SegmentSize(bytes))
    }

    /// From here on segments without data are not sent to acknowledge; segments with data still do.
    pub fn without_acks(self) -> Self {
        self.set(Setting::Acks(false))
    }

    /// From here on each data segment is acknowledged at once, as it is at first.
    pub fn with_acks(self) -> Self {
        self.set(Setting::Acks(true))
    }

    /// What follows happens on another TCP connection, from the client's next port.
    pub fn connection(self) -> Self {
        self.step(Step::Connection { same_ports: false })
    }

    /// What follows happens on another TCP connection between the ports of the one opened last.
    pub fn same_ports(self) -> Self {
        self.step(Step::Connection { same_ports: true })
    }

    /// What follows happens again on the connection that was opened as this one, counted from 0; nothing changes if
    /// there is none.
    pub fn resume(self, connection: usize) -> Self {
        self.step(Step::Resume(connection))
    }

    /// The addresses and ports of the connections that are opened from here on. Where one address is IPv4 and the
    /// other IPv6, the IPv4 address is mapped (`::ffff:192.0.2.1`).
    pub fn endpoints(self, client: SocketAddr, server: SocketAddr) -> Self {
        self.set(Setting::Endpoints { client, server })
    }

    /// Connections that are opened from here on go from 2001:db8::1 to 2001:db8::2, between the ports they would have
    /// had.
    pub fn ipv6(self) -> Self {
        self.set(Setting::Ipv6)
    }

    /// The sequence numbers of the SYNs of the next connection that is opened.
    pub fn from_sequence_number(self, client: u32, server: u32) -> Self {
        self.set(Setting::InitialSequenceNumbers { client, server })
    }
}

/// What the capture sees, and how messages are compressed.
impl Scenario {
    /// Time passes.
    pub fn after(self, time: Duration) -> Self {
        self.step(Step::After(time))
    }

    /// The next data segment is missing from the capture, although it arrived and is acknowledged.
    pub fn lose(self) -> Self {
        self.step(Step::Lose)
    }

    /// The capture begins here: all that came before happened but was not captured.
    pub fn begin_mid_stream(self) -> Self {
        self.step(Step::BeginMidStream)
    }

    /// From here on only what this side sends is captured.
    pub fn only(self, from: Role) -> Self {
        self.set(Setting::Captured(Some(from)))
    }

    /// From here on both sides are captured, as they are at first.
    pub fn both(self) -> Self {
        self.set(Setting::Captured(None))
    }

    /// From here on at most this many bytes of a packet are captured.
    pub fn snaplen(self, bytes: u32) -> Self {
        self.set(Setting::Snaplen(bytes))
    }

    /// From here on each packet is captured twice, as by an `any` capture or behind a mirror port.
    pub fn twice(self) -> Self {
        self.set(Setting::Twice(true))
    }

    /// From here on TCP checksums are wrong, as where the sender's network card is left to compute them.
    pub fn without_checksums(self) -> Self {
        self.set(Setting::Checksums(false))
    }

    /// The capture's clock is set back by so much.
    pub fn set_back(self, time: Duration) -> Self {
        self.step(Step::SetBack(time))
    }

    /// This side's compressor has a window of 2 to this power, 9 to 15 (RFC 7692 §7.1.2); 15 at first. It starts anew.
    pub fn window_bits(self, role: Role, bits: u8) -> Self {
        self.set(Setting::WindowBits(role, bits))
    }

    /// Whether this side's compressed messages refer back to earlier ones (RFC 7692 §7.1.1); they do at first. Its
    /// compressor starts anew.
    pub fn context_takeover(self, role: Role, takeover: bool) -> Self {
        self.set(Setting::ContextTakeover(role, takeover))
    }

    /// Masking keys and nonces from here on follow from this seed; 0 at first.
    pub fn seed(self, seed: u64) -> Self {
        self.set(Setting::Seed(seed))
    }
}

/// What becomes of it.
impl Scenario {
    /// Gives each packet to `emit` as soon as it is made.
    ///
    /// # Errors
    /// The first error of `emit`, which ends the scenario.
    pub fn render<E>(&self, emit: impl FnMut(RecordedPacketRef<'_>) -> Result<(), E>) -> Result<(), E> {
        Player::new(emit).play(self)
    }

    /// All packets, to be reordered, duplicated or dropped before they are written.
    pub fn packets(&self) -> Vec<RecordedPacket> {
        let mut packets = Vec::new();
        let Ok(()) = self.render(|packet| {
            packets.push(packet.to_packet());
            Ok::<(), Infallible>(())
        });
        packets
    }

    /// What each side wrote to its stream, by connection in the order they were opened: what a perfect reassembly
    /// would find in a perfect capture. Retransmissions and [`Scenario::segment_at`] are not part of it.
    pub fn streams(&self) -> Vec<PerRole<Vec<u8>>> {
        let mut player = Player::new(|_| Ok::<(), Infallible>(()));
        player.keep_streams();
        let Ok(()) = player.play(self);
        player.into_streams()
    }

    /// Writes the scenario as a pcapng file. `out` should be buffered.
    ///
    /// # Errors
    /// `out` refuses bytes.
    pub fn write_pcapng(&self, out: impl Write) -> io::Result<()> {
        let mut writer = PcapngWriter::new(out, LINK)?;
        if step::speaks_tls(&self.steps) {
            writer.key_log(&tls::key_log())?;
        }
        self.render(|packet| writer.write(packet))?;
        writer.finish().map(drop)
    }

    /// Writes the scenario as a pcap file. `out` should be buffered.
    ///
    /// # Errors
    /// `out` refuses bytes, or so much time passed that a packet is from after 2106.
    pub fn write_pcap(&self, out: impl Write) -> io::Result<()> {
        let mut writer = PcapWriter::new(out, LINK)?;
        self.render(|packet| writer.write(packet))?;
        writer.finish().map(drop)
    }

    /// The scenario as a pcapng file in memory.
    pub fn pcapng_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_pcapng(&mut out).expect("memory takes all bytes and the clock begins after 1970");
        out
    }
}
