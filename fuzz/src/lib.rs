//! What the targets share: a capture goes through the whole analysis and into a report that holds everything.

use std::io::{Cursor, sink};
use wslens::Role;
use wslens::analysis::{Analyzer, Options};
use wslens::capture::Reader;
use wslens::report::{Detail, json::Json};
use wslens::scenario::Scenario;
use wslens::tls::KeyLog;

/// Analyses the bytes of a capture file; what is no capture is no fault.
pub fn analyse(bytes: Vec<u8>) {
    analyse_with(KeyLog::new(), bytes);
}

/// Analyses the bytes of a capture file with these secrets at hand.
pub fn analyse_with(key_log: KeyLog, bytes: Vec<u8>) {
    let Ok(mut reader) = Reader::from_read("memory", Box::new(Cursor::new(bytes))) else { return };
    let mut analyzer = Analyzer::new(Options { digests: true, key_log, ..Options::default() });
    let mut report = Json::new(sink(), Detail::Full);
    analyzer.read(&mut reader, &mut report).expect("nothing is written that could fail");
    analyzer.finish(&mut report).expect("nothing is written that could fail");
}

/// Bytes that one control byte of [`speak`] can announce.
pub const PIECE: usize = 64;

/// Goes on with a conversation as the bytes say: a byte whose lowest bit is the sender, whose second one loses the
/// segment for the capture and whose others are the length; then that many bytes.
pub fn speak(mut scenario: Scenario, mut bytes: &[u8]) -> Scenario {
    while let Some((&control, rest)) = bytes.split_first() {
        let (said, rest) = rest.split_at(rest.len().min(usize::from(control >> 2) + 1));
        let from = if control & 1 == 0 { Role::Client } else { Role::Server };
        if control & 2 != 0 {
            scenario = scenario.lose();
        }
        scenario = scenario.bytes(from, said);
        bytes = rest;
    }
    scenario
}

/// Writes down for [`speak`] what was said.
pub fn write_down(from: Role, said: &[u8], out: &mut Vec<u8>) {
    for piece in said.chunks(PIECE) {
        out.push(((piece.len() - 1) as u8) << 2 | u8::from(from == Role::Server));
        out.extend_from_slice(piece);
    }
}
