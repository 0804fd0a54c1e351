//! What types can't hold: whether the keys of the file agree with each other.

use super::super::check::Finding;
use super::super::path::KeyPath;
use super::{ClientAuth, TlsServer, TlsVersion, WebFile};

pub(super) fn check(web: &WebFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(tls) = &web.tls_server_config {
        let root = KeyPath::default().key("tls_server_config");
        let mut add = |key: Option<&str>, problem: &str, remedy: &str| {
            let path = key.map_or_else(|| root.clone(), |key| root.key(key));
            findings.push(finding(path, problem, remedy));
        };
        certificate(tls, &mut add);
        clients(tls, &mut add);
        if tls.min_version.unwrap_or(TlsVersion::Tls12)
            > tls.max_version.unwrap_or(TlsVersion::Tls13)
        {
            let problem = "is newer than `max_version`";
            add(Some("min_version"), problem, "swap the two");
        }
        let tls12 = |suite: &super::CipherSuite| suite.as_str().contains("_WITH_");
        if !tls.cipher_suites.is_empty()
            && !tls.cipher_suites.iter().any(tls12)
            && tls.max_version == Some(TlsVersion::Tls12)
        {
            let problem = "has no suite of TLS 1.2, the only version allowed";
            let remedy = "name one of TLS_ECDHE_.., or remove the key";
            add(Some("cipher_suites"), problem, remedy);
        }
    }
    headers(web, &mut findings);
    for user in web.basic_auth_users.keys() {
        let path = KeyPath::default().key("basic_auth_users").key(user);
        if user.is_empty() || user.contains(':') || user.chars().any(char::is_control) {
            let problem = "a user's name is not empty and holds no `:`";
            findings.push(finding(path, problem, "choose another name"));
        }
    }
    if let Some(limit) = &web.rate_limit
        && limit.burst == 0
        && !limit.interval.get().is_zero()
    {
        let path = KeyPath::default().key("rate_limit").key("burst");
        let problem = "a burst of none answers no request at all";
        findings.push(finding(path, problem, "write how many may come at once"));
    }
    findings
}

fn finding(path: KeyPath, problem: &str, remedy: &str) -> Finding {
    Finding {
        path,
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
    }
}

fn certificate(tls: &TlsServer, add: &mut impl FnMut(Option<&str>, &str, &str)) {
    let ways = [
        ("cert", tls.cert.is_some(), tls.cert_file.is_some()),
        ("key", tls.key.is_some(), tls.key_file.is_some()),
    ];
    for (key, inline, file) in ways {
        match (inline, file) {
            (true, true) => add(
                Some(key),
                &format!("is given beside `{key}_file`"),
                "keep one of the two",
            ),
            (false, false) => add(
                None,
                &format!("has no `{key}_file`, and no `{key}`"),
                &format!("give `{key}_file`; to speak plain HTTP, remove `tls_server_config`"),
            ),
            _ => {}
        }
    }
}

fn clients(tls: &TlsServer, add: &mut impl FnMut(Option<&str>, &str, &str)) {
    let authorities = match (&tls.client_ca, &tls.client_ca_file) {
        (Some(_), Some(_)) => {
            let problem = "is given beside `client_ca_file`";
            add(Some("client_ca"), problem, "keep one of the two");
            Some("client_ca")
        }
        (Some(_), None) => Some("client_ca"),
        (None, Some(_)) => Some("client_ca_file"),
        (None, None) => None,
    };
    let auth = tls.client_auth_type;
    match authorities {
        None if auth.verifies() => add(
            Some("client_auth_type"),
            "has no authority to verify with",
            "give `client_ca_file`",
        ),
        Some(key) if auth == ClientAuth::None => add(
            Some(key),
            "is not used: no client is asked for a certificate",
            "write `client_auth_type: RequireAndVerifyClientCert`",
        ),
        _ => {}
    }
    match &tls.client_allowed_sans {
        Some(_) if !auth.requires() => add(
            Some("client_allowed_sans"),
            "is not used for clients that show no certificate",
            "write `client_auth_type: RequireAndVerifyClientCert`",
        ),
        Some(names) if names.is_empty() => add(
            Some("client_allowed_sans"),
            "lets nobody in",
            "name who may come in, or remove the key",
        ),
        _ => {}
    }
}

fn headers(web: &WebFile, findings: &mut Vec<Finding>) {
    let allowed: [(&str, &[&str]); 2] = [
        ("X-Frame-Options", &["deny", "sameorigin"]),
        ("X-Content-Type-Options", &["nosniff"]),
    ];
    let root = KeyPath::default().key("http_server_config").key("headers");
    for (name, value) in web.http_server_config.headers.all() {
        let words = allowed.iter().find(|(header, _)| *header == name);
        if let Some((_, words)) = words
            && !words.contains(&value)
        {
            let remedy = format!("write one of: {}", words.join(", "));
            findings.push(finding(root.key(name), "unknown value", &remedy));
        }
        if !value.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
            let problem = "holds what no header may";
            let remedy = "use printable ASCII, on one line";
            findings.push(finding(root.key(name), problem, remedy));
        }
    }
}
