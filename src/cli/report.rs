//! What a probe saw, for a person at a terminal of 80 columns. What is unknown is `?`, never 0.

mod files;
mod workers;

use std::fmt::Write;

use super::words::{bytes, or_unknown, printable, time};
use crate::model::Failure;
use crate::model::facts::{
    BrokerFacts, Capability, EnvfileFacts, HostFacts, LeftOut, NodeFacts, QueuesFacts,
    RoundtripFacts,
};

/// Lines about facts, each indented by two and ending in a newline.
pub(super) trait Report {
    /// Writes the lines.
    fn report(&self) -> String;
}

fn not_told(
    out: &mut String,
    wanted: &[Capability],
    told: &std::collections::BTreeSet<Capability>,
) {
    let missing: Vec<_> = wanted
        .iter()
        .filter(|c| !told.contains(c))
        .map(|c| c.as_str())
        .collect();
    if !missing.is_empty() {
        line(
            out,
            2,
            format_args!("not told by this source: {}", missing.join(", ")),
        );
    }
}

fn line(out: &mut String, indent: usize, text: std::fmt::Arguments<'_>) {
    // Writing to a String can't fail.
    writeln!(out, "{:indent$}{text}", "").ok();
}

impl Report for BrokerFacts {
    fn report(&self) -> String {
        let mut out = String::new();
        let told = |text: &Option<String>| printable(&or_unknown(text.as_deref()));
        let (version, erlang) = (told(&self.version), told(&self.erlang_version));
        line(
            &mut out,
            2,
            format_args!(
                "RabbitMQ {version} on Erlang {erlang}, cluster {}, read from {}",
                told(&self.cluster),
                self.source.as_str()
            ),
        );
        stand_in(&mut out, self.fallback_login, &self.configured_failure);
        for node in &self.nodes {
            self::node(&mut out, node);
        }
        not_told(&mut out, &Capability::BROKER, &self.capabilities);
        lost(&mut out, self.lines_lost);
        out
    }
}

/// That the configured login is not the one used, and why.
fn stand_in(out: &mut String, fallback: bool, configured_failure: &Option<Failure>) {
    if !fallback {
        return;
    }
    let words = "with the login that last worked, not the configured one";
    match configured_failure {
        Some(f) => line(
            out,
            2,
            format_args!("{words}: {}", printable(&f.to_string())),
        ),
        None => line(out, 2, format_args!("{words}")),
    }
}

fn lost(out: &mut String, lines: u64) {
    if lines > 0 {
        line(
            out,
            2,
            format_args!("{lines} lines of the broker's answer could not be read"),
        );
    }
}

fn node(out: &mut String, n: &NodeFacts) {
    let state = match (n.up, n.uptime) {
        (false, _) => "DOWN".to_owned(),
        (true, Some(uptime)) => format!("up {}", time(uptime)),
        (true, None) => "up".to_owned(),
    };
    line(out, 2, format_args!("node {}: {state}", printable(&n.name)));
    if !n.up {
        return;
    }
    let alarm = |raised: Option<bool>| match raised {
        Some(true) => "RAISED",
        Some(false) => "off",
        None => "?",
    };
    line(
        out,
        4,
        format_args!(
            "memory {} of {}, alarm {}",
            bytes(n.memory_used),
            bytes(n.memory_limit),
            alarm(n.memory_alarm)
        ),
    );
    line(
        out,
        4,
        format_args!(
            "disk {} free, limit {}, alarm {}",
            bytes(n.disk_free),
            bytes(n.disk_free_limit),
            alarm(n.disk_alarm)
        ),
    );
    line(
        out,
        4,
        format_args!(
            "connections {}, channels {}, consumers {}, queues {}, fds {} of {}",
            or_unknown(n.connections),
            or_unknown(n.channels),
            or_unknown(n.consumers),
            or_unknown(n.queues),
            or_unknown(n.fds_open),
            or_unknown(n.fds_max)
        ),
    );
}

/// Queues printed at most; the metrics have them all.
const QUEUES_SHOWN: usize = 40;

impl Report for QueuesFacts {
    fn report(&self) -> String {
        let mut out = String::new();
        line(
            &mut out,
            2,
            format_args!("{} seen, read from {}", self.seen, self.source.as_str()),
        );
        stand_in(&mut out, self.fallback_login, &self.configured_failure);
        if !self.queues.is_empty() {
            line(
                &mut out,
                2,
                format_args!(
                    "{:<36} {:>9} {:>9} {:>9}  {}",
                    "QUEUE", "READY", "UNACKED", "CONSUMERS", "STATE"
                ),
            );
        }
        let mut shown: Vec<_> = self.queues.iter().collect();
        shown.sort_by_key(|q| (!q.pinned, std::cmp::Reverse(q.ready)));
        for q in shown.iter().take(QUEUES_SHOWN) {
            let vhost = if q.vhost == "/" {
                String::new()
            } else {
                format!("{}:", q.vhost)
            };
            let state = match q.exists {
                Some(true) => printable(q.state.as_deref().unwrap_or_default()),
                Some(false) => "DOES NOT EXIST".to_owned(),
                None => "perhaps on a node that does not answer".to_owned(),
            };
            let text = format!(
                "{:<36} {:>9} {:>9} {:>9}  {state}",
                printable(&format!("{vhost}{}", q.name)),
                or_unknown(q.ready),
                or_unknown(q.unacked),
                or_unknown(q.consumers),
            );
            line(&mut out, 2, format_args!("{}", text.trim_end()));
        }
        if self.queues.len() > QUEUES_SHOWN {
            line(
                &mut out,
                2,
                format_args!("... and {} more", self.queues.len() - QUEUES_SHOWN),
            );
        }
        left_out(&mut out, "left out by the filters", &self.filtered);
        left_out(&mut out, "beyond queues.per_queue_limit", &self.over_budget);
        not_told(&mut out, &Capability::QUEUES, &self.capabilities);
        lost(&mut out, self.lines_lost);
        out
    }
}

fn left_out(out: &mut String, why: &str, rest: &LeftOut) {
    if rest.queues > 0 {
        line(
            out,
            2,
            format_args!(
                "{} {why}: {} ready in them",
                rest.queues,
                or_unknown(rest.ready)
            ),
        );
    }
}

impl Report for RoundtripFacts {
    fn report(&self) -> String {
        let mut out = String::new();
        let phases: Vec<_> = self
            .phases
            .iter()
            .map(|(p, d)| format!("{} {}", p.as_str(), time(*d)))
            .collect();
        let (first, second) = phases.split_at(phases.len().min(4));
        line(&mut out, 2, format_args!("{}", first.join(", ")));
        line(&mut out, 2, format_args!("{}", second.join(", ")));
        stand_in(&mut out, self.fallback_login, &self.configured_failure);
        out
    }
}

impl Report for HostFacts {
    fn report(&self) -> String {
        let mut out = String::new();
        let load = self
            .load
            .map(|l| format!("{:.2} {:.2} {:.2}", l[0], l[1], l[2]));
        line(
            &mut out,
            2,
            format_args!(
                "{} processors, load {}, up {}",
                or_unknown(self.cpus),
                or_unknown(load),
                or_unknown(self.uptime.map(time))
            ),
        );
        line(
            &mut out,
            2,
            format_args!(
                "memory {} available of {}, swap {} free of {}",
                bytes(self.memory_available),
                bytes(self.memory_total),
                bytes(self.swap_free),
                bytes(self.swap_total)
            ),
        );
        for disk in &self.disks {
            match &disk.failure {
                Some(failure) => line(&mut out, 2, format_args!("disk {}: {failure}", disk.path)),
                None => line(
                    &mut out,
                    2,
                    format_args!(
                        "disk {}: {} available of {}, inodes {} free of {}",
                        disk.path,
                        bytes(disk.available),
                        bytes(disk.total),
                        or_unknown(disk.inodes_free),
                        or_unknown(disk.inodes_total)
                    ),
                ),
            }
        }
        for p in &self.pressure {
            let percent = |l: Option<crate::model::facts::PressureLine>| {
                or_unknown(l.map(|l| format!("{:.1} %", l.avg10 * 100.0)))
            };
            line(
                &mut out,
                2,
                format_args!(
                    "{} pressure over 10 s: some {}, full {}",
                    p.resource,
                    percent(p.some),
                    percent(p.full)
                ),
            );
        }
        out
    }
}

impl Report for EnvfileFacts {
    fn report(&self) -> String {
        let mut out = String::new();
        for file in &self.files {
            let state = match &file.problem {
                Some(problem) => problem.as_str(),
                None if file.exists != Some(false) => "readable",
                None => "no such file",
            };
            line(&mut out, 2, format_args!("{}: {state}", file.path));
            for violation in file.violations.iter().flatten() {
                line(
                    &mut out,
                    4,
                    format_args!("{} {}", violation.key, violation.words),
                );
            }
            for insecurity in file.insecurities.iter().flatten() {
                line(&mut out, 4, format_args!("{}", insecurity.words));
            }
        }
        for v in &self.unresolved {
            let why = if v.empty {
                "is empty"
            } else {
                "is set nowhere"
            };
            line(
                &mut out,
                2,
                format_args!("${{{}}} of the configuration {why}", v.name),
            );
        }
        if self.unresolved.is_empty() {
            line(
                &mut out,
                2,
                format_args!("every variable of the configuration has a value"),
            );
        }
        out
    }
}
