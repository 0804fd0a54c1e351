//! Latencies counted in buckets: a bounded size whatever their number, each told within 1.6 %.

use std::time::Duration;

/// Buckets that an octave is parted into.
const PARTS: u64 = 64;

/// Latencies in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    longest: Duration,
}

impl Histogram {
    /// Counts one.
    pub fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        let at = bucket(micros);
        if self.buckets.len() <= at {
            self.buckets.resize(at + 1, 0);
        }
        self.buckets[at] += 1;
        self.count += 1;
        self.longest = self.longest.max(latency);
    }

    /// Counts those of another.
    pub fn add(&mut self, other: &Histogram) {
        if self.buckets.len() < other.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        for (own, others) in self.buckets.iter_mut().zip(&other.buckets) {
            *own += others;
        }
        self.count += other.count;
        self.longest = self.longest.max(other.longest);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The longest; `None` without any.
    pub fn longest(&self) -> Option<Duration> {
        (self.count > 0).then_some(self.longest)
    }

    /// The latency that so many of a thousand do not exceed; `None` without any.
    pub fn per_mille(&self, per_mille: u64) -> Option<Duration> {
        let wanted = (self.count * per_mille).div_ceil(1000).max(1);
        let mut seen = 0;
        for (at, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Some(Duration::from_micros(upper(at)).min(self.longest));
            }
        }
        None
    }
}

fn bucket(micros: u64) -> usize {
    let octave = (64 - micros.leading_zeros()).saturating_sub(PARTS.ilog2() + 1);
    let at = u64::from(octave) * PARTS + (micros >> octave);
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// The longest latency in a bucket, in microseconds.
fn upper(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let octave = (bucket / PARTS).saturating_sub(1);
    ((bucket - octave * PARTS) << octave) | ((1 << octave) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sorted_latencies() {
        let mut histogram = Histogram::default();
        assert_eq!(
            (histogram.per_mille(500), histogram.longest()),
            (None, None)
        );
        let mut all: Vec<u64> = (1..=10_000).map(|n: u64| n * n % 1_000_003).collect();
        for micros in &all {
            histogram.record(Duration::from_micros(*micros));
        }
        all.sort_unstable();
        for per_mille in [1, 500, 900, 990, 999, 1000] {
            let exact = all[(all.len() * per_mille).div_ceil(1000) - 1];
            let told = histogram.per_mille(per_mille as u64).unwrap().as_micros() as u64;
            assert!(
                told >= exact && told as f64 <= exact as f64 * 1.016 + 1.0,
                "{exact} {told}"
            );
        }
        assert_eq!(
            histogram.longest().unwrap().as_micros() as u64,
            *all.last().unwrap()
        );
    }

    #[test]
    fn buckets_follow_each_other_and_two_histograms_make_one() {
        for micros in (0..70_000).chain([u64::MAX / 2, u64::MAX - 1]) {
            assert!(upper(bucket(micros)) >= micros, "{micros}");
            assert!(bucket(micros + 1) - bucket(micros) <= 1, "{micros}");
        }
        let (mut a, mut b) = (Histogram::default(), Histogram::default());
        a.record(Duration::from_micros(10));
        b.record(Duration::from_millis(10));
        a.add(&b);
        assert_eq!(
            (a.count(), a.longest()),
            (2, Some(Duration::from_millis(10)))
        );
    }
}
