//! What a client's certificate must be: of our authorities, and of a name that is let in.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
};

use super::sans;
use crate::config::web_file::ClientAuth;

/// Verifies as a [`ClientAuth`] wants it.
#[derive(Debug)]
pub(super) struct Clients {
    auth: ClientAuth,
    /// Where certificates are verified.
    authorities: Option<Arc<dyn ClientCertVerifier>>,
    allowed: Option<Vec<String>>,
    provider: Arc<CryptoProvider>,
}

impl Clients {
    /// `authorities` are needed where certificates are verified.
    pub(super) fn new(
        auth: ClientAuth,
        authorities: Option<RootCertStore>,
        allowed: Option<Vec<String>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let build = |roots: RootCertStore| {
            let provider = Arc::clone(&provider);
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()
        };
        let authorities = authorities.filter(|_| auth.verifies());
        let authorities = authorities.map(build).transpose();
        Ok(Clients {
            auth,
            authorities: authorities.map_err(|error| error.to_string())?,
            allowed,
            provider,
        })
    }
}

impl ClientCertVerifier for Clients {
    fn offer_client_auth(&self) -> bool {
        self.auth != ClientAuth::None
    }

    fn client_auth_mandatory(&self) -> bool {
        self.auth.requires()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        let authorities = self.authorities.as_ref();
        authorities.map_or(&[], |authorities| authorities.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if self.auth.verifies() {
            let authorities = self.authorities.as_ref();
            let authorities =
                authorities.ok_or(Error::General("no authority to verify with".to_owned()))?;
            authorities.verify_client_cert(end_entity, intermediates, now)?;
        }
        if let Some(allowed) = &self.allowed
            && !sans::names(end_entity)
                .iter()
                .any(|name| allowed.contains(name))
        {
            let refused = CertificateError::ApplicationVerificationFailure;
            return Err(Error::InvalidCertificate(refused));
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
