//! Which source to read the broker by: tried, remembered, and tried again after a failure or when
//! a better one may have come (a plugin can be enabled while the broker runs).

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::access::Login;
use super::http::Http;
use super::sources::Logins;
use super::stand_in::{By, Told};
use super::{management, prometheus};
use crate::model::facts::Source;
use crate::model::{Failure, ProbeName, Reason};

/// How long a source that is not the best of those configured is kept before the better ones are
/// tried again.
const RETRY_BETTER: Duration = Duration::from_secs(15);

/// How much of the time that is left the trying may take.
const DETECTION_SHARE: f64 = 0.4;

/// How much of the deadline must be left to try another source after one has failed.
const SECOND_TRY_SHARE: f64 = 0.3;

/// One reading by one source; what the two broker probes differ in.
pub(super) trait Reading {
    type Facts: Send;

    /// Reads by `source`, as `login`, until `deadline`.
    fn read(
        &mut self,
        login: &Login,
        source: Source,
        deadline: Instant,
    ) -> impl Future<Output = Result<Self::Facts, Failure>> + Send;
}

/// What a broker probe has besides its [`Reading`]: the logins, and the memory of which source
/// works.
pub(super) struct Ways<L> {
    logins: L,
    http: Http,
    deadline: Duration,
    /// For the configured login and for the one that last worked.
    detectors: [Detector; 2],
    told: Told,
}

impl<L: Logins> Ways<L> {
    /// `choice` of `None` is `auto`.
    pub(super) fn new(logins: L, http: Http, choice: Option<Source>, deadline: Duration) -> Self {
        let detector = Detector {
            choice,
            current: None,
        };
        Ways {
            logins,
            http,
            deadline,
            detectors: [detector.clone(), detector],
            told: Told::default(),
        }
    }

    /// One reading for `probe` by whatever way works, the configured login first. When none does,
    /// the failure is that of the first login that could be tried.
    pub(super) async fn read<R: Reading>(
        &mut self,
        probe: ProbeName,
        reading: &mut R,
    ) -> Result<(R::Facts, By), Failure> {
        let end = Instant::now() + self.deadline;
        let logins = self.logins.logins().await?;
        let mut first = None;
        for (at, login) in logins.iter().enumerate() {
            let deadline = share(end, logins.len() - at);
            match self.read_as(login, reading, deadline).await {
                Ok(facts) => {
                    // Where AMQP is configured, it is what proves a login.
                    if login.amqp.is_empty() {
                        self.logins.worked(login);
                    }
                    let by = By::new(login, first);
                    self.told.tell(probe, &by);
                    return Ok((facts, by));
                }
                Err(failure) => {
                    first.get_or_insert(failure);
                }
            }
        }
        Err(first.unwrap_or_else(|| Failure::new(Reason::Unresolved, "there is no login to try")))
    }

    async fn read_as<R: Reading>(
        &mut self,
        login: &Login,
        reading: &mut R,
        deadline: Instant,
    ) -> Result<R::Facts, Failure> {
        let detector = &mut self.detectors[usize::from(login.fallback)];
        let mut failure = None;
        let remembered = detector.remembered();
        if let Some(source) = remembered {
            let failed = match reading.read(login, source, deadline).await {
                Ok(facts) => return Ok(facts),
                Err(failed) => failed,
            };
            detector.current = None;
            let left = deadline.saturating_duration_since(Instant::now());
            if left < self.deadline.mul_f64(SECOND_TRY_SHARE) {
                return Err(failed);
            }
            // What was remembered works no more, and there is time to see whether another does.
            failure = Some(failed);
        }
        let found = detector.detect(&self.http, login, deadline).await?;
        if let Some(failed) = failure
            .take_if(|failed| failed.reason == Reason::Timeout && remembered == Some(found.source))
        {
            // It is there, and too slow: asking it once more makes it no faster.
            detector.current = None;
            return Err(failed);
        }
        let outcome = reading.read(login, found.source, deadline).await;
        outcome.map_err(|failed| {
            detector.current = None;
            let others = failure.into_iter().chain(found.better);
            others.fold(failed, |telling, other| more_telling(other, telling))
        })
    }
}

/// The failure that says more of the broker; the first when they say as much.
fn more_telling(a: Failure, b: Failure) -> Failure {
    if weight(b.reason) > weight(a.reason) {
        b
    } else {
        a
    }
}

/// An equal share of the time until `end`, for the first of `parts`.
pub(super) fn share(end: Instant, parts: usize) -> Instant {
    let now = Instant::now();
    let parts = u32::try_from(parts.max(1)).unwrap_or(u32::MAX);
    now + end.saturating_duration_since(now) / parts
}

#[derive(Clone, Debug)]
struct Detector {
    choice: Option<Source>,
    current: Option<Current>,
}

/// The source to read by, and why a better one can't be.
struct Detected {
    source: Source,
    better: Option<Failure>,
}

#[derive(Clone, Copy, Debug)]
struct Current {
    source: Source,
    /// When to look for a better one; `None` for the best of those configured.
    until: Option<Instant>,
}

impl Detector {
    fn remembered(&self) -> Option<Source> {
        let current = self.current?;
        match current.until {
            Some(until) if Instant::now() >= until => None,
            _ => Some(current.source),
        }
    }

    async fn detect(
        &mut self,
        http: &Http,
        login: &Login,
        deadline: Instant,
    ) -> Result<Detected, Failure> {
        let wanted: Vec<Source> = Source::ALL
            .into_iter()
            .filter(|s| self.choice.is_none_or(|choice| choice == *s) && configured(login, *s))
            .collect();
        let found = match wanted[..] {
            [] => return Err(unconfigured(self.choice)),
            [source] => Detected {
                source,
                better: None,
            },
            _ => first_that_answers(http, login, &wanted, deadline).await?,
        };
        let source = found.source;
        let best = wanted.first() == Some(&source);
        let until = (!best).then(|| Instant::now() + RETRY_BETTER);
        self.current = Some(Current { source, until });
        Ok(found)
    }
}

fn configured(login: &Login, source: Source) -> bool {
    match source {
        Source::Prometheus => !login.prometheus.is_empty(),
        Source::Management => !login.management.is_empty(),
        Source::Passive => !login.amqp.is_empty(),
    }
}

fn unconfigured(choice: Option<Source>) -> Failure {
    let message = match choice {
        Some(source) => format!("broker.source is {source:?}, but broker has no such endpoint")
            .to_ascii_lowercase(),
        None => "no endpoint of the broker is configured".to_owned(),
    };
    Failure::new(Reason::Unsupported, message)
}

/// Asks every HTTP source at once who is there; the first of `wanted` that has an answer is taken.
/// AMQP is the last resort and proves itself by its reading.
async fn first_that_answers(
    http: &Http,
    login: &Login,
    wanted: &[Source],
    deadline: Instant,
) -> Result<Detected, Failure> {
    let now = Instant::now();
    let left = deadline.saturating_duration_since(now);
    let until = now + left.mul_f64(DETECTION_SHARE);
    let answers = join_all(wanted.iter().map(|s| answers(http, login, *s, until))).await;
    let mut better: Option<Failure> = None;
    for (source, answer) in wanted.iter().zip(answers) {
        let failure = match answer {
            Ok(()) => {
                return Ok(Detected {
                    source: *source,
                    better,
                });
            }
            Err(failure) => failure,
        };
        tracing::debug!(source = source.as_str(), %failure, "source does not answer");
        better = Some(match better {
            Some(other) => more_telling(other, failure),
            None => failure,
        });
    }
    Err(better.unwrap_or_else(|| unconfigured(None)))
}

/// Of several failures the one that says most of the broker; a source that is just not there says
/// least.
fn weight(reason: Reason) -> u8 {
    match reason {
        Reason::Auth | Reason::Access => 3,
        Reason::Timeout | Reason::Tls | Reason::Closed => 2,
        Reason::Unsupported => 0,
        _ => 1,
    }
}

async fn answers(
    http: &Http,
    login: &Login,
    source: Source,
    deadline: Instant,
) -> Result<(), Failure> {
    match source {
        Source::Prometheus => {
            let endpoints = login.prometheus.iter();
            any(join_all(
                endpoints.map(|e| async move {
                    prometheus::identify(http, e, deadline).await.map(drop)
                }),
            )
            .await)
        }
        Source::Management => {
            let endpoints = login.management.iter();
            any(join_all(
                endpoints.map(|e| async move { management::ping(http, e, deadline).await }),
            )
            .await)
        }
        Source::Passive => Ok(()),
    }
}

fn any(outcomes: Vec<Result<(), Failure>>) -> Result<(), Failure> {
    let mut first = None;
    for outcome in outcomes {
        match outcome {
            Ok(()) => return Ok(()),
            Err(failure) => {
                first.get_or_insert(failure);
            }
        }
    }
    first.map_or(Ok(()), Err)
}
