//! An env file: every byte comes back, and an edit says its value and loses no other.
#![no_main]

use libfuzzer_sys::fuzz_target;
use warrener::envfile::Document;
use warrener::model::Secret;

fuzz_target!(|bytes: &[u8]| {
    // The last line is also the value that is written.
    let value = bytes.rsplit(|byte| *byte == b'\n').next();
    let value = String::from_utf8_lossy(value.unwrap_or_default());
    let document = Document::parse(bytes);
    assert_eq!(document.print(), bytes);
    std::hint::black_box(document.faults().count());
    let first = document.assignments().next().map(|own| own.key.clone());
    let value = Secret::from(value.as_ref());
    for key in first.as_deref().into_iter().chain(["RABBITMQ_HOST"]) {
        let Ok(edited) = document.with(key, &value, None) else {
            continue;
        };
        assert_eq!(edited.get(key), Some(&value));
        let again = Document::parse(&edited.print());
        assert_eq!(again.get(key), Some(&value));
        for other in document.assignments().filter(|own| own.key != key) {
            assert_eq!(again.get(&other.key), document.get(&other.key));
        }
    }
});
