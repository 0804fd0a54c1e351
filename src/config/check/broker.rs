//! `broker`, `queues`, `host`, `files`.

use super::super::path::KeyPath;
use super::super::{BrokerSource, Config, Template};
use super::workers::control;
use super::{Findings, keys};

/// AMQP's short strings hold no more bytes.
const MAX_QUEUE_NAME: usize = 255;
const MAX_PER_QUEUE_LIMIT: usize = 100_000;

pub(super) fn check(config: &Config, findings: &mut Findings) {
    let broker = &config.broker;
    let root = keys(&["broker"]);
    urls(
        &broker.amqp,
        &root.key("amqp"),
        &["amqp", "amqps"],
        findings,
    );
    urls(
        &broker.management,
        &root.key("management"),
        &["http", "https"],
        findings,
    );
    urls(
        &broker.prometheus,
        &root.key("prometheus"),
        &["http", "https"],
        findings,
    );
    findings.interval(root.key("every"), broker.every);
    findings.interval(
        keys(&["broker", "roundtrip", "every"]),
        broker.roundtrip.every,
    );

    let given = |urls: &[Template]| !urls.is_empty();
    let (amqp, management) = (given(&broker.amqp), given(&broker.management));
    let prometheus = given(&broker.prometheus);
    let lacks = match broker.source {
        BrokerSource::Prometheus if !prometheus => Some("prometheus"),
        BrokerSource::Management if !management => Some("management"),
        BrokerSource::Passive if !amqp => Some("amqp"),
        _ => None,
    };
    if let Some(key) = lacks.filter(|_| amqp || management || prometheus) {
        let problem = format!("needs `broker.{key}`");
        findings.add(
            root.key("source"),
            problem,
            "give that URL, or write `source: auto`",
        );
    }
    if let Some(tls) = &broker.tls
        && tls.cert_file.is_some() != tls.key_file.is_some()
    {
        findings.add(
            root.key("tls"),
            "a client certificate needs both `cert_file` and `key_file`",
            "give the other one, or remove this one",
        );
    }
    if let Some(how) = &broker.control {
        control(how, &root.key("control"), findings);
    }
    queues(config, findings);
    files(config, findings);
}

/// Each URL's scheme and, where nothing in it is left open, the whole of it. None is shown: it
/// may hold a password.
fn urls(urls: &[Template], path: &KeyPath, schemes: &[&str], findings: &mut Findings) {
    let example = format!("write it as `{}://HOST:PORT`", schemes[0]);
    for (at, url) in urls.iter().enumerate() {
        let path = if urls.len() > 1 {
            path.item(at)
        } else {
            path.clone()
        };
        match url.scheme() {
            _ if url.starts_with_variable() => {}
            None => findings.add(path, "is not a URL: it has no scheme", &*example),
            Some(scheme) if !schemes.contains(&scheme) => {
                let problem = format!("is not a URL of {}", schemes.join(" or "));
                findings.add(path, problem, &*example);
            }
            Some(_) if url.is_malformed() => findings.add(path, "is not a URL", &*example),
            Some(_) => {}
        }
    }
}

/// A URL of the web, for other sections.
pub(super) fn web_url(url: &Template, path: &KeyPath, findings: &mut Findings) {
    urls(
        std::slice::from_ref(url),
        path,
        &["http", "https"],
        findings,
    );
}

fn queues(config: &Config, findings: &mut Findings) {
    if config.queues.per_queue_limit > MAX_PER_QUEUE_LIMIT {
        findings.add(
            keys(&["queues", "per_queue_limit"]),
            format!("is more than {MAX_PER_QUEUE_LIMIT}"),
            "pin the important queues; the others count in the totals",
        );
    }
    for (name, pinned) in &config.queues.pinned {
        let path = keys(&["queues", "pinned"]).key(name);
        if name.is_empty() || name.len() > MAX_QUEUE_NAME {
            let problem = format!("is not a queue's name of 1 to {MAX_QUEUE_NAME} bytes");
            findings.add(
                path.clone(),
                problem,
                "write the queue's name as the broker shows it",
            );
        }
        if pinned
            .min_ack_rate
            .is_some_and(|rate| !(rate > 0.0 && rate.is_finite()))
        {
            findings.add(
                path.key("min_ack_rate"),
                "must be more than 0",
                "messages acknowledged a second, as in `0.1`; leave it out to not judge it",
            );
        }
    }
}

fn files(config: &Config, findings: &mut Findings) {
    for (at, disk) in config.host.disks.iter().enumerate() {
        if config.host.disks[..at].contains(disk) {
            let path = keys(&["host", "disks"]).item(at);
            findings.add(path, "is listed twice", "name each mount point once");
        }
        if !disk.is_absolute() {
            let path = keys(&["host", "disks"]).item(at);
            findings.add(
                path,
                "is not a mount point",
                "write its path from the root, as in `/`",
            );
        }
    }
    let globs = |path: &KeyPath, glob: &str, findings: &mut Findings| {
        if glob.is_empty() {
            findings.add(
                path.key("glob"),
                "is empty",
                "name files, as in 'logs/*.log'",
            );
        } else if let Err(error) = glob::Pattern::new(glob) {
            findings.add(
                path.key("glob"),
                format!("is no glob at its character {}: {}", error.pos + 1, error.msg),
                "`*`, `?`, `[a-z]` and `**` for folders of any depth are known; `[*]` is a plain `*`",
            );
        }
    };
    for (at, logs) in config.files.logs.iter().enumerate() {
        globs(&keys(&["files", "logs"]).item(at), &logs.glob, findings);
    }
    for (at, backups) in config.files.backups.iter().enumerate() {
        let path = keys(&["files", "backups"]).item(at);
        globs(&path, &backups.glob, findings);
        let Some(verify) = &backups.verify else {
            continue;
        };
        findings.program(path.key("verify"), verify);
        if !verify.iter().any(|argument| argument.contains("{}")) {
            let remedy = "put `'{}'` where the backup's path belongs, as in `[gzip, -t, '{}']`";
            findings.add(
                path.key("verify"),
                "does not say where the backup's path goes",
                remedy,
            );
        }
    }
}
