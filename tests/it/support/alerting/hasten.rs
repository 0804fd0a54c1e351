//! Pages [`SOONER`] times sooner than shipped, and what follows them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const SOONER: u64 = 12;

/// Shortens what people wait for between the first that they are told of a group and the next.
pub(super) fn routes(file: &Path) {
    let text = fs::read_to_string(file).unwrap();
    let calls = "group_wait: 15s\n      group_interval: 1m";
    assert!(text.contains(calls), "{text}");
    let sooner = format!("group_wait: 15s\n      group_interval: {}s", 60 / SOONER);
    fs::write(file, text.replace(calls, &sooner)).unwrap();
}

/// Shortens the times of pages in the rule files of a folder.
pub(super) fn pages(dir: &Path) {
    let entries = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let files: Vec<_> = entries
        .filter(|p| p.extension().is_some_and(|e| e == "yml"))
        .collect();
    let mut hastened = 0;
    for file in &files {
        let (mut page, mut text) = (false, String::new());
        for line in fs::read_to_string(file).unwrap().lines() {
            if let Some((_, name)) = line.split_once("- alert: ") {
                page = name.ends_with("Page");
            }
            let time = ["for: ", "keep_firing_for: "].into_iter().find_map(|key| {
                let rest = line.trim_start().strip_prefix(key)?;
                Some((key, rest.split_once("m ")?.0.parse::<u64>().unwrap()))
            });
            match time.filter(|_| page) {
                Some((key, minutes)) => {
                    hastened += 1;
                    writeln!(text, "        {key}{}s", minutes * 60 / SOONER).unwrap();
                }
                None => writeln!(text, "{line}").unwrap(),
            }
        }
        fs::write(file, text).unwrap();
    }
    assert!(hastened > 70, "only {hastened} times of pages found");
}
