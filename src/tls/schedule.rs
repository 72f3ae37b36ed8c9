//! Key schedules: from a secret of the key log to the keys of one direction.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha384};

use super::key_log::Secret;
use super::suite::{Cipher, Hash, Protection};

/// The keys that protect one direction's records.
#[derive(Clone)]
pub(super) struct Keys {
    pub cipher: Cipher,
    key: [u8; 32],
    mac_key: [u8; 48],
    /// What nonces or the first block are made from: 12 bytes for TLS 1.3 and ChaCha20, 4 for the other AEADs of
    /// TLS 1.2 (RFC 5288 §3, RFC 6655 §3), 16 for CBC before TLS 1.1, otherwise none.
    pub iv: [u8; 16],
}

impl Keys {
    fn empty(cipher: Cipher) -> Keys {
        Keys { cipher, key: [0; 32], mac_key: [0; 48], iv: [0; 16] }
    }

    pub fn key(&self) -> &[u8] {
        &self.key[..self.cipher.key_length()]
    }

    pub fn mac_key(&self) -> &[u8] {
        &self.mac_key[..self.cipher.mac().map_or(0, |mac| mac.length())]
    }
}

/// HKDF-Expand-Label with an empty context (RFC 8446 §7.1). `None` where the secret is shorter than the hash.
fn expand_label(hash: Hash, secret: &[u8], label: &[u8], out: &mut [u8]) -> Option<()> {
    let length = u16::try_from(out.len()).ok()?.to_be_bytes();
    let label_length = u8::try_from(b"tls13 ".len() + label.len()).ok()?;
    let info: [&[u8]; 5] = [&length, &[label_length], b"tls13 ", label, &[0]];
    match hash {
        Hash::Sha256 => Hkdf::<Sha256>::from_prk(secret).ok()?.expand_multi_info(&info, out).ok(),
        Hash::Sha384 => Hkdf::<Sha384>::from_prk(secret).ok()?.expand_multi_info(&info, out).ok(),
    }
}

/// The keys of a TLS 1.3 traffic secret (RFC 8446 §7.3). `None` where the secret is not as long as the suite's hash.
pub(super) fn traffic_keys(protection: Protection, secret: &Secret) -> Option<Keys> {
    check_length(protection.hash, secret)?;
    let mut keys = Keys::empty(protection.cipher);
    expand_label(protection.hash, secret.as_bytes(), b"key", &mut keys.key[..protection.cipher.key_length()])?;
    expand_label(protection.hash, secret.as_bytes(), b"iv", &mut keys.iv[..12])?;
    Some(keys)
}

/// The traffic secret after a KeyUpdate (RFC 8446 §7.2).
pub(super) fn next_traffic_secret(hash: Hash, secret: &Secret) -> Option<Secret> {
    check_length(hash, secret)?;
    let mut next = *secret;
    expand_label(hash, secret.as_bytes(), b"traffic upd", next.as_bytes_mut())?;
    Some(next)
}

fn check_length(hash: Hash, secret: &Secret) -> Option<()> {
    let length = match hash {
        Hash::Sha256 => 32,
        Hash::Sha384 => 48,
    };
    (secret.as_bytes().len() == length).then_some(())
}

/// Which pseudorandom function turns the master secret into keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prf {
    /// MD5 and SHA-1 together: TLS 1.0 and 1.1 (RFC 2246 §5).
    Md5Sha1,
    /// TLS 1.2 (RFC 5246 §5).
    Hash(Hash),
}

/// The client's and the server's keys of TLS 1.2 and older (RFC 5246 §6.3).
pub(super) fn key_block(
    prf: Prf,
    cipher: Cipher,
    master: &Secret,
    client_random: &[u8; 32],
    server_random: &[u8; 32],
) -> Option<(Keys, Keys)> {
    // MAC keys, cipher keys and IVs of the longest suite, AES-256-CBC with SHA-384.
    let mut block = [0; 2 * (48 + 32 + 16)];
    let seed: [&[u8]; 3] = [b"key expansion", server_random, client_random];
    match prf {
        Prf::Md5Sha1 => {
            // RFC 2246 §5: the halves of the secret share the middle byte where its length is odd; 48 is even.
            let secret = master.as_bytes();
            let (first, second) = secret.split_at(secret.len() / 2);
            p_hash::<Hmac<Md5>>(first, seed, &mut block)?;
            p_hash::<Hmac<Sha1>>(second, seed, &mut block)?;
        }
        Prf::Hash(Hash::Sha256) => p_hash::<Hmac<Sha256>>(master.as_bytes(), seed, &mut block)?,
        Prf::Hash(Hash::Sha384) => p_hash::<Hmac<Sha384>>(master.as_bytes(), seed, &mut block)?,
    }
    let iv_length = match cipher {
        Cipher::ChaCha20Poly1305 => 12,
        Cipher::Aes128Cbc(_) | Cipher::Aes256Cbc(_) => 16,
        _ => 4,
    };
    let (mut client, mut server) = (Keys::empty(cipher), Keys::empty(cipher));
    let mac_length = cipher.mac().map_or(0, |mac| mac.length());
    let mut rest = &block[..];
    let mut take = |out: &mut [u8]| {
        let (head, tail) = rest.split_at_checked(out.len())?;
        out.copy_from_slice(head);
        rest = tail;
        Some(())
    };
    take(&mut client.mac_key[..mac_length])?;
    take(&mut server.mac_key[..mac_length])?;
    take(&mut client.key[..cipher.key_length()])?;
    take(&mut server.key[..cipher.key_length()])?;
    take(&mut client.iv[..iv_length])?;
    take(&mut server.iv[..iv_length])?;
    Some((client, server))
}

/// P_hash (RFC 5246 §5), XORed onto `out` so that the two of TLS 1.0 combine.
fn p_hash<M: hmac::Mac + KeyInit + Clone>(secret: &[u8], seed: [&[u8]; 3], out: &mut [u8]) -> Option<()> {
    let keyed = <M as KeyInit>::new_from_slice(secret).ok()?;
    let hash = |parts: &[&[u8]]| {
        let mut mac = keyed.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes()
    };
    let [label, first, second] = seed;
    let mut a = hash(&[label, first, second]);
    for piece in out.chunks_mut(a.len()) {
        for (byte, mask) in piece.iter_mut().zip(hash(&[&a, label, first, second])) {
            *byte ^= mask;
        }
        a = hash(&[&a]);
    }
    Some(())
}
