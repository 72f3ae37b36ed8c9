//! What the README and the tour show is what the program prints.
//!
//! A `console` block is a command and its output; `? 1` behind it is its exit code. Commands may be joined by pipes, with
//! `echo`, `head` and `tail` among them. With `UPDATE_README=1` in the environment the outputs are written anew.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn the_readme_shows_what_is_printed() {
    check("README.md", 8);
}

#[test]
fn the_tour_shows_what_is_printed() {
    check("docs/tour.md", 20);
}

/// Runs the commands of a document, which has at least so many.
fn check(document: &str, least: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let before = fs::read_to_string(&path).unwrap();
    let after = with_outputs(&before);
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, &after).unwrap();
    }
    let blocks = before.matches("```console\n").count();
    assert!(blocks >= least, "only {blocks} blocks");
    snapbox::assert_data_eq!(before, snapbox::Data::text(after).raw());
}

/// The text with each command's output in its block.
fn with_outputs(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        if line != "```console" {
            continue;
        }
        let command = lines.next().unwrap();
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let code = body.iter().find_map(|line| line.strip_prefix("? ")).map(|code| code.parse().unwrap());
        out.push_str(command);
        out.push('\n');
        if let Some(code) = code {
            out.push_str(&format!("? {code}\n"));
        }
        out.push_str(&run(command, code.unwrap_or(0)));
        out.push_str("```\n");
    }
    out
}

/// The output of commands joined by pipes; the last one's exit code must be `code`.
fn run(command: &str, code: i32) -> String {
    let stages: Vec<&str> = command.strip_prefix("$ ").unwrap().split(" | ").collect();
    let mut bytes = Vec::new();
    for (number, stage) in stages.iter().enumerate() {
        let words: Vec<&str> = stage.split_whitespace().collect();
        bytes = match words.as_slice() {
            ["wslens", arguments @ ..] => {
                let last = number + 1 == stages.len();
                wslens(arguments, bytes, if last { code } else { 0 })
            }
            ["echo", words @ ..] => [words.join(" ").as_bytes(), b"\n"].concat(),
            ["head", count] => lines(&bytes).take(count_of(count)).collect::<Vec<_>>().concat(),
            ["tail", count] => {
                let all = lines(&bytes).count();
                lines(&bytes).skip(all.saturating_sub(count_of(count))).collect::<Vec<_>>().concat()
            }
            other => panic!("{other:?} cannot be run"),
        };
    }
    let text = String::from_utf8(bytes).unwrap();
    text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

fn wslens(arguments: &[&str], input: Vec<u8>, code: i32) -> Vec<u8> {
    let mut child = Command::new(snapbox::cmd::cargo_bin!("wslens"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || {
        // A command that does not read its input closes it.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Lines with their line ends.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|&byte| byte == b'\n')
}

/// `-3` is 3.
fn count_of(option: &str) -> usize {
    option.strip_prefix('-').unwrap().parse().unwrap()
}
