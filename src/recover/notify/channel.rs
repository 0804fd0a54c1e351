//! A channel: where its URL comes from, what is posted there, what its answers mean.

use std::time::Duration;

use super::parcel::Parcel;
use super::{slack, webhook};
use crate::config::{Config, Level, Slack, Webhook};
use crate::model::{Failure, Reason, Timestamp};
use crate::recover::http::{Answer, Call, Client, Values};

const SLACK: &str = "slack";
const WEBHOOK: &str = "webhook";

/// The channels of a configuration by name, with the levels that each is told about.
pub(super) fn configured(config: &Config) -> Vec<(&'static str, Vec<Level>)> {
    let slack = config.notify.slack.as_ref();
    let webhook = config.notify.webhook.as_ref();
    let slack = slack.map(|slack| (SLACK, slack.levels.clone()));
    let webhook = webhook.map(|webhook| (WEBHOOK, webhook.levels.clone()));
    slack.into_iter().chain(webhook).collect()
}

/// Why a message was not taken.
#[derive(Debug, PartialEq)]
pub(super) struct Refused {
    /// In words; no secrets.
    pub(super) words: String,
    /// It asked to be left alone for so long.
    pub(super) rest: Option<Duration>,
    /// It would not take any other message either.
    pub(super) any: bool,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Refused {
            words: failure.to_string(),
            rest: None,
            any: true,
        }
    }
}

/// Where messages are posted.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) name: &'static str,
    how: How,
    values: Values,
}

#[derive(Debug)]
enum How {
    Slack(Slack),
    Webhook(Box<Webhook>),
}

impl Channel {
    /// Those of a configuration.
    pub(super) fn all(config: &Config) -> Vec<Self> {
        let slack = config.notify.slack.clone();
        let webhook = config.notify.webhook.clone();
        let slack = slack.map(|slack| (SLACK, How::Slack(slack)));
        let webhook = webhook.map(|webhook| (WEBHOOK, How::Webhook(Box::new(webhook))));
        let channels = slack.into_iter().chain(webhook);
        channels
            .map(|(name, how)| Channel {
                name,
                how,
                values: Values::default(),
            })
            .collect()
    }

    /// Posts a message; well when it was taken.
    pub(super) async fn post(
        &mut self,
        client: &Client,
        config: &Config,
        parcel: &Parcel,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let values = &mut self.values;
        let (to, bearer, body) = match &self.how {
            How::Slack(slack) => {
                let to = values.endpoint_in("notify.slack.url_file", &slack.url_file);
                (to.await?, None, slack::body(parcel, now))
            }
            How::Webhook(webhook) => {
                let to = match (&webhook.url, &webhook.url_file) {
                    (Some(url), _) => values.endpoint("notify.webhook.url", url, config).await?,
                    (None, Some(file)) => {
                        values.endpoint_in("notify.webhook.url_file", file).await?
                    }
                    (None, None) => {
                        let words = "notify.webhook has no URL: give `url`, or `url_file`";
                        return Err(Failure::new(Reason::Unresolved, words).into());
                    }
                };
                let bearer = match &webhook.bearer_file {
                    Some(file) => Some(values.secret_in("notify.webhook.bearer_file", file).await?),
                    None => None,
                };
                (to, bearer, webhook::body(parcel))
            }
        };
        let call = Call::post(&to, &body).bearer(bearer.as_ref());
        let answer = client.send(call).await?;
        match answer.is_success() {
            true => Ok(()),
            false => Err(self.refused(&to.place(), &answer)),
        }
    }

    fn refused(&self, place: &str, answer: &Answer) -> Refused {
        let status = answer.status;
        let explained =
            explanation(&answer.body).map_or(String::new(), |word| format!(" ({word})"));
        let remedy = match (status, &self.how) {
            (400 | 413 | 422, _) => String::new(),
            (300..=399, _) => "; redirects are not followed: give the URL it ends at".to_owned(),
            (401 | 403 | 404 | 410, How::Slack(slack)) => {
                format!(
                    "; put the URL of a new incoming webhook into {}",
                    slack.url_file.display()
                )
            }
            (401 | 403, How::Webhook(hook)) => {
                let file = hook
                    .bearer_file
                    .as_deref()
                    .map(|file| file.display().to_string());
                let file = file.unwrap_or_else(|| "notify.webhook.bearer_file".to_owned());
                format!("; give the right token in {file}")
            }
            _ => String::new(),
        };
        Refused {
            words: format!("{place} answered {status}{explained}{remedy}"),
            rest: answer.retry_after,
            any: !matches!(status, 400 | 413 | 422),
        }
    }
}

/// Slack's one word for what is wrong. Anything longer may repeat what it was sent: not shown.
fn explanation(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let plain = |c: char| c.is_ascii_lowercase() || c == '_';
    ((1..=40).contains(&text.len()) && text.chars().all(plain)).then_some(text)
}
