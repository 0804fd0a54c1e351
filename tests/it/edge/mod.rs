//! The secure edge, as its clients and its enemies meet it: real processes, curl and openssl.

mod client;
mod hostile;
mod made;
mod renew;
mod scan;
mod table;
mod tls;
mod users;

use testbed::tool;

use crate::support::env::set_mode;
use crate::support::{EXE, Warrener, prepare};
use made::Authority;

const TOKEN: &str = "t0ken-of-the-edge";
/// The password `right`, hashed as cheaply as bcrypt can.
fn right() -> String {
    bcrypt::hash("right", 4).unwrap()
}

/// A broker that is nowhere: the edge is the story.
const NOWHERE: &str = "broker: {amqp: 'amqp://u:p@127.0.0.1:1', every: 1s}\nidentity: app-1\n";
const AUTH: &str = "web: {auth: {bearer_file: token}}\n";

/// Serves with a web configuration, beside which lie: `ca.pem`, and `clients.pem` like it; `server.pem` for 127.0.0.1;
/// `client.pem` for `prometheus.example` and `other.pem` for `other.example`, all of that authority;
/// `foreign.pem` for `prometheus.example` of another. Each has its `.key`.
fn serve(web: Option<&str>, more: &str) -> (Warrener, Authority) {
    let authority = Authority::new();
    let w = Warrener::serve_with(&format!("{NOWHERE}{more}"), |program| {
        let dir = program.dir().to_owned();
        std::fs::write(dir.join("token"), TOKEN).unwrap();
        set_mode(&dir.join("token"), 0o600);
        for name in ["ca.pem", "clients.pem"] {
            std::fs::write(dir.join(name), authority.pem()).unwrap();
        }
        let foreign = Authority::new();
        authority.issue(&dir, "server", &["127.0.0.1", "localhost"]);
        authority.issue(&dir, "client", &["prometheus.example"]);
        authority.issue(&dir, "other", &["other.example"]);
        foreign.issue(&dir, "foreign", &["prometheus.example"]);
        match web {
            None => program,
            Some(web) => {
                std::fs::write(dir.join("web.yml"), web).unwrap();
                program.args(["--web.config.file=web.yml"])
            }
        }
    });
    (w, authority)
}

/// TLS with the certificate that lies there.
const TLS: &str = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n";

/// What a client got: the status (0: none), and everything that was said.
struct Said {
    status: u16,
    words: String,
}

/// Asks with curl, `args` more of it; the certificate is verified against `ca.pem`.
fn curl(w: &Warrener, scheme: &str, path: &str, args: &[&str]) -> Said {
    let url = format!("{scheme}://{}{path}", w.address());
    let ca = w.dir().join("ca.pem").display().to_string();
    let mut all = vec![
        "-sS",
        "-i",
        "--max-time",
        "30",
        "--path-as-is",
        "--cacert",
        &ca,
    ];
    all.extend(args);
    all.push(&url);
    match tool(None, "curl", &all, "") {
        Ok(words) => {
            let status = words.split(' ').nth(1).and_then(|code| code.parse().ok());
            let status = status.unwrap_or_else(|| panic!("no status: {words}"));
            Said { status, words }
        }
        Err(error) => Said {
            status: 0,
            words: error.to_string(),
        },
    }
}

/// The arguments that show a certificate that lies there.
fn showing(w: &Warrener, name: &str) -> [String; 4] {
    let file = |ending: &str| {
        w.dir()
            .join(format!("{name}.{ending}"))
            .display()
            .to_string()
    };
    [
        "--cert".to_owned(),
        file("pem"),
        "--key".to_owned(),
        file("key"),
    ]
}

/// The arguments of a POST of JSON.
const POST: [&str; 4] = ["-H", "Content-Type: application/json", "-d", "{}"];

fn metric(w: &Warrener, scheme: &str, args: &[&str], line: &str) -> Option<f64> {
    let metrics = curl(w, scheme, "/metrics", args).words;
    let found = metrics.lines().find_map(|l| l.strip_prefix(line));
    found.and_then(|value| value.trim().parse().ok())
}

#[test]
fn a_wrong_file_is_told_with_its_place_and_nothing_starts() {
    let authority = Authority::new();
    let program = prepare(&[
        "serve",
        "--web.listen-address=127.0.0.1:0",
        "--web.config.file=web.yml",
    ]);
    let dir = program.dir().to_owned();
    authority.issue(&dir, "server", &["localhost"]);
    authority.issue(&dir, "other", &["localhost"]);
    let cases: [(&str, &str); 5] = [
        (
            "tls_server_config: {cert_fil: x}\n",
            "did you mean `cert_file`",
        ),
        (
            &TLS.replace("server.key", "other.key"),
            "is not the key of the certificate",
        ),
        (
            &TLS.replace("server.key", "server.pem"),
            "holds no unencrypted private key",
        ),
        (
            &TLS.replace("server.pem", "missing.pem"),
            "missing.pem: no such file",
        ),
        (
            "basic_auth_users: {ann: hunter2}\n",
            "web.yml:1:25: basic_auth_users.ann",
        ),
    ];
    for (web, words) in cases {
        std::fs::write(dir.join("web.yml"), web).unwrap();
        let check = [
            "-C",
            dir.to_str().unwrap(),
            EXE,
            "check",
            "--web.config.file=web.yml",
        ];
        let why = tool(None, "env", &check, "").unwrap_err().to_string();
        assert!(why.contains(words), "{words}\n{why}");
        program.start().unwrap();
        let code = program.wait(crate::support::PATIENCE).unwrap();
        let log = program.log();
        assert_eq!(code, Some(2), "{log}");
        assert!(
            log.contains(words) && !log.contains("hunter2"),
            "{words}\n{log}"
        );
    }
}
