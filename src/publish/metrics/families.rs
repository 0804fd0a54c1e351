//! Writing families straight from facts: a family without a sample is not written at all, and a
//! missing value is a missing sample.

use std::fmt::{self, Debug};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

/// The type of no labels.
type NoLabels = [(&'static str, &'static str); 0];

/// No labels.
pub(super) const NONE: NoLabels = [];

/// Whether a label set can't hold any label; it is written without braces then.
const fn is_none<L>() -> bool {
    size_of::<L>() == 0
}

/// A family of whole numbers about each `T`: name, help, reading.
pub(super) type Reading<T> = (&'static str, &'static str, fn(&T) -> Option<u64>);

/// Encodes what `write` writes as OpenMetrics text, without the end mark.
pub(super) fn encode<F>(write: F) -> String
where
    F: Fn(&mut Families<'_>) -> fmt::Result + Send + Sync + 'static,
{
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Written(write)));
    encode_registry(&registry)
}

/// Encodes a registry as OpenMetrics text, without the end mark.
pub(super) fn encode_registry(registry: &Registry) -> String {
    let mut out = String::new();
    // Writing to a String can't fail, and no collector of ours makes an error of its own.
    if text::encode_registry(&mut out, registry).is_err() {
        tracing::error!("a family could not be encoded and was left out");
    }
    out
}

struct Written<F>(F);

impl<F> Debug for Written<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Written")
    }
}

impl<F> Collector for Written<F>
where
    F: Fn(&mut Families<'_>) -> fmt::Result + Send + Sync + 'static,
{
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        (self.0)(&mut Families(encoder))
    }
}

/// Where families are written to.
pub(super) struct Families<'a>(DescriptorEncoder<'a>);

impl Families<'_> {
    /// A gauge family. The unit is read off the name's ending.
    pub(super) fn gauge<L, V>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (L, Option<V>)>,
    ) -> fmt::Result
    where
        L: EncodeLabelSet,
        V: EncodeGaugeValue,
    {
        let mut samples = present(samples).peekable();
        if samples.peek().is_none() {
            return Ok(());
        }
        let (stem, unit) = unit_of(name);
        let mut family = self
            .0
            .encode_descriptor(stem, help, unit.as_ref(), MetricType::Gauge)?;
        samples.try_for_each(|(labels, value)| {
            if is_none::<L>() {
                family.encode_gauge(&value)
            } else {
                family.encode_family(&labels)?.encode_gauge(&value)
            }
        })
    }

    /// A counter family; `name` is without its `_total`.
    pub(super) fn counter<L, V>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (L, Option<V>)>,
    ) -> fmt::Result
    where
        L: EncodeLabelSet,
        V: EncodeCounterValue,
    {
        let mut samples = present(samples).peekable();
        if samples.peek().is_none() {
            return Ok(());
        }
        let (stem, unit) = unit_of(name);
        let mut family =
            self.0
                .encode_descriptor(stem, help, unit.as_ref(), MetricType::Counter)?;
        samples.try_for_each(|(labels, value)| {
            if is_none::<L>() {
                family.encode_counter::<NoLabels, V, u64>(&value, None)
            } else {
                let mut sample = family.encode_family(&labels)?;
                sample.encode_counter::<NoLabels, V, u64>(&value, None)
            }
        })
    }

    /// A histogram family over values that are kept; `buckets` are its upper bounds, rising.
    pub(super) fn histogram<'v, L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        buckets: &[f64],
        samples: impl IntoIterator<Item = (L, &'v [f64])>,
    ) -> fmt::Result {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return Ok(());
        }
        let (stem, unit) = unit_of(name);
        let mut family =
            self.0
                .encode_descriptor(stem, help, unit.as_ref(), MetricType::Histogram)?;
        samples.try_for_each(|(labels, values)| {
            let counts = bucketed(values, buckets);
            let (sum, all) = (values.iter().sum(), values.len() as u64);
            let mut sample = family.encode_family(&labels)?;
            sample.encode_histogram::<NoLabels>(sum, all, &counts, None)
        })
    }
}

/// How many values each bucket holds, those of the buckets below it not counted; the last one has
/// no bound.
fn bucketed(values: &[f64], bounds: &[f64]) -> Vec<(f64, u64)> {
    let bounds = bounds.iter().copied().chain([f64::INFINITY]);
    let mut buckets: Vec<(f64, u64)> = bounds.map(|bound| (bound, 0)).collect();
    for value in values {
        if let Some((_, count)) = buckets.iter_mut().find(|(bound, _)| value <= bound) {
            *count += 1;
        }
    }
    buckets
}

fn present<L, V>(
    samples: impl IntoIterator<Item = (L, Option<V>)>,
) -> impl Iterator<Item = (L, V)> {
    samples
        .into_iter()
        .filter_map(|(labels, value)| Some((labels, value?)))
}

/// Splits the base unit off a family's name, as OpenMetrics declares it.
fn unit_of(name: &str) -> (&str, Option<Unit>) {
    if let Some(stem) = name.strip_suffix("_bytes") {
        (stem, Some(Unit::Bytes))
    } else if let Some(stem) = name.strip_suffix("_seconds") {
        (stem, Some(Unit::Seconds))
    } else {
        (name, None)
    }
}
