//! The form of the status: one golden file, and what holds of any.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::golden;
use super::world::{everything, failing, idle, nothing, now, observing, standing};
use crate::model::facts::QueueFacts;
use crate::model::{
    Answer, Failure, Pause, ProbeName, Reason, RunMode, Snapshot, Standing, Target, Timestamp,
};
use crate::publish::status::{About, QueueLimits, Status};

fn about() -> About {
    let limits = QueueLimits {
        max_ready: Some(1000),
        min_consumers: Some(2),
        max_drain_seconds: Some(600.0),
        min_ack_rate: Some(0.1),
    };
    About {
        identity: "app-1".into(),
        queues: vec![(None, "ai_tasks".into(), limits)],
    }
}

#[test]
fn the_form_is_the_golden_one() {
    let (snapshot, assessment) = everything();
    let status = Status::new(&about(), &snapshot, &assessment, &standing(now()));
    let text = serde_json::to_string_pretty(&status).unwrap();
    // A field that is null or empty in here is not shown by the example in docs/API.md.
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let empty: Vec<_> = value
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, v)| v.is_null() || v.as_array().is_some_and(Vec::is_empty))
        .collect();
    assert!(empty.is_empty(), "{empty:?}");
    golden("tests/status/status.json", &format!("{text}\n"));
}

#[test]
fn what_is_written_is_read_back() {
    for (snapshot, assessment) in [everything(), nothing(), failing(ProbeName::Workers)] {
        let status = Status::new(&about(), &snapshot, &assessment, &standing(now()));
        let back: Status = serde_json::from_str(&status.to_json()).unwrap();
        assert_eq!(back, status);
    }
}

#[test]
fn a_section_that_failed_is_null_and_its_probe_says_why() {
    for probe in ProbeName::ALL {
        let (snapshot, assessment) = failing(probe);
        let status = Status::new(&about(), &snapshot, &assessment, &standing(now()));
        let told = [
            (ProbeName::Broker, status.broker.is_some()),
            (ProbeName::Queues, status.queues.is_some()),
            (ProbeName::Roundtrip, status.roundtrip.is_some()),
            (ProbeName::Host, status.host.is_some()),
            (ProbeName::Envfile, status.env_files.is_some()),
            (ProbeName::Workers, status.workers.is_some()),
            (ProbeName::Files, status.files.is_some()),
        ];
        for (section, told) in told {
            assert_eq!(told, section != probe, "{section} while {probe} fails");
        }
        let failed: Vec<_> = status
            .probes
            .iter()
            .filter_map(|p| Some((p.probe.as_str(), p.failure.as_ref()?.reason.as_str())))
            .collect();
        assert_eq!(failed, [(probe.as_str(), "refused")]);
    }
}

#[test]
fn probes_that_are_not_scheduled_are_not_told_of() {
    let (_, assessment) = nothing();
    let mut snapshot = Snapshot::empty(now());
    snapshot.host.interval = Some(std::time::Duration::from_secs(5));
    let status = Status::new(&about(), &snapshot, &assessment, &standing(now()));
    let probes: Vec<_> = status
        .probes
        .iter()
        .map(|p| (p.probe.as_str(), p.success, p.age_seconds))
        .collect();
    assert_eq!(probes, [("host", None, None)]);
}

/// Ten thousand queues with a finding each stay within what the client reads: see
/// `cli::client`.
#[test]
fn the_size_is_bounded() {
    let (mut snapshot, assessment) = everything();
    let mut facts = snapshot.queues.last_facts().unwrap().clone();
    facts.queues = (0..10_000)
        .map(|i| QueueFacts {
            vhost: "/".into(),
            name: format!("queue-{i}"),
            pinned: true,
            ..QueueFacts::default()
        })
        .collect();
    let at = snapshot.at;
    snapshot.queues.enter(Ok(facts), at, Default::default());
    let mut workers = snapshot.workers.last_facts().unwrap().clone();
    let process = workers.workers[0].processes.as_ref().unwrap()[0].clone();
    workers.workers[0].processes = Some(vec![process; 5000]);
    snapshot.workers.enter(Ok(workers), at, Default::default());
    let status = Status::new(&about(), &snapshot, &assessment, &standing(now()));
    let queues = status.queues.as_ref().unwrap();
    assert_eq!((queues.shown.len(), queues.left_out), (500, 9500));
    let worker = &status.workers.as_ref().unwrap().kinds[0];
    assert_eq!(
        (worker.running, worker.processes_left_out),
        (Some(5000), 4900)
    );
    let size = status.to_json().len();
    assert!(size < 300_000, "{size} bytes");
}

/// What is told to happen by itself happens, and what does not is not promised.
#[test]
fn what_is_done_by_itself_is_told_by_mode_and_by_what_stands_against_it() {
    let (snapshot, assessment) = everything();
    let told = |standing: Standing| {
        let status = Status::new(&about(), &snapshot, &assessment, &standing);
        let starts = status.findings.iter().filter(|f| f.remedy.automatic);
        let recovery = status.recovery;
        (recovery.automatic, starts.count(), recovery.words)
    };
    let by = |mode, reflex, target: &[Option<Target>]| {
        let pause = |target: &Option<Target>| Pause {
            target: target.clone(),
            since: Timestamp(0),
            until: None,
            reason: "maintenance".into(),
        };
        told(Standing {
            mode,
            reflex,
            pauses: target.iter().map(pause).collect(),
            ..idle()
        })
    };
    let worker = Some(Target::Worker {
        name: "task-worker".into(),
    });
    let is = |automatic, starts, words: &str| (automatic, starts, words.to_owned());
    use RunMode::{Approve, Auto, Off, Propose};
    let off = is(false, 0, "observing only: recovery.mode is off");
    assert_eq!(by(Off, true, &[None]), off);
    let propose = is(false, 0, "proposing only: plans are told, nothing is done");
    assert_eq!(by(Propose, false, &[]), propose);
    let approve = "what is to be done waits for a person: warrener runs approve";
    assert_eq!(by(Approve, false, &[]), is(false, 0, approve));
    let auto = "acting by itself, on alerts";
    assert_eq!(by(Auto, false, &[]), is(true, 2, auto));
    let reflex = "acting by itself, on alerts and on findings";
    assert_eq!(by(Auto, true, &[]), is(true, 2, reflex));
    let one = "acting by itself, on alerts; worker task-worker is paused";
    assert_eq!(
        by(Auto, false, std::slice::from_ref(&worker)),
        is(true, 1, one)
    );
    let all = "paused, nothing is done by itself: maintenance";
    assert_eq!(by(Auto, false, &[worker, None]), is(false, 0, all));
    let blind = "observing only: /var/lib/warrener/ledger.sqlite: no space left";
    assert_eq!(told(observing(now())), is(false, 0, blind));
}

/// A playbook may go less far than all may, and another may take its place for one kind of worker.
#[test]
fn a_finding_says_how_far_its_own_playbook_goes() {
    let (snapshot, assessment) = everything();
    let about_worker = Target::Worker {
        name: "task-worker".into(),
    };
    let answer = |playbook: &str, only: Option<&Target>, mode| Answer {
        playbook: playbook.into(),
        summary: only.map(|_| "Drain it first".into()),
        codes: assessment.findings.iter().map(|f| f.code).collect(),
        only: only.map(|target| [target.clone()].into()),
        mode,
    };
    let told = |mode, own| {
        let answers = vec![
            answer("drain-first", Some(&about_worker), own),
            answer("for-the-rest", None, mode),
        ];
        let standing = Standing {
            mode: RunMode::Auto,
            answers,
            ..idle()
        };
        let status = Status::new(&about(), &snapshot, &assessment, &standing);
        let own = about_worker.key();
        let of = |is_own: bool| {
            let mut findings = status.findings.iter();
            let finding = findings.find(|f| (f.target.key == own) == is_own).unwrap();
            let remedy = &finding.remedy;
            (remedy.playbook.clone().unwrap(), remedy.begun())
        };
        [of(true), of(false)].map(|(playbook, begun)| format!("{playbook}: {begun}"))
    };
    use RunMode::{Approve, Auto, Off, Propose};
    assert_eq!(
        told(Auto, Approve),
        [
            "drain-first: it waits for a person to approve it",
            "for-the-rest: warrener begins it by itself"
        ]
    );
    assert_eq!(
        told(Propose, Off),
        [
            "drain-first: it does not begin by itself",
            "for-the-rest: it is only proposed, a person begins it"
        ]
    );
}

/// However much is open, the status stays small.
#[test]
fn runs_and_incidents_are_bounded_and_say_what_was_left_out() {
    let (snapshot, assessment) = everything();
    let mut standing = standing(now());
    standing.incidents = vec![standing.incidents[0].clone(); 1000];
    let (run, steps) = standing.runs[0].clone();
    standing.runs = vec![(run, vec![steps[0].clone(); 100]); 500];
    let status = Status::new(&about(), &snapshot, &assessment, &standing);
    let recovery = &status.recovery;
    assert_eq!((recovery.runs.len(), recovery.runs_left_out), (50, 450));
    assert_eq!(
        (recovery.incidents.len(), recovery.incidents_left_out),
        (100, 900)
    );
    assert_eq!(
        (
            recovery.runs[0].steps.len(),
            recovery.runs[0].steps_left_out
        ),
        (20, 80)
    );
    let size = status.to_json().len();
    assert!(size < 500_000, "{size} bytes");
}

#[test]
fn a_sum_with_an_unknown_part_is_unknown() {
    let (mut snapshot, assessment) = everything();
    let mut facts = snapshot.workers.last_facts().unwrap().clone();
    let mut other = facts.workers[0].processes.as_ref().unwrap()[0].clone();
    other.rss = None;
    other.channels = None;
    facts.workers[0].processes.as_mut().unwrap().push(other);
    let (at, channels) = (snapshot.at, Failure::new(Reason::Unsupported, "off"));
    facts.channels_unavailable = Some(channels);
    snapshot.workers.enter(Ok(facts), at, Default::default());
    let status = Status::new(&about(), &snapshot, &assessment, &standing(now()));
    let worker = &status.workers.unwrap().kinds[0];
    assert_eq!(worker.resident_memory_bytes, None);
    let processes = worker.processes.as_ref().unwrap();
    assert_eq!(
        (processes[0].consumers, processes[1].consumers),
        (Some(1), None)
    );
}

/// Every field of the form, the names of data (states, verdicts, bounds) among them.
fn names(value: &serde_json::Value, into: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                into.insert(name.clone());
                names(value, into);
            }
        }
        serde_json::Value::Array(all) => all.iter().for_each(|value| names(value, into)),
        _ => {}
    }
}

#[test]
fn api_md_describes_every_field_and_its_example_is_one() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let page = fs::read_to_string(docs.join("API.md")).unwrap();
    let (snapshot, assessment) = everything();
    let status = Status::new(&about(), &snapshot, &assessment, &standing(now()));
    let mut fields = BTreeSet::new();
    names(&serde_json::to_value(&status).unwrap(), &mut fields);
    let untold: Vec<_> = fields
        .iter()
        .filter(|name| {
            !page.contains(&format!("`{name}`")) && !page.contains(&format!("`{name}[]`"))
        })
        .filter(|name| !page.contains(&format!(".{name}[]`")))
        .collect();
    assert!(untold.is_empty(), "docs/API.md says nothing of {untold:?}");

    let example = fs::read_to_string(docs.join("example/status.json")).unwrap();
    let read: Status = serde_json::from_str(&example).unwrap();
    let written = serde_json::to_value(&read).unwrap();
    let example: serde_json::Value = serde_json::from_str(&example).unwrap();
    assert_eq!(written, example, "the example has another form");
}
