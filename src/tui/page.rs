//! A text over the panes: a rule's page, a frame explained, the help.

use crate::teach::{Line, Span, Style, Text};

/// The text and how far it is scrolled.
pub(super) struct Page {
    pub(super) title: String,
    pub(super) lines: Vec<Line>,
    pub(super) top: usize,
}

impl Page {
    pub(super) fn new(title: impl Into<String>, text: Text) -> Page {
        Page { title: title.into(), lines: text.lines, top: 0 }
    }

    /// Scrolls by so many lines; the last ones stay on the screen.
    pub(super) fn scroll(&mut self, by: isize, height: usize) {
        self.top = self.top.saturating_add_signed(by).min(self.lines.len().saturating_sub(height));
    }
}

/// Keys, the filter line, and what cannot be seen.
const HELP: &str = "\
# Moving
Tab  Shift-Tab    the next pane, the one before; 1 to 4: that pane
↑ ↓  j k          a row; in the bytes ← ↑ ↓ →  h j k l a byte
PgUp PgDn Space   a screen; Home End  g G: the first, the last
← →  h l          fold and unfold a field
Enter             into the frames; to the field; where a field leads
n N               the next frame that broke a rule, the one before
Esc               back

# Looking
v                 bytes: masked, unmasked, inflated
b                 the frame bit by bit; of a connection: key and answer
f                 follow: the connection as a conversation
r                 the rules that were broken, with their pages
s                 show notes too, or not
z                 this pane alone, or all
e                 write what is selected into a file

# Leaving
q  Ctrl-C         quit;  Ctrl-Z: suspend

# The mouse
A click selects, the wheel scrolls; a click on a byte finds its field.
Shift with the mouse selects text as the terminal does.

# The filter line
/ opens it. Words that must all hold; a - before one turns it round.
from:client       sent by this endpoint
op:text,ping      with one of these opcodes, by name or number
rule:close-*      that broke such a rule
level:warning     about which there is a warning or an error
size>1k           so long a payload: < <= = >= >; k 1000, M a million
hex:8a00          whose payload holds these bytes
hello  \"a b\"      whose payload holds this text; all in lower case
                  means either case
Payloads are searched unmasked; a message that was put together or
inflated is found with its last frame.

# Limits
The first part of each payload is kept (--payload-bytes, 1 MiB unless
said otherwise): what is behind it is not shown, searched or written.
Payloads are kept in memory up to 64 MiB, then in a temporary file
without a name, which is gone when this program is.";

/// The help.
pub(super) fn help() -> Page {
    let line = |line: &'static str| match line.strip_prefix("# ") {
        Some(title) => vec![Span::new(title, Style::Heading)],
        None => match line.split_at_checked(18).filter(|(key, _)| key.ends_with("  ")) {
            Some((key, words)) => vec![Span::new(key, Style::Strong), Span::plain(words)],
            None => vec![Span::plain(line)],
        },
    };
    Page::new("Help", Text { lines: HELP.lines().map(line).collect() })
}
