//! TLS towards the broker: whom to trust, and which certificate to show.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::Tls;
use crate::model::{Failure, Reason};
use crate::watch::patient::Patient;

/// How long the certificate files are waited for: they may be on a mount that is dead.
const PATIENCE: Duration = Duration::from_secs(2);

/// Makes TLS connections as the configuration says. Certificates are read at the first use, and
/// again after a failed handshake: they may have been renewed.
#[derive(Default)]
pub struct TlsClient {
    settings: Tls,
    /// Held only to look; never while a file is read.
    ready: Mutex<Option<Arc<ClientConfig>>>,
    reading: tokio::sync::Mutex<Patient<Result<ClientConfig, String>>>,
}

impl TlsClient {
    /// With `None`, the system's authorities are trusted and no certificate is shown.
    pub fn new(settings: Option<&Tls>) -> Self {
        TlsClient {
            settings: settings.cloned().unwrap_or_default(),
            ready: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    pub(super) async fn handshake(
        &self,
        stream: TcpStream,
        host: &str,
        place: &str,
    ) -> Result<TlsStream<TcpStream>, Failure> {
        let failed = |why: &dyn std::fmt::Display| {
            self.forget();
            Failure::new(Reason::Tls, format!("{place}: TLS: {why}"))
        };
        let config = self.client_config().await.map_err(|why| failed(&why))?;
        let name = self.settings.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(name.to_owned()).map_err(|why| failed(&why))?;
        TlsConnector::from(config)
            .connect(name, stream)
            .await
            .map_err(|error| {
                let not_tls = error
                    .get_ref()
                    .and_then(|inner| inner.downcast_ref::<rustls::Error>())
                    .is_some_and(|error| matches!(error, rustls::Error::InvalidMessage(_)));
                if not_tls {
                    failed(&"the port does not speak TLS; its URL starts with amqp://")
                } else {
                    failed(&error)
                }
            })
    }

    /// Makes the next connection read the certificates again.
    pub fn forget(&self) {
        *self.ready.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The settings, ready for use; the reason where a certificate can't be read, or not in time.
    ///
    /// # Errors
    /// In words, with the file.
    pub async fn client_config(&self) -> Result<Arc<ClientConfig>, String> {
        let ready = || self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = ready().clone();
        if let Some(config) = kept {
            return Ok(config);
        }
        let mut reading = self.reading.lock().await;
        let kept = ready().clone();
        if let Some(config) = kept {
            return Ok(config);
        }
        let settings = self.settings.clone();
        let read = reading.run(PATIENCE, move || build(&settings)).await;
        let config = Arc::new(read.map_err(|why| format!("the certificates: {why}"))??);
        *ready() = Some(Arc::clone(&config));
        Ok(config)
    }
}

fn build(settings: &Tls) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(authorities(settings.ca_file.as_deref())?);
    match (&settings.cert_file, &settings.key_file) {
        (Some(certificate), Some(key)) => {
            let chain = certificates(certificate)?;
            let key_der = PrivateKeyDer::from_pem_file(key).map_err(|e| about(key, &e))?;
            builder
                .with_client_auth_cert(chain, key_der)
                .map_err(|e| about(certificate, &e))
        }
        _ => Ok(builder.with_no_client_auth()),
    }
}

fn authorities(file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
        let found = rustls_native_certs::load_native_certs();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        return match found.errors.first() {
            Some(error) if added == 0 => Err(format!("the system's authorities: {error}")),
            _ => Ok(roots),
        };
    };
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|e| about(file, &e))?;
    }
    Ok(roots)
}

/// At least one.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|e| about(file, &e))?;
    if certificates.is_empty() {
        return Err(about(file, &"holds no certificate"));
    }
    Ok(certificates)
}

fn about(file: &Path, what: &dyn std::fmt::Display) -> String {
    format!("{}: {what}", file.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "nothing else makes a FIFO")]
    async fn files_that_hang_are_given_up_and_hold_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("ca.pem");
        // Stands for a dead mount: opening it waits for a writer.
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.unwrap().success());
        let tls = TlsClient::new(Some(&Tls {
            ca_file: Some(fifo),
            ..Tls::default()
        }));
        for _ in 0..2 {
            let why = tls.client_config().await.unwrap_err();
            assert!(why.contains("still waiting"), "{why}");
            tls.forget();
        }
    }
}
