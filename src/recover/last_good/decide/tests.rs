//! Only what proved good is kept, and the reason says what was missing.

use std::time::{Instant, SystemTime};

use super::*;
use crate::model::facts::{ProcessFacts, Violation, ViolationKind, WorkerFacts, WorkersFacts};
use crate::model::{Evidence, Finding, Severity};

const PATH: &str = "/srv/.env";

fn at(seconds: u64) -> Moment {
    use std::sync::OnceLock;
    static START: OnceLock<Instant> = OnceLock::new();
    let start = *START.get_or_init(Instant::now);
    Moment::new(start, SystemTime::UNIX_EPOCH).after(Duration::from_secs(seconds))
}

fn good_file() -> EnvFileFacts {
    EnvFileFacts {
        path: PATH.into(),
        exists: Some(true),
        violations: Some(Vec::new()),
        content: Some(ContentHash([1; 32])),
        says_login: Some(true),
        login: Some(Ok(())),
        ..EnvFileFacts::default()
    }
}

fn snapshot(processes: Option<usize>) -> Snapshot {
    let mut snapshot = Snapshot::empty(at(0));
    snapshot.workers.interval = Some(Duration::from_secs(5));
    let worker = WorkerFacts {
        name: "w".into(),
        processes: processes.map(|count| vec![ProcessFacts::default(); count]),
        ..WorkerFacts::default()
    };
    let workers = vec![worker];
    let facts = WorkersFacts {
        workers,
        ..WorkersFacts::default()
    };
    snapshot.workers.enter(Ok(facts), at(0), Duration::ZERO);
    snapshot
}

fn assessment(findings: &[(Code, Target)]) -> Assessment {
    let finding = |(code, target): &(Code, Target)| Finding {
        code: *code,
        target: target.clone(),
        severity: Severity::Major,
        since: at(0),
        as_of: at(0),
        summary: String::new(),
        evidence: Vec::<Evidence>::new(),
        processes: Vec::new(),
        cause: None,
    };
    let config = crate::config::Config::defaults(std::path::Path::new("/"));
    let limits = crate::assess::AssessConfig::new(&config);
    let mut history = crate::assess::History::default();
    let mut assessment =
        crate::assess::assess(&Snapshot::empty(at(0)), &mut history, &limits, at(0));
    assessment.findings = findings.iter().map(finding).collect();
    assessment
}

fn judged(file: &EnvFileFacts, findings: &[(Code, Target)]) -> Result<(), NotKept> {
    is_good(
        file,
        &["w".to_owned()],
        &snapshot(Some(1)),
        &assessment(findings),
    )
}

#[test]
fn what_is_good_is_kept_and_each_lack_has_its_name() {
    assert_eq!(judged(&good_file(), &[]), Ok(()));
    let but = |change: fn(&mut EnvFileFacts)| {
        let mut file = good_file();
        change(&mut file);
        judged(&file, &[]).unwrap_err()
    };
    assert_eq!(but(|f| f.content = None), NotKept::Unread);
    assert_eq!(but(|f| f.exists = Some(false)), NotKept::Unread);
    assert_eq!(but(|f| f.problem = Some("line 1".into())), NotKept::Unread);
    assert_eq!(but(|f| f.violations = None), NotKept::Schema);
    let violate = |f: &mut EnvFileFacts| {
        f.violations = Some(vec![Violation {
            key: "A".into(),
            kind: ViolationKind::Empty,
            words: String::new(),
        }]);
        // The decoy: a broker on localhost lets guest in.
        f.login = Some(Ok(()));
    };
    assert_eq!(but(violate), NotKept::Schema);
    assert_eq!(but(|f| f.login = None), NotKept::LoginUntested);
    let auth = but(|f| f.login = Some(Err(Reason::Auth)));
    assert_eq!(auth, NotKept::LoginFailed(Reason::Auth));
}

#[test]
fn a_file_without_the_brokers_keys_needs_no_login() {
    let mut file = good_file();
    (file.says_login, file.login) = (Some(false), None);
    assert_eq!(judged(&file, &[]), Ok(()));
}

#[test]
fn workers_that_are_not_well_speak_against_their_file() {
    let worker = |name: &str| Target::Worker { name: name.into() };
    let unstable = Err(NotKept::WorkersUnstable("w".into()));
    for code in UNSTABLE {
        assert_eq!(
            judged(&good_file(), &[(code, worker("w"))]),
            unstable,
            "{code}"
        );
        assert_eq!(judged(&good_file(), &[(code, worker("other"))]), Ok(()));
    }
    assert_eq!(
        judged(&good_file(), &[(Code::WorkerMemoryGrowing, worker("w"))]),
        Ok(())
    );
    let file = |path: &str| Target::EnvFile { path: path.into() };
    let invalid = [(Code::ConfigInvalid, file(PATH))];
    assert_eq!(judged(&good_file(), &invalid), Err(NotKept::Schema));
    // None runs, or nobody could look.
    for processes in [Some(0), None] {
        let workers = ["w".to_owned()];
        let judged = is_good(
            &good_file(),
            &workers,
            &snapshot(processes),
            &assessment(&[]),
        );
        assert_eq!(judged, unstable);
    }
    // A host whose workers nobody looks at.
    let nobody = Snapshot::empty(at(0));
    let workers = ["w".to_owned()];
    assert_eq!(
        is_good(&good_file(), &workers, &nobody, &assessment(&[])),
        Ok(())
    );
}

#[test]
fn it_must_be_good_for_a_while_with_one_content() {
    let mut since = GoodSince::default();
    let minute = Duration::from_secs(60);
    let mut file = good_file();
    let one = file.content.unwrap();
    let two = ContentHash([2; 32]);
    let mut see = |content, good: Result<(), NotKept>, seconds| {
        file.content = Some(content);
        since.may_keep(&file, good, minute, at(seconds))
    };
    assert_eq!(see(one, Ok(()), 0), Err(NotKept::TooRecent));
    assert_eq!(see(one, Ok(()), 59), Err(NotKept::TooRecent));
    assert_eq!(see(one, Ok(()), 60), Ok(one));
    assert_eq!(see(two, Ok(()), 61), Err(NotKept::TooRecent));
    assert_eq!(see(two, Err(NotKept::Schema), 100), Err(NotKept::Schema));
    assert_eq!(see(two, Ok(()), 121), Err(NotKept::TooRecent));
    assert_eq!(see(two, Ok(()), 181), Ok(two));
}
