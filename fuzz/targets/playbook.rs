//! A playbook's text: refused with its place, or a playbook that keeps the rules.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use warrener::model::Risk;
use warrener::recover::playbook::{Action, Playbook};

fuzz_target!(|text: &str| {
    // Every playbook has the name of its file.
    let named = text
        .lines()
        .find_map(|line| line.strip_prefix("playbook: "));
    let file = format!("{}.yml", named.unwrap_or("x").trim().replace('/', "-"));
    match Playbook::from_text(text, Path::new(&file)) {
        Err(errors) => assert!(!errors.0.is_empty() && !errors.to_string().is_empty()),
        Ok(playbook) => {
            assert_eq!(format!("{}.yml", playbook.name), file);
            assert_eq!(playbook.ladder.is_empty(), playbook.drives.is_some());
            for step in playbook.ladder.iter().flat_map(|rung| &rung.steps) {
                assert!(
                    step.action.risk() == Risk::Safe || step.retries == 0,
                    "{step:?}"
                );
                if let Action::CommandRun(command) = &step.action {
                    assert!(!command.argv.is_empty(), "{step:?}");
                }
            }
        }
    }
});
