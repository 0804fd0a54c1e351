//! `docs/warrener.schema.json` and `docs/CONFIG.md` are made from the doc comments of the types.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::super::Config;

fn schema() -> Value {
    schemars::schema_for!(Config).to_value()
}

fn compare(name: &str, made: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, made).unwrap();
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    let hint = "the types have changed; to write it again: UPDATE_GOLDEN=1 cargo test reference";
    assert!(there == made, "docs/{name} is old: {hint}");
}

#[test]
fn the_json_schema_is_up_to_date() {
    let text = serde_json::to_string_pretty(&schema()).unwrap();
    compare("warrener.schema.json", &format!("{text}\n"));
}

#[test]
fn config_md_is_up_to_date() {
    let schema = schema();
    let mut page = Page {
        root: &schema,
        out: String::new(),
        seen: BTreeSet::new(),
    };
    page.out.push_str(HEAD);
    page.table("", &schema);
    compare("CONFIG.md", &format!("{}\n", page.out.trim_end()));
}

const HEAD: &str = "# warrener.yml

Made from the doc comments in `src/config`; do not edit. A whole example is
[example/warrener.yml](example/warrener.yml), the JSON schema for editors is
[warrener.schema.json](warrener.schema.json).

Unknown keys are errors. Relative paths are meant from the folder of the file. A *duration* is
`5s`, `10m`, `1h30m`, `14d`; a *size* is `500MiB`, `1GB` or a number of bytes; a *ratio* is a
number from 0 to 1; a *budget* is `3 per 15m`; a *template* is a text with `${VAR}` or
`${VAR:-default}` in it (`$$` is one `$`). Variables are looked up in the environment first, then
in the `env_files` in their order; an empty value counts as none.

";

struct Page<'a> {
    root: &'a Value,
    out: String,
    seen: BTreeSet<String>,
}

impl<'a> Page<'a> {
    /// Follows a `$ref`, also of an optional value; with the name of the definition.
    fn follow(&self, schema: &'a Value) -> (Option<&'a str>, &'a Value) {
        let optional = schema["anyOf"]
            .as_array()
            .map(|any| &any[0])
            .filter(|s| s["$ref"].is_string());
        let Some(name) = optional.unwrap_or(schema)["$ref"].as_str() else {
            return (None, schema);
        };
        let name = name.trim_start_matches("#/$defs/");
        (Some(name), &self.root["$defs"][name])
    }

    /// The table of one mapping, then those of the mappings in it.
    fn table(&mut self, path: &str, schema: &'a Value) {
        let Some(properties) = schema["properties"].as_object() else {
            return;
        };
        if !path.is_empty() {
            write!(self.out, "## `{path}`\n\n{}\n\n", text(schema)).unwrap();
        }
        self.out
            .push_str("| Key | Type | Default | Meaning |\n|---|---|---|---|\n");
        let required: Vec<_> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .collect();
        for (key, property) in properties {
            let (_, target) = self.follow(property);
            let default = match &property["default"] {
                _ if required.iter().any(|r| *r == key) => "required".to_owned(),
                Value::Null => "none".to_owned(),
                Value::Object(_) => "see below".to_owned(),
                Value::String(text) if text.is_empty() => "none".to_owned(),
                default => format!("`{default}`"),
            };
            let meaning = cell(&format!("{}{}", text(property), words(target)));
            let kind = self.kind(property);
            writeln!(
                self.out,
                "| `{key}` | {kind} | {} | {meaning} |",
                cell(&default)
            )
            .unwrap();
        }
        self.out.push('\n');
        for (key, property) in properties {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            self.inner(&path, property);
        }
    }

    /// The mappings a key leads to, each told once.
    fn inner(&mut self, path: &str, property: &'a Value) {
        let (name, target) = self.follow(property);
        if name.is_some_and(|name| !self.seen.insert(name.to_owned())) {
            return;
        }
        if target["items"].is_object() {
            self.inner(&format!("{path}[]"), &target["items"]);
        } else if target["additionalProperties"].is_object() {
            self.inner(&format!("{path}.NAME"), &target["additionalProperties"]);
        } else if let Some(variants) = target["oneOf"].as_array() {
            for variant in variants {
                for (key, inside) in variant["properties"].as_object().into_iter().flatten() {
                    self.inner(&format!("{path}.{key}"), inside);
                }
            }
        } else {
            self.table(path, target);
        }
    }

    fn kind(&self, schema: &'a Value) -> String {
        let (_, target) = self.follow(schema);
        if let Some(kind) = target["x-kind"].as_str() {
            return kind.into();
        }
        if let Some(format) = target["format"].as_str().filter(|f| !f.starts_with("uint")) {
            return if format == "double" {
                "number".into()
            } else {
                format.into()
            };
        }
        if let Some(any) = target["anyOf"].as_array() {
            return format!("{} or list", self.kind(&any[0]));
        }
        if target["items"].is_object() {
            return format!("list of {}", self.kind(&target["items"]));
        }
        if target["additionalProperties"].is_object() {
            return "mapping by name".into();
        }
        if let Some(variants) = target["oneOf"].as_array() {
            let names = variants
                .iter()
                .filter_map(|variant| variant["const"].as_str());
            let keys = variants
                .iter()
                .flat_map(|v| v["properties"].as_object())
                .flat_map(|p| p.keys());
            let names: Vec<_> = names.chain(keys.map(String::as_str)).collect();
            return format!("one of `{}`", names.join("`, `"));
        }
        match &target["type"] {
            Value::String(kind) if kind == "object" => "mapping".into(),
            Value::String(kind) => kind.clone(),
            Value::Array(kinds) if kinds.contains(&"null".into()) => {
                kinds[0].as_str().unwrap_or_default().into()
            }
            _ => "text or number".into(),
        }
    }
}

fn text(schema: &Value) -> String {
    schema["description"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// What each word of a choice means.
fn words(target: &Value) -> String {
    let variants = target["oneOf"].as_array().into_iter().flatten();
    let one = |variant: &Value| {
        let word = variant["const"].as_str()?;
        Some(format!(" `{word}`: {}", text(variant)))
    };
    variants.filter_map(one).collect()
}

fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}
