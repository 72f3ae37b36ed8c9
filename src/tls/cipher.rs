//! Opens one record: nonce, additional data, authentication, padding, for every protection TLS 1.0 to 1.3 has here.
//!
//! Nothing leaves this file that was not authenticated.

use aes::cipher::{Block, BlockCipherDecrypt, BlockModeDecrypt, InnerIvInit};
use aes::{Aes128, Aes256};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, Nonce, Tag};
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit};
use ccm::Ccm;
use ccm::consts::{U8, U12, U16};
use chacha20poly1305::ChaCha20Poly1305;
use hmac::Hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha384};

use super::record::{ContentType, HEADER, Header};
use super::schedule::Keys;
use super::suite::{Cipher, Mac};

const TLS10: u16 = 0x0301;
const TLS12: u16 = 0x0303;
pub(super) const TLS13: u16 = 0x0304;

/// AES block and IV length in bytes.
pub(super) const BLOCK: usize = 16;

/// One direction's keys under one epoch, ready for use. Keeps no record number and no chained IV: the caller says
/// which record it believes to hold, and only the right answer opens it.
pub(super) struct Opener {
    cipher: Primitive,
    layout: Layout,
    iv: [u8; BLOCK],
}

/// The key schedules, expanded once. Boxed: the largest takes more than a kilobyte, and most of a session is not this.
enum Primitive {
    Aes128Gcm(Box<Aes128Gcm>),
    Aes256Gcm(Box<Aes256Gcm>),
    ChaCha20Poly1305(ChaCha20Poly1305),
    Aes128Ccm(Box<Ccm<Aes128, U16, U12>>),
    Aes256Ccm(Box<Ccm<Aes256, U16, U12>>),
    Aes128Ccm8(Box<Ccm<Aes128, U8, U12>>),
    Aes256Ccm8(Box<Ccm<Aes256, U8, U12>>),
    Aes128Cbc(Box<Aes128>, MacKey),
    Aes256Cbc(Box<Aes256>, MacKey),
}

/// An HMAC keyed once and cloned for every record.
enum MacKey {
    Sha1(Box<Hmac<Sha1>>),
    Sha256(Box<Hmac<Sha256>>),
    Sha384(Box<Hmac<Sha384>>),
}

/// How a record's body is laid out around the ciphertext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// TLS 1.3: nonce from the record number, the type inside (RFC 8446 §5.2).
    Tls13,
    /// ChaCha20 under TLS 1.2: nonce as in TLS 1.3, additional data as in TLS 1.2 (RFC 7905 §2).
    Tls12Implicit,
    /// GCM and CCM under TLS 1.2: eight bytes of the nonce stand before the ciphertext (RFC 5288 §3, RFC 6655 §3).
    Tls12Explicit,
    /// CBC; the IV stands before the ciphertext since TLS 1.1 (RFC 4346 §6.2.3.2), before that it is the last block
    /// of the record before (RFC 2246 §6.2.3.2).
    Cbc { explicit_iv: bool, encrypt_then_mac: bool },
}

/// An authenticated record. Its content is at the start of the output buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opened {
    /// `None` for a type that this module does not know, or TLS 1.3 padding with no type in it.
    pub content_type: Option<ContentType>,
    pub length: usize,
    /// The content is right only if the record before was authentic: RFC 7366's MAC does not cover the IV that
    /// TLS 1.0 takes from there.
    pub needs_chain: bool,
}

impl Opener {
    /// `version` is the negotiated one; `encrypt_then_mac` whether both ends agreed to it (RFC 7366), which matters
    /// to CBC only.
    pub fn new(keys: &Keys, version: u16, encrypt_then_mac: bool) -> Option<Opener> {
        let key = keys.key();
        let mac_key = || {
            Some(match keys.cipher.mac()? {
                Mac::Sha1 => MacKey::Sha1(Box::new(KeyInit::new_from_slice(keys.mac_key()).ok()?)),
                Mac::Sha256 => MacKey::Sha256(Box::new(KeyInit::new_from_slice(keys.mac_key()).ok()?)),
                Mac::Sha384 => MacKey::Sha384(Box::new(KeyInit::new_from_slice(keys.mac_key()).ok()?)),
            })
        };
        let cipher = match keys.cipher {
            Cipher::Aes128Gcm => Primitive::Aes128Gcm(Box::new(KeyInit::new_from_slice(key).ok()?)),
            Cipher::Aes256Gcm => Primitive::Aes256Gcm(Box::new(KeyInit::new_from_slice(key).ok()?)),
            Cipher::ChaCha20Poly1305 => Primitive::ChaCha20Poly1305(KeyInit::new_from_slice(key).ok()?),
            Cipher::Aes128Ccm => Primitive::Aes128Ccm(Box::new(KeyInit::new_from_slice(key).ok()?)),
            Cipher::Aes256Ccm => Primitive::Aes256Ccm(Box::new(KeyInit::new_from_slice(key).ok()?)),
            Cipher::Aes128Ccm8 => Primitive::Aes128Ccm8(Box::new(KeyInit::new_from_slice(key).ok()?)),
            Cipher::Aes256Ccm8 => Primitive::Aes256Ccm8(Box::new(KeyInit::new_from_slice(key).ok()?)),
            Cipher::Aes128Cbc(_) => Primitive::Aes128Cbc(Box::new(KeyInit::new_from_slice(key).ok()?), mac_key()?),
            Cipher::Aes256Cbc(_) => Primitive::Aes256Cbc(Box::new(KeyInit::new_from_slice(key).ok()?), mac_key()?),
        };
        let layout = match (version, keys.cipher) {
            (_, Cipher::Aes128Cbc(_) | Cipher::Aes256Cbc(_)) => {
                Layout::Cbc { explicit_iv: version > TLS10, encrypt_then_mac }
            }
            (TLS13, _) => Layout::Tls13,
            (TLS12, Cipher::ChaCha20Poly1305) => Layout::Tls12Implicit,
            (TLS12, _) => Layout::Tls12Explicit,
            // RFC 5246 §6.2.3.3: AEAD suites came with TLS 1.2.
            _ => return None,
        };
        Some(Opener { cipher, layout, iv: keys.iv })
    }

    /// Bytes that a record's header, nonce, tag and type take beside its content. Of a CBC record's padding, 1 to 16
    /// bytes as a rule, the mean is counted.
    pub fn overhead(&self) -> usize {
        HEADER
            + match self.layout {
                Layout::Tls13 => 1 + self.tag_length(),
                Layout::Tls12Implicit => self.tag_length(),
                Layout::Tls12Explicit => 8 + self.tag_length(),
                Layout::Cbc { explicit_iv, .. } => self.tag_length() + BLOCK / 2 + if explicit_iv { BLOCK } else { 0 },
            }
    }

    /// Length of the shortest record in bytes, header included.
    pub fn shortest(&self) -> usize {
        HEADER
            + match self.layout {
                Layout::Tls13 => 1 + self.tag_length(),
                Layout::Tls12Implicit => self.tag_length(),
                Layout::Tls12Explicit => 8 + self.tag_length(),
                Layout::Cbc { .. } => self.tag_length(),
            }
    }

    /// How many bytes before a record the block ends that is its IV, for CBC in TLS 1.0: the last block of the record
    /// before, which with RFC 7366 has a MAC behind it.
    pub fn chain_distance(&self) -> Option<usize> {
        match self.layout {
            Layout::Cbc { explicit_iv: false, encrypt_then_mac } => {
                Some(if encrypt_then_mac { self.tag_length() } else { 0 })
            }
            _ => None,
        }
    }

    fn tag_length(&self) -> usize {
        match &self.cipher {
            Primitive::Aes128Ccm8(_) | Primitive::Aes256Ccm8(_) => 8,
            Primitive::Aes128Cbc(_, mac) | Primitive::Aes256Cbc(_, mac) => mac.length(),
            _ => 16,
        }
    }

    /// Opens the record with the number `sequence` into `out`, which must be at least as long as `body`.
    ///
    /// `previous` is the block that [`chain_distance`](Opener::chain_distance) tells of. `None` when the record is not authentic under these keys and this number, or is malformed.
    pub fn open(
        &self,
        sequence: u64,
        header: &Header,
        body: &[u8],
        previous: Option<[u8; BLOCK]>,
        out: &mut [u8],
    ) -> Option<Opened> {
        match self.layout {
            Layout::Tls13 => {
                // RFC 8446 §5.2: the additional data is the record header.
                let length = self.open_aead(&self.xored_nonce(sequence), &header.bytes, body, out)?;
                // RFC 8446 §5.4: zeros of padding, and before them the type.
                let end = out[..length].iter().rposition(|&byte| byte != 0);
                Some(match end {
                    Some(end) => {
                        Opened { content_type: ContentType::from_byte(out[end]), length: end, needs_chain: false }
                    }
                    None => Opened { content_type: None, length: 0, needs_chain: false },
                })
            }
            Layout::Tls12Implicit => {
                let length = body.len().checked_sub(self.tag_length())?;
                let data = additional_data(sequence, header, length)?;
                let length = self.open_aead(&self.xored_nonce(sequence), &data, body, out)?;
                Some(Opened { content_type: Some(header.content_type), length, needs_chain: false })
            }
            Layout::Tls12Explicit => {
                let (explicit, sealed) = body.split_at_checked(8)?;
                let mut nonce = [0; 12];
                nonce[..4].copy_from_slice(&self.iv[..4]);
                nonce[4..].copy_from_slice(explicit);
                let length = sealed.len().checked_sub(self.tag_length())?;
                let data = additional_data(sequence, header, length)?;
                let length = self.open_aead(&nonce, &data, sealed, out)?;
                Some(Opened { content_type: Some(header.content_type), length, needs_chain: false })
            }
            Layout::Cbc { explicit_iv, encrypt_then_mac } => {
                let (iv, sealed) = if explicit_iv {
                    let (iv, sealed) = body.split_first_chunk::<BLOCK>()?;
                    (*iv, sealed)
                } else if sequence == 0 {
                    (self.iv, body)
                } else {
                    (previous?, body)
                };
                let length = if encrypt_then_mac {
                    self.open_encrypt_then_mac(sequence, header, body, iv, sealed, out)?
                } else {
                    self.open_mac_then_encrypt(sequence, header, iv, sealed, out)?
                };
                let needs_chain = encrypt_then_mac && !explicit_iv && sequence > 0;
                Some(Opened { content_type: Some(header.content_type), length, needs_chain })
            }
        }
    }

    /// RFC 8446 §5.3: the record number, padded on the left to the length of the IV, XORed with it.
    fn xored_nonce(&self, sequence: u64) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce.copy_from_slice(&self.iv[..12]);
        for (byte, mask) in nonce[4..].iter_mut().zip(sequence.to_be_bytes()) {
            *byte ^= mask;
        }
        nonce
    }

    fn open_aead(&self, nonce: &[u8; 12], data: &[u8], sealed: &[u8], out: &mut [u8]) -> Option<usize> {
        match &self.cipher {
            Primitive::Aes128Gcm(cipher) => open_aead(&**cipher, nonce, data, sealed, out),
            Primitive::Aes256Gcm(cipher) => open_aead(&**cipher, nonce, data, sealed, out),
            Primitive::ChaCha20Poly1305(cipher) => open_aead(cipher, nonce, data, sealed, out),
            Primitive::Aes128Ccm(cipher) => open_aead(&**cipher, nonce, data, sealed, out),
            Primitive::Aes256Ccm(cipher) => open_aead(&**cipher, nonce, data, sealed, out),
            Primitive::Aes128Ccm8(cipher) => open_aead(&**cipher, nonce, data, sealed, out),
            Primitive::Aes256Ccm8(cipher) => open_aead(&**cipher, nonce, data, sealed, out),
            Primitive::Aes128Cbc(..) | Primitive::Aes256Cbc(..) => None,
        }
    }

    /// RFC 5246 §6.2.3.2: the MAC covers the content and is encrypted with it, then come the padding and its length.
    fn open_mac_then_encrypt(
        &self,
        sequence: u64,
        header: &Header,
        iv: [u8; BLOCK],
        sealed: &[u8],
        out: &mut [u8],
    ) -> Option<usize> {
        let mac = self.decrypt_cbc(iv, sealed, out)?;
        let unpadded = strip_padding(out.get(..sealed.len())?)?;
        let length = unpadded.checked_sub(mac.length())?;
        let (content, tag) = out.get(..unpadded)?.split_at_checked(length)?;
        let data = additional_data(sequence, header, length)?;
        mac.verify([&data, content], tag).then_some(length)
    }

    /// RFC 7366 §3: the MAC covers IV and ciphertext and stands in the clear after them.
    fn open_encrypt_then_mac(
        &self,
        sequence: u64,
        header: &Header,
        body: &[u8],
        iv: [u8; BLOCK],
        sealed: &[u8],
        out: &mut [u8],
    ) -> Option<usize> {
        let sealed = sealed.get(..sealed.len().checked_sub(self.tag_length())?)?;
        let (covered, tag) = body.split_at_checked(body.len().checked_sub(self.tag_length())?)?;
        let data = additional_data(sequence, header, covered.len())?;
        let (Primitive::Aes128Cbc(_, mac) | Primitive::Aes256Cbc(_, mac)) = &self.cipher else { return None };
        if !mac.verify([&data, covered], tag) {
            return None;
        }
        self.decrypt_cbc(iv, sealed, out)?;
        strip_padding(out.get(..sealed.len())?)
    }

    /// Decrypts whole blocks into the start of `out`; gives the MAC that goes with the cipher.
    fn decrypt_cbc(&self, iv: [u8; BLOCK], sealed: &[u8], out: &mut [u8]) -> Option<&MacKey> {
        let out = out.get_mut(..sealed.len())?;
        match &self.cipher {
            Primitive::Aes128Cbc(cipher, mac) => decrypt_blocks(&**cipher, iv, sealed, out).map(|()| mac),
            Primitive::Aes256Cbc(cipher, mac) => decrypt_blocks(&**cipher, iv, sealed, out).map(|()| mac),
            _ => None,
        }
    }
}

impl MacKey {
    fn length(&self) -> usize {
        match self {
            MacKey::Sha1(_) => Mac::Sha1.length(),
            MacKey::Sha256(_) => Mac::Sha256.length(),
            MacKey::Sha384(_) => Mac::Sha384.length(),
        }
    }

    fn verify(&self, parts: [&[u8]; 2], tag: &[u8]) -> bool {
        fn verify<M: hmac::Mac + Clone>(mac: &M, parts: [&[u8]; 2], tag: &[u8]) -> bool {
            let mut mac = mac.clone();
            mac.update(parts[0]);
            mac.update(parts[1]);
            mac.verify_slice(tag).is_ok()
        }
        match self {
            MacKey::Sha1(mac) => verify(&**mac, parts, tag),
            MacKey::Sha256(mac) => verify(&**mac, parts, tag),
            MacKey::Sha384(mac) => verify(&**mac, parts, tag),
        }
    }
}

fn open_aead<A>(cipher: &A, nonce: &[u8; 12], data: &[u8], sealed: &[u8], out: &mut [u8]) -> Option<usize>
where
    A: AeadInOut<NonceSize = U12>,
{
    let length = sealed.len().checked_sub(size_of::<Tag<A>>())?;
    let (ciphertext, tag) = sealed.split_at_checked(length)?;
    let tag = <&Tag<A>>::try_from(tag).ok()?;
    let nonce = Nonce::<A>::from(*nonce);
    let buffer = InOutBuf::new(ciphertext, out.get_mut(..length)?).ok()?;
    cipher.decrypt_inout_detached(&nonce, data, buffer, tag).ok()?;
    Some(length)
}

fn decrypt_blocks<C>(cipher: &C, iv: [u8; BLOCK], sealed: &[u8], out: &mut [u8]) -> Option<()>
where
    C: BlockCipherDecrypt<BlockSize = U16>,
{
    let (sealed, cut) = Block::<C>::slice_as_chunks(sealed);
    let (out, _) = Block::<C>::slice_as_chunks_mut(out);
    if !cut.is_empty() || sealed.is_empty() {
        return None;
    }
    cbc::Decryptor::<&C>::inner_iv_init(cipher, &iv.into()).decrypt_blocks_b2b(sealed, out).ok()
}

/// The length without the padding: its last byte says how many equal bytes come before it (RFC 5246 §6.2.3.2).
fn strip_padding(content: &[u8]) -> Option<usize> {
    let &last = content.last()?;
    let length = content.len().checked_sub(1 + usize::from(last))?;
    content[length..].iter().all(|&byte| byte == last).then_some(length)
}

/// RFC 5246 §6.2.3.1 and §6.2.3.3: what MAC and AEAD cover beside the content.
fn additional_data(sequence: u64, header: &Header, length: usize) -> Option<[u8; 13]> {
    let mut data = [0; 13];
    data[..8].copy_from_slice(&sequence.to_be_bytes());
    data[8..11].copy_from_slice(&header.bytes[..3]);
    data[11..].copy_from_slice(&u16::try_from(length).ok()?.to_be_bytes());
    Some(data)
}
