//! Holds the house to its plan (ARCHITECTURE.md): imports point down, each crate has one home,
//! and no file grows into two rooms.

#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The layers from the top. A room imports rooms below it, never above.
const LAYERS: [(&str, &[&str]); 13] = [
    ("main", &["cli"]),
    (
        "cli",
        &[
            "app", "server", "publish", "recover", "assess", "watch", "envfile", "platform",
            "config", "model",
        ],
    ),
    (
        "app",
        &[
            "server", "publish", "recover", "assess", "watch", "envfile", "platform", "config",
            "model",
        ],
    ),
    ("server", &["publish", "recover", "config", "model"]),
    ("publish", &["recover", "model"]),
    (
        "recover",
        &["assess", "watch", "envfile", "platform", "config", "model"],
    ),
    ("assess", &["config", "model"]),
    ("watch", &["envfile", "platform", "config", "model"]),
    ("envfile", &["config", "model"]),
    ("config", &["model"]),
    ("platform", &["model"]),
    ("model", &[]),
    ("lib", &[]),
];

/// Crates with one home: the path prefixes that may name them.
const HOMES: [(&str, &[&str]); 30] = [
    ("anstream", &["cli/"]),
    ("anstyle", &["cli/"]),
    ("bcrypt", &["server/edge/users.rs"]),
    ("async_rs", &["watch/broker/amqp/"]),
    (
        "flate2",
        &["publish/", "platform/files.rs", "platform/folder/rotate.rs"],
    ),
    ("futures_io", &["watch/broker/amqp/"]),
    ("glob", &["config/check/", "watch/files/"]),
    ("hyper", &["server/"]),
    ("include_dir", &["cli/"]),
    ("rustls", &["watch/broker/", "server/edge/"]),
    ("tokio_io_timeout", &["server/"]),
    (
        "tokio_rustls",
        &["watch/broker/amqp/", "server/connection.rs"],
    ),
    ("jiff", &["recover/clock/zone.rs"]),
    ("lapin", &["watch/broker/"]),
    ("maud", &["publish/page/"]),
    (
        "reqwest",
        &["watch/broker/", "cli/client.rs", "recover/http.rs"],
    ),
    ("ring", &["envfile/key.rs", "server/edge/users.rs"]),
    ("rustix", &["platform/", "config/"]),
    ("serde_transcode", &["cli/"]),
    ("serde_yaml", &["config/yaml.rs"]),
    ("terminal_size", &["cli/"]),
    ("textwrap", &["cli/"]),
    ("process_wrap", &["platform/act/process/"]),
    ("prometheus_client", &["publish/metrics/"]),
    ("axum", &["server/"]),
    ("bollard", &["platform/docker/"]),
    ("clap", &["cli/"]),
    ("clap_mangen", &["cli/man.rs"]),
    ("walkdir", &["watch/files/"]),
    ("zbus", &["platform/systemd/"]),
];

const LONGEST_FILE: usize = 400;

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// Every source file by its path under `src/`, with comments and test modules of its own left in.
fn house() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&root, &mut paths);
    paths
        .into_iter()
        .map(|path| {
            let name = path
                .strip_prefix(&root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// Tests make what they need.
fn is_test(file: &str) -> bool {
    file.contains("/tests/") || file.ends_with("tests.rs")
}

fn layer(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The code of a file without its comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
}

/// The code of a file, each statement in one line: rustfmt breaks long `use` lists.
fn statements(text: &str) -> Vec<String> {
    let joined = code(text).map(str::trim).collect::<Vec<_>>().join(" ");
    joined.split_inclusive(';').map(str::to_owned).collect()
}

/// The first path segments that follow `prefix` in a line: all of a brace list, or the one.
fn segments<'a>(line: &'a str, prefix: &str) -> Vec<&'a str> {
    let word = |s: &'a str| {
        s.split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .next()
            .unwrap()
    };
    line.match_indices(prefix)
        .flat_map(|(at, _)| {
            let rest = &line[at + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(list) => top_level(list)
                    .into_iter()
                    .map(|s| word(s.trim()))
                    .collect(),
                None => vec![word(rest)],
            }
        })
        .filter(|s| !s.is_empty())
        .collect()
}

/// The elements of a brace list up to its end; those of lists within it are none.
fn top_level(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut elements) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                elements.push(&list[start..at]);
                return elements;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                elements.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    elements
}

#[test]
fn probes_do_not_know_each_other() {
    let rooms = ["broker", "host", "envfile", "files"];
    let mut wrong = Vec::new();
    for (file, text) in house() {
        let Some(own) = rooms.iter().find(|room| {
            file.strip_prefix("watch/").is_some_and(|f| {
                f.split('/')
                    .next()
                    .is_some_and(|first| first.trim_end_matches(".rs") == **room)
            })
        }) else {
            continue;
        };
        for other in rooms.iter().filter(|room| *room != own) {
            let paths = [format!("watch::{other}"), format!("super::{other}::")];
            let inside = code(&text).any(|l| paths.iter().any(|p| l.contains(p.as_str())));
            if inside {
                wrong.push(format!("{file} names {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn imports_point_down() {
    let allowed: BTreeMap<&str, &[&str]> = LAYERS.into_iter().collect();
    let mut wrong = Vec::new();
    for (file, text) in house() {
        let layer = layer(&file);
        let below = allowed
            .get(layer)
            .unwrap_or_else(|| panic!("{file}: no layer in the table"));
        for line in statements(&text) {
            let line = line.as_str();
            for used in segments(line, "crate::")
                .into_iter()
                .chain(segments(line, "warrener::"))
            {
                if allowed.contains_key(used) && used != layer && !below.contains(&used) {
                    wrong.push(format!("{file} ({layer}) imports {used}"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports that point up:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_crate_has_its_home() {
    let mut wrong = Vec::new();
    for (file, text) in house().into_iter().filter(|(file, _)| !is_test(file)) {
        for (name, homes) in HOMES {
            let path = format!("{name}::");
            let named = code(&text).any(|line| {
                line.match_indices(&path).any(|(at, _)| {
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
                })
            });
            if named && !homes.iter().any(|home| file.starts_with(home)) {
                wrong.push(format!(
                    "{file} names {name}, whose home is {}",
                    homes.join(", ")
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "crates outside their home:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn no_file_is_two_rooms() {
    let long: Vec<_> = house()
        .into_iter()
        .map(|(file, text)| (file, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .collect();
    assert!(long.is_empty(), "files over {LONGEST_FILE} lines: {long:?}");
}

#[test]
fn pure_rooms_have_no_clock_and_no_world() {
    let outside = [
        "std::fs",
        "std::net",
        "std::process",
        "tokio::",
        "SystemTime::now",
        "Instant::now",
    ];
    let mut wrong = Vec::new();
    for (file, text) in house() {
        // Tests may take a clock's instant to count from.
        if !["model", "assess"].contains(&layer(&file)) || is_test(&file) {
            continue;
        }
        for word in outside {
            if code(&text).any(|line| line.contains(word)) {
                wrong.push(format!("{file} names {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
