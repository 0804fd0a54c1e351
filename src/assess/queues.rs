//! The queues: nobody there, nothing moves, too many, too slow, again and again.
//!
//! Judged are the queues that the configuration names (pinned, or a worker's), and for `QueueStuck`
//! every queue where this agent reports on all of them.

use std::time::Duration;

use super::queue_history::{QueueHistory, RATES};
use super::{AssessConfig, Case, Draft, Judged, QueueLimits, words};
use crate::model::facts::QueueFacts;
use crate::model::{Code, Evidence, Forecasted, ProbeName, Severity, Target};

/// A minor finding becomes major at so many times its limit.
const MAJOR_AT: f64 = 5.0;
/// A limit once passed is kept to until the value is this share of it.
const CLOSES_AT: f64 = 0.9;
/// A queue grows to its limit within so long, or it is no finding yet.
const GROWS_WITHIN: f64 = 1800.0;
/// Without a worker of ours nothing says how long a message may take.
const NO_ACK_FOR: Duration = Duration::from_secs(120);
/// Redeliveries within five minutes that count, when they were seen in so many minutes of these:
/// a restart redelivers once, a poisonous message again and again.
const REDELIVERIES: u64 = 20;
const REDELIVERY_MINUTES: usize = 3;

/// Whether someone expects something of it.
pub(super) fn is_named(queue: &QueueFacts, config: &AssessConfig) -> bool {
    queue.pinned
        || config.pinned(&queue.vhost, &queue.name).is_some()
        || config.workers_of(&queue.name).next().is_some()
}

/// A part of its name says that it takes dead letters.
pub(super) fn is_dead_letter(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut parts = name.split(|c: char| !c.is_ascii_alphanumeric());
    parts.any(|part| matches!(part, "dlq" | "dlx" | "dead" | "deadletter" | "deadletters"))
}

pub(super) fn judge(case: Case<'_>, out: &mut Judged) {
    let Some(facts) = case.snapshot.queues.facts() else {
        return;
    };
    for queue in &facts.queues {
        let key = (queue.vhost.clone(), queue.name.clone());
        let Some(history) = case.history.queues.get(&key) else {
            continue;
        };
        let target = Target::Queue {
            vhost: key.0,
            name: key.1,
        };
        let one = One {
            case,
            queue,
            history,
            target,
        };
        if is_named(queue, case.config) {
            let none = QueueLimits::default();
            let limits = case
                .config
                .pinned(&queue.vhost, &queue.name)
                .unwrap_or(&none);
            one.consumers(limits, out);
            one.backlog(limits, out);
            one.growing(limits, out);
            one.slow(limits, out);
            one.redelivering(out);
        }
        one.stuck(out);
        if is_dead_letter(&queue.name) {
            one.dead_letters(out);
        }
    }
}

struct One<'a> {
    case: Case<'a>,
    queue: &'a QueueFacts,
    history: &'a QueueHistory,
    target: Target,
}

impl One<'_> {
    fn draft(&self, code: Code, severity: Severity, summary: String) -> Draft {
        Draft::new(
            code,
            self.target.clone(),
            severity,
            ProbeName::Queues,
            summary,
        )
    }

    fn blind(&self, code: Code, out: &mut Judged) {
        out.blind(&[code], &self.target);
    }

    /// Minor from the limit, major from five times the limit; `over` is value by limit. Once open
    /// it stays so until the value is a good way back.
    fn graded(&self, code: Code, over: f64) -> Option<Severity> {
        let active = self.case.is_active(code, &self.target);
        let slack = if active { CLOSES_AT } else { 1.0 };
        if over > MAJOR_AT {
            Some(Severity::Major)
        } else {
            (over > slack).then_some(Severity::Minor)
        }
    }

    /// None is major. Some, but fewer than `min_consumers`, is minor: the work goes on. Without
    /// `min_consumers` an empty queue needs no consumer.
    fn consumers(&self, limits: &QueueLimits, out: &mut Judged) {
        let QueueFacts {
            exists,
            consumers,
            ready,
            name,
            ..
        } = self.queue;
        let least = limits.min_consumers.map(u64::from);
        let code = Code::QueueWithoutConsumers;
        if *exists == Some(false) {
            let of_worker = self.case.config.workers_of(name).next().is_some();
            if least.map_or(of_worker, |least| least > 0) {
                let draft = self.draft(code, Severity::Major, format!("{name} does not exist"));
                out.see(
                    draft
                        .after(2)
                        .with(Evidence::against("queue", "missing", "there")),
                );
            }
            return;
        }
        let Some(consumers) = consumers else {
            return self.blind(code, out);
        };
        match (least, ready) {
            (None, None) => return self.blind(code, out),
            (None, Some(0)) => return,
            _ => {}
        }
        let needed = least.unwrap_or(1);
        if *consumers >= needed {
            return;
        }
        let (severity, summary) = match consumers {
            0 => (Severity::Major, format!("{name} has no consumer")),
            n => (
                Severity::Minor,
                format!("{name} has {n} of {needed} consumers"),
            ),
        };
        let needed = format!("at least {needed}");
        let seen = Evidence::against("consumers", consumers.to_string(), needed);
        let mut draft = self.draft(code, severity, summary).after(2).with(seen);
        draft.evidence.extend(self.ready());
        out.see(draft);
    }

    fn ready(&self) -> Option<Evidence> {
        let ready = self.queue.ready?;
        Some(Evidence::seen("messages ready", words::count(ready)))
    }

    /// Messages wait, consumers are there, and nothing was acknowledged in two windows.
    fn stuck(&self, out: &mut Judged) {
        let (Some(ready), Some(_), Some(_)) =
            (self.queue.ready, self.queue.acked, self.queue.consumers)
        else {
            return self.blind(Code::QueueStuck, out);
        };
        let workers = self.case.config.workers_of(&self.queue.name);
        let processes = &self.case.history.processes;
        let configured = workers
            .map(|(name, w)| processes.limits(name, w).window)
            .max();
        let window = self
            .history
            .progress
            .window(configured.unwrap_or(NO_ACK_FOR));
        let without = self.history.progress.without(self.case.now);
        if ready == 0 || without < window * 2 {
            return;
        }
        let summary = format!(
            "{} waits with consumers, and nothing was acknowledged for {}",
            self.queue.name,
            words::time(without)
        );
        let mut draft = self.draft(Code::QueueStuck, Severity::Major, summary);
        draft.evidence.extend(self.ready());
        let expected = format!("at most {}", words::time(window * 2));
        let stretch = Evidence::against("no acknowledgement for", words::time(without), expected);
        out.see(draft.with(stretch));
    }

    fn backlog(&self, limits: &QueueLimits, out: &mut Judged) {
        let Some(most) = limits.max_ready else { return };
        let Some(ready) = self.queue.ready else {
            return self.blind(Code::QueueBacklog, out);
        };
        let over = words::float(ready) / words::float(most.max(1));
        if let Some(severity) = self.graded(Code::QueueBacklog, over) {
            let summary = format!(
                "{} messages wait in {}",
                words::count(ready),
                self.queue.name
            );
            let expected = format!("at most {}", words::count(most));
            let ready = Evidence::against("messages ready", words::count(ready), expected);
            out.see(
                self.draft(Code::QueueBacklog, severity, summary)
                    .after(2)
                    .with(ready),
            );
        }
    }

    fn growing(&self, limits: &QueueLimits, out: &mut Judged) {
        let Some(most) = limits.max_ready else { return };
        let Some(ready) = self.queue.ready else {
            return self.blind(Code::QueueGrowing, out);
        };
        let (ready, most) = (words::float(ready), words::float(most.max(1)));
        let Some(slope) = self.history.trend.slope().filter(|slope| slope.low > 0.0) else {
            return;
        };
        let what = Forecasted::QueueReady;
        let forecast = self
            .history
            .trend
            .forecast(what, self.target.clone(), ready, most);
        let within = forecast.as_ref().map(|f| f.seconds);
        if ready >= most || within.is_some_and(|seconds| seconds <= GROWS_WITHIN) {
            let severity = if ready > most * MAJOR_AT {
                Severity::Major
            } else {
                Severity::Minor
            };
            let summary = format!("{} grows", self.queue.name);
            let mut draft = self.draft(Code::QueueGrowing, severity, summary).after(2);
            draft.evidence.extend(self.ready());
            let rate = format!("{:.1} messages/s more", slope.likely);
            draft.evidence.push(Evidence::seen("trend", rate));
            if let Some(seconds) = within {
                let seconds = words::time(Duration::from_secs_f64(seconds));
                draft
                    .evidence
                    .push(Evidence::seen("at its limit in", seconds));
            }
            out.see(draft);
        }
        out.forecasts.extend(forecast);
    }

    /// Below the least rate, or longer to drain than allowed; the worse of both.
    fn slow(&self, limits: &QueueLimits, out: &mut Judged) {
        let QueueLimits {
            max_drain,
            min_ack_rate,
            ..
        } = limits;
        if max_drain.is_none() && min_ack_rate.is_none() {
            return;
        }
        let (Some(ready), Some(_)) = (self.queue.ready, self.queue.acked) else {
            return self.blind(Code::QueueSlow, out);
        };
        // Long enough to expect a few acknowledgements.
        let slowest = min_ack_rate.filter(|rate| *rate > 0.0).unwrap_or(1.0);
        let window =
            Duration::from_secs_f64((5.0 / slowest).clamp(60.0, RATES.as_secs_f64() - 30.0));
        let Some(rate) = self.history.ack_rate(window) else {
            return;
        };
        let below = min_ack_rate
            .filter(|least| *least > 0.0)
            .map(|least| least / rate);
        let drain = words::float(ready) / rate;
        let too_long = max_drain.map(|most| drain / most.as_secs_f64());
        let over = below.unwrap_or(0.0).max(too_long.unwrap_or(0.0));
        let Some(severity) = self.graded(Code::QueueSlow, over) else {
            return;
        };
        let summary = format!("{} is worked off too slowly", self.queue.name);
        let mut draft = self.draft(Code::QueueSlow, severity, summary).after(2);
        let seen = format!("{rate:.2}/s");
        draft.evidence.push(match min_ack_rate {
            Some(least) => {
                Evidence::against("acknowledgements", seen, format!("at least {least}/s"))
            }
            None => Evidence::seen("acknowledgements", seen),
        });
        if let Some(most) = max_drain {
            let drain = if drain < 1e9 {
                words::time(Duration::from_secs_f64(drain))
            } else {
                "never".into()
            };
            let expected = format!("at most {}", words::time(*most));
            draft
                .evidence
                .push(Evidence::against("time to drain", drain, expected));
        }
        out.see(draft);
    }

    fn redelivering(&self, out: &mut Judged) {
        if self.queue.redelivered.is_none() {
            return self.blind(Code::QueueRedelivering, out);
        }
        let Some((redelivered, acked, minutes)) = self.history.redeliveries() else {
            return;
        };
        let active = self.case.is_active(Code::QueueRedelivering, &self.target);
        let (least, spread) = if active {
            (REDELIVERIES / 2, 1)
        } else {
            (REDELIVERIES, REDELIVERY_MINUTES)
        };
        let most_of_it = acked.is_none_or(|acked| redelivered * 2 > acked);
        if redelivered < least || minutes < spread || !most_of_it {
            return;
        }
        let summary = format!(
            "messages of {} are delivered again and again",
            self.queue.name
        );
        let mut draft = self.draft(Code::QueueRedelivering, Severity::Minor, summary);
        let what = "redeliveries in 5 min";
        let expected = format!("less than {REDELIVERIES}");
        draft
            .evidence
            .push(Evidence::against(what, words::count(redelivered), expected));
        if let Some(acked) = acked {
            draft.evidence.push(Evidence::seen(
                "acknowledged meanwhile",
                words::count(acked),
            ));
        }
        out.see(draft);
    }

    fn dead_letters(&self, out: &mut Judged) {
        let Some(ready) = self.queue.ready else {
            return self.blind(Code::DeadLettersArriving, out);
        };
        if let Some(arrived) = self.history.arrived().filter(|n| *n > 0) {
            let summary = format!("dead letters arrive in {}", self.queue.name);
            let arrived = Evidence::against("arrived in 5 min", words::count(arrived), "none");
            let draft = self.draft(Code::DeadLettersArriving, Severity::Minor, summary);
            let ready = Evidence::seen("messages ready", words::count(ready));
            out.see(draft.with(arrived).with(ready));
        }
    }
}
