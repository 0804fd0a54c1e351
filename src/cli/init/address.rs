//! Which variables say where the broker is, and the URL templates made of them.

use super::keys::{self, GuessedKey};
use super::world::FoundEnvFile;
use crate::config::KeyType;

/// Templates, without any value in them.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Address {
    /// The AMQP URL.
    pub amqp: String,
    /// Its host, where a variable of its own holds it.
    pub host: Option<String>,
    /// The management API, where a variable says where.
    pub management: Option<String>,
    /// The Prometheus plugin, where a variable says where.
    pub prometheus: Option<String>,
    /// The variables of the AMQP URL.
    pub needs: Vec<String>,
    /// What no variable says.
    pub assumed: Vec<String>,
}

const MANAGEMENT: [&str; 5] = ["MANAGEMENT", "MGMT", "API", "ADMIN", "HTTP"];
const PROMETHEUS: [&str; 2] = ["PROMETHEUS", "METRICS"];

/// Of the first file that has a value for the host or the URL; else of the first that names one.
pub(super) fn of(files: &[FoundEnvFile]) -> Option<Address> {
    let keys: Vec<Vec<GuessedKey>> = files.iter().map(|f| keys::of(&f.variables).0).collect();
    let parts = |given: bool| {
        let all = files.iter().zip(&keys);
        let by_prefix = all.flat_map(|(f, k)| keys::PREFIXES.iter().map(move |p| (f, k, *p)));
        by_prefix
            .filter_map(move |(file, keys, prefix)| from_parts(file, keys, prefix, given))
            .next()
    };
    let url = |given: bool| {
        let all = files.iter().zip(&keys);
        all.filter_map(move |(file, keys)| from_url(file, keys, given))
            .next()
    };
    parts(true)
        .or_else(|| url(true))
        .or_else(|| parts(false))
        .or_else(|| url(false))
}

/// The variable of this part with the shortest name: `RABBITMQ_USER` before
/// `RABBITMQ_DEFAULT_USER`.
fn part<'a>(keys: &'a [GuessedKey], ends: &[&str], not: &[&str]) -> Option<&'a GuessedKey> {
    let fits = |key: &&GuessedKey| {
        let of_this = ends.iter().any(|end| key.name.ends_with(end));
        of_this && !not.iter().any(|word| key.name.contains(word))
    };
    keys.iter().filter(fits).min_by_key(|key| key.name.len())
}

fn from_parts(
    file: &FoundEnvFile,
    keys: &[GuessedKey],
    prefix: &str,
    given: bool,
) -> Option<Address> {
    let own = keys.iter().filter(|key| key.name.starts_with(prefix));
    let own: Vec<GuessedKey> = own.cloned().collect();
    let others = [&MANAGEMENT[..], &PROMETHEUS, &["DIST", "VHOST", "VIRTUAL"]].concat();
    let host = part(&own, &["HOST", "HOSTNAME"], &others)?;
    if host.r#type != KeyType::Host || host.given != given {
        return None;
    }
    let mut address = Address::default();
    let port = part(&own, &["PORT"], &others).filter(|key| key.r#type == KeyType::Port);
    let user = part(&own, &["USER", "USERNAME"], &others);
    let pass = part(&own, &["PASS", "PASSWORD", "PASSWD"], &others);
    let vhost = part(&own, &["VHOST", "VIRTUAL_HOST"], &[]).filter(|key| key.given);
    let tls = part(&own, &["TLS", "SSL"], &[]).filter(|key| key.r#type == KeyType::Bool);
    let says = |key: &GuessedKey, words: &[&str]| {
        let value = file.variables.get(&key.name);
        value.is_some_and(|v| {
            words
                .iter()
                .any(|word| word.eq_ignore_ascii_case(v.expose()))
        })
    };
    let secure = match (tls, port) {
        (Some(tls), _) => says(tls, &["true", "yes", "on", "1"]),
        (None, Some(port)) => says(port, &["5671"]),
        (None, None) => false,
    };
    let scheme = if secure { "amqps" } else { "amqp" };
    if secure {
        let because = tls.or(port).map(|key| key.name.clone()).unwrap_or_default();
        address.assumed.push(format!("TLS, because of {because}"));
    }
    let variable = |key: &GuessedKey| format!("${{{}}}", key.name);
    let login = match (user, pass) {
        (Some(user), Some(pass)) => format!("{}:{}@", variable(user), variable(pass)),
        (None, Some(pass)) => {
            let words = "user guest, as no variable names one";
            address.assumed.push(words.into());
            format!("guest:{}@", variable(pass))
        }
        (Some(user), None) => {
            let words = "password guest, as no variable holds one";
            address.assumed.push(words.into());
            format!("{}:guest@", variable(user))
        }
        (None, None) => {
            let words = "user and password guest, as no variables hold them";
            address.assumed.push(words.into());
            String::new()
        }
    };
    let usual = if secure { "5671" } else { "5672" };
    let at = match port {
        Some(port) => variable(port),
        None => {
            let words = format!("port {usual}, as no variable holds one");
            address.assumed.push(words);
            usual.into()
        }
    };
    let path = match vhost {
        Some(vhost) => variable(vhost),
        None => {
            let words = "virtual host /, written %2f, as no variable names one";
            address.assumed.push(words.into());
            "%2f".into()
        }
    };
    let host_variable = variable(host);
    address.amqp = format!("{scheme}://{login}{host_variable}:{at}/{path}");
    let web = |words: &[&str]| {
        let port = own
            .iter()
            .find(|key| key.r#type == KeyType::Port && speaks_of(key, words));
        let port = port.map(|key| format!("http://{host_variable}:{}", variable(key)));
        web_url(file, keys, words).or(port)
    };
    address.management = web(&MANAGEMENT);
    address.prometheus = web(&PROMETHEUS);
    let used = [Some(host), port, user, pass, vhost];
    address.needs = used
        .into_iter()
        .flatten()
        .map(|key| key.name.clone())
        .collect();
    address.host = Some(host_variable);
    Some(address)
}

fn from_url(file: &FoundEnvFile, keys: &[GuessedKey], given: bool) -> Option<Address> {
    let ours = |key: &&GuessedKey| {
        let value = file.variables.get(&key.name).map(|value| value.expose());
        let amqp = value.is_some_and(|v| v.starts_with("amqp://") || v.starts_with("amqps://"));
        let other = [&MANAGEMENT[..], &PROMETHEUS].concat();
        key.r#type == KeyType::Url
            && key.given == given
            && (amqp || !given && !speaks_of(key, &other))
    };
    let key = keys.iter().filter(ours).min_by_key(|key| key.name.len())?;
    Some(Address {
        amqp: format!("${{{}}}", key.name),
        management: web_url(file, keys, &MANAGEMENT),
        prometheus: web_url(file, keys, &PROMETHEUS),
        needs: vec![key.name.clone()],
        ..Address::default()
    })
}

fn speaks_of(key: &GuessedKey, words: &[&str]) -> bool {
    key.name.split('_').any(|word| words.contains(&word))
}

/// A variable that holds a whole URL of the web.
fn web_url(file: &FoundEnvFile, keys: &[GuessedKey], words: &[&str]) -> Option<String> {
    let web = |key: &&GuessedKey| {
        let value = file.variables.get(&key.name).map(|value| value.expose());
        let http = value.is_some_and(|v| v.starts_with("http://") || v.starts_with("https://"));
        http && key.r#type == KeyType::Url && speaks_of(key, words)
    };
    keys.iter()
        .find(web)
        .map(|key| format!("${{{}}}", key.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::init::tests::env_file;

    fn address(text: &str) -> Address {
        of(&[env_file("/app/.env", text)]).unwrap()
    }

    #[test]
    fn the_four_variables_make_the_url() {
        let four = "RABBITMQ_HOST=h\nRABBITMQ_PORT=5672\nRABBITMQ_USER=u\nRABBITMQ_PASS=p\n";
        let found = address(four);
        let expected =
            "amqp://${RABBITMQ_USER}:${RABBITMQ_PASS}@${RABBITMQ_HOST}:${RABBITMQ_PORT}/%2f";
        assert_eq!(found.amqp, expected);
        assert_eq!(found.needs.len(), 4);
        // Emptied, as in the incident, they still say how it is meant.
        let empty: String = four.lines().map(|l| format!("{}=\n", &l[..13])).collect();
        assert_eq!(address(&empty).amqp, expected);
        // Another file that has values goes first.
        let files = [
            env_file("/a/.env", &empty),
            env_file("/b/.env", "AMQP_URL=amqp://h/v\n"),
        ];
        assert_eq!(of(&files).unwrap().amqp, "${AMQP_URL}");
        assert_eq!(of(&[env_file("/a/.env", "OTHER_HOST=h\n")]), None);
    }

    #[test]
    fn other_ways_to_say_it() {
        for (text, amqp) in [
            ("RABBIT_HOST=h", "amqp://${RABBIT_HOST}:5672/%2f"),
            (
                "AMQP_HOST=h\nAMQP_USERNAME=u\nAMQP_PASSWORD=p\nAMQP_VHOST=v",
                "amqp://${AMQP_USERNAME}:${AMQP_PASSWORD}@${AMQP_HOST}:5672/${AMQP_VHOST}",
            ),
            (
                "RABBITMQ_HOST=h\nRABBITMQ_PORT=5671",
                "amqps://${RABBITMQ_HOST}:${RABBITMQ_PORT}/%2f",
            ),
            (
                "RABBITMQ_HOST=h\nRABBITMQ_TLS=yes",
                "amqps://${RABBITMQ_HOST}:5671/%2f",
            ),
            (
                "RABBITMQ_HOST=h\nRABBITMQ_PORT=tcp://10.0.0.1:5672",
                "amqp://${RABBITMQ_HOST}:5672/%2f",
            ),
            (
                "CELERY_BROKER_URL=redis://h\nRABBITMQ_URL=amqp://h",
                "${RABBITMQ_URL}",
            ),
            (
                "RABBITMQ_MANAGEMENT_HOST=m\nRABBITMQ_HOST=h",
                "amqp://${RABBITMQ_HOST}:5672/%2f",
            ),
        ] {
            assert_eq!(address(text).amqp, amqp, "{text}");
        }
    }

    #[test]
    fn variables_may_say_where_the_other_ways_in_are() {
        let text = "RABBITMQ_HOST=h\nRABBITMQ_MANAGEMENT_PORT=1\nRABBITMQ_METRICS_URL=http://m:2\n";
        let found = address(text);
        let management = "http://${RABBITMQ_HOST}:${RABBITMQ_MANAGEMENT_PORT}";
        assert_eq!(found.management.as_deref(), Some(management));
        assert_eq!(found.prometheus.as_deref(), Some("${RABBITMQ_METRICS_URL}"));
        assert!(found.amqp.contains(":5672/"), "{}", found.amqp);
    }
}
