//! Tests of the exposition reader.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

type Owned = (String, Vec<(String, String)>, u64);
type One = (String, Vec<(String, String)>, f64);

fn read(text: &[u8], escaping: Escaping) -> (Vec<Owned>, u64) {
    read_chunks(&[text], escaping)
}

fn read_chunks(chunks: &[&[u8]], escaping: Escaping) -> (Vec<Owned>, u64) {
    let mut samples = Vec::new();
    let mut reader = Reader::new(escaping);
    for chunk in chunks {
        reader.feed(chunk, |sample| {
            let labels = sample.labels.iter();
            let labels = labels
                .map(|(n, v)| (n.to_owned(), v.into_owned()))
                .collect();
            samples.push((sample.name.to_owned(), labels, sample.value.to_bits()));
        });
    }
    (samples, reader.finish())
}

fn one(line: &str) -> Option<One> {
    let (samples, lost) = read(format!("{line}\n").as_bytes(), Escaping::Standard);
    assert_eq!(samples.len() as u64 + lost, 1, "{line}");
    let (name, labels, bits) = samples.into_iter().next()?;
    Some((name, labels, f64::from_bits(bits)))
}

#[test]
fn the_forms_of_a_sample_line() {
    assert_eq!(one("a 1").unwrap().2, 1.0);
    assert_eq!(one("a:b_9  2.5e3\t1700000000000").unwrap().2, 2500.0);
    assert_eq!(one("a{} -Inf").unwrap().2, f64::NEG_INFINITY);
    assert_eq!(one("a +Inf").unwrap().2, f64::INFINITY);
    assert!(one("a NaN").unwrap().2.is_nan());
    assert_eq!(
        one("a{b=\"c\",} 1\r").unwrap().1,
        [("b".into(), "c".into())]
    );
    let escaped = one(r#"a{ b = "q\"\\\n" , c = "\d" } 1"#).unwrap().1;
    assert_eq!(escaped[0].1, "q\"\\\n");
    assert_eq!(escaped[1].1, "\\d");
}

#[test]
fn lines_that_can_not_be_read_are_lost_alone() {
    for broken in [
        "a",
        "a ",
        "9a 1",
        "{} 1",
        "a{ 1",
        "a{b=\"c\" 1",
        "a{b=c} 1",
        "a{b=\"c\"d=\"e\"} 1",
        "a x",
        "a 1 2 3",
        "a 1 x",
        "a{9=\"c\"} 1",
        "a{=\"c\"} 1",
        "a{b=\"c\\\"} 1",
        "é 1",
    ] {
        assert_eq!(one(broken), None, "{broken}");
    }
    let (samples, lost) = read(
        b"a 1\n\xff\xfe{} 2\nb 3\n# c\n\nd 4\ncut 12",
        Escaping::Standard,
    );
    let names: Vec<_> = samples.iter().map(|s| &*s.0).collect();
    assert_eq!((names, lost), (vec!["a", "b", "d"], 2));
}

#[test]
fn a_line_without_end_is_lost_and_never_held() {
    let mut reader = Reader::new(Escaping::Standard);
    reader.feed(b"a ", |_| unreachable!("not complete"));
    for _ in 0..1000 {
        reader.feed(&[b'1'; 4096], |_| unreachable!("too long"));
        assert!(reader.partial.capacity() <= 2 * LINE_CAP);
    }
    let mut after = 0;
    reader.feed(b"\nb 1\n", |_| after += 1);
    assert_eq!((after, reader.finish()), (1, 1));
}

#[test]
fn versions_that_write_queue_labels_unescaped() {
    for raw in ["3.8.34", "3.10.8", "3.11.27", "3.12.10", "3.9.7-rc.1"] {
        assert_eq!(Escaping::of_version(raw), Escaping::Raw, "{raw}");
    }
    for new in [
        "3.11.28", "3.12.11", "3.13.0", "4.0.5", "4.3.6", "", "main", "4",
    ] {
        assert_eq!(Escaping::of_version(new), Escaping::Standard, "{new}");
    }
}

fn queues(text: &str, escaping: Escaping) -> (BTreeMap<(String, String), u64>, u64) {
    let mut queues = BTreeMap::new();
    let mut reader = Reader::new(escaping);
    reader.feed(text.as_bytes(), |sample| {
        if sample.name == "rabbitmq_detailed_queue_messages_ready" {
            let label = |name| sample.label(name).unwrap().into_owned();
            queues.insert((label("vhost"), label("queue")), sample.count().unwrap());
        }
    });
    (queues, reader.finish())
}

#[test]
fn every_version_s_queue_names_come_through() {
    let captures = [
        (
            include_str!("../../../../tests/captures/rabbitmq-3.10.8/detailed.txt"),
            Escaping::Raw,
        ),
        (
            include_str!("../../../../tests/captures/rabbitmq-4.0.5/detailed.txt"),
            Escaping::Standard,
        ),
        (
            include_str!("../../../../tests/captures/rabbitmq-4.3.6/detailed.txt"),
            Escaping::Standard,
        ),
    ];
    for (text, escaping) in captures {
        let (queues, lost) = queues(text, escaping);
        let mut expected: Vec<(&str, &str)> = [
            "ai_tasks",
            "quo\"te",
            "back\\slash",
            "linefeed",
            "uni☃",
            "slashed\\\"both",
            "trailing\\",
            "quorum",
            "stream",
        ]
        .map(|name| ("/", name))
        .into();
        expected.push(("vh\"o\\st", "in it"));
        // On 3.10.8 this one can't be told from a queue `x` of a virtual host `/",queue="odd`.
        let ambiguous = escaping == Escaping::Raw;
        if !ambiguous {
            expected.push(("/", "odd\",queue=\"x"));
        }
        expected.sort_unstable();
        let found: Vec<_> = queues
            .keys()
            .map(|(v, q)| (v.as_str(), q.as_str()))
            .collect();
        assert_eq!(found, expected);
        assert_eq!(lost > 0, ambiguous);
        assert_eq!(queues[&("/".to_owned(), "ai_tasks".to_owned())], 4);
    }
}

proptest! {
    /// Whatever comes, in whatever pieces: no panic, and the pieces make no difference.
    #[test]
    fn chunks_make_no_difference(
        text in prop::collection::vec(
            prop_oneof![
                4 => prop::sample::select(b"a1 {}=\"\\,\n\t#.-".to_vec()),
                1 => any::<u8>(),
            ],
            0..400,
        ),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        raw in any::<bool>(),
    ) {
        let escaping = if raw { Escaping::Raw } else { Escaping::Standard };
        let mut cuts: Vec<_> = cuts.iter().map(|c| c.index(text.len() + 1)).collect();
        cuts.sort_unstable();
        let mut chunks = Vec::new();
        let mut from = 0;
        for cut in cuts {
            chunks.push(&text[from..cut]);
            from = cut;
        }
        chunks.push(&text[from..]);
        prop_assert_eq!(read_chunks(&chunks, escaping), read(&text, escaping));
    }

    /// What the format escapes comes back as it was.
    #[test]
    fn escaped_values_come_back(vhost in ".{1,20}", queue in any::<String>()) {
        let escape = |v: &str| v.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let line = format!("m{{vhost=\"{}\",queue=\"{}\"}} 1", escape(&vhost), escape(&queue));
        let (_, labels, _) = one(&line).unwrap();
        prop_assert_eq!(labels, [("vhost".to_owned(), vhost), ("queue".to_owned(), queue)]);
    }

    /// What RabbitMQ wrote unescaped comes back as it was, or is lost where it is ambiguous.
    #[test]
    fn raw_values_come_back(vhost in "[a/\"\\\\,=}{ ]{1,8}", queue in "[aqueu\"\\\\,=}{ 1]{0,12}") {
        let line = format!("m{{vhost=\"{vhost}\",queue=\"{queue}\"}} 1\n");
        let (samples, lost) = read(line.as_bytes(), Escaping::Raw);
        match samples.first() {
            Some(sample) => {
                prop_assert_eq!(&sample.1[0].1, &vhost);
                prop_assert_eq!(&sample.1[1].1, &queue);
            }
            None => prop_assert_eq!(lost, 1),
        }
        if !line[..line.len() - 3].contains("\",queue=\"\",queue=\"") && line.matches("\",queue=\"").count() == 1 {
            prop_assert_eq!(lost, 0);
        }
    }
}
