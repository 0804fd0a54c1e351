//! The users of the web configuration: passwords verified against bcrypt hashes, away from the
//! runtime's workers, once each.
//!
//! A password that was right is known again by a keyed hash of it, so that a scrape costs no bcrypt;
//! so is one of the last that were wrong. A user that does not exist costs what the dearest of the
//! users costs.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ring::hmac;
use ring::rand::SystemRandom;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::config::web_file::Bcrypt;
use crate::model::Secret;
use crate::server::connections::Source;

/// Wrong passwords that are known again.
const WRONG: usize = 64;
/// Passwords of one source that may wait to be verified.
const WAITING: usize = 4;
/// No password is longer, in bytes; bcrypt itself looks at 72.
const LONGEST: usize = 1024;

/// What becomes of a user and password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// They are right.
    Right,
    /// They are not.
    Wrong,
    /// Too many of this source wait already.
    TooMany,
}

/// Who may come in.
pub(super) struct Users {
    hashes: BTreeMap<String, Bcrypt>,
    /// What an unknown user is verified against.
    decoy: String,
    key: hmac::Key,
    known: Mutex<Known>,
    /// One at a time: each takes a core for its time.
    turn: Arc<Semaphore>,
    waiting: Mutex<BTreeMap<Source, usize>>,
}

#[derive(Default)]
struct Known {
    right: BTreeMap<String, hmac::Tag>,
    wrong: VecDeque<hmac::Tag>,
}

impl Users {
    /// # Errors
    /// A hash that is none, or no randomness; in words, without the hash.
    pub(super) fn new(hashes: BTreeMap<String, Bcrypt>) -> Result<Self, String> {
        for (user, hash) in &hashes {
            let hash = hash.hash().expose().parse::<bcrypt::HashParts>();
            hash.map_err(|_| {
                format!("basic_auth_users.{user}: is not the bcrypt hash of a password")
            })?;
        }
        let dearest = hashes.values().map(Bcrypt::cost).max().unwrap_or(10);
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map_err(|_| "the system gives no random bytes".to_owned())?;
        Ok(Users {
            hashes,
            // Some salt and the hash of nothing: what matters is its cost.
            decoy: format!("$2b${dearest:02}$......................{}", ".".repeat(31)),
            key,
            known: Mutex::default(),
            turn: Arc::new(Semaphore::new(1)),
            waiting: Mutex::default(),
        })
    }

    /// Whether anybody is asked for a password.
    pub(super) fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Whether this is the password of that user.
    pub(super) async fn verify(&self, user: &str, password: Secret, source: Source) -> Verdict {
        if password.expose().len() > LONGEST {
            return Verdict::Wrong;
        }
        let tag = self.tag(user, &password);
        if let Some(verdict) = self.remembered(user, &tag) {
            return verdict;
        }
        let Some(_waiting) = Waiting::enter(self, source) else {
            return Verdict::TooMany;
        };
        let Ok(turn) = Arc::clone(&self.turn).acquire_owned().await else {
            return Verdict::Wrong;
        };
        // Another request may have verified it meanwhile.
        if let Some(verdict) = self.remembered(user, &tag) {
            return verdict;
        }
        let known = self.hashes.get(user);
        let hash = known.map(|hash| hash.hash().clone());
        let hash = hash.unwrap_or_else(|| Secret::from(self.decoy.as_str()));
        let verified = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            bcrypt::verify(password.expose(), hash.expose()).unwrap_or(false)
        });
        let right = verified.await.unwrap_or(false) && known.is_some();
        let mut memory = self.known();
        if right {
            memory.right.insert(user.to_owned(), tag);
            return Verdict::Right;
        }
        if memory.wrong.len() == WRONG {
            memory.wrong.pop_front();
        }
        memory.wrong.push_back(tag);
        Verdict::Wrong
    }

    fn remembered(&self, user: &str, tag: &hmac::Tag) -> Option<Verdict> {
        let same = |other: &hmac::Tag| bool::from(other.as_ref().ct_eq(tag.as_ref()));
        let memory = self.known();
        if memory.right.get(user).is_some_and(same) {
            return Some(Verdict::Right);
        }
        memory.wrong.iter().any(same).then_some(Verdict::Wrong)
    }

    fn tag(&self, user: &str, password: &Secret) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(user.as_bytes());
        // Where the one ends and the other begins is part of it.
        context.update(&user.len().to_be_bytes());
        context.update(password.expose().as_bytes());
        context.sign()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of a source's passwords that wait.
struct Waiting<'a> {
    users: &'a Users,
    source: Source,
}

impl<'a> Waiting<'a> {
    fn enter(users: &'a Users, source: Source) -> Option<Self> {
        let mut waiting = users.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let of_source = waiting.entry(source).or_default();
        if *of_source >= WAITING {
            return None;
        }
        *of_source += 1;
        Some(Waiting { users, source })
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let waiting = self.users.waiting.lock();
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        if let Some(of_source) = waiting.get_mut(&self.source) {
            *of_source -= 1;
            if *of_source == 0 {
                waiting.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn source(last: u8) -> Source {
        IpAddr::from([192, 0, 2, last]).into()
    }

    fn users() -> Arc<Users> {
        let hash = bcrypt::hash("right", 4).unwrap();
        let hashes = [("ann".to_owned(), hash.parse().unwrap())];
        Arc::new(Users::new(hashes.into()).unwrap())
    }

    #[tokio::test]
    async fn only_the_password_of_the_user_is_right_the_first_time_and_later() {
        let users = users();
        for _ in 0..2 {
            let verify = |user, password: &str| users.verify(user, password.into(), source(1));
            assert_eq!(verify("ann", "right").await, Verdict::Right);
            assert_eq!(verify("ann", "wrong").await, Verdict::Wrong);
            assert_eq!(verify("ann", "").await, Verdict::Wrong);
            assert_eq!(verify("bob", "right").await, Verdict::Wrong);
            assert_eq!(
                verify("ann", &"x".repeat(LONGEST + 1)).await,
                Verdict::Wrong
            );
        }
        let memory = users.known();
        assert_eq!((memory.right.len(), memory.wrong.len()), (1, 3));
    }

    #[tokio::test]
    async fn wrong_ones_push_out_no_right_one() {
        let users = users();
        let right = || users.verify("ann", "right".into(), source(1));
        assert_eq!(right().await, Verdict::Right);
        for n in 0..WRONG + 3 {
            let password = Secret::new(n.to_string());
            assert_eq!(
                users.verify("ann", password, source(1)).await,
                Verdict::Wrong
            );
        }
        assert_eq!(users.known().wrong.len(), WRONG);
        assert!(
            users
                .remembered("ann", &users.tag("ann", &"right".into()))
                .is_some()
        );
    }

    #[tokio::test]
    async fn one_source_keeps_no_other_from_its_turn() {
        let users = users();
        let held = users.turn.clone().acquire_owned().await.unwrap();
        let waiting: Vec<_> = (0..WAITING)
            .map(|n| {
                let users = Arc::clone(&users);
                let password = Secret::new(n.to_string());
                tokio::spawn(async move { users.verify("ann", password, source(1)).await })
            })
            .collect();
        while users.waiting.lock().unwrap().get(&source(1)) != Some(&WAITING) {
            tokio::task::yield_now().await;
        }
        let more = users.verify("ann", "more".into(), source(1)).await;
        assert_eq!(more, Verdict::TooMany);
        drop(held);
        let other = users.verify("ann", "right".into(), source(2)).await;
        assert_eq!(other, Verdict::Right);
        for waited in waiting {
            assert_eq!(waited.await.unwrap(), Verdict::Wrong);
        }
        assert!(users.waiting.lock().unwrap().is_empty());
    }

    #[test]
    fn the_decoy_is_a_hash_as_dear_as_the_users() {
        let users = users();
        let parts: bcrypt::HashParts = users.decoy.parse().unwrap();
        assert_eq!(parts.get_cost(), 4);
    }
}
