//! The rules as they are, in the tree and as `warrener rules` writes them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use testbed::Program;

pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Rule {
    pub(crate) alert: Option<String>,
    pub(crate) record: Option<String>,
    pub(crate) expr: String,
    pub(crate) r#for: Option<String>,
    pub(crate) keep_firing_for: Option<String>,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Rule {
    pub(crate) fn name(&self) -> &str {
        self.alert.as_deref().unwrap()
    }

    pub(crate) fn severity(&self) -> &str {
        &self.labels["severity"]
    }

    /// The alert's name without the mark of a page.
    pub(crate) fn code(&self) -> &str {
        self.name().strip_suffix("Page").unwrap_or(self.name())
    }

    pub(crate) fn is_page(&self) -> bool {
        self.labels.get("page").is_some_and(|page| page == "true")
    }

    pub(crate) fn waits(&self) -> u64 {
        seconds(self.r#for.as_deref())
    }

    pub(crate) fn keeps(&self) -> u64 {
        seconds(self.keep_firing_for.as_deref())
    }
}

fn seconds(text: Option<&str>) -> u64 {
    let Some(text) = text else { return 0 };
    let (number, unit) = text.split_at(text.len() - 1);
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => panic!("{text}"),
    };
    number.parse::<u64>().unwrap() * factor
}

#[derive(Deserialize)]
struct RuleFile {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

/// What `warrener rules` writes.
pub(crate) struct Written(Program);

impl Written {
    pub(crate) fn new(args: &[&str]) -> Self {
        let program = Program::new(env!("CARGO_BIN_EXE_warrener")).unwrap();
        let output = ["rules", "--output", "out"].iter().chain(args).copied();
        let written = Written(program.args(output));
        let (code, log) = written.again();
        assert_eq!(code, Some(0), "{log}");
        written
    }

    /// Runs it once more: exit code and what it said.
    pub(crate) fn again(&self) -> (Option<i32>, String) {
        self.0.start().unwrap();
        let code = self.0.wait(Duration::from_secs(60)).unwrap();
        (code, self.0.log())
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.0.dir().join("out")
    }

    pub(crate) fn rules(&self) -> Vec<Rule> {
        rules(&self.dir().join("rules"))
    }
}

pub(crate) fn profiles() -> [Written; 2] {
    ["standard", "fast"].map(|profile| Written::new(&["--profile", profile]))
}

/// The YAML files of a folder that hold rules or their tests.
pub(crate) fn yaml(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "yml"))
        .filter(|path| !path.ends_with("alertmanager.yml") && !path.ends_with("prometheus.yml"))
        .collect();
    files.sort();
    assert!(files.len() >= 7, "{files:?}");
    files
}

pub(crate) fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap();
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn rules(dir: &Path) -> Vec<Rule> {
    let groups = yaml(dir)
        .into_iter()
        .flat_map(|p| parse::<RuleFile>(&p).groups);
    groups.flat_map(|group| group.rules).collect()
}

pub(crate) fn source() -> Vec<Rule> {
    rules(&Path::new(ROOT).join("rules"))
}

pub(crate) fn alerts(rules: &[Rule]) -> impl Iterator<Item = &Rule> {
    rules.iter().filter(|rule| rule.alert.is_some())
}
