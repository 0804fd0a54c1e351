//! A configuration's text: refused with what is wrong and what would be right, or a configuration that
//! can be used.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use warrener::config::Config;
use warrener::recover::targets::{Selected, Targets};

fuzz_target!(|text: &str| {
    let file = Path::new("warrener.yml");
    match Config::from_text(text, file, Path::new("/srv")) {
        Err(errors) => {
            assert!(!errors.0.is_empty());
            assert!(errors.to_string().starts_with("warrener.yml"), "{errors}");
        }
        Ok(config) => {
            drop(format!("{config:?}"));
            let targets = Targets::of(&config);
            for target in targets.all() {
                drop(targets.workers_of(&target));
                assert_ne!(targets.select(&target), Selected::NotMine, "{target:?}");
            }
        }
    }
});
