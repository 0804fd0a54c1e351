//! Who is told: one HTTP server in the place of warrener's webhook, Slack and the dead man's switch.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, spawn};

use serde_json::Value;

/// Something that was told.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) path: String,
    /// As it came; empty without it.
    pub(crate) authorization: String,
    pub(crate) body: Value,
}

pub(crate) struct Receiver {
    address: String,
    told: Arc<Mutex<Vec<Told>>>,
    stopped: Arc<AtomicBool>,
    refuses: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        Self::before(None)
    }

    /// Hands everything on to the server at this address, twice, as Alertmanager may.
    pub(crate) fn doubling(address: &str) -> Self {
        Self::before(Some(address.to_owned()))
    }

    fn before(server: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let told = Arc::<Mutex<Vec<Told>>>::default();
        let [stopped, refuses] = [(), ()].map(|()| Arc::<AtomicBool>::default());
        let (into, end, deaf) = (
            Arc::clone(&told),
            Arc::clone(&stopped),
            Arc::clone(&refuses),
        );
        let thread = spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                if deaf.load(Ordering::SeqCst) {
                    // Closed without an answer.
                    continue;
                }
                if let Some(one) = stream
                    .ok()
                    .and_then(|stream| hear(stream, server.as_deref()))
                {
                    into.lock().unwrap().push(one);
                }
            }
        });
        Receiver {
            address,
            told,
            stopped,
            refuses,
            thread: Some(thread),
        }
    }

    /// Hears nothing from now on, or everything again.
    pub(crate) fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::SeqCst);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What was told at this path, oldest first.
    pub(crate) fn told(&self, path: &str) -> Vec<Told> {
        let told = self.told.lock().unwrap();
        told.iter().filter(|t| t.path == path).cloned().collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(&self.address));
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// Reads one request and answers it.
fn hear(stream: TcpStream, server: Option<&str>) -> Option<Told> {
    stream.set_read_timeout(Some(super::PATIENCE)).ok()?;
    let mut reader = BufReader::new(&stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let (mut authorization, mut length) = (String::new(), 0);
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => authorization = value.to_owned(),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let twice = |server: &str| {
        let token = authorization.strip_prefix("Bearer ");
        let answers = [(), ()].map(|()| super::http::try_post(server, &path, token, &body));
        answers
            .into_iter()
            .all(|answer| answer.is_some_and(|a| a.status < 300))
    };
    let status = match server.is_none_or(twice) {
        true => "200 OK",
        false => "503 Service Unavailable",
    };
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    (&stream).write_all(answer.as_bytes()).ok()?;
    let body = serde_json::from_slice(&body).ok()?;
    Some(Told {
        path,
        authorization,
        body,
    })
}
