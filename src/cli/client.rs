//! The HTTP client of the commands that talk to a running server.

use std::error::Error;
use std::io;
use std::path::Path;
use std::time::Duration;

use reqwest::{Client as Http, StatusCode, redirect};
use tokio::time::timeout;
use url::Url;

use super::words::printable;
use crate::config::read_bounded;
use crate::model::Secret;
use crate::watch::broker::http::install_crypto;

/// When an answer is given up.
const DEADLINE: Duration = Duration::from_secs(5);
/// The most that is read of an answer, in bytes.
const MOST: usize = 16 << 20;
/// The most that is read of a token's file, in bytes.
const MOST_TOKEN: u64 = 64 << 10;

/// Why there is no answer, in words for people.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// Nothing listens there.
    #[error("no server at {0}")]
    NobodyThere(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

/// Asks one server.
#[derive(Debug)]
pub(super) struct Client {
    http: Http,
    base: Url,
    token: Option<Secret>,
}

impl Client {
    /// Asks the server at `url`, as who holds the token in the file.
    ///
    /// # Errors
    /// The URL is none, or the token can't be read; in words for people.
    pub(super) fn new(url: &str, token_file: Option<&Path>) -> Result<Self, String> {
        let base = Url::parse(url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or("--url: write http://HOST:PORT or https://HOST:PORT")?;
        let token = token_file.map(read_token).transpose()?;
        install_crypto();
        // A variable meant for the internet must not divert it, nor a redirect take the token
        // elsewhere.
        let http = Http::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .user_agent(concat!("warrener/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("the HTTP client can't be made: {error}"))?;
        Ok(Client { http, base, token })
    }

    /// The server's URL without the password that may be in it.
    pub(super) fn url(&self) -> String {
        let mut url = self.base.clone();
        // Neither fails for a URL with a host.
        url.set_password(None).unwrap_or_default();
        url.set_username("").unwrap_or_default();
        printable(url.as_str().trim_end_matches('/'))
    }

    /// The body of `GET path`.
    pub(super) async fn get(&self, path: &str) -> Result<String, Unanswered> {
        let asked = timeout(DEADLINE, self.ask(path)).await;
        asked.unwrap_or_else(|_| {
            let seconds = DEADLINE.as_secs();
            let words = format!("{}: no whole answer within {seconds} s", self.url());
            Err(Unanswered::Failed(words))
        })
    }

    async fn ask(&self, path: &str) -> Result<String, Unanswered> {
        let mut url = self.base.clone();
        let under = self.base.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{under}{path}"));
        let mut request = self.http.get(url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose());
        }
        let failed = |error: reqwest::Error| self.failed(&error);
        let mut answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MOST {
                let words = format!("{}: the answer is over {MOST} bytes long", self.url());
                return Err(Unanswered::Failed(words));
            }
            body.extend_from_slice(&chunk);
        }
        let body = String::from_utf8_lossy(&body).into_owned();
        match status {
            StatusCode::OK => Ok(body),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Unanswered::Failed(format!(
                "{}: refused ({status}): give the right token with --token-file",
                self.url()
            ))),
            _ => {
                let said: String = printable(body.lines().next().unwrap_or_default())
                    .chars()
                    .take(200)
                    .collect();
                let words = format!("{}: answered {status}: {said}", self.url());
                Err(Unanswered::Failed(words))
            }
        }
    }

    fn failed(&self, error: &reqwest::Error) -> Unanswered {
        let mut innermost: &dyn Error = error;
        let mut refused = false;
        while let Some(next) = innermost.source() {
            innermost = next;
            refused |= innermost
                .downcast_ref::<io::Error>()
                .is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused);
        }
        if refused {
            Unanswered::NobodyThere(self.url())
        } else {
            Unanswered::Failed(format!("{}: {innermost}", self.url()))
        }
    }
}

fn read_token(file: &Path) -> Result<Secret, String> {
    let told = |why: &str| format!("--token-file: {}: {why}", file.display());
    let bytes = read_bounded(file, MOST_TOKEN).map_err(|error| told(&error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| told("is not UTF-8 text"))?;
    match text.trim() {
        "" => Err(told("is empty")),
        token => Ok(Secret::from(token)),
    }
}
