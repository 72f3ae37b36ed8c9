//! Why a capture could not be looked at, in one line that says what to do next.

use std::io;

/// There is nothing to analyse. A capture that merely ends badly is no error: see [`Info`](super::Info).
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be opened.
    #[error("cannot open {name}: {cause}")]
    Open {
        /// The path as given.
        name: String,
        /// What the system answered.
        cause: io::Error,
    },
    /// The first bytes could not be read or decompressed.
    #[error("cannot read {}: {cause}{}", called(name), instead(cause))]
    Read {
        /// The path as given, `-` for standard input.
        name: String,
        /// What the system or the decompressor answered.
        cause: io::Error,
    },
    /// The first bytes are those of something else.
    #[error(
        "{} is not a capture: {found}; pcap and pcapng files can be read, plain or in gzip, zstd or lz4",
        called(name)
    )]
    NotACapture {
        /// The path as given, `-` for standard input.
        name: String,
        /// What the file is instead, and what can be done about it.
        found: String,
    },
    /// The file ends before its header is complete.
    #[error("{} ends inside its {format} header, so that nothing in it can be read; capture again", called(name))]
    HeaderCut {
        /// The path as given, `-` for standard input.
        name: String,
        /// `pcap` or `pcapng`.
        format: &'static str,
    },
    /// A pcap version that no present program writes.
    #[error(
        "{} is a pcap file of version {major}.{minor}; only 2.4 can be read: convert it with `editcap -F pcapng`",
        called(name)
    )]
    Version {
        /// The path as given, `-` for standard input.
        name: String,
        /// Major version found.
        major: u16,
        /// Minor version found.
        minor: u16,
    },
    /// Files can only be put in order if each can be read twice.
    #[error("{} cannot be joined: it can be read only once; give a regular file, or leave out --join", called(name))]
    NotAFile {
        /// The path as given, `-` for standard input.
        name: String,
    },
}

fn called(name: &str) -> &str {
    if name == "-" { "standard input" } else { name }
}

/// What to give instead of what cannot be read.
fn instead(cause: &io::Error) -> &'static str {
    if cause.kind() == io::ErrorKind::IsADirectory { "; give the captures in it" } else { "" }
}

/// Says what a file is that is not a capture, from its first bytes.
pub(super) fn what_it_is(head: &[u8]) -> String {
    const KNOWN: &[(&[u8], &str)] = &[
        (b"snoop\0\0\0", "it is a snoop file: convert it with `editcap -F pcapng`"),
        (b"GMBU", "it is a Microsoft Network Monitor file: convert it with `editcap -F pcapng`"),
        (b"RTSS", "it is a Microsoft Network Monitor file: convert it with `editcap -F pcapng`"),
        (b"XCP\0", "it is a NetXRay file: convert it with `editcap -F pcapng`"),
        (b"TRSNIFF data", "it is a Sniffer file: convert it with `editcap -F pcapng`"),
        (b"BZh", "it is a bzip2 file: decompress it first"),
        (b"\xfd7zXZ\0", "it is an xz file: decompress it first"),
        (b"\x02\x21\x4c\x18", "it is an lz4 file of the legacy format: decompress it first"),
        (b"PK\x03\x04", "it is a zip archive: unpack it first"),
        (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive: unpack it first"),
        (b"\x7fELF", "it is a program"),
    ];
    if head.is_empty() {
        return "it is empty".to_owned();
    }
    if let Some((_, text)) = KNOWN.iter().find(|(magic, _)| head.starts_with(magic)) {
        return (*text).to_owned();
    }
    let sample = &head[..head.len().min(64)];
    if sample.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')) {
        return "it is a text file".to_owned();
    }
    let digits: Vec<String> = head.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("it begins with the bytes {}", digits.join(" "))
}
