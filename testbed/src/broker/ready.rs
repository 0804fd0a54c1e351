//! Whether a node truly serves, asked without `rabbitmqctl`, whose start alone takes a second.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use super::Broker;
use crate::http;
use crate::process::Process;

const LOOK: Duration = Duration::from_secs(5);

/// The last line of a finished boot: until then virtual hosts may still be recovering.
const BOOTED: &str = "Server startup complete";

pub(super) fn look(broker: &Broker, process: &Process) -> Result<(), String> {
    if !process.log_since_start().contains(BOOTED) {
        return Err(format!("no \"{BOOTED}\" in the log"));
    }
    amqp(broker.amqp_port()).map_err(|error| format!("AMQP: {error}"))?;
    management(broker)?;
    prometheus(broker)
}

/// A broker answers the protocol header with `Connection.Start`.
fn amqp(port: u16) -> std::io::Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, LOOK)?;
    stream.set_read_timeout(Some(LOOK))?;
    stream.write_all(b"AMQP\x00\x00\x09\x01")?;
    let mut frame = [0; 11];
    stream.read_exact(&mut frame)?;
    let is_start = frame[0] == 1 && frame[7..] == [0, 10, 0, 10];
    is_start
        .then_some(())
        .ok_or_else(|| std::io::Error::other("no Connection.Start"))
}

/// Any verdict of the alarm check will do: 503 is an alarm raised on purpose.
fn management(broker: &Broker) -> Result<(), String> {
    if broker.management_port() == 0 {
        return Ok(());
    }
    let url = broker
        .management_api("/api/health/checks/local-alarms")
        .map_err(|error| error.to_string())?;
    match http::request("GET", &url, None, LOOK) {
        Ok(answer) if matches!(answer.status, 200 | 503) => Ok(()),
        Ok(answer) => Err(format!("{url}: {}", answer.status)),
        Err(error) => Err(error.to_string()),
    }
}

fn prometheus(broker: &Broker) -> Result<(), String> {
    if broker.prometheus_port() == 0 {
        return Ok(());
    }
    let url = format!("{}/metrics", broker.prometheus_url());
    match http::request("GET", &url, None, LOOK) {
        Ok(answer) if answer.body.contains("rabbitmq_build_info") => Ok(()),
        Ok(answer) => Err(format!(
            "{url}: {} without rabbitmq_build_info",
            answer.status
        )),
        Err(error) => Err(error.to_string()),
    }
}
