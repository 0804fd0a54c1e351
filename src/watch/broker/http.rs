//! The one HTTP client for the broker's own endpoints: streams an answer to a consumer, within a
//! deadline and a size cap, and tells failures apart by name.
//!
//! It knows nothing of what the answers mean. Whole bodies are never held here.

use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, ClientBuilder, StatusCode, redirect};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::amqp::TlsClient;
use super::http_failure;
use crate::model::{Failure, Reason, Secret};

/// The most that is read of an answer that is not a success: enough for the broker's own words.
const EXPLANATION_CAP: usize = 4 * 1024;

/// One HTTP endpoint of the broker: where, and as whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// Without user and password.
    base: Url,
    login: Option<(String, Secret)>,
}

impl Endpoint {
    /// From an `http://` or `https://` URL; credentials in it become basic authentication.
    ///
    /// # Errors
    /// What is wrong with it, without its text: there may be a password in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut base = Url::parse(text).map_err(|error| format!("is no URL: {error}"))?;
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err("does not start with http:// or https://".to_owned());
        }
        let decoded = |part: &str| {
            let text = percent_decode_str(part).decode_utf8();
            text.map(String::from)
                .map_err(|_| "holds a %-sequence that is not UTF-8".to_owned())
        };
        let login = match (base.username(), base.password()) {
            ("", None) => None,
            (user, password) => {
                let password = Secret::new(decoded(password.unwrap_or_default())?);
                Some((decoded(user)?, password))
            }
        };
        // Neither fails for a URL with a host.
        let removed = base.set_username("").and_then(|()| base.set_password(None));
        removed.map_err(|()| "has no host".to_owned())?;
        Ok(Endpoint { base, login })
    }

    /// As `user` where its URL named nobody.
    pub fn or_login(self, user: &str, password: &Secret) -> Self {
        let login = self
            .login
            .or_else(|| Some((user.to_owned(), password.clone())));
        Endpoint { login, ..self }
    }

    /// `host:port`, without credentials: the name of a node that never told its own.
    pub fn authority(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        match self.base.port_or_known_default() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// Scheme, host and port, for people: a path may be as secret as a password.
    pub fn place(&self) -> String {
        format!("{}://{}", self.base.scheme(), self.authority())
    }

    /// The URL as it was written, without user and password.
    pub fn url(&self) -> &Url {
        &self.base
    }

    /// Who logs in.
    pub fn login(&self) -> Option<(&str, &Secret)> {
        let login = self.login.as_ref();
        login.map(|(user, password)| (user.as_str(), password))
    }

    /// The URL of `path` (absolute, already percent-encoded) below the base.
    pub fn join(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        let base = self.base.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{path}"));
        url.set_fragment(None);
        url.set_query(None);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

/// One GET request.
#[derive(Clone, Copy, Debug)]
pub struct Get<'a> {
    /// Absolute path below the endpoint's base, percent-encoded.
    pub path: &'a str,
    /// Query parameters, in order; may repeat.
    pub query: &'a [(&'a str, &'a str)],
    /// The most bytes the *decoded* body may have.
    pub cap: u64,
    /// A status besides 200 whose body is an answer too (the health checks' 503).
    pub also: Option<u16>,
    /// Sent as the `timeout` header: how long the broker may work on a health check.
    pub broker_timeout: Option<Duration>,
}

impl<'a> Get<'a> {
    /// A GET of `path` whose decoded body is at most `cap` bytes.
    pub fn new(path: &'a str, cap: u64) -> Self {
        Get {
            path,
            query: &[],
            cap,
            also: None,
            broker_timeout: None,
        }
    }

    /// With query parameters.
    pub fn query(self, query: &'a [(&'a str, &'a str)]) -> Self {
        Get { query, ..self }
    }
}

/// The client. Cheap to clone.
#[derive(Clone)]
pub struct Http {
    plain: Client,
    tls: Arc<TlsClient>,
    /// Made at the first use, and again after a failed handshake: certificates may be renewed.
    secure: Arc<Mutex<Option<Client>>>,
}

impl Http {
    /// A client for broker endpoints: no proxy from the environment (a probe of a broker must not
    /// be diverted by a variable meant for the internet), no redirects (they would carry the
    /// password elsewhere), and no connection pool, because 4.x closes idle connections after 5 s,
    /// just when the next reading would use one. No compression: it would nearly double the CPU time
    /// that a reading of 10,000 queues costs the broker (92 -> 169 ms on 3.10.8).
    /// TLS as `tls` says, but for the server's name: that is the URL's host here.
    pub fn new(tls: Arc<TlsClient>) -> Result<Self, Failure> {
        install_crypto();
        Ok(Http {
            // A machine without any authority's certificate still speaks http://.
            plain: build(Client::builder().tls_certs_only([]))?,
            tls,
            secure: Arc::default(),
        })
    }

    async fn client(&self, url: &Url) -> Result<Client, Failure> {
        if url.scheme() != "https" {
            return Ok(self.plain.clone());
        }
        let secure = || self.secure.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = secure().clone();
        if let Some(client) = kept {
            return Ok(client);
        }
        let config = self.tls.client_config().await;
        let config = config.map_err(|why| Failure::new(Reason::Tls, format!("{url}: {why}")))?;
        let client = build(Client::builder().tls_backend_preconfigured((*config).clone()))?;
        *secure() = Some(client.clone());
        Ok(client)
    }

    fn forget_certificates(&self) {
        self.tls.forget();
        *self.secure.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Sends `get` to `endpoint` and hands the decoded body, chunk by chunk, to `consume`; the
    /// first failure of `consume` ends it. Returns the status: 200 or [`Get::also`].
    pub async fn get<F>(
        &self,
        endpoint: &Endpoint,
        get: Get<'_>,
        deadline: Instant,
        consume: F,
    ) -> Result<u16, Failure>
    where
        F: FnMut(&[u8]) -> Result<(), Failure> + Send,
    {
        let url = endpoint.join(get.path, get.query);
        match timeout_at(deadline, self.exchange(endpoint, &url, get, consume)).await {
            Ok(outcome) => {
                if outcome.as_ref().is_err_and(|f| f.reason == Reason::Tls) {
                    self.forget_certificates();
                }
                outcome
            }
            Err(_) => Err(Failure::new(
                Reason::Timeout,
                format!("{url} gave no complete answer within the deadline"),
            )),
        }
    }

    /// Like [`Http::get`], for small answers: the whole body, bounded by the cap.
    pub async fn get_small(
        &self,
        endpoint: &Endpoint,
        get: Get<'_>,
        deadline: Instant,
    ) -> Result<(u16, Vec<u8>), Failure> {
        let mut body = Vec::new();
        let status = self
            .get(endpoint, get, deadline, |chunk| {
                body.extend_from_slice(chunk);
                Ok(())
            })
            .await?;
        Ok((status, body))
    }

    async fn exchange<F>(
        &self,
        endpoint: &Endpoint,
        url: &Url,
        get: Get<'_>,
        mut consume: F,
    ) -> Result<u16, Failure>
    where
        F: FnMut(&[u8]) -> Result<(), Failure> + Send,
    {
        let mut request = self
            .client(url)
            .await?
            .get(url.clone())
            .headers(headers(get));
        if let Some((user, password)) = &endpoint.login {
            request = request.basic_auth(user, Some(password.expose()));
        }
        let failed = |error: reqwest::Error| http_failure::transport(url, &error);
        let mut answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        if status != StatusCode::OK && Some(status.as_u16()) != get.also {
            let mut words = Vec::new();
            while let Ok(Some(chunk)) = answer.chunk().await {
                let room = EXPLANATION_CAP - words.len();
                words.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if words.len() == EXPLANATION_CAP {
                    break;
                }
            }
            return Err(http_failure::status(url, status, &words));
        }
        let mut seen = 0u64;
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            seen += chunk.len() as u64;
            if seen > get.cap {
                return Err(Failure::new(
                    Reason::TooLarge,
                    format!("{url} sent more than {} bytes", get.cap),
                ));
            }
            consume(&chunk)?;
        }
        Ok(status.as_u16())
    }
}

fn build(builder: ClientBuilder) -> Result<Client, Failure> {
    builder
        .no_proxy()
        .redirect(redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .user_agent(concat!("warrener/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| Failure::new(Reason::Tls, format!("the HTTP client can't be built: {e}")))
}

fn headers(get: Get<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(timeout) = get.broker_timeout {
        let millis = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        headers.insert("timeout", HeaderValue::from(millis));
    }
    headers
}

/// Makes ring the process's TLS provider, once; a provider that is already there stays. Whoever
/// makes an HTTP client calls it before.
pub fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .unwrap_or_default();
    });
}
