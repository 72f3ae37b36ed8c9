//! `wslens annotate`: a copy of a capture with the findings as comments on its packets.

use super::Exit;
use super::captures::{Captures, Keys, Verdict};
use super::judging::Choosing;
use super::output::{Screen, complain, real};
use crate::analysis::Options;
use crate::capture::{Annotated, Reader, annotate};
use crate::policy::Bar;
use crate::report::comments::Comments;
use crate::report::words::count;
use crate::rules::Severity;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  wslens annotate capture.pcap -o findings.pcapng && wireshark findings.pcapng
  wslens annotate capture.pcapng --notes -o findings.pcapng
  tshark -r findings.pcapng -Y pkt_comment -T fields -e frame.number -e frame.comment";

/// Copy a capture as pcapng with the findings as packet comments, which Wireshark shows.
///
/// All packets, sections, interfaces, names and secrets of the capture are in the copy; --redact makes the comments tell no
/// payload and takes nothing out of the packets.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Annotate {
    /// Capture file. It is read twice, so it cannot be standard input.
    capture: PathBuf,
    #[command(flatten)]
    keys: Keys,
    #[command(flatten)]
    choosing: Choosing,
    /// Where to write the pcapng file; standard output without it.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
}

impl Annotate {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        let Annotate { capture, keys, choosing, output } = self;
        if capture.as_os_str() == "-" {
            bail!("annotate reads the capture twice and cannot take it from standard input; write it to a file first");
        }
        if output.as_ref().is_some_and(|output| real(output) == real(&capture)) {
            bail!("--output would overwrite the capture {}; give another path", capture.display());
        }
        let judge = choosing.open()?;
        let opened = Captures::one(capture.clone(), keys).open()?;
        let mut comments = Comments::new(screen.least());
        let mut verdict = Verdict { bar: Bar { least: Severity::Error, after_gap: false }, failed: 0 };
        judge.run(opened, Options::default(), &mut verdict, vec![(false, &mut comments)])?;

        let packets = comments.packets();
        let reader = Reader::open(&capture)?;
        let mut of = |packet| comments.take(packet);
        let copy = match &output {
            Some(path) => {
                let cannot = || format!("cannot write {}", path.display());
                let mut out = BufWriter::with_capacity(64 << 10, File::create(path).with_context(cannot)?);
                annotate(reader, &mut of, &mut out).with_context(cannot)?
            }
            None => annotate(reader, &mut of, &mut screen.plain())?,
        };
        let Annotated { info, comments, dropped } = copy;
        if dropped > 0 {
            let what = format!("{} on packets without room for any: Simple Packet Blocks", count(dropped, "comment"));
            complain("warning", &format!("{what} are left out"));
        }
        if let Some(path) = &output {
            let path = crate::escape::printable(path.as_os_str().as_encoded_bytes()).into_owned();
            let of = count(packets as u64, "packet");
            writeln!(screen.plain(), "{path}: {} on {of} of {}", count(comments, "comment"), info.packets)?;
        }
        if info.truncated {
            complain("warning", "the capture ends inside a packet or block; the copy ends before it");
        }
        match info.fault {
            Some(fault) => {
                complain("error", &format!("the copy ends where reading stopped: {fault}"));
                Ok(Exit::Blind)
            }
            None => Ok(Exit::Done),
        }
    }
}
