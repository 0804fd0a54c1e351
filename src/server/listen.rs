//! The listeners: accept, serve with limits, drain.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::connection::{Serving, serve};
use super::connections::Table;
use super::edge::Guard;
use crate::publish::metrics::{Phase, Web};

/// How often what overstays is looked for.
const SWEEP: Duration = Duration::from_secs(1);
/// How many that are turned away are told why at once; the others are only closed.
const TOLD: usize = 16;
/// How long one that was told may take to go.
const GOING: Duration = Duration::from_secs(1);

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

    /// Serves as the guard in force wants it until `stop` ends, then lets requests under way finish,
    /// for `drain` at most.
    pub async fn serve(
        self,
        router: Router,
        guards: watch::Receiver<Arc<Guard>>,
        web: Arc<Web>,
        stop: impl Future<Output = ()>,
        drain: Duration,
    ) {
        let table = Table::new(web);
        let (stopping, stopped) = watch::channel(());
        let mut running = JoinSet::new();
        for listener in self.0 {
            let serving = Serving {
                router: router.clone(),
                guards: guards.clone(),
                stopped: stopped.clone(),
            };
            running.spawn(accept(listener, serving, Arc::clone(&table)));
        }
        running.spawn(sweep(table));
        drop(stopped);
        stop.await;
        running.shutdown().await;
        stopping.send_replace(());
        if tokio::time::timeout(drain, stopping.closed())
            .await
            .is_err()
        {
            tracing::warn!("requests still under way were cut off");
        }
    }
}

async fn sweep(table: Arc<Table>) {
    let mut ticks = tokio::time::interval(SWEEP);
    loop {
        ticks.tick().await;
        table.sweep(Instant::now());
    }
}

async fn accept(listener: TcpListener, serving: Serving, table: Arc<Table>) {
    let told = Arc::new(Semaphore::new(TOLD));
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, mostly: what is under way ends, then there is room.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        // An answer goes out in pieces: the last of them must not wait for an acknowledgement of
        // those before, which costs 40 ms on an idle connection.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        let tls = serving.guards.borrow().tls().is_some();
        let phase = if tls { Phase::Handshake } else { Phase::Head };
        match table.enter(peer.ip().into(), phase, Instant::now()) {
            Ok(ticket) => {
                tokio::spawn(serve(stream, peer.ip(), ticket, serving.clone()));
            }
            Err(why) => {
                table.web().refused(why);
                if let Ok(place) = Arc::clone(&told).try_acquire_owned()
                    && !tls
                {
                    tokio::spawn(async move {
                        drop(tokio::time::timeout(GOING, turn_away(stream)).await);
                        drop(place);
                    });
                }
            }
        }
    }
}

/// Says that there is no room, and waits for the client to go: what it sent, unread, would reset the
/// connection before it read the answer.
async fn turn_away(mut stream: TcpStream) -> io::Result<()> {
    let answer = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\n\
                   Content-Type: text/plain\r\nContent-Length: 21\r\n\r\ntoo many connections\n";
    stream.write_all(answer).await?;
    stream.shutdown().await?;
    let mut unread = [0; 1024];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::sync::{Notify, oneshot};

    use super::super::Edge;
    use super::*;
    use crate::model::Moment;
    use crate::publish::metrics::Local;

    fn now() -> Moment {
        Moment::new(Instant::now(), std::time::SystemTime::now())
    }

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
        let local = Arc::new(Local::default());
        let edge = Edge::open(None, Arc::clone(&local), now).unwrap();
        let web = Arc::clone(local.web());
        let drain = Duration::from_secs(60);
        let serving = tokio::spawn(listeners.serve(router, edge.guards(), web, stopped, drain));
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
