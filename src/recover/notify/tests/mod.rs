//! Real HTTP, a real ledger; the servers that are told stand for Slack and others: Slack itself
//! can't be had here.

mod outbox;
mod said;
mod server;
mod together;

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::model::Evidence;
use server::Server;

const NOW: Timestamp = Timestamp(1_800_000_000_000);
/// The secret of a webhook's path, and of a token.
const PATH: &str = "/services/T000/B000/sesame-path";
const TOKEN: &str = "sesame-token";

fn later(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + 1000 * seconds)
}

fn message(kind: Kind, incident: i64, what: &str) -> Message {
    Message {
        kind,
        level: Level::Warning,
        incident: Some(IncidentId(incident)),
        what: what.into(),
        done: vec!["worker.stop: stopped process 17".into()],
        evidence: vec![Evidence::against("acks", "0 in 2 min", "some")],
        since: Some(later(-192)),
        took: None,
        todo: None,
    }
}

/// A ledger with these incidents, and a sender to the channels of a configuration.
struct Office {
    folder: tempfile::TempDir,
    config: Arc<Config>,
    ledger: Handle,
    counts: Arc<NoticeCounts>,
    sender: Sender,
}

impl Office {
    /// With `notify: YAML`; `{}` in it is the folder.
    async fn open(notify: &str, incidents: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "identity: app-1\nstate: .\nnotify: {}\n",
            notify.replace("{}", &folder.path().display().to_string())
        );
        let file = folder.path().join("warrener.yml");
        let config = Config::from_text(&text, &file, folder.path());
        let config = Arc::new(config.unwrap_or_else(|errors| panic!("{errors}")));
        let ledger = Handle::start(folder.path().join("state")).unwrap();
        let made = ledger.write(move |ledger| {
            for number in 0..incidents {
                let key = crate::model::IncidentKey {
                    code: crate::model::TriggerCode::from_text("WorkerHung").unwrap(),
                    target: crate::model::Target::Worker {
                        name: format!("w{number}"),
                    },
                };
                ledger.join(&key, NOW)?;
            }
            Ok(())
        });
        made.await.unwrap();
        let counts = Arc::new(NoticeCounts::default());
        let sender = Sender::new(ledger.clone(), config.clone(), counts.clone()).unwrap();
        Office {
            folder,
            config,
            ledger,
            counts,
            sender,
        }
    }

    /// With a Slack whose webhook is at `server`.
    async fn slack(server: &Server, incidents: usize) -> Self {
        let office = Self::open("{slack: {url_file: '{}/url'}}", incidents).await;
        office.write("url", &format!("{}{PATH}\n", server.url()));
        office
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    async fn tell(&self, message: Message, at: Timestamp) {
        tell(&self.ledger, &self.config, message, at).await.unwrap();
    }

    async fn turn(&mut self, at: Timestamp) {
        self.sender.turn(at).await.unwrap();
    }

    async fn waiting(&self) -> u64 {
        self.ledger.read(|l| l.waiting()).await.unwrap().0
    }

    /// Ends everything that holds the ledger, and opens it again.
    async fn begin_again(self) -> Self {
        let Office {
            folder,
            config,
            ledger,
            counts,
            sender,
        } = self;
        drop((ledger, sender));
        let ledger = open_again(&folder.path().join("state")).await;
        let sender = Sender::new(ledger.clone(), config.clone(), counts.clone()).unwrap();
        Office {
            folder,
            config,
            ledger,
            counts,
            sender,
        }
    }
}

/// The thread before lets go of the ledger a moment after its last handle was dropped.
async fn open_again(state: &Path) -> Handle {
    let started = std::time::Instant::now();
    loop {
        let ledger = Handle::start(state.to_owned()).unwrap();
        match ledger.read(|l| l.waiting()).await {
            Ok(_) => return ledger,
            Err(error) => assert!(started.elapsed().as_secs() < 30, "{error}"),
        }
        tokio::task::yield_now().await;
    }
}
