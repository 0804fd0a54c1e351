//! The documents, tried: every piece of YAML by the program it is for, every link, and the first ten
//! minutes as they are written, against a real broker and workers.
//!
//! A comment before a block says what is done with it: `<!-- test: write FILE -->`, `run` (once, and it
//! has to print what is shown), `until` (again and again, until it does), `serve` (in the background).
//! In what is shown, numbers stand for any number and `…` for anything. All other commands: `docs/commands.rs`.

mod commands;
mod migrate;
mod scene;
mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use testbed::{Program, amtool, promtool, sample_worker, wait_until};

use crate::support::env::set_mode;
use crate::support::{EXE, PATIENCE, Warrener, broker, prepare};

/// A cooldown, a repair and its verification, on a busy machine.
const REPAIR: Duration = Duration::from_secs(180);

struct Block {
    place: String,
    mark: String,
    language: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `README.md` and the pages of `docs`.
fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> = docs
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    pages.push(root().join("README.md"));
    pages.sort();
    pages
}

/// The same, with the runbooks and what is in other languages.
fn every_page() -> Vec<PathBuf> {
    let mut all = pages();
    for folder in ["docs/runbooks", "docs/ja"] {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        all.extend(entries.map(|entry| entry.unwrap().path()));
    }
    all.sort();
    all
}

fn blocks(page: &Path) -> Vec<Block> {
    let name = page.strip_prefix(root()).unwrap().display();
    let text = fs::read_to_string(page).unwrap();
    let (mut blocks, mut mark, mut open) = (Vec::new(), String::new(), None::<Block>);
    for (number, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => block.text += &format!("{line}\n"),
            (None, Some(language)) => {
                open = Some(Block {
                    place: format!("{name}:{}", number + 1),
                    mark: std::mem::take(&mut mark),
                    language: language.to_owned(),
                    text: String::new(),
                });
            }
            (None, None) => {
                let comment = line.strip_prefix("<!-- test: ");
                mark = comment
                    .and_then(|rest| rest.strip_suffix(" -->"))
                    .unwrap_or_default()
                    .to_owned();
            }
        }
    }
    blocks
}

/// Runs to its end in `dir`: exit code and output.
fn run(program: Program, dir: &Path) -> (Option<i32>, String) {
    let program = program.working_in(dir);
    program.start().unwrap();
    let code = program.wait(PATIENCE).unwrap();
    (code, program.log())
}

/// A playbook's file beside others, as `recovery.own_playbooks` names them.
fn as_playbook(text: &str, dir: &Path) -> String {
    let name = text.lines().find_map(|line| line.strip_prefix("playbook:"));
    let name = name.unwrap().split('#').next().unwrap().trim();
    fs::write(dir.join(format!("playbooks/{name}.yml")), text).unwrap();
    "workers: {task-worker: {match: {cmdline: task}}}\nrecovery: {own_playbooks: playbooks}\n"
        .to_owned()
}

#[test]
fn every_piece_of_yaml_is_taken_by_what_it_is_for() {
    let mut tried = 0;
    for block in pages().iter().flat_map(|page| blocks(page)) {
        // What is written is tried where it is used.
        if block.language != "yaml" || block.mark.starts_with("write ") {
            continue;
        }
        tried += 1;
        let program = prepare(&["check", "--config.file", "warrener.yml"]);
        let dir = program.dir().to_owned();
        fs::write(dir.join("secret"), "s3cret\n").unwrap();
        set_mode(&dir.join("secret"), 0o600);
        fs::create_dir(dir.join("playbooks")).unwrap();
        let begins = |keys: &[&str]| {
            let mut lines = block.text.lines();
            lines.any(|line| keys.iter().any(|key| line.starts_with(key)))
        };
        let file = dir.join("file.yml").display().to_string();
        fs::write(&file, &block.text).unwrap();
        if begins(&["scrape_configs:", "rule_files:"]) {
            let told = promtool(&["check", "config", "--syntax-only", &file], "");
            told.unwrap_or_else(|error| panic!("{}: {error}", block.place));
        } else if begins(&["route:"]) {
            let told = amtool(&["check-config", &file], "");
            told.unwrap_or_else(|error| panic!("{}: {error}", block.place));
        } else if begins(&["tls_server_config:"]) {
            // Its certificates are not there; `edge` tries every key.
        } else {
            let text = match begins(&["playbook:"]) {
                true => as_playbook(&block.text, &dir),
                false => secrets(&block.text, &dir),
            };
            fs::write(dir.join("warrener.yml"), text).unwrap();
            let (code, out) = run(program, &dir);
            // 1: the file is right, and an env file that it names is not there.
            assert_ne!(code, Some(2), "{}: {out}", block.place);
            assert!(
                out.contains("warrener.yml: valid"),
                "{}: {out}",
                block.place
            );
        }
    }
    assert!(tried > 20, "{tried}");
}

/// Every file of `/run/secrets` is one that is there.
fn secrets(text: &str, dir: &Path) -> String {
    let mut parts = text.split("/run/secrets/");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .unwrap_or(part.len());
        whole += &format!("{}{}", dir.join("secret").display(), &part[end..]);
    }
    whole
}

#[test]
fn every_link_leads_somewhere() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|s| s.split(')').next()) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            if path.contains("://") {
                continue;
            }
            let to = match path {
                "" => page.clone(),
                path => page.parent().unwrap().join(path),
            };
            assert!(to.exists(), "{}: {link}", page.display());
            if !anchor.is_empty() {
                let text = fs::read_to_string(&to).unwrap();
                let mut headings = text.lines().filter(|line| line.starts_with('#'));
                let there = headings.any(|heading| slug(heading) == anchor);
                assert!(there, "{}: {link}", page.display());
            }
        }
    }
}

/// A heading as its anchor.
fn slug(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// A command and what it is shown to print.
fn commands(text: &str) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("$ "), all.last_mut()) {
            (Some(command), _) => all.push((command.to_owned(), String::new())),
            (None, Some((_, shown))) => *shown += &format!("{line}\n"),
            (None, None) => panic!("no command before {line}"),
        }
    }
    all
}

/// Blanks are one blank, numbers one number: what differs from one time to the next.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        let c = match c {
            c if c.is_ascii_digit() => '0',
            c if c.is_whitespace() => ' ',
            c => c,
        };
        if !("0 ".contains(c) && plain.ends_with(c)) {
            plain.push(c);
        }
    }
    plain
}

/// What is shown of it is in the output, in that order.
fn fits(shown: &str, output: &str) -> bool {
    let output = plain(output);
    let mut rest = output.as_str();
    let mut parts = shown.lines().flat_map(|line| line.split('…'));
    parts.all(|part| {
        let part = plain(part);
        let found = rest.find(part.trim());
        rest = found.map_or("", |at| &rest[at + part.trim().len()..]);
        found.is_some()
    })
}

#[test]
fn the_first_ten_minutes_are_as_written() {
    let broker = broker().start().unwrap();
    let worker = sample_worker().unwrap();
    let tools = tempfile::tempdir().unwrap();
    let path = format!(
        "{}:{}:/usr/bin:/bin",
        tools.path().display(),
        worker.parent().unwrap().display()
    );
    let server = prepare(&["serve", "--web.listen-address=127.0.0.1:0"]).env("PATH", &path);
    let dir = server.dir().to_owned();
    // The page's ports are a new machine's; here others may have them.
    let here = |text: &str| {
        let marked = text.replace("15672", "\u{1}").replace("5672", "\u{2}");
        let ours = marked.replace('\u{1}', &broker.management_port().to_string());
        let ours = ours.replace('\u{2}', &broker.amqp_port().to_string());
        ours.replace("/home/me/try", &dir.display().to_string())
    };
    wrap(tools.path(), "");
    let mut server = Some(server);
    let mut serving = None;
    let mut done = 0;
    for block in blocks(&root().join("docs/GETTING_STARTED.md")) {
        let text = here(&block.text);
        if let Some(file) = block.mark.strip_prefix("write ") {
            fs::write(dir.join(file), text).unwrap();
            continue;
        }
        let once = match block.mark.as_str() {
            "" => continue,
            "serve" => {
                let warrener = Warrener::start(server.take().unwrap());
                wrap(tools.path(), warrener.address());
                serving = Some(warrener);
                continue;
            }
            "run" => true,
            "until" => false,
            other => panic!("{}: unknown mark {other}", block.place),
        };
        for (command, shown) in commands(&text) {
            done += 1;
            let mut newest = String::new();
            let mut holds = || {
                let shell = Program::new("/bin/sh")
                    .unwrap()
                    .args(["-c", command.as_str()]);
                let (code, out) = run(shell.env("PATH", &path), &dir);
                newest = format!("{code:?}\n{out}");
                code == Some(0) && fits(&shown, &out)
            };
            let held = match once {
                true => holds(),
                false => wait_until(&command, REPAIR, holds).is_ok(),
            };
            let log = serving.as_ref().map(|warrener| warrener.program.log());
            assert!(
                held,
                "{}: {command}\n{newest}\n{}",
                block.place,
                log.unwrap_or_default()
            );
        }
    }
    assert!(done >= 10, "{done}");
}

/// `warrener` in the tools' folder; commands that ask a server ask the one at `address`.
fn wrap(tools: &Path, address: &str) {
    let script = format!(
        "#!/bin/sh\ncase $1 in\nstatus|runs|recover|pause|resume) exec '{EXE}' \"$@\" --url \
         'http://{address}';;\n*) exec '{EXE}' \"$@\";;\nesac\n"
    );
    fs::write(tools.join("warrener"), script).unwrap();
    set_mode(&tools.join("warrener"), 0o755);
}

#[test]
fn what_is_shown_is_looked_for_in_order() {
    let output = "Run 12: worker-unhealthy,\n   recovered after 7 s";
    assert!(fits("Run 3: worker-unhealthy, recovered …\n", output));
    assert!(!fits("recovered\nRun\n", output));
    assert!(!fits("Run 3: config-invalid\n", output));
}
