//! Reading an exposition the way a test asks of it.

use std::collections::BTreeMap;

/// The samples of a text exposition.
#[derive(Debug)]
pub(crate) struct Exposition {
    pub(crate) text: String,
    samples: Vec<(String, BTreeMap<String, String>, f64)>,
}

impl Exposition {
    pub(crate) fn parse(text: String) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let samples = lines
            .map(|line| sample(line).unwrap_or_else(|| panic!("{line}")))
            .collect();
        Exposition { text, samples }
    }

    /// The value of the one sample with this name and these labels (and perhaps others).
    pub(crate) fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut found = self.all(name, labels);
        let value = found.next()?.1;
        assert!(found.next().is_none(), "{name}{labels:?} is not one sample");
        Some(value)
    }

    /// Every sample with this name and these labels (and perhaps others).
    pub(crate) fn all(
        &self,
        name: &str,
        labels: &[(&str, &str)],
    ) -> impl Iterator<Item = (&BTreeMap<String, String>, f64)> {
        self.samples.iter().filter_map(move |(n, l, v)| {
            let fits = labels
                .iter()
                .all(|(k, w)| l.get(*k).is_some_and(|v| v == w));
            (n == name && fits).then_some((l, *v))
        })
    }

    /// Whether any sample's name starts so.
    pub(crate) fn any(&self, prefix: &str) -> bool {
        self.samples
            .iter()
            .any(|(name, _, _)| name.starts_with(prefix))
    }
}

fn sample(line: &str) -> Option<(String, BTreeMap<String, String>, f64)> {
    let Some((name, rest)) = line.split_once('{') else {
        let (name, value) = line.split_once(' ')?;
        return Some((name.into(), BTreeMap::new(), value.parse().ok()?));
    };
    let mut labels = BTreeMap::new();
    let mut rest = rest;
    loop {
        let (key, after) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next()? {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next()?.1 {
                    'n' => '\n',
                    c => c,
                }),
                (_, c) => value.push(c),
            }
        };
        labels.insert(key.to_owned(), value);
        rest = &after[end + 1..];
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => break,
        }
    }
    let value = rest.strip_prefix("} ")?.split(' ').next()?;
    Some((name.into(), labels, value.parse().ok()?))
}
