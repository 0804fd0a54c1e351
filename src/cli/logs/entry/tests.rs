use time::{OffsetDateTime, UtcOffset};

use super::*;

fn entries(timed: Timed, text: &str) -> Vec<Entry> {
    let redactor = Redactor::default();
    let error = Regex::new("ERROR|Traceback").unwrap();
    let reader = Reader {
        clock: Clock {
            zone: UtcOffset::UTC,
            now: OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap(),
        },
        error: &error,
        redactor: &redactor,
    };
    let mut joiner = Joiner::new(&reader, timed);
    let mut entries: Vec<_> = text
        .split_inclusive('\n')
        .filter_map(|line| joiner.line(line.as_bytes(), None, false))
        .collect();
    entries.extend(joiner.end());
    entries
}

const TRACEBACK: &str = "Traceback (most recent call last):\n  File \"w.py\", line 1, in f\n    \
                         g()\nKeyError: 'a'\n";

#[test]
fn lines_without_a_time_belong_to_the_line_before() {
    let text = format!(
        "2027-01-15 00:00:00,000 INFO up\n2027-01-15 00:00:01,000 ERROR task failed\n{TRACEBACK}\n\
         The above exception was the direct cause of the following exception:\n\n\
         Traceback (most recent call last):\n  File \"w.py\", line 2, in h\nValueError: b\n\
         2027-01-15 00:00:02,000 INFO next\nof two lines\n"
    );
    let entries = entries(Timed::Inside, &text);
    let heads: Vec<_> = entries.iter().map(|e| e.head.as_str()).collect();
    assert_eq!(heads, ["INFO up", "ERROR task failed", "INFO next"]);
    assert_eq!(entries[1].raised.as_deref(), Some("ValueError: b"));
    assert_eq!(entries[1].body().len(), 10);
    assert!(entries[1].error && !entries[2].error);
    assert_eq!(entries[2].body(), ["of two lines"]);
    assert_eq!(entries[1].at, Some(1_799_971_201_000));
}

#[test]
fn a_traceback_of_nobodys_is_an_entry_with_the_time_before() {
    let text = format!("2027-01-15 00:00:00 INFO up\n{TRACEBACK}2027-01-15 00:00:02 INFO up\n");
    let entries = entries(Timed::Inside, &text);
    assert_eq!(entries.len(), 3);
    assert!(entries[1].error && entries[1].head.starts_with("Traceback"));
    assert_eq!(entries[1].at, entries[0].at);
    assert_eq!(entries[1].raised.as_deref(), Some("KeyError: 'a'"));
    assert!(!entries[0].error && !entries[2].error);
}

#[test]
fn without_times_the_form_tells() {
    let text = format!(
        "starting\n{TRACEBACK}INFO next\nERROR failed\n{TRACEBACK}java.io.IOException: x\n\tat A.b\n\
         Caused by: y\n\tat C.d\nlast\nthread 'main' panicked at src/a.rs:1:2:\nbad\nnote: run with\n"
    );
    let heads: Vec<_> = entries(Timed::Outside, &text)
        .into_iter()
        .map(|e| (e.head, e.first.len()))
        .collect();
    let heads: Vec<_> = heads.iter().map(|(h, n)| (h.as_str(), *n)).collect();
    assert_eq!(
        heads,
        [
            ("starting", 0),
            ("Traceback (most recent call last):", 3),
            ("INFO next", 0),
            ("ERROR failed", 4),
            ("java.io.IOException: x", 3),
            ("last", 0),
            ("thread 'main' panicked at src/a.rs:1:2:", 2),
        ]
    );
}

#[test]
fn an_entry_without_end_is_kept_from_both_ends() {
    let mut text = "2027-01-15 00:00:00 ERROR long\n".to_owned();
    for n in 0..1000 {
        text.push_str(&format!("line {n}\n"));
    }
    let entries = entries(Timed::Inside, &text);
    let body = entries[0].body();
    assert_eq!(
        (body.len(), body[20].as_str()),
        (41, "… 960 lines left out …")
    );
    assert_eq!(
        (body[0].as_str(), body[40].as_str()),
        ("line 0", "line 999")
    );
}

#[test]
fn bytes_that_are_no_text_and_endless_lines_are_cut() {
    let text = format!("2027-01-15 00:00:00 ERROR {}\n", "x".repeat(10_000));
    assert_eq!(entries(Timed::Inside, &text)[0].head.chars().count(), 501);
    let redactor = Redactor::default();
    let error = Regex::new("ERROR").unwrap();
    let clock = Clock {
        zone: UtcOffset::UTC,
        now: OffsetDateTime::UNIX_EPOCH,
    };
    let reader = Reader {
        clock,
        error: &error,
        redactor: &redactor,
    };
    let mut joiner = Joiner::new(&reader, Timed::Outside);
    assert_eq!(joiner.line(b"ERROR \xff\xfe\n", Some(5), false), None);
    let entry = joiner.end().unwrap();
    assert_eq!(
        (entry.head.as_str(), entry.at),
        ("ERROR \u{fffd}\u{fffd}", Some(5))
    );
}
