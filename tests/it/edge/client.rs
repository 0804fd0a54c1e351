//! The commands against a guarded server.

use testbed::tool;

use super::{AUTH, TLS, TOKEN, right, serve};
use crate::support::{EXE, Warrener};

fn command(w: &Warrener, args: &[&str]) -> Result<String, String> {
    let url = format!("https://{}", w.address());
    let mut all = vec![args[0], "--url", &url];
    all.extend(&args[1..]);
    let wrapped = ["-C", w.dir().to_str().unwrap(), EXE];
    let all = [&wrapped[..], &all[..]].concat();
    tool(None, "env", &all, "").map_err(|error| error.to_string())
}

#[test]
fn the_commands_speak_tls_as_a_user_with_a_certificate_or_by_token() {
    let clients = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n";
    let users = format!("basic_auth_users:\n  ann: {}\n", right());
    let (w, _) = serve(Some(&format!("{TLS}{clients}{users}")), AUTH);
    std::fs::write(w.dir().join("password"), "right\n").unwrap();
    std::fs::write(w.dir().join("wrong"), "wrong\n").unwrap();
    let shown = ["--cert-file", "client.pem", "--key-file", "client.key"];
    let ca = ["--ca-file", "ca.pem"];
    let ann = ["--user", "ann", "--password-file", "password"];
    let token = ["--token-file", "token"];

    let runs = [&["runs", "--json"][..], &ca, &shown, &ann].concat();
    let runs = command(&w, &runs).unwrap();
    assert!(runs.contains("\"version\""), "{runs}");
    let pause = [&["pause", "--for", "1h"][..], &ca, &shown, &token].concat();
    command(&w, &pause).unwrap();

    let refused = [
        // By then the server may have hung up: its word on why is not always read.
        ([&["runs"][..], &ca, &ann].concat(), "https://"),
        ([&["runs"][..], &shown, &ann].concat(), "--ca-file"),
        (
            [&["runs"][..], &ca, &shown].concat(),
            "--user and --password-file",
        ),
        (
            [&["pause", "--for", "1h"][..], &ca, &shown, &ann].concat(),
            "this user may read",
        ),
        (
            [
                &["runs"][..],
                &ca,
                &shown,
                &["--user", "ann", "--password-file", "wrong"],
            ]
            .concat(),
            "401",
        ),
    ];
    for (args, words) in refused {
        let why = command(&w, &args).unwrap_err();
        assert!(
            why.contains(words) && !why.contains(TOKEN),
            "{args:?}\n{why}"
        );
    }
}
