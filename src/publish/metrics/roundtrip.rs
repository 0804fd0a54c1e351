//! Families of the `roundtrip` section, and the histogram that adds up over its successes.

use std::fmt;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::families::{Families, NONE};
use crate::model::Failure;
use crate::model::facts::{Phase, RoundtripFacts};

pub(super) fn write(facts: &RoundtripFacts, f: &mut Families<'_>) -> fmt::Result {
    f.gauge(
        "warrener_roundtrip_seconds",
        "Time of the newest round trip of one message, from connecting to closing.",
        [(NONE, Some(facts.total().as_secs_f64()))],
    )?;
    f.gauge(
        "warrener_roundtrip_login_fallback",
        "1 when the newest round trip used the login that last worked, because the configured one \
         has no value or is refused.",
        [(NONE, Some(u64::from(facts.fallback_login)))],
    )?;
    f.gauge(
        "warrener_roundtrip_configured_login_failure",
        "1 with the reason why the configured login is not used, while the one that last worked \
         stands in for it.",
        login_failure(&facts.configured_failure),
    )
}

/// The sample of a configured login that failed, none where it did not.
pub(super) fn login_failure(
    failure: &Option<Failure>,
) -> impl Iterator<Item = ([(&'static str, &'static str); 1], Option<u64>)> {
    let reason = failure.iter().map(|failure| failure.reason.as_str());
    reason.map(|reason| ([("reason", reason)], Some(1)))
}

/// The label of a phase.
type Labels = [(&'static str, &'static str); 1];

/// Times of every phase since warrener started.
#[derive(Debug)]
pub(super) struct PhaseTimes {
    registry: Registry,
    phases: Family<Labels, Histogram>,
}

impl Default for PhaseTimes {
    fn default() -> Self {
        // From a busy loopback to a deadline: 0.5 ms to 10 s.
        let phases = Family::<Labels, Histogram>::new_with_constructor(|| {
            Histogram::new([
                0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
                10.0,
            ])
        });
        for phase in Phase::ALL {
            drop(phases.get_or_create(&[("phase", phase.as_str())]));
        }
        let mut registry = Registry::default();
        registry.register_with_unit(
            "warrener_roundtrip_phase",
            "Time of each phase of the round trips that succeeded",
            Unit::Seconds,
            phases.clone(),
        );
        PhaseTimes { registry, phases }
    }
}

impl PhaseTimes {
    pub(super) fn observe(&self, facts: &RoundtripFacts) {
        for (phase, time) in &facts.phases {
            self.phases
                .get_or_create(&[("phase", phase.as_str())])
                .observe(time.as_secs_f64());
        }
    }

    pub(super) fn encode(&self) -> String {
        super::families::encode_registry(&self.registry)
    }
}
