//! Takes what is due from the outbox to the channels.
//!
//! A channel that refuses rests: 5 s, then twice as long each time, up to 10 min, or as long as it
//! asks for. What calls a person is tried at once even so, unless it asked. What was refused for a day
//! is given up.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::channel::{Channel, Refused};
use super::letter::Letter;
use super::parcel::{Due, Parcel, pack};
use super::{Message, NoticeCounts, log};
use crate::config::Config;
use crate::model::{Failure, Moment, Timestamp};
use crate::recover::http::Client;
use crate::recover::ledger::{Handle, Ledger, LedgerError, NoticeId, Queued};

/// Most messages to one channel within [`MINUTE`]; what calls a person goes beyond it.
const MOST: usize = 10;
const MINUTE: Duration = Duration::from_secs(60);
/// Notices that are looked at in one turn.
const AT_ONCE: u32 = 1000;
/// How long a channel rests after its first refusal.
const REST: Duration = Duration::from_secs(5);
/// How long it rests at most by itself.
const MOST_REST: Duration = Duration::from_secs(600);
/// How long it rests at most because it asked.
const MOST_ASKED: Duration = Duration::from_secs(3600);
/// When a notice that is refused is given up.
const GIVE_UP: Duration = Duration::from_secs(24 * 3600);
/// How often it is looked whether something is due.
const TURN: Duration = Duration::from_secs(1);

/// Sends what is due.
pub struct Sender {
    post: Post,
    lines: Vec<Line>,
    /// Why the ledger can't be used; said once.
    trouble: Option<String>,
}

/// What every channel's line needs.
struct Post {
    ledger: Handle,
    config: Arc<Config>,
    counts: Arc<NoticeCounts>,
    client: Client,
}

/// A channel and how it went.
struct Line {
    channel: Channel,
    /// Messages of the last minute.
    sent: VecDeque<Timestamp>,
    /// Refusals in a row.
    refusals: u32,
    /// It rests until then.
    rests_until: Timestamp,
    /// It asked to be left alone.
    asked: bool,
    /// What was sent and could not be written down yet: not sent again.
    unwritten: Vec<NoticeId>,
}

impl Sender {
    /// To the channels of `config`.
    ///
    /// # Errors
    /// The HTTP client can't be made.
    pub fn new(
        ledger: Handle,
        config: Arc<Config>,
        counts: Arc<NoticeCounts>,
    ) -> Result<Self, Failure> {
        counts.know(&config);
        let lines = Channel::all(&config).into_iter().map(Line::new).collect();
        Ok(Sender {
            post: Post {
                ledger,
                config,
                counts,
                client: Client::new(None)?,
            },
            lines,
            trouble: None,
        })
    }

    /// Sends what is due, for ever: when `news`, which nobody else listens to, says that there is
    /// something, and each second. Can be dropped at any time.
    pub async fn run(mut self, news: Arc<Notify>, now: fn() -> Moment) {
        loop {
            let trouble = self.turn(now().into()).await.err().map(|e| e.to_string());
            if let Some(words) = trouble.as_ref().filter(|_| trouble != self.trouble) {
                tracing::warn!(
                    error = words,
                    "nobody can be told: the outbox can't be used"
                );
            }
            self.trouble = trouble;
            // Late is as good as told.
            timeout(TURN, news.notified()).await.ok();
        }
    }

    /// Sends what is due at `now`.
    ///
    /// # Errors
    /// [`LedgerError`]; what was sent may be sent again.
    pub async fn turn(&mut self, now: Timestamp) -> Result<(), LedgerError> {
        let waiting = self.post.ledger.read(|ledger| ledger.channels()).await?;
        for name in waiting {
            if !self.lines.iter().any(|line| line.channel.name == name) {
                self.post.drop_all(name, now).await?;
            }
        }
        let post = &self.post;
        let turns = self.lines.iter_mut().map(|line| line.turn(post, now));
        join_all(turns).await.into_iter().collect()
    }
}

impl Post {
    /// Gives up what waits for a channel that is not there any more.
    async fn drop_all(&self, channel: String, now: Timestamp) -> Result<(), LedgerError> {
        let name = channel.clone();
        let read = move |ledger: &Ledger| ledger.due(&name, Timestamp(i64::MAX), AT_ONCE);
        let due = self.ledger.read(read).await?;
        let ids = due.into_iter().map(|notice| notice.id).collect();
        let words = "the configuration has no such channel";
        self.give_up(&channel, ids, words, now).await
    }

    async fn give_up(
        &self,
        channel: &str,
        ids: Vec<NoticeId>,
        words: &'static str,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        if ids.is_empty() {
            return Ok(());
        }
        let number = ids.len() as u64;
        let given_up = self.ledger.write(move |l| l.give_up(&ids, words, now));
        given_up.await?;
        self.counts.add(channel, 0, number);
        tracing::warn!(channel, notices = number, "notices given up: {words}");
        Ok(())
    }
}

impl Line {
    fn new(channel: Channel) -> Self {
        Line {
            channel,
            sent: VecDeque::new(),
            refusals: 0,
            rests_until: Timestamp(0),
            asked: false,
            unwritten: Vec::new(),
        }
    }

    async fn turn(&mut self, post: &Post, now: Timestamp) -> Result<(), LedgerError> {
        let name = self.channel.name;
        let written = self.write_down(post, now).await;
        let read = move |ledger: &Ledger| ledger.due(name, now, AT_ONCE);
        let (mut due, mut old, mut foreign) = (Vec::new(), Vec::new(), Vec::new());
        for notice in post.ledger.read(read).await? {
            let Queued { id, attempts, .. } = notice;
            if self.unwritten.contains(&id) {
                continue;
            }
            match Letter::from_value(&notice.notice.body) {
                None => foreign.push(id),
                Some(_) if attempts > 0 && now.since(notice.created_at) >= GIVE_UP => old.push(id),
                Some(letter) => due.push(Due {
                    id,
                    attempts,
                    letter,
                }),
            }
        }
        let words = "they were refused for a day";
        post.give_up(name, old, words, now).await?;
        let words = "another version of warrener wrote them";
        post.give_up(name, foreign, words, now).await?;
        while self.sent.front().is_some_and(|at| now.since(*at) >= MINUTE) {
            self.sent.pop_front();
        }
        let room = MOST.saturating_sub(self.sent.len());
        for parcel in pack(due, room) {
            if self.rests_until > now && (self.asked || !parcel.is_new_and_urgent()) {
                continue;
            }
            self.send(post, &parcel, now).await?;
        }
        written
    }

    /// Writes down what was sent.
    async fn write_down(&mut self, post: &Post, now: Timestamp) -> Result<(), LedgerError> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        let ids = self.unwritten.clone();
        let sent = post.ledger.write(move |ledger| ledger.sent(&ids, now));
        sent.await?;
        self.unwritten.clear();
        Ok(())
    }

    async fn send(
        &mut self,
        post: &Post,
        parcel: &Parcel,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let name = self.channel.name;
        let ids = parcel.ids();
        let number = ids.len() as u64;
        let posted = self.channel.post(&post.client, &post.config, parcel, now);
        let Err(refused) = posted.await else {
            self.sent.push_back(now);
            if self.refusals > 0 {
                tracing::info!(channel = name, "the channel takes notices again");
            }
            (self.refusals, self.rests_until, self.asked) = (0, Timestamp(0), false);
            post.counts.add(name, number, 0);
            self.unwritten.extend(ids);
            return self.write_down(post, now).await;
        };
        post.counts.add(name, 0, number);
        let rest = self.rest(&refused, parcel);
        let again = now.after(rest);
        if refused.any {
            if self.refusals == 0 {
                let error = &refused.words;
                tracing::warn!(channel = name, error, "nobody is told by this channel now");
            }
            self.refusals += 1;
            (self.rests_until, self.asked) = (again, refused.rest.is_some());
        } else {
            tracing::warn!(
                channel = name,
                error = refused.words,
                "a notice was refused"
            );
        }
        let words = refused.words;
        let put_off = move |ledger: &mut Ledger| ledger.put_off(&ids, &words, again);
        if let Err(error) = post.ledger.write(put_off).await {
            // Nothing else says that it is not to be tried again at once.
            self.rests_until = self.rests_until.max(again);
            return Err(error);
        }
        Ok(())
    }

    /// How long to wait after a refusal.
    fn rest(&self, refused: &Refused, parcel: &Parcel) -> Duration {
        let before = match refused.any {
            true => self.refusals.max(parcel.attempts()),
            false => parcel.attempts(),
        };
        let own = REST.saturating_mul(1 << before.min(10)).min(MOST_REST);
        let asked = refused.rest.unwrap_or_default().min(MOST_ASKED);
        own.max(asked)
    }
}

/// Tells a message while nothing can be recorded: to the log and, once, to every channel that there
/// is. How it went is in the log.
pub async fn tell_unrecorded(config: &Config, message: Message, now: Timestamp) {
    log::line(&config.identity, &message);
    let client = match Client::new(None) {
        Ok(client) => client,
        Err(error) => {
            tracing::warn!(%error, "nobody is told");
            return;
        }
    };
    let parcel = Parcel::One(Due {
        id: NoticeId(0),
        attempts: 0,
        letter: Letter::new(&config.identity, message, now),
    });
    let mut channels = Channel::all(config);
    let posts = channels.iter_mut().map(|channel| async {
        let name = channel.name;
        if let Err(refused) = channel.post(&client, config, &parcel, now).await {
            tracing::warn!(channel = name, error = refused.words, "not told");
        }
    });
    join_all(posts).await;
}
