//! The three answers at the top of the page: what is wrong, what warrener does about it, and what a
//! person should do now. Pure: of a status alone.

use super::parts::{counted, of, sentence, spaced, target, text};
use crate::publish::status::{Finding, Hold, Recovery, Run, Status};
use crate::publish::words::rough;

/// One answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// A sentence.
    pub(super) words: String,
    /// A second one.
    pub(super) more: Option<String>,
    /// What to type.
    pub(super) command: Option<String>,
    /// The run that is meant.
    pub(super) run: Option<i64>,
}

impl Answer {
    fn new(words: impl Into<String>) -> Self {
        Answer {
            words: words.into(),
            ..Answer::default()
        }
    }

    fn more(mut self, words: impl Into<String>) -> Self {
        self.more = Some(words.into());
        self
    }

    fn command(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    fn of_run(mut self, run: &Run) -> Self {
        self.run = Some(run.id);
        self
    }
}

/// A run that ended badly is a person's business for so long, in seconds.
const LATELY: f64 = 3600.0;

/// The finding that everything else hangs on: the cause of the worst one.
pub(super) fn main(status: &Status) -> Option<&Finding> {
    let costs = |f: &&Finding| f.severity > crate::model::Severity::Information;
    let worst = status.findings.iter().find(costs)?;
    let key = match &status.cap {
        Some(cap) => status.root(&cap.finding),
        None => status.root(&worst.key()),
    };
    let root = status.findings.iter().find(|f| f.key() == key);
    Some(root.unwrap_or(worst))
}

/// What is wrong.
pub(super) fn wrong(status: &Status) -> Answer {
    let blind: Vec<_> = (status.probes.iter())
        .filter(|probe| !probe.available)
        .map(|probe| text(&probe.probe))
        .collect();
    let Some(main) = main(status) else {
        return match blind.as_slice() {
            [] => Answer::new("Nothing."),
            blind => Answer::new("Nothing, in what could be read.")
                .more(format!("Not read: {}.", blind.join(", "))),
        };
    };
    let answer = Answer::new(format!("{}.", text(&main.summary)));
    match status.findings.len() as u64 - 1 {
        0 => answer,
        others => answer.more(format!("And {}.", counted(others, "other finding"))),
    }
}

/// What warrener does about it.
pub(super) fn doing(status: &Status) -> Answer {
    let recovery = &status.recovery;
    if let Some(run) = foremost(recovery) {
        let words = format!(
            "Run {}, {} of {}: {}.",
            run.id,
            text(&run.playbook),
            target(&run.target),
            spaced(&run.state)
        );
        let answer = Answer::new(words).of_run(run);
        let step = run.steps.last().filter(|step| step.result.is_none());
        return match (step, &run.hold) {
            (Some(step), _) => answer.more(sentence(&format!(
                "step {}, {}: {}",
                step.number, step.action, step.plan
            ))),
            (None, Some(hold)) => answer.more(sentence(&hold.words)),
            (None, None) if run.state == "verifying" => {
                answer.more("Everything is done; it waits for evidence that it helped.")
            }
            (None, None) => answer,
        };
    }
    let answer = match main(status) {
        None if recovery.automatic => {
            return Answer::new("It watches.").more(sentence(&recovery.words));
        }
        None => return Answer::new(sentence(&recovery.words)),
        Some(_) if !recovery.automatic => Answer::new(sentence(&recovery.words)),
        Some(main) => match main.remedy.mode.as_deref() {
            None => Answer::new("It tells people."),
            Some("approve") => Answer::new("It asks a person first: this playbook is limited."),
            Some("propose") => Answer::new("It only proposes: this playbook is limited."),
            Some("off") => Answer::new("Nothing: this playbook is switched off."),
            Some(_) => Answer::new(sentence(&recovery.words)),
        },
    };
    let remedy = main(status).map(|main| &main.remedy);
    match remedy.and_then(|remedy| Some((remedy.playbook.as_ref()?, &remedy.words))) {
        Some((playbook, words)) => answer.more(format!(
            "The answer is playbook {}: {}.",
            text(playbook),
            text(words)
        )),
        None => answer,
    }
}

/// The run that is most under way.
fn foremost(recovery: &Recovery) -> Option<&Run> {
    let rank = |run: &&Run| match run.state.as_str() {
        "running" => 0,
        "verifying" => 1,
        "awaiting_approval" => 2,
        "proposed" => 3,
        _ => 4,
    };
    recovery.runs.iter().min_by_key(rank)
}

/// The one thing for a person to do now.
pub(super) fn person(status: &Status) -> Answer {
    let (recovery, main) = (&status.recovery, main(status));
    if let Some(run) = waiting(recovery, main) {
        return Answer::new(format!(
            "Decide about run {}: approve or cancel it.",
            run.id
        ))
        .command(format!("warrener runs approve {}", run.id))
        .of_run(run);
    }
    if let Some(why) = &recovery.observe_only
        && recovery.mode != "off"
    {
        return Answer::new("Give warrener room to write: until then it does nothing.")
            .more(sentence(&why.words));
    }
    if let Some((run, answer)) = (recovery.runs.iter()).find_map(|r| Some((r, stuck(r)?))) {
        return answer.of_run(run);
    }
    let bad = |run: &&Run| {
        let outcome = run.outcome.as_deref().unwrap_or_default();
        let open = recovery.incidents.iter().any(|i| i.id == run.incident);
        let lately = run.ended_at.is_some_and(|at| status.at - at < LATELY);
        open && lately && matches!(outcome, "failed" | "unknown" | "rolled_back" | "held")
    };
    let acts = recovery.runs.iter().any(|run| run.state != "held");
    if let Some(run) = recovery.ended.iter().find(bad).filter(|_| !acts) {
        let outcome = run.outcome.as_deref().unwrap_or_default();
        return Answer::new(format!(
            "Look at run {}: it ended as {}, and {} is not over.",
            run.id,
            spaced(outcome),
            target(&run.target)
        ))
        .command(format!("warrener runs show {}", run.id))
        .of_run(run);
    }
    let Some(main) = main else {
        return idle(status);
    };
    if acts {
        return Answer::new("Nothing now: watch the run.");
    }
    about(status, main)
}

/// Nothing is wrong.
fn idle(status: &Status) -> Answer {
    let kinds = status.workers.as_ref().map_or(0, |w| w.kinds.len());
    let files = status.env_files.as_ref().map_or(0, |e| e.files.len());
    let untried = status.probes.iter().any(|probe| probe.success.is_none());
    match &status.recovery.pauses[..] {
        _ if kinds == 0 && files == 0 && !untried => {
            Answer::new("Tell warrener of your workers and env files: it knows of none.")
                .command("warrener init")
        }
        [] => Answer::new("Nothing."),
        [pause, ..] => Answer::new("Resume, once you are done.").command(match &pause.target {
            None => "warrener resume".to_owned(),
            Some(target) => format!("warrener resume --target {}", text(&target.key)),
        }),
    }
}

/// Something is wrong, and no run is at it.
fn about(status: &Status, main: &Finding) -> Answer {
    let named = of(&main.code, &main.target);
    let Some(playbook) = &main.remedy.playbook else {
        let words = format!("See to {named}: no playbook answers it.");
        return Answer::new(words).more(sentence(&main.remedy.words));
    };
    let recovery = &status.recovery;
    let command = format!(
        "warrener recover {} --target {}",
        text(playbook),
        text(&main.target.key)
    );
    if !recovery.pauses.is_empty() && !main.remedy.automatic && recovery.mode == "auto" {
        return Answer::new(format!("Repair {named} yourself, or resume: it is paused."))
            .command("warrener resume");
    }
    match (
        main.remedy.mode.as_deref().unwrap_or_default(),
        main.remedy.automatic,
        recovery.reflex,
    ) {
        (_, true, true) => Answer::new("Nothing yet: warrener is about to begin."),
        (_, true, false) => {
            Answer::new("Nothing, if Alertmanager calls: warrener begins with its alert.")
                .more("To begin now:")
                .command(command)
        }
        ("off", ..) => Answer::new(format!("Repair {named}: warrener is told to do nothing."))
            .more("recovery in warrener.yml says how far it may go."),
        _ => {
            Answer::new(format!("Let warrener repair {named}, or do it yourself.")).command(command)
        }
    }
}

/// The run that a person has to decide about: that of the cause before those of its symptoms.
fn waiting<'a>(recovery: &'a Recovery, main: Option<&Finding>) -> Option<&'a Run> {
    let waits = |run: &&Run| run.waits_for_a_person();
    let of_main = |run: &&Run| main.is_some_and(|main| main.target == run.target);
    let all = || recovery.runs.iter().filter(waits);
    all().find(of_main).or_else(|| all().next())
}

/// A hold that a person can end.
fn stuck(run: &Run) -> Option<Answer> {
    let hold: &Hold = run.hold.as_ref().filter(|_| run.state == "held")?;
    let words = match hold.reason.as_str() {
        "paused" => format!("Resume, or repair {} yourself.", target(&run.target)),
        "mode" => format!("Decide about run {}: approve or cancel it.", run.id),
        "stopped_by_operator" => format!(
            "Start {} again, if it should run: a person stopped it.",
            target(&run.target)
        ),
        "level" | "budget" | "message_safety" | "blast_radius" | "cooldown" | "silenced" => {
            format!(
                "Look at run {}: it is held ({}).",
                run.id,
                spaced(&hold.reason)
            )
        }
        _ => return None,
    };
    let answer = Answer::new(words).more(sentence(&hold.words));
    Some(match hold.reason.as_str() {
        "paused" => answer.command("warrener resume"),
        "mode" => answer.command(format!("warrener runs approve {}", run.id)),
        _ => answer.command(format!("warrener runs show {}", run.id)),
    })
}

/// How old the status is, where that is worth a word.
pub(super) fn old(status: &Status, now: f64) -> Option<String> {
    const OLD: f64 = 60.0;
    let age = now - status.at;
    (age > OLD).then(|| {
        format!(
            "This is {} old: nothing new is assessed, or the clocks differ.",
            rough(age)
        )
    })
}
