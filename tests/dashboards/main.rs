//! The shipped dashboards: what they are made from, that the shipped files are that, and what
//! every dashboard owes its readers.
//!
//! ```text
//! overview broker workers config own   one dashboard each: its questions and its queries
//!          queues working recovery     their larger parts
//!          all on
//! words    colours and words that mean the same everywhere
//! board    variables, annotations, links, places
//! panel    one panel
//! ```
//!
//! `UPDATE_GOLDEN=1 cargo test --test dashboards` writes `grafana/dashboards/` again.

#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod board;
mod broker;
mod config;
mod contract;
mod overview;
mod own;
mod panel;
mod queues;
mod recovery;
mod words;
mod workers;
mod working;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn made() -> [(&'static str, Value); 5] {
    [
        overview::build(),
        broker::build(),
        workers::build(),
        config::build(),
        own::build(),
    ]
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("grafana/dashboards")
}

/// The shipped dashboards by their file names without the ending.
fn shipped() -> Vec<(String, Value)> {
    let mut found: Vec<(String, Value)> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let json = serde_json::from_str(&text);
            (
                name,
                json.unwrap_or_else(|e| panic!("{}: {e}", path.display())),
            )
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

#[test]
fn the_shipped_dashboards_are_what_they_are_made_from() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    for (uid, json) in made() {
        let path = folder().join(format!("{uid}.json"));
        if update {
            let text = serde_json::to_string_pretty(&json).unwrap() + "\n";
            fs::write(&path, text).unwrap();
        }
        let shipped = fs::read_to_string(&path).unwrap_or_default();
        let shipped: Value = serde_json::from_str(&shipped).unwrap_or_default();
        assert!(
            shipped == json,
            "{} is not what tests/dashboards makes: run UPDATE_GOLDEN=1 cargo test --test dashboards",
            path.display()
        );
    }
}
