//! How far an analysis has come: one line on standard error, for who watches it on a terminal.
//!
//! It is drawn by a thread of its own, a few times a second, from counts that the reader keeps anyway, and erased when
//! the capture is read. Captures that take less than a moment show nothing.

use crate::capture::{Gauge, Reader};
use crate::report::words::{duration, size};
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long an analysis is left alone before anything is drawn, and then from one drawing to the next.
const PATIENCE: Duration = Duration::from_millis(700);
const PACE: Duration = Duration::from_millis(200);

/// Draws while it lives.
pub struct Progress {
    /// Dropped to end the thread.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What is drawn from.
struct Watched {
    gauge: Arc<Gauge>,
    connections: Arc<AtomicU64>,
    /// Bytes of the file, where it is one.
    size: Option<u64>,
    began: Instant,
}

impl Progress {
    /// Shows how far `reader` is, and the connections counted beside it, until it is dropped. Does nothing where standard
    /// error is no terminal, and where standard output is one too: a report may be on its way there.
    pub fn of(reader: &Reader, size: Option<u64>, connections: Arc<AtomicU64>) -> Progress {
        if !io::stderr().is_terminal() || io::stdout().is_terminal() {
            return Progress { end: None, thread: None };
        }
        let watched = Watched { gauge: reader.gauge(), connections, size, began: Instant::now() };
        let (end, ended) = channel();
        let thread = thread::Builder::new().name("progress".to_owned()).spawn(move || {
            let mut wait = PATIENCE;
            let mut drawn = false;
            while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                wait = PACE;
                drawn = true;
                draw(&watched.line());
            }
            if drawn {
                draw("");
            }
        });
        Progress { end: Some(end), thread: thread.ok() }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has drawn nothing to be erased.
            let _ = thread.join();
        }
    }
}

/// Puts `line` in the place of the one before.
fn draw(line: &str) {
    // Nobody is left to be told where standard error is closed.
    let _ = write!(io::stderr(), "\r\x1b[K{line}");
    let _ = io::stderr().flush();
}

impl Watched {
    fn line(&self) -> String {
        let connections = self.connections.load(Relaxed);
        text(self.gauge.bytes(), self.size, self.gauge.packets(), connections, self.began.elapsed())
    }
}

/// `42 % of 1.2 GB, 301222 packets, 2000 connections, 310.0 MB/s, 2.1 s left`
fn text(bytes: u64, size_of_file: Option<u64>, packets: u64, connections: u64, elapsed: Duration) -> String {
    let rate = bytes as f64 / elapsed.as_secs_f64().max(1e-3);
    let counts = format!("{packets} packets, {connections} connections, {}/s", size(rate as u64));
    // A file may grow while it is read; then nobody knows how much is left.
    match size_of_file.filter(|&all| all >= bytes && all > 0) {
        Some(all) => {
            let left = Duration::try_from_secs_f64((all - bytes) as f64 / rate.max(1.0)).unwrap_or(Duration::MAX);
            let percent = u128::from(bytes) * 100 / u128::from(all);
            format!("{percent} % of {}, {counts}, {} left", size(all), duration(left))
        }
        None => format!("{}, {counts}", size(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::text;
    use std::time::Duration;

    #[test]
    fn a_file_has_an_end_and_a_stream_has_none() {
        let second = Duration::from_secs(1);
        assert_eq!(
            text(250_000_000, Some(1_000_000_000), 1234, 5, second),
            "25 % of 1.0 GB, 1234 packets, 5 connections, 250.0 MB/s, 3.0 s left"
        );
        assert_eq!(text(1500, None, 10, 0, second), "1.5 kB, 10 packets, 0 connections, 1.5 kB/s");
        assert_eq!(text(1500, Some(1000), 10, 0, second), "1.5 kB, 10 packets, 0 connections, 1.5 kB/s");
    }

    #[test]
    fn no_number_is_too_large_and_none_too_small() {
        assert!(text(0, Some(u64::MAX), 0, 0, Duration::ZERO).starts_with("0 % of 18.4 EB"));
        assert!(text(u64::MAX, Some(u64::MAX), u64::MAX, 0, Duration::ZERO).starts_with("100 % of"));
    }
}
