//! One TCP or TLS connection under an AMQP session.
//!
//! lapin gets a byte stream of ours instead of making its own, for three things that it does not
//! offer: a failure's reason (its own connecting knows only I/O errors), the bytes that the broker
//! said first (they tell TLS, HTTP and the server's properties), and an end: a connection whose
//! broker keeps silent would keep lapin's thread and the socket for ever, [`Cut`] ends both.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_io::{AsyncRead, AsyncWrite};
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::client::TlsStream;

use super::endpoint::AmqpEndpoint;
use super::tls::TlsClient;
use crate::model::{Failure, Reason};

/// How much of what the broker says first is kept; its greeting has about 500 bytes.
const GREETING: usize = 16 * 1024;

/// The stream that lapin reads and writes.
pub(super) struct Wire {
    transport: Transport,
    shared: Arc<Mutex<Shared>>,
}

enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

#[derive(Default)]
struct Shared {
    cut: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
    greeting: Vec<u8>,
}

/// Ends a [`Wire`] when dropped, wherever it is; and knows what the broker said first.
pub(super) struct Cut(Arc<Mutex<Shared>>);

/// Connects to `endpoint`: name, TCP, TLS. Every address of the name is tried in turn.
pub(super) async fn connect(
    endpoint: &AmqpEndpoint,
    tls: &TlsClient,
) -> Result<(Wire, Cut), Failure> {
    let place = endpoint.place();
    let stream = tcp(endpoint, &place).await?;
    let transport = if endpoint.tls {
        Transport::Tls(Box::new(
            tls.handshake(stream, &endpoint.host, &place).await?,
        ))
    } else {
        Transport::Plain(stream)
    };
    let shared = Arc::new(Mutex::new(Shared::default()));
    let cut = Cut(Arc::clone(&shared));
    Ok((Wire { transport, shared }, cut))
}

async fn tcp(endpoint: &AmqpEndpoint, place: &str) -> Result<TcpStream, Failure> {
    let unknown = |why: &dyn std::fmt::Display| {
        Failure::new(
            Reason::Dns,
            format!("{place}: the name has no address: {why}"),
        )
    };
    let addresses = lookup_host((endpoint.host.as_str(), endpoint.port))
        .await
        .map_err(|error| unknown(&error))?;
    let mut last = unknown(&"none was found");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // A message of 20 bytes must not wait for more to send.
                stream.set_nodelay(true).map_err(|e| refused(place, &e))?;
                return Ok(stream);
            }
            Err(error) => last = refused(place, &error),
        }
    }
    Err(last)
}

fn refused(place: &str, error: &io::Error) -> Failure {
    let reason = match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Reason::Refused,
        io::ErrorKind::TimedOut => Reason::Timeout,
        // No route, network down: nothing of ours listens there.
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Reason::Refused,
        _ => Reason::Io,
    };
    Failure::new(reason, format!("{place}: {error}"))
}

impl Cut {
    /// What the broker said first, at most [`GREETING`] bytes of it.
    pub(super) fn greeting(&self) -> Vec<u8> {
        lock(&self.0).greeting.clone()
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        let mut shared = lock(&self.0);
        shared.cut = true;
        let wakers = [shared.reader.take(), shared.writer.take()];
        drop(shared);
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    // Nothing panics while it is held.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_cut() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "given up")
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut shared = lock(&self.shared);
        if shared.cut {
            return Poll::Ready(Err(is_cut()));
        }
        shared.reader = Some(cx.waker().clone());
        drop(shared);
        let mut buf = ReadBuf::new(buf);
        let outcome = match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_read(cx, &mut buf),
            Transport::Tls(stream) => Pin::new(stream).poll_read(cx, &mut buf),
        };
        outcome.map_ok(|()| {
            let mut shared = lock(&self.shared);
            let room = GREETING.saturating_sub(shared.greeting.len());
            let read = buf.filled();
            shared
                .greeting
                .extend_from_slice(&read[..read.len().min(room)]);
            read.len()
        })
    }
}

impl Wire {
    fn when_not_cut<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(&mut Transport, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let mut shared = lock(&self.shared);
        if shared.cut {
            return Poll::Ready(Err(is_cut()));
        }
        shared.writer = Some(cx.waker().clone());
        drop(shared);
        write(&mut self.transport, cx)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.when_not_cut(cx, |transport, cx| match transport {
            Transport::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Transport::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        })
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.when_not_cut(cx, |transport, cx| match transport {
            Transport::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Transport::Tls(stream) => Pin::new(stream).poll_flush(cx),
        })
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.when_not_cut(cx, |transport, cx| match transport {
            Transport::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Transport::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        })
    }
}
