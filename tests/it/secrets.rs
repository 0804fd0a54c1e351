//! Secrets planted wherever one may be, and a look at everything that leaves the process.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use testbed::wait_until;

use crate::support::{EXE, PATIENCE, ROOMY, Receiver, Warrener, ask, post, prepare, shared_broker};

/// Every planted secret begins with it.
const CANARY: &str = "c4n4ry";
/// Bearer token of what acts.
const TOKEN: &str = "c4n4ry-web-token";

/// The URL of a server on this host, with a user and a planted password in it.
fn with_secret(url: &str, secret: &str) -> String {
    url.replacen("://", &format!("://someone:{CANARY}-{secret}@"), 1)
}

fn planted(people: &Receiver) -> Warrener {
    let broker = shared_broker();
    let program = prepare(&[
        "serve",
        "--web.listen-address=127.0.0.1:0",
        "--log.level=debug",
    ]);
    let dir = program.dir().to_owned();
    let private = |name: &str, text: String| {
        let file = dir.join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    };
    private("token", TOKEN.into());
    private("password", format!("{CANARY}-web-password"));
    private("slack", people.url(&format!("/services/{CANARY}-slack")));
    private("hook-token", format!("{CANARY}-hook-token"));
    private("from", format!("{CANARY}-default-from\n"));
    private(
        ".env",
        format!(
            "RABBITMQ_HOST=127.0.0.1\nRABBITMQ_PORT={}\nRABBITMQ_USER=someone\n\
             RABBITMQ_PASS={CANARY}-env-pass\nAPI_KEY={CANARY}-env-key\n\
             BACKEND=http://me:{CANARY}-env-url@backend/\nLIMIT={CANARY}-malformed\n\
             MODE={CANARY}-not-among-the-values\nMARK=\"{CANARY}-not-in-the-schema\"\n",
            broker.amqp_port()
        ),
    );
    let text = format!(
        "identity: app-1\nstate: state\nbroker:\n  \
         amqp: 'amqp://${{RABBITMQ_USER}}:${{RABBITMQ_PASS}}@${{RABBITMQ_HOST}}:${{RABBITMQ_PORT}}/%2f'\n  \
         management: {}\n  prometheus: {}\n  every: 1s\n  roundtrip: {{every: 1s}}\n{ROOMY}\
         workers:\n  task:\n    control: {{process: {{command: [sh, -c, 'exec sleep 600', {CANARY}-argv], cwd: .}}}}\n    \
         match: {{cmdline: '{CANARY}-argv'}}\n    count: 1\n    env_file: .env\n\
         env_files:\n- path: .env\n  mode: '0600'\n  keys:\n    \
         RABBITMQ_HOST: {{required: true, type: host}}\n    \
         RABBITMQ_PORT: {{required: true, type: port}}\n    \
         RABBITMQ_USER: {{required: true, type: string}}\n    \
         RABBITMQ_PASS: {{required: true, type: secret, default: {CANARY}-default}}\n    \
         API_KEY: {{type: secret, pattern: '[0-9]+', default_from: from}}\n    \
         BACKEND: {{type: url, pattern: 'ftp.*'}}\n    LIMIT: {{type: integer}}\n    \
         MODE: {{secret: true, values: [{CANARY}-a, {CANARY}-b]}}\n\
         web: {{auth: {{bearer_file: token, basic: {{user: ann, password_file: password}}}}}}\n\
         notify:\n  slack: {{url_file: slack}}\n  webhook: {{url: '{}', bearer_file: hook-token}}\n\
         recovery:\n  mode: approve\n  reflex: true\n  alertmanager: {}\n",
        with_secret(&broker.management_url(), "management"),
        with_secret(&broker.prometheus_url(), "prometheus"),
        people.url("/hook"),
        with_secret("http://127.0.0.1:1", "alertmanager"),
    );
    fs::write(program.dir().join("warrener.yml"), text).unwrap();
    Warrener::start(program)
}

/// The first events of the stream.
fn events(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET /api/v1/events HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut told = String::new();
    let mut bytes = [0; 4096];
    while !(told.contains("event: run") && told.contains("event: snapshot")) {
        let read = stream.read(&mut bytes).unwrap();
        assert!(read > 0, "{told}");
        told.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
    told
}

/// What a command says.
fn command(args: &[&str]) -> String {
    let program = prepare(args);
    program.start().unwrap();
    program.wait(PATIENCE).unwrap();
    program.log()
}

/// Every file below, but the two places that are made to hold secrets.
fn files(dir: &std::path::Path, into: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            if !["last-good", "backups"].iter().any(|own| name == *own) {
                files(&path, into);
            }
        } else {
            into.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
}

#[test]
fn no_secret_leaves_the_process() {
    let people = Receiver::start();
    let w = planted(&people);
    let env_before = fs::read(w.dir().join(".env")).unwrap();
    let address = w.address().to_owned();
    w.wait("what is wrong to be found", |m| {
        let found = |code| m.get("warrener_finding", &[("code", code)]) == Some(1.0);
        found("ConfigInvalid") && found("WorkerDown")
    });
    let mut out: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    // On a busy machine the first login may run out of time, and the next comes later.
    let tried = wait_until("the planted password to be tried", PATIENCE, || {
        let status = ask(&address, "GET /api/v1/status", &[]).text();
        status.contains("\"login\":\"auth\"").then_some(status)
    });
    out.insert("status before".into(), tried.unwrap().into_bytes());
    let runs = wait_until("runs that wait for a person", PATIENCE, || {
        let runs = ask(&address, "GET /api/v1/runs", &[]).text();
        let runs: serde_json::Value = serde_json::from_str(&runs).unwrap();
        let waits = |run: &&serde_json::Value| run["state"] == "awaiting_approval";
        let found: Vec<i64> = runs["runs"]
            .as_array()?
            .iter()
            .filter(waits)
            .filter_map(|run| run["id"].as_i64())
            .collect();
        (!found.is_empty()).then_some(found)
    });
    let env_file = format!("env_file:{}/.env", w.dir().display());
    for (playbook, target) in [
        ("config-invalid", &*env_file),
        ("worker-unhealthy", "worker:task"),
    ] {
        let wish = json!({"playbook": playbook, "target": target, "dry_run": true}).to_string();
        let plan = post(&address, "/api/v1/runs", Some(TOKEN), wish.as_bytes());
        assert_eq!(plan.status, 200, "{}", plan.text());
        out.insert(format!("plan of {playbook}"), plan.body);
    }
    let id = runs.unwrap()[0];
    let path = format!("/api/v1/runs/{id}/approve");
    let wrong = post(&address, &path, Some("c4n4ry-wrong-token"), b"{}");
    assert_eq!(wrong.status, 401);
    out.insert(
        "a refusal".into(),
        [wrong.head.into_bytes(), wrong.body].concat(),
    );
    let granted = post(&address, &path, Some(TOKEN), b"{}");
    assert_eq!(granted.status, 200, "{}", granted.text());
    // It acts, and what it finds out is told.
    let over = wait_until("the run to end or to hold", PATIENCE, || {
        let whole = ask(&address, &format!("GET /api/v1/runs/{id}"), &[]).text();
        let whole: serde_json::Value = serde_json::from_str(&whole).unwrap();
        let steps = whole["steps"].as_array()?;
        steps
            .iter()
            .any(|step| !step["result"].is_null())
            .then_some(())
    });
    over.unwrap();
    for (path, what) in [
        ("/hook", "the webhook"),
        (&*format!("/services/{CANARY}-slack"), "Slack"),
    ] {
        let told = wait_until(what, PATIENCE, || {
            let told = people.told(path);
            (!told.is_empty()).then_some(told)
        });
        for (at, one) in told.unwrap().into_iter().enumerate() {
            if path == "/hook" {
                let bearer = format!("Bearer {CANARY}-hook-token");
                assert_eq!(one.authorization, bearer, "it is in use");
            }
            out.insert(format!("{what} {at}"), one.body.to_string().into_bytes());
        }
    }
    out.insert("events".into(), events(&address).into_bytes());
    for path in [
        "/",
        "/page.css",
        "/page.js",
        "/page.svg",
        "/metrics",
        "/api/v1/status",
        "/api/v1/recovery",
        "/api/v1/incidents",
        "/api/v1/runs",
        "/-/healthy",
        "/-/ready",
        "/nowhere",
        &format!("/api/v1/runs/{id}"),
        &format!("/runs/{id}"),
    ] {
        let openmetrics = ["Accept: application/openmetrics-text; version=1.0.0"];
        for accept in [&[][..], &openmetrics] {
            let answer = ask(&address, &format!("GET {path}"), accept);
            let all = [answer.head.into_bytes(), answer.body].concat();
            out.insert(format!("GET {path} {accept:?}"), all);
        }
    }
    let url = format!("http://{address}");
    for args in [
        &["status", "--detailed", "--url", &url][..],
        &["status", "--json", "--url", &url],
        &["runs", "list", "--url", &url],
        &["runs", "show", &id.to_string(), "--url", &url],
        &[
            "check",
            "--live",
            &format!("--config.file={}/warrener.yml", w.dir().display()),
        ],
        &[
            "fix",
            "--dry-run",
            &format!("--config.file={}/warrener.yml", w.dir().display()),
        ],
        &[
            "probe",
            &format!("--config.file={}/warrener.yml", w.dir().display()),
        ],
    ] {
        out.insert(args.join(" "), command(args).into_bytes());
    }
    out.insert("the log".into(), w.program.log().into_bytes());
    files(&w.dir().join("state"), &mut out);

    // It was looked at something, and what was planted is in use.
    let holds = |name: &str, words: &str| String::from_utf8_lossy(&out[name]).contains(words);
    assert!(
        holds("GET / []", "ConfigInvalid") && holds("GET / []", "API_KEY"),
        "{EXE}"
    );
    assert!(
        out.keys().any(|name| name.ends_with("ledger.db")),
        "{:?}",
        out.keys()
    );
    let env_after = fs::read(w.dir().join(".env")).unwrap();
    assert!(env_after == env_before, "nothing could repair it");
    let hidden = [
        format!("someone:{CANARY}-management"),
        format!("someone:{CANARY}-prometheus"),
        format!("someone:{CANARY}-alertmanager"),
        format!("ann:{CANARY}-web-password"),
        format!("someone:{CANARY}-env-pass"),
    ]
    .map(|pair| BASE64.encode(pair));
    let leaks: Vec<String> = out
        .iter()
        .filter_map(|(name, bytes)| {
            let text = String::from_utf8_lossy(bytes);
            let at = text
                .find(CANARY)
                .or_else(|| hidden.iter().find_map(|h| text.find(h.as_str())))?;
            let near: String = text[..at].chars().rev().take(80).collect();
            let near: String = near.chars().rev().collect();
            let after: String = text[at..].chars().take(60).collect();
            Some(format!("{name}: ..{near}{after}"))
        })
        .collect();
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}
