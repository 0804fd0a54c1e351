//! The promises, kept by processes that warrener starts itself.

use std::fs;

use tempfile::TempDir;
use warrener::platform::act::{Actor, Controlled, ProcessSpec, StartHow};

use super::{
    WORKER, World, forces_the_deaf, restarts_anew, starts_once, stops_the_stopped, stops_whole,
    tells_why_not, token,
};

struct Own {
    dir: TempDir,
    token: String,
}

impl Own {
    fn new() -> Self {
        let own = Own {
            dir: tempfile::tempdir().unwrap(),
            token: token(),
        };
        fs::write(own.dir.path().join("worker.sh"), WORKER).unwrap();
        own
    }

    fn spec(&self) -> ProcessSpec {
        let path = |name: &str| self.dir.path().join(name).display().to_string();
        let command = [
            "sh".to_owned(),
            path("worker.sh"),
            self.token.clone(),
            path("mode"),
        ];
        ProcessSpec {
            worker: "task".into(),
            command: command.to_vec(),
            cwd: self.dir.path().into(),
            log: Some(self.dir.path().join("log")),
            count: 1,
            state: self.dir.path().join("state"),
        }
    }
}

impl World for Own {
    fn actor(&self) -> Actor {
        Actor::new(Controlled::Process(self.spec()))
    }

    fn instance(&self) -> &'static str {
        "task.0"
    }

    fn behave(&self, how: &str) {
        fs::write(self.dir.path().join("mode"), how).unwrap();
    }

    fn token(&self) -> &str {
        &self.token
    }
}

#[tokio::test]
async fn a_process_keeps_the_promises_of_starting_and_stopping() {
    let own = Own::new();
    starts_once(&own).await;
    stops_whole(&own).await;
    stops_the_stopped(&own).await;
    forces_the_deaf(&own).await;
    restarts_anew(&own, true).await;
    let log = own.dir.path().join("log");
    tells_why_not(&own, &["ended with 3", log.to_str().unwrap()]).await;
    let said = fs::read_to_string(&log).unwrap();
    assert!(said.contains("no such table: tasks"), "{said}");
    // It was not the name of a mode that made all this.
    drop(
        own.actor()
            .start("task.1", &StartHow::default())
            .await
            .unwrap_err(),
    );
}
