//! Queues and messages for tests. The AMQP client runs on a thread and runtime of its own,
//! so these may be called from any test, asynchronous ones too.

use futures_util::future::try_join_all;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use serde_json::Value;

use crate::error::Context;
use crate::{Broker, Error, Result};

/// Channels declare side by side, each with this many requests under way.
const CHANNELS: usize = 4;
const PIPELINED: usize = 250;

/// What a passive declare tells, live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Messages ready for delivery.
    pub ready: u32,
    /// Consumers.
    pub consumers: u32,
}

impl Broker {
    /// Declares a durable queue; `arguments` is a JSON object such as
    /// `{"x-queue-type": "quorum"}`, or `null`.
    ///
    /// # Errors
    /// [`Error::Amqp`] when the broker refuses.
    pub fn declare(&self, queue: &str, arguments: &Value) -> Result<()> {
        let arguments = table(arguments);
        self.amqp(async |[channel]: &[Channel; 1]| {
            channel
                .queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments)
                .await
                .map(drop)
        })
    }

    /// Declares the durable classic queues `PREFIX-0` to `PREFIX-(N-1)`, fast.
    ///
    /// # Errors
    /// [`Error::Amqp`] when the broker refuses.
    pub fn declare_queues(&self, prefix: &str, n: usize) -> Result<()> {
        self.amqp(async |channels: &[Channel; CHANNELS]| {
            let some = async |(offset, channel): (usize, &Channel)| {
                let mine: Vec<_> = (offset..n).step_by(CHANNELS).collect();
                for batch in mine.chunks(PIPELINED) {
                    let options = QueueDeclareOptions::durable();
                    let name = |i| format!("{prefix}-{i}").into();
                    let all = batch.iter();
                    try_join_all(
                        all.map(|i| channel.queue_declare(name(i), options, FieldTable::default())),
                    )
                    .await?;
                }
                Ok(())
            };
            try_join_all(channels.iter().enumerate().map(some))
                .await
                .map(drop)
        })
    }

    /// Publishes `n` persistent messages and waits for every confirm; gives their ids
    /// (property `message_id`, also the body), unique within this process.
    ///
    /// # Errors
    /// [`Error::Amqp`]; [`Error::Missing`] when the queue does not exist or refuses.
    pub fn publish(&self, queue: &str, n: usize) -> Result<Vec<String>> {
        let ids: Vec<_> = (0..n).map(|_| next_id(queue)).collect();
        self.publish_these(queue, &ids)?;
        Ok(ids)
    }

    /// The same with ids of one's own.
    ///
    /// # Errors
    /// As [`Broker::publish`].
    pub fn publish_these(&self, queue: &str, ids: &[String]) -> Result<()> {
        let refused = self.amqp(async |[channel]: &[Channel; 1]| {
            channel
                .confirm_select(ConfirmSelectOptions::default())
                .await?;
            let mut refused = 0;
            for batch in ids.chunks(PIPELINED) {
                let confirms =
                    try_join_all(batch.iter().map(|id| publish_one(channel, queue, id))).await?;
                refused += confirms.iter().filter(|confirm| !accepted(confirm)).count();
            }
            Ok(refused)
        })?;
        match refused {
            0 => Ok(()),
            _ => Err(Error::Missing(format!(
                "{queue} took {} of {} messages",
                ids.len() - refused,
                ids.len()
            ))),
        }
    }

    /// Messages ready and consumers of a queue, by a passive declare.
    ///
    /// # Errors
    /// [`Error::Amqp`] when the queue does not exist.
    pub fn depth(&self, queue: &str) -> Result<Depth> {
        self.amqp(async |[channel]: &[Channel; 1]| {
            let passive = QueueDeclareOptions {
                passive: true,
                ..Default::default()
            };
            let queue = channel
                .queue_declare(queue.into(), passive, FieldTable::default())
                .await?;
            Ok(Depth {
                ready: queue.message_count(),
                consumers: queue.consumer_count(),
            })
        })
    }

    /// Does something on channels of a connection of its own, closed afterwards.
    fn amqp<T: Send, const N: usize>(
        &self,
        act: impl AsyncFnOnce(&[Channel; N]) -> lapin::Result<T> + Send,
    ) -> Result<T> {
        let (url, port) = (self.amqp_url(), self.amqp_port());
        let on_runtime = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .context(|| "start a runtime".to_owned())?;
            runtime
                .block_on(async {
                    let properties =
                        ConnectionProperties::default().with_connection_name("testbed".into());
                    let connection = Connection::connect(&url, properties).await?;
                    let open = [(); N].map(|()| connection.create_channel());
                    // Kept until the connection is closed: dropping one would cross that.
                    let channels = try_join_all(open).await?;
                    let output = match channels.as_array() {
                        Some(channels) => act(channels).await?,
                        None => unreachable!("as many as were opened"),
                    };
                    connection.close(200, "done".into()).await?;
                    Ok(output)
                })
                .map_err(|source| Error::Amqp {
                    port,
                    source: Box::new(source),
                })
        };
        std::thread::scope(|scope| scope.spawn(on_runtime).join())
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

async fn publish_one(channel: &Channel, queue: &str, id: &str) -> lapin::Result<Confirmation> {
    let properties = BasicProperties::default()
        .with_delivery_mode(2)
        .with_message_id(id.into());
    let options = BasicPublishOptions {
        mandatory: true,
        ..Default::default()
    };
    channel
        .basic_publish("".into(), queue.into(), options, id.as_bytes(), properties)
        .await?
        .await
}

/// Confirmed and not returned as unroutable.
fn accepted(confirm: &Confirmation) -> bool {
    matches!(confirm, Confirmation::Ack(None))
}

fn next_id(queue: &str) -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{queue}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn table(arguments: &Value) -> FieldTable {
    let mut table = FieldTable::default();
    for (key, value) in arguments.as_object().into_iter().flatten() {
        let value = match value {
            Value::Bool(flag) => AMQPValue::Boolean(*flag),
            Value::Number(number) => AMQPValue::LongLongInt(number.as_i64().unwrap_or_default()),
            Value::String(text) => AMQPValue::LongString(text.as_str().into()),
            _ => AMQPValue::Void,
        };
        table.insert(key.as_str().into(), value);
    }
    table
}
