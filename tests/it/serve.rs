//! The server itself: routes, formats, exit codes, the end.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

use testbed::wait_until;

use crate::support::{PATIENCE, Warrener, ask, config, prepare, shared_broker};

#[test]
fn routes_answer_as_their_class_says() {
    let w = Warrener::serve(&config(shared_broker(), ""));
    let healthy = ask(w.address(), "GET /-/healthy", &[]);
    assert_eq!(
        (healthy.status, healthy.text().as_str()),
        (200, "warrener is healthy.\n")
    );
    wait_until("ready", PATIENCE, || {
        ask(w.address(), "GET /-/ready", &[]).status == 200
    })
    .unwrap();

    let page = ask(w.address(), "GET /", &[]);
    assert_eq!(page.status, 200);
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .contains("default-src 'none'")
    );
    assert!(page.text().contains("href=\"/metrics\""));

    assert_eq!(ask(w.address(), "GET /nothing", &[]).status, 404);
    assert_eq!(ask(w.address(), "POST /metrics", &[]).status, 405);
    assert_eq!(ask(w.address(), "GET /-/reload", &[]).status, 405);
    assert_eq!(ask(w.address(), "HEAD /metrics", &[]).status, 200);

    let metrics = w.metrics();
    let requests = |route, code| {
        metrics.get(
            "warrener_http_requests_total",
            &[("route", route), ("code", code)],
        )
    };
    assert_eq!(requests("unknown", "404"), Some(1.0));
    assert_eq!(requests("/metrics", "405"), Some(1.0));
    assert_eq!(requests("/-/healthy", "200"), Some(1.0));
}

#[test]
fn format_and_coding_follow_the_request() {
    let w = Warrener::serve(&config(shared_broker(), ""));
    w.wait_success("broker", 1.0);
    let text = ask(w.address(), "GET /metrics", &[]);
    assert_eq!(
        text.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    assert!(!text.text().contains("# EOF"));

    let accept = "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
    let openmetrics = ask(w.address(), "GET /metrics", &[accept]);
    assert_eq!(
        openmetrics.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(openmetrics.text().ends_with("# EOF\n"));

    let gzip = ask(
        w.address(),
        "GET /metrics",
        &[accept, "Accept-Encoding: gzip"],
    );
    assert_eq!(gzip.header("content-encoding"), Some("gzip"));
    assert!(
        gzip.body.len() * 3 < openmetrics.body.len(),
        "{} bytes",
        gzip.body.len()
    );
    let mut unpacked = String::new();
    flate2::read::GzDecoder::new(&gzip.body[..])
        .read_to_string(&mut unpacked)
        .unwrap();
    assert!(unpacked.ends_with("# EOF\n") && unpacked.contains("warrener_build_info{"));
}

#[test]
fn telemetry_path_is_where_the_flag_says() {
    let w = Warrener::serve_with(&config(shared_broker(), ""), |program| {
        program.args(["--web.telemetry-path=/telemetry"])
    });
    assert_eq!(ask(w.address(), "GET /telemetry", &[]).status, 200);
    assert_eq!(ask(w.address(), "GET /metrics", &[]).status, 404);
    assert!(
        ask(w.address(), "GET /", &[])
            .text()
            .contains("href=\"/telemetry\"")
    );
}

#[test]
fn a_taken_address_ends_with_1_and_a_remedy() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let program = prepare(&["serve", "--web.listen-address", &address]);
    program.start().unwrap();
    assert_eq!(program.wait(PATIENCE).unwrap(), Some(1));
    let log = program.log();
    assert!(
        log.contains(&address) && log.contains("--web.listen-address"),
        "{log}"
    );
}

#[test]
fn a_wrong_configuration_or_flag_ends_with_2() {
    let program = prepare(&["serve", "--config.file=broken.yml"]);
    std::fs::write(program.dir().join("broken.yml"), "broker:\n  evry: 5s\n").unwrap();
    program.start().unwrap();
    assert_eq!(program.wait(PATIENCE).unwrap(), Some(2));
    let log = program.log();
    assert!(
        log.contains("broken.yml:2:3: broker.evry: unknown key"),
        "{log}"
    );

    let program = prepare(&["serve", "--web.telemetry-path=/-/healthy"]);
    program.start().unwrap();
    assert_eq!(program.wait(PATIENCE).unwrap(), Some(2));
}

#[test]
fn sigterm_ends_in_order() {
    let w = Warrener::serve(&config(shared_broker(), ""));
    assert_eq!(ask(w.address(), "GET /-/healthy", &[]).status, 200);
    w.program.terminate().unwrap();
    assert_eq!(w.program.wait(PATIENCE).unwrap(), Some(0));
    assert!(TcpStream::connect(w.address()).is_err());
    assert!(w.program.log().contains("stopping"), "{}", w.program.log());
}

#[test]
fn a_slow_head_is_cut_off_and_a_huge_one_refused() {
    let w = Warrener::serve(&config(shared_broker(), ""));
    let mut slow = TcpStream::connect(w.address()).unwrap();
    slow.set_read_timeout(Some(PATIENCE)).unwrap();
    slow.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")
        .unwrap();
    let huge = format!("X: {}", "a".repeat(100_000));
    let mut refused = TcpStream::connect(w.address()).unwrap();
    refused.set_read_timeout(Some(PATIENCE)).unwrap();
    refused
        .write_all(format!("GET /metrics HTTP/1.1\r\n{huge}\r\n\r\n").as_bytes())
        .ok();
    let mut answer = String::new();
    // Refused: answered, closed or reset, and not left hanging.
    let read = refused
        .read_to_string(&mut answer)
        .map_err(|error| error.kind());
    assert!(
        !matches!(read, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)),
        "{read:?}"
    );
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    // The server closes the slow one by itself, well within a person's patience.
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).unwrap();
    assert_eq!(ask(w.address(), "GET /-/healthy", &[]).status, 200);
}

#[test]
fn without_any_file_it_serves_and_says_what_it_reads() {
    let broker = shared_broker();
    let port = broker.amqp_port().to_string();
    let program =
        prepare(&["serve", "--web.listen-address=127.0.0.1:0"]).env("RABBITMQ_HOST", "127.0.0.1");
    // The port comes from ./.env, the host from the environment.
    std::fs::write(
        program.dir().join(".env"),
        format!("RABBITMQ_PORT={port}\n"),
    )
    .unwrap();
    let w = Warrener::start(program);
    assert!(
        w.program.log().contains("no configuration file"),
        "{}",
        w.program.log()
    );
    w.wait_success("roundtrip", 1.0);
    w.wait_success("host", 1.0);
}
