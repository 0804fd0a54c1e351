//! What the management API adds to the nodes: which members the cluster has, also those that are
//! down, and the alarms by node name. Never waited for longer than the rest of a reading.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::access::Login;
use super::detect::share;
use super::http::Http;
use super::management::{self, Alarm, AlarmKind};
use crate::model::facts::NodeFacts;
use crate::model::{Failure, Reason};

/// `/api/nodes` can hang for 40 s when a member has just died; it answers in milliseconds else.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// After how many readings at most it is asked again when it did not answer.
const LONGEST_PAUSE: u32 = 12;

/// Asks for the members; remembers which endpoint answers and when to leave the broker alone.
#[derive(Debug, Default)]
pub(super) struct Members {
    endpoint: usize,
    failures: u32,
    pause: u32,
}

/// Whose counters a node shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counters {
    /// Only those that the node told itself. The API's statistics are up to 5 s behind them: one
    /// counter out of both would go backwards.
    Own,
    /// Also the API's.
    Any,
}

/// What was learned.
#[derive(Debug, Default)]
pub(super) struct Membership {
    /// Which management endpoint answered the alarm check.
    pub(super) answered: Option<usize>,
    nodes: Option<Vec<NodeFacts>>,
    alarms: Option<Vec<Alarm>>,
}

impl Members {
    /// Never fails: what could not be learned is missing in the outcome.
    pub(super) async fn read(
        &mut self,
        http: &Http,
        login: &Login,
        deadline: Instant,
    ) -> Membership {
        if login.management.is_empty() {
            return Membership::default();
        }
        if self.pause > 0 {
            self.pause -= 1;
        }
        let ask_nodes = self.pause == 0;
        let end = deadline.min(Instant::now() + PATIENCE);
        let count = login.management.len();
        let mut membership = Membership::default();
        for tried in 0..count {
            let at = (self.endpoint + tried) % count;
            let endpoint = &login.management[at];
            let until = share(end, count - tried);
            let nodes = async {
                match ask_nodes {
                    true => Some(management::nodes(http, endpoint, until).await),
                    false => None,
                }
            };
            let (nodes, alarms) = tokio::join!(nodes, management::alarms(http, endpoint, until));
            membership = Membership {
                answered: alarms.is_ok().then_some(at),
                nodes: nodes.and_then(Result::ok),
                alarms: alarms.ok(),
            };
            if membership.alarms.is_some() {
                self.endpoint = at;
                break;
            }
        }
        if membership.nodes.is_some() {
            self.failures = 0;
        } else if ask_nodes {
            self.failures = (self.failures + 1).min(8);
            self.pause = (1 << self.failures).min(LONGEST_PAUSE);
        }
        membership
    }
}

impl Membership {
    /// Whether every member of the cluster is known.
    pub(super) fn complete(&self) -> bool {
        self.nodes.is_some()
    }

    /// Adds what `nodes` lacks: members that have no endpoint or did not answer, and alarms.
    pub(super) fn complement(&self, nodes: &mut BTreeMap<String, NodeFacts>, counters: Counters) {
        for member in self.nodes.iter().flatten() {
            let mut member = member.clone();
            if counters == Counters::Own {
                member.connections_opened = None;
                member.connections_closed = None;
                member.channels_opened = None;
                member.channels_closed = None;
            }
            match nodes.get_mut(&member.name) {
                None => {
                    nodes.insert(member.name.clone(), member);
                }
                Some(node) => fill(node, &member),
            }
        }
        let Some(alarms) = &self.alarms else {
            return;
        };
        for node in nodes.values_mut().filter(|n| n.up) {
            let raised = |kind| {
                let mut here = alarms.iter().filter(|a| a.node == node.name);
                here.any(|a| a.kind == Some(kind))
            };
            let (memory, disk) = (raised(AlarmKind::Memory), raised(AlarmKind::Disk));
            node.memory_alarm = Some(memory);
            node.disk_alarm = Some(disk);
        }
    }
}

/// What the node told itself stays; the rest comes from the API, also that it runs while its own
/// endpoint is silent.
fn fill(node: &mut NodeFacts, member: &NodeFacts) {
    fn or<T: Copy>(slot: &mut Option<T>, other: Option<T>) {
        *slot = slot.or(other);
    }
    node.up |= member.up;
    or(&mut node.uptime, member.uptime);
    or(&mut node.memory_alarm, member.memory_alarm);
    or(&mut node.disk_alarm, member.disk_alarm);
    or(&mut node.memory_used, member.memory_used);
    or(&mut node.memory_limit, member.memory_limit);
    or(&mut node.disk_free, member.disk_free);
    or(&mut node.disk_free_limit, member.disk_free_limit);
    or(&mut node.fds_open, member.fds_open);
    or(&mut node.fds_max, member.fds_max);
    or(&mut node.processes, member.processes);
    or(&mut node.processes_max, member.processes_max);
    or(&mut node.connections_opened, member.connections_opened);
    or(&mut node.connections_closed, member.connections_closed);
    or(&mut node.channels_opened, member.channels_opened);
    or(&mut node.channels_closed, member.channels_closed);
}

/// The failure of a source without endpoints.
pub(super) fn nowhere(source: &str) -> Failure {
    Failure::new(
        Reason::Unsupported,
        format!("broker.{source} is not configured"),
    )
}
