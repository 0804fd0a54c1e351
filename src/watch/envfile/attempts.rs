//! Logins with the values of an env file, tried in the background: a reading never waits for one.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::envfile::{LogIn, OwnLogin};
use crate::model::facts::ContentHash;
use crate::model::{Moment, Reason};

/// How soon a failed login is tried again; twice as long each time.
const AGAIN: Duration = Duration::from_secs(5);
/// The longest time between two.
const LONGEST: Duration = Duration::from_secs(60);
/// How soon one that worked is tried again: its user may be changed at the broker.
const STILL: Duration = Duration::from_secs(60);

type Outcome = Result<(), Reason>;

/// The logins tried, by file.
pub(super) struct Attempts {
    log_in: LogIn,
    files: HashMap<PathBuf, Attempt>,
    running: JoinSet<(PathBuf, ContentHash, Outcome)>,
    landed: Arc<Notify>,
}

/// The newest login with one content.
#[derive(Debug)]
struct Attempt {
    content: ContentHash,
    outcome: Option<Outcome>,
    /// When the next begins; `None` while one is under way.
    due: Option<Moment>,
    failed_in_a_row: u32,
}

impl Attempt {
    fn new(content: ContentHash, now: Moment) -> Self {
        Attempt {
            content,
            outcome: None,
            due: Some(now),
            failed_in_a_row: 0,
        }
    }

    /// Whether one is to begin now.
    fn begin(&mut self, now: Moment) -> bool {
        let due = self.due.is_some_and(|due| due.since(now).is_zero());
        if due {
            self.due = None;
        }
        due
    }

    fn end(&mut self, outcome: Outcome, now: Moment) {
        let wait = match outcome {
            Ok(()) => {
                self.failed_in_a_row = 0;
                STILL
            }
            Err(_) => {
                let wait = AGAIN * 2_u32.pow(self.failed_in_a_row.min(8));
                self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
                wait.min(LONGEST)
            }
        };
        self.outcome = Some(outcome);
        self.due = Some(now.after(wait));
    }
}

impl Attempts {
    pub(super) fn new(log_in: LogIn) -> Self {
        Attempts {
            log_in,
            files: HashMap::new(),
            running: JoinSet::new(),
            landed: Arc::default(),
        }
    }

    /// How the newest login with this content went; begins another where one is due.
    pub(super) fn of(
        &mut self,
        path: &Path,
        content: Option<ContentHash>,
        own: Option<OwnLogin>,
        now: Moment,
    ) -> Option<Outcome> {
        self.collect(now);
        let (Some(content), Some(own)) = (content, own) else {
            self.files.remove(path);
            return None;
        };
        let Ok(urls) = own.urls else {
            self.files.remove(path);
            return Some(Err(Reason::Unresolved));
        };
        let attempt = self
            .files
            .entry(path.to_owned())
            .and_modify(|attempt| {
                if attempt.content != content {
                    *attempt = Attempt::new(content, now);
                }
            })
            .or_insert_with(|| Attempt::new(content, now));
        if attempt.begin(now) {
            let (login, path, landed) = ((self.log_in)(urls), path.to_owned(), self.landed.clone());
            self.running.spawn(async move {
                let outcome = login.await.map_err(|failure| failure.reason);
                landed.notify_one();
                (path, content, outcome)
            });
        }
        // One that worked with what the file did not give speaks for nobody's values.
        attempt
            .outcome
            .filter(|outcome| !(own.borrowed && outcome.is_ok()))
    }

    fn collect(&mut self, now: Moment) {
        while let Some(ended) = self.running.try_join_next() {
            // One that panicked stays without an outcome until the content changes.
            let Ok((path, content, outcome)) = ended else {
                continue;
            };
            if let Some(attempt) = self.files.get_mut(&path).filter(|a| a.content == content) {
                attempt.end(outcome, now);
            }
        }
    }

    /// Ends when an outcome is there to be read.
    pub(super) async fn landed(&self) {
        self.landed.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Failure, Secret};
    use std::sync::Mutex;
    use std::time::{Instant, SystemTime};

    const ONE: Option<ContentHash> = Some(ContentHash([1; 32]));
    const TWO: Option<ContentHash> = Some(ContentHash([2; 32]));

    fn start() -> Moment {
        Moment::new(Instant::now(), SystemTime::UNIX_EPOCH)
    }

    fn own(url: &str, borrowed: bool) -> Option<OwnLogin> {
        let urls = Ok(vec![Secret::from(url)]);
        Some(OwnLogin { urls, borrowed })
    }

    /// Logs in where the URL says `good`; counts how often it was asked.
    fn logins() -> (Attempts, Arc<Mutex<u32>>) {
        let count = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&count);
        let log_in: LogIn = Arc::new(move |urls| {
            *counted.lock().unwrap() += 1;
            Box::pin(async move {
                let good = urls[0].expose() == "good";
                good.then_some(()).ok_or(Failure::new(Reason::Auth, "no"))
            })
        });
        (Attempts::new(log_in), count)
    }

    #[tokio::test]
    async fn one_login_for_each_content_and_failed_ones_again() {
        let (mut attempts, count) = logins();
        let (path, begin) = (Path::new("/a"), start());
        let at = |seconds| begin.after(Duration::from_secs(seconds));
        assert_eq!(attempts.of(path, ONE, own("good", false), at(0)), None);
        attempts.landed().await;
        for seconds in 1..59 {
            let outcome = attempts.of(path, ONE, own("good", false), at(seconds));
            assert_eq!(outcome, Some(Ok(())));
        }
        assert_eq!(*count.lock().unwrap(), 1);
        // Another content: what is known of the old one is not told of it.
        assert_eq!(attempts.of(path, TWO, own("bad", false), at(59)), None);
        attempts.landed().await;
        let failed = Some(Err(Reason::Auth));
        assert_eq!(attempts.of(path, TWO, own("bad", false), at(60)), failed);
        assert_eq!(attempts.of(path, TWO, own("bad", false), at(64)), failed);
        assert_eq!(*count.lock().unwrap(), 2);
        assert_eq!(attempts.of(path, TWO, own("bad", false), at(65)), failed);
        assert_eq!(*count.lock().unwrap(), 3);
        attempts.landed().await;
        assert_eq!(attempts.of(path, TWO, own("bad", false), at(71)), failed);
        assert_eq!(
            *count.lock().unwrap(),
            3,
            "5 s later it would be no backoff"
        );
    }

    /// The broker may change its mind while the file stays as it is.
    #[tokio::test]
    async fn one_that_worked_is_tried_again_each_minute() {
        let (mut attempts, count) = logins();
        let (path, begin) = (Path::new("/a"), start());
        for minute in 0..3 {
            let now = begin.after(Duration::from_secs(minute * 60));
            attempts.of(path, ONE, own("good", false), now);
            attempts.landed().await;
            attempts.of(path, ONE, own("good", false), now);
            assert_eq!(u64::from(*count.lock().unwrap()), minute + 1);
        }
    }

    #[tokio::test]
    async fn what_the_file_does_not_say_is_not_told_of_it() {
        let (mut attempts, count) = logins();
        let (path, now) = (Path::new("/a"), start());
        assert_eq!(attempts.of(path, ONE, None, now), None);
        let missing = Vec::new();
        let urls = Err(crate::config::Unresolved { missing });
        let unresolved = Some(OwnLogin {
            urls,
            borrowed: true,
        });
        assert_eq!(
            attempts.of(path, ONE, unresolved, now),
            Some(Err(Reason::Unresolved))
        );
        assert_eq!(*count.lock().unwrap(), 0);
        // A default that works hides nothing; one that fails is told.
        attempts.of(path, ONE, own("good", true), now);
        attempts.landed().await;
        assert_eq!(attempts.of(path, ONE, own("good", true), now), None);
        attempts.of(path, TWO, own("bad", true), now);
        attempts.landed().await;
        let failed = Some(Err(Reason::Auth));
        assert_eq!(attempts.of(path, TWO, own("bad", true), now), failed);
    }
}
