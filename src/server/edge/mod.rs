//! What guards the whole server: the web configuration (`--web.config.file`) in force, and its
//! reading again when it, a certificate, a key or an authority changes.
//!
//! A new one that is wrong changes nothing; nor does one that would take a guard away: that is more
//! often half a file than a wish, and a restart grants it.

mod bucket;
mod clients;
mod door;
mod renew;
mod sans;
mod tls;
mod users;

use std::path::Path;
use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue};
use rustls::ServerConfig;

use self::bucket::Bucket;
pub(super) use self::door::{Door, Known, Peer, enter};
pub use self::renew::Edge;
use self::users::Users;
use crate::config::web_file::WebFile;

/// Sent with every answer, unless the file says otherwise.
const HEADERS: [(HeaderName, HeaderValue); 2] = [
    (
        HeaderName::from_static("x-content-type-options"),
        HeaderValue::from_static("nosniff"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// One web configuration, ready for use.
pub struct Guard {
    tls: Option<Arc<ServerConfig>>,
    /// Whether the certificate a client shows was verified.
    verifies: bool,
    /// Whether nobody comes in without one that was verified.
    requires: bool,
    users: Users,
    headers: Vec<(HeaderName, HeaderValue)>,
    bucket: Option<Bucket>,
}

impl Guard {
    /// Plain HTTP for everybody.
    fn open() -> Result<Self, String> {
        Self::build(WebFile::default(), Path::new(""))
    }

    /// Whether the file, and the certificates it names, can be used.
    ///
    /// # Errors
    /// What is wrong, in words for people.
    pub fn check(file: &Path) -> Result<(), String> {
        let web = WebFile::load(file).map_err(|errors| errors.to_string())?;
        Self::build(web, file).map(drop)
    }

    /// # Errors
    /// One sentence that names the file and the key.
    fn build(web: WebFile, file: &Path) -> Result<Self, String> {
        let named = |error: String| format!("{}: {error}", file.display());
        let settings = web.tls_server_config.as_ref();
        let tls = settings.map(tls::build).transpose().map_err(named)?;
        let auth = settings.map(|tls| tls.client_auth_type).unwrap_or_default();
        let mut headers = HEADERS.to_vec();
        for (name, value) in web.http_server_config.headers.all() {
            let pair = name.parse().ok().zip(value.parse().ok());
            let (name, value): (HeaderName, HeaderValue) =
                pair.ok_or_else(|| named(format!("the header {name} can't be sent")))?;
            headers.retain(|(known, _)| *known != name);
            headers.push((name, value));
        }
        let bucket = web.rate_limit.as_ref().and_then(Bucket::new);
        Ok(Guard {
            tls: tls.map(Arc::new),
            verifies: auth.verifies(),
            requires: auth.verifies() && auth.requires(),
            users: Users::new(web.basic_auth_users).map_err(named)?,
            headers,
            bucket,
        })
    }

    pub(super) fn tls(&self) -> Option<&Arc<ServerConfig>> {
        self.tls.as_ref()
    }

    /// Whether a certificate that a client showed was verified.
    pub(super) fn verifies(&self) -> bool {
        self.verifies
    }

    /// What of this guard is not in `next`.
    fn lost_in(&self, next: &Guard) -> Option<&'static str> {
        let lost = [
            (
                "TLS (tls_server_config)",
                self.tls.is_some() && next.tls.is_none(),
            ),
            (
                "its users (basic_auth_users)",
                !self.users.is_empty() && next.users.is_empty(),
            ),
            (
                "client certificates (client_auth_type)",
                self.requires && !next.requires,
            ),
        ];
        lost.into_iter()
            .find_map(|(what, lost)| lost.then_some(what))
    }
}
