//! Certificates made for a story.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::support::env::set_mode;

/// Names tell certificate and authority apart: openssl takes one that is of its own name for
/// self-signed.
fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = named("warrener's test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Authority { issuer, pem }
    }

    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// Writes `NAME.pem` and `NAME.key`.
    pub(super) fn issue(&self, dir: &Path, name: &str, sans: &[&str]) {
        let sans: Vec<String> = sans.iter().map(ToString::to_string).collect();
        let mut params = named(name);
        params.subject_alt_names = CertificateParams::new(sans).unwrap().subject_alt_names;
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(dir.join(format!("{name}.pem")), certificate.pem()).unwrap();
        let file = dir.join(format!("{name}.key"));
        std::fs::write(&file, key.serialize_pem()).unwrap();
        set_mode(&file, 0o600);
    }
}
