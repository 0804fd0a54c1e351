//! One connection: TLS where the guard wants it, then HTTP/1, and what it does told to its place.

use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::HOST;
use axum::http::{StatusCode, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_io_timeout::TimeoutWriter;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::act::refuse;
use super::connections::Ticket;
use super::edge::{Guard, Peer};
use crate::publish::metrics::{Phase, Refused};

/// How long a client may leave an answer unread before it is cut off.
const UNREAD: Duration = Duration::from_secs(30);
/// The longest head, in bytes.
const HEAD_LIMIT: usize = 16 * 1024;
/// The most headers.
const HEADERS: usize = 100;
/// How long what is under way may take when the guard changes.
const LEAVING: Duration = Duration::from_secs(30);

/// Marks an answer that may go on for as long as it likes, as a stream of events does. There are only
/// so many of these at once; one more is answered 503.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unhurried;

/// What every connection is served with.
#[derive(Clone)]
pub(super) struct Serving {
    pub(super) router: Router,
    pub(super) guards: watch::Receiver<Arc<Guard>>,
    pub(super) stopped: watch::Receiver<()>,
}

/// Serves until the client goes, its place is needed, or the end.
pub(super) async fn serve(
    stream: TcpStream,
    address: IpAddr,
    ticket: Arc<Ticket>,
    mut serving: Serving,
) {
    let guard = Arc::clone(&serving.guards.borrow_and_update());
    let place = Arc::clone(&ticket);
    let served = async {
        let Some(tls) = guard.tls() else {
            let peer = Peer {
                address,
                certificate: false,
            };
            return talk(stream, peer, ticket, serving).await;
        };
        if speaks_plainly(&stream).await {
            ticket.refused(Refused::Tls);
            return say_https(stream).await;
        }
        match TlsAcceptor::from(Arc::clone(tls)).accept(stream).await {
            Ok(stream) => {
                ticket.enter(Phase::Head);
                let shown = stream.get_ref().1.peer_certificates();
                let certificate = guard.verifies() && shown.is_some_and(|c| !c.is_empty());
                let peer = Peer {
                    address,
                    certificate,
                };
                talk(stream, peer, ticket, serving).await;
            }
            Err(error) => {
                ticket.refused(Refused::Tls);
                tracing::debug!(%error, %address, "no TLS was agreed on");
            }
        }
    };
    tokio::select! {
        () = served => {}
        () = place.end() => {}
    }
}

/// Whether the first byte is one of a method's name: no TLS begins with it.
async fn speaks_plainly(stream: &TcpStream) -> bool {
    let mut first = [0];
    matches!(stream.peek(&mut first).await, Ok(1) if first[0].is_ascii_uppercase())
}

async fn say_https(mut stream: TcpStream) {
    let answer = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\
                   Content-Type: text/plain\r\nContent-Length: 35\r\n\r\n\
                   this port speaks TLS: use https://\n";
    drop(stream.write_all(answer).await);
    drop(stream.shutdown().await);
}

async fn talk<S>(stream: S, peer: Peer, ticket: Arc<Ticket>, serving: Serving)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Serving {
        router,
        mut guards,
        mut stopped,
    } = serving;
    let place = Arc::clone(&ticket);
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        place.enter(Phase::Busy);
        let place = Arc::clone(&place);
        let asked = one_host(&request).then(|| {
            request.extensions_mut().insert(peer);
            router.clone().oneshot(request.map(Body::new))
        });
        async move {
            let mut answer = match asked {
                Some(asked) => {
                    let Ok(answer) = asked.await;
                    answer
                }
                None => {
                    place.refused(Refused::Host);
                    let words = "send one `Host` header, with the name this server was asked by";
                    refuse(StatusCode::BAD_REQUEST, words)
                }
            };
            if answer.extensions().get::<Unhurried>().is_some() && !place.stream() {
                let words = "as many streams of events as there may be: try again later";
                answer = refuse(StatusCode::SERVICE_UNAVAILABLE, words);
            }
            let (head, body) = answer.into_parts();
            let body = Sent { body, place };
            Ok::<_, hyper::Error>(hyper::Response::from_parts(head, body))
        }
    });
    let heard = Arc::clone(&ticket);
    let mut stream = TimeoutWriter::new(Heard {
        stream,
        ticket: heard,
    });
    stream.set_timeout(Some(UNREAD));
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            // Heads have their time in the table of places.
            .header_read_timeout(None)
            .max_buf_size(HEAD_LIMIT)
            .max_headers(HEADERS)
            .serve_connection(TokioIo::new(Box::pin(stream)), service)
    );
    tokio::select! {
        outcome = connection.as_mut() => return told(&ticket, outcome),
        _ = guards.changed() => {}
        _ = stopped.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    if let Ok(outcome) = tokio::time::timeout(LEAVING, connection).await {
        told(&ticket, outcome);
    }
}

/// HTTP/1.1 wants one `Host`; HTTP/1.0 may do without.
fn one_host(request: &hyper::Request<hyper::body::Incoming>) -> bool {
    let hosts = request.headers().get_all(HOST).iter().count();
    match request.version() {
        Version::HTTP_10 => hosts <= 1,
        _ => hosts == 1,
    }
}

/// Counts what came to nothing.
fn told(ticket: &Ticket, outcome: hyper::Result<()>) {
    let Err(error) = outcome else {
        return;
    };
    tracing::debug!(%error, "a connection ended in an error");
    if error.is_parse_too_large() {
        ticket.refused(Refused::HeadTooLarge);
    } else if error.is_parse() {
        ticket.refused(Refused::Malformed);
    } else if timed_out(&error) {
        ticket.refused(Refused::RequestTimeout);
    }
}

fn timed_out(error: &hyper::Error) -> bool {
    let source = std::error::Error::source(error);
    let io = source.and_then(|source| source.downcast_ref::<io::Error>());
    io.is_some_and(|io| io.kind() == io::ErrorKind::TimedOut)
}

/// A stream that tells when something comes in.
struct Heard<S> {
    stream: S,
    ticket: Arc<Ticket>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, into));
        if into.filled().len() > before {
            self.ticket.heard();
        }
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// A body after whose end the connection waits for the next request.
struct Sent {
    body: Body,
    place: Arc<Ticket>,
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.place.enter(Phase::Idle);
    }
}
