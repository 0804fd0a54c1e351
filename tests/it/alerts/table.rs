//! Faults that are really made, what Alertmanager must then hold, and how long that took.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use testbed::wait_until;

use crate::support::alerting::{Alert, PAGED, World};

/// A fault, and the alerts that it makes.
pub(crate) struct Fault {
    pub(crate) what: &'static str,
    pub(crate) make: fn(&World),
    pub(crate) undo: fn(&World),
    pub(crate) alerts: &'static [Expected],
}

/// An alert in its whole form.
pub(crate) struct Expected {
    pub(crate) name: &'static str,
    /// A value that ends in `*` is a beginning, one that begins with `*` an end.
    pub(crate) target: &'static str,
    pub(crate) severity: &'static str,
    pub(crate) playbook: &'static str,
    /// The other labels, all of them, but for `job` and `instance`, which every alert has.
    pub(crate) more: &'static [(&'static str, &'static str)],
    /// How long it stays after its end, by design, where that is longer than a test waits.
    pub(crate) stays: Option<&'static str>,
}

/// An expected alert on its way.
struct Row {
    what: &'static str,
    expected: &'static Expected,
    made: Instant,
    firing: Option<(Duration, Alert)>,
    undone: Option<Instant>,
    resolved: Option<Duration>,
}

impl Row {
    fn has_come(&self) -> bool {
        self.firing.is_some()
    }

    fn is_over(&self) -> bool {
        self.resolved.is_some() || self.expected.stays.is_some()
    }
}

impl Expected {
    fn is(&self, alert: &Alert) -> bool {
        alert.name() == self.name
            && alert.label("severity") == self.severity
            && fits(alert.label("target"), self.target)
    }

    /// What is not as it is expected of this alert.
    fn faults(&self, alert: &Alert) -> Vec<String> {
        let mut faults = Vec::new();
        let mut labels = alert.labels.clone();
        for name in ["alertname", "severity", "target", "instance"] {
            labels.remove(name);
        }
        for (name, pattern) in [("job", "warrener"), ("playbook", self.playbook)]
            .iter()
            .chain(self.more)
        {
            match labels.remove(*name) {
                Some(value) if fits(&value, pattern) => {}
                other => faults.push(format!("{name} is {other:?}, not {pattern}")),
            }
        }
        faults.extend(
            labels
                .iter()
                .map(|(n, v)| format!("{n}={v} is not expected")),
        );
        if alert.label("instance").is_empty() {
            faults.push("no instance".into());
        }
        for name in ["summary", "description", "runbook_url", "dashboard_url"] {
            let text = alert.annotations.get(name).map_or("", String::as_str);
            if text.is_empty()
                || ["{{", "<no value>", "<error"]
                    .iter()
                    .any(|w| text.contains(w))
            {
                faults.push(format!("{name} is {text:?}"));
            }
        }
        let runbook = format!("docs/runbooks/{}.md", self.name);
        if alert.annotations.get("runbook_url") != Some(&runbook) {
            faults.push("another alert's runbook".into());
        }
        faults
    }
}

fn fits(value: &str, pattern: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => value.len() > end.len() && value.ends_with(end),
        (_, Some(start)) => value.len() > start.len() && value.starts_with(start),
        _ => value == pattern,
    }
}

/// Makes these faults side by side, waits for their alerts, undoes them, and waits for the end. An
/// alert of a name in `never` fails it. Gives the lines of the table.
pub(crate) fn run(world: &World, faults: &[&'static Fault], never: &[&str]) -> String {
    let expected: Vec<_> = faults.iter().flat_map(|fault| fault.alerts).collect();
    world.wait("none of these alerts", PAGED, |alerts| {
        !alerts.iter().any(|a| expected.iter().any(|e| e.is(a)))
    });
    let mut rows = Vec::new();
    for fault in faults {
        (fault.make)(world);
        rows.extend(fault.alerts.iter().map(|expected| Row {
            what: fault.what,
            expected,
            made: Instant::now(),
            firing: None,
            undone: None,
            resolved: None,
        }));
    }
    let mut besides = Vec::new();
    follow(
        world,
        "their alerts",
        &mut rows,
        Row::has_come,
        |rows, alerts| {
            for alert in alerts {
                assert!(!never.contains(&alert.name()), "{:?}", alert.labels);
                let name = alert.name().to_owned();
                if !rows.iter().any(|row| row.expected.name == name) && !besides.contains(&name) {
                    besides.push(name);
                }
                let new = rows.iter_mut().filter(|row| !row.has_come());
                for row in new.filter(|row| row.expected.is(alert)) {
                    let wrong = row.expected.faults(alert);
                    assert!(wrong.is_empty(), "{:?}: {wrong:?}", alert.labels);
                    row.firing = Some((row.made.elapsed(), alert.clone()));
                }
            }
        },
    );
    for fault in faults {
        (fault.undo)(world);
        let undone = rows.iter_mut().filter(|row| row.what == fault.what);
        undone.for_each(|row| row.undone = Some(Instant::now()));
    }
    follow(
        world,
        "their end",
        &mut rows,
        Row::is_over,
        |rows, alerts| {
            for row in rows.iter_mut().filter(|row| row.resolved.is_none()) {
                if !alerts.iter().any(|alert| row.expected.is(alert)) {
                    row.resolved = row.undone.map(|undone| undone.elapsed());
                }
            }
        },
    );
    let mut lines: String = rows.iter().map(line).collect();
    besides.retain(|name| name != "Watchdog");
    writeln!(lines, "  besides: {}", besides.join(", ")).unwrap();
    lines
}

/// Looks at Alertmanager's alerts until every row is `done`.
fn follow(
    world: &World,
    what: &str,
    rows: &mut [Row],
    done: fn(&Row) -> bool,
    mut look: impl FnMut(&mut [Row], &[Alert]),
) {
    let outcome = wait_until(what, PAGED, || {
        let alerts = world.alerts();
        look(rows, &alerts);
        let missing = rows.iter().filter(|row| !done(row));
        let missing: Vec<_> = missing
            .map(|r| (r.expected.name, r.expected.target))
            .collect();
        missing.is_empty().then_some(()).ok_or_else(|| {
            let seen = alerts.iter().map(|alert| &alert.labels);
            format!("{missing:?} of {:#?}", seen.collect::<Vec<_>>())
        })
    });
    outcome.unwrap();
}

fn line(row: &Row) -> String {
    let (firing, alert) = row.firing.as_ref().unwrap();
    let resolved = match (row.resolved, row.expected.stays) {
        (Some(seconds), _) => format!("{:.1}", seconds.as_secs_f64()),
        (None, stays) => stays.unwrap_or("never").to_owned(),
    };
    let labels: Vec<_> = alert
        .labels
        .iter()
        .filter(|(name, _)| !["alertname", "job", "instance"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!(
        "  {} → {} → {} → {:.1} → {resolved}\n",
        row.what,
        row.expected.name,
        labels.join(" "),
        firing.as_secs_f64()
    )
}

/// Waits until recovery was told that these fire, or that they are over; for one that stays longer
/// than a test waits, only the former.
pub(crate) fn wait_told(world: &World, faults: &[&Fault], status: &str) {
    let all = faults.iter().flat_map(|fault| fault.alerts);
    for expected in all.filter(|e| status == "firing" || e.stays.is_none()) {
        world.wait_told(
            expected.name,
            |target| fits(target, expected.target),
            status,
        );
    }
}

#[test]
fn an_alert_of_another_form_is_told() {
    const EXPECTED: Expected = Expected {
        name: "WorkerDown",
        target: "worker:a",
        severity: "critical",
        playbook: "worker-unhealthy",
        more: &[("worker", "a")],
        stays: None,
    };
    let pairs = |pairs: &[(&str, &str)]| {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs
            .iter()
            .map(own)
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let right = Alert {
        labels: pairs(&[
            ("alertname", "WorkerDown"),
            ("job", "warrener"),
            ("instance", "h:1"),
            ("target", "worker:a"),
            ("severity", "critical"),
            ("playbook", "worker-unhealthy"),
            ("worker", "a"),
        ]),
        annotations: pairs(&[
            ("summary", "s"),
            ("description", "d"),
            ("dashboard_url", "/d/x"),
            ("runbook_url", "docs/runbooks/WorkerDown.md"),
        ]),
        state: "active".into(),
        inhibited: false,
    };
    assert!(EXPECTED.is(&right) && EXPECTED.faults(&right).is_empty());
    let told = |change: fn(&mut Alert)| {
        let mut alert = right.clone();
        change(&mut alert);
        !EXPECTED.is(&alert) || !EXPECTED.faults(&alert).is_empty()
    };
    assert!(told(|a| drop(a.labels.insert("queue".into(), "q".into()))));
    assert!(told(|a| drop(a.labels.remove("worker"))));
    assert!(told(|a| drop(
        a.labels.insert("target".into(), "worker:b".into())
    )));
    assert!(told(|a| drop(
        a.labels.insert("playbook".into(), "notify".into())
    )));
    assert!(told(|a| drop(
        a.annotations.insert("description".into(), "{{ x".into())
    )));
    assert!(told(|a| drop(a.annotations.remove("runbook_url"))));
}
