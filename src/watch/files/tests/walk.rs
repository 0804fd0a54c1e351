use super::super::walk::{Bounds, Glob};
use std::os::unix::fs::symlink;
use std::path::Path;

fn found(root: &Path, glob: &str) -> Vec<String> {
    let walk = Glob::new(&format!("{}/{glob}", root.display()))
        .unwrap()
        .walk(Bounds::default());
    assert_eq!(walk.problem, None, "{glob}");
    let mut found: Vec<_> = walk
        .files
        .iter()
        .map(|f| f.path.strip_prefix(root).unwrap().display().to_string())
        .collect();
    found.sort();
    found
}

#[test]
fn globs_mean_what_they_mean_in_a_shell() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    for path in [
        "a.log",
        "b.log",
        "c.txt",
        ".hidden.log",
        "x/d.log",
        "x/y/e.log",
        ".h/f.log",
    ] {
        std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        std::fs::write(root.join(path), "").unwrap();
    }
    symlink(root.join("x"), root.join("linked")).unwrap();
    std::fs::hard_link(root.join("c.txt"), root.join("d.txt")).unwrap();

    assert_eq!(found(root, "*.log"), ["a.log", "b.log"]);
    assert_eq!(found(root, "./[a]*.log"), ["a.log"]);
    assert_eq!(found(root, "a.log"), ["a.log"]);
    assert_eq!(found(root, "none.log"), [""; 0]);
    assert_eq!(found(root, ".*.log"), [".hidden.log"]);
    assert_eq!(found(root, "*/*.log"), ["x/d.log"]);
    assert_eq!(found(root, "*/y/?.log"), ["x/y/e.log"]);
    assert_eq!(
        found(root, "**/*.log"),
        ["a.log", "b.log", "x/d.log", "x/y/e.log"]
    );
    assert_eq!(found(root, "x/**/e.log"), ["x/y/e.log"]);
    assert_eq!(found(root, "*.txt").len(), 1, "one file of two names");
    // Where whoever configures leads over a symlink, it is followed.
    assert_eq!(found(root, "linked/*.log"), ["linked/d.log"]);
    assert_eq!(found(root, "a.log/*"), [""; 0]);
}

#[test]
fn a_folder_with_brackets_in_its_name_is_quoted() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("a[b]")).unwrap();
    std::fs::write(dir.path().join("a[b]/c.log"), "").unwrap();
    assert_eq!(found(dir.path(), "a[[]b[]]/*.log"), ["a[b]/c.log"]);
}

#[test]
fn a_huge_folder_is_not_walked_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    for at in 0..200 {
        std::fs::write(dir.path().join(format!("{at}.txt")), "").unwrap();
    }
    let glob = Glob::new(&format!("{}/*.log", dir.path().display())).unwrap();
    let bounds = Bounds {
        entries: 100,
        files: 10,
    };
    let walk = glob.walk(bounds);
    assert!(
        walk.problem
            .as_ref()
            .unwrap()
            .contains("100 are in the way")
    );
    assert_eq!(walk.count(), None);
}
