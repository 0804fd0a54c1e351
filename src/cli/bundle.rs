//! What the binary carries beside itself: rules with their tests, examples of a `prometheus.yml`
//! and an `alertmanager.yml`, dashboards, runbooks.
//!
//! There is one source of everything, in `rules/`, and it is the standard profile. A line such as
//! `for: 30s # fast: 0s; why` holds the value of the other one; adapting is a matter of lines, so
//! that comments and order stay, and what is written by default is the source itself.

use std::borrow::Cow;
use std::path::PathBuf;

use clap::ValueEnum;
use include_dir::{Dir, DirEntry, include_dir};

static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");
static GRAFANA: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/grafana");
static RUNBOOKS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/docs/runbooks");

/// Where each folder is written to.
const FOLDERS: [(&str, &Dir<'_>); 3] = [
    ("rules", &RULES),
    ("grafana", &GRAFANA),
    ("docs/runbooks", &RUNBOOKS),
];

/// Not rules, and not to be found by a `rules/*.yml`.
const EXAMPLES: [&str; 2] = ["prometheus.yml", "alertmanager.yml"];

/// How soon an alert is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Profile {
    /// Scraped and judged every 5 s: for recovery
    Fast,
    /// Scraped and judged every 15 s to 30 s
    #[default]
    Standard,
}

/// What differs from one installation to another.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) profile: Profile,
    /// What stands before `NAME.md`, without a slash at its end; as in the source for `None`.
    pub(super) runbook_url: Option<String>,
    /// What stands before `/d/UID`; nothing for `None`.
    pub(super) dashboard_url: Option<String>,
}

/// A file to be written.
#[derive(Debug)]
pub(super) struct File {
    /// Relative.
    pub(super) path: PathBuf,
    pub(super) content: Cow<'static, [u8]>,
}

/// Every file, ordered by its path.
pub(super) fn files(options: &Options) -> Vec<File> {
    let mut files = Vec::new();
    for (folder, dir) in FOLDERS {
        collect(dir, &mut |path, content| {
            let example = EXAMPLES.iter().find(|name| path.as_os_str() == **name);
            let path = match example {
                Some(name) if folder == "rules" => PathBuf::from(name),
                _ => PathBuf::from(folder).join(path),
            };
            let is = |extension: &str| path.extension().is_some_and(|e| e == extension);
            let text = std::str::from_utf8(content).ok();
            let adapted = match folder {
                "rules" if is("yml") => text.map(|text| adapt(text, options)),
                "grafana" if is("json") => text.and_then(|text| linked(text, options)),
                _ => None,
            };
            let content = match adapted {
                Some(text) => Cow::Owned(text.into_bytes()),
                None => Cow::Borrowed(content),
            };
            files.push(File { path, content });
        });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// Every file of a folder, but those that git alone needs.
fn collect(dir: &'static Dir<'_>, take: &mut dyn FnMut(PathBuf, &'static [u8])) {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(dir) => collect(dir, take),
            DirEntry::File(file) if file.path().starts_with(".gitkeep") => {}
            DirEntry::File(file) => take(file.path().to_owned(), file.contents()),
        }
    }
}

/// The text as these options ask for it.
fn adapt(text: &str, options: &Options) -> String {
    text.split_inclusive('\n')
        .map(|line| {
            let fast = (options.profile == Profile::Fast).then(|| fast(line));
            fast.flatten()
                .or_else(|| based(line, "runbook_url: ", "docs/runbooks", &options.runbook_url))
                .or_else(|| based(line, "dashboard_url: ", "", &options.dashboard_url))
                .map_or(Cow::Borrowed(line), Cow::Owned)
        })
        .collect()
}

/// A dashboard whose links lead to the runbooks asked for: their place is a constant in it.
fn linked(dashboard: &str, options: &Options) -> Option<String> {
    let place = serde_json::to_string(options.runbook_url.as_ref()?).ok()?;
    Some(dashboard.replace(r#""docs/runbooks""#, &place))
}

/// `for: 30s # fast: 0s; why` → `for: 0s # why`.
fn fast(line: &str) -> Option<String> {
    let (before, after) = line.trim_end().split_once(" # fast: ")?;
    let (stem, _) = before.rsplit_once(' ')?;
    Some(match after.split_once("; ") {
        Some((value, why)) => format!("{stem} {value} # {why}\n"),
        None => format!("{stem} {after}\n"),
    })
}

/// An address below `old` moved below the one asked for.
fn based(line: &str, key: &str, old: &str, new: &Option<String>) -> Option<String> {
    let (indent, rest) = line.split_once(key)?;
    let path = rest.strip_prefix(old)?.strip_prefix('/')?;
    let new = new.as_ref().filter(|_| indent.trim().is_empty())?;
    Some(format!("{indent}{key}{new}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_the_source_stays_as_it_is() {
        for dir in [&RULES, &RUNBOOKS] {
            for file in dir.files() {
                let text = file.contents_utf8().expect("a text");
                assert_eq!(adapt(text, &Options::default()), text, "{:?}", file.path());
            }
        }
    }

    #[test]
    fn the_fast_value_takes_the_place_of_the_standard_one() {
        let options = Options {
            profile: Profile::Fast,
            ..Options::default()
        };
        let lines = "a:\n  for: 30s # fast: 0s; why; and why\n  interval: 15s # fast: 5s\n  \
                     keep: 1m # fast as it is\n";
        assert_eq!(
            adapt(lines, &options),
            "a:\n  for: 0s # why; and why\n  interval: 5s\n  keep: 1m # fast as it is\n"
        );
    }

    #[test]
    fn addresses_are_moved_and_nothing_else() {
        let options = Options {
            runbook_url: Some("https://git.example/runbooks".into()),
            dashboard_url: Some("https://grafana.example".into()),
            ..Options::default()
        };
        let lines = "  runbook_url: docs/runbooks/WorkerDown.md\n  dashboard_url: /d/warrener-self\n  \
                     text: see runbook_url: docs/runbooks/WorkerDown.md\n";
        assert_eq!(
            adapt(lines, &options),
            "  runbook_url: https://git.example/runbooks/WorkerDown.md\n  \
             dashboard_url: https://grafana.example/d/warrener-self\n  \
             text: see runbook_url: docs/runbooks/WorkerDown.md\n"
        );
    }

    #[test]
    fn dashboards_link_to_the_runbooks_asked_for() {
        let options = Options {
            runbook_url: Some("https://git.example/\"runbooks".into()),
            ..Options::default()
        };
        for file in files(&options) {
            if file.path.starts_with("grafana/dashboards") {
                let json: serde_json::Value = serde_json::from_slice(&file.content).unwrap();
                let text = json.to_string();
                assert!(!text.contains(r#""docs/runbooks""#), "{:?}", file.path);
                assert!(text.contains(r#""https://git.example/\"runbooks""#));
            }
        }
    }

    #[test]
    fn examples_lie_beside_the_rules() {
        let files = files(&Options::default());
        let has = |path: &str| files.iter().any(|f| f.path.as_os_str() == path);
        assert!(has("alertmanager.yml") && has("prometheus.yml") && has("rules/workers.yml"));
        assert!(has("rules/tests/workers.yml") && !has("rules/alertmanager.yml"));
        assert!(!files.iter().any(|f| f.path.ends_with(".gitkeep")));
    }
}
