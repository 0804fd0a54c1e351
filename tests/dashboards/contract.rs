//! What every dashboard owes its readers, held against the shipped files.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex::Regex;
use serde_json::Value;

use crate::board::BOARDS;
use crate::shipped;

/// The panels that show something: all but the headings.
fn panels(board: &Value) -> impl Iterator<Item = &Value> {
    let all = board["panels"].as_array().unwrap().iter();
    all.filter(|panel| panel["type"] != "row")
}

/// The queries of panels and annotations, with where they are.
fn queries() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, board) in shipped() {
        for panel in panels(&board) {
            let at = format!("{name}: {}", panel["title"]);
            for target in panel["targets"].as_array().unwrap() {
                found.push((at.clone(), target["expr"].as_str().unwrap().to_owned()));
            }
        }
        for annotation in board["annotations"]["list"].as_array().unwrap() {
            let at = format!("{name}: annotation {}", annotation["name"]);
            found.push((at, annotation["expr"].as_str().unwrap().to_owned()));
        }
    }
    found
}

fn said(value: &Value, at: &str) -> String {
    let text = value.as_str().unwrap_or_default().trim().to_owned();
    assert!(!text.is_empty(), "{at} says nothing");
    text
}

#[test]
fn every_dashboard_is_there_once_under_its_own_uid() {
    let names: Vec<String> = shipped().into_iter().map(|(name, _)| name).collect();
    let mut wanted: Vec<&str> = BOARDS.iter().map(|(uid, _)| *uid).collect();
    wanted.sort_unstable();
    assert_eq!(names, wanted);
    for (name, board) in shipped() {
        assert_eq!(board["uid"], name.as_str());
        assert_eq!(board["editable"], false, "{name}");
        assert!(
            board.get("id").is_none(),
            "{name} names an id of one Grafana"
        );
        said(&board["title"], &name);
        said(&board["description"], &name);
        let chosen: Vec<&str> = board["templating"]["list"]
            .as_array()
            .unwrap()
            .iter()
            .map(|variable| variable["name"].as_str().unwrap())
            .collect();
        assert_eq!(chosen[..3], ["datasource", "job", "instance"], "{name}");
    }
}

#[test]
fn every_panel_says_what_it_is_and_which_question_it_answers() {
    for (name, board) in shipped() {
        let (mut ids, mut titles) = (BTreeSet::new(), BTreeSet::new());
        for panel in panels(&board) {
            let title = said(&panel["title"], &name);
            let at = format!("{name}: {title}");
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{at}: id");
            assert!(titles.insert(title), "{at} is there twice");
            let description = said(&panel["description"], &at);
            assert!(description.contains('?'), "{at} asks no question");
            said(&panel["fieldConfig"]["defaults"]["unit"], &at);
            let targets = panel["targets"].as_array().unwrap();
            assert!(!targets.is_empty(), "{at} asks nothing");
            for target in targets {
                assert_eq!(target["datasource"]["uid"], "${datasource}", "{at}");
                if panel["type"] != "table" {
                    said(&target["legendFormat"], &at);
                }
            }
        }
    }
}

#[test]
fn no_data_source_is_written_down() {
    let uids = Regex::new(r#""datasource":\{[^}]*"uid":"([^"]*)""#).unwrap();
    for (name, board) in shipped() {
        let text = board.to_string();
        for found in uids.captures_iter(&text) {
            assert_eq!(&found[1], "${datasource}", "{name}");
        }
    }
}

#[test]
fn the_panels_fill_the_grid_and_do_not_overlap() {
    for (name, board) in shipped() {
        let mut taken = BTreeSet::new();
        let mut lowest = 0;
        for panel in board["panels"].as_array().unwrap() {
            let side = |key: &str| panel["gridPos"][key].as_u64().unwrap();
            let (x, y, w, h) = (side("x"), side("y"), side("w"), side("h"));
            assert!(w > 0 && h > 0 && x + w <= 24, "{name}: {}", panel["title"]);
            for cell in (y..y + h).flat_map(|y| (x..x + w).map(move |x| (y, x))) {
                assert!(taken.insert(cell), "{name}: {} at {cell:?}", panel["title"]);
            }
            lowest = lowest.max(y + h);
        }
        let hole = (0..lowest)
            .flat_map(|y| (0..24).map(move |x| (y, x)))
            .find(|cell| !taken.contains(cell));
        assert_eq!(hole, None, "{name} has a hole");
    }
}

#[test]
fn every_query_asks_for_what_was_chosen() {
    let selectors = Regex::new(r"\{([^{}]*)\}").unwrap();
    let bare =
        Regex::new(r"\b(warrener_[a-z0-9_]+|process_[a-z_]+|scrape_[a-z_]+|up|ALERTS)\b").unwrap();
    let windows = Regex::new(r"\b(rate|irate|increase)\(\S*?\{[^}]*\}\[([^\]]*)\]").unwrap();
    for (at, expr) in queries() {
        let chosen = "job=~\"$job\",instance=~\"$instance\"";
        for found in selectors.captures_iter(&expr) {
            assert!(found[1].starts_with(chosen), "{at}: {expr}");
        }
        for found in bare.find_iter(&expr) {
            let rest = &expr[found.end()..];
            assert!(
                rest.starts_with('{'),
                "{at}: {} of everybody",
                found.as_str()
            );
        }
        let counted = expr.matches('[').count();
        let seen: Vec<(String, String)> = windows
            .captures_iter(&expr)
            .map(|found| (found[1].to_owned(), found[2].to_owned()))
            .collect();
        assert_eq!(
            seen.len(),
            counted,
            "{at}: a window that is not understood: {expr}"
        );
        for (function, window) in seen {
            let whole_time = function == "increase" && window == "$__range";
            assert!(window == "$__rate_interval" || whole_time, "{at}: {expr}");
        }
    }
}

#[test]
fn counters_are_asked_for_their_rates_only() {
    let counters =
        Regex::new(r"(\S*)\b(warrener_[a-z0-9_]+_total|process_cpu_seconds_total)\b").unwrap();
    for (at, expr) in queries() {
        for found in counters.captures_iter(&expr) {
            let rated = found[1].ends_with("rate(") || found[1].ends_with("increase(");
            // How often a configuration was loaded is a number that people read as it is.
            let read_as_it_is = &found[2] == "warrener_config_reloads_total";
            assert!(rated || read_as_it_is, "{at}: {expr}");
        }
    }
}

#[test]
fn every_link_leads_to_a_dashboard_that_is_there() {
    let uids = Regex::new(r"/d/([a-z-]+)").unwrap();
    for (name, board) in shipped() {
        let linked: BTreeSet<&str> = board["links"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|link| link["url"].as_str()?.strip_prefix("/d/"))
            .collect();
        let others: BTreeSet<&str> = BOARDS
            .iter()
            .map(|(uid, _)| *uid)
            .filter(|uid| *uid != name)
            .collect();
        assert_eq!(linked, others, "{name}");
        for found in uids.captures_iter(&board.to_string()) {
            assert!(
                BOARDS.iter().any(|(uid, _)| *uid == &found[1]),
                "{name}: {}",
                &found[1]
            );
        }
    }
}

/// Metrics that Prometheus makes itself.
const OF_PROMETHEUS: [&str; 4] = [
    "up",
    "ALERTS",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
];

#[test]
fn every_metric_is_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/METRICS.md");
    let documented = fs::read_to_string(&path);
    let documented = documented.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let names = Regex::new(r"[a-zA-Z_][a-zA-Z0-9_]*").unwrap();
    let known: BTreeSet<&str> = names.find_iter(&documented).map(|m| m.as_str()).collect();
    let asked = Regex::new(r"\b([a-zA-Z_][a-zA-Z0-9_]*)\{").unwrap();
    for (at, expr) in queries() {
        for found in asked.captures_iter(&expr) {
            let name = &found[1];
            if OF_PROMETHEUS.contains(&name) {
                continue;
            }
            let stems = ["", "_total", "_bucket", "_sum", "_count"];
            let documented = stems
                .iter()
                .filter_map(|ending| name.strip_suffix(ending))
                .any(|stem| known.contains(stem));
            assert!(documented, "{at}: {name} is not in docs/METRICS.md");
        }
    }
}

#[test]
fn no_panel_needs_the_rules() {
    let recorded = Regex::new(r"\b[a-z]+:warrener_").unwrap();
    for (at, expr) in queries() {
        let needs = recorded.is_match(&expr);
        assert!(!needs, "{at} is empty without the rules: {expr}");
        let of_alerts = at.contains(": annotation ");
        assert!(of_alerts || !expr.contains("ALERTS{"), "{at}: {expr}");
    }
}

#[test]
fn provisioning_and_its_instructions_name_one_place() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("grafana");
    let read = |path: &str| fs::read_to_string(folder.join(path)).unwrap();
    let dashboards = read("provisioning/dashboards/warrener.yml");
    assert!(dashboards.contains("editable: false") && dashboards.contains("type: file"));
    let (_, path) = dashboards.split_once("      path: ").unwrap();
    let instructions = read("README.md");
    let row = format!("| `dashboards/` | `{}`", path.trim());
    assert!(instructions.contains(&row), "no {row}");
    assert!(read("provisioning/datasources/prometheus.yml").contains("type: prometheus"));
    assert!(instructions.contains("PROMETHEUS_URL"));
}
