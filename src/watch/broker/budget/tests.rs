//! Tests of the series budget.

use proptest::prelude::*;

use super::*;

fn candidate(name: &str, depth: u64, consumers: u64) -> Candidate<'_> {
    Candidate {
        vhost: "/",
        name,
        depth,
        consumers,
    }
}

fn kept<'a>(budget: &mut Budget, candidates: &[Candidate<'a>]) -> Vec<&'a str> {
    let kept = budget.choose(candidates);
    let mut names: Vec<_> = candidates
        .iter()
        .zip(kept)
        .filter(|(_, kept)| *kept)
        .map(|(c, _)| c.name)
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn all_fit_below_the_limit() {
    let mut budget = Budget::new(3);
    let all = [
        candidate("a", 0, 0),
        candidate("b", 1, 0),
        candidate("c", 0, 1),
    ];
    assert_eq!(kept(&mut budget, &all), ["a", "b", "c"]);
}

#[test]
fn the_deepest_come_first_and_then_those_with_consumers() {
    let mut budget = Budget::new(2);
    let all = [
        candidate("a", 0, 0),
        candidate("b", 0, 5),
        candidate("c", 9, 0),
    ];
    assert_eq!(kept(&mut budget, &all), ["b", "c"]);
}

#[test]
fn a_challenger_needs_to_be_clearly_more_important_for_three_rounds() {
    let mut budget = Budget::new(1);
    assert_eq!(
        kept(
            &mut budget,
            &[candidate("old", 100, 1), candidate("new", 0, 0)]
        ),
        ["old"]
    );
    let nearly = [candidate("old", 100, 1), candidate("new", 199, 1)];
    for _ in 0..10 {
        assert_eq!(kept(&mut budget, &nearly), ["old"]);
    }
    let clearly = [candidate("old", 100, 1), candidate("new", 200, 1)];
    assert_eq!(kept(&mut budget, &clearly), ["old"]);
    assert_eq!(kept(&mut budget, &clearly), ["old"]);
    assert_eq!(kept(&mut budget, &nearly), ["old"], "its rounds begin anew");
    assert_eq!(kept(&mut budget, &clearly), ["old"]);
    assert_eq!(kept(&mut budget, &clearly), ["old"]);
    assert_eq!(kept(&mut budget, &clearly), ["new"]);
}

#[test]
fn an_idle_queue_gives_way_to_one_in_use() {
    let mut budget = Budget::new(1);
    kept(
        &mut budget,
        &[candidate("idle", 0, 0), candidate("z", 0, 0)],
    );
    let now = [candidate("idle", 0, 0), candidate("z", 0, 1)];
    assert_eq!(kept(&mut budget, &now), ["idle"]);
    assert_eq!(kept(&mut budget, &now), ["idle"]);
    assert_eq!(kept(&mut budget, &now), ["z"]);
}

#[test]
fn a_deleted_queue_frees_its_place_at_once() {
    let mut budget = Budget::new(1);
    assert_eq!(
        kept(
            &mut budget,
            &[
                candidate("a", 9, 0),
                candidate("b", 1, 0),
                candidate("c", 0, 0)
            ]
        ),
        ["a"]
    );
    assert_eq!(
        kept(&mut budget, &[candidate("b", 1, 0), candidate("c", 0, 0)]),
        ["b"]
    );
}

proptest! {
    #[test]
    fn never_more_than_the_limit_and_never_fewer_than_there_is_room_for(
        limit in 0usize..8,
        rounds in prop::collection::vec(
            prop::collection::btree_map(0u8..20, (0u64..50, 0u64..3), 0..20), 1..6),
    ) {
        let mut budget = Budget::new(limit);
        for round in rounds {
            let names: Vec<_> = round.keys().map(u8::to_string).collect();
            let candidates: Vec<_> = round.values().zip(&names)
                .map(|((depth, consumers), name)| candidate(name, *depth, *consumers)).collect();
            let count = budget.choose(&candidates).iter().filter(|k| **k).count();
            prop_assert_eq!(count, limit.min(candidates.len()));
        }
    }

    /// Depths that wobble below the factor never move a series; nor does the order of the list.
    #[test]
    fn noise_moves_nothing(
        depths in prop::collection::vec(100u64..1_000, 2..20),
        limit in 1usize..10,
        noise in prop::collection::vec(prop::collection::vec(0u64..40, 20), 1..6),
        seed in any::<u64>(),
    ) {
        let names: Vec<_> = (0..depths.len()).map(|n| n.to_string()).collect();
        let round = |noise: Option<&Vec<u64>>| -> Vec<Candidate<'_>> {
            depths.iter().zip(&names).enumerate()
                .map(|(i, (d, n))| candidate(n, d + d * noise.map_or(0, |x| x[i]) / 100, 1))
                .collect()
        };
        let mut budget = Budget::new(limit);
        let first: Vec<String> = kept(&mut budget, &round(None)).iter().map(|n| n.to_string()).collect();
        for noise in &noise {
            let mut candidates = round(Some(noise));
            let by = seed as usize % candidates.len();
            candidates.rotate_left(by);
            prop_assert_eq!(&kept(&mut budget, &candidates), &first);
        }
    }
}
