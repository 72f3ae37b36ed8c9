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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::cipher::{Opened, Opener, TLS13};
    use crate::tls::record::{ContentType, Header, Start};

    const AES_128_GCM: Protection = Protection { cipher: Cipher::Aes128Gcm, hash: Hash::Sha256 };

    fn unhex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    fn secret(text: &str) -> Secret {
        let bytes = unhex(text);
        let mut secret = Secret::zeroed(bytes.len()).unwrap();
        secret.as_bytes_mut().copy_from_slice(&bytes);
        secret
    }

    /// RFC 8448 §3: the client's and the server's first application traffic secret, key and IV.
    #[test]
    fn traffic_keys_are_those_of_rfc_8448() {
        for (traffic, key, iv) in [
            (
                "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5",
                "17422dda596ed5d9acd890e3c63f5051",
                "5b78923dee08579033e523d9",
            ),
            (
                "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643",
                "9f02283b6c9c07efc26bb9f2ac92e356",
                "cf782b88dd83549aadf1e984",
            ),
        ] {
            let keys = traffic_keys(AES_128_GCM, &secret(traffic)).unwrap();
            assert_eq!(keys.key(), unhex(key));
            assert_eq!(keys.iv[..12], unhex(iv));
        }
    }

    /// RFC 8448 §3: the client's application data, the bytes 00 to 31.
    #[test]
    fn the_application_record_of_rfc_8448_opens() {
        let record = unhex(
            "17 03 03 00 43 a2 3f 70 54 b6 2c 94 d0 af fa fe 82 28 ba 55 cb ef ac ea 42 f9 14 aa 66 bc ab 3f 2b 98
             19 a8 a5 b4 6b 39 5b d5 4a 9a 20 44 1e 2b 62 97 4e 1f 5a 62 92 a2 97 70 14 bd 1e 3d ea e6 3a ee bb 21 69
             49 15 e4",
        );
        let traffic = secret("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
        let opener = Opener::new(&traffic_keys(AES_128_GCM, &traffic).unwrap(), TLS13, false).unwrap();
        let Start::Header(header) = Header::read(&record) else { panic!("a header") };
        let mut out = [0; 128];
        let content_type = Some(ContentType::ApplicationData);
        assert_eq!(
            opener.open(0, &header, &record[5..], None, &mut out),
            Some(Opened { content_type, length: 50, needs_chain: false })
        );
        assert!(out[..50].iter().copied().eq(0..50));
        assert_eq!(opener.open(1, &header, &record[5..], None, &mut out), None, "another number is another nonce");
    }

    /// The P_SHA256 vector that was posted to the IETF's TLS list when TLS 1.2 was new.
    #[test]
    fn p_sha256_has_the_known_output() {
        let seed = unhex("a0ba9f936cda311827a6f796ffd5198c");
        let mut out = [0; 100];
        let key = unhex("9bbe436ba940f017b17652849a71db35");
        p_hash::<Hmac<Sha256>>(&key, [b"test label", &seed, b""], &mut out).unwrap();
        let expected = "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9\
                        af0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110ff\
                        f70187347b66";
        assert_eq!(out.to_vec(), unhex(expected));
    }

    #[test]
    fn a_secret_of_another_length_than_the_hash_makes_no_keys() {
        let sha384 = Protection { cipher: Cipher::Aes256Gcm, hash: Hash::Sha384 };
        let traffic = secret(&"5e".repeat(32));
        assert!(traffic_keys(sha384, &traffic).is_none());
        assert!(next_traffic_secret(Hash::Sha384, &traffic).is_none());
    }
}
