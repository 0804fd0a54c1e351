//! The promises, kept by programs of the configuration. How a worker is stopped that is stopped by
//! a signal or deaf is the stop program's own business.

use std::fs;

use tempfile::TempDir;
use warrener::platform::act::{Actor, COMMAND, CommandSpec, Controlled};

use super::{WORKER, World, restarts_anew, starts_once, stops_whole, tells_why_not, token};

/// Starts the worker in a session of its own, and fails where it ends at once.
const START: &str = r#"
setsid sh "$0/worker.sh" "$1" "$0/mode" > "$0/log" 2>&1 &
echo $! > "$0/pid"
sleep 0.2
kill -0 $! 2> /dev/null || { tail -n 1 "$0/log" >&2; exit 4; }
"#;
const STOP: &str = r#"
kill -s TERM -- "-$(cat "$0/pid")"
while pgrep -r D,R,S,T -g "$(cat "$0/pid")" > /dev/null; do sleep 0.05; done
"#;
const STATUS: &str = r#"test -e "$0/pid" && pgrep -r D,R,S,T -g "$(cat "$0/pid")" > /dev/null"#;

struct Programs {
    dir: TempDir,
    token: String,
}

impl World for Programs {
    fn actor(&self) -> Actor {
        let dir = self.dir.path().display().to_string();
        let shell = |script: &str| {
            ["sh", "-c", script, &dir, &self.token]
                .map(str::to_owned)
                .to_vec()
        };
        Actor::new(Controlled::Command(CommandSpec {
            start: shell(START),
            stop: vec!["sh".into(), "-c".into(), STOP.into(), dir.clone()],
            status: vec!["sh".into(), "-c".into(), STATUS.into(), dir.clone()],
        }))
    }

    fn instance(&self) -> &str {
        COMMAND
    }

    fn behave(&self, how: &str) {
        fs::write(self.dir.path().join("mode"), how).unwrap();
    }

    fn token(&self) -> &str {
        &self.token
    }
}

#[tokio::test]
async fn programs_keep_the_promises_of_starting_and_stopping() {
    let programs = Programs {
        dir: tempfile::tempdir().unwrap(),
        token: token(),
    };
    fs::write(programs.dir.path().join("worker.sh"), WORKER).unwrap();
    starts_once(&programs).await;
    stops_whole(&programs).await;
    restarts_anew(&programs, false).await;
    tells_why_not(&programs, &["sh ended with 4", "no such table: tasks"]).await;
}
