//! The journal of systemd units, read by `journalctl`: by argv, without a shell, and it only reads.

use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use super::exec::{ENVIRONMENT, Group};
use crate::model::{Failure, Reason};

/// How long it may take in all.
const DEADLINE: Duration = Duration::from_secs(60);
/// What is kept of its complaints, in bytes.
const COMPLAINTS: u64 = 8 << 10;

/// One record of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The unit that it is of.
    pub unit: String,
    /// The process that wrote it, where it is known.
    pub pid: String,
    /// In milliseconds since the Unix epoch.
    pub at: i64,
    /// 0 (emergency) to 7 (debugging).
    pub priority: Option<u8>,
    /// What was written, as bytes: it may be no text.
    pub message: Vec<u8>,
}

/// As `journalctl -o json` writes it. A field that is too long is null, one that is no text a list
/// of bytes.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "__REALTIME_TIMESTAMP")]
    at: String,
    #[serde(rename = "MESSAGE", default)]
    message: Value,
    #[serde(rename = "PRIORITY", default)]
    priority: Value,
    #[serde(rename = "_SYSTEMD_UNIT", default)]
    of: Value,
    #[serde(rename = "UNIT", default)]
    about: Value,
    #[serde(rename = "_PID", default)]
    pid: Value,
}

/// Reads the newest records of `units` since `since` (seconds since the Unix epoch), at most `most`,
/// oldest first. Says how many there were.
///
/// # Errors
/// `journalctl` is not there, may not read the journal, or does not end.
pub async fn read(
    units: &[String],
    since: i64,
    most: u64,
    each: &mut (dyn FnMut(Record) + Send),
) -> Result<u64, Failure> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the observing half's way to the journal: it only reads"
    )]
    let mut command = Command::new("journalctl");
    let units = units.iter().map(|unit| format!("--unit={unit}"));
    command
        .args(["--quiet", "--no-pager", "--output=json"])
        .arg("--output-fields=MESSAGE,PRIORITY,_SYSTEMD_UNIT,UNIT,_PID")
        .arg(format!("--since=@{since}"))
        .arg(format!("--lines={most}"))
        .args(units)
        .env_clear()
        .envs(
            ENVIRONMENT
                .iter()
                .filter_map(|name| Some((*name, std::env::var_os(name)?))),
        )
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let failed = |reason, why: String| Failure::new(reason, format!("journalctl: {why}"));
    let io = |error: std::io::Error| failed(Reason::Io, format!("could not be started: {error}"));
    let mut group = Group(command.spawn().map_err(io)?);
    let (out, complaints) = (group.0.stdout.take(), group.0.stderr.take());
    let reading = async {
        let mut count = 0;
        let complaints = async {
            let mut said = Vec::new();
            if let Some(pipe) = complaints {
                pipe.take(COMPLAINTS).read_to_end(&mut said).await.ok();
            }
            String::from_utf8_lossy(&said).trim().to_owned()
        };
        let records = async {
            // It shortens fields to some kilobytes itself, so a line is bounded.
            let mut lines = BufReader::new(out?);
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line).await.ok()? > 0 {
                if let Some(record) = record(&line) {
                    count += 1;
                    each(record);
                }
                line.clear();
            }
            Some(())
        };
        let (_, said) = futures_util::future::join(records, complaints).await;
        (group.0.wait().await, said, count)
    };
    match timeout(DEADLINE, reading).await {
        Ok((Ok(status), said, count)) if status.success() && said.is_empty() => Ok(count),
        Ok((Ok(status), said, _)) => {
            let said = said.lines().last().unwrap_or_default();
            let why = if said.is_empty() {
                super::exec::words(status)
            } else {
                said.chars().filter(|c| !c.is_control()).take(300).collect()
            };
            Err(failed(Reason::Io, why))
        }
        Ok((Err(error), ..)) => Err(io(error)),
        Err(_) => Err(failed(
            Reason::Timeout,
            format!("did not end within {} s", DEADLINE.as_secs()),
        )),
    }
}

fn record(line: &[u8]) -> Option<Record> {
    let line: Line = serde_json::from_slice(line).ok()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let micros: i64 = line.at.parse().ok()?;
    let message = match &line.message {
        Value::String(text) => text.clone().into_bytes(),
        Value::Array(bytes) => bytes
            .iter()
            .filter_map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok()))
            .collect(),
        _ => b"(a message that is too long for the journal's reader)".to_vec(),
    };
    Some(Record {
        // What systemd itself says of a unit names it in another field.
        unit: text(&line.about)
            .or_else(|| text(&line.of))
            .unwrap_or_default(),
        pid: text(&line.pid).unwrap_or_default(),
        at: micros / 1000,
        priority: text(&line.priority).and_then(|priority| priority.parse().ok()),
        message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_in_every_form() {
        let told = record(
            br#"{"__REALTIME_TIMESTAMP":"1799971200123456","MESSAGE":"up","PRIORITY":"3",
                "_SYSTEMD_UNIT":"w@1.service","_PID":"7"}"#,
        );
        let told = told.unwrap();
        assert_eq!((told.at, told.priority), (1_799_971_200_123, Some(3)));
        assert_eq!(
            (told.unit.as_str(), told.pid.as_str()),
            ("w@1.service", "7")
        );
        let bytes = record(br#"{"__REALTIME_TIMESTAMP":"1000","MESSAGE":[104,255],"UNIT":"a"}"#);
        assert_eq!(bytes.unwrap().message, [104, 255]);
        let long = record(br#"{"__REALTIME_TIMESTAMP":"1000","MESSAGE":null}"#);
        assert!(long.unwrap().message.starts_with(b"(a message"));
        assert_eq!(record(b"{}"), None);
        assert_eq!(record(b"-- No entries --"), None);
    }
}
