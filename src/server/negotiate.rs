//! Which format and coding a scraper wants, by its `Accept` and `Accept-Encoding`.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, ACCEPT_ENCODING};

use crate::publish::{Encoding, Format};

/// The format with the higher quality; the older text when both are equal or none is named.
pub(super) fn format(headers: &HeaderMap) -> Format {
    let mut openmetrics: f32 = 0.0;
    let mut text: f32 = 0.0;
    for (media, quality) in list(headers, &ACCEPT) {
        match media.as_str() {
            "application/openmetrics-text" => openmetrics = openmetrics.max(quality),
            "text/plain" | "text/*" => text = text.max(quality),
            _ => {}
        }
    }
    if openmetrics > text {
        Format::OpenMetrics
    } else {
        Format::Text
    }
}

/// Gzip where it is named and not refused.
pub(super) fn encoding(headers: &HeaderMap) -> Encoding {
    let accepted =
        list(headers, &ACCEPT_ENCODING).any(|(coding, quality)| coding == "gzip" && quality > 0.0);
    if accepted {
        Encoding::Gzip
    } else {
        Encoding::Identity
    }
}

/// The elements of a header's list, lower case, with their quality. An element of an OpenMetrics
/// version that is not ours is left out.
fn list<'a>(
    headers: &'a HeaderMap,
    name: &axum::http::HeaderName,
) -> impl Iterator<Item = (String, f32)> + 'a {
    let values = headers
        .get_all(name)
        .into_iter()
        .filter_map(|v| v.to_str().ok());
    values.flat_map(|v| v.split(',')).filter_map(|element| {
        let mut parts = element.split(';').map(|p| p.trim().to_ascii_lowercase());
        let name = parts.next().filter(|n| !n.is_empty())?;
        let mut quality = 1.0;
        for parameter in parts {
            match parameter.split_once('=') {
                Some(("q", q)) => quality = q.parse().unwrap_or(0.0),
                Some(("version", v)) if name.ends_with("openmetrics-text") && v != "1.0.0" => {
                    return None;
                }
                _ => {}
            }
        }
        Some((name, quality))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: axum::http::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn format_follows_accept() {
        let openmetrics = [
            "application/openmetrics-text; version=1.0.0",
            // Prometheus 2.42
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            // Prometheus 3
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
        ];
        for accept in openmetrics {
            assert_eq!(
                format(&headers(ACCEPT, accept)),
                Format::OpenMetrics,
                "{accept}"
            );
        }
        let text = [
            "*/*",
            "text/html,application/xhtml+xml,*/*;q=0.8",
            "text/plain;version=0.0.4;q=0.9,application/openmetrics-text;version=1.0.0;q=0.5",
            "application/openmetrics-text;version=0.0.1",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;q=nonsense",
            ";;,;q=",
        ];
        for accept in text {
            assert_eq!(format(&headers(ACCEPT, accept)), Format::Text, "{accept}");
        }
        assert_eq!(format(&HeaderMap::new()), Format::Text);
    }

    #[test]
    fn gzip_only_where_accepted() {
        assert_eq!(
            encoding(&headers(ACCEPT_ENCODING, "deflate, gzip;q=0.5")),
            Encoding::Gzip
        );
        assert_eq!(
            encoding(&headers(ACCEPT_ENCODING, "gzip;q=0")),
            Encoding::Identity
        );
        assert_eq!(
            encoding(&headers(ACCEPT_ENCODING, "br")),
            Encoding::Identity
        );
        assert_eq!(encoding(&HeaderMap::new()), Encoding::Identity);
    }
}
