//! What Prometheus says fires: asked when a report is made, and for that alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::desk::Desk;
use super::http::{Call, Client, Values};
use crate::config::Config;
use crate::model::{Failure, Reason};

/// The most that is read of its list.
const MOST: usize = 8 << 20;
/// Alerts that are told of, and the longest name.
const ALERTS: usize = 200;
const NAME: usize = 100;

/// Why or what: the alerts that fire, in words, or why that can't be told.
pub type Firing = Result<Vec<String>, Failure>;

impl Desk {
    /// What fires, as the Prometheus of `report.prometheus` says; `None` where none is named.
    pub async fn firing(&self) -> Option<Firing> {
        let config = Arc::clone(&self.reading.borrow().config);
        firing(&config).await
    }
}

/// The same, by this configuration.
pub async fn firing(config: &Config) -> Option<Firing> {
    let url = config.report.prometheus.as_ref()?;
    let asked = async {
        let to = Values::default()
            .endpoint("report.prometheus", url, config)
            .await?;
        let client = Client::new(None)?;
        let call = Call::get(&to, "/api/v1/alerts").cap(MOST);
        let (place, answer) = (to.place(), client.send(call).await?);
        if !answer.is_success() {
            let words = format!("{place} answered {}", answer.status);
            return Err(Failure::new(Reason::Status, words));
        }
        read(&answer.body).map_err(|error| {
            let words = format!("{place}: its list of alerts can't be read: {error}");
            Failure::new(Reason::Malformed, words)
        })
    };
    Some(asked.await)
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
struct Alert {
    state: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// The alerts that fire, each name with its target once.
fn read(body: &[u8]) -> Result<Vec<String>, serde_json::Error> {
    let answer: Answer = serde_json::from_slice(body)?;
    let firing = answer
        .data
        .alerts
        .into_iter()
        .filter(|a| a.state == "firing");
    let words = firing.map(|alert| {
        let label = |name: &str| {
            let label = alert.labels.get(name).map_or("", String::as_str);
            label.chars().take(NAME).collect::<String>()
        };
        match label("target").as_str() {
            "" => label("alertname"),
            target => format!("{} ({target})", label("alertname")),
        }
    });
    // The heartbeat always fires.
    let mut words: Vec<_> = words.filter(|words| words != "Watchdog").collect();
    words.sort();
    words.dedup();
    words.truncate(ALERTS);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fires_is_told_once_and_the_heartbeat_is_not() {
        let body = br#"{"status":"success","data":{"alerts":[
            {"labels":{"alertname":"Watchdog"},"state":"firing"},
            {"labels":{"alertname":"WorkerDown","target":"worker:mail"},"state":"firing"},
            {"labels":{"alertname":"WorkerDown","target":"worker:mail"},"state":"firing"},
            {"labels":{"alertname":"DiskLow"},"state":"pending"}]}}"#;
        assert_eq!(read(body).unwrap(), ["WorkerDown (worker:mail)"]);
        assert!(read(b"<html>").is_err());
    }
}
