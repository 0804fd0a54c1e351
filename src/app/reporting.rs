//! Reports by the clock: worked out at their planned time and put into the outbox, once for each, also
//! across restarts.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::config::{Config, Cron};
use crate::model::{Evidence, Level, Moment, Timestamp};
use crate::publish::Latest;
use crate::publish::report::{Material, Period, Report};
use crate::recover::clock::{Zone, due};
use crate::recover::ledger::{Handle, LedgerError, Planned};
use crate::recover::notify::{Kind, Message, notices};
use crate::recover::prometheus;

/// Time from one look at the clock to the next.
const LOOK: Duration = Duration::from_secs(15);
/// Lines of evidence in a message: it is read on a telephone.
const LINES: usize = 3;

/// Sends the reports of one configuration.
pub(super) struct Reporter {
    pub(super) ledger: Handle,
    pub(super) config: Arc<Config>,
    pub(super) latest: watch::Receiver<Arc<Latest>>,
    pub(super) outbox: Arc<Notify>,
    pub(super) now: fn() -> Moment,
}

impl Reporter {
    /// Whether any is planned.
    pub(super) fn has_work(&self) -> bool {
        self.planned().next().is_some()
    }

    fn planned(&self) -> impl Iterator<Item = (Period, &Cron)> {
        let report = &self.config.report;
        let all = [
            (Period::Daily, &report.daily),
            (Period::Weekly, &report.weekly),
            (Period::Monthly, &report.monthly),
        ];
        all.into_iter()
            .filter_map(|(period, cron)| Some((period, cron.as_ref()?)))
    }

    /// Until it is dropped.
    pub(super) async fn run(self) {
        loop {
            // The first status says that nothing was read yet.
            if self.is_seen() {
                for (period, cron) in self.planned() {
                    if let Err(error) = self.look(period, cron).await {
                        tracing::debug!(%error, period = period.as_str(), "not reported");
                    }
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn is_seen(&self) -> bool {
        let mut probes = self.latest.borrow().status.probes.clone().into_iter();
        probes.all(|probe| probe.success.is_some())
    }

    async fn look(&self, period: Period, cron: &Cron) -> Result<(), LedgerError> {
        let (now, zone): (Timestamp, _) = ((self.now)().into(), Zone::system());
        let name = format!("report: {}", period.as_str());
        let of = name.clone();
        let last = self
            .ledger
            .write(move |ledger| ledger.last_planned(&of, now));
        let Some(at) = due(cron, last.await?, now, &zone) else {
            return Ok(());
        };
        let past = self
            .ledger
            .read(move |ledger| Report::past(ledger, period, now))
            .await?;
        let firing = prometheus::firing(&self.config).await;
        let status = Arc::clone(&self.latest.borrow().status);
        let report = Report::new(
            period,
            Material {
                identity: &self.config.identity,
                past: &past,
                status: Some(&status),
                firing: firing.as_ref(),
                zone: &zone,
                now,
            },
        );
        let level = status.level;
        let planned = Planned {
            notices: notices(&self.config, &message(&report, level), now),
            ..Planned::default()
        };
        let write = self
            .ledger
            .write(move |ledger| ledger.do_planned(&name, at, &planned, now));
        if write.await? {
            tracing::info!(
                period = period.as_str(),
                summary = report.summary(),
                "report sent"
            );
            self.outbox.notify_one();
        }
        Ok(())
    }
}

/// What is to be looked at comes first, with its evidence.
fn message(report: &Report, level: Level) -> Message {
    let mut lines: Vec<_> = report.lines.iter().collect();
    lines.sort_by_key(|line| line.answer != "look");
    let evidence = lines.iter().map(|line| {
        let mut words = format!("{}: {}", line.answer.replace('_', " "), line.words);
        if line.answer == "look" {
            let seen = line.evidence.iter().take(LINES);
            words.extend(seen.map(|one| format!("; {one}")));
        }
        Evidence::seen(line.check.clone(), words)
    });
    let period = &report.period;
    Message {
        kind: Kind::Report,
        level,
        incident: None,
        what: report.summary(),
        done: Vec::new(),
        evidence: evidence.collect(),
        since: None,
        took: None,
        todo: (report.counts.look > 0)
            .then(|| format!("`warrener report --{period}` tells all of it")),
    }
}
