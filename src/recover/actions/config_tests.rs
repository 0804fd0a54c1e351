//! What the actions on env files write, and what they leave alone.

use super::stage::{End, Stage};
use super::*;
use crate::model::Reason;
use crate::model::facts::EnvFileFacts;

const CONFIG: &str = "broker: {amqp: 'amqp://${USER}:${PASS}@${HOST}'}\n\
    workers: {w: {match: {cmdline: w}, env_file: .env}, other: {match: {cmdline: o}}}\n\
    env_files:\n- path: .env\n  keys:\n    HOST: {required: true, type: host, default: localhost}\n    \
    USER: {required: true, default: guest}\n    \
    PASS: {required: true, type: secret, default: guest}\n\
    - path: other.env\n  keys: {X: {required: true, default: x}}\n";

const GOOD: &str = "# all\nHOST=rabbit\nUSER=svc\nPASS=s3cret-canary\nZ=1\n";
const EMPTIED: &str = "# all\nHOST=\nUSER=\nPASS=\nZ=2\n";

fn stage(good: &'static [&'static str], refusal: Reason) -> Stage {
    let mut stage = Stage::new(CONFIG, good, refusal);
    let target = stage.env_file(".env");
    stage.write("other.env", "X=\n");
    stage.about(target);
    stage
}

/// No word that was told holds a value.
fn no_secret(told: &impl std::fmt::Debug) {
    assert!(!format!("{told:?}").contains("canary"), "{told:#?}");
}

#[tokio::test]
async fn the_four_lines_come_back_and_a_second_step_is_needless() {
    let mut stage = stage(&["s3cret"], Reason::Auth);
    stage.write(".env", EMPTIED);
    stage.keep_good(".env", GOOD);
    let before = file_generation(&stage.path(".env"), &stage.hands.state).unwrap();
    let plan = stage.plan("config.repair: {}").await;
    assert_eq!(stage.text(".env"), EMPTIED, "to plan is not to act");
    assert_eq!(plan.before, std::slice::from_ref(&before));
    for words in [
        "HOST (empty) from the last known good, kept 0 s ago",
        "PASS",
    ] {
        assert!(plan.words.contains(words), "{}", plan.words);
    }
    let (told, end) = stage.step("config.repair: {}").await;
    assert_eq!(stage.text(".env"), GOOD.replace("Z=1", "Z=2"));
    assert!(
        matches!(&end, End::Done(words) if words.contains("keeps its schema")),
        "{end:?}"
    );
    assert!(told[1].contains("the broker accepts a login"), "{told:?}");
    // What a crash would have left undecided shows in the file.
    let after = file_generation(&stage.path(".env"), &stage.hands.state).unwrap();
    assert_ne!(after, before);
    let (again, end) = stage.step("config.repair: {}").await;
    assert!(again.is_empty() && matches!(end, End::Done(_)), "{again:?}");
    no_secret(&(told, end));
    assert_eq!(stage.text("other.env"), "X=\n", "another incident's");
}

/// A crash between the swap and its outcome: nothing is remembered, and nothing is done twice.
#[tokio::test]
async fn what_was_swapped_and_never_written_down_is_not_swapped_again() {
    let stage = stage(&["s3cret"], Reason::Auth);
    stage.write(".env", EMPTIED);
    stage.keep_good(".env", GOOD);
    let plan = stage.plan("config.repair: {}").await;
    let before = plan.before.clone();
    (plan.job)(Arc::clone(&stage.hands)).await.unwrap();
    let now = file_generation(&stage.path(".env"), &stage.hands.state).unwrap();
    assert_ne!(before, [now]);
    let next = stage.next("config.repair: {}").await;
    assert!(matches!(next, Next::Done(_)));
    // One that was cut off before the swap is planned anew, from the same content.
    stage.write(".env", EMPTIED);
    let again = stage.plan("config.repair: {}").await;
    assert_eq!(again.before, before);
}

#[tokio::test]
async fn the_broker_s_own_file_is_found_and_another_stays() {
    let mut stage = stage(&["s3cret"], Reason::Auth);
    stage.write(".env", EMPTIED);
    stage.keep_good(".env", GOOD);
    for target in [Target::Broker, Target::Worker { name: "w".into() }] {
        stage.write(".env", EMPTIED);
        stage.about(target);
        stage.step("config.repair: {}").await;
        assert!(stage.text(".env").contains("rabbit"));
        assert_eq!(stage.text("other.env"), "X=\n");
    }
    stage.about(Target::EnvFile {
        path: "/etc/passwd".into(),
    });
    let (told, end) = stage.step("config.repair: {}").await;
    assert!(told.is_empty() && matches!(end, End::Refused(_)), "{end:?}");
    stage.about(Target::Worker {
        name: "other".into(),
    });
    let (told, end) = stage.step("config.repair: {}").await;
    assert!(told.is_empty() && matches!(end, End::Done(_)), "{end:?}");
}

#[tokio::test]
async fn defaults_are_named_and_never_stand_in_for_a_good_that_can_not_be_read() {
    let stage = stage(&["guest:guest@localhost"], Reason::Auth);
    stage.write(".env", EMPTIED);
    let plan = stage.plan("config.repair: {}").await;
    assert!(
        plan.words.contains("USER (empty) from its default"),
        "{}",
        plan.words
    );
    assert!(
        plan.words.contains("may be another broker's"),
        "{}",
        plan.words
    );
    stage.keep_good(".env", GOOD);
    let records = stage.hands.state.join("last-good");
    for entry in std::fs::read_dir(records).unwrap() {
        std::fs::write(entry.unwrap().path(), "{").unwrap();
    }
    match stage.next("config.repair: {}").await {
        Next::Refuse(words) => assert!(words.contains("can't be read"), "{words}"),
        _ => panic!("a guess was planned"),
    }
    assert_eq!(stage.text(".env"), EMPTIED);
}

/// The decoy accepts guest at localhost, and the real broker is down.
#[tokio::test]
async fn with_a_last_known_good_a_decoy_is_never_asked() {
    let mut stage = stage(&["guest:guest@localhost"], Reason::Refused);
    stage.write(".env", EMPTIED);
    stage.keep_good(".env", GOOD);
    let (told, end) = stage.step("config.repair: {}").await;
    assert_eq!(stage.text(".env"), GOOD.replace("Z=1", "Z=2"));
    assert!(told[1].contains("could not be asked"), "{told:?}");
    assert!(matches!(end, End::Done(_)));
    let asked = stage.asked.lock().unwrap().clone();
    assert!(
        asked.iter().all(|url| url.ends_with("@rabbit")),
        "{asked:?}"
    );
    no_secret(&told);
}

#[tokio::test]
async fn what_can_not_be_mended_is_refused_by_name() {
    let config = CONFIG.replace(", default: guest}\n", "}\n");
    let mut stage = Stage::new(&config, &[], Reason::Auth);
    stage.write(".env", "HOST=\nUSER=\nPASS=\n");
    stage.about(stage.env_file(".env"));
    let (told, end) = stage.step("config.repair: {}").await;
    let End::Refused(words) = end else {
        panic!("{end:?}")
    };
    assert!(
        words.contains("PASS is empty") && words.contains("USER"),
        "{words}"
    );
    assert!(told[1].contains("repaired HOST"), "{told:?}");
}

#[tokio::test]
async fn a_file_broken_again_is_not_fought_over() {
    let mut stage = stage(&["s3cret"], Reason::Auth);
    stage.write(".env", EMPTIED);
    stage.keep_good(".env", GOOD);
    let plan = stage.plan("config.repair: {}").await;
    stage.act(plan).await.unwrap();
    stage.write(".env", EMPTIED);
    let Next::Refuse(words) = stage.next("config.repair: {}").await else {
        panic!()
    };
    assert!(words.contains("broke it again"), "{words}");
}

#[tokio::test]
async fn garbage_is_rolled_back_not_repaired() {
    let mut stage = stage(&["s3cret"], Reason::Auth);
    stage.write(".env", "\u{1}\u{2} garbage\nmore of it\n");
    stage.keep_good(".env", GOOD);
    let (_, end) = stage.step("config.repair: {}").await;
    assert!(
        matches!(&end, End::Refused(words) if words.contains("rolled back")),
        "{end:?}"
    );
    let (_, end) = stage.step("config.validate: {}").await;
    let End::Failed(failure) = end else {
        panic!("{end:?}")
    };
    assert!(failure.message.contains("HOST is missing"), "{failure}");
    let (told, end) = stage.step("config.rollback: {}").await;
    assert_eq!(stage.text(".env"), GOOD);
    assert!(matches!(end, End::Done(_)), "{end:?}");
    assert!(
        told[0].contains("other values for HOST, PASS, USER, Z"),
        "{told:?}"
    );
    no_secret(&told);
    let (told, _) = stage.step("config.rollback: {}").await;
    assert!(told.is_empty(), "{told:?}");
    let (told, end) = stage.step("config.validate: {}").await;
    assert!(matches!(end, End::Done(_)), "{end:?}");
    assert!(told[1].contains("accepts a login"), "{told:?}");
}

#[tokio::test]
async fn nothing_is_rolled_back_to_what_the_broker_refuses() {
    let mut stage = stage(&["changed"], Reason::Auth);
    let person = "HOST=rabbit\nUSER=svc\nPASS=changed\n";
    for now in [person, "HOST=rabbit\nUSER=svc\nPASS=wrong too\n"] {
        stage.write(".env", now);
        let (_, end) = stage.step("config.rollback: {}").await;
        assert!(
            matches!(&end, End::Refused(w) if w.contains("no last known good")),
            "{end:?}"
        );
        stage.keep_good(".env", GOOD);
        let (_, end) = stage.step("config.rollback: {}").await;
        let End::Failed(failure) = end else {
            panic!("{end:?}")
        };
        assert_eq!(failure.reason, Reason::Auth);
        assert_eq!(stage.text(".env"), now);
        std::fs::remove_dir_all(stage.hands.state.join("last-good")).unwrap();
    }
}

#[tokio::test]
async fn a_file_that_is_well_is_not_rolled_back_for_the_broker_s_sake() {
    let mut stage = stage(&["s3cret"], Reason::Auth);
    stage.write(".env", GOOD);
    stage.keep_good(".env", "HOST=old\nUSER=old\nPASS=old\n");
    stage.about(Target::Broker);
    let (told, end) = stage.step("config.rollback: {}").await;
    assert!(told.is_empty() && matches!(end, End::Done(_)), "{end:?}");
    stage.see(EnvFileFacts {
        path: stage.path(".env").display().to_string(),
        login: Some(Err(Reason::Auth)),
        ..EnvFileFacts::default()
    });
    let plan = stage.plan("config.rollback: {}").await;
    assert!(
        plan.words.contains("put the last known good"),
        "{}",
        plan.words
    );
    stage.about(Target::Host);
    let (_, end) = stage.step("config.rollback: {}").await;
    assert!(matches!(end, End::Refused(_)), "{end:?}");
}

#[tokio::test]
async fn only_what_logged_in_once_can_be_put_back() {
    let mut stage = stage(&["s3cret", "old"], Reason::Auth);
    let old = "HOST=rabbit\nUSER=old\nPASS=old\nZ=3\n";
    stage.write(".env", old);
    stage.keep_good(".env", old);
    stage.keep_good(".env", GOOD);
    let plan = stage.plan("config.rollback: {}").await;
    let effect = stage.act(plan).await.unwrap();
    let undo = effect.undo.expect("it was a last known good once");
    let undone = restore::restore(undo, effect.after)(Arc::clone(&stage.hands))
        .await
        .unwrap();
    assert!(
        undone.words.contains("as it was before"),
        "{}",
        undone.words
    );
    assert_eq!(stage.text(".env"), old);
    assert_eq!(undone.after.len(), 1);
    // A person's hand since is not undone.
    stage.begin();
    let plan = stage.plan("config.rollback: {}").await;
    let effect = stage.act(plan).await.unwrap();
    stage.write(".env", "HOST=person\n");
    let failure = restore::restore(effect.undo.unwrap(), effect.after)(Arc::clone(&stage.hands))
        .await
        .err()
        .unwrap();
    assert!(failure.message.contains("changed meanwhile"), "{failure}");
    assert_eq!(stage.text(".env"), "HOST=person\n");
    // What nobody knows to have worked has no way back.
    stage.begin();
    stage.write(".env", EMPTIED);
    let plan = stage.plan("config.repair: {}").await;
    assert!(stage.act(plan).await.unwrap().undo.is_none());
}

#[tokio::test]
async fn validation_names_keys_and_never_values() {
    let mut stage = stage(&["s3cret"], Reason::Auth);
    stage.write(".env", "HOST=a b canary\nUSER=\n");
    let (_, end) = stage.step("config.validate: {}").await;
    let End::Failed(failure) = &end else {
        panic!("{end:?}")
    };
    for key in ["HOST", "USER is empty", "PASS is missing"] {
        assert!(failure.message.contains(key), "{failure}");
    }
    no_secret(&end);
    stage.write(".env", "HOST=rabbit\nUSER=svc\nPASS=wrong-canary\n");
    let (_, end) = stage.step("config.validate: {}").await;
    assert!(
        matches!(&end, End::Failed(f) if f.reason == Reason::Auth),
        "{end:?}"
    );
    no_secret(&end);
    std::fs::remove_file(stage.path(".env")).unwrap();
    let (_, end) = stage.step("config.validate: {}").await;
    assert!(matches!(&end, End::Failed(_)), "{end:?}");
    // Housekeeping looks at all of them.
    stage.write(".env", GOOD);
    stage.about(Target::Host);
    let (told, end) = stage.step("config.validate: {}").await;
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        matches!(&end, End::Failed(f) if f.message.contains("X is empty")),
        "{end:?}"
    );
}
