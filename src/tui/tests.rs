//! The browser without a terminal: scenarios are analysed, keys and the mouse are pressed, and what is drawn is read.

use super::app::{App, Pane, Scene};
use super::palette::Palette;
use super::{draw, input, told};
use crate::Role;
use crate::analysis::{Analyzer, Options};
use crate::capture::Reader;
use crate::escape::is_unsafe;
use crate::report::transcript::Transcript;
use crate::rules::Severity;
use crate::scenario::{Scenario, binary, close, continuation, deflated_text, fragments, frame, ping, pong, text};
use crate::websocket::Opcode;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Color, Modifier};
use std::path::Path;
use std::time::{Duration, Instant};

fn palette(color: bool) -> Palette {
    Palette { color, lesson: |_| anstyle::AnsiColor::Blue.on_default() }
}

/// The browser with all of a capture in it.
fn open_reader(mut reader: Reader) -> App {
    let (mut feed, inlet) = told::channel();
    let mut app = App::new(inlet, palette(true), Severity::Warning);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut analyzer = Analyzer::new(Options { payload_bytes: 1 << 20, ..Options::default() });
            analyzer.read(&mut reader, &mut feed).unwrap();
            analyzer.finish(&mut feed).unwrap();
        });
        while app.is_busy() {
            app.work(Instant::now() + Duration::from_secs(1));
            std::thread::yield_now();
        }
    });
    app
}

fn open(scenario: &Scenario) -> App {
    let capture = std::io::Cursor::new(scenario.pcapng_bytes());
    open_reader(Reader::from_read("memory", Box::new(capture)).unwrap())
}

/// A conversation with something of everything.
fn chat() -> Scenario {
    Scenario::new()
        .handshake_with_extensions("permessage-deflate", "permessage-deflate")
        .client(text("Hello"))
        .server(text("Hi there"))
        .client(deflated_text("a compressed compressed compressed message"))
        .server(fragments(Opcode::TEXT, [&b"in "[..], b"three ", b"pieces"]))
        .server(ping("beat"))
        .client(pong("beat"))
        .client(text("not masked").unmasked())
        .client(close(1000, "bye"))
        .server(close(1000, "bye"))
        .fin(Role::Server)
}

fn screen(app: &mut App, width: u16, height: u16) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    draw::draw(app, &mut buffer);
    buffer
}

fn rows(buffer: &Buffer) -> Vec<String> {
    let row = |y| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..buffer.area.height).map(|y| row(y).trim_end().to_owned()).collect()
}

fn shown(app: &mut App) -> String {
    rows(&screen(app, 80, 24)).join("\n")
}

fn press(app: &mut App, code: KeyCode) {
    input::take(app, &Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    // Drawing scrolls, and tells the mouse where things are.
    screen(app, 80, 24);
}

fn typed(app: &mut App, keys: &str) {
    for key in keys.chars() {
        press(app, KeyCode::Char(key));
    }
}

fn filter(app: &mut App, line: &str) {
    typed(app, "/");
    input::take(app, &Event::Key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL)));
    typed(app, line);
    press(app, KeyCode::Enter);
}

/// The numbers of the frames that are listed.
fn listed(app: &App) -> Vec<u32> {
    let ids = (0..app.rows.len(&app.model)).filter_map(|row| app.rows.get(&app.model, row));
    ids.filter_map(|id| Some(app.model.frame(id)?.index)).collect()
}

#[test]
fn the_panes() {
    insta::assert_snapshot!(shown(&mut open(&chat())));
}

#[test]
fn nothing_to_see() {
    let mut app = open(&Scenario::new().bytes(Role::Client, "no web at all"));
    let shown = shown(&mut app);
    assert!(shown.contains("no WebSocket connection") && shown.contains("no frames"), "{shown}");
    assert!(!shown.contains("say why"), "there is no note: {shown}");
}

#[test]
fn a_message_in_pieces_has_three_views() {
    let mut app = open(&chat());
    typed(&mut app, "jjjjj");
    assert!(shown(&mut app).contains("as sent [message]") || shown(&mut app).contains("[as sent] message"));
    let mut app = open(&chat());
    typed(&mut app, "jj");
    assert!(shown(&mut app).contains("masked [unmasked] inflated"), "{}", shown(&mut app));
    typed(&mut app, "v");
    let inflated = shown(&mut app);
    assert!(inflated.contains("masked unmasked [inflated]") && inflated.contains("compr"), "{inflated}");
    typed(&mut app, "v");
    assert!(shown(&mut app).contains("[masked] unmasked inflated"));
    // The view stays from frame to frame.
    typed(&mut app, "kk");
    assert!(shown(&mut app).contains("[masked] unmasked"));
}

#[test]
fn filters() {
    let mut app = open(&chat());
    for (line, frames) in [
        ("", vec![0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("from:server", vec![1, 3, 4, 5, 6, 10]),
        ("op:ping,pong", vec![6, 7]),
        ("from:client -op:text", vec![7, 9]),
        ("hello", vec![0]),
        ("Hello", vec![0]),
        ("HELLO", vec![]),
        // Nothing but the inflated message says so.
        ("\"compressed message\"", vec![2]),
        // No single frame holds it; it is found where the message ends.
        ("\"three pieces\"", vec![5]),
        ("hex:686572", vec![1]),
        ("size>40", vec![]),
        ("size=5", vec![0, 9, 10]),
        ("rule:frame-client-unmasked", vec![8]),
        // The server reads on after the unmasked frame, as its Close shows.
        ("level:error", vec![8, 10]),
        ("bye -from:client", vec![10]),
    ] {
        filter(&mut app, line);
        assert_eq!(listed(&app), frames, "{line}");
    }
}

#[test]
fn a_wrong_filter_is_told_and_changes_nothing() {
    let mut app = open(&chat());
    filter(&mut app, "from:server");
    filter(&mut app, "from:me");
    let shown = shown(&mut app);
    assert!(shown.contains("filter: from:me") && shown.contains("from: takes client or server"), "{shown}");
    assert_eq!(listed(&app).len(), 6);
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Esc);
    assert_eq!(listed(&app).len(), 11);
}

#[test]
fn a_filter_keeps_the_selection_where_it_can() {
    let mut app = open(&chat());
    typed(&mut app, "jjjjjj");
    filter(&mut app, "op:ping,pong");
    assert_eq!(app.frames.at, 0);
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.frames.at, 6);
}

/// Wherever the cursor stands in the bytes, the selected field stands for that byte; whatever field is selected, the
/// cursor stands on its first byte.
#[test]
fn fields_and_bytes_follow_each_other() {
    let mut app = open(&chat());
    for frame in 0..app.model.frames.len() {
        app.focus = Pane::Frames;
        app.set_frame_row(frame);
        press(&mut app, KeyCode::Char('4'));
        for view in 0..app.detail.views.len() {
            app.set_view(view);
            let (space, count) = (app.detail.views[view].space, app.detail.views[view].bytes.len());
            for byte in 0..count {
                app.byte = byte;
                app.byte_moved();
                let node = &app.detail.nodes[app.tree.selected(&app.detail.nodes).unwrap()];
                let (its, range) = node.bytes.clone().unwrap();
                assert!(its == space && range.contains(&byte), "frame {frame} byte {byte}: {node:?}");
            }
        }
        press(&mut app, KeyCode::Char('3'));
        for node in 0..app.detail.nodes.len() {
            app.tree.select(&app.detail.nodes, node);
            app.tree_moved();
            let selected = app.tree.selected(&app.detail.nodes).unwrap();
            if let Some((space, range)) = app.detail.nodes[selected].bytes.clone() {
                assert_eq!((app.detail.views[app.view()].space, app.byte), (space, range.start));
            }
        }
    }
}

/// Where in a drawn screen a text stands.
fn find(buffer: &Buffer, text: &str) -> (u16, u16) {
    let rows = rows(buffer);
    let (y, row) = rows.iter().enumerate().find(|(_, row)| row.contains(text)).unwrap();
    let x = row[..row.find(text).unwrap()].chars().count();
    (u16::try_from(x).unwrap(), u16::try_from(y).unwrap())
}

fn click(app: &mut App, (column, row): (u16, u16)) {
    let kind = MouseEventKind::Down(MouseButton::Left);
    input::take(app, &Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
}

#[test]
fn a_click_selects() {
    let mut app = open(&chat());
    let buffer = screen(&mut app, 80, 24);
    click(&mut app, find(&buffer, "0:4"));
    assert_eq!((app.frames.at, app.focus), (4, Pane::Frames));
    click(&mut app, find(&buffer, "0:0"));
    let buffer = screen(&mut app, 80, 24);
    // 'e' of "Hello" behind a header of six bytes.
    click(&mut app, find(&buffer, "65"));
    assert_eq!((app.byte, app.focus), (7, Pane::Bytes));
    let node = app.tree.selected(&app.detail.nodes).unwrap();
    assert_eq!(app.detail.nodes[node].label, "text");
    let buffer = screen(&mut app, 80, 24);
    click(&mut app, find(&buffer, "Masking key"));
    assert_eq!((app.byte, app.focus), (2, Pane::Tree));
    // Sixteen bytes a row have a gap in their middle, and the text has none.
    let buffer = screen(&mut app, 130, 40);
    click(&mut app, find(&buffer, "6c 6c 6f"));
    assert_eq!(app.byte, 8);
    let (x, y) = find(&buffer, "│");
    click(&mut app, (x + 1 + 9, y));
    assert_eq!(app.byte, 9);
}

#[test]
fn a_selected_field_is_marked_in_the_bytes() {
    let mut app = open(&chat());
    press(&mut app, KeyCode::Enter);
    while app.detail.nodes[app.tree.selected(&app.detail.nodes).unwrap()].label != "Masking key" {
        typed(&mut app, "j");
    }
    let buffer = screen(&mut app, 80, 24);
    let (x, y) = find(&buffer, "0000  81 85");
    let marked = |byte: u16| buffer[(x + 6 + byte * 3, y)].modifier.contains(Modifier::REVERSED);
    assert_eq!([0, 1, 2, 3, 4, 5, 6].map(marked), [false, false, true, true, true, true, false]);
}

#[test]
fn findings_lead_to_their_frames() {
    let mut app = open(&chat());
    typed(&mut app, "r");
    let shown = shown(&mut app);
    assert!(shown.contains("frame-client-unmasked") && shown.contains("What the text says"), "{shown}");
    let Scene::Findings(findings) = &app.scene else { panic!() };
    let finding = &app.model.findings[findings.rows[findings.cursor.at]].finding;
    assert_eq!(finding.rule.id, "frame-client-unmasked");
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.frames.at, 8);
    // From the beginning, n comes to the same place.
    press(&mut app, KeyCode::Home);
    typed(&mut app, "n");
    assert_eq!(app.frames.at, 8);
}

#[test]
fn a_link_leads_out_of_the_filter() {
    let mut app = open(&chat());
    filter(&mut app, "op:pong");
    press(&mut app, KeyCode::Enter);
    press(&mut app, KeyCode::Right);
    let answers = app.detail.nodes.iter().position(|node| node.label == "answers").unwrap();
    app.tree.select(&app.detail.nodes, answers);
    press(&mut app, KeyCode::Enter);
    assert_eq!((app.frames.at, listed(&app).len()), (6, 11));
}

/// What the follow command says of a connection, but for its first and last lines and the findings.
fn followed(path: &Path) -> Vec<String> {
    let mut out = Vec::new();
    let mut analyzer = Analyzer::new(Options { payload_bytes: 1 << 20, ..Options::default() });
    let mut transcript = Transcript::new(&mut out, 0, None, true, Severity::Error);
    analyzer.read(&mut Reader::open(path).unwrap(), &mut transcript).unwrap();
    analyzer.finish(&mut transcript).unwrap();
    let text = anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string();
    let lines = text.lines().filter(|line| line.contains("C→S  ") || line.contains("S→C  "));
    let mut lines: Vec<String> =
        lines.filter(|line| !line.contains("  http ")).map(|line| line.trim_end().to_owned()).collect();
    lines.sort();
    lines
}

#[test]
fn a_conversation_is_that_of_the_follow_command() {
    for name in ["chromium_ws_deflate.pcap", "aiohttp.pcap", "node_ws.pcap", "python_websockets.pcap", "lossy.pcap"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name);
        let app = open_reader(Reader::open(&path).unwrap());
        let mut out = Vec::new();
        super::follow::write(&app.model, 0, &mut out).unwrap();
        let mut ours: Vec<String> = String::from_utf8(out).unwrap().lines().map(str::to_owned).collect();
        ours.sort();
        // The follow command leaves out how a cut text goes on; nothing is cut here.
        assert_eq!(ours, followed(&path), "{name}");
    }
}

#[test]
fn what_is_selected_can_be_written() {
    let directory = tempfile::tempdir().unwrap();
    let write = |app: &mut App, name: &str| {
        typed(app, "e");
        input::take(app, &Event::Key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL)));
        let path = directory.path().join(name);
        input::take(app, &Event::Paste(path.display().to_string()));
        press(app, KeyCode::Enter);
        std::fs::read(path).unwrap()
    };
    let mut app = open(&chat());
    assert_eq!(write(&mut app, "payload"), b"Hello");
    assert!(shown(&mut app).contains("wrote 5 bytes to "));
    typed(&mut app, "jjvv");
    let masked = write(&mut app, "masked");
    typed(&mut app, "vv");
    assert_eq!(write(&mut app, "inflated"), b"a compressed compressed compressed message");
    assert_ne!(masked, b"a compressed compressed compressed message");
    typed(&mut app, "f");
    let transcript = String::from_utf8(write(&mut app, "transcript")).unwrap();
    assert!(transcript.contains("S→C  text    in three pieces"), "{transcript}");
    // What exists is left alone.
    assert_eq!(write(&mut app, "payload"), b"Hello");
    assert!(shown(&mut app).contains("this file exists"));
}

#[test]
fn nothing_that_a_terminal_obeys_is_drawn() {
    let evil = "\x1b[2J\u{9b}31m\u{202e}\u{200b}\x07\r\n\t\u{feff}evil";
    let scenario = Scenario::new()
        .handshake_with(|request| request.header("X-Evil", evil), |response| response.header("X-Evil", evil))
        .client(text(evil))
        .server(text(evil).unmasked())
        .server(binary(evil.as_bytes().to_vec()))
        .server(ping(evil))
        .client(continuation(evil.as_bytes().to_vec()))
        .client(frame(Opcode(0xB), evil.as_bytes()))
        .client(close(1000, evil))
        .server(close(4999, evil));
    let mut app = open(&scenario);
    app.least = Severity::Note;
    let look = |app: &mut App| {
        for (width, height) in [(80, 24), (200, 50)] {
            for cell in screen(app, width, height).content() {
                assert!(!cell.symbol().chars().any(is_unsafe), "{:?}", cell.symbol());
            }
        }
    };
    for row in 0..app.model.frames.len() {
        app.set_frame_row(row);
        for keys in ["", "v", "v", "b", "b", "f", "f", "r", "r"] {
            typed(&mut app, keys);
            look(&mut app);
        }
    }
    typed(&mut app, "1j");
    look(&mut app);
    typed(&mut app, "b");
    look(&mut app);
}

#[test]
fn without_colours_there_are_none() {
    let mut app = open(&chat());
    app.palette = palette(false);
    for keys in ["", "b", "b", "f", "f", "r"] {
        typed(&mut app, keys);
        for cell in screen(&mut app, 80, 24).content() {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
        }
    }
}

#[test]
fn a_small_terminal_is_told_so() {
    let mut app = open(&chat());
    assert_eq!(rows(&screen(&mut app, 39, 9))[0], "wslens needs 40 x 10 at least");
    assert!(rows(&screen(&mut app, 40, 10)).iter().any(|row| row.contains("Frames")));
}

fn any_event() -> impl Strategy<Value = Event> {
    let code = prop_oneof![
        proptest::sample::select("qjkhlgGnNvbfrsze/?1234 \"x:".chars().collect::<Vec<_>>()).prop_map(KeyCode::Char),
        proptest::sample::select(vec![
            KeyCode::Tab,
            KeyCode::BackTab,
            KeyCode::Enter,
            KeyCode::Esc,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::PageUp,
            KeyCode::PageDown,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::Backspace,
            KeyCode::Delete,
        ]),
    ];
    let key = code.prop_map(|code| Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    let kind = proptest::sample::select(vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::ScrollUp,
        MouseEventKind::ScrollDown,
    ]);
    let mouse = (kind, 0_u16..130, 0_u16..45)
        .prop_map(|(kind, column, row)| Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    prop_oneof![3 => key, 1 => mouse]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever is pressed, on a screen of whatever size, something is drawn. Enter in the prompt for a file is left
    /// out: it would write one.
    #[test]
    fn any_keys_at_any_size(events in proptest::collection::vec((any_event(), 1_u16..130, 1_u16..45), 1..60)) {
        let mut app = open(&chat());
        for (event, width, height) in events {
            let exporting = matches!(app.prompt, Some(super::app::Prompt::Export { .. }));
            let enter = matches!(&event, Event::Key(key) if key.code == KeyCode::Enter);
            if !(exporting && enter) {
                input::take(&mut app, &event);
            }
            app.work(Instant::now());
            screen(&mut app, width, height);
        }
    }
}
