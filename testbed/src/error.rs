//! What can go wrong when a test asks for a real server.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The outcome of everything in this crate that touches the machine.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a server, a worker or a tool did not do what the test asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A server or worker did not start, or ended when it should not have.
    #[error("{server}: {reason}\n  command: {command}\n  last lines of {}:\n{tail}", log.display())]
    Server {
        /// Which one, with its node name or port.
        server: String,
        /// What was seen instead of a running server.
        reason: String,
        /// The command line it was started with.
        command: String,
        /// Its log file.
        log: PathBuf,
        /// The end of that file.
        tail: String,
    },
    /// A condition did not come true in time.
    #[error("waited {waited:?} for {what}{}", seen.as_ref().map(|s| format!(", last seen: {s}")).unwrap_or_default())]
    Timeout {
        /// What was waited for.
        what: String,
        /// How long.
        waited: Duration,
        /// What the last look showed, where the condition told.
        seen: Option<String>,
    },
    /// A command-line tool failed.
    #[error("{command}: {status}\n{output}")]
    Tool {
        /// Its command line.
        command: String,
        /// Its exit status.
        status: String,
        /// What it wrote to standard output and standard error.
        output: String,
    },
    /// An HTTP request got no usable answer.
    #[error("{url}: {reason}")]
    Http {
        /// Its address.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// An AMQP operation of a helper failed.
    #[error("AMQP at port {port}: {source}")]
    Amqp {
        /// The broker's port.
        port: u16,
        /// The client's error.
        source: Box<lapin::Error>,
    },
    /// The broker has none of what was asked for, such as a plugin that was left out.
    #[error("{0}")]
    Missing(String),
    /// The operating system refused.
    #[error("{what}: {source}")]
    Io {
        /// The operation and the path or process it was for.
        what: String,
        /// The system's error.
        source: io::Error,
    },
}

/// Names the operation and its object on an I/O error.
pub(crate) trait Context<T> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T>;
    fn at(self, verb: &str, path: &Path) -> Result<T>
    where
        Self: Sized,
    {
        self.context(|| format!("{verb} {}", path.display()))
    }
}

impl<T, E: Into<io::Error>> Context<T> for std::result::Result<T, E> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| Error::Io {
            what: what(),
            source: source.into(),
        })
    }
}
