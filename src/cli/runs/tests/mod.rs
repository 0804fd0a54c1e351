//! How runs look: golden pages held against `tests/runs/*.txt`.

mod scenes;

use std::fs;
use std::path::Path;

use anstream::adapter::strip_str;
use textwrap::core::display_width;

use super::source::{parse, read_at};
use super::{list, show};
use crate::cli::client::Client;
use crate::cli::ledger;
use crate::cli::output::Problem;
use crate::cli::proof::Proof;
use crate::publish::runs::{Runs, Whole};
use crate::recover::ledger::Ledger;
use scenes::NOW;

fn golden(name: &str, made: &str, width: usize) {
    let made = strip_str(made).to_string();
    for line in made.lines() {
        assert!(display_width(line) <= width, "over {width} columns: {line}");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runs");
    let file = folder.join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(&folder).unwrap();
        fs::write(&file, &made).unwrap();
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    let hint = "to write it again: UPDATE_GOLDEN=1 cargo test --lib cli::runs";
    assert!(there == made, "{name}.txt is old; {hint}\n{made}");
}

fn shown(name: &str, whole: &Whole) {
    for width in [60, 80] {
        let page = show::render(whole, None, NOW, width);
        golden(&format!("{name}-{width}"), &page, width);
    }
}

#[test]
fn a_run_that_recovered_on_its_second_rung() {
    shown("recovered", &scenes::recovered());
}

#[test]
fn a_run_that_is_held() {
    shown("held", &scenes::held());
}

#[test]
fn a_run_that_waits_for_a_person() {
    let whole = scenes::awaiting();
    let note = "no server at http://127.0.0.1:15699: read from /var/lib/warrener/ledger.db";
    golden(
        "awaiting-80",
        &show::render(&whole, Some(note), NOW, 80),
        80,
    );
}

#[test]
fn a_run_that_nobody_knows_the_end_of() {
    shown("unknown", &scenes::unknown());
}

#[test]
fn the_list() {
    let whole = [
        scenes::awaiting(),
        scenes::held(),
        scenes::unknown(),
        scenes::recovered(),
    ];
    let runs = Runs {
        version: 1,
        runs: whole.into_iter().map(|whole| whole.run).collect(),
    };
    for width in [40, 80] {
        let page = list::render(&runs, None, NOW, width);
        golden(&format!("list-{width}"), &page, width);
    }
    let none = Runs {
        version: 1,
        runs: Vec::new(),
    };
    assert!(list::render(&none, None, NOW, 80).contains("No runs yet"));
}

/// Where no server is, and none was named, the ledger itself tells.
#[tokio::test]
async fn with_no_server_the_ledger_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("warrener.yml");
    fs::write(&file, "state: state\n").unwrap();
    let client = Client::new("http://127.0.0.1:1", &Proof::default()).unwrap();
    let own = |ledger: &Ledger| Ok(Runs::new(&ledger.runs(5).unwrap()));
    let read = async |config| read_at(&client, config, "/api/v1/runs", own).await;
    let there = Some(Some(file));
    match read(there.clone()).await {
        Err(Problem::Failed(words)) => assert!(words.contains("no ledger in"), "{words}"),
        _ => panic!("there is none"),
    }
    drop(Ledger::open(&dir.path().join("state"), ledger::now()).unwrap());
    let runs = read(there).await.map_err(|problem| format!("{problem:?}"));
    let runs = runs.unwrap();
    assert_eq!(runs.value.runs, []);
    assert!(runs.note.unwrap().contains("ledger.db"));
    match read(None).await {
        Err(Problem::Failed(words)) => assert!(words.contains("no server at"), "{words}"),
        _ => panic!("a server was named"),
    }
}

#[test]
fn what_a_server_says_can_not_move_the_cursor() {
    let mut whole = scenes::held();
    let evil = "\u{1b}[2J\u{202e}";
    whole.run.playbook = evil.into();
    whole.run.target.name = evil.into();
    whole.run.source = evil.into();
    whole.run.mode = evil.into();
    whole.run.state = evil.into();
    if let Some(hold) = &mut whole.run.hold {
        (hold.words, hold.reason) = (evil.into(), evil.into());
        hold.evidence[0].value = evil.into();
    }
    for step in &mut whole.steps {
        (step.plan, step.action, step.risk) = (evil.into(), evil.into(), evil.into());
        (step.result, step.words) = (Some(evil.into()), Some(evil.into()));
        step.before = vec![evil.into()];
    }
    let page = show::render(&whole, Some(evil), NOW, 80);
    let page = strip_str(&page).to_string();
    assert!(
        !page.contains('\u{1b}') && !page.contains('\u{202e}'),
        "{page}"
    );
    let runs = Runs {
        version: 1,
        runs: vec![whole.run],
    };
    let page = list::render(&runs, Some(evil), NOW, 80);
    assert!(!page.contains("[2J\u{202e}"), "{page}");
}

#[test]
fn a_newer_server_is_understood_or_refused_by_its_version() {
    let mut newer = serde_json::to_value(scenes::held()).unwrap();
    newer["unheard_of"] = 1.into();
    newer["run"]["state"] = "pondering".into();
    let whole: Whole = parse(&newer.to_string()).unwrap();
    assert!(show::render(&whole, None, NOW, 80).contains("pondering"));
    newer["version"] = 2.into();
    let why = parse::<Whole>(&newer.to_string()).unwrap_err();
    assert!(
        why.contains("version 2") && why.contains("version 1"),
        "{why}"
    );
    assert!(parse::<Whole>("<html>").unwrap_err().contains("no answer"));
}
