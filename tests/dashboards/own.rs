//! warrener itself: is it there, is what it says fresh, and what does it cost?

use serde_json::Value;

use crate::board::Board;
use crate::panel::Panel;
use crate::words::{CAUTION, CRITICAL, NORMAL, PLAIN, UP, narrow};

pub(crate) fn build() -> (&'static str, Value) {
    Board::new(
        "warrener-self",
        "Is warrener there, is what it says fresh, and what does it cost?",
    )
    .row("", now())
    .row("Probes", probes())
    .row("What the sources can tell", sources())
    .row("Scrapes and requests", requests())
    .row("Cost", cost())
    .build()
}

fn now() -> [Panel; 6] {
    [
        Panel::number("Up", "Does each instance answer Prometheus?")
            .query("min by (instance) (up{@})", "{{instance}}")
            .words(&UP)
            .option("textMode", "value_and_name")
            .size(5, 5),
        Panel::number(
            "Probes failing",
            "Is there something that it can't read right now?",
        )
        .query("sum(warrener_probe_success{@} == bool 0)", "failing")
        .thresholds(&[(None, NORMAL), (Some(1.0), CAUTION)])
        .size(4, 5),
        Panel::number(
            "Oldest data",
            "How old is the oldest part of what the dashboards show, in intervals of its probe? \
             Up to about 1 is as it should be; at 3 a finding follows.",
        )
        .query(
            "max(warrener_probe_data_age_seconds{@} / warrener_probe_interval_seconds{@})",
            "intervals",
        )
        .decimals(1)
        .thresholds(&[(None, NORMAL), (Some(2.0), CAUTION), (Some(4.0), CRITICAL)])
        .size(4, 5),
        Panel::number(
            "Slowest scrape",
            "Does Prometheus have to wait for warrener?",
        )
        .query("max(scrape_duration_seconds{@})", "scrape")
        .unit("s")
        .thresholds(&[(None, NORMAL), (Some(1.0), CAUTION), (Some(5.0), CRITICAL)])
        .size(4, 5),
        Panel::number("Version", "Which version runs where?")
            .query("max by (version) (warrener_build_info{@})", "{{version}}")
            .option("textMode", "name")
            .option("colorMode", "value")
            .thresholds(&[(None, PLAIN)])
            .size(3, 5),
        Panel::number(
            "Running for",
            "Was warrener restarted lately? The one that was started last.",
        )
        .query("min(time() - process_start_time_seconds{@})", "uptime")
        .unit("s")
        .option("colorMode", "value")
        .thresholds(&[(None, PLAIN)])
        .size(4, 5),
    ]
}

const EACH: &str = "{{probe}}  {{instance}}";

fn probes() -> [Panel; 6] {
    [
        Panel::states("Probe success", "Which probe failed, and when?")
            .query("min by (instance, probe) (warrener_probe_success{@})", EACH)
            .words(&[(0, "failed", CRITICAL), (1, "read", NORMAL)])
            .option("showValue", "never")
            .size(12, 8),
        Panel::table(
            "Why probes fail",
            "What is the reason of each failure right now?",
        )
        .query(
            "max by (instance, probe, reason) (warrener_probe_failure{@})",
            "",
        )
        .columns(&[
            ("probe", "Probe"),
            ("reason", "Reason"),
            ("instance", "Host"),
        ])
        .no_value("No probe fails.")
        .size(6, 8),
        Panel::lines(
            "Failed readings",
            "Does a probe fail now and then without anybody noticing?",
        )
        .query(
            "sum by (instance, probe) (rate(warrener_probe_failures_total{@}[$__rate_interval]))",
            EACH,
        )
        .unit("cps")
        .at_least(1.0)
        .size(6, 8),
        Panel::lines(
            "Age of the data",
            "How old is what each probe last read? A saw up to its interval is as it should be.",
        )
        .query(
            "max by (instance, probe) (warrener_probe_data_age_seconds{@})",
            EACH,
        )
        .unit("s")
        .size(8, 8),
        Panel::lines(
            "How long a reading takes",
            "Which probe is slow, and does the world get slower?",
        )
        .query(
            "max by (instance, probe) (warrener_probe_duration_seconds{@})",
            EACH,
        )
        .unit("s")
        .size(8, 8),
        Panel::lines(
            "Interval in force",
            "Did a costly probe slow itself down, so that its data is older than configured?",
        )
        .query(
            "max by (instance, probe) (warrener_probe_interval_seconds{@})",
            EACH,
        )
        .unit("s")
        .size(8, 8),
    ]
}

fn sources() -> [Panel; 3] {
    [
        Panel::table(
            "Sources in use",
            "Where do broker and queues get read from?",
        )
        .query(
            "max by (instance, source) (warrener_broker_source{@} == 1)",
            "",
        )
        .query(
            "max by (instance, source) (warrener_queues_source{@} == 1)",
            "",
        )
        .columns(&[
            ("instance", "Host"),
            ("source", "Source"),
            ("Value #A", "Nodes"),
            ("Value #B", "Queues"),
        ])
        .words(&[(1, "read from it", NORMAL)])
        .size(8, 6),
        Panel::table(
            "What they can't tell",
            "Which panels stay empty because the source has no such figure?",
        )
        .query(
            "max by (instance, capability) (warrener_broker_capability{@} == 0)",
            "",
        )
        .query(
            "max by (instance, capability) (warrener_queues_capability{@} == 0)",
            "",
        )
        .columns(&[
            ("instance", "Host"),
            ("capability", "Figure"),
            ("Value #A", "Of nodes"),
            ("Value #B", "Of queues"),
        ])
        .words(&[(0, "not told", CAUTION)])
        .column("Host", narrow(110))
        .column("Of nodes", narrow(90))
        .column("Of queues", narrow(95))
        .no_value("They tell everything.")
        .size(8, 6),
        Panel::lines(
            "Lines lost",
            "Did the broker say something that could not be read?",
        )
        .query(
            "max by (instance) (warrener_broker_lines_lost{@})",
            "nodes  {{instance}}",
        )
        .query(
            "max by (instance) (warrener_queues_lines_lost{@})",
            "queues  {{instance}}",
        )
        .decimals(0)
        .at_least(1.0)
        .size(8, 6),
    ]
}

fn requests() -> [Panel; 3] {
    [
        Panel::lines(
            "Scrape duration",
            "How long does Prometheus wait for an answer?",
        )
        .query(
            "max by (instance) (scrape_duration_seconds{@})",
            "{{instance}}",
        )
        .unit("s")
        .size(8, 7),
        Panel::lines(
            "Samples in a scrape",
            "How large is the exposition, and does it grow?",
        )
        .query(
            "max by (instance) (scrape_samples_scraped{@})",
            "{{instance}}",
        )
        .unit("short")
        .size(8, 7),
        Panel::lines("Requests answered", "Who asks, and are requests refused?")
            .query(
                "sum by (route, code) (rate(warrener_http_requests_total{@}[$__rate_interval]))",
                "{{code}}  {{route}}",
            )
            .unit("reqps")
            .size(8, 7),
    ]
}

fn cost() -> [Panel; 3] {
    [
        Panel::lines(
            "Memory of warrener",
            "What does it cost, and does it grow? The target is 20 MiB for a small fleet.",
        )
        .query(
            "max by (instance) (process_resident_memory_bytes{@})",
            "{{instance}}",
        )
        .unit("bytes")
        .size(8, 7),
        Panel::lines(
            "Processor use of warrener",
            "What does it cost? Share of one processor; the target is 0.5 %.",
        )
        .query(
            "max by (instance) (rate(process_cpu_seconds_total{@}[$__rate_interval]))",
            "{{instance}}",
        )
        .unit("percentunit")
        .size(8, 7),
        Panel::lines(
            "File descriptors of warrener",
            "Does it leak files or connections?",
        )
        .query("max by (instance) (process_open_fds{@})", "{{instance}}")
        .unit("short")
        .size(8, 7),
    ]
}
