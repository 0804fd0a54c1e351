//! What people and programs read.

use serde_json::json;

use crate::recover::ledger::NoticeId;
use crate::recover::notify::letter::Letter;
use crate::recover::notify::parcel::{Due, Parcel};
use crate::recover::notify::{slack, webhook};

use super::*;

fn due(id: i64, message: Message) -> Due {
    Due {
        id: NoticeId(id),
        attempts: 0,
        letter: Letter::new("app-1", message, NOW),
    }
}

fn escalated() -> Message {
    Message {
        level: Level::Critical,
        took: Some(42.4),
        todo: Some("Look at its log".into()),
        ..message(Kind::Escalated, 17, "WorkerHung (worker task)")
    }
}

#[test]
fn a_person_reads_all_of_it_on_a_telephone() {
    let body = slack::body(&Parcel::One(due(1, escalated())), later(1));
    let expected = ":red_circle: *critical* on app-1: *WorkerHung (worker task)*
A person is needed: warrener could not repair it.
*What to do:* Look at its log
*Done*
• worker.stop: stopped process 17
*Seen*
• acks: 0 in 2 min (should be some)
_wrong for 3 min 12 s · recovery took 42 s · incident 17_";
    assert_eq!(body["text"].as_str().unwrap(), expected);
    let late = slack::body(&Parcel::One(due(1, escalated())), later(7200));
    let text = late["text"].as_str().unwrap();
    assert!(
        text.ends_with("· told late: this was 2 h 0 min ago_"),
        "{text}"
    );
}

#[test]
fn nobody_is_called_by_what_a_queue_is_named() {
    let mut hostile = escalated();
    hostile.what = "QueueStuck (queue <!channel> & <http://x|y>\n*)".into();
    hostile.done = vec!["a\u{0}b\u{1b}[31m".into()];
    let body = slack::body(&Parcel::One(due(1, hostile)), NOW);
    let text = body["text"].as_str().unwrap();
    assert!(
        text.contains("&lt;!channel&gt; &amp; &lt;http://x|y&gt; *)"),
        "{text}"
    );
    assert!(!text.contains(['<', '>', '\u{0}', '\u{1b}']), "{text}");
}

#[test]
fn a_message_is_bounded() {
    let mut long = escalated();
    long.done = (0..1000)
        .map(|n| format!("{n}{}", "x".repeat(5000)))
        .collect();
    long.evidence = vec![Evidence::seen("x".repeat(5000), "y"); 1000];
    let body = slack::body(&Parcel::One(due(1, long)), NOW);
    let text = body["text"].as_str().unwrap();
    assert!(
        text.contains("• 981 steps before these\n• 981x"),
        "{}",
        &text[..400]
    );
    assert!(text.contains("• 999x"));
    // Slack cuts at 40,000 characters.
    assert!(text.chars().count() < 40_000);
}

#[test]
fn the_document_is_versioned_and_whole() {
    let document = webhook::body(&Parcel::One(due(5, escalated())));
    let expected = json!({
        "version": 1,
        "source": "warrener",
        "id": "app-1/5",
        "identity": "app-1",
        "told_at": 1_800_000_000.0,
        "kind": "escalated",
        "meaning": "A person is needed: warrener could not repair it",
        "level": "critical",
        "incident": 17,
        "what": "WorkerHung (worker task)",
        "done": ["worker.stop: stopped process 17"],
        "evidence": [{"what": "acks", "value": "0 in 2 min", "expected": "some"}],
        "since": 1_799_999_808.0,
        "took_seconds": 42.4,
        "todo": "Look at its log",
    });
    assert_eq!(document, expected);
    let many = vec![
        due(6, message(Kind::Held, 1, "x")),
        due(7, message(Kind::Held, 2, "x")),
    ];
    let document = webhook::body(&Parcel::Many(many));
    assert_eq!(document["kind"], "summary");
    assert_eq!(document["id"], "app-1/6");
    assert_eq!(document["count"], 2);
    assert_eq!(
        document["notices"],
        json!([{"what": "x", "kind": "held", "times": 2}])
    );
}

#[test]
fn what_is_kept_is_read_again() {
    let letter = Letter::new("app-1", escalated(), NOW);
    assert_eq!(Letter::from_value(&letter.to_value()), Some(letter.clone()));
    let mut newer = letter.to_value();
    newer["version"] = json!(2);
    assert_eq!(Letter::from_value(&newer), None);
}
