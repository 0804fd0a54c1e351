//! Against a real Alertmanager, and purely.

use std::collections::BTreeMap;
use std::time::{Instant, SystemTime};

use serde_json::{Value, json};
use testbed::{Alertmanager, http, wait_until};
use tokio::sync::{Notify, mpsc};

use super::*;
use crate::config::Worker;
use crate::model::{Moment, RunMode, Standing, Trigger, TriggerSource, TriggerStatus};
use crate::recover::desk::{Counts, Reading};
use crate::recover::ledger::Handle;
use crate::recover::targets::Targets;

const PATIENCE: Duration = Duration::from_secs(30);
const QUIET: &str = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n";

fn now() -> Moment {
    Moment::new(Instant::now(), SystemTime::now())
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

fn alert(name: &str, worker: &str) -> Value {
    json!({"labels": {"alertname": name, "worker": worker, "instance": "h:15699"}})
}

/// A warrener with a worker `task`, and the Alertmanager at `url`.
struct Host {
    _folder: tempfile::TempDir,
    reconciler: Reconciler,
    silences: watch::Receiver<Arc<Silences>>,
    passes: Arc<Passes>,
}

impl Host {
    fn with(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.workers.insert("task".into(), Worker::default());
        config.recovery.alertmanager = Some(url.parse().unwrap());
        let reading = Reading {
            config: Arc::new(config.clone()),
            targets: Targets::of(&config),
            identity: "app-1".into(),
        };
        let (orders, _) = mpsc::channel(1);
        let standing = Arc::new(Standing::unknown(RunMode::Auto, false));
        let desk = Desk {
            ledger: Handle::start(folder.path().join("state")).unwrap(),
            reading: watch::channel(Arc::new(reading)).1,
            orders,
            standing: watch::channel(standing).1,
            news: Arc::new(Notify::new()),
            counts: Arc::new(Counts::default()),
            now,
        };
        let (told, silences) = watch::channel(Arc::new(Silences::default()));
        let passes = Arc::new(Passes::default());
        let reconciler = Reconciler::new(desk, Arc::new(config), told, passes.clone()).unwrap();
        Host {
            _folder: folder,
            reconciler: reconciler.unwrap(),
            silences,
            passes,
        }
    }

    async fn pass(&mut self) -> Accepted {
        self.reconciler.pass().await.unwrap()
    }

    /// What the ledger holds, oldest first.
    async fn triggers(&self) -> Vec<Trigger> {
        let ledger = &self.reconciler.desk.ledger;
        let pending = ledger.read(|l| l.pending(100)).await.unwrap();
        pending.into_iter().map(|pending| pending.trigger).collect()
    }

    async fn stamped(&self, stamp: Stamp) -> bool {
        let ledger = &self.reconciler.desk.ledger;
        let stamped = ledger.read(move |l| l.stamped(stamp)).await.unwrap();
        stamped.is_some()
    }
}

fn listed(alertmanager: &Alertmanager, number: usize) {
    wait_until("the alerts are listed", PATIENCE, || {
        alertmanager.alerts().unwrap().as_array().unwrap().len() == number
    })
    .unwrap();
}

#[tokio::test]
async fn what_was_posted_while_warrener_was_down_is_found_and_what_is_over_is_resolved() {
    let alertmanager = Alertmanager::start(QUIET).unwrap();
    let ours = alert("WorkerDown", "task");
    let all = json!([
        ours,
        alert("WorkerDown", "another"),
        alert("Watchdog", "task"),
        alert("$(reboot)", "task"),
        {"labels": {"alertname": "WorkerHung", "worker": "task", "identity": "app-2"}},
    ]);
    alertmanager.send(&all).unwrap();
    listed(&alertmanager, 5);
    let mut host = Host::with(&alertmanager.url());
    let accepted = host.pass().await;
    assert_eq!(
        (accepted.triggers, accepted.new, accepted.quarantined),
        (1, 1, 1)
    );
    let found = host.triggers().await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].source, TriggerSource::Reconcile);
    assert_eq!(found[0].status, TriggerStatus::Firing);
    assert_eq!(found[0].target.key(), "worker:task");
    assert!(found[0].starts_at.is_some());
    let told = alertmanager.alerts().unwrap();
    let told = told.as_array().unwrap().iter();
    let fingerprint = told
        .filter(|one| one["labels"]["alertname"] == "WorkerDown")
        .find(|one| one["labels"]["worker"] == "task")
        .map(|one| one["fingerprint"].as_str().unwrap().to_owned());
    assert_eq!(Some(&found[0].fingerprint), fingerprint.as_ref());
    assert!(host.stamped(Stamp::Reconciled).await);
    assert!(
        !host.stamped(Stamp::Watchdog).await,
        "a heartbeat must be posted"
    );

    // As Prometheus does all the time; what is put aside stays so.
    let begin = alertmanager.alerts().unwrap()[0]["updatedAt"].clone();
    alertmanager.send(&all).unwrap();
    wait_until("they are there again", PATIENCE, || {
        alertmanager.alerts().unwrap()[0]["updatedAt"] != begin
    })
    .unwrap();
    assert_eq!(host.pass().await, Accepted::default(), "nothing is new");
    let mut over = ours;
    over["endsAt"] = json!("2020-01-01T00:00:00Z");
    alertmanager.send(&json!([over])).unwrap();
    listed(&alertmanager, 4);
    assert_eq!(
        host.pass().await,
        Accepted::default(),
        "missing once is not over"
    );
    assert_eq!(host.pass().await.new, 1);
    let both = host.triggers().await;
    assert_eq!(both[1].status, TriggerStatus::Resolved);
    assert_eq!(both[1].fingerprint, found[0].fingerprint);
    assert_eq!(host.pass().await, Accepted::default());
    assert_eq!(host.passes.get(), (5, 0));
}

#[tokio::test]
async fn a_silence_is_seen_and_an_alertmanager_that_is_gone_takes_none_away() {
    let alertmanager = Alertmanager::start(QUIET).unwrap();
    let silence = json!({
        "matchers": [
            {"name": "alertname", "value": "Worker(Down|Hung)", "isRegex": true, "isEqual": true},
            {"name": "worker", "value": "mail", "isRegex": false, "isEqual": false},
        ],
        "startsAt": "2020-01-01T00:00:00Z",
        "endsAt": "2099-01-01T00:00:00Z",
        "createdBy": "a person",
        "comment": "deploy",
    });
    let url = format!("{}/api/v2/silences", alertmanager.url());
    let made = http::post(&url, &silence.to_string()).unwrap();
    assert_eq!(made.status, 200, "{}", made.body);
    let made: Value = serde_json::from_str(&made.body).unwrap();
    alertmanager
        .send(&json!([alert("WorkerDown", "task")]))
        .unwrap();
    wait_until("the alert is silenced", PATIENCE, || {
        alertmanager.alerts().unwrap()[0]["status"]["state"] == "suppressed"
    })
    .unwrap();
    let mut host = Host::with(&alertmanager.url());
    assert_eq!(
        host.pass().await.new,
        1,
        "a silenced one fires all the same"
    );
    let at: Timestamp = now().into();
    let about = |name, worker| labels(&[("alertname", name), ("worker", worker)]);
    let seen = host.silences.borrow().clone();
    let found = seen.silence_for(&about("WorkerDown", "task"), at).unwrap();
    assert_eq!(found.id, made["silenceID"].as_str().unwrap());
    assert_eq!(found.ends_at, Timestamp(4_070_908_800_000));
    assert_eq!(seen.silence_for(&about("WorkerDown", "mail"), at), None);
    assert_eq!(seen.silence_for(&about("XWorkerDown", "task"), at), None);

    alertmanager.stop().unwrap();
    let error = host.reconciler.pass().await.unwrap_err().to_string();
    assert!(error.contains("nothing listens there"), "{error}");
    let still = host.silences.borrow().clone();
    assert!(
        still
            .silence_for(&about("WorkerDown", "task"), at)
            .is_some()
    );
    assert_eq!(host.passes.get(), (1, 1));
    assert_eq!(
        host.triggers().await.len(),
        1,
        "nothing is resolved for that"
    );
}

#[tokio::test]
async fn it_begins_at_once_and_says_what_is_wrong() {
    let alertmanager = Alertmanager::start(QUIET).unwrap();
    let Host {
        _folder,
        reconciler,
        mut silences,
        passes,
    } = Host::with(&alertmanager.url());
    let ledger = reconciler.desk.ledger.clone();
    let running = tokio::spawn(reconciler.run());
    tokio::time::timeout(PATIENCE, silences.changed())
        .await
        .unwrap()
        .unwrap();
    let reconciled = async {
        while passes.get() != (1, 0) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, reconciled).await.unwrap();
    let stamped = ledger.read(|l| l.stamped(Stamp::Reconciled)).await.unwrap();
    assert!(stamped.is_some());
    running.abort();

    let mut host = Host::with(&format!("{}/wrong", alertmanager.url()));
    let error = host.reconciler.pass().await.unwrap_err().to_string();
    assert!(
        error.contains("answered 404; recovery.alertmanager is the URL without"),
        "{error}"
    );
    let mut host = Host::with("http://u:hunter2@${NOWHERE_TO_BE_FOUND}:1");
    let error = host.reconciler.pass().await.unwrap_err().to_string();
    assert!(error.contains("NOWHERE_TO_BE_FOUND"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn matchers_are_alertmanagers() {
    let set = labels(&[("a", "one"), ("empty", "")]);
    for (name, value, is_regex, is_equal, fits) in [
        ("a", "one", false, true, true),
        ("a", "on", false, true, false),
        ("a", "one", false, false, false),
        ("a", "two", false, false, true),
        // Whole values alone.
        ("a", "on", true, true, false),
        ("a", "on.", true, true, true),
        ("a", "x|one", true, true, true),
        ("a", "x|on", true, true, false),
        ("a", "one", true, false, false),
        // What is missing is empty.
        ("b", "", false, true, true),
        ("empty", "", false, true, true),
        ("b", ".*", true, true, true),
        ("b", ".+", true, true, false),
        ("b", ".+", true, false, true),
        ("b", "x", false, false, true),
        // What can't be read may fit.
        ("a", "(", true, true, true),
        ("a", "(", true, false, true),
    ] {
        let matcher = Matcher::new(name, value, is_regex, is_equal);
        assert_eq!(
            matcher.fits(&set),
            fits,
            "{name} {value} {is_regex} {is_equal}"
        );
    }
}

#[test]
fn a_silence_holds_from_its_beginning_to_its_end() {
    let silence = |id: &str, from, to, matchers| Silence {
        id: id.into(),
        starts_at: Timestamp(from),
        ends_at: Timestamp(to),
        matchers,
    };
    let any = || vec![Matcher::new("a", "1", false, true)];
    let silences = Silences::new(vec![
        silence("short", 10, 20, any()),
        silence("long", 10, 30, any()),
        silence("about nothing", 0, 99, Vec::new()),
    ]);
    let at = |now| {
        let found = silences.silence_for(&labels(&[("a", "1")]), Timestamp(now));
        found.map(|silence| silence.id)
    };
    assert_eq!(at(9), None);
    assert_eq!(at(10).as_deref(), Some("long"));
    assert_eq!(at(29).as_deref(), Some("long"));
    assert_eq!(at(30), None);
}

#[test]
fn the_pipeline_is_silent_only_where_it_once_spoke() {
    let now = Timestamp(10_000_000);
    let ago = |seconds| Some(now.before(Duration::from_secs(seconds)));
    assert!(!pipeline_silent(None, now, SILENT_AFTER));
    assert!(!pipeline_silent(ago(299), now, SILENT_AFTER));
    assert!(pipeline_silent(ago(300), now, SILENT_AFTER));
    assert!(!pipeline_silent(
        Some(now.after(SILENT_AFTER)),
        now,
        SILENT_AFTER
    ));
}
