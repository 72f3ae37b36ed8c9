//! What the TLS machine costs over the bare crypto crates on the same records, and how fast a key log loads.

use std::hint::black_box;

use aes::cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit};
use aes::{Aes128, Aes256};
use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, KeyInit, Tag};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use ccm::Ccm;
use chacha20poly1305::ChaCha20Poly1305;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384};
use wslens::capture::PacketRef;
use wslens::tcp::{Chunk, Delivery, Side};
use wslens::tls::{KeyLog, Session};

const CLIENT_RANDOM: [u8; 32] = [7; 32];
const SERVER_RANDOM: [u8; 32] = [8; 32];
/// A traffic secret of TLS 1.3 is its first 32 or 48 bytes, a master secret of TLS 1.2 all.
const SECRET: [u8; 48] = [9; 48];
const TOTAL: usize = 4 << 20;
const APPLICATION_DATA: u8 = 23;

/// A suite written a second time, so that the records do not come from what is measured, and the measure is what
/// its crate can do alone: keys made once, no copy of the record.
trait Suite {
    /// The body of record `sequence` with `content`, whose header begins with `kind`.
    fn seal(&self, sequence: u64, kind: [u8; 3], content: &[u8]) -> Vec<u8>;

    /// Authenticates and decrypts a whole record into `out`.
    fn open(&self, sequence: u64, record: &[u8], out: &mut [u8]);
}

/// TLS 1.3 (RFC 8446 §5.2).
struct Aead<A> {
    cipher: A,
    iv: [u8; 12],
}

impl<A> Aead<A> {
    fn nonce(&self, sequence: u64) -> [u8; 12] {
        let mut nonce = self.iv;
        for (byte, mask) in nonce[4..].iter_mut().zip(sequence.to_be_bytes()) {
            *byte ^= mask;
        }
        nonce
    }
}

impl<A: AeadInOut<NonceSize = U12>> Suite for Aead<A> {
    fn seal(&self, sequence: u64, kind: [u8; 3], content: &[u8]) -> Vec<u8> {
        let mut body = [content, &[APPLICATION_DATA]].concat();
        let length = (body.len() + size_of::<Tag<A>>()) as u16;
        let header = [&kind[..], &length.to_be_bytes()].concat();
        let nonce = self.nonce(sequence).into();
        let tag = self.cipher.encrypt_inout_detached(&nonce, &header, InOutBuf::from(&mut body[..])).unwrap();
        body.extend_from_slice(&tag);
        body
    }

    fn open(&self, sequence: u64, record: &[u8], out: &mut [u8]) {
        let (header, sealed) = record.split_at(5);
        let (ciphertext, tag) = sealed.split_at(sealed.len() - size_of::<Tag<A>>());
        let buffer = InOutBuf::new(ciphertext, &mut out[..ciphertext.len()]).unwrap();
        let tag = <&Tag<A>>::try_from(tag).unwrap();
        self.cipher.decrypt_inout_detached(&self.nonce(sequence).into(), header, buffer, tag).unwrap();
    }
}

/// AES-CBC of TLS 1.2, MAC-then-encrypt (RFC 5246 §6.2.3.2) or encrypt-then-MAC (RFC 7366 §3).
struct Cbc<C, M> {
    cipher: C,
    mac: M,
    encrypt_then_mac: bool,
}

/// The record's IV. Any will do: a reader has no say in it.
const IV: [u8; 16] = [6; 16];

impl<C, M> Cbc<C, M>
where
    C: BlockCipherEncrypt<BlockSize = U16> + BlockCipherDecrypt<BlockSize = U16>,
    M: Mac + Clone,
{
    fn mac(&self, sequence: u64, kind: &[u8], covered: &[u8]) -> M {
        let mut mac = self.mac.clone();
        mac.update(&sequence.to_be_bytes());
        mac.update(kind);
        mac.update(&(covered.len() as u16).to_be_bytes());
        mac.update(covered);
        mac
    }
}

impl<C, M> Suite for Cbc<C, M>
where
    C: BlockCipherEncrypt<BlockSize = U16> + BlockCipherDecrypt<BlockSize = U16>,
    M: Mac + Clone,
{
    fn seal(&self, sequence: u64, kind: [u8; 3], content: &[u8]) -> Vec<u8> {
        let mut blocks = content.to_vec();
        if !self.encrypt_then_mac {
            blocks.extend_from_slice(&self.mac(sequence, &kind, content).finalize().into_bytes());
        }
        let padding = 15 - blocks.len() % 16;
        blocks.resize(blocks.len() + padding + 1, padding as u8);
        cbc::Encryptor::<&C>::inner_iv_init(&self.cipher, &IV.into())
            .encrypt_blocks(Block::<C>::slice_as_chunks_mut(&mut blocks).0);
        let mut body = [&IV[..], &blocks].concat();
        if self.encrypt_then_mac {
            let mac = self.mac(sequence, &kind, &body).finalize().into_bytes();
            body.extend_from_slice(&mac);
        }
        body
    }

    fn open(&self, sequence: u64, record: &[u8], out: &mut [u8]) {
        let (header, body) = record.split_at(5);
        let mac_length = M::output_size();
        let mut sealed = body;
        if self.encrypt_then_mac {
            let (covered, tag) = body.split_at(body.len() - mac_length);
            self.mac(sequence, &header[..3], covered).verify_slice(tag).unwrap();
            sealed = covered;
        }
        let (iv, sealed) = sealed.split_first_chunk::<16>().unwrap();
        let out = &mut out[..sealed.len()];
        cbc::Decryptor::<&C>::inner_iv_init(&self.cipher, &(*iv).into())
            .decrypt_blocks_b2b(Block::<C>::slice_as_chunks(sealed).0, Block::<C>::slice_as_chunks_mut(out).0)
            .unwrap();
        if !self.encrypt_then_mac {
            let end = out.len() - 1 - usize::from(out[out.len() - 1]);
            let (content, tag) = out[..end].split_at(end - mac_length);
            self.mac(sequence, &header[..3], content).verify_slice(tag).unwrap();
        }
    }
}

/// HKDF-Expand-Label (RFC 8446 §7.1).
fn expand<const N: usize>(long: bool, label: &str) -> [u8; N] {
    let mut info = vec![0, N as u8, 6 + label.len() as u8];
    info.extend_from_slice(b"tls13 ");
    info.extend_from_slice(label.as_bytes());
    info.push(0);
    let mut out = [0; N];
    match long {
        true => Hkdf::<Sha384>::from_prk(&SECRET).unwrap().expand(&info, &mut out).unwrap(),
        false => Hkdf::<Sha256>::from_prk(&SECRET[..32]).unwrap().expand(&info, &mut out).unwrap(),
    }
    out
}

/// The server's MAC key and key of TLS 1.2 (RFC 5246 §5 and §6.3).
fn key_block<P: Mac + KeyInit>(mac_length: usize, key_length: usize) -> (Vec<u8>, Vec<u8>) {
    let prf = |parts: &[&[u8]]| {
        let mut mac = <P as KeyInit>::new_from_slice(&SECRET).unwrap();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().to_vec()
    };
    let seed = [b"key expansion", &SERVER_RANDOM[..], &CLIENT_RANDOM].concat();
    let (mut a, mut block) = (seed.clone(), Vec::new());
    while block.len() < 2 * (mac_length + key_length) {
        a = prf(&[&a]);
        block.extend(prf(&[&a, &seed]));
    }
    let key = 2 * mac_length + key_length;
    (block[mac_length..2 * mac_length].to_vec(), block[key..key + key_length].to_vec())
}

/// A record with one handshake message.
fn hello(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = body.len() as u16;
    let mut record = vec![22, 3, 3];
    record.extend_from_slice(&(length + 4).to_be_bytes());
    record.extend_from_slice(&[kind, 0]);
    record.extend_from_slice(&length.to_be_bytes());
    record.extend_from_slice(body);
    record
}

/// A session that is past its handshake, which only the secret of the application data opens.
fn session(suite: u16, encrypt_then_mac: bool, keys: &KeyLog) -> Session {
    let packet = PacketRef::new(1, None, 0, 0);
    let mut session = Session::new(1 << 20);
    let client = [&[3, 3], &CLIENT_RANDOM[..], &[0, 0, 2], &suite.to_be_bytes(), &[1, 0]].concat();
    let extensions: &[u8] = match (suite >> 8, encrypt_then_mac) {
        // supported_versions: TLS 1.3.
        (0x13, _) => &[0, 6, 0, 43, 0, 2, 3, 4],
        (_, true) => &[0, 4, 0, 22, 0, 0],
        (_, false) => &[],
    };
    let server = [&[3, 3], &SERVER_RANDOM[..], &[0], &suite.to_be_bytes(), &[0], extensions].concat();
    let change_cipher_spec = if suite >> 8 == 0x13 { &[][..] } else { &[20, 3, 3, 0, 1, 1] };
    let server = [&hello(2, &server), change_cipher_spec].concat();
    for (side, bytes) in [(Side::First, hello(1, &client)), (Side::Second, server)] {
        let chunk = Chunk { offset: 0, bytes: &bytes, packet, acknowledged: None };
        session.deliver(side, &Delivery::Data(chunk), keys, &mut |_, _| {});
    }
    session
}

fn through(mut session: Session, keys: &KeyLog, stream: &[u8], cut: usize) -> u64 {
    let packet = PacketRef::new(1, None, 0, 0);
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

fn compare(criterion: &mut Criterion, name: &str, number: u16, encrypt_then_mac: bool, suite: &dyn Suite) {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let line = match number {
        0x1302 => format!("SERVER_TRAFFIC_SECRET_0 {} {}\n", hex(&CLIENT_RANDOM), hex(&SECRET)),
        0x1300..=0x13FF => format!("SERVER_TRAFFIC_SECRET_0 {} {}\n", hex(&CLIENT_RANDOM), hex(&SECRET[..32])),
        _ => format!("CLIENT_RANDOM {} {}\n", hex(&CLIENT_RANDOM), hex(&SECRET)),
    };
    let mut keys = KeyLog::new();
    keys.add(line.as_bytes());
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(TOTAL as u64)).sample_size(20);
    for size in [128, 1024, 16384] {
        let content = vec![0x5A; size];
        let records: Vec<Vec<u8>> = (0..(TOTAL / size) as u64)
            .map(|sequence| {
                let body = suite.seal(sequence, [APPLICATION_DATA, 3, 3], &content);
                [&[APPLICATION_DATA, 3, 3], &(body.len() as u16).to_be_bytes()[..], &body].concat()
            })
            .collect();
        let stream = records.concat();
        let mut out = vec![0; records[0].len()];
        let open = || session(number, encrypt_then_mac, &keys);
        assert_eq!(through(open(), &keys, &stream, 1460), TOTAL as u64);
        group.bench_function(BenchmarkId::new("crate alone", size), |bencher| {
            bencher.iter(|| {
                for (sequence, record) in records.iter().enumerate() {
                    suite.open(sequence as u64, record, &mut out);
                }
            });
        });
        for cut in [1460, 65536] {
            group.bench_function(BenchmarkId::new(format!("session, segments of {cut}"), size), |bencher| {
                bencher.iter(|| through(open(), &keys, &stream, cut));
            });
        }
    }
}

fn aead<A: AeadInOut<NonceSize = U12> + KeyInit>(criterion: &mut Criterion, name: &str, number: u16) {
    let key = expand::<32>(number == 0x1302, "key");
    // HKDF-Expand-Label has the length in what it hashes: a key of 16 bytes is not the beginning of one of 32.
    let short = expand::<16>(false, "key");
    let key = if A::key_size() == 16 { &short[..] } else { &key };
    let cipher = A::new_from_slice(key).unwrap();
    compare(criterion, name, number, false, &Aead { cipher, iv: expand(number == 0x1302, "iv") });
}

fn cbc<C, M, P>(criterion: &mut Criterion, name: &str, number: u16, encrypt_then_mac: bool)
where
    C: BlockCipherEncrypt<BlockSize = U16> + BlockCipherDecrypt<BlockSize = U16> + KeyInit,
    M: Mac + KeyInit + Clone,
    P: Mac + KeyInit,
{
    let (mac_key, key) = key_block::<P>(M::output_size(), C::key_size());
    let cipher = C::new_from_slice(&key).unwrap();
    let mac = <M as KeyInit>::new_from_slice(&mac_key).unwrap();
    compare(criterion, name, number, encrypt_then_mac, &Cbc { cipher, mac, encrypt_then_mac });
}

fn ciphers(criterion: &mut Criterion) {
    type Prf = Hmac<Sha256>;
    aead::<Aes128Gcm>(criterion, "AES-128-GCM", 0x1301);
    aead::<Aes256Gcm>(criterion, "AES-256-GCM", 0x1302);
    aead::<ChaCha20Poly1305>(criterion, "ChaCha20-Poly1305", 0x1303);
    aead::<Ccm<Aes128, U16, U12>>(criterion, "AES-128-CCM", 0x1304);
    cbc::<Aes128, Hmac<Sha1>, Prf>(criterion, "AES-128-CBC, SHA-1, MAC-then-encrypt", 0xC009, false);
    cbc::<Aes128, Hmac<Sha256>, Prf>(criterion, "AES-128-CBC, SHA-256, encrypt-then-MAC", 0xC023, true);
    cbc::<Aes256, Hmac<Sha384>, Hmac<Sha384>>(criterion, "AES-256-CBC, SHA-384, MAC-then-encrypt", 0xC024, false);
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
