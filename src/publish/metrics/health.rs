//! Families of the assessment: the score, and everything that made it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::families::{Families, NONE};
use crate::model::{Assessment, Finding, Forecast, Level, Verdict};

pub(super) fn write(assessment: &Assessment, f: &mut Families<'_>) -> fmt::Result {
    f.gauge(
        "warrener_health_score",
        "0-100: the weighted mean of the components, capped by the worst finding.",
        [(NONE, Some(u64::from(assessment.score)))],
    )?;
    f.gauge(
        "warrener_health_level",
        "1 for the level that holds, 0 for the others.",
        Level::ALL.map(|level| {
            (
                [("level", level.as_str())],
                Some(u64::from(level == assessment.level)),
            )
        }),
    )?;
    f.gauge(
        "warrener_health_mean",
        "0-100: the weighted mean of the components before the cap.",
        [(NONE, Some(u64::from(assessment.mean)))],
    )?;
    f.gauge(
        "warrener_health_cap",
        "What the worst finding lets the score be at most; 100 without one.",
        [(
            NONE,
            Some(
                assessment
                    .cap
                    .as_ref()
                    .map_or(100, |cap| u64::from(cap.at_most)),
            ),
        )],
    )?;
    let components = || assessment.components.iter();
    f.gauge(
        "warrener_health_component_score",
        "100 less the penalties of the component's findings, at least 0.",
        components().map(|c| {
            (
                [("component", c.component.as_str())],
                Some(u64::from(c.score)),
            )
        }),
    )?;
    f.gauge(
        "warrener_health_component_weight_ratio",
        "The component's share of the mean.",
        components().map(|c| ([("component", c.component.as_str())], Some(c.share))),
    )?;
    f.gauge(
        "warrener_health_component_penalty",
        "Points that findings took from the component, before the floor of 0.",
        components().map(|c| {
            let points: u32 = c.penalties.iter().map(|p| p.points).sum();
            ([("component", c.component.as_str())], Some(points))
        }),
    )?;
    f.gauge(
        "warrener_health_coverage",
        "1 for a probe whose newest reading succeeded and is not outdated, 0 for one that leaves \
         the score without its part of the world.",
        assessment
            .coverage
            .iter()
            .map(|c| ([("probe", c.probe.as_str())], Some(u64::from(c.available)))),
    )?;
    findings(&assessment.findings, f)?;
    verdicts(assessment, f)?;
    forecasts(&assessment.forecasts, f)
}

fn verdicts(assessment: &Assessment, f: &mut Families<'_>) -> fmt::Result {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let workers: BTreeSet<&str> = assessment.verdicts.iter().map(|v| &*v.worker).collect();
    for worker in workers {
        counts.extend(Verdict::LABELS.map(|verdict| ((worker, verdict), 0)));
    }
    for verdict in &assessment.verdicts {
        *counts
            .entry((&verdict.worker, verdict.verdict.as_str()))
            .or_default() += 1;
    }
    f.gauge(
        "warrener_worker_verdicts",
        "Processes of a kind by what they were judged to do, from what the broker and the \
         operating system say of each.",
        counts.into_iter().map(|((worker, verdict), count)| {
            ([("worker", worker), ("verdict", verdict)], Some(count))
        }),
    )
}

fn forecasts(forecasts: &[Forecast], f: &mut Families<'_>) -> fmt::Result {
    let samples = forecasts.iter().flat_map(|forecast| {
        let (earliest, latest) = forecast.seconds_between;
        let bounds = [
            ("earliest", earliest),
            ("likely", forecast.seconds),
            ("latest", latest),
        ];
        bounds.map(|(bound, seconds)| {
            let labels = [
                ("what", forecast.what.as_str().to_owned()),
                ("target", forecast.target.key()),
                ("bound", bound.to_owned()),
            ];
            (labels, seconds.is_finite().then_some(seconds))
        })
    });
    f.gauge(
        "warrener_forecast_exhaustion_seconds",
        "Seconds until something is used up or reaches its limit, if it goes on like this: the \
         likely time, and the bounds that hold it nine times in ten. Only what can be told with \
         some certainty is there.",
        samples,
    )
}

fn findings(findings: &[Finding], f: &mut Families<'_>) -> fmt::Result {
    let labels = |finding: &Finding| {
        [
            ("code", finding.code.as_str().to_owned()),
            ("target", finding.target.key()),
        ]
    };
    f.gauge(
        "warrener_findings",
        "How many findings are active, those that a cause explains included.",
        [(NONE, Some(findings.len() as u64))],
    )?;
    f.gauge(
        "warrener_finding",
        "1 for an active finding, with its severity and the finding that explains it, if any.",
        findings.iter().map(|finding| {
            let [code, target] = labels(finding);
            let severity = ("severity", finding.severity.as_str().to_owned());
            let cause = finding
                .cause
                .as_ref()
                .map(|c| c.code.as_str())
                .unwrap_or_default();
            (
                [code, target, severity, ("cause", cause.to_owned())],
                Some(1u64),
            )
        }),
    )?;
    f.gauge(
        "warrener_finding_since_timestamp_seconds",
        "Since when the finding is active without a break.",
        findings
            .iter()
            .map(|finding| (labels(finding), Some(finding.since.unix_seconds()))),
    )
}
