//! Every route, asked by every kind of client in every kind of configuration: the table of
//! `docs/SECURITY.md`, made from the answers.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{AUTH, POST, TLS, TOKEN, curl, right, serve, showing};
use crate::support::Warrener;

/// The routes by class: what is asked of them.
const ROUTES: [(&str, &str, &str); 23] = [
    ("open", "GET", "/-/healthy"),
    ("open", "GET", "/-/ready"),
    ("read", "GET", "/"),
    ("read", "GET", "/metrics"),
    ("read", "GET", "/api/v1/status"),
    ("read", "GET", "/api/v1/recovery"),
    ("read", "GET", "/api/v1/incidents"),
    ("read", "GET", "/api/v1/runs"),
    ("read", "GET", "/api/v1/runs/{id}"),
    ("read", "GET", "/runs/{id}"),
    ("read", "GET", "/api/v1/report"),
    ("read", "GET", "/api/v1/scores"),
    // Its body never ends.
    ("read", "HEAD", "/api/v1/events"),
    ("act", "POST", "/api/v1/watch"),
    ("act", "POST", "/api/v1/runs"),
    ("act", "POST", "/api/v1/runs/{id}/approve"),
    ("act", "POST", "/api/v1/runs/{id}/cancel"),
    ("act", "POST", "/api/v1/pause"),
    ("act", "POST", "/api/v1/resume"),
    ("act", "POST", "/webhook/alertmanager"),
    ("act", "POST", "/-/reload"),
    ("anything else", "GET", "/no/such/page"),
    ("anything else", "POST", "/no/such/page"),
];

/// Who asks: a name, and what curl is told.
type Client<'a> = (&'a str, Vec<String>);

fn texts(args: &[&str]) -> Vec<String> {
    args.iter().map(ToString::to_string).collect()
}

/// What a door says: come in, or the refusal.
fn answer(w: &Warrener, scheme: &str, method: &str, path: &str, client: &[String]) -> String {
    let path = path.replace("{id}", "1");
    let mut args: Vec<&str> = client.iter().map(String::as_str).collect();
    match method {
        "POST" => args.extend(POST),
        "HEAD" => args.push("-I"),
        _ => {}
    }
    match curl(w, scheme, &path, &args).status {
        0 => "no connection".to_owned(),
        refused @ (401 | 403) => refused.to_string(),
        404 if path == "/no/such/page" => "404".to_owned(),
        _ => "comes in".to_owned(),
    }
}

fn made() -> String {
    let users = format!("basic_auth_users:\n  ann: {}\n", right());
    let certificates =
        format!("{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n");
    let configurations = [
        ("nothing", None, "", "http"),
        ("`web.auth`", None, AUTH, "http"),
        ("`basic_auth_users`", Some(&users), "", "http"),
        ("`basic_auth_users`, `web.auth`", Some(&users), AUTH, "http"),
        ("client certificates", Some(&certificates), "", "https"),
        (
            "client certificates, `web.auth`",
            Some(&certificates),
            AUTH,
            "https",
        ),
    ];
    let classes = ["open", "read", "act", "anything else"];
    let mut page = String::from(
        "| Configured | Who asks | *open* | *read* | *act* | anything else |\n|---|---|---|---|---|---|\n",
    );
    for (configured, web, more, scheme) in configurations {
        let (w, _) = serve(web.map(String::as_str), more);
        let token = texts(&["-H", &format!("Authorization: Bearer {TOKEN}")]);
        let page_of_another = texts(&["-H", "Origin: https://evil.example"]);
        let mut clients: Vec<Client<'_>> = vec![
            ("anybody", Vec::new()),
            ("a wrong password", texts(&["-u", "ann:wrong"])),
        ];
        let best = match (web, more, scheme) {
            (Some(_), _, "http") => Some(("a user", texts(&["-u", "ann:right"]))),
            (_, _, "https") => Some((
                "a certificate of the authority",
                showing(&w, "client").into(),
            )),
            _ => None,
        };
        if scheme == "https" {
            clients.remove(1);
            let foreign = showing(&w, "foreign").to_vec();
            clients.push(("a certificate of another authority", foreign));
        }
        let mut who = best.clone().map_or(Vec::new(), |(_, args)| args);
        clients.extend(best);
        if !more.is_empty() {
            let by_token = match scheme {
                "https" => [who.clone(), token].concat(),
                _ => token,
            };
            let name = if scheme == "https" {
                "such a certificate and the token"
            } else {
                "the token"
            };
            clients.push((name, by_token.clone()));
            who = by_token;
        }
        if !who.is_empty() {
            clients.push((
                "the same from another site's page",
                [who, page_of_another].concat(),
            ));
        }
        for (name, client) in clients {
            let mut line = format!("| {configured} | {name} |");
            for class in classes {
                let routes = ROUTES.iter().filter(|(of, _, _)| *of == class);
                let answers: BTreeSet<String> = routes
                    .map(|(_, method, path)| answer(&w, scheme, method, path, &client))
                    .collect();
                // One class, one answer: that is what makes it a class.
                assert_eq!(
                    answers.len(),
                    1,
                    "{configured}: {name}: {class}: {answers:?}"
                );
                write!(line, " {} |", answers.first().unwrap()).unwrap();
            }
            page.push_str(&line);
            page.push('\n');
        }
    }
    page
}

/// Holds what stands between the marks of `docs/SECURITY.md` against what was made.
pub(super) fn compare(mark: &str, made: &str) {
    let file = format!("{}/docs/SECURITY.md", env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(&file).unwrap();
    let (begin, end) = (format!("<!-- made: {mark} -->\n"), "<!-- end -->");
    let (head, rest) = page.split_once(&begin).unwrap();
    let (held, tail) = rest.split_once(end).unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, format!("{head}{begin}{made}{end}{tail}")).unwrap();
    } else {
        assert!(
            held == made,
            "docs/SECURITY.md, {mark}: UPDATE_GOLDEN=1 renews it\n{made}"
        );
    }
}

#[test]
fn every_route_answers_every_client_as_the_table_says() {
    compare("who comes in", &made());
}

#[test]
fn the_table_asks_every_route_there_is() {
    let source = include_str!("../../../src/server/routes.rs");
    let (source, _) = source.split_once("/// Ends a handler that panics").unwrap();
    let (_, source) = source.split_once("let mut add =").unwrap();
    let known: BTreeSet<&str> = ROUTES.iter().map(|(_, _, path)| *path).collect();
    let there: BTreeSet<&str> = source
        .split('"')
        .filter(|text| text.starts_with('/'))
        .collect();
    let unasked: Vec<_> = there.difference(&known).collect();
    assert!(unasked.is_empty() && there.len() > 10, "{unasked:?}");
}
