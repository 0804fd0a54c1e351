//! What is written, what is left alone, and what is told of it.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::*;
use crate::config::Config;
use crate::model::Secret;
use crate::recover::last_good::Store;
use crate::recover::repair::prepare;

const CONFIG: &str = "state: state\n\
    broker: {amqp: 'amqp://${USER}:${PASS}@rabbit'}\n\
    workers: {w: {match: {cmdline: w}, env_file: .env}, other: {match: {cmdline: o}}}\n\
    env_files:\n- path: .env\n  keys:\n    USER: {required: true, default: guest}\n    \
    PASS: {required: true, type: secret, pattern: '.{3,}', default: default}\n";

struct World {
    dir: tempfile::TempDir,
    config: Config,
}

impl World {
    fn new(env: &str) -> Self {
        Self::with(CONFIG, env)
    }

    fn with(config: &str, env: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("warrener.yml"), config).unwrap();
        let config = Config::load(Some(&dir.path().join("warrener.yml"))).unwrap();
        let world = World { dir, config };
        std::fs::write(world.env(), env).unwrap();
        std::fs::set_permissions(world.env(), PermissionsExt::from_mode(0o640)).unwrap();
        world
    }

    fn env(&self) -> PathBuf {
        self.dir.path().join(".env")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.env()).unwrap()
    }

    fn prepared(&self) -> Prepared {
        prepare(Job::of(&self.config, &self.config.env_files[0])).unwrap()
    }

    fn keep_good(&self, content: &str) {
        let store = Store::open(&State::open(&self.config.state).unwrap()).unwrap();
        let (path, rights) = (&self.config.env_files[0].path, Rights::private());
        store
            .keep(path, content.as_bytes(), &rights, SystemTime::now())
            .unwrap();
    }

    /// Runs with a broker that lets these passwords in; others get `refusal`.
    async fn run(&self, good: &'static [&'static str], refusal: Reason) -> Done {
        run(self.prepared(), &broker(good, refusal)).await
    }

    fn backups(&self) -> Vec<PathBuf> {
        let folder = self.config.state.join(BACKUPS);
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Vec::new();
        };
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

fn broker(good: &'static [&'static str], refusal: Reason) -> LogIn {
    Arc::new(move |urls: Vec<Secret>| {
        let found = good
            .iter()
            .any(|p| urls[0].expose().contains(&format!(":{p}@")));
        Box::pin(async move { found.then_some(()).ok_or(Failure::new(refusal, "rabbit")) })
    })
}

#[tokio::test]
async fn repaired_means_written_backed_up_and_logged_in() {
    let world = World::new("# x\nUSER=\r\nPASS=\nZ=1");
    world.keep_good("USER=svc\nPASS='good one'\n");
    // Only root can give a file away, and so only root's test sees that it is given back.
    if crate::platform::place::effective_user() == 0 {
        std::os::unix::fs::chown(world.env(), Some(65_534), Some(65_534)).unwrap();
    }
    let owner = |path: &Path| {
        let meta = path.metadata().unwrap();
        (meta.uid(), meta.gid())
    };
    let owned_by = owner(&world.env());
    let done = world.run(&["good%20one"], Reason::Auth).await;
    assert!(
        matches!(done.outcome, Outcome::Repaired { logged_in: true }),
        "{done:?}"
    );
    assert!(done.is_fine());
    assert_eq!(world.text(), "# x\nUSER=svc\r\nPASS='good one'\nZ=1");
    assert_eq!(done.workers, ["w"]);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&world.env()), 0o640);
    assert_eq!(owner(&world.env()), owned_by);
    let backup = done.backup.unwrap();
    assert_eq!(
        (std::fs::read(&backup).unwrap(), mode(&backup)),
        (b"# x\nUSER=\r\nPASS=\nZ=1".to_vec(), 0o600)
    );
    // Nothing is left beside it.
    let names = std::fs::read_dir(world.dir.path()).unwrap().count();
    assert_eq!(names, 3, "warrener.yml, .env, state");
    let again = world.run(&["good%20one"], Reason::Auth).await;
    assert!(matches!(again.outcome, Outcome::NothingToDo), "{again:?}");
}

#[tokio::test]
async fn a_broker_that_is_down_leaves_it_unverified_and_so_does_a_refused_default() {
    for reason in [Reason::Refused, Reason::Timeout, Reason::Dns, Reason::Auth] {
        let world = World::new("USER=\nPASS=\n");
        let done = world.run(&[], reason).await;
        let Outcome::WrittenUnverified(failure) = &done.outcome else {
            panic!("{done:?}")
        };
        assert_eq!(failure.reason, reason);
        assert!(!done.is_fine());
        assert_eq!(world.text(), "USER=guest\nPASS=default\n");
        assert_eq!(done.workers, ["w"]);
    }
}

#[tokio::test]
async fn what_logged_in_before_is_not_given_for_what_does_not() {
    // It breaks the schema (too short), and the broker likes it.
    let world = World::new("USER=u\nPASS=ok\n");
    let done = world.run(&["ok"], Reason::Auth).await;
    assert!(matches!(done.outcome, Outcome::RolledBack(_)), "{done:?}");
    assert_eq!(world.text(), "USER=u\nPASS=ok\n");
    assert!(done.backup.is_none() && done.workers.is_empty() && world.backups().is_empty());
    // Nor for what was good once, and whose password was changed at the broker since.
    world.keep_good("USER=u\nPASS=changed\n");
    let done = world.run(&["ok"], Reason::Auth).await;
    assert!(matches!(done.outcome, Outcome::RolledBack(_)), "{done:?}");
    // The broker went down meanwhile: nothing is known of either.
    let done = world.run(&[], Reason::Refused).await;
    assert!(
        matches!(done.outcome, Outcome::WrittenUnverified(_)),
        "{done:?}"
    );
}

#[tokio::test]
async fn a_default_of_the_url_outweighs_defaults_and_not_what_logged_in_once() {
    let config = CONFIG.replace("${PASS}", "${PASS:-guest}");
    let world = World::with(&config, "USER=u\nPASS=\n");
    let done = world.run(&["guest"], Reason::Auth).await;
    assert!(matches!(done.outcome, Outcome::RolledBack(_)), "{done:?}");
    // The decoy lets guest in, while the real broker of the good values is down.
    world.keep_good("USER=u\nPASS=real\n");
    let done = world.run(&["guest"], Reason::Refused).await;
    assert!(
        matches!(done.outcome, Outcome::WrittenUnverified(_)),
        "{done:?}"
    );
    assert_eq!(world.text(), "USER=u\nPASS=real\n");
}

#[tokio::test]
async fn what_can_not_be_mended_is_told_and_the_rest_is() {
    let config = CONFIG.replace(", default: default", "");
    let world = World::with(&config, "USER=\nPASS=\n");
    let done = world.run(&[], Reason::Auth).await;
    assert_eq!(world.text(), "USER=guest\nPASS=\n");
    let Outcome::WrittenUnverified(failure) = &done.outcome else {
        panic!("{done:?}")
    };
    assert_eq!(failure.reason, Reason::Unresolved);
    assert_eq!(done.hopeless[0].violation.key, "PASS");
    let done = world.run(&[], Reason::Auth).await;
    assert!(
        matches!(done.outcome, Outcome::Refused(Refusal::NothingKnown)),
        "{done:?}"
    );
    assert!(!done.is_fine());
}

#[tokio::test]
async fn a_file_that_changes_under_the_repair_is_left_alone() {
    let world = World::new("USER=\nPASS=\n");
    let prepared = world.prepared();
    std::fs::write(world.env(), "USER=person\nPASS=\n").unwrap();
    let done = run(prepared, &broker(&["default"], Reason::Auth)).await;
    assert!(
        matches!(done.outcome, Outcome::Refused(Refusal::Changed)),
        "{done:?}"
    );
    // Also while the broker is asked.
    let (prepared, path) = (world.prepared(), world.env());
    let asked = Arc::new(Mutex::new(0));
    let log_in: LogIn = {
        let asked = Arc::clone(&asked);
        Arc::new(move |_| {
            *asked.lock().unwrap() += 1;
            std::fs::write(&path, "USER=person\nPASS=found\n").unwrap();
            Box::pin(async { Ok(()) })
        })
    };
    let done = run(prepared, &log_in).await;
    assert!(
        matches!(done.outcome, Outcome::Refused(Refusal::Changed)),
        "{done:?}"
    );
    assert_eq!(*asked.lock().unwrap(), 1);
    assert_eq!(world.text(), "USER=person\nPASS=found\n");
}

#[tokio::test]
async fn one_repair_at_a_time_and_none_without_a_place_for_the_backup() {
    let world = World::new("USER=\nPASS=\n");
    let lock = State::open(&world.config.state)
        .unwrap()
        .lock(LOCK)
        .unwrap();
    let done = world.run(&["default"], Reason::Auth).await;
    assert!(
        matches!(done.outcome, Outcome::Refused(Refusal::Busy)),
        "{done:?}"
    );
    drop(lock);
    std::fs::remove_dir_all(&world.config.state).unwrap();
    std::fs::write(&world.config.state, "a file").unwrap();
    let done = world.run(&["default"], Reason::Auth).await;
    assert!(
        matches!(done.outcome, Outcome::Refused(Refusal::State(_))),
        "{done:?}"
    );
    assert_eq!(world.text(), "USER=\nPASS=\n");
}

#[tokio::test]
async fn the_operators_own_symlink_is_written_through_and_stays() {
    let world = World::new("USER=\nPASS=\n");
    let real = world.dir.path().join("real.env");
    std::fs::rename(world.env(), &real).unwrap();
    symlink("real.env", world.env()).unwrap();
    let done = world.run(&["default"], Reason::Auth).await;
    assert!(matches!(done.outcome, Outcome::Repaired { .. }), "{done:?}");
    assert!(world.env().symlink_metadata().unwrap().is_symlink());
    assert_eq!(
        std::fs::read_to_string(real).unwrap(),
        "USER=guest\nPASS=default\n"
    );
}

#[tokio::test]
async fn a_file_that_is_gone_is_made_with_the_mode_it_had() {
    let world = World::new("");
    world.keep_good("# all\nUSER=svc\nPASS=good\n");
    std::fs::remove_file(world.env()).unwrap();
    let done = world.run(&["good"], Reason::Auth).await;
    assert!(
        matches!(done.outcome, Outcome::Repaired { logged_in: true }),
        "{done:?}"
    );
    assert_eq!(world.text(), "# all\nUSER=svc\nPASS=good\n");
    assert!(done.backup.is_none());
    let mode = world.env().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
}

#[tokio::test]
async fn backups_are_bounded_and_dry_runs_leave_nothing() {
    let world = World::new("USER=\nPASS=\n");
    drop(world.prepared());
    assert!(!world.config.state.exists());
    let state = State::open(&world.config.state).unwrap();
    let held = Held {
        _lock: state.lock(LOCK).unwrap().unwrap(),
        state,
    };
    let job = world.prepared().job;
    let mut last = None;
    for _ in 0..MOST_BACKUPS + 5 {
        last = Some(back_up(&job, &held, b"x").unwrap());
    }
    assert!(world.backups().len() <= MOST_BACKUPS);
    assert!(last.unwrap().exists());
}

#[test]
fn an_attempt_that_came_to_nothing_pushes_out_no_older_backup() {
    let world = World::new("USER=\nPASS=good\n");
    let prepared = world.prepared();
    let held = begin(&prepared).unwrap();
    let mut kept = Vec::new();
    for content in ["A=1", "A=2", "A=2", "A=2"] {
        kept.push(back_up(&prepared.job, &held, content.as_bytes()).unwrap());
    }
    assert_eq!(kept[1], kept[3]);
    assert_eq!(world.backups().len(), 2);
}

/// A worker could else read through root's eyes whatever has one line.
#[test]
fn as_root_no_default_comes_through_a_link_of_a_workers() {
    let config = CONFIG.replace("default: default", "default_from: secrets/pass");
    let world = World::with(&config, "USER=guest\nPASS=\n");
    let (secret, folder) = (
        world.dir.path().join("roots"),
        world.dir.path().join("secrets"),
    );
    std::fs::write(&secret, "for-root-alone\n").unwrap();
    std::fs::create_dir(&folder).unwrap();
    symlink(&secret, folder.join("pass")).unwrap();
    if crate::platform::place::effective_user() != 0 {
        // One who is not root reads what he may read.
        return;
    }
    std::os::unix::fs::chown(&folder, Some(65534), Some(65534)).unwrap();
    let plan = world.prepared().plan;
    assert!(plan.is_empty());
    assert!(
        plan.hopeless[0].why.join(" ").contains("symlink"),
        "{:?}",
        plan.hopeless
    );
    // One that root made in root's folder is followed.
    std::os::unix::fs::chown(&folder, Some(0), Some(0)).unwrap();
    assert_eq!(world.prepared().plan.changes.len(), 1);
}
