//! Every file of `tests/config` beside the exact message it must give; every file of
//! `tests/config/ok` must load.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::Config;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config")
}

fn files(folder: &Path, extension: &str) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect()
}

#[test]
fn broken_files_give_their_exact_message() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for file in files(&folder(), "yml") {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let errors = match Config::load(Some(&file)) {
            Ok(_) => {
                wrong.push(format!("{name} loads"));
                continue;
            }
            Err(errors) => format!("{errors}\n").replace(&file.display().to_string(), &name),
        };
        let expected = file.with_extension("expected");
        if update {
            fs::write(&expected, &errors).unwrap();
        } else if errors != fs::read_to_string(&expected).unwrap_or_default() {
            wrong.push(format!("{name} gives:\n{errors}"));
        }
    }
    let hint = "when the new messages are right: UPDATE_GOLDEN=1 cargo test golden";
    assert!(wrong.is_empty(), "{}\n{hint}", wrong.join("\n"));
}

#[test]
fn every_expected_message_has_its_file() {
    let stem = |path: PathBuf| path.with_extension("");
    let yml: BTreeSet<_> = files(&folder(), "yml").into_iter().map(stem).collect();
    let expected: BTreeSet<_> = files(&folder(), "expected").into_iter().map(stem).collect();
    assert_eq!(yml, expected);
    assert!(yml.len() > 40);
}

#[test]
fn right_files_load() {
    for file in files(&folder().join("ok"), "yml") {
        let loaded = Config::load(Some(&file));
        assert!(loaded.is_ok(), "{}", loaded.unwrap_err());
    }
}
