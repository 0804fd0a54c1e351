//! What `warrener rules` writes, and what the tools say of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use testbed::{Program, amtool, promtool};

use crate::pack::{ROOT, Written, alerts, profiles, yaml};

#[test]
fn the_tools_accept_both_profiles() {
    for written in profiles() {
        let dir = written.dir();
        let (rules, tests) = (yaml(&dir.join("rules")), yaml(&dir.join("rules/tests")));
        let run = |command: [&str; 2], files: &[PathBuf]| {
            let files = files.iter().map(|path| path.to_str().unwrap());
            let args: Vec<&str> = command.into_iter().chain(files).collect();
            promtool(&args, "").unwrap_or_else(|error| panic!("{error}"))
        };
        run(["check", "rules"], &rules);
        run(["test", "rules"], &tests);
        run(["check", "config"], &[dir.join("prometheus.yml")]);
        let alertmanager = dir.join("alertmanager.yml");
        amtool(&["check-config", alertmanager.to_str().unwrap()], "").unwrap();
    }
}

#[test]
fn what_is_embedded_is_what_is_on_disk() {
    let written = Written::new(&[]);
    let mut on_disk = BTreeMap::new();
    for folder in ["rules", "grafana", "docs/runbooks"] {
        tree(Path::new(ROOT), Path::new(folder), &mut on_disk);
    }
    for example in ["prometheus.yml", "alertmanager.yml"] {
        let content = on_disk.remove(&Path::new("rules").join(example)).unwrap();
        on_disk.insert(example.into(), content);
    }
    let mut embedded = BTreeMap::new();
    tree(&written.dir(), Path::new(""), &mut embedded);
    let paths = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    // A file added since the last build is seen by the compiler when src/cli/bundle.rs changes.
    assert_eq!(paths(&embedded), paths(&on_disk), "touch src/cli/bundle.rs");
    for (path, content) in &on_disk {
        assert!(embedded[path] == *content, "{} differs", path.display());
    }
}

fn tree(root: &Path, folder: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() {
            tree(root, &path, into);
        } else if entry.file_name() != ".gitkeep" {
            into.insert(path, fs::read(entry.path()).unwrap());
        }
    }
}

#[test]
fn what_somebody_changed_is_kept() {
    let written = Written::new(&[]);
    let mine = written.dir().join("rules/workers.yml");
    let (code, log) = written.again();
    assert!(code == Some(0) && log.contains(" 0 written, "), "{log}");
    let original = fs::read(&mine).unwrap();
    fs::write(&mine, "mine").unwrap();
    let (code, log) = written.again();
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("kept   rules/workers.yml"), "{log}");
    assert_eq!(fs::read(&mine).unwrap(), b"mine");

    let dir = written.dir();
    let exe = Program::new(env!("CARGO_BIN_EXE_warrener")).unwrap();
    let forced = exe.args(["rules", "--force", "--output", dir.to_str().unwrap()]);
    forced.start().unwrap();
    assert_eq!(
        forced.wait(Duration::from_secs(60)).unwrap(),
        Some(0),
        "{}",
        forced.log()
    );
    assert_eq!(fs::read(&mine).unwrap(), original);
}

#[test]
fn links_are_put_where_they_lead() {
    let written = Written::new(&[
        "--runbook-url=https://git.example/runbooks/",
        "--dashboard-url=https://grafana.example",
    ]);
    for rule in alerts(&written.rules()) {
        let [runbook, dashboard] =
            ["runbook_url", "dashboard_url"].map(|key| &rule.annotations[key]);
        assert_eq!(
            runbook,
            &format!("https://git.example/runbooks/{}.md", rule.code())
        );
        assert!(
            dashboard.starts_with("https://grafana.example/d/warrener-"),
            "{dashboard}"
        );
    }
}
