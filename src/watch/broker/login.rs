//! A login and nothing more: whether these URLs let anybody in.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::amqp::{AmqpEndpoint, Line, TlsClient};
use super::detect::share;
use crate::model::{Failure, Reason, Secret};

/// How long it may take over all URLs.
const DEADLINE: Duration = Duration::from_secs(5);

const CONNECTION_NAME: &str = "warrener-login";

/// Logs in at the first of these AMQP URLs that lets it, and out again.
///
/// # Errors
/// What speaks most against the URLs themselves, else what came first: a refused password says more
/// than another node that is down.
pub async fn log_in(urls: &[Secret], tls: &TlsClient) -> Result<(), Failure> {
    let end = Instant::now() + DEADLINE;
    let mut failure: Option<Failure> = None;
    for (at, url) in urls.iter().enumerate() {
        match one(url, tls, share(end, urls.len() - at)).await {
            Ok(()) => return Ok(()),
            Err(other) if says_more(&other, failure.as_ref()) => failure = Some(other),
            Err(_) => {}
        }
    }
    let none = || Failure::new(Reason::Unresolved, "there is no URL to log in at");
    Err(failure.unwrap_or_else(none))
}

fn says_more(failure: &Failure, before: Option<&Failure>) -> bool {
    let answered = |f: &Failure| matches!(f.reason, Reason::Auth | Reason::Vhost | Reason::Access);
    before.is_none_or(|before| answered(failure) && !answered(before))
}

async fn one(url: &Secret, tls: &TlsClient, deadline: Instant) -> Result<(), Failure> {
    let endpoint = AmqpEndpoint::parse(url.expose()).map_err(|why| {
        Failure::new(
            Reason::Unresolved,
            format!("with its values, broker.amqp {why}"),
        )
    })?;
    let trip = async {
        let line = Line::connect(&endpoint, tls).await?;
        let session = line
            .login(&endpoint, &endpoint.vhost, CONNECTION_NAME)
            .await?;
        // It let us in; how it says goodbye is of no matter.
        session.close().await.ok();
        Ok(())
    };
    let late = |_| {
        let message = format!("{}: no answer within the deadline", endpoint.place());
        Failure::new(Reason::Timeout, message)
    };
    timeout_at(deadline, trip).await.map_err(late)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_speaks_against_the_values_is_told_and_nothing_of_them() {
        let closed = "amqp://u:hunter2@127.0.0.1:1";
        let tls = TlsClient::default();
        let urls = |urls: &[&str]| {
            urls.iter()
                .map(|url| Secret::from(*url))
                .collect::<Vec<_>>()
        };
        let refused = log_in(&urls(&[closed]), &tls).await.unwrap_err();
        assert_eq!(refused.reason, Reason::Refused);
        let wrong = log_in(&urls(&["http://u:hunter2@h"]), &tls)
            .await
            .unwrap_err();
        assert_eq!(wrong.reason, Reason::Unresolved);
        let none = log_in(&[], &tls).await.unwrap_err();
        for failure in [refused, wrong, none] {
            assert!(!failure.to_string().contains("hunter2"), "{failure}");
        }
        let auth = Failure::new(Reason::Auth, "");
        let down = Failure::new(Reason::Refused, "");
        assert!(says_more(&auth, Some(&down)) && !says_more(&down, Some(&auth)));
    }
}
