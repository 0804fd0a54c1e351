//! How often what was done about a kind of incident helped, beside how often such incidents end by
//! themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::share::{Share, median};
use crate::model::{Outcome, PastRun, RunState};

/// How one rung of a playbook did, for one kind of incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Helped {
    /// The incident's code.
    pub code: String,
    /// The playbook.
    pub playbook: String,
    /// The rung, counted from 0.
    pub rung: u32,
    /// What it did.
    pub actions: Vec<String>,
    /// The runs that it recovered, of those in which it acted.
    pub recovered: Share,
    /// The incidents of this code that ended before anything was disturbed, of those that were
    /// decided.
    pub by_itself: Share,
    /// Half of those that were recovered took no longer than this, in seconds, from being made to the
    /// verified end.
    pub recovered_in: Option<f64>,
    /// Half of those that ended by themselves took no longer than this.
    pub by_itself_in: Option<f64>,
}

/// What the comparison tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Too few cases.
    NotEnough,
    /// It recovers more than end by themselves.
    Helps,
    /// It recovers fewer than end by themselves.
    NoBetter,
    /// The intervals overlap.
    Unclear,
}

impl Helped {
    /// Whether acting does better than waiting.
    pub fn comparison(&self) -> Comparison {
        let (Some(acted), Some(waited)) = (self.recovered.ratio(), self.by_itself.ratio()) else {
            return Comparison::NotEnough;
        };
        if acted.lower > waited.upper {
            Comparison::Helps
        } else if acted.upper < waited.lower {
            Comparison::NoBetter
        } else {
            Comparison::Unclear
        }
    }

    /// Most such incidents end by themselves, beyond doubt.
    pub fn heals_by_itself(&self) -> bool {
        self.by_itself
            .ratio()
            .is_some_and(|ratio| ratio.lower > 0.5)
    }

    /// For people, in a sentence without a full stop.
    pub fn words(&self) -> String {
        let what = format!(
            "{}: {} (rung {} of {}) recovered {}; by themselves ended {}",
            self.code,
            self.actions.join(", "),
            self.rung + 1,
            self.playbook,
            self.recovered.words(),
            self.by_itself.words()
        );
        let told = match self.comparison() {
            Comparison::NotEnough => "not enough data to compare them",
            Comparison::Helps => "acting does better than waiting",
            Comparison::NoBetter => "acting does no better than waiting",
            Comparison::Unclear => "which is better can't be told",
        };
        let spare = match self.by_itself_in.filter(|_| self.heals_by_itself()) {
            Some(seconds) => format!(
                "; most end by themselves, half of them within {seconds:.0} s: a longer `for` in \
                 the rule would spare the action"
            ),
            None => String::new(),
        };
        format!("{what}: {told}{spare}")
    }
}

/// The statistics of everything that acted, by code, playbook and rung.
pub fn outcomes(runs: &[PastRun]) -> Vec<Helped> {
    let mut waited: BTreeMap<String, (Share, Vec<f64>)> = BTreeMap::new();
    let mut tried: BTreeMap<(String, String, u32), Tried> = BTreeMap::new();
    for run in runs {
        let RunState::Ended(outcome) = run.run.state else {
            continue;
        };
        if matches!(outcome, Outcome::Held | Outcome::Cancelled) || asked(run) {
            continue;
        }
        let code = run.code.to_string();
        let took = run.run.ended_at.map(|end| end.since(run.run.created_at));
        let took = took.map(|took| took.as_secs_f64());
        let by_itself = outcome == Outcome::SelfResolved;
        let (share, times) = waited.entry(code.clone()).or_default();
        share.count(by_itself);
        times.extend(took.filter(|_| by_itself));
        let acted = run.steps.iter().filter(|step| step.acted());
        let rungs: BTreeSet<u32> = acted.clone().map(|step| step.rung).collect();
        for rung in &rungs {
            let key = (code.clone(), run.run.playbook.clone(), *rung);
            let one = tried.entry(key).or_default();
            // It was the last that acted, and then it was well.
            let helped = outcome == Outcome::Recovered && rungs.last() == Some(rung);
            one.share.count(helped);
            one.times.extend(took.filter(|_| helped));
            for step in acted.clone().filter(|step| step.rung == *rung) {
                if !one.actions.contains(&step.action) {
                    one.actions.push(step.action.clone());
                }
            }
        }
    }
    let helped = tried.into_iter().map(|((code, playbook, rung), tried)| {
        let (by_itself, times) = waited.get(&code).cloned().unwrap_or_default();
        Helped {
            code,
            playbook,
            rung,
            actions: tried.actions,
            recovered: tried.share,
            by_itself,
            recovered_in: median(tried.times),
            by_itself_in: median(times),
        }
    });
    helped.collect()
}

#[derive(Default)]
struct Tried {
    share: Share,
    times: Vec<f64>,
    actions: Vec<String>,
}

/// A person or the clock asked for it: nothing was wrong that could end by itself.
fn asked(run: &PastRun) -> bool {
    matches!(run.code, crate::model::TriggerCode::Asked(_))
}
