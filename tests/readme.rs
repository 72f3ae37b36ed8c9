//! What the README shows is what the program prints.
//!
//! A `console` block is a command and its output; `? 1` behind it is its exit code. With `UPDATE_README=1` in the
//! environment the outputs are written anew.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_readme_shows_what_is_printed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let before = fs::read_to_string(&path).unwrap();
    let after = with_outputs(&before);
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, &after).unwrap();
    }
    let blocks = before.matches("```console\n").count();
    assert!(blocks >= 8, "only {blocks} blocks");
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

fn run(command: &str, code: i32) -> String {
    let arguments = command.strip_prefix("$ wslens ").unwrap().split_whitespace();
    let output = Command::new(snapbox::cmd::cargo_bin!("wslens"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(code), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}
