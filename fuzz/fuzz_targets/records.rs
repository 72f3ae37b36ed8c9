//! Any contents of records that open: TLS 1.3 under secrets that the key log has, behind both hellos.
//!
//! A record is written as a control byte for its sender (1), its loss for the capture (2), its content type (4 and 8), the
//! keys of the handshake instead of those of application data (16), a byte in it that is wrong (32) and no protection at
//! all (64), then the length of its content and the content.
#![no_main]

use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};
use hkdf::Hkdf;
use sha2::Sha256;
use wslens::Role;
use wslens::scenario::Scenario;
use wslens::tls::KeyLog;

/// Secrets by the lowest bit (the sender) and the next one (the handshake's).
const SECRETS: [[u8; 32]; 4] = [[1; 32], [2; 32], [3; 32], [4; 32]];
const LABELS: [&str; 4] = [
    "CLIENT_TRAFFIC_SECRET_0",
    "SERVER_TRAFFIC_SECRET_0",
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET",
];

fn expand<const N: usize>(secret: &[u8; 32], label: &str) -> [u8; N] {
    let info = [&[0, N as u8, 6 + label.len() as u8][..], b"tls13 ", label.as_bytes(), &[0]].concat();
    let mut out = [0; N];
    Hkdf::<Sha256>::from_prk(secret).unwrap().expand(&info, &mut out).unwrap();
    out
}

fn seal(secret: &[u8; 32], sequence: u64, content: &[u8], content_type: u8) -> Vec<u8> {
    let mut nonce: [u8; 12] = expand(secret, "iv");
    for (byte, mask) in nonce[4..].iter_mut().zip(sequence.to_be_bytes()) {
        *byte ^= mask;
    }
    let mut body = [content, &[content_type]].concat();
    let header = [&[23, 3, 3], &(body.len() as u16 + 16).to_be_bytes()[..]].concat();
    let cipher = Aes128Gcm::new(&expand::<16>(secret, "key").into());
    let tag = cipher.encrypt_inout_detached(&nonce.into(), &header, body.as_mut_slice().into()).unwrap();
    [&header[..], &body, &tag].concat()
}

fn hello(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = body.len() as u8;
    [&[22, 3, 3, 0, length + 4, kind, 0, 0, length], body].concat()
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut key_log = KeyLog::new();
    for (label, secret) in LABELS.iter().zip(SECRETS) {
        let hex = |bytes: [u8; 32]| bytes.map(|byte| format!("{byte:02x}")).concat();
        key_log.add(format!("{label} {} {}\n", hex([7; 32]), hex(secret)).as_bytes());
    }
    let client = [&[3, 3], &[7; 32][..], &[0, 0, 2, 0x13, 1, 1, 0]].concat();
    let server = [&[3, 3], &[8; 32][..], &[0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4]].concat();
    let mut scenario = Scenario::new().bytes(Role::Client, hello(1, &client)).bytes(Role::Server, hello(2, &server));
    let (mut rest, mut sequences) = (bytes, [0; 4]);
    while let Some((&[control, length], after)) = rest.split_first_chunk() {
        let (content, after) = after.split_at(after.len().min(usize::from(length)));
        let content_type = 20 + (control >> 2 & 3);
        let which = usize::from(control & 1 | control >> 3 & 2);
        let mut record = match control & 64 {
            0 => seal(&SECRETS[which], sequences[which], content, content_type),
            _ => [&[content_type, 3, 3, 0, content.len() as u8], content].concat(),
        };
        sequences[which] += u64::from(control & 64 == 0);
        if control & 32 != 0 {
            let last = record.len() - 1;
            record[last] ^= 1;
        }
        if control & 2 != 0 {
            scenario = scenario.lose();
        }
        scenario = scenario.bytes(if control & 1 == 0 { Role::Client } else { Role::Server }, record);
        rest = after;
    }
    wslens_fuzz::analyse_with(key_log, scenario.pcapng_bytes());
});
