//! A whole configuration with lines and characters lost, doubled and swapped: no text panics, every
//! error says where, and none shows a secret.

use std::path::Path;

use proptest::prelude::*;

use super::super::Config;

const WHOLE: &str = "\
identity: app-1
state: /var/lib/warrener
broker:
  amqp: amqp://${USER}:${PASS}@${HOST:-localhost}:5672/%2f
  management: http://127.0.0.1:15672
  source: auto
  every: 5s
  roundtrip: {every: 15s}
  control: {systemd: rabbitmq-server.service}
queues:
  include: ['.*']
  pinned:
    ai_tasks: {max_ready: 1000, min_consumers: 2, max_drain: 10m, min_ack_rate: 0.1}
workers:
  task-worker:
    control: {process: {command: [python3, w.py], cwd: ., log: logs/task.log}}
    match: {cmdline: 'task_worker\\.py'}
    count: 2
    min_healthy: 1
    queues: [ai_tasks]
    env_file: .env
    stage: 1
    stop: {signal: TERM, grace: 10s}
env_files:
- path: .env
  mode: '0640'
  keys:
    HOST: {required: true, type: host, default: localhost}
    USER: {required: true, default: guest}
    PASS:
      required: true
      type: secret
      default: hunter2
  rules:
  - {when: TLS == true, require: [CACERT]}
host: {disks: [/], min_disk_free: 0.10}
files:
  logs: [{glob: 'logs/*.log', max_size: 500MiB, max_age: 14d, error: 'ERROR|CRITICAL'}]
  backups: [{glob: '/var/backups/app/*', max_age: 26h, verify: [gzip, -t, '{}']}]
health: {weights: {broker: 40, workers: 30, resources: 15, config: 15}}
recovery:
  mode: propose
  budget: {target: 3 per 15m, host: 10 per 1h}
  housekeeping: [{cron: '0 3 * * *', playbook: housekeeping}]
ledger: {keep: 400d}
";

type Edit = (u8, usize, usize);

fn edited(edits: &[Edit]) -> String {
    let mut lines: Vec<String> = WHOLE.lines().map(str::to_owned).collect();
    for (kind, at, other) in edits {
        if lines.is_empty() {
            break;
        }
        let (at, other) = (at % lines.len(), other % lines.len());
        match kind % 5 {
            0 => drop(lines.remove(at)),
            1 => lines.insert(other, lines[at].clone()),
            2 => lines.swap(at, other),
            3 => lines[at].insert_str(0, ["  ", "- ", "{", "'", "&a ", "\u{0}"][other % 6]),
            _ => drop(lines[at].pop()),
        }
    }
    lines.join("\n")
}

fn load(text: &str) -> Result<Config, String> {
    let file = Path::new("warrener.yml");
    Config::from_text(text, file, Path::new("/srv")).map_err(|errors| errors.to_string())
}

#[test]
fn undamaged_it_loads() {
    load(WHOLE).unwrap();
}

proptest! {
    #[test]
    fn a_damaged_configuration_says_where_and_shows_no_secret(
        edits in prop::collection::vec(any::<Edit>(), 1..6),
    ) {
        match load(&edited(&edits)) {
            Ok(config) => {
                let shown = format!("{config:?}");
                prop_assert!(!shown.contains("hunter2"), "{shown}");
            }
            Err(errors) => {
                prop_assert!(errors.starts_with("warrener.yml"), "{errors}");
                prop_assert!(!errors.contains("hunter2"), "{errors}");
            }
        }
    }
}
