//! warrener over HTTP, as anybody may ask it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use testbed::http;

use crate::Outcome;

/// One warrener.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    /// File with what opens the routes that act.
    pub(crate) token: PathBuf,
}

impl Api {
    /// A JSON answer.
    pub(crate) fn get(&self, path: &str) -> testbed::Result<Value> {
        http::get_json(&format!("{}{path}", self.url))
    }

    /// The exposition.
    pub(crate) fn metrics(&self) -> Option<String> {
        let answer = http::get(&format!("{}/metrics", self.url)).ok()?;
        (answer.status == 200).then_some(answer.body)
    }

    /// Every run there is, oldest first.
    pub(crate) fn runs(&self) -> testbed::Result<Vec<Value>> {
        let mut answer = self.get("/api/v1/runs")?;
        let mut runs = match answer["runs"].take() {
            Value::Array(runs) => runs,
            _ => Vec::new(),
        };
        runs.reverse();
        Ok(runs)
    }

    /// `warrener status`, on the demo's own output; its exit code tells how things are.
    pub(crate) fn status(&self) -> std::io::Result<()> {
        let mut command = Command::new(warrener_exe()?);
        command.args(["status", "--url", &self.url]);
        command.status().map(drop)
    }

    /// `warrener recover PLAYBOOK --target TARGET`.
    pub(crate) fn recover(&self, playbook: &str, target: &str) -> Outcome<()> {
        let mut command = Command::new(warrener_exe()?);
        command
            .args(["recover", playbook, "--target", target, "--url", &self.url])
            .arg("--token-file")
            .arg(&self.token);
        let output = command.stdout(Stdio::null()).output()?;
        match output.status.success() {
            true => Ok(()),
            false => {
                let said = String::from_utf8_lossy(&output.stderr);
                Err(format!("warrener recover {playbook} --target {target}: {said}").into())
            }
        }
    }
}

/// The binary beside this one.
pub(crate) fn warrener_exe() -> std::io::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("warrener"))
}
