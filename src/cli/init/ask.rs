//! Asks the broker, within short deadlines and at the configured host alone: which endpoints
//! serve, and who consumes what. Changes nothing.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::address::{self, Address};
use super::keys;
use super::world::{Answer, FoundBroker, FoundEnvFile, QueueName, Way, World};
use crate::config::{Config, FileVariables, Key, KeyType, Template, Variables};
use crate::model::{Failure, Reason};
use crate::platform::observe::ObserveProcesses;
use crate::watch::broker::amqp::{AmqpEndpoint, TlsClient};
use crate::watch::broker::http::{Endpoint, Http};
use crate::watch::broker::{management, prometheus};
use crate::watch::channels::BrokerChannel;
use crate::watch::cycle;

/// The longest that an endpoint is waited for: a person is waiting.
const PATIENCE: Duration = Duration::from_secs(3);
/// The longest that a list is waited for, once its endpoint has answered.
const LIST_PATIENCE: Duration = Duration::from_secs(15);

/// Variables as `serve` would find them: the environment first, then the files.
fn variables(files: &[FoundEnvFile]) -> Variables {
    let mut variables = Variables::read(|name| std::env::var(name).ok(), &[]);
    variables.files = files
        .iter()
        .map(|f| f.variables.clone())
        .collect::<Vec<FileVariables>>();
    variables
}

fn resolved(template: &str, variables: &Variables) -> Option<crate::model::Secret> {
    template.parse::<Template>().ok()?.resolve(variables).ok()
}

/// Where the variables say that the broker is; without any, where the built-in defaults do.
pub(super) fn address(files: &[FoundEnvFile]) -> Option<(Option<Address>, AmqpEndpoint)> {
    let variables = variables(files);
    let found = address::of(files);
    let url = match &found {
        Some(address) => resolved(&address.amqp, &variables)?,
        None => {
            let defaults = Config::defaults(Path::new("/"));
            defaults.broker.amqp.0.first()?.resolve(&variables).ok()?
        }
    };
    if splits_its_login(url.expose()) {
        return None;
    }
    Some((found, AmqpEndpoint::parse(url.expose()).ok()?))
}

/// Whether a `/`, `?` or `#` that is not percent-encoded ends the login early: what is then
/// taken for the host and the port are parts of the user and the password.
fn splits_its_login(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = authority.split_once(['/', '?', '#']);
    rest.is_some_and(|(_, rest)| rest.contains('@'))
}

/// Fills in what the broker says, and which processes its consumers are.
pub(super) async fn broker(world: &mut World, system: &impl ObserveProcesses) {
    let variables = variables(&world.env_files);
    world.overruled = overruled(&world.env_files, &variables);
    let Some((found, endpoint)) = address(&world.env_files) else {
        return;
    };
    let mut broker = FoundBroker {
        place: Some(endpoint.place()),
        vhost: endpoint.vhost.clone(),
        ..FoundBroker::default()
    };
    let looked_up = tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port));
    if let Ok(Ok(addresses)) = timeout(PATIENCE, looked_up).await {
        broker.addresses = addresses.collect();
    }
    let Ok(http) = Http::new(Arc::new(TlsClient::new(None))) else {
        world.broker = broker;
        return;
    };
    let host = match found.as_ref().and_then(|address| address.host.clone()) {
        Some(variable) => Some(variable),
        None => literal(&endpoint.host),
    };
    let by_variable = |of: fn(&Address) -> &Option<String>| {
        found.as_ref().and_then(|address| of(address).clone())
    };
    let port = |port: u16| host.as_ref().map(|host| format!("http://{host}:{port}"));
    let template = by_variable(|a| &a.management).or_else(|| port(15672));
    let at = template.as_deref().and_then(|t| resolved(t, &variables));
    let at = at.and_then(|url| {
        let https = url.expose().starts_with("https://");
        Some((https, Endpoint::parse(url.expose()).ok()?))
    });
    // Over TLS to the broker the password is safe; over plain HTTP it would no more be.
    let loopback = broker.addresses.iter().all(|a| a.ip().is_loopback());
    let secure = !endpoint.tls || (loopback && !broker.addresses.is_empty());
    let at = at.map(|(https, e)| (https, e.or_login(&endpoint.user, &endpoint.password)));
    let answer = match &at {
        None => Answer::NoAddress,
        Some((false, _)) if !secure => Answer::InTheClear,
        Some((_, at)) => told(management::ping(&http, at, Instant::now() + PATIENCE).await),
    };
    broker.management = kept(template, answer, &found);
    let template = by_variable(|a| &a.prometheus).or_else(|| port(15692));
    let metrics = template.as_deref().and_then(|t| resolved(t, &variables));
    let mut answer = Answer::NoAddress;
    if let Some(metrics) = metrics.and_then(|url| Endpoint::parse(url.expose()).ok()) {
        let deadline = Instant::now() + PATIENCE;
        answer = told(
            prometheus::identify(&http, &metrics, deadline)
                .await
                .map(drop),
        );
    }
    broker.prometheus = kept(template, answer, &found);
    if let (Some((_, at)), Answer::Serves) = (&at, broker.management.answer) {
        match consumers(world, system, &http, at).await {
            Ok(consumers) => broker.consumers = Some(consumers),
            Err(failure) => broker.silent = Some(failure.reason),
        }
    }
    world.broker = broker;
}

/// A host written out is shown only when a broker really answered there: what is parsed as a
/// host of a malformed URL may be part of a password.
fn kept(url: Option<String>, answer: Answer, address: &Option<Address>) -> Way {
    let sure = answer == Answer::Serves || address.as_ref().is_none_or(|a| a.host.is_some());
    let url = url.filter(|_| sure);
    Way { url, answer }
}

fn literal(host: &str) -> Option<String> {
    let key = Key {
        r#type: KeyType::Host,
        ..Key::default()
    };
    key.check(host).ok()?;
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(six)) => Some(format!("[{six}]")),
        _ => Some(host.to_owned()),
    }
}

fn told(outcome: Result<(), Failure>) -> Answer {
    match outcome {
        Ok(()) => Answer::Serves,
        Err(failure) => match failure.reason {
            Reason::Auth | Reason::Access => Answer::Refuses,
            reason => Answer::Fails(reason),
        },
    }
}

/// Variables of the broker's that the environment gives another value.
fn overruled(files: &[FoundEnvFile], variables: &Variables) -> Vec<String> {
    let mut names = Vec::new();
    for file in files {
        for key in keys::of(&file.variables).0 {
            let here = file.variables.get(&key.name);
            let outside = std::env::var(&key.name)
                .ok()
                .filter(|value| !value.is_empty());
            let other = outside.is_some() && variables.get(&key.name).as_ref() != here;
            if other && !names.contains(&key.name) {
                names.push(key.name);
            }
        }
    }
    names
}

/// Enters the queues and the connection's name of each process, and gives the consumers of each
/// queue.
async fn consumers(
    world: &mut World,
    system: &impl ObserveProcesses,
    http: &Http,
    at: &Endpoint,
) -> Result<Vec<(QueueName, u32)>, Failure> {
    let deadline = Instant::now() + LIST_PATIENCE;
    let open = management::open(http, at, cycle::now, deadline).await?;
    let names: HashMap<&str, &str> = open
        .connections
        .iter()
        .filter_map(|c| Some((c.name.as_str(), c.given_name.as_deref()?)))
        .collect();
    let connected = world.processes.iter().filter(|p| !p.brokers.is_empty());
    let pids: Vec<u32> = connected.map(|p| p.pid).collect();
    let mut holders: HashMap<(SocketAddr, SocketAddr), Vec<u32>> = HashMap::new();
    for process in system.sockets(&pids) {
        for connection in process.connections.into_iter().flatten() {
            let ends = (connection.local, connection.remote);
            holders.entry(ends).or_default().push(process.pid);
        }
    }
    let mut totals: BTreeMap<QueueName, u32> = BTreeMap::new();
    for channel in &open.channels {
        let pids = channel.ends.pair().and_then(|ends| holders.get(&ends));
        for queue in queues(channel) {
            *totals.entry(queue).or_default() += 1;
        }
        for process in world.processes.iter_mut() {
            if pids.is_some_and(|pids| pids.contains(&process.pid)) {
                process.queues.extend(queues(channel));
                let name = names.get(channel.facts.connection.as_str());
                process.connection_name = name.map(ToString::to_string);
            }
        }
    }
    Ok(totals.into_iter().collect())
}

fn queues(channel: &BrokerChannel) -> impl Iterator<Item = QueueName> {
    channel.facts.consumers.iter().map(|consumer| QueueName {
        vhost: consumer.vhost.clone(),
        name: consumer.queue.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::init::tests::env_file;

    #[test]
    fn a_password_that_breaks_the_url_is_not_taken_for_a_host() {
        let place = |url: &str| {
            let file = env_file("/app/.env", format!("CLOUDAMQP_URL='{url}'\n"));
            address(&[file]).map(|(_, endpoint)| endpoint.place())
        };
        assert_eq!(place("amqp://u:p@h:1/v").as_deref(), Some("h:1"));
        assert_eq!(place("amqp://h").as_deref(), Some("h:5672"));
        for url in [
            "amqp://u:12/34@h:1/v",
            "amqp://u:12#34@h",
            "amqp://u:12?34@h",
        ] {
            assert_eq!(place(url), None, "{url}");
        }
    }
}
