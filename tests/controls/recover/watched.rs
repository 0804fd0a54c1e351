//! What a running warrener tells of itself, and the time that each story took.

#![expect(clippy::print_stdout, reason = "the times are for people")]

use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use testbed::{http, wait_until};

/// A run and all that holds it, on a busy machine.
pub(super) const ENDED: Duration = Duration::from_secs(240);

/// A warrener that serves here.
pub(super) struct Watched {
    pub(super) port: u16,
    /// Everything that is worth knowing when a wait was in vain.
    pub(super) told: Box<dyn Fn() -> String>,
}

impl Watched {
    fn get(&self, path: &str) -> Value {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        http::get_json(&url).unwrap_or(Value::Null)
    }

    pub(super) fn status(&self) -> Value {
        self.get("/api/v1/status")
    }

    /// The newest runs, newest first.
    pub(super) fn runs(&self) -> Vec<Value> {
        let runs = self.get("/api/v1/runs");
        runs["runs"].as_array().cloned().unwrap_or_default()
    }

    pub(super) fn run(&self, id: i64) -> Value {
        self.get(&format!("/api/v1/runs/{id}"))
    }

    /// The number of the newest run that is over; 0 before the first. One that is held may go on.
    pub(super) fn newest(&self) -> i64 {
        let runs = self.runs();
        let over = runs.iter().filter(|run| run["state"] == "ended");
        let ids = over.filter_map(|run| run["id"].as_i64());
        ids.max().unwrap_or(0)
    }

    /// The runs of a playbook after number `after`, oldest first.
    fn since(&self, playbook: &str, after: i64) -> Vec<Value> {
        let own = |run: &Value| run["playbook"] == playbook && run["id"].as_i64() > Some(after);
        let mut runs: Vec<Value> = self.runs().into_iter().filter(own).collect();
        runs.reverse();
        runs
    }

    pub(super) fn wait<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        let found = wait_until(what, ENDED, look);
        found.unwrap_or_else(|e| panic!("{e}\n{:#?}\n{}", self.runs(), (self.told)()))
    }

    /// Waits until a run of it is over that was not of a symptom alone, and gives it with its steps.
    pub(super) fn ends(&self, playbook: &str, after: i64) -> Value {
        let run = self.wait(&format!("a run of {playbook} to end"), || {
            let runs = self.since(playbook, after);
            let over = |run: &&Value| run["state"] == "ended" && run["outcome"] != "self_resolved";
            runs.iter().find(over)?["id"].as_i64()
        });
        self.run(run)
    }

    /// The same, and that it recovered; says how long it took since `began`.
    pub(super) fn recovers(
        &self,
        story: &str,
        playbook: &str,
        after: i64,
        began: Instant,
    ) -> Value {
        let run = self.ends(playbook, after);
        let took = began.elapsed().as_secs_f64();
        println!("{story}: {} after {took:.1} s", run["run"]["outcome"]);
        assert_eq!(
            run["run"]["outcome"],
            "recovered",
            "{story}: {run:#}\n{}",
            (self.told)()
        );
        run
    }

    /// Waits until a run of it is held for this reason.
    pub(super) fn holds(&self, playbook: &str, after: i64, reason: &str) -> i64 {
        self.wait(&format!("{playbook} held: {reason}"), || {
            let runs = self.since(playbook, after);
            let held = |run: &&Value| run["state"] == "held" && run["hold"]["reason"] == reason;
            runs.iter().find(held)?["id"].as_i64()
        })
    }

    /// Waits until nothing is wrong, no run is under way but those that a person's stop holds, and none
    /// too recent for the next of its kind.
    pub(super) fn rests(&self, what: &str, score: i64, cooldown: f64) {
        self.wait(&format!("{what}: all well"), || {
            (self.status()["score"].as_i64() >= Some(score)).then_some(())
        });
        self.wait(&format!("{what}: no run under way"), || {
            let is_over = |run: &Value| {
                run["state"] == "ended" || run["hold"]["reason"] == "stopped_by_operator"
            };
            self.runs().iter().all(is_over).then_some(())
        });
        self.wait(&format!("{what}: the cooldown to end"), || {
            let ended = |run: &Value| run["ended_at"].as_f64().unwrap_or_default();
            let newest = self.runs().iter().map(ended).fold(0.0, f64::max);
            let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
            (now - newest > cooldown).then_some(())
        });
    }
}
