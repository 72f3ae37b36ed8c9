//! From capture paths to an analysis: opens them one after the other, says which could not be opened, and keeps what a
//! command needs for its exit code.

use super::output::complain;
use super::progress::Progress;
use crate::analysis::{Analyzer, CaptureSummary, Connection, Options, Sink, Summary, relay};
use crate::capture::{Error, Reader, in_time_order};
use crate::policy::Bar;
use crate::report::Paths;
use crate::rules::Finding;
use crate::rules::capture::TLS_UNDECRYPTABLE;
use crate::tls::KeyLog;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

/// The captures a command reads.
#[derive(Debug, Args)]
pub struct Captures {
    /// Capture files: pcap or pcapng, plain or compressed by gzip, zstd or lz4; - reads standard input.
    #[arg(value_name = "CAPTURE", required = true)]
    pub paths: Vec<PathBuf>,
    /// Take the files as one capture, in the order of their first packets: connections go on from file to file.
    #[arg(long)]
    pub join: bool,
    /// Use so many threads; what is told does not depend on it [default: one for each core, and 1 for captures below
    /// 8 MB and for standard input]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    #[command(flatten)]
    pub keys: Keys,
}

/// Captures of fewer bytes are read before threads are worth their making.
const WORTH_THREADS: u64 = 8 << 20;

/// Secrets that open TLS.
#[derive(Clone, Debug, Default, Args)]
pub struct Keys {
    /// Key log files (SSLKEYLOGFILE) that open TLS; may be given several times. The file that the environment variable
    /// SSLKEYLOGFILE names and the secrets inside a pcapng are used as well.
    #[arg(long, value_name = "FILE")]
    pub keylog: Vec<PathBuf>,
}

impl Keys {
    /// Reads them all. A file that was asked for and cannot be read is an error; one from the environment is none, for
    /// it may be meant for another program.
    fn load(&self) -> Result<KeyLog> {
        let mut keys = KeyLog::new();
        for path in &self.keylog {
            let text = fs::read(path).with_context(|| format!("{}: cannot read the key log", path.display()))?;
            let loaded = keys.add(&text);
            if loaded.kept == 0 {
                let what = "holds no secret that opens TLS; a line should read LABEL CLIENT_RANDOM SECRET";
                complain("warning", &format!("{}: {what}", path.display()));
            }
        }
        if let Some(text) = std::env::var_os("SSLKEYLOGFILE").and_then(|path| fs::read(path).ok()) {
            keys.add(&text);
        }
        Ok(keys)
    }
}

impl Captures {
    /// One capture.
    pub fn one(path: PathBuf, keys: Keys) -> Captures {
        Captures { paths: vec![path], join: false, threads: None, keys }
    }

    /// Opens the first capture that can be opened, and complains about those before it. Fails where none can.
    ///
    /// Reports are created after this, so that a mistyped path leaves no empty files behind.
    pub fn open(self) -> Result<Opened> {
        let key_log = self.keys.load()?;
        let threads = self.threads.unwrap_or_else(|| default_threads(&self.paths));
        let paths = if self.join { in_time_order(&self.paths)? } else { self.paths };
        let mut opened = Opened {
            first: None,
            rest: paths.into(),
            joined: self.join,
            threads,
            key_log,
            paths: Paths::default(),
            unreadable: Vec::new(),
            quiet: false,
            outcome: Outcome::default(),
        };
        opened.first = match opened.rest.len() {
            1 => opened.rest.pop_front().map(|path| opened.try_next(&path)).transpose()?,
            _ => opened.next(),
        };
        match opened.first {
            Some(_) => Ok(opened),
            None => bail!("none of the {} captures could be opened", opened.unreadable.len()),
        }
    }
}

/// Captures of which the first is open.
pub struct Opened {
    first: Option<Reader>,
    rest: VecDeque<PathBuf>,
    joined: bool,
    threads: NonZeroUsize,
    key_log: KeyLog,
    paths: Paths,
    /// Captures that could not be opened, and why, until a sink is told.
    unreadable: Vec<(String, String)>,
    /// The sink alone is told which captures could not be opened.
    quiet: bool,
    outcome: Outcome,
}

/// What is known after all captures were read.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The counts.
    pub summary: Summary,
    /// Captures that could not be opened; they were complained about.
    pub unopened: usize,
    /// Captures in which reading stopped before the end.
    pub faulty: usize,
    /// Packets of unknown link types.
    pub unknown_links: u64,
    /// Streams that could not be decrypted.
    pub undecryptable: u64,
}

impl Opened {
    /// Paths of the captures opened so far; grows while they are analysed.
    pub fn paths(&self) -> Paths {
        self.paths.clone()
    }

    /// From here on complains to nobody but the sink, which owns the screen.
    #[cfg(feature = "tui")]
    pub fn quietly(self) -> Opened {
        Opened { quiet: true, ..self }
    }

    /// The next capture that can be opened.
    fn next(&mut self) -> Option<Reader> {
        while let Some(path) = self.rest.pop_front() {
            match self.try_next(&path) {
                Ok(reader) => return Some(reader),
                Err(error) => {
                    if !self.quiet {
                        complain("error", &error.to_string());
                    }
                    self.unreadable.push((path.display().to_string(), error.to_string()));
                }
            }
        }
        None
    }

    fn try_next(&mut self, path: &Path) -> Result<Reader, Error> {
        let reader = Reader::open(path)?;
        self.paths.borrow_mut().push(path.display().to_string());
        Ok(reader)
    }

    /// Analyses the captures and tells `sink`.
    pub fn run(mut self, options: Options, sink: &mut dyn Sink) -> Result<Outcome> {
        let key_log = std::mem::take(&mut self.key_log);
        let mut analyzer = Analyzer::new(Options { join: self.joined, threads: self.threads, key_log, ..options });
        let connections = Arc::new(AtomicU64::new(0));
        let mut watch =
            Watch { inner: sink, faulty: 0, unknown_links: 0, undecryptable: 0, connections: connections.clone() };
        let mut reader = self.first.take();
        while let Some(mut open) = reader {
            self.tell_unreadable(&mut watch)?;
            let size = file_size(&open.info().name);
            let progress = Progress::of(&open, size, connections.clone());
            analyzer.read(&mut open, &mut watch)?;
            drop(progress);
            reader = self.next();
        }
        self.tell_unreadable(&mut watch)?;
        let summary = analyzer.finish(&mut watch)?;
        let Watch { faulty, unknown_links, undecryptable, .. } = watch;
        Ok(Outcome { summary, faulty, unknown_links, undecryptable, ..self.outcome })
    }

    fn tell_unreadable(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        for (path, why) in self.unreadable.drain(..) {
            self.outcome.unopened += 1;
            sink.unreadable(&path, &why)?;
        }
        Ok(())
    }
}

/// One for each core where there is enough to do.
fn default_threads(paths: &[PathBuf]) -> NonZeroUsize {
    let bytes: u64 = paths.iter().filter_map(|path| file_size(&path.display().to_string())).sum();
    match thread::available_parallelism() {
        Ok(cores) if bytes >= WORTH_THREADS => cores,
        _ => NonZeroUsize::MIN,
    }
}

/// Bytes of a capture that is a file.
fn file_size(name: &str) -> Option<u64> {
    fs::metadata(name).ok().filter(|file| file.is_file() && name != "-").map(|file| file.len())
}

/// Notices what a capture could not give.
struct Watch<'a> {
    inner: &'a mut dyn Sink,
    faulty: usize,
    unknown_links: u64,
    undecryptable: u64,
    /// Connections found so far.
    connections: Arc<AtomicU64>,
}

impl Sink for Watch<'_> {
    relay!(inner: pause, frame, message_bytes, message, reaction, timeline, connection_end, client_random, unreadable, summary);

    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        self.connections.fetch_add(1, Relaxed);
        self.inner.connection(connection)
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        self.undecryptable += u64::from(finding.rule == &TLS_UNDECRYPTABLE);
        self.inner.finding(id, finding)
    }

    fn capture(&mut self, capture: &CaptureSummary) -> io::Result<()> {
        self.faulty += usize::from(capture.fault.is_some());
        self.unknown_links += capture.unknown_links.iter().map(|(_, packets)| packets).sum::<u64>();
        self.inner.capture(capture)
    }
}

/// Counts the findings that decide a check.
#[derive(Debug)]
pub struct Verdict {
    /// What counts.
    pub bar: Bar,
    /// How many count.
    pub failed: u64,
}

impl Sink for Verdict {
    fn finding(&mut self, _: Option<u64>, finding: &Finding) -> io::Result<()> {
        self.failed += u64::from(self.bar.fails(finding));
        Ok(())
    }
}

impl Outcome {
    /// Why no WebSocket connection was seen, and what to do about it.
    pub fn why_nothing(&self) -> &'static str {
        if self.unknown_links > 0 {
            "packets of unknown link types were passed over; convert the capture, or capture again"
        } else if self.undecryptable > 0 {
            "there is TLS that could not be opened; name its secrets with --keylog FILE"
        } else {
            "there is no WebSocket connection"
        }
    }
}

/// The number of a connection, as an argument.
pub fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "write the number of a connection, as in 0; wslens analyze lists them".to_owned())
}

/// Fails with the connections there are, unless `connection` is one of them.
pub fn known(connection: u64, outcome: &Outcome) -> Result<()> {
    match outcome.summary.connections {
        0 => bail!("no connection {connection} in this capture: {}", outcome.why_nothing()),
        1 if connection > 0 => bail!("no connection {connection}: this capture has connection 0 only"),
        n if connection >= n => bail!("no connection {connection}: this capture has connections 0 to {}", n - 1),
        _ => Ok(()),
    }
}
