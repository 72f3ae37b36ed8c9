//! The overview: a table of connections, a table of findings, and a verdict.
//!
//! Each connection takes two lines, the client's and the server's, so that it can be read at 80 columns. Findings of
//! one rule that blame the same endpoint of the same connection are told once, with their number.

use super::overview::{Group, Outline, Overview};
use super::words::{BOLD, DIM, GOOD, Styled, count, duration, severity_style, shown, size};
use crate::Role;
use crate::analysis::{CaptureSummary, Connection, ConnectionEnd, Sink, Summary};
use crate::escape::printable;
use crate::rules::{Confidence, Finding, Reaction, Severity};
use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle, TableStyle, Width,
};
use std::cmp::Reverse;
use std::io::{self, Write};

/// From this width on a finding's rule and message have a column each.
const WIDE: u16 = 110;

/// Below this width `1000/1000 clean` takes two lines.
const NARROW: u16 = 90;

/// A line below the header, and between columns nothing but space.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// How a table is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns to keep within.
    pub width: u16,
    /// Show notes too.
    pub notes: bool,
}

/// Collects, and draws once all captures are read.
pub struct Table<W: Write> {
    out: W,
    look: Look,
    overview: Overview,
}

impl<W: Write> Table<W> {
    /// Draws to `out`, colours included: wrap it in `anstream` for what is no terminal.
    pub fn new(out: W, look: Look) -> Table<W> {
        Table { out, look, overview: Overview::default() }
    }

    fn draw(&mut self) -> io::Result<()> {
        let (out, overview) = (&mut self.out, &self.overview);
        // Where there was nothing to look at, the notes on the capture say why.
        let look = Look { notes: self.look.notes || overview.summary.connections == 0, ..self.look };
        let several = overview.captures.len() > 1;
        for capture in &overview.captures {
            if several {
                write!(out, "[{}] ", capture.index)?;
            }
            heading(out, capture, look.width)?;
        }
        if !overview.connections.is_empty() {
            let table = connections(overview, look.width);
            writeln!(out, "\n{}", trimmed(&table))?;
        }
        if let Some(table) = findings(overview, look) {
            writeln!(out, "\n{}", trimmed(&table))?;
        }
        writeln!(out)?;
        verdict(out, overview, look.notes)?;
        out.flush()
    }
}

/// Columns are padded to the full width; spaces at the ends of lines are noise in files and in diffs.
fn trimmed(table: &comfy_table::Table) -> String {
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn blank(width: u16) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic).set_width(width).enforce_styling();
    table.style_text_only();
    table
}

fn header(names: &[&str]) -> Vec<Cell> {
    names.iter().map(|name| Cell::new(name).add_attribute(Attribute::Bold)).collect()
}

/// `a.pcap: pcap, ethernet, 46 packets, 5.1 kB`, and below it what could not be read.
fn heading<W: Write>(out: &mut W, capture: &CaptureSummary, width: u16) -> io::Result<()> {
    let mut facts = vec![capture.format.to_owned()];
    facts.extend(capture.compression.map(str::to_owned));
    facts.extend(capture.link_types.iter().map(|link| printable(link.as_bytes()).into_owned()));
    facts.extend([count(capture.packets, "packet"), size(capture.bytes)]);
    if let (Some(first), Some(last)) = (capture.first_time, capture.last_time) {
        facts.push(duration(last.since(first)));
    }
    let path = printable(capture.path.as_bytes());
    writeln!(out, "{}  {}", Styled(BOLD, path), Styled(DIM, facts.join(", ")))?;
    let warning = severity_style(Severity::Warning);
    if capture.truncated {
        writeln!(out, "  {} the file ends inside a packet; everything before it was read", Styled(warning, "cut:"))?;
    }
    if let Some(fault) = &capture.fault {
        let fault = shown(fault.as_bytes(), usize::from(width).max(40) * 2);
        writeln!(out, "  {} {fault}", Styled(warning, "reading stopped:"))?;
    }
    for &(link, packets) in &capture.unknown_links {
        let packets = count(packets, "packet");
        writeln!(out, "  {} {packets} of link type {link} passed over", Styled(warning, "unknown link type:"))?;
    }
    Ok(())
}

fn connections(overview: &Overview, width: u16) -> comfy_table::Table {
    let mut table = blank(width);
    table.set_header(header(&["#", "client / server", "handshake", "frames", "msgs", "payload", "close", "time"]));
    let several = overview.captures.len() > 1;
    let room = room_for_requests(overview, width);
    for (id, connection) in &overview.connections {
        table.add_row(row(*id, connection, several, room));
    }
    for column in [3, 4, 5, 7] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    // Numbers and addresses are never broken; what has to give way is the handshake, then the close.
    for column in [0, 1, 3, 4, 5, 7] {
        if let Some(column) = table.column_mut(column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    if let Some(column) = table.column_mut(6) {
        // `1000/1000 clean` breaks at its space where room is short.
        column.set_constraint(if width < NARROW {
            ColumnConstraint::Absolute(Width::Fixed(10))
        } else {
            ColumnConstraint::ContentWidth
        });
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 1));
    }
    table
}

/// Columns that are left for a request line: it is cut rather than broken.
fn room_for_requests(overview: &Overview, width: u16) -> usize {
    let ends = || overview.connections.values().filter_map(|connection| connection.end.as_ref());
    let endpoint = overview.connections.values().map(|connection| connection.client.len().max(connection.server.len()));
    let payload =
        ends().flat_map(|end| [end.stats.sent.client, end.stats.sent.server].map(|sent| size(sent.payload_bytes)));
    let payload = payload.map(|size| size.len()).max().unwrap_or(0).max("payload".len());
    let time = ends().filter_map(|end| end.lasted.as_ref()).map(|lasted| lasted.len()).max().unwrap_or(0);
    let close = if width < NARROW { 9 } else { "1000/1000 clean".len() };
    let id = if overview.captures.len() > 1 { 4 } else { 3 };
    let others = [id, endpoint.max().unwrap_or(0), "frames".len(), "msgs".len(), payload, close, time];
    let taken: usize = others.iter().map(|column| column + 2).sum();
    usize::from(width).saturating_sub(taken).clamp(12, 60)
}

fn row(id: u64, connection: &Outline, several_captures: bool, room: usize) -> Vec<Cell> {
    let number = if several_captures { format!("{id}\n[{}]", connection.capture) } else { id.to_string() };
    let mut handshake: Vec<String> = connection.request.iter().map(|request| shown(request.as_bytes(), room)).collect();
    handshake.push(match connection.accept {
        Some(true) => format!("{} accept ok", connection.outcome),
        Some(false) => format!("{} accept WRONG", connection.outcome),
        None => connection.outcome.clone(),
    });
    if !connection.agreed.is_empty() {
        handshake.push(connection.agreed.join(", "));
    }
    let handshake = Cell::new(handshake.join("\n"));
    let handshake = match (connection.accept, connection.switched) {
        (Some(false), _) => handshake.fg(Color::Red),
        (_, true) => handshake,
        _ => handshake.fg(Color::Yellow),
    };
    let mut cells =
        vec![Cell::new(number), Cell::new(format!("{}\n{}", connection.client, connection.server)), handshake];
    let Some(end) = &connection.end else { return cells };
    let [client, server] = [Role::Client, Role::Server].map(|role| end.stats.sent[role]);
    cells.extend([
        Cell::new(format!("{}\n{}", client.frames, server.frames)),
        Cell::new(format!("{}\n{}", client.messages, server.messages)),
        Cell::new(format!("{}\n{}", size(client.payload_bytes), size(server.payload_bytes))),
        Cell::new(&end.closing),
        Cell::new(end.lasted.as_deref().unwrap_or("?")),
    ]);
    cells
}

/// The findings to show: those of the capture first, then by connection, the worst of each first.
fn listed(overview: &Overview, notes: bool) -> Vec<(Option<u64>, &Group)> {
    let of_capture = overview.findings.iter().map(|group| (None, group));
    let of_connections =
        overview.connections.iter().flat_map(|(id, c)| c.findings.iter().map(move |group| (Some(*id), group)));
    let mut all: Vec<_> =
        of_capture.chain(of_connections).filter(|(_, group)| notes || group.first.severity != Severity::Note).collect();
    all.sort_by_key(|(id, group)| (*id, Reverse(group.first.severity)));
    all
}

fn findings(overview: &Overview, look: Look) -> Option<comfy_table::Table> {
    let listed = listed(overview, look.notes);
    if listed.is_empty() {
        return None;
    }
    let wide = look.width >= WIDE;
    let mut table = blank(look.width);
    table.set_header(header(match wide {
        true => &["severity", "who", "where", "rule", "finding"],
        false => &["severity", "who", "where", "finding"],
    }));
    for (id, group) in listed {
        let finding = &group.first;
        let severity = match finding.severity {
            Severity::Error => Cell::new("error").fg(Color::Red).add_attribute(Attribute::Bold),
            Severity::Warning => Cell::new("warning").fg(Color::Yellow).add_attribute(Attribute::Bold),
            Severity::Note => Cell::new("note").fg(Color::Blue),
        };
        let who = match finding.blame {
            Some(Role::Client) => Cell::new("client").fg(Color::Cyan),
            Some(Role::Server) => Cell::new("server").fg(Color::Magenta),
            None => Cell::new("—"),
        };
        let times = if group.count > 1 { format!(" ×{}", group.count) } else { String::new() };
        let rule = format!("{}{times}", finding.rule.id);
        let reaction = group.reaction.as_ref().map_or(String::new(), |reaction| format!("\n→ {reaction}"));
        let message = format!("{}{reaction}", message(finding));
        let mut cells = vec![severity, who, Cell::new(whereabouts(id, finding))];
        match wide {
            true => cells.extend([Cell::new(rule), Cell::new(message)]),
            false => cells.push(Cell::new(format!("{rule}\n{message}"))),
        }
        table.add_row(cells);
    }
    let fixed = if wide { 4 } else { 3 };
    for (n, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 1));
        if n < fixed {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    Some(table)
}

/// `0:3` and the packet's number; `capture` for what belongs to none.
fn whereabouts(id: Option<u64>, finding: &Finding) -> String {
    let mut text = match (id, finding.frame) {
        (None, _) => "capture".to_owned(),
        (Some(id), Some(frame)) => format!("{id}:{frame}"),
        (Some(id), None) => id.to_string(),
    };
    if let Some(packet) = finding.packet {
        text.push_str(&format!("\npacket {}", packet.number()));
    }
    text
}

fn message(finding: &Finding) -> String {
    let message = printable(finding.message.as_bytes());
    match finding.confidence {
        Confidence::Certain => message.into_owned(),
        Confidence::AfterGap => format!("{message} [after missing bytes]"),
        Confidence::RoleInferred => format!("{message} [role inferred]"),
        Confidence::Statistical => format!("{message} [statistical]"),
    }
}

/// The last lines: `2 errors and 1 warning in 3 connections.`, and how to see what is hidden.
fn verdict<W: Write>(out: &mut W, overview: &Overview, notes: bool) -> io::Result<()> {
    let Summary { connections, errors, warnings, notes: noted, known, .. } = overview.summary;
    if connections == 0 {
        let packets = overview.captures.iter().map(|capture| capture.packets).sum();
        let flows = overview.captures.iter().map(|capture| capture.flows).sum();
        let (packets, flows) = (count(packets, "packet"), count(flows, "TCP connection"));
        let none = Styled(severity_style(Severity::Warning), "No WebSocket connection");
        writeln!(out, "{none} in {packets} ({flows}).")?;
    }
    let place = count(connections, "connection");
    match (errors, warnings) {
        (0, 0) if connections == 0 => {}
        (0, 0) => writeln!(out, "{} in {place}.", Styled(GOOD, "No errors and no warnings"))?,
        _ => {
            let worst = if errors > 0 { Severity::Error } else { Severity::Warning };
            let both = [(errors, "error"), (warnings, "warning")];
            let both: Vec<String> = both.into_iter().filter(|&(n, _)| n > 0).map(|(n, noun)| count(n, noun)).collect();
            writeln!(out, "{} in {place}.", Styled(severity_style(worst), both.join(" and ")))?;
        }
    }
    if known > 0 {
        writeln!(out, "{} not shown.", count(known, "known finding"))?;
    }
    if noted > 0 && !notes {
        writeln!(out, "{} hidden; {} shows them.", count(noted, "note"), Styled(BOLD, "--notes"))?;
    }
    Ok(())
}

impl<W: Write> Sink for Table<W> {
    fn connection(&mut self, connection: &Connection<'_>) -> io::Result<()> {
        self.overview.connection(connection)
    }

    fn finding(&mut self, id: Option<u64>, finding: &Finding) -> io::Result<()> {
        self.overview.finding(id, finding)
    }

    fn reaction(&mut self, id: u64, reaction: &Reaction) -> io::Result<()> {
        self.overview.reaction(id, reaction)
    }

    fn connection_end(&mut self, id: u64, end: &ConnectionEnd) -> io::Result<()> {
        self.overview.connection_end(id, end)
    }

    fn capture(&mut self, capture: &CaptureSummary) -> io::Result<()> {
        self.overview.capture(capture)
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        self.overview.summary(summary)?;
        self.draw()
    }
}
