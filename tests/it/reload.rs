//! Loading the configuration again: parse, then swap; a rejected one changes nothing.

use testbed::wait_until;

use crate::support::{PATIENCE, Warrener, ask, config, prepare, shared_broker};

const RELOAD: &str = "POST /-/reload";

fn successful(w: &Warrener) -> Option<f64> {
    w.metrics()
        .get("warrener_config_last_reload_successful", &[])
}

#[test]
fn post_is_closed_then_asks_for_the_token_then_works() {
    let broker = shared_broker();
    let w = Warrener::serve(&config(broker, ""));
    let closed = ask(w.address(), RELOAD, &["Authorization: Bearer x"]);
    assert_eq!(closed.status, 403);
    assert!(
        closed.text().contains("web.auth.bearer_file"),
        "{}",
        closed.text()
    );

    std::fs::write(w.dir().join("token"), "t0ken\n").unwrap();
    let with_auth = config(broker, "web: {auth: {bearer_file: token}}\n");
    std::fs::write(w.dir().join("warrener.yml"), &with_auth).unwrap();
    w.program.hangup().unwrap();
    wait_until("the door to have a lock", PATIENCE, || {
        ask(w.address(), RELOAD, &["Authorization: Bearer wrong"]).status == 401
    })
    .unwrap();
    assert_eq!(
        ask(w.address(), RELOAD, &["Authorization: Bearer t0ken"]).status,
        200
    );

    std::fs::write(
        w.dir().join("warrener.yml"),
        "queues: {per_queue_limt: 5}\n",
    )
    .unwrap();
    let rejected = ask(w.address(), RELOAD, &["Authorization: Bearer t0ken"]);
    assert_eq!(rejected.status, 400);
    assert!(
        rejected.text().contains("did you mean `per_queue_limit`"),
        "{}",
        rejected.text()
    );
    assert_eq!(successful(&w), Some(0.0));
    // The old one is in force: the probes run on, and the token still opens.
    std::fs::write(w.dir().join("warrener.yml"), &with_auth).unwrap();
    assert_eq!(
        ask(w.address(), RELOAD, &["Authorization: Bearer t0ken"]).status,
        200
    );
    assert_eq!(successful(&w), Some(1.0));
    let m = w.metrics();
    let reloads = |outcome| m.get("warrener_config_reloads_total", &[("outcome", outcome)]);
    assert_eq!(
        (reloads("rejected"), reloads("accepted")),
        (Some(1.0), Some(4.0))
    );
}

#[test]
fn sighup_takes_a_new_filter_and_refuses_a_missing_secret() {
    let broker = shared_broker();
    broker.declare("reload-a", &serde_json::json!({})).unwrap();
    broker.declare("reload-b", &serde_json::json!({})).unwrap();
    let w = Warrener::serve(&config(broker, "queues: {include: ['^reload-a$']}\n"));
    let ready = |m: &crate::support::Exposition, queue| {
        m.get("warrener_queue_messages_ready", &[("queue", queue)])
            .is_some()
    };
    w.wait("queue a alone", |m| {
        ready(m, "reload-a") && !ready(m, "reload-b")
    });
    let next = config(broker, "queues: {include: ['^reload-b$']}\n");
    std::fs::write(w.dir().join("warrener.yml"), next).unwrap();
    w.program.hangup().unwrap();
    w.wait("queue b alone", |m| {
        ready(m, "reload-b") && !ready(m, "reload-a")
    });

    let broken = config(broker, "web: {auth: {bearer_file: /no/such/file}}\n");
    std::fs::write(w.dir().join("warrener.yml"), broken).unwrap();
    w.program.hangup().unwrap();
    wait_until("the rejection", PATIENCE, || successful(&w) == Some(0.0)).unwrap();
    assert!(
        w.program.log().contains("/no/such/file"),
        "{}",
        w.program.log()
    );
}

#[test]
fn the_command_tells_what_was_read_or_why_not() {
    let good = config(shared_broker(), "web: {auth: {bearer_file: token}}\n");
    let w = Warrener::serve_with(&good, |program| {
        std::fs::write(program.dir().join("token"), "t0ken\n").unwrap();
        program
    });
    let (file, token) = (w.dir().join("warrener.yml"), w.dir().join("token"));
    let reload = |address: &str, token: Option<&str>| {
        let url = format!("http://{address}");
        let mut args = vec!["reload", "--url", &url];
        args.extend(token.iter().flat_map(|file| ["--token-file", file]));
        let program = prepare(&args);
        program.start().unwrap();
        (program.wait(PATIENCE).unwrap(), program.log())
    };
    let token = token.to_str();
    let (code, out) = reload(w.address(), token);
    let read = format!("Read, and in force: {}\n", file.display());
    assert_eq!(code, Some(0), "{out}");
    assert!(
        out.contains(&read) && out.contains("workers: none"),
        "{out}"
    );

    let before = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, "queues: {per_queue_limt: 5}\n").unwrap();
    let (code, out) = reload(w.address(), token);
    assert_eq!(code, Some(2), "{out}");
    for words in [
        "rejected, the configuration that runs stays in force\n",
        "warrener.yml:1:",
        "did you mean `per_queue_limit`",
    ] {
        assert!(out.contains(words), "{words} in\n{out}");
    }
    std::fs::write(&file, before).unwrap();
    let (code, out) = reload(w.address(), None);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("--token-file"), "{out}");
    let (code, out) = reload("127.0.0.1:1", token);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("no server at"), "{out}");
}
