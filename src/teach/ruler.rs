//! RFC 6455 §5.2's diagram with a frame's own bits in it.
//!
//! Rows of 32 bits, as the RFC draws them: names above, the bits in the middle, what they say below. Beside each row
//! stand the offset of its first byte and its bytes. 80 columns: 3 for the offset, 65 for the row, 12 for the bytes.

use super::parts::Parts;
use super::spots::Spot;
use super::text::{FieldKind, Line, Span, Style, Text};
use std::ops::Range;

/// Columns of a row: a separator before each bit and one at the end.
const COLUMNS: usize = 65;
/// Rows of payload below the one where it begins.
const PAYLOAD_ROWS: usize = 2;

/// The diagram of RFC 6455 §5.2 filled with this frame's bits, at most 80 columns wide. Shows the whole header and the
/// beginning of the payload; bits that are missing are shown as `?`.
pub fn ruler(bytes: &[u8]) -> Text {
    draw(&Parts::new(bytes), &[])
}

/// See [`ruler`]. Under the bits of `spots` stands a mark.
pub(super) fn draw(parts: &Parts<'_>, spots: &[Spot]) -> Text {
    let rows = rows(parts);
    let mut text = Text::default();
    for numbers in [tens(), units()] {
        text.push(vec![Span::new(format!("   {numbers}"), Style::Dim)]);
    }
    text.push(border(None, rows.first()));
    for (index, row) in rows.iter().enumerate() {
        row.draw(parts, spots, index * 4, &mut text);
        text.push(border(Some(row), rows.get(index + 1)));
    }
    text
}

/// A field's part in one row.
struct Cell {
    kind: FieldKind,
    /// Bits of the row.
    bits: Range<usize>,
    /// Names, one a line.
    names: Vec<String>,
    /// What the bits say; the bytes of key and payload speak for themselves.
    value: String,
    /// A part of a field that may go on in the next row.
    flows: bool,
}

/// 32 bits, or the line that stands for the rest of the payload.
enum Row {
    Bits(Vec<Cell>),
    /// What it says, and whether it speaks of missing bytes.
    Rest(String, bool),
}

fn rows(parts: &Parts<'_>) -> Vec<Row> {
    let mut cells = first_cells(parts);
    let header = parts.header;
    let length = parts.extended();
    if !length.is_empty() {
        let bits = header.length_form.bits();
        let value = if parts.has(length.clone()) { header.payload_length.to_string() } else { String::new() };
        spread(&mut cells, FieldKind::Length, &length, |first| {
            let names = match first {
                true => vec!["Extended payload length".to_owned(), format!("({bits})")],
                false => vec!["Extended length (continued)".to_owned()],
            };
            (names, value.clone())
        });
    }
    let plain = |name: &'static str| {
        move |first: bool| (vec![if first { name.to_owned() } else { format!("{name} (continued)") }], String::new())
    };
    spread(&mut cells, FieldKind::Key, &parts.key(), plain("Masking-key"));
    let start = parts.header_length();
    let limit = (start.div_ceil(4) + PAYLOAD_ROWS) * 4;
    let end = (start + parts.payload.len()).min(limit);
    spread(&mut cells, FieldKind::Payload, &(start..end), plain("Payload Data"));

    let mut rows: Vec<Row> = Vec::new();
    for cell in cells {
        let row = cell.bits.start / 32;
        let bits = cell.bits.start - row * 32..cell.bits.end - row * 32;
        let cell = Cell { bits, ..cell };
        match rows.get_mut(row) {
            Some(Row::Bits(cells)) => cells.push(cell),
            _ => rows.push(Row::Bits(vec![cell])),
        }
    }
    let hidden = (start + parts.payload.len() - end) as u64 + parts.withheld();
    match (hidden, parts.missing()) {
        (0, 0) => {}
        (0, missing) => rows.push(Row::Rest(format!("Payload Data: {} missing", bytes_of(missing)), true)),
        (hidden, 0) => rows.push(Row::Rest(format!("Payload Data continued: {} more", bytes_of(hidden)), false)),
        (hidden, missing) => {
            let text = format!("Payload: {hidden} more, {missing} missing");
            rows.push(Row::Rest(text, true));
        }
    }
    rows
}

/// The two bytes that every frame begins with.
fn first_cells(parts: &Parts<'_>) -> Vec<Cell> {
    let upright = |kind, bit: usize, name: &str| Cell {
        kind,
        bits: bit..bit + 1,
        names: split(name),
        value: String::new(),
        flows: false,
    };
    let opcode = if !parts.has(0..1) {
        ""
    } else {
        match parts.header.opcode.0 {
            // Seven columns.
            0x0 => "contin.",
            _ if parts.header.opcode.is_reserved() => "reserv.",
            _ => parts.header.opcode.name(),
        }
    };
    let length = parts.bytes.get(1).map_or(String::new(), |byte| (byte & 0x7F).to_string());
    let wide = |kind, bits, name: &str, size: &str, value: String| Cell {
        kind,
        bits,
        names: vec![name.to_owned(), size.to_owned()],
        value,
        flows: false,
    };
    vec![
        upright(FieldKind::Fin, 0, "FIN "),
        upright(FieldKind::Rsv, 1, "RSV1"),
        upright(FieldKind::Rsv, 2, "RSV2"),
        upright(FieldKind::Rsv, 3, "RSV3"),
        wide(FieldKind::Opcode, 4..8, "opcode", "(4)", opcode.to_owned()),
        upright(FieldKind::Mask, 8, "MASK"),
        wide(FieldKind::Length, 9..16, "Payload len", "(7)", length),
    ]
}

fn split(name: &str) -> Vec<String> {
    name.chars().map(String::from).collect()
}

/// Cuts a range of bytes into a cell for each row. `say` gives names and value and is told whether it is the first
/// cell; the value goes into the last one.
fn spread(cells: &mut Vec<Cell>, kind: FieldKind, bytes: &Range<usize>, say: impl Fn(bool) -> (Vec<String>, String)) {
    let mut start = bytes.start;
    while start < bytes.end {
        let end = ((start / 4 + 1) * 4).min(bytes.end);
        let (names, value) = say(start == bytes.start);
        let value = if end == bytes.end { value } else { String::new() };
        cells.push(Cell { kind, bits: start * 8..end * 8, names, value, flows: true });
        start = end;
    }
}

impl Row {
    /// The field at a bit, where there is one, and whether it may go on in the next row.
    fn field(&self, bit: usize) -> Option<(FieldKind, bool)> {
        match self {
            Row::Bits(cells) => cells.iter().find(|cell| cell.bits.contains(&bit)).map(|cell| (cell.kind, cell.flows)),
            Row::Rest(..) => Some((FieldKind::Payload, true)),
        }
    }

    /// Whether a cell begins or ends before this bit.
    fn has_edge(&self, bit: usize) -> bool {
        match self {
            Row::Bits(cells) => cells.iter().any(|cell| cell.bits.start == bit || cell.bits.end == bit),
            Row::Rest(..) => bit == 0 || bit == 32,
        }
    }

    fn draw(&self, parts: &Parts<'_>, spots: &[Spot], at: usize, text: &mut Text) {
        let cells = match self {
            Row::Bits(cells) => cells,
            Row::Rest(words, fault) => {
                let mut canvas = Canvas::new();
                canvas.put(0, ":", Style::Dim);
                canvas.put(COLUMNS - 1, ":", Style::Dim);
                let style = if *fault { Style::Fault } else { Style::Field(FieldKind::Payload) };
                canvas.center(1..COLUMNS - 1, words, style);
                return text.push(canvas.line("   ".to_owned(), String::new()));
            }
        };
        let margin = || "   ".to_owned();
        for index in 0..cells.iter().map(|cell| cell.names.len()).max().unwrap_or(0) {
            let mut canvas = Canvas::with_edges(self);
            for cell in cells {
                let name = cell.names.get(index).map_or("", String::as_str);
                // The cell of a single byte has no room for more.
                let name = if name.len() > cell.columns().len() { name.trim_end_matches(" (continued)") } else { name };
                canvas.center(cell.columns(), name, Style::Field(cell.kind));
            }
            text.push(canvas.line(margin(), String::new()));
        }
        let mut bits = Canvas::with_edges(self);
        let mut marks = Canvas::with_edges(self);
        let mut marked = None;
        let mut values = Canvas::with_edges(self);
        for cell in cells {
            for bit in cell.bits.clone() {
                if bit % 8 == 0 && bit > cell.bits.start {
                    bits.put(bit * 2, ":", Style::Dim);
                }
                let spot = spots.iter().filter(|spot| spot.bits.contains(&(at * 8 + bit))).map(|spot| spot.style);
                // A fault hides a warning.
                let spot = spot.reduce(|a, b| if a == Style::Fault { a } else { b });
                if let Some(style) = spot {
                    // One mark for bits that stand side by side.
                    let go_on =
                        bit > cell.bits.start && spots.iter().any(|spot| spot.bits.contains(&(at * 8 + bit - 1)));
                    let mark = if go_on { "^^" } else { "^" };
                    marks.put(bit * 2 + 2 - mark.len(), mark, style);
                    marked = if marked == Some(Style::Fault) { marked } else { spot };
                }
                let style = spot.unwrap_or(Style::Bits(cell.kind));
                match parts.bytes.get(at + bit / 8) {
                    Some(byte) if byte >> (7 - bit % 8) & 1 == 1 => bits.put(bit * 2 + 1, "1", style),
                    Some(_) => bits.put(bit * 2 + 1, "0", style),
                    None => bits.put(bit * 2 + 1, "?", Style::Fault),
                }
            }
            match cell.kind {
                FieldKind::Key | FieldKind::Payload => {
                    for byte in cell.bits.clone().step_by(8) {
                        let columns = byte * 2 + 1..byte * 2 + 16;
                        match byte_value(parts, at + byte / 8) {
                            Some(words) => values.center(columns, &words, Style::Field(cell.kind)),
                            None => values.center(columns, "missing", Style::Fault),
                        }
                    }
                }
                _ if !parts.has(0..at + cell.bits.end.div_ceil(8)) => {
                    values.center(cell.columns(), "missing", Style::Fault);
                }
                _ => values.center(cell.columns(), &cell.value, Style::Field(cell.kind)),
            }
        }
        let bytes = parts.bytes.iter().skip(at).take(4).map(|byte| format!(" {byte:02x}")).collect::<String>();
        text.push(bits.line(format!("{at:>2} "), bytes));
        if let Some(style) = marked {
            let mut line = marks.line(margin(), String::new());
            line.push(Span::new(if style == Style::Fault { " <-- wrong" } else { " <-- look" }, style));
            text.push(line);
        }
        text.push(values.line(margin(), String::new()));
    }
}

impl Cell {
    /// The columns between its edges.
    fn columns(&self) -> Range<usize> {
        self.bits.start * 2 + 1..self.bits.end * 2
    }
}

/// What stands below a byte of the key or of the payload, the latter with its unmasking; `None` where it is missing.
fn byte_value(parts: &Parts<'_>, at: usize) -> Option<String> {
    let byte = *parts.bytes.get(at)?;
    let Some(index) = at.checked_sub(parts.header_length()) else { return Some(format!("{byte:02x}")) };
    let (sum, plain) = match parts.key_byte(index) {
        Some(key) => (format!("{byte:02x}^{key:02x}={:02x}", byte ^ key), byte ^ key),
        None => (format!("{byte:02x}"), byte),
    };
    Some(if plain.is_ascii_graphic() { format!("{sum} '{}'", char::from(plain)) } else { sum })
}

/// "1 byte", "2 bytes".
pub(super) fn bytes_of(count: u64) -> String {
    if count == 1 { "1 byte".to_owned() } else { format!("{count} bytes") }
}

fn tens() -> String {
    (0..32).map(|bit| if bit % 10 == 0 { format!(" {}", bit / 10) } else { "  ".to_owned() }).collect()
}

fn units() -> String {
    (0..32).map(|bit| format!(" {}", bit % 10)).collect()
}

/// The line between two rows: whole where the fields differ, broken where one goes on below.
fn border(above: Option<&Row>, below: Option<&Row>) -> Line {
    let mut canvas = Canvas::new();
    for column in 0..COLUMNS {
        let bit = column / 2;
        let edge = |row: Option<&Row>| column % 2 == 0 && row.is_some_and(|row| row.has_edge(bit));
        let (over, under) = (above.and_then(|row| row.field(bit)), below.and_then(|row| row.field(bit)));
        let mark = match (over, under) {
            _ if edge(above) || edge(below) => "+",
            (None, None) => continue,
            (over, under) if over == under && column % 2 == 1 => continue,
            _ => "-",
        };
        canvas.put(column, mark, Style::Dim);
    }
    canvas.line("   ".to_owned(), String::new())
}

/// One line of the diagram while it is drawn.
struct Canvas([(char, Style); COLUMNS]);

impl Canvas {
    fn new() -> Canvas {
        Canvas([(' ', Style::Plain); COLUMNS])
    }

    fn with_edges(row: &Row) -> Canvas {
        let mut canvas = Canvas::new();
        for bit in (0..=32).filter(|&bit| row.has_edge(bit)) {
            canvas.put(bit * 2, "|", Style::Dim);
        }
        canvas
    }

    fn put(&mut self, column: usize, text: &str, style: Style) {
        for (place, c) in self.0.iter_mut().skip(column).zip(text.chars()) {
            *place = (c, style);
        }
    }

    /// Puts ASCII text into the middle of some columns; none of it where there is no room.
    fn center(&mut self, columns: Range<usize>, text: &str, style: Style) {
        if let Some(room) = columns.len().checked_sub(text.len()) {
            self.put(columns.start + room / 2, text, style);
        }
    }

    fn line(&self, offset: String, bytes: String) -> Line {
        let mut line = vec![Span::new(offset, Style::Dim)];
        for chunk in self.0.chunk_by(|a, b| a.1 == b.1) {
            line.push(Span::new(chunk.iter().map(|&(c, _)| c).collect::<String>(), chunk[0].1));
        }
        if !bytes.is_empty() {
            line.push(Span::new(bytes, Style::Dim));
        }
        line
    }
}
