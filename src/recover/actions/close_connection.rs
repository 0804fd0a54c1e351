//! `worker.close_connection`: closes at the broker what a worker that does no work holds open, so
//! that what it was given goes to others.
//!
//! Only a connection that is known to be one process's own; one that several share is nobody's.

use std::collections::BTreeSet;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::{Asked, Effect, Hands, Next, Plan, World, job};
use crate::config::Config;
use crate::model::facts::{MappedBy, ProcessFacts, ProcessId};
use crate::model::{Failure, Finding, Reason, StepResult};
use crate::recover::http::{Answer, Call, Client};
use crate::watch::broker::access::Access;
use crate::watch::broker::http::Endpoint;

/// What the broker and the worker are told.
const REASON: &str = "warrener: the worker does no work";
/// How long the broker may take to let a connection go.
const GONE: Duration = Duration::from_secs(15);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(250);
/// The most that is read of what the broker says of connections, in bytes.
const MOST: usize = 1 << 20;
/// Everything but RFC 3986's unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What there is to close.
#[derive(Debug, Default, PartialEq)]
struct Found {
    connections: BTreeSet<String>,
    processes: BTreeSet<ProcessId>,
    /// Processes whose connections can't be told from others'.
    untold: usize,
}

pub(super) async fn next(asked: &Asked<'_>, world: &World, _hands: &Hands) -> Next {
    let closed = |result| matches!(result, StepResult::Done | StepResult::Needless);
    let mut results = asked.own.iter().filter_map(|step| step.done.as_ref());
    if results.any(|done| closed(done.result)) {
        return Next::Done("its connections were closed".into());
    }
    let workers = world.targets.workers_of(&asked.run.target);
    let Some(found) = find(asked, world, &workers) else {
        return Next::Wait("the workers can't be read".into());
    };
    let named = |name: &String| {
        let quoted = format!("`{name}`");
        asked
            .own
            .iter()
            .any(|step| step.intent.plan.contains(&quoted))
    };
    // What it opened since this step began is another one: it is not closed a second time.
    if !asked.own.is_empty() && !found.connections.iter().any(named) {
        return Next::Done("the connections that it had are closed".into());
    }
    if found.connections.is_empty() {
        return match found.untold {
            0 => Next::Done("it has no connection at the broker".into()),
            untold => Next::Refuse(format!(
                "which connection is whose can't be told of {untold} of its processes"
            )),
        };
    }
    let quoted: Vec<_> = found.connections.iter().map(|c| format!("`{c}`")).collect();
    let config = std::sync::Arc::clone(&world.config);
    Next::Act(Plan {
        words: format!(
            "close {} of worker {} at the broker",
            quoted.join(", "),
            workers.join(", ")
        ),
        target: asked.run.target.clone(),
        before: Vec::new(),
        // It does not end; what it was given goes back all the same.
        victims: Some(found.processes.into_iter().collect()),
        job: job(async move |_| close(&config, &found.connections).await),
    })
}

/// The connections of the processes concerned; `None` while the workers can't be read.
fn find(asked: &Asked<'_>, world: &World, workers: &[String]) -> Option<Found> {
    let facts = world.snapshot.workers.facts()?;
    let key = &asked.incident.key;
    let is_it = |finding: &&Finding| {
        Some(finding.code) == key.code.finding() && finding.target == key.target
    };
    let finding = world.assessment.findings.iter().find(is_it);
    let named = finding.map_or(&[][..], |finding| &finding.processes);
    let is_hung = |id: ProcessId| {
        let verdicts = &world.assessment.verdicts;
        verdicts
            .iter()
            .any(|v| v.process == id && v.verdict.is_hung())
    };
    let mut found = Found::default();
    for worker in facts.workers.iter().filter(|w| workers.contains(&w.name)) {
        let processes = worker.processes.iter().flatten();
        for process in processes.filter(|p| named.contains(&p.id) || is_hung(p.id)) {
            found.add(process);
        }
    }
    Some(found)
}

impl Found {
    fn add(&mut self, process: &ProcessFacts) {
        let channels = match (&process.channels, process.mapped_by) {
            (Some(channels), Some(MappedBy::Socket | MappedBy::ConnectionName)) => channels,
            (Some(channels), None) if channels.is_empty() => return,
            _ => {
                self.untold += 1;
                return;
            }
        };
        let names = channels.iter().map(|channel| channel.connection.clone());
        self.connections.extend(names);
        if !channels.is_empty() {
            self.processes.insert(process.id);
        }
    }
}

/// Closes them, and waits until the broker does not have them any more.
async fn close(config: &Config, connections: &BTreeSet<String>) -> Result<Effect, Failure> {
    let client = Client::new(config.broker.tls.as_ref())?;
    let logins = Access::new(config).logins().await?;
    let endpoints: Vec<_> = logins.iter().flat_map(|login| &login.management).collect();
    let mut closed = Vec::new();
    for name in connections {
        if close_one(&client, &endpoints, name).await? {
            closed.push(format!("`{name}`"));
        }
    }
    Ok(match closed.is_empty() {
        true => Effect::needless("the broker does not have them any more"),
        false => Effect::done(format!("closed {}", closed.join(", "))),
    })
}

/// Closes one by the first endpoint that answers; whether it was there.
async fn close_one(client: &Client, endpoints: &[&Endpoint], name: &str) -> Result<bool, Failure> {
    let path = path_of(name);
    let mut first = None;
    for endpoint in endpoints {
        let call = Call::delete(endpoint, &path).header("x-reason", REASON);
        let why = match client.send(call).await {
            Ok(answer) if answer.is_success() => {
                gone(client, endpoint, name).await?;
                return Ok(true);
            }
            Ok(answer) if answer.status == 404 => return Ok(false),
            Ok(answer) if answer.status == 500 && !is_open(client, endpoint, name).await? => {
                return Ok(false);
            }
            Ok(answer) => refused(endpoint, &answer),
            Err(failure) => failure,
        };
        first.get_or_insert(why);
    }
    let nowhere = || {
        let words = "no management API is configured; give its URL as broker.management";
        Failure::new(Reason::Unsupported, words)
    };
    Err(first.unwrap_or_else(nowhere))
}

async fn gone(client: &Client, endpoint: &Endpoint, name: &str) -> Result<(), Failure> {
    let deadline = Instant::now() + GONE;
    while is_open(client, endpoint, name).await? {
        if Instant::now() >= deadline {
            let (place, seconds) = (endpoint.place(), GONE.as_secs());
            let words = format!("{place}: `{name}` is still open {seconds} s after it was closed");
            return Err(Failure::new(Reason::Timeout, words));
        }
        sleep(LOOK).await;
    }
    Ok(())
}

/// Whether the broker has it. Asked for one that it does not have by a user without the tag
/// `administrator`, it answers 500: then the list tells, which costs more.
async fn is_open(client: &Client, endpoint: &Endpoint, name: &str) -> Result<bool, Failure> {
    let path = path_of(name);
    let answer = client.send(Call::get(endpoint, &path).cap(MOST)).await?;
    match answer.status {
        404 => return Ok(false),
        500 => {}
        _ if answer.is_success() => return Ok(true),
        _ => return Err(refused(endpoint, &answer)),
    }
    let encoded = utf8_percent_encode(name, SEGMENT);
    let path = format!("/api/connections?columns=name&page=1&page_size=100&name={encoded}");
    let answer = client.send(Call::get(endpoint, &path).cap(MOST)).await?;
    if !answer.is_success() {
        return Err(refused(endpoint, &answer));
    }
    let page: Page = serde_json::from_slice(&answer.body).map_err(|_| {
        let words = format!(
            "{}: the list of connections can't be read",
            endpoint.place()
        );
        Failure::new(Reason::Malformed, words)
    })?;
    Ok(page.items.iter().any(|one| one.name == name))
}

/// A page of the list of connections.
#[derive(Deserialize)]
struct Page {
    items: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

fn path_of(name: &str) -> String {
    format!("/api/connections/{}", utf8_percent_encode(name, SEGMENT))
}

fn refused(endpoint: &Endpoint, answer: &Answer) -> Failure {
    let (place, status) = (endpoint.place(), answer.status);
    match status {
        401 | 403 => Failure::new(
            Reason::Access,
            format!(
                "{place} answered {status}: the user of broker.management needs the tag \
                 `administrator` to close connections of other users"
            ),
        ),
        _ => Failure::new(Reason::Status, format!("{place} answered {status}")),
    }
}

#[cfg(test)]
mod tests;
