//! What changed since the last look, one line each, with seconds since the fault.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::Outcome;
use crate::look::{Look, Run, target, text};
use crate::stage::Stage;

/// Tells a story.
#[derive(Debug)]
pub(crate) struct Teller {
    began: Instant,
    /// The same, in seconds since the Unix epoch: what warrener's instants are counted from.
    began_at: f64,
    /// Runs up to this one were before.
    pub(crate) after: i64,
    incidents: BTreeSet<i64>,
    last: Look,
    /// Steps told as begun, and as done, by run and number.
    steps: BTreeMap<(i64, u64), bool>,
    /// Every step of a run of this story, by run.
    pub(crate) whole: BTreeMap<i64, Vec<Value>>,
    /// When the score was back, in seconds since the fault.
    pub(crate) back_at: Option<f64>,
}

/// A line: when, of what, words.
type Line = (f64, &'static str, String);

impl Teller {
    /// Of what follows `before`; the trouble began at `began`.
    pub(crate) fn new(before: Look, began: Instant) -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = since_epoch.unwrap_or_default().as_secs_f64();
        Teller {
            began,
            began_at: now - began.elapsed().as_secs_f64(),
            after: before.newest_run(),
            incidents: before.incidents.iter().filter_map(id).collect(),
            last: before,
            steps: BTreeMap::new(),
            whole: BTreeMap::new(),
            back_at: None,
        }
    }

    /// Seconds since the fault.
    pub(crate) fn now(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// Seconds from the fault to an instant of warrener's.
    pub(crate) fn since_fault(&self, at: f64) -> f64 {
        at - self.began_at
    }

    /// Looks, prints what changed, and gives the look.
    pub(crate) fn look(&mut self, stage: &Stage) -> Outcome<Look> {
        let look = Look::at(stage)?;
        let now = self.now();
        let mut lines = Vec::new();
        self.findings(&look, now, &mut lines);
        self.alerts(&look, now, &mut lines);
        self.incidents(&look, now, &mut lines);
        let after = self.after;
        for run in look.runs.iter().filter(|run| run.id > after) {
            let known = self
                .last
                .runs
                .iter()
                .find(|known| known.id == run.id)
                .cloned();
            if known.as_ref().is_none_or(|known| !known.is_over()) {
                let mut whole = stage.api.get(&format!("/api/v1/runs/{}", run.id))?;
                if let Value::Array(steps) = whole["steps"].take() {
                    self.run_steps(run.id, &steps, &mut lines);
                    self.whole.insert(run.id, steps);
                }
            }
            self.run(run, known.as_ref(), now, &mut lines);
        }
        lines.sort_by(|a, b| a.0.total_cmp(&b.0));
        let folder = format!("{}/", stage.warrener.dir().display());
        for (at, of, words) in lines {
            let words = words.replace(&folder, "");
            println!("{:>6.1} s  {of:<9} {words}", at.max(0.0));
        }
        self.last = look.clone();
        Ok(look)
    }

    fn findings(&mut self, look: &Look, now: f64, lines: &mut Vec<Line>) {
        for finding in &look.findings {
            let known = self.last.findings.iter();
            let known =
                known.filter(|known| known.code == finding.code && known.target == finding.target);
            let known = known.map(|known| known.severity.as_str()).next();
            if known != Some(finding.severity.as_str()) {
                let cause = finding.cause.as_ref();
                let cause = cause.map_or(String::new(), |cause| format!(", by {cause}"));
                let words = format!(
                    "{} ({}{cause}): {}",
                    finding.code, finding.severity, finding.summary
                );
                lines.push((now, "finding", words));
            }
        }
        if (look.score, &look.level) != (self.last.score, &self.last.level) {
            let score = look
                .score
                .map_or("unknown".to_owned(), |score| score.to_string());
            lines.push((now, "score", format!("{score}, {}", look.level)));
        }
        let well = look.score.is_some_and(|score| score >= 90);
        self.back_at = match well {
            true => self.back_at.or(Some(now)),
            false => None,
        };
    }

    fn alerts(&self, look: &Look, now: f64, lines: &mut Vec<Line>) {
        for alert in look.alerts.difference(&self.last.alerts) {
            let of = if alert.target.is_empty() { "" } else { " of " };
            let whom = if alert.page { ", for people" } else { "" };
            let words = format!("{}{of}{} fires{whom}", alert.name, alert.target);
            lines.push((now, "alert", words));
        }
        for alert in self.last.alerts.difference(&look.alerts) {
            lines.push((now, "alert", format!("{} is over", alert.name)));
        }
        if look.told() > self.last.told() {
            let alerts = look.told() - self.last.told();
            lines.push((now, "webhook", format!("{alerts} taken, on the disk")));
        }
    }

    fn incidents(&mut self, look: &Look, now: f64, lines: &mut Vec<Line>) {
        for incident in &look.incidents {
            let Some(id) = id(incident) else { continue };
            let words = |what: &str| {
                let name = target(&incident["target"]);
                format!("{id} {what}: {} of {name}", text(&incident["code"]))
            };
            if self.incidents.insert(id) {
                let at = incident["opened_at"].as_f64();
                let at = at.map_or(now, |at| self.since_fault(at));
                let cause = match incident["cause"].as_i64() {
                    Some(cause) => format!(", a symptom of {cause}"),
                    None => String::new(),
                };
                lines.push((at, "incident", words("opened") + &cause));
            }
            let before = self.last.incidents.iter();
            let mut before = before.filter(|known| known["id"] == incident["id"]);
            let was_open = before
                .next()
                .is_some_and(|known| known["closed_at"].is_null());
            if let (Some(at), true) = (incident["closed_at"].as_f64(), was_open) {
                lines.push((self.since_fault(at), "incident", words("closed")));
            }
        }
    }

    fn run_steps(&mut self, run: i64, steps: &[Value], lines: &mut Vec<Line>) {
        for step in steps {
            let Some(number) = step["number"].as_u64() else {
                continue;
            };
            let (action, plan) = (text(&step["action"]), text(&step["plan"]));
            let told = self.steps.entry((run, number)).or_insert_with(|| {
                let at = step["intended_at"].as_f64().unwrap_or(0.0) - self.began_at;
                lines.push((at, "step", format!("{run}.{number} {action}: {plan}")));
                false
            });
            if let (Some(result), false) = (step["result"].as_str(), *told) {
                *told = true;
                let at = step["done_at"].as_f64().unwrap_or(0.0) - self.began_at;
                let words = text(&step["words"]);
                lines.push((at, "step", format!("{run}.{number} {result}: {words}")));
            }
        }
    }

    fn run(&self, run: &Run, known: Option<&Run>, now: f64, lines: &mut Vec<Line>) {
        let id = run.id;
        if known.is_none() {
            let (playbook, target, source) = (&run.playbook, &run.target, &run.source);
            let words = format!("{id} {playbook} for {target}, asked by {source}");
            lines.push((self.since_fault(run.created_at), "run", words));
        }
        let reason = |run: &Run| match run.state.as_str() {
            "held" => run.hold.as_ref().map(|(reason, _)| reason.clone()),
            _ => None,
        };
        let (was, was_held) = known.map_or(("proposed", None), |known| {
            (known.state.as_str(), reason(known))
        });
        if run.state == was && reason(run) == was_held {
            return;
        }
        let words = match (run.state.as_str(), &run.hold, &run.outcome) {
            ("held", Some((reason, words)), _) => format!("{id} held ({reason}): {words}"),
            ("verifying", ..) => format!("{id} verifying: the symptom gone, and work done again"),
            ("ended", _, Some(outcome)) => format!("{id} ended: {outcome}"),
            (state, ..) => format!("{id} {state}"),
        };
        let at = run.ended_at.map_or(now, |at| self.since_fault(at));
        lines.push((at, "run", words));
    }
}

fn id(of: &Value) -> Option<i64> {
    of["id"].as_i64()
}
