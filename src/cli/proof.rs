//! What a command proves itself with towards a server, and what it takes the server's word on.

use std::path::{Path, PathBuf};

use crate::config::read_bounded;
use crate::model::Secret;

/// The most that is read of a secret's file, in bytes.
const MOST_SECRET: u64 = 64 << 10;
/// The most that is read of a certificate's file, in bytes.
const MOST_PEM: u64 = 1 << 20;

/// Who asks, and whom to trust.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Proof {
    /// File with the token that the server asks for: the one of its `web.auth.bearer_file`
    #[arg(long = "token-file", value_name = "FILE", conflicts_with = "user")]
    pub(super) token_file: Option<PathBuf>,
    /// User that the server asks for: one of its web configuration or its `web.auth.basic`
    #[arg(long, value_name = "NAME", requires = "password_file")]
    pub(super) user: Option<String>,
    /// File with the user's password
    #[arg(long = "password-file", value_name = "FILE", requires = "user")]
    pub(super) password_file: Option<PathBuf>,
    /// Certificates of the authorities that the server's certificate may be of, instead of the
    /// system's
    #[arg(long = "ca-file", value_name = "FILE")]
    pub(super) ca_file: Option<PathBuf>,
    /// Certificate to show the server
    #[arg(long = "cert-file", value_name = "FILE", requires = "key_file")]
    pub(super) cert_file: Option<PathBuf>,
    /// Key of that certificate
    #[arg(long = "key-file", value_name = "FILE", requires = "cert_file")]
    pub(super) key_file: Option<PathBuf>,
}

/// Says who asks, in the header `Authorization`.
#[derive(Debug)]
pub(super) enum Login {
    Nobody,
    Token(Secret),
    User(String, Secret),
}

impl Proof {
    /// Who asks.
    ///
    /// # Errors
    /// A file can't be read or is empty; in words for people.
    pub(super) fn login(&self) -> Result<Login, String> {
        if let Some(file) = &self.token_file {
            return Ok(Login::Token(secret("--token-file", file)?));
        }
        match (&self.user, &self.password_file) {
            (Some(user), Some(file)) => {
                let password = secret("--password-file", file)?;
                Ok(Login::User(user.clone(), password))
            }
            _ => Ok(Login::Nobody),
        }
    }

    /// The authorities' certificates, where they are named.
    ///
    /// # Errors
    /// As above.
    pub(super) fn authorities(&self) -> Result<Option<Vec<u8>>, String> {
        let file = self.ca_file.as_deref();
        file.map(|file| bytes("--ca-file", file, MOST_PEM))
            .transpose()
    }

    /// The certificate to show with its key, in one PEM.
    ///
    /// # Errors
    /// As above.
    pub(super) fn identity(&self) -> Result<Option<Vec<u8>>, String> {
        let (Some(certificate), Some(key)) = (&self.cert_file, &self.key_file) else {
            return Ok(None);
        };
        let mut pem = bytes("--cert-file", certificate, MOST_PEM)?;
        pem.push(b'\n');
        pem.extend(bytes("--key-file", key, MOST_PEM)?);
        Ok(Some(pem))
    }
}

fn bytes(flag: &str, file: &Path, most: u64) -> Result<Vec<u8>, String> {
    read_bounded(file, most).map_err(|error| format!("{flag}: {}: {error}", file.display()))
}

fn secret(flag: &str, file: &Path) -> Result<Secret, String> {
    let told = |why: &str| format!("{flag}: {}: {why}", file.display());
    let bytes = bytes(flag, file, MOST_SECRET)?;
    let text = String::from_utf8(bytes).map_err(|_| told("is not UTF-8 text"))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(told("is empty")),
        secret => Ok(Secret::from(secret)),
    }
}
