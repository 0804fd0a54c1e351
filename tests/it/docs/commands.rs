//! Every command that a document shows: run here, in one fleet that is cared for, or named with who tries
//! it instead. A command that no rule knows is a failure.
//!
//! Commands are the lines of `console`, `sh` and unnamed blocks, and what stands between backquotes and
//! begins with a program. A word in capitals stands for something; [`STANDS_FOR`] says for what here.

use std::collections::BTreeMap;
use std::fs;

use super::scene::Scene;
use super::table::{ELSEWHERE, ENDS, HERE, STANDS_FOR};
use super::{blocks, every_page, root};

/// A command and where it stands.
#[derive(Debug)]
struct Shown {
    place: String,
    command: String,
}

/// The program of a command.
fn program(command: &str) -> &str {
    let command = command.trim_start_matches("sudo ");
    command.split_whitespace().next().unwrap_or_default()
}

fn elsewhere(command: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    ELSEWHERE.iter().find(|(start, ..)| {
        let rest = command.strip_prefix(start);
        // `make` is not the beginning of `makepasswd`; a path goes on.
        rest.is_some_and(|rest| start.contains(' ') || rest.is_empty() || rest.starts_with(' '))
    })
}

/// The commands of a line: without what is said of them.
fn of_line(line: &str) -> Vec<String> {
    let line = line.split(" # ").next().unwrap_or(line).trim();
    let parts = line.split(" ; ").flat_map(|part| part.split(" && "));
    let parts = parts.map(|part| part.trim().to_owned());
    parts.filter(|part| !part.is_empty()).collect()
}

/// Every command of the documents, in their order, each once.
fn shown() -> Vec<Shown> {
    let mut all: BTreeMap<String, Shown> = BTreeMap::new();
    let mut take = |place: &str, line: &str| {
        for command in of_line(line) {
            // What comes to the same is run once.
            let shown = Shown {
                place: place.to_owned(),
                command,
            };
            all.entry(filled(&shown.command)).or_insert(shown);
        }
    };
    for page in every_page() {
        for block in blocks(&page) {
            let text = block.text.replace("\\\n", " ");
            let lines = match block.language.as_str() {
                // What is marked is run where it is written to be followed.
                _ if !block.mark.is_empty() => continue,
                "console" => text.lines().filter_map(|l| l.strip_prefix("$ ")).collect(),
                "sh" | "" => text.lines().collect::<Vec<_>>(),
                _ => continue,
            };
            for line in lines {
                take(&block.place, line);
            }
        }
        // Between backquotes: a program with arguments. Its name alone says nothing.
        let text = fs::read_to_string(&page).unwrap();
        let place = page.strip_prefix(root()).unwrap().display().to_string();
        for outside in text.split("```").step_by(2) {
            for span in outside.split('`').skip(1).step_by(2) {
                let span = span.split_whitespace().collect::<Vec<_>>().join(" ");
                let word = program(&span);
                let known = HERE.contains(&word) || ELSEWHERE.iter().any(|(s, ..)| *s == word);
                let words = span.split(' ').count();
                // Of `warrener recover` neither.
                let says = words > 1 + usize::from(word == "warrener");
                if known && says && !span.contains('|') {
                    take(&place, &span);
                }
            }
        }
    }
    let mut shown: Vec<_> = all.into_values().collect();
    // What makes something comes before what needs it; what acts after what only looks.
    shown.sort_by_key(|shown| {
        let has = |words: &[&str]| words.iter().any(|word| shown.command.contains(word));
        match () {
            () if has(&[" add_", "rules --output", "approve"]) => 0,
            () if has(&["pause", "truncate"]) => 3,
            () if has(&["resume"]) => 4,
            () if has(&["recover ", "cancel", "purge", "fix", "chmod"]) => 2,
            () => 1,
        }
    });
    shown
}

/// The command with what its words stand for.
fn filled(command: &str) -> String {
    let mut text = command.to_owned();
    for (word, value) in STANDS_FOR {
        let mut whole = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(word) {
            let end = at + word.len();
            let part = |c: char| c.is_ascii_alphanumeric() || "_$".contains(c);
            let within = rest[..at].ends_with(part) || rest[end..].starts_with(part);
            // In front of a path anything may stand.
            let stays = within && !word.starts_with('/');
            whole += &rest[..at];
            whole += if stays { word } else { value };
            rest = &rest[end..];
        }
        text = whole + rest;
    }
    text
}

/// Whether it is only the beginning of another command, which is run.
fn mentioned(command: &str, all: &[Shown]) -> bool {
    let longer = format!("{command} ");
    all.iter().any(|other| other.command.starts_with(&longer))
}

/// Whether a command ended as it should; each stage of a pipe counts.
fn well(command: &str, codes: &[i32], out: &str) -> bool {
    let stages: Vec<_> = command.split(" | ").map(program).collect();
    codes.iter().enumerate().all(|(at, code)| {
        let program = stages.get(at).copied().unwrap_or_default();
        match code {
            // 141: who reads had enough.
            0 | 141 => true,
            1 if program == "grep" => true,
            code => ENDS.iter().any(|(word, end, says)| {
                command.contains(word) && end == code && out.contains(says)
            }),
        }
    })
}

/// What is wrong with these, run one after the other.
fn tried(scene: &Scene, commands: &[&Shown]) -> Vec<String> {
    let wrong = commands.iter().filter_map(|Shown { place, command }| {
        let (codes, out) = scene.run(&filled(command));
        let well = well(command, &codes, &out);
        (!well).then(|| format!("{place}: {command}\nended with {codes:?}: {out}"))
    });
    wrong.collect()
}

#[test]
fn every_command_in_the_documents_runs() {
    let all = shown();
    let (mut here, mut brokers, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for shown in &all {
        let Shown { place, command } = shown;
        let word = program(command);
        if let Some((_, _, by)) = elsewhere(command) {
            assert!(root().join(by).exists(), "{place}: {command}: no {by}");
            if let Some(target) = command.strip_prefix("make ") {
                let target = target.split_whitespace().next().unwrap_or_default();
                let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
                let there = makefile.contains(&format!("\n{target}:"));
                assert!(there, "{place}: make {target}: no such target");
            }
        } else if word != "warrener" && mentioned(command, &all) {
            continue;
        } else if word.starts_with("rabbitmq") {
            brokers.push(shown);
        } else if HERE.contains(&word) {
            here.push(shown);
        } else {
            wrong.push(format!(
                "{place}: {command}\nno rule of docs/table.rs knows it"
            ));
        }
    }
    let ran = here.len() + brokers.len();
    let scene = Scene::start();
    // The broker's own tools take a second or two each, warrener's wait for evidence: side by side.
    std::thread::scope(|scope| {
        let beside = scope.spawn(|| tried(&scene, &brokers));
        wrong.extend(tried(&scene, &here));
        wrong.extend(beside.join().unwrap());
    });
    eprintln!("{} commands, {ran} of them run here", all.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(ran > 100, "{ran}");
}

#[test]
fn words_stand_for_something_and_comments_for_nothing() {
    assert_eq!(
        of_line("df -h PATH ; df -i PATH   # both"),
        ["df -h PATH", "df -i PATH"]
    );
    assert_eq!(filled("df -h PATH"), "df -h .");
    assert_eq!(filled("echo $PATH"), "echo $PATH");
    assert_eq!(filled("runs show 12"), "runs show 1");
    assert!(well("a | grep b", &[0, 1], "") && !well("a | grep b", &[2, 0], ""));
    assert!(!well("warrener check", &[1], ""));
}
