//! A target's key read back: the inverse of [`Target::key`].

use super::{ProbeName, Target};

impl Target {
    /// The target of a key; `None` when it is no target's key. Whether there is such a thing here
    /// is another question.
    pub fn from_key(key: &str) -> Option<Target> {
        match key {
            "broker" => return Some(Target::Broker),
            "host" => return Some(Target::Host),
            _ => {}
        }
        let (kind, name) = key.split_once(':')?;
        let owned = || (!name.is_empty()).then(|| name.to_owned());
        let target = match kind {
            "node" => Target::Node { name: owned()? },
            "worker" => Target::Worker { name: owned()? },
            "env_file" => Target::EnvFile { path: owned()? },
            "disk" => Target::Disk { path: owned()? },
            "glob" => Target::Glob { glob: owned()? },
            "probe" => Target::Probe {
                name: ProbeName::ALL.into_iter().find(|p| p.as_str() == name)?,
            },
            "queue" => {
                let (vhost, queue) = name.split_once(':')?;
                let vhost = vhost
                    .replace("%3A", ":")
                    .replace("%2F", "/")
                    .replace("%25", "%");
                Target::Queue {
                    vhost,
                    name: (!queue.is_empty()).then(|| queue.to_owned())?,
                }
            }
            _ => return None,
        };
        // One spelling for each: what is written otherwise is no key.
        (target.key() == key).then_some(target)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn target() -> impl Strategy<Value = Target> {
        let text = "[a-z/:%@ 25A3F\\\\$]{1,12}";
        prop_oneof![
            Just(Target::Broker),
            Just(Target::Host),
            text.prop_map(|name| Target::Node { name }),
            text.prop_map(|name| Target::Worker { name }),
            text.prop_map(|path| Target::EnvFile { path }),
            text.prop_map(|path| Target::Disk { path }),
            text.prop_map(|glob| Target::Glob { glob }),
            prop::sample::select(&ProbeName::ALL[..]).prop_map(|name| Target::Probe { name }),
            (text, text).prop_map(|(vhost, name)| Target::Queue { vhost, name }),
        ]
    }

    proptest! {
        #[test]
        fn a_key_is_one_targets_alone(target in target()) {
            prop_assert_eq!(Target::from_key(&target.key()), Some(target));
        }

        #[test]
        fn what_is_read_is_written_the_same(key in ".{0,40}") {
            if let Some(target) = Target::from_key(&key) {
                prop_assert_eq!(target.key(), key);
            }
        }
    }

    #[test]
    fn a_kind_alone_is_no_target() {
        for key in [
            "", "worker", "worker:", "queue:a", "queue::", "probe:x", "pid:1", "broker:",
        ] {
            assert_eq!(Target::from_key(key), None, "{key}");
        }
    }
}
