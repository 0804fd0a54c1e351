//! What the management API says of the pinned queues, one by one: type and state, and whether they
//! exist where the list can't tell.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::time::Instant;

use super::access::Login;
use super::filter::PinnedName;
use super::http::Http;
use super::management;
use super::queues::SingleRows;
use crate::model::Reason;

/// The most that are asked for in one reading, at 2 ms each.
const MOST: usize = 64;

/// How many at a time.
const AT_ONCE: usize = 4;

/// The longest that the rest of a reading waits for them.
const PATIENCE: Duration = Duration::from_secs(2);

/// After how many readings at most it is tried again when it did not work.
const LONGEST_PAUSE: u32 = 12;

/// Asks for single queues; leaves a management API alone that does not answer.
#[derive(Debug, Default)]
pub(super) struct Singles {
    failures: u32,
    pause: u32,
}

impl Singles {
    /// Never fails: a queue that could not be asked for is missing in the outcome, one that the
    /// broker does not know is `None`.
    pub(super) async fn read(
        &mut self,
        http: &Http,
        login: &Login,
        pinned: &[PinnedName],
        deadline: Instant,
    ) -> SingleRows {
        if self.pause > 0 {
            self.pause -= 1;
            return SingleRows::new();
        }
        let deadline = deadline.min(Instant::now() + PATIENCE);
        let mut rows = SingleRows::new();
        if pinned.is_empty() {
            return rows;
        }
        for endpoint in &login.management {
            let ask = |queue: &PinnedName| {
                let (endpoint, queue) = (endpoint.clone(), queue.clone());
                async move {
                    let (vhost, name) = (&queue.vhost, &queue.name);
                    let answer = management::queue(http, &endpoint, vhost, name, deadline).await;
                    (queue, answer)
                }
            };
            let mut answers = stream::iter(pinned.iter().take(MOST).map(ask)).buffered(AT_ONCE);
            let mut broken = false;
            while let Some((queue, answer)) = answers.next().await {
                match answer {
                    Ok(row) => {
                        rows.insert(queue, row);
                    }
                    Err(failure) if failure.reason == Reason::Unsupported => {}
                    Err(_) => {
                        broken = true;
                        break;
                    }
                }
            }
            if !broken {
                self.failures = 0;
                return rows;
            }
        }
        if !login.management.is_empty() {
            self.failures = (self.failures + 1).min(8);
            self.pause = (1 << self.failures).min(LONGEST_PAUSE);
        }
        rows
    }
}
