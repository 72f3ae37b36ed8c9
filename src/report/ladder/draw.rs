//! The lines of a ladder.

use super::{Ladder, Note, Phase, Rung};
use crate::Role;
use crate::escape::{printable, printable_within, width};
use crate::report::words::{BOLD, DIM, Styled, count, duration, role_style, severity_style, size};
use anstyle::Style;
use std::io::{self, Write};
use std::time::Duration;

/// Columns left of the client's line: a time, and a space on either side.
const TIMES: usize = 13;
/// A connection that takes longer is timed in seconds.
const LONG: Duration = Duration::from_secs(100);
/// A silence of this length is drawn.
const SILENCE: Duration = Duration::from_secs(1);

impl<W: Write> Ladder<W> {
    /// Draws all that was collected; nothing if the connection was not there.
    pub(super) fn draw(&mut self) -> io::Result<()> {
        if self.about.client.is_empty() {
            return Ok(());
        }
        let mut rungs = std::mem::take(&mut self.rungs);
        let cut = (self.dropped.0 > 0).then(|| self.last.front().map(|rung| rung.frame)).flatten();
        rungs.append(&mut self.first);
        rungs.extend(std::mem::take(&mut self.last));
        // What shares a packet stays in the order in which it was told.
        rungs.sort_by_key(|rung| (rung.packet.number(), rung.phase));
        let mut notes = std::mem::take(&mut self.notes);
        let began = self.about.began.and_then(|began| began.time);
        let after = |rung: &Rung| Some(rung.packet.time?.since(began?));
        let in_seconds = rungs.iter().filter_map(after).max() > Some(LONG);
        let (left, right) = (printable(self.about.client.as_bytes()), printable(self.about.server.as_bytes()));
        // Long addresses go above.
        let fits = width(&left) + width(&right) + 15 <= self.inner() + 2;
        if !fits {
            for (role, address) in [(Role::Client, &left), (Role::Server, &right)] {
                let address = printable_within(address.as_bytes(), self.width - 8);
                writeln!(self.out, "{} {address}", Styled(role_style(role).bold(), role))?;
            }
        }
        let (left, right) = if fits { (left, right) } else { Default::default() };
        let gap = (self.inner() + 2).saturating_sub(width(&left) + width(&right) + 14).max(1);
        writeln!(
            self.out,
            "{}{} {left}{:gap$}{right} {}",
            Styled(DIM, format_args!("{:>11}  ", if in_seconds { "s" } else { "ms" })),
            Styled(role_style(Role::Client).bold(), "client"),
            "",
            Styled(role_style(Role::Server).bold(), "server"),
        )?;
        if let Some(remark) = self.about.remark.clone() {
            self.between("", &[(DIM, remark)])?;
        }
        let mut phase = None;
        let mut before = None;
        for rung in &rungs {
            let time = rung.packet.time;
            if let Some(silence) =
                time.zip(before).map(|(now, before): (_, crate::capture::Timestamp)| now.since(before))
                && silence >= SILENCE
                && cut != Some(rung.frame)
            {
                self.between("", &[(DIM, format!("{} of silence", duration(silence)))])?;
            }
            if phase.is_none_or(|phase| rung.phase > phase) {
                phase = Some(rung.phase);
                self.title(rung.phase)?;
            }
            if cut == Some(rung.frame) && rung.frame.is_some() {
                let (frames, bytes) = self.dropped;
                let words = format!("{} with {} left out; --limit shows more", count(frames, "frame"), size(bytes));
                self.between("⋮", &[(BOLD, words)])?;
            }
            before = time.or(before);
            // TCP and TLS stand before the first packet of a stream of HTTP/2.
            let early = rung.packet.time.zip(began).map(|(time, began)| began.since(time).as_secs_f64());
            let time = match after(rung).zip(early).map(|(after, early)| after.as_secs_f64() - early) {
                Some(seconds) if in_seconds => format!("{seconds:.3}"),
                Some(seconds) => format!("{:.3}", seconds * 1e3),
                None => "?".to_owned(),
            };
            self.rung_line(&time, rung)?;
            let (here, rest) = std::mem::take(&mut notes).into_iter().partition(|note| is_about(note, rung, &rungs));
            notes = rest;
            for note in &here {
                self.note(note)?;
            }
        }
        self.between("", &[])?;
        for note in &notes {
            self.note(note)?;
        }
        if self.more_notes > 0 {
            self.between("", &[(DIM, format!("{} not shown", count(self.more_notes, "more finding")))])?;
        }
        let closed = self.about.closed.take().unwrap_or_default();
        writeln!(self.out, "{}", Styled(DIM, format_args!("{:TIMES$}{closed}", "")))
    }

    /// Columns between the two lines.
    fn inner(&self) -> usize {
        self.width - TIMES - 2
    }

    /// What begins here.
    fn title(&mut self, phase: Phase) -> io::Result<()> {
        let words = match phase {
            Phase::Tcp => "TCP opens",
            Phase::Upgrade => "opening handshake",
            Phase::Frames => "frames",
            Phase::Closing => "closing handshake",
            Phase::TcpClose => "TCP closes",
        };
        self.between("", &[(DIM.italic(), format!("· {words} ·"))])
    }

    /// Words in the middle between the lines.
    fn between(&mut self, time: &str, words: &[(Style, String)]) -> io::Result<()> {
        let inner = self.inner();
        let used: usize = words.iter().map(|(_, text)| width(text).min(inner)).sum();
        let left = (inner - used) / 2;
        write!(self.out, "{time:>11}  {}{:left$}", Styled(DIM, "│"), "")?;
        for (style, text) in words {
            write!(self.out, "{}", Styled(*style, printable_within(text.as_bytes(), inner)))?;
        }
        writeln!(self.out, "{:1$}{2}", "", inner - used - left, Styled(DIM, "│"))
    }

    /// An arrow from one line to the other, with what it carries near its sender.
    fn rung_line(&mut self, time: &str, rung: &Rung) -> io::Result<()> {
        let inner = self.inner();
        let frame = rung.frame.map_or(String::new(), |frame| format!("#{frame} "));
        // Room for the arrow: "── " before, " ─▶" behind.
        let room = inner - 8;
        let name = printable_within(rung.name.as_bytes(), room.saturating_sub(frame.len()));
        let used = width(&frame) + width(&name) + 1;
        let said = printable_within(rung.said.as_bytes(), room.saturating_sub(used));
        let said = if said.is_empty() { said } else { format!(" {said}") };
        let shaft = inner - (width(&frame) + width(&name) + width(&said)) - 5;
        let line = if matches!(rung.phase, Phase::Tcp | Phase::TcpClose) { "┄" } else { "─" };
        let style = role_style(rung.from);
        write!(self.out, "{}  {}", Styled(DIM, format_args!("{time:>11}")), Styled(DIM, "│"))?;
        let words = (Styled(DIM, frame), Styled(style.bold(), name), said);
        match rung.from {
            Role::Client => {
                let (lead, shaft) = (line.repeat(2), line.repeat(shaft));
                let (frame, name, said) = words;
                write!(self.out, "{} {frame}{name}{said} {}", Styled(style, lead), Styled(style, format!("{shaft}▶")))?;
            }
            Role::Server => {
                let (lead, shaft) = (line.repeat(2), line.repeat(shaft));
                let (frame, name, said) = words;
                write!(self.out, "{} {frame}{name}{said} {}", Styled(style, format!("◀{shaft}")), Styled(style, lead))?;
            }
        }
        writeln!(self.out, "{}", Styled(DIM, "│"))
    }

    /// A finding below the rung it is about.
    fn note(&mut self, note: &Note) -> io::Result<()> {
        let inner = self.inner();
        let head = format!("  ! {}: {}", note.severity, note.rule);
        let style = severity_style(note.severity);
        self.left(&[(style, head)], inner)?;
        let message = printable(note.message.as_bytes());
        let mut line = String::new();
        for word in message.split(' ') {
            if !line.is_empty() && width(&line) + 1 + width(word) > inner - 6 {
                self.left(&[(Style::new(), format!("    {}", std::mem::take(&mut line)))], inner)?;
            }
            if !line.is_empty() {
                line.push(' ');
            }
            // A single word that has no room is cut.
            line.push_str(&printable_within(word.as_bytes(), inner - 6));
        }
        self.left(&[(Style::new(), format!("    {line}"))], inner)?;
        Ok(())
    }

    /// Words at the client's line.
    fn left(&mut self, words: &[(Style, String)], inner: usize) -> io::Result<()> {
        let used: usize = words.iter().map(|(_, text)| width(text)).sum();
        write!(self.out, "{:11}  {}", "", Styled(DIM, "│"))?;
        for (style, text) in words {
            write!(self.out, "{}", Styled(*style, text))?;
        }
        writeln!(self.out, "{:1$}{2}", "", inner.saturating_sub(used), Styled(DIM, "│"))
    }
}

/// Whether a finding belongs below this rung: it is about its frame, or about nothing but its packet.
fn is_about(note: &Note, rung: &Rung, rungs: &[Rung]) -> bool {
    match (note.frame, note.packet) {
        (Some(frame), _) if rungs.iter().any(|rung| rung.frame == Some(frame)) => rung.frame == Some(frame),
        (_, Some(packet)) => rung.packet.number() == packet,
        _ => false,
    }
}
