//! Which of the management API's queue lists to read, and reading it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::access::Login;
use super::detect::share;
use super::filter::Filter;
use super::http::{Endpoint, Http};
use super::management::{self, ListKind};
use super::members::nowhere;
use super::patience::Patience;
use super::table::{Field, Table};
use crate::model::{Failure, Reason};

/// Up to so many queues the full list is read, which tells consumers too. It costs the broker
/// about 0.45 ms of CPU time a queue on 3.10.8, the cheap one 0.07 ms.
const FULL_LIST_UP_TO: u64 = 250;

/// How long it is believed how large the broker is and whether it has statistics.
const BELIEVE_FOR: Duration = Duration::from_secs(30);

/// The lists of one broker, with the memory of which endpoint answers and which list fits.
#[derive(Debug, Default)]
pub(super) struct Lists {
    endpoint: usize,
    kind: Option<(ListKind, Instant)>,
}

/// A list that was read.
pub(super) struct List {
    pub(super) table: Table,
    /// It was the full one.
    pub(super) full: bool,
    /// It has message totals.
    pub(super) totals: bool,
    /// Entries that could not be read.
    pub(super) lost: u64,
}

impl Lists {
    /// Reads the list that fits by the first endpoint that answers: it is the whole cluster's.
    /// Once it was asked for and had to be given up, no other endpoint is asked in this reading:
    /// each of them would begin the whole work anew.
    pub(super) async fn read(
        &mut self,
        http: &Http,
        login: &Login,
        filter: &Arc<Filter>,
        patience: &mut Patience,
        deadline: Instant,
    ) -> Result<List, Failure> {
        let count = login.management.len();
        let mut first = None;
        for tried in 0..count {
            let at = (self.endpoint + tried) % count;
            let endpoint = &login.management[at];
            let until = share(deadline, count - tried);
            let kind = match self.fitting(http, endpoint, until).await {
                Ok(kind) => kind,
                Err(failure) => {
                    first.get_or_insert(failure);
                    continue;
                }
            };
            let start = Instant::now();
            match self.read_at(http, endpoint, kind, filter, until).await {
                Ok(list) => {
                    patience.spent(start.elapsed());
                    self.endpoint = at;
                    return Ok(list);
                }
                Err(failure) => {
                    self.kind = None;
                    if is_costly(failure.reason) {
                        patience.gave_up();
                        self.endpoint = (at + 1) % count;
                        return Err(failure);
                    }
                    first.get_or_insert(failure);
                }
            }
        }
        Err(first.unwrap_or_else(|| nowhere("management")))
    }

    /// Which list fits this broker, believed for a while.
    async fn fitting(
        &mut self,
        http: &Http,
        endpoint: &Endpoint,
        deadline: Instant,
    ) -> Result<ListKind, Failure> {
        if let Some((kind, until)) = self.kind
            && Instant::now() < until
        {
            return Ok(kind);
        }
        let overview = management::overview(http, endpoint, deadline).await?;
        let small = overview.totals.queues.is_some_and(|n| n <= FULL_LIST_UP_TO);
        let kind = match small && !overview.stats_disabled {
            true => ListKind::Full,
            false => ListKind::Cheap,
        };
        self.kind = Some((kind, Instant::now() + BELIEVE_FOR));
        Ok(kind)
    }

    async fn read_at(
        &mut self,
        http: &Http,
        endpoint: &Endpoint,
        kind: ListKind,
        filter: &Arc<Filter>,
        deadline: Instant,
    ) -> Result<List, Failure> {
        let mut table = Table::new(Arc::clone(filter));
        let lost = management::list(http, endpoint, kind, &mut table, deadline).await?;
        let held = table.len() as u64;
        if kind == ListKind::Full && held > FULL_LIST_UP_TO {
            self.kind = None;
        }
        let mut rows = table.iter();
        let totals = table.is_empty() || rows.any(|(_, _, row)| row.get(Field::Unacked).is_some());
        drop(rows);
        Ok(List {
            full: kind == ListKind::Full,
            totals,
            table,
            lost,
        })
    }
}

/// Whether the broker did work, or does still, for a list that ended so.
fn is_costly(reason: Reason) -> bool {
    matches!(reason, Reason::Timeout | Reason::TooLarge)
}
