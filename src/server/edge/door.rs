//! The outermost layer of every route: who comes in, and what every answer carries.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::sync::watch;

use super::Guard;
use super::users::Verdict;
use crate::model::Secret;
use crate::publish::metrics::{Local, Refused};
use crate::server::act::{Credentials, refuse};

/// The other end of the connection.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct Peer {
    /// Its address.
    pub(in crate::server) address: IpAddr,
    /// It showed a certificate that was verified.
    pub(in crate::server) certificate: bool,
}

impl Default for Peer {
    /// Nobody in particular, who showed nothing.
    fn default() -> Self {
        Peer {
            address: Ipv4Addr::UNSPECIFIED.into(),
            certificate: false,
        }
    }
}

/// What the web configuration knows of who asks.
#[derive(Clone, Debug, Default)]
pub(in crate::server) struct Known {
    /// The user whose password was right.
    pub(in crate::server) user: Option<Arc<str>>,
    /// A certificate was verified.
    pub(in crate::server) certificate: bool,
}

/// What the door needs.
#[derive(Clone)]
pub(in crate::server) struct Door {
    guards: watch::Receiver<Arc<Guard>>,
    credentials: watch::Receiver<Credentials>,
    local: Arc<Local>,
    began: Instant,
    /// When a refusal was last told in the log, in seconds since the beginning, plus one.
    told: Arc<AtomicU64>,
}

impl Door {
    pub(in crate::server) fn new(
        guards: watch::Receiver<Arc<Guard>>,
        credentials: watch::Receiver<Credentials>,
        local: Arc<Local>,
    ) -> Self {
        Door {
            guards,
            credentials,
            local,
            began: Instant::now(),
            told: Arc::default(),
        }
    }

    async fn admit(
        &self,
        guard: &Guard,
        peer: Peer,
        headers: &HeaderMap,
    ) -> Result<Known, Response> {
        if let Some(bucket) = &guard.bucket
            && !bucket.take(Instant::now())
        {
            self.local.web().refused(Refused::RateLimit);
            let words = "more requests than rate_limit of the web configuration lets through";
            return Err(later(StatusCode::TOO_MANY_REQUESTS, words));
        }
        let mut known = Known {
            user: None,
            certificate: peer.certificate,
        };
        if guard.users.is_empty() {
            return Ok(known);
        }
        let given = headers.get(AUTHORIZATION);
        let given = given.and_then(|given| given.to_str().ok());
        // Who may act may read.
        if given.is_some_and(|given| self.credentials.borrow().accept(given)) {
            return Ok(known);
        }
        if let Some((user, password)) = given.and_then(basic) {
            let source = peer.address.into();
            match guard.users.verify(&user, password, source).await {
                Verdict::Right => {
                    known.user = Some(user.into());
                    return Ok(known);
                }
                Verdict::Wrong => self.tell(peer),
                Verdict::TooMany => {
                    self.local.web().refused(Refused::Verifying);
                    let words = "too many passwords from this address wait to be verified";
                    return Err(later(StatusCode::TOO_MANY_REQUESTS, words));
                }
            }
        }
        self.local.web().refused(Refused::Unauthenticated);
        let words = "send the user and password of a user of the web configuration";
        let mut response = refuse(StatusCode::UNAUTHORIZED, words);
        let way = HeaderValue::from_static("Basic realm=\"warrener\", charset=\"UTF-8\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, way);
        Err(response)
    }

    /// Logs a wrong password, once a second at most. No name: it may be a password in the wrong field.
    fn tell(&self, peer: Peer) {
        let second = self.began.elapsed().as_secs() + 1;
        if self.told.swap(second, Relaxed) != second {
            let address = peer.address;
            tracing::warn!(%address, "a user or password of the web configuration was wrong");
        }
    }
}

/// Lets a request in, or says why not; either way the answer carries the headers.
pub(in crate::server) async fn enter(
    State(door): State<Door>,
    request: Request,
    next: Next,
) -> Response {
    let guard = Arc::clone(&door.guards.borrow());
    let peer = request.extensions().get::<Peer>().copied();
    let peer = peer.unwrap_or_default();
    // A request with its body can't be lent to what may wait.
    let (head, body) = request.into_parts();
    let admitted = door.admit(&guard, peer, &head.headers).await;
    let mut request = Request::from_parts(head, body);
    let mut response = match admitted {
        Ok(known) => {
            request.extensions_mut().insert(known);
            next.run(request).await
        }
        Err(refused) => refused,
    };
    let headers = response.headers_mut();
    for (name, value) in &guard.headers {
        // What a page says of itself is stricter than what is said of all.
        if !headers.contains_key(name) {
            headers.insert(name.clone(), value.clone());
        }
    }
    response
}

fn later(status: StatusCode, words: &str) -> Response {
    let mut response = refuse(status, words);
    let second = HeaderValue::from_static("1");
    response.headers_mut().insert(RETRY_AFTER, second);
    response
}

/// User and password of `Authorization: Basic`.
fn basic(given: &str) -> Option<(String, Secret)> {
    let (scheme, given) = given.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let given = String::from_utf8(BASE64.decode(given.trim()).ok()?).ok()?;
    let (user, password) = given.split_once(':')?;
    Some((user.to_owned(), Secret::from(password)))
}
