//! lapin's runtime: the current tokio one, with [`Wire`] as its TCP stream.

use std::future::Future;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use async_rs::traits::Reactor;
use async_rs::util::RuntimeParts;
use async_rs::{Runtime, Tokio};
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::Stream;
use futures_util::stream::unfold;

use super::wire::Wire;

/// lapin's tasks run on tokio, its bytes go through [`Wire`].
pub(super) type AmqpRuntime = Runtime<RuntimeParts<Tokio, WireReactor>>;

/// The runtime of the caller, which must be a tokio one.
pub(super) fn current() -> AmqpRuntime {
    Runtime::new(RuntimeParts::new(Tokio::current(), WireReactor))
}

#[derive(Clone, Debug)]
pub(super) struct WireReactor;

fn not_here() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "connections are made outside")
}

impl Reactor for WireReactor {
    type TcpStream = Wire;
    type Sleep = tokio::time::Sleep;

    fn register<H: Read + Write + AsFd + AsRawFd + Send + 'static>(
        &self,
        _: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        Err::<Wire, _>(not_here())
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        tokio::time::sleep(duration)
    }

    fn interval(&self, period: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        unfold(tokio::time::interval(period), |mut ticks| async move {
            Some((ticks.tick().await.into_std(), ticks))
        })
    }

    fn tcp_connect_addr(
        &self,
        _: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        std::future::ready(Err(not_here()))
    }
}
