//! What was asked for, by variables of the environment: `make demo FAULT=..` sets them.

use std::fmt::Write as _;
use std::time::Duration;

use crate::fault::Fault;

/// By which way a finding becomes a repair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Prometheus, Alertmanager, the webhook.
    Alertmanager,
    /// warrener's own findings.
    Reflex,
}

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// What to break; nothing: only show.
    pub(crate) fault: Option<Fault>,
    pub(crate) path: Way,
    /// How long to show; else until Ctrl-C.
    pub(crate) demo_for: Option<Duration>,
}

impl Options {
    /// From the environment; the error is for people.
    pub(crate) fn read() -> Result<Self, String> {
        Self::of(|name| std::env::var(name).ok())
    }

    fn of(variables: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let variable = |name| variables(name).filter(|text| !text.is_empty());
        let fault = variable("FAULT").map(|name| {
            let all = Fault::ALL.into_iter();
            let known = all.into_iter().find(|fault| fault.name() == name);
            known.ok_or_else(|| format!("FAULT={name}: there is no such fault"))
        });
        let path = match variable("DEMO_PATH").as_deref() {
            None | Some("alertmanager") => Way::Alertmanager,
            Some("reflex") => Way::Reflex,
            Some(other) => return Err(format!("DEMO_PATH={other}: alertmanager or reflex")),
        };
        let demo_for = variable("DEMO_FOR").map(|text| seconds(&text));
        Ok(Options {
            fault: fault.transpose()?,
            path,
            demo_for: demo_for.transpose()?,
        })
    }
}

/// `60s` or `2m`.
fn seconds(text: &str) -> Result<Duration, String> {
    let (number, factor) = match text.strip_suffix('m') {
        Some(minutes) => (minutes, 60),
        None => (text.strip_suffix('s').unwrap_or(text), 1),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| format!("DEMO_FOR={text}: write 60s or 2m"))?;
    Ok(Duration::from_secs(number * factor))
}

/// How it is called, and what can be broken.
pub(crate) fn usage() -> String {
    let mut text = String::from(
        "make demo                     a fleet that is well, until Ctrl-C (DEMO_FOR=60s: for so long)\n\
         make demo FAULT=worker-hang   breaks something and tells how it is repaired\n\
         DEMO_PATH=reflex              repaired by warrener's own findings, without Alertmanager\n\n\
         Faults:\n",
    );
    for fault in Fault::ALL {
        // Writing to a string can't fail.
        writeln!(text, "  {:<22}{}", fault.name(), fault.about()).unwrap_or_default();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Options, String> {
        Options::of(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn what_is_not_known_is_refused_and_what_is_known_is_listed() {
        for fault in Fault::ALL {
            assert_eq!(read("FAULT", fault.name()).unwrap().fault, Some(fault));
            assert!(usage().contains(fault.name()));
        }
        assert_eq!(read("FAULT", "").unwrap().fault, None);
        for (name, value) in [("FAULT", "list"), ("DEMO_PATH", "x"), ("DEMO_FOR", "1h")] {
            let words = read(name, value).unwrap_err();
            assert!(words.starts_with(&format!("{name}={value}")), "{words}");
        }
        let two = read("DEMO_FOR", "2m").unwrap().demo_for;
        assert_eq!(two, Some(Duration::from_secs(120)));
    }
}
