//! The command line: arguments in, calls into the library, an exit code out.
//!
//! A command is one file here. Only what was asked for goes to standard output; everything else, errors included, goes
//! to standard error. Exit codes are a contract, see [`Exit`].

mod accept;
mod analyze;
mod annotate;
mod captures;
mod check;
mod compare;
mod completions;
mod copying;
mod decode;
mod encode;
mod expect_file;
mod extract;
mod follow;
mod frames;
mod handshake;
mod judging;
mod keys;
mod ladder;
mod man;
mod output;
mod progress;
mod quiz;
mod rules;
mod schema;
mod settings;
mod show;
mod suggest;
mod table;
mod threshold;
#[cfg(feature = "tui")]
mod tui;

#[cfg(test)]
mod tests;

use anyhow::Result;
use clap::{Args, ColorChoice, Parser, Subcommand};
use std::io;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  wslens analyze capture.pcap            what was said, and which rules were broken
  wslens follow capture.pcap 0           the first connection as a conversation
  wslens ladder capture.pcap 0           the same as a ladder, from SYN to FIN
  wslens show capture.pcap 0:3           its fourth frame, bit by bit
  wslens check *.pcap --fail-on warning  for continuous integration
  wslens compare before.pcap after.pcap  what appeared, and what went
  tcpdump -w - port 80 | wslens analyze -

Exit codes:
  0  done; for check: nothing at or above --fail-on
  1  check found something, or compare something new; accept was given a wrong value
  2  the tool could not look: no such file, not a capture, wrong usage
  3  check or compare saw no WebSocket connection";

/// Tells the truth about the WebSocket traffic in packet captures: what was said, by whom, and which rule of RFC 6455
/// it broke.
#[derive(Debug, Parser)]
#[command(name = "wslens", version, arg_required_else_help = true, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Clone, Copy, Debug, Args)]
struct Global {
    /// When to use colours; auto heeds the terminal and NO_COLOR.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    color: ColorChoice,
    /// Show notes too: what is legal, but worth saying.
    #[arg(long, global = true, help_heading = "Output")]
    notes: bool,
    /// Columns to write for; the terminal's width, or 100 where there is none.
    #[arg(long, global = true, value_name = "COLUMNS", help_heading = "Output",
        value_parser = clap::value_parser!(u16).range(40..=1000))]
    width: Option<u16>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Analyze(analyze::Analyze),
    Check(check::Check),
    Compare(compare::Compare),
    Annotate(annotate::Annotate),
    Keys(keys::Keys),
    Frames(frames::Frames),
    Follow(follow::Follow),
    Extract(extract::Extract),
    Ladder(ladder::Draw),
    Handshake(handshake::Explain),
    Show(show::Show),
    #[cfg(feature = "tui")]
    Tui(tui::Tui),
    Decode(decode::Decode),
    Encode(encode::Encode),
    Accept(accept::Accept),
    Quiz(quiz::Quiz),
    Rules(rules::Rules),
    Schema(schema::Schema),
    Completions(completions::Completions),
    Man(man::Man),
}

/// How a run of the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what it was asked for.
    Done = 0,
    /// `check` found something, `compare` something new; a value given to `accept` is wrong.
    Found = 1,
    /// It could not look: no such file, not a capture, wrong usage.
    Blind = 2,
    /// `check` or `compare` saw no WebSocket connection.
    Nothing = 3,
}

/// Runs the program with the arguments of this process.
pub fn main() -> ExitCode {
    // Wrong usage ends the process here with exit code 2, `--help` and `--version` with 0.
    let cli = Cli::parse();
    let exit = run(cli).unwrap_or_else(|error| match is_closed_pipe(&error) {
        // Who reads the report has seen enough (`wslens frames a.pcap | head`).
        true => Exit::Done,
        false => {
            output::complain("error", &format!("{error:#}"));
            Exit::Blind
        }
    });
    ExitCode::from(exit as u8)
}

fn run(cli: Cli) -> Result<Exit> {
    let screen = output::Screen::new(cli.global);
    match cli.command {
        Command::Analyze(command) => command.run(&screen),
        Command::Check(command) => command.run(&screen),
        Command::Compare(command) => command.run(&screen),
        Command::Annotate(command) => command.run(&screen),
        Command::Keys(command) => command.run(&screen),
        Command::Frames(command) => command.run(&screen),
        Command::Follow(command) => command.run(&screen),
        Command::Extract(command) => command.run(&screen),
        Command::Ladder(command) => command.run(&screen),
        Command::Show(command) => command.run(&screen),
        #[cfg(feature = "tui")]
        Command::Tui(command) => command.run(&screen),
        Command::Decode(command) => command.run(&screen),
        Command::Encode(command) => command.run(&screen),
        Command::Accept(command) => command.run(&screen),
        Command::Handshake(command) => command.run(&screen),
        Command::Quiz(command) => command.run(&screen),
        Command::Rules(command) => command.run(&screen),
        Command::Schema(command) => command.run(&screen),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
