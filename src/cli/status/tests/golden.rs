//! Pages held against `tests/status/*.txt`.

use std::fs;
use std::path::Path;

use super::super::page::View;
use super::{plain, scenes, view};
use crate::publish::status::Status;

fn golden(name: &str, status: &Status, view: &View<'_>) {
    let made = plain(status, view);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/status");
    let file = folder.join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, &made).unwrap();
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    let hint = "to write it again: UPDATE_GOLDEN=1 cargo test --lib cli::status";
    assert!(there == made, "{name}.txt is old; {hint}\n{made}");
}

#[test]
fn healthy_fits_a_terminal_of_80_by_24() {
    let status = scenes::healthy();
    let view = view(&status, 80);
    golden("healthy", &status, &view);
    assert!(plain(&status, &view).lines().count() < 24);
}

#[test]
fn the_incident_at_every_width() {
    let status = scenes::incident();
    for width in [60, 80, 120] {
        golden(&format!("incident-{width}"), &status, &view(&status, width));
    }
}

#[test]
fn the_incident_in_detail() {
    let status = scenes::incident();
    for width in [40, 80] {
        let detailed = View {
            detailed: true,
            ..view(&status, width)
        };
        golden(&format!("incident-detailed-{width}"), &status, &detailed);
    }
}

#[test]
fn what_recovery_does_waits_for_and_did() {
    let status = scenes::repairing();
    for width in [60, 80] {
        golden(
            &format!("repairing-{width}"),
            &status,
            &view(&status, width),
        );
    }
}

#[test]
fn a_broker_that_is_down() {
    let status = scenes::broker_down();
    golden("broker-down", &status, &view(&status, 80));
}

#[test]
fn what_can_not_be_seen() {
    let status = scenes::blind();
    golden("blind", &status, &view(&status, 80));
}

#[test]
fn before_anything_was_read_and_probed_from_here() {
    let status = scenes::beginning();
    let noted = View {
        note: Some("no server at http://127.0.0.1:15699: probed once just now"),
        ..view(&status, 80)
    };
    golden("beginning", &status, &noted);
}

#[test]
fn odd_names() {
    let status = scenes::odd_names();
    for detailed in [false, true] {
        let name = if detailed { "odd-detailed" } else { "odd" };
        let view = View {
            detailed,
            ..view(&status, 80)
        };
        golden(name, &status, &view);
    }
}

#[test]
fn an_old_status_says_so() {
    let status = scenes::healthy();
    let old = View {
        now: status.at + 300.0,
        ..view(&status, 80)
    };
    let page = plain(&status, &old);
    assert!(
        page.contains("(5 min 0 s ago)") && page.contains("this is old"),
        "{page}"
    );
}
