//! What every run shares: the ledger, the newest of the world, and the gate at which they are decided
//! one at a time.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::crash::Crash;
use super::setup::Setup;
use super::words;
use crate::model::{
    HoldReason, Incident, IncidentId, IncidentKey, Moment, Pause, Run, RunId, Times, Timestamp,
};
use crate::platform::observe::InstanceState;
use crate::recover::actions::World;
use crate::recover::alertmanager::Silences;
use crate::recover::guard::{self, Cluster, LocalNode, View};
use crate::recover::last_good::Assessed;
use crate::recover::ledger::{Handle, Ledger, LedgerError, Trouble};
use crate::recover::notify::{self, Message};
use crate::recover::verify::{is_later, is_newer};

/// Budgets and stops are counted over at most this long.
const DAY: Duration = Duration::from_secs(86_400);
/// Time alone changes what is read too: a pause ends.
const RECENT: Duration = Duration::from_secs(1);
/// A control that takes longer tells nothing.
const PATIENCE: Duration = Duration::from_secs(3);

/// What every run shares.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) ledger: Handle,
    pub(super) setup: watch::Receiver<Arc<Setup>>,
    pub(super) assessed: watch::Receiver<Option<Assessed>>,
    /// Something new is in the ledger, or a wish was said.
    pub(super) news: Arc<Notify>,
    /// Something is in the outbox.
    outbox: Arc<Notify>,
    /// Held while it is decided whether a run may go: two never decide at once.
    pub(super) gate: tokio::sync::Mutex<()>,
    pub(super) now: fn() -> Moment,
    /// Ends warrener where a test told it to.
    pub(super) crash: Crash,
    /// When the engine was made.
    pub(super) begun: Moment,
    silences: watch::Receiver<Arc<Silences>>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    wishes: HashMap<RunId, watch::Sender<Wishes>>,
    holds: BTreeMap<HoldReason, u64>,
    times: BTreeMap<String, Times>,
    /// What the ledger held last: in which edition, when.
    record: Option<(u64, Timestamp, Arc<Record>)>,
}

/// What people said about a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    pub(super) approved: bool,
    pub(super) cancelled: bool,
}

/// What the ledger knows that the guard asks for.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) incidents: Vec<Incident>,
    pub(super) runs: Vec<Run>,
    pub(super) pauses: Vec<Pause>,
}

impl Record {
    /// What the guard decides by.
    pub(super) fn view<'a>(
        &'a self,
        world: &'a World,
        node: Node,
        cluster: &'a Cluster,
        trouble: Option<&'a Trouble>,
    ) -> View<'a> {
        View {
            config: &world.config,
            targets: &world.targets,
            snapshot: &world.snapshot,
            assessment: &world.assessment,
            local_node: node.is,
            cluster,
            broker_stopped_by_operator: node.stopped_by_operator,
            observe_only: trouble.map(|trouble| trouble.words.as_str()),
            incidents: &self.incidents,
            runs: &self.runs,
            pauses: &self.pauses,
            now: world.now,
        }
    }
}

/// What this host's broker node does, by its control and the probes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Node {
    pub(super) is: LocalNode,
    pub(super) stopped_by_operator: Option<bool>,
}

impl Shared {
    pub(super) fn new(
        ledger: Handle,
        setup: watch::Receiver<Arc<Setup>>,
        assessed: watch::Receiver<Option<Assessed>>,
        news: Arc<Notify>,
        outbox: Arc<Notify>,
        silences: watch::Receiver<Arc<Silences>>,
        now: fn() -> Moment,
    ) -> Self {
        Shared {
            ledger,
            setup,
            assessed,
            news,
            outbox,
            gate: tokio::sync::Mutex::new(()),
            now,
            crash: Crash::of_environment(),
            begun: now(),
            silences,
            inner: Mutex::default(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.now)().into()
    }

    pub(super) fn setup(&self) -> Arc<Setup> {
        Arc::clone(&self.setup.borrow())
    }

    /// The newest world; `None` before the first assessment.
    pub(super) fn world(&self) -> Option<World> {
        let setup = self.setup();
        let newest = self.assessed.borrow().clone()?;
        let nodes = newest.snapshot.broker.last_facts().map(|facts| {
            let nodes = facts.nodes.iter().map(|node| node.name.clone());
            nodes.collect::<Vec<_>>()
        });
        let targets = match nodes {
            Some(nodes) => {
                // Only where its control is here. One alone need not be named; of a cluster one may be
                // all that is seen, and be another's.
                let broker = &setup.config.broker;
                let own = broker.control.as_ref().and_then(|_| match &nodes[..] {
                    [only] => Some(broker.node.as_ref().unwrap_or(only).clone()),
                    _ => broker.node.clone(),
                });
                Arc::new(setup.targets.as_ref().clone().with_nodes(nodes, own))
            }
            None => Arc::clone(&setup.targets),
        };
        Some(World {
            config: Arc::clone(&setup.config),
            targets,
            snapshot: newest.snapshot,
            assessment: newest.assessment,
            now: (self.now)(),
        })
    }

    /// The world once its assessment, and where `workers` says so what is known of the workers, is
    /// newer than `after`; `None` when that takes longer than `patience`.
    pub(super) async fn world_after(
        &self,
        after: Moment,
        workers: bool,
        patience: Duration,
    ) -> Option<World> {
        let mut assessed = self.assessed.clone();
        let newer = async {
            loop {
                assessed.borrow_and_update();
                if let Some(world) = self.world() {
                    let matters = workers && !world.config.workers.is_empty();
                    let seen = !matters || is_newer(&world.snapshot.workers, after);
                    if seen && is_later(world.assessment.at, after) {
                        return Some(world);
                    }
                }
                if assessed.changed().await.is_err() {
                    return None;
                }
            }
        };
        tokio::time::timeout(patience, newer).await.ok().flatten()
    }

    /// What the guard asks of the ledger: read once for all who ask while nothing is written.
    pub(super) async fn record(&self) -> Result<Arc<Record>, LedgerError> {
        let (now, edition) = (self.now(), self.ledger.edition());
        let known = self.lock().record.clone();
        if let Some((of, at, record)) = known
            && of == edition
            && now.since(at).max(at.since(now)) < RECENT
        {
            return Ok(record);
        }
        let read = move |ledger: &Ledger| {
            Ok(Record {
                incidents: ledger.open_incidents()?,
                runs: ledger.runs_since(now.before(DAY))?,
                pauses: ledger.pauses(now)?,
            })
        };
        let record = Arc::new(self.ledger.read(read).await?);
        // Under the edition from before it was read: what was written meanwhile is read again.
        self.lock().record = Some((edition, now, Arc::clone(&record)));
        Ok(record)
    }

    /// Looks at this host's broker node.
    pub(super) async fn node(&self, world: &World) -> Node {
        let setup = self.setup();
        let Some(broker) = &setup.hands.broker else {
            return Node::default();
        };
        let asked = async { broker.lock().await.instances().await };
        let Ok(Ok(instances)) = tokio::time::timeout(PATIENCE, asked).await else {
            return Node::default();
        };
        let Some(instance) = instances.first() else {
            return Node::default();
        };
        let answers = [
            world.snapshot.broker.success(),
            world.snapshot.roundtrip.success(),
        ];
        let is = match instance.state {
            _ if answers.iter().all(|answer| *answer == Some(true)) => LocalNode::Up,
            InstanceState::Stopped | InstanceState::Failed => LocalNode::Down,
            // One that is on its way up does not answer yet.
            InstanceState::Running if answers[1] == Some(false) => LocalNode::Hung,
            _ => LocalNode::Unknown,
        };
        Node {
            is,
            stopped_by_operator: instance.stopped_by_operator,
        }
    }

    /// Looks at this host's broker node again and again, for as long as it is polled: systemd forgets
    /// what a person stopped and that is not enabled, and then only who watched it knows.
    pub(super) async fn watch_node(&self) {
        loop {
            let hands = Arc::clone(&self.setup().hands);
            if let Some(broker) = &hands.broker
                && let Ok(mut broker) = broker.try_lock()
                && broker.watches()
            {
                // What it says is asked when it counts.
                drop(tokio::time::timeout(PATIENCE, broker.instances()).await);
            }
            tokio::time::sleep(PATIENCE).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What people say about a run, from now on.
    pub(super) fn listen(&self, run: RunId) -> watch::Receiver<Wishes> {
        let mut inner = self.lock();
        let sender = inner
            .wishes
            .entry(run)
            .or_insert_with(|| watch::channel(Wishes::default()).0);
        sender.subscribe()
    }

    /// Nobody works on a run any more.
    pub(super) fn forget(&self, run: RunId) {
        self.lock().wishes.remove(&run);
    }

    /// Says something about a run; whether anybody works on it.
    pub(super) fn wish(&self, run: RunId, wish: impl FnOnce(&mut Wishes)) -> bool {
        match self.lock().wishes.get(&run) {
            Some(wishes) => {
                wishes.send_modify(wish);
                true
            }
            None => false,
        }
    }

    pub(super) fn count_hold(&self, reason: HoldReason) {
        *self.lock().holds.entry(reason).or_default() += 1;
    }

    pub(super) fn holds(&self) -> BTreeMap<HoldReason, u64> {
        self.lock().holds.clone()
    }

    pub(super) fn enter_times(&self, playbook: &str, to_act: Option<f64>, to_recover: f64) {
        let mut inner = self.lock();
        let times = inner.times.entry(playbook.to_owned()).or_default();
        times.to_act.extend(to_act);
        times.to_recover.push(to_recover);
    }

    pub(super) fn times(&self) -> BTreeMap<String, Times> {
        self.lock().times.clone()
    }

    /// There is something in the outbox.
    pub(super) fn posted(&self) {
        self.outbox.notify_one();
    }

    /// Tells people; what can't be told is in the log.
    pub(super) async fn tell(&self, message: Message) {
        let (config, now) = (Arc::clone(&self.setup().config), self.now());
        if let Err(error) = notify::tell(&self.ledger, &config, message, now).await {
            tracing::error!(%error, "people could not be told");
        }
        self.outbox.notify_one();
    }

    /// The silence of Alertmanager's that covers what a run is about: by the labels of the alerts that
    /// ask for it, and by those that its finding's alert has.
    pub(super) async fn silence(
        &self,
        incident: IncidentId,
        key: &IncidentKey,
    ) -> Option<guard::Silence> {
        let silences = Arc::clone(&self.silences.borrow());
        if silences.list().is_empty() {
            return None;
        }
        let now = self.now();
        let asked = self.ledger.read(move |ledger| ledger.labels_of(incident));
        let mut labels = asked.await.unwrap_or_default();
        labels.push(words::labels(key));
        let found = labels
            .iter()
            .filter_map(|own| silences.silence_for(own, now));
        found.max_by_key(|silence| silence.ends_at)
    }
}
