//! `wslens quiz`: questions about frames.

use super::Exit;
use super::captures::{Captures, Keys};
use super::output::Screen;
use crate::analysis::{Connection, Options, Sink};
use crate::rules::Finding;
use crate::teach::{self, Dice, Mark, Question, Subject};
use crate::websocket::{Family, Frame};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  wslens quiz                          ten frames that were made up
  wslens quiz capture.pcap --count 5   five frames of a capture
  wslens quiz --seed 7 --sheet         the same exercises for everybody, on paper

Answer with a word or a number; an empty line passes, q ends.";

/// Frames of a capture that are kept to be asked about.
const KEPT: usize = 2000;

/// Answer questions about frames: which opcode, how long, who sent it, is it legal.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Quiz {
    /// Capture file with the frames; without it frames are made up.
    capture: Option<PathBuf>,
    #[command(flatten)]
    keys: Keys,
    /// Ask this many questions.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    count: u32,
    /// The same number asks the same questions.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print an exercise sheet in Markdown, with the answers on a page of their own.
    #[arg(long)]
    sheet: bool,
}

impl Quiz {
    pub(super) fn run(self, screen: &Screen) -> Result<Exit> {
        let subjects = match self.capture {
            Some(path) => {
                if path.as_os_str() == "-" {
                    bail!("the answers come from standard input; give the capture as a file");
                }
                let mut collect = Collect::default();
                let outcome = Captures::one(path, self.keys).open()?.run(Options::default(), &mut collect)?;
                let subjects: Vec<Subject> = collect.subjects.into_values().collect();
                if outcome.summary.connections == 0 {
                    bail!("no frames to ask about: {}", outcome.why_nothing());
                }
                if subjects.is_empty() {
                    bail!("there are no frames in this capture to ask about");
                }
                subjects
            }
            None => Vec::new(),
        };
        // Short enough to be typed again.
        let seed = self.seed.unwrap_or_else(|| RandomState::new().build_hasher().finish() % 10_000);
        let mut dice = Dice::new(seed);
        let questions: Vec<Question> = (0..self.count)
            .map(|_| {
                let made;
                let subject = match subjects.get(dice.below(subjects.len())) {
                    Some(subject) => subject,
                    None => {
                        made = dice.frame();
                        &made
                    }
                };
                teach::question(subject, &mut dice)
            })
            .collect();
        match self.sheet {
            true => sheet(&questions, seed, &mut screen.plain())?,
            false => ask(&questions, seed, screen)?,
        }
        Ok(Exit::Done)
    }
}

/// Asks, checks and explains until the questions or the answers end.
fn ask(questions: &[Question], seed: u64, screen: &Screen) -> Result<()> {
    let stdin = io::stdin();
    let typed = stdin.is_terminal();
    let (mut asked, mut right) = (0, 0);
    for (number, question) in (1..).zip(questions) {
        let mut out = screen.styled();
        writeln!(out, "Question {number} of {}", questions.len())?;
        drop(out);
        screen.teach(&question.frame)?;
        let mut out = screen.styled();
        write!(out, "{}\n> ", question.prompt)?;
        out.flush()?;
        let mut line = Vec::new();
        let read = stdin.lock().read_until(b'\n', &mut line).context("cannot read standard input")?;
        let given = String::from_utf8_lossy(&line);
        let given = given.trim();
        if !typed {
            // So that the output of a script reads as what one sees.
            writeln!(out, "{}", crate::escape::printable(given.as_bytes()))?;
        }
        if read == 0 || matches!(given, "q" | "quit") {
            break;
        }
        asked += 1;
        let is_right = question.is_right(given);
        right += u32::from(is_right);
        match (is_right, given.is_empty()) {
            (true, _) => writeln!(out, "Right.")?,
            (false, true) => writeln!(out, "It is {}.", question.answer())?,
            (false, false) => writeln!(out, "No: it is {}.", question.answer())?,
        }
        out.flush()?;
        drop(out);
        screen.teach(&question.why)?;
        writeln!(screen.styled())?;
    }
    let mut out = screen.styled();
    let left = match questions.len() - asked {
        0 => String::new(),
        1 => " 1 question was left.".to_owned(),
        left => format!(" {left} questions were left."),
    };
    writeln!(out, "{right} of {asked} right.{left} --seed {seed} asks the same again.")?;
    out.flush()?;
    Ok(())
}

/// The questions on one page, the answers on the next.
fn sheet(questions: &[Question], seed: u64, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "# WebSocket frames: exercises\n\nSheet {seed}. Bytes are in hexadecimal; see RFC 6455, section 5.2."
    )?;
    for (number, question) in (1..).zip(questions) {
        writeln!(
            out,
            "\n**{number}.** {}\n\n```text\n{}```\n\nAnswer: ________________",
            question.prompt, question.frame
        )?;
    }
    writeln!(out, "\n<div style=\"page-break-before: always\"></div>\n\n# Answers\n\nSheet {seed}.")?;
    for (number, question) in (1..).zip(questions) {
        writeln!(out, "\n**{number}.** {}\n\n```text\n{}```", question.answer(), question.why)?;
    }
    out.flush()
}

/// Collects the frames of a capture.
#[derive(Default)]
struct Collect {
    deflate: BTreeMap<u64, bool>,
    subjects: BTreeMap<(u64, u64), Subject>,
}

impl Sink for Collect {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        // The frames of hixie have no header to ask about.
        if let Some(handshake) = connection.handshake
            && !matches!(handshake.family, Family::Hixie75 | Family::Hixie76)
        {
            self.deflate.insert(connection.id, handshake.deflate.is_some());
        }
        Ok(())
    }

    fn frame(&mut self, id: u64, frame: &Frame<'_>) -> io::Result<()> {
        let Some(&deflate) = self.deflate.get(&id) else { return Ok(()) };
        if self.subjects.len() >= KEPT || !frame.is_whole() {
            return Ok(());
        }
        let subject = Subject {
            bytes: teach::wire_bytes(&frame.header, frame.payload),
            captured_length: frame.captured_length,
            sender: frame.sender,
            deflate,
            inside_message: frame.inside_message,
            origin: format!("frame {id}:{}", frame.index),
            // Behind missing bytes it cannot be told.
            faults: (!frame.after_gap).then(Vec::new),
        };
        self.subjects.insert((id, frame.index), subject);
        Ok(())
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        if let Some((id, frame)) = id.zip(finding.frame)
            && let Some(subject) = self.subjects.get_mut(&(id, frame))
        {
            subject.blame(&Mark::from(finding));
        }
        Ok(())
    }
}
