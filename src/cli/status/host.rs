//! What the probes saw of this host, its env files, logs and backups, and what runs out.

use super::detail::{bytes, counted, number, span, title};
use super::findings::target;
use super::layout::Page;
use crate::cli::words::{or_unknown, printable};
use crate::publish::status::{Backup, Disk, EnvFile, Forecast, Host, Log, Status};

/// Env files, host, files and forecasts.
pub(super) fn write(page: &mut Page, status: &Status) {
    if let Some(env) = status.env_files.as_ref() {
        if !env.files.is_empty() || !env.unresolved.is_empty() {
            title(page, "Env files", "");
        }
        env.files
            .iter()
            .for_each(|file| env_file(page, file, status.at));
        for variable in &env.unresolved {
            let why = match variable.why.as_str() {
                "empty" => "is empty",
                _ => "is set nowhere",
            };
            let name = printable(&variable.name);
            page.line(2, &format!("${{{name}}} of the configuration {why}"));
        }
    }
    if let Some(host) = &status.host {
        self::host(page, host);
    }
    if let Some(files) = &status.files {
        title(page, "Logs and backups", "");
        files.logs.iter().for_each(|log| self::log(page, log));
        for backup in &files.backups {
            self::backup(page, backup);
        }
    }
    if !status.forecasts.is_empty() {
        title(page, "If it goes on like this", "");
        for forecast in &status.forecasts {
            page.line(2, &self::forecast(forecast));
        }
    }
}

fn env_file(page: &mut Page, file: &EnvFile, at: f64) {
    let mut words = Vec::new();
    match file.exists {
        Some(true) => words.push("there".to_owned()),
        Some(false) => words.push("no such file".to_owned()),
        None => words.push("can't be told whether it is there".to_owned()),
    }
    match &file.violations {
        Some(found) if found.is_empty() => words.push("keeps its schema".to_owned()),
        Some(found) => {
            let keys = counted(Some(found.len() as u64), "violation");
            words.push(format!("{keys} of its schema"));
        }
        None => {}
    }
    match file.login.as_deref() {
        Some("ok") => words.push("a login with its values works".to_owned()),
        Some(reason) => words.push(format!("a login fails ({})", printable(reason))),
        None => {}
    }
    if let Some(changed) = file.changed_at {
        words.push(format!("changed {} ago", span(at - changed)));
    }
    let path = printable(&file.path);
    page.line(2, &format!("{path}: {}", words.join(", ")));
    if let Some(problem) = &file.problem {
        page.marked(4, "- ", &printable(problem));
    }
    for violation in file.violations.iter().flatten() {
        let (key, words) = (printable(&violation.key), printable(&violation.words));
        page.marked(4, "- ", &format!("{key} {words}"));
    }
    for insecurity in file.insecurities.iter().flatten() {
        page.marked(4, "- ", &printable(&insecurity.words));
    }
}

fn host(page: &mut Page, host: &Host) {
    let load = host
        .load
        .map(|l| format!("{:.2} {:.2} {:.2}", l[0], l[1], l[2]));
    let about = format!(
        "{} processors, load {}, up {}",
        number(host.cpus),
        or_unknown(load),
        or_unknown(host.uptime_seconds.map(span))
    );
    title(page, "Host", &about);
    page.line(
        2,
        &format!(
            "memory {} available of {}, swap {} free of {}",
            bytes(host.memory_available_bytes),
            bytes(host.memory_total_bytes),
            bytes(host.swap_free_bytes),
            bytes(host.swap_total_bytes)
        ),
    );
    host.disks.iter().for_each(|disk| self::disk(page, disk));
}

fn disk(page: &mut Page, disk: &Disk) {
    let path = printable(&disk.path);
    let words = match &disk.problem {
        Some(problem) => printable(problem),
        None => {
            let read_only = if disk.read_only == Some(true) {
                ", READ-ONLY"
            } else {
                ""
            };
            format!(
                "{} available of {}, inodes {} free of {}{read_only}",
                bytes(disk.available_bytes),
                bytes(disk.total_bytes),
                number(disk.inodes_free),
                number(disk.inodes_total)
            )
        }
    };
    page.line(2, &format!("disk {path}: {words}"));
}

fn log(page: &mut Page, log: &Log) {
    let mut words = vec![
        counted(log.files, "file"),
        format!("{} in all", bytes(log.bytes)),
    ];
    if let Some(largest) = &log.largest {
        let (path, size) = (printable(&largest.path), bytes(Some(largest.bytes)));
        words.push(format!("largest {path} {size}"));
    }
    if let Some(lines) = log.error_lines {
        words.push(counted(Some(lines), "error line"));
    }
    if let Some(file) = &log.newest_error_in {
        words.push(format!("the newest in {}", printable(file)));
    }
    let glob = printable(&log.glob);
    page.line(2, &format!("logs {glob}: {}", words.join(", ")));
    if let Some(problem) = &log.problem {
        page.marked(4, "- ", &printable(problem));
    }
}

fn backup(page: &mut Page, backup: &Backup) {
    let mut words = vec![counted(backup.files, "file")];
    if let Some(newest) = &backup.newest {
        let (path, size) = (printable(&newest.path), bytes(Some(newest.bytes)));
        let age = or_unknown(backup.newest_age_seconds.map(span));
        words.push(format!("newest {path} {size}, {age} old"));
    }
    match backup.verified.as_deref() {
        Some("ok") => words.push("whole".to_owned()),
        Some(why) => words.push(format!("NOT WHOLE: {}", printable(why))),
        None => {}
    }
    let glob = printable(&backup.glob);
    page.line(2, &format!("backups {glob}: {}", words.join(", ")));
    if let Some(problem) = &backup.problem {
        page.marked(4, "- ", &printable(problem));
    }
}

fn forecast(forecast: &Forecast) -> String {
    let what = match forecast.what.as_str() {
        "disk_free" => "is full",
        "memory_available" => "has no memory left",
        "queue_ready" => "reaches its limit",
        "file_descriptors" => "has no file descriptors left",
        other => other,
    };
    let bound = |name: &str| forecast.exhaustion_seconds.get(name).map(|s| span(*s));
    let target = target(&forecast.target);
    let likely = or_unknown(bound("likely"));
    let latest = match bound("latest") {
        Some(latest) => format!("and {latest}"),
        None => "and never".to_owned(),
    };
    format!(
        "{target} {} in {likely} (between {} {latest})",
        printable(what),
        or_unknown(bound("earliest"))
    )
}
