//! Every file of `tests/playbooks` beside the exact message it must give.

use std::fs;
use std::path::Path;

use super::super::Playbook;

#[test]
fn broken_playbooks_give_their_exact_message() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/playbooks");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "yml"))
        .collect();
    files.sort();
    assert!(files.len() > 20);
    let mut wrong = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let told = match Playbook::from_text(&fs::read_to_string(&file).unwrap(), Path::new(&name))
        {
            Ok(_) => "nothing is wrong\n".to_owned(),
            Err(errors) => format!("{errors}\n"),
        };
        let expected = file.with_extension("expected");
        if update {
            fs::write(&expected, &told).unwrap();
        } else if told != fs::read_to_string(&expected).unwrap_or_default() {
            wrong.push(format!("{name} gives:\n{told}"));
        }
    }
    let hint = "when the new messages are right: UPDATE_GOLDEN=1 cargo test golden";
    assert!(wrong.is_empty(), "{}\n{hint}", wrong.join("\n"));
}
