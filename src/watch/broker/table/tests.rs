//! Tests of the table of one reading.

use proptest::prelude::*;
use regex::Regex;

use super::super::filter::PinnedName;
use super::*;

fn row(ready: Option<u64>, unacked: Option<u64>, consumers: Option<u64>) -> Row {
    let mut row = Row::default();
    row.set(Field::Ready, ready);
    row.set(Field::Unacked, unacked);
    row.set(Field::Consumers, consumers);
    row
}

fn open() -> Arc<Filter> {
    Arc::new(Filter::default())
}

#[test]
fn fields_of_one_queue_meet_in_one_row() {
    let mut table = Table::new(open());
    table.enter("/", "a", Field::Ready, Some(3));
    table.enter("b", "a", Field::Ready, Some(4));
    table.enter("/", "a", Field::Consumers, Some(1));
    assert_eq!(table.len(), 2);
    assert_eq!(table.get("/", "a"), Some(&row(Some(3), None, Some(1))));
    assert_eq!(table.get("b", "a"), Some(&row(Some(4), None, None)));
    assert_eq!(table.get("c", "a"), None);
}

#[test]
fn what_the_filter_leaves_out_is_summed() {
    let exclude = vec![Regex::new("^amq").unwrap()];
    let pinned = PinnedName {
        vhost: "/".into(),
        name: "amq.pinned".into(),
    };
    let mut table = Table::new(Arc::new(Filter::new(vec![], exclude, vec![pinned])));
    for name in ["amq.1", "amq.2", "amq.pinned", "x"] {
        table.enter("/", name, Field::Ready, Some(2));
    }
    table.enter("/", "amq.1", Field::Consumers, Some(1));
    assert_eq!(table.len(), 2);
    let left_out = table.filtered.left_out();
    assert_eq!((left_out.queues, left_out.ready), (2, Some(4)));
    assert_eq!(left_out.consumers, None, "one of the two did not say");
}

#[test]
fn beyond_the_cap_there_are_sums_and_the_pinned_queues() {
    let pinned = PinnedName {
        vhost: "/".into(),
        name: "z".into(),
    };
    let filter = Filter::new(vec![], vec![], vec![pinned]);
    let mut table = Table::with_cap(Arc::new(filter), 2);
    for name in ["a", "b", "c", "d", "z"] {
        table.enter_row("/", name, row(Some(1), Some(2), None));
    }
    assert_eq!(table.len(), 3);
    assert!(table.get("/", "z").is_some());
    let left_out = table.beyond.left_out();
    assert_eq!(
        (left_out.queues, left_out.ready, left_out.unacked),
        (2, Some(2), Some(4))
    );
    assert_eq!(left_out.consumers, None);
}

#[test]
fn a_queue_on_two_nodes_keeps_the_row_of_one() {
    let old = row(Some(10), Some(5), Some(0));
    let new = row(Some(3), Some(1), Some(2));
    let partial = row(Some(99), None, None);
    for order in [
        [&old, &new, &partial],
        [&partial, &new, &old],
        [&new, &old, &partial],
    ] {
        let mut table = Table::new(open());
        for row in order {
            let mut node = Table::new(open());
            node.enter_row("/", "moving", row.clone());
            table.join(node);
        }
        assert_eq!(table.get("/", "moving"), Some(&new));
        assert_eq!(table.len(), 1);
    }
}

#[test]
fn words_are_held_once_and_bounded() {
    let mut table = Table::new(open());
    let first = table.word("running").unwrap();
    assert!(Arc::ptr_eq(&first, &table.word("running").unwrap()));
    assert_eq!(table.word(&"x".repeat(65)), None);
    for n in 0..100 {
        table.word(&n.to_string());
    }
    assert_eq!(table.words.len(), 64);
}

proptest! {
    /// However queues are spread over nodes, filter and cap, nothing is lost or counted twice.
    #[test]
    fn sums_add_up(
        depths in prop::collection::vec((0u64..1000, 0usize..3), 0..60),
        cap in 0usize..40,
        by_field in any::<bool>(),
    ) {
        let filter = Arc::new(Filter::new(vec![], vec![Regex::new("7$").unwrap()], vec![]));
        let mut nodes: Vec<_> = (0..3).map(|_| Table::with_cap(Arc::clone(&filter), cap)).collect();
        for (n, (depth, node)) in depths.iter().enumerate() {
            let name = format!("q{n}");
            if by_field {
                nodes[*node].enter("/", &name, Field::Ready, Some(*depth));
            } else {
                nodes[*node].enter_row("/", &name, row(Some(*depth), None, None));
            }
        }
        let mut table = nodes.remove(0);
        for node in nodes {
            table.join(node);
        }
        prop_assert!(table.len() <= cap);
        let held: u64 = table.iter().map(|(_, _, r)| r.get(Field::Ready).unwrap()).sum();
        let (filtered, beyond) = (table.filtered.left_out(), table.beyond.left_out());
        let total: u64 = depths.iter().map(|(d, _)| d).sum();
        prop_assert_eq!(held + filtered.ready.unwrap() + beyond.ready.unwrap(), total);
        prop_assert_eq!(
            table.len() as u64 + filtered.queues + beyond.queues, depths.len() as u64);
    }
}

#[test]
fn the_round_trips_own_queues_are_never_shown() {
    let filter = Filter::new(vec![], vec![], vec![]);
    let own = format!(
        "{}0123456789abcdef",
        crate::watch::broker::roundtrip::QUEUE_PREFIX
    );
    assert!(!filter.passes("/", &own));
    assert!(filter.passes("/", "roundtrip"));
}

#[test]
fn the_round_trips_own_queues_count_nowhere() {
    let mut table = Table::new(Arc::default());
    let own = format!(
        "{}0123456789abcdef",
        crate::watch::broker::roundtrip::QUEUE_PREFIX
    );
    table.enter("/", &own, Field::Ready, Some(1));
    table.enter_row("/", &own, Row::default());
    table.enter("/", "orders", Field::Ready, Some(1));
    assert_eq!((table.len(), table.filtered.queues()), (1, 0));
}
