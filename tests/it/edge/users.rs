//! Users of the web configuration, alone and beside `web.auth`.

use super::{AUTH, POST, TOKEN, curl, metric, right, serve};
use crate::support::Warrener;

fn users() -> String {
    format!("basic_auth_users:\n  ann: {}\n", right())
}

fn status(w: &Warrener, path: &str, args: &[&str]) -> u16 {
    curl(w, "http", path, args).status
}

#[test]
fn a_user_guards_everything_and_covers_what_acts() {
    // A hash of Prometheus's own guide, of cost 12: the format is that of others' tools.
    let guide = "$2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay";
    let web = format!("{}  admin: {guide}\n", users());
    let (w, _) = serve(Some(&web), "");
    let get = |path: &str, args: &[&str]| status(&w, path, args);
    for path in ["/", "/metrics", "/-/healthy", "/-/ready", "/no/such/page"] {
        assert_eq!(get(path, &[]), 401, "{path}");
    }
    let asked = curl(&w, "http", "/metrics", &[]).words.to_lowercase();
    assert!(asked.contains("www-authenticate: basic realm="), "{asked}");
    for pair in ["ann:wrong", "bob:right", "ann:", ":right", "ann:right "] {
        assert_eq!(get("/metrics", &["-u", pair]), 401, "{pair}");
    }
    assert_eq!(get("/metrics", &["-H", "Authorization: Basic %%%"]), 401);
    assert_eq!(get("/metrics", &["-u", "ann:right"]), 200);
    assert_eq!(get("/metrics", &["-u", "admin:test"]), 200);
    assert_eq!(get("/no/such/page", &["-u", "ann:right"]), 404);

    let mut act = POST.to_vec();
    assert_eq!(get("/api/v1/pause", &act), 401);
    act.extend(["-u", "ann:right"]);
    assert_eq!(get("/api/v1/pause", &act), 200);
    act.extend(["-H", "Sec-Fetch-Site: cross-site"]);
    assert_eq!(get("/api/v1/pause", &act), 403);

    let refused = "warrener_http_refused_total{reason=\"unauthenticated\"} ";
    let told = metric(&w, "http", &["-u", "ann:right"], refused).unwrap();
    assert!(told >= 12.0, "{told}");
    let log = w.program.log();
    assert!(
        log.contains("was wrong") && !log.contains("right") && !log.contains("bob"),
        "{log}"
    );
}

#[test]
fn beside_web_auth_a_user_reads_and_the_token_does_both() {
    let (w, _) = serve(Some(&users()), AUTH);
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let by_token = ["-H", &*bearer];
    let by_user = ["-u", "ann:right"];
    let act = |who: &[&str]| status(&w, "/api/v1/pause", &[&POST[..], who].concat());
    assert_eq!(
        (status(&w, "/metrics", &by_user), act(&by_user)),
        (200, 403)
    );
    assert_eq!(
        (status(&w, "/metrics", &by_token), act(&by_token)),
        (200, 200)
    );
    assert_eq!((status(&w, "/metrics", &[]), act(&[])), (401, 401));
}

#[test]
fn no_more_requests_than_the_rate_lets_through() {
    let (w, _) = serve(Some("rate_limit: {interval: 1h, burst: 3}\n"), "");
    let codes: Vec<u16> = (0..4).map(|_| status(&w, "/metrics", &[])).collect();
    assert_eq!(codes, [200, 200, 200, 429]);
}
