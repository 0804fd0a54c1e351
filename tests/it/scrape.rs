//! What Prometheus makes of it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use testbed::{Prometheus, PrometheusConfig, wait_until};

use crate::support::{PATIENCE, Warrener, ask, broker, config, root, shared_broker};

/// `promtool` of the release under test accepts the exposition without a word.
fn lint(text: &str) {
    let said = testbed::tool(root().as_ref(), "promtool", &["check", "metrics"], text).unwrap();
    assert_eq!(said.trim(), "", "promtool check metrics");
}

#[test]
fn promtool_accepts_the_small_and_the_full_exposition() {
    // Before any probe succeeded, and with nothing to reach.
    let w = Warrener::serve("broker: {amqp: 'amqp://127.0.0.1:1', every: 1s}\n");
    let small = w.wait_failure("broker", "refused");
    lint(&small.text);

    let broker = shared_broker();
    broker
        .declare(
            "scrape-full",
            &serde_json::json!({"x-queue-type": "quorum"}),
        )
        .unwrap();
    broker.publish("scrape-full", 3).unwrap();
    let more = "queues: {pinned: {scrape-full: {}, scrape-absent: {}}}\nhost: {disks: [/]}\n";
    let w = Warrener::serve(&config(broker, more));
    w.wait_success("roundtrip", 1.0);
    w.wait_success("host", 1.0);
    let full = w.wait("the queue's messages", |m| {
        m.get("warrener_queue_messages_ready", &[("queue", "scrape-full")]) == Some(3.0)
    });
    lint(&full.text);
    assert_eq!(
        full.get("warrener_queue_exists", &[("queue", "scrape-full")]),
        Some(1.0)
    );
    assert_eq!(
        full.get("warrener_queue_exists", &[("queue", "scrape-absent")]),
        Some(0.0)
    );
    assert_eq!(
        full.get(
            "warrener_queue_messages_ready",
            &[("queue", "scrape-absent")]
        ),
        None
    );
    let host = [
        "warrener_host_memory_available_bytes",
        "warrener_host_load1",
        "warrener_host_cpus",
    ];
    for name in host {
        assert!(full.get(name, &[]).is_some_and(|v| v > 0.0), "{name}");
    }
    assert!(
        full.get("warrener_host_disk_available_bytes", &[("path", "/")])
            .unwrap()
            > 1e6
    );
    let connect = [("phase", "connect")];
    assert!(
        full.get("warrener_roundtrip_phase_seconds_count", &connect)
            .unwrap()
            >= 1.0
    );
}

/// A Prometheus of the release under test, scraping every second.
fn prometheus(job: &str, w: &Warrener) -> Prometheus {
    let config = PrometheusConfig {
        root: root(),
        ..PrometheusConfig::scraping(job, w.address())
    };
    Prometheus::start(&config).unwrap()
}

/// As Prometheus asks by itself: OpenMetrics.
#[test]
fn prometheus_scrapes_openmetrics() {
    let w = Warrener::serve(&config(shared_broker(), ""));
    w.wait_success("roundtrip", 1.0);
    let prometheus = prometheus("warrener", &w);
    let up = || prometheus.value("up{job=\"warrener\"}").unwrap() == Some(1.0);
    wait_until("the scrape", PATIENCE, up).unwrap();
    for expression in [
        "warrener_probe_success{probe=\"broker\"}",
        "warrener_broker_node_up",
        "warrener_probe_successes_total{probe=\"roundtrip\"}",
        "warrener_roundtrip_phase_seconds_bucket{phase=\"publish\",le=\"+Inf\"}",
    ] {
        let seen = wait_until(expression, PATIENCE, || {
            prometheus.value(expression).unwrap()
        });
        assert!(seen.unwrap() >= 1.0, "{expression}");
    }
    let metadata = |name: &str| {
        let answer = prometheus
            .api(&format!("/api/v1/metadata?metric={name}"))
            .unwrap();
        answer[name][0]["type"].as_str().map(str::to_owned)
    };
    wait_until("metadata", PATIENCE, || {
        metadata("warrener_probe_successes").or_else(|| metadata("warrener_probe_successes_total"))
    })
    .unwrap();
}

/// Passes scrapes on and asks for the older text in their place, which this Prometheus never does
/// by itself.
fn asking_for_text(w: &Warrener) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, upstream) = (
        listener.local_addr().unwrap().to_string(),
        w.address().to_owned(),
    );
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // The request's head ends before anything is answered; it has no body.
            let mut head = BufReader::new(stream.try_clone().unwrap()).lines();
            while head.next().unwrap().unwrap() != "" {}
            let answer = ask(
                &upstream,
                "GET /metrics",
                &["Accept: text/plain;version=0.0.4"],
            );
            let kind = answer.header("content-type").unwrap();
            let head = format!("HTTP/1.0 200 OK\r\nContent-Type: {kind}\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&answer.body).unwrap();
        }
    });
    address
}

#[test]
fn prometheus_scrapes_the_older_text() {
    let w = Warrener::serve(&config(shared_broker(), ""));
    w.wait_success("roundtrip", 1.0);
    let targets = vec![("text".to_owned(), asking_for_text(&w))];
    let config = PrometheusConfig {
        root: root(),
        targets,
        ..PrometheusConfig::default()
    };
    let prometheus = Prometheus::start(&config).unwrap();
    for expression in [
        "up{job=\"text\"}",
        "warrener_probe_successes_total{probe=\"roundtrip\"}",
    ] {
        let seen = wait_until(expression, PATIENCE, || {
            prometheus.value(expression).unwrap()
        });
        assert!(seen.unwrap() >= 1.0, "{expression}");
    }
}

#[test]
fn queue_names_come_through_escaped() {
    let broker = broker().start().unwrap();
    let names = [
        "quo\"te",
        "back\\slash",
        "end\\",
        "tab\there",
        "雪☃\u{1f407}",
        "a b,c=d{e}",
        "#",
    ];
    for name in names {
        broker.declare(name, &serde_json::json!({})).unwrap();
    }
    let w = Warrener::serve(&config(&broker, ""));
    let shown = |m: &crate::support::Exposition, name: &str| {
        m.get(
            "warrener_queue_messages_ready",
            &[("vhost", "/"), ("queue", name)],
        )
        .is_some()
    };
    let m = w.wait("every queue", |m| names.iter().all(|name| shown(m, name)));
    lint(&m.text);
    let prometheus = prometheus("w", &w);
    for name in names {
        let quoted = serde_json::to_string(name).unwrap();
        let expression = format!("warrener_queue_messages_ready{{queue={quoted}}}");
        wait_until(&expression, PATIENCE, || {
            prometheus.value(&expression).unwrap() == Some(0.0)
        })
        .unwrap();
    }
}
