//! A run followed to its end: what is new of it, line by line.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::cli::Exit;
use crate::cli::client::{Client, Unanswered};
use crate::cli::output::{Problem, say};
use crate::cli::runs::{source::parse, told};
use crate::cli::words::{printable, span};
use crate::publish::runs::Whole;

/// Time from one look to the next.
const EVERY: Duration = Duration::from_secs(1);
/// How long a server may be away: it may be started again.
const AWAY: Duration = Duration::from_secs(60);

/// Tells what is new until it is over; well only when it recovered.
pub(super) async fn follow(client: &Client, run: i64) -> Result<Exit, Problem> {
    let path = format!("/api/v1/runs/{run}");
    let mut before: Option<Whole> = None;
    let mut heard = Instant::now();
    loop {
        match client.get(&path).await {
            Ok(json) => {
                let wrong = |why| Problem::Failed(format!("{}: {why}", client.url()));
                let now: Whole = parse(&json).map_err(wrong)?;
                heard = Instant::now();
                for line in news(before.as_ref(), &now) {
                    say(&format!("  {line}\n"));
                }
                if let Some(outcome) = &now.run.outcome {
                    say(&format!("To see all of it: warrener runs show {run}\n"));
                    return Ok(match outcome.as_str() {
                        "recovered" => Exit::Fine,
                        _ => Exit::Failed,
                    });
                }
                before = Some(now);
            }
            Err(refused @ Unanswered::Refused { status: 404, .. }) => return Err(refused.into()),
            Err(unanswered) if heard.elapsed() > AWAY => return Err(unanswered.into()),
            Err(_) => {}
        }
        sleep(EVERY).await;
    }
}

/// What was not so before.
fn news(before: Option<&Whole>, now: &Whole) -> Vec<String> {
    let since = |at: f64| format!("+{}", span(at - now.run.created_at));
    let mut news = Vec::new();
    let known = before.map_or(&[][..], |before| &before.steps);
    for (at, step) in now.steps.iter().enumerate() {
        let action = printable(&step.action);
        if known.get(at).is_none() {
            let plan = printable(&step.plan);
            news.push(format!("{} {action}: {plan}", since(step.intended_at)));
        }
        let result = |step: &crate::publish::runs::Step| step.result.clone();
        if let Some(new) = &step.result
            && known.get(at).and_then(result).as_ref() != Some(new)
        {
            let words = step.words.as_deref().map(printable).unwrap_or_default();
            let new = printable(&new.replace('_', " "));
            let at = since(step.done_at.unwrap_or(step.intended_at));
            news.push(format!("{at} {action}: {new}: {words}"));
        }
    }
    let run = &now.run;
    let word = |whole: &Whole| (whole.run.state.clone(), whole.run.hold.clone());
    if before.map(word) != Some(word(now)) {
        let state = told::state(run);
        news.push(match (&run.hold, run.ended_at) {
            (_, Some(ended)) => format!("{} {state}: {}", since(ended), told::meaning(run)),
            (Some(hold), None) if run.state == "held" => {
                format!("{state}: {}", told::hold(hold))
            }
            (_, None) => format!("{state}: {}", told::meaning(run)),
        });
    }
    news
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;
    use serde_json::{Value, json};

    use super::*;

    fn whole(run: Value, steps: Value) -> Whole {
        let mut all = json!({
            "id": 1, "incident": 1, "playbook": "p", "touches": [], "source": "command",
            "target": {"kind": "worker", "name": "mail", "key": "worker:mail"},
            "mode": "auto", "state": "running", "outcome": null, "rung": 0, "hold": null,
            "created_at": 100.0, "started_at": null, "ended_at": null,
        });
        let all_fields = all.as_object_mut().unwrap();
        all_fields.extend(run.as_object().unwrap().clone());
        let steps = steps.as_array().unwrap().iter().map(|step| {
            let mut all = json!({
                "number": 1, "rung": 0, "attempt": 1, "action": "worker.start", "risk": "safe",
                "target": {"kind": "worker", "name": "mail", "key": "worker:mail"},
                "plan": "start 1 process", "before": [], "intended_at": 101.0, "acted_at": null,
                "result": null, "words": null, "after": [], "done_at": null,
            });
            all.as_object_mut()
                .unwrap()
                .extend(step.as_object().unwrap().clone());
            all
        });
        let steps: Vec<Value> = steps.collect();
        let whole = json!({ "version": 1, "run": all, "incident": null, "steps": steps });
        parse(&whole.to_string()).unwrap()
    }

    fn told(before: Option<&Whole>, now: &Whole) -> Vec<String> {
        let news = news(before, now);
        news.iter()
            .map(|line| strip_str(line).to_string())
            .collect()
    }

    #[test]
    fn each_thing_is_told_once() {
        let hold = json!({"reason": "paused", "words": "a person paused it", "evidence": [], "until": null});
        let held = whole(json!({"state": "held", "hold": hold}), json!([]));
        assert_eq!(told(None, &held), ["held: a person paused it (paused)"]);
        assert_eq!(told(Some(&held), &held), [""; 0]);
        let acting = whole(json!({ "hold": hold }), json!([{}]));
        assert_eq!(
            told(Some(&held), &acting),
            ["+1 s worker.start: start 1 process", "running: it acts"]
        );
        let result = json!([{"result": "done", "words": "process 7 runs", "done_at": 103.0}]);
        let over = json!({"state": "ended", "outcome": "failed", "ended_at": 130.0, "hold": hold});
        let over = whole(over, result);
        assert_eq!(
            told(Some(&acting), &over),
            [
                "+3 s worker.start: done: process 7 runs",
                "+30 s failed: everything was tried, and it is still wrong: a person is needed"
            ]
        );
        // Whoever looks for the first time at what is long over sees all of it.
        assert_eq!(told(None, &over).len(), 3);
    }
}
