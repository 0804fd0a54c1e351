//! On a machine that has no time for anybody, what gets no processor is not taken for what does nothing.

use std::time::{Instant, SystemTime};

use super::*;

const WINDOW: Duration = Duration::from_secs(10);

/// A process that holds messages and acknowledges none: a sample every two seconds, each with this
/// state, and this much of a core.
fn samples(states: &[ProcessState], share: f64, consumers: u64) -> Vec<Sample> {
    let began = Moment::new(Instant::now(), SystemTime::now());
    let broker = BrokerSample {
        channels: 1,
        consumers,
        acked: 5,
        delivered: 6,
        unacked: 1,
        ready: Some(3),
        full: true,
        bounded: true,
        auto: false,
        others_acked: 0,
        in_line: true,
        contradicted: false,
    };
    let states = states.iter().zip(0u32..);
    let sample = |(state, n): (&ProcessState, u32)| {
        let after = Duration::from_secs(2) * n;
        let at = began.after(after);
        Sample {
            at,
            state: Some(*state),
            cpu_time: Some(after.mul_f64(share)),
            switches: Some(0),
            broker_socket: Some(false),
            broker: Some(broker),
            asked: Some(at),
        }
    };
    states.map(sample).collect()
}

fn judged(samples: &[Sample]) -> Verdict {
    let limits = Limits {
        window: WINDOW,
        cpu_spin: 0.9,
        consumes: true,
    };
    verdict(samples, &limits)
}

#[test]
fn what_waits_for_a_processor_is_not_stalled() {
    use ProcessState::{Running, Sleeping};
    let mut states = [Sleeping; 12];
    assert_eq!(judged(&samples(&states, 0.0, 1)), Verdict::Stalled);
    states[7] = Running;
    let unsure = Verdict::Unknown(Unknown::Unclear);
    assert_eq!(judged(&samples(&states, 0.0, 1)), unsure);
    assert_eq!(judged(&samples(&[Running; 12], 0.001, 1)), unsure);
}

#[test]
fn samples_that_were_not_taken_are_no_evidence() {
    let all = samples(&[ProcessState::Sleeping; 12], 0.0, 1);
    // Two windows of time, and nobody looked in between.
    let late = [all[0].clone(), all[11].clone()];
    assert_eq!(judged(&late), Verdict::Unknown(Unknown::TooEarly));
}

#[test]
fn what_gets_no_processor_may_still_connect() {
    use ProcessState::{Running, Sleeping};
    let lost = |state, share| judged(&samples(&[state; 20], share, 0));
    assert_eq!(lost(Sleeping, 0.0), Verdict::Disconnected);
    // It does something else all the time.
    assert_eq!(lost(Running, 0.95), Verdict::Disconnected);
    assert_eq!(lost(Running, 0.1), Verdict::Unknown(Unknown::Unclear));
}
