use std::collections::HashMap;
use std::path::Path;

use super::*;

const AMQP: &str = "amqp://${RABBITMQ_USER}:${RABBITMQ_PASS}@${RABBITMQ_HOST}:${RABBITMQ_PORT}/%2f";
const GOOD: &str =
    "RABBITMQ_USER=us@er\nRABBITMQ_PASS=p:ss/\nRABBITMQ_HOST=h\nRABBITMQ_PORT=5673\n";

fn config(dir: &Path) -> Config {
    let mut config = Config::defaults(dir);
    config.broker.amqp.0 = vec![AMQP.parse().unwrap()];
    config.broker.management.0 = vec!["http://${RABBITMQ_HOST}:15672".parse().unwrap()];
    config.broker.prometheus.0 = Vec::new();
    config
}

fn access(config: &Config) -> Access {
    Access::with_environment(config, |_| None)
}

struct Dir(tempfile::TempDir);

impl Dir {
    fn new(env: &str) -> Self {
        let dir = Dir(tempfile::tempdir().unwrap());
        dir.write(env);
        dir
    }

    fn write(&self, env: &str) {
        std::fs::write(self.0.path().join(".env"), env).unwrap();
    }
}

#[tokio::test]
async fn the_configured_login_is_resolved_and_decoded() {
    let dir = Dir::new(GOOD);
    let access = access(&config(dir.0.path()));
    let logins = access.logins().await.unwrap();
    let [login] = &logins[..] else {
        panic!("{logins:?}")
    };
    assert_eq!(login.amqp[0].place(), "h:5673");
    assert_eq!(login.amqp[0].user, "us@er");
    assert_eq!(login.amqp[0].password.expose(), "p:ss/");
    assert_eq!((login.vhost.as_str(), login.fallback), ("/", false));
    let api = "http://us%40er:p%3Ass%2F@h:15672/";
    assert_eq!(login.management, [Endpoint::parse(api).unwrap()]);
}

#[tokio::test]
async fn an_emptied_file_leaves_the_login_that_worked() {
    let dir = Dir::new(GOOD);
    let access = access(&config(dir.0.path()));
    let login = access.logins().await.unwrap().remove(0);
    access.worked(&login);
    dir.write("RABBITMQ_USER=\nRABBITMQ_PASS=\nRABBITMQ_HOST=\nRABBITMQ_PORT=\n");
    let logins = access.logins().await.unwrap();
    let [fallback] = &logins[..] else {
        panic!("{logins:?}")
    };
    assert!(fallback.fallback);
    assert_eq!(fallback.amqp, login.amqp);
    // It logs in by the fallback; that must not make it the configured one.
    access.worked(fallback);
    dir.write(GOOD);
    assert_eq!(access.logins().await.unwrap(), [login]);
}

#[tokio::test]
async fn a_changed_value_is_tried_before_the_login_that_worked() {
    let dir = Dir::new(GOOD);
    let access = access(&config(dir.0.path()));
    let old = access.logins().await.unwrap().remove(0);
    access.worked(&old);
    dir.write(&GOOD.replace("5673", "5674"));
    let logins = access.logins().await.unwrap();
    let ports: Vec<_> = logins
        .iter()
        .map(|l| (l.amqp[0].port, l.fallback))
        .collect();
    assert_eq!(ports, [(5674, false), (5673, true)]);
    access.worked(&logins[0]);
    assert_eq!(access.logins().await.unwrap().len(), 1);
}

#[tokio::test]
async fn with_nothing_that_worked_the_variables_are_named() {
    let dir = Dir::new("RABBITMQ_USER=\n");
    let access = access(&config(dir.0.path()));
    let failure = access.logins().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unresolved);
    for word in [
        "RABBITMQ_USER",
        "empty in",
        "RABBITMQ_HOST",
        "not set in",
        ".env",
    ] {
        assert!(
            failure.message.contains(word),
            "{word}: {}",
            failure.message
        );
    }
}

#[tokio::test]
async fn a_value_that_makes_no_url_is_named_without_the_password() {
    let dir = Dir::new(&GOOD.replace("5673", "56x73").replace("p:ss", "hunter2"));
    let access = access(&config(dir.0.path()));
    let failure = access.logins().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unresolved);
    assert!(
        failure.message.contains("broker.amqp"),
        "{}",
        failure.message
    );
    assert!(failure.message.contains("port"), "{}", failure.message);
    assert!(!failure.message.contains("hunter2"), "{failure}");
}

#[tokio::test]
async fn the_environment_goes_before_the_file_unless_it_is_empty() {
    let dir = Dir::new(GOOD);
    let set = HashMap::from([("RABBITMQ_PORT", "1"), ("RABBITMQ_HOST", "")]);
    let get = move |name: &str| set.get(name).map(|value| (*value).to_owned());
    let access = Access::with_environment(&config(dir.0.path()), get);
    let logins = access.logins().await.unwrap();
    assert_eq!(logins[0].amqp[0].place(), "h:1");
}

#[tokio::test]
async fn a_management_url_may_carry_its_own_user() {
    let dir = Dir::new(GOOD);
    let mut config = config(dir.0.path());
    let urls = ["http://m:%2f@a:1", "https://b/prefix"];
    config.broker.management.0 = urls.map(|url| url.parse().unwrap()).into();
    let logins = access(&config).logins().await.unwrap();
    let shared = Endpoint::parse("https://b/prefix").unwrap();
    let expected = [
        Endpoint::parse("http://m:%2f@a:1").unwrap(),
        shared.or_login("us@er", &Secret::new("p:ss/")),
    ];
    assert_eq!(logins[0].management, expected);
}

#[tokio::test]
async fn a_plugin_url_keeps_its_login_and_gets_no_other() {
    let dir = Dir::new(GOOD);
    let mut config = config(dir.0.path());
    let urls = ["http://scrape:p%40ss@a:1", "http://b:1"];
    config.broker.prometheus.0 = urls.map(|url| url.parse().unwrap()).into();
    let logins = access(&config).logins().await.unwrap();
    let expected = urls.map(|url| Endpoint::parse(url).unwrap());
    assert_eq!(logins[0].prometheus, expected);
    let told = format!("{:?}", logins[0]);
    assert!(!told.contains("p@ss") && !told.contains("p%40ss"), "{told}");
}

#[tokio::test]
async fn a_file_that_can_not_be_read_is_not_the_end() {
    let dir = Dir::new(GOOD);
    let access = access(&config(dir.0.path()));
    let login = access.logins().await.unwrap().remove(0);
    access.worked(&login);
    std::fs::remove_file(dir.0.path().join(".env")).unwrap();
    std::fs::create_dir(dir.0.path().join(".env")).unwrap();
    assert!(access.logins().await.unwrap()[0].fallback);
}

#[tokio::test]
async fn what_worked_outlives_a_reload_only_for_the_same_broker() {
    let dir = Dir::new(GOOD);
    let before = config(dir.0.path());
    let access = access(&before);
    access.worked(&access.logins().await.unwrap()[0]);
    dir.write("");
    let mut same = before.clone();
    same.broker.every = "7s".parse().unwrap();
    assert!(access.succeed(&same).logins().await.unwrap()[0].fallback);

    let changes: [fn(&mut Broker); 4] = [
        |b| b.amqp.0 = vec![format!("{AMQP}x").parse().unwrap()],
        |b| b.management.0 = vec!["http://other:1".parse().unwrap()],
        |b| b.prometheus.0 = vec!["http://other:2".parse().unwrap()],
        |b| b.tls = Some(crate::config::Tls::default()),
    ];
    for change in changes {
        let mut other = before.clone();
        change(&mut other.broker);
        let failure = access.succeed(&other).logins().await.unwrap_err();
        assert_eq!(failure.reason, Reason::Unresolved, "{other:?}");
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "nothing else makes a FIFO")]
async fn env_files_that_hang_take_nothing_from_a_url_that_does_not_need_them() {
    let dir = Dir::new("");
    let env = dir.0.path().join(".env");
    std::fs::remove_file(&env).unwrap();
    // Stands for a dead mount: opening it waits for a writer.
    let made = std::process::Command::new("mkfifo").arg(&env).status();
    assert!(made.unwrap().success());
    let set = |name: &str| (name == "RABBITMQ_HOST").then(|| "h".to_owned());
    let mut config = config(dir.0.path());
    config.broker.amqp.0 = vec!["amqp://u:p@${RABBITMQ_HOST}:1/".parse().unwrap()];
    let literal = Access::with_environment(&config, set);
    for _ in 0..2 {
        let logins = literal.logins().await.unwrap();
        assert_eq!(logins[0].amqp[0].place(), "h:1");
    }
    config.broker.amqp.0 = vec![AMQP.parse().unwrap()];
    let failure = Access::with_environment(&config, set).logins().await;
    let failure = failure.unwrap_err();
    assert_eq!(failure.reason, Reason::Unresolved);
    assert!(failure.message.contains("RABBITMQ_PASS"), "{failure}");
    assert!(!failure.message.contains("RABBITMQ_HOST"), "{failure}");
}
