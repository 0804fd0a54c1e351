//! Every file of `tests/config/web` beside the exact message it must give; those in `ok` load.

use std::fs;
use std::path::{Path, PathBuf};

use super::WebFile;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "yml"))
        .collect();
    paths.sort();
    paths
}

#[test]
fn broken_files_give_their_exact_message() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let all = files("tests/config/web");
    assert!(all.len() > 5);
    let mut wrong = Vec::new();
    for file in all {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let errors = match WebFile::load(&file) {
            Ok(_) => "loads\n".to_owned(),
            Err(errors) => format!("{errors}\n").replace(&file.display().to_string(), &name),
        };
        let expected = file.with_extension("expected");
        if update {
            fs::write(&expected, &errors).unwrap();
        } else if errors != fs::read_to_string(&expected).unwrap_or_default() {
            wrong.push(format!("{name} gives:\n{errors}"));
        }
    }
    assert!(wrong.is_empty(), "{}\nUPDATE_GOLDEN=1", wrong.join("\n"));
}

#[test]
fn files_of_other_exporters_load() {
    for file in files("tests/config/web/ok") {
        let web = WebFile::load(&file).unwrap_or_else(|errors| panic!("{errors}"));
        let shown = format!("{web:?}");
        assert!(!shown.contains("$2"), "a hash is shown: {shown}");
        for path in web.paths() {
            assert!(path.is_absolute());
        }
    }
}
