//! Families of the `envfile` section.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use super::families::{Families, NONE};
use crate::model::facts::EnvfileFacts;

pub(super) fn write(facts: &EnvfileFacts, f: &mut Families<'_>) -> fmt::Result {
    f.gauge(
        "warrener_config_variables_unresolved",
        "How many variables of the configuration are unset or empty everywhere they may be set.",
        [(NONE, Some(facts.unresolved.len() as u64))],
    )?;
    f.gauge(
        "warrener_config_variable_unresolved",
        "1 for a variable of the configuration without a value: `unset`, or there but `empty`.",
        facts.unresolved.iter().map(|v| {
            let why = if v.empty { "empty" } else { "unset" };
            ([("variable", v.name.as_str()), ("why", why)], Some(1u64))
        }),
    )?;
    f.gauge(
        "warrener_env_file_exists",
        "1 for an env file that is there, 0 for one that is not.",
        facts
            .files
            .iter()
            .map(|file| ([("path", file.path.as_str())], file.exists.map(u64::from))),
    )?;
    f.gauge(
        "warrener_env_file_readable",
        "1 for an env file whose every line could be read, 0 for one of which a part, or the \
         whole, could not.",
        facts
            .files
            .iter()
            .filter(|file| file.exists != Some(false))
            .map(|file| {
                (
                    [("path", file.path.as_str())],
                    Some(u64::from(file.problem.is_none())),
                )
            }),
    )?;
    f.gauge(
        "warrener_env_file_violations",
        "Keys of an env file that break its schema.",
        facts.files.iter().map(|file| {
            let count = file.violations.as_ref().map(|found| found.len() as u64);
            ([("path", file.path.as_str())], count)
        }),
    )?;
    f.gauge(
        "warrener_env_file_violation",
        "1 for a key of an env file that breaks its schema: `missing`, `empty`, `malformed`, or \
         asked for by a `rule`.",
        facts.files.iter().flat_map(|file| {
            let path = ("path", file.path.as_str());
            file.violations.iter().flatten().map(move |v| {
                (
                    [path, ("key", v.key.as_str()), ("kind", v.kind.as_str())],
                    Some(1u64),
                )
            })
        }),
    )?;
    integrity(facts, f)
}

/// Permissions, changes, the login with a file's own values, and what is kept of it.
fn integrity(facts: &EnvfileFacts, f: &mut Families<'_>) -> fmt::Result {
    f.gauge(
        "warrener_env_file_insecurity",
        "1 for an env file that lets others in, by its `mode` or its `owner`.",
        facts.files.iter().flat_map(|file| {
            let kinds: BTreeSet<_> = file.insecurities.iter().flatten().map(|i| i.kind).collect();
            let path = ("path", file.path.as_str());
            kinds
                .into_iter()
                .map(move |kind| ([path, ("kind", kind.as_str())], Some(1u64)))
        }),
    )?;
    f.gauge(
        "warrener_env_file_changed_timestamp_seconds",
        "When the content of an env file was first seen to be what it is; absent while it did not \
         change since warrener began.",
        facts.files.iter().map(|file| {
            let at = file.changed_at.map(|at| at.unix_seconds());
            ([("path", file.path.as_str())], at)
        }),
    )?;
    f.gauge(
        "warrener_env_file_login_success",
        "1 for an env file whose own values log in to the broker, 0 for one whose values do not; \
         absent while none was tried with this content, or it does not say how.",
        facts.files.iter().map(|file| {
            let success = file.login.map(|outcome| u64::from(outcome.is_ok()));
            ([("path", file.path.as_str())], success)
        }),
    )?;
    f.gauge(
        "warrener_env_file_last_known_good_timestamp_seconds",
        "When the content that is kept as the last known good of an env file was taken; absent \
         while there is none.",
        facts.files.iter().map(|file| {
            let since = |at: SystemTime| at.duration_since(UNIX_EPOCH).ok();
            let taken = file.last_good.and_then(since).map(|d| d.as_secs_f64());
            ([("path", file.path.as_str())], taken)
        }),
    )
}
