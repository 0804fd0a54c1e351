//! Where the values of an env file break its schema. An empty value counts as none.

use std::collections::BTreeSet;

use crate::config::{EnvFile, FileVariables, Test};
use crate::model::facts::{Violation, ViolationKind};

/// Every violation, sorted by key; their words hold no value.
pub fn violations(values: &FileVariables, schema: &EnvFile) -> Vec<Violation> {
    let given = |key: &str| values.get(key).filter(|value| !value.is_empty());
    let mut found = BTreeSet::new();
    let mut add = |key: &str, kind, words: String| {
        found.insert(Violation {
            key: key.to_owned(),
            kind,
            words,
        });
    };
    let mut need = |key: &str, because: &str| match values.get(key) {
        Some(value) if !value.is_empty() => {}
        Some(_) => add(key, ViolationKind::Empty, format!("is empty, {because}")),
        None => add(
            key,
            ViolationKind::Missing,
            format!("is missing, {because}"),
        ),
    };
    for (name, key) in &schema.keys {
        if key.required {
            need(name, "and is required");
        }
    }
    for rule in &schema.rules {
        let value = given(&rule.when.key).map(|value| value.expose());
        let holds = match &rule.when.test {
            Test::Given => value.is_some(),
            Test::Is(wanted) => value == Some(wanted),
            Test::IsNot(unwanted) => value != Some(unwanted),
        };
        for key in rule.require.iter().filter(|_| holds) {
            if given(key).is_none() {
                let words = format!("has no value, and `{}` asks for one", rule.when.key);
                add(key, ViolationKind::Rule, words);
            }
        }
    }
    for (name, key) in &schema.keys {
        if let Some(Err(words)) = given(name).map(|value| key.check(value.expose())) {
            add(name, ViolationKind::Malformed, words);
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn judged(env: &str) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(".env"), env).unwrap();
        let file = dir.path().join("warrener.yml");
        let schema = "env_files:\n- path: .env\n  keys:\n    HOST: {required: true, type: host}\n    \
                      PORT: {required: true, type: port}\n    TLS: {type: bool}\n    CA: {type: path}\n  \
                      rules: [{when: TLS == true, require: [CA]}]\n";
        std::fs::write(&file, schema).unwrap();
        let config = Config::load(Some(&file)).unwrap();
        let variables = crate::config::Variables::read(|_| None, &config.env_files);
        violations(&variables.files[0], &config.env_files[0])
            .into_iter()
            .map(|v| format!("{} {}", v.key, v.kind.as_str()))
            .collect()
    }

    #[test]
    fn each_kind_is_told_and_a_good_file_is_silent() {
        assert_eq!(judged("HOST=a\nPORT=5672\n"), [""; 0]);
        assert_eq!(
            judged("HOST=\nexport PORT=''\n"),
            ["HOST empty", "PORT empty"]
        );
        assert_eq!(judged("PORT=99999\n"), ["HOST missing", "PORT malformed"]);
        assert_eq!(judged("HOST=a\nPORT=1\nTLS=true\n"), ["CA rule"]);
        assert_eq!(judged("HOST=a\nPORT=1\nTLS=false\n"), [""; 0]);
    }

    #[test]
    fn words_hold_no_value() {
        let secret = "hunter2-hunter2";
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(".env"), format!("PASS={secret}\n")).unwrap();
        let file = dir.path().join("warrener.yml");
        let schema = "env_files: [{path: .env, keys: {PASS: {type: secret, pattern: 'x+'}}}]\n";
        std::fs::write(&file, schema).unwrap();
        let config = Config::load(Some(&file)).unwrap();
        let variables = crate::config::Variables::read(|_| None, &config.env_files);
        let found = violations(&variables.files[0], &config.env_files[0]);
        assert_eq!(found.len(), 1);
        assert!(!format!("{found:?}").contains(secret));
    }
}
