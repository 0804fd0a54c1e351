//! Brokers that refuse, block, stop and hang. Every fault is made in a real broker.

use std::time::Instant;

use crate::support::{Exposition, Warrener, ask, broker, config, root, shared_broker};

/// Nothing of the broker's is shown while it can't be read: absent is not zero.
fn nothing_of_the_broker(m: &Exposition) {
    for family in [
        "warrener_broker_node_memory",
        "warrener_broker_node_connections",
        "warrener_queue_",
    ] {
        assert!(!m.any(family), "{family} is still there:\n{}", m.text);
    }
}

#[test]
fn wrong_password_is_auth_and_nothing_else() {
    let broker = shared_broker();
    let config = format!(
        "broker:\n  amqp: amqp://guest:wrong@127.0.0.1:{}/%2f\n  management: {}\n  every: 1s\n  \
         roundtrip: {{every: 1s}}\n",
        broker.amqp_port(),
        broker.management_url()
    );
    let w = Warrener::serve(&config);
    w.wait_failure("roundtrip", "auth");
    let m = w.wait_failure("broker", "auth");
    nothing_of_the_broker(&m);
    assert!(
        !w.program.log().contains("wrong"),
        "the password is in the log"
    );
}

#[test]
fn missing_vhost_and_missing_permission_are_told_apart() {
    let broker = shared_broker();
    let config = |user: &str, vhost: &str| {
        format!(
            "broker:\n  amqp: amqp://{user}@127.0.0.1:{}/{vhost}\n  roundtrip: {{every: 1s}}\n",
            broker.amqp_port()
        )
    };
    let w = Warrener::serve(&config("guest:guest", "nowhere"));
    w.wait_failure("roundtrip", "vhost");
    broker.ctl(&["add_user", "looker", "looker"]).unwrap();
    broker
        .ctl(&["set_permissions", "-p", "/", "looker", "", "", ""])
        .unwrap();
    let w = Warrener::serve(&config("looker:looker", "%2f"));
    w.wait_failure("roundtrip", "access");
}

#[test]
fn memory_alarm_shows_and_blocks_and_clears() {
    let broker = broker().start().unwrap();
    let w = Warrener::serve(&config(&broker, ""));
    w.wait("no alarm", |m| {
        m.get("warrener_broker_node_memory_alarm", &[]) == Some(0.0)
    });
    w.wait_success("roundtrip", 1.0);
    broker
        .ctl(&["set_vm_memory_high_watermark", "0.000001"])
        .unwrap();
    w.wait("the alarm", |m| {
        m.get("warrener_broker_node_memory_alarm", &[]) == Some(1.0)
    });
    w.wait_failure("roundtrip", "blocked");
    w.wait("the alarm as a finding", |m| {
        m.get("warrener_finding", &[("code", "BrokerMemoryAlarm")]) == Some(1.0)
            && m.get("warrener_health_score", &[])
                .is_some_and(|score| score <= 49.0)
    });
    broker
        .ctl(&["set_vm_memory_high_watermark", "0.6"])
        .unwrap();
    w.wait("no alarm again", |m| {
        m.get("warrener_broker_node_memory_alarm", &[]) == Some(0.0)
    });
    w.wait_success("roundtrip", 1.0);
}

#[test]
fn broker_stopped_and_back() {
    let broker = broker().start().unwrap();
    let w = Warrener::serve(&config(&broker, ""));
    w.wait_success("broker", 1.0);
    w.wait_success("queues", 1.0);
    w.wait_success("roundtrip", 1.0);
    broker.stop().unwrap();
    w.wait_failure("broker", "refused");
    w.wait_failure("roundtrip", "refused");
    let m = w.wait_failure("queues", "refused");
    nothing_of_the_broker(&m);
    assert_eq!(
        m.get("warrener_probe_success", &[("probe", "host")]),
        Some(1.0)
    );
    w.wait("the broker as the finding, critical", |m| {
        let down = [("code", "BrokerUnreachable"), ("severity", "critical")];
        m.get("warrener_finding", &down) == Some(1.0)
            && m.get("warrener_health_level", &[("level", "critical")]) == Some(1.0)
    });
    let status = ask(w.address(), "GET /api/v1/status", &[]);
    assert_eq!(status.header("content-type"), Some("application/json"));
    let status: serde_json::Value = serde_json::from_str(&status.text()).unwrap();
    assert_eq!(
        (&status["version"], &status["level"]),
        (&1.into(), &"critical".into())
    );
    assert_eq!(status["findings"][0]["code"], "BrokerUnreachable");
    assert_eq!(status["probes"][0]["probe"], "broker");
    assert_eq!(status["probes"][0]["failure"]["reason"], "refused");

    broker.start_again().unwrap();
    w.wait_success("broker", 1.0);
    w.wait_success("queues", 1.0);
    w.wait_success("roundtrip", 1.0);
    w.wait("a healthy score", |m| {
        m.get("warrener_health_score", &[]) == Some(100.0)
    });
}

/// The kernel goes on accepting connections for a frozen broker; only an answer is an answer.
#[test]
fn a_scrape_never_waits_for_a_frozen_broker() {
    let broker = broker().start().unwrap();
    let w = Warrener::serve(&config(&broker, ""));
    w.wait_success("broker", 1.0);
    w.wait_success("queues", 1.0);
    w.wait_success("roundtrip", 1.0);
    broker.freeze().unwrap();
    for probe in ["broker", "queues", "roundtrip"] {
        w.wait_failure(probe, "timeout");
    }
    // A scrape that waited for the broker would last at least until one more reading ended.
    let readings = |m: &Exposition| m.get("warrener_probe_failures_total", &[("probe", "broker")]);
    let (first, started) = (readings(&w.metrics()).unwrap(), Instant::now());
    for _ in 0..20 {
        assert_eq!(ask(w.address(), "GET /metrics", &[]).status, 200);
    }
    println!("20 scrapes of a frozen broker took {:?}", started.elapsed());
    let last = readings(&w.metrics()).unwrap();
    assert!(
        last - first < 10.0,
        "{} readings ended meanwhile",
        last - first
    );
    let age = |m: &Exposition| m.get("warrener_probe_data_age_seconds", &[("probe", "broker")]);
    let before = w.metrics();
    nothing_of_the_broker(&before);
    let then = age(&before).unwrap();
    w.wait("the age to grow", |m| {
        age(m).is_some_and(|now| now > then + 1.0)
    });
    assert_eq!(
        before.get("warrener_probe_success", &[("probe", "host")]),
        Some(1.0)
    );
    broker.thaw().unwrap();
    for probe in ["broker", "queues", "roundtrip"] {
        w.wait_success(probe, 1.0);
    }
}

/// The four lines of the story. The broker is well, so it must go on looking well; the file is
/// the problem, and it is named.
#[test]
fn an_emptied_env_file_is_no_broken_broker() {
    let broker = shared_broker();
    let port = broker.amqp_port();
    let program = crate::support::prepare(&["serve", "--web.listen-address=127.0.0.1:0"]);
    let env = program.dir().join(".env");
    let full = format!(
        "RABBITMQ_HOST=127.0.0.1\nRABBITMQ_PORT={port}\nRABBITMQ_USER=guest\nRABBITMQ_PASS=guest\n"
    );
    std::fs::write(&env, &full).unwrap();
    crate::support::env::set_mode(&env, 0o600);
    std::fs::write(
        program.dir().join("warrener.yml"),
        format!(
            "state: state\nbroker:\n  amqp: amqp://${{RABBITMQ_USER}}:${{RABBITMQ_PASS}}@${{RABBITMQ_HOST}}:\
             ${{RABBITMQ_PORT}}/%2f\n  management: {}\n  every: 1s\n  roundtrip: {{every: 1s}}\n\
             env_files: [{{path: .env, keys: {{RABBITMQ_HOST: {{required: true, type: host}}}}}}]\n",
            broker.management_url()
        ),
    )
    .unwrap();
    let w = Warrener::start(program);
    w.wait_success("broker", 1.0);
    w.wait_success("roundtrip", 1.0);
    assert_eq!(
        w.metrics().get("warrener_config_variables_unresolved", &[]),
        Some(0.0)
    );

    let emptied: String = full
        .lines()
        .map(|l| format!("{}=\n", l.split('=').next().unwrap()))
        .collect();
    std::fs::write(&env, emptied).unwrap();
    let m = w.wait("all four named", |m| {
        m.get("warrener_config_variables_unresolved", &[]) == Some(4.0)
            && m.get("warrener_roundtrip_login_fallback", &[]) == Some(1.0)
            && m.get("warrener_broker_login_fallback", &[]) == Some(1.0)
            && m.get("warrener_queues_login_fallback", &[]) == Some(1.0)
    });
    for variable in [
        "RABBITMQ_HOST",
        "RABBITMQ_PORT",
        "RABBITMQ_USER",
        "RABBITMQ_PASS",
    ] {
        let labels = [("variable", variable), ("why", "empty")];
        assert_eq!(
            m.get("warrener_config_variable_unresolved", &labels),
            Some(1.0)
        );
    }
    for probe in ["broker", "queues", "roundtrip"] {
        let why = format!("warrener_{probe}_configured_login_failure");
        assert_eq!(m.get(&why, &[("reason", "unresolved")]), Some(1.0), "{why}");
        assert_eq!(
            m.get("warrener_probe_success", &[("probe", probe)]),
            Some(1.0),
            "{probe}"
        );
        let failures = m.get("warrener_probe_failures_total", &[("probe", probe)]);
        assert_eq!(failures, Some(0.0), "{probe}");
    }

    // So says the score: the broker is whole, the file is the finding, and it caps the number. That
    // it changed is told too, at no cost; it is critical, for nobody can log in with what is left.
    let m = w.wait("the file as the one finding", |m| {
        m.all("warrener_finding", &[]).count() == 2
            && m.get("warrener_finding", &[("code", "ConfigChanged")]) == Some(1.0)
            && m.get("warrener_finding", &[("code", "ConfigInvalid")]) == Some(1.0)
            && m.get("warrener_env_file_login_success", &[]) == Some(0.0)
    });
    let component = |name| m.get("warrener_health_component_score", &[("component", name)]);
    assert_eq!(
        (component("broker"), component("config")),
        (Some(100.0), Some(40.0))
    );
    assert!(m.get("warrener_health_score", &[]).unwrap() <= 49.0);
    let host = [("key", "RABBITMQ_HOST"), ("kind", "empty")];
    assert_eq!(m.get("warrener_env_file_violation", &host), Some(1.0));

    // A file that was changed to something that does not log in is no broken broker either.
    std::fs::write(&env, full.replace("PASS=guest", "PASS=changed")).unwrap();
    w.wait(
        "the login that last worked, tried after the refused one",
        |m| {
            m.get("warrener_config_variables_unresolved", &[]) == Some(0.0)
                && m.get("warrener_roundtrip_login_fallback", &[]) == Some(1.0)
                && m.get("warrener_probe_success", &[("probe", "roundtrip")]) == Some(1.0)
        },
    );
    std::fs::write(&env, &full).unwrap();
    w.wait("the configured login again", |m| {
        m.get("warrener_roundtrip_login_fallback", &[]) == Some(0.0)
            && m.get("warrener_broker_login_fallback", &[]) == Some(0.0)
            && m.get("warrener_health_score", &[]) == Some(100.0)
            && m.get("warrener_health_level", &[("level", "normal")]) == Some(1.0)
    });
}

#[test]
fn a_variable_that_never_had_a_value_is_named_and_the_rest_runs() {
    let w = Warrener::serve("broker: {amqp: 'amqp://u:${NO_SUCH}@127.0.0.1/', every: 1s}\n");
    w.wait_failure("broker", "unresolved");
    w.wait_success("host", 1.0);
    let labels = [("variable", "NO_SUCH"), ("why", "unset")];
    // Of another probe: it may be read a moment later.
    w.wait("the variable's name", |m| {
        m.get("warrener_config_variable_unresolved", &labels) == Some(1.0)
    });
}

#[test]
fn a_cluster_with_one_node_killed_is_shown_whole() {
    let cluster =
        testbed::Cluster::start_with(3, &testbed::Broker::builder().root(root())).unwrap();
    let list = |url: fn(&testbed::Broker) -> String| {
        cluster.nodes.iter().map(url).collect::<Vec<_>>().join(", ")
    };
    // A classic queue lives on the node that it was declared at.
    for (i, node) in cluster.nodes.iter().enumerate() {
        let queue = format!("on-{i}");
        node.declare(&queue, &serde_json::json!({})).unwrap();
    }
    let w = Warrener::serve(&format!(
        "broker:\n  amqp: [{}]\n  management: [{}]\n  prometheus: [{}]\n  every: 1s\n  \
         roundtrip: {{every: 1s}}\nqueues: {{pinned: {{on-0: {{}}, on-2: {{}}}}}}\n",
        list(testbed::Broker::amqp_url),
        list(testbed::Broker::management_url),
        list(testbed::Broker::prometheus_url)
    ));
    let up = |m: &Exposition, up| {
        m.all("warrener_broker_node_up", &[])
            .filter(|(_, v)| *v == up)
            .count()
    };
    let ready =
        |m: &Exposition, queue: &str| m.get("warrener_queue_messages_ready", &[("queue", queue)]);
    let all_queues = [("capability", "all_queues")];
    w.wait("three nodes up and a queue on each", |m| {
        up(m, 1.0) == 3
            && ["on-0", "on-1", "on-2"]
                .iter()
                .all(|queue| ready(m, queue) == Some(0.0))
            && m.get("warrener_queues_capability", &all_queues) == Some(1.0)
    });
    let killed = &cluster.nodes[2];
    killed.kill().unwrap();
    w.wait("two up and the third down by its name", |m| {
        up(m, 1.0) == 2
            && m.get("warrener_broker_node_up", &[("node", killed.node_name())]) == Some(0.0)
    });
    w.wait_success("queues", 1.0);
    w.wait_success("roundtrip", 1.0);
    // Nothing is said of the dead node but that it is down.
    let m = w.metrics();
    let memory = "warrener_broker_node_memory_used_bytes";
    assert_eq!(m.get(memory, &[("node", killed.node_name())]), None);
    // The queues of the others are shown; those of the dead node are not said to be gone, for it
    // can't be asked.
    let m = w.wait("that not every queue can be told", |m| {
        m.get("warrener_queues_capability", &all_queues) == Some(0.0)
            && ready(m, "on-0") == Some(0.0)
            && ready(m, "on-1") == Some(0.0)
    });
    let exists = |queue| m.get("warrener_queue_exists", &[("queue", queue)]);
    assert_eq!(exists("on-0"), Some(1.0));
    assert_ne!(exists("on-2"), Some(0.0));
    w.wait("the node as a finding", |m| {
        m.get("warrener_finding", &[("code", "BrokerNodeDown")])
            .is_some()
    });
}
