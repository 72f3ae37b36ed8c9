//! The arguments.

use super::Cli;
use super::output::{Format, Output, distinct};
use clap::{CommandFactory, Parser, error::ErrorKind};
use std::path::{Path, PathBuf};

#[test]
fn arguments_are_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_shows_an_example() {
    fn check(command: &clap::Command) {
        let help = command.clone().render_help().to_string();
        assert!(help.contains("Example"), "{help}");
        command.get_subcommands().for_each(check);
    }
    check(&Cli::command());
}

#[test]
fn wrong_usage_is_told_apart() {
    let kind = |arguments: &[&str]| Cli::try_parse_from(arguments).map(|_| ()).map_err(|error| error.kind());
    assert_eq!(kind(&["wslens"]), Err(ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand));
    assert_eq!(kind(&["wslens", "analyze"]), Err(ErrorKind::MissingRequiredArgument));
    assert_eq!(kind(&["wslens", "analyze", "a", "--format", "xml"]), Err(ErrorKind::InvalidValue));
    assert_eq!(kind(&["wslens", "frames", "a", "--opcode", "pung"]), Err(ErrorKind::ValueValidation));
    assert_eq!(kind(&["wslens", "show", "a", "3"]), Err(ErrorKind::ValueValidation));
    assert_eq!(kind(&["wslens", "follow", "a", "0:3"]), Err(ErrorKind::ValueValidation));
    assert_eq!(kind(&["wslens", "analyze", "a", "--output", "json:-"]), Err(ErrorKind::ValueValidation));
    assert_eq!(kind(&["wslens", "check", "a", "b", "--fail-on", "warning", "--color", "never", "--notes"]), Ok(()));
    assert_eq!(kind(&["wslens", "frames", "-", "--opcode", "ping,0xA", "--opcode", "text"]), Ok(()));
    assert_eq!(kind(&["wslens", "decode", "81", "05"]), Ok(()));
    assert_eq!(kind(&["wslens", "rules"]), Ok(()));
    assert_eq!(kind(&["wslens", "rules", "list", "--format", "json"]), Ok(()));
}

#[test]
fn an_output_is_a_format_and_a_path() {
    let output: Output = "jsonl:C:\\reports\\a.jsonl".parse().unwrap();
    assert_eq!(output, Output { format: Format::Jsonl, path: "C:\\reports\\a.jsonl".into() });
    for wrong in ["json", "json:", "xml:a", ":a"] {
        assert!(wrong.parse::<Output>().is_err(), "{wrong}");
    }
}

#[test]
fn no_output_overwrites_a_capture_or_another_output() {
    let captures = [PathBuf::from("Cargo.toml")];
    let outputs = |paths: &[&str]| paths.iter().map(|path| path.parse().unwrap()).collect::<Vec<Output>>();
    assert!(distinct(&outputs(&["json:a", "jsonl:b"]), Some(Path::new("c")), &captures).is_ok());
    assert!(distinct(&outputs(&["json:a"]), Some(Path::new("a")), &captures).is_err());
    assert!(distinct(&outputs(&["json:a", "jsonl:a"]), None, &captures).is_err());
    assert!(distinct(&outputs(&["json:src/../Cargo.toml"]), None, &captures).is_err());
}
