//! Several changes as one, and what people said of a run.

use super::*;
use crate::model::Outcome;
use crate::recover::ledger::{Notice, Said, Word};

#[test]
fn of_several_changes_all_or_none_are_made() {
    let (folder, mut ledger) = fresh();
    let run = running(&mut ledger, "task");
    let to = RunState::Ended(Outcome::Failed);
    let notice = Notice {
        incident: Some(run.incident),
        channel: "slack".into(),
        body: serde_json::json!("over"),
    };
    let end = |ledger: &mut Ledger, then: Result<(), LedgerError>| {
        ledger.whole(|ledger| {
            ledger.advance(run.id, RunState::Running, to, None, NOW)?;
            ledger.queue(&notice, NOW)?;
            then
        })
    };
    let refused = LedgerError::NotThere { what: "it".into() };
    end(&mut ledger, Err(refused)).unwrap_err();
    let now = |ledger: &Ledger| (ledger.run(run.id).unwrap().unwrap().state, ledger.waiting());
    assert!(matches!(now(&ledger), (RunState::Running, Ok((0, _)))));
    // What is refused by one of them takes the others with it, and the next is as good as ever.
    let twice = ledger.whole(|ledger| {
        ledger.queue(&notice, NOW)?;
        ledger.advance(run.id, RunState::Proposed, to, None, NOW)
    });
    twice.unwrap_err();
    assert!(matches!(now(&ledger), (RunState::Running, Ok((0, _)))));
    end(&mut ledger, Ok(())).unwrap();
    drop(ledger);
    let ledger = open(folder.path());
    assert!(matches!(now(&ledger), (state, Ok((1, _))) if state == to));
}

#[test]
fn what_is_said_of_a_run_stays_said() {
    let (folder, mut ledger) = fresh();
    let run = running(&mut ledger, "task");
    assert_eq!(ledger.said(run.id).unwrap(), Said::default());
    ledger.say(run.id, Word::Approved, NOW).unwrap();
    drop(ledger);
    let mut ledger = open(folder.path());
    let approved = Said {
        approved: true,
        called_off: false,
    };
    assert_eq!(ledger.said(run.id).unwrap(), approved);
    let to = RunState::Ended(Outcome::Failed);
    ledger
        .advance(run.id, RunState::Running, to, None, NOW)
        .unwrap();
    ledger.say(run.id, Word::CalledOff, NOW).unwrap_err();
}
