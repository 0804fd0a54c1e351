//! What of the engine is pure, and what it looks up after a crash.

use std::time::Duration;

use super::rig::{Rig, intent};
use crate::model::facts::ProcessId;
use crate::model::*;
use crate::platform::proc::Proc;
use crate::recover::engine::join::is_due;
use crate::recover::engine::resume::observe;
use crate::recover::engine::words;
use crate::recover::playbook::{Playbooks, Step as Planned};

const AT: Timestamp = Timestamp(1_800_000_000_000);

fn entry(rung: u32, action: &str, result: Option<StepResult>) -> Step {
    Step {
        run: RunId(1),
        number: 1,
        intent: Intent {
            rung,
            action: action.into(),
            ..intent(Risk::Disruptive)
        },
        intended_at: AT,
        done: result.map(|result| Done {
            acted_at: None,
            result,
            words: String::new(),
            after: Vec::new(),
            undo: None,
        }),
        done_at: None,
    }
}

fn replace() -> Vec<Planned> {
    let shipped = Playbooks::load(None).unwrap();
    let playbook = shipped.get("worker-unhealthy").unwrap();
    playbook.ladder[1].steps.clone()
}

/// What is told of a finding is what would be chosen for it, with every limit on it.
#[test]
fn what_answers_is_told_as_it_is_chosen() {
    let limits = "{mode: auto, playbooks: {worker-unhealthy: {mode: approve}}}";
    let rig = Rig::new(limits, "  - rung: x\n    steps: [{do: notify}]");
    let standing = Standing {
        answers: rig.setup.all_answers(),
        ..Standing::unknown(RunMode::Auto, true)
    };
    for code in Code::ALL.iter().copied() {
        let chosen = (rig.setup.playbooks).matching(&TriggerCode::Finding(code), &[]);
        let told = standing.answer(code, &Target::Host);
        assert_eq!(
            told.map(|answer| (&*answer.playbook, answer.mode)),
            chosen.map(|playbook| (&*playbook.name, rig.setup.mode(&playbook.name))),
            "{code}"
        );
    }
    let of = |code| standing.answer(code, &Target::Host).unwrap();
    assert_eq!(of(Code::WorkerDown).mode, RunMode::Approve);
    assert_eq!(of(Code::ConfigInvalid).mode, RunMode::Auto);
    let own = of(Code::MemoryLow);
    assert_eq!(
        (&*own.playbook, own.summary.as_deref()),
        ("room", Some("Makes room"))
    );
}

#[test]
fn a_rung_goes_on_where_its_journal_ends() {
    let (done, steps) = (Some(StepResult::Done), replace());
    let at = |journal: &[Step]| words::reached(journal, 1, &steps);
    assert_eq!(at(&[]), 0);
    assert_eq!(at(&[entry(1, "worker.stop", done)]), 0);
    let start = [
        entry(1, "worker.stop", done),
        entry(1, "worker.start", None),
    ];
    assert_eq!(at(&start), 2);
    // Of another rung.
    assert_eq!(at(&[entry(0, "worker.start", done)]), 0);
}

#[test]
fn of_a_steps_own_entries_those_count_that_may_have_been_done() {
    use StepResult::{Done, Failed, ObservedDone, ObservedNotDone, Undone, Unknown};
    for (result, counts) in [
        (Done, true),
        (ObservedDone, true),
        (Unknown, true),
        (Failed, false),
        (ObservedNotDone, false),
        (Undone, false),
    ] {
        let journal = [
            entry(1, "worker.stop", Some(Done)),
            entry(1, "x", Some(result)),
        ];
        assert_eq!(
            words::own(&journal, 1, "x").len(),
            usize::from(counts),
            "{result:?}"
        );
        assert_eq!(words::own(&journal, 0, "x"), []);
    }
    let journal = [entry(1, "worker.stop", Some(Unknown))];
    assert!(words::acted_on(&journal, 1) && !words::acted_on(&journal, 0));
    assert!(!words::acted_on(
        &[entry(1, "worker.stop", Some(Failed))],
        1
    ));
}

fn run(id: i64, state: RunState, started: bool, ended: Timestamp) -> Run {
    Run {
        id: RunId(id),
        incident: IncidentId(1),
        playbook: "room".into(),
        target: Target::Host,
        touches: Vec::new(),
        source: TriggerSource::Finding,
        mode: RunMode::Auto,
        state,
        rung: 0,
        hold: None,
        created_at: ended,
        started_at: started.then_some(ended),
        ended_at: state.is_over().then_some(ended),
    }
}

#[test]
fn a_run_is_due_when_there_is_none_and_after_ever_longer_rests() {
    let failed = |id| run(id, RunState::Ended(Outcome::Failed), true, AT);
    let after = |secs| AT.after(Duration::from_secs(secs));
    assert!(is_due(&[], AT));
    assert!(!is_due(
        &[run(1, RunState::Running, true, AT)],
        after(1 << 20)
    ));
    assert!(!is_due(&[failed(1)], after(599)));
    assert!(is_due(&[failed(1)], after(600)));
    assert!(!is_due(&[failed(1), failed(2)], after(1199)));
    assert!(is_due(&[failed(1), failed(2)], after(1200)));
    let many: Vec<Run> = (1..40).map(failed).collect();
    assert!(!is_due(&many, after(6 * 3600 - 1)) && is_due(&many, after(6 * 3600)));
    let cancelled = run(1, RunState::Ended(Outcome::Cancelled), true, AT);
    assert!(!is_due(&[cancelled], after(1 << 20)));
}

#[test]
fn a_run_that_made_room_for_its_cause_is_due_at_once_and_one_nobody_approved_is_not() {
    let held = |started| [run(1, RunState::Ended(Outcome::Held), started, AT)];
    assert!(is_due(&held(true), AT));
    assert!(!is_due(&held(false), AT));
}

#[test]
fn a_clock_that_was_set_back_does_not_put_a_run_off_for_ever() {
    let failed = [run(1, RunState::Ended(Outcome::Failed), true, AT)];
    assert!(is_due(&failed, AT.before(Duration::from_secs(86_400))));
    assert!(!is_due(&failed, AT.before(Duration::from_secs(5))));
}

#[test]
fn the_labels_that_a_silence_can_be_about() {
    let key = IncidentKey {
        code: TriggerCode::Finding(Code::WorkerDown),
        target: Target::Worker {
            name: "task".into(),
        },
    };
    let labels = words::labels(&key);
    assert_eq!(labels["alertname"], "WorkerDown");
    assert_eq!(labels["worker"], "task");
}

#[test]
fn what_was_under_way_is_looked_up_in_the_world() {
    let rig = Rig::new("{mode: auto}", "  - rung: x\n    steps: [{do: notify}]");
    let boot = rig.setup.hands.boot_id.clone();
    let own = Proc::default().process(std::process::id()).unwrap().id;
    let process = |process: ProcessId, boot_id: &str| Generation::Process {
        process,
        boot_id: boot_id.into(),
    };
    let gone = ProcessId {
        start_ticks: own.start_ticks + 1,
        ..own
    };
    let there = process(own, &boot);
    let (gone, booted) = (process(gone, &boot), process(own, "another"));
    use StepResult::{ObservedDone, ObservedNotDone, Unknown};
    let table = [
        ("worker.stop", Risk::Disruptive, vec![], Unknown),
        ("worker.start", Risk::Safe, vec![], ObservedNotDone),
        (
            "worker.stop",
            Risk::Disruptive,
            vec![there.clone()],
            ObservedNotDone,
        ),
        (
            "worker.stop",
            Risk::Disruptive,
            vec![gone.clone()],
            ObservedDone,
        ),
        ("worker.stop", Risk::Disruptive, vec![booted], ObservedDone),
        (
            "worker.stop",
            Risk::Disruptive,
            vec![there, gone],
            ObservedNotDone,
        ),
        (
            "worker.start",
            Risk::Safe,
            vec![Generation::Absent],
            ObservedNotDone,
        ),
        // Its control does not tell.
        (
            "broker.restart",
            Risk::Drastic,
            vec![Generation::Absent],
            Unknown,
        ),
    ];
    for (action, risk, before, expected) in table {
        let mut step = entry(0, action, None);
        step.intent.risk = risk;
        step.intent.before = before;
        let (result, _) = rig.wait(observe(&step, &rig.setup));
        assert_eq!(result, expected, "{action} {:?}", step.intent.before);
    }
}
