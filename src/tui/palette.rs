//! From what something is to how it looks: the colours of the other commands, or none where they are not wanted.

use crate::Role;
use crate::report::words::{self, role_style, severity_style};
use crate::rules::Severity;
use crate::teach::{self, FieldKind};
use crate::tui::detail::Tone;
use ratatui_core::style::{Modifier, Style};

/// How the screen looks.
#[derive(Clone, Copy)]
pub struct Palette {
    /// Colours are wanted; without them bold, dim and reversed text stay.
    pub color: bool,
    /// How the command line shows a lesson's styles.
    pub lesson: fn(teach::Style) -> anstyle::Style,
}

impl Palette {
    fn of(&self, style: anstyle::Style) -> Style {
        let style = Style::from(style);
        if self.color { style } else { Style { fg: None, bg: None, ..style } }
    }

    /// A style of a lesson.
    pub(super) fn lesson(&self, style: teach::Style) -> Style {
        self.of((self.lesson)(style))
    }

    pub(super) fn severity(&self, severity: Severity) -> Style {
        self.of(severity_style(severity))
    }

    pub(super) fn sender(&self, role: Role) -> Style {
        self.of(role_style(role))
    }

    pub(super) fn good(&self) -> Style {
        self.of(words::GOOD)
    }

    pub(super) fn dim(&self) -> Style {
        self.of(words::DIM)
    }

    pub(super) fn bold(&self) -> Style {
        self.of(words::BOLD)
    }

    pub(super) fn field(&self, kind: FieldKind) -> Style {
        self.lesson(teach::Style::Field(kind))
    }

    pub(super) fn tone(&self, tone: Tone) -> Style {
        match tone {
            Tone::Plain => Style::new(),
            Tone::Good => self.good(),
            Tone::Field(kind) => self.field(kind),
            Tone::Severity(severity) => self.severity(severity),
            Tone::Sender(role) => self.sender(role),
        }
    }

    /// What the selection looks like in the pane that has the keys.
    pub(super) fn selected(&self) -> Style {
        Style::reset().add_modifier(Modifier::REVERSED)
    }
}
