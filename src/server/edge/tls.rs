//! `tls_server_config` made into TLS: which versions, suites and curves, which certificate is shown.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{self, CryptoProvider, SupportedKxGroup};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::{
    InconsistentKeys, RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion,
    version,
};

use super::clients::Clients;
use crate::config::read_bounded;
use crate::config::web_file::{CipherSuite, ClientAuth, Curve, TlsServer, TlsVersion};

/// A certificate's or key's file is refused beyond this, in bytes.
const MAX_PEM_BYTES: u64 = 1 << 20;

/// TLS as the file says.
///
/// # Errors
/// One sentence that names key and file: it can't be read, is not what it should be, or does not fit
/// another.
pub(super) fn build(settings: &TlsServer) -> Result<ServerConfig, String> {
    let (chain_name, chain) = pem(
        "cert",
        settings.cert.as_deref(),
        settings.cert_file.as_deref(),
    )?;
    let key = settings.key.as_ref().map(|key| key.expose());
    let (key_name, key) = pem("key", key, settings.key_file.as_deref())?;
    let chain = certificates(&chain_name, &chain)?;
    // What the parser says of a key could hold of it.
    let key = PrivateKeyDer::from_pem_slice(&key)
        .map_err(|_| format!("{key_name}: holds no unencrypted private key in PEM"))?;

    let provider = Arc::new(provider(settings));
    let clients = clients(settings, &provider)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions(settings))
        .map_err(|error| format!("tls_server_config: {error}"))?
        .with_client_cert_verifier(Arc::new(clients))
        .with_single_cert(chain, key)
        .map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                format!("{key_name}: is not the key of the certificate in {chain_name}")
            }
            error => format!("{chain_name} with {key_name}: {error}"),
        })?;
    config.ignore_client_order = settings.prefer_server_cipher_suites.unwrap_or(true);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Every connection proves itself anew: an authority that is taken out lets nobody back in.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

fn clients(settings: &TlsServer, provider: &Arc<CryptoProvider>) -> Result<Clients, String> {
    let auth = settings.client_auth_type;
    let mut authorities = None;
    if auth != ClientAuth::None
        && (settings.client_ca.is_some() || settings.client_ca_file.is_some())
    {
        let inline = settings.client_ca.as_deref();
        let (name, text) = pem("client_ca", inline, settings.client_ca_file.as_deref())?;
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&name, &text)? {
            let added = roots.add(certificate);
            added.map_err(|error| format!("{name}: {error}"))?;
        }
        authorities = Some(roots);
    }
    let allowed = settings.client_allowed_sans.clone();
    Clients::new(auth, authorities, allowed, Arc::clone(provider))
        .map_err(|error| format!("tls_server_config.client_ca: {error}"))
}

/// What the key or its file holds, and how to call it.
fn pem(key: &str, inline: Option<&str>, file: Option<&Path>) -> Result<(String, Vec<u8>), String> {
    match (inline, file) {
        (Some(text), _) => Ok((format!("tls_server_config.{key}"), text.as_bytes().to_vec())),
        (None, Some(file)) => {
            let name = format!("tls_server_config.{key}_file: {}", file.display());
            match read_bounded(file, MAX_PEM_BYTES) {
                Ok(bytes) => Ok((name, bytes)),
                Err(error) => Err(format!("{name}: {error}")),
            }
        }
        (None, None) => Err(format!("tls_server_config.{key}_file: is missing")),
    }
}

/// At least one.
fn certificates(name: &str, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err(format!("{name}: holds no certificate in PEM")),
        Err(error) => Err(format!("{name}: {error}")),
    }
}

fn versions(settings: &TlsServer) -> Vec<&'static SupportedProtocolVersion> {
    let oldest = settings.min_version.unwrap_or(TlsVersion::Tls12);
    let newest = settings.max_version.unwrap_or(TlsVersion::Tls13);
    [
        (TlsVersion::Tls13, &version::TLS13),
        (TlsVersion::Tls12, &version::TLS12),
    ]
    .into_iter()
    .filter(|(version, _)| (oldest..=newest).contains(version))
    .map(|(_, supported)| supported)
    .collect()
}

fn provider(settings: &TlsServer) -> CryptoProvider {
    let mut provider = crypto::ring::default_provider();
    if !settings.cipher_suites.is_empty() {
        let tls13 = provider.cipher_suites.iter().copied();
        let tls13 = tls13.filter(|suite| suite.tls13().is_some());
        let named = settings.cipher_suites.iter().map(|name| suite(*name));
        // In the order given; those of TLS 1.3 are no matter of this list and stay.
        let mut suites: Vec<SupportedCipherSuite> = Vec::new();
        for suite in named.chain(tls13) {
            if !suites.contains(&suite) {
                suites.push(suite);
            }
        }
        provider.cipher_suites = suites;
    }
    if !settings.curve_preferences.is_empty() {
        let curves = settings.curve_preferences.iter();
        provider.kx_groups = curves.map(|name| curve(*name)).collect();
    }
    provider
}

fn suite(name: CipherSuite) -> SupportedCipherSuite {
    use crypto::ring::cipher_suite as of;
    match name {
        CipherSuite::EcdheEcdsaAes128 => of::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::EcdheEcdsaAes256 => of::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        CipherSuite::EcdheEcdsaChaCha20 => of::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        CipherSuite::EcdheRsaAes128 => of::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::EcdheRsaAes256 => of::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        CipherSuite::EcdheRsaChaCha20 => of::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        CipherSuite::Tls13Aes128 => of::TLS13_AES_128_GCM_SHA256,
        CipherSuite::Tls13Aes256 => of::TLS13_AES_256_GCM_SHA384,
        CipherSuite::Tls13ChaCha20 => of::TLS13_CHACHA20_POLY1305_SHA256,
    }
}

fn curve(name: Curve) -> &'static dyn SupportedKxGroup {
    match name {
        Curve::X25519 => crypto::ring::kx_group::X25519,
        Curve::P256 => crypto::ring::kx_group::SECP256R1,
        Curve::P384 => crypto::ring::kx_group::SECP384R1,
    }
}
