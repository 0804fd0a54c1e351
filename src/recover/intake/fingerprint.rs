//! The fingerprint that Alertmanager gives an alert, computed from its labels.
//!
//! Computed here as well, so that a wrong one in a body makes no two alerts the same.

use std::collections::BTreeMap;

const OFFSET: u64 = 14_695_981_039_346_656_037;
const PRIME: u64 = 1_099_511_628_211;
/// Ends each name and each value; no UTF-8 text holds it.
const SEPARATOR: u8 = 255;

/// 64-bit FNV-1a over the labels sorted by name, in sixteen hexadecimal digits.
pub fn fingerprint(labels: &BTreeMap<String, String>) -> String {
    let texts = labels.iter().flat_map(|(name, value)| [name, value]);
    let bytes = texts.flat_map(|text| text.bytes().chain([SEPARATOR]));
    let sum = bytes.fold(OFFSET, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(PRIME)
    });
    format!("{sum:016x}")
}
