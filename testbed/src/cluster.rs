//! Several nodes that really form one cluster.

use std::sync::Arc;
use std::time::Duration;

use crate::broker::{Broker, BrokerBuilder};
use crate::guard::Guard;
use crate::ports::Lease;
use crate::{Result, wait_until};

const JOIN: Duration = Duration::from_secs(60);

/// A cluster; all nodes end when it is dropped.
#[derive(Debug)]
pub struct Cluster {
    /// The nodes; the first is the one the others joined.
    pub nodes: Vec<Broker>,
}

impl Cluster {
    /// Starts `size` nodes with the default plugins, joined.
    ///
    /// # Errors
    /// As [`BrokerBuilder::start`], and when they do not all see each other in time.
    pub fn start(size: usize) -> Result<Self> {
        Self::start_with(size, &Broker::builder())
    }

    /// Starts `size` nodes, each as `builder` says, joined.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn start_with(size: usize, builder: &BrokerBuilder) -> Result<Self> {
        let guard = Guard::start(builder.root.as_ref())?;
        let epmd = Arc::new(Lease::take()?);
        let nodes = (1..=size)
            .map(|i| builder.prepare(&guard, &epmd, &format!("rabbit{i}")))
            .collect::<Result<Vec<_>>>()?;
        let cluster = Self { nodes };
        let Some((first, others)) = cluster.nodes.split_first() else {
            return Ok(cluster);
        };
        first.write_files(builder)?;
        first.start_again()?;
        // Each knows the first and itself, so there is one place to join and no election.
        for node in others {
            node.write_files(&builder.clone().conf(&format!(
                "cluster_formation.peer_discovery_backend = classic_config\n\
                 cluster_formation.classic_config.nodes.1 = {}\n\
                 cluster_formation.classic_config.nodes.2 = {}",
                first.node_name(),
                node.node_name(),
            )))?;
            node.launch()?;
        }
        others.iter().try_for_each(Broker::wait_ready)?;
        cluster.wait_complete()?;
        Ok(cluster)
    }

    /// Waits until every running node sees every node that runs.
    ///
    /// # Errors
    /// [`crate::Error::Timeout`] saying who saw how many.
    pub fn wait_complete(&self) -> Result<()> {
        let running: Vec<_> = self.nodes.iter().filter(|node| node.is_running()).collect();
        wait_until("every node to see all the others", JOIN, || {
            running.iter().try_for_each(|node| {
                let seen = node.sees_running().map_err(|error| error.to_string())?;
                let name = node.node_name();
                (seen == running.len())
                    .then_some(())
                    .ok_or_else(|| format!("{name} sees {seen}"))
            })
        })
    }
}

impl Broker {
    /// How many nodes of its cluster it sees running, itself included.
    fn sees_running(&self) -> Result<usize> {
        if self.management_port() == 0 {
            let status = self.ctl(&["cluster_status", "--formatter", "json"])?;
            let status: serde_json::Value = serde_json::from_str(&status).unwrap_or_default();
            return Ok(status["running_nodes"].as_array().map_or(0, Vec::len));
        }
        let nodes = self.management("/api/nodes")?;
        let nodes = nodes.as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(nodes.iter().filter(|node| node["running"] == true).count())
    }
}
