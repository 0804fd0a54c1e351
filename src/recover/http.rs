//! The one HTTP client of recovery: Alertmanager, the broker's management API, those who are told.
//!
//! - No proxy and no redirect: neither may take a password elsewhere.
//! - Within a deadline, and never more of a body than was asked for.
//! - A failure names scheme, host and port, no more: a path can be a secret, as Slack's is.
//!
//! Must not know: what the answers mean.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{ClientBuilder, Method, Response, redirect};
use serde_json::Value;
use tokio::time::timeout;

use crate::config::{Config, Template, Tls, Variables, read_bounded};
use crate::model::{Failure, Reason, Secret};
use crate::watch::broker::amqp::TlsClient;
use crate::watch::broker::http::{Endpoint, install_crypto};
use crate::watch::broker::http_failure;
use crate::watch::patient::Patient;

/// The most that is read of a file that holds a secret, in bytes.
const MOST_SECRET: u64 = 64 << 10;
/// How long files are waited for: they may be on a mount that is dead.
const PATIENCE: Duration = Duration::from_secs(2);

/// The client. Cheap to clone.
#[derive(Clone)]
pub(super) struct Client {
    plain: reqwest::Client,
    tls: Arc<TlsClient>,
}

/// One request.
pub(super) struct Call<'a> {
    method: Method,
    to: &'a Endpoint,
    path: Option<&'a str>,
    headers: Vec<(&'static str, &'a str)>,
    bearer: Option<&'a Secret>,
    json: Option<&'a Value>,
    cap: usize,
    deadline: Duration,
}

impl<'a> Call<'a> {
    /// Reads what is at `path` below the endpoint: absolute, percent-encoded, with its query.
    pub(super) fn get(to: &'a Endpoint, path: &'a str) -> Self {
        Self::new(Method::GET, to).below(path)
    }

    /// Gives a document to the endpoint, at the URL as it was written.
    pub(super) fn post(to: &'a Endpoint, json: &'a Value) -> Self {
        let mut call = Self::new(Method::POST, to);
        call.json = Some(json);
        call
    }

    /// Removes what is at `path` below the endpoint.
    pub(super) fn delete(to: &'a Endpoint, path: &'a str) -> Self {
        Self::new(Method::DELETE, to).below(path)
    }

    fn new(method: Method, to: &'a Endpoint) -> Self {
        Call {
            method,
            to,
            path: None,
            headers: Vec::new(),
            bearer: None,
            json: None,
            cap: 4 << 10,
            deadline: Duration::from_secs(10),
        }
    }

    fn below(self, path: &'a str) -> Self {
        Call {
            path: Some(path),
            ..self
        }
    }

    /// With a header.
    pub(super) fn header(mut self, name: &'static str, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// As who holds this token.
    pub(super) fn bearer(self, bearer: Option<&'a Secret>) -> Self {
        Call { bearer, ..self }
    }

    /// The most bytes of a body that are read; without it, a few kilobytes.
    pub(super) fn cap(self, cap: usize) -> Self {
        Call { cap, ..self }
    }
}

/// An answer, whatever its status.
pub(super) struct Answer {
    /// The status code.
    pub(super) status: u16,
    /// How long to wait before the next attempt, where that was said in seconds.
    pub(super) retry_after: Option<Duration>,
    /// The body; of an answer that is no success, its beginning.
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// It says that it was done.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Client {
    /// TLS as `tls` says; without it, the system's authorities are trusted.
    ///
    /// # Errors
    /// The client can't be made.
    pub(super) fn new(tls: Option<&Tls>) -> Result<Self, Failure> {
        install_crypto();
        Ok(Client {
            // A machine without any authority's certificate still speaks http://.
            plain: build(reqwest::Client::builder().tls_certs_only([]))?,
            tls: Arc::new(TlsClient::new(tls)),
        })
    }

    /// Sends it and reads the answer.
    ///
    /// # Errors
    /// There is no whole answer within the deadline, or it is too long.
    pub(super) async fn send(&self, call: Call<'_>) -> Result<Answer, Failure> {
        let place = call.to.place();
        let deadline = call.deadline;
        let sent = match timeout(deadline, self.exchange(call, &place)).await {
            Ok(sent) => sent,
            Err(_) => Err(Failure::new(
                Reason::Timeout,
                format!("{place}: no whole answer within {} s", deadline.as_secs()),
            )),
        };
        if sent.as_ref().is_err_and(|f| f.reason == Reason::Tls) {
            // Certificates may be renewed.
            self.tls.forget();
        }
        sent
    }

    async fn exchange(&self, call: Call<'_>, place: &str) -> Result<Answer, Failure> {
        let client = self.client(call.to, place).await?;
        let url = match call.path {
            None => call.to.url().clone(),
            Some(path) => {
                let (path, query) = path.split_once('?').unwrap_or((path, ""));
                let mut url = call.to.join(path, &[]);
                url.set_query((!query.is_empty()).then_some(query));
                url
            }
        };
        let mut request = client.request(call.method, url);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        if let Some(token) = call.bearer {
            request = request.bearer_auth(token.expose());
        } else if let Some((user, password)) = call.to.login() {
            request = request.basic_auth(user, Some(password.expose()));
        }
        if let Some(json) = call.json {
            request = request
                .header("content-type", "application/json")
                .body(json.to_string());
        }
        let failed = |error: reqwest::Error| http_failure::transport(&place, &error.without_url());
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        let cap = match status.is_success() {
            true => Some(call.cap),
            false => None,
        };
        let retry_after = retry_after(&answer);
        let body = body(answer, cap, place).await?;
        Ok(Answer {
            status: status.as_u16(),
            retry_after,
            body,
        })
    }

    async fn client(&self, to: &Endpoint, place: &str) -> Result<reqwest::Client, Failure> {
        if to.url().scheme() != "https" {
            return Ok(self.plain.clone());
        }
        let config = self.tls.client_config().await;
        let config = config.map_err(|why| Failure::new(Reason::Tls, format!("{place}: {why}")))?;
        build(reqwest::Client::builder().tls_backend_preconfigured((*config).clone()))
    }
}

fn build(builder: ClientBuilder) -> Result<reqwest::Client, Failure> {
    builder
        .no_proxy()
        .redirect(redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .user_agent(concat!("warrener/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| Failure::new(Reason::Tls, format!("the HTTP client can't be made: {e}")))
}

fn retry_after(answer: &Response) -> Option<Duration> {
    let text = answer.headers().get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// The most that is kept of an answer that is no success: enough for a word of explanation.
const EXPLANATION: usize = 4 << 10;

/// The whole body, at most `cap` bytes; without one, its beginning.
async fn body(mut answer: Response, cap: Option<usize>, place: &str) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    loop {
        let chunk = match (answer.chunk().await, cap) {
            (Ok(chunk), _) => chunk,
            (Err(_), None) => None,
            (Err(error), Some(_)) => {
                return Err(http_failure::transport(&place, &error.without_url()));
            }
        };
        let Some(chunk) = chunk else {
            return Ok(body);
        };
        match cap {
            Some(cap) if body.len() + chunk.len() > cap => {
                let words = format!("{place}: the answer is over {cap} bytes long");
                return Err(Failure::new(Reason::TooLarge, words));
            }
            None if body.len() + chunk.len() > EXPLANATION => {
                body.extend_from_slice(&chunk[..EXPLANATION - body.len()]);
                return Ok(body);
            }
            _ => body.extend_from_slice(&chunk),
        }
    }
}

/// What the configuration leaves to files and variables, read at the time it is used.
#[derive(Debug, Default)]
pub(super) struct Values {
    reading: Patient<Result<Secret, String>>,
}

impl Values {
    /// The endpoint that `template` names now; `key` is where it stands in the configuration.
    ///
    /// # Errors
    /// In words, with the key and what is missing, never with a value.
    pub(super) async fn endpoint(
        &mut self,
        key: &str,
        template: &Template,
        config: &Config,
    ) -> Result<Endpoint, Failure> {
        let (template, env_files) = (template.clone(), config.env_files.clone());
        let resolve = move || {
            let variables = Variables::read(|name| std::env::var(name).ok(), &env_files);
            template.resolve(&variables).map_err(|why| why.to_string())
        };
        let url = self.read(key, resolve).await?;
        endpoint(key, &url)
    }

    /// The endpoint whose URL is in `file`.
    ///
    /// # Errors
    /// In words, with the key and the file, never with what is in it.
    pub(super) async fn endpoint_in(
        &mut self,
        key: &str,
        file: &Path,
    ) -> Result<Endpoint, Failure> {
        let url = self.secret_in(key, file).await?;
        endpoint(&format!("{key}: {}", file.display()), &url)
    }

    /// The text in `file`, without the white space around it.
    ///
    /// # Errors
    /// As [`Values::endpoint_in`].
    pub(super) async fn secret_in(&mut self, key: &str, file: &Path) -> Result<Secret, Failure> {
        let file = file.to_owned();
        let read = move || {
            let told = |why: &str| format!("{}: {why}", file.display());
            let bytes = read_bounded(&file, MOST_SECRET).map_err(|e| told(&e.to_string()))?;
            let text = String::from_utf8(bytes).map_err(|_| told("is not UTF-8 text"))?;
            match text.trim() {
                "" => Err(told("is empty")),
                text => Ok(Secret::from(text)),
            }
        };
        self.read(key, read).await
    }

    async fn read(
        &mut self,
        key: &str,
        read: impl FnOnce() -> Result<Secret, String> + Send + 'static,
    ) -> Result<Secret, Failure> {
        let unresolved = |why: String| Failure::new(Reason::Unresolved, format!("{key}: {why}"));
        let read = self.reading.run(PATIENCE, read).await;
        read.map_err(|why| unresolved(why.to_string()))?
            .map_err(unresolved)
    }
}

fn endpoint(what: &str, url: &Secret) -> Result<Endpoint, Failure> {
    Endpoint::parse(url.expose()).map_err(|why| {
        let words = format!("{what}: the URL {why}; write http://HOST:PORT or https://HOST");
        Failure::new(Reason::Unresolved, words)
    })
}

#[cfg(test)]
mod tests;
