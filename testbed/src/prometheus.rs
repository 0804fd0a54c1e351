//! A private Prometheus.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::error::Context;
use crate::roots::Root;
use crate::service::{Service, control};
use crate::{Error, Result, http};

/// What it scrapes and judges.
#[derive(Debug, Clone)]
pub struct PrometheusConfig {
    /// `(job, host:port)`, each scraped at `/metrics`.
    pub targets: Vec<(String, String)>,
    /// Between two scrapes, and two evaluations of the rules; 1 s by default.
    pub scrape_interval: Duration,
    /// Copied into its folder under their own file names.
    pub rule_files: Vec<PathBuf>,
    /// `host:port` of the Alertmanagers it tells. It knows them about 5 s after its start;
    /// what fires earlier is dropped and sent again after `--rules.alert.resend-delay`,
    /// a minute: lower that in `flags` for an alert that fires from the start.
    pub alertmanagers: Vec<String>,
    /// The whole `prometheus.yml` instead of one made from the fields above; it may name
    /// rule files by their bare file names.
    pub yaml: Option<String>,
    /// Further flags, such as `--enable-feature=..`.
    pub flags: Vec<String>,
    /// The release whose Prometheus runs, the host's own for `None`.
    pub root: Option<Root>,
}

impl Default for PrometheusConfig {
    fn default() -> Self {
        Self {
            targets: Vec::new(),
            scrape_interval: Duration::from_secs(1),
            rule_files: Vec::new(),
            alertmanagers: Vec::new(),
            yaml: None,
            flags: Vec::new(),
            root: None,
        }
    }
}

impl PrometheusConfig {
    /// One job with one target, the rest as by default.
    #[must_use]
    pub fn scraping(job: &str, address: &str) -> Self {
        Self {
            targets: vec![(job.to_owned(), address.to_owned())],
            ..Self::default()
        }
    }

    fn render(&self) -> String {
        if let Some(yaml) = &self.yaml {
            return yaml.clone();
        }
        let interval = self.scrape_interval.as_millis();
        let mut yaml = format!(
            "global:\n  scrape_interval: {interval}ms\n  scrape_timeout: {interval}ms\n  \
             evaluation_interval: {interval}ms\nrule_files:\n"
        );
        let mut line = |text: String| writeln!(yaml, "{text}").unwrap_or_default();
        for file in self.rule_files.iter().filter_map(|path| path.file_name()) {
            line(format!("  - {}", quote(&file.to_string_lossy())));
        }
        line("alerting:\n  alertmanagers:".to_owned());
        for address in &self.alertmanagers {
            line(format!(
                "    - static_configs: [{{targets: [{}]}}]",
                quote(address)
            ));
        }
        line("scrape_configs:".to_owned());
        for (job, address) in &self.targets {
            let (job, address) = (quote(job), quote(address));
            line(format!(
                "  - {{job_name: {job}, static_configs: [{{targets: [{address}]}}]}}"
            ));
        }
        yaml
    }
}

/// A JSON string is a YAML string.
fn quote(text: &str) -> String {
    Value::from(text).to_string()
}

/// A private Prometheus; it ends, with its data, when dropped.
#[derive(Debug)]
pub struct Prometheus {
    service: Service,
}

control!(Prometheus);

impl Prometheus {
    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// Names the server, its command and the end of its log.
    pub fn start(config: &PrometheusConfig) -> Result<Self> {
        let mut service = Service::prepare("prometheus", config.root.clone())?;
        let dir = service.dir().to_owned();
        for path in &config.rule_files {
            let name = path.file_name().unwrap_or_default();
            fs::copy(path, dir.join(name)).at("copy", path)?;
        }
        let file = dir.join("prometheus.yml");
        fs::write(&file, config.render()).at("write", &file)?;
        let mut args = vec![
            format!("--config.file={}", file.display()),
            format!("--storage.tsdb.path={}", dir.join("data").display()),
            format!("--web.listen-address={}", service.address()),
            "--web.enable-lifecycle".to_owned(),
            "--log.level=warn".to_owned(),
        ];
        args.extend(config.flags.iter().cloned());
        service.args(args);
        service.start()?;
        Ok(Self { service })
    }

    /// An instant query: the `data.result` of its answer.
    ///
    /// # Errors
    /// [`Error::Http`] with Prometheus' own words for a bad expression.
    pub fn query(&self, expression: &str) -> Result<Value> {
        let encoded = encode(expression);
        Ok(self.api(&format!("/api/v1/query?query={encoded}"))?["result"].take())
    }

    /// The value of the one series an expression gives; `None` when there is none.
    ///
    /// # Errors
    /// As [`Prometheus::query`].
    pub fn value(&self, expression: &str) -> Result<Option<f64>> {
        let result = self.query(expression)?;
        Ok(result[0]["value"][1]
            .as_str()
            .and_then(|value| value.parse().ok()))
    }

    /// The active targets, with health and last error.
    ///
    /// # Errors
    /// [`Error::Http`] when it does not answer.
    pub fn targets(&self) -> Result<Value> {
        Ok(self.api("/api/v1/targets?state=active")?["activeTargets"].take())
    }

    /// The alerts its rules hold, pending and firing.
    ///
    /// # Errors
    /// [`Error::Http`] when it does not answer.
    pub fn alerts(&self) -> Result<Value> {
        Ok(self.api("/api/v1/alerts")?["alerts"].take())
    }

    /// The `data` of any of its API's answers.
    ///
    /// # Errors
    /// [`Error::Http`].
    pub fn api(&self, path: &str) -> Result<Value> {
        let url = format!("{}{path}", self.url());
        let answer = http::get(&url)?;
        let mut body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        if body["status"] == "success" {
            return Ok(body["data"].take());
        }
        Err(Error::Http {
            url,
            reason: format!("{} {}", answer.status, answer.body),
        })
    }
}

fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(byte.into());
        } else {
            write!(encoded, "%{byte:02X}").unwrap_or_default();
        }
        encoded
    })
}
