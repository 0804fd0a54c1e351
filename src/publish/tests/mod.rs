//! What is published of one full world: the status's form, and the reference of the metrics.

mod advice;
mod events;
mod metrics;
mod page;
mod recovery;
mod reference;
mod status;
mod world;

use std::fs;
use std::path::Path;

/// Holds what is made against the file of this name under the package's root.
fn golden(name: &str, made: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, made).unwrap();
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        there == made,
        "{name} is old; to write it again: UPDATE_GOLDEN=1 cargo test --lib publish"
    );
}
