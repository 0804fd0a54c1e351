//! The web configuration and what it names, read again when they change.

use testbed::wait_until;

use super::{TLS, curl, metric, right, serve};
use crate::support::{PATIENCE, Warrener};

const SUCCESSFUL: &str = "warrener_web_config_last_reload_successful ";

fn successful(w: &Warrener, args: &[&str]) -> Option<f64> {
    metric(w, "https", args, SUCCESSFUL)
}

#[test]
fn a_new_certificate_is_shown_and_a_broken_one_is_not() {
    let (w, authority) = serve(Some(TLS), "");
    assert_eq!(successful(&w, &[]), Some(1.0));
    // Half of a renewal: the new certificate lies there, its key not yet.
    authority.issue(w.dir(), "next", &["127.0.0.1", "renewed.example"]);
    let renew = |ending: &str| {
        let file = |name: &str| w.dir().join(format!("{name}.{ending}"));
        std::fs::copy(file("next"), file("server")).unwrap();
    };
    renew("pem");
    wait_until("the rejection", PATIENCE, || {
        successful(&w, &[]) == Some(0.0)
    })
    .unwrap();
    assert!(
        w.program
            .log()
            .contains("is not the key of the certificate")
    );
    let port = w.address().rsplit(':').next().unwrap();
    let connect = format!("renewed.example:{port}:127.0.0.1");
    let renewed_name = |w: &Warrener| {
        let url = format!("https://renewed.example:{port}/-/healthy");
        let ca = w.dir().join("ca.pem").display().to_string();
        let args = ["-sS", "--cacert", &ca, "--resolve", &connect, &url];
        testbed::tool(None, "curl", &args, "").is_ok()
    };
    assert!(!renewed_name(&w));
    renew("key");
    wait_until("the new certificate", PATIENCE, || renewed_name(&w)).unwrap();
    assert_eq!(successful(&w, &[]), Some(1.0));
}

#[test]
fn users_change_while_it_runs_and_no_guard_is_taken_away() {
    let users = |name: &str| format!("{TLS}basic_auth_users:\n  {name}: {}\n", right());
    let (w, _) = serve(Some(&users("ann")), "");
    let write = |text: &str| std::fs::write(w.dir().join("web.yml"), text).unwrap();
    let (ann, bob) = (["-u", "ann:right"], ["-u", "bob:right"]);
    let get = |who: &[&str]| curl(&w, "https", "/metrics", who).status;
    assert_eq!((get(&ann), get(&bob)), (200, 401));
    write(&users("bob"));
    wait_until("bob instead of ann", PATIENCE, || {
        (get(&ann), get(&bob)) == (401, 200)
    })
    .unwrap();
    // Emptied, as by a half-done write; without its users; with a slip.
    for (broken, words) in [
        ("", "would lose TLS"),
        (TLS, "would lose its users"),
        ("tls_server_config: {cert_fil: x}\n", "did you mean"),
    ] {
        write(&users("bob"));
        wait_until("the good one", PATIENCE, || {
            successful(&w, &bob) == Some(1.0)
        })
        .unwrap();
        write(broken);
        wait_until("the rejection", PATIENCE, || {
            successful(&w, &bob) == Some(0.0)
        })
        .unwrap();
        assert!(
            w.program.log().contains(words),
            "{words}\n{}",
            w.program.log()
        );
        assert_eq!((get(&[]), get(&bob)), (401, 200));
    }
}

#[test]
fn an_authority_that_is_taken_out_lets_nobody_in_any_more() {
    let clients = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients.pem\n";
    let (w, _) = serve(Some(&format!("{TLS}{clients}")), "");
    let shown = super::showing(&w, "client");
    let args: Vec<&str> = shown.iter().map(String::as_str).collect();
    let get = || curl(&w, "https", "/-/healthy", &args).status;
    assert_eq!(get(), 200);
    let another = super::Authority::new();
    std::fs::write(w.dir().join("clients.pem"), another.pem()).unwrap();
    wait_until("the door to be closed", PATIENCE, || get() == 0).unwrap();
}
