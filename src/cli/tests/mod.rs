//! The command line as a stranger meets it: its help, and every command that the documents show.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser};

use super::Cli;

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

/// The command lines of a text that begin with `warrener`: without what is said of them, with values
/// in the place of what stands for one.
fn lines(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().filter_map(|line| {
        let line = line
            .trim()
            .trim_start_matches("$ ")
            .trim_start_matches("sudo ");
        let line = line.strip_prefix("warrener ")?;
        // Explanations stand behind two blanks or a `#`, what follows behind a `>`, `|` or `;`.
        let line = line.split("  ").next().unwrap_or(line);
        let line = line
            .split(['#', '>', '|', ';'])
            .next()
            .unwrap_or(line)
            .trim();
        Some(line.to_owned())
    });
    lines.collect()
}

/// The words of a line, quotes taken off.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' | '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    // `show N` stands for a number, `probe NAME` for a probe, as `PLAYBOOK` does for a name.
    for word in &mut words {
        match word.as_str() {
            "N" | "ID" => *word = "7".to_owned(),
            "NAME" => *word = "broker".to_owned(),
            "URL" => *word = "https://runbooks.example".to_owned(),
            _ => {}
        }
    }
    words
}

fn parses(line: &str, place: &str) {
    let words = words(line);
    let all = ["warrener".to_owned()].into_iter().chain(words);
    if let Err(error) = Cli::try_parse_from(all)
        && error.use_stderr()
    {
        panic!("{place}: warrener {line}\n{error}");
    }
}

#[test]
fn help_alone_says_what_to_do_in_an_emergency() {
    let help = Cli::command().render_help().to_string();
    let emergency = help
        .split("In an emergency:")
        .nth(1)
        .expect("the emergency");
    let phases = ["1. Look", "2. Recover", "3. Follow up"].map(|phase| {
        let at = emergency.find(phase);
        at.unwrap_or_else(|| panic!("{phase} in\n{help}"))
    });
    assert!(phases.is_sorted(), "{help}");
    let shown = lines(emergency);
    for wanted in [
        "status",
        "logs --errors",
        "recover --emergency",
        "watch --for",
        "runs",
    ] {
        assert!(
            shown.iter().any(|line| line.starts_with(wanted)),
            "{wanted} in {shown:?}"
        );
    }
    assert!(shown.len() >= 9, "{shown:?}");
    for line in &shown {
        parses(line, "--help");
    }
    let wide = help.lines().filter(|line| line.chars().count() > 100);
    assert_eq!(wide.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn every_command_has_examples_that_can_be_typed() {
    for command in Cli::command().get_subcommands_mut() {
        let name = command.get_name().to_owned();
        // What makes a package is for no reader of the help.
        if name == "help" || command.is_hide_set() {
            continue;
        }
        let help = command.render_help().to_string();
        let Some((_, examples)) = help.split_once("Examples:") else {
            panic!("{name} has no examples:\n{help}");
        };
        let shown = lines(examples);
        assert!(!shown.is_empty(), "{name}: {examples}");
        for line in &shown {
            parses(line, &name);
        }
    }
}

/// The documents that people read, those of `docs` and the runbooks.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = vec![root.join("README.md")];
    for folder in ["docs", "docs/ja", "docs/runbooks"] {
        let entries = fs::read_dir(root.join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        all.extend(paths.filter(|path| path.extension().is_some_and(|e| e == "md")));
    }
    all
}

#[test]
fn every_command_in_the_documents_is_one() {
    let mut tried = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        let document = document.display().to_string();
        // In blocks, and between single backquotes.
        for (at, part) in text.split("```").enumerate() {
            if at % 2 == 1 {
                for line in lines(part) {
                    parses(&line, &document);
                    tried += 1;
                }
                continue;
            }
            for line in part.split('`').skip(1).step_by(2).flat_map(lines) {
                // A command's name alone is a mention of it.
                match Cli::command().find_subcommand(&line) {
                    Some(_) => {}
                    None => parses(&line, &document),
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
}
