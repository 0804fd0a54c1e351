//! The round trip, and how each of its failures is told apart.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use warrener::config::Tls;
use warrener::model::Reason;
use warrener::model::facts::Phase;
use warrener::watch::Probe;
use warrener::watch::broker::amqp::TlsClient;
use warrener::watch::broker::roundtrip::RoundtripProbe;

use crate::support::amqp::{SOON, access, config, fails, nothing_left, probe, roundtrip, url};
use crate::support::broker;

fn lapin_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    let names = tasks.map(|task| std::fs::read_to_string(task.path().join("comm")));
    names
        .flatten()
        .filter(|name| name.starts_with("lapin"))
        .count()
}

#[tokio::test]
async fn what_works_and_what_does_not_is_told_apart() {
    let broker = broker().start().unwrap();
    let facts = roundtrip(&broker.amqp_url()).await.unwrap();
    let phases: Vec<Phase> = facts.phases.iter().map(|(phase, _)| *phase).collect();
    assert_eq!(phases, Phase::ALL);
    assert!(facts.total() < SOON && !facts.fallback_login);
    assert_eq!(facts.configured_failure, None);

    let told = fails(&url(&broker, "guest:wrong", "/%2f"), Reason::Auth).await;
    assert!(told.starts_with("login: 127.0.0.1:"), "{told}");
    assert!(!told.contains("wrong"), "{told}");
    fails(&url(&broker, "nobody:guest", "/%2f"), Reason::Auth).await;
    let told = fails(&url(&broker, "guest:guest", "/missing"), Reason::Vhost).await;
    assert!(told.contains("missing"), "{told}");
    let told = fails(&url(&broker, "guest:guest", "/"), Reason::Vhost).await;
    assert!(told.contains("/%2f"), "{told}");

    broker.ctl(&["add_user", "reader", "secret"]).unwrap();
    let reader = url(&broker, "reader:secret", "/%2f");
    let told = fails(&reader, Reason::Access).await;
    assert!(told.starts_with("login: "), "{told}");
    broker
        .ctl(&["set_permissions", "reader", "^$", ".*", ".*"])
        .unwrap();
    let told = fails(&reader, Reason::Access).await;
    assert!(told.starts_with("declare: "), "{told}");
    // The least that is needed.
    let queues = "^warrener\\.roundtrip\\.";
    broker
        .ctl(&[
            "set_permissions",
            "reader",
            queues,
            "^amq\\.default$",
            queues,
        ])
        .unwrap();
    roundtrip(&reader).await.unwrap();

    // Newer ones answer with HTTP, older ones close.
    let http = format!("amqp://127.0.0.1:{}", broker.management_port());
    let failure = roundtrip(&http).await.unwrap_err();
    let expected = [Reason::Closed, Reason::Malformed];
    assert!(expected.contains(&failure.reason), "{failure}");
    let tls = broker.amqp_url().replace("amqp://", "amqps://");
    let told = fails(&tls, Reason::Tls).await;
    assert!(told.contains("amqp://"), "{told}");
    fails("amqp://no-such-host.invalid", Reason::Dns).await;
    nothing_left(&broker);

    let trips = 20;
    let begun = Instant::now();
    for _ in 0..trips {
        roundtrip(&broker.amqp_url()).await.unwrap();
    }
    println!("one round trip: {:?}", begun.elapsed() / trips);

    broker.stop().unwrap();
    let told = fails(&broker.amqp_url(), Reason::Refused).await;
    assert!(told.starts_with("connect: "), "{told}");
    broker.start_again().unwrap();
    roundtrip(&broker.amqp_url()).await.unwrap();
}

#[tokio::test]
async fn a_broker_that_accepts_and_keeps_silent_is_a_timeout_in_time() {
    let broker = broker().start().unwrap();
    let url = broker.amqp_url();
    let mut probe = probe(&[&url], Duration::from_secs(2));
    probe.read().await.unwrap();
    broker.freeze().unwrap();
    for _ in 0..2 {
        let begun = Instant::now();
        let failure = probe.read().await.unwrap_err();
        assert_eq!(failure.reason, Reason::Timeout, "{failure}");
        assert!(failure.message.starts_with("login: "), "{failure}");
        // The probe gives up by itself; nobody ends it here.
        assert!(begun.elapsed() < SOON);
    }
    broker.thaw().unwrap();
    probe.read().await.unwrap();
    nothing_left(&broker);
}

#[tokio::test]
async fn given_up_at_any_moment_it_leaves_nothing() {
    let broker = broker().start().unwrap();
    let url = broker.amqp_url();
    let mut probe = probe(&[&url], SOON);
    probe.read().await.unwrap();
    let (mut whole, mut given_up) = (0, 0);
    let mut patience = Duration::ZERO;
    while whole < 3 {
        match tokio::time::timeout(patience, probe.read()).await {
            Ok(outcome) => whole += u32::from(outcome.is_ok()),
            Err(_) => given_up += 1,
        }
        patience += Duration::from_micros(200);
    }
    assert!(given_up > 10, "{given_up} were given up");
    nothing_left(&broker);
}

#[tokio::test]
async fn an_alarm_is_told_at_once_and_leaves_nothing() {
    let broker = broker().start().unwrap();
    let url = broker.amqp_url();
    broker
        .ctl(&["set_vm_memory_high_watermark", "absolute", "1MB"])
        .unwrap();
    let mut probe = probe(&[&url], SOON);
    let begun = Instant::now();
    for _ in 0..3 {
        let failure = probe.read().await.unwrap_err();
        assert_eq!(failure.reason, Reason::Blocked, "{failure}");
        assert!(failure.message.contains("memory"), "{failure}");
    }
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    // While the alarm stays.
    nothing_left(&broker);
    broker
        .ctl(&["set_vm_memory_high_watermark", "0.6"])
        .unwrap();
    testbed::wait_until("the alarm to end", SOON, || {
        let alarms = broker.management("/api/health/checks/alarms");
        alarms.is_ok_and(|answer| answer["status"] == "ok")
    })
    .unwrap();
    probe.read().await.unwrap();
}

#[tokio::test]
async fn another_node_is_tried_and_the_wrong_password_is_not_tried_again() {
    let broker = broker().start().unwrap();
    let url = broker.amqp_url();
    let dead = format!("amqp://127.0.0.1:{}", testbed::free_port().unwrap());
    probe(&[&dead, &url], SOON).read().await.unwrap();
    let failure = probe(&[&dead, &dead], SOON).read().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Refused);
    assert_eq!(failure.message.matches("connect: ").count(), 2, "{failure}");
    let wrong = crate::support::amqp::url(&broker, "guest:wrong", "/%2f");
    let failure = probe(&[&wrong, &dead], SOON).read().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Auth);
    assert_eq!(failure.message.matches("login: ").count(), 1, "{failure}");
}

#[tokio::test]
async fn a_broken_env_file_is_never_a_broken_broker() {
    let broker = broker().start().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let env = dir.path().join(".env");
    let good = format!(
        "RABBITMQ_PASS=guest\nRABBITMQ_PORT={}\n",
        broker.amqp_port()
    );
    std::fs::write(&env, &good).unwrap();
    let template = "amqp://guest:${RABBITMQ_PASS}@127.0.0.1:${RABBITMQ_PORT}/%2f";
    let access = access(&config(dir.path(), &[template]));
    let tls = Arc::new(TlsClient::new(None));
    let mut probe = RoundtripProbe::new(Arc::clone(&access), tls, SOON);

    std::fs::write(&env, "RABBITMQ_PASS=\n").unwrap();
    let failure = probe.read().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unresolved, "{failure}");
    std::fs::write(&env, &good).unwrap();
    assert!(!probe.read().await.unwrap().fallback_login);

    std::fs::write(&env, "RABBITMQ_PASS=\nRABBITMQ_PORT=\n").unwrap();
    let facts = probe.read().await.unwrap();
    assert!(facts.fallback_login);
    let failure = facts.configured_failure.unwrap();
    assert_eq!(failure.reason, Reason::Unresolved);
    assert!(failure.message.contains("RABBITMQ_PORT"), "{failure}");

    let dead = testbed::free_port().unwrap().to_string();
    let port = broker.amqp_port().to_string();
    for (bad, reason) in [
        (good.replace("=guest", "=wrong"), Reason::Auth),
        (good.replace(&port, &dead), Reason::Refused),
    ] {
        std::fs::write(&env, bad).unwrap();
        let facts = probe.read().await.unwrap();
        assert!(facts.fallback_login);
        assert_eq!(facts.configured_failure.unwrap().reason, reason);
    }
    std::fs::write(&env, &good).unwrap();
    assert!(!probe.read().await.unwrap().fallback_login);
}

#[tokio::test]
async fn tls_works_and_its_failures_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(path("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(path("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let port = testbed::free_port().unwrap();
    let broker = broker()
        .conf(&format!(
            "listeners.ssl.1 = 127.0.0.1:{port}\nssl_options.cacertfile = {cert}\n\
             ssl_options.certfile = {cert}\nssl_options.keyfile = {key}\n\
             ssl_options.verify = verify_none",
            cert = path("cert.pem").display(),
            key = path("key.pem").display(),
        ))
        .start()
        .unwrap();
    let by = |host: &str, tls: Tls| {
        let config = config(dir.path(), &[&format!("amqps://{host}:{port}")]);
        RoundtripProbe::new(access(&config), Arc::new(TlsClient::new(Some(&tls))), SOON)
    };
    let ours = || Tls {
        ca_file: Some(path("cert.pem")),
        ..Tls::default()
    };
    by("localhost", ours()).read().await.unwrap();
    let named = Tls {
        server_name: Some("localhost".to_owned()),
        ..ours()
    };
    by("127.0.0.1", named).read().await.unwrap();
    let missing = Tls {
        ca_file: Some(path("missing.pem")),
        ..Tls::default()
    };
    for (host, tls, word) in [
        ("localhost", Tls::default(), "certificate"),
        ("127.0.0.1", ours(), "certificate"),
        ("localhost", missing, "missing.pem"),
    ] {
        let failure = by(host, tls).read().await.unwrap_err();
        assert_eq!(failure.reason, Reason::Tls, "{failure}");
        assert!(failure.message.contains(word), "{failure}");
    }
    let told = fails(&format!("amqp://localhost:{port}"), Reason::Tls).await;
    assert!(told.contains("amqps://"), "{told}");
    nothing_left(&broker);
}

/// What a peer does with a connection that is not what it should.
#[derive(Clone, Copy, Debug)]
enum Rude {
    Silent,
    Closes,
    Garbage,
    Endless,
}

#[tokio::test]
async fn a_thousand_failures_leave_no_socket_no_thread_and_no_task() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let metrics = tokio::runtime::Handle::current().metrics();
    for rude in [Rude::Silent, Rude::Closes, Rude::Garbage, Rude::Endless] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("amqp://{}", listener.local_addr().unwrap());
        let peers = tokio::spawn(async move {
            let mut peers = tokio::task::JoinSet::new();
            for _ in 0..250 {
                let (mut peer, _) = listener.accept().await.unwrap();
                peers.spawn(async move {
                    let mut wrote = Ok(());
                    match rude {
                        Rude::Silent => {}
                        Rude::Closes => return,
                        Rude::Garbage => wrote = peer.write_all(&[0xff; 64]).await,
                        Rude::Endless => while peer.write_all(&[1; 4096]).await.is_ok() {},
                    }
                    drop(wrote);
                    // Until the other side has closed.
                    while peer.read_u8().await.is_ok() {}
                });
            }
            peers.join_all().await;
        });
        let mut probe = probe(&[&url], Duration::from_millis(30));
        for _ in 0..250 {
            probe.read().await.unwrap_err();
        }
        let all_closed = tokio::time::timeout(SOON, peers).await;
        all_closed
            .unwrap_or_else(|_| panic!("{rude:?}: sockets left open"))
            .unwrap();
    }
    let begun = Instant::now();
    while metrics.num_alive_tasks() > 0 || lapin_threads() > 5 {
        let (tasks, threads) = (metrics.num_alive_tasks(), lapin_threads());
        assert!(
            begun.elapsed() < SOON,
            "{tasks} tasks, {threads} threads left"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
