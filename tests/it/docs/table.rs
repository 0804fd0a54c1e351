//! What the documents' commands are here, and those that are not run here, each with who tries it.

/// Programs whose commands are run here. `kill` has a process of its own to end.
pub(super) const HERE: &[&str] = &[
    "warrener",
    "curl",
    "promtool",
    "amtool",
    "rabbitmqctl",
    "rabbitmq-diagnostics",
    "rabbitmq-queues",
    "cat",
    "chmod",
    "df",
    "du",
    "find",
    "free",
    "git",
    "grep",
    "gzip",
    "kill",
    "ls",
    "lsof",
    "mount",
    "namei",
    "pgrep",
    "ps",
    "ss",
    "stat",
    "tail",
    "timeout",
    "top",
    "truncate",
];

/// Programs, and beginnings of commands, that are not run here: why, and the file that tries them.
pub(super) const ELSEWHERE: &[(&str, &str, &str)] = &[
    (
        "make",
        "a target is tried by running it; that there is one, here",
        "Makefile",
    ),
    ("cargo build", "what this test is built by", "Makefile"),
    (
        "cd warrener",
        "a stranger's clone",
        "docs/GETTING_STARTED.md",
    ),
    (
        "git clone",
        "a stranger's clone, timed by hand",
        "docs/GETTING_STARTED.md",
    ),
    (
        "export PATH",
        "a stranger's shell",
        "docs/GETTING_STARTED.md",
    ),
    (
        "warrener serve",
        "the scene's own, and every other story's",
        "tests/it/support/warrener.rs",
    ),
    (
        "sudo apt-get install rabbitmq-server",
        "installs",
        "testbed/install.sh",
    ),
    (
        "sudo rabbitmq-plugins",
        "the scene's broker has it",
        "testbed/src/broker.rs",
    ),
    (
        "apt-get",
        "installs and purges the package",
        "tests/controls/package",
    ),
    (
        "systemctl",
        "the machine's own units",
        "tests/controls/package",
    ),
    (
        "journalctl",
        "a journal needs a systemd",
        "tests/controls/package",
    ),
    (
        "adduser",
        "the package's account",
        "deploy/sysusers.d/warrener.conf",
    ),
    (
        "install -",
        "folders and files of that account",
        "deploy/warrener.service",
    ),
    (
        "cp /usr/share/doc/warrener",
        "the package's polkit rule",
        "tests/controls/package",
    ),
    (
        "chmod 700 deploy/compose",
        "a folder of the compose file's",
        "tests/controls/compose",
    ),
    ("docker", "needs an engine", "tests/controls/compose"),
    (
        "echo \"WARRENER_USER",
        "before the compose file's start",
        "tests/controls/compose",
    ),
    (
        "deploy/compose/secrets.sh",
        "before the compose file's start",
        "tests/controls/compose",
    ),
    (
        "cat /proc/PID/stack",
        "root of the machine, for a process in state D",
        "",
    ),
    ("cat /proc/pressure", "not every kernel tells", ""),
    ("dmesg", "the machine's own ring", ""),
    ("fuser -v /var/lib/warrener", "the machine's own state", ""),
    ("logrotate", "the machine's own logs", ""),
    ("py-spy", "not in Debian", ""),
    ("grep CRON", "the machine's own log", ""),
    ("chown OWNER", "a name of the reader's", ""),
    (
        "rabbitmqctl set_parameter shovel",
        "a plugin, and what it moves is the reader's",
        "",
    ),
    (
        "curl -sS -o /dev/null -w '%{http_code}\\n' https://hooks",
        "leaves the machine",
        "",
    ),
    ("sleep", "between two looks", ""),
];

/// What a word in capitals, or a name of an example, is here. `{..}` is filled in by the scene.
pub(super) const STANDS_FOR: &[(&str, &str)] = &[
    ("/etc/warrener/warrener.yml", "warrener.yml"),
    ("/etc/warrener/observe", "observe"),
    ("/etc/prometheus/prometheus.yml", "observe/prometheus.yml"),
    (
        "/etc/alertmanager/alertmanager.yml",
        "observe/alertmanager.yml",
    ),
    (
        "--config.file=alertmanager.yml",
        "--config.file=observe/alertmanager.yml",
    ),
    ("/srv/app/.env", ".env"),
    ("/run/secrets/warrener", "token"),
    ("/var/lib/warrener", "state"),
    ("/var/lib/rabbitmq", "."),
    ("/var/backups", "."),
    ("app-1.example:15699", "{server}"),
    ("app-2.example:15699", "{server}"),
    ("127.0.0.1:15699", "{server}"),
    ("localhost:15699", "{server}"),
    ("HOST:15699", "{server}"),
    ("PROMETHEUS:9090", "{prometheus}"),
    ("ALERTMANAGER:9093", "{alertmanager}"),
    ("runs approve 12", "runs approve {waiting}"),
    ("runs approve ID", "runs approve {waiting}"),
    ("runs approve N", "runs approve {waiting}"),
    ("runs cancel 12", "runs cancel {held}"),
    ("runs cancel ID", "runs cancel {held}"),
    ("runs show 12", "runs show 1"),
    ("runs show ID", "runs show 1"),
    ("runs show N", "runs show 1"),
    ("warrener init", "warrener init --stdout"),
    ("probe NAME", "probe workers"),
    // A queue has the name, too.
    ("--target NAME", "--target worker:task-worker"),
    ("--target task-worker", "--target worker:task-worker"),
    ("purge_queue NAME", "purge_queue task-worker"),
    ("--for 30s", "--for 1s"),
    ("PID", "{pid}"),
    ("FILE", "task-worker.log"),
    ("GLOB", "*.log"),
    ("PATH", "."),
    ("LOG_OF_THE_WORKER", "task-worker.log"),
    ("PLAYBOOK", "worker-unhealthy"),
    ("TARGET", "worker:task-worker"),
    ("WORKER", "sample-worker"),
    ("DIR", "elsewhere"),
    ("URL", "https://runbooks.example"),
    ("QUEUE", "task-worker"),
    ("VHOST", "docs"),
    ("USER", "someone"),
    ("W", "task-worker"),
];

/// Ends that are right besides 0: what is in the command, the code, and what its output says.
pub(super) const ENDS: &[(&str, i32, &str)] = &[
    // These go on until they are ended.
    ("--watch", 124, "health"),
    ("/api/v1/events", 124, "data:"),
    ("timeout 2", 124, ""),
    // The fleet is well: something stands against it.
    ("--dry-run", 1, "What stands against it now"),
    ("worker-unhealthy --target", 124, "held: at level normal"),
    // There is no terminal to draw on, no archive, no repository, one node.
    ("top -p", 1, ""),
    ("gzip -t", 1, ""),
    ("git log", 128, ""),
    ("check_if_node_is_quorum_critical", 69, ""),
    // Nothing to tell.
    ("lsof", 1, ""),
    ("pgrep", 1, ""),
];
