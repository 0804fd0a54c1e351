//! Env files, this host, its logs and backups, and what runs out.

use maud::{Markup, html};

use super::View;
use super::parts::{ago, counted, mark, number, target, text};
use crate::model::Level;
use crate::publish::status::{Backup, Disk, EnvFile, Files, Forecast, Host, Log};
use crate::publish::words::{bytes, or_unknown, rough, span};

/// The env files with where they break their schema.
pub(super) fn env_files(view: &View<'_>) -> Markup {
    html! {
        section #env-files aria-labelledby="env-files-head" {
            h2 #env-files-head { "Env files" }
            @match &view.status.env_files {
                None => { (super::probes::unread(view, "envfile")) },
                Some(env) => {
                    @if env.files.is_empty() { p { "None are configured." } }
                    ul .plain { @for file in &env.files { li { (env_file(view, file)) } } }
                    @for variable in &env.unresolved {
                        p {
                            (mark(Level::Caution, "No value")) ": "
                            code { "${" (text(&variable.name)) "}" } " of warrener.yml "
                            @if variable.why == "empty" { "is empty." } @else { "is set nowhere." }
                        }
                    }
                },
            }
        }
    }
}

fn env_file(view: &View<'_>, file: &EnvFile) -> Markup {
    let violations = file.violations.as_deref().unwrap_or_default();
    html! {
        h3 { (text(&file.path)) }
        p {
            @match (file.exists, &file.violations) {
                (Some(false), _) => { (mark(Level::Critical, "no such file")) },
                (None, _) => { (mark(Level::Caution, "can't be told whether it is there")) },
                (_, None) => { (mark(Level::Caution, "can't be checked")) },
                (_, Some(none)) if none.is_empty() => { (mark(Level::Normal, "keeps its schema")) },
                (_, Some(some)) => { (mark(Level::Warning, &format!("{} of its schema", counted(some.len() as u64, "violation")))) },
            }
            @match file.login.as_deref() {
                Some("ok") => { ", " (mark(Level::Normal, "its login works")) },
                Some(reason) => { ", " (mark(Level::Critical, &format!("its login fails ({})", text(reason)))) },
                None => {},
            }
            @if let Some(changed) = file.changed_at { span .aside { ", changed " (ago(changed, view.now)) } }
        }
        ul {
            @if let Some(problem) = &file.problem { li { (text(problem)) } }
            @for violation in violations { li { code { (text(&violation.key)) } " " (text(&violation.words)) } }
            @for insecurity in file.insecurities.iter().flatten() {
                li { (mark(Level::Caution, "insecure")) ": " (text(&insecurity.words)) }
            }
        }
    }
}

/// Host, logs, backups, forecasts.
pub(super) fn host(view: &View<'_>) -> Markup {
    let status = view.status;
    html! {
        section #host aria-labelledby="host-head" {
            h2 #host-head { "Host" }
            @match &status.host {
                None => { (super::probes::unread(view, "host")) },
                Some(host) => { (self::this(host)) },
            }
            @if let Some(files) = &status.files { (self::files(files)) }
            @if !status.forecasts.is_empty() {
                h3 { "If it goes on like this" }
                ul { @for forecast in &status.forecasts { li { (self::forecast(forecast)) } } }
            }
        }
    }
}

fn this(host: &Host) -> Markup {
    let load = host
        .load
        .map(|l| format!("{:.2} {:.2} {:.2}", l[0], l[1], l[2]));
    html! {
        dl .about {
            div { dt { "Processors" } dd { (number(host.cpus)) ", load " (or_unknown(load)) } }
            div { dt { "Up" } dd { (or_unknown(host.uptime_seconds.map(span))) } }
            div { dt { "Memory" } dd { (bytes(host.memory_available_bytes)) " available of " (bytes(host.memory_total_bytes)) } }
            div { dt { "Swap" } dd { (bytes(host.swap_free_bytes)) " free of " (bytes(host.swap_total_bytes)) } }
            @for disk in &host.disks { div { dt { "Disk " (text(&disk.path)) } dd { (self::disk(disk)) } } }
        }
    }
}

fn disk(disk: &Disk) -> Markup {
    html! {
        @if let Some(problem) = &disk.problem { (text(problem)) } @else {
            (bytes(disk.available_bytes)) " available of " (bytes(disk.total_bytes)) ", inodes "
            (number(disk.inodes_free)) " free of " (number(disk.inodes_total))
            @if disk.read_only == Some(true) { ", " (mark(Level::Critical, "read-only")) }
        }
    }
}

fn files(files: &Files) -> Markup {
    html! {
        @if !files.logs.is_empty() {
            h3 { "Logs" }
            ul .plain { @for log in &files.logs { li { (self::log(log)) } } }
        }
        @if !files.backups.is_empty() {
            h3 { "Backups" }
            ul .plain { @for backup in &files.backups { li { (self::backup(backup)) } } }
        }
    }
}

fn log(log: &Log) -> Markup {
    html! {
        code { (text(&log.glob)) } ": " (number(log.files)) " files, " (bytes(log.bytes))
        @if let Some(largest) = &log.largest {
            ", largest " (text(&largest.path)) " (" (bytes(Some(largest.bytes))) ")"
        }
        @if let Some(errors) = log.error_lines.filter(|n| *n > 0) {
            ", " (mark(Level::Caution, &counted(errors, "error line")))
            @if let Some(file) = &log.newest_error_in { ", newest in " (text(file)) }
        }
        @if let Some(problem) = &log.problem { ", " (text(problem)) }
    }
}

fn backup(backup: &Backup) -> Markup {
    html! {
        code { (text(&backup.glob)) } ": " (number(backup.files)) " files"
        @if let Some(newest) = &backup.newest {
            ", newest " (text(&newest.path)) " (" (bytes(Some(newest.bytes)))
            @if let Some(age) = backup.newest_age_seconds { ", " (rough(age)) " old" }
            ")"
        }
        @match backup.verified.as_deref() {
            Some("ok") => { ", " (mark(Level::Normal, "verified")) },
            Some(why) => { ", " (mark(Level::Caution, "not verified")) ": " (text(why)) },
            None => {},
        }
        @if let Some(problem) = &backup.problem { ", " (text(problem)) }
    }
}

fn forecast(forecast: &Forecast) -> Markup {
    let at = |bound: &str| forecast.exhaustion_seconds.get(bound).map(|s| rough(*s));
    html! {
        (text(&forecast.what.replace('_', " "))) " of " (target(&forecast.target)) ": used up in "
        (or_unknown(at("likely"))) " "
        span .aside { "(" (or_unknown(at("earliest"))) " to " (or_unknown(at("latest"))) ")" }
    }
}
