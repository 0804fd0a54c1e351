//! The project, its engine and its images; what the engine and warrener tell of it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use testbed::{Engine, Error, roots, sample_worker, tool, wait_until};

/// A run with all that holds it, on a busy machine.
const ENDED: Duration = Duration::from_secs(300);
/// Who runs warrener and the workers in the shipped file.
const USER: u32 = 1000;
pub(super) const ENV: &str = "deploy/compose/env/worker.env";

/// The project in a folder of its own.
pub(super) struct Project {
    pub(super) engine: Engine,
    pub(super) folder: PathBuf,
}

impl Project {
    pub(super) fn new() -> Self {
        let engine = Engine::start_networked().unwrap();
        let folder = engine.dir().join("clone");
        fs::create_dir(&folder).unwrap();
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        for (from, to) in [
            ("docker-compose.yml", "docker-compose.yml"),
            (
                "testbed/compose/docker-compose.test.yml",
                "docker-compose.override.yml",
            ),
            ("deploy", "deploy"),
        ] {
            let (from, to) = (here.join(from), folder.join(to));
            copy(&["-r", &from.to_string_lossy(), &to.to_string_lossy()]);
        }
        let socket = engine.dir().join("docker.sock");
        let variables = format!("DOCKER_SOCKET={}\n", socket.display());
        fs::write(folder.join(".env"), variables).unwrap();
        for path in [ENV, "deploy/compose/env"] {
            chown(folder.join(path), Some(USER), Some(USER)).unwrap();
        }
        let project = Project { engine, folder };
        project.images();
        project
    }

    /// Those of the shipped Dockerfile by its own script, and one of Debian's servers.
    fn images(&self) {
        let programs = [
            (
                "warrener:0.1.0",
                PathBuf::from(env!("CARGO_BIN_EXE_warrener")),
            ),
            ("warrener-sample-worker:0.1.0", sample_worker().unwrap()),
        ];
        let root = roots::find("compose").expect("testbed/roots.sh compose");
        let compose = root
            .path()
            .join("usr/libexec/docker/cli-plugins/docker-compose");
        for (image, program) in programs {
            let name = program.file_name().unwrap().to_string_lossy().into_owned();
            let made = self.engine.dir().join(format!("image-of-{name}"));
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/rootfs.sh");
            let mut args = vec![script.into_os_string(), made.clone().into(), program.into()];
            if name == "warrener" {
                args.push(compose.clone().into());
            }
            let args: Vec<String> = args
                .into_iter()
                .map(|a| a.to_string_lossy().into_owned())
                .collect();
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            tool(None, "sh", &args, "").unwrap();
            let entry = format!("ENTRYPOINT [\"/usr/bin/{name}\"]");
            let changes = [&*entry, "USER 1000:1000", "ENV PATH=/usr/bin HOME=/tmp"];
            self.engine.import(&made, image, &changes).unwrap();
        }
        // As the images of these servers have them.
        for folder in ["prometheus", "alertmanager", "var/log/rabbitmq"] {
            let folder = root.path().join(folder);
            fs::create_dir_all(&folder).unwrap();
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o1777)).unwrap();
        }
        self.engine
            .import(root.path(), "warrener-debian", &[])
            .unwrap();
    }

    pub(super) fn compose(&self, args: &[&str]) -> String {
        let done = self.engine.compose(&self.folder, args);
        done.unwrap_or_else(|error| panic!("{error}\n{}", self.told()))
    }

    /// Everything that is worth knowing when something was in vain.
    fn told(&self) -> String {
        let all = self.engine.compose(&self.folder, &["ps", "--all"]);
        let logs = self.engine.compose(
            &self.folder,
            &["logs", "--tail=60", "warrener", "engine", "alertmanager"],
        );
        format!("{}\n{}", all.unwrap_or_default(), logs.unwrap_or_default())
    }

    pub(super) fn wait<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        let found = wait_until(what, ENDED, look);
        found.unwrap_or_else(|error| {
            panic!(
                "{error}\n{:#}\n{}",
                self.asks(&["runs", "list"]),
                self.told()
            )
        })
    }

    /// What `warrener ARGS --json` says in its container.
    fn asks(&self, args: &[&str]) -> Value {
        let inside = ["exec", "warrener-warrener-1", "/usr/bin/warrener"];
        let args: Vec<&str> = inside
            .iter()
            .chain(args)
            .copied()
            .chain(["--json"])
            .collect();
        // `status` ends with 1 of an unhealthy fleet.
        let json = match self.engine.docker(&args) {
            Ok(json) => json,
            Err(Error::Tool { output, .. }) => output,
            Err(error) => panic!("{error}"),
        };
        serde_json::from_str(&json).unwrap_or(Value::Null)
    }

    pub(super) fn runs(&self) -> Vec<Value> {
        let runs = self.asks(&["runs", "list"]);
        runs["runs"].as_array().cloned().unwrap_or_default()
    }

    pub(super) fn newest(&self) -> i64 {
        let ids = self.runs().into_iter();
        ids.filter_map(|run| run["id"].as_i64()).max().unwrap_or(0)
    }

    /// Waits until all is well and no run of before stands in the way of the next.
    pub(super) fn rests(&self, what: &str) {
        self.wait(&format!("{what}: all well"), || {
            let score = self.asks(&["status"])["score"].as_i64();
            (score >= Some(90)).then_some(())
        });
        self.wait(
            &format!("{what}: no run under way, none too recent"),
            || {
                let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
                let over = |run: &Value| {
                    run["state"] == "ended"
                        && run["ended_at"].as_f64().is_some_and(|at| now - at > 31.0)
                };
                self.runs().iter().all(over).then_some(())
            },
        );
    }

    pub(super) fn recovers(&self, story: &str, playbook: &str, after: i64, began: Instant) {
        let run = self.wait(&format!("{story}: a run of {playbook} to end"), || {
            let mut runs = self.runs().into_iter();
            runs.find(|run| {
                run["id"].as_i64() > Some(after)
                    && run["playbook"] == playbook
                    && run["state"] == "ended"
                    && run["outcome"] != "self_resolved"
            })
        });
        let took = began.elapsed().as_secs_f64();
        println!("{story}: {} after {took:.1} s", run["outcome"]);
        let id = run["id"].to_string();
        let whole = || self.asks(&["runs", "show", &id]);
        assert_eq!(
            run["outcome"],
            "recovered",
            "{:#}\n{}",
            whole(),
            self.told()
        );
    }

    /// The life of a service's container, as the engine tells it.
    pub(super) fn life(&self, service: &str) -> Life {
        let name = format!("warrener-{service}-1");
        let format = "--format={{.Id}} {{.State.Status}} {{.State.StartedAt}}";
        let life = self.engine.docker(&["inspect", format, &name]).unwrap();
        let mut words = life.split(' ').map(str::to_owned);
        Life {
            id: words.next().unwrap(),
            status: words.next().unwrap(),
            started: words.next().unwrap(),
        }
    }

    /// The answer's status of the engine's proxy.
    pub(super) fn proxy(&self, method: &str, path: &str, body: &str) -> String {
        let url = format!("http://127.0.0.1:2375{path}");
        let (method, body) = (format!("--method={method}"), format!("--body-data={body}"));
        let mut args = vec!["exec", "warrener-engine-1", "wget", "-O", "/dev/null"];
        args.extend(["-S", "--tries=1", "--timeout=10", &method]);
        if !body.ends_with('=') {
            args.extend(["--header=Content-Type: application/json", &body]);
        }
        args.push(&url);
        let answer = match self.engine.docker(&args) {
            Ok(_) => return "200".to_owned(),
            Err(error) => error.to_string(),
        };
        let code = answer.lines().find_map(|line| {
            let words: Vec<&str> = line.trim().splitn(3, ' ').collect();
            (words.len() > 1 && words[0].starts_with("HTTP/")).then(|| words[1].to_owned())
        });
        code.unwrap_or(answer)
    }
}

/// One life of a container.
#[derive(Debug, PartialEq)]
pub(super) struct Life {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) started: String,
}

fn copy(args: &[&str]) {
    tool(None, "cp", args, "").unwrap();
}
