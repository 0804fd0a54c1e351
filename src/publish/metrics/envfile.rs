//! Families of the `envfile` section.

use std::fmt;

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
    )
}
