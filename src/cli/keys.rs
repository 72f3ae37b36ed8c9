//! `wslens keys`: puts the secrets of a capture's TLS connections into the capture, and takes them out of it.

use super::captures::{Captures, Keys as KeyLogs};
use super::output::{Screen, complain};
use super::{Exit, copying};
use crate::analysis::{Options, Sink};
use crate::capture::{Changes, Reader, Secrets};
use crate::report::words::{count, size};
use crate::tls::{KeyLog, Loaded, excerpt};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  wslens keys inject capture.pcap --keylog keys.log -o with-keys.pcapng
  wslens analyze with-keys.pcapng
  wslens keys strip with-keys.pcapng -o to-share.pcapng";

/// Put TLS secrets into a capture, or take them out of it.
///
/// A pcapng file can hold the lines of a key log in a Decryption Secrets Block. wslens and Wireshark then open its TLS
/// connections without any other file.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Keys {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Inject(Inject),
    Strip(Strip),
}

/// Copy a capture as pcapng with the secrets that open it.
///
/// Of the key logs only the lines are taken that belong to a TLS connection of the capture: the rest would open what is
/// not in it. Everything else of a pcapng file is copied as it is, secrets it already holds included.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wslens keys inject capture.pcap --keylog keys.log -o with-keys.pcapng
  SSLKEYLOGFILE=keys.log wslens keys inject capture.pcap -o - | tshark -r - -Y websocket")]
struct Inject {
    /// Capture file. It is read twice, so it cannot be standard input unless --all is given.
    capture: PathBuf,
    /// Key log files (SSLKEYLOGFILE); may be given several times. Without any, the one that the environment variable
    /// SSLKEYLOGFILE names.
    #[arg(long, value_name = "FILE")]
    keylog: Vec<PathBuf>,
    /// Take the key logs whole, for what is not looked at here, such as QUIC and DTLS.
    #[arg(long)]
    all: bool,
    /// Where to write the pcapng file; - is standard output.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: PathBuf,
}

/// Copy a capture as pcapng without its Decryption Secrets Blocks.
///
/// The secrets of all protocols are left out. Packets, comments and all other blocks stay as they are.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wslens keys strip with-keys.pcapng -o to-share.pcapng
  zstdcat with-keys.pcapng.zst | wslens keys strip - -o - | gzip > to-share.pcapng.gz")]
struct Strip {
    /// Capture file; - reads standard input.
    capture: PathBuf,
    /// Where to write the pcapng file; - is standard output.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: PathBuf,
}

impl Keys {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        match self.command {
            Command::Inject(inject) => inject.run(screen),
            Command::Strip(strip) => strip.run(screen),
        }
    }
}

impl Inject {
    fn run(self, screen: &Screen) -> Result<Exit> {
        let Inject { capture, mut keylog, all, output } = self;
        if keylog.is_empty() {
            keylog.extend(std::env::var_os("SSLKEYLOGFILE").map(PathBuf::from));
        }
        if keylog.is_empty() {
            bail!("there is no key log; --keylog FILE or the environment variable SSLKEYLOGFILE names one");
        }
        if capture.as_os_str() == "-" && !all {
            bail!("the capture is read twice and cannot come from standard input; write it to a file, or give --all");
        }
        let read: Vec<_> = keylog.iter().chain([&capture]).map(PathBuf::as_path).collect();
        copying::refuse_overwriting(Some(&output), &read)?;

        let mut logs = Vec::new();
        for path in &keylog {
            let text = fs::read(path).with_context(|| format!("{}: cannot read the key log", path.display()))?;
            let loaded = if all { KeyLog::new().add(&text) } else { Loaded::default() };
            if loaded.broken > 0 && loaded.broken == loaded.lines {
                bail!("{}: not a key log; a line should read LABEL CLIENT_RANDOM SECRET", path.display());
            }
            logs.push(text);
        }
        let wanted = if all { None } else { Some(client_randoms(&capture, &keylog)?) };
        let mut lines = Vec::new();
        for text in &logs {
            match &wanted {
                Some(wanted) => lines.extend(excerpt(text, wanted)),
                None => {
                    lines.extend_from_slice(text);
                    if !text.ends_with(b"\n") {
                        lines.push(b'\n');
                    }
                }
            }
        }
        if lines.is_empty() {
            let seen = count(wanted.map_or(0, |wanted| wanted.len()) as u64, "TLS handshake");
            bail!("no line of the key logs belongs to the capture, which has {seen}; --all takes every line");
        }
        if lines.len() > Secrets::MOST {
            let (found, most) = (size(lines.len() as u64), size(Secrets::MOST as u64));
            let advice = if all { "leave out --all" } else { "split the capture" };
            bail!("{found} of secrets belong to the capture, more than the {most} that are read from one; {advice}");
        }
        let changes = Changes { key_log: &lines, ..Changes::default() };
        let copied = copying::write(Reader::open(&capture)?, changes, Some(&output), screen)?;
        let taken = count(lines.iter().filter(|&&byte| byte == b'\n').count() as u64, "line");
        let packets = count(copied.info.packets, "packet");
        copying::tell(Some(&output), &format!("{packets}, and {taken} of secrets before them"), screen)?;
        Ok(copying::ended(&copied.info))
    }
}

impl Strip {
    fn run(self, screen: &Screen) -> Result<Exit> {
        let Strip { capture, output } = self;
        copying::refuse_overwriting(Some(&output), &[&capture])?;
        let changes = Changes { strip_secrets: true, ..Changes::default() };
        let copied = copying::write(Reader::open(&capture)?, changes, Some(&output), screen)?;
        let packets = count(copied.info.packets, "packet");
        let blocks = count(copied.stripped, "Decryption Secrets Block");
        copying::tell(Some(&output), &format!("{packets}; {blocks} left out"), screen)?;
        if copied.stripped == 0 {
            complain("warning", "the capture holds no secrets; the copy says the same");
        }
        Ok(copying::ended(&copied.info))
    }
}

/// The randoms of all ClientHellos in the capture. The key logs open those of renegotiations, which are encrypted.
fn client_randoms(capture: &std::path::Path, keylog: &[PathBuf]) -> Result<HashSet<[u8; 32]>> {
    let keys = KeyLogs { keylog: keylog.to_vec() };
    let mut randoms = Randoms::default();
    let options = Options { client_randoms: true, ..Options::default() };
    Captures::one(capture.to_owned(), keys).open()?.run(options, &mut randoms)?;
    Ok(randoms.0)
}

/// Remembers the randoms that it is told of.
#[derive(Default)]
struct Randoms(HashSet<[u8; 32]>);

impl Sink for Randoms {
    fn client_random(&mut self, random: &[u8; 32]) -> io::Result<()> {
        self.0.insert(*random);
        Ok(())
    }
}
