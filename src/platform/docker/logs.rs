//! What containers wrote, as the engine kept it.

use std::pin::pin;

use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::StreamExt;
use tokio::time::timeout;

use super::failure::failure;
use super::session::Session;
use super::{Docker, default_host};
use crate::model::{Failure, Reason};

/// For the whole of one reading.
const DEADLINE: std::time::Duration = std::time::Duration::from_secs(60);
/// A line is ended here, whatever its length.
const LONGEST_LINE: usize = 64 << 10;

/// Where a line was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output, or a terminal.
    Out,
    /// Standard error.
    Err,
}

/// A line without its end, with the engine's time in front.
pub type EachLine<'a> = &'a mut (dyn FnMut(&str, Stream, &[u8]) + Send);

impl Docker {
    /// Reads the newest lines that the containers wrote since `since` (seconds since the Unix
    /// epoch), at most `most` of each. The names of those that were read.
    ///
    /// # Errors
    /// Why the engine could not be asked; also where it keeps no logs of a container.
    pub async fn logs(
        &mut self,
        since: i64,
        most: u64,
        each: EachLine<'_>,
    ) -> Result<Vec<String>, Failure> {
        let found = self.instances().await?;
        let host = self.host.clone().unwrap_or_else(default_host);
        let reading = async {
            let session = match self.session.take() {
                Some(session) => session,
                None => Session::open(&host, self.containers.filters()).await?,
            };
            let mut names = Vec::new();
            for instance in found {
                let Some(id) = &instance.container else {
                    continue;
                };
                one(&session, id, &instance.name, since, most, each).await?;
                names.push(instance.name);
            }
            Ok::<_, Error>(names)
        };
        match timeout(DEADLINE, reading).await {
            Ok(outcome) => outcome.map_err(|error| failure(&error, &host)),
            Err(_) => {
                let message = format!("{host}: its logs did not end within {DEADLINE:?}");
                Err(Failure::new(Reason::Timeout, message))
            }
        }
    }
}

async fn one(
    session: &Session,
    id: &str,
    name: &str,
    since: i64,
    most: u64,
    each: EachLine<'_>,
) -> Result<(), Error> {
    let options = LogsOptionsBuilder::new()
        .stdout(true)
        .stderr(true)
        .timestamps(true)
        .since(i32::try_from(since).unwrap_or(0))
        .tail(&most.to_string())
        .build();
    let mut pieces = pin!(session.client.logs(id, Some(options)));
    let mut open = [(Stream::Out, Vec::new()), (Stream::Err, Vec::new())];
    while let Some(piece) = pieces.next().await {
        let (at, bytes) = match piece? {
            LogOutput::StdErr { message } => (1, message),
            LogOutput::StdOut { message } | LogOutput::Console { message } => (0, message),
            LogOutput::StdIn { .. } => continue,
        };
        let (stream, line) = &mut open[at];
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            let room = LONGEST_LINE.saturating_sub(line.len());
            line.extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") {
                each(name, *stream, line.strip_suffix(b"\n").unwrap_or(line));
                line.clear();
            }
        }
    }
    for (stream, line) in &open {
        if !line.is_empty() {
            each(name, *stream, line);
        }
    }
    Ok(())
}
