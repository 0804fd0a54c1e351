//! "Did you mean": the nearest of the names known.

use super::path::KeyPath;

/// What to write instead of the unknown key at `path`.
pub(super) fn key(path: &KeyPath, known: &[&str]) -> String {
    let written = path.last_key().unwrap_or_default();
    let meant = did_you_mean(written, known);
    let known_keys = if meant.is_empty() {
        "known keys"
    } else {
        "Known keys"
    };
    let parent = path.parent();
    let of = if parent.is_root() {
        String::new()
    } else {
        format!(" of `{parent}`")
    };
    let mut known = known.to_vec();
    known.sort_unstable();
    format!("{meant}{known_keys}{of}: {}", known.join(", "))
}

/// What to write instead of the unknown value `written`.
pub(super) fn value(written: &str, known: &[&str]) -> String {
    let meant = did_you_mean(written, known);
    let one_of = if meant.is_empty() { "one of" } else { "One of" };
    format!("{meant}{one_of}: {}", known.join(", "))
}

/// `did you mean ...? `, or nothing when nothing is near.
fn did_you_mean(written: &str, known: &[&str]) -> String {
    nearest(written, known)
        .map(|name| format!("did you mean `{name}`? "))
        .unwrap_or_default()
}

/// The name of `known` that `written` is but a slip of the keyboard away from.
pub(super) fn misspelt<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let meant = nearest(written, known)?;
    let slip = strsim::damerau_levenshtein(written, meant) <= 2;
    (slip && !known.contains(&written)).then_some(meant)
}

/// The nearest name, when it is near enough to be meant.
fn nearest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    /// A longer text is no slip of the keyboard, and the distance costs its length.
    const MAX_BYTES: usize = 64;
    if written.len() > MAX_BYTES {
        return None;
    }
    let written = written.to_lowercase();
    let near = |name: &&'a str| {
        let distance = strsim::damerau_levenshtein(&written, &name.to_lowercase());
        (distance <= 1 + name.chars().count() / 4).then_some((distance, *name))
    };
    known
        .iter()
        .filter_map(near)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
