//! Shipped playbooks against the codes, broken ones against their messages, and who is chosen.

mod golden;
mod mutated;
mod reference;

use std::collections::BTreeSet;
use std::fs;

use super::*;
use crate::config::Config;
use crate::model::{AlertName, HoldReason};

fn shipped() -> Playbooks {
    Playbooks::load(None).unwrap()
}

fn own(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Playbooks, String>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(format!("{name}.yml")), text).unwrap();
    }
    let loaded = Playbooks::load(Some(folder.path())).map_err(|e| e.to_string());
    (folder, loaded)
}

fn simple(name: &str, more: &str) -> String {
    format!(
        "playbook: {name}\nsummary: Something.\nverify: {{all: [symptom_gone]}}\n\
         ladder: [{{rung: a, steps: [{{do: worker.start}}]}}]\n{more}"
    )
}

#[test]
fn every_code_with_a_playbook_is_answered_by_it_and_no_other() {
    let shipped = shipped();
    for code in Code::ALL {
        let answers = shipped.matching(&TriggerCode::Finding(*code), &[]);
        let name = answers.map(|playbook| playbook.name.as_str());
        assert_eq!(name, code.remedy().playbook(), "{code}");
    }
    let names: BTreeSet<_> = shipped.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names.len(), Playbooks::shipped_files().len());
}

#[test]
fn every_shipped_ladder_ends_with_a_person_for_every_trigger() {
    for playbook in shipped().iter().filter(|p| p.drives.is_none()) {
        for trigger in &playbook.triggers {
            let (_, last) = playbook.rungs_for(&trigger.0).last().unwrap();
            let told = last
                .steps
                .iter()
                .any(|s| matches!(s.action, Action::Escalate(_)));
            assert!(told, "{} {trigger}", playbook.name);
            let risks: Vec<_> = playbook
                .rungs_for(&trigger.0)
                .map(|(_, rung)| rung.risk())
                .collect();
            let told = risks.len() - 1;
            assert!(
                risks[..told].is_sorted() || playbook.name == "config-invalid",
                "{risks:?}"
            );
        }
    }
}

#[test]
fn what_is_dead_is_started_before_anything_is_stopped() {
    let shipped = shipped();
    let worker = shipped.get("worker-unhealthy").unwrap();
    let first = |code| {
        let (_, rung) = worker
            .rungs_for(&TriggerCode::Finding(code))
            .next()
            .unwrap();
        rung.risk()
    };
    assert_eq!(first(Code::WorkerDown), Risk::Safe);
    assert_eq!(first(Code::WorkerHung), Risk::Disruptive);
}

#[test]
fn no_restart_of_the_broker_answers_a_refused_login() {
    let shipped = shipped();
    let code = TriggerCode::Finding(Code::BrokerAuthFailed);
    let playbook = shipped.matching(&code, &[]).unwrap();
    let steps = playbook.ladder.iter().flat_map(|rung| &rung.steps);
    assert!(
        !steps
            .into_iter()
            .any(|s| matches!(s.action, Action::BrokerRestart(_)))
    );
}

#[test]
fn critical_health_is_the_emergency() {
    let critical = TriggerCode::Alert(AlertName::new("HealthCritical").unwrap());
    let shipped = shipped();
    let playbook = shipped.matching(&critical, &[]).unwrap();
    assert_eq!(playbook.name, "emergency");
    assert_eq!(playbook.drives, Some(Drives::OpenIncidents));
}

#[test]
fn ones_own_goes_first_and_one_for_the_worker_before_it() {
    let general = simple("our-worker", "triggers: [WorkerDown]\n");
    let special = simple("our-task", "triggers: [WorkerDown]\nfor: {worker: task}\n");
    let (_folder, loaded) = own(&[("our-worker", &general), ("our-task", &special)]);
    let playbooks = loaded.unwrap();
    let chosen = |workers: &[&str]| {
        let workers: Vec<String> = workers.iter().map(|w| (*w).to_owned()).collect();
        let code = TriggerCode::Finding(Code::WorkerDown);
        playbooks.matching(&code, &workers).unwrap().name.clone()
    };
    assert_eq!(chosen(&["task"]), "our-task");
    assert_eq!(chosen(&["other"]), "our-worker");
    // A queue of two kinds is not this one's alone.
    assert_eq!(chosen(&["other", "task"]), "our-worker");
    let hung = TriggerCode::Finding(Code::WorkerHung);
    let shipped = playbooks.matching(&hung, &["task".into()]).unwrap();
    assert_eq!(shipped.name, "worker-unhealthy");
}

#[test]
fn one_of_the_same_name_replaces_the_shipped_one() {
    let mine = simple(
        "worker-unhealthy",
        "triggers: [WorkerDown]\nmode: approve\n",
    );
    let (_folder, loaded) = own(&[("worker-unhealthy", &mine)]);
    let playbooks = loaded.unwrap();
    let playbook = playbooks.get("worker-unhealthy").unwrap();
    assert!(!playbook.is_shipped());
    assert_eq!(playbook.mode, RecoveryMode::Approve);
    let hung = TriggerCode::Finding(Code::WorkerHung);
    assert_eq!(playbooks.matching(&hung, &[]), None);
}

#[test]
fn two_of_ones_own_for_the_same_are_an_error() {
    let first = simple("first", "triggers: [WorkerDown]\n");
    let second = simple("second", "triggers: [WorkerHung, WorkerDown]\n");
    let (_folder, loaded) = own(&[("first", &first), ("second", &second)]);
    let errors = loaded.unwrap_err();
    assert!(
        errors.contains("second.yml: triggers: `first` answers `WorkerDown` too"),
        "{errors}"
    );
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    let nowhere = std::path::Path::new("/nonexistent/playbooks");
    let errors = Playbooks::load(Some(nowhere)).unwrap_err().to_string();
    assert!(errors.starts_with("/nonexistent/playbooks: "), "{errors}");
}

#[test]
fn names_are_held_against_the_configuration() {
    let special = simple("our-task", "triggers: [WorkerDown]\nfor: {worker: task}\n");
    let (_folder, loaded) = own(&[("our-task", &special)]);
    let mut config = Config::default();
    let wrong = loaded.as_ref().unwrap().agree_with(&config).unwrap_err();
    assert!(wrong.to_string().contains("`task` is not one of `workers`"));
    config.workers.insert("task".into(), Default::default());
    assert!(loaded.as_ref().unwrap().agree_with(&config).is_ok());
    config
        .recovery
        .playbooks
        .insert("no-such".into(), Default::default());
    let wrong = loaded.unwrap().agree_with(&config).unwrap_err().to_string();
    assert!(
        wrong.contains("recovery.playbooks.no-such: `no-such` is no playbook"),
        "{wrong}"
    );
}

#[test]
fn the_clock_may_only_do_what_is_safe() {
    let playbooks = Playbooks::load(None).unwrap();
    let by_clock = |playbook: &str| {
        let mut config = Config::default();
        let line = crate::config::Housekeeping {
            cron: "0 3 * * *".parse().unwrap(),
            playbook: playbook.into(),
        };
        config.recovery.housekeeping.push(line);
        playbooks
            .agree_with(&config)
            .map_err(|wrong| wrong.to_string())
    };
    by_clock("housekeeping").unwrap();
    for disturbs in ["worker-unhealthy", "emergency"] {
        let wrong = by_clock(disturbs).unwrap_err();
        assert!(
            wrong.contains("housekeeping[0].playbook") && wrong.contains("what is safe"),
            "{wrong}"
        );
    }
}

#[test]
fn a_commands_risk_is_drastic_unless_it_says_less() {
    let risk = |args: &str| {
        let text = simple("c", "").replace("worker.start", &format!("{{command.run: {args}}}"));
        let (_folder, loaded) = own(&[("c", &text)]);
        loaded.unwrap().get("c").unwrap().ladder[0].risk()
    };
    assert_eq!(risk("{argv: [/bin/true]}"), Risk::Drastic);
    assert_eq!(risk("{argv: [/bin/true], risk: safe}"), Risk::Safe);
}

#[test]
fn every_reason_has_words() {
    for reason in HoldReason::ALL {
        assert!(reason.meaning().ends_with('.'), "{reason}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "[ a-z:\\[\\]{}\n#&*'-]{0,200}") {
        drop(Playbook::from_text(&text, std::path::Path::new("x.yml")));
    }
}

#[test]
fn an_action_stands_once_in_a_rung() {
    let twice = "playbook: x\nsummary: Something.\nverify: {all: [symptom_gone]}\nladder:\n\
                 - {rung: a, steps: [{do: worker.start}, {do: worker.start}]}\n";
    let error = own(&[("x", twice)]).1.unwrap_err();
    assert!(
        error.contains("`worker.start` is in this rung already"),
        "{error}"
    );
    let apart =
        twice.replace(", {do: worker.start}", "") + "- {rung: b, steps: [{do: worker.start}]}\n";
    own(&[("x", &apart)]).1.unwrap();
}

#[test]
fn what_everybody_may_write_is_nobodys_playbook() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, loaded) = own(&[("mine", &simple("mine", ""))]);
    assert!(loaded.is_ok_and(|all| all.get("mine").is_some()));
    let file = folder.path().join("mine.yml");
    for (path, kept) in [(file.as_path(), 0o644), (folder.path(), 0o755)] {
        let mode = |mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        mode(0o777);
        let errors = Playbooks::load(Some(folder.path()))
            .unwrap_err()
            .to_string();
        assert!(errors.contains("may be written by everybody"), "{errors}");
        mode(kept);
        assert!(Playbooks::load(Some(folder.path())).is_ok());
    }
}
