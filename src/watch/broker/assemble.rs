//! From what the sources found to the facts: pinned queues, the budget, the sums of the rest.

use std::collections::BTreeSet;

use super::budget::{Budget, Candidate};
use super::filter::Filter;
use super::queues::SingleRows;
use super::table::{Field, Row, Sums, Table};
use crate::model::facts::{Capability, LeftOut, QueueFacts, QueuesFacts, Source};

/// What one reading found.
pub(super) struct Found {
    source: Source,
    capabilities: BTreeSet<Capability>,
    pub(super) table: Option<Table>,
    pub(super) singles: SingleRows,
    pub(super) passive: Vec<QueueFacts>,
    pub(super) lines_lost: u64,
}

impl Found {
    pub(super) fn new(source: Source) -> Self {
        Found {
            source,
            capabilities: BTreeSet::new(),
            table: None,
            singles: SingleRows::new(),
            passive: Vec::new(),
            lines_lost: 0,
        }
    }

    pub(super) fn can(&mut self, capability: Capability, can: bool) {
        if can {
            self.capabilities.insert(capability);
        }
    }
}

/// The facts of one reading.
pub(super) fn facts(mut found: Found, filter: &Filter, budget: &mut Budget) -> QueuesFacts {
    let whole = found.capabilities.contains(&Capability::AllQueues);
    let mut queues = match &found.table {
        Some(table) => pinned(table, &found.singles, filter, whole),
        None => std::mem::take(&mut found.passive),
    };
    if !queues.is_empty()
        && queues
            .iter()
            .all(|q| q.state.is_some() || q.exists != Some(true))
    {
        found.can(Capability::QueueState, true);
    }
    let (mut filtered, mut over_budget) = (LeftOut::default(), LeftOut::default());
    let mut seen = queues.iter().filter(|q| q.exists == Some(true)).count() as u64;
    if let Some(table) = &found.table {
        seen = table.len() as u64 + table.filtered.queues() + table.beyond.queues();
        let mut over = table.beyond.clone();
        others(table, filter, budget, &mut queues, &mut over);
        filtered = left_out(&table.filtered, whole);
        over_budget = left_out(&over, whole);
    }
    queues.sort_unstable_by(|a, b| (&a.vhost, &a.name).cmp(&(&b.vhost, &b.name)));
    QueuesFacts {
        source: found.source,
        fallback_login: false,
        configured_failure: None,
        capabilities: found.capabilities,
        queues,
        seen,
        filtered,
        over_budget,
        lines_lost: found.lines_lost,
    }
}

/// With a node missing, the queues counted are not all: there is no sum.
fn left_out(sums: &Sums, whole: bool) -> LeftOut {
    match whole {
        true => sums.left_out(),
        false => LeftOut {
            queues: sums.queues(),
            ..LeftOut::default()
        },
    }
}

fn pinned(table: &Table, singles: &SingleRows, filter: &Filter, whole: bool) -> Vec<QueueFacts> {
    let pinned = filter.pinned().iter().map(|name| {
        let listed = table.get(&name.vhost, &name.name);
        let single = singles.get(name);
        let exists = match (listed, single) {
            (Some(_), _) | (None, Some(Some(_))) => Some(true),
            // The API says 404 also of a queue whose node is down.
            (None, Some(None) | None) => whole.then_some(false),
        };
        let mut row = listed.cloned().unwrap_or_default();
        if let Some(Some(single)) = single {
            complete(&mut row, single, listed.is_none());
        }
        QueueFacts {
            pinned: true,
            exists,
            ..queue(&name.vhost, &name.name, &row)
        }
    });
    pinned.collect()
}

/// Adds what only the single answer tells. Its message counts are statistics of up to 5 s ago, so
/// they stand in only for a queue that the list does not have at all.
fn complete(row: &mut Row, single: &Row, unlisted: bool) {
    let only_here = [Field::Consumers, Field::Acked, Field::Redelivered];
    let numbers = [Field::Ready, Field::Unacked]
        .into_iter()
        .filter(|_| unlisted);
    for field in numbers.chain(only_here) {
        row.set(field, row.get(field).or(single.get(field)));
    }
    row.queue_type = row.queue_type.take().or_else(|| single.queue_type.clone());
    row.state = row.state.take().or_else(|| single.state.clone());
}

/// The queues that are not pinned: into the budget, or into the sums.
fn others(
    table: &Table,
    filter: &Filter,
    budget: &mut Budget,
    queues: &mut Vec<QueueFacts>,
    over: &mut Sums,
) {
    let rows: Vec<_> = table
        .iter()
        .filter(|(vhost, name, _)| !filter.is_pinned(vhost, name))
        .collect();
    let candidates: Vec<_> = rows
        .iter()
        .map(|(vhost, name, row)| Candidate {
            vhost,
            name,
            depth: row.depth(),
            consumers: row.get(Field::Consumers).unwrap_or(0),
        })
        .collect();
    for ((vhost, name, row), kept) in rows.iter().zip(budget.choose(&candidates)) {
        match kept {
            true => queues.push(QueueFacts {
                exists: Some(true),
                ..queue(vhost, name, row)
            }),
            false => over.add_row(row),
        }
    }
}

fn queue(vhost: &str, name: &str, row: &Row) -> QueueFacts {
    QueueFacts {
        vhost: vhost.to_owned(),
        name: name.to_owned(),
        pinned: false,
        exists: None,
        ready: row.get(Field::Ready),
        unacked: row.get(Field::Unacked),
        consumers: row.get(Field::Consumers),
        acked: row.get(Field::Acked),
        redelivered: row.get(Field::Redelivered),
        queue_type: row.queue_type.as_deref().map(str::to_owned),
        state: row.state.as_deref().map(str::to_owned),
    }
}
