//! What AMQP alone tells.

use std::path::Path;

use lapin::options::{BasicConsumeOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use tokio::time::Instant;
use warrener::model::Reason;
use warrener::watch::broker::access::Login;
use warrener::watch::broker::amqp::TlsClient;
use warrener::watch::broker::passive;

use crate::support::amqp::{SOON, access, config, nothing_left, url};
use crate::support::broker;

async fn login(url: &str) -> Login {
    let config = config(Path::new("/nowhere"), &[url]);
    access(&config).logins().await.expect("a login").remove(0)
}

#[tokio::test]
async fn versions_and_queues_are_read_without_any_plugin() {
    let broker = broker().plugins(&[]).start().unwrap();
    let tls = TlsClient::new(None);
    broker.ctl(&["add_vhost", "other"]).unwrap();
    broker.ctl(&["add_user", "reader", "secret"]).unwrap();
    for vhost in ["/", "other"] {
        let permissions = ["set_permissions", "-p", vhost, "guest", ".*", ".*", ".*"];
        broker.ctl(&permissions).unwrap();
    }
    broker
        .ctl(&["set_permissions", "reader", "^$", "^$", "^$"])
        .unwrap();
    broker.declare("ä \"q\"", &serde_json::json!({})).unwrap();
    broker.publish("ä \"q\"", 3).unwrap();
    let connection = Connection::connect(&broker.amqp_url(), ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let exclusive = QueueDeclareOptions {
        exclusive: true,
        ..QueueDeclareOptions::default()
    };
    // Dropped, they would cancel themselves.
    let mut consumers = Vec::new();
    for (name, options) in [("locked", exclusive), ("consumed", Default::default())] {
        let none = FieldTable::default;
        channel
            .queue_declare(name.into(), options, none())
            .await
            .unwrap();
        let options = BasicConsumeOptions::default();
        let consume = channel.basic_consume(name.into(), "".into(), options, none());
        consumers.push(consume.await.unwrap());
    }

    let long = "x".repeat(300);
    let asked = [
        ("/", "missing"),
        ("/", "ä \"q\""),
        ("/", "locked"),
        ("/", "consumed"),
        ("other", "missing"),
        ("nowhere", "missing"),
        ("/", &long),
    ];
    let asked = asked.map(|(vhost, name)| (vhost.to_owned(), name.to_owned()));
    let end = Instant::now() + SOON;
    let login_of = login(&broker.amqp_url()).await;
    let reading = passive::read(&login_of, &tls, &asked, end).await.unwrap();
    assert_eq!(reading.version, Some(broker.version().unwrap()));
    assert!(reading.erlang_version.is_some() && reading.cluster.is_some());
    let told: Vec<_> = reading
        .queues
        .iter()
        .map(|queue| (queue.exists, queue.ready, queue.consumers))
        .collect();
    let missing = (Some(false), None, None);
    let expected = [
        missing,
        (Some(true), Some(3), Some(0)),
        (Some(true), None, None),
        (Some(true), Some(0), Some(1)),
        missing,
        missing,
        missing,
    ];
    assert_eq!(told, expected);

    let reader = login(&url(&broker, "reader:secret", "/%2f")).await;
    let asked = &asked[1..2];
    let reading = passive::read(&reader, &tls, asked, end).await.unwrap();
    let queue = &reading.queues[0];
    // RabbitMQ 4.3 looks at permissions, those before it do not.
    let told = (queue.exists, queue.ready);
    let allowed = (Some(true), Some(3));
    assert!([allowed, (None, None)].contains(&told), "{told:?}");
    broker
        .ctl(&["set_permissions", "reader", "^$", "^$", "^ä"])
        .unwrap();
    let reading = passive::read(&reader, &tls, asked, end).await.unwrap();
    let queue = &reading.queues[0];
    assert_eq!((queue.exists, queue.ready), allowed);

    let wrong = login(&url(&broker, "guest:wrong", "/%2f")).await;
    let failure = passive::read(&wrong, &tls, asked, end).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Auth);
    connection.close(200, "".into()).await.unwrap();
    let queues = ["ä \"q\"", "consumed"];
    for queue in queues {
        broker.ctl(&["delete_queue", queue]).unwrap();
    }
    nothing_left(&broker);
}
