//! The broker's variables in an env file: which they are, and of what type each seems to be.
//!
//! A guess is made of the name first. The value only confirms it, and never leaves this room.

use crate::config::{FileVariables, Key, KeyType};
use crate::model::Secret;

/// Beginnings of the names that speak of the broker.
pub(super) const PREFIXES: [&str; 4] = ["RABBITMQ_", "RABBIT_", "AMQP_", "CLOUDAMQP_"];
const NAMES: [&str; 4] = ["AMQP", "AMQPURL", "BROKER_URL", "CELERY_BROKER_URL"];
const SECRET: [&str; 8] = [
    "PASS", "PWD", "SECRET", "TOKEN", "KEY", "COOKIE", "CRED", "AUTH",
];
/// A longer name is no variable's; what looks like one may be a line of a key.
const LONGEST_NAME: usize = 64;
/// A file with more of them is none that people write.
const MOST_KEYS: usize = 100;

/// One variable with its guessed type.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct GuessedKey {
    pub name: String,
    pub r#type: KeyType,
    /// It has a value now.
    pub given: bool,
    /// What the guess rests on where it is not plain.
    pub note: Option<&'static str>,
}

/// The broker's variables of a file, in its order, and how many others there are.
pub(super) fn of(file: &FileVariables) -> (Vec<GuessedKey>, usize) {
    let (mut keys, mut others) = (Vec::<GuessedKey>::new(), 0);
    let mut seen = std::collections::HashSet::new();
    for (name, _) in &file.values {
        if !seen.insert(name) {
            continue;
        }
        if !is_brokers(name) || keys.len() == MOST_KEYS {
            others += 1;
            continue;
        }
        let value = file.get(name).filter(|value| !value.is_empty());
        let (r#type, note) = guess(name, value);
        keys.push(GuessedKey {
            name: name.clone(),
            r#type,
            given: value.is_some(),
            note,
        });
    }
    (keys, others)
}

fn is_brokers(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let named = PREFIXES.iter().any(|p| name.starts_with(p)) || NAMES.contains(&name);
    named && name.len() <= LONGEST_NAME && name.chars().all(legal)
}

fn guess(name: &str, value: Option<&Secret>) -> (KeyType, Option<&'static str>) {
    let text = value.map(Secret::expose);
    let holds = |r#type| {
        let key = Key {
            r#type,
            ..Key::default()
        };
        text.is_none_or(|text| key.check(text).is_ok())
    };
    let ends = |words: &[&str]| words.iter().any(|word| name.ends_with(word));
    let says = |part: &str| text.is_some_and(|text| text.contains(part));
    let path = ends(&["FILE", "PATH", "DIR", "CERT", "CACERT", "CA"]);
    if path && text.is_some() && holds(KeyType::Path) && !says("@") {
        return (KeyType::Path, None);
    }
    if SECRET.iter().any(|word| name.contains(word)) {
        return (KeyType::Secret, None);
    }
    if ends(&["URL", "URI", "DSN", "AMQP"]) || says("://") {
        return match holds(KeyType::Url) {
            true => (KeyType::Url, None),
            false => (
                KeyType::Secret,
                Some("its value now is no URL: kept secret"),
            ),
        };
    }
    let by_name = [
        (&["VHOST", "VIRTUAL_HOST"][..], KeyType::String, ""),
        (&["PORT"], KeyType::Port, "its value now is no port"),
        (
            &["HOST", "HOSTNAME"],
            KeyType::Host,
            "its value now is no host name",
        ),
        (
            &["TLS", "SSL", "ENABLED"],
            KeyType::Bool,
            "its value now is neither true nor false",
        ),
    ];
    if says("@") {
        return (KeyType::Secret, Some("its value holds an `@`: kept secret"));
    }
    if let Some((_, r#type, unless)) = by_name.iter().find(|(words, _, _)| ends(words)) {
        return match holds(*r#type) {
            true => (*r#type, None),
            false => (KeyType::String, Some(unless)),
        };
    }
    match text {
        Some("0" | "1") => (KeyType::Integer, None),
        Some(_) if holds(KeyType::Integer) => (KeyType::Integer, None),
        Some(_) if holds(KeyType::Bool) => (KeyType::Bool, None),
        Some(text) if opaque(text) => (KeyType::Secret, Some("its value looks like a secret")),
        _ => (KeyType::String, None),
    }
}

/// Long, and of letters and digits together: no word of a person.
fn opaque(text: &str) -> bool {
    let has = |kind: fn(&char) -> bool| text.chars().any(|c| kind(&c));
    text.len() >= 16 && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic)
}

/// As the configuration spells it.
pub(super) fn word(r#type: KeyType) -> &'static str {
    match r#type {
        KeyType::String => "string",
        KeyType::Secret => "secret",
        KeyType::Host => "host",
        KeyType::Port => "port",
        KeyType::Integer => "integer",
        KeyType::Number => "number",
        KeyType::Bool => "bool",
        KeyType::Url => "url",
        KeyType::Path => "path",
        KeyType::Duration => "duration",
        KeyType::Size => "size",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(line: &str) -> String {
        let document = crate::envfile::Document::parse(line.as_bytes());
        let values = document.assignments();
        let file = FileVariables {
            path: ".env".into(),
            values: values.map(|a| (a.key.clone(), a.value.clone())).collect(),
            missing: false,
            problems: Vec::new(),
        };
        let (keys, others) = of(&file);
        let keys = keys.iter().map(|k| {
            let given = if k.given { "" } else { " empty" };
            let note = k.note.map(|_| " noted").unwrap_or_default();
            format!("{}{given}{note}", word(k.r#type))
        });
        keys.chain((others > 0).then(|| format!("{others} others")))
            .collect::<Vec<_>>()
            .join(", ")
    }

    #[test]
    fn names_and_values_give_the_type() {
        for (line, expected) in [
            ("RABBITMQ_HOST=rabbit-1", "host"),
            ("RABBITMQ_HOST=", "host empty"),
            ("RABBITMQ_HOST=amqp://rabbit", "url"),
            ("RABBITMQ_VHOST=/", "string"),
            ("RABBITMQ_PORT=5672", "port"),
            ("RABBITMQ_PORT=none", "string noted"),
            ("RABBITMQ_USER=guest", "string"),
            ("RABBITMQ_USER=svc:pw@host", "secret noted"),
            ("RABBITMQ_PASSWORD=5672", "secret"),
            ("RABBITMQ_ERLANG_COOKIE=ABC", "secret"),
            ("RABBITMQ_API_TOKEN=true", "secret"),
            ("AMQP_URL=amqp://u:p@h/v", "url"),
            ("AMQP_URL='not a url'", "secret noted"),
            ("CELERY_BROKER_URL=redis://h", "url"),
            ("RABBITMQ_TLS=true", "bool"),
            ("RABBITMQ_DURABLE=yes", "bool"),
            ("RABBITMQ_PREFETCH=1", "integer"),
            ("RABBITMQ_SSL_KEYFILE=/run/key.pem", "path"),
            ("RABBITMQ_SSL_KEY=MIIE", "secret"),
            ("RABBITMQ_THING=9f86d081884c7d659a2f", "secret noted"),
            ("RABBITMQ_EXCHANGE=events", "string"),
            ("DATABASE_URL=postgres://u:p@h/d", "1 others"),
            (
                "rabbitmq_host=a\nRABBITMQ_HOST=a\nRABBITMQ_HOST=b",
                "host, 1 others",
            ),
        ] {
            assert_eq!(guessed(line), expected, "{line}");
        }
    }
}
