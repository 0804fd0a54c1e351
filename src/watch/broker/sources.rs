//! What the two broker probes need from their neighbours: ways to log in, and what plain AMQP can
//! tell. Traits, so that the probes are tested without either.

use std::future::Future;
use std::sync::Arc;

use tokio::time::Instant;

use super::access::{Access, Login};
use super::amqp::TlsClient;
use super::filter::PinnedName;
use super::passive::{self, PassiveReading};
use crate::model::Failure;

/// Where logins come from.
pub trait Logins: Send + Sync + 'static {
    /// The logins to try, in order: the configured one if it resolves, then the one that last
    /// worked if it differs. Never empty when `Ok`.
    fn logins(&self) -> impl Future<Output = Result<Vec<Login>, Failure>> + Send;

    /// Remembers a login with which the broker let us in.
    fn worked(&self, login: &Login);
}

impl Logins for Arc<Access> {
    async fn logins(&self) -> Result<Vec<Login>, Failure> {
        Access::logins(self).await
    }

    fn worked(&self, login: &Login) {
        Access::worked(self, login);
    }
}

/// A reader of what AMQP alone can tell.
pub trait Passive: Send + Sync + 'static {
    /// Logs in and declares `pinned` passively.
    fn read(
        &self,
        login: &Login,
        pinned: &[PinnedName],
        deadline: Instant,
    ) -> impl Future<Output = Result<PassiveReading, Failure>> + Send;
}

/// The reader over a real AMQP connection.
impl Passive for Arc<TlsClient> {
    async fn read(
        &self,
        login: &Login,
        pinned: &[PinnedName],
        deadline: Instant,
    ) -> Result<PassiveReading, Failure> {
        let names = pinned.iter().map(|p| (p.vhost.clone(), p.name.clone()));
        let names: Vec<_> = names.collect();
        passive::read(login, self, &names, deadline).await
    }
}
