//! TLS 1.3 around a conversation (RFC 8446): as much of a handshake as a witness looks at, and records sealed with
//! AES-128-GCM under secrets that everybody knows.
//!
//! No key is agreed on: the traffic secrets are constants, told in the capture's key log. Certificates are left away, as with
//! a pre-shared key, and the Finished messages prove nothing.

use crate::{PerRole, Role};
use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes128Gcm, KeyInit};
use hkdf::Hkdf;
use sha2::Sha256;

/// The largest plaintext of a record (RFC 8446 §5.1).
const RECORD: usize = 1 << 14;

/// TLS_AES_128_GCM_SHA256 (RFC 8446 §B.4).
const SUITE: [u8; 2] = [0x13, 0x01];

/// The random of each ClientHello.
const CLIENT_RANDOM: [u8; 32] = [0xC1; 32];

const HANDSHAKE_SECRETS: PerRole<[u8; 32]> = PerRole { client: [0x11; 32], server: [0x22; 32] };
const TRAFFIC_SECRETS: PerRole<[u8; 32]> = PerRole { client: [0x33; 32], server: [0x44; 32] };

/// The key log that opens every conversation (RFC 9850).
pub(super) fn key_log() -> String {
    let line = |label: &str, secret: [u8; 32]| {
        let hex = |bytes: [u8; 32]| bytes.map(|byte| format!("{byte:02x}")).concat();
        format!("{label} {} {}\n", hex(CLIENT_RANDOM), hex(secret))
    };
    [
        line("CLIENT_HANDSHAKE_TRAFFIC_SECRET", HANDSHAKE_SECRETS.client),
        line("SERVER_HANDSHAKE_TRAFFIC_SECRET", HANDSHAKE_SECRETS.server),
        line("CLIENT_TRAFFIC_SECRET_0", TRAFFIC_SECRETS.client),
        line("SERVER_TRAFFIC_SECRET_0", TRAFFIC_SECRETS.server),
    ]
    .concat()
}

/// The ClientHello, with this name in its `server_name` extension if there is one.
pub(super) fn client_hello(server_name: Option<&str>) -> Vec<u8> {
    let mut extensions = Vec::new();
    if let Some(name) = server_name {
        // RFC 6066 §3: a list of one host_name.
        let name = [&[0][..], &vector(name.as_bytes())].concat();
        extensions.extend(extension(0, &vector(&name)));
    }
    extensions.extend(extension(43, &[2, 0x03, 0x04]));
    hello(1, &CLIENT_RANDOM, &[&[0, 2][..], &SUITE, &[1, 0]].concat(), &extensions)
}

/// The ServerHello.
pub(super) fn server_hello() -> Vec<u8> {
    hello(2, &[0x5E; 32], &[&SUITE[..], &[0]].concat(), &extension(43, &[0x03, 0x04]))
}

/// What a side sends under its handshake secret: its Finished, the server's extensions before it.
pub(super) fn finished(from: Role) -> Vec<u8> {
    let mut messages = Vec::new();
    if from == Role::Server {
        messages.extend(message(8, &[0, 0]));
    }
    messages.extend(message(20, &[0xF1; 32]));
    let mut out = Vec::new();
    Sealer::new(HANDSHAKE_SECRETS[from]).seal(22, &messages, &mut out);
    out
}

/// Seals what one side sends.
#[derive(Debug)]
pub(super) struct Sealer {
    cipher: Box<Aes128Gcm>,
    iv: [u8; 12],
    sequence: u64,
}

impl Sealer {
    /// The sealer of this side's application data.
    pub(super) fn of(from: Role) -> Sealer {
        Sealer::new(TRAFFIC_SECRETS[from])
    }

    fn new(secret: [u8; 32]) -> Sealer {
        let (mut key, mut iv) = ([0; 16], [0; 12]);
        expand(&secret, b"key", &mut key);
        expand(&secret, b"iv", &mut iv);
        Sealer { cipher: Box::new(Aes128Gcm::new(&key.into())), iv, sequence: 0 }
    }

    /// Appends the records that carry these bytes as application data.
    pub(super) fn application_data(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for piece in bytes.chunks(RECORD) {
            self.seal(23, piece, out);
        }
    }

    /// One record (RFC 8446 §5.2): the content and its type, sealed; the header is authenticated with it.
    fn seal(&mut self, content_type: u8, content: &[u8], out: &mut Vec<u8>) {
        let mut inner = [content, &[content_type]].concat();
        let length = (inner.len() + 16) as u16;
        let [high, low] = length.to_be_bytes();
        let header = [23, 0x03, 0x03, high, low];
        // RFC 8446 §5.3: the record's number, padded to the left, XORed with the IV.
        let mut nonce = self.iv;
        for (byte, number) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= number;
        }
        self.sequence += 1;
        let tag = self
            .cipher
            .encrypt_inout_detached(&nonce.into(), &header, inner.as_mut_slice().into())
            .expect("a record is far below GCM's limit");
        out.extend(header);
        out.extend(inner);
        out.extend(tag);
    }
}

/// HKDF-Expand-Label without a context (RFC 8446 §7.1).
fn expand(secret: &[u8; 32], label: &[u8], out: &mut [u8]) {
    let length = (out.len() as u16).to_be_bytes();
    let info = [&length[..], &[6 + label.len() as u8], b"tls13 ", label, &[0]].concat();
    Hkdf::<Sha256>::from_prk(secret)
        .and_then(|hkdf| hkdf.expand(&info, out).map_err(|_| hkdf::InvalidPrkLength))
        .expect("SHA-256 takes a secret of 32 bytes and gives a key of 16");
}

/// A hello in a record of its own: version and random, an empty session id, the suites, the extensions.
fn hello(kind: u8, random: &[u8; 32], suites: &[u8], extensions: &[u8]) -> Vec<u8> {
    let body = [&[0x03, 0x03][..], random, &[0], suites, &vector(extensions)].concat();
    let message = message(kind, &body);
    [&[22, 0x03, 0x01][..], &vector(&message)].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = (body.len() as u32).to_be_bytes();
    [&[kind][..], &length, body].concat()
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vector(body)].concat()
}

/// Bytes behind their length of 16 bits.
fn vector(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}
