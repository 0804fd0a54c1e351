//! The HTTP client of the commands that talk to a running server.

use std::error::Error;
use std::io;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Certificate, Client as Http, Identity, RequestBuilder, StatusCode, redirect};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;
use url::Url;

use super::output::Problem;
use super::proof::{Login, Proof};
use super::words::printable;
use crate::watch::broker::http::install_crypto;

/// Where a server listens unless told otherwise.
pub(super) const URL: &str = "http://127.0.0.1:15699";

/// When an answer is given up.
const DEADLINE: Duration = Duration::from_secs(5);
/// The same for what makes the server look at the world first; longer than its own deadline.
const PATIENT: Duration = Duration::from_secs(35);
/// The most that is read of an answer, in bytes.
const MOST: usize = 16 << 20;
/// The most that is shown of a server's words, in characters: it lists what there is.
const MOST_SAID: usize = 4000;

/// A refusal in the server's words.
#[derive(Deserialize)]
struct Said {
    error: String,
}

/// Why there is no answer, in words for people.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// Nothing listens there.
    #[error("no server at {0}")]
    NobodyThere(String),
    /// The server says no, and why.
    #[error("{words}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// With the server's words.
        words: String,
    },
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl From<Unanswered> for Problem {
    fn from(unanswered: Unanswered) -> Self {
        let words = unanswered.to_string();
        match unanswered {
            Unanswered::NobodyThere(_) => {
                Problem::Failed(format!("{words}: is `warrener serve` running there?"))
            }
            Unanswered::Refused { status: 400, .. } => Problem::Usage(format!("warrener: {words}")),
            Unanswered::Refused { .. } | Unanswered::Failed(_) => Problem::Failed(words),
        }
    }
}

/// Which server is asked, for every command that talks to one.
#[derive(Debug, clap::Args)]
pub(super) struct ServerArgs {
    /// The server to ask [default: http://127.0.0.1:15699]
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<String>,
    #[command(flatten)]
    pub(super) proof: Proof,
}

impl ServerArgs {
    pub(super) fn client(&self) -> Result<Client, Problem> {
        let url = self.url.as_deref().unwrap_or(URL);
        let client = Client::new(url, &self.proof);
        client.map_err(|words| Problem::Usage(format!("warrener: {words}")))
    }
}

/// Asks one server.
#[derive(Debug)]
pub(super) struct Client {
    http: Http,
    base: Url,
    login: Login,
}

impl Client {
    /// Asks the server at `url`, proving itself by `proof`.
    ///
    /// # Errors
    /// The URL is none, or a file of the proof can't be used; in words for people.
    pub(super) fn new(url: &str, proof: &Proof) -> Result<Self, String> {
        let base = Url::parse(url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or("--url: write http://HOST:PORT or https://HOST:PORT")?;
        let login = proof.login()?;
        install_crypto();
        // A variable meant for the internet must not divert it, nor a redirect take the token
        // elsewhere.
        let built = |builder: reqwest::ClientBuilder| {
            builder
                .no_proxy()
                .redirect(redirect::Policy::none())
                .user_agent(concat!("warrener/", env!("CARGO_PKG_VERSION")))
                .build()
        };
        // A machine without any authority's certificate still speaks http://.
        let authorities = match (base.scheme(), proof.authorities()?) {
            ("https", None) => Http::builder(),
            ("https", Some(pem)) => {
                let named = Certificate::from_pem_bundle(&pem).unwrap_or_default();
                if named.is_empty() {
                    return Err("--ca-file: holds no certificate in PEM".to_owned());
                }
                Http::builder().tls_certs_only(named)
            }
            _ => Http::builder().tls_certs_only([]),
        };
        let shown = match proof.identity()? {
            Some(pem) => authorities.identity(Identity::from_pem(&pem).map_err(
                |_| "--cert-file, --key-file: hold no certificate with an unencrypted key in PEM",
            )?),
            None => authorities,
        };
        let http =
            built(shown).map_err(|error| format!("the HTTP client can't be made: {error}"))?;
        Ok(Client { http, base, login })
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
        self.ask(self.http.get(self.at(path)), DEADLINE).await
    }

    /// The body of the answer to `POST path` with this JSON.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<String, Unanswered> {
        let request = self.http.post(self.at(path));
        let request = request.header(CONTENT_TYPE, "application/json");
        self.ask(request.body(body.to_string()), PATIENT).await
    }

    fn at(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let under = self.base.path().trim_end_matches('/');
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        url.set_path(&format!("{under}{path}"));
        url.set_query((!query.is_empty()).then_some(query));
        url
    }

    async fn ask(&self, request: RequestBuilder, deadline: Duration) -> Result<String, Unanswered> {
        let asked = timeout(deadline, self.answer(request)).await;
        asked.unwrap_or_else(|_| {
            let seconds = deadline.as_secs();
            let words = format!("{}: no whole answer within {seconds} s", self.url());
            Err(Unanswered::Failed(words))
        })
    }

    async fn answer(&self, mut request: RequestBuilder) -> Result<String, Unanswered> {
        request = match &self.login {
            Login::Nobody => request,
            Login::Token(token) => request.bearer_auth(token.expose()),
            Login::User(user, password) => request.basic_auth(user, Some(password.expose())),
        };
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
        if status.is_success() {
            return Ok(body);
        }
        Err(self.refused(status, &body))
    }

    /// An answer that is none: in the words of a warrener, or what else there is to say.
    fn refused(&self, status: StatusCode, body: &str) -> Unanswered {
        let (url, said) = (self.url(), serde_json::from_str::<Said>(body).ok());
        let token = "give the right token with --token-file, or --user and --password-file";
        let answered = format!("{url}: answered {status}");
        match (status, said) {
            (StatusCode::UNAUTHORIZED, _) | (StatusCode::FORBIDDEN, None) => {
                Unanswered::Failed(format!("{url}: refused ({status}): {token}"))
            }
            (_, Some(Said { error })) => {
                let lines: Vec<String> = error.lines().map(printable).collect();
                let error: String = lines.join("\n").chars().take(MOST_SAID).collect();
                Unanswered::Refused {
                    status: status.as_u16(),
                    words: format!("{answered}: {error}"),
                }
            }
            (_, None) => {
                let line = printable(body.lines().next().unwrap_or_default());
                let line: String = line.chars().take(200).collect();
                Unanswered::Failed(format!("{answered}: {line}"))
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
            let why = innermost.to_string();
            let remedy = match () {
                () if why.contains("UnknownIssuer") => {
                    ": name the authority of its certificate with --ca-file"
                }
                () if why.contains("CertificateRequired") => {
                    ": show a certificate with --cert-file and --key-file"
                }
                () => "",
            };
            Unanswered::Failed(format!("{}: {why}{remedy}", self.url()))
        }
    }
}
