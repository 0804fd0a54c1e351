//! Prometheus text 0.0.4 out of OpenMetrics 1.0.
//!
//! One encoder writes the exposition; the older format is the same samples with other metadata:
//! a counter is named with its `_total`, `info` and `stateset` are gauges, `unknown` is `untyped`,
//! and there is neither `UNIT` nor `EOF`.

/// Rewrites the metadata of an OpenMetrics text whose `HELP` lines come before their `TYPE`.
pub(super) fn from_openmetrics(openmetrics: &str) -> String {
    let mut text = String::with_capacity(openmetrics.len());
    let mut help: Option<(&str, &str)> = None;
    for line in openmetrics.split_inclusive('\n') {
        let Some(metadata) = line.strip_prefix("# ") else {
            text.push_str(line);
            continue;
        };
        let metadata = metadata.trim_end_matches('\n');
        if let Some(rest) = metadata.strip_prefix("HELP ") {
            help = rest.split_once(' ').or(Some((rest, "")));
        } else if let Some((name, kind)) = metadata
            .strip_prefix("TYPE ")
            .and_then(|r| r.split_once(' '))
        {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "stateset" => ("", "gauge"),
                "unknown" => ("", "untyped"),
                other => ("", other),
            };
            if let Some((helped, words)) = help.take()
                && helped == name
            {
                text.extend(["# HELP ", name, suffix, " ", words, "\n"]);
            }
            text.extend(["# TYPE ", name, suffix, " ", kind, "\n"]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::from_openmetrics;

    #[test]
    fn metadata_is_rewritten_and_samples_are_kept() {
        let openmetrics = "\
# HELP a Things.
# TYPE a counter
a_total{q=\"# HELP\"} 1
# HELP b_seconds Time.
# TYPE b_seconds gauge
# UNIT b_seconds seconds
b_seconds 0.5
# HELP c Build.
# TYPE c info
c_info{v=\"1\"} 1
# HELP d What.
# TYPE d unknown
d 2
# EOF
";
        let text = "\
# HELP a_total Things.
# TYPE a_total counter
a_total{q=\"# HELP\"} 1
# HELP b_seconds Time.
# TYPE b_seconds gauge
b_seconds 0.5
# HELP c_info Build.
# TYPE c_info gauge
c_info{v=\"1\"} 1
# HELP d What.
# TYPE d untyped
d 2
";
        assert_eq!(from_openmetrics(openmetrics), text);
    }
}
