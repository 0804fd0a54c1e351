//! A year of incidents with planted patterns, written through the real ledger: what the report says of
//! it is held against what was planted.
//!
//! `cargo test --release --lib report::tests::year -- --ignored --nocapture` is the whole year, with
//! what it costs; `make drill` runs it.

use std::path::Path;
use std::time::Instant;

use super::super::{Line, Material, Period, Report};
use super::planted::{DAY, HOUR, MEASURE, SECOND, START, Scale, disk, queue, worker};
use super::played::year;
use crate::model::{Code, Timestamp};
use crate::recover::clock::Zone;
use crate::recover::learn::{
    Comparison, Effect, hit_rates, measures, noise, outcomes, precursors, recurrences,
};
use crate::recover::ledger::Ledger;

fn folder() -> tempfile::TempDir {
    // In memory where there is such a place: every commit waits for the disk.
    let shared = Path::new("/dev/shm");
    match shared.is_dir() {
        true => tempfile::tempdir_in(shared).unwrap(),
        false => tempfile::tempdir().unwrap(),
    }
}

fn report(ledger: &Ledger, period: Period) -> Report {
    let (now, zone) = (Timestamp(START + 365 * DAY), Zone::utc());
    let past = Report::past(ledger, period, now).unwrap();
    let material = Material {
        identity: "app-1",
        past: &past,
        status: None,
        firing: None,
        zone: &zone,
        now,
    };
    Report::new(period, material)
}

fn line<'a>(report: &'a Report, check: &str) -> &'a Line {
    let found = report.lines.iter().find(|line| line.check.contains(check));
    found.unwrap_or_else(|| panic!("no line {check}: {report:#?}"))
}

fn says(line: &Line, words: &str) -> bool {
    line.words.contains(words) || line.evidence.iter().any(|one| one.contains(words))
}

/// What was planted is found, and nothing else is.
fn judge(ledger: &Ledger) {
    let (now, zone) = (Timestamp(START + 365 * DAY), Zone::utc());
    let past = ledger.past(Timestamp(START), now).unwrap();

    let timed: Vec<_> = recurrences(&past, &zone)
        .into_iter()
        .filter(|r| r.slot.is_some())
        .collect();
    assert_eq!(timed.len(), 1, "{timed:?}");
    let slot = timed[0].slot.unwrap();
    assert_eq!((slot.weekday, slot.hour), (1, 9));
    assert_eq!(
        (timed[0].key.target.clone(), timed[0].n),
        (queue("orders"), 61)
    );
    assert!(slot.share.hits >= 51);

    let helped = outcomes(&past.runs);
    let of = |code: &str| helped.iter().find(|one| one.code == code).unwrap();
    let hung = of("WorkerHung");
    assert!(hung.heals_by_itself(), "{}", hung.words());
    let ratio = hung.by_itself.ratio().unwrap();
    assert!(ratio.lower < 0.80 && 0.80 < ratio.upper, "{}", hung.words());
    let down = of("WorkerDown");
    assert_eq!(down.comparison(), Comparison::Helps, "{}", down.words());
    let ratio = down.recovered.ratio().unwrap();
    assert!(ratio.lower < 0.95 && 0.95 < ratio.upper, "{}", down.words());
    assert_eq!(down.actions, ["worker.stop", "worker.start"]);

    let pairs = precursors(&past);
    assert_eq!(pairs.len(), 1, "{pairs:?}");
    assert_eq!(
        (&pairs[0].key.target, &pairs[0].before.target),
        (&worker("api"), &queue("reports"))
    );
    let ratio = pairs[0].share.ratio().unwrap();
    assert!(ratio.lower < 0.70 && 0.70 < ratio.upper, "{pairs:?}");

    let measures = measures(&past);
    assert_eq!(measures.len(), 1);
    assert_eq!(
        (measures[0].effect(), measures[0].runs),
        (Effect::Fewer, 185)
    );
    assert_eq!(
        measures[0].began,
        Timestamp(START + MEASURE * DAY + 3 * HOUR + 2 * SECOND)
    );

    let noisy: Vec<_> = noise(&past)
        .into_iter()
        .filter(|one| one.is_noisy())
        .collect();
    let targets: Vec<_> = noisy.iter().map(|one| one.key.target.clone()).collect();
    // The worker that mostly heals by itself has an alert that mostly clears by itself.
    assert!(
        targets.contains(&queue("thumbs")) && targets.contains(&worker("mail")),
        "{targets:?}"
    );
    assert!(!targets.contains(&worker("task")) && !targets.contains(&disk()));

    let rates = hit_rates(&past);
    let of = |code: Code| rates.iter().find(|rate| rate.code == code).unwrap();
    let (disk, memory) = (of(Code::DiskWillFill), of(Code::WorkerMemoryGrowing));
    let came_true = disk.came_true;
    assert_eq!((came_true.hits, came_true.n, disk.acted), (30, 40, 0));
    assert_eq!((memory.came_true.n, memory.came_true.ratio()), (8, None));

    let monthly = report(ledger, Period::Monthly);
    assert!(says(
        line(&monthly, "what comes back"),
        "on Mondays, 09:00 to 10:00"
    ));
    let before = line(&monthly, "what came before");
    assert!(says(before, "association") && says(before, "QueueBacklog (queue reports)"));
    assert!(says(line(&monthly, "preventive measures"), "fewer since"));
    assert!(says(
        line(&monthly, "fire and clear"),
        "QueueSlow (queue thumbs)"
    ));
    let forecasts = line(&monthly, "forecasts");
    assert!(says(
        forecasts,
        "WorkerMemoryGrowing: came true 8 of 8, not enough data"
    ));
    assert!(says(
        line(&monthly, "what helped"),
        "most end by themselves"
    ));
    let score = line(&monthly, "90 or more");
    assert_eq!(
        (score.answer.as_str(), score.words.as_str()),
        ("look", "99.3 % of the time that was seen")
    );
    let weekly = report(ledger, Period::Weekly);
    assert!(says(line(&weekly, "worker performance"), "mail: "));
    assert!(says(line(&weekly, "preventive maintenance"), "7 runs"));
    let daily = report(ledger, Period::Daily);
    assert_eq!(line(&daily, "disk space").answer, "not_known");
    assert!(monthly.to_markdown().contains("| **look** |"));
}

#[test]
fn what_was_planted_in_a_small_year_is_found() {
    let folder = folder();
    let scale = Scale {
        workers: 100,
        noise: 60,
        followed: 40,
    };
    let (ledger, _) = year(&scale, folder.path());
    judge(&ledger);
}

#[test]
#[ignore = "a drill: 5,000 incidents through the ledger, and what it costs"]
fn what_was_planted_in_a_whole_year_is_found() {
    let folder = folder();
    let scale = Scale {
        workers: 1950,
        noise: 300,
        followed: 250,
    };
    let began = Instant::now();
    let (ledger, events) = year(&scale, folder.path());
    println!(
        "{events} incidents and firings written in {:?}",
        began.elapsed()
    );
    judge(&ledger);
    for period in Period::ALL {
        let now = Timestamp(START + 365 * DAY);
        let began = Instant::now();
        let past = Report::past(&ledger, period, now).unwrap();
        let read = began.elapsed();
        let made = report(&ledger, period);
        let (whole, json) = (
            began.elapsed() - read,
            serde_json::to_string(&made).unwrap(),
        );
        println!(
            "{}: {} incidents read in {read:?}, read and made in {whole:?}, {} bytes of JSON",
            period.as_str(),
            past.incidents.len(),
            json.len()
        );
    }
    println!("{}", report(&ledger, Period::Monthly).to_markdown());
    let file = ledger.file().to_owned();
    drop(ledger);
    let size = std::fs::metadata(file).unwrap().len();
    println!("ledger: {:.1} MiB", size as f64 / f64::from(1 << 20));
}
