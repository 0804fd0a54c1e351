//! The written forms.

use proptest::prelude::*;

use super::super::units::{Budget, ByteSize, Mode, Period, Ratio};

#[test]
fn durations() {
    for (text, millis) in [
        ("5s", 5_000),
        ("500ms", 500),
        ("10m", 600_000),
        ("26h", 93_600_000),
        ("14d", 1_209_600_000),
        ("1h30m", 5_400_000),
        ("1m1ms", 60_001),
        ("2w", 1_209_600_000),
    ] {
        assert_eq!(
            text.parse::<Period>().unwrap().get().as_millis(),
            millis,
            "{text}"
        );
    }
    for text in [
        "",
        "5",
        "s",
        "5 s",
        "1.5h",
        "-5s",
        "30m1h",
        "5s5s",
        "5S",
        "0s",
        "99999999999w",
    ] {
        assert!(text.parse::<Period>().is_err(), "{text}");
    }
}

#[test]
fn sizes() {
    for (text, bytes) in [
        ("500MiB", 500 << 20),
        ("1GB", 1_000_000_000),
        ("1 gib", 1 << 30),
        ("0", 0),
        ("12", 12),
        ("3kB", 3_000),
        ("7B", 7),
    ] {
        assert_eq!(text.parse::<ByteSize>().unwrap().bytes(), bytes, "{text}");
    }
    for text in ["", "MiB", "1.5MB", "-1", "1XB", "99999999999TiB"] {
        assert!(text.parse::<ByteSize>().is_err(), "{text}");
    }
}

#[test]
fn ratios_modes_and_budgets() {
    assert!(
        "0.10"
            .parse::<Ratio>()
            .is_ok_and(|ratio| ratio.get() == 0.1)
    );
    for text in ["", "1.1", "-0.1", "nan", "inf", "10%"] {
        assert!(text.parse::<Ratio>().is_err(), "{text}");
    }
    assert_eq!("0640".parse::<Mode>().unwrap().bits(), 0o640);
    assert_eq!("640".parse::<Mode>().unwrap().to_string(), "0640");
    for text in ["", "64", "0o640", "0680", "+640", "00640"] {
        assert!(text.parse::<Mode>().is_err(), "{text}");
    }
    let budget: Budget = "3 per 15m".parse().unwrap();
    assert_eq!((budget.count, budget.window), (3, Period::secs(900)));
    for text in ["", "3", "per 15m", "3 per", "0 per 1h", "3/15m"] {
        assert!(text.parse::<Budget>().is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_the_same(millis in 1u64..100_000_000_000, bytes: u64) {
        let period: Period = format!("{millis}ms").parse().unwrap();
        prop_assert_eq!(period.to_string().parse::<Period>().unwrap(), period);
        let size: ByteSize = bytes.to_string().parse().unwrap();
        prop_assert_eq!(size.to_string().parse::<ByteSize>().unwrap(), size);
    }

    #[test]
    fn no_text_panics(text: String) {
        drop((text.parse::<Period>(), text.parse::<ByteSize>(), text.parse::<Ratio>()));
        drop((text.parse::<Mode>(), text.parse::<Budget>()));
        drop((text.parse::<super::super::Template>(), text.parse::<super::super::Cron>()));
        drop((text.parse::<super::super::UnitName>(), text.parse::<super::super::Condition>()));
    }
}
