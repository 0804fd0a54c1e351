//! The listeners: accept, serve with limits, drain.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutWriter;
use tower::ServiceExt;

/// Connections served at once; more wait in the kernel's queue.
const CONNECTIONS: usize = 512;
/// How long a client may take to send its request's head, and to sit idle between requests.
const HEAD_DEADLINE: Duration = Duration::from_secs(15);
/// How long a client may leave an answer unread before it is cut off.
const UNREAD: Duration = Duration::from_secs(30);
/// The longest head, in bytes.
const HEAD_LIMIT: usize = 16 * 1024;

/// Bound listeners, not yet serving.
#[derive(Debug)]
pub struct Listeners(Vec<TcpListener>);

/// Binds every address, or none.
pub async fn bind(addresses: &[String]) -> Result<Listeners, (String, io::Error)> {
    let mut listeners = Vec::new();
    for address in addresses {
        // node_exporter's `:PORT` means every address of the host.
        let wanted = match address.strip_prefix(':') {
            Some(port) => format!("[::]:{port}"),
            None => address.clone(),
        };
        let listener = match TcpListener::bind(&wanted).await {
            // A host without IPv6.
            Err(_) if wanted.starts_with("[::]:") => {
                TcpListener::bind(wanted.replace("[::]:", "0.0.0.0:")).await
            }
            bound => bound,
        };
        listeners.push(listener.map_err(|e| (address.clone(), e))?);
    }
    Ok(Listeners(listeners))
}

impl Listeners {
    /// The addresses with the ports that were really bound.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.0.iter().filter_map(|l| l.local_addr().ok()).collect()
    }

    /// Serves until `stop` ends, then lets requests under way finish, for `drain` at most.
    pub async fn serve(self, router: Router, stop: impl Future<Output = ()>, drain: Duration) {
        let graceful = Arc::new(GracefulShutdown::new());
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        let mut accepting = JoinSet::new();
        for listener in self.0 {
            let (router, graceful, room) =
                (router.clone(), Arc::clone(&graceful), Arc::clone(&room));
            accepting.spawn(accept(listener, router, graceful, room));
        }
        stop.await;
        accepting.shutdown().await;
        if let Ok(graceful) = Arc::try_unwrap(graceful).map_err(drop)
            && tokio::time::timeout(drain, graceful.shutdown())
                .await
                .is_err()
        {
            tracing::warn!("requests still under way were cut off");
        }
    }
}

async fn accept(
    listener: TcpListener,
    router: Router,
    graceful: Arc<GracefulShutdown>,
    room: Arc<Semaphore>,
) {
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let stream = match listener.accept().await {
            Ok((stream, _)) => {
                // An answer goes out in pieces: the last of them must not wait for an
                // acknowledgement of those before, which costs 40 ms on an idle connection.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "no TCP_NODELAY");
                }
                stream
            }
            Err(error) => {
                // Out of file descriptors, mostly: what is under way ends, then there is room.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let connection = graceful.watch(connection(stream, router.clone()));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended in an error");
            }
            drop(place);
        });
    }
}

fn connection(
    stream: TcpStream,
    router: Router,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> {
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        router.clone().oneshot(request.map(Body::new))
    });
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(UNREAD));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::{Notify, oneshot};

    use super::*;

    /// The handler is inside when the end comes, and is waited for.
    #[tokio::test]
    async fn draining_lets_a_request_under_way_finish() {
        let (inside, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let handler = {
            let (inside, go_on) = (Arc::clone(&inside), Arc::clone(&go_on));
            move || async move {
                inside.notify_one();
                go_on.notified().await;
                "finished"
            }
        };
        let listeners = bind(&["127.0.0.1:0".into()]).await.unwrap();
        let address = listeners.addresses()[0];
        let (stop, stopped) = oneshot::channel::<()>();
        let router = Router::new().route("/", get(handler));
        let stopped = async { drop(stopped.await) };
        let serving = tokio::spawn(listeners.serve(router, stopped, Duration::from_secs(60)));
        let mut client = TcpStream::connect(address).await.unwrap();
        client
            .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        inside.notified().await;
        stop.send(()).unwrap();
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(!serving.is_finished());
        go_on.notify_one();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.ends_with("finished"),
            "{answer}"
        );
        serving.await.unwrap();
    }
}
