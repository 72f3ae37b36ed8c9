//! The state of the screen: what is selected where, and what the user is doing. Nothing here draws.

use super::cursor::Cursor;
use super::detail::{Detail, Link, Subject, Tree};
use super::export::Export;
use super::filter::{Fault, Filter};
use super::follow::Follow;
use super::line_edit::LineEdit;
use super::model::{Model, Progress};
use super::page::{self, Page};
use super::palette::Palette;
use super::rows::{Rows, Scope};
use super::told::{Inlet, Taken};
use crate::rules::Severity;
use crate::teach::{self, Context, Mark, wire_bytes};
use ratatui_core::layout::Rect;
use std::cmp::Reverse;
use std::time::Instant;

/// A pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pane {
    Connections,
    Frames,
    Tree,
    Bytes,
}

/// The panes in their order.
pub(super) const PANES: [Pane; 4] = [Pane::Connections, Pane::Frames, Pane::Tree, Pane::Bytes];

/// What fills the screen.
pub(super) enum Scene {
    /// The four panes.
    Browse,
    /// The findings, with the page of the selected one's rule.
    Findings(Findings),
    /// A connection as a conversation.
    Follow(Follow),
}

/// The list of findings.
#[derive(Default)]
pub(super) struct Findings {
    /// Places of the findings that are listed.
    pub(super) rows: Vec<usize>,
    pub(super) cursor: Cursor,
    /// How far the rule's page is scrolled.
    pub(super) page_top: usize,
    /// The page has the keys.
    pub(super) on_page: bool,
}

/// What is being typed.
pub(super) enum Prompt {
    Filter { line: LineEdit, fault: Option<Fault> },
    Export { line: LineEdit, what: Export, fault: Option<String> },
}

/// Where on the screen things are, for the mouse; set while drawing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Areas {
    pub(super) connections: Rect,
    pub(super) frames: Rect,
    pub(super) tree: Rect,
    pub(super) bytes: Rect,
    /// The list of findings, or the conversation.
    pub(super) list: Rect,
    pub(super) page: Rect,
    /// Bytes in a row of the byte pane, and the column of the first.
    pub(super) per_row: usize,
    pub(super) first_byte: u16,
}

/// See the module.
pub(super) struct App {
    pub(super) model: Model,
    inlet: Option<Inlet>,
    pub(super) palette: Palette,
    /// Findings less severe than this are hidden.
    pub(super) least: Severity,
    pub(super) scene: Scene,
    pub(super) page: Option<Page>,
    pub(super) prompt: Option<Prompt>,
    /// What was done last, for the line at the bottom.
    pub(super) status: Option<String>,
    pub(super) focus: Pane,
    pub(super) zoom: bool,
    pub(super) quit: bool,
    pub(super) areas: Areas,
    pub(super) connections: Cursor,
    pub(super) rows: Rows,
    pub(super) filter_text: String,
    pub(super) frames: Cursor,
    subject: Subject,
    pub(super) detail: Detail,
    pub(super) tree: Tree,
    /// The selected view of the bytes, by name: it stays from frame to frame.
    view: &'static str,
    pub(super) byte: usize,
    pub(super) byte_top: usize,
}

impl App {
    pub(super) fn new(inlet: Inlet, palette: Palette, least: Severity) -> App {
        App {
            model: Model::new(),
            inlet: Some(inlet),
            palette,
            least,
            scene: Scene::Browse,
            page: None,
            prompt: None,
            status: None,
            focus: Pane::Frames,
            zoom: false,
            quit: false,
            areas: Areas::default(),
            connections: Cursor::default(),
            rows: Rows::new(),
            filter_text: String::new(),
            frames: Cursor::default(),
            subject: Subject::Captures,
            detail: Detail::empty(),
            tree: Tree::default(),
            view: "unmasked",
            byte: 0,
            byte_top: 0,
        }
    }

    /// Takes in what the analysis told and goes on with a search, until `until`. Whether anything changed.
    pub(super) fn work(&mut self, until: Instant) -> bool {
        let mut changed = false;
        while let Some(inlet) = &self.inlet {
            match inlet.take() {
                Taken::Nothing => break,
                Taken::Batch(batch) => {
                    changed = true;
                    if let Err(error) = self.model.take(batch) {
                        let why = format!("reading stopped: no room for the payloads ({error})");
                        self.model.progress = Progress::Failed(why);
                        self.inlet = None;
                    }
                }
                Taken::End => {
                    changed = true;
                    self.inlet = None;
                    if self.model.progress == Progress::Reading {
                        self.model.progress = Progress::Failed("the analysis ended early".to_owned());
                    }
                }
            }
            if Instant::now() >= until {
                break;
            }
        }
        if self.inlet.is_none() && changed {
            // What was found later may be about a frame that was passed over before.
            self.rows.restart();
        }
        if changed {
            self.grow();
        }
        let before = self.rows.len(&self.model);
        let more = self.rows.advance(&self.model, until);
        if changed || more || self.rows.len(&self.model) != before {
            self.look();
            return true;
        }
        false
    }

    /// Whether there is something to do without the user.
    pub(super) fn is_busy(&self) -> bool {
        self.inlet.is_some() || self.rows.percent(&self.model).is_some()
    }

    /// The lists of the scene follow the model.
    fn grow(&mut self) {
        match &mut self.scene {
            Scene::Browse => {}
            Scene::Findings(findings) => findings.rows = listed(&self.model, self.least),
            Scene::Follow(follow) => follow.advance(&self.model),
        }
    }

    /// The connection that is selected.
    pub(super) fn scope(&self) -> Scope {
        // The first row stands for all of them.
        match self.connections.at.checked_sub(1).and_then(|at| u32::try_from(at).ok()) {
            Some(id) => Scope::Connection(id),
            None => Scope::All,
        }
    }

    /// Rows of the list of connections.
    pub(super) fn connection_rows(&self) -> usize {
        self.model.connections.len() + 1
    }

    /// The selected frame, by its place in the list of all frames.
    pub(super) fn frame(&self) -> Option<u32> {
        self.rows.get(&self.model, self.frames.at)
    }

    /// The connection that commands are about.
    pub(super) fn connection(&self) -> Option<u32> {
        match self.scope() {
            Scope::Connection(id) => Some(id),
            Scope::All => self.frame().and_then(|id| Some(self.model.frame(id)?.connection)),
        }
    }

    /// Shows what is selected in the detail panes.
    pub(super) fn look(&mut self) {
        let of_scope = match self.scope() {
            Scope::All => Subject::Captures,
            Scope::Connection(id) => Subject::Connection(id),
        };
        let subject = match (self.focus, self.subject) {
            (Pane::Connections, _) => of_scope,
            (Pane::Frames, _) => self.frame().map_or(of_scope, Subject::Frame),
            (_, subject) => subject,
        };
        self.detail = Detail::of(&self.model, subject, self.least);
        if subject != self.subject {
            self.subject = subject;
            self.byte = 0;
            self.byte_top = 0;
            let last = self.tree.visible(&self.detail.nodes).len().saturating_sub(1);
            self.tree.cursor.at = self.tree.cursor.at.min(last);
        }
    }

    pub(super) fn subject(&self) -> Subject {
        self.subject
    }

    /// Selects another row of connections.
    pub(super) fn set_connection_row(&mut self, row: usize) {
        self.connections.at = row.min(self.connection_rows() - 1);
        self.rows.set_scope(self.scope());
        self.frames = Cursor::default();
        self.look();
    }

    /// Selects another row of frames.
    pub(super) fn set_frame_row(&mut self, row: usize) {
        self.frames.at = row.min(self.rows.len(&self.model).saturating_sub(1));
        self.look();
    }

    /// Goes to a frame: where the list does not hold it, the list changes.
    pub(super) fn go_to(&mut self, id: u32) {
        self.scene = Scene::Browse;
        self.page = None;
        let Some(connection) = self.model.frame(id).map(|frame| frame.connection) else { return };
        if let Scope::Connection(scope) = self.scope()
            && scope != connection
        {
            self.connections.at = connection as usize + 1;
            self.rows.set_scope(self.scope());
        }
        let row = self.rows.row_of(&self.model, id);
        if self.rows.get(&self.model, row) != Some(id) {
            self.set_filter(Filter::default(), String::new());
        }
        self.focus = Pane::Frames;
        let row = self.rows.row_of(&self.model, id);
        self.set_frame_row(row);
    }

    /// Lists other frames; the selected one stays selected where it is among them.
    pub(super) fn set_filter(&mut self, filter: Filter, text: String) {
        let selected = self.frame();
        self.rows.set_filter(filter);
        self.filter_text = text;
        // A short list is there at once; a long one grows while it is looked at.
        self.rows.advance(&self.model, Instant::now() + super::SLICE);
        self.frames.at = selected.map_or(0, |id| self.rows.row_of(&self.model, id));
        self.frames.at = self.frames.at.min(self.rows.len(&self.model).saturating_sub(1));
        self.look();
    }

    /// Goes to the next frame in this direction that something was found about.
    pub(super) fn next_marked(&mut self, forward: bool) {
        let count = self.rows.len(&self.model);
        let is_marked = |&row: &usize| {
            let frame = self.rows.get(&self.model, row).and_then(|id| self.model.frame(id));
            frame.and_then(|frame| self.model.mark(frame)).is_some_and(|severity| severity >= self.least)
        };
        let found = match forward {
            true => (self.frames.at + 1..count).find(is_marked),
            false => (0..self.frames.at.min(count)).rev().find(is_marked),
        };
        match found {
            Some(row) => {
                self.focus = Pane::Frames;
                self.set_frame_row(row);
            }
            None => self.say(match forward {
                true => "nothing was found about the frames behind this one",
                false => "nothing was found about the frames before this one",
            }),
        }
    }

    pub(super) fn say(&mut self, text: impl Into<String>) {
        self.status = Some(text.into());
    }

    /// The view of the bytes that is shown: its place among those there are.
    pub(super) fn view(&self) -> usize {
        let views = &self.detail.views;
        // What is not masked is as it would be unmasked.
        let wanted = views.iter().position(|view| view.name == self.view);
        wanted.unwrap_or_else(|| views.len().min(2).saturating_sub(1))
    }

    /// Shows the next view.
    pub(super) fn next_view(&mut self) {
        let count = self.detail.views.len();
        if count > 0 {
            self.set_view((self.view() + 1) % count);
        }
    }

    pub(super) fn set_view(&mut self, at: usize) {
        let space = self.detail.views.get(self.view()).map(|view| view.space);
        if let Some(view) = self.detail.views.get(at) {
            self.view = view.name;
            if Some(view.space) != space {
                self.byte = 0;
                self.byte_top = 0;
            }
        }
    }

    /// The selected node's bytes are shown, in a view that has them.
    pub(super) fn tree_moved(&mut self) {
        let node = self.tree.selected(&self.detail.nodes).and_then(|at| self.detail.nodes.get(at));
        let Some((space, range)) = node.and_then(|node| node.bytes.clone()) else { return };
        if self.detail.views.get(self.view()).is_none_or(|view| view.space != space)
            && let Some(at) = self.detail.views.iter().rposition(|view| view.space == space)
        {
            self.set_view(at);
        }
        self.byte = range.start;
    }

    /// The field of the selected byte is selected.
    pub(super) fn byte_moved(&mut self) {
        let Some(view) = self.detail.views.get(self.view()) else { return };
        self.byte = self.byte.min(view.bytes.len().saturating_sub(1));
        if let Some(node) = self.detail.node_at(view.space, self.byte) {
            self.tree.select(&self.detail.nodes, node);
        }
    }

    /// Goes where the selected node leads, or folds it.
    pub(super) fn enter_node(&mut self) {
        let Some(at) = self.tree.selected(&self.detail.nodes) else { return };
        match self.detail.nodes.get(at).and_then(|node| node.link) {
            Some(Link::Rule(rule)) => self.page = Some(Page::new("Rule", teach::rule_page(rule, 76))),
            Some(Link::Frame(index)) => {
                let connection = match self.subject {
                    Subject::Frame(id) => self.model.frame(id).map(|frame| frame.connection),
                    Subject::Connection(id) => Some(id),
                    Subject::Captures => None,
                };
                if let Some(id) = connection.and_then(|connection| self.model.place(connection, index)) {
                    self.go_to(id);
                }
            }
            Some(Link::Lesson) => self.lesson(),
            None => self.tree.toggle(&self.detail.nodes),
        }
    }

    /// Explains what is looked at.
    pub(super) fn lesson(&mut self) {
        let text = match self.subject {
            Subject::Frame(id) => self.explained(id),
            Subject::Connection(id) => {
                let key = self.model.connections.get(id as usize).and_then(|connection| connection.key.as_ref());
                key.map(|(key, check)| teach::accept_walk(key, check.as_ref()))
            }
            Subject::Captures => None,
        };
        match text {
            Some(text) => self.page = Some(Page::new("Bit by bit", text)),
            None => self.say("there is nothing to explain here"),
        }
    }

    fn explained(&self, id: u32) -> Option<teach::Text> {
        /// Payload bytes that are explained.
        const PAYLOAD: usize = 4096;
        let stored = self.model.read(id, PAYLOAD)?;
        let frame = stored.frame();
        let connection = self.model.connections.get(stored.record.connection as usize)?;
        if connection.hixie {
            return None;
        }
        let message = self.model.message_of(id);
        let first = message.and_then(|message| self.model.place(stored.record.connection, message.first));
        let continues = first.filter(|first| *first != id).and_then(|first| Some(self.model.frame(first)?.opcode()));
        let marks: Vec<Mark<'_>> =
            self.model.findings_of(stored.record.connection, stored.record.index).map(Mark::from).collect();
        let context = Context {
            sender: Some(frame.sender),
            compressed: message.is_some_and(|message| message.compressed),
            continues,
            stream_offset: Some(frame.stream_offset),
            captured_length: Some(frame.captured_length),
            marks: &marks,
            // What a message's DEFLATE blocks are is not kept.
            inflation: None,
        };
        Some(teach::explain(&wire_bytes(&frame.header, frame.payload), &context))
    }

    /// Shows the selected connection as a conversation.
    pub(super) fn follow(&mut self) {
        let Some(connection) = self.connection() else { return self.say("there is no connection to follow") };
        let mut follow = Follow::new(connection);
        follow.advance(&self.model);
        if let Some(id) = self.frame() {
            follow.select(id);
        }
        self.scene = Scene::Follow(follow);
    }

    /// Shows what was found, beginning with what is selected.
    pub(super) fn findings(&mut self) {
        let rows = listed(&self.model, self.least);
        let mut cursor = Cursor::default();
        if let Subject::Frame(id) = self.subject
            && let Some(frame) = self.model.frame(id)
        {
            let is_about = |&row: &usize| {
                let found = &self.model.findings[row];
                found.connection == Some(frame.connection) && found.finding.frame == Some(u64::from(frame.index))
            };
            cursor.at = rows.iter().position(is_about).unwrap_or(0);
        }
        self.scene = Scene::Findings(Findings { rows, cursor, ..Findings::default() });
    }

    /// Shows notes, or hides them.
    pub(super) fn toggle_notes(&mut self) {
        self.least = match self.least {
            Severity::Note => Severity::Warning,
            _ => Severity::Note,
        };
        self.grow();
        self.look();
        self.say(if self.least == Severity::Note { "notes are shown" } else { "notes are hidden" });
    }

    pub(super) fn help(&mut self) {
        self.page = Some(page::help());
    }

    /// Asks for a filter.
    pub(super) fn ask_filter(&mut self) {
        self.prompt = Some(Prompt::Filter { line: LineEdit::new(self.filter_text.clone()), fault: None });
    }

    /// Asks where to write what is selected.
    pub(super) fn ask_export(&mut self) {
        let what = match (&self.scene, self.subject) {
            (Scene::Follow(follow), _) => Some((Export::Transcript(follow.connection), follow.connection, None)),
            (_, Subject::Connection(id)) => Some((Export::Transcript(id), id, None)),
            (_, Subject::Frame(id)) => self.exported_bytes(id),
            (_, Subject::Captures) => None,
        };
        let Some((what, connection, frame)) = what else {
            return self.say("select a connection or a frame to write it into a file");
        };
        let path = match frame {
            Some(frame) => format!("frame-{connection}-{frame}.bin"),
            None => format!("connection-{connection}.txt"),
        };
        self.prompt = Some(Prompt::Export { line: LineEdit::new(path), what, fault: None });
    }

    /// The payload as the byte pane shows it: masked, unmasked, or the message.
    fn exported_bytes(&self, id: u32) -> Option<(Export, u32, Option<u32>)> {
        let record = self.model.frame(id)?;
        let view = self.detail.views.get(self.view())?;
        let head = match view.space {
            super::detail::Space::Frame => self.model.read(id, 0)?.frame().header_bytes.len(),
            super::detail::Space::Message => 0,
        };
        let what = match view.space {
            super::detail::Space::Frame => format!("the payload ({})", view.name),
            super::detail::Space::Message => format!("the message ({})", view.name),
        };
        let export = Export::Bytes {
            name: format!("{what} of frame {}:{}", record.connection, record.index),
            bytes: view.bytes.get(head..).unwrap_or_default().to_vec(),
            total: view.total.map(|total| total.saturating_sub(head as u64)),
        };
        Some((export, record.connection, Some(record.index)))
    }
}

/// The findings to show: those of the capture first, then by connection, the worst of each first.
fn listed(model: &Model, least: Severity) -> Vec<usize> {
    let shown = |&row: &usize| {
        let finding = &model.findings[row].finding;
        finding.severity >= least && !finding.known
    };
    let mut rows: Vec<usize> = (0..model.findings.len()).filter(shown).collect();
    rows.sort_by_key(|&row| {
        let found = &model.findings[row];
        (found.connection, Reverse(found.finding.severity), found.finding.frame)
    });
    rows
}
