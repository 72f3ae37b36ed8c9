//! `wslens tui`: the terminal browser.

use super::Exit;
use super::captures::{Captures, Outcome};
use super::judging::Judging;
use super::output::{Screen, lesson_style};
use crate::analysis::Options;
use crate::report::Fanout;
use crate::tui::{self, Feed, Left, Palette};
use anyhow::{Result, anyhow, bail};
use clap::Args;
use std::io::IsTerminal;
use std::sync::mpsc::{Sender, channel};
use std::thread;

const EXAMPLES: &str = "\
Examples:
  wslens tui capture.pcap
  wslens tui secret.pcapng --keylog keys.txt --notes
  tcpdump -w - port 80 | wslens tui -

In it ? shows the keys and how to filter, q quits.";

/// Browse captures in the terminal: connections, frames, fields, bytes, findings.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Tui {
    #[command(flatten)]
    captures: Captures,
    #[command(flatten)]
    judging: Judging,
    /// Bytes of each payload and of each message to keep for looking, searching and writing.
    #[arg(long, value_name = "N", default_value_t = 1 << 20, help_heading = "Payloads")]
    payload_bytes: usize,
    /// Show the SHA-256 of each complete message.
    #[arg(long, help_heading = "Payloads")]
    digests: bool,
}

impl Tui {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        if !std::io::stdout().is_terminal() {
            bail!("tui needs a terminal; analyze writes to files and pipes");
        }
        let palette = Palette { color: screen.color(), lesson: lesson_style };
        let (feed, inlet) = tui::channel();
        let (tell_opened, opened) = channel();
        // The analysis may wait for a pipe that never ends; it must not keep the user from quitting.
        let analysis = thread::spawn(move || self.analyse(feed, &tell_opened));
        match opened.recv() {
            Ok(outcome) => outcome?,
            Err(_) => return finish(analysis),
        }
        match tui::run(inlet, palette, screen.least())? {
            Left::Panicked => finish(analysis),
            Left::Quit if analysis.is_finished() => finish(analysis),
            Left::Quit => Ok(Exit::Done),
        }
    }

    /// Analyses the captures, after it told whether they could be opened.
    fn analyse(self, mut feed: Feed, opened: &Sender<Result<()>>) -> Option<Outcome> {
        let begun = self.judging.open().and_then(|judge| Ok((judge, self.captures.open()?)));
        let (judge, captures) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                // The other end waits for this.
                let _ = opened.send(Err(error));
                return None;
            }
        };
        opened.send(Ok(())).ok()?;
        let options = Options { payload_bytes: self.payload_bytes, digests: self.digests, ..Options::default() };
        let reports: Vec<(bool, &mut dyn crate::analysis::Sink)> = vec![(false, &mut feed)];
        match judge.run(captures.quietly(), options, &mut Fanout(Vec::new()), reports) {
            Ok(outcome) => Some(outcome),
            Err(error) => {
                feed.fail(format!("{error:#}"));
                None
            }
        }
    }
}

/// Waits for the end of the analysis; its panic becomes ours.
fn finish(analysis: thread::JoinHandle<Option<Outcome>>) -> Result<Exit> {
    match analysis.join() {
        Ok(outcome) if outcome.as_ref().is_some_and(|outcome| outcome.unopened > 0) => Ok(Exit::Blind),
        Ok(_) => Ok(Exit::Done),
        Err(panic) => match panic.downcast_ref::<&str>() {
            Some(what) => Err(anyhow!("the analysis failed: {what}")),
            None => Err(anyhow!("the analysis failed")),
        },
    }
}
