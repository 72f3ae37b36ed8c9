//! `wslens analyze`: the overview, or the whole report in a form for machines.

use super::Exit;
use super::captures::{Captures, Verdict};
use super::judging::Judging;
use super::output::{Format, Output, Report, Screen, Wish, distinct};
use crate::analysis::{Options, Sink};
use crate::policy::Bar;
use crate::report::{Detail, Shortened};
use crate::rules::Severity;
use anyhow::Result;
use clap::Args;

const EXAMPLES: &str = "\
Examples:
  wslens analyze capture.pcap
  wslens analyze capture.pcap --format json | jq '.connections[].findings[].rule'
  wslens analyze capture.pcap --output html:report.html
  wslens analyze day-*.pcap.gz --join --output jsonl:day.jsonl
  wslens analyze capture.pcap --output har:capture.har";

/// Show the connections in captures and the rules they broke.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Analyze {
    #[command(flatten)]
    captures: Captures,
    #[command(flatten)]
    judging: Judging,
    /// What to write to standard output.
    #[arg(long, value_enum, help_heading = "Reports", default_value_t = Format::Table)]
    format: Format,
    /// Write a report to a file as well; may be given several times.
    #[arg(long, value_name = "FORMAT:PATH", help_heading = "Reports")]
    output: Vec<Output>,
    #[command(flatten)]
    payloads: Payloads,
}

/// How much of payloads a report holds.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reports")]
pub struct Payloads {
    /// Payload bytes of each frame and message to report; 64, and 16 MiB in har, unless said otherwise.
    #[arg(long, value_name = "N")]
    payload_bytes: Option<usize>,
    /// Report the SHA-256 of each complete message.
    #[arg(long)]
    digests: bool,
}

impl Payloads {
    /// What an analysis for these reports is asked for.
    pub fn options(&self, reports: &[Report]) -> Options {
        Options { payload_bytes: self.most(reports), digests: self.digests, ..Options::default() }
    }

    /// Cuts payloads down to what each report is to tell, where another is to tell more.
    pub fn shorten(&self, reports: Vec<Report>) -> Vec<Report> {
        let most = self.most(&reports);
        let shortened = |(format, sink): Report| match self.wanted(format) {
            wanted if wanted < most => (format, Box::new(Shortened::new(sink, wanted)) as Box<dyn Sink>),
            _ => (format, sink),
        };
        reports.into_iter().map(shortened).collect()
    }

    /// Payload bytes that some report is to tell.
    fn most(&self, reports: &[Report]) -> usize {
        reports.iter().map(|(format, _)| self.wanted(*format)).max().unwrap_or(0)
    }

    fn wanted(&self, format: Format) -> usize {
        self.payload_bytes.unwrap_or(format.payload_bytes())
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
        let mut reports = vec![(self.format, self.format.on_screen(screen, &wish))];
        for output in &self.output {
            reports.push((output.format, output.format.in_file(&output.path, screen, &wish)?));
        }
        let mut verdict = Verdict { bar, failed: 0 };
        let options = self.payloads.options(&reports);
        let mut reports = self.payloads.shorten(reports);
        let sinks =
            reports.iter_mut().map(|(format, sink)| (format.counts(), sink.as_mut() as &mut dyn Sink)).collect();
        let outcome = judge.run(opened, options, &mut verdict, sinks)?;
        Ok(if outcome.unopened > 0 { Exit::Blind } else { Exit::Done })
    }
}
