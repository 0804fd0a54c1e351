//! How a node shall be, and starting it again where a port was taken meanwhile.

use std::sync::{Arc, Mutex};

use super::{Broker, Ports};
use crate::guard::Guard;
use crate::ports::Lease;
use crate::roots::Root;
use crate::{Error, Result};

const ATTEMPTS: usize = 3;

/// How a node shall be; [`Broker::builder`].
#[derive(Debug, Clone)]
pub struct BrokerBuilder {
    plugins: Vec<String>,
    conf: Vec<String>,
    amqp_port: Option<u16>,
    pub(crate) root: Option<Root>,
}

impl Default for BrokerBuilder {
    fn default() -> Self {
        Self {
            plugins: vec![
                "rabbitmq_management".to_owned(),
                "rabbitmq_prometheus".to_owned(),
            ],
            conf: Vec::new(),
            amqp_port: None,
            root: None,
        }
    }
}

impl BrokerBuilder {
    /// The plugins, `rabbitmq_management` and `rabbitmq_prometheus` when not called.
    #[must_use]
    pub fn plugins(mut self, plugins: &[&str]) -> Self {
        self.plugins = plugins.iter().map(ToString::to_string).collect();
        self
    }

    /// One or more further lines of `rabbitmq.conf`; may be called again.
    #[must_use]
    pub fn conf(mut self, lines: &str) -> Self {
        self.conf.push(lines.to_owned());
        self
    }

    /// This AMQP port on 127.0.0.1 and no other: that of a default, for a decoy.
    #[must_use]
    pub fn amqp_port(mut self, port: u16) -> Self {
        self.amqp_port = Some(port);
        self
    }

    /// The release whose RabbitMQ runs, the host's own for `None`.
    #[must_use]
    pub fn root(mut self, root: Option<Root>) -> Self {
        self.root = root;
        self
    }

    /// Starts the node and waits until it serves.
    ///
    /// # Errors
    /// Names the server, its command and the end of its log.
    pub fn start(self) -> Result<Broker> {
        let mut attempt = 1;
        loop {
            let guard = Guard::start(self.root.as_ref())?;
            let epmd = Arc::new(Lease::take()?);
            let broker = self.prepare(&guard, &epmd, "rabbit")?;
            broker.write_files(&self)?;
            match broker.start_again() {
                Ok(()) => return Ok(broker),
                Err(error) if attempt < ATTEMPTS && port_was_taken(&error) => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// A node that has its name and ports, yet neither files nor process. Nodes of a
    /// cluster share guard (so also the cookie) and epmd.
    pub(crate) fn prepare(
        &self,
        guard: &Arc<Guard>,
        epmd: &Arc<Lease>,
        name: &str,
    ) -> Result<Broker> {
        let ports = Ports {
            amqp: self.amqp_port.map_or_else(Lease::take, Lease::exactly)?,
            distribution: Lease::take()?,
            management: self
                .has("rabbitmq_management")
                .then(Lease::take)
                .transpose()?,
            prometheus: self
                .has("rabbitmq_prometheus")
                .then(Lease::take)
                .transpose()?,
            epmd: Arc::clone(epmd),
        };
        Ok(Broker {
            process: Mutex::new(None),
            node: format!("{name}-{}@localhost", ports.amqp.port()),
            dir: guard.dir().join(name),
            root: self.root.clone(),
            ports,
            guard: Arc::clone(guard),
        })
    }

    pub(super) fn conf_lines(&self) -> impl Iterator<Item = String> {
        self.conf.iter().cloned()
    }

    pub(super) fn plugin_names(&self) -> &[String] {
        &self.plugins
    }

    fn has(&self, plugin: &str) -> bool {
        self.plugins.iter().any(|name| name == plugin)
    }
}

fn port_was_taken(error: &Error) -> bool {
    let Error::Server { tail, .. } = error else {
        return false;
    };
    ["eaddrinuse", "address already in use", "name is in use"]
        .iter()
        .any(|sign| tail.contains(sign))
}
