//! Where the broker is and how to log in: what the configuration resolves to now, and what last
//! worked. A broken `.env` must never look like a broken broker.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::amqp::AmqpEndpoint;
use super::http::Endpoint;
use crate::config::{
    Broker, Config, EnvFile, FileVariables, Missing, Template, Unresolved, Variables,
};
use crate::model::{Failure, Reason, Secret};
use crate::watch::patient::Patient;

/// How long the env files are waited for; they have a few kilobytes.
const PATIENCE: Duration = Duration::from_millis(500);

/// One way in: the configured one, or the one that last worked.
#[derive(Clone, Debug, PartialEq)]
pub struct Login {
    /// AMQP endpoints with credentials, one per cluster node; empty when there is none.
    pub amqp: Vec<AmqpEndpoint>,
    /// Management endpoints, one per cluster node; empty when there is none.
    pub management: Vec<Endpoint>,
    /// Prometheus plugin endpoints, one per cluster node; empty when there is none. They have no
    /// login of their own unless their URL has one (3.12.2+).
    pub prometheus: Vec<Endpoint>,
    /// The virtual host of the first AMQP URL; `/` without one.
    pub vhost: String,
    /// True for the login that last worked, tried because the configured one differs from it.
    pub fallback: bool,
    /// On that one: what the configured login lacks, where it could not even be tried.
    pub unresolved: Option<Failure>,
}

type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The logins of one configuration. Shared by the probes.
pub struct Access {
    broker: Broker,
    env_files: Arc<[EnvFile]>,
    environment: Environment,
    reading: tokio::sync::Mutex<Patient<Variables>>,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    worked: Option<Login>,
}

impl Access {
    /// Variables come from this process's environment, then from the env files.
    pub fn new(config: &Config) -> Self {
        Self::with_environment(config, |name| std::env::var(name).ok())
    }

    /// Variables come from `environment`, then from the env files.
    pub fn with_environment(
        config: &Config,
        environment: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Access {
            broker: config.broker.clone(),
            env_files: config.env_files.clone().into(),
            environment: Arc::new(environment),
            reading: tokio::sync::Mutex::default(),
            memory: Mutex::default(),
        }
    }

    /// Access under another configuration. It remembers what worked under this one only where the
    /// broker is written the same way in both: the login to another broker, or the endpoints of
    /// another one, would show that one in this one's place.
    pub fn succeed(&self, config: &Config) -> Self {
        let access = Self::new(config);
        if same_broker(&self.broker, &access.broker) {
            access.memory().worked = self.memory().worked.clone();
        }
        access
    }

    /// The logins to try, in order: the configured one if it resolves now, then the one that last
    /// worked if it differs. The env files are read again, waiting for them 0.5 s at most.
    ///
    /// # Errors
    /// [`Reason::Unresolved`] when neither exists; it names the variables and where they were
    /// looked for.
    pub async fn logins(&self) -> Result<Vec<Login>, Failure> {
        let configured = self.configured().await;
        let worked = self.memory().worked.clone();
        let configured = configured.map_err(|why| Failure::new(Reason::Unresolved, why));
        let fallback = worked
            .filter(|worked| configured.as_ref().ok() != Some(worked))
            .map(|worked| Login {
                fallback: true,
                unresolved: configured.as_ref().err().cloned(),
                ..worked
            });
        match (configured, fallback) {
            (Ok(configured), fallback) => Ok([configured].into_iter().chain(fallback).collect()),
            (Err(_), Some(fallback)) => Ok(vec![fallback]),
            (Err(unresolved), None) => Err(unresolved),
        }
    }

    /// Remembers `login`, with which a broker really let us in.
    pub fn worked(&self, login: &Login) {
        let mut memory = self.memory();
        if !login.fallback && memory.worked.as_ref() != Some(login) {
            memory.worked = Some(login.clone());
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Nothing panics while it is held.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the configuration resolves to now, or why to nothing.
    async fn configured(&self) -> Result<Login, String> {
        let variables = self.variables().await;
        let mut resolver = Resolver {
            variables: &variables,
            missing: Vec::new(),
            malformed: Vec::new(),
        };
        let login = resolver.login(&self.broker);
        login.ok_or_else(|| resolver.why())
    }

    /// Of the environment alone while the env files hang: what needs nothing of them goes on, and
    /// of the rest it is told that they could not be read.
    async fn variables(&self) -> Variables {
        let environment = Arc::clone(&self.environment);
        let env_files = Arc::clone(&self.env_files);
        let read = move || Variables::read(move |name| environment(name), &env_files);
        if self.env_files.is_empty() {
            return read();
        }
        let mut reading = self.reading.lock().await;
        reading.run(PATIENCE, read).await.unwrap_or_else(|why| {
            let environment = Arc::clone(&self.environment);
            let unread = |file: &EnvFile| FileVariables {
                path: file.path.clone(),
                values: Vec::new(),
                missing: false,
                problems: vec![why.to_string()],
            };
            let mut variables = Variables::read(move |name| environment(name), &[]);
            variables.files = self.env_files.iter().map(unread).collect();
            variables
        })
    }
}

/// Whether both say where the broker is, and how to log in to it, in the same words.
fn same_broker(a: &Broker, b: &Broker) -> bool {
    let endpoints = |broker: &Broker| {
        let Broker {
            amqp,
            management,
            prometheus,
            tls,
            ..
        } = broker.clone();
        (amqp, management, prometheus, tls)
    };
    endpoints(a) == endpoints(b)
}

/// Resolves templates and collects what is wrong with them.
struct Resolver<'a> {
    variables: &'a Variables,
    missing: Vec<Missing>,
    /// Key of the configuration, and what came of it.
    malformed: Vec<(String, String)>,
}

impl Resolver<'_> {
    /// `None` unless every template resolves to what it should be.
    fn login(&mut self, broker: &Broker) -> Option<Login> {
        let amqp = self.all("broker.amqp", &broker.amqp, |text| {
            AmqpEndpoint::parse(text).map_err(|error| error.to_string())
        });
        let management = self.all("broker.management", &broker.management, Endpoint::parse);
        let prometheus = self.all("broker.prometheus", &broker.prometheus, Endpoint::parse);
        let (amqp, management, prometheus) = (amqp?, management?, prometheus?);
        let first = amqp.first();
        let usual = || ("guest".to_owned(), Secret::from("guest"));
        let (user, password) =
            first.map_or_else(usual, |first| (first.user.clone(), first.password.clone()));
        let management = management
            .into_iter()
            .map(|endpoint| endpoint.or_login(&user, &password));
        Some(Login {
            vhost: first.map_or_else(|| "/".to_owned(), |first| first.vhost.clone()),
            management: management.collect(),
            prometheus,
            amqp,
            fallback: false,
            unresolved: None,
        })
    }

    fn all<T>(
        &mut self,
        key: &str,
        templates: &[Template],
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let mut parsed = Vec::with_capacity(templates.len());
        for template in templates {
            match template.resolve(self.variables) {
                Ok(text) => match parse(text.expose()) {
                    Ok(value) => parsed.push(value),
                    Err(why) => {
                        let why = format!("with the values of now, {template} {why}");
                        self.malformed.push((key.to_owned(), why));
                    }
                },
                Err(Unresolved { missing }) => {
                    for missing in missing {
                        if !self.missing.contains(&missing) {
                            self.missing.push(missing);
                        }
                    }
                }
            }
        }
        (parsed.len() == templates.len()).then_some(parsed)
    }

    fn why(&self) -> String {
        let missing = (!self.missing.is_empty()).then(|| {
            let missing = self.missing.clone();
            Unresolved { missing }.to_string()
        });
        let malformed = self
            .malformed
            .iter()
            .map(|(key, why)| format!("{key}: {why}"));
        missing
            .into_iter()
            .chain(malformed)
            .collect::<Vec<_>>()
            .join("; ")
    }
}

#[cfg(test)]
mod tests;
