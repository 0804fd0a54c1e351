//! `${VAR}` in URLs.

use super::super::{Template, Variables};

fn resolved(template: &str, values: &'static [(&str, &str)]) -> String {
    let template: Template = template.parse().unwrap();
    let find = |name: &str| values.iter().find(|(key, _)| *key == name);
    let variables = Variables::read(move |name| find(name).map(|(_, v)| v.to_string()), &[]);
    template.resolve(&variables).unwrap().expose().to_owned()
}

#[test]
fn values_are_encoded_for_where_they_stand() {
    for (template, values, expected) in [
        (
            "amqp://${U}:${P}@h/%2f",
            &[("U", "a@b"), ("P", "p:/?#é")][..],
            "amqp://a%40b:p%3A%2F%3F%23%C3%A9@h/%2f",
        ),
        ("amqp://h/${V}", &[("V", "/")], "amqp://h/%2F"),
        ("amqp://h/${V:-%2f}", &[], "amqp://h/%2f"),
        ("amqp://h/${V:-%2f}", &[("V", "")], "amqp://h/%2f"),
        (
            "amqp://u:p@${H}:${N}/",
            &[("H", "::1"), ("N", "5672")],
            "amqp://u:p@[::1]:5672/",
        ),
        ("http://${H}", &[("H", "rabbit:1")], "http://rabbit:1"),
        ("http://${H}/", &[("H", "[::1]:1")], "http://[::1]:1/"),
        ("http://${H}/", &[("H", "evil/@x")], "http://evil%2F%40x/"),
        ("${URL}", &[("URL", "amqp://a:b@c/%2f")], "amqp://a:b@c/%2f"),
        ("a$$b${X:-}c", &[], "a$bc"),
    ] {
        assert_eq!(resolved(template, values), expected, "{template}");
    }
}

#[test]
fn a_password_written_out_is_not_shown() {
    for (written, shown) in [
        ("amqp://u:hunter2@h/v", "amqp://u:[redacted]@h/v"),
        ("amqp://u:hun@ter2@h/v", "amqp://u:[redacted]@h/v"),
        (
            "amqp://${U:-guest}:${P:-hunter2}@h",
            "amqp://${U:-guest}:[redacted]@h",
        ),
        ("amqp://${U}:${P}@h", "amqp://${U}:${P}@h"),
        ("amqp://${U}@h:1", "amqp://${U}@h:1"),
        ("http://h:1/", "http://h:1/"),
    ] {
        let template: Template = written.parse().unwrap();
        assert_eq!(template.to_string(), shown);
        assert!(!format!("{template:?}").contains("hunter2"));
        assert!(
            !serde_json::to_string(&template)
                .unwrap()
                .contains("hunter2")
        );
    }
}

#[test]
fn the_broker_of_no_configuration_is_local() {
    let config = super::super::Config::defaults(std::path::Path::new("/nowhere"));
    let nothing = Variables::read(|_| None, &config.env_files);
    let url = |template: &Template| template.resolve(&nothing).unwrap().expose().to_owned();
    assert_eq!(
        url(&config.broker.amqp[0]),
        "amqp://guest:guest@localhost:5672/%2f"
    );
    assert_eq!(url(&config.broker.management[0]), "http://localhost:15672");
    assert_eq!(url(&config.broker.prometheus[0]), "http://localhost:15692");
}
