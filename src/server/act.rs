//! The door of everything that acts: closed until credentials are configured.

use std::path::Path;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::sync::watch;

use super::edge::Known;
use crate::config::{Web, read_bounded};
use crate::model::Secret;

/// A secret's file is refused beyond this, in bytes.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// What opens the *act* routes; any one of the ways is enough.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// A bearer token.
    pub bearer: Option<Secret>,
    /// User and password of HTTP basic authentication.
    pub basic: Option<(String, Secret)>,
}

impl Credentials {
    /// Reads the files that the configuration names.
    ///
    /// # Errors
    /// One sentence that names key and file: it can't be read, or is empty.
    pub fn read(web: &Web) -> Result<Self, String> {
        let Some(auth) = &web.auth else {
            return Ok(Self::default());
        };
        let bearer = auth
            .bearer_file
            .as_ref()
            .map(|f| read("web.auth.bearer_file", f));
        let basic = auth.basic.as_ref().map(|basic| {
            let password = read("web.auth.basic.password_file", &basic.password_file)?;
            Ok::<_, String>((basic.user.clone(), password))
        });
        Ok(Credentials {
            bearer: bearer.transpose()?,
            basic: basic.transpose()?,
        })
    }

    /// Whether these open the routes that act.
    pub(super) fn accept(&self, authorization: &str) -> bool {
        let Some((scheme, given)) = authorization.split_once(' ') else {
            return false;
        };
        if scheme.eq_ignore_ascii_case("bearer") {
            return self
                .bearer
                .as_ref()
                .is_some_and(|token| *token == Secret::from(given.trim()));
        }
        let (Some((user, password)), true) = (&self.basic, scheme.eq_ignore_ascii_case("basic"))
        else {
            return false;
        };
        let wanted = Secret::new(format!("{user}:{}", password.expose()));
        BASE64.decode(given.trim()).is_ok_and(|given| {
            String::from_utf8(given).is_ok_and(|given| Secret::new(given) == wanted)
        })
    }
}

fn read(key: &str, file: &Path) -> Result<Secret, String> {
    let bytes = read_bounded(file, MAX_SECRET_BYTES)
        .map_err(|error| format!("{key}: {}: {error}", file.display()))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| format!("{key}: {}: is not UTF-8 text", file.display()))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(format!(
            "{key}: {}: is empty; write the secret into it",
            file.display()
        )),
        secret => Ok(Secret::from(secret)),
    }
}

/// A refusal: a status, and what to do about it.
pub(super) fn refuse(status: StatusCode, error: &str) -> Response {
    (status, Json(serde_json::json!({ "error": error }))).into_response()
}

/// Lets a request pass, or says why not.
pub(super) async fn guard(
    State(credentials): State<watch::Receiver<Credentials>>,
    request: Request,
    next: Next,
) -> Response {
    let known = request.extensions().get::<Known>();
    let refused = check(&credentials.borrow(), known, request.headers());
    match refused {
        Some((status, error)) => {
            let mut response = refuse(status, error);
            if status == StatusCode::UNAUTHORIZED {
                for way in ["Bearer realm=\"warrener\"", "Basic realm=\"warrener\""] {
                    let way = HeaderValue::from_static(way);
                    response.headers_mut().append(WWW_AUTHENTICATE, way);
                }
            }
            response
        }
        None => next.run(request).await,
    }
}

/// Where `web.auth` is configured, it alone opens; else whom the web configuration knows may act too.
fn check(
    credentials: &Credentials,
    known: Option<&Known>,
    headers: &HeaderMap,
) -> Option<(StatusCode, &'static str)> {
    let user = known.is_some_and(|known| known.user.is_some());
    let known = user || known.is_some_and(|known| known.certificate);
    let nothing = credentials.bearer.is_none() && credentials.basic.is_none();
    if nothing && !known {
        return Some((
            StatusCode::FORBIDDEN,
            "this route acts and no authentication is configured that covers it: \
             set web.auth.bearer_file in warrener.yml, or basic_auth_users or \
             client_auth_type: RequireAndVerifyClientCert in the file of --web.config.file",
        ));
    }
    if foreign_origin(headers) {
        return Some((
            StatusCode::FORBIDDEN,
            "the request comes from another site's page",
        ));
    }
    let given = headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok());
    let opens = nothing || given.is_some_and(|given| credentials.accept(given));
    if !opens && user {
        return Some((
            StatusCode::FORBIDDEN,
            "this user may read; what acts asks for the token of web.auth.bearer_file, \
             or the user and password of web.auth.basic",
        ));
    }
    if !opens {
        return Some((
            StatusCode::UNAUTHORIZED,
            "send `Authorization: Bearer TOKEN` with the token of web.auth.bearer_file, \
             or the user and password of web.auth.basic",
        ));
    }
    let json = |v: &HeaderValue| {
        v.to_str()
            .is_ok_and(|v| v.split(';').next().unwrap_or(v).trim() == "application/json")
    };
    if has_body(headers) && !headers.get(CONTENT_TYPE).is_some_and(json) {
        return Some((
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send `Content-Type: application/json` with a body",
        ));
    }
    None
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(axum::http::header::CONTENT_LENGTH);
    headers.contains_key(axum::http::header::TRANSFER_ENCODING)
        || length.is_some_and(|l| l.as_bytes() != b"0")
}

/// A browser names the page's site in `Origin`; it must be the one that is asked.
fn foreign_origin(headers: &HeaderMap) -> bool {
    // What a browser says of a request that another page makes, with or without an origin.
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if site.is_some_and(|site| site == b"cross-site" || site == b"same-site") {
        return true;
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return false;
    };
    let site = origin
        .to_str()
        .ok()
        .and_then(|o| o.split_once("://"))
        .map(|(_, site)| site);
    let host = headers.get(HOST).and_then(|h| h.to_str().ok());
    site.is_none() || site != host
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(bearer: Option<&str>, headers: &[(&str, &str)]) -> Option<u16> {
        let credentials = Credentials {
            bearer: bearer.map(Secret::from),
            basic: bearer.map(|_| ("ann".into(), "pass:word".into())),
        };
        let headers = headers
            .iter()
            .map(|(n, v)| {
                (
                    n.parse::<axum::http::HeaderName>().unwrap(),
                    v.parse().unwrap(),
                )
            })
            .collect();
        check(&credentials, None, &headers).map(|(status, _)| status.as_u16())
    }

    #[test]
    fn closed_without_credentials_whatever_is_sent() {
        assert_eq!(answer(None, &[("authorization", "Bearer ")]), Some(403));
        assert_eq!(answer(None, &[]), Some(403));
    }

    #[test]
    fn opens_for_the_token_alone() {
        let t = Some("t0ken");
        assert_eq!(answer(t, &[]), Some(401));
        assert_eq!(answer(t, &[("authorization", "Bearer t0ke")]), Some(401));
        assert_eq!(answer(t, &[("authorization", "Bearer t0kenn")]), Some(401));
        assert_eq!(answer(t, &[("authorization", "Basic t0ken")]), Some(401));
        assert_eq!(answer(t, &[("authorization", "t0ken")]), Some(401));
        assert_eq!(answer(t, &[("authorization", "bearer t0ken")]), None);
    }

    #[test]
    fn opens_for_user_and_password() {
        let basic = |pair: &str| format!("Basic {}", BASE64.encode(pair));
        let t = Some("t0ken");
        assert_eq!(
            answer(t, &[("authorization", &basic("ann:pass:word"))]),
            None
        );
        assert_eq!(
            answer(t, &[("authorization", &basic("ann:pass"))]),
            Some(401)
        );
        assert_eq!(
            answer(t, &[("authorization", &basic("bob:pass:word"))]),
            Some(401)
        );
        assert_eq!(answer(t, &[("authorization", "Basic !!")]), Some(401));
    }

    #[test]
    fn other_sites_and_other_bodies_are_refused() {
        let auth = ("authorization", "Bearer t0ken");
        let own = [auth, ("host", "h:15699"), ("origin", "http://h:15699")];
        let foreign = [auth, ("host", "h:15699"), ("origin", "http://evil.example")];
        let null = [auth, ("host", "h:15699"), ("origin", "null")];
        assert_eq!(answer(Some("t0ken"), &own), None);
        assert_eq!(answer(Some("t0ken"), &foreign), Some(403));
        assert_eq!(answer(Some("t0ken"), &null), Some(403));
        let form = [
            auth,
            ("content-length", "3"),
            ("content-type", "text/plain"),
        ];
        let json = [
            auth,
            ("content-length", "3"),
            ("content-type", "application/json; charset=utf-8"),
        ];
        assert_eq!(answer(Some("t0ken"), &form), Some(415));
        assert_eq!(answer(Some("t0ken"), &json), None);
    }
}
