//! What a step does: one file per action. [`next`] looks at the world and says what is to be done
//! next, exactly; [`Plan::job`] does it. Nothing is remembered in between: what was done stands in the
//! journal, what is still to be done shows in the world, so a step goes on after a crash where the
//! world is.
//!
//! An action knows no other action. Must not know: whether it may be done ([`super::guard`]).

mod backups_verify;
mod broker_restart;
mod broker_wait;
mod close_connection;
mod command_run;
mod config_impact;
mod config_repair;
mod config_rollback;
#[cfg(test)]
mod config_tests;
mod config_validate;
mod env_files;
mod escalate;
mod fleet;
#[cfg(test)]
mod hostile_tests;
mod logs_cleanup;
mod message;
mod notify;
mod restart_staged;
mod restore;
#[cfg(test)]
mod scene_tests;
#[cfg(test)]
mod stage;
mod worker_cleanup;
mod worker_start;
mod worker_stop;
mod written;

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::ledger::Handle;
use super::playbook::{self, Action};
use super::targets::{Selected, Targets};
use crate::config::Config;
use crate::envfile::LogIn;
use crate::model::facts::ProcessId;
use crate::model::{
    Assessment, Failure, Generation, Incident, Moment, Run, Snapshot, Step, Target, Timestamp, Undo,
};
use crate::platform::act::Actor;

/// What is known when a step is planned.
#[derive(Clone, Debug)]
pub struct World {
    /// The configuration.
    pub config: Arc<Config>,
    /// What of it can be repaired.
    pub targets: Arc<Targets>,
    /// The newest snapshot.
    pub snapshot: Arc<Snapshot>,
    /// Its assessment.
    pub assessment: Arc<Assessment>,
    /// Now.
    pub now: Moment,
}

/// The step that is to be done, and what was done before it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The incident.
    pub incident: &'a Incident,
    /// The run.
    pub run: &'a Run,
    /// The step, as the playbook has it.
    pub step: &'a playbook::Step,
    /// When this step began.
    pub begun_at: Timestamp,
    /// Everything that the run did, in order; the last are this step's own.
    pub journal: &'a [Step],
    /// Of the journal, what this step did since it began.
    pub own: &'a [Step],
}

/// What is to be done next for a step.
pub enum Next {
    /// This.
    Act(Plan),
    /// Nothing yet: asked again at the next snapshot, until the step's time is over.
    Wait(String),
    /// Nothing more; in words.
    Done(String),
    /// It can't be done: the step has failed. In words.
    Refuse(String),
}

/// Something to be done, exactly.
pub struct Plan {
    /// In words, for people, without a full stop; no secrets.
    pub words: String,
    /// To what.
    pub target: Target,
    /// What is there before; of what it replaces or ends.
    pub before: Vec<Generation>,
    /// The processes that it stops; `None` where it stops none.
    pub victims: Option<Vec<ProcessId>>,
    /// Does it.
    pub job: Job,
}

/// Does something, once.
pub type Job = Box<
    dyn FnOnce(Arc<Hands>) -> Pin<Box<dyn Future<Output = Result<Effect, Failure>> + Send>> + Send,
>;

/// Makes a job of an asynchronous function.
pub fn job<F, Fut>(work: F) -> Job
where
    F: FnOnce(Arc<Hands>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<Effect, Failure>> + Send + 'static,
{
    Box::new(move |hands| Box::pin(work(hands)))
}

/// What a job did.
#[derive(Default)]
pub struct Effect {
    /// In words, for people, without a full stop; no secrets.
    pub words: String,
    /// There was nothing to do.
    pub needless: bool,
    /// What is there after.
    pub after: Vec<Generation>,
    /// How it is taken back, where that can be done: when what follows does not help.
    pub undo: Option<Undo>,
}

impl Effect {
    /// Something was done.
    pub fn done(words: impl Into<String>) -> Self {
        Effect {
            words: words.into(),
            ..Effect::default()
        }
    }

    /// There was nothing to do.
    pub fn needless(words: impl Into<String>) -> Self {
        Effect {
            words: words.into(),
            needless: true,
            ..Effect::default()
        }
    }
}

/// What acts.
#[derive(Debug)]
pub struct Hands {
    /// The controls of the workers that have one, by name.
    pub workers: BTreeMap<String, Mutex<Actor>>,
    /// The control of this host's broker node.
    pub broker: Option<Mutex<Actor>>,
    /// Logs in to the broker.
    pub log_in: Login,
    /// The state directory.
    pub state: PathBuf,
    /// Tells this boot of the machine from others.
    pub boot_id: String,
    /// Where notices are put.
    pub ledger: Handle,
    /// The clock.
    pub now: fn() -> Moment,
    /// The configuration.
    pub config: Arc<Config>,
}

/// [`LogIn`], which can't be printed.
#[derive(Clone)]
pub struct Login(pub LogIn);

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login")
    }
}

/// What the file at `path` is now, as [`Plan::before`] and [`Effect::after`] tell it; `state` is the
/// state directory, which holds the key of contents. May block for as long as a dead mount hangs.
///
/// # Errors
/// The key or the file can't be read.
pub fn file_generation(path: &Path, state: &Path) -> io::Result<Generation> {
    env_files::generation(path, &env_files::content_key(state)?)
}

/// Why nothing is done about the run's target: labels select one of the configuration's, and what
/// they do not select is refused.
fn foreign(asked: &Asked<'_>, world: &World) -> Option<String> {
    let target = &asked.run.target;
    let mine = world.targets.select(target) == Selected::Mine;
    (!mine).then(|| format!("{target} is none of this host's configuration"))
}

/// To take back what `step` did; `None` where that can't be done.
pub fn take_back(step: &Step) -> Option<Plan> {
    let done = step.done.as_ref()?;
    let undo = done.undo.clone()?;
    let action = &step.intent.action;
    Some(Plan {
        words: format!("take back step {} ({action}): {}", step.number, undo.file),
        target: step.intent.target.clone(),
        before: done.after.clone(),
        victims: None,
        job: restore::restore(undo, done.after.clone()),
    })
}

/// Says what is to be done next for a step. Looks, and changes nothing; may wait for a control's
/// answer.
pub async fn next(asked: &Asked<'_>, world: &World, hands: &Hands) -> Next {
    match &asked.step.action {
        Action::BrokerRestart(_) => broker_restart::next(asked, world, hands).await,
        Action::BrokerWait(_) => broker_wait::next(asked, world),
        Action::WorkerStop(args) => worker_stop::next(args, asked, world, hands).await,
        Action::WorkerCleanup(_) => worker_cleanup::next(asked, world, hands).await,
        Action::WorkerStart(_) => worker_start::next(asked, world, hands).await,
        Action::WorkersRestartStaged(args) => restart_staged::next(args, asked, world, hands).await,
        Action::ConfigValidate(_) => config_validate::next(asked, world, hands).await,
        Action::ConfigRepair(_) => config_repair::next(asked, world, hands).await,
        Action::ConfigRollback(_) => config_rollback::next(asked, world, hands).await,
        Action::ConfigImpact(_) => config_impact::next(asked, world, hands).await,
        Action::BackupsVerify(_) => backups_verify::next(asked, world, hands).await,
        Action::LogsCleanup(_) => logs_cleanup::next(asked, world, hands).await,
        Action::CommandRun(command) => command_run::next(command, asked, world, hands).await,
        Action::WorkerCloseConnection(_) => close_connection::next(asked, world, hands).await,
        Action::Notify(args) => notify::next(asked, world, args),
        Action::Escalate(args) => escalate::next(asked, world, args),
    }
}
