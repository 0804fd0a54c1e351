//! The status page in a real browser.

mod look;

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;
use thirtyfour::Key;

use crate::support::ward::{Care, TOKEN, Ward};
use crate::support::{Browser, PATIENCE, ROOMY, Warrener, prepare};

/// A run from its approval to its verified end.
const RECOVERY: Duration = Duration::from_secs(120);

/// As the incident: the values are gone, the keys are still there.
fn empty_the_env(ward: &Ward) {
    let text = fs::read_to_string(ward.env_file()).unwrap();
    let emptied: String = (text.lines())
        .map(|line| format!("{}=\n", line.split('=').next().unwrap()))
        .collect();
    fs::write(ward.env_file(), emptied).unwrap();
}

/// `document.getElementById(ID)`'s words hold all of these.
fn told(id: &str, words: &[&str]) -> String {
    let all = words
        .iter()
        .map(|w| format!(" && of.includes({})", json!(w)));
    let all: String = all.collect();
    format!(
        "(() => {{ const of = document.getElementById('{id}').innerText; return true{all}; }})()"
    )
}

/// The number of the run that waits for a person to repair the env file.
fn awaiting(ward: &Ward) -> i64 {
    let runs = ward.runs();
    let waits = |run: &&serde_json::Value| {
        run["state"] == "awaiting_approval" && run["target"]["kind"] == "env_file"
    };
    let run = runs.iter().find(waits);
    run.and_then(|run| run["id"].as_i64())
        .unwrap_or_else(|| panic!("{runs:#?}"))
}

/// The incident, seen and answered through the page by somebody who has no mouse.
#[test]
fn the_incident_is_answered_with_the_keyboard_alone_and_seen_live() {
    let ward = Care {
        recovery: "  playbooks: {config-invalid: {mode: approve}}\n".into(),
        ..Care::default()
    }
    .start();
    ward.wait_known_good();
    let browser = Browser::start();
    browser.open(ward.warrener.address(), "/");
    browser.wait("a live page", PATIENCE, &told("link", &["Live."]));
    browser.wait(
        "health",
        PATIENCE,
        &told("state", &["100 of 100", "Nothing."]),
    );
    // What is unfolded stays so, and what has the focus keeps it.
    browser.run("document.querySelector('#workers details').open = true");
    browser.tab_to("#workers summary");

    empty_the_env(&ward);
    let decide = ["ConfigInvalid of env file", "approve or cancel it"];
    browser.wait(
        "the page to ask for a decision",
        PATIENCE,
        &told("state", &decide[1..]),
    );
    browser.wait("the finding", PATIENCE, &told("findings", &decide[..1]));
    browser.wait(
        "the unfolded and the focused to be as they were",
        PATIENCE,
        "document.querySelector('#workers details').open && \
         document.activeElement.matches('#workers summary')",
    );
    assert_eq!(browser.unreadable(), [""; 0]);
    browser.resize(1280, 900);

    // From the beginning: the first key leads past the navigation.
    browser.run("document.activeElement.blur(); window.scrollTo(0, 0)");
    browser.tab_to(".skip");
    browser.press(Key::Enter);
    let run = awaiting(&ward);
    browser.tab_to(&format!("#run-{run} button[data-does=approve]"));
    let outlined = browser.run("return getComputedStyle(document.activeElement).outlineWidth");
    assert_eq!(outlined, "3px", "the focus is seen");
    browser.press(Key::Enter);
    browser.tab_to("#ask-secret");
    browser.press("not the token");
    browser.press(Key::Enter);
    browser.wait(
        "the refusal",
        PATIENCE,
        &told("ask-error", &["Authorization"]),
    );
    assert_eq!(awaiting(&ward), run);
    browser.run("document.getElementById('ask-secret').value = ''");
    browser.tab_to("#ask-secret");
    browser.press(TOKEN);
    browser.press(Key::Enter);
    browser.wait(
        "the dialog to close",
        PATIENCE,
        "!document.getElementById('ask').open",
    );
    let steps = ["config.repair", "workers.restart_staged"];
    browser.wait(
        "the steps as they happen",
        PATIENCE,
        &told("recovery", &steps[..1]),
    );
    browser.wait("the next", RECOVERY, &told("recovery", &steps));
    let over = format!("document.querySelector('#recovery tbody a[href=\"/runs/{run}\"]')");
    browser.wait("the end", RECOVERY, &over);
    browser.wait(
        "health, as it is read aloud",
        RECOVERY,
        "document.getElementById('said').textContent.startsWith('normal, ')",
    );

    // The run's own page.
    browser.run(&format!("{over}.click()"));
    browser.wait("the run's page", PATIENCE, &told("steps", &steps));
    assert_eq!(browser.unreadable(), [""; 0]);

    // The refusal of the wrong token is told by the browser, too; nothing else is.
    let complaints = browser.complaints();
    let other: Vec<_> = (complaints.iter())
        .filter(|told| !told.contains("401") && !told.starts_with("DEBUG"))
        .collect();
    assert!(other.is_empty(), "{other:?}");
}

/// Nobody answers, names are long, and nothing may be done: still one column that can be read.
fn in_trouble(listen: &str) -> Warrener {
    let long = "a-worker-with-a-very-long-name-that-nobody-broke-anywhere-at-all";
    let text = format!(
        "identity: app-1.a-rather-long-name-of-a-host.example.org\n\
         broker: {{amqp: 'amqp://u:s3cret@127.0.0.1:1', every: 1s, roundtrip: {{every: 1s}}}}\n\
         queues: {{pinned: {{{long}-queue: {{max_ready: 1000, min_consumers: 2, max_drain: 10m}}}}}}\n\
         workers:\n  {long}:\n    control: {{process: {{command: ['/bin/true'], cwd: .}}}}\n    \
         count: 2\n    queues: [{long}-queue]\n\
         env_files:\n- path: {long}/.env\n  keys: {{RABBITMQ_HOST: {{required: true, type: host}}}}\n\
         state: state\n{ROOMY}"
    );
    let program = prepare(&["serve", &format!("--web.listen-address={listen}")]);
    fs::write(program.dir().join("warrener.yml"), text).unwrap();
    let w = Warrener::start(program);
    w.wait("the findings", |m| {
        let found = |code| m.get("warrener_finding", &[("code", code)]) == Some(1.0);
        found("BrokerUnreachable") && found("WorkerDown")
    });
    w
}

#[test]
fn a_page_of_troubles_fits_a_phone_and_reads_without_scripts() {
    let w = in_trouble("127.0.0.1:0");
    let browser = Browser::start();
    browser.open(w.address(), "/");
    browser.wait("a live page", PATIENCE, &told("link", &["Live."]));
    // Unfolded, there is most to fit.
    browser.run("for (const all of document.querySelectorAll('details')) all.open = true");
    assert_eq!(browser.unreadable(), [""; 0]);
    assert_eq!(browser.complaints(), [""; 0]);

    browser.command(
        "Emulation.setScriptExecutionDisabled",
        json!({"value": true}),
    );
    browser.open(w.address(), "/");
    let tree = browser
        .command("Accessibility.getFullAXTree", json!({}))
        .to_string();
    for words in [
        "What is wrong",
        "What to do now",
        "Reload for what is newer.",
        "BrokerUnreachable of the broker",
        "Can't be read",
    ] {
        assert!(tree.contains(words), "{words}");
    }
    for landmark in [
        "banner",
        "navigation",
        "main",
        "contentinfo",
        "heading",
        "table",
    ] {
        let role = format!("\"value\":\"{landmark}\"");
        assert!(tree.contains(&role), "no {landmark}");
    }
}

/// A page that lost its server says so, and follows it again.
#[test]
fn a_server_that_goes_and_comes_back_is_followed() {
    // A port that nobody has, now and when it is started again.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut w = in_trouble(&format!("127.0.0.1:{port}"));
    let browser = Browser::start();
    browser.open(w.address(), "/");
    browser.wait("a live page", PATIENCE, &told("link", &["Live."]));
    w.program.terminate().unwrap();
    w.program.wait(PATIENCE).unwrap();
    browser.wait(
        "the loss to be told",
        PATIENCE,
        &told("link", &["Not live"]),
    );
    w.start_again();
    browser.wait("a live page again", PATIENCE, &told("link", &["Live."]));
}
