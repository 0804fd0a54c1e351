//! The form of the status: one golden file, and what holds of any.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::golden;
use super::world::{everything, failing, nothing, now};
use crate::model::facts::QueueFacts;
use crate::model::{Failure, ProbeName, Reason, Snapshot};
use crate::publish::status::{About, QueueLimits, Stance, Status};

fn about() -> About {
    let limits = QueueLimits {
        max_ready: Some(1000),
        min_consumers: Some(2),
        max_drain_seconds: Some(600.0),
        min_ack_rate: Some(0.1),
    };
    About {
        identity: "app-1".into(),
        recovery: Stance::Propose,
        queues: vec![(None, "ai_tasks".into(), limits)],
    }
}

#[test]
fn the_form_is_the_golden_one() {
    let (snapshot, assessment) = everything();
    let status = Status::new(&about(), &snapshot, &assessment);
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
        let status = Status::new(&about(), &snapshot, &assessment);
        let back: Status = serde_json::from_str(&status.to_json()).unwrap();
        assert_eq!(back, status);
    }
}

#[test]
fn a_section_that_failed_is_null_and_its_probe_says_why() {
    for probe in ProbeName::ALL {
        let (snapshot, assessment) = failing(probe);
        let status = Status::new(&about(), &snapshot, &assessment);
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
    let status = Status::new(&about(), &snapshot, &assessment);
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
    let status = Status::new(&about(), &snapshot, &assessment);
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

/// Whatever `recovery.mode` says, this version starts nothing, and says so.
#[test]
fn no_version_promises_what_it_does_not_do() {
    let (snapshot, assessment) = everything();
    for stance in [Stance::Off, Stance::Propose, Stance::Approve, Stance::Auto] {
        let recovery = stance;
        let status = Status::new(
            &About {
                recovery,
                ..about()
            },
            &snapshot,
            &assessment,
        );
        assert_eq!(status.recovery.mode, stance.as_str());
        assert!(!status.recovery.automatic && status.findings.iter().all(|f| !f.remedy.automatic));
        assert!(status.recovery.words.contains("no automatic recovery"));
    }
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
    let status = Status::new(&about(), &snapshot, &assessment);
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
    let status = Status::new(&about(), &snapshot, &assessment);
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
