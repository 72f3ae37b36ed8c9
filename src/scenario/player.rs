//! Plays steps: keeps the clock and the connections, and hands each packet on as soon as it is made.

use super::Scenario;
use super::circumstances::Circumstances;
use super::deflate::Deflater;
use super::file::RecordedPacketRef;
use super::handshake::key_in;
use super::http2;
use super::keys::Keys;
use super::step::{Part, Setting, Step, beginnings};
use super::tcp::{Connection, MAX_SEGMENT, Sent};
use super::tls::{self, Sealer};
use crate::capture::Timestamp;
use crate::{PerRole, Role};
use etherparse::TcpHeader;
use std::time::Duration;

/// 2026-01-01T00:00:00Z.
const BEGINNING: i64 = 1_767_225_600_000_000_000;

/// From one packet to the next.
const PACE: Duration = Duration::from_micros(100);

/// Plays scenarios one after the other as one capture, and gives each packet to `emit`.
///
/// Clock, connections and keys go on from one scenario to the next, so a workload of any size can be made in parts.
///
/// ```
/// use wslens::scenario::{Player, Scenario, binary};
/// let mut octets = 0;
/// let mut player = Player::new(|packet| {
///     octets += packet.data.len();
///     Ok::<(), std::io::Error>(())
/// });
/// player.play(&Scenario::new().handshake())?;
/// for number in 0..1000_u32 {
///     player.play(&Scenario::new().client(binary(number.to_be_bytes())))?;
/// }
/// assert!(octets > 100_000);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Player<F> {
    emit: F,
    circumstances: Circumstances,
    connections: Vec<Connection>,
    /// How many connections were opened before these.
    gone: usize,
    /// Index of the connection that steps speak of among them; `None` where it is yet to be opened.
    current: Option<usize>,
    keys: Keys,
    clock: i64,
    /// How often the capture will begin anew; until then it is not captured.
    beginnings_ahead: u64,
    /// Data segments that are yet to be lost.
    to_lose: u64,
    /// Whether what is sent does not arrive for now.
    held: bool,
    /// Whether writes of one side are joined.
    joining: bool,
    /// What is written but not yet sent, and by whom.
    outgoing: Option<Role>,
    unsent: Vec<u8>,
    packet: Vec<u8>,
    /// What each side wrote, by connection; kept only for those who ask.
    streams: Option<Vec<PerRole<Vec<u8>>>>,
}

impl<F, E> Player<F>
where
    F: FnMut(RecordedPacketRef<'_>) -> Result<(), E>,
{
    /// A player that has played nothing.
    pub fn new(emit: F) -> Self {
        Player {
            emit,
            circumstances: Circumstances::default(),
            connections: Vec::new(),
            gone: 0,
            current: None,
            keys: Keys::new(0),
            clock: BEGINNING,
            beginnings_ahead: 0,
            to_lose: 0,
            held: false,
            joining: false,
            outgoing: None,
            unsent: Vec::new(),
            packet: Vec::new(),
            streams: None,
        }
    }

    /// Plays a scenario to its end.
    ///
    /// # Errors
    /// The first error of `emit`; the player should not be used after it.
    pub fn play(&mut self, scenario: &Scenario) -> Result<(), E> {
        self.beginnings_ahead = beginnings(&scenario.steps);
        self.all(&scenario.steps)
    }

    /// Forgets the connections that were opened so far, whether they are closed or not: nothing can follow on them. So a
    /// capture of any number of connections takes no more memory than one.
    pub fn let_go(&mut self) {
        self.gone += self.connections.len();
        self.connections.clear();
        self.current = None;
    }

    /// From now on keeps what each side writes.
    pub(super) fn keep_streams(&mut self) {
        self.streams = Some(Vec::new());
    }

    /// What each side wrote, by connection.
    pub(super) fn into_streams(self) -> Vec<PerRole<Vec<u8>>> {
        self.streams.unwrap_or_default()
    }

    fn all(&mut self, steps: &[Step]) -> Result<(), E> {
        steps.iter().try_for_each(|step| self.step(step))
    }

    fn step(&mut self, step: &Step) -> Result<(), E> {
        match step {
            Step::Send { from, parts } => return self.send(*from, parts),
            // Does nothing between its steps, so it does not interrupt who writes.
            Step::Repeat { times, steps } => return (0..*times).try_for_each(|_| self.all(steps)),
            _ => self.flush()?,
        }
        match step {
            Step::Send { .. } | Step::Repeat { .. } => Ok(()),
            Step::Together(steps) => {
                let outer = std::mem::replace(&mut self.joining, true);
                self.all(steps)?;
                self.flush()?;
                self.joining = outer;
                Ok(())
            }
            Step::Crossing(steps) => {
                let outer = std::mem::replace(&mut self.held, true);
                self.all(steps)?;
                self.flush()?;
                self.held = outer;
                self.settle()
            }
            Step::Tls { server_name } => self.tls(server_name.as_deref()),
            Step::Fin(from) => self.fin(*from),
            Step::Reset(from) => {
                let index = self.open()?;
                let mut header = self.connections[index].header(*from);
                header.rst = true;
                self.packet(index, *from, header, &[])
            }
            Step::Retransmit(bytes) => self.retransmit(bytes.as_deref()),
            Step::SegmentAt { from, offset, payload } => {
                let index = self.open()?;
                let sequence_number = self.connections[index].ends[*from].next.wrapping_add_signed(*offset);
                self.data(index, *from, sequence_number, payload)
            }
            Step::KeepAlive(from) => {
                let index = self.open()?;
                let mut header = self.connections[index].header(*from);
                // RFC 9293 §3.8.4: SEG.SEQ = SND.NXT - 1.
                header.sequence_number = header.sequence_number.wrapping_sub(1);
                self.packet(index, *from, header, &[])?;
                self.acknowledge(index, from.peer())
            }
            Step::Lose => {
                self.to_lose += 1;
                Ok(())
            }
            Step::BeginMidStream => {
                self.open()?;
                self.beginnings_ahead = self.beginnings_ahead.saturating_sub(1);
                Ok(())
            }
            Step::Window(role, size) => {
                let index = self.open()?;
                self.connections[index].ends[*role].window = *size;
                Ok(())
            }
            Step::After(time) => {
                self.pass(*time);
                Ok(())
            }
            Step::SetBack(time) => {
                self.clock = self.clock.saturating_sub(nanoseconds(*time));
                Ok(())
            }
            Step::Connection { same_ports } => {
                self.settle()?;
                self.current = None;
                if !same_ports {
                    self.circumstances.move_on();
                }
                Ok(())
            }
            Step::Resume(index) => {
                self.settle()?;
                if let Some(index) = index.checked_sub(self.gone).filter(|index| *index < self.connections.len()) {
                    self.current = Some(index);
                }
                Ok(())
            }
            Step::Set(setting) => {
                if let Setting::Stream(id) = setting {
                    let index = self.open()?;
                    self.connections[index].stream = Some(*id);
                }
                self.set(*setting);
                Ok(())
            }
        }
    }

    /// Opens the current connection if it is not yet open; its index.
    fn open(&mut self) -> Result<usize, E> {
        if let Some(index) = self.current {
            return Ok(index);
        }
        let index = self.connections.len();
        let (endpoints, initial_sequence_numbers) = self.circumstances.open(self.gone + index);
        self.connections.push(Connection::new(endpoints, initial_sequence_numbers));
        self.current = Some(index);
        if let Some(streams) = &mut self.streams {
            streams.push(PerRole::default());
        }
        for from in [Role::Client, Role::Server] {
            let header = self.connections[index].syn_header(from);
            self.packet(index, from, header, &[])?;
            self.connections[index].advance(from, 1);
            self.connections[index].deliver(from);
        }
        let header = self.connections[index].header(Role::Client);
        self.packet(index, Role::Client, header, &[])?;
        Ok(index)
    }

    /// Writes the parts to the stream; sends them at once unless writes are joined.
    fn send(&mut self, from: Role, parts: &[Part]) -> Result<(), E> {
        if self.outgoing.is_some_and(|other| other != from) {
            self.flush()?;
        }
        let index = self.open()?;
        let connection = &mut self.connections[index];
        self.outgoing = Some(from);
        let written = self.unsent.len();
        for part in parts {
            let start = self.unsent.len();
            match part {
                Part::Frame(frame) => {
                    let deflater = frame.wants_deflater().then(|| {
                        let options = self.circumstances.deflate[from];
                        connection.deflaters[from].get_or_insert_with(|| Deflater::new(options))
                    });
                    frame.write(from, &mut self.keys, deflater, &mut self.unsent);
                }
                Part::Bytes(bytes) => self.unsent.extend_from_slice(bytes),
                Part::Request(request) => request.write(&mut self.keys, &mut self.unsent),
                Part::Http2(frame) => frame.write(connection.stream.unwrap_or(0), &mut self.unsent),
                Part::Response(response) => response.write(&mut self.keys, &connection.key, &mut self.unsent),
            }
            // A request by `bytes` has a key too.
            if from == Role::Client
                && matches!(part, Part::Request(_) | Part::Bytes(_))
                && let Some(key) = key_in(&self.unsent[start..])
            {
                connection.key = key.to_vec();
            }
        }
        if let Some(stream) = connection.stream
            && matches!(parts, [Part::Frame(_), ..])
        {
            http2::into_data(written, stream, self.circumstances.data_size, &mut self.unsent);
        }
        if self.joining { Ok(()) } else { self.flush() }
    }

    /// Sends what was written.
    fn flush(&mut self) -> Result<(), E> {
        let Some(from) = self.outgoing.take() else { return Ok(()) };
        let index = self.open()?;
        let mut bytes = std::mem::take(&mut self.unsent);
        if let Some(streams) = &mut self.streams {
            streams[self.gone + index][from].extend_from_slice(&bytes);
        }
        if let Some(sealers) = &mut self.connections[index].sealers {
            let mut records = Vec::new();
            sealers[from].application_data(&bytes, &mut records);
            bytes = records;
        }
        for (segment, payload) in bytes.chunks(self.circumstances.segment_size).enumerate() {
            let last = (segment + 1).saturating_mul(self.circumstances.segment_size) >= bytes.len();
            let mut header = self.connections[index].header(from);
            header.psh = last;
            self.connections[index].remember(from, header.sequence_number, payload);
            self.packet(index, from, header, payload)?;
            self.connections[index].advance(from, payload.len() as u32);
            self.arrive(index, from)?;
        }
        self.unsent = bytes;
        self.unsent.clear();
        Ok(())
    }

    /// The handshake goes over the wire like any bytes; only what follows it is sealed.
    fn tls(&mut self, server_name: Option<&str>) -> Result<(), E> {
        let index = self.open()?;
        let server = [tls::server_hello(), tls::finished(Role::Server)].concat();
        for (from, flight) in [
            (Role::Client, tls::client_hello(server_name)),
            (Role::Server, server),
            (Role::Client, tls::finished(Role::Client)),
        ] {
            self.send(from, &[Part::Bytes(flight)])?;
            self.flush()?;
        }
        self.connections[index].sealers =
            Some(PerRole { client: Sealer::of(Role::Client), server: Sealer::of(Role::Server) });
        Ok(())
    }

    fn fin(&mut self, from: Role) -> Result<(), E> {
        let index = self.open()?;
        let connection = &mut self.connections[index];
        if std::mem::replace(&mut connection.ends[from].finished, true) {
            return Ok(());
        }
        let mut header = connection.header(from);
        header.fin = true;
        self.packet(index, from, header, &[])?;
        self.connections[index].advance(from, 1);
        self.arrive(index, from)
    }

    fn retransmit(&mut self, bytes: Option<&[u8]>) -> Result<(), E> {
        let index = self.open()?;
        let Some(Sent { from, sequence_number, payload }) = self.connections[index].last.clone() else {
            return Ok(());
        };
        self.data(index, from, sequence_number, bytes.unwrap_or(&payload))?;
        self.acknowledge(index, from.peer())
    }

    /// Sends data that does not move the sender's sequence number.
    fn data(&mut self, index: usize, from: Role, sequence_number: u32, bytes: &[u8]) -> Result<(), E> {
        let mut header = self.connections[index].header(from);
        header.sequence_number = sequence_number;
        header.psh = true;
        for payload in bytes.chunks(MAX_SEGMENT) {
            self.packet(index, from, header.clone(), payload)?;
            header.sequence_number = header.sequence_number.wrapping_add(payload.len() as u32);
        }
        Ok(())
    }

    /// What `from` sent arrives and is acknowledged, unless it is held on the way.
    fn arrive(&mut self, index: usize, from: Role) -> Result<(), E> {
        if self.held {
            return Ok(());
        }
        self.connections[index].deliver(from);
        self.acknowledge(index, from.peer())
    }

    /// Whatever was held on the current connection arrives.
    fn settle(&mut self) -> Result<(), E> {
        let Some(index) = self.current else { return Ok(()) };
        let connection = &mut self.connections[index];
        let due = [Role::Server, Role::Client]
            .map(|to| (to, connection.ends[to].received != connection.ends[to.peer()].next));
        connection.deliver(Role::Client);
        connection.deliver(Role::Server);
        for (to, due) in due {
            if due && self.circumstances.acks {
                let header = self.connections[index].header(to);
                self.packet(index, to, header, &[])?;
            }
        }
        Ok(())
    }

    fn acknowledge(&mut self, index: usize, from: Role) -> Result<(), E> {
        if !self.circumstances.acks || self.held {
            return Ok(());
        }
        let header = self.connections[index].header(from);
        self.packet(index, from, header, &[])
    }

    /// Sends a packet, and captures it where nothing speaks against it.
    fn packet(&mut self, index: usize, from: Role, header: TcpHeader, payload: &[u8]) -> Result<(), E> {
        let time = Timestamp::new(self.clock);
        self.pass(PACE);
        // Written even where it is not captured: it uses up an IPv4 identification.
        let checksums = self.circumstances.checksums;
        self.connections[index].write_packet(from, header, payload, checksums, &mut self.packet);
        let lost = self.to_lose > 0 && !payload.is_empty();
        self.to_lose -= u64::from(lost);
        let elsewhere = self.circumstances.captured.is_some_and(|captured| captured != from);
        if lost || elsewhere || self.beginnings_ahead > 0 {
            return Ok(());
        }
        let captured = self.packet.len().min(self.circumstances.snaplen);
        for _ in 0..1 + u8::from(self.circumstances.twice) {
            (self.emit)(RecordedPacketRef {
                time,
                data: &self.packet[..captured],
                original_length: self.packet.len() as u32,
            })?;
        }
        Ok(())
    }

    fn pass(&mut self, time: Duration) {
        self.clock = self.clock.saturating_add(nanoseconds(time));
    }

    fn set(&mut self, setting: Setting) {
        match setting {
            Setting::Seed(seed) => self.keys = Keys::new(seed),
            Setting::ContextTakeover(role, _) | Setting::WindowBits(role, _) => self.restart_deflater(role),
            _ => {}
        }
        self.circumstances.set(setting);
    }

    fn restart_deflater(&mut self, role: Role) {
        if let Some(connection) = self.current.and_then(|index| self.connections.get_mut(index)) {
            connection.deflaters[role] = None;
        }
    }
}

fn nanoseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}
