//! The names in the tables of `docs/MIGRATE.md`: those of the plugin in what real brokers answered,
//! warrener's own in its reference.

use std::collections::BTreeSet;
use std::fs;

use super::root;

/// The words between backquotes that begin so, without label and shortened ones.
fn names<'a>(text: &'a str, prefix: &str) -> BTreeSet<&'a str> {
    let spans = text.split('`').skip(1).step_by(2);
    let named = spans.map(|span| span.split('{').next().unwrap_or(span));
    named
        .filter(|name| name.starts_with(prefix) && !name.contains(['*', ' ', '.']))
        .collect()
}

#[test]
fn every_name_in_the_tables_of_migration_is_one() {
    let page = fs::read_to_string(root().join("docs/MIGRATE.md")).unwrap();
    let reference = fs::read_to_string(root().join("docs/METRICS.md")).unwrap();
    let own = names(&page, "warrener_");
    assert!(own.len() > 30, "{own:?}");
    for name in own {
        assert!(reference.contains(name), "{name} is not in METRICS");
    }
    let plugin = page.split("\n## ").find(|part| part.contains("| Plugin |"));
    let names = names(plugin.unwrap(), "rabbitmq_");
    assert!(names.len() > 15, "{names:?}");
    let answered: String = ["metrics.txt", "detailed.txt"]
        .map(|file| root().join("tests/captures/rabbitmq-4.3.6").join(file))
        .map(|file| fs::read_to_string(file).unwrap())
        .concat();
    for name in names {
        let family = format!("# TYPE {name} ");
        assert!(answered.contains(&family), "{name}: no broker has it");
    }
}
