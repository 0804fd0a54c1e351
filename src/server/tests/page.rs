//! The page's answers: their headers, their files, and who may listen.

use axum::body::Body;
use axum::http::{Request, Response};
use futures_util::StreamExt;
use tower::ServiceExt;

use super::{Server, server};

async fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let request = headers
        .iter()
        .fold(Request::get(path), |request, (name, value)| {
            request.header(*name, *value)
        });
    let request = request.body(Body::empty()).unwrap();
    server.router.clone().oneshot(request).await.unwrap()
}

fn header<'a>(answer: &'a Response<Body>, name: &str) -> &'a str {
    answer
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn the_page_and_its_files_let_nothing_in_from_elsewhere() {
    let server = server();
    for path in ["/", "/page.css", "/page.js", "/page.svg", "/runs/1"] {
        let answer = get(&server, path, &[]).await;
        let policy = header(&answer, "content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(
                policy.split("; ").any(|p| p.trim() == part),
                "{path}: {part} in {policy}"
            );
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(
            header(&answer, "x-content-type-options"),
            "nosniff",
            "{path}"
        );
        assert_eq!(header(&answer, "referrer-policy"), "no-referrer", "{path}");
    }
    let page = get(&server, "/", &[]).await;
    assert_eq!(header(&page, "cache-control"), "no-store");
    assert_eq!(get(&server, "/runs/1", &[]).await.status(), 404);
}

#[tokio::test]
async fn a_file_that_is_known_is_not_sent_again() {
    let server = server();
    let first = get(&server, "/page.js", &[]).await;
    let tag = header(&first, "etag").to_owned();
    assert!(first.status() == 200 && tag.len() > 4, "{tag}");
    for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}")] {
        let again = get(&server, "/page.js", &[("if-none-match", &known)]).await;
        assert_eq!(
            (again.status().as_u16(), header(&again, "etag")),
            (304, &*tag),
            "{known}"
        );
    }
    let other = get(&server, "/page.js", &[("if-none-match", "\"x\"")]).await;
    assert_eq!(other.status(), 200);
}

/// What a listener is sent next.
async fn next(listener: &mut axum::body::BodyDataStream) -> Option<String> {
    let bytes = listener.next().await?.unwrap();
    Some(String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn listeners_are_told_what_is_and_end_with_warrener() {
    let server = server();
    let answer = get(&server, "/api/v1/events", &[]).await;
    assert_eq!(header(&answer, "content-type"), "text/event-stream");
    let mut listener = answer.into_body().into_data_stream();
    let first = next(&mut listener).await.unwrap();
    assert!(
        first.starts_with("event: recovery\ndata: {\"version\":1,\"mode\":\"propose\""),
        "{first}"
    );
    let second = next(&mut listener).await.unwrap();
    assert!(
        second.starts_with("event: snapshot\ndata: {\"version\":1,\"at\":"),
        "{second}"
    );
    server.stop.send_replace(true);
    assert_eq!(next(&mut listener).await, None);
}

#[tokio::test]
async fn there_are_only_so_many_listeners() {
    let server = server();
    let mut seated = Vec::new();
    let refused = loop {
        let answer = get(&server, "/api/v1/events", &[]).await;
        if answer.status() != 200 {
            break answer;
        }
        seated.push(answer);
        assert!(seated.len() <= 32);
    };
    assert_eq!((refused.status().as_u16(), seated.len()), (503, 32));
    assert!(refused.headers().contains_key("retry-after"));
    seated.pop();
    assert_eq!(get(&server, "/api/v1/events", &[]).await.status(), 200);
}
