//! The score: components, penalties, weighted mean, cap. Monotone: with the causes as they are,
//! one finding more or a worse one never raises it.

use super::limits::Weight;
use crate::model::{
    Cap, Code, Component, ComponentScore, Finding, Penalty, ProbeName, Severity, Target,
};

/// A score and what made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// 0-100.
    pub score: u8,
    /// Before the cap.
    pub mean: u8,
    /// What the score was capped by.
    pub cap: Option<Cap>,
    /// The parts.
    pub components: Vec<ComponentScore>,
}

/// The component that a finding counts against.
pub fn component(finding: &Finding) -> Component {
    match (finding.code, &finding.target) {
        (Code::ProbeFailing, Target::Probe { name }) => match name {
            ProbeName::Broker | ProbeName::Roundtrip => Component::Broker,
            ProbeName::Queues | ProbeName::Workers => Component::Workers,
            ProbeName::Host | ProbeName::Files => Component::Resources,
            ProbeName::Envfile => Component::Config,
        },
        (code, _) => code.component(),
    }
}

/// The score of `findings`, in which symptoms are joined to their causes. A finding of a component
/// without weight takes no points, but caps.
pub fn score(findings: &[Finding], weights: &[Weight]) -> Scored {
    let counting = |w: &&Weight| w.configured && w.weight > 0;
    let total: u32 = weights.iter().filter(counting).map(|w| w.weight).sum();
    let mut sum = 0u64;
    let mut components = Vec::new();
    for weight in weights {
        let penalties = penalties(findings, weight.component);
        let lost: u32 = penalties.iter().map(|p| p.points).sum();
        let score = u8::try_from(100u32.saturating_sub(lost)).unwrap_or(0);
        let counts = counting(&weight);
        if counts {
            sum += u64::from(score) * u64::from(weight.weight);
        }
        if counts || !penalties.is_empty() {
            components.push(ComponentScore {
                component: weight.component,
                weight: weight.weight,
                share: if counts {
                    f64::from(weight.weight) / f64::from(total)
                } else {
                    0.0
                },
                score,
                penalties,
            });
        }
    }
    let mean = sum.checked_div(u64::from(total)).unwrap_or(100);
    let mean = u8::try_from(mean).unwrap_or(100);
    let worst = findings
        .iter()
        .reduce(|a, b| if b.severity > a.severity { b } else { a });
    let cap = worst
        .filter(|finding| finding.severity.cap() < mean)
        .map(|finding| Cap {
            at_most: finding.severity.cap(),
            finding: finding.key(),
        });
    let score = cap.as_ref().map_or(mean, |cap| cap.at_most);
    Scored {
        score,
        mean,
        cap,
        components,
    }
}

/// What takes points from a component. A symptom takes none: its cause does.
fn penalties(findings: &[Finding], of: Component) -> Vec<Penalty> {
    findings
        .iter()
        .filter(|f| component(f) == of && f.cause.is_none() && f.severity > Severity::Information)
        .map(|f| Penalty {
            finding: f.key(),
            severity: f.severity,
            points: f.severity.penalty(),
        })
        .collect()
}
