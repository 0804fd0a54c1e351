//! Versions, suites, curves, client certificates.

use super::{POST, Said, TLS, curl, serve, showing};
use crate::support::{Warrener, ask};

fn get(w: &Warrener, args: &[&str]) -> Said {
    curl(w, "https", "/-/healthy", args)
}

#[test]
fn versions_suites_and_curves_are_those_that_are_named() {
    let suites = "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n  \
                  curve_preferences: [CurveP256]\n";
    let headers = "http_server_config:\n  http2: true\n  headers:\n    \
                   X-Frame-Options: deny\n    Strict-Transport-Security: max-age=3600\n";
    let (w, _) = serve(Some(&format!("{TLS}{suites}{headers}")), "");
    let in_13 = get(&w, &["--tlsv1.3"]);
    assert_eq!(in_13.status, 200, "{}", in_13.words);
    let words = in_13.words.to_lowercase();
    for header in [
        "x-frame-options: deny",
        "strict-transport-security: max-age=3600",
        "x-content-type-options: nosniff",
    ] {
        assert!(words.contains(header), "{words}");
    }
    let named = [
        "--tls-max",
        "1.2",
        "--ciphers",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
    ];
    assert_eq!(get(&w, &named).status, 200, "{}", get(&w, &named).words);
    let refused: [&[&str]; 4] = [
        &[
            "--tls-max",
            "1.2",
            "--ciphers",
            "ECDHE-ECDSA-AES128-GCM-SHA256",
        ],
        &["--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"],
        &["--curves", "X25519"],
        // Whom nobody vouches for, from the client's side.
        &["--cacert", "/dev/null"],
    ];
    for args in refused {
        let said = get(&w, args);
        assert_eq!(said.status, 0, "{args:?}: {}", said.words);
    }
    assert_eq!(get(&w, &["--curves", "P-256"]).status, 200);
    assert_eq!(get(&w, &["--http2"]).status, 200);

    let plain = ask(w.address(), "GET /metrics", &[]);
    assert_eq!(plain.status, 400);
    assert!(plain.text().contains("https://"), "{}", plain.text());

    let only_13 = format!("{TLS}  min_version: TLS13\n");
    let (w, _) = serve(Some(&only_13), "");
    assert_eq!(get(&w, &["--tls-max", "1.2"]).status, 0);
    assert_eq!(get(&w, &[]).status, 200);
}

#[test]
fn a_client_shows_a_certificate_of_ours_with_a_name_that_is_let_in() {
    let clients = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  \
                   client_allowed_sans: [prometheus.example]\n";
    let (w, _) = serve(Some(&format!("{TLS}{clients}")), "");
    let by = |name: &str, path: &str, more: &[&str]| {
        let shown = showing(&w, name);
        let mut args: Vec<&str> = shown.iter().map(String::as_str).collect();
        args.extend(more);
        curl(&w, "https", path, &args)
    };
    assert_eq!(get(&w, &[]).status, 0);
    for name in ["foreign", "other"] {
        for version in ["1.2", "1.3"] {
            let said = by(name, "/-/healthy", &["--tls-max", version]);
            assert_eq!(said.status, 0, "{name}: {}", said.words);
        }
    }
    let ours = by("client", "/metrics", &[]);
    assert_eq!(ours.status, 200, "{}", ours.words);
    // The certificate covers what acts, and another site's page can't lend it.
    let paused = by("client", "/api/v1/pause", &POST);
    assert_eq!(paused.status, 200, "{}", paused.words);
    let lent = [&POST[..], &["-H", "Origin: https://evil.example"]].concat();
    assert_eq!(by("client", "/api/v1/pause", &lent).status, 403);
}

#[test]
fn a_certificate_that_is_not_verified_opens_nothing_that_acts() {
    for kind in ["RequestClientCert", "RequireAnyClientCert"] {
        let (w, _) = serve(Some(&format!("{TLS}  client_auth_type: {kind}\n")), "");
        let shown = showing(&w, "foreign");
        let mut args: Vec<&str> = shown.iter().map(String::as_str).collect();
        assert_eq!(get(&w, &args).status, 200, "{kind}");
        args.extend(POST);
        assert_eq!(
            curl(&w, "https", "/api/v1/pause", &args).status,
            403,
            "{kind}"
        );
        let nothing = if kind == "RequestClientCert" { 200 } else { 0 };
        assert_eq!(get(&w, &[]).status, nothing, "{kind}");
    }
    let given = "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.pem\n";
    let (w, _) = serve(Some(&format!("{TLS}{given}")), "");
    let post = |shown: &[String]| {
        let mut args: Vec<&str> = shown.iter().map(String::as_str).collect();
        args.extend(POST);
        curl(&w, "https", "/api/v1/pause", &args).status
    };
    let codes = [
        post(&[]),
        post(&showing(&w, "client")),
        post(&showing(&w, "foreign")),
    ];
    assert_eq!(codes, [403, 200, 0]);
}
