//! The env file of the story, its schema, and commands run beside a server.

use std::path::{Path, PathBuf};

use testbed::{Broker, Program};

use super::{PATIENCE, prepare};

/// What must never be seen in any output.
pub(crate) const CANARY: &str = "c4nary-pass";

/// A user of the broker whose password is [`CANARY`], with all permissions.
pub(crate) fn add_user(broker: &Broker, name: &str) {
    broker.ctl(&["add_user", name, CANARY]).unwrap();
    let all = ["set_permissions", "-p", "/", name, ".*", ".*", ".*"];
    broker.ctl(&all).unwrap();
}

/// The four lines, with words of people around them.
pub(crate) fn env(broker: &Broker, user: &str, password: &str) -> String {
    format!(
        "# the broker, see the wiki\r\nexport RABBITMQ_HOST=127.0.0.1 # not localhost\r\n\
         RABBITMQ_PORT={}\r\nRABBITMQ_USER='{user}'\r\n\r\nRABBITMQ_PASS=\"{password}\"\r\n\
         OTHER=kept-0ther",
        broker.amqp_port()
    )
}

/// The same with the four emptied, as they were that evening.
pub(crate) fn emptied(env: &str) -> String {
    let empty = |line: &str| match line.split_once('=') {
        Some((key, value)) if key.contains("RABBITMQ_") => {
            let comment = value.find(" #").map_or("", |at| &value[at..]);
            format!("{key}={comment}")
        }
        _ => line.to_owned(),
    };
    env.split("\r\n")
        .map(empty)
        .collect::<Vec<_>>()
        .join("\r\n")
}

/// A configuration whose own broker comes from `.env`. `defaults` go to each key, in order.
pub(crate) fn config(broker: &Broker, defaults: [&str; 4]) -> String {
    let [host, port, user, pass] = defaults;
    format!(
        "state: state\nbroker:\n  amqp: amqp://${{RABBITMQ_USER}}:${{RABBITMQ_PASS}}@\
         ${{RABBITMQ_HOST}}:${{RABBITMQ_PORT}}/%2f\n  management: {}\n  every: 1s\n  \
         roundtrip: {{every: 1s}}\n\
         workers:\n  task-worker: {{match: {{cmdline: no-such-worker}}}}\n\
         env_files:\n- path: .env\n  keep_after: 1s\n  keys:\n    \
         RABBITMQ_HOST: {{required: true, type: host{host}}}\n    \
         RABBITMQ_PORT: {{required: true, type: port{port}}}\n    \
         RABBITMQ_USER: {{required: true, type: string{user}}}\n    \
         RABBITMQ_PASS: {{required: true, type: secret{pass}}}\n",
        broker.management_url()
    )
}

/// A folder with `warrener.yml` and `.env`, and a server that was not started.
pub(crate) fn prepared(config: &str, env: &str) -> Program {
    let program = prepare(&["serve", "--web.listen-address=127.0.0.1:0"]);
    std::fs::write(program.dir().join("warrener.yml"), config).unwrap();
    let file = program.dir().join(".env");
    std::fs::write(&file, env).unwrap();
    set_mode(&file, 0o640);
    program
}

pub(crate) fn set_mode(file: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, PermissionsExt::from_mode(mode)).unwrap();
}

/// Runs a command with the configuration of `dir`: exit code and output.
pub(crate) fn command(dir: &Path, args: &[&str]) -> (Option<i32>, String) {
    let file: PathBuf = dir.join("warrener.yml");
    let program = prepare(args).args(["--config.file".as_ref(), file.as_os_str()]);
    program.start().unwrap();
    let code = program.wait(PATIENCE).unwrap();
    (code, program.log())
}
