//! How far a share that was seen can be trusted: Wilson's interval, true also for few runs.

/// The quantile of the normal distribution for 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// A share and what it lies between nineteen times in twenty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The share that was seen, 0 to 1.
    pub seen: f64,
    /// The lower end.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
}

/// The share of `successes` in `n`; `None` of nothing.
#[expect(clippy::cast_precision_loss, reason = "nobody counts 2^53 runs")]
pub fn wilson(successes: u64, n: u64) -> Option<Ratio> {
    if n == 0 {
        return None;
    }
    let (hits, n) = (successes.min(n) as f64, n as f64);
    let seen = hits / n;
    let z2 = Z * Z;
    let scale = 1.0 + z2 / n;
    let middle = (seen + z2 / (2.0 * n)) / scale;
    let half = Z / scale * (seen * (1.0 - seen) / n + z2 / (4.0 * n * n)).sqrt();
    Some(Ratio {
        seen,
        lower: (middle - half).clamp(0.0, seen),
        upper: (middle + half).clamp(seen, 1.0),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Against the figures of Newcombe (1998), table I, method 3, and the closed forms at the ends.
    #[test]
    fn known_intervals() {
        for (successes, n, lower, upper) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
            (29, 29, 0.8830, 1.0),
            (1, 1, 0.2065, 1.0),
        ] {
            let ratio = wilson(successes, n).unwrap();
            let off = (ratio.lower - lower).abs().max((ratio.upper - upper).abs());
            assert!(off < 0.000_06, "{successes} of {n}: {ratio:?}");
        }
    }

    #[test]
    fn of_nothing_there_is_no_share() {
        assert_eq!(wilson(0, 0), None);
    }

    proptest! {
        #[test]
        fn the_share_is_within_its_bounds_and_they_are_shares(n in 1u64.., part in 0.0..=1.0f64) {
            let successes = (n as f64 * part) as u64;
            let Ratio { seen, lower, upper } = wilson(successes, n).unwrap();
            prop_assert!(0.0 <= lower && lower <= seen && seen <= upper && upper <= 1.0);
        }

        #[test]
        fn more_runs_tell_more(n in 1u64..1000, part in 0.0..=1.0f64) {
            let width = |times: u64| {
                let ratio = wilson((n as f64 * part) as u64 * times, n * times).unwrap();
                ratio.upper - ratio.lower
            };
            prop_assert!(width(10) < width(1));
        }
    }
}
