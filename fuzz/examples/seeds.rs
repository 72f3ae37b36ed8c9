//! Writes the corpora of `conversation`, `tls` and `http2` from the captures in testdata: what was said in them, in the form
//! that each target reads. Takes nothing, gives `fuzz/corpus/TARGET/CAPTURE-CONNECTION`.

#[path = "../../tests/common/tcp_streams.rs"]
mod tcp_streams;

use std::fs;
use std::path::{Path, PathBuf};
use tcp_streams::tcp_streams;
use wslens::Role;
use wslens::capture::Reader;
use wslens::tcp::{Delivery, Side};
use wslens::tls::{KeyLog, Session};

/// Longer conversations make a fuzzer slow, and what is said late in them has been said before.
const LONGEST: usize = 16 << 10;

/// What one side said at a time.
type Said = (Role, Vec<u8>);

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["", "gallery", "h2", "tls"] {
        for entry in fs::read_dir(root.join("../testdata").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "pcap") {
                continue;
            }
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let keys = fs::read(path.with_extension("keys")).unwrap_or_default();
            for (at, said) in conversations(&path, None).into_iter().enumerate() {
                let name = format!("{name}-{at}");
                if keys.is_empty() {
                    write(root, "conversation", &name, &spoken(&said));
                } else {
                    write(root, "tls", &name, &[&keys, &b"\0"[..], &spoken(&said)].concat());
                }
            }
            for (at, said) in conversations(&path, Some(&keys)).into_iter().enumerate() {
                if said.first().is_some_and(|(_, bytes)| bytes.starts_with(b"PRI ") || bytes.starts_with(&[0, 0])) {
                    write(root, "http2", &format!("{name}-{at}"), &frames(&said));
                }
            }
        }
    }
}

fn write(root: &Path, target: &str, name: &str, bytes: &[u8]) {
    let folder: PathBuf = root.join("corpus").join(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
}

/// What was said on each TCP connection; with `keys`, what was said inside of TLS where there is TLS.
fn conversations(path: &Path, keys: Option<&[u8]>) -> Vec<Vec<Said>> {
    let mut key_log = KeyLog::new();
    key_log.add(keys.unwrap_or_default());
    let is_tls = keys.is_some_and(|keys| !keys.is_empty());
    let new = |_| (Session::new(1 << 20), Vec::<Said>::new());
    let streams = tcp_streams(Reader::open(path).unwrap(), new, |(session, said), side, delivery| {
        let mut say = |side, delivery: &Delivery<'_>| {
            if let Delivery::Data(chunk) = delivery {
                said.push((if side == Side::First { Role::Client } else { Role::Server }, chunk.bytes.to_vec()));
            }
        };
        match is_tls {
            true => session.deliver(side, delivery, &key_log, &mut |side, delivery| say(side, &delivery)),
            false => say(side, delivery),
        }
    });
    streams.into_iter().map(|(_, said)| said).filter(|said| !said.is_empty()).collect()
}

/// For [`wslens_fuzz::speak`].
fn spoken(said: &[Said]) -> Vec<u8> {
    let mut out = Vec::new();
    for (from, bytes) in said {
        if out.len() > LONGEST {
            break;
        }
        wslens_fuzz::write_down(*from, bytes, &mut out);
    }
    out
}

/// For the target `http2`: frame by frame, the preface left out, payload cut to what a byte can count.
fn frames(said: &[Said]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut streams = [Vec::new(), Vec::new()];
    for (from, bytes) in said {
        let stream: &mut Vec<u8> = &mut streams[usize::from(*from == Role::Server)];
        stream.extend_from_slice(bytes.strip_prefix(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap_or(bytes));
        while let Some(&[a, b, c, kind, flags, _, _, _, id]) = stream.first_chunk::<9>() {
            let end = 9 + u32::from_be_bytes([0, a, b, c]) as usize;
            let Some(payload) = stream.get(9..end) else { break };
            let payload = &payload[..payload.len().min(0xFF)];
            if out.len() < LONGEST {
                out.extend([u8::from(*from == Role::Server), kind, flags, id, payload.len() as u8]);
                out.extend_from_slice(payload);
            }
            stream.drain(..end);
        }
    }
    out
}
