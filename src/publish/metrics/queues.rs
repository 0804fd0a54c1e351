//! Families of the `queues` section: the queues within the series budget, and sums of the rest.

use std::fmt;

use super::families::{Families, NONE, Reading};
use super::roundtrip::login_failure;
use crate::model::facts::{Capability, LeftOut, QueueFacts, QueuesFacts, Source};

pub(super) fn write(facts: &QueuesFacts, f: &mut Families<'_>) -> fmt::Result {
    f.gauge(
        "warrener_queues_source",
        "1 for the source that the queues are read from, 0 for the others.",
        Source::ALL.map(|s| ([("source", s.as_str())], Some(u64::from(s == facts.source)))),
    )?;
    f.gauge(
        "warrener_queues_capability",
        "1 for what this source can tell about queues, 0 for what it can't.",
        Capability::QUEUES.map(|c| {
            (
                [("capability", c.as_str())],
                Some(u64::from(facts.capabilities.contains(&c))),
            )
        }),
    )?;
    f.gauge(
        "warrener_queues_login_fallback",
        "1 while the login that last worked is used, because the configured one has no value or \
         is refused.",
        [(NONE, Some(u64::from(facts.fallback_login)))],
    )?;
    f.gauge(
        "warrener_queues_configured_login_failure",
        "1 with the reason why the configured login is not used, while the one that last worked \
         stands in for it.",
        login_failure(&facts.configured_failure),
    )?;
    f.gauge(
        "warrener_queues_lines_lost",
        "Lines of the broker's newest queue list that could not be read and were left out.",
        [(NONE, Some(facts.lines_lost))],
    )?;
    f.gauge(
        "warrener_queues_seen",
        "Queues that the source showed, before any filter; a pinned queue that does not exist is \
         not among them.",
        [(NONE, Some(facts.seen))],
    )?;
    left_out(facts, f)?;
    each(&facts.queues, f)
}

fn left_out(facts: &QueuesFacts, f: &mut Families<'_>) -> fmt::Result {
    let parts = [("filter", &facts.filtered), ("budget", &facts.over_budget)];
    let sums: [Reading<LeftOut>; 4] = [
        (
            "warrener_queues_left_out",
            "Queues without series of their own: excluded by a filter, or beyond the series \
             budget.",
            |l| Some(l.queues),
        ),
        (
            "warrener_queues_left_out_messages_ready",
            "Messages waiting in queues without series of their own.",
            |l| l.ready,
        ),
        (
            "warrener_queues_left_out_messages_unacked",
            "Unacknowledged messages of queues without series of their own.",
            |l| l.unacked,
        ),
        (
            "warrener_queues_left_out_consumers",
            "Consumers of queues without series of their own.",
            |l| l.consumers,
        ),
    ];
    for (name, help, read) in sums {
        f.gauge(
            name,
            help,
            parts.map(|(reason, l)| ([("reason", reason)], read(l))),
        )?;
    }
    Ok(())
}

fn labels(q: &QueueFacts) -> [(&'static str, &str); 2] {
    [("vhost", &q.vhost), ("queue", &q.name)]
}

fn each(queues: &[QueueFacts], f: &mut Families<'_>) -> fmt::Result {
    let all = || queues.iter();
    f.gauge(
        "warrener_queue_exists",
        "1 for a pinned queue that the broker knows, 0 for one that it does not.",
        all()
            .filter(|q| q.pinned)
            .map(|q| (labels(q), q.exists.map(u64::from))),
    )?;
    f.gauge(
        "warrener_queue_messages_ready",
        "Messages waiting to be delivered.",
        all().map(|q| (labels(q), q.ready)),
    )?;
    f.gauge(
        "warrener_queue_messages_unacked",
        "Messages delivered and not yet acknowledged.",
        all().map(|q| (labels(q), q.unacked)),
    )?;
    f.gauge(
        "warrener_queue_consumers",
        "Consumers of the queue.",
        all().map(|q| (labels(q), q.consumers)),
    )?;
    f.counter(
        "warrener_queue_messages_acked",
        "Messages acknowledged by consumers.",
        all().map(|q| (labels(q), q.acked)),
    )?;
    f.counter(
        "warrener_queue_messages_redelivered",
        "Messages delivered once more.",
        all().map(|q| (labels(q), q.redelivered)),
    )?;
    f.gauge(
        "warrener_queue_info",
        "Type and state of the queue, as far as the source tells them; always 1.",
        all()
            .filter(|q| q.queue_type.is_some() || q.state.is_some())
            .map(|q| {
                let [vhost, queue] = labels(q);
                let kind = ("queue_type", q.queue_type.as_deref().unwrap_or_default());
                let state = ("state", q.state.as_deref().unwrap_or_default());
                ([vhost, queue, kind, state], Some(1u64))
            }),
    )
}
