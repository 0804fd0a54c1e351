//! Which findings are forecasts, until when they are to come true, and by what.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{ForecastChange, Share};
use crate::model::{
    Assessment, Code, Finding, ForecastEnd, Forecasted, Past, PastForecast, Target, Timestamp,
};

/// A forecast whose own bound is not known is for so long.
const HORIZON: Duration = Duration::from_secs(86_400);
/// Who looks later than this after it was due did not see it in time.
const LOOKED: Duration = Duration::from_secs(600);

/// What a forecast warns of.
struct Warning {
    code: Code,
    /// Its own trend, where it has one.
    trend: Option<Forecasted>,
    /// What proves it, of the same target.
    proofs: &'static [Code],
    /// What proves it of the whole host.
    host: Option<Code>,
}

const WARNINGS: [Warning; 3] = [
    Warning {
        code: Code::DiskWillFill,
        trend: Some(Forecasted::DiskFree),
        proofs: &[Code::DiskLow],
        host: None,
    },
    Warning {
        code: Code::WorkerMemoryGrowing,
        trend: None,
        proofs: &[Code::WorkerDown, Code::WorkerMissing, Code::WorkerFlapping],
        host: Some(Code::MemoryLow),
    },
    Warning {
        code: Code::QueueGrowing,
        trend: Some(Forecasted::QueueReady),
        proofs: &[Code::QueueBacklog],
        host: None,
    },
];

/// What a forecast of this code is proven by, in words; `None`: it is none.
pub fn proof(code: Code) -> Option<String> {
    let warning = WARNINGS.iter().find(|warning| warning.code == code)?;
    let proofs = warning.proofs.iter().chain(&warning.host);
    let words: Vec<_> = proofs.map(|code| code.as_str()).collect();
    Some(words.join(" or "))
}

/// How often forecasts of one kind came true.
#[derive(Clone, Debug, PartialEq)]
pub struct HitRate {
    /// The finding.
    pub code: Code,
    /// Those that came true, of those that were decided with nothing done about them, or in spite of
    /// it.
    pub came_true: Share,
    /// Those that did not come after something was done: whether they would have can't be told.
    pub acted: u64,
    /// Those that were due while nobody looked.
    pub unseen: u64,
    /// Those that are not decided yet.
    pub open: u64,
}

impl HitRate {
    /// For people, in a sentence without a full stop.
    pub fn words(&self) -> String {
        let (code, proof) = (self.code, proof(self.code).unwrap_or_default());
        let rest = [
            (self.acted, "after something was done can't be told"),
            (self.unseen, "due while nobody looked"),
            (self.open, "not decided yet"),
        ];
        let rest = rest.iter().filter(|(n, _)| *n > 0);
        let rest: String = rest.map(|(n, what)| format!("; {n} {what}")).collect();
        format!(
            "{code}: came true {} (true is: {proof}, in time){rest}",
            self.came_true.words()
        )
    }
}

/// The hit rate of each kind that was told.
pub fn hit_rates(past: &Past) -> Vec<HitRate> {
    let mut kinds: BTreeMap<Code, HitRate> = BTreeMap::new();
    for forecast in &past.forecasts {
        let rate = kinds.entry(forecast.code).or_insert(HitRate {
            code: forecast.code,
            came_true: Share::default(),
            acted: 0,
            unseen: 0,
            open: 0,
        });
        match forecast.end.map(|(_, end)| end) {
            Some(ForecastEnd::CameTrue) => rate.came_true.count(true),
            Some(ForecastEnd::DidNot) => rate.came_true.count(false),
            Some(ForecastEnd::Acted) => rate.acted += 1,
            Some(ForecastEnd::Unseen) => rate.unseen += 1,
            None => rate.open += 1,
        }
    }
    kinds.into_values().collect()
}

/// What an assessment changes of the forecasts that are not decided.
pub fn follow(
    open: &[PastForecast],
    assessment: &Assessment,
    now: Timestamp,
) -> Vec<ForecastChange> {
    let mut changes = Vec::new();
    for forecast in open {
        let proven = is_proven(forecast, &assessment.findings);
        let end = match now <= forecast.due_at {
            true if proven => ForecastEnd::CameTrue,
            true => continue,
            false if now.since(forecast.due_at) > LOOKED => ForecastEnd::Unseen,
            false => ForecastEnd::DidNot,
        };
        changes.push(ForecastChange::Decided(forecast.id, end));
    }
    for finding in &assessment.findings {
        let Some(warning) = WARNINGS.iter().find(|w| w.code == finding.code) else {
            continue;
        };
        let same = |f: &PastForecast| f.code == finding.code && f.target == finding.target;
        if open.iter().any(same) || is_there(warning, &finding.target, &assessment.findings) {
            continue;
        }
        let trend = assessment
            .forecasts
            .iter()
            .find(|f| Some(f.what) == warning.trend && f.target == finding.target);
        let latest = trend.and_then(|f| Duration::try_from_secs_f64(f.seconds_between.1).ok());
        changes.push(ForecastChange::Made {
            code: finding.code,
            target: finding.target.clone(),
            due: now.after(latest.unwrap_or(HORIZON)),
        });
    }
    changes
}

fn is_proven(forecast: &PastForecast, findings: &[Finding]) -> bool {
    let warning = WARNINGS.iter().find(|w| w.code == forecast.code);
    warning.is_some_and(|warning| is_there(warning, &forecast.target, findings))
}

/// What it warns of is the case.
fn is_there(warning: &Warning, target: &Target, findings: &[Finding]) -> bool {
    findings.iter().any(|finding| {
        let same = finding.target == *target && warning.proofs.contains(&finding.code);
        same || Some(finding.code) == warning.host
    })
}
