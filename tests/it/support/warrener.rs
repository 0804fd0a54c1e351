//! A `warrener serve` of its own, on a port that it chose.

use std::path::Path;
use std::time::Duration;

use testbed::{Program, wait_until};

use super::{Exposition, PATIENCE, ROOMY, ask};

/// The binary under test.
pub(crate) const EXE: &str = env!("CARGO_BIN_EXE_warrener");

pub(crate) struct Warrener {
    pub(crate) program: Program,
    address: String,
}

impl Warrener {
    /// Serves with this `warrener.yml`.
    pub(crate) fn serve(config: &str) -> Self {
        Self::serve_with(config, |program| program)
    }

    /// The same, with more arguments or environment.
    pub(crate) fn serve_with(config: &str, with: impl FnOnce(Program) -> Program) -> Self {
        let program = with(prepare(&["serve", "--web.listen-address=127.0.0.1:0"]));
        // A state directory of its own: the usual one is the machine's.
        let state = if config.contains("state:") {
            ""
        } else {
            "state: state\n"
        };
        let roomy = if config.contains("host:") { "" } else { ROOMY };
        let config = format!("{config}\n{state}{roomy}");
        std::fs::write(program.dir().join("warrener.yml"), config).unwrap();
        Self::start(program)
    }

    /// Starts what was prepared, and waits until it listens.
    pub(crate) fn start(program: Program) -> Self {
        let address = Self::listening(&program);
        Warrener { program, address }
    }

    /// Starts it again after its end.
    pub(crate) fn start_again(&mut self) {
        self.address = Self::listening(&self.program);
    }

    fn listening(program: &Program) -> String {
        program.start().unwrap();
        let address = wait_until("the address in the log", PATIENCE, || {
            let log = program.log();
            let (_, rest) = log.split_once("address=")?;
            let (address, _) = rest.split_once(char::is_whitespace)?;
            Some(address.trim_matches('"').to_owned())
        });
        address.unwrap_or_else(|e| panic!("{e}\n{}", program.log()))
    }

    pub(crate) fn dir(&self) -> &Path {
        self.program.dir()
    }

    /// `HOST:PORT`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The exposition now.
    pub(crate) fn metrics(&self) -> Exposition {
        let answer = ask(&self.address, "GET /metrics", &[]);
        assert_eq!(answer.status, 200);
        Exposition::parse(answer.text())
    }

    /// Scrapes until `holds`, and gives the exposition in which it does.
    pub(crate) fn wait(&self, what: &str, holds: impl Fn(&Exposition) -> bool) -> Exposition {
        self.wait_for(what, PATIENCE, holds)
    }

    /// The same, for so long.
    pub(crate) fn wait_for(
        &self,
        what: &str,
        patience: Duration,
        holds: impl Fn(&Exposition) -> bool,
    ) -> Exposition {
        let mut newest = None;
        let outcome = wait_until(what, patience, || {
            let metrics = self.metrics();
            let held = holds(&metrics);
            newest = Some(metrics);
            held
        });
        let newest = newest.unwrap();
        if let Err(error) = outcome {
            panic!("{error}\n{}\n{}", newest.text, self.program.log());
        }
        newest
    }

    /// Waits until the probe's newest reading succeeded (1) or failed (0).
    pub(crate) fn wait_success(&self, probe: &str, success: f64) -> Exposition {
        self.wait(&format!("{probe} success {success}"), |m| {
            m.get("warrener_probe_success", &[("probe", probe)]) == Some(success)
        })
    }

    /// Waits until the probe fails for this reason.
    pub(crate) fn wait_failure(&self, probe: &str, reason: &str) -> Exposition {
        self.wait(&format!("{probe} to fail with {reason}"), |m| {
            m.get(
                "warrener_probe_failure",
                &[("probe", probe), ("reason", reason)],
            ) == Some(1.0)
        })
    }
}

/// The binary with arguments, not started.
pub(crate) fn prepare(args: &[&str]) -> Program {
    Program::new(EXE).unwrap().args(args.iter().copied())
}
