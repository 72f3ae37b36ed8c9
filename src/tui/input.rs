//! What keys and the mouse do.

use super::app::{App, PANES, Pane, Prompt, Scene};
use super::detail::Tree;
use super::filter::Filter;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui_core::layout::{Position, Rect};

/// Rows that the wheel scrolls.
const WHEEL: isize = 3;

/// Takes an event; whether the screen may have changed.
pub(super) fn take(app: &mut App, event: &Event) -> bool {
    match event {
        // Some terminals tell of releases too.
        Event::Key(key) if key.kind != KeyEventKind::Release => self::key(app, key),
        Event::Mouse(mouse) => return self::mouse(app, mouse),
        Event::Paste(text) => paste(app, text),
        Event::Resize(..) => {}
        _ => return false,
    }
    true
}

fn key(app: &mut App, key: &KeyEvent) {
    app.status = None;
    if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
        app.quit = true;
    } else if app.prompt.is_some() {
        type_key(app, key);
    } else if app.page.is_some() {
        page_key(app, key.code);
    } else {
        match key.code {
            KeyCode::Char('q') => app.quit = true,
            KeyCode::Char('?') | KeyCode::F(1) => app.help(),
            KeyCode::Char('s') => app.toggle_notes(),
            KeyCode::Char('e') => app.ask_export(),
            code => match app.scene {
                Scene::Browse => browse_key(app, code),
                Scene::Findings(_) => findings_key(app, code),
                Scene::Follow(_) => follow_key(app, code),
            },
        }
    }
}

/// How far a key moves in a list, where it does; the ends are far away.
fn motion(code: KeyCode, screen: u16) -> Option<isize> {
    let screen = isize::try_from(screen.saturating_sub(1).max(1)).unwrap_or(1);
    Some(match code {
        KeyCode::Up | KeyCode::Char('k') => -1,
        KeyCode::Down | KeyCode::Char('j') => 1,
        KeyCode::PageUp => -screen,
        KeyCode::PageDown | KeyCode::Char(' ') => screen,
        KeyCode::Home | KeyCode::Char('g') => isize::MIN,
        KeyCode::End | KeyCode::Char('G') => isize::MAX,
        _ => return None,
    })
}

fn page_key(app: &mut App, code: KeyCode) {
    let height = app.areas.page.height;
    let Some(page) = &mut app.page else { return };
    match code {
        KeyCode::Char('q') => app.quit = true,
        KeyCode::Esc | KeyCode::Enter | KeyCode::Backspace | KeyCode::Char('b') => app.page = None,
        KeyCode::Char('?') | KeyCode::F(1) => app.help(),
        code => {
            if let Some(by) = motion(code, height) {
                page.scroll(by, usize::from(height));
            }
        }
    }
}

fn browse_key(app: &mut App, code: KeyCode) {
    match code {
        KeyCode::Tab => turn(app, 1),
        KeyCode::BackTab => turn(app, PANES.len() - 1),
        KeyCode::Char(digit @ '1'..='4') => {
            if let Some(&pane) = PANES.get(digit as usize - '1' as usize) {
                focus(app, pane);
            }
        }
        KeyCode::Char('/') => app.ask_filter(),
        KeyCode::Char('v') => app.next_view(),
        KeyCode::Char('b') => app.lesson(),
        KeyCode::Char('f') => app.follow(),
        KeyCode::Char('r') => app.findings(),
        KeyCode::Char('z') => app.zoom = !app.zoom,
        KeyCode::Char('n') => app.next_marked(true),
        KeyCode::Char('N') => app.next_marked(false),
        KeyCode::Esc => back(app),
        code => match app.focus {
            Pane::Connections => connections_key(app, code),
            Pane::Frames => frames_key(app, code),
            Pane::Tree => tree_key(app, code),
            Pane::Bytes => bytes_key(app, code),
        },
    }
}

/// From the inside to the outside: the zoom, the panes, the filter.
fn back(app: &mut App) {
    match app.focus {
        _ if app.zoom => app.zoom = false,
        Pane::Tree | Pane::Bytes => focus(app, Pane::Frames),
        _ if app.rows.is_filtered() => app.set_filter(Filter::default(), String::new()),
        _ => {}
    }
}

fn turn(app: &mut App, by: usize) {
    let at = PANES.iter().position(|pane| *pane == app.focus).unwrap_or(0);
    focus(app, PANES[(at + by) % PANES.len()]);
}

fn focus(app: &mut App, pane: Pane) {
    app.focus = pane;
    match pane {
        // The lists say what the details are about.
        Pane::Connections | Pane::Frames => app.look(),
        Pane::Tree => app.tree_moved(),
        Pane::Bytes => app.byte_moved(),
    }
}

fn moved(at: usize, by: isize) -> usize {
    at.saturating_add_signed(by)
}

fn connections_key(app: &mut App, code: KeyCode) {
    if let Some(by) = motion(code, app.areas.connections.height) {
        return app.set_connection_row(moved(app.connections.at, by));
    }
    if matches!(code, KeyCode::Enter | KeyCode::Right | KeyCode::Char('l')) {
        focus(app, Pane::Frames);
    }
}

fn frames_key(app: &mut App, code: KeyCode) {
    if let Some(by) = motion(code, app.areas.frames.height) {
        return app.set_frame_row(moved(app.frames.at, by));
    }
    if matches!(code, KeyCode::Enter | KeyCode::Right | KeyCode::Char('l')) {
        focus(app, Pane::Tree);
    }
}

fn tree_key(app: &mut App, code: KeyCode) {
    let count = app.tree.visible(&app.detail.nodes).len();
    if let Some(by) = motion(code, app.areas.tree.height) {
        app.tree.cursor.step(by, count);
        return app.tree_moved();
    }
    match code {
        KeyCode::Right | KeyCode::Char('l') => app.tree.right(&app.detail.nodes),
        KeyCode::Left | KeyCode::Char('h') => app.tree.left(&app.detail.nodes),
        KeyCode::Enter => return app.enter_node(),
        _ => return,
    }
    app.tree_moved();
}

fn bytes_key(app: &mut App, code: KeyCode) {
    let row = isize::try_from(app.areas.per_row.max(1)).unwrap_or(1);
    let by = match code {
        KeyCode::Left | KeyCode::Char('h') => -1,
        KeyCode::Right | KeyCode::Char('l') => 1,
        KeyCode::Enter => return app.next_view(),
        code => match motion(code, app.areas.bytes.height) {
            Some(by) => by.saturating_mul(row),
            None => return,
        },
    };
    // Up from the first row, and down from the last, stay in their column.
    let count = app.detail.views.get(app.view()).map_or(0, |view| view.bytes.len());
    let to = moved(app.byte, by);
    let stays = by.unsigned_abs() == row.unsigned_abs() && (to >= count || app.byte < row.unsigned_abs() && by < 0);
    if !stays {
        app.byte = to;
    }
    app.byte_moved();
}

fn findings_key(app: &mut App, code: KeyCode) {
    let Scene::Findings(findings) = &mut app.scene else { return };
    match code {
        KeyCode::Esc | KeyCode::Char('r') | KeyCode::Backspace => return app.scene = Scene::Browse,
        KeyCode::Tab | KeyCode::BackTab => return findings.on_page = !findings.on_page,
        KeyCode::Enter => return to_finding(app),
        _ => {}
    }
    if findings.on_page {
        if let Some(by) = motion(code, app.areas.page.height) {
            // Drawing knows how long the page is.
            findings.page_top = moved(findings.page_top, by);
        }
    } else if let Some(by) = motion(code, app.areas.list.height) {
        findings.cursor.step(by, findings.rows.len());
        findings.page_top = 0;
    }
}

/// Goes to what a finding is about.
fn to_finding(app: &mut App) {
    let Scene::Findings(findings) = &app.scene else { return };
    let found = findings.rows.get(findings.cursor.at).and_then(|&at| app.model.findings.get(at));
    let Some((connection, frame)) = found.map(|found| (found.connection, found.finding.frame)) else { return };
    let frame = frame.and_then(|frame| u32::try_from(frame).ok());
    let place = connection.zip(frame).and_then(|(connection, frame)| app.model.place(connection, frame));
    match (place, connection) {
        (Some(id), _) => app.go_to(id),
        (None, Some(connection)) => {
            app.scene = Scene::Browse;
            app.focus = Pane::Connections;
            app.set_connection_row(connection as usize + 1);
        }
        (None, None) => {
            app.scene = Scene::Browse;
            app.focus = Pane::Connections;
            app.set_connection_row(0);
        }
    }
}

fn follow_key(app: &mut App, code: KeyCode) {
    let Scene::Follow(follow) = &mut app.scene else { return };
    match code {
        KeyCode::Esc | KeyCode::Char('f') | KeyCode::Backspace => app.scene = Scene::Browse,
        KeyCode::Enter => {
            if let Some(&id) = follow.entries.get(follow.cursor.at) {
                app.go_to(id);
            }
        }
        code => {
            if let Some(by) = motion(code, app.areas.list.height) {
                follow.cursor.step(by, follow.entries.len());
            }
        }
    }
}

fn type_key(app: &mut App, key: &KeyEvent) {
    let Some(prompt) = &mut app.prompt else { return };
    let line = match prompt {
        Prompt::Filter { line, .. } | Prompt::Export { line, .. } => line,
    };
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Esc => return app.prompt = None,
        KeyCode::Enter => return done(app),
        KeyCode::Char('u') if control => line.clear(),
        KeyCode::Char('w') if control => line.delete_word(),
        KeyCode::Char('a') if control => line.home(),
        KeyCode::Char('e') if control => line.end(),
        KeyCode::Char(c) if !control => line.insert(c.encode_utf8(&mut [0; 4])),
        KeyCode::Backspace => line.backspace(),
        KeyCode::Delete => line.delete(),
        KeyCode::Left => line.left(),
        KeyCode::Right => line.right(),
        KeyCode::Home => line.home(),
        KeyCode::End => line.end(),
        _ => return,
    }
    typed(app);
}

fn paste(app: &mut App, text: &str) {
    if let Some(Prompt::Filter { line, .. } | Prompt::Export { line, .. }) = &mut app.prompt {
        line.insert(text);
        typed(app);
    }
}

/// What is wrong with a line is said while it is written.
fn typed(app: &mut App) {
    match &mut app.prompt {
        Some(Prompt::Filter { line, fault }) => *fault = Filter::parse(line.text()).err(),
        Some(Prompt::Export { fault, .. }) => *fault = None,
        None => {}
    }
}

/// Enter was pressed.
fn done(app: &mut App) {
    match app.prompt.take() {
        Some(Prompt::Filter { line, .. }) => match Filter::parse(line.text()) {
            Ok(filter) => {
                let text = line.text().to_owned();
                app.focus = if app.focus == Pane::Connections { Pane::Connections } else { Pane::Frames };
                app.set_filter(filter, text);
            }
            Err(fault) => app.prompt = Some(Prompt::Filter { line, fault: Some(fault) }),
        },
        Some(Prompt::Export { line, what, .. }) => match what.write(&app.model, line.text()) {
            Ok(told) => app.say(told),
            Err(why) => app.prompt = Some(Prompt::Export { line, what, fault: Some(why) }),
        },
        None => {}
    }
}

fn mouse(app: &mut App, mouse: &MouseEvent) -> bool {
    let at = Position { x: mouse.column, y: mouse.row };
    let by = match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => return click(app, at),
        MouseEventKind::ScrollUp => -WHEEL,
        MouseEventKind::ScrollDown => WHEEL,
        _ => return false,
    };
    wheel(app, at, by);
    true
}

/// The row of an area in which a place is.
fn row(area: Rect, at: Position) -> Option<usize> {
    area.contains(at).then(|| usize::from(at.y - area.y))
}

fn click(app: &mut App, at: Position) -> bool {
    app.status = None;
    let areas = app.areas;
    if app.prompt.is_some() || app.page.is_some() {
        return true;
    }
    match &mut app.scene {
        Scene::Findings(findings) => {
            if let Some(row) = row(areas.list, at) {
                findings.on_page = false;
                findings.page_top = 0;
                findings.cursor.at = (findings.cursor.top + row).min(findings.rows.len().saturating_sub(1));
            } else if areas.page.contains(at) {
                findings.on_page = true;
            }
        }
        // An entry may take several lines: a click does not say which one it means.
        Scene::Follow(_) => {}
        Scene::Browse => click_pane(app, at),
    }
    true
}

fn click_pane(app: &mut App, at: Position) {
    let areas = app.areas;
    if let Some(row) = row(areas.connections, at) {
        app.focus = Pane::Connections;
        app.set_connection_row(app.connections.top + row);
    } else if let Some(row) = row(areas.frames, at) {
        app.focus = Pane::Frames;
        app.set_frame_row(app.frames.top + row);
    } else if let Some(row) = row(areas.tree, at) {
        app.focus = Pane::Tree;
        let nodes = &app.detail.nodes;
        let visible = app.tree.visible(nodes);
        let clicked = (app.tree.cursor.top + row).min(visible.len().saturating_sub(1));
        let again = clicked == app.tree.cursor.at;
        app.tree.cursor.at = clicked;
        // A second click on a node with others below it folds it.
        if again && visible.get(clicked).is_some_and(|&node| Tree::has_children(nodes, node)) {
            app.tree.toggle(nodes);
        }
        app.tree_moved();
    } else if let Some(row) = row(areas.bytes, at) {
        app.focus = Pane::Bytes;
        if let Some(column) = byte_column(app, at.x) {
            app.byte = (app.byte_top + row) * areas.per_row + column;
            app.byte_moved();
        }
    }
}

/// Which byte of its row stands at a column of the screen, as hexadecimal or as text.
fn byte_column(app: &App, x: u16) -> Option<usize> {
    let areas = app.areas;
    let x = usize::from(x.checked_sub(areas.bytes.x)?.checked_sub(areas.first_byte)?);
    // Sixteen bytes have a wider gap in the middle.
    let gap = usize::from(areas.per_row == 16);
    let hex = areas.per_row * 3 + gap;
    let column = match x {
        x if x < hex => x.saturating_sub(if x >= 24 { gap } else { 0 }) / 3,
        x => x.checked_sub(hex + 1)?,
    };
    (column < areas.per_row).then_some(column)
}

fn wheel(app: &mut App, at: Position, by: isize) {
    let areas = app.areas;
    if let Some(page) = &mut app.page {
        return page.scroll(by, usize::from(areas.page.height));
    }
    match &mut app.scene {
        Scene::Findings(findings) if areas.page.contains(at) => findings.page_top = moved(findings.page_top, by),
        Scene::Findings(findings) => {
            findings.cursor.step(by, findings.rows.len());
            findings.page_top = 0;
        }
        Scene::Follow(follow) => follow.cursor.step(by, follow.entries.len()),
        Scene::Browse if areas.connections.contains(at) => {
            app.focus = Pane::Connections;
            app.set_connection_row(moved(app.connections.at, by));
        }
        Scene::Browse if areas.frames.contains(at) => {
            app.focus = Pane::Frames;
            app.set_frame_row(moved(app.frames.at, by));
        }
        Scene::Browse if areas.tree.contains(at) => {
            let count = app.tree.visible(&app.detail.nodes).len();
            app.tree.cursor.step(by, count);
            app.tree_moved();
        }
        Scene::Browse if areas.bytes.contains(at) => {
            let row = isize::try_from(areas.per_row).unwrap_or(1);
            app.byte = moved(app.byte, by.saturating_mul(row));
            app.byte_moved();
        }
        Scene::Browse => {}
    }
}
