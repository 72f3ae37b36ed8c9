//! What the TLS machine costs over the bare AEAD on the same records, and how fast a key log loads.

use std::hint::black_box;

use aes_gcm::Aes128Gcm;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, KeyInit};
use chacha20poly1305::ChaCha20Poly1305;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hkdf::Hkdf;
use sha2::Sha256;
use wslens::capture::PacketRef;
use wslens::tcp::{Chunk, Delivery, Side};
use wslens::tls::{KeyLog, Session};

const RANDOM: [u8; 32] = [7; 32];
const SECRET: [u8; 32] = [9; 32];
const TOTAL: usize = 4 << 20;

/// HKDF-Expand-Label (RFC 8446 §7.1), written a second time so that the records do not come from what is measured.
fn expand<const N: usize>(label: &str) -> [u8; N] {
    let mut info = vec![0, N as u8, 6 + label.len() as u8];
    info.extend_from_slice(b"tls13 ");
    info.extend_from_slice(label.as_bytes());
    info.push(0);
    let mut out = [0; N];
    Hkdf::<Sha256>::from_prk(&SECRET).unwrap().expand(&info, &mut out).unwrap();
    out
}

fn nonce(iv: [u8; 12], sequence: u64) -> [u8; 12] {
    let mut nonce = iv;
    for (byte, mask) in nonce[4..].iter_mut().zip(sequence.to_be_bytes()) {
        *byte ^= mask;
    }
    nonce
}

/// A record of each message of `kind` with `body`.
fn hello(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = body.len() as u16;
    let mut record = vec![22, 3, 3];
    record.extend_from_slice(&(length + 4).to_be_bytes());
    record.extend_from_slice(&[kind, 0]);
    record.extend_from_slice(&length.to_be_bytes());
    record.extend_from_slice(body);
    record
}

/// TLS 1.3 records of application data, `size` bytes each.
fn records<A>(cipher: &A, size: usize) -> Vec<Vec<u8>>
where
    A: AeadInOut<NonceSize = aes_gcm::aead::consts::U12>,
{
    let iv = expand::<12>("iv");
    (0..(TOTAL / size) as u64)
        .map(|sequence| {
            let length = (size + 17) as u16;
            let mut record = vec![23, 3, 3];
            record.extend_from_slice(&length.to_be_bytes());
            record.resize(5 + size, 0x5A);
            record.push(23);
            let (header, content) = record.split_at_mut(5);
            let tag =
                cipher.encrypt_inout_detached(&nonce(iv, sequence).into(), header, InOutBuf::from(content)).unwrap();
            record.extend_from_slice(&tag);
            record
        })
        .collect()
}

fn bare<A>(cipher: &A, records: &[Vec<u8>], out: &mut [u8])
where
    A: AeadInOut<NonceSize = aes_gcm::aead::consts::U12, TagSize = aes_gcm::aead::consts::U16>,
{
    let iv = expand::<12>("iv");
    for (sequence, record) in records.iter().enumerate() {
        let (header, sealed) = record.split_at(5);
        let (ciphertext, tag) = sealed.split_at(sealed.len() - 16);
        let buffer = InOutBuf::new(ciphertext, &mut out[..ciphertext.len()]).unwrap();
        let tag: [u8; 16] = tag.try_into().unwrap();
        cipher.decrypt_inout_detached(&nonce(iv, sequence as u64).into(), header, buffer, &tag.into()).unwrap();
    }
}

/// A session that is past its handshake, which only the secret of the application data opens.
fn session(suite: u16, keys: &KeyLog) -> Session {
    let packet = PacketRef { number: 1, time: None, file_offset: 0 };
    let mut session = Session::new(1 << 20);
    let mut client = vec![3, 3];
    client.extend_from_slice(&RANDOM);
    client.extend_from_slice(&[0, 0, 2, 0x13, 1, 1, 0]);
    let mut server = vec![3, 3];
    server.extend_from_slice(&[8; 32]);
    server.push(0);
    server.extend_from_slice(&suite.to_be_bytes());
    // No compression; supported_versions: TLS 1.3.
    server.extend_from_slice(&[0, 0, 6, 0, 43, 0, 2, 3, 4]);
    for (side, bytes) in [(Side::First, hello(1, &client)), (Side::Second, hello(2, &server))] {
        let chunk = Chunk { offset: 0, bytes: &bytes, packet, acknowledged: None };
        session.deliver(side, &Delivery::Data(chunk), keys, &mut |_, _| {});
    }
    session
}

fn through(suite: u16, keys: &KeyLog, stream: &[u8], cut: usize) -> u64 {
    let packet = PacketRef { number: 1, time: None, file_offset: 0 };
    let mut session = session(suite, keys);
    let (mut offset, mut opened) = (1000, 0);
    for bytes in stream.chunks(cut) {
        let chunk = Chunk { offset, bytes, packet, acknowledged: None };
        session.deliver(Side::Second, &Delivery::Data(chunk), keys, &mut |_, delivery| {
            if let Delivery::Data(chunk) = delivery {
                opened += black_box(chunk.bytes).len() as u64;
            }
        });
        offset += bytes.len() as u64;
    }
    opened
}

fn compare<A>(criterion: &mut Criterion, name: &str, suite: u16, cipher: &A)
where
    A: AeadInOut<NonceSize = aes_gcm::aead::consts::U12, TagSize = aes_gcm::aead::consts::U16>,
{
    let mut keys = KeyLog::new();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    keys.add(format!("SERVER_TRAFFIC_SECRET_0 {} {}\n", hex(&RANDOM), hex(&SECRET)).as_bytes());
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(TOTAL as u64)).sample_size(20);
    for size in [128, 1024, 16384] {
        let records = records(cipher, size);
        let stream = records.concat();
        let mut out = vec![0; size + 1];
        assert_eq!(through(suite, &keys, &stream, 1460), TOTAL as u64);
        group.bench_function(BenchmarkId::new("aead alone", size), |bencher| {
            bencher.iter(|| bare(cipher, &records, &mut out));
        });
        for cut in [1460, 65536] {
            group.bench_function(BenchmarkId::new(format!("session, segments of {cut}"), size), |bencher| {
                bencher.iter(|| through(suite, &keys, &stream, cut));
            });
        }
    }
}

fn ciphers(criterion: &mut Criterion) {
    let key = expand::<16>("key");
    compare(criterion, "aes128gcm", 0x1301, &Aes128Gcm::new_from_slice(&key).unwrap());
    let key = expand::<32>("key");
    compare(criterion, "chacha20poly1305", 0x1303, &ChaCha20Poly1305::new_from_slice(&key).unwrap());
}

fn key_log(criterion: &mut Criterion) {
    const LINES: u64 = 1_000_000;
    let mut text = String::new();
    for line in 0..LINES {
        // A browser writes four or five lines for a connection.
        let label = ["CLIENT_HANDSHAKE", "SERVER_HANDSHAKE", "CLIENT", "SERVER"][(line % 4) as usize];
        let number = if line % 4 < 2 { "" } else { "_0" };
        let random = (line / 4).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        text += &format!("{label}_TRAFFIC_SECRET{number} {random:064x} {line:064x}\n");
    }
    let mut group = criterion.benchmark_group("key log");
    group.throughput(Throughput::Elements(LINES)).sample_size(10);
    group.bench_function("a million lines", |bencher| {
        bencher.iter(|| assert_eq!(KeyLog::new().add(black_box(text.as_bytes())).kept, LINES));
    });
}

criterion_group!(benches, ciphers, key_log);
criterion_main!(benches);
