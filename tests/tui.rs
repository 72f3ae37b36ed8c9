//! The terminal browser in a real terminal: the program runs on a pseudo-terminal, and what it draws is read from a
//! screen. Nothing sleeps: a test waits for what it expects, with a deadline.
#![cfg(all(unix, feature = "tui"))]

mod common;

use common::testdata;
use pty_process::Size;
use pty_process::blocking::{Command, Pty};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use vt100::{MouseProtocolMode, Parser};

/// Longer than anything takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// A program on a terminal.
struct Session {
    pty: Arc<Pty>,
    child: Child,
    screen: Arc<(Mutex<Parser>, Condvar)>,
}

fn columns(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}

/// How many bytes of the output end with a whole change of the screen: a change that goes on stands behind `?2026h`,
/// and `?2026l` ends it.
fn whole(output: &[u8]) -> usize {
    const BEGIN: &[u8] = b"\x1b[?2026h";
    const END: &[u8] = b"\x1b[?2026l";
    let last = |marker: &[u8]| output.windows(marker.len()).rposition(|window| window == marker);
    if let Some(begin) = last(BEGIN).filter(|begin| last(END).is_none_or(|end| end < *begin)) {
        return begin;
    }
    // A marker may be cut by the end of a read.
    let escape = output.iter().rposition(|&byte| byte == 0x1b);
    escape.filter(|&at| BEGIN.starts_with(&output[at..])).unwrap_or(output.len())
}

impl Session {
    /// Runs a shell command line on a terminal of 80 x 24; `$0` in it is `program`.
    fn run(line: &str, program: &Path) -> Session {
        let (pty, pts) = pty_process::blocking::open().unwrap();
        pty.resize(Size::new(24, 80)).unwrap();
        let child = Command::new("sh")
            .args(["-c", line])
            .arg(program)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("TERM", "xterm-256color")
            .env("RUST_BACKTRACE", "0")
            .env_remove("NO_COLOR")
            .env_remove("SSLKEYLOGFILE")
            .spawn(pts)
            .unwrap();
        let pty = Arc::new(pty);
        let screen = Arc::new((Mutex::new(Parser::new(columns(24), columns(80), 0)), Condvar::new()));
        let (reader, shared) = (pty.clone(), screen.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            let mut pending = Vec::new();
            // The end of the program is an error on Linux and an empty read elsewhere.
            while let Ok(length @ 1..) = (&*reader).read(&mut bytes) {
                pending.extend_from_slice(&bytes[..length]);
                let whole: Vec<u8> = pending.drain(..whole(&pending)).collect();
                shared.0.lock().unwrap().process(&whole);
                shared.1.notify_all();
            }
        });
        Session { pty, child, screen }
    }

    /// Opens a capture, and says behind the program how the terminal was left.
    fn open(arguments: &str) -> Session {
        let line = format!("\"$0\" tui {arguments}; echo left with $?; stty -a");
        Session::run(&line, snapbox::cmd::cargo_bin!("wslens"))
    }

    fn press(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the screen is as wanted, and gives it.
    fn wait(&self, what: &str, wanted: impl Fn(&Parser) -> bool) -> String {
        let end = Instant::now() + DEADLINE;
        let mut parser = self.screen.0.lock().unwrap();
        while !wanted(&parser) {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited for {what}:\n{}", parser.screen().contents());
            parser = self.screen.1.wait_timeout(parser, left).unwrap().0;
        }
        let (_, columns) = parser.screen().size();
        let rows: Vec<String> = parser.screen().rows(0, columns.get()).map(|row| row.trim_end().to_owned()).collect();
        rows.join("\n")
    }

    /// Waits for a text on the screen.
    fn wait_for(&self, text: &str) -> String {
        self.wait(text, |parser| parser.screen().contents().contains(text))
    }

    /// Waits until the program was left, and the terminal is as it was.
    fn left_with(mut self, code: &str) -> String {
        self.wait_for("left with");
        let text = self.wait("the terminal's settings", |parser| parser.screen().contents().contains("echoke"));
        assert!(text.contains(&format!("left with {code}")), "{text}");
        for setting in ["icanon", "echo", "isig", "icrnl", "opost"] {
            let on = text.split([' ', '\n', ';']).any(|word| word == setting);
            assert!(on, "{setting}:\n{text}");
        }
        let parser = self.screen.0.lock().unwrap();
        let screen = parser.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
        assert!(matches!(screen.mouse_protocol_mode(), MouseProtocolMode::None));
        drop(parser);
        self.child.wait().unwrap();
        text
    }
}

#[test]
fn open_move_filter_search_resize_quit() {
    let session = Session::open("testdata/gallery/beetle.pcap");
    let opened = session.wait_for("2 errors, 1 warning");
    insta::assert_snapshot!("tui_opened", opened);

    // Down to the fourth frame, into its fields, and to its bytes.
    session.press("jjj");
    session.wait_for("4 of 6");
    session.press("\r");
    session.press("4");
    insta::assert_snapshot!("tui_moved", session.wait_for("←↑↓→ byte"));

    // A filter: wrong at first, then put right.
    session.press("/from:serve");
    session.wait_for("from: takes client or server");
    session.press("r\r");
    insta::assert_snapshot!("tui_filtered", session.wait_for("from:server: 2 of 3 in 6"));
    session.press("/\x15welt\r");
    session.wait_for("no frame passes the filter");
    session.press("/\x15\"grüße\"\r");
    session.wait_for("\"grüße\": 1 of 2 in 6");

    // Resizing draws anew, larger and smaller.
    session.screen.0.lock().unwrap().set_size(columns(30), columns(120));
    session.pty.resize(Size::new(30, 120)).unwrap();
    insta::assert_snapshot!("tui_resized", session.wait_for("1000/1000 clean"));
    session.screen.0.lock().unwrap().set_size(columns(9), columns(30));
    session.pty.resize(Size::new(9, 30)).unwrap();
    session.wait_for("wslens needs 40 x 10 at least");
    session.screen.0.lock().unwrap().set_size(columns(24), columns(80));
    session.pty.resize(Size::new(24, 80)).unwrap();
    session.wait_for("\"grüße\": 1 of 2 in 6");

    session.press("q");
    session.left_with("0");
}

#[test]
fn the_conversation_the_findings_the_lesson_and_the_help() {
    let session = Session::open("testdata/gallery/beetle.pcap");
    session.wait_for("2 errors, 1 warning");
    session.press("f");
    session.wait_for("─ Connection 0 ─");
    session.press("f");
    session.wait_for("─ Frames ─");
    session.press("r");
    session.wait_for("─ Findings ─");
    // It began at the finding about the selected frame.
    session.press("g");
    insta::assert_snapshot!("tui_findings", session.wait_for("─ 1 of 3 ─"));
    session.press("\r");
    insta::assert_snapshot!("tui_connection", session.wait_for("101 accept WRONG"));
    session.press("b");
    session.wait_for("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    session.press("?");
    session.wait_for("the next pane, the one before");
    session.press("\x03");
    session.left_with("0");
}

#[test]
fn the_mouse() {
    let session = Session::open("testdata/gallery/beetle.pcap");
    session.wait_for("2 errors, 1 warning");
    // SGR coordinates count from 1: the third frame, below two titles, two connections and the names of the columns.
    session.press("\x1b[<0;10;9M\x1b[<0;10;9m");
    session.wait_for("3 of 6");
    session.press("\x1b[<65;10;9M");
    session.wait_for("6 of 6");
    session.press("q");
    session.left_with("0");
}

#[test]
fn secrets_and_other_options_are_taken() {
    let session = Session::open("testdata/wss_tls13.pcap --keylog testdata/wss_tls13.keys --digests --select frame-*");
    session.wait_for("no errors, no warnings");
    session.press("1j");
    session.wait_for("TLS 1.3");
    session.press("q");
    session.left_with("0");
}

#[test]
fn a_capture_from_a_pipe_leaves_the_keyboard_to_the_user() {
    let file = testdata("gallery/beetle.pcap");
    let line = format!("cat {} | \"$0\" tui -; echo left with $?; stty -a", file.display());
    let session = Session::run(&line, snapbox::cmd::cargo_bin!("wslens"));
    session.wait_for("2 errors, 1 warning");
    session.press("j");
    session.wait_for("2 of 6");
    session.press("q");
    session.left_with("0");
}

#[test]
fn what_cannot_be_opened_is_told_where_it_always_is() {
    let session = Session::open("testdata/no-such.pcap");
    let text = session.left_with("2");
    assert!(text.contains("no-such.pcap"), "{text}");
}

#[test]
fn without_a_terminal_it_says_so() {
    let session = Session::run("\"$0\" tui testdata/aiohttp.pcap | cat", snapbox::cmd::cargo_bin!("wslens"));
    session.wait_for("tui needs a terminal");
}

#[test]
fn a_signal_leaves_the_terminal_as_it_was() {
    let line = "sh -c 'echo $$ > \"$1\"; exec \"$0\" tui testdata/gallery/beetle.pcap' \"$0\" \"PIDFILE\"; echo left with $?; stty -a";
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tui.pid");
    let line = line.replace("PIDFILE", &place.display().to_string());
    let session = Session::run(&line, snapbox::cmd::cargo_bin!("wslens"));
    session.wait_for("2 errors, 1 warning");
    let pid = std::fs::read_to_string(place).unwrap();
    assert!(std::process::Command::new("kill").arg(pid.trim()).status().unwrap().success());
    // 128 and the number of SIGTERM.
    session.left_with("143");
}

#[test]
fn a_panic_leaves_the_terminal_as_it_was() {
    let line = "\"$0\" --exact panics_in_the_terminal --ignored --nocapture; echo left with $?; stty -a";
    let session = Session::run(line, &std::env::current_exe().unwrap());
    let text = session.left_with("101");
    assert!(text.contains("on purpose"), "{text}");
}

/// Run by the test above, on its terminal.
#[test]
#[ignore = "needs a terminal"]
fn panics_in_the_terminal() {
    let _terminal = wslens::tui::Terminal::take(true).unwrap();
    panic!("on purpose");
}
