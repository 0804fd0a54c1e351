//! What the full world was assessed to be, every field written out.

use std::time::Duration;

use super::ago;
use crate::model::facts::ProcessId;
use crate::model::{
    Assessment, Cap, Code, Component, ComponentScore, Coverage, Evidence, Finding, FindingKey,
    Forecast, Forecasted, Level, Moment, Penalty, ProbeName, ProcessVerdict, Severity, Target,
    Verdict,
};

pub(super) fn assessment(at: Moment) -> Assessment {
    let key = |code, target| FindingKey { code, target };
    let file = Target::EnvFile {
        path: ".env".into(),
    };
    let worker = Target::Worker {
        name: "task-worker".into(),
    };
    let process = ProcessId {
        pid: 4711,
        start_ticks: 7,
    };
    let invalid = key(Code::ConfigInvalid, file.clone());
    Assessment {
        at,
        score: 49,
        level: Level::Critical,
        level_held: true,
        mean: 91,
        cap: Some(Cap {
            at_most: 49,
            finding: invalid.clone(),
        }),
        components: Component::ALL
            .map(|component| ComponentScore {
                component,
                weight: 25,
                share: 0.25,
                score: if component == Component::Config {
                    40
                } else {
                    100
                },
                penalties: if component == Component::Config {
                    vec![Penalty {
                        finding: invalid.clone(),
                        severity: Severity::Critical,
                        points: 60,
                    }]
                } else {
                    Vec::new()
                },
            })
            .into(),
        findings: vec![
            Finding {
                code: Code::ConfigInvalid,
                target: file,
                severity: Severity::Critical,
                since: ago(192),
                as_of: at,
                summary: "RABBITMQ_HOST in .env has no value".into(),
                evidence: vec![Evidence::against("RABBITMQ_HOST", "empty", "a value")],
                processes: Vec::new(),
                cause: None,
            },
            Finding {
                code: Code::WorkerConfigDrift,
                target: worker,
                severity: Severity::Major,
                since: ago(190),
                as_of: at,
                summary: "task-worker runs with another configuration than .env now".into(),
                evidence: vec![Evidence::seen("pid 4711", "RABBITMQ_HOST emptied")],
                processes: vec![process],
                cause: Some(invalid),
            },
        ],
        coverage: ProbeName::ALL
            .map(|probe| Coverage {
                probe,
                available: true,
                age: Some(Duration::from_secs(2)),
            })
            .into(),
        forecasts: vec![Forecast {
            what: Forecasted::DiskFree,
            target: Target::Disk { path: "/".into() },
            value: 50.0 * 1024.0 * 1024.0 * 1024.0,
            limit: 0.0,
            per_second: (-1e6, -1.2e6, -8e5),
            seconds: 53_687.0,
            seconds_between: (44_739.0, 67_108.0),
        }],
        verdicts: vec![ProcessVerdict {
            worker: "task-worker".into(),
            process,
            verdict: Verdict::Stalled,
        }],
    }
}
