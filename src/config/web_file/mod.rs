//! The file of `--web.config.file`: TLS, users and headers of the web server, in the format that
//! Prometheus's exporters share (exporter-toolkit, `docs/web-configuration.md`).
//!
//! What is read here is right by its own words; whether a certificate fits its key is told where it
//! is used.

mod check;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use self::words::{Bcrypt, CipherSuite, ClientAuth, Curve, Pace, TlsVersion};
use super::document::{Places, in_order, read_document, read_text};
use super::error::ConfigErrors;
use super::file::ReadError;
use crate::model::Secret;

/// A larger file is refused unread, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Everything the file says.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebFile {
    /// TLS; without it, plain HTTP is spoken.
    pub tls_server_config: Option<TlsServer>,
    /// HTTP.
    pub http_server_config: HttpServer,
    /// Who may come in, by name, with the bcrypt hash of the password. None: everybody.
    pub basic_auth_users: BTreeMap<String, Bcrypt>,
    /// How many requests are answered; without it, all.
    pub rate_limit: Option<RateLimit>,
}

/// `tls_server_config`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsServer {
    /// The server's certificate chain, PEM.
    pub cert: Option<String>,
    /// Its key, PEM.
    pub key: Option<Secret>,
    /// The authorities of clients' certificates, PEM.
    pub client_ca: Option<String>,
    /// File of the certificate chain.
    pub cert_file: Option<PathBuf>,
    /// File of the key.
    pub key_file: Option<PathBuf>,
    /// What clients must show.
    pub client_auth_type: ClientAuth,
    /// File of the authorities of clients' certificates.
    pub client_ca_file: Option<PathBuf>,
    /// Names of which a client's certificate must hold one.
    pub client_allowed_sans: Option<Vec<String>>,
    /// The oldest version spoken.
    pub min_version: Option<TlsVersion>,
    /// The newest version spoken.
    pub max_version: Option<TlsVersion>,
    /// The suites of TLS 1.2, in order of preference; those of TLS 1.3 are always on.
    pub cipher_suites: Vec<CipherSuite>,
    /// Whether the server's order of suites counts, or the client's. Unset: the server's.
    pub prefer_server_cipher_suites: Option<bool>,
    /// The curves of the key exchange, in order of preference.
    pub curve_preferences: Vec<Curve>,
}

/// `http_server_config`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpServer {
    /// Known to the format; HTTP/1.1 is spoken whatever it says.
    pub http2: Option<bool>,
    /// Headers of every answer.
    pub headers: Headers,
}

/// `http_server_config.headers`; what is blank is not sent.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Headers {
    /// `Content-Security-Policy`.
    #[serde(rename = "Content-Security-Policy")]
    pub content_security_policy: String,
    /// `X-Frame-Options`.
    #[serde(rename = "X-Frame-Options")]
    pub x_frame_options: String,
    /// `X-Content-Type-Options`.
    #[serde(rename = "X-Content-Type-Options")]
    pub x_content_type_options: String,
    /// `X-XSS-Protection`.
    #[serde(rename = "X-XSS-Protection")]
    pub x_xss_protection: String,
    /// `Strict-Transport-Security`.
    #[serde(rename = "Strict-Transport-Security")]
    pub strict_transport_security: String,
}

impl Headers {
    /// Name and value of each that is set.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("Content-Security-Policy", &self.content_security_policy),
            ("X-Frame-Options", &self.x_frame_options),
            ("X-Content-Type-Options", &self.x_content_type_options),
            ("X-XSS-Protection", &self.x_xss_protection),
            ("Strict-Transport-Security", &self.strict_transport_security),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, value.as_str()))
    }
}

/// `rate_limit`: a bucket that holds `burst` requests and gets one back every `interval`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimit {
    /// Time between two requests; zero: no limit.
    pub interval: Pace,
    /// How many may come at once.
    pub burst: u32,
}

impl WebFile {
    /// Reads `file`; relative paths in it are of its folder.
    ///
    /// # Errors
    /// [`ConfigErrors`]: everything wrong with it, each with its place and its remedy.
    pub fn load(file: &Path) -> Result<Self, ConfigErrors> {
        let text = read_text(file, MAX_BYTES, unreadable)?;
        let base = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        Self::from_text(&text, file, base.parent().unwrap_or(Path::new("/")))
    }

    /// Reads `text` as the content of `file`, whose folder is `base`.
    ///
    /// # Errors
    /// [`ConfigErrors`].
    pub fn from_text(text: &str, file: &Path, base: &Path) -> Result<Self, ConfigErrors> {
        let (mut web, places): (Self, Places) = read_document(text, file)?;
        let findings = check::check(&web);
        if !findings.is_empty() {
            let errors = findings.into_iter();
            return Err(in_order(
                errors.map(|f| places.error(f.path, f.problem, f.remedy)),
            ));
        }
        for path in web.paths_mut() {
            *path = base.join(&*path);
        }
        Ok(web)
    }

    fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let tls = self.tls_server_config.as_mut().into_iter();
        tls.flat_map(|tls| {
            let files = [
                &mut tls.cert_file,
                &mut tls.key_file,
                &mut tls.client_ca_file,
            ];
            files.into_iter().flatten()
        })
    }

    /// The files it names.
    pub fn paths(&self) -> Vec<&Path> {
        let tls = self.tls_server_config.iter();
        tls.flat_map(|tls| [&tls.cert_file, &tls.key_file, &tls.client_ca_file])
            .flatten()
            .map(PathBuf::as_path)
            .collect()
    }
}

fn unreadable(error: &ReadError) -> &'static str {
    match error {
        ReadError::Missing => "check the path after --web.config.file",
        ReadError::Denied => "let the user warrener runs as read it",
        ReadError::NotAFile => "name a file, not a folder, pipe or device",
        ReadError::TooLarge { .. } => "such a file is a few kilobytes; is this the right one?",
        ReadError::Io(_) => "try to read it yourself, as the user warrener runs as",
    }
}
