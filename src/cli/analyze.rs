//! `wslens analyze`: the overview, or the whole report in a form for machines.

use super::Exit;
use super::captures::{Captures, Verdict};
use super::judging::Judging;
use super::output::{Format, Output, Screen, Wish, distinct};
use crate::analysis::{Options, Sink};
use crate::policy::Bar;
use crate::report::Detail;
use crate::rules::Severity;
use anyhow::Result;
use clap::Args;

const EXAMPLES: &str = "\
Examples:
  wslens analyze capture.pcap
  wslens analyze capture.pcap --format json | jq '.connections[].findings[].rule'
  wslens analyze capture.pcap --output html:report.html
  wslens analyze day-*.pcap.gz --join --output jsonl:day.jsonl";

/// Show the connections in captures and the rules they broke.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Analyze {
    #[command(flatten)]
    captures: Captures,
    #[command(flatten)]
    judging: Judging,
    /// What to write to standard output.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write a report to a file as well; may be given several times.
    #[arg(long, value_name = "FORMAT:PATH")]
    output: Vec<Output>,
    #[command(flatten)]
    payloads: Payloads,
}

/// How much of payloads a report holds.
#[derive(Debug, Args)]
pub struct Payloads {
    /// Payload bytes of each frame and message to report.
    #[arg(long, value_name = "N", default_value_t = 64)]
    payload_bytes: usize,
    /// Report the SHA-256 of each complete message.
    #[arg(long)]
    digests: bool,
}

impl Payloads {
    /// As the analysis takes it.
    pub fn options(&self) -> Options {
        Options { payload_bytes: self.payload_bytes, digests: self.digests, ..Options::default() }
    }
}

impl Analyze {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        let judge = self.judging.open()?;
        distinct(&self.output, judge.written(), &self.captures.paths)?;
        let opened = self.captures.open()?;
        let paths = opened.paths();
        let bar = Bar { least: judge.fail_on().unwrap_or(Severity::Error), after_gap: false };
        let asked = judge.asked(bar, false);
        let wish =
            Wish { detail: Detail::Full, least: screen.least(), paths: &paths, policy: judge.policy(), asked: &asked };
        let mut sinks = vec![(self.format.counts(), self.format.on_screen(screen, &wish))];
        for output in &self.output {
            sinks.push((output.format.counts(), output.format.in_file(&output.path, screen, &wish)?));
        }
        let mut verdict = Verdict { bar, failed: 0 };
        let reports = sinks.iter_mut().map(|(counts, sink)| (*counts, &mut **sink as &mut dyn Sink)).collect();
        let outcome = judge.run(opened, self.payloads.options(), &mut verdict, reports)?;
        Ok(if outcome.unopened > 0 { Exit::Blind } else { Exit::Done })
    }
}
