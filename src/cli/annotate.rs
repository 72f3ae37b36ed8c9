//! `wslens annotate`: a copy of a capture with the findings as comments on its packets.

use super::captures::{Captures, Keys, Verdict};
use super::judging::Choosing;
use super::output::{Screen, complain};
use super::{Exit, copying};
use crate::analysis::Options;
use crate::capture::{Changes, Copied, Reader};
use crate::policy::Bar;
use crate::report::comments::Comments;
use crate::report::words::count;
use crate::rules::Severity;
use anyhow::{Result, bail};
use clap::Args;
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
    /// Where to write the pcapng file; - is standard output, as without it.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
}

impl Annotate {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        let Annotate { capture, keys, choosing, output } = self;
        if capture.as_os_str() == "-" {
            bail!("annotate reads the capture twice and cannot take it from standard input; write it to a file first");
        }
        copying::refuse_overwriting(output.as_deref(), &[&capture])?;
        let judge = choosing.open()?;
        let opened = Captures::one(capture.clone(), keys).open()?;
        let mut comments = Comments::new(screen.least());
        let mut verdict = Verdict { bar: Bar { least: Severity::Error, after_gap: false }, failed: 0 };
        judge.run(opened, Options::default(), &mut verdict, vec![(false, &mut comments)])?;

        let packets = comments.packets();
        let mut of = |packet| comments.take(packet);
        let changes = Changes { comments: Some(&mut of), ..Changes::default() };
        let copied = copying::write(Reader::open(&capture)?, changes, output.as_deref(), screen)?;
        let Copied { info, comments, dropped, .. } = copied;
        if dropped > 0 {
            let what = format!("{} on packets without room for any: Simple Packet Blocks", count(dropped, "comment"));
            complain("warning", &format!("{what} are left out"));
        }
        let of = count(packets as u64, "packet");
        let what = format!("{} on {of} of {}", count(comments, "comment"), info.packets);
        copying::tell(output.as_deref(), &what, screen)?;
        Ok(copying::ended(&info))
    }
}
