//! A private Alertmanager.

use std::fs;

use serde_json::Value;

use crate::error::Context;
use crate::roots::Root;
use crate::service::{Service, control};
use crate::{Error, Result, http};

/// A private Alertmanager, alone (no gossip); it ends, with its data, when dropped.
#[derive(Debug)]
pub struct Alertmanager {
    service: Service,
}

control!(Alertmanager);

impl Alertmanager {
    /// Starts the host's own with this configuration and waits until it is ready.
    ///
    /// # Errors
    /// Names the server, its command and the end of its log.
    pub fn start(yaml: &str) -> Result<Self> {
        Self::start_in(None, yaml)
    }

    /// Starts the one of another release.
    ///
    /// # Errors
    /// As [`Alertmanager::start`].
    pub fn start_in(root: Option<Root>, yaml: &str) -> Result<Self> {
        let mut service = Service::prepare("prometheus-alertmanager", root)?;
        let file = service.dir().join("alertmanager.yml");
        fs::write(&file, yaml).at("write", &file)?;
        service.args(vec![
            format!("--config.file={}", file.display()),
            format!("--storage.path={}", service.dir().join("data").display()),
            format!("--web.listen-address={}", service.address()),
            "--cluster.listen-address=".to_owned(),
        ]);
        service.start()?;
        Ok(Self { service })
    }

    /// The alerts it holds, as `GET /api/v2/alerts` tells.
    ///
    /// # Errors
    /// [`Error::Http`] when it does not answer.
    pub fn alerts(&self) -> Result<Value> {
        http::get_json(&format!("{}/api/v2/alerts", self.url()))
    }

    /// Gives it alerts, as Prometheus would: a JSON array of `{"labels": {..}, ..}`.
    ///
    /// # Errors
    /// [`Error::Http`] when it refuses them.
    pub fn send(&self, alerts: &Value) -> Result<()> {
        let url = format!("{}/api/v2/alerts", self.url());
        let answer = http::post(&url, &alerts.to_string())?;
        match answer.status {
            200 => Ok(()),
            status => Err(Error::Http {
                url,
                reason: format!("{status} {}", answer.body),
            }),
        }
    }
}
