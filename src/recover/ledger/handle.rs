//! The ledger on a thread of its own: whoever shares the runtime never waits for a disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{mpsc, oneshot, watch};

use super::{Ledger, LedgerError};
use crate::model::{Moment, Timestamp};

/// Calls that may wait; more wait at the door.
const CALLS: usize = 1024;
/// Time from one attempt to open it to the next.
const AGAIN: Duration = Duration::from_secs(2);

/// What keeps the ledger from being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// [`LedgerError::kind`].
    pub kind: &'static str,
    /// In words, with the file.
    pub words: String,
}

impl Trouble {
    fn of(error: &LedgerError) -> Option<Self> {
        error.is_observe_only().then(|| Trouble {
            kind: error.kind(),
            words: error.to_string(),
        })
    }
}

type Call = Box<dyn FnOnce(Result<&mut Ledger, LedgerError>) -> Turn + Send>;

/// What a call tells of the ledger.
enum Turn {
    /// It was written.
    Written,
    /// It was read, or asked for what it does not do.
    Read,
    /// It can't be used.
    Trouble(Trouble),
}

/// Asks the thread that holds the ledger.
#[derive(Clone, Debug)]
pub struct Handle {
    calls: mpsc::Sender<Call>,
    trouble: watch::Receiver<Option<Trouble>>,
    /// How often it was, or may have been, written.
    written: Arc<AtomicU64>,
    file: PathBuf,
}

impl Handle {
    /// Starts the thread; the ledger in the folder `state` is opened when it is first asked, and
    /// again while it can't be. It is closed when the last handle is dropped.
    ///
    /// # Errors
    /// The thread can't be started.
    pub fn start(state: PathBuf) -> std::io::Result<Self> {
        let (calls, mut called) = mpsc::channel::<Call>(CALLS);
        let (told, trouble) = watch::channel(None);
        let file = state.join("ledger.db");
        let run = move || {
            let mut keeper = Keeper {
                state,
                ledger: None,
                tried: None,
            };
            while let Some(call) = keeper.next(&mut called) {
                let turn = keeper.serve(call);
                told.send_if_modified(|trouble| match turn {
                    Turn::Read => false,
                    Turn::Written => trouble.take().is_some(),
                    Turn::Trouble(new) if trouble.as_ref() == Some(&new) => false,
                    Turn::Trouble(new) => {
                        *trouble = Some(new);
                        true
                    }
                });
            }
        };
        std::thread::Builder::new()
            .name("ledger".into())
            .spawn(run)?;
        Ok(Handle {
            calls,
            trouble,
            written: Arc::default(),
            file,
        })
    }

    /// Changes it: what returned is on the disk.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing was changed then.
    pub async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Ledger) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let written = Arc::clone(&self.written);
        let change = move |ledger: &mut Ledger| {
            let changed = change(ledger);
            // Before it is answered: who knows of the change finds no older edition.
            written.fetch_add(1, Ordering::SeqCst);
            changed
        };
        self.ask(change, || Turn::Written).await
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Ledger) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.ask(|ledger| read(ledger), || Turn::Read).await
    }

    /// Another number once anything was written: what was read under the same one is still so.
    pub fn edition(&self) -> u64 {
        self.written.load(Ordering::SeqCst)
    }

    /// Why nothing can be recorded now.
    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble.borrow().clone()
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Ledger) -> Result<T, LedgerError> + Send + 'static,
        well: fn() -> Turn,
    ) -> Result<T, LedgerError> {
        let (answer, answered) = oneshot::channel();
        let call: Call = Box::new(move |ledger| {
            let outcome = ledger.and_then(work);
            let turn = match &outcome {
                Ok(_) => well(),
                Err(error) => Trouble::of(error).map_or(Turn::Read, Turn::Trouble),
            };
            // Whoever asked may have gone; what was written stays written.
            answer.send(outcome).ok();
            turn
        });
        let gone = || LedgerError::Io {
            file: self.file.clone(),
            words: "its thread has ended".into(),
        };
        self.calls.send(call).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// What the thread holds.
struct Keeper {
    state: PathBuf,
    ledger: Option<Ledger>,
    /// The last attempt to open it, and what it said.
    tried: Option<(Instant, Trouble)>,
}

impl Keeper {
    /// The next call; before it is waited for, the log is emptied.
    fn next(&mut self, called: &mut mpsc::Receiver<Call>) -> Option<Call> {
        let waits = called.try_recv().ok();
        if let Some(ledger) = &mut self.ledger
            && let Err(error) = ledger.settle(waits.is_none())
        {
            // It is tried again; what can't be written is told by the next call that writes.
            tracing::warn!(%error, "the ledger's log could not be emptied");
        }
        waits.or_else(|| called.blocking_recv())
    }

    fn serve(&mut self, call: Call) -> Turn {
        if self.ledger.is_none() {
            if let Some((at, trouble)) = &self.tried
                && at.elapsed() < AGAIN
            {
                let closed = LedgerError::Closed {
                    kind: trouble.kind,
                    words: trouble.words.clone(),
                };
                return call(Err(closed));
            }
            match Ledger::open(&self.state, now()) {
                Ok(ledger) => {
                    self.tried = None;
                    self.ledger = Some(ledger);
                }
                Err(error) => {
                    if let Some(trouble) = Trouble::of(&error) {
                        self.tried = Some((Instant::now(), trouble));
                    }
                    return call(Err(error));
                }
            }
        }
        let Some(ledger) = &mut self.ledger else {
            return Turn::Read;
        };
        let turn = call(Ok(ledger));
        if matches!(&turn, Turn::Trouble(trouble) if trouble.kind == "corrupt") {
            // Opened again, it is looked at whole, and set aside if it is damaged.
            self.ledger = None;
        }
        turn
    }
}

/// The wall clock: this thread has nobody to ask for the time.
fn now() -> Timestamp {
    Moment::new(Instant::now(), SystemTime::now()).into()
}
