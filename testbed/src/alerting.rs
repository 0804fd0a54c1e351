//! warrener's own rules and routes, alive: a Prometheus and an Alertmanager from the files that
//! `warrener rules --output` wrote, with the addresses that are an example's replaced by real ones.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::error::Context;
use crate::{Alertmanager, Error, Prometheus, PrometheusConfig, Result, Root};

/// Who is told, in the place of the example's receivers; all but the token are URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receivers {
    /// warrener's webhook, which recovery listens at.
    pub webhook: String,
    /// The bearer token for it.
    pub token: String,
    /// Slack's.
    pub slack: String,
    /// The dead man's switch.
    pub ping: String,
}

/// Both servers; they end, with their data, when dropped.
#[derive(Debug)]
pub struct Alerting {
    /// Holds the alerts and tells them.
    pub alertmanager: Alertmanager,
    /// Scrapes warrener and judges the rules.
    pub prometheus: Prometheus,
}

impl Alerting {
    /// Starts both with the files in `dir`, scraping the warrener at `target` (`host:port`). The
    /// secrets that the routes name are written into `dir`, too, for the owner alone.
    ///
    /// # Errors
    /// [`Error::Missing`] when the files are not as they are shipped; as [`Prometheus::start`].
    pub fn start(
        root: Option<Root>,
        dir: &Path,
        target: &str,
        receivers: &Receivers,
    ) -> Result<Self> {
        let mut routes = read(&dir.join("alertmanager.yml"))?;
        for (name, secret) in [("warrener", &receivers.token), ("slack", &receivers.slack)] {
            let file = dir.join(name);
            fs::write(&file, secret).at("write", &file)?;
            fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).at("protect", &file)?;
            let file = file.to_string_lossy();
            replace(&mut routes, &format!("/run/secrets/{name}"), &file)?;
        }
        let webhook = "http://127.0.0.1:15699/webhook/alertmanager";
        replace(&mut routes, webhook, &receivers.webhook)?;
        let ping = "https://dead-mans-switch.example/ping/REPLACE-ME";
        replace(&mut routes, ping, &receivers.ping)?;
        let alertmanager = Alertmanager::start_in(root.clone(), &routes)?;

        let mut scrapes = read(&dir.join("prometheus.yml"))?;
        let rules = dir.join("rules");
        replace(&mut scrapes, "- rules/", &format!("- {}/", rules.display()))?;
        replace(&mut scrapes, "127.0.0.1:9093", &alertmanager.address())?;
        replace(&mut scrapes, "127.0.0.1:15699", target)?;
        let prometheus = Prometheus::start(&PrometheusConfig {
            yaml: Some(scrapes),
            // The watchdog fires before Prometheus knows its Alertmanager.
            flags: vec!["--rules.alert.resend-delay=5s".to_owned()],
            root,
            ..PrometheusConfig::default()
        })?;
        Ok(Self {
            alertmanager,
            prometheus,
        })
    }
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).at("read", file)
}

fn replace(text: &mut String, old: &str, new: &str) -> Result<()> {
    if !text.contains(old) {
        return Err(Error::Missing(format!("{old} is not in the example")));
    }
    *text = text.replace(old, new);
    Ok(())
}
