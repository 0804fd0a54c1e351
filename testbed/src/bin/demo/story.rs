//! The fault, until it is repaired and verified, or told to a person.

use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use testbed::wait_until;

use crate::Outcome;
use crate::fault::{End, Fault};
use crate::fleet::KINDS;
use crate::look::{Look, Run};
use crate::options::Way;
use crate::stage::{Stage, with_log};
use crate::strike::Strike;
use crate::tell::Teller;

/// Between two looks.
const EVERY: Duration = Duration::from_millis(200);
/// Longer than any story that ends well, on a busy machine too.
const DEADLINE: Duration = Duration::from_secs(300);
/// The cooldown of `worker-unhealthy`: the workers' first start would hold the repair.
const COOLDOWN: Duration = Duration::from_secs(31);
/// Until the messages that wait are worked on.
const WORKED: Duration = Duration::from_secs(60);

/// Everything that a story is judged by.
struct Witness<'a> {
    end: End,
    teller: &'a Teller,
    /// Workers and broker, as they were before.
    pids: Vec<u32>,
}

/// Breaks something, tells what follows, and sums up.
pub(crate) fn tell(stage: &Stage, fault: Fault, way: Way) -> Outcome<()> {
    let mut strike = Strike::prepare(fault)?;
    let before = rest(stage)?;
    let pids = pids(stage);
    let by = match way {
        Way::Alertmanager => "Prometheus and Alertmanager",
        Way::Reflex => "warrener's own findings",
    };
    println!("\nFAULT={}: {}", fault.name(), fault.about());
    println!("repair is called for by {by}\n");
    let (began, done) = strike.strike(fault, stage)?;
    println!("{:>6.1} s  {:<9} {done}", 0.0, "fault");
    let mut teller = Teller::new(before, began);
    let verdict = loop {
        strike.reap(stage);
        let look = teller.look(stage)?;
        let witness = Witness {
            end: fault.end(),
            teller: &teller,
            pids: pids.clone(),
        };
        if let Some(verdict) = witness.verdict(stage, &look) {
            break verdict;
        }
        if began.elapsed() > DEADLINE {
            break Err(format!("not over after {} s", DEADLINE.as_secs()));
        }
        sleep(EVERY);
    };
    let summary = verdict.map_err(|words| with_log(&words, &stage.warrener))?;
    println!("\n{summary}");
    for line in strike.proof(fault, stage)? {
        println!("{line}");
    }
    messages(stage)
}

/// Waits until nothing that was done at the start holds anything any more.
fn rest(stage: &Stage) -> Outcome<Look> {
    let look = Look::at(stage)?;
    let ends = look.runs.iter().filter_map(|run| run.ended_at);
    let last = ends.fold(0.0, f64::max);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let since = now.saturating_sub(Duration::from_secs_f64(last));
    let left = COOLDOWN.saturating_sub(since);
    if !left.is_zero() {
        println!(
            "\nwaiting {} s: the workers' first start cools down",
            left.as_secs()
        );
        sleep(left);
    }
    Look::at(stage)
}

/// The fleet's processes and the broker's.
fn pids(stage: &Stage) -> Vec<u32> {
    let mut pids = KINDS.map(|kind| stage.fleet.pids(kind)).concat();
    pids.extend(stage.broker.pid());
    pids
}

impl Witness<'_> {
    /// How it ended, once it has: the words of the summary, or what went wrong.
    fn verdict(&self, stage: &Stage, look: &Look) -> Option<Result<String, String>> {
        let own = look.runs.iter().filter(|run| run.id > self.teller.after);
        let own: Vec<&Run> = own.collect();
        match self.end {
            End::Repaired => self.repaired(look, &own),
            End::Person => self.told(&own).map(Ok),
            End::PersonUntouched => {
                let told = self.told(&own)?;
                let causes = look.findings.iter();
                let cause = causes.filter(|f| f.severity == "critical" && f.cause.is_none());
                let cause = cause.map(|f| format!("{}: {}", f.code, f.summary)).next();
                Some(match (pids(stage) == self.pids, cause) {
                    (false, _) => Err("something was restarted, which could not help".into()),
                    (true, None) => Err("the cause was not named".into()),
                    (true, Some(cause)) => Ok(format!(
                        "{told}\nthe cause is named: {cause}\n\
                         no worker and no broker was restarted: {} processes as before",
                        self.pids.len()
                    )),
                })
            }
        }
    }

    fn repaired(&self, look: &Look, own: &[&Run]) -> Option<Result<String, String>> {
        if own.is_empty() || own.iter().any(|run| !run.is_over()) {
            return None;
        }
        let bad = own.iter().find(|run| {
            ["failed", "rolled_back", "unknown"]
                .iter()
                .any(|bad| run.ended(bad))
        });
        if let Some(bad) = bad {
            let outcome = bad.outcome.as_deref().unwrap_or_default();
            return Some(Err(format!("run {} ended: {outcome}", bad.id)));
        }
        let recovered = own.iter().filter(|run| run.ended("recovered"));
        let verified = recovered
            .filter_map(|run| run.ended_at)
            .fold(None, |newest, at| {
                Some(newest.map_or(at, |newest: f64| newest.max(at)))
            })?;
        let back = self.teller.back_at?;
        let seconds = self.teller.since_fault(verified).max(back);
        Some(Ok(format!(
            "{seconds:.1} s from fault to verified; the score is {} again",
            look.score?
        )))
    }

    /// A run failed, and a person was called with it.
    fn told(&self, own: &[&Run]) -> Option<String> {
        let run = own.iter().find(|run| {
            let steps = self.teller.whole.get(&run.id);
            let told = steps.into_iter().flatten();
            let mut told = told.filter(|step| step["action"] == "escalate");
            run.ended("failed") && told.any(|step| step["result"] == "done")
        })?;
        let seconds = self.teller.since_fault(run.ended_at?);
        Some(format!(
            "{seconds:.1} s from fault to a person called: run {} failed, as it should",
            run.id
        ))
    }
}

/// Whether every message that the broker confirmed was worked on; where no worker is left, whether
/// the rest waits in its queue.
fn messages(stage: &Stage) -> Outcome<()> {
    stage.traffic.end();
    let (mut confirmed, mut waiting) = (0, 0);
    let all = wait_until("no message missing", WORKED, || {
        let (count, missing) = stage.traffic.missing(&stage.fleet);
        (confirmed, waiting) = (count, 0);
        for (kind, n) in missing {
            let ready = match stage.fleet.pids(kind).is_empty() {
                true => stage
                    .broker
                    .depth(kind.queue)
                    .map_or(0, |depth| depth.ready),
                false => 0,
            };
            if usize::try_from(ready) != Ok(n) {
                return Err(format!("{n} of {}, {ready} of them wait", kind.queue));
            }
            waiting += n;
        }
        Ok(())
    });
    all?;
    match waiting {
        0 => println!("{confirmed} messages confirmed by the broker, each worked on"),
        n => println!(
            "{confirmed} messages confirmed by the broker, each worked on but {n} that wait for a worker"
        ),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use serde_json::json;

    use super::*;

    fn run(id: i64, outcome: Option<&str>) -> Run {
        Run {
            id,
            state: outcome.map_or("running", |_| "ended").into(),
            outcome: outcome.map(str::to_owned),
            ended_at: Some(1.0),
            ..Run::default()
        }
    }

    fn repaired(back_at: Option<f64>, outcomes: &[Option<&str>]) -> Option<bool> {
        let mut teller = Teller::new(Look::default(), Instant::now());
        teller.back_at = back_at;
        let look = Look {
            score: Some(100),
            ..Look::default()
        };
        let runs: Vec<Run> = (1..).zip(outcomes).map(|(id, one)| run(id, *one)).collect();
        let witness = Witness {
            end: End::Repaired,
            teller: &teller,
            pids: Vec::new(),
        };
        let own: Vec<&Run> = runs.iter().collect();
        Some(witness.repaired(&look, &own)?.is_ok())
    }

    #[test]
    fn repaired_is_verified_with_the_score_back_and_nothing_under_way() {
        let (verified, failed) = (Some("recovered"), Some("failed"));
        assert_eq!(
            repaired(Some(3.0), &[verified, Some("self_resolved")]),
            Some(true)
        );
        assert_eq!(repaired(Some(3.0), &[verified, failed]), Some(false));
        assert_eq!(repaired(None, &[verified]), None, "the score is not back");
        assert_eq!(
            repaired(Some(3.0), &[verified, None]),
            None,
            "a run goes on"
        );
        assert_eq!(repaired(Some(3.0), &[Some("self_resolved")]), None);
        assert_eq!(repaired(Some(3.0), &[]), None);
    }

    #[test]
    fn a_person_is_told_by_a_run_that_failed_and_says_so() {
        let mut teller = Teller::new(Look::default(), Instant::now());
        let failed = run(1, Some("failed"));
        let told = |teller: &Teller| {
            let witness = Witness {
                end: End::Person,
                teller,
                pids: Vec::new(),
            };
            witness.told(&[&failed]).is_some()
        };
        assert!(!told(&teller));
        let step = json!({"action": "escalate", "result": "done"});
        teller.whole.insert(1, vec![step]);
        assert!(told(&teller));
    }
}
