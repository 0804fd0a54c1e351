//! `env_files`: the schema of each agrees with itself.

use super::super::condition::is_variable_name;
use super::super::path::KeyPath;
use super::super::suggest::misspelt;
use super::super::{Config, EnvFile, Key, KeyType};
use super::{Findings, keys, plain};

pub(super) fn check(config: &Config, findings: &mut Findings) {
    for (at, file) in config.env_files.iter().enumerate() {
        let path = keys(&["env_files"]).item(at);
        let before = &config.env_files[..at];
        if before
            .iter()
            .any(|other| plain(&other.path) == plain(&file.path))
        {
            let remedy = "keep one of the two; join their keys and rules";
            findings.add(path.key("path"), "is listed twice", remedy);
        }
        if file.path.as_os_str().is_empty() {
            findings.add(path.key("path"), "is empty", "name the file, as in `.env`");
        }
        for (name, key) in &file.keys {
            one_key(name, key, &path.key("keys").key(name), findings);
        }
        rules(file, &path.key("rules"), findings);
    }
}

fn one_key(name: &str, key: &Key, path: &KeyPath, findings: &mut Findings) {
    if !is_variable_name(name) {
        let remedy = "letters, digits and `_`, no digit first";
        findings.add(path.clone(), "is not the name of a variable", remedy);
    }
    let numeric = matches!(key.r#type, KeyType::Integer | KeyType::Number);
    for (limit, name) in [(key.min, "min"), (key.max, "max")] {
        let Some(limit) = limit else { continue };
        if !numeric {
            let remedy = "write `type: integer` or `type: number`, or remove it";
            findings.add(path.key(name), "limits only numbers", remedy);
        } else if !limit.is_finite() {
            findings.add(path.key(name), "is not a number", "write a number");
        }
    }
    if let (Some(min), Some(max)) = (key.min, key.max)
        && min > max
    {
        findings.add(
            path.key("min"),
            format!("is more than `max`, {max}"),
            "swap the two",
        );
    }
    let bare = Key {
        values: Vec::new(),
        ..key.clone()
    };
    for (at, value) in key.values.iter().enumerate() {
        if let Err(why) = bare.check(value.expose()) {
            let remedy = "change the value or the key's `type`";
            findings.add(path.key("values").item(at), why, remedy);
        }
    }
    if let Some(default) = &key.default {
        let default = default.expose();
        // An empty value counts as none, so it can be nobody's default.
        let wrong = if default.is_empty() {
            Err("is empty".to_owned())
        } else {
            key.check(default)
        };
        if let Err(why) = wrong {
            let remedy = "repair would write it: give a default the key's own schema accepts";
            findings.add(path.key("default"), why, remedy);
        }
    }
}

/// A rule may speak of keys not declared, but not of a misspelt one.
fn rules(file: &EnvFile, path: &KeyPath, findings: &mut Findings) {
    let known: Vec<&str> = file.keys.keys().map(String::as_str).collect();
    for (at, rule) in file.rules.iter().enumerate() {
        let path = path.item(at);
        let mut name = |name: &str, path: KeyPath| {
            if !is_variable_name(name) {
                let remedy = "letters, digits and `_`, no digit first";
                findings.add(path, "is not the name of a variable", remedy);
            } else if let Some(meant) = misspelt(name, &known) {
                let remedy = format!("did you mean `{meant}`? Otherwise declare it under `keys`");
                findings.add(path, format!("names the unknown key `{name}`"), remedy);
            }
        };
        name(&rule.when.key, path.key("when"));
        for (at, key) in rule.require.iter().enumerate() {
            name(key, path.key("require").item(at));
        }
        if rule.require.is_empty() {
            findings.add(
                path.key("require"),
                "requires nothing",
                "name at least one key",
            );
        }
    }
}
