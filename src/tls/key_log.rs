//! TLS secrets by client random, read from the NSS key log format (RFC 9850).
//!
//! A key log of a browser that ran for weeks has a million lines, so a secret is stored inline and a line is read
//! without allocating.

use std::collections::{HashMap, hash_map};
use std::fmt;
use std::num::NonZeroU32;

use foldhash::fast::RandomState;

/// What a secret is for: the first word of its line (RFC 9850 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Label {
    /// `CLIENT_RANDOM`: the master secret of TLS 1.2 and older.
    ClientRandom,
    /// `CLIENT_EARLY_TRAFFIC_SECRET`: protects 0-RTT data.
    ClientEarly,
    /// `CLIENT_HANDSHAKE_TRAFFIC_SECRET`.
    ClientHandshake,
    /// `SERVER_HANDSHAKE_TRAFFIC_SECRET`.
    ServerHandshake,
    /// `CLIENT_TRAFFIC_SECRET_N`: the client's application data after its N-th KeyUpdate.
    ClientTraffic(u32),
    /// `SERVER_TRAFFIC_SECRET_N`: the server's application data after its N-th KeyUpdate.
    ServerTraffic(u32),
}

/// The label as it stands in a key log.
impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Label::ClientRandom => f.write_str("CLIENT_RANDOM"),
            Label::ClientEarly => f.write_str("CLIENT_EARLY_TRAFFIC_SECRET"),
            Label::ClientHandshake => f.write_str("CLIENT_HANDSHAKE_TRAFFIC_SECRET"),
            Label::ServerHandshake => f.write_str("SERVER_HANDSHAKE_TRAFFIC_SECRET"),
            Label::ClientTraffic(n) => write!(f, "CLIENT_TRAFFIC_SECRET_{n}"),
            Label::ServerTraffic(n) => write!(f, "SERVER_TRAFFIC_SECRET_{n}"),
        }
    }
}

impl Label {
    /// `Ok(None)` for a label that opens no record, such as `EXPORTER_SECRET`; `Err` for a word that is no label.
    fn parse(word: &[u8]) -> Result<Option<Label>, Broken> {
        let generation = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse().ok();
        // OpenSSL writes the letter N for every generation after 0, which says nothing; KeyUpdate's secrets can be
        // made from the first.
        if matches!(word, b"CLIENT_TRAFFIC_SECRET_N" | b"SERVER_TRAFFIC_SECRET_N") {
            return Ok(None);
        }
        Ok(match word {
            b"CLIENT_RANDOM" => Some(Label::ClientRandom),
            b"CLIENT_EARLY_TRAFFIC_SECRET" => Some(Label::ClientEarly),
            b"CLIENT_HANDSHAKE_TRAFFIC_SECRET" => Some(Label::ClientHandshake),
            b"SERVER_HANDSHAKE_TRAFFIC_SECRET" => Some(Label::ServerHandshake),
            b"CLIENT_TRAFFIC_SECRET_0" => Some(Label::ClientTraffic(0)),
            b"SERVER_TRAFFIC_SECRET_0" => Some(Label::ServerTraffic(0)),
            _ => {
                if let Some(digits) = word.strip_prefix(b"CLIENT_TRAFFIC_SECRET_") {
                    Some(Label::ClientTraffic(generation(digits).ok_or(Broken)?))
                } else if let Some(digits) = word.strip_prefix(b"SERVER_TRAFFIC_SECRET_") {
                    Some(Label::ServerTraffic(generation(digits).ok_or(Broken)?))
                } else if word.iter().all(|&byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_') {
                    // Labels registered later than this was written are as legal as EXPORTER_SECRET, ECH_SECRET, RSA.
                    None
                } else {
                    return Err(Broken);
                }
            }
        })
    }

    /// Whether a secret of `length` bytes can be one of these: a master secret has 48 (RFC 5246 §8.1), a traffic
    /// secret is as long as the suite's hash (RFC 8446 §7.1), SHA-256 or SHA-384.
    fn admits(self, length: usize) -> bool {
        match self {
            Label::ClientRandom => length == 48,
            _ => length == 32 || length == 48,
        }
    }
}

/// A secret of up to 48 bytes.
#[derive(Clone, Copy)]
pub struct Secret {
    bytes: [u8; Self::MAX],
    length: u8,
}

impl Secret {
    const MAX: usize = 48;

    /// All zero, to be written over; `None` for more than 48 bytes.
    pub(super) fn zeroed(length: usize) -> Option<Secret> {
        if length > Self::MAX {
            return None;
        }
        Some(Secret { bytes: [0; Self::MAX], length: u8::try_from(length).ok()? })
    }

    /// The secret's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    pub(super) fn as_bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..usize::from(self.length)]
    }
}

/// Names the length only: secrets do not belong into logs.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.length)
    }
}

/// What came of one key log text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Lines that are neither blank nor comments.
    pub lines: u64,
    /// Lines whose secret can open records. The rest of `lines`, less `broken`, has labels that open none, or is more
    /// than one connection can need.
    pub kept: u64,
    /// Lines that are not `label client_random secret` in hexadecimal, or whose secret has an impossible length.
    pub broken: u64,
}

/// The line is not in the format.
pub(super) struct Broken;

/// Secrets by client random, from any number of key logs.
#[derive(Clone, Default)]
pub struct KeyLog {
    /// Index of each client random's first secret. Anybody may have written the file: a seeded hasher.
    connections: HashMap<[u8; 32], u32, RandomState>,
    secrets: Vec<Entry>,
    revision: u64,
}

/// A secret, and the index of the next of its connection: so a million lines make one table of a quarter of that.
#[derive(Clone)]
struct Entry {
    label: Label,
    secret: Secret,
    next: Option<NonZeroU32>,
}

/// So many secrets are kept of a connection: the six kinds, and some KeyUpdates, which can be made from the first.
const KEPT_EACH: usize = 32;

impl fmt::Debug for KeyLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyLog").field("secrets", &self.secrets.len()).finish_non_exhaustive()
    }
}

impl KeyLog {
    /// A key log without secrets.
    pub fn new() -> KeyLog {
        KeyLog::default()
    }

    /// Adds the secrets of one key log: a whole file, or the data of a Decryption Secrets Block.
    ///
    /// Comments (`#`) and blank lines are skipped, broken lines are counted and skipped. Where a label of a client
    /// random comes twice the later secret counts.
    pub fn add(&mut self, text: &[u8]) -> Loaded {
        let mut loaded = Loaded::default();
        for line in lines(text) {
            loaded.lines += 1;
            match read_line(line) {
                Ok(Some((random, label, secret))) => {
                    loaded.kept += u64::from(self.insert(random, label, secret));
                }
                Ok(None) => {}
                Err(Broken) => loaded.broken += 1,
            }
        }
        if loaded.kept > 0 {
            self.revision += 1;
        }
        loaded
    }

    /// `false` if there are enough of this connection.
    fn insert(&mut self, random: [u8; 32], label: Label, secret: Secret) -> bool {
        let Ok(new) = u32::try_from(self.secrets.len()) else { return false };
        let mut last = match self.connections.entry(random) {
            hash_map::Entry::Vacant(vacant) => {
                vacant.insert(new);
                self.secrets.push(Entry { label, secret, next: None });
                return true;
            }
            hash_map::Entry::Occupied(first) => *first.get() as usize,
        };
        for _ in 1..KEPT_EACH {
            let entry = &mut self.secrets[last];
            if entry.label == label {
                entry.secret = secret;
                return true;
            }
            let Some(next) = entry.next else {
                entry.next = NonZeroU32::new(new);
                self.secrets.push(Entry { label, secret, next: None });
                return true;
            };
            last = next.get() as usize;
        }
        false
    }

    /// The secret for `label` of the connection whose ClientHello had this random.
    pub fn get(&self, client_random: &[u8; 32], label: Label) -> Option<&Secret> {
        let mut entry = self.secrets.get(*self.connections.get(client_random)? as usize)?;
        while entry.label != label {
            entry = self.secrets.get(entry.next?.get() as usize)?;
        }
        Some(&entry.secret)
    }

    /// How many secrets there are.
    pub fn len(&self) -> usize {
        self.secrets.len()
    }

    /// Whether there is no secret at all.
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// Grows with every [`add`](KeyLog::add) that brought secrets: what could not be opened is worth another try.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }
}

/// The lines that are neither blank nor comments, without the white space around them.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest[..end].trim_ascii();
            rest = rest.get(end + 1..).unwrap_or_default();
            if !line.is_empty() && line[0] != b'#' {
                return Some(line);
            }
        }
        None
    })
}

fn read_line(line: &[u8]) -> Result<Option<([u8; 32], Label, Secret)>, Broken> {
    let (word, rest) = split_word(line).ok_or(Broken)?;
    let (random_hex, secret_hex) = split_word(rest).ok_or(Broken)?;
    let Some(label) = Label::parse(word)? else { return Ok(None) };
    let mut random = [0; 32];
    decode_hex(random_hex, &mut random)?;
    let length = secret_hex.len() / 2;
    if !label.admits(length) {
        return Err(Broken);
    }
    let mut secret = Secret::zeroed(length).ok_or(Broken)?;
    decode_hex(secret_hex, secret.as_bytes_mut())?;
    Ok(Some((random, label, secret)))
}

/// The first word, and what follows the white space after it.
pub(super) fn split_word(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr2(b' ', b'\t', line)?;
    Some((&line[..end], line[end..].trim_ascii_start()))
}

pub(super) fn decode_hex(text: &[u8], bytes: &mut [u8]) -> Result<(), Broken> {
    const NO_DIGIT: u8 = 0xff;
    const DIGITS: [u8; 256] = {
        let mut digits = [NO_DIGIT; 256];
        let mut value = 0;
        while value < 16 {
            digits[b"0123456789abcdef"[value as usize] as usize] = value;
            digits[b"0123456789ABCDEF"[value as usize] as usize] = value;
            value += 1;
        }
        digits
    };
    if text.len() != bytes.len() * 2 {
        return Err(Broken);
    }
    // The digits of a bad character carry a high bit into `seen`, so that the loop needs no branch.
    let mut seen = 0;
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let (high, low) = (DIGITS[usize::from(pair[0])], DIGITS[usize::from(pair[1])]);
        seen |= high | low;
        *byte = high << 4 | low;
    }
    if seen & 0xf0 == 0 { Ok(()) } else { Err(Broken) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(byte: u8) -> String {
        format!("{byte:02x}").repeat(32)
    }

    #[test]
    fn reads_every_label_that_opens_records() {
        let mut log = KeyLog::new();
        let text = format!(
            "# a comment\r\n\r\nCLIENT_RANDOM {r} {m}\r\nCLIENT_EARLY_TRAFFIC_SECRET {r} {s}\n\
             CLIENT_HANDSHAKE_TRAFFIC_SECRET {r} {s}\nSERVER_HANDSHAKE_TRAFFIC_SECRET {r} {s}\n\
             CLIENT_TRAFFIC_SECRET_0 {r} {s}\nSERVER_TRAFFIC_SECRET_12 {r} {m}\nEXPORTER_SECRET {r} {s}\n\
             CLIENT_TRAFFIC_SECRET_N {r} {s}\nEARLY_EXPORTER_SECRET {r} {s}",
            r = random(0xA1).to_uppercase(),
            s = "5e".repeat(32),
            m = "4d".repeat(48),
        );
        assert_eq!(log.add(text.as_bytes()), Loaded { lines: 9, kept: 6, broken: 0 });
        let get = |label| log.get(&[0xA1; 32], label).map(|secret| secret.as_bytes().to_vec());
        assert_eq!(get(Label::ClientRandom), Some(vec![0x4D; 48]));
        assert_eq!(get(Label::ClientEarly), Some(vec![0x5E; 32]));
        assert_eq!(get(Label::ClientHandshake), Some(vec![0x5E; 32]));
        assert_eq!(get(Label::ServerHandshake), Some(vec![0x5E; 32]));
        assert_eq!(get(Label::ClientTraffic(0)), Some(vec![0x5E; 32]));
        assert_eq!(get(Label::ServerTraffic(12)), Some(vec![0x4D; 48]));
        assert_eq!(get(Label::ServerTraffic(0)), None);
        assert!(log.get(&[0; 32], Label::ClientRandom).is_none());
    }

    #[test]
    fn broken_lines_are_counted_and_harm_no_other() {
        let mut log = KeyLog::new();
        let good = format!("CLIENT_RANDOM {} {}", random(7), "00".repeat(48));
        let short_random = format!("CLIENT_RANDOM {} {}", "07".repeat(31), "00".repeat(48));
        let short_secret = format!("CLIENT_RANDOM {} {}", random(7), "00".repeat(47));
        let not_hex = format!("CLIENT_RANDOM {} {}", random(7), "0g".repeat(48));
        let odd = format!("CLIENT_TRAFFIC_SECRET_0 {} {}0", random(7), "00".repeat(32));
        let no_number = format!("CLIENT_TRAFFIC_SECRET_x {} {}", random(7), "00".repeat(32));
        let words = "CLIENT_RANDOM\nnonsense in a log\n\u{1}\u{2}";
        let text = [words, &short_random, &short_secret, &not_hex, &odd, &no_number, &good].join("\n");
        assert_eq!(log.add(text.as_bytes()), Loaded { lines: 9, kept: 1, broken: 8 });
        assert_eq!(log.len(), 1);
    }

    #[test]
    fn a_connection_without_end_is_cut_short() {
        let mut log = KeyLog::new();
        let mut text = String::new();
        for generation in 0..100_000 {
            text += &format!("CLIENT_TRAFFIC_SECRET_{generation} {} {}\n", random(7), "00".repeat(32));
        }
        let loaded = log.add(text.as_bytes());
        assert_eq!((loaded.lines, loaded.kept, log.len()), (100_000, log.len() as u64, log.len()));
        assert!(log.len() <= KEPT_EACH);
        assert!(log.get(&[7; 32], Label::ClientTraffic(0)).is_some());
    }

    #[test]
    fn the_later_secret_counts() {
        let mut log = KeyLog::new();
        log.add(format!("CLIENT_RANDOM {} {}", random(7), "00".repeat(48)).as_bytes());
        log.add(format!("\u{feff}CLIENT_RANDOM {} {}\n", random(7), "11".repeat(48)).as_bytes());
        assert_eq!(log.get(&[7; 32], Label::ClientRandom).unwrap().as_bytes(), [0x11; 48]);
        assert_eq!(log.len(), 1);
    }
}
