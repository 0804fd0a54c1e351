//! What is written is what is read.

use serde::Serialize;

use crate::model::{HoldReason, Outcome, Risk, RunMode, StepResult, TriggerSource, TriggerStatus};
use crate::recover::intake::QuarantineReason;

fn same<T: Serialize + Copy>(all: &[T], label: fn(T) -> &'static str) {
    for one in all {
        let word = serde_json::to_value(one).unwrap();
        assert_eq!(word, label(*one));
    }
}

#[test]
fn every_label_is_the_word_that_serde_reads() {
    same(&TriggerSource::ALL, TriggerSource::as_str);
    same(&RunMode::ALL, RunMode::as_str);
    same(&Risk::ALL, Risk::as_str);
    same(&StepResult::ALL, StepResult::as_str);
    same(HoldReason::ALL, HoldReason::as_str);
    same(&Outcome::ALL, Outcome::as_str);
    same(&QuarantineReason::ALL, QuarantineReason::as_str);
    let both = [TriggerStatus::Firing, TriggerStatus::Resolved];
    same(&both, TriggerStatus::as_str);
}
