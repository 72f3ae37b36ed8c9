//! What the tests share: where captures are, and a sink that remembers what it was told.
#![allow(dead_code)]

pub mod tcp_streams;
pub mod wire;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use wslens::Role;
use wslens::analysis::{Analyzer, CaptureSummary, Connection, ConnectionEnd, Options, Sink};
use wslens::capture::Reader;
use wslens::rules::{Finding, Reaction};
use wslens::scenario::Scenario;
use wslens::websocket::{Frame, Message};

/// The path of a file in testdata.
pub fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

/// Runs the program where the captures are, so that their paths are relative.
pub fn wslens(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wslens"));
    command.current_dir(testdata("")).env("NO_COLOR", "1").env_remove("SSLKEYLOGFILE").args(arguments).output().unwrap()
}

/// A path for a file that is gone at the end of the test. No other test of the same program may take the name.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Scratch {
        Scratch(std::env::temp_dir().join(format!("wslens-{}-{}", std::process::id(), name.replace('/', "-"))))
    }

    pub fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Remembers what an analysis tells.
#[derive(Default)]
pub struct Recorder {
    pub endpoints: BTreeMap<u64, (String, String)>,
    pub statuses: Vec<Option<u16>>,
    pub frames: Vec<SeenFrame>,
    pub messages: Vec<SeenMessage>,
    pub findings: Vec<(Option<u64>, Finding)>,
    pub reactions: Vec<(u64, Reaction)>,
    pub ends: BTreeMap<u64, ConnectionEnd>,
    pub captures: Vec<CaptureSummary>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SeenFrame {
    pub connection: u64,
    pub sender: Role,
    /// Packet, source, destination, FIN, RSV, opcode, mask, payload length: what tshark shows.
    pub row: (u64, String, String, bool, u8, u8, bool, u64),
    pub stream_offset: u64,
    /// All of it went by; `false` where the stream ended inside it.
    pub complete: bool,
    pub payload: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SeenMessage {
    pub connection: u64,
    pub sender: Role,
    pub frames: u64,
    pub length: Option<u64>,
    pub complete: bool,
    pub payload: Vec<u8>,
    pub sha256: Option<[u8; 32]>,
}

impl Recorder {
    /// Reads a capture file to its end.
    pub fn read(path: &Path) -> Recorder {
        Recorder::run(Reader::open(path).unwrap(), Options::default())
    }

    /// Reads a scenario's capture.
    pub fn play(scenario: &Scenario) -> Recorder {
        Recorder::bytes(scenario.pcapng_bytes())
    }

    /// Reads a capture in memory.
    pub fn bytes(bytes: Vec<u8>) -> Recorder {
        Recorder::run(Reader::from_read("memory", Box::new(io::Cursor::new(bytes))).unwrap(), Options::default())
    }

    /// Reads a scenario's capture, and judges what is judged only where somebody asks for it, too.
    pub fn play_all(scenario: &Scenario) -> Recorder {
        let reader = Reader::from_read("memory", Box::new(io::Cursor::new(scenario.pcapng_bytes()))).unwrap();
        Recorder::run(reader, Options { opt_in: true, ..Options::default() })
    }

    /// Reads with options.
    pub fn run(mut reader: Reader, options: Options) -> Recorder {
        let mut recorder = Recorder::default();
        let mut analyzer = Analyzer::new(options);
        analyzer.read(&mut reader, &mut recorder).unwrap();
        analyzer.finish(&mut recorder).unwrap();
        recorder
    }

    /// The ids of the rules that were broken, in order.
    pub fn rules(&self) -> Vec<&'static str> {
        self.findings.iter().map(|(_, finding)| finding.rule.id).collect()
    }

    /// The findings of one rule.
    pub fn of(&self, rule: &str) -> Vec<&Finding> {
        self.findings.iter().map(|(_, finding)| finding).filter(|finding| finding.rule.id == rule).collect()
    }
}

impl Sink for Recorder {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        let ends = (connection.client.to_string(), connection.server.to_string());
        self.endpoints.insert(connection.id, ends);
        let response = connection.handshake.and_then(|handshake| handshake.attempt.response.as_ref());
        self.statuses.push(response.map(|response| response.line.status));
        Ok(())
    }

    fn frame(&mut self, id: u64, frame: &Frame<'_>) -> io::Result<()> {
        let (client, server) = self.endpoints[&id].clone();
        let (source, destination) = match frame.sender {
            Role::Client => (client, server),
            Role::Server => (server, client),
        };
        let header = &frame.header;
        self.frames.push(SeenFrame {
            connection: id,
            sender: frame.sender,
            row: (
                frame.last_packet.number(),
                source,
                destination,
                header.fin,
                header.rsv(),
                header.opcode.0,
                header.masking_key.is_some(),
                header.payload_length,
            ),
            stream_offset: frame.stream_offset,
            complete: frame.complete,
            payload: frame.payload.to_vec(),
        });
        Ok(())
    }

    fn message(&mut self, id: u64, message: &Message<'_>) -> io::Result<()> {
        self.messages.push(SeenMessage {
            connection: id,
            sender: message.sender,
            frames: message.frames,
            length: message.length,
            complete: message.complete,
            payload: message.payload.to_vec(),
            sha256: message.sha256,
        });
        Ok(())
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        self.findings.push((id, finding.clone()));
        Ok(())
    }

    fn reaction(&mut self, id: u64, reaction: &Reaction) -> io::Result<()> {
        let follows = |(connection, finding): &(Option<u64>, Finding)| {
            *connection == Some(id) && finding.index == Some(reaction.finding) && finding.reaction_follows
        };
        assert!(self.findings.iter().any(follows), "{reaction} was not announced");
        self.reactions.push((id, reaction.clone()));
        Ok(())
    }

    fn connection_end(&mut self, id: u64, end: &ConnectionEnd) -> io::Result<()> {
        self.ends.insert(id, end.clone());
        Ok(())
    }

    fn capture(&mut self, capture: &CaptureSummary) -> io::Result<()> {
        self.captures.push(capture.clone());
        Ok(())
    }
}
