//! The draft: a [`World`] to the text of a `warrener.yml`. Pure; no value of a variable is in it.

use std::path::Path;

use super::address::{self, Address};
use super::page::{Page, list, shown};
use super::sections;
use super::world::{Answer, FoundBroker, Way, World};
use super::{keys, kinds};
use crate::config::UnitName;
use crate::model::Reason;

/// A draft and what its reader is told about it.
pub(super) struct Draft {
    pub text: String,
    /// What was found, by what it is.
    pub found: Vec<(&'static str, String)>,
    /// What was assumed.
    pub assumed: Vec<String>,
}

/// Drafts a configuration for what was found.
pub(super) fn draft(world: &World) -> Draft {
    let (mut page, mut found) = (Page::default(), Vec::new());
    let address = address::of(&world.env_files);
    let (kinds, untold) = kinds::of(world);
    page.comment(
        0,
        "warrener.yml, drafted by `warrener init` from what runs on this host now.",
    );
    let words = "Please read it through: what is marked `assumed:` is a guess. No value of a \
                 variable was copied into this file. Every key is explained in docs/CONFIG.md.";
    page.comment(0, words);
    page.blank();
    identity(&mut page);
    broker(&mut page, &mut found, world, address.as_ref());
    sections::queues(&mut page, &mut found, world, &kinds);
    sections::workers(&mut page, &mut found, world, &kinds, &untold);
    sections::env_files(&mut page, &mut found, world, address.as_ref());
    rest(&mut page);
    Draft {
        text: page.text,
        found,
        assumed: page.assumed,
    }
}

fn identity(page: &mut Page) {
    page.comment(
        0,
        "This host's name in metrics; the system's own when left out.",
    );
    page.example(0, "identity: app-1");
    page.comment(
        0,
        "Folder for the record of repairs and for known good env files.",
    );
    page.example(0, "state: /var/lib/warrener");
    page.blank();
}

fn broker(
    page: &mut Page,
    found: &mut Vec<(&'static str, String)>,
    world: &World,
    address: Option<&Address>,
) {
    let FoundBroker {
        management,
        prometheus,
        ..
    } = &world.broker;
    let words = "Where the broker is. ${NAME} is looked up in warrener's own environment first, \
                 then in the env files below.";
    page.comment(0, words);
    page.line(0, "broker:");
    match address {
        Some(address) => {
            page.line(2, &format!("amqp: {}", address.amqp));
            for words in &address.assumed {
                page.assumed(2, words);
            }
        }
        None => {
            let words = "No variables of a broker were found. Left empty, this means the broker \
                         on localhost, with RABBITMQ_HOST, _PORT, _USER and _PASS of the \
                         environment. To say it here:";
            page.comment(2, words);
            page.example(2, &format!("amqp: {EXAMPLE}"));
        }
    }
    for name in &world.overruled {
        let words = format!(
            "{name} is also set in the environment of this shell, with another value, and goes \
             before the env file: unset it, or set it for `warrener serve` too"
        );
        page.assumed(2, &words);
    }
    // With any URL written out, the others are no longer those of a local broker.
    let live = address.is_some();
    let advice = "the user needs the tag `monitoring`: rabbitmqctl set_user_tags USER monitoring";
    way(page, "management", management, live, advice);
    let advice = "rabbitmq-plugins enable rabbitmq_prometheus";
    way(page, "prometheus", prometheus, live, advice);
    if let Some(unit) = world
        .broker_unit
        .as_deref()
        .filter(|u| u.parse::<UnitName>().is_ok())
    {
        let words = format!(
            "A broker node of this host runs in {}. To let warrener restart it when it is down \
             or hung:",
            shown(unit)
        );
        page.comment(2, &words);
        page.example(
            2,
            &format!("control: {{systemd: {}}}", super::page::scalar(unit)),
        );
    }
    page.blank();
    let place = world
        .broker
        .place
        .as_deref()
        .map_or("no address known".into(), shown);
    let management = told(management.answer);
    let prometheus = told(prometheus.answer);
    let place = match address {
        Some(_) => place,
        None => format!("no variables found; at {place}"),
    };
    found.push((
        "broker",
        format!("{place}; management API {management}; Prometheus plugin {prometheus}"),
    ));
}

const EXAMPLE: &str =
    "amqp://${RABBITMQ_USER}:${RABBITMQ_PASS}@${RABBITMQ_HOST}:${RABBITMQ_PORT}/%2f";

/// An HTTP endpoint: written where it answered now, else shown in a comment, and why.
fn way(page: &mut Page, key: &str, way: &Way, live: bool, advice: &str) {
    let port = if key == "management" { 15672 } else { 15692 };
    let fallback = || format!("http://HOST:{port}");
    let url = way.url.clone().unwrap_or_else(fallback);
    match way.answer {
        Answer::Serves if live && way.url.is_some() => page.line(2, &format!("{key}: {url}")),
        _ if !live => page.example(2, &format!("{key}: {url}")),
        answer => {
            let also = match answer {
                Answer::Refuses => format!(" ({advice})"),
                Answer::Fails(Reason::Refused) if key == "prometheus" => format!(" ({advice})"),
                _ => String::new(),
            };
            let words = format!("Not used: it {}{also}. When it serves:", told(answer));
            page.comment(2, &words);
            page.example(2, &format!("{key}: {url}"));
        }
    }
}

fn told(answer: Answer) -> String {
    match answer {
        Answer::Serves => "answers".into(),
        Answer::Refuses => "refuses this login".into(),
        Answer::Fails(Reason::Refused) => "does not listen".into(),
        Answer::Fails(reason) => format!("does not answer ({reason})"),
        Answer::NoAddress => "has no known address now".into(),
        Answer::InTheClear => {
            "was not asked: the password would go over the network in the clear".into()
        }
    }
}

fn rest(page: &mut Page) {
    let words = "How far warrener may go by itself: propose (tells its plan, changes nothing), \
                 approve (waits for a person) or auto (acts).";
    page.comment(0, words);
    page.line(0, "recovery:");
    page.line(2, "mode: propose");
    page.blank();
    page.comment(
        0,
        "Worth adding: mount points to watch, log files, whom to tell.",
    );
    page.example(0, "host: {disks: [/], min_disk_free: 0.10}");
    page.example(
        0,
        "files: {logs: [{glob: 'logs/*.log', max_size: 500MiB, error: 'ERROR|CRITICAL'}]}",
    );
    page.example(0, "notify: {slack: {url_file: /run/secrets/slack}}");
    let words = "Until it has a token, `warrener serve` accepts no webhook and no command.";
    page.comment(0, words);
    page.example(0, "web: {auth: {bearer_file: /run/secrets/warrener}}");
}

/// How the draft writes a path: relative below its own folder. `None` for one that is not UTF-8,
/// which no configuration can hold.
pub(super) fn path(world: &World, path: &Path) -> Option<String> {
    let relative = path.strip_prefix(&world.folder).ok();
    // The configuration takes `.env` and `/.env` for one file.
    let also_at_root = |relative: &Path| {
        let at_root = Path::new("/").join(relative);
        world.folder != Path::new("/")
            && world.env_files.iter().any(|f| f.variables.path == at_root)
    };
    let relative = relative.filter(|r| !r.as_os_str().is_empty() && !also_at_root(r));
    relative.unwrap_or(path).to_str().map(str::to_owned)
}

/// The names of a file's variables of the broker, for people.
pub(super) fn names(keys: &[keys::GuessedKey]) -> String {
    const SHOWN: usize = 6;
    let mut names: Vec<&str> = keys.iter().take(SHOWN).map(|k| k.name.as_str()).collect();
    if keys.len() > SHOWN {
        names.push("...");
    }
    names.join(", ")
}

/// Queues on one line, as the configuration lists them.
pub(super) fn queues(kind: &kinds::Kind) -> String {
    let lasting = kind.queues.iter().filter(|q| sections::is_lasting(&q.name));
    list(
        lasting
            .map(|q| &q.name)
            .collect::<std::collections::BTreeSet<_>>(),
    )
}
