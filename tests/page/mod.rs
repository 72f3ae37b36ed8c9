//! Pages for the tests: of the captures in `testdata`, of a hostile conversation, of more frames than a page can hold.

// Each test file uses some of it.
#![allow(dead_code)]

use std::io::Cursor;
use std::path::Path;
use std::process::Command;
use wslens::analysis::{Analyzer, Connection, ConnectionEnd, Options, Sink, Summary, Transport};
use wslens::capture::{PacketRef, Reader, Timestamp};
use wslens::packet::Endpoint;
use wslens::report::Paths;
use wslens::report::html::Html;
use wslens::rules::{self, Finding};
use wslens::scenario::{Scenario, close, continuation, deflated_text, frame, ping, pong, text};
use wslens::websocket::{Closing, Frame, FrameHeader, LengthForm, Opcode, Stats, TcpEnd};
use wslens::{PerRole, Role};

/// What a hostile peer would like to be taken for markup, or for script.
pub const HOSTILE: &str = "</script><script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)>\
    <!--<a href=\"javascript:alert(1)\">'\"&lt;</title></h1>\u{202e}\u{2028}";

/// A hostile file name.
const FILE: &str = "<img src=x onerror=alert(1)>.pcap";

/// What the program prints, run where the captures are.
pub fn wslens(arguments: &[&str]) -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let output = Command::new(env!("CARGO_BIN_EXE_wslens")).current_dir(directory).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The page of a scenario, from a file with a hostile name.
pub fn analysed(scenario: &Scenario) -> String {
    let mut page = Vec::new();
    let mut html = Html::new(&mut page, Paths::new(vec![FILE.to_owned()].into()));
    let mut reader = Reader::from_read(FILE, Box::new(Cursor::new(scenario.pcapng_bytes()))).unwrap();
    let mut analyzer = Analyzer::new(Options { payload_bytes: 1000, ..Options::default() });
    analyzer.read(&mut reader, &mut html).unwrap();
    analyzer.finish(&mut html).unwrap();
    String::from_utf8(page).unwrap()
}

/// A conversation in which everything a peer may choose is [`HOSTILE`].
pub fn hostile() -> Scenario {
    let header = HOSTILE.replace(['\u{202e}', '\u{2028}'], "");
    let target = format!("/{}", header.replace([' ', '"'], "+"));
    let reason = "<img src=x onerror=alert(1)></script>";
    Scenario::new()
        .handshake_with(
            |request| {
                let request = request.target(&target).header("X-Hostile", header.as_str());
                request.header("Sec-WebSocket-Extensions", "permessage-deflate").header("Origin", header.as_str())
            },
            |response| {
                let response = response.status(101, reason).header("Server", header.as_str());
                response.header("Sec-WebSocket-Extensions", "permessage-deflate")
            },
        )
        .client(text(HOSTILE))
        .server(deflated_text(HOSTILE))
        .client(text(HOSTILE).unmasked())
        .server(continuation(HOSTILE))
        .server(ping(&HOSTILE.as_bytes()[..100]))
        .client(pong(&HOSTILE.as_bytes()[..100]))
        .server(frame(Opcode(0xB), &HOSTILE.as_bytes()[..100]))
        .server(frame(Opcode::TEXT, [HOSTILE.as_bytes(), b"\xff"].concat()))
        .client(close(1000, reason))
        .server(close(4000, reason))
        .fin(Role::Server)
}

/// The page of a connection with this many frames of `length` bytes, one of them with a finding in the middle. It is told
/// to the sink without a capture, which would be large.
pub fn long(frames: u64, length: u64) -> String {
    let mut page = Vec::new();
    let mut html = Html::new(&mut page, Paths::default());
    tell(&mut html, frames, length).unwrap();
    drop(html);
    String::from_utf8(page).unwrap()
}

fn packet(number: u64) -> PacketRef {
    let time = 1_700_000_000_000_000_000 + i64::try_from(number).unwrap() * 137_000;
    PacketRef::new(number + 1, Some(Timestamp::new(time)), 0, 60)
}

fn tell(sink: &mut dyn Sink, frames: u64, length: u64) -> std::io::Result<()> {
    let end = |port| Endpoint { ip: [192, 0, 2, 1].into(), port };
    sink.connection(&Connection {
        id: 0,
        capture: 0,
        transport: Transport::Tcp,
        tls: None,
        client: end(50_000),
        server: end(80),
        first_packet: packet(0),
        handshake: None,
    })?;
    for index in 0..frames {
        let client = index % 3 == 0;
        let payload: Vec<u8> =
            format!("frame {index} ").bytes().cycle().take(usize::try_from(length).unwrap()).collect();
        sink.frame(
            0,
            &Frame {
                index,
                sender: if client { Role::Client } else { Role::Server },
                header: FrameHeader {
                    fin: true,
                    rsv1: false,
                    rsv2: false,
                    rsv3: false,
                    opcode: Opcode::TEXT,
                    masking_key: client.then(|| (index as u32).wrapping_mul(2_654_435_761).to_be_bytes()),
                    length_form: LengthForm::shortest(length),
                    payload_length: length,
                },
                header_bytes: &[],
                stream_offset: index * (length + 8),
                packet: packet(index),
                last_packet: packet(index),
                acknowledged: None,
                captured_length: length,
                complete: true,
                payload: &payload,
                message: Some(index),
                inside_message: Some(false),
                end_offset: (index + 1) * (length + 8),
                pong: None,
                after_gap: false,
            },
        )?;
        if index == frames / 2 {
            let rule = rules::find("frame-client-unmasked").unwrap();
            let finding = Finding { frame: Some(index), ..Finding::new(rule, Some(Role::Client), "in the middle") };
            sink.finding(Some(0), &finding)?;
        }
    }
    let closing = Closing {
        by: None,
        frames: Default::default(),
        clean: false,
        tcp_end: TcpEnd::Open,
        outcomes: PerRole::default(),
    };
    let mut stats = Stats::default();
    (stats.sent.client.frames, stats.sent.server.frames) = (frames.div_ceil(3), frames - frames.div_ceil(3));
    sink.connection_end(0, &ConnectionEnd { last_packet: packet(frames), closing, stats })?;
    sink.summary(&Summary { connections: 1, frames, errors: 1, ..Summary::default() })
}
