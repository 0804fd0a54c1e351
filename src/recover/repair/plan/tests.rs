//! Only what is broken is touched, by the best source that keeps the schema.

use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;

use super::*;
use crate::config::Config;

fn schema(keys: &str) -> EnvFile {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("warrener.yml");
    std::fs::write(&file, format!("env_files:\n- path: .env\n{keys}")).unwrap();
    let mut config = Config::load(Some(&file)).unwrap_or_else(|errors| panic!("{errors}"));
    config.env_files.pop().unwrap()
}

/// The four of the story.
fn four() -> EnvFile {
    static FOUR: std::sync::OnceLock<EnvFile> = std::sync::OnceLock::new();
    let made = || {
        schema(
            "  keys:\n    HOST: {required: true, type: host, default: localhost}\n    \
         PORT: {required: true, type: port, default: 5672}\n    \
         USER: {required: true}\n    \
         PASS: {required: true, type: secret, default_from: /run/pass}\n",
        )
    };
    FOUR.get_or_init(made).clone()
}

fn taken() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(7)
}

fn sources(last_good: Option<&str>, pass: Option<Result<&str, &str>>) -> Sources {
    let pass = pass.map(|pass| pass.map(Secret::from).map_err(str::to_owned));
    Sources {
        last_good: last_good.map(|text| (Document::parse(text.as_bytes()), taken())),
        default_from: pass
            .map(|pass| ("PASS".to_owned(), pass))
            .into_iter()
            .collect(),
    }
}

fn planned(file: &str, schema: &EnvFile, sources: &Sources) -> (Plan, String) {
    let plan = plan(Some(&Document::parse(file.as_bytes())), schema, sources);
    let after = String::from_utf8(plan.after().print()).unwrap();
    (plan, after)
}

fn froms(plan: &Plan) -> Vec<(&str, &'static str)> {
    let changes = plan.changes.iter();
    changes.map(|c| (c.key.as_str(), c.from.as_str())).collect()
}

const GOOD: &str =
    "# broker\nHOST=rabbit\nexport PORT=5673 # old one\nUSER='svc'\nPASS=\"p w\"\n\nX=1\n";
const EMPTIED: &str = "# broker\nHOST=\nexport PORT= # old one\nUSER=''\nPASS=\n\nX=2\n";

#[test]
fn the_four_emptied_lines_come_back_as_they_were() {
    let (plan, after) = planned(EMPTIED, &four(), &sources(Some(GOOD), None));
    assert_eq!(after, GOOD.replace("X=1", "X=2"));
    let good = "last_known_good";
    let all = [
        ("HOST", good),
        ("PORT", good),
        ("USER", good),
        ("PASS", good),
    ];
    assert_eq!(froms(&plan), all);
    let lines: Vec<_> = plan
        .changes
        .iter()
        .map(|c| (c.line.unwrap(), c.open))
        .collect();
    assert_eq!(lines, [(2, true), (3, true), (4, true), (5, false)]);
    assert!(plan.hopeless.is_empty() && plan.is_proven());
    assert!(!format!("{plan:?}").contains("p w"));
}

#[test]
fn each_key_takes_the_best_source_and_what_has_none_says_why() {
    let some = sources(Some("HOST=good\nPORT=99999\nUSER=\n"), Some(Ok("secret")));
    let (plan, after) = planned(EMPTIED, &four(), &some);
    let expected = [
        ("HOST", "last_known_good"),
        ("PORT", "default"),
        ("PASS", "default_from"),
    ];
    assert_eq!(froms(&plan), expected);
    assert!(after.contains("HOST=good\nexport PORT=5672 # old one\nUSER=''\nPASS=secret\n"));
    let [user] = plan.hopeless.as_slice() else {
        panic!("{plan:?}")
    };
    assert_eq!((user.violation.key.as_str(), user.line), ("USER", Some(4)));
    let why = [
        "the last known good is empty",
        "it has no default_from",
        "it has no default",
    ];
    assert_eq!(user.why, why);
    assert!(!plan.is_proven());

    let (plan, _) = planned(
        EMPTIED,
        &four(),
        &sources(None, Some(Err("permission denied"))),
    );
    let pass = &plan
        .hopeless
        .iter()
        .find(|h| h.violation.key == "PASS")
        .unwrap()
        .why;
    let denied = "default_from /run/pass: permission denied";
    assert_eq!(pass[..2], ["there is no last known good", denied]);
}

#[test]
fn what_keeps_the_schema_is_not_touched() {
    let other = "HOST=other\nPORT=1\nUSER=u\nPASS=x\nODD=\n";
    let (plan, after) = planned(other, &four(), &sources(Some(GOOD), None));
    assert!(plan.is_empty() && plan.hopeless.is_empty());
    assert_eq!(after, other);
}

#[test]
fn malformed_and_missing_keys_are_repaired_and_duplicates_where_they_count() {
    let some = sources(Some(GOOD), None);
    let (plan, after) = planned("PORT=1\nHOST=a b\nPORT=99999\r\nUSER=u", &four(), &some);
    assert_eq!(
        after,
        "PORT=1\nHOST=rabbit\nPORT=5673\r\nUSER=u\r\nPASS=\"p w\"\r\n"
    );
    let lines: Vec<_> = plan
        .changes
        .iter()
        .map(|c| (c.key.as_str(), c.line))
        .collect();
    assert_eq!(
        lines,
        [("HOST", Some(2)), ("PORT", Some(3)), ("PASS", None)]
    );
}

#[test]
fn a_quote_left_open_costs_no_line() {
    let open = "HOST='\nPORT=5672\nUSER='\nPASS=x\n";
    let (plan, after) = planned(open, &four(), &sources(Some(GOOD), None));
    assert!(after.starts_with(open), "{after}");
    assert_eq!(plan.hopeless[0].violation.key, "HOST");
    assert!(plan.hopeless[0].why[0].contains("several lines"));
    assert_eq!(froms(&plan).len(), 2, "PORT and USER are added");
}

#[test]
fn a_repaired_key_may_ask_for_others() {
    let schema = schema(
        "  keys:\n    TLS: {required: true, type: bool, default: 'true'}\n    \
         CA: {type: path, default: /ca.pem}\n  \
         rules: [{when: TLS == true, require: [CA, NAME]}]\n",
    );
    let (plan, after) = planned("TLS=\n", &schema, &sources(Some("NAME=n\n"), None));
    assert_eq!(after, "TLS=true\nCA=/ca.pem\nNAME=n\n");
    // What the schema does not name is nobody's to show.
    assert!(!plan.changes.iter().find(|c| c.key == "NAME").unwrap().open);
}

#[test]
fn a_file_that_is_gone_comes_back_whole_or_from_defaults() {
    let restored = plan(None, &four(), &sources(Some(GOOD), None));
    assert_eq!(restored.restored, Some(taken()));
    assert_eq!(restored.after().print(), GOOD.as_bytes());
    assert!(!restored.is_empty() && restored.before().print().is_empty());
    let made = plan(None, &four(), &sources(None, Some(Ok("p"))));
    assert_eq!(made.after().print(), b"HOST=localhost\nPASS=p\nPORT=5672\n");
    assert_eq!(made.hopeless.len(), 1);
}

fn lines() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        "(export )?(HOST|PORT|USER|PASS)[ ]?=[a-z0-9 '\"#]{0,6}",
        "#[ a-z=]{0,8}",
        "[A-Z]{1,3}=[a-z$]{0,4}",
        Just(String::new()),
        any::<String>(),
    ];
    let ending = prop_oneof![Just("\n"), Just("\r\n")];
    let lines = proptest::collection::vec((line, ending), 0..12);
    lines.prop_map(|lines| lines.into_iter().map(|(l, e)| l + e).collect())
}

proptest! {
    #[test]
    fn a_repair_mends_what_it_names_and_nothing_else_and_once(
        file in lines(), good in proptest::option::of(lines()), pass in "[!-~]{1,12}"
    ) {
        let schema = four();
        let sources = sources(good.as_deref(), Some(Ok(&pass)));
        let before = Document::parse(file.as_bytes());
        let first = plan(Some(&before), &schema, &sources);
        let after = first.after();
        // What it says it changed keeps the schema now; what still breaks it is told.
        let left: Vec<_> = broken(after, &schema).into_iter().map(|v| v.key).collect();
        let told: Vec<_> = first.hopeless.iter().map(|h| h.violation.key.clone()).collect();
        prop_assert_eq!(
            left.iter().collect::<BTreeSet<_>>(), told.iter().collect::<BTreeSet<_>>()
        );
        for change in &first.changes {
            prop_assert_eq!(after.get(&change.key), Some(&change.after));
        }
        // No line is lost, and the values of all other keys are what they were.
        let changed: Vec<_> = first.changes.iter().map(|c| c.key.as_str()).collect();
        prop_assert!(after.pieces().len() >= before.pieces().len());
        for assignment in before.assignments() {
            if !changed.contains(&assignment.key.as_str()) {
                prop_assert_eq!(after.get(&assignment.key), before.get(&assignment.key));
            }
        }
        let faults = |document: &Document| document.faults().map(|(_, f)| f).collect::<Vec<_>>();
        prop_assert_eq!(faults(after), faults(&before));
        // Once is enough.
        let second = plan(Some(after), &schema, &sources);
        prop_assert!(second.is_empty());
        prop_assert_eq!(second.after().print(), after.print());
    }
}
