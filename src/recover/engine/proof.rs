//! Whether it helped: evidence on later snapshots, and that it stays.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::crash::Point;
use super::drive::{Climbed, Drive, Stop};
use super::words;
use crate::model::{Moment, Outcome, RunState};
use crate::recover::playbook::{Condition, Playbook, Verify};
use crate::recover::verify::{self, About};

impl Drive {
    /// Whether the conditions are seen right now, by anything that was read lately.
    pub(super) fn would_verify(&self, playbook: &Playbook, verify: &Verify) -> bool {
        let Some(world) = self.shared.world() else {
            return false;
        };
        let acked = BTreeMap::new();
        let about = self.about(playbook, &acked, self.shared.begun);
        // What is acknowledged shows between two looks, not at one.
        let now = verify.all.iter().copied();
        let now: Vec<_> = now.filter(|c| *c != Condition::WorkersAcking).collect();
        verify::unseen(&now, &about, &world).is_empty()
    }

    fn about<'a>(
        &'a self,
        playbook: &'a Playbook,
        acked: &'a BTreeMap<String, u64>,
        after: Moment,
    ) -> About<'a> {
        About {
            code: &self.incident.key.code,
            target: &self.run.target,
            playbook,
            after,
            acked,
        }
    }

    /// Waits for evidence on later snapshots, and that it stays.
    pub(super) async fn verify(
        &mut self,
        playbook: &Playbook,
        verify: &Verify,
    ) -> Result<Climbed, Stop> {
        if matches!(self.run.state, RunState::Held(_)) {
            self.advance(RunState::Running, None).await;
        }
        self.advance(RunState::Verifying, None).await;
        self.shared.crash.here(&self.run.playbook, Point::Verifying);
        let after = self.last_act;
        let until = Instant::now() + verify.within.get();
        let (mut acked, mut good_since): (Option<BTreeMap<String, u64>>, Option<Moment>) =
            (None, None);
        let mut missing = String::from("nothing was read since");
        loop {
            self.may_go_on(playbook)?;
            if let Some(world) = self.shared.world() {
                let workers = world.snapshot.workers.read_at();
                if acked.is_none() && workers.is_some_and(|at| verify::is_later(at, after)) {
                    acked = Some(verify::acked(&self.run.target, &world));
                }
                let none = BTreeMap::new();
                let about = self.about(playbook, acked.as_ref().unwrap_or(&none), after);
                let unseen = verify::unseen(&verify.all, &about, &world);
                if unseen.is_empty() {
                    let since = *good_since.get_or_insert(world.assessment.at);
                    if world.assessment.at.since(since) >= verify.stable_for.get() {
                        return Ok(Climbed::Helped);
                    }
                } else {
                    missing = unseen.join("; ");
                    good_since = None;
                }
            }
            if good_since.is_none() && Instant::now() >= until {
                return Ok(Climbed::NotHelped(missing));
            }
            self.next_look().await;
        }
    }

    /// Drives nothing itself: what is open is repaired by its own runs, in order; a person is told at
    /// once; it is over when the verification says so.
    pub(super) async fn emergency(&mut self, playbook: &Playbook) -> Result<Stop, Stop> {
        self.pass(playbook, &[]).await?;
        // Told once, also when warrener ended meanwhile; and written down, so that budgets count it.
        if !words::acted_on(&self.journal, 0) {
            self.call_a_person().await;
        }
        let Some(verify) = playbook.verify.clone() else {
            return Ok(Stop::new(
                Outcome::Failed,
                "it has nothing that verifies it",
            ));
        };
        let until = Instant::now() + playbook.timeout.get();
        let patient = Verify {
            within: verify.within,
            ..verify
        };
        loop {
            if let Climbed::Helped = self.verify(playbook, &patient).await? {
                return Ok(Stop::new(
                    Outcome::Recovered,
                    "the health score is verified",
                ));
            }
            if Instant::now() >= until {
                return Ok(Stop::new(
                    Outcome::Failed,
                    "the health score did not recover in time",
                ));
            }
        }
    }
}
